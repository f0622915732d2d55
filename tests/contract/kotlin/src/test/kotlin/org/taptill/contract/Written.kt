package org.taptill.contract

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import org.taptill.core.Action
import org.taptill.core.Attempt
import org.taptill.core.Batch
import org.taptill.core.Blocker
import org.taptill.core.BrandTotals
import org.taptill.core.Candidate
import org.taptill.core.CurrencyTotals
import org.taptill.core.Difference
import org.taptill.core.DifferenceCounts
import org.taptill.core.DifferencePage
import org.taptill.core.DifferenceWords
import org.taptill.core.ErrorFacts
import org.taptill.core.ErrorWords
import org.taptill.core.EventPage
import org.taptill.core.EvidenceVerdict
import org.taptill.core.ExitAdvice
import org.taptill.core.ExitItem
import org.taptill.core.ExitState
import org.taptill.core.ExitView
import org.taptill.core.Field
import org.taptill.core.FreezeFacts
import org.taptill.core.Intent
import org.taptill.core.KindSums
import org.taptill.core.Language
import org.taptill.core.Notice
import org.taptill.core.OperatorFacts
import org.taptill.core.Page
import org.taptill.core.PasswordProfile
import org.taptill.core.PasswordRules
import org.taptill.core.PreviewFacts
import org.taptill.core.RecordSum
import org.taptill.core.Refund
import org.taptill.core.RefundPage
import org.taptill.core.Resolved
import org.taptill.core.Row
import org.taptill.core.Screen
import org.taptill.core.SessionFacts
import org.taptill.core.ShopPolicy
import org.taptill.core.StatementLine
import org.taptill.core.StatementSummary
import org.taptill.core.TillException
import org.taptill.core.TillInfo
import org.taptill.core.TillState
import org.taptill.core.Verified
import org.taptill.core.VoidView
import org.taptill.core.describeDifference
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
        is Resolved ->
            entries(
                "closed" to value.closed,
                "left" to value.left,
                "refunds_closed" to value.refundsClosed,
                "refunds_left" to value.refundsLeft,
            )
        is VoidView -> entries("attempt" to value.attempt, "state" to value.state, "decision" to value.decision)
        is Blocker -> entries("why" to value.why, "name" to value.name, "remedy" to value.remedy)
        is Candidate ->
            entries(
                "attempt" to value.attempt,
                "minor" to value.amount.minor,
                "currency" to value.amount.currency,
                "card_masked" to value.cardMasked,
            )
        is Refund -> written(value)
        is RefundPage -> entries("refunds" to value.refunds, "next" to value.next)
        is Batch -> written(value)
        is CurrencyTotals -> entries("currency" to value.currency, "sums" to value.sums, "brands" to value.brands)
        is BrandTotals -> entries("brand" to value.brand, "sums" to value.sums)
        is KindSums ->
            entries(
                "sales" to value.sales,
                "voids" to value.voids,
                "refunds" to value.refunds,
                "net_minor" to value.netMinor,
            )
        is RecordSum -> entries("count" to value.count, "minor" to value.minor)
        is DifferencePage -> entries("differences" to value.differences, "more" to value.more)
        is Difference -> written(value)
        is StatementLine -> written(value)
        is DifferenceWords -> entries("what" to value.what, "why" to value.why, "todo" to value.todo)
        is StatementSummary -> written(value)
        is ExitView -> entries("items" to value.items, "is_left" to value.isLeft, "checkpoint" to value.checkpoint)
        is ExitItem -> written(value)
        is FreezeFacts ->
            entries("by" to value.by, "reason" to value.reason, "from" to value.from, "since_ms" to value.sinceMs)
        is PreviewFacts -> written(value)
        is EvidenceVerdict -> written(value)
        is ExitAdvice -> entries("code" to value.code, "remedy" to value.remedy)
        is DifferenceCounts -> written(value)
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
        else -> writtenGoodbye(value)
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
        "kind" to attempt.kind,
        "of" to attempt.of,
        "void" to attempt.void,
        "refunds" to attempt.refunds,
        "decision" to attempt.decision,
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
        "blockers" to facts.blockers,
        "candidates" to facts.candidates,
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
        "settlement_missed_ms" to state.settlementMissedMs,
        "frozen" to state.frozen,
        "is_rolled_back" to state.isRolledBack,
        "network" to state.network,
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
        "settle_at_minute" to policy.settleAtMinute,
        "two_people_to_deregister" to policy.twoPeopleToDeregister,
        "freeze_needs_password_at_lock_screen" to policy.freezeNeedsPasswordAtLockScreen,
        "contactless_card" to policy.refunds.contactlessCard,
        "encrypted_read" to policy.refunds.encryptedRead,
    )

