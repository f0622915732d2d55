package org.taptill

import org.taptill.core.ExitView
import org.taptill.core.Leaving as CoreLeaving
import org.taptill.core.TillException

/**
 * Leaving the till by its checklist: one step a line, each with what is in the way and the word of its remedy.
 *
 * It decides nothing. Evidence: `AfterSaleTest`, and the contract.
 */
public class Leaving internal constructor(private val leaving: CoreLeaving, private val calls: Calls) {
    /** What is left to do before leaving, all of it at once. */
    public suspend fun checklist(): ExitView = calls.blocking { leaving.checklist() }

    /**
     * Leaves: signs the record's head, closes the connection, wipes keys and session. With [force], a supervisor's
     * reason, it leaves what is in the way. A coroutine that is cancelled meanwhile stops nothing.
     *
     * @throws TillException `exit_blocked` with what is in the way in its facts' `blockers`, `reason_missing`,
     *   `till_busy`.
     */
    public suspend fun exit(force: String? = null): ExitView = calls.awaiting { leaving.exit(force) }

    internal fun destroy(): Unit = leaving.destroy()
}
