//! What one operator has approved or decided lately: to be read when that operator is lost.
//!
//! Refunds let out or rejected, sales voided, payments decided, tills released, people brought in, rules changed. The
//! newest first, with the event that shows each.
//!
//! It never says whether that was right. Evidence: `tests/incident_loss.rs`.

use serde::Serialize;
use serde_json::Value;

use crate::clock::WallMs;
use crate::ids::{AttemptId, OperatorName, RefundId};
use crate::incident::loss::{Window, each_newest_first};
use crate::journal::{Event, Journal, JournalError};
use crate::payment::Kind;
use crate::payment::books;

/// Something that an operator approved or decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The event.
    pub sequence: u64,
    /// When, by the device's clock.
    pub at_ms: WallMs,
    /// What, as a stable word.
    pub what: &'static str,
    /// Of which attempt.
    pub attempt: Option<AttemptId>,
    /// Of which refund.
    pub refund: Option<RefundId>,
    /// Of which operator.
    pub operator: Option<String>,
}

/// What this operator approved or decided in the window, newest first, at most [`APPROVALS_MAX`].
///
/// # Errors
/// Those of the journal.
pub fn by(journal: &Journal, name: &OperatorName, window: Window) -> Result<Vec<Approval>, JournalError> {
    let mut found = Vec::new();
    each_newest_first(journal, window, &mut |event| {
        if found.len() < APPROVALS_MAX
            && let Some(what) = what_of(journal, name, event)?
        {
            let text = |key: &str| event.body.get(key).and_then(Value::as_str);
            found.push(Approval {
                sequence: event.sequence,
                at_ms: event.now.wall,
                what,
                attempt: event.attempt.clone(),
                refund: text("refund").and_then(|refund| RefundId::new(refund).ok()),
                operator: text("operator").map(str::to_owned),
            });
        }
        Ok(())
    })?;
    Ok(found)
}

fn what_of(journal: &Journal, name: &OperatorName, event: &Event) -> Result<Option<&'static str>, JournalError> {
    let is_own = event.operator.as_deref() == Some(name.as_str());
    if event.kind == "till.released" {
        let second = event.body.pointer("/by/two_people/second").and_then(Value::as_str);
        return Ok((is_own || second == Some(name.as_str())).then_some("till_released"));
    }
    if !is_own {
        return Ok(None);
    }
    if event.kind == "attempt.prepared" {
        let Some(attempt) = &event.attempt else { return Ok(None) };
        let booked = books::attempt(journal, attempt)?;
        return Ok(booked.is_some_and(|booked| booked.view.kind == Kind::Void).then_some("sale_voided"));
    }
    Ok(KINDS.iter().find(|(kind, _)| event.kind == *kind).map(|(_, what)| *what))
}

/// The kinds of events that say so alone, and the word.
const KINDS: [(&str, &str); 9] = [
    ("refund.approved", "refund_approved"),
    ("refund.rejected", "refund_rejected"),
    ("refund.decided", "refund_decided"),
    ("attempt.decided", "payment_decided"),
    ("journal.roll_back_accepted", "roll_back_accepted"),
    ("operator.added", "operator_added"),
    ("operator.reset", "operator_reset"),
    ("operator.removed", "operator_removed"),
    ("policy.changed", "rules_changed"),
];

/// How many are listed at most.
pub const APPROVALS_MAX: usize = 1_000;
