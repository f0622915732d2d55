// Bytes that must not outlive their use: a PIN, a key, a provisioning file.
//
// There is one copy, in memory of its own, wiped by `wipe()` and at the latest when the last reference goes. It has no
// description, cannot be compared, encoded or interpolated into text by accident. What it cannot do: wipe copies that
// the caller made before. Evidence: SecretTests.

import Foundation

/// Wipes its bytes. May be used from any thread.
public final class Secret: @unchecked Sendable {
    // All uses of the buffer are under the lock, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private let buffer: UnsafeMutableRawBufferPointer
    private var wiped = false

    /// Takes the bytes over and wipes `data`, if nobody else shares its storage.
    public init(taking data: inout Data) {
        buffer = .allocate(byteCount: data.count, alignment: 1)
        data.withUnsafeBytes { buffer.copyMemory(from: $0) }
        data.wipe()
    }

    deinit {
        Self.clear(buffer)
        buffer.deallocate()
    }

    /// Lends the bytes to one call, without copying them. `nil` after `wipe()`. The data must not leave `body`.
    public func lend<Result>(_ body: (Data) throws -> Result) rethrows -> Result? {
        lock.lock()
        defer { lock.unlock() }
        guard !wiped else { return nil }
        guard let start = buffer.baseAddress, buffer.count > 0 else { return try body(Data()) }
        return try body(Data(bytesNoCopy: start, count: buffer.count, deallocator: .none))
    }

    /// Overwrites the bytes now. Doing it twice does no harm.
    public func wipe() {
        lock.lock()
        defer { lock.unlock() }
        Self.clear(buffer)
        wiped = true
    }

    private static func clear(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let start = buffer.baseAddress else { return }
        clearBytes(start, buffer.count)
    }
}

extension Data {
    /// Overwrites the bytes in place. Data that shares its storage with a copy is copied by this and the other copy
    /// stays: wipe where the bytes were made, before handing them on.
    public mutating func wipe() {
        let count = self.count
        withUnsafeMutableBytes { bytes in
            if let start = bytes.baseAddress { clearBytes(start, count) }
        }
        self = Data()
    }

    /// Overwrites the bytes for everybody who shares them: for the bytes that the bindings made for one call of a port,
    /// which nobody needs after it.
    public func wipeShared() {
        withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { clearBytes(UnsafeMutableRawPointer(mutating: start), bytes.count) }
        }
    }
}

#if canImport(Darwin)
    import Darwin

    private func clearBytes(_ start: UnsafeMutableRawPointer, _ count: Int) {
        memset_s(start, count, 0, count)
    }
#else
    import Glibc

    private func clearBytes(_ start: UnsafeMutableRawPointer, _ count: Int) {
        explicit_bzero(start, count)
    }
#endif
