// A certified reader whose reads the sandbox makes: the stand reads the card and encrypts it for its host.
//
// The shell sees what it would see of a real one: names, opaque bytes, a mask. Evidence: EncryptedReaderTests.

import Foundation
import Taptill

public final class ScriptedReader: EncryptedReader, @unchecked Sendable {
    // The requests are used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private let stand: Stand
    private let card: String
    private let change: @Sendable (EncryptedRead) -> EncryptedRead
    private var asked: [ReadRequest] = []

    /// Reads the named card each time. `change` may spoil a read on its way.
    public init(
        _ stand: Stand, card: String, change: @escaping @Sendable (EncryptedRead) -> EncryptedRead = { $0 }
    ) {
        self.stand = stand
        self.card = card
        self.change = change
    }

    /// What the core asked for.
    public var requests: [ReadRequest] {
        lock.withLock { asked }
    }

    public func read(request: ReadRequest) throws -> EncryptedRead {
        lock.withLock { asked.append(request) }
        let answer = try stand.ask([
            "do": "read", "card": card, "minor": request.amount.minor, "currency": request.amount.currency,
            "attempt": request.attempt, "nonce": request.nonce.map { String(format: "%02x", $0) }.joined(),
        ])
        if let fault = answer["fault"] as? String { throw Self.faults[fault] ?? ReaderFault.Failed }
        guard let format = answer["format"] as? String, let key = answer["key"] as? String,
            let payload = Self.bytes(answer["payload"]), let signature = Self.bytes(answer["signature"]),
            let cvm = (answer["cvm"] as? String).flatMap({ Self.cvms[$0] })
        else { throw ReaderFault.Failed }
        return change(
            EncryptedRead(
                format: format, key: key, payload: payload, signature: signature, scheme: answer["scheme"] as? String,
                masked: answer["masked"] as? String, cvm: cvm))
    }

    public func cancel() throws {}

    private static let faults: [String: ReaderFault] = [
        "reader_cancelled": .Cancelled, "reader_timed_out": .TimedOut, "reader_card_not_read": .CardNotRead,
        "reader_try_another_card": .TryAnotherCard, "reader_card_declined": .CardDeclined,
        "reader_pin_required": .PinRequired, "reader_not_ready": .NotReady, "reader_failed": .Failed,
    ]
    private static let cvms: [String: ReadCvm] = [
        "none": .none, "on_device": .onDevice, "signature": .signature, "online_pin": .onlinePin,
    ]

    private static func bytes(_ hex: Any?) -> Data? {
        guard let digits = (hex as? String).map({ Array($0.utf8) }), digits.count % 2 == 0 else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        return bytes.contains(nil) ? nil : Data(bytes.compactMap { $0 })
    }
}
