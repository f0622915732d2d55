package org.taptill.contract

import kotlinx.serialization.json.JsonArray
import org.taptill.Secret
import org.taptill.Till
import org.taptill.core.OperatorRole
import org.taptill.core.PasswordProfile
import org.taptill.core.PasswordRules
import org.taptill.core.RecoveryCode
import org.taptill.core.RefundApproval
import org.taptill.core.RefundPolicy
import org.taptill.core.RefundRules
import org.taptill.core.RefundVerification
import org.taptill.core.SessionFacts
import org.taptill.core.ShopPolicy
import org.taptill.core.shippedPolicy

/** The calls about people and proofs, on the till of a case. */
object People {
    const val ALICE = "alice"
    const val ALICES_PASSWORD = "correct horse battery 9"
    const val BOB = "bob"
    const val BOBS_PASSWORD = "tall ships sail at 7 bells"

    /** What a call gives, once every argument has been asked for. */
    suspend fun answer(name: String, with: Keys, till: () -> Till): Any? =
        when (name) {
            "claim" -> alice(with) { who, password -> code(till().people.claim(who, password)) }
            "recover" -> recover(with, till)
            "sign_in" -> signIn(with, till)
            "unlock" -> secret(with, "password", ALICES_PASSWORD) { session(till().people.unlock(it)) }
            "unlock_by_biometric" -> with.done().let { session(till().people.unlockByBiometric()) }
            "sign_in_by_biometric" -> signInByBiometric(with, till)
            "enrol_biometric" -> secret(with, "password", ALICES_PASSWORD) { done(till().people.enrolBiometric(it)) }
            "forget_biometric" -> with.done().let { till().people.forgetBiometric() }
            "new_recovery_code" -> secret(with, "password", ALICES_PASSWORD) { code(till().people.newRecoveryCode(it)) }
            "change_password" -> changePassword(with, till)
            "add_operator" -> addOperator(with, till)
            "reset_operator" -> bob(with) { who, password -> done(till().people.resetOperator(who, password)) }
            "remove_operator" -> removeOperator(with, till)
            "lock" -> with.done().let { till().people.lock() }
            "sign_out" -> with.done().let { till().people.signOut() }
            "rotate_keys" -> with.done().let { till().people.rotateKeys() }
            "operators" -> with.done().let { till().people.operators() }
            "policy" -> with.done().let { till().people.policy() }
            "set_policy" -> policy(with).let { with.done().let { _ -> till().people.setPolicy(it) } }
            "checkpoint" -> with.done().let { till().proofs.checkpoint() }
            "public_key" -> with.done().let { till().proofs.publicKey() }
            "accept_roll_back" -> with.done().let { till().proofs.acceptRollBack() }
            "prove_attempt" -> with.wanted("attempt").let { with.done().let { _ -> till().proofs.ofAttempt(it) } }
            "prove_event" -> whole(with, "sequence").let { with.done().let { _ -> till().proofs.ofEvent(it) } }
            "consistency" -> whole(with, "old_size").let { with.done().let { _ -> till().proofs.consistency(it) } }
            else -> unknown("the call $name")
        }

    /** A code as one text, asked for character by character. A shell draws it and keeps no text of it. */
    fun text(code: RecoveryCode): String =
        (0u until code.length()).map { code.character(it).toInt().toChar() }.joinToString("")

    fun role(with: Keys): OperatorRole = Face.word(with.text("role") ?: "cashier", OperatorRole.entries)

    private suspend fun recover(with: Keys, till: () -> Till): Any {
        val code = with.wanted("code")
        return alice(with) { who, password ->
            Secret.of(code.toByteArray()).use { code(till().people.recover(it, who, password)) }
        }
    }

    private suspend fun signIn(with: Keys, till: () -> Till): Any {
        val new = with.text("new_password")
        return alice(with) { who, password ->
            if (new == null) session(till().people.signIn(who, password))
            else Secret.of(new.toByteArray()).use { session(till().people.signInWithNew(who, password, it)) }
        }
    }

    private suspend fun signInByBiometric(with: Keys, till: () -> Till): Any {
        val name = with.text("name") ?: ALICE
        with.done()
        return session(till().people.signInByBiometric(name))
    }

    private suspend fun changePassword(with: Keys, till: () -> Till): Any {
        val new = with.wanted("new_password")
        return secret(with, "password", ALICES_PASSWORD) { old ->
            Secret.of(new.toByteArray()).use { done(till().people.changePassword(old, it)) }
        }
    }

