//! The face's values as JSON, in the contract's names.

use serde_json::{Map, Value, json};
use taptill_ffi::{
    Attempt, Batch, Blocker, Candidate, CurrencyTotals, Difference, DifferencePage, ErrorFacts, ErrorWords, EventPage,
    ExitItem, ExitState, ExitView, Field, FreezeFacts, Intent, KindSums, Language, Notice, OperatorFacts, Page,
    PasswordDone, PasswordProfile, RecordSum, RecoveryCode, Refund, RefundApproval, RefundRules, Resolved, Screen,
    SessionFacts, ShopPolicy, StatementLine, StatementSummary, TillError, TillInfo, TillState, Verified, VoidView,
    describe_difference,
};

use crate::network::judgement;

/// The word of an enumeration's value: `InDoubt` is `in_doubt`, and what it carries is left out.
pub fn word(value: &impl std::fmt::Debug) -> String {
    let shown = format!("{value:?}");
    let name = shown.split([' ', '{', '(']).next().unwrap_or_default();
    let mut word = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

pub fn attempt(attempt: &Attempt) -> Value {
    let reversal = attempt
        .reversal
        .as_ref()
        .map(|reversal| json!({ "reason": reversal.reason, "sends": reversal.sends, "host_code": reversal.host_code }));
    let void = |void: &VoidView| json!({ "attempt": void.attempt, "state": word(&void.state), "decision": void.decision.as_ref().map(word) });
    json!({
        "attempt": attempt.attempt, "kind": word(&attempt.kind), "of": attempt.of, "void": attempt.void.as_ref().map(void),
        "refunds": attempt.refunds, "decision": attempt.decision.as_ref().map(word), "order": attempt.order, "state": word(&attempt.state), "reason": attempt.reason,
        "money": word(&attempt.money), "minor": attempt.amount.minor, "currency": attempt.amount.currency,
        "refunded_minor": attempt.refunded_minor, "delivered": attempt.delivered, "settled": attempt.settled,
        "card_masked": attempt.card_masked, "label": attempt.label, "cvm": attempt.cvm, "stan": attempt.stan,
        "batch": attempt.batch, "auth_code": attempt.auth_code, "rrn": attempt.rrn, "host_code": attempt.host_code,
        "reversal": reversal, "printed_merchant": attempt.printed_merchant, "printed_customer": attempt.printed_customer,
    })
}

pub fn error(error: &TillError) -> Value {
    let mut object = facts(error.facts());
    object["category"] = word(error).into();
    object
}

pub fn facts(facts: &ErrorFacts) -> Value {
    let details: Map<_, _> =
        facts.details.iter().map(|detail| (detail.name.clone(), detail.value.clone().into())).collect();
    let blockers: Value = facts.blockers.iter().map(blocker).collect();
    let candidates: Value = facts.candidates.iter().map(candidate).collect();
    json!({
        "blockers": blockers, "candidates": candidates, "code": facts.code, "money": word(&facts.money), "retry": word(&facts.retry),
        "reversal": word(&facts.reversal), "actor": word(&facts.actor), "attempt": facts.attempt,
        "host_code": facts.host_code, "details": details,
    })
}

pub fn blocker(blocker: &Blocker) -> Value {
    json!({ "why": blocker.why, "name": blocker.name, "remedy": blocker.remedy })
}

fn candidate(candidate: &Candidate) -> Value {
    json!({
        "attempt": candidate.attempt, "minor": candidate.amount.minor, "currency": candidate.amount.currency,
        "card_masked": candidate.card_masked,
    })
}

pub fn words(words: &ErrorWords) -> Value {
    json!({ "what": words.what, "todo": words.todo, "money": words.money })
}

pub fn page(page: &Page) -> Value {
    json!({ "attempts": attempts(&page.attempts), "next": page.next })
}

pub fn resolved(resolved: &Resolved) -> Value {
    json!({
        "closed": attempts(&resolved.closed), "left": attempts(&resolved.left),
        "refunds_closed": refunds(&resolved.refunds_closed), "refunds_left": refunds(&resolved.refunds_left),
    })
}

pub fn attempts(list: &[Attempt]) -> Value {
    list.iter().map(attempt).collect()
}

pub fn verified(verified: &Verified) -> Value {
    json!({ "events": verified.events, "root": verified.root })
}

pub fn info(info: &TillInfo) -> Value {
    json!({
        "terminal_id": info.terminal_id, "merchant_id": info.merchant_id, "merchant_name": info.merchant_name,
        "currency": info.currency, "currency_decimals": info.currency_decimals, "sale_max_minor": info.sale_max_minor,
        "time_zone": info.time_zone, "host": info.host,
    })
}

pub fn state(state: &TillState) -> Value {
    json!({
        "standing": word(&state.standing), "operator": state.operator, "role": state.role.as_ref().map(word),
        "waiting": state.waiting, "locks_in_ms": state.locks_in_ms,
        "biometric": word(&state.biometric), "settlement_missed_ms": state.settlement_missed_ms,
        "frozen": state.frozen.as_ref().map(frozen), "is_rolled_back": state.is_rolled_back,
        "network": state.network.as_ref().map(judgement),
    })
}

pub fn frozen(facts: &FreezeFacts) -> Value {
    json!({ "by": facts.by, "reason": facts.reason, "from": word(&facts.from), "since_ms": facts.since_ms })
}

pub fn done(done: &PasswordDone) -> Value {
    let session = |session: &SessionFacts| {
        json!({
            "operator": session.operator, "role": word(&session.role), "password_days_left": session.password_days_left,
            "failed_before": session.failed_before, "cut_before": session.cut_before, "waiting": session.waiting,
        })
    };
    json!({ "session": done.session.as_ref().map(session), "recovery": done.recovery.as_deref().map(code) })
}

/// A code, character by character. A shell shows it and keeps no text of it.
pub fn code(code: &RecoveryCode) -> String {
    (0..code.length().unwrap()).map(|place| char::from(code.character(place).unwrap())).collect()
}

pub fn operators(operators: &[OperatorFacts]) -> Value {
    let operator = |operator: &OperatorFacts| {
        json!({
            "name": operator.name, "role": word(&operator.role), "is_temporary": operator.is_temporary,
            "is_locked_out": operator.is_locked_out,
        })
    };
    operators.iter().map(operator).collect()
}

pub fn policy(policy: &ShopPolicy) -> Value {
    let rules = match &policy.password {
        PasswordProfile::Own { rules } => json!({
            "min_length": rules.min_length, "letters_and_digits": rules.letters_and_digits,
            "common_refused": rules.common_refused, "history": rules.history, "max_age_days": rules.max_age_days,
        }),
        PasswordProfile::Pci | PasswordProfile::Nist => Value::Null,
    };
    json!({
        "password": word(&policy.password), "rules": rules, "idle_ms": policy.idle_ms,
        "session_max_ms": policy.session_max_ms, "tries": policy.tries, "lockout_ms": policy.lockout_ms,
        "checkpoint_every": policy.checkpoint_every, "biometric_days": policy.biometric_days,
        "shop_words": policy.shop_words, "settle_at_minute": policy.settle_at_minute,
        "two_people_to_deregister": policy.two_people_to_deregister,
        "freeze_needs_password_at_lock_screen": policy.freeze_needs_password_at_lock_screen,
        "contactless_card": refund_rules(&policy.refunds.contactless_card),
        "encrypted_read": refund_rules(&policy.refunds.encrypted_read),
    })
}

fn refund_rules(rules: &RefundRules) -> Value {
    let below = match rules.approval {
        RefundApproval::NoneBelow { minor } => Some(minor),
        RefundApproval::SecondPerson | RefundApproval::Host => None,
    };
    json!({
        "window_days": rules.window_days, "verification": word(&rules.verification), "approval": word(&rules.approval),
        "below_minor": below, "self_approval_allowed": rules.self_approval_allowed,
        "request_lifetime_ms": rules.request_lifetime_ms,
    })
}

pub fn refund(refund: &Refund) -> Value {
    json!({
        "refund": refund.refund, "attempt": refund.attempt, "order": refund.order, "state": word(&refund.state),
        "reason": refund.reason, "minor": refund.amount.minor, "currency": refund.amount.currency,
        "requested_by": refund.requested_by, "approved_by": refund.approved_by, "rejected_by": refund.rejected_by,
        "rejected_because": refund.rejected_because, "decision": refund.decision.as_ref().map(word),
        "card_masked": refund.card_masked, "stan": refund.stan, "batch": refund.batch, "sends": refund.sends,
        "host_code": refund.host_code, "rrn": refund.rrn,
    })
}

pub fn refunds(list: &[Refund]) -> Value {
    list.iter().map(refund).collect()
}

pub fn batch(batch: &Batch) -> Value {
    let totals = |of: &CurrencyTotals| {
        let brands: Value =
            of.brands.iter().map(|brand| json!({ "brand": brand.brand, "sums": sums(brand.sums) })).collect();
        json!({ "currency": of.currency, "sums": sums(of.sums), "brands": brands })
    };
    let totals: Value = batch.totals.iter().map(totals).collect();
    json!({
        "batch": batch.batch, "state": word(&batch.state), "totals": totals, "records": batch.records,
        "uploaded": batch.uploaded, "sends": batch.sends, "host_code": batch.host_code, "reason": batch.reason,
        "refusals": batch.refusals, "decision": batch.decision.as_ref().map(word), "next": batch.next,
        "missed_ms": batch.missed_ms,
    })
}

pub fn exit(view: &ExitView) -> Value {
    let item = |item: &ExitItem| {
        let (by, reason) = match &item.state {
            ExitState::Waived { by, reason } => (Some(by), Some(reason)),
            _ => (None, None),
        };
        let blockers: Value = item.blockers.iter().map(blocker).collect();
        json!({
            "step": word(&item.step), "state": word(&item.state), "by": by, "reason": reason, "blockers": blockers,
            "advice": item.advice.as_ref().map(|advice| json!({ "code": advice.code, "remedy": advice.remedy })),
        })
    };
    let items: Value = view.items.iter().map(item).collect();
    json!({ "items": items, "is_left": view.is_left, "checkpoint": view.checkpoint })
}

fn sums(of: KindSums) -> Value {
    let sum = |sum: RecordSum| json!({ "count": sum.count, "minor": sum.minor });
    json!({ "sales": sum(of.sales), "voids": sum(of.voids), "refunds": sum(of.refunds), "net_minor": of.net_minor })
}

pub fn differences(page: &DifferencePage) -> Value {
    let differences: Value = page.differences.iter().map(difference).collect();
    json!({ "differences": differences, "more": page.more })
}

fn difference(difference: &Difference) -> Value {
    let line = |line: &StatementLine| {
        json!({
            "number": line.number, "date": line.date, "amount_minor": line.amount_minor, "currency": line.currency,
            "kind": line.kind.as_ref().map(word), "rrn": line.rrn, "stan": line.stan, "batch": line.batch,
            "order": line.order, "card_masked": line.card_masked,
        })
    };
    let words = describe_difference(difference, Language::En).unwrap();
    json!({
        "kind": word(&difference.kind), "why": difference.why, "remedy": difference.remedy,
        "line": difference.line.as_ref().map(line), "attempt": difference.attempt, "refund": difference.refund,
        "sequence": difference.sequence, "ours_minor": difference.ours_minor, "our_date": difference.our_date,
        "words": { "what": words.what, "why": words.why, "todo": words.todo },
    })
}

pub fn summary(summary: &StatementSummary) -> Value {
    let counts = &summary.differences;
    json!({
        "source": word(&summary.source), "from": summary.from, "to": summary.to, "lines": summary.lines,
        "passed_over": summary.passed_over, "to_look_at": summary.to_look_at, "sequence": summary.sequence,
        "operator": summary.operator,
        "differences": {
            "missing": counts.missing, "unexpected": counts.unexpected, "amount": counts.amount,
            "duplicate": counts.duplicate, "wrong_day": counts.wrong_day, "wrong_sign": counts.wrong_sign,
            "not_mine": counts.not_mine, "fee": counts.fee,
        },
    })
}

pub fn events(page: &EventPage) -> Value {
    let event = |event: &taptill_ffi::TillEvent| {
        json!({
            "cursor": event.cursor, "kind": event.kind, "attempt": event.attempt,
            "state": event.state.as_ref().map(word),
        })
    };
    let events: Value = page.events.iter().map(event).collect();
    json!({ "events": events, "acknowledged": page.acknowledged, "more": page.more })
}

pub fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Show { prompt } => format!("show {}", word(prompt)),
        Notice::Attempt { state, .. } => format!("attempt {}", word(state)),
        Notice::Till { standing } => format!("till {}", word(standing)),
        other => word(other),
    }
}

pub fn screen(screen: &Screen) -> Value {
    let rows: Value = screen.rows.iter().map(|row| json!({ "label": row.label, "value": row.value })).collect();
    let action = |action: &taptill_ffi::Action| {
        let intent: &Intent = &action.intent;
        json!({ "intent": word(intent), "label": action.label, "role": word(&action.role), "enabled": action.enabled })
    };
    let field =
        |field: &Field| json!({ "name": word(&field.name), "label": field.label, "is_secret": field.is_secret });
    let fields: Value = screen.fields.iter().map(field).collect();
    let actions: Value = screen.actions.iter().map(action).collect();
    json!({
        "kind": word(&screen.kind), "tone": word(&screen.tone), "title": screen.title, "headline": screen.headline,
        "message": screen.message, "advice": screen.advice, "lights": screen.lights, "field_on": screen.field_on,
        "keypad": screen.keypad, "private": screen.private, "slip": screen.slip, "language": word(&screen.language),
        "rows": rows, "fields": fields, "actions": actions,
    })
}
