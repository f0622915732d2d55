package org.taptill.contract

import java.io.File
import org.taptill.Secret
import org.taptill.StatementCheck
import org.taptill.core.Amount
import org.taptill.core.BatchDecision
import org.taptill.core.Decision
import org.taptill.core.ReceiptCopy
import org.taptill.core.ReceiptRequest
import org.taptill.core.ReceiptWidth
import org.taptill.core.RefundDecision
import org.taptill.core.RefundOf
import org.taptill.core.RefundQuery
import org.taptill.core.StatementFile
import org.taptill.core.VoidOrder

/** The calls about what comes after a sale: voids, refunds, debts, settlement, the statement check and leaving. */
class After(private val face: Face, goodbyes: Goodbyes, home: File) : AutoCloseable {
    private val incidents = Incidents(face, goodbyes, home)
    private var check: StatementCheck? = null

    /** What a call gives, once every argument has been asked for. */
    suspend fun answer(name: String, with: Keys): Any? =
        when (name) {
            "start_void" -> order(with).let { face.startVoid(it) }
            "debts" -> with.done().let { till().debts() }
            "decide" -> decide(with)
            "request_refund" -> request(with)
            "approve_refund" -> refund(with).let { with.done().let { _ -> face.limited { refunds().approve(it) } } }
            "approve_refund_as" -> approveAs(with)
            "reject_refund" -> reject(with)
            "decide_refund" -> decideRefund(with)
            "refunds" -> query(with).let { refunds().list(it) }
            "voucher" -> voucher(with)
            "settle" -> with.done().let { face.limited { till().settlement.settle() } }
            "batch" -> number(with).let { with.done().let { _ -> till().settlement.batch(it) } }
            "batch_report" -> report(with)
            "decide_batch" -> decideBatch(with)
            "exit_checklist" -> with.done().let { till().leaving.checklist() }
            "exit" -> with.text("force").let { with.done().let { _ -> face.limited { till().leaving.exit(it) } } }
            "check_statement_file" -> checkFile(with)
            "check_statement_host" -> checkHost(with)
            "differences" -> limit(with).let { face.limited { check().next(it) } }
            "statement_summary" -> with.done().let { face.limited { check().summary() } }
            "last_statement_check" -> with.done().let { till().statements.last() }
            else -> incidents.answer(name, with)
        }

    override fun close() {
        check?.close()
        incidents.close()
    }

    private fun till() = face.till()

    private fun refunds() = till().refunds

    private fun check(): StatementCheck = check ?: unknown("a statement check that was never begun")

    private fun begun(new: StatementCheck) {
        check?.close()
        check = new
    }

    private suspend fun decide(with: Keys): Any {
        val attempt = with.wanted("attempt")
        val decision = Face.word(with.wanted("decision"), Decision.entries)
        with.done()
        return till().decide(attempt, decision)
    }

    private suspend fun request(with: Keys): Any {
        val of = of(with)
        val amount = Amount(with.long("minor") ?: unknown("a refund of nothing"), with.text("currency") ?: "CNY")
        val name = with.text("name")
        with.done()
        return face.limited { refunds().request(of, amount, name) }
    }

    private suspend fun approveAs(with: Keys): Any {
        val refund = refund(with)
        val approver = with.text("name") ?: People.ALICE
        val password = with.text("password") ?: People.ALICES_PASSWORD
        with.done()
        return Secret.of(password.toByteArray()).use { secret ->
            face.limited { refunds().approveAs(refund, approver, secret) }
        }
    }

    private suspend fun reject(with: Keys): Any {
        val refund = refund(with)
        val reason = with.wanted("reason")
        with.done()
        return face.limited { refunds().reject(refund, reason) }
    }

    private suspend fun decideRefund(with: Keys): Any {
        val refund = refund(with)
        val decision = Face.word(with.wanted("decision"), RefundDecision.entries)
        with.done()
        return refunds().decide(refund, decision)
    }

    private suspend fun voucher(with: Keys): Any {
        val refund = refund(with)
        val copy = Face.word(with.text("copy") ?: "customer", ReceiptCopy.entries)
        val request = ReceiptRequest(width(with), Face.language(with), copy)
        with.done()
        return refunds().voucher(refund, request)
    }

    private suspend fun decideBatch(with: Keys): Any {
        val number = number(with) ?: unknown("a decision about no batch")
        val decision = Face.word(with.wanted("decision"), BatchDecision.entries)
        with.done()
        return till().settlement.decide(number, decision)
    }

    private suspend fun report(with: Keys): Any {
        val number = number(with)
        val width = width(with)
        val language = Face.language(with)
        with.done()
        return till().settlement.report(number, width, language)
    }

    private suspend fun checkFile(with: Keys) {
        val path = File(with.wanted("file"))
        val columns = with.text("columns")
        val file =
            when (val format = with.text("format") ?: "csv") {
                "csv" -> StatementFile.Csv(columns)
                "camt" -> StatementFile.Camt
                else -> unknown("the format $format")
            }
        val from = with.text("from")
        val to = with.text("to")
        with.done()
        begun(till().statements.checkFile(path, file, from, to))
    }

    private suspend fun checkHost(with: Keys) {
        val from = with.wanted("from")
        val to = with.wanted("to")
        with.done()
        begun(till().statements.checkHost(from, to))
    }

    private companion object {
        fun order(with: Keys): VoidOrder = VoidOrder(with.wanted("of"), with.text("attempt")).also { with.done() }

        /** How a case names the sale. */
        fun of(with: Keys): RefundOf {
            val attempt = with.text("attempt")?.let { RefundOf.Attempt(it) }
            val order = with.text("order")?.let { RefundOf.Order(it) }
            val rrn = with.text("rrn")?.let { RefundOf.Rrn(it) }
            val batch = with.long("batch")?.toUInt()
            val receipt = with.long("stan")?.let { RefundOf.Receipt(it.toUInt(), batch) }
            return listOfNotNull(attempt, order, rrn, receipt).singleOrNull()
                ?: unknown("a sale that is not named in one way")
        }

        fun query(with: Keys): RefundQuery =
            RefundQuery((with.long("limit") ?: 20).toUInt(), with.text("attempt"), with.text("cursor")).also {
                with.done()
            }

        fun refund(with: Keys): String = with.wanted("refund")

        fun number(with: Keys): UInt? = with.long("number")?.toUInt()

        fun limit(with: Keys): UInt = (with.long("limit") ?: 100).toUInt().also { with.done() }

        fun width(with: Keys): ReceiptWidth = Face.word(with.text("width") ?: "c32", ReceiptWidth.entries)
    }
}
