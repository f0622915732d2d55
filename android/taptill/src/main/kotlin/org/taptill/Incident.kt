package org.taptill

import org.taptill.core.Approval
import org.taptill.core.Incident as CoreIncident
import org.taptill.core.Language
import org.taptill.core.LossFacts
import org.taptill.core.LossReport as CoreLossReport
import org.taptill.core.TillException

/**
 * A bad day: the till frozen and let go again by two people, every password anew, what somebody approved who is gone,
 * and the report of a loss.
 *
 * Each [Secret] is lent for the time of the call, and the caller closes it.
 *
 * It decides nothing. Evidence: the contract.
 */
public class Incident internal constructor(private val incident: CoreIncident, private val calls: Calls) {
    /**
     * Freezes the till, whoever is signed in, also while it is locked: nothing is sold, given back or voided from now
     * on.
     *
     * @throws TillException `freeze_needs_password` at a locked till where the shop's rules say so: then [freezeAs].
     */
    public suspend fun freeze(reason: String? = null): Unit = calls.awaiting { incident.freeze(reason) }

    /** The same at a locked till, by somebody who proves who it is; `sign_in_refused`, `operator_locked_out`. */
    public suspend fun freezeAs(operator: String, password: Secret, reason: String? = null) {
        calls.work { password.lend { incident.freezeAs(operator, it, reason) } }
    }

    /**
     * Lets a frozen till go, in the names of whoever is signed in and of a second person.
     *
     * @throws TillException `release_needs_another`, `frozen_by_host`, `not_permitted`, `sign_in_refused`.
     */
    public suspend fun release(second: String, password: Secret) {
        calls.work { password.lend { incident.release(second, it) } }
    }

    /**
     * Has everybody set another password at the next sign-in, changes the till's keys and fetches another certificate
     * as soon as the acquirer answers. Whoever is signed in stays so.
     *
     * @throws TillException `not_permitted`, `key_rotation_unfinished`, `till_busy`.
     */
    public suspend fun renewPasswords(): Unit = calls.awaiting { incident.renewPasswords() }

    /** What an operator, who need not be there any more, approved or decided in the last [days], newest first. */
    public suspend fun approvals(operator: String, days: Int): List<Approval> =
        calls.awaiting { incident.approvals(operator, days.coerceIn(DAYS).toUShort()) }

    /**
     * The report of a loss between two instants, from the day before the freeze (or before now) up to now unless they
     * are named. With [sends] the acquirer is told it first, and gives it a number.
     *
     * @throws TillException `statement_period_invalid`, `not_permitted`; sent, `host_unreachable` and the like.
     */
    public suspend fun reportLoss(fromMs: Long? = null, toMs: Long? = null, sends: Boolean = false): LossReport =
        calls.awaiting { incident.reportLoss(fromMs, toMs, sends) }.let { LossReport(it, calls, it.facts()) }

    internal fun destroy(): Unit = incident.destroy()

    private companion object {
        val DAYS = UShort.MIN_VALUE.toInt()..UShort.MAX_VALUE.toInt()
    }
}

/** What may be lost, and what was not this shop's doing. No card number is in it. */
public class LossReport
internal constructor(
    private val report: CoreLossReport,
    private val calls: Calls,
    /** Its figures. */
    public val facts: LossFacts,
) : AutoCloseable {
    /** As plain text, the steps for the merchant first. */
    public suspend fun text(language: Language): String = calls.blocking { report.text(language) }

    /** As one HTML page that loads and runs nothing. */
    public suspend fun html(language: Language): String = calls.blocking { report.html(language) }

    /** As JSON, whole. */
    public suspend fun json(): String = calls.blocking { report.json() }

    override fun close(): Unit = report.destroy()
}
