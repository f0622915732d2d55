package org.taptill

import org.taptill.core.BiometricKey
import org.taptill.core.CardChannel
import org.taptill.core.Clock
import org.taptill.core.DeviceKeys
import org.taptill.core.Display
import org.taptill.core.EncryptedReader
import org.taptill.core.ExportSink
import org.taptill.core.NetworkPosture
import org.taptill.core.Observer
import org.taptill.core.Ports

/**
 * What an app lends to its till. On a phone, `org.taptill.android` has all of it.
 *
 * Every port is called from the core's own threads, never from the main thread, and must return: the payment waits for
 * it. The clock may be read by several threads at once; a certified reader's `cancel` comes while its `read` waits. A
 * port must not call the till back, but for [Till.present] and [Till.collision]. Each may throw the faults that its
 * methods declare. Whatever else it throws, an `Error` included, reaches the core as the fault `Undeclared`, without
 * its text, and the app by [onUndeclared].
 */
public class TillPorts(
    /** Keys that the phone holds and never gives out: called when a till is set up and when it is opened. */
    public val deviceKeys: DeviceKeys,
    /** What network the phone is on: asked before the host is called. */
    public val network: NetworkPosture,
    /** The phone's clocks: read at every step that is recorded, from any of the core's threads. */
    public val clock: Clock,
    /** A certified reader that gives the card sealed, where the phone may not talk to it. */
    public val encryptedReader: EncryptedReader? = null,
    /** Keys that the phone gives out for a recognised finger or face alone, where it has such a sensor. */
    public val biometric: BiometricKey? = null,
    /** Hears every notice in order, for one who may miss none, as what turns the reader on and off. */
    public val observer: Observer? = null,
    /** Hears what a port threw besides its declared faults, for the app's log. Called on the port's thread. */
    public val onUndeclared: (Throwable) -> Unit = {},
) {
    /**
     * The ports as the core takes them, each behind a guard. For an app that uses the generated classes of
     * `org.taptill.core` itself.
     */
    public fun guarded(observer: Observer): Ports =
        Ports(
            GuardedKeys(deviceKeys, onUndeclared),
            GuardedClock(clock, onUndeclared),
            GuardedNetwork(network, onUndeclared),
            GuardedObserver(observer, onUndeclared),
            encryptedReader?.let { GuardedReader(it, onUndeclared) },
            biometric?.let { GuardedSensor(it, onUndeclared) },
        )

    /** A card behind the same guard. */
    public fun guarded(channel: CardChannel): CardChannel = GuardedCard(channel, onUndeclared)

    /** A place for records behind the same guard. */
    public fun guarded(sink: ExportSink): ExportSink = GuardedSink(sink, onUndeclared)

    /** A display behind the same guard. */
    public fun guarded(display: Display): Display = GuardedDisplay(display, onUndeclared)
}
