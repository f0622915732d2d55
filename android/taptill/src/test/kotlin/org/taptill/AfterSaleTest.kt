package org.taptill

import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.taptill.core.Amount
import org.taptill.core.AttemptState
import org.taptill.core.BatchState
import org.taptill.core.Decision
import org.taptill.core.DifferenceKind
import org.taptill.core.Language
import org.taptill.core.OperatorRole
import org.taptill.core.ReceiptWidth
import org.taptill.core.RefundOf
import org.taptill.core.RefundState
import org.taptill.core.StatementFile
import org.taptill.core.TillException
import org.taptill.core.VoidOrder
import org.taptill.testing.Shop
import org.taptill.testing.Stand
import org.taptill.testing.passwordOfAlice

/** What comes after a sale, through the Kotlin face: voids, refunds, settlement, the statement check. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AfterSaleTest {
    private lateinit var stand: Stand

    @BeforeAll
    fun start() {
        stand = Stand.start()
    }

    @AfterAll fun end() = stand.close()

    private fun shop(block: suspend kotlinx.coroutines.CoroutineScope.(Shop) -> Unit) = runBlocking {
        withTimeout(60.seconds) { Shop.open(stand).use { block(it) } }
    }

    private suspend fun refused(call: suspend () -> Any?): String =
        (runCatching { call() }.exceptionOrNull() as TillException).facts.code

    @Test
    fun a_sale_is_voided_and_the_batch_is_settled() = shop { shop ->
        val till = shop.till
        val sold = shop.sell(500, scope = this).attempt
        assertEquals(AttemptState.APPROVED, till.voidSale(VoidOrder(sold)).state)
        assertEquals(AttemptState.VOIDED, till.status(sold).state)
        assertEquals("already_voided", refused { till.voidSale(VoidOrder(sold)) })
        assertEquals("not_stuck", refused { till.decide(sold, Decision.CHARGED) })
        assertEquals(emptyList<Any>(), till.debts())
        val settled = till.settlement.settle()
        assertEquals(BatchState.CLOSED to 0L, settled.state to settled.totals.single().sums.netMinor)
        assertEquals(settled, till.settlement.batch(1u))
        assertTrue("5.00" in till.settlement.report(1u, ReceiptWidth.C32, Language.EN))
        assertEquals("batch_empty", refused { till.settlement.settle() })
    }

    @Test
    fun a_refund_goes_out_by_a_second_persons_word() = shop { shop ->
        val till = shop.till
        Secret.of("tall ships sail at 7 bells".toCharArray()).use { bobs ->
            till.people.addOperator("bob", OperatorRole.CASHIER, bobs, isTemporary = false)
            till.people.signIn("bob", bobs)
        }
        val of = RefundOf.Attempt(shop.sell(1000, scope = this).attempt)
        val asked = till.refunds.request(of, Amount(300, "CNY"))
        assertEquals("not_permitted", refused { till.refunds.approve(asked.refund) })
        val done = passwordOfAlice().use { till.refunds.approveAs(asked.refund, "alice", it) }
        assertEquals(RefundState.ACKNOWLEDGED to "alice", done.state to done.approvedBy)
        assertEquals(listOf(done), till.refunds.list().refunds)
        assertEquals("not_permitted", refused { till.refunds.reject(asked.refund, "too late") })
        assertEquals("refund_exceeds_captured_amount", refused { till.refunds.request(of, Amount(701, "CNY")) })
    }

    @Test
    fun a_statements_differences_come_one_after_the_other() = shop { shop ->
        val lines = (0 until 250).joinToString("") { "2026-11-22,9.99,CNY,sale,${"%012d".format(it)}\n" }
        val file = File(shop.place.home.path + ".csv").apply { writeText("date,amount,currency,kind,rrn\n$lines") }
        val statements = shop.till.statements
        statements.checkFile(file, StatementFile.Csv(null)).use { check ->
            val found = check.differences().toList()
            assertEquals(250, found.size)
            assertTrue(found.all { it.kind == DifferenceKind.NOT_MINE })
            assertEquals(250uL, check.summary().differences.notMine)
            assertEquals(check.summary(), statements.last())
        }
        statements.checkFile(File("/nowhere.csv"), StatementFile.Camt).use { check ->
            assertEquals("file_unusable", refused { check.next() })
        }
    }
}
