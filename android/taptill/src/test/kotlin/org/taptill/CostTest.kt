package org.taptill

import java.util.Locale
import java.util.concurrent.Semaphore
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.taptill.core.CardChannel
import org.taptill.core.Clock
import org.taptill.core.ClockReading
import org.taptill.core.Desk
import org.taptill.core.Display
import org.taptill.core.Intent
import org.taptill.core.Language
import org.taptill.core.NetworkPosture
import org.taptill.core.Notice
import org.taptill.core.Observer
import org.taptill.core.Posture
import org.taptill.core.Screen
import org.taptill.core.describeError
import org.taptill.core.factsOf
import org.taptill.testing.DesktopClock
import org.taptill.testing.MemoryKeys
import org.taptill.testing.Shop
import org.taptill.testing.Stand
import org.taptill.testing.claimForAlice

/**
 * What the border costs in one sale: its calls and callbacks, counted in a real sale, each at the measured price of a
 * dearer one.
 *
 * A call is priced as one that takes and gives a record; a callback as a desk's answer to an intent, with a whole
 * screen and the way between two threads in it. So the figure is an upper bound. Without `-Dtaptill.cost=true` a
 * handful runs, so that it does not rot.
 */
class CostTest {
    private val measures = System.getProperty("taptill.cost").toBoolean()
    private val rounds = if (measures) 5_000 else 20
    private val sales = if (measures) 50 else 2
    private val callbacks = AtomicInteger()

    @Test
    fun the_border_takes_a_small_part_of_a_tap() = runBlocking {
        withTimeout(600.seconds) {
            val callMs = priceOfCall()
            val callbackMs = priceOfCallback()
            val (perSale, awaitMs) = Stand.start().use { stand -> sell(stand) }
            val costMs = CALLS_PER_SALE * callMs + awaitMs + perSale * callbackMs
            println(
                """{"language":"kotlin","sales":$sales,"ffi_ms_per_sale":${"%.3f".format(Locale.ROOT, costMs)},""" +
                    """"ffi_calls_per_sale":${CALLS_PER_SALE + 1},"callbacks_per_sale":$perSale}"""
            )
            assertTrue(perSale > 10, "only $perSale callbacks")
            if (measures) assertTrue(costMs < TAP_MS, "$costMs ms")
        }
    }

    private fun priceOfCall(): Double {
        val facts = factsOf("till_busy")
        return price { describeError(facts, Language.EN) }
    }

    /** From an intent to the screen that answers it, and so a call and a callback. */
    private fun priceOfCallback(): Double {
        val shown = Semaphore(0)
        val display =
            object : Display {
                override fun show(screen: Screen): Unit = shown.release()
            }
        val home = kotlin.io.path.createTempDirectory("taptill").toFile()
        val desk = Desk.open(home.path, ports().guarded(Silent), Language.EN, ports().guarded(display))
        val languages = listOf(Language.ZH_CN, Language.EN)
        var round = 0
        desk.send(Intent.Settings)
        shown.acquire()
        shown.drainPermits()
        val price = price {
            desk.send(Intent.UseLanguage(languages[round++ % 2]))
            shown.acquire()
        }
        desk.shut()
        desk.destroy()
        home.deleteRecursively()
        return price
    }

    /** Callbacks in a sale, and the price of waiting for one that has ended. */
    private suspend fun sell(stand: Stand): Pair<Int, Double> = coroutineScope {
        val place = stand.till()
        Secret.of(place.provisioning.readBytes()).use { Till.provision(place.home, it, ports()) }
        Till.open(place.home, ports()).use { till ->
            till.claimForAlice()
            val shop = Shop(stand, place, ports(), till, emptyList())
            val customer = shop.customer(this) { Counting(stand.tap("visa")) }
            till.sell(Shop.order(100))
            callbacks.set(0)
            repeat(sales) { till.sell(Shop.order(100)) }
            val perSale = callbacks.get() / sales
            val sale = till.begin(Shop.order(100))
            sale.outcome()
            customer.cancel()
            perSale to price { runBlocking { sale.outcome() } }
        }
    }

    private inline fun price(call: () -> Unit): Double {
        repeat(rounds) { call() }
        val begun = System.nanoTime()
        repeat(rounds) { call() }
        return (System.nanoTime() - begun) / NANOS_PER_MILLI / rounds
    }

    private val keys = MemoryKeys()

    private fun ports(): TillPorts = TillPorts(keys, Network(), Time(), observer = Ears())

    private inner class Network : NetworkPosture {
        override fun posture(): Posture = Posture.TRUSTED.also { callbacks.incrementAndGet() }
    }

    private inner class Time : Clock {
        override fun now(): ClockReading = DesktopClock.now().also { callbacks.incrementAndGet() }
    }

    private inner class Ears : Observer {
        override fun hear(notice: Notice) {
            callbacks.incrementAndGet()
        }
    }

    private inner class Counting(private val card: CardChannel) : CardChannel {
        override fun transceive(command: ByteArray): ByteArray =
            card.transceive(command).also { callbacks.incrementAndGet() }
    }

    private object Silent : Observer {
        override fun hear(notice: Notice) = Unit
    }

    private companion object {
        /**
         * Start, the attempt's name, the card, and two handles that go back; the wait for the outcome is priced apart.
         */
        const val CALLS_PER_SALE = 5
        const val TAP_MS = 500.0
        const val NANOS_PER_MILLI = 1e6
    }
}
