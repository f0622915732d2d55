package org.taptill.android

import android.security.keystore.KeyPermanentlyInvalidatedException
import java.nio.ByteBuffer
import java.security.ProviderException
import javax.crypto.Cipher
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.taptill.core.BiometricFault
import org.taptill.core.NoHandle
import org.taptill.core.SecretSink
import org.taptill.support.MemoryKeystore

/** What the adapter of the sensor asks of the platform, whom it asks, and what it hands to the core. */
@RunWith(RobolectricTestRunner::class)
class BiometricKeysTest {
    private class Sink : SecretSink(NoHandle) {
        var got: ByteArray? = null

        override fun put(secret: ByteBuffer) {
            got = ByteArray(secret.remaining()).also { secret.duplicate().get(it) }
        }
    }

    private var asked = 0
    private var refusal: BiometricFault? = null
    private val keys = BiometricKeys {
        asked++
        refusal?.let { throw it }
        it
    }

    @Before fun aPhone() = MemoryKeystore.install()

    private fun made(): ByteArray = keys.create(ALIAS, SECRET.copyOf(), CONTEXT)

    @Test
    fun aKeyIsForEachUseOfTheEnrolledPersonAlone() {
        made()
        val spec = MemoryKeystore.specOf(ALIAS)
        assertTrue(spec.isUserAuthenticationRequired)
        assertTrue("another finger makes it void", spec.isInvalidatedByBiometricEnrollment)
        assertEquals("at each use", 0, spec.userAuthenticationValidityDurationSeconds)
    }

    @Test
    fun aSecretIsReleasedToThePersonInItsContext() {
        val secret = SECRET.copyOf()
        val wrapped = keys.create(ALIAS, secret, CONTEXT)
        assertArrayEquals("the adapter's copy is wiped", ByteArray(SECRET.size), secret)
        val sink = Sink()
        keys.release(ALIAS, wrapped, CONTEXT, sink)
        assertArrayEquals(SECRET, sink.got)
        assertEquals("once for making it, once for using it", 2, asked)
        for (wrong in listOf(wrapped.copyOf(5), wrapped.copyOf().also { it[20] = (it[20] + 1).toByte() })) {
            assertThrows(BiometricFault.Void::class.java) { keys.release(ALIAS, wrong, CONTEXT, Sink()) }
        }
        assertThrows(BiometricFault.Void::class.java) { keys.release(ALIAS, wrapped, byteArrayOf(9), Sink()) }
        assertThrows(BiometricFault.NotFound::class.java) { keys.release("other", wrapped, CONTEXT, Sink()) }
        keys.destroy(ALIAS)
        keys.destroy(ALIAS)
        assertThrows(BiometricFault.NotFound::class.java) { keys.release(ALIAS, wrapped, CONTEXT, Sink()) }
    }

    @Test
    fun whoIsNotRecognisedGetsNothingAndLeavesNoKey() {
        val wrapped = made()
        refusal = BiometricFault.NotRecognised()
        val sink = Sink()
        assertThrows(BiometricFault.NotRecognised::class.java) { keys.release(ALIAS, wrapped, CONTEXT, sink) }
        assertEquals(null, sink.got)
        assertThrows(BiometricFault.NotRecognised::class.java) { keys.create("second", SECRET.copyOf(), CONTEXT) }
        refusal = null
        assertThrows(BiometricFault.NotFound::class.java) { keys.release("second", wrapped, CONTEXT, Sink()) }
    }

    @Test
    fun whatThePlatformSaysIsOneFault() {
        val wrapped = made()
        val rows =
            listOf(
                KeyPermanentlyInvalidatedException() to BiometricFault.Void::class.java,
                ProviderException() to BiometricFault.Unavailable::class.java,
            )
        for ((thrown, verdict) in rows) {
            MemoryKeystore.failure = thrown
            assertThrows(verdict) { keys.release(ALIAS, wrapped, CONTEXT, Sink()) }
        }
    }

    @Test
    fun aCipherThatThePlatformGaveIsTheOneThatIsUsed() {
        var seen: Cipher? = null
        val watching = BiometricKeys { cipher -> cipher.also { seen = it } }
        watching.create(ALIAS, SECRET.copyOf(), CONTEXT)
        assertEquals("AES/GCM/NoPadding", seen?.algorithm)
    }

    private companion object {
        const val ALIAS = "vault.biometric.00"
        val SECRET = ByteArray(32) { it.toByte() }
        val CONTEXT = byteArrayOf(1, 2)
    }
}
