package org.taptill.android

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.ProviderException
import java.security.UnrecoverableKeyException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import org.taptill.core.BiometricFault
import org.taptill.core.BiometricKey
import org.taptill.core.SecretSink
import org.taptill.putAndWipe

/**
 * Keys in Android's Keystore that work for a recognised finger or face alone, each use for [person] anew, and that are
 * void as soon as another one is enrolled: AES-256-GCM, the context authenticated with the secret.
 *
 * The core calls it on a thread that may wait for a person. Evidence: `BiometricKeysTest`.
 */
public class BiometricKeys(private val person: PersonPrompt) : BiometricKey {
    private val store: KeyStore by lazy { KeyStore.getInstance(KeyMaker.PROVIDER).apply { load(null) } }

    override fun create(alias: String, secret: ByteArray, context: ByteArray): ByteArray =
        try {
            sensor { wrapped(alias, secret, context) }
        } catch (fault: BiometricFault) {
            destroy(alias)
            throw fault
        } finally {
            secret.fill(0)
        }

    override fun release(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink) {
        val secret = sensor {
            val key = store.getKey(alias, null) as? SecretKey ?: throw BiometricFault.NotFound()
            if (wrapped.size < NONCE_BYTES + TAG_BYTES) throw BiometricFault.Void()
            val cipher = Cipher.getInstance(AES_GCM)
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BYTES * 8, wrapped, 0, NONCE_BYTES))
            val unlocked = person.unlock(cipher)
            unlocked.updateAAD(context)
            unlocked.doFinal(wrapped, NONCE_BYTES, wrapped.size - NONCE_BYTES)
        }
        into.putAndWipe(secret)
    }

    override fun destroy(alias: String): Unit = sensor { store.deleteEntry(alias) }

    private fun wrapped(alias: String, secret: ByteArray, context: ByteArray): ByteArray {
        val maker = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, KeyMaker.PROVIDER)
        maker.init(specOf(alias))
        val cipher = Cipher.getInstance(AES_GCM)
        cipher.init(Cipher.ENCRYPT_MODE, maker.generateKey())
        val unlocked = person.unlock(cipher)
        unlocked.updateAAD(context)
        return unlocked.iv + unlocked.doFinal(secret)
    }

    private fun specOf(alias: String): KeyGenParameterSpec {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec =
            KeyGenParameterSpec.Builder(alias, purposes)
                .setKeySize(256)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .setUserAuthenticationRequired(true)
                .setInvalidatedByBiometricEnrollment(true)
        // Before Android 11 a key that is asked for at each use is one for fingers and faces alone.
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R)
            spec.setUserAuthenticationParameters(0, KeyProperties.AUTH_BIOMETRIC_STRONG)
        return spec.build()
    }

    private inline fun <T> sensor(use: () -> T): T =
        try {
            use()
        } catch (_: KeyPermanentlyInvalidatedException) {
            throw BiometricFault.Void()
        } catch (_: UnrecoverableKeyException) {
            throw BiometricFault.Void()
        } catch (_: javax.crypto.AEADBadTagException) {
            throw BiometricFault.Void()
        } catch (_: GeneralSecurityException) {
            throw BiometricFault.Unavailable()
        } catch (_: ProviderException) {
            throw BiometricFault.Unavailable()
        }

    private companion object {
        const val AES_GCM = "AES/GCM/NoPadding"
        const val NONCE_BYTES = 12
        const val TAG_BYTES = 16
    }
}
