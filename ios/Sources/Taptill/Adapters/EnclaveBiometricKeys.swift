// `BiometricKey` by the Secure Enclave. Never compiled on Linux.
//
// A P-256 key of the enclave with the access control `biometryCurrentSet`: wrapping is ECIES to its public half and asks
// nobody, opening asks for the finger or face, and another enrolment makes the key void. The context goes in front of the
// secret, as for the device's keys.

#if canImport(Security) && canImport(LocalAuthentication)
    import Foundation
    import LocalAuthentication
    import Security

    public final class EnclaveBiometricKeys: BiometricKey, Sendable {
        private static let ecies = SecKeyAlgorithm.eciesEncryptionCofactorX963SHA256AESGCM
        private let reason: String

        /// `reason` is what the system's dialog says besides the app's name.
        public init(reason: String) {
            self.reason = reason
        }

        public func create(alias: String, secret: Data, context: Data) throws -> Data {
            defer { secret.wipeShared() }
            let flags: SecAccessControlCreateFlags = [.privateKeyUsage, .biometryCurrentSet]
            let accessible = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
            guard let access = SecAccessControlCreateWithFlags(nil, accessible, flags, nil) else {
                throw BiometricFault.Unavailable
            }
            let attributes: [CFString: Any] = [
                kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
                kSecAttrKeySizeInBits: 256,
                kSecAttrTokenID: kSecAttrTokenIDSecureEnclave,
                kSecPrivateKeyAttrs: [
                    kSecAttrIsPermanent: true,
                    kSecAttrApplicationTag: Self.tag(alias),
                    kSecAttrAccessControl: access,
                ] as [CFString: Any],
            ]
            var text = Self.bound(to: context) + secret
            defer { text.wipe() }
            guard
                let key = SecKeyCreateRandomKey(attributes as CFDictionary, nil),
                let open = SecKeyCopyPublicKey(key),
                let wrapped = SecKeyCreateEncryptedData(open, Self.ecies, text as CFData, nil)
            else {
                try destroy(alias: alias)
                throw BiometricFault.Unavailable
            }
            return wrapped as Data
        }

        public func release(alias: String, wrapped: Data, context: Data, into: SecretSink) throws {
            let asking = LAContext()
            asking.localizedReason = reason
            let query: [CFString: Any] = [
                kSecClass: kSecClassKey, kSecAttrApplicationTag: Self.tag(alias), kSecReturnRef: true,
                kSecUseAuthenticationContext: asking,
            ]
            var found: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            guard status == errSecSuccess, let item = found else { throw Self.fault(Int(status)) }
            // A query for keys answers with keys; Swift cannot check a cast to a Core Foundation type.
            let key = unsafeDowncast(item as AnyObject, to: SecKey.self)
            var why: Unmanaged<CFError>?
            guard let opened = SecKeyCreateDecryptedData(key, Self.ecies, wrapped as CFData, &why) else {
                throw Self.fault(why.map { CFErrorGetCode($0.takeRetainedValue()) } ?? 0)
            }
            var text = opened as Data
            defer { text.wipe() }
            let front = Self.bound(to: context)
            guard text.starts(with: front) else { throw BiometricFault.Void }
            var secret = Data(text.dropFirst(front.count))
            defer { secret.wipe() }
            try into.put(secret: secret)
        }

        public func destroy(alias: String) throws {
            let query: [CFString: Any] = [kSecClass: kSecClassKey, kSecAttrApplicationTag: Self.tag(alias)]
            let status = SecItemDelete(query as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw BiometricFault.Unavailable }
        }

        /// What the keychain's or the dialog's word means. A key whose enrolment has changed cannot be found or used any
        /// more (?): both are void.
        private static func fault(_ why: Int) -> BiometricFault {
            switch why {
            case Int(errSecItemNotFound): .NotFound
            case Int(errSecUserCanceled), LAError.userCancel.rawValue, LAError.appCancel.rawValue,
                LAError.systemCancel.rawValue, LAError.userFallback.rawValue:
                .Cancelled
            case Int(errSecAuthFailed), LAError.authenticationFailed.rawValue, LAError.biometryLockout.rawValue:
                .NotRecognised
            default: .Unavailable
            }
        }

        private static func tag(_ alias: String) -> Data {
            Data("org.taptill.biometric.\(alias)".utf8)
        }

        private static func bound(to context: Data) -> Data {
            withUnsafeBytes(of: UInt64(context.count).bigEndian) { Data($0) } + context
        }
    }
#endif