private fun written(refund: Refund): JsonObject =
    entries(
        "refund" to refund.refund,
        "attempt" to refund.attempt,
        "order" to refund.order,
        "state" to refund.state,
        "reason" to refund.reason,
        "minor" to refund.amount.minor,
        "currency" to refund.amount.currency,
        "requested_by" to refund.requestedBy,
        "approved_by" to refund.approvedBy,
        "rejected_by" to refund.rejectedBy,
        "rejected_because" to refund.rejectedBecause,
        "decision" to refund.decision,
        "card_masked" to refund.cardMasked,
        "stan" to refund.stan,
        "batch" to refund.batch,
        "sends" to refund.sends,
        "host_code" to refund.hostCode,
        "rrn" to refund.rrn,
    )

private fun written(batch: Batch): JsonObject =
    entries(
        "batch" to batch.batch,
        "state" to batch.state,
        "totals" to batch.totals,
        "records" to batch.records,
        "uploaded" to batch.uploaded,
        "sends" to batch.sends,
        "host_code" to batch.hostCode,
        "reason" to batch.reason,
        "next" to batch.next,
        "missed_ms" to batch.missedMs,
        "refusals" to batch.refusals,
        "decision" to batch.decision,
    )

private fun written(facts: PreviewFacts): JsonObject =
    entries(
        "records" to facts.records,
        "first" to facts.first,
        "last" to facts.last,
        "is_run" to facts.isRun,
        "kinds" to facts.kinds,
        "slips" to facts.slips,
        "operators" to facts.operators,
        "size" to facts.size,
    )

private fun written(verdict: EvidenceVerdict): JsonObject =
    entries(
        "holds" to verdict.holds,
        "findings" to verdict.findings,
        "wrong" to verdict.wrong,
        "proved" to verdict.proved,
        "not_proved" to verdict.notProved,
        "records" to verdict.records,
        "size" to verdict.size,
        "origin" to verdict.origin,
    )

private fun written(item: ExitItem): JsonObject {
    val waived = item.state as? ExitState.Waived
    return entries(
        "step" to item.step,
        "state" to word(item.state),
        "by" to waived?.by,
        "reason" to waived?.reason,
        "blockers" to item.blockers,
        "advice" to item.advice,
    )
}

private fun written(difference: Difference): JsonObject =
    entries(
        "kind" to difference.kind,
        "why" to difference.why,
        "remedy" to difference.remedy,
        "line" to difference.line,
        "attempt" to difference.attempt,
        "refund" to difference.refund,
        "sequence" to difference.sequence,
        "ours_minor" to difference.oursMinor,
        "our_date" to difference.ourDate,
        "words" to describeDifference(difference, Language.EN),
    )

private fun written(line: StatementLine): JsonObject =
    entries(
        "number" to line.number,
        "date" to line.date,
        "amount_minor" to line.amountMinor,
        "currency" to line.currency,
        "kind" to line.kind,
        "rrn" to line.rrn,
        "stan" to line.stan,
        "batch" to line.batch,
        "order" to line.order,
        "card_masked" to line.cardMasked,
    )

private fun written(summary: StatementSummary): JsonObject =
    entries(
        "source" to summary.source,
        "from" to summary.from,
        "to" to summary.to,
        "lines" to summary.lines,
        "passed_over" to summary.passedOver,
        "to_look_at" to summary.toLookAt,
        "sequence" to summary.sequence,
        "operator" to summary.`operator`,
        "differences" to summary.differences,
    )

private fun written(counts: DifferenceCounts): JsonObject =
    entries(
        "missing" to counts.missing,
        "unexpected" to counts.unexpected,
        "amount" to counts.amount,
        "duplicate" to counts.duplicate,
        "wrong_day" to counts.wrongDay,
        "wrong_sign" to counts.wrongSign,
        "not_mine" to counts.notMine,
        "fee" to counts.fee,
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
