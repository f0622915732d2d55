package org.taptill.contract

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import org.taptill.core.AcquirerMessage
import org.taptill.core.Approval
import org.taptill.core.Erased
import org.taptill.core.LossFacts
import org.taptill.core.LossOf
import org.taptill.core.LossSum
import org.taptill.core.LossSums
import org.taptill.core.MessageFact
import org.taptill.core.NetworkJudgement
import org.taptill.core.NetworkView
import org.taptill.core.NotMine
import org.taptill.core.RefundApproval
import org.taptill.core.RefundRules

/** How values of bad days and of the end of a till are written in the contract. */
internal fun writtenGoodbye(value: Any): JsonElement =
    when (value) {
        is Erased ->
            entries(
                "certificate" to value.certificate,
                "exported_sha256" to value.exportedSha256,
                "is_acknowledged" to value.isAcknowledged,
            )
        is Approval ->
            entries(
                "what" to value.what,
                "sequence" to value.sequence,
                "attempt" to value.attempt,
                "refund" to value.refund,
                "operator" to value.`operator`,
            )
        is LossFacts -> written(value)
        is LossOf -> entries("name" to value.name, "sums" to value.sums)
        is LossSums ->
            entries(
                "gross" to value.gross,
                "voided" to value.voided,
                "refunded" to value.refunded,
                "at_risk" to value.atRisk,
                "unknown" to value.unknown,
            )
        is LossSum -> entries("count" to value.count, "minor" to value.minor)
        is NotMine ->
            entries(
                "why" to value.why,
                "sequence" to value.sequence,
                "attempt" to value.attempt,
                "refund" to value.refund,
                "minor" to value.minor,
            )
        is NetworkJudgement ->
            entries("because_of" to value.becauseOf, "verdict" to value.verdict, "remedy" to value.remedy)
        is NetworkView -> written(value)
        is AcquirerMessage -> written(value)
        is MessageFact -> entries("name" to value.name, "value" to value.value)
        is RefundRules -> written(value)
        else -> unknown("a value of ${value.javaClass}")
    }

private fun written(facts: LossFacts): JsonObject =
    entries(
        "number" to facts.number,
        "from_ms" to facts.fromMs,
        "to_ms" to facts.toMs,
        "made_by" to facts.madeBy,
        "frozen" to facts.frozen,
        "currency" to facts.currency,
        "sums" to facts.sums,
        "operators" to facts.operators,
        "readers" to facts.readers,
        "lines" to facts.lines,
        "is_cut" to facts.isCut,
        "not_mine" to facts.notMine,
    )

private fun written(view: NetworkView): JsonObject =
    entries(
        "posture" to view.posture,
        "clock_is_wrong" to view.clockIsWrong,
        "judgement" to view.judgement,
        "table" to view.table,
        "pin" to view.pin,
        "pin_backup" to view.pinBackup,
        "acquirer_key" to view.acquirerKey,
    )

private fun written(message: AcquirerMessage): JsonObject =
    entries(
        "is_the_acquirers" to message.isTheAcquirers,
        "why" to message.why,
        "kind" to message.kind,
        "number" to message.number,
        "at_ms" to message.atMs,
        "is_for_this_till" to message.isForThisTill,
        "facts" to message.facts,
    )

private fun written(rules: RefundRules): JsonObject =
    entries(
        "window_days" to rules.windowDays,
        "verification" to rules.verification,
        "approval" to word(rules.approval),
        "below_minor" to (rules.approval as? RefundApproval.NoneBelow)?.minor,
        "self_approval_allowed" to rules.selfApprovalAllowed,
        "request_lifetime_ms" to rules.requestLifetimeMs,
    )
