// The merchant app itself: it opens the core's desk with this phone's ports, and draws it. Never compiled on Linux.
//
// Where the payment provider's token comes from is the provider's to say: `ProviderSession` stands for its kit.

import SwiftUI
import Taptill
import TaptillMerchant

@main
struct TaptillApp: App {
    @State private var model: DeskModel?
    @State private var trouble: TroubleModel?

    var body: some Scene {
        WindowGroup {
            if let model {
                DeskView(model: model)
            } else if let trouble {
                TroubleView(model: trouble).padding()
            } else {
                Color.clear.task { await open() }
            }
        }
    }

    private func open() async {
        do {
            model = try await Self.opened()
        } catch {
            trouble = TroubleModel(error, Self.language)
        }
    }

    private static var language: Language {
        Locale.preferredLanguages.first?.hasPrefix("zh") == true ? .zhCn : .en
    }

    /// The till lives where no backup takes it, and is readable once the phone was unlocked after a start.
    private static func opened() async throws -> DeskModel {
        let support = try FileManager.default.url(
            for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        var home = support.appending(path: "till", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(
            at: home, withIntermediateDirectories: true,
            attributes: [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication])
        var kept = URLResourceValues()
        kept.isExcludedFromBackup = true
        try home.setResourceValues(kept)
        let keys = SecureEnclaveKeys()
        let reader = try ProviderSession.reader(keys: keys)
        let ports = TillPorts(
            deviceKeys: keys, network: PathMonitorPosture(), encryptedReader: BlockingReader(reader),
            biometric: EnclaveBiometricKeys(reason: NSLocalizedString("open the till", comment: "")))
        let desk = try await CoreDesk.open(home: home.path(percentEncoded: false), ports: ports, language: language)
        return DeskModel(desk: desk, language: language)
    }
}

/// The payment provider's side: its token, the names that the host knows its data by.
enum ProviderSession {
    private static let signingKey = "reader.sign"

    static func reader(keys: SecureEnclaveKeys) throws -> ProximityCardReader {
        if try !keys.exists(alias: signingKey) { try keys.create(alias: signingKey, kind: .sign) }
        return ProximityCardReader(
            format: "provider-1", key: "device-1", decimals: decimals,
            token: { throw ReaderFault.NotReady },
            sign: { try keys.sign(alias: signingKey, data: $0) })
    }

    /// How many decimals a currency has, as the system knows it.
    @Sendable private static func decimals(of currency: String) -> Int {
        let format = NumberFormatter()
        format.numberStyle = .currency
        format.currencyCode = currency
        return format.maximumFractionDigits
    }
}
