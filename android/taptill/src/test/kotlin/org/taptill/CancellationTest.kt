package org.taptill

import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.taptill.core.AttemptState
import org.taptill.core.CardChannel
import org.taptill.core.Notice
import org.taptill.core.Observer
import org.taptill.core.TillException
import org.taptill.testing.Shop
import org.taptill.testing.Stand

/**
 * A coroutine that is cancelled while it sells, at each stage: what the attempt ends as, and that the coroutine waits
 * for it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CancellationTest {
    private lateinit var stand: Stand

    @BeforeAll
    fun start() {
        stand = Stand.start()
    }

    @AfterAll fun end() = stand.close()

    private fun shop(block: suspend CoroutineScope.(Shop) -> Unit) = runBlocking {
        withTimeout(60.seconds) { Shop.open(stand).use { block(it) } }
    }

    @Test
    fun before_the_start_nothing_begins() = shop { shop ->
        val selling = launch {
            cancel()
            shop.till.sell(Shop.order(100, "never"))
        }
        selling.join()
        assertEquals("attempt_unknown", code { shop.till.status("never") })
        assertEquals(AttemptState.APPROVED, shop.sell(100, scope = this).state)
    }

    @Test
    fun while_the_sale_begins_it_is_not_lost_between_two_threads() = runBlocking {
        val selling = CompletableDeferred<Job>()
        val cancels = OnFirstNotice { runBlocking { selling.await().cancel() } }
        withTimeout(60.seconds) {
            Shop.open(stand, observer = cancels).use { shop ->
                cancels.armed = true
                // On one thread, as an app's main thread: the answer has to come back to it.
                val job = launch(start = CoroutineStart.LAZY) { shop.till.sell(Shop.order(100, "begun")) }
                selling.complete(job)
                job.join()
                assertTrue(job.isCancelled)
                assertEquals(AttemptState.NOT_SENT, shop.till.status("begun").state)
                assertEquals(AttemptState.APPROVED, shop.sell(100, scope = this).state)
            }
        }
    }

    @Test
    fun while_the_till_waits_for_a_card_the_attempt_ends_and_the_next_one_may_begin() = shop { shop ->
        val waiting = async(start = CoroutineStart.UNDISPATCHED) { shop.hear { it == Notice.FieldOn } }
        val selling = launch { shop.till.sell(Shop.order(100, "left")) }
        waiting.await()
        selling.cancelAndJoin()
        assertTrue(selling.isCancelled)
        assertEquals(AttemptState.NOT_SENT, shop.till.status("left").state)
        assertEquals(AttemptState.APPROVED, shop.sell(100, scope = this).state)
    }

    @Test
    fun while_the_card_is_read_the_coroutine_waits_until_the_attempt_has_ended() = shop { shop ->
        val held = HeldCard(stand.tap("visa"))
        val customer = shop.customer(this) { held }
        val selling = launch(Dispatchers.Default) { shop.till.sell(Shop.order(100, "read")) }
        held.reached.await()
        selling.cancel()
        held.letGo.countDown()
        selling.join()
        customer.cancel()
        assertFalse(runCatching { shop.till.status("read") }.getOrNull()?.state == AttemptState.APPROVED)
        assertEquals(0, stand.netMinor(shop.place))
    }

    @Test
    fun while_the_host_is_asked_it_is_too_late_and_the_coroutine_waits_for_what_becomes_of_the_money() = shop { shop ->
        stand.hostNext(shop.place, "late-answer")
        val inDoubt =
            async(start = CoroutineStart.UNDISPATCHED) {
                shop.hear { it == Notice.Attempt("late", AttemptState.IN_DOUBT) }
            }
        val customer = shop.customer(this) { stand.tap("visa") }
        val selling = launch(Dispatchers.Default) { shop.till.sell(Shop.order(100, "late")) }
        inDoubt.await()
        selling.cancelAndJoin()
        customer.cancel()
        val state = shop.till.status("late").state
        assertFalse(state == AttemptState.IN_DOUBT || state == AttemptState.PREPARED, "$state")
        if (state != AttemptState.APPROVED) shop.till.resolve()
        val booked = if (state == AttemptState.APPROVED) 100L else 0L
        assertEquals(booked, stand.netMinor(shop.place))
    }

    @Test
    fun a_time_limit_around_a_sale_is_a_cancellation_like_any_other() = shop { shop ->
        assertNull(withTimeoutOrNull(1.seconds) { shop.till.sell(Shop.order(100, "limit")) })
        assertEquals(AttemptState.NOT_SENT, shop.till.status("limit").state)
    }

    @Test
    fun one_who_only_waits_for_an_outcome_cancels_nothing_by_leaving() = shop { shop ->
        val customer = CompletableDeferred<Unit>()
        val serving =
            launch(start = CoroutineStart.UNDISPATCHED) {
                shop.hear { it == Notice.FieldOn }
                customer.await()
                shop.till.present(stand.tap("visa"))
            }
        val sale = shop.till.begin(Shop.order(100))
        launch { sale.outcome() }.apply { cancelAndJoin() }
        customer.complete(Unit)
        assertEquals(AttemptState.APPROVED, sale.outcome().state)
        serving.join()
    }

    private suspend fun code(call: suspend () -> Any?): String? =
        (runCatching { call() }.exceptionOrNull() as? TillException)?.facts?.code

    /** Acts once, within the first notice after it was armed: before the call that caused the notice has come back. */
    private class OnFirstNotice(private val act: () -> Unit) : Observer {
        @Volatile var armed = false

        override fun hear(notice: Notice) {
            if (armed) {
                armed = false
                act()
            }
        }
    }

    /** A card that stops at its third command until it is let go. */
    private class HeldCard(private val card: CardChannel) : CardChannel {
        val reached = CompletableDeferred<Unit>()
        val letGo = CountDownLatch(1)
        private var commands = 0

        override fun transceive(command: ByteArray): ByteArray {
            if (++commands == 3) {
                reached.complete(Unit)
                letGo.await()
            }
            return card.transceive(command)
        }
    }
}
