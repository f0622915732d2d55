package org.taptill

import org.taptill.core.Batch
import org.taptill.core.BatchDecision
import org.taptill.core.Language
import org.taptill.core.ReceiptWidth
import org.taptill.core.Settlement as CoreSettlement
import org.taptill.core.TillException

/**
 * Batches, and settling them with the acquirer. A settlement that is not finished goes on by itself while somebody is
 * signed in.
 *
 * It decides nothing. Evidence: `AfterSaleTest`, and the contract.
 */
public class Settlement internal constructor(private val settlement: CoreSettlement, private val calls: Calls) {
    /**
     * Settles the open batch, or goes on with a settlement that is not finished, and gives the batch as far as it came.
     * A coroutine that is cancelled meanwhile stops nothing.
     *
     * @throws TillException `settlement_blocked` with what is in the way in its facts' `blockers`, `batch_empty`,
     *   `settlement_refused`, `till_busy`.
     */
    public suspend fun settle(): Batch = calls.awaiting { settlement.settle() }

    /** How a batch stands: the open one, or the one of this number; `record_unknown`. */
    public suspend fun batch(number: UInt? = null): Batch = calls.blocking { settlement.batch(number) }

    /** Says whether the acquirer has closed a batch that its host refuses to settle; `not_stuck`. A supervisor's. */
    public suspend fun decide(batch: UInt, decision: BatchDecision): Batch =
        calls.blocking { settlement.decide(batch, decision) }

    /** The report of a batch, as text. One that is not closed says so. */
    public suspend fun report(number: UInt?, width: ReceiptWidth, language: Language): String =
        calls.blocking { settlement.report(number, width, language) }

    internal fun destroy(): Unit = settlement.destroy()
}
