package org.taptill

import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.taptill.core.AttemptState
import org.taptill.core.CardChannel
import org.taptill.core.Language
import org.taptill.core.ListQuery
import org.taptill.core.Money
import org.taptill.core.ReceiptCopy
import org.taptill.core.ReceiptRequest
import org.taptill.core.ReceiptWidth
import org.taptill.core.TillException
import org.taptill.testing.ALICE
import org.taptill.testing.Shop
import org.taptill.testing.Stand
import org.taptill.testing.passwordOfAlice

/** Sales through the Kotlin face: the real library, the sandbox's host and cards. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SaleTest {
    private lateinit var stand: Stand

    @BeforeAll
    fun start() {
        stand = Stand.start()
    }

    @AfterAll fun end() = stand.close()

    private fun shop(block: suspend kotlinx.coroutines.CoroutineScope.(Shop) -> Unit) = runBlocking {
        withTimeout(60.seconds) { Shop.open(stand).use { block(it) } }
    }

    @Test
    fun a_sale_is_approved_listed_printed_and_proved() = shop { shop ->
        val sold = shop.sell(1230, scope = this)
        assertEquals(AttemptState.APPROVED to Money.MOVED, sold.state to sold.money)
        assertEquals(sold.attempt, shop.till.list().attempts.single().attempt)
        assertEquals(emptyList<Any>(), shop.till.list(ListQuery(order = "another")).attempts)
        val slip =
            shop.till.receipt(sold.attempt, ReceiptRequest(ReceiptWidth.C32, Language.ZH_CN, ReceiptCopy.CUSTOMER))
        assertTrue("12.30" in slip, slip)
        assertTrue(shop.till.verify().events > 0u)
        assertEquals("CNY", shop.till.info.currency)
    }

    @Test
    fun a_decline_is_an_answer() = shop { shop ->
        val declined = shop.sell(100051, scope = this)
        assertEquals(AttemptState.DECLINED, declined.state)
        assertEquals("51", declined.hostCode)
    }

    @Test
    fun a_lost_answer_is_in_doubt_and_is_reversed() = shop { shop ->
        stand.hostNext(shop.place, "reset")
        val doubtful = shop.sell(2000, scope = this)
        assertNotEquals(AttemptState.APPROVED, doubtful.state)
        shop.till.resolve()
        assertEquals(AttemptState.REVERSED, shop.till.status(doubtful.attempt).state)
    }

    @Test
    fun a_card_whose_channel_throws_an_error_of_the_platform_ends_the_sale_without_a_charge() = shop { shop ->
        val thrown = StackOverflowError("not for the core")
        val broken =
            object : CardChannel {
                override fun transceive(command: ByteArray): ByteArray = throw thrown
            }
        val customer = shop.customer(this) { broken }
        assertEquals(AttemptState.NOT_SENT, shop.till.sell(Shop.order(100)).state)
        assertTrue(thrown in shop.undeclared)
        customer.cancel()
    }

    @Test
    fun events_come_in_order_are_acknowledged_when_handled_and_come_again_when_not() = shop { shop ->
        shop.sell(100, attempt = "one", scope = this)
        val first = shop.till.events().take(3).toList()
        val again = shop.till.events().take(2).toList()
        assertEquals(first.map { it.cursor }.sorted(), first.map { it.cursor })
        // `take(3)` ends in the hands of the collector: the third was not acknowledged.
        assertEquals(first[2], again[0])
        assertNotEquals(first[2], again[1])
    }

    @Test
    fun events_wake_their_collector_and_end_when_the_till_is_closed() = shop { shop ->
        val seen = CopyOnWriteArrayList<AttemptState?>()
        val approved = CompletableDeferred<Unit>()
        val collector = launch {
            shop.till.events().collect {
                seen += it.state
                if (it.state == AttemptState.APPROVED) approved.complete(Unit)
            }
        }
        shop.sell(100, scope = this)
        approved.await()
        shop.close()
        collector.join()
        assertTrue(AttemptState.PREPARED in seen, "$seen")
    }

    @Test
    fun a_collector_that_has_nothing_to_do_sleeps() = shop { shop ->
        shop.sell(100, scope = this)
        val idle = launch { shop.till.events().collect {} }
        delay(500.milliseconds)
        val rings = shop.till.rings
        delay(500.milliseconds)
        assertEquals(rings, shop.till.rings, "the collector wakes itself")
        shop.till.status(shop.till.list().attempts.single().attempt)
        assertNotEquals(rings, shop.till.rings)
        idle.cancel()
    }

    @Test
    fun sixty_four_coroutines_at_once_are_each_answered() = shop { shop ->
        shop.sell(100, attempt = "known", scope = this)
        val answers =
            (0 until 64).map { number ->
                async(Dispatchers.Default) {
                    when (number % 4) {
                        0 -> shop.till.status("known").attempt
                        1 -> shop.till.list().attempts.single().attempt
                        2 -> shop.till.sell(Shop.order(100, "known")).attempt
                        else ->
                            runCatching { shop.till.status("nobody") }
                                .exceptionOrNull()
                                .let { (it as TillException).facts.code }
                    }
                }
            }
        assertEquals(mapOf("known" to 48, "attempt_unknown" to 16), answers.awaitAll().groupingBy { it }.eachCount())
    }

    @Test
    fun of_sixty_four_sales_at_once_one_begins_and_the_others_hear_that_the_till_is_busy() = shop { shop ->
        val sales =
            (0 until 64)
                .map { async(Dispatchers.Default) { runCatching { shop.till.begin(Shop.order(100)) } } }
                .awaitAll()
        val begun = sales.mapNotNull { it.getOrNull() }
        val refused = sales.mapNotNull { it.exceptionOrNull() }.map { (it as TillException).facts.code }
        assertEquals(1, begun.size)
        assertEquals(List(63) { "till_busy" }, refused)
        begun.single().cancel()
        assertEquals(AttemptState.NOT_SENT, begun.single().outcome().state)
    }

    @Test
    fun closing_before_the_card_answers_everyone_who_waits_and_leaves_nothing_behind() = shop { shop ->
        val sale = shop.till.begin(Shop.order(100))
        val waiting = (0 until 8).map { async(start = CoroutineStart.UNDISPATCHED) { runCatching { sale.outcome() } } }
        shop.close()
        for (outcome in waiting.awaitAll()) {
            val thrown = outcome.exceptionOrNull()
            assertEquals("terminal_closed", (thrown as? TillException)?.facts?.code, "$outcome")
        }
        assertEquals("terminal_closed", code { shop.till.list() })
        assertEquals("terminal_closed", code { shop.till.collision() })
        shop.close()
        Till.open(shop.place.home, shop.ports).use { till ->
            passwordOfAlice().use { till.people.signIn(ALICE, it) }
            assertEquals("attempt_unknown", code { till.status(sale.attempt) })
        }
    }

    @Test
    fun a_second_till_on_the_same_folder_is_refused() = shop { shop ->
        assertEquals("till_open_elsewhere", code { Till.open(shop.place.home, shop.ports) })
    }

    private suspend fun code(call: suspend () -> Any?): String? =
        (runCatching { call() }.exceptionOrNull() as? TillException)?.facts?.code
}
