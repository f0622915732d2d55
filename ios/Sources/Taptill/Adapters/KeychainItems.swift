// Finding, making and deleting keychain items for `SecureEnclaveKeys`. Never compiled on Linux.
//
// Every item is `AfterFirstUnlockThisDeviceOnly`: a backup or a new phone does not get it, and a reversal that is owed
// can still be sent while the screen is locked.

#if canImport(Security) && canImport(CryptoKit)
    import CryptoKit
    import Foundation
    import Security

    enum KeychainItems {
        static let accessible = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly

        /// What the keychain's status means to the core.
        static func fault(_ status: OSStatus) -> KeyFault {
            switch status {
            case errSecItemNotFound: .NotFound
            case errSecDuplicateItem: .AlreadyExists
            case errSecDecode: .Damaged
            case errSecUnimplemented: .Unsupported
            default: .Unavailable
            }
        }

        static func tag(_ alias: String, _ kind: KeyKind) -> Data {
            switch kind {
            case .wrap: Data("org.taptill.wrap.\(alias)".utf8)
            case .mac: Data("org.taptill.mac.\(alias)".utf8)
            case .sign: Data("org.taptill.sign.\(alias)".utf8)
            }
        }

        /// A P-256 key in the Secure Enclave, for wrapping or signing.
        static func makeEnclaveKey(_ alias: String, _ kind: KeyKind) throws {
            guard let access = SecAccessControlCreateWithFlags(nil, accessible, .privateKeyUsage, nil) else {
                throw KeyFault.Unavailable
            }
            let attributes: [CFString: Any] = [
                kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
                kSecAttrKeySizeInBits: 256,
                kSecAttrTokenID: kSecAttrTokenIDSecureEnclave,
                kSecPrivateKeyAttrs: [
                    kSecAttrIsPermanent: true,
                    kSecAttrApplicationTag: tag(alias, kind),
                    kSecAttrAccessControl: access,
                ] as [CFString: Any],
            ]
            guard SecKeyCreateRandomKey(attributes as CFDictionary, nil) != nil else { throw KeyFault.Unavailable }
        }

        static func enclaveKey(_ alias: String, _ kind: KeyKind) throws -> SecKey {
            var found: CFTypeRef?
            var query = keyQuery(alias, kind)
            query[kSecReturnRef] = true
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            guard status == errSecSuccess, let key = found else { throw fault(status) }
            // A query for keys answers with keys; Swift cannot check a cast to a Core Foundation type.
            return unsafeDowncast(key as AnyObject, to: SecKey.self)
        }

        /// The Secure Enclave makes no symmetric keys, so a MAC key is random bytes in the keychain.
        static func makeMacKey(_ alias: String) throws {
            var bytes = Data(SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) })
            defer { bytes.wipe() }
            var item = macQuery(alias)
            item[kSecAttrAccessible] = accessible
            item[kSecValueData] = bytes
            let status = SecItemAdd(item as CFDictionary, nil)
            guard status == errSecSuccess else { throw fault(status) }
        }

        static func macKey(_ alias: String) throws -> Data {
            var found: CFTypeRef?
            var query = macQuery(alias)
            query[kSecReturnData] = true
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            guard status == errSecSuccess else { throw fault(status) }
            guard let bytes = found as? Data, bytes.count == 32 else { throw KeyFault.Damaged }
            return bytes
        }

        static func isThere(_ alias: String, _ kind: KeyKind) throws -> Bool {
            let status = SecItemCopyMatching(query(alias, kind) as CFDictionary, nil)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw fault(status) }
            return status == errSecSuccess
        }

        static func delete(_ alias: String, _ kind: KeyKind) throws {
            let status = SecItemDelete(query(alias, kind) as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw fault(status) }
        }

        private static func query(_ alias: String, _ kind: KeyKind) -> [CFString: Any] {
            kind == .mac ? macQuery(alias) : keyQuery(alias, kind)
        }

        private static func keyQuery(_ alias: String, _ kind: KeyKind) -> [CFString: Any] {
            [kSecClass: kSecClassKey, kSecAttrApplicationTag: tag(alias, kind)]
        }

        private static func macQuery(_ alias: String) -> [CFString: Any] {
            [
                kSecClass: kSecClassGenericPassword, kSecAttrService: "org.taptill.mac", kSecAttrAccount: alias,
                kSecAttrSynchronizable: false,
            ]
        }
    }
#endif
