package org.taptill

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import org.taptill.core.Amount
import org.taptill.core.BiometricFault
import org.taptill.core.BiometricKey
import org.taptill.core.CardChannel
import org.taptill.core.CardFault
import org.taptill.core.Clock
import org.taptill.core.ClockReading
import org.taptill.core.DeviceKeys
import org.taptill.core.Display
import org.taptill.core.EncryptedRead
import org.taptill.core.EncryptedReader
import org.taptill.core.ExportFault
import org.taptill.core.ExportSink
import org.taptill.core.KeyFault
import org.taptill.core.KeyKind
import org.taptill.core.Language
import org.taptill.core.NetworkPosture
import org.taptill.core.NoHandle
import org.taptill.core.Notice
import org.taptill.core.Observer
import org.taptill.core.PortFault
import org.taptill.core.Posture
import org.taptill.core.ReadRequest
import org.taptill.core.ReaderFault
import org.taptill.core.Screen
import org.taptill.core.ScreenKind
import org.taptill.core.SecretSink
import org.taptill.core.Tone

/** What passes a guard: the declared faults of its port, and for everything else the one word `Undeclared`. */
class GuardedPortsTest {
    private val heard = mutableListOf<Throwable>()

    @Test
    fun a_declared_fault_passes_as_it_is() {
        for (fault in
            listOf(KeyFault.NotFound(), KeyFault.WrongKind(), KeyFault.Unavailable(), KeyFault.Undeclared())) {
            for ((name, call) in keyCalls(Failing(fault))) {
                assertSame(fault, assertThrows(KeyFault::class.java, call), name)
            }
        }
        for (fault in listOf(CardFault.Lost(), CardFault.TimedOut(), CardFault.ReaderFailed())) {
            assertSame(
                fault,
                assertThrows(CardFault::class.java) {
                    GuardedCard(Failing(fault), heard::add).transceive(byteArrayOf())
                },
            )
        }
        for (fault in listOf(ReaderFault.Cancelled(), ReaderFault.NotReady(), ReaderFault.Failed())) {
            val reader = GuardedReader(Failing(fault), heard::add)
            assertSame(fault, assertThrows(ReaderFault::class.java) { reader.read(REQUEST) })
        }
        val failed = PortFault.Failed()
        for ((name, call) in otherCalls(Failing(failed))) assertSame(
            failed,
            assertThrows(PortFault::class.java, call),
            name,
        )
        assertEquals(emptyList<Throwable>(), heard)
    }

    @Test
    fun anything_else_becomes_undeclared_and_the_app_hears_of_it() {
        for (thrown in
            listOf(
                IllegalStateException(),
                OutOfMemoryError(),
                StackOverflowError(),
                AssertionError(),
                NotImplementedError(),
            )) {
            val failing = Failing(thrown)
            for ((name, call) in keyCalls(failing)) assertThrows(KeyFault.Undeclared::class.java, call, "$name $thrown")
            for ((name, call) in otherCalls(failing)) assertThrows(
                PortFault.Undeclared::class.java,
                call,
                "$name $thrown",
            )
            assertThrows(CardFault.Undeclared::class.java) {
                GuardedCard(failing, heard::add).transceive(byteArrayOf())
            }
            assertThrows(ReaderFault.Undeclared::class.java) { GuardedReader(failing, heard::add).read(REQUEST) }
            assertEquals(List(16) { thrown }, heard)
            heard.clear()
        }
    }

    @Test
    fun a_listener_that_throws_changes_nothing() {
        val guarded = GuardedClock(Failing(IllegalStateException())) { throw it }
        assertThrows(PortFault.Undeclared::class.java) { guarded.now() }
    }

    @Test
    fun a_secret_that_was_lent_to_the_key_store_is_wiped_whatever_the_store_does() {
        for (keys in listOf(Failing(KeyFault.NotFound()), Failing(OutOfMemoryError()))) {
            val secret = byteArrayOf(1, 2)
            assertThrows(KeyFault::class.java) { GuardedKeys(keys, heard::add).wrap("a", secret, byteArrayOf()) }
            assertArrayEquals(byteArrayOf(0, 0), secret)
        }
    }

    @Test
    fun a_sensor_is_guarded_as_the_key_store_is() {
        val sink = SecretSink(NoHandle)
        fun calls(sensor: BiometricKey): List<() -> Unit> =
            listOf(
                { sensor.create("a", byteArrayOf(), byteArrayOf()) },
                { sensor.release("a", byteArrayOf(), byteArrayOf(), sink) },
                { sensor.destroy("a") },
            )
        val declared = BiometricFault.NotRecognised()
        for (call in calls(GuardedSensor(FailingSensor(declared), heard::add))) {
            assertSame(declared, assertThrows(BiometricFault::class.java, call))
        }
        assertEquals(emptyList<Throwable>(), heard)
        val thrown = OutOfMemoryError()
        for (call in calls(GuardedSensor(FailingSensor(thrown), heard::add))) {
            assertThrows(BiometricFault.Undeclared::class.java, call)
        }
        assertEquals(List(3) { thrown }, heard)
        val secret = byteArrayOf(1, 2)
        assertThrows(BiometricFault::class.java) {
            GuardedSensor(FailingSensor(declared), heard::add).create("a", secret, byteArrayOf())
        }
        assertArrayEquals(byteArrayOf(0, 0), secret)
    }

