//! The feed: the facts of the journal that a shell may see, in order, by cursor.
//!
//! A shell pulls a page, does what it does with it, and acknowledges the last cursor that it is done with; what is
//! not acknowledged is told again, also after a restart. So each fact is told at least once, and a shell that
//! was killed in between knows it by its cursor, which is the fact's sequence.
//!
//! A closed list says which kinds are shown; a kind that is not on it is passed over. It never shows a body: no
//! card data, no amounts, no codes; `status` tells those. Evidence: `tests/payment_events.rs`, `mod tests` below.

use serde::Serialize;

use crate::account;
use crate::clock::WallMs;
use crate::ids::AttemptId;
use crate::journal::{Event, FoldError, Journal, JournalError};
use crate::payment::events::{
    AttemptEvent, Body, ReceiptPrinted, RollBackAccepted, RolledBack, SignedOn, UnmatchedAnswer,
};
use crate::payment::state::{State, Step};

/// Largest page of events.
pub const EVENTS_MAX: u32 = 100;

/// One fact of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TillEvent {
    /// Its sequence in the journal, from 1; also the cursor behind it.
    pub cursor: u64,
    /// When it was recorded.
    pub at_ms: WallMs,
    /// What happened, as `attempt.approved`.
    pub kind: &'static str,
    /// The attempt that it is about.
    pub attempt: Option<AttemptId>,
    /// The state to which it brought the attempt; `None` where it left it as it was.
    pub state: Option<State>,
}

/// A page of events, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventPage {
    /// This page's events.
    pub events: Vec<TillEvent>,
    /// The cursor that was acknowledged last; 0 without any.
    pub acknowledged: u64,
    /// Whether there are events after these.
    pub more: bool,
}

/// The events after a cursor, or after the one that was acknowledged last.
pub(super) fn page(journal: &Journal, after: Option<u64>, limit: u32) -> Result<EventPage, JournalError> {
    let acknowledged = journal.acknowledged()?;
    let mut after = after.unwrap_or(acknowledged);
    let limit = limit as usize;
    let mut events = Vec::with_capacity(limit);
    loop {
        // One more than wanted, to know whether there are more.
        let walked = journal.events_after(after, limit + 1 - events.len())?;
        let Some(last) = walked.last() else { return Ok(EventPage { events, acknowledged, more: false }) };
        after = last.sequence;
        for event in walked {
            events.extend(shown(event)?);
        }
        if events.len() > limit {
            events.truncate(limit);
            return Ok(EventPage { events, acknowledged, more: true });
        }
    }
}

/// The event as a shell may see it; `None` for a kind that is not on the list.
fn shown(event: Event) -> Result<Option<TillEvent>, JournalError> {
    let step = AttemptEvent::of(&event).map_err(unreadable)?.map(|read| read.step());
    let kind = match step {
        Some(step) => Some(step.event()),
        None => OTHER_KINDS.iter().copied().find(|kind| *kind == event.kind),
    };
    Ok(kind.map(|kind| TillEvent {
        cursor: event.sequence,
        at_ms: event.now.wall,
        kind,
        attempt: event.attempt,
        state: step.and_then(Step::leads_to).map(State::as_callers_see_it),
    }))
}

/// The journal took the event when it was written, so only a newer version can have written what is not read here.
fn unreadable(error: FoldError) -> JournalError {
    match error {
        FoldError::Storage(error) => error,
        FoldError::Newer | FoldError::Refused(_) => JournalError::Newer,
    }
}

