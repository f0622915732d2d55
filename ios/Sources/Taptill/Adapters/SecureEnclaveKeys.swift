// `DeviceKeys` by the Secure Enclave and the keychain. Never compiled on Linux.
//
// Wrapping is ECIES to a P-256 key in the Secure Enclave; ECIES binds nothing besides its text, so the context goes in
// front of the secret, with its length, and is compared on opening. Signing is ECDSA in the Secure Enclave; MACs use a
// keychain item. Attesting is Apple's App Attest, which needs a server, and is refused here.

#if canImport(Security) && canImport(CryptoKit)
    import CryptoKit
    import Foundation
    import Security

    public final class SecureEnclaveKeys: DeviceKeys, Sendable {
        private static let ecies = SecKeyAlgorithm.eciesEncryptionCofactorX963SHA256AESGCM
        private static let kinds: [KeyKind] = [.wrap, .mac, .sign]
        /// DER of `SubjectPublicKeyInfo` for id-ecPublicKey on prime256v1, up to the point (RFC 5480, 2).
        private static let p256Prefix = Data([
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
            0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ])

        public init() {}

        public func create(alias: String, kind: KeyKind) throws {
            guard try !exists(alias: alias) else { throw KeyFault.AlreadyExists }
            switch kind {
            case .mac: try KeychainItems.makeMacKey(alias)
            case .wrap, .sign: try KeychainItems.makeEnclaveKey(alias, kind)
            }
        }

        public func exists(alias: String) throws -> Bool {
            try Self.kinds.contains { try KeychainItems.isThere(alias, $0) }
        }

        public func destroy(alias: String) throws {
            for kind in Self.kinds { try KeychainItems.delete(alias, kind) }
        }

        public func publicKey(alias: String) throws -> Data {
            let key = try enclaveKey(alias, .sign)
            guard let open = SecKeyCopyPublicKey(key), let point = SecKeyCopyExternalRepresentation(open, nil) else {
                throw KeyFault.Unavailable
            }
            return Self.p256Prefix + (point as Data)
        }

        public func attest(alias: String, challenge: Data) throws -> [Data] {
            throw KeyFault.Unsupported
        }

        public func wrap(alias: String, secret: Data, context: Data) throws -> Data {
            defer { secret.wipeShared() }
            guard let open = SecKeyCopyPublicKey(try enclaveKey(alias, .wrap)) else { throw KeyFault.Unavailable }
            var text = Self.bound(to: context) + secret
            defer { text.wipe() }
            guard let wrapped = SecKeyCreateEncryptedData(open, Self.ecies, text as CFData, nil) else {
                throw KeyFault.Unavailable
            }
            return wrapped as Data
        }

        public func unwrap(alias: String, wrapped: Data, context: Data, into: SecretSink) throws {
            let key = try enclaveKey(alias, .wrap)
            guard let opened = SecKeyCreateDecryptedData(key, Self.ecies, wrapped as CFData, nil) else {
                throw KeyFault.Rejected
            }
            var text = opened as Data
            defer { text.wipe() }
            let front = Self.bound(to: context)
            guard text.starts(with: front) else { throw KeyFault.Rejected }
            var secret = Data(text.dropFirst(front.count))
            defer { secret.wipe() }
            try into.put(secret: secret)
        }

        public func mac(alias: String, data: Data, into: SecretSink) throws {
            var bytes = try rightKind(alias, .mac) { try KeychainItems.macKey(alias) }
            defer { bytes.wipe() }
            var code = Data(HMAC<SHA256>.authenticationCode(for: data, using: SymmetricKey(data: bytes)))
            defer { code.wipe() }
            try into.put(secret: code)
        }

        public func sign(alias: String, data: Data) throws -> Data {
            let key = try enclaveKey(alias, .sign)
            guard let made = SecKeyCreateSignature(key, .ecdsaSignatureMessageX962SHA256, data as CFData, nil) else {
                throw KeyFault.Unavailable
            }
            return made as Data
        }

        private func enclaveKey(_ alias: String, _ kind: KeyKind) throws -> SecKey {
            try rightKind(alias, kind) { try KeychainItems.enclaveKey(alias, kind) }
        }

        /// A key that is not there under this purpose may be there under another one.
        private func rightKind<Key>(_ alias: String, _ kind: KeyKind, _ find: () throws -> Key) throws -> Key {
            do {
                return try find()
            } catch KeyFault.NotFound {
                throw try exists(alias: alias) ? KeyFault.WrongKind : KeyFault.NotFound
            }
        }

        private static func bound(to context: Data) -> Data {
            withUnsafeBytes(of: UInt64(context.count).bigEndian) { Data($0) } + context
        }
    }
#endif
