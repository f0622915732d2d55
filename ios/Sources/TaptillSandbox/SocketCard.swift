// A simulated card behind a socket, as a `CardChannel` of the shell's own language.
//
// The framing is that of vsmartcard's `vpcd`: two bytes of length, most significant first, then an APDU, or one control
// byte (0 power off, 1 power on). A card that has left closes its connection. One channel is one tap.

import Foundation
import Taptill

public final class SocketCard: CardChannel, @unchecked Sendable {
    // The socket is used under the lock alone, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private let socket: Socket
    private let before: @Sendable (Int) throws -> Void
    private var commands = 0

    /// Brings the card at `address` into the field, and waits `seconds` for each answer. `before` is called before each
    /// command with its number, from 0, and may throw in the card's place.
    public init(
        address: String, seconds: Int = 1, before: @escaping @Sendable (Int) throws -> Void = { _ in }
    ) throws {
        socket = try Socket(address: address, seconds: seconds)
        self.before = before
        try send(Data([1]))
    }

    public func transceive(command: Data) throws -> Data {
        try lock.withLock {
            defer { commands += 1 }
            try before(commands)
            do {
                try send(command)
                let length = try socket.read(2)
                return try socket.read(Int(length[0]) << 8 | Int(length[1]))
            } catch SandboxError.timedOut {
                throw CardFault.TimedOut
            } catch is SandboxError {
                throw CardFault.Lost
            }
        }
    }

    private func send(_ bytes: Data) throws {
        try socket.write(Data([UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)]) + bytes)
    }
}
