package org.taptill.android

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import java.nio.ByteBuffer
import java.security.KeyFactory
import java.security.KeyStore
import java.security.ProviderException
import java.security.Signature
import java.security.UnrecoverableKeyException
import java.security.spec.X509EncodedKeySpec
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.IllegalBlockSizeException
import javax.crypto.spec.GCMParameterSpec
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.util.ReflectionHelpers
import org.taptill.core.KeyFault
import org.taptill.core.KeyKind
import org.taptill.core.NoHandle
import org.taptill.core.SecretSink
import org.taptill.support.MemoryKeystore
import org.taptill.support.MemoryKeystore.Keeper

/** What the Keystore adapter asks of the platform, what it hands to the core, and what it leaves behind. */
@RunWith(RobolectricTestRunner::class)
class KeystoreKeysTest {
    /** Stands where the core would take a secret: keeps what came and the buffer that it came in. */
    private class Sink : SecretSink(NoHandle) {
        var got: ByteArray? = null
        var passage: ByteBuffer? = null

        override fun put(secret: ByteBuffer) {
            assertTrue("a heap buffer would be copied and left", secret.isDirect)
            passage = secret
            got = ByteArray(secret.remaining()).also { secret.duplicate().get(it) }
        }
    }

    private val packages
        get() = RuntimeEnvironment.getApplication().packageManager

    private val keys by lazy { KeystoreKeys(KeyMaker(packages)) }

    @Before fun aPhoneWithATee() = MemoryKeystore.install()

    @Test
    fun aWrappedSecretOpensOnlyWithItsKeyItsContextAndEveryBit() {
        keys.create("wrap", KeyKind.WRAP)
        keys.create("other", KeyKind.WRAP)
        val secret = byteArrayOf(1, 2, 3)
        val wrapped = keys.wrap("wrap", secret, CONTEXT)
        assertArrayEquals("the adapter's copy is wiped", ByteArray(3), secret)

        val sink = Sink()
        keys.unwrap("wrap", wrapped, CONTEXT, sink)
        assertArrayEquals(byteArrayOf(1, 2, 3), sink.got)
        assertTrue("the passage is wiped", (0 until 3).all { sink.passage!!.get(it) == 0.toByte() })

        assertThrows(KeyFault.Rejected::class.java) { keys.unwrap("other", wrapped, CONTEXT, Sink()) }
        assertThrows(KeyFault.Rejected::class.java) { keys.unwrap("wrap", wrapped, byteArrayOf(9), Sink()) }
        for (at in wrapped.indices) {
            val changed = wrapped.copyOf().also { it[at] = (it[at].toInt() xor 1).toByte() }
            assertThrows("bit in byte $at", KeyFault.Rejected::class.java) {
                keys.unwrap("wrap", changed, CONTEXT, Sink())
            }
        }
        for (length in 0 until 28) {
            assertThrows("$length bytes", KeyFault.Rejected::class.java) {
                keys.unwrap("wrap", ByteArray(length), CONTEXT, Sink())
            }
        }
    }

    @Test
    fun theSameSecretIsNeverWrappedTheSameWayTwice() {
        keys.create("wrap", KeyKind.WRAP)
        val wrapped = List(100) { keys.wrap("wrap", byteArrayOf(7), CONTEXT).toList() }
        assertEquals(100, wrapped.toSet().size)
    }

    @Test
    fun aSignatureIsVerifiedByThePublicKeyAndAMacIsRepeated() {
        keys.create("sign", KeyKind.SIGN)
        val public = KeyFactory.getInstance("EC").generatePublic(X509EncodedKeySpec(keys.publicKey("sign")))
        val verifier = Signature.getInstance("SHA256withECDSA").apply { initVerify(public) }
        verifier.update(CONTEXT)
        assertTrue(verifier.verify(keys.sign("sign", CONTEXT)))
        verifier.update(byteArrayOf(9))
        assertFalse(verifier.verify(keys.sign("sign", CONTEXT)))

        keys.create("mac", KeyKind.MAC)
        val macs = List(2) { Sink().also { keys.mac("mac", CONTEXT, it) }.got }
        assertEquals(32, macs[0]!!.size)
        assertArrayEquals(macs[0], macs[1])
    }

    @Test
    fun anAttestationAnswersTheChallengeOfTheKeysMakingAndNoOther() {
        keys.create("sign", KeyKind.SIGN)
        assertEquals(1, keys.attest("sign", KeyMaker.challenge("sign")).size)
        assertThrows(KeyFault.Unsupported::class.java) { keys.attest("sign", CONTEXT) }
    }

    @Test
    fun aKeyServesOnePurposeAndAnAliasIsTakenOnce() {
        keys.create("wrap", KeyKind.WRAP)
        keys.create("mac", KeyKind.MAC)
        keys.create("sign", KeyKind.SIGN)
        val refusals =
            listOf(
                KeyFault.AlreadyExists::class to { keys.create("wrap", KeyKind.SIGN) },
                KeyFault.NotFound::class to { keys.wrap("none", byteArrayOf(1), CONTEXT) },
                KeyFault.NotFound::class to { keys.unwrap("none", ByteArray(40), CONTEXT, Sink()) },
                KeyFault.NotFound::class to { keys.mac("none", CONTEXT, Sink()) },
                KeyFault.NotFound::class to { keys.sign("none", CONTEXT) },
                KeyFault.NotFound::class to { keys.publicKey("none") },
                KeyFault.NotFound::class to { keys.attest("none", CONTEXT) },
                KeyFault.WrongKind::class to { keys.wrap("mac", byteArrayOf(1), CONTEXT) },
                KeyFault.WrongKind::class to { keys.unwrap("sign", ByteArray(40), CONTEXT, Sink()) },
                KeyFault.WrongKind::class to { keys.mac("wrap", CONTEXT, Sink()) },
                KeyFault.WrongKind::class to { keys.sign("mac", CONTEXT) },
                KeyFault.WrongKind::class to { keys.publicKey("wrap") },
                KeyFault.WrongKind::class to { keys.attest("mac", CONTEXT) },
            )
        refusals.forEachIndexed { row, (fault, question) -> assertThrows("row $row", fault.java) { question() } }
    }

