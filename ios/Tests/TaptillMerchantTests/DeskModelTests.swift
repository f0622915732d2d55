// The merchant app's model on the core's own desk, with the sandbox behind it: from the first start to the slip.

import Foundation
import Taptill
import TaptillMerchant
import TaptillSandbox
import Testing

@MainActor @Suite(.serialized)
struct DeskModelTests {
    @Test func fromTheFirstStartToASaleItsSlipAndTheHistory() async throws {
        let stand = try Stand()
        let place = try stand.till()
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        let desk = try await CoreDesk.open(home: place.home, ports: ports, language: .en)
        let model = DeskModel(desk: desk, language: .en)
        try await shows(.firstStart, model)

        model.send(.provision)
        #expect(model.picking, "the shell fetches the file, the core does the rest")
        let file = try Shop.file(place.provisioning)
        await model.picked(file)
        #expect(file.lend { $0.count } == nil, "the bytes are wiped")
        try await claim(model)

        for digit: UInt8 in [1, 2, 3] { model.send(.digit(digit: digit)) }
        model.send(.backspace)
        model.send(.doubleZero)
        try await settled(model) { $0.screen.headline?.contains("12.00") == true }
        model.send(.charge)
        try await settled(model) { $0.screen.fieldOn }
        try desk.present(SocketCard(address: stand.card("visa")))
        try await shows(.approved, model)
        #expect(try stand.book(of: place).count == 1)

        model.send(.foreground)
        let receipt = try #require(intent(model) { if case .receipt = $0 { true } else { false } })
        model.send(receipt)
        try await shows(.receipt, model)
        #expect(model.screen?.slipLines.contains { $0.contains("12.00") } == true)
        model.send(.back)
        model.send(.newSale)
        try await shows(.amountPad, model)
        model.send(.history)
        try await shows(.history, model)
        let open = try #require(intent(model) { if case .open = $0 { true } else { false } })
        model.send(open)
        try await shows(.transaction, model)
        model.send(.back)
        model.send(.back)
        model.send(.settings)
        try await shows(.settings, model)
        model.send(.useLanguage(language: .zhCn))
        try await settled(model) { $0.screen.language == .zhCn }

        try await desk.close()
        model.send(.back)
        #expect(model.trouble != nil, "a desk that was closed says so")
    }

    @Test func fromTheClaimToALockAWrongPasswordAndASignOut() async throws {
        let stand = try Stand()
        let place = try stand.till()
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        try await Till.provision(home: place.home, provisioning: Shop.file(place.provisioning), ports: ports)
        let desk = try await CoreDesk.open(home: place.home, ports: ports, language: .en)
        let model = DeskModel(desk: desk, language: .en)
        try await shows(.claim, model)
        #expect(model.screen?.isPrivate == true)
        #expect(model.typing.map { $0.field.name } == [.operator, .newPassword, .newPasswordAgain])
        let password = "correct horse battery 9"
        type([.operator: "alice", .newPassword: password, .newPasswordAgain: password], model)
        model.touch(.claim)
        #expect(isForgotten(model), "a secret is wiped when it was sent")

        try await shows(.recoveryCode, model)
        let code = try #require(model.paper)
        #expect(model.screen?.isPrivate == true)
        #expect(code.groups.count > 1)
        #expect(code.groups.joined().allSatisfy { code.character($0)?.isASCII == true })
        #expect(code.character(code.count) == nil)
        let places = [model.screen?.screen.title, model.screen?.screen.headline, model.screen?.screen.message]
        let start = String(code.groups[0].compactMap { code.character($0) })
        #expect(places.allSatisfy { $0?.contains(start) != true }, "the screen has nothing of it")
        model.touch(.written)
        try await shows(.amountPad, model)
        #expect(model.paper == nil)
        #expect(code.count == 0, "it is wiped with its screen")

        model.send(.settings)
        try await shows(.settings, model)
        model.touch(.lock)
        try await shows(.locked, model)
        type([.password: "not the password 1"], model)
        model.touch(.unlock)
        try await settled(model) { $0.screen.kind == .locked && $0.screen.tone == .attention }
        #expect(isForgotten(model))
        type([.password: password], model)
        model.touch(.unlock)
        try await settled(model) { $0.screen.kind != .locked && $0.screen.fields.isEmpty }

        if model.screen?.screen.kind != .settings { model.send(.settings) }
        try await shows(.settings, model)
        model.touch(.signOut)
        try await shows(.signIn, model)
        type([.operator: "alice", .password: password], model)
        model.scene(isActive: false, isHidden: true)
        #expect(isForgotten(model), "no secret outlives the glass")
        #expect(model.typing.first?.count == 5, "the name stays to be seen")
        model.scene(isActive: true, isHidden: false)
        type([.password: password], model)
        model.touch(.signIn)
        try await shows(.amountPad, model)
        try await desk.close()
    }

    @Test func aDeclineAndALostAnswerHaveTheirScreens() async throws {
        let (stand, place, desk, model) = try await opened()
        try await charge([1, 0, 0, 0, 5, 1], desk, model, stand)
        try await shows(.declined, model)
        model.send(.newSale)
        try await shows(.amountPad, model)
        try stand.next("no-answer", of: place)
        try await charge([8, 8, 0], desk, model, stand)
        // The till takes the money back by itself: the person may see the doubt for a moment only.
        try await settled(model) { [.notKnownYet, .declined].contains($0.screen.kind) }
        model.send(.resolve)
        try await shows(.declined, model)
        let charged = try stand.book(of: place).compactMap { $0["net_minor"] as? Int }
        #expect(charged.filter { $0 != 0 }.isEmpty)
        try await desk.close()
    }

