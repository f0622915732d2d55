package org.taptill.contract

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import org.taptill.core.Action
import org.taptill.core.Attempt
import org.taptill.core.ErrorFacts
import org.taptill.core.ErrorWords
import org.taptill.core.EventPage
import org.taptill.core.Field
import org.taptill.core.Intent
import org.taptill.core.Notice
import org.taptill.core.OperatorFacts
import org.taptill.core.Page
import org.taptill.core.PasswordProfile
import org.taptill.core.PasswordRules
import org.taptill.core.Resolved
import org.taptill.core.Row
import org.taptill.core.Screen
import org.taptill.core.SessionFacts
import org.taptill.core.ShopPolicy
import org.taptill.core.TillException
import org.taptill.core.TillInfo
import org.taptill.core.TillState
import org.taptill.core.Verified
import org.taptill.facts

// How values of the face are written in the contract: names in snake_case, what is absent as `null`.

val NOTHING: JsonElement = JsonNull

fun written(value: Any?): JsonElement =
    when (value) {
        null,
        Unit -> JsonNull
        is JsonElement -> value
        is String -> JsonPrimitive(value)
        is Boolean -> JsonPrimitive(value)
        is Enum<*> -> JsonPrimitive(value.name.lowercase())
        is UByte -> JsonPrimitive(value.toInt())
        is UShort -> JsonPrimitive(value.toInt())
        is UInt -> JsonPrimitive(value.toLong())
        is ULong -> JsonPrimitive(value.toLong())
        is Number -> JsonPrimitive(value)
        is List<*> -> JsonArray(value.map(::written))
        is Attempt -> written(value)
        is Page -> entries("attempts" to value.attempts, "next" to value.next)
        is Resolved -> entries("closed" to value.closed, "left" to value.left)
        is Verified -> entries("events" to value.events, "root" to value.root)
        is TillInfo -> written(value)
        is EventPage -> written(value)
        is ErrorFacts -> entries(*written(value))
        is ErrorWords -> entries("what" to value.what, "todo" to value.todo, "money" to value.money)
        is Screen -> written(value)
        is Field -> entries("name" to value.name, "label" to value.label, "is_secret" to value.isSecret)
        is TillState -> written(value)
        is SessionFacts -> written(value)
        is OperatorFacts -> written(value)
        is ShopPolicy -> written(value)
        is PasswordRules -> written(value)
        is Row -> entries("label" to value.label, "value" to value.value)
        is Action ->
            entries(
                "intent" to word(value.intent),
                "label" to value.label,
                "role" to value.role,
                "enabled" to value.enabled,
            )
        else -> unknown("a value of ${value.javaClass}")
    }

/** An error as the contract writes it: its variant, and its facts. */
fun written(error: TillException): JsonObject = entries("category" to word(error), *written(error.facts))

/** A notice as one text. */
fun written(notice: Notice): String =
    when (notice) {
        is Notice.FieldOn -> "field_on"
        is Notice.FieldOff -> "field_off"
        is Notice.Show -> "show ${notice.prompt.name.lowercase()}"
        is Notice.Attempt -> "attempt ${notice.state.name.lowercase()}"
        is Notice.Till -> "till ${notice.standing.name.lowercase()}"
        is Notice.SessionEnding -> "session_ending"
    }

/** The word of one case of a sealed class. */
fun word(value: Any): String = value.javaClass.simpleName.replace(Regex("(?<=.)([A-Z])"), "_$1").lowercase()

fun word(intent: Intent): String = word(intent as Any)

fun entries(vararg pairs: Pair<String, Any?>): JsonObject =
    JsonObject(pairs.associate { (key, value) -> key to written(value) })

