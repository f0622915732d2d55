package org.taptill.contract

import org.taptill.TillPorts
import org.taptill.core.BiometricFault
import org.taptill.core.BiometricKey
import org.taptill.core.CardChannel
import org.taptill.core.CardFault
import org.taptill.core.Clock
import org.taptill.core.ClockReading
import org.taptill.core.DeviceKeys
import org.taptill.core.EncryptedReader
import org.taptill.core.ExportFault
import org.taptill.core.ExportSink
import org.taptill.core.KeyFault
import org.taptill.core.KeyKind
import org.taptill.core.NetworkPosture
import org.taptill.core.Notice
import org.taptill.core.Observer
import org.taptill.core.PortFault
import org.taptill.core.Posture
import org.taptill.core.SecretSink
import org.taptill.putAndWipe
import org.taptill.testing.DesktopClock
import org.taptill.testing.MemoryKeys

/** What no port declares, with a text that must not cross. */
class Undeclared : RuntimeException("a stack trace, a path, a secret")

/** How far a case's clocks are from the system's. */
class Shifts(private val wallMs: Long = 0, private val monoMs: Long = 0, private val boots: Long = 0) {
    fun of(now: ClockReading): ClockReading =
        ClockReading(now.wallMs + wallMs, now.monoMs + monoMs.toULong(), now.bootCount + boots.toULong())
}

/** The ports of a case: those of a desktop, until a step says how they fail. */
class FaultyPorts(private val heard: Log<String>, reader: EncryptedReader?) {
    @Volatile private var keys: DeviceKeys = MemoryKeys()
    @Volatile var posture: Posture = Posture.TRUSTED
    @Volatile var shifts: Shifts = Shifts()
    private val faults = java.util.concurrent.ConcurrentHashMap<String, String>()

    val ears: Observer = Ears()
    val ports = TillPorts(Keys(), Network(), Time(), reader, Sensor(), ears)

    /** From now on [port], or one [method] of it, fails so; `null` mends it. */
    fun fail(port: String, method: String?, fault: String?) {
        val methods = PORTS[port] ?: unknown("the port $port")
        if (method != null && method !in methods) unknown("the port $port $method")
        if (fault != null) faultOf(port, fault)
        for (one in method?.let(::listOf) ?: methods) {
            val key = "$port $one"
            if (fault == null) faults.remove(key) else faults[key] = fault
        }
    }

    /** What was handed out, by file. */
    val exported = java.util.concurrent.ConcurrentSkipListMap<String, ByteArray>()

    /** Where a till's records go, until a step says how that fails. */
    fun drawer(): ExportSink =
        object : ExportSink {
            override fun put(name: String, bytes: ByteArray) {
                faults["export put"]?.let { throw exportFault(it) }
                exported.merge(name, bytes) { before, more -> before + more }
            }

            override fun finish() {
                faults["export finish"]?.let { throw exportFault(it) }
            }
        }

    fun loseKeys() {
        keys = MemoryKeys()
    }

    private fun check(port: String) {
        faults["$port "]?.let { throw portFault(it) }
    }

    /** Whether the method does nothing at all. */
    private fun keeps(method: String): Boolean {
        val fault = faults["device_keys $method"] ?: return true
        if (fault == "nothing") return false
        throw keyFault(fault)
    }

    /** A sensor with one person in front of it. */
    private inner class Sensor : BiometricKey {
        private val held = java.util.concurrent.ConcurrentHashMap<String, Pair<ByteArray, ByteArray>>()

        override fun create(alias: String, secret: ByteArray, context: ByteArray): ByteArray {
            gives("create")
            held[alias] = secret.copyOf() to context
            return alias.toByteArray()
        }

        override fun release(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink) {
            val gives = gives("release")
            val (secret, boundTo) = held[alias] ?: throw BiometricFault.NotFound()
            val isOurs = wrapped.contentEquals(alias.toByteArray()) && context.contentEquals(boundTo)
            if (!isOurs) throw BiometricFault.Void()
            if (gives) into.putAndWipe(secret.copyOf())
        }

        override fun destroy(alias: String) {
            gives("destroy")
            held.remove(alias)
        }

        private fun gives(method: String): Boolean {
            val fault = faults["biometric $method"] ?: return true
            if (fault == "nothing") return false
            throw biometricFault(fault)
        }
    }

    private inner class Network : NetworkPosture {
        override fun posture(): Posture = check("network").let { this@FaultyPorts.posture }
    }

    private inner class Time : Clock {
        override fun now(): ClockReading = check("clock").let { shifts.of(DesktopClock.now()) }
    }

    private inner class Ears : Observer {
        override fun hear(notice: Notice) {
            heard.add(written(notice))
            check("observer")
        }
    }

