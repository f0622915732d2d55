package org.taptill

import org.taptill.core.Incident as CoreIncident
import org.taptill.core.TillException

/**
 * A bad day: the till frozen from one moment to the next, and let go again by two people.
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

    internal fun destroy(): Unit = incident.destroy()
}
