// Device keys in memory, for tests: the same rules as a phone's key store, and none of its protection.
//
// Wrapping is HMAC-SHA-256 in counter mode with an HMAC over nonce, context and text; a changed byte or another context
// is refused. A test can make the store refuse (`fault`), throw what nobody declared (`throwUndeclared`), or lose its
// keys (`forget`). Signing is not there: the core asks for none yet. Evidence: DevelopmentKeysTests.

import Foundation
import Taptill

public final class DevelopmentKeys: DeviceKeys, @unchecked Sendable {
    // All uses of the fields are under the lock, which is why `@unchecked Sendable` holds.
    private let lock = NSLock()
    private var keys: [String: (kind: KeyKind, bytes: Data)] = [:]
    private var fault: (any Error)?

    public init() {}

    /// From now on every call throws this; `nil` makes the store serve again.
    public func fail(with fault: (any Error)?) {
        lock.withLock { self.fault = fault }
    }

    /// Loses every key, as a wiped phone does.
    public func forget() {
        lock.withLock { keys = [:] }
    }

    public func create(alias: String, kind: KeyKind) throws {
        try lock.withLock {
            try served()
            guard keys[alias] == nil else { throw KeyFault.AlreadyExists }
            keys[alias] = (kind, Self.random(32))
        }
    }

    public func exists(alias: String) throws -> Bool {
        try lock.withLock {
            try served()
            return keys[alias] != nil
        }
    }

    public func destroy(alias: String) throws {
        try lock.withLock {
            try served()
            keys[alias] = nil
        }
    }

    public func publicKey(alias: String) throws -> Data {
        _ = try key(alias, .sign)
        throw KeyFault.Unsupported
    }

    public func attest(alias: String, challenge: Data) throws -> [Data] {
        throw KeyFault.Unsupported
    }

    public func wrap(alias: String, secret: Data, context: Data) throws -> Data {
        defer { secret.wipeShared() }
        let key = try key(alias, .wrap)
        let nonce = Self.random(16)
        let body = nonce + Self.stream(key, nonce, over: secret)
        return body + Self.seal(key, body, context)
    }

    public func unwrap(alias: String, wrapped: Data, context: Data, into: SecretSink) throws {
        let key = try key(alias, .wrap)
        guard wrapped.count >= 48 else { throw KeyFault.Rejected }
        let (body, seal) = (Data(wrapped.dropLast(32)), Data(wrapped.suffix(32)))
        guard Self.seal(key, body, context) == seal else { throw KeyFault.Rejected }
        try into.put(secret: Self.stream(key, Data(body.prefix(16)), over: Data(body.dropFirst(16))))
    }

    public func mac(alias: String, data: Data, into: SecretSink) throws {
        try into.put(secret: Sha256.hmac(try key(alias, .mac), data))
    }

    public func sign(alias: String, data: Data) throws -> Data {
        _ = try key(alias, .sign)
        throw KeyFault.Unsupported
    }

    /// Call with the lock held.
    private func served() throws {
        if let fault { throw fault }
    }

    private func key(_ alias: String, _ kind: KeyKind) throws -> Data {
        try lock.withLock {
            try served()
            guard let key = keys[alias] else { throw KeyFault.NotFound }
            guard key.kind == kind else { throw KeyFault.WrongKind }
            return key.bytes
        }
    }

    private static func random(_ count: Int) -> Data {
        var source = SystemRandomNumberGenerator()
        return Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &source) })
    }

    private static func stream(_ key: Data, _ nonce: Data, over text: Data) -> Data {
        var out = Data()
        for (at, byte) in text.enumerated() {
            if at % 32 == 0 { out.append(Sha256.hmac(key, Data("stream".utf8) + nonce + number(at / 32))) }
            out[at] ^= byte
        }
        return Data(out.prefix(text.count))
    }

    private static func seal(_ key: Data, _ body: Data, _ context: Data) -> Data {
        Sha256.hmac(key, Data("seal".utf8) + number(context.count) + context + body)
    }

    private static func number(_ value: Int) -> Data {
        withUnsafeBytes(of: UInt64(value).bigEndian) { Data($0) }
    }
}
