package org.taptill.testing

import java.security.GeneralSecurityException
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.SecureRandom
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.Mac
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import org.taptill.TillPorts
import org.taptill.core.Clock
import org.taptill.core.ClockReading
import org.taptill.core.DeviceKeys
import org.taptill.core.KeyFault
import org.taptill.core.KeyKind
import org.taptill.core.NetworkPosture
import org.taptill.core.Observer
import org.taptill.core.Posture
import org.taptill.core.SecretSink
import org.taptill.putAndWipe

/**
 * What a till borrows on a desktop: keys in memory, which outlive the till but not the process; the JVM's clocks; a
 * trusted network.
 */
public fun desktopPorts(
    keys: DeviceKeys = MemoryKeys(),
    observer: Observer? = null,
    onUndeclared: (Throwable) -> Unit = { throw AssertionError("undeclared", it) },
): TillPorts = TillPorts(keys, TrustedNetwork, DesktopClock, observer = observer, onUndeclared = onUndeclared)

/** A network that the owner trusts. */
public object TrustedNetwork : NetworkPosture {
    override fun posture(): Posture = Posture.TRUSTED
}

/** Wall time of the JVM, monotonic time of the JVM, one boot. */
public object DesktopClock : Clock {
    override fun now(): ClockReading =
        ClockReading(System.currentTimeMillis(), (System.nanoTime() / NANOS_PER_MILLI).toULong(), bootCount = 1u)

    private const val NANOS_PER_MILLI = 1_000_000
}

/**
 * A key store of the Java Cryptography Architecture, in memory: strict about what a key is for, silent about what it
 * holds.
 */
public class MemoryKeys : DeviceKeys {
    private val random = SecureRandom()
    private val keys = ConcurrentHashMap<String, Any>()

    override fun create(alias: String, kind: KeyKind) {
        val made: Any =
            when (kind) {
                KeyKind.WRAP -> KeyGenerator.getInstance("AES").apply { init(AES_BITS) }.generateKey()
                KeyKind.MAC -> KeyGenerator.getInstance(HMAC).generateKey()
                KeyKind.SIGN ->
                    KeyPairGenerator.getInstance("EC")
                        .apply { initialize(ECGenParameterSpec("secp256r1")) }
                        .generateKeyPair()
            }
        if (keys.putIfAbsent(alias, made) != null) throw KeyFault.AlreadyExists()
    }

    override fun exists(alias: String): Boolean = keys.containsKey(alias)

    override fun destroy(alias: String) {
        keys.remove(alias)
    }

    override fun publicKey(alias: String): ByteArray = pair(alias).public.encoded

    override fun attest(alias: String, challenge: ByteArray): List<ByteArray> = throw KeyFault.Unsupported()

    override fun wrap(alias: String, secret: ByteArray, context: ByteArray): ByteArray {
        val nonce = ByteArray(NONCE_BYTES).also(random::nextBytes)
        return nonce + cipher(Cipher.ENCRYPT_MODE, alias, nonce, context).doFinal(secret)
    }

    override fun unwrap(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink) {
        val opened =
            try {
                val nonce = wrapped.copyOf(NONCE_BYTES)
                cipher(Cipher.DECRYPT_MODE, alias, nonce, context)
                    .doFinal(wrapped, NONCE_BYTES, wrapped.size - NONCE_BYTES)
            } catch (refused: GeneralSecurityException) {
                throw KeyFault.Rejected()
            }
        into.putAndWipe(opened)
    }

    override fun mac(alias: String, data: ByteArray, into: SecretSink) {
        into.putAndWipe(Mac.getInstance(HMAC).apply { init(secret(alias, HMAC)) }.doFinal(data))
    }

    override fun sign(alias: String, data: ByteArray): ByteArray =
        Signature.getInstance("SHA256withECDSA")
            .apply {
                initSign(pair(alias).private)
                update(data)
            }
            .sign()

    private fun cipher(mode: Int, alias: String, nonce: ByteArray, context: ByteArray): Cipher =
        Cipher.getInstance("AES/GCM/NoPadding").apply {
            init(mode, secret(alias, "AES"), GCMParameterSpec(TAG_BITS, nonce))
            updateAAD(context)
        }

    private fun secret(alias: String, algorithm: String): SecretKey =
        (key(alias) as? SecretKey)?.takeIf { it.algorithm == algorithm } ?: throw KeyFault.WrongKind()

    private fun pair(alias: String): KeyPair = key(alias) as? KeyPair ?: throw KeyFault.WrongKind()

    private fun key(alias: String): Any = keys[alias] ?: throw KeyFault.NotFound()

    private companion object {
        const val HMAC = "HmacSHA256"
        const val AES_BITS = 256
        const val NONCE_BYTES = 12
        const val TAG_BITS = 128
    }
}
