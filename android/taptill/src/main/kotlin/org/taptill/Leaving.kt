package org.taptill

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import org.taptill.core.Erased
import org.taptill.core.ExitView
import org.taptill.core.ExportSink
import org.taptill.core.Leaving as CoreLeaving
import org.taptill.core.TillException

/**
 * Leaving the till: for today by its checklist, one step a line, each with what is in the way and the word of its
 * remedy; and for good, with the records handed out before everything is erased.
 *
 * It decides nothing. Evidence: `AfterSaleTest`, and the contract.
 */
public class Leaving
internal constructor(private val leaving: CoreLeaving, private val calls: Calls, private val ports: TillPorts) {
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

    /**
     * Takes the till off the acquirer's list, hands its records out to [export] and erases it for good, in the name of
     * whoever is signed in alone. There is no till after it: close it, and the phone can be set up as new. A coroutine
     * that is cancelled meanwhile stops nothing and gets the answer all the same; the certificate is also one of
     * [Till.certificates].
     *
     * @throws TillException `deregistration_blocked` with everything that is in the way, `second_person_needed`: then
     *   [deregisterWith]; `export_failed` with the reason, `host_unreachable`. Nothing is erased then.
     */
    public suspend fun deregister(export: ExportSink? = null): Erased =
        withContext(NonCancellable) { calls.awaiting { leaving.deregister(export?.let(ports::guarded)) } }

    /** The same in the names of whoever is signed in and of a second person, as [deregister]; `sign_in_refused`. */
    public suspend fun deregisterWith(second: String, password: Secret, export: ExportSink? = null): Erased {
        val done = calls.work { password.lend { leaving.deregisterWith(second, it, export?.let(ports::guarded)) } }
        return checkNotNull(done.erased)
    }

    internal fun destroy(): Unit = leaving.destroy()
}