    @Test
    fun aDestroyedKeyIsGoneAndDestroyingItAgainIsNoFault() {
        keys.create("wrap", KeyKind.WRAP)
        assertTrue(keys.exists("wrap"))
        repeat(2) { keys.destroy("wrap") }
        assertFalse(keys.exists("wrap"))
    }

    @Test
    fun keysAreMadeInStrongBoxElseInTheTeeElseRefused() {
        val table =
            listOf(
                Triple(Keeper.STRONGBOX, KeyLevel.StrongBox, true),
                Triple(Keeper.STRONGBOX_BROKEN, KeyLevel.Tee, false),
                Triple(Keeper.TEE, KeyLevel.Tee, false),
                Triple(Keeper.SOFTWARE, KeyLevel.Refused, false),
            )
        for ((keeper, level, inStrongBox) in table) {
            for (kind in KeyKind.entries) {
                MemoryKeystore.install(keeper)
                assertEquals("$keeper $kind", level, KeyMaker(packages).make("key", kind))
                assertEquals("$keeper $kind", inStrongBox, MemoryKeystore.specOf("key").isStrongBoxBacked)
            }
        }
    }

    @Test
    fun aSoftwareKeyIsRefusedAndGoneUnlessTheAppAskedForIt() {
        MemoryKeystore.install(Keeper.SOFTWARE)
        assertThrows(KeyFault.Unsupported::class.java) { keys.create("wrap", KeyKind.WRAP) }
        assertFalse("the refused key is not left behind", keys.exists("wrap"))

        MemoryKeystore.install(Keeper.TEE)
        MemoryKeystore.infoFailure = ProviderException("nobody knows what keeps it")
        assertThrows(KeyFault.Unavailable::class.java) { keys.create("wrap", KeyKind.WRAP) }
        assertFalse("a key of which nothing is known is not left behind", keys.exists("wrap"))

        MemoryKeystore.install(Keeper.SOFTWARE)
        val allowed = KeyMaker(packages, softwareKeys = KeyLevel.Software)
        assertEquals(KeyLevel.Software, allowed.make("wrap", KeyKind.WRAP))
        KeystoreKeys(allowed).create("sign", KeyKind.SIGN)
        assertTrue(keys.exists("sign"))
    }

    @Test
    fun eachKindIsMadeForItsOnePurpose() {
        for (kind in KeyKind.entries) keys.create(kind.name.lowercase(), kind)
        val wrap: KeyGenParameterSpec = MemoryKeystore.specOf("wrap")
        assertEquals(KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT, wrap.purposes)
        assertEquals(
            listOf("GCM", "256", "true"),
            listOf(wrap.blockModes[0], "${wrap.keySize}", "${wrap.isRandomizedEncryptionRequired}"),
        )
        assertEquals(KeyProperties.PURPOSE_SIGN, MemoryKeystore.specOf("mac").purposes)
        assertEquals(KeyProperties.PURPOSE_SIGN, MemoryKeystore.specOf("sign").purposes)
        assertEquals(listOf("SHA-256"), MemoryKeystore.specOf("sign").digests.toList())
    }

    @Test
    fun eachExceptionOfThePlatformIsOneFault() {
        val table =
            listOf(
                AEADBadTagException() to KeyFault.Rejected::class,
                KeyPermanentlyInvalidatedException() to KeyFault.Damaged::class,
                UnrecoverableKeyException() to KeyFault.Damaged::class,
                ProviderException() to KeyFault.Unavailable::class,
                IllegalBlockSizeException() to KeyFault.Unavailable::class,
            )
        for ((exception, fault) in table) {
            assertThrows("$exception", fault.java) { keystore { throw exception } }
        }
        MemoryKeystore.failure = ProviderException("the store is locked")
        assertThrows(KeyFault.Unavailable::class.java) { keys.exists("wrap") }
        assertThrows(KeyFault.Unavailable::class.java) { keys.create("wrap", KeyKind.WRAP) }
        assertThrows(KeyFault.Unavailable::class.java) { keys.destroy("wrap") }
    }

    @Test
    fun aWrappedSecretIsPlainAesGcmWithTheContextAuthenticated() {
        keys.create("wrap", KeyKind.WRAP)
        val wrapped = keys.wrap("wrap", byteArrayOf(1, 2, 3), CONTEXT)
        val key = KeyStore.getInstance(KeyMaker.PROVIDER).apply { load(null) }.getKey("wrap", null)
        val cipher = Cipher.getInstance("AES/GCM/NoPadding")
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, wrapped, 0, 12))
        cipher.updateAAD(CONTEXT)
        assertArrayEquals(byteArrayOf(1, 2, 3), cipher.doFinal(wrapped, 12, wrapped.size - 12))
    }

    @Test
    fun onAndroid8NothingNewerIsAskedFor() {
        MemoryKeystore.install(Keeper.STRONGBOX)
        val now = Build.VERSION.SDK_INT
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", Build.VERSION_CODES.O)
        try {
            assertEquals(KeyLevel.Tee, KeyMaker(packages).make("key", KeyKind.WRAP))
            assertFalse(MemoryKeystore.specOf("key").isStrongBoxBacked)
        } finally {
            ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", now)
        }
    }

    private companion object {
        val CONTEXT = "context".toByteArray()
    }
}