    private suspend fun addOperator(with: Keys, till: () -> Till): Any {
        val role = role(with)
        val isTemporary = flag(with, "temporary")
        return bob(with) { who, password -> done(till().people.addOperator(who, role, password, isTemporary)) }
    }

    private suspend fun removeOperator(with: Keys, till: () -> Till) {
        val name = with.text("name") ?: BOB
        val rotate = flag(with, "rotate")
        with.done()
        till().people.removeOperator(name, rotate)
    }

    private suspend fun <T> alice(with: Keys, call: suspend (String, Secret) -> T): T {
        val name = with.text("name") ?: ALICE
        return secret(with, "password", ALICES_PASSWORD) { call(name, it) }
    }

    private suspend fun <T> bob(with: Keys, call: suspend (String, Secret) -> T): T {
        val name = with.text("name") ?: BOB
        return secret(with, "password", BOBS_PASSWORD) { call(name, it) }
    }

    /** The last argument of a call: a text as bytes that are wiped after it. */
    private suspend fun <T> secret(with: Keys, key: String, usual: String, call: suspend (Secret) -> T): T {
        val text = with.text(key) ?: usual
        with.done()
        return Secret.of(text.toByteArray()).use { call(it) }
    }

    private fun session(facts: SessionFacts): Any = entries("session" to facts, "recovery" to null)

    private fun code(code: RecoveryCode): Any =
        entries("session" to null, "recovery" to text(code)).also { code.wipe() }.also { code.destroy() }

    private fun done(@Suppress("UNUSED_PARAMETER") nothing: Unit): Any = entries("session" to null, "recovery" to null)

    private fun flag(with: Keys, key: String): Boolean = with.value(key)?.toString() == "true"

    private fun whole(with: Keys, key: String): ULong = (with.long(key) ?: unknown("no $key")).toULong()

    private fun policy(with: Keys): ShopPolicy {
        val usual = shippedPolicy("pci")
        val profile =
            when (val word = with.text("password") ?: "pci") {
                "pci" -> PasswordProfile.Pci
                "nist" -> PasswordProfile.Nist
                "own" -> PasswordProfile.Own(rules(with.nested("rules") ?: unknown("no rules of one's own")))
                else -> unknown("the profile $word")
            }
        return ShopPolicy(
            profile,
            with.long("idle_ms")?.toULong() ?: usual.idleMs,
            with.long("session_max_ms")?.toULong() ?: usual.sessionMaxMs,
            with.number("tries")?.toUByte() ?: usual.tries,
            with.long("lockout_ms")?.toULong() ?: usual.lockoutMs,
            with.long("checkpoint_every")?.toUInt() ?: usual.checkpointEvery,
            with.number("biometric_days")?.toUShort() ?: usual.biometricDays,
            (with.value("shop_words") as? JsonArray)?.map { it.text() } ?: usual.shopWords,
            RefundPolicy(
                refundRules(with.nested("contactless_card"), usual.refunds.contactlessCard),
                refundRules(with.nested("encrypted_read"), usual.refunds.encryptedRead),
            ),
            with.number("settle_at_minute")?.toUShort(),
            with.value("two_people_to_deregister")?.let { it.toString() == "true" } ?: usual.twoPeopleToDeregister,
            flag(with, "freeze_needs_password_at_lock_screen"),
        )
    }

    private fun refundRules(with: Keys?, usual: RefundRules): RefundRules {
        if (with == null) return usual
        val approval =
            when (val word = with.text("approval") ?: "second_person") {
                "second_person" -> RefundApproval.SecondPerson
                "host" -> RefundApproval.Host
                "none_below" -> RefundApproval.NoneBelow(whole(with, "below_minor"))
                else -> unknown("an approval by $word")
            }
        return RefundRules(
                with.number("window_days")?.toUShort() ?: usual.windowDays,
                Face.word(with.text("verification") ?: "none", RefundVerification.entries),
                approval,
                flag(with, "self_approval_allowed"),
                with.long("request_lifetime_ms")?.toULong() ?: usual.requestLifetimeMs,
            )
            .also { with.done() }
    }

    private fun rules(with: Keys): PasswordRules =
        PasswordRules(
                (with.number("min_length") ?: unknown("no least length")).toUByte(),
                flag(with, "letters_and_digits"),
                flag(with, "common_refused"),
                (with.number("history") ?: unknown("no history")).toUByte(),
                with.number("max_age_days")?.toUShort(),
            )
            .also { with.done() }
}
