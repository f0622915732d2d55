package org.taptill

import org.taptill.core.Proofs as CoreProofs

/**
 * What a stranger needs to check a till's record: checkpoints, proofs and the public key, as text in published formats
 * (`docs/verify-it-yourself.md`). No call shows more than its one event.
 *
 * It decides nothing. Evidence: the contract.
 */
public class Proofs internal constructor(private val proofs: CoreProofs, private val calls: Calls) {
    /** Signs the record as it is now: a signed note with its size and its root. */
    public suspend fun checkpoint(): String = calls.blocking { proofs.checkpoint() }

    /** Proves that an attempt's last event is in the record; `attempt_unknown`. */
    public suspend fun ofAttempt(attempt: String): String = calls.blocking { proofs.proveAttempt(attempt) }

    /** Proves that the event at this place, from 1, is in the record; `record_unknown`. */
    public suspend fun ofEvent(sequence: ULong): String = calls.blocking { proofs.proveEvent(sequence) }

    /** Proves that the record as it is now continues the one that had so many events; `record_unknown`. */
    public suspend fun consistency(oldSize: ULong): String = calls.blocking { proofs.consistency(oldSize) }

    /** The keys that checkpoints are signed with: a verifier key a line, the first one Ed25519. */
    public suspend fun publicKey(): String = calls.blocking { proofs.publicKey() }

    /** Says that people know of a record that the acquirer knew longer: the till sells again. A supervisor's. */
    public suspend fun acceptRollBack(): Unit = calls.awaiting { proofs.acceptRollBack() }

    internal fun destroy(): Unit = proofs.destroy()
}
