// A blocking TCP connection to the loopback address, with a time limit on each read and write.

import Foundation

#if canImport(Darwin)
    import Darwin

    private let streamKind = SOCK_STREAM
#else
    import Glibc

    private let streamKind = Int32(SOCK_STREAM.rawValue)
#endif

/// What the sandbox's client could not do.
public enum SandboxError: Error, Equatable {
    case notAnAddress(String)
    case notConnected(String)
    case closed
    case timedOut
    case refused(String)
    case notUnderstood(String)
}

/// One connection. Not for two threads at once.
final class Socket {
    private let descriptor: Int32
    private var buffer = Data()

    /// `address` is `127.0.0.1:PORT`.
    init(address: String, seconds: Int) throws {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else { throw SandboxError.notAnAddress(address) }
        descriptor = socket(AF_INET, streamKind, 0)
        guard descriptor >= 0 else { throw SandboxError.notConnected(address) }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = inet_addr(String(parts[0]))
        let connected = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            close(descriptor)
            throw SandboxError.notConnected(address)
        }
    }

    deinit {
        close(descriptor)
    }

    func write(_ data: Data) throws {
        var rest = data[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw sent < 0 && errno == EAGAIN ? SandboxError.timedOut : SandboxError.closed }
            rest = rest.dropFirst(sent)
        }
    }

    func read(_ count: Int) throws -> Data {
        while buffer.count < count { try fill() }
        defer { buffer = Data(buffer.dropFirst(count)) }
        return Data(buffer.prefix(count))
    }

    func readLine() throws -> Data {
        while true {
            if let end = buffer.firstIndex(of: 0x0a) {
                return try read(end - buffer.startIndex + 1).dropLast()
            }
            try fill()
        }
    }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let got = recv(descriptor, &chunk, chunk.count, 0)
        guard got != 0 else { throw SandboxError.closed }
        guard got > 0 else { throw errno == EAGAIN ? SandboxError.timedOut : SandboxError.closed }
        buffer.append(contentsOf: chunk.prefix(got))
    }
}