    private inner class Keys : DeviceKeys {
        override fun create(alias: String, kind: KeyKind) {
            if (keeps("create")) keys.create(alias, kind)
        }

        override fun exists(alias: String): Boolean = keeps("exists") && keys.exists(alias)

        override fun destroy(alias: String) {
            if (keeps("destroy")) keys.destroy(alias)
        }

        override fun publicKey(alias: String): ByteArray =
            if (keeps("public_key")) keys.publicKey(alias) else byteArrayOf()

        override fun attest(alias: String, challenge: ByteArray): List<ByteArray> =
            if (keeps("attest")) keys.attest(alias, challenge) else emptyList()

        override fun wrap(alias: String, secret: ByteArray, context: ByteArray): ByteArray =
            if (keeps("wrap")) keys.wrap(alias, secret, context) else byteArrayOf()

        override fun unwrap(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink) {
            if (keeps("unwrap")) keys.unwrap(alias, wrapped, context, into)
        }

        override fun mac(alias: String, data: ByteArray, into: SecretSink) {
            if (keeps("mac")) keys.mac(alias, data, into)
        }

        override fun sign(alias: String, data: ByteArray): ByteArray =
            if (keeps("sign")) keys.sign(alias, data) else byteArrayOf()
    }

    private companion object {
        val METHODS = listOf("create", "exists", "destroy", "public_key", "attest", "wrap", "unwrap", "mac", "sign")
        val PORTS =
            mapOf(
                "device_keys" to METHODS,
                "biometric" to listOf("create", "release", "destroy"),
                "export" to listOf("put", "finish"),
                "clock" to listOf(""),
                "network" to listOf(""),
                "observer" to listOf(""),
            )

        fun faultOf(port: String, fault: String): Exception =
            when (port) {
                "device_keys" -> keyFault(fault)
                "biometric" -> biometricFault(fault)
                "export" -> exportFault(fault)
                else -> portFault(fault)
            }

        fun biometricFault(fault: String): Exception =
            when (fault) {
                "void" -> BiometricFault.Void()
                "not_found" -> BiometricFault.NotFound()
                "not_recognised" -> BiometricFault.NotRecognised()
                "cancelled" -> BiometricFault.Cancelled()
                "unavailable" -> BiometricFault.Unavailable()
                "nothing",
                "undeclared" -> Undeclared()
                else -> unknown("the fault $fault")
            }

        fun exportFault(fault: String): Exception =
            when (fault) {
                "full" -> ExportFault.Full()
                "read_only" -> ExportFault.ReadOnly()
                "not_empty" -> ExportFault.NotEmpty()
                "failed" -> ExportFault.Failed()
                "undeclared" -> Undeclared()
                else -> unknown("the fault $fault")
            }

        fun portFault(fault: String): Exception =
            when (fault) {
                "failed" -> PortFault.Failed()
                "undeclared" -> Undeclared()
                else -> unknown("the fault $fault")
            }

        fun keyFault(fault: String): Exception =
            when (fault) {
                "not_found" -> KeyFault.NotFound()
                "already_exists" -> KeyFault.AlreadyExists()
                "wrong_kind" -> KeyFault.WrongKind()
                "unavailable" -> KeyFault.Unavailable()
                "rejected" -> KeyFault.Rejected()
                "damaged" -> KeyFault.Damaged()
                "unsupported" -> KeyFault.Unsupported()
                "nothing",
                "undeclared" -> Undeclared()
                else -> unknown("the fault $fault")
            }
    }
}

/**
 * A tap: forwards to [card], stops before its [pauseAt]th command until [release], throws instead of forwarding its
 * [faultAt]th.
 */
class TapChannel(private val card: CardChannel, private val pauseAt: Int?, fault: String?, private val faultAt: Int) :
    CardChannel {
    private val fault = fault?.let(::cardFault)
    private val stands = java.util.concurrent.CountDownLatch(1)
    private val letGo = java.util.concurrent.CountDownLatch(1)
    private var commands = 0

    override fun transceive(command: ByteArray): ByteArray {
        commands++
        if (commands == pauseAt) {
            stands.countDown()
            letGo.await()
        }
        if (commands == faultAt) fault?.let { throw it }
        return card.transceive(command)
    }

    fun awaitPause(patienceMs: Long): Boolean = stands.await(patienceMs, java.util.concurrent.TimeUnit.MILLISECONDS)

    fun release(): Unit = letGo.countDown()

    private companion object {
        fun cardFault(fault: String): Exception =
            when (fault) {
                "lost" -> CardFault.Lost()
                "timed_out" -> CardFault.TimedOut()
                "reader_failed" -> CardFault.ReaderFailed()
                "undeclared" -> Undeclared()
                else -> unknown("the fault $fault")
            }
    }
}