    @Test
    fun a_place_for_records_is_guarded_too() {
        val rows = listOf(ExportFault.Full() to 0, ExportFault.ReadOnly() to 0, OutOfMemoryError() to 2)
        for ((thrown, undeclared) in rows) {
            val failing =
                object : ExportSink {
                    override fun put(name: String, bytes: ByteArray): Unit = throw thrown

                    override fun finish(): Unit = throw thrown
                }
            val guarded = GuardedSink(failing, heard::add)
            for (call in listOf<() -> Unit>({ guarded.put("a", byteArrayOf()) }, { guarded.finish() })) {
                val came = assertThrows(ExportFault::class.java, call)
                val expected = if (undeclared == 0) thrown.javaClass else ExportFault.Undeclared::class.java
                assertSame(expected, came.javaClass)
            }
            assertEquals(List(undeclared) { thrown }, heard)
            heard.clear()
        }
    }

    private class FailingSensor(private val thrown: Throwable) : BiometricKey {
        override fun create(alias: String, secret: ByteArray, context: ByteArray): ByteArray = throw thrown

        override fun release(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink): Unit =
            throw thrown

        override fun destroy(alias: String): Unit = throw thrown
    }

    private fun keyCalls(failing: Failing): List<Pair<String, () -> Unit>> {
        val keys = GuardedKeys(failing, heard::add)
        val sink = SecretSink(NoHandle)
        return listOf(
            "create" to { keys.create("a", KeyKind.MAC) },
            "exists" to { keys.exists("a") },
            "destroy" to { keys.destroy("a") },
            "publicKey" to { keys.publicKey("a") },
            "attest" to { keys.attest("a", byteArrayOf()) },
            "wrap" to { keys.wrap("a", byteArrayOf(), byteArrayOf()) },
            "unwrap" to { keys.unwrap("a", byteArrayOf(), byteArrayOf(), sink) },
            "mac" to { keys.mac("a", byteArrayOf(), sink) },
            "sign" to { keys.sign("a", byteArrayOf()) },
        )
    }

    private fun otherCalls(failing: Failing): List<Pair<String, () -> Unit>> =
        listOf(
            "now" to { GuardedClock(failing, heard::add).now() },
            "posture" to { GuardedNetwork(failing, heard::add).posture() },
            "hear" to { GuardedObserver(failing, heard::add).hear(Notice.FieldOn) },
            "show" to { GuardedDisplay(failing, heard::add).show(SCREEN) },
            "cancel" to { GuardedReader(failing, heard::add).cancel() },
        )

    /** Every port at once, throwing the same from everything. */
    private class Failing(private val thrown: Throwable) :
        DeviceKeys, Clock, NetworkPosture, Observer, CardChannel, Display, EncryptedReader {
        override fun create(alias: String, kind: KeyKind): Unit = throw thrown

        override fun exists(alias: String): Boolean = throw thrown

        override fun destroy(alias: String): Unit = throw thrown

        override fun publicKey(alias: String): ByteArray = throw thrown

        override fun attest(alias: String, challenge: ByteArray): List<ByteArray> = throw thrown

        override fun wrap(alias: String, secret: ByteArray, context: ByteArray): ByteArray = throw thrown

        override fun unwrap(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink): Unit =
            throw thrown

        override fun mac(alias: String, data: ByteArray, into: SecretSink): Unit = throw thrown

        override fun sign(alias: String, data: ByteArray): ByteArray = throw thrown

        override fun now(): ClockReading = throw thrown

        override fun posture(): Posture = throw thrown

        override fun hear(notice: Notice): Unit = throw thrown

        override fun transceive(command: ByteArray): ByteArray = throw thrown

        override fun show(screen: Screen): Unit = throw thrown

        override fun read(request: ReadRequest): EncryptedRead = throw thrown

        override fun cancel(): Unit = throw thrown
    }

    private companion object {
        val REQUEST = ReadRequest(Amount(100, "CNY"), "attempt", byteArrayOf())
        val SCREEN =
            Screen(
                kind = ScreenKind.SETTINGS,
                tone = Tone.NEUTRAL,
                title = "",
                headline = null,
                message = null,
                advice = null,
                lights = 0u,
                fieldOn = false,
                rows = emptyList(),
                fields = emptyList(),
                slip = null,
                keypad = false,
                backspaceLabel = "",
                actions = emptyList(),
                private = false,
                language = Language.EN,
            )
    }
}