private fun written(attempt: Attempt): JsonObject =
    entries(
        "attempt" to attempt.attempt,
        "order" to attempt.order,
        "state" to attempt.state,
        "reason" to attempt.reason,
        "money" to attempt.money,
        "minor" to attempt.amount.minor,
        "currency" to attempt.amount.currency,
        "refunded_minor" to attempt.refundedMinor,
        "delivered" to attempt.delivered,
        "settled" to attempt.settled,
        "card_masked" to attempt.cardMasked,
        "label" to attempt.label,
        "cvm" to attempt.cvm,
        "stan" to attempt.stan,
        "batch" to attempt.batch,
        "auth_code" to attempt.authCode,
        "rrn" to attempt.rrn,
        "host_code" to attempt.hostCode,
        "reversal" to
            attempt.reversal?.let { entries("reason" to it.reason, "sends" to it.sends, "host_code" to it.hostCode) },
        "printed_merchant" to attempt.printedMerchant,
        "printed_customer" to attempt.printedCustomer,
    )

private fun written(facts: ErrorFacts): Array<Pair<String, Any?>> =
    arrayOf(
        "code" to facts.code,
        "money" to facts.money,
        "retry" to facts.retry,
        "reversal" to facts.reversal,
        "actor" to facts.actor,
        "attempt" to facts.attempt,
        "host_code" to facts.hostCode,
        "details" to JsonObject(facts.details.associate { it.name to JsonPrimitive(it.value) }),
    )

private fun written(info: TillInfo): JsonObject =
    entries(
        "terminal_id" to info.terminalId,
        "merchant_id" to info.merchantId,
        "merchant_name" to info.merchantName,
        "currency" to info.currency,
        "currency_decimals" to info.currencyDecimals,
        "sale_max_minor" to info.saleMaxMinor,
        "time_zone" to info.timeZone,
        "host" to info.host,
    )

private fun written(state: TillState): JsonObject =
    entries(
        "standing" to state.standing,
        "operator" to state.`operator`,
        "role" to state.role,
        "waiting" to state.waiting,
        "locks_in_ms" to state.locksInMs,
        "biometric" to state.biometric,
        "is_rolled_back" to state.isRolledBack,
    )

private fun written(session: SessionFacts): JsonObject =
    entries(
        "operator" to session.`operator`,
        "role" to session.role,
        "password_days_left" to session.passwordDaysLeft,
        "failed_before" to session.failedBefore,
        "cut_before" to session.cutBefore,
        "waiting" to session.waiting,
    )

private fun written(operator: OperatorFacts): JsonObject =
    entries(
        "name" to operator.name,
        "role" to operator.role,
        "is_temporary" to operator.isTemporary,
        "is_locked_out" to operator.isLockedOut,
    )

private fun written(policy: ShopPolicy): JsonObject =
    entries(
        "password" to word(policy.password),
        "rules" to (policy.password as? PasswordProfile.Own)?.rules,
        "idle_ms" to policy.idleMs,
        "session_max_ms" to policy.sessionMaxMs,
        "tries" to policy.tries,
        "lockout_ms" to policy.lockoutMs,
        "checkpoint_every" to policy.checkpointEvery,
        "biometric_days" to policy.biometricDays,
        "shop_words" to policy.shopWords,
    )

private fun written(rules: PasswordRules): JsonObject =
    entries(
        "min_length" to rules.minLength,
        "letters_and_digits" to rules.lettersAndDigits,
        "common_refused" to rules.commonRefused,
        "history" to rules.history,
        "max_age_days" to rules.maxAgeDays,
    )

private fun written(page: EventPage): JsonObject =
    entries(
        "events" to
            page.events.map {
                entries("cursor" to it.cursor, "kind" to it.kind, "attempt" to it.attempt, "state" to it.state)
            },
        "acknowledged" to page.acknowledged,
        "more" to page.more,
    )

private fun written(screen: Screen): JsonObject =
    entries(
        "kind" to screen.kind,
        "tone" to screen.tone,
        "title" to screen.title,
        "headline" to screen.headline,
        "message" to screen.message,
        "advice" to screen.advice,
        "lights" to screen.lights,
        "field_on" to screen.fieldOn,
        "keypad" to screen.keypad,
        "private" to screen.private,
        "slip" to screen.slip,
        "language" to screen.language,
        "rows" to screen.rows,
        "fields" to screen.fields,
        "actions" to screen.actions,
    )
