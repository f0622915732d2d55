package org.taptill

import org.taptill.core.OperatorFacts
import org.taptill.core.OperatorRole
import org.taptill.core.PasswordDone
import org.taptill.core.PasswordWork
import org.taptill.core.People as CorePeople
import org.taptill.core.RecoveryCode
import org.taptill.core.SessionFacts
import org.taptill.core.ShopPolicy
import org.taptill.core.TillException

/**
 * Who may use a till: operators, their passwords, and the session of the one who is signed in.
 *
 * Each [Secret] is lent for the time of the call, and the caller closes it. A password takes a quarter of a second or
 * more, on a thread of the core's. A coroutine that is cancelled meanwhile gets the answer all the same, as that
 * somebody is signed in, or a recovery code that is told once.
 *
 * It decides nothing. Evidence: `PeopleTest`, `HeapDumpTest`, and the contract.
 */
public class People internal constructor(private val people: CorePeople, private val calls: Calls) {
    /**
     * Makes a till that is nobody's this supervisor's, who is signed in then. Show the code once, character by
     * character, and wipe it; closing it does so too.
     *
     * @throws TillException `already_claimed`, `password_refused` with the rule, and the errors of keys and storage.
     */
    public suspend fun claim(name: String, password: Secret): RecoveryCode =
        work { password.lend { people.claim(name, it) } }.code()

    /**
     * Makes [name] a supervisor with a new password by the recovery code, which is void then; the next one is given.
     *
     * @throws TillException `recovery_refused`, `operator_locked_out`, `password_refused`, `till_unclaimed`.
     */
    public suspend fun recover(code: Secret, name: String, password: Secret): RecoveryCode =
        work { code.lend { typed -> password.lend { people.recover(typed, name, it) } } }.code()

    /**
     * Signs an operator in; somebody else who is signed in is signed out first.
     *
     * @throws TillException `sign_in_refused` for a wrong password and for an unknown name alike,
     *   `operator_locked_out`, `password_must_change`, `till_unclaimed`, `till_busy` during a sale.
     */
    public suspend fun signIn(name: String, password: Secret): SessionFacts =
        work { password.lend { people.signIn(name, it) } }.session()

    /** As [signIn], with a new password at once, as a temporary or an expired one asks for. */
    public suspend fun signInWithNew(name: String, password: Secret, newPassword: Secret): SessionFacts =
        work { password.lend { old -> newPassword.lend { people.signInWithNew(name, old, it) } } }.session()

    /**
     * Opens a locked till again for whoever locked it.
     *
     * @throws TillException `sign_in_refused`, `operator_locked_out`, `till_locked` once the operator has signed out.
     */
    public suspend fun unlock(password: Secret): SessionFacts = work { password.lend(people::unlock) }.session()

    /**
     * Another recovery code in place of the one before, for whoever manages operators. Show it once and wipe it.
     *
     * @throws TillException `not_permitted`, `sign_in_refused` for a wrong password, `till_locked`.
     */
    public suspend fun newRecoveryCode(password: Secret): RecoveryCode =
        work { password.lend(people::newRecoveryCode) }.code()

    /**
     * Signs an operator in by finger or face, for whom the phone asks.
     *
     * @throws TillException `biometric_refused` with the reason, `password_must_change`, otherwise as [signIn].
     */
    public suspend fun signInByBiometric(name: String): SessionFacts = work { people.signInByBiometric(name) }.session()

    /** Opens a locked till again by the finger or face of whoever locked it; `biometric_refused` with the reason. */
    public suspend fun unlockByBiometric(): SessionFacts = work { people.unlockByBiometric() }.session()

    /** Lets the own finger or face open the till, for as many days after a password as the rules say. */
    public suspend fun enrolBiometric(password: Secret) {
        work { password.lend(people::enrolBiometric) }
    }

    /** Lets the own finger or face open nothing any more: the phone's key is destroyed. */
    public suspend fun forgetBiometric(): Unit = calls.awaiting { people.forgetBiometric() }

    /** Gives the operator who is signed in another password; `sign_in_refused`, `password_refused` with the rule. */
    public suspend fun changePassword(password: Secret, newPassword: Secret) {
        work { password.lend { old -> newPassword.lend { people.changePassword(old, it) } } }
    }

    /** Adds an operator. A temporary password must be changed at the first sign-in. */
    public suspend fun addOperator(name: String, role: OperatorRole, password: Secret, isTemporary: Boolean) {
        work { password.lend { people.addOperator(name, role, it, isTemporary) } }
    }

    /** Gives an operator a temporary password, also one who is locked out. */
    public suspend fun resetOperator(name: String, password: Secret) {
        work { password.lend { people.resetOperator(name, it) } }
    }

    /** Locks the till: keys and secrets are wiped, nothing is sent. During a sale it locks once that has ended. */
    public suspend fun lock(): Unit = calls.awaiting { people.lock() }

    /** Ends the session, also a locked one; `till_busy` during a sale. */
    public suspend fun signOut(): Unit = calls.awaiting { people.signOut() }

    /** All operators, by name. */
    public suspend fun operators(): List<OperatorFacts> = calls.blocking { people.operators() }

    /** Removes an operator. With [rotate] the till's keys change as well, for one who may have kept them. */
    public suspend fun removeOperator(name: String, rotate: Boolean): Unit =
        calls.awaiting { people.removeOperator(name, rotate) }

    /** The shop's rules. */
    public suspend fun policy(): ShopPolicy = calls.blocking { people.policy() }

    /** Changes the shop's rules, which hold at once; `policy_invalid` names the part and its rule. */
    public suspend fun setPolicy(policy: ShopPolicy): Unit = calls.awaiting { people.setPolicy(policy) }

    /** Changes the till's keys; what is stored is sealed anew while the till has nothing else to do. */
    public suspend fun rotateKeys(): Unit = calls.awaiting { people.rotateKeys() }

    internal fun destroy(): Unit = people.destroy()

    private suspend fun work(begin: () -> PasswordWork): PasswordDone = calls.work(begin)

    private fun PasswordDone.code(): RecoveryCode = checkNotNull(recovery)

    private fun PasswordDone.session(): SessionFacts = checkNotNull(session)
}
