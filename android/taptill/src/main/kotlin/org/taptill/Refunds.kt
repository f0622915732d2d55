package org.taptill

import org.taptill.core.Amount
import org.taptill.core.ReceiptRequest
import org.taptill.core.Refund
import org.taptill.core.RefundDecision
import org.taptill.core.RefundOf
import org.taptill.core.RefundPage
import org.taptill.core.RefundQuery
import org.taptill.core.Refunds as CoreRefunds
import org.taptill.core.TillException

/**
 * Money that is given back: asked for by one, approved by another, and forwarded by the till until the host has it.
 *
 * A coroutine that is cancelled stops waiting and stops nothing: [list] tells what became of the refund.
 *
 * It decides nothing. Evidence: `AfterSaleTest`, and the contract.
 */
public class Refunds internal constructor(private val refunds: CoreRefunds, private val calls: Calls) {
    /**
     * Asks for money to be given back. The answer waits for a second person, or says what the host did where the shop's
     * rules leave it to the host. The same [name], payment and amount again is the same refund; without a name, asking
     * again is another one.
     *
     * @throws TillException of the name (`refund_conflict`), of the sale (`refund_ambiguous` with the `candidates` in
     *   its facts), of the amount (`refund_exceeds_captured_amount`), and of the rules (`refund_window_over`,
     *   `refund_needs_connection`).
     */
    public suspend fun request(of: RefundOf, amount: Amount, name: String? = null): Refund =
        calls.awaiting { refunds.request(of, amount, name) }

    /**
     * Approves in the name of whoever is signed in; `approver_is_requester`, `refund_expired`, `refund_not_waiting`.
     */
    public suspend fun approve(refund: String): Refund = calls.awaiting { refunds.approve(refund) }

    /**
     * The same in the name of a second person, while the first stays signed in. The secret is lent for the time of the
     * call, and the caller closes it.
     *
     * @throws TillException as [approve]; for the second person `sign_in_refused`, `operator_locked_out`.
     */
    public suspend fun approveAs(refund: String, approver: String, password: Secret): Refund =
        checkNotNull(calls.work { password.lend { refunds.approveAs(refund, approver, it) } }.refund)

    /** Says no to a refund that waits, in 1 to 120 characters. */
    public suspend fun reject(refund: String, reason: String): Refund =
        calls.awaiting { refunds.reject(refund, reason) }

    /** Says how a stuck refund has ended; `not_stuck`, `already_decided`. */
    public suspend fun decide(refund: String, decision: RefundDecision): Refund =
        calls.blocking { refunds.decide(refund, decision) }

    /** Refunds, newest first, in pages of 1 to 100. */
    public suspend fun list(query: RefundQuery = RefundQuery()): RefundPage = calls.blocking { refunds.list(query) }

    /** The voucher of a refund, as text. That it was printed is recorded. */
    public suspend fun voucher(refund: String, request: ReceiptRequest): String =
        calls.blocking { refunds.voucher(refund, request) }

    internal fun destroy(): Unit = refunds.destroy()
}