/// What is shown beside the life of attempts: of the till, of people and of keys. Who it was is not shown.
const OTHER_KINDS: &[&str] = &[
    ReceiptPrinted::KIND,
    SignedOn::KIND,
    UnmatchedAnswer::KIND,
    RolledBack::KIND,
    RollBackAccepted::KIND,
    "batch.closing",
    "batch.sent",
    "batch.answered",
    "batch.reopened",
    "batch.balanced",
    "batch.unbalanced",
    "batch.uploaded",
    "batch.end_sent",
    "batch.closed",
    "batch.decided",
    "refund.requested",
    "refund.approved",
    "refund.rejected",
    "refund.expired",
    "refund.prepared",
    "refund.sent",
    "refund.answered",
    "refund.acknowledged",
    "refund.declined",
    "refund.withdrawn",
    "refund.stuck",
    "refund.decided",
    "refund.printed",
    account::PROVISIONED,
    account::POLICY_CHANGED,
    account::PASSWORDS_RENEWED,
    "till.frozen",
    "till.released",
    "till.freeze_told",
    "till.deregistration_asked",
    "till.deregistered",
    "till.erasing",
    "till.erasure_planted",
    "loss.reported",
    "operator.claimed",
    "operator.recovered",
    "operator.signed_in",
    "operator.sign_in_failed",
    "operator.session_cut",
    "operator.locked",
    "operator.unlocked",
    "operator.signed_out",
    "operator.added",
    "operator.removed",
    "operator.reset",
    "operator.password_changed",
    "operator.recovery_renewed",
    "operator.biometric_enrolled",
    "operator.biometric_forgotten",
    "key.rotated",
    "host.marked",
    "network.judged",
    "network.pins_changed",
    "network.pins_refused",
    "acquirer.message_read",
    "certificate.due",
    "certificate.renewed",
    "journal.checkpoint",
    "statement.checked",
    "evidence.disclosed",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BootCount, MonoMs, Now};

    fn event(kind: &str, body: serde_json::Value) -> Event {
        Event {
            v: 1,
            kind: kind.to_owned(),
            sequence: 7,
            now: Now { wall: WallMs(1), mono: MonoMs(2), boot: BootCount(3) },
            operator: Some("alice".to_owned()),
            attempt: Some(AttemptId::new("A-1").unwrap()),
            side: None,
            body,
        }
    }

    #[test]
    fn what_is_on_the_list_is_shown_without_its_body() {
        let code = serde_json::json!({ "host_code": "00" });
        let delivered = serde_json::json!({ "state": "approved" });
        for (kind, body, state) in [
            ("attempt.reversed", code, Some(State::Reversed)),
            ("attempt.delivered", delivered, None),
            ("receipt.printed", serde_json::json!({ "copy": "customer" }), None),
            ("host.signed_on", serde_json::json!({ "batch": 7 }), None),
            ("host.unmatched_answer", serde_json::json!({ "cause": "late" }), None),
            ("till.provisioned", serde_json::json!({ "secret": "4761739001010119" }), None),
            ("operator.signed_in", serde_json::json!({ "operator": "alice" }), None),
            ("journal.checkpoint", serde_json::json!({ "note": "4761739001010119" }), None),
            ("till.frozen", serde_json::json!({ "reason": "4761739001010119" }), None),
            ("till.released", serde_json::json!({ "by": { "two_people": { "second": "alice" } } }), None),
            ("passwords.renewed", serde_json::json!({ "due": { "alice": 1 } }), None),
            ("loss.reported", serde_json::json!({ "number": 1 }), None),
            ("till.deregistration_asked", serde_json::json!({ "second": "alice" }), None),
        ] {
            let shown = shown(event(kind, body)).unwrap().expect(kind);
            assert_eq!((shown.cursor, shown.kind, shown.state), (7, kind, state));
            let json = serde_json::to_string(&shown).unwrap();
            assert!(!json.contains("4761739001010119") && !json.contains("alice"), "{json}");
        }
    }

    #[test]
    fn a_sent_reversal_is_shown_as_one_that_is_due() {
        let body = serde_json::json!({ "number": 1, "host_day": "2026-11-22" });
        let sent = shown(event("attempt.reversal_sent", body)).unwrap().unwrap();
        assert_eq!(sent.state, Some(State::ReversalDue));
    }

    #[test]
    fn what_is_not_on_the_list_is_passed_over_or_refused() {
        for kind in ["operator.of_the_future", "account", "receipt.printed.twice", ""] {
            assert_eq!(shown(event(kind, serde_json::Value::Null)), Ok(None), "{kind}");
        }
        for kind in ["attempt.of_the_future", "attempt.approved"] {
            assert_eq!(shown(event(kind, serde_json::Value::Null)), Err(JournalError::Newer), "{kind}");
        }
    }
}
