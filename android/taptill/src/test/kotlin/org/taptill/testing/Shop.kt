package org.taptill.testing

import java.util.concurrent.CopyOnWriteArrayList
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.taptill.Secret
import org.taptill.Till
import org.taptill.TillPorts
import org.taptill.core.Amount
import org.taptill.core.Attempt
import org.taptill.core.CardChannel
import org.taptill.core.DeviceKeys
import org.taptill.core.Notice
import org.taptill.core.Observer
import org.taptill.core.SaleOrder

/** The supervisor of the sandbox's tills. */
public const val ALICE: String = "alice"

/** Her password; whoever takes it closes it. */
public fun passwordOfAlice(): Secret = Secret.of("correct horse battery 9".toCharArray())

/** Makes a till that is nobody's alice's, who is signed in then. */
public suspend fun Till.claimForAlice(): Unit =
    passwordOfAlice().use { people.claim(ALICE, it) }.use { it.wipe() }

/** A till of the stand that is alice's and open, and one who holds a card to it when its field is on. */
public class Shop(
    public val stand: Stand,
    public val place: StandTill,
    public val ports: TillPorts,
    public val till: Till,
    /** What the ports threw besides their declared faults. */
    public val undeclared: List<Throwable>,
) : AutoCloseable {
    /** Sells to whoever holds this card to the reader. */
    public suspend fun sell(
        minor: Long,
        card: String = "visa",
        attempt: String? = null,
        scope: CoroutineScope,
    ): Attempt {
        val customer = customer(scope) { stand.tap(card) }
        return till.sell(order(minor, attempt)).also { customer.cancel() }
    }

    /** Presents what [card] gives, each time that the field goes on, from now on. */
    public fun customer(scope: CoroutineScope, card: () -> CardChannel): Job =
        scope.launch(start = CoroutineStart.UNDISPATCHED) {
            till.notices.filter { it == Notice.FieldOn }.collect { till.present(card()) }
        }

    /** Waits until the core says something that [wanted] holds for. */
    public suspend fun hear(wanted: (Notice) -> Boolean): Notice = till.notices.first(wanted)

    override fun close(): Unit = till.close()

    public companion object {
        public fun order(minor: Long, attempt: String? = null): SaleOrder =
            SaleOrder(attempt, Amount(minor, "CNY"), order = null)

        /** Sets a fresh till up, opens it and claims it. */
        public suspend fun open(stand: Stand, keys: DeviceKeys = MemoryKeys(), observer: Observer? = null): Shop {
            val place = stand.till()
            val undeclared = CopyOnWriteArrayList<Throwable>()
            val ports = desktopPorts(keys, observer, undeclared::add)
            Secret.of(place.provisioning.readBytes()).use { Till.provision(place.home, it, ports) }
            val till = Till.open(place.home, ports)
            till.claimForAlice()
            return Shop(stand, place, ports, till, undeclared)
        }
    }
}
