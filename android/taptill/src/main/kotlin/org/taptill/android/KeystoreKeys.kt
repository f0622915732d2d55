package org.taptill.android

import android.security.keystore.KeyProperties
import java.nio.ByteBuffer
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Signature
import javax.crypto.Cipher
import javax.crypto.Mac
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import org.taptill.core.DeviceKeys
import org.taptill.core.KeyFault
import org.taptill.core.KeyKind
import org.taptill.core.SecretSink

/**
 * Keys in Android's Keystore, made by [maker]: AES-256-GCM wraps, HMAC-SHA-256 authenticates, ECDSA P-256 signs.
 *
 * A wrapped secret is the 12-byte nonce, then the ciphertext with its tag; the context is authenticated with it. Every
 * copy of a secret that is made here is wiped before the call returns.
 *
 * Evidence: `KeystoreKeysTest`.
 */
public class KeystoreKeys(private val maker: KeyMaker) : DeviceKeys {
    private val store: KeyStore by lazy { KeyStore.getInstance(KeyMaker.PROVIDER).apply { load(null) } }

    override fun create(alias: String, kind: KeyKind): Unit = keystore {
        if (store.containsAlias(alias)) throw KeyFault.AlreadyExists()
        var level = KeyLevel.Refused
        try {
            level = maker.make(alias, kind)
        } finally {
            // Neither a refused key nor one of which nothing is known is left to be found next time.
            if (level == KeyLevel.Refused) store.deleteEntry(alias)
        }
        if (level == KeyLevel.Refused) throw KeyFault.Unsupported()
    }

    override fun exists(alias: String): Boolean = keystore { store.containsAlias(alias) }

    override fun destroy(alias: String): Unit = keystore { store.deleteEntry(alias) }

    override fun publicKey(alias: String): ByteArray = keystore {
        key<PrivateKey>(alias, KeyProperties.KEY_ALGORITHM_EC)
        store.getCertificate(alias).publicKey.encoded
    }

    /** The platform binds a challenge when a key is made and never later: only [KeyMaker.challenge] can be answered. */
    override fun attest(alias: String, challenge: ByteArray): List<ByteArray> = keystore {
        key<PrivateKey>(alias, KeyProperties.KEY_ALGORITHM_EC)
        if (!challenge.contentEquals(KeyMaker.challenge(alias))) throw KeyFault.Unsupported()
        store.getCertificateChain(alias).map { it.encoded }
    }

    override fun wrap(alias: String, secret: ByteArray, context: ByteArray): ByteArray =
        wiping(secret) {
            keystore {
                val cipher = Cipher.getInstance(AES_GCM)
                cipher.init(Cipher.ENCRYPT_MODE, key<SecretKey>(alias, KeyProperties.KEY_ALGORITHM_AES))
                cipher.updateAAD(context)
                cipher.iv + cipher.doFinal(secret)
            }
        }

    override fun unwrap(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink): Unit =
        give(into) {
            val cipher = Cipher.getInstance(AES_GCM)
            val key = key<SecretKey>(alias, KeyProperties.KEY_ALGORITHM_AES)
            if (wrapped.size < NONCE_BYTES + TAG_BYTES) throw KeyFault.Rejected()
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BYTES * 8, wrapped, 0, NONCE_BYTES))
            cipher.updateAAD(context)
            cipher.doFinal(wrapped, NONCE_BYTES, wrapped.size - NONCE_BYTES)
        }

    override fun mac(alias: String, data: ByteArray, into: SecretSink): Unit =
        give(into) {
            val mac = Mac.getInstance(KeyProperties.KEY_ALGORITHM_HMAC_SHA256)
            mac.init(key<SecretKey>(alias, KeyProperties.KEY_ALGORITHM_HMAC_SHA256))
            mac.doFinal(data)
        }

    override fun sign(alias: String, data: ByteArray): ByteArray = keystore {
        val signature = Signature.getInstance(ECDSA)
        signature.initSign(key<PrivateKey>(alias, KeyProperties.KEY_ALGORITHM_EC))
        signature.update(data)
        signature.sign()
    }

    private inline fun <reified K> key(alias: String, algorithm: String): K {
        val key = store.getKey(alias, null) ?: throw KeyFault.NotFound()
        return (key as? K)?.takeIf { key.algorithm == algorithm } ?: throw KeyFault.WrongKind()
    }

    /** Lets [make] make a secret, puts it into the core and wipes it here. */
    private fun give(into: SecretSink, make: () -> ByteArray) {
        val secret = keystore(make)
        wiping(secret) {
            val passage = ByteBuffer.allocateDirect(secret.size)
            passage.put(secret).flip()
            try {
                into.put(passage)
            } finally {
                repeat(secret.size) { passage.put(it, 0) }
            }
        }
    }

    private companion object {
        const val AES_GCM = "AES/GCM/NoPadding"
        const val ECDSA = "SHA256withECDSA"
        const val NONCE_BYTES = 12
        const val TAG_BYTES = 16
    }
}

private inline fun <T> wiping(secret: ByteArray, use: () -> T): T =
    try {
        use()
    } finally {
        secret.fill(0)
    }
