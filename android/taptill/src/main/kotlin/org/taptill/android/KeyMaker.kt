package org.taptill.android

import android.content.pm.PackageManager
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyInfo
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import java.security.Key
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.spec.ECGenParameterSpec
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.SecretKeyFactory
import org.taptill.core.KeyKind

/** What keeps a key. */
public enum class KeyLevel {
    /** A chip of its own. */
    StrongBox,
    /** The processor's secure world. */
    Tee,
    /** The operating system only; made where the app asked for that, never on a till that takes money. */
    Software,
    /** The operating system only, which was not allowed: the key is not to be used. */
    Refused,
}

/**
 * Makes keys in the best keeper that the phone has: StrongBox, else the TEE, else what [softwareKeys] says.
 *
 * Evidence: `KeystoreKeysTest`.
 */
public class KeyMaker(private val packages: PackageManager, private val softwareKeys: KeyLevel = KeyLevel.Refused) {
    /** Makes the key and says what keeps it. */
    public fun make(alias: String, kind: KeyKind): KeyLevel {
        if (hasStrongBox()) {
            try {
                return levelOf(generate(alias, kind, inStrongBox = true))
            } catch (_: StrongBoxUnavailableException) {
                // The chip is there and cannot make this key: the secure world can.
            }
        }
        return levelOf(generate(alias, kind, inStrongBox = false))
    }

    private fun hasStrongBox(): Boolean =
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.P &&
            packages.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)

    private fun generate(alias: String, kind: KeyKind, inStrongBox: Boolean): Key {
        val spec = specOf(alias, kind)
        if (inStrongBox && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) spec.setIsStrongBoxBacked(true)
        return when (kind) {
            KeyKind.WRAP -> secretKey(KeyProperties.KEY_ALGORITHM_AES, spec.build())
            KeyKind.MAC -> secretKey(KeyProperties.KEY_ALGORITHM_HMAC_SHA256, spec.build())
            KeyKind.SIGN -> signingKey(spec.build())
        }
    }

    private fun specOf(alias: String, kind: KeyKind): KeyGenParameterSpec.Builder =
        when (kind) {
            KeyKind.WRAP ->
                KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
                    .setKeySize(256)
                    .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                    .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            KeyKind.MAC -> KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN).setKeySize(256)
            KeyKind.SIGN ->
                KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
                    .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
                    .setDigests(KeyProperties.DIGEST_SHA256)
                    .setAttestationChallenge(challenge(alias))
        }

    private fun secretKey(algorithm: String, spec: KeyGenParameterSpec): Key =
        KeyGenerator.getInstance(algorithm, PROVIDER).apply { init(spec) }.generateKey()

    private fun signingKey(spec: KeyGenParameterSpec): Key =
        KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER)
            .apply { initialize(spec) }
            .generateKeyPair()
            .private

    private fun levelOf(key: Key): KeyLevel {
        val info = infoOf(key)
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) {
            @Suppress("DEPRECATION")
            return if (info.isInsideSecureHardware) KeyLevel.Tee else softwareKeys
        }
        return when (info.securityLevel) {
            KeyProperties.SECURITY_LEVEL_STRONGBOX -> KeyLevel.StrongBox
            KeyProperties.SECURITY_LEVEL_TRUSTED_ENVIRONMENT,
            KeyProperties.SECURITY_LEVEL_UNKNOWN_SECURE -> KeyLevel.Tee
            else -> softwareKeys
        }
    }

    private fun infoOf(key: Key): KeyInfo =
        when (key) {
            is SecretKey ->
                SecretKeyFactory.getInstance(key.algorithm, PROVIDER).getKeySpec(key, KeyInfo::class.java) as KeyInfo
            else -> KeyFactory.getInstance(key.algorithm, PROVIDER).getKeySpec(key, KeyInfo::class.java)
        }

    public companion object {
        /** The name of Android's key store. */
        public const val PROVIDER: String = "AndroidKeyStore"

        /** With what challenge the signing key of this alias was made. */
        public fun challenge(alias: String): ByteArray = alias.toByteArray()
    }
}
