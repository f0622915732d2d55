package org.taptill

import java.io.File
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import org.taptill.core.Amount
import org.taptill.core.Language
import org.taptill.core.ListQuery
import org.taptill.core.Notice
import org.taptill.core.Observer
import org.taptill.core.ReceiptCopy
import org.taptill.core.ReceiptRequest
import org.taptill.core.ReceiptWidth
import org.taptill.core.SaleOrder
import org.taptill.core.TillException
import org.taptill.core.provisionTill
import org.taptill.testing.Shop
import org.taptill.testing.Stand
import org.taptill.testing.desktopPorts

/**
 * What nobody should pass, at every place that takes text, a number or bytes: a code each time, and the till goes on.
 */
class BadInputTest {
    private val texts =
        mapOf(
            "nothing" to "",
            "NUL" to "a\u0000b",
            "half a pair of surrogates" to "a\uD800",
            "the other half" to "\uDC00b",
            "a megabyte" to "x".repeat(1_000_000),
            "a megabyte of Chinese" to "付".repeat(333_333),
            "right to left" to "\u202Etest",
        )

    @Test
    fun text_that_is_no_name_is_refused_with_a_code_wherever_it_is_taken() = shop { till ->
        val receipt = ReceiptRequest(ReceiptWidth.C32, Language.EN, ReceiptCopy.CUSTOMER)
        for ((what, text) in texts) {
            val places: Map<String, suspend () -> Any?> =
                mapOf(
                    "attempt" to { till.begin(SaleOrder(text, Amount(1, "CNY"), null)) },
                    "order" to { till.begin(SaleOrder(null, Amount(1, "CNY"), text)) },
                    "status" to { till.status(text) },
                    "cancel" to { till.cancel(text) },
                    "receipt" to { till.receipt(text, receipt) },
                    "list order" to { till.list(ListQuery(order = text)) },
                    "list cursor" to { till.list(ListQuery(cursor = text)) },
                )
            for ((place, call) in places) assertEquals("identifier_malformed", code(call), "$place: $what")
            val currency = code { till.begin(SaleOrder(null, Amount(1, text), null)) }
            assertEquals(
                if ("surrogates" in what || "half" in what) "identifier_malformed" else "currency_unknown",
                currency,
                what,
            )
        }
    }

    @Test
    fun numbers_out_of_their_range_are_refused_with_a_code() = shop { till ->
        val amounts =
            mapOf(
                Long.MIN_VALUE to "amount_negative",
                -1L to "amount_negative",
                0L to "amount_zero",
                1_000_000_000_000 to "amount_too_large",
                Long.MAX_VALUE to "amount_too_large",
                999_999_999_999 to "amount_over_limit",
            )
        for ((minor, verdict) in amounts) assertEquals(verdict, code { till.begin(Shop.order(minor)) }, "$minor")
        for (limit in listOf(0u, 101u, UInt.MAX_VALUE)) {
            assertEquals("page_size_out_of_range", code { till.list(ListQuery(limit)) }, "$limit")
            assertEquals("page_size_out_of_range", code { till.eventsAfter(null, limit) }, "$limit")
        }
        assertEquals("cursor_beyond_head", code { till.acknowledge(ULong.MAX_VALUE) })
        assertEquals("cursor_beyond_head", code { till.eventsAfter(ULong.MAX_VALUE, 1u) })
    }

    @Test
    fun a_folder_that_cannot_be_one_is_refused_with_a_code() = runBlocking {
        for (home in listOf("", "/dev/null/till", "a\uD800", "/proc/none", "x".repeat(100_000))) {
            val refused = runCatching { Till.open(File(home), desktopPorts()) }.exceptionOrNull()
            assert(refused is TillException) { "$home: $refused" }
        }
    }

    @Test
    fun provisioning_that_is_none_is_refused_with_a_code() = runBlocking {
        val home = File.createTempFile("taptill", "till").apply { delete() }
        for (bytes in listOf(byteArrayOf(), byteArrayOf(0), "{}".toByteArray(), ByteArray(1_000_000) { -1 })) {
            assertEquals(
                "configuration_invalid",
                Secret.of(bytes).use { code { Till.provision(home, it, desktopPorts()) } },
            )
        }
    }

    @Test
    fun a_secret_in_memory_that_the_collector_moves_is_refused_before_it_crosses() {
        val silent =
            object : Observer {
                override fun hear(notice: Notice) = Unit
            }
        val heap = ByteBuffer.wrap("{}".toByteArray())
        assertThrows(IllegalArgumentException::class.java) {
            provisionTill("none", heap, desktopPorts().guarded(silent))
        }
    }

    private fun shop(block: suspend (Till) -> Unit): Unit = runBlocking {
        Stand.start().use { stand ->
            withTimeout(60.seconds) {
                Shop.open(stand).use { shop ->
                    block(shop.till)
                    shop.sell(100, scope = this)
                }
            }
        }
    }

    private suspend fun code(call: suspend () -> Any?): String? =
        (runCatching { call() }.exceptionOrNull() as? TillException)?.facts?.code
}