    @Test func leavingAndComingBackKeepsTheScreen() async throws {
        let (_, place, desk, model) = try await opened()
        model.send(.digit(digit: 7))
        model.scene(isActive: false, isHidden: true)
        model.scene(isActive: true, isHidden: false)
        #expect(model.trouble == nil)
        try await shows(.amountPad, model)
        try await desk.close()
        #expect(!place.home.isEmpty)
    }

    @Test func quickTouchesKeepTheirOrder() {
        let desk = Noting()
        let model = DeskModel(desk: desk, language: .en)
        let touched = (0..<200).map { Intent.digit(digit: UInt8($0 % 10)) }
        for intent in touched { model.send(intent) }
        #expect(desk.noted.use { $0 } == touched)
    }

    @Test func aFolderIsGivenBackWhenTheCoreHasLetItGo() async throws {
        let (stand, _, desk, model) = try await opened()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lent-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let given = Noted()
        // Nobody asked for one: the core lets it go unused.
        model.placed(FolderPlace(folder) { given.use { $0.append(.back) } })
        try await settled(model) { _ in given.use { $0.count } == 1 }
        model.send(.settings)
        try await shows(.settings, model)
        model.send(.toLoss)
        try await shows(.loss, model)
        for (wished, isFull) in [(2, false), (3, true)] {
            if isFull { try Data("mine".utf8).write(to: folder.appendingPathComponent("mine.txt")) }
            model.placed(FolderPlace(folder) { given.use { $0.append(.back) } })
            try await settled(model) { _ in given.use { $0.count } == wished }
            if !isFull { try await settled(model) { $0.screen.tone == .good } }
        }
        try await desk.close()
        #expect(given.use { $0.count } == 3, "each once, also after a fault")
        withExtendedLifetime(stand) {}
    }

    @Test func theModelGoesWithItsOwner() async throws {
        let (_, _, desk, _) = try await opened()
        weak var gone: DeskModel?
        do {
            let model = DeskModel(desk: Noting(), language: .en)
            gone = model
        }
        #expect(gone == nil)
        try await desk.close()
    }

    private func opened() async throws -> (Stand, StandTill, CoreDesk, DeskModel) {
        let stand = try Stand()
        let place = try stand.till()
        let ports = TillPorts(deviceKeys: DevelopmentKeys(), network: StatedPosture(.trusted))
        try await Till.provision(home: place.home, provisioning: Shop.file(place.provisioning), ports: ports)
        let desk = try await CoreDesk.open(home: place.home, ports: ports, language: .en)
        let model = DeskModel(desk: desk, language: .en)
        try await claim(model)
        return (stand, place, desk, model)
    }

    /// Alice becomes the till's supervisor, writes the code down, and is in front of the keypad.
    private func claim(_ model: DeskModel) async throws {
        try await shows(.claim, model)
        let password = "correct horse battery 9"
        type([.operator: "alice", .newPassword: password, .newPasswordAgain: password], model)
        model.touch(.claim)
        try await shows(.recoveryCode, model)
        model.touch(.written)
        try await shows(.amountPad, model)
    }

    private func isForgotten(_ model: DeskModel) -> Bool {
        model.typing.allSatisfy { !$0.field.isSecret || $0.isEmpty }
    }

    private func type(_ texts: [FieldName: String], _ model: DeskModel) {
        for field in model.typing { field.append(texts[field.field.name] ?? "") }
    }

    private func charge(_ digits: [UInt8], _ desk: CoreDesk, _ model: DeskModel, _ stand: Stand) async throws {
        for digit in digits { model.send(.digit(digit: digit)) }
        model.send(.charge)
        try await settled(model) { $0.screen.fieldOn }
        try desk.present(SocketCard(address: stand.card("visa")))
    }

    /// What the screen offers, by a button or a line.
    private func intent(_ model: DeskModel, where holds: (Intent) -> Bool) -> Intent? {
        let screen = model.screen?.screen
        let offered = (screen?.actions.map(\.intent) ?? []) + (screen?.rows.compactMap(\.intent) ?? [])
        return offered.first(where: holds)
    }

    private func shows(_ kind: ScreenKind, _ model: DeskModel) async throws {
        try await settled(model) { $0.screen.kind == kind }
    }

    private func settled(_ model: DeskModel, _ holds: (ScreenModel) -> Bool) async throws {
        let end = Date(timeIntervalSinceNow: 30)
        while model.screen.map(holds) != true {
            if Date() > end {
                Issue.record("still at \(String(describing: model.screen?.screen))")
                throw SandboxError.timedOut
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// A desk that never shows anything, and notes what it is told.
private struct Noting: TillDesk {
    let noted = Noted()

    func screens() -> AsyncStream<Screen> { AsyncStream { _ in } }
    func send(_ intent: Intent) throws { noted.use { $0.append(intent) } }
    func enter(_ field: FieldName, _ typed: Secret) throws {}
    func recoveryCode() throws -> RecoveryCode? { nil }
    func provision(_ file: Secret) async throws {}
    func exportTo(_ place: any ExportSink) throws {}
    func close() async throws {}
}

/// What a desk was told, from any thread.
private final class Noted: @unchecked Sendable {
    // The list is used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private var intents: [Intent] = []

    func use<Result>(_ body: (inout [Intent]) -> Result) -> Result {
        lock.withLock { body(&intents) }
    }
}
