// The certified reader of a case: it reads what the steps say, with the stand's help.

import Foundation
import Taptill
import TaptillSandbox

/// What one read of the certified reader comes to.
enum NextRead: Sendable {
    /// A card, and how its record is changed.
    case card(String, spoil: String?)
    case fault(String)
}

final class CaseReader: EncryptedReader, @unchecked Sendable {
    // The device and the stand are safe to share; the reference back is weak and set once, hence `@unchecked Sendable`.
    private weak var device: Device?
    private let stand: Stand
    private let patience: TimeInterval

    init(_ device: Device, _ stand: Stand, _ patience: TimeInterval) {
        (self.device, self.stand, self.patience) = (device, stand, patience)
    }

    func read(request: ReadRequest) throws -> EncryptedRead {
        guard let device else { throw ReaderFault.Failed }
        device.tell { ($0.isReading, $0.isCancelled) = (true, false) }
        let next = device.wait(patience) { state -> NextRead? in
            if !state.reads.isEmpty { return state.reads.removeFirst() }
            return state.isCancelled ? .fault("cancelled") : nil
        }
        device.tell { $0.isReading = false }
        switch next ?? .fault("timed_out") {
        case .fault(let fault): throw Device.error(of: "reader", fault) ?? Surprise()
        case .card(let card, let spoil):
            return try ScriptedReader(stand, card: card) { Self.spoilt($0, spoil) }.read(request: request)
        }
    }

    func cancel() throws {
        guard let device else { throw PortFault.Failed }
        device.tell { $0.isCancelled = $0.isReading }
    }

    static let spoils = ["payload", "empty", "number"]

    private static func spoilt(_ read: EncryptedRead, _ spoil: String?) -> EncryptedRead {
        var payload = read.payload
        switch spoil {
        case "payload": payload[payload.startIndex] ^= 1
        case "empty": payload = Data()
        default: break
        }
        return EncryptedRead(
            format: read.format, key: read.key, payload: payload, signature: read.signature, scheme: read.scheme,
            masked: spoil == "number" ? "1111222233334444" : read.masked, cvm: read.cvm)
    }
}
