package org.taptill

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
import org.taptill.core.NetworkPosture
import org.taptill.core.Notice
import org.taptill.core.Observer
import org.taptill.core.PortFault
import org.taptill.core.Posture
import org.taptill.core.ReadRequest
import org.taptill.core.ReaderFault
import org.taptill.core.Screen
import org.taptill.core.SecretSink

// The guards of the ports: what a port throws besides its declared faults becomes the fault `Undeclared`.
//
// Without them an `Error`, as a failed assertion or no memory, would pass the generated code, which catches exceptions
// alone: the core
// would read an answer that nobody wrote. The guards of the key store and of the sensor also wipe the secret that was
// lent to `wrap` and `create`.
// Evidence: `GuardedPortsTest`, and the contract's cases of ports that throw.

private inline fun <T, reified F : Throwable> guard(heard: (Throwable) -> Unit, undeclared: () -> F, call: () -> T): T =
    try {
        call()
    } catch (thrown: Throwable) {
        if (thrown is F) throw thrown
        runCatching { heard(thrown) }
        throw undeclared()
    }

internal class GuardedCard(private val channel: CardChannel, private val heard: (Throwable) -> Unit) : CardChannel {
    override fun transceive(command: ByteArray): ByteArray =
        guard<_, CardFault>(heard, CardFault::Undeclared) { channel.transceive(command) }
}

internal class GuardedClock(private val clock: Clock, private val heard: (Throwable) -> Unit) : Clock {
    override fun now(): ClockReading = guard<_, PortFault>(heard, PortFault::Undeclared) { clock.now() }
}

internal class GuardedNetwork(private val network: NetworkPosture, private val heard: (Throwable) -> Unit) :
    NetworkPosture {
    override fun posture(): Posture = guard<_, PortFault>(heard, PortFault::Undeclared) { network.posture() }
}

internal class GuardedObserver(private val observer: Observer, private val heard: (Throwable) -> Unit) : Observer {
    override fun hear(notice: Notice): Unit =
        guard<_, PortFault>(heard, PortFault::Undeclared) { observer.hear(notice) }
}

internal class GuardedSink(private val sink: ExportSink, private val heard: (Throwable) -> Unit) : ExportSink {
    override fun put(name: String, bytes: ByteArray): Unit =
        guard<_, ExportFault>(heard, ExportFault::Undeclared) { sink.put(name, bytes) }

    override fun finish(): Unit = guard<_, ExportFault>(heard, ExportFault::Undeclared) { sink.finish() }
}

internal class GuardedDisplay(private val display: Display, private val heard: (Throwable) -> Unit) : Display {
    override fun show(screen: Screen): Unit = guard<_, PortFault>(heard, PortFault::Undeclared) { display.show(screen) }
}

internal class GuardedReader(private val reader: EncryptedReader, private val heard: (Throwable) -> Unit) :
    EncryptedReader {
    override fun read(request: ReadRequest): EncryptedRead =
        guard<_, ReaderFault>(heard, ReaderFault::Undeclared) { reader.read(request) }

    override fun cancel(): Unit = guard<_, PortFault>(heard, PortFault::Undeclared) { reader.cancel() }
}

internal class GuardedSensor(private val sensor: BiometricKey, private val heard: (Throwable) -> Unit) : BiometricKey {
    override fun create(alias: String, secret: ByteArray, context: ByteArray): ByteArray =
        try {
            guarded { sensor.create(alias, secret, context) }
        } finally {
            secret.fill(0)
        }

    override fun release(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink): Unit =
        into.use { guarded { sensor.release(alias, wrapped, context, it) } }

    override fun destroy(alias: String): Unit = guarded { sensor.destroy(alias) }

    private inline fun <T> guarded(call: () -> T): T = guard<_, BiometricFault>(heard, BiometricFault::Undeclared, call)
}

internal class GuardedKeys(private val keys: DeviceKeys, private val heard: (Throwable) -> Unit) : DeviceKeys {
    override fun create(alias: String, kind: KeyKind): Unit = guarded { keys.create(alias, kind) }

    override fun exists(alias: String): Boolean = guarded { keys.exists(alias) }

    override fun destroy(alias: String): Unit = guarded { keys.destroy(alias) }

    override fun publicKey(alias: String): ByteArray = guarded { keys.publicKey(alias) }

    override fun attest(alias: String, challenge: ByteArray): List<ByteArray> = guarded {
        keys.attest(alias, challenge)
    }

    override fun wrap(alias: String, secret: ByteArray, context: ByteArray): ByteArray =
        try {
            guarded { keys.wrap(alias, secret, context) }
        } finally {
            secret.fill(0)
        }

    override fun unwrap(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink): Unit =
        into.use { guarded { keys.unwrap(alias, wrapped, context, it) } }

    override fun mac(alias: String, data: ByteArray, into: SecretSink): Unit =
        into.use { guarded { keys.mac(alias, data, it) } }

    override fun sign(alias: String, data: ByteArray): ByteArray = guarded { keys.sign(alias, data) }

    private inline fun <T> guarded(call: () -> T): T = guard<_, KeyFault>(heard, KeyFault::Undeclared, call)
}
