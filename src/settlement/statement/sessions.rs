//! Which attempts and refunds were opened for somebody who was not signed in.
//!
//! The till itself lets nobody sell without a session; this fold does not take its word for it. It follows who is
//! signed in as the journal says it, and keeps the name of each attempt whose first event names anybody else. A lock
//! ends the session for this purpose, and unlocking goes on with it.
//!
//! It never judges what an operator may do. Evidence: `mod tests` below, `tests/statement_check.rs`.

use crate::ids::AttemptId;
use crate::journal::{Event, Fold, FoldError, Journal, JournalError, Rows};

/// Whether the attempt or refund of this name was opened outside every session of its operator.
///
/// # Errors
/// Those of [`Journal::row`].
pub fn is_outside(journal: &Journal, name: &str) -> Result<bool, JournalError> {
    // Almost always there is none, and one small row says so.
    if journal.row(FOLD, ANY)?.is_none() {
        return Ok(false);
    }
    Ok(journal.row(FOLD, &key(name))?.is_some())
}

/// The fold.
pub(super) struct Sessions;

impl Fold for Sessions {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        match event.kind.as_str() {
            "operator.signed_in" | "operator.unlocked" => {
                let name = event.operator.as_ref().ok_or(FoldError::Refused("operator_missing"))?;
                rows.put(OPEN, name.as_bytes(), &[])?;
            }
            "operator.signed_out" | "operator.session_cut" | "operator.locked" => rows.delete(OPEN)?,
            "attempt.prepared" | "refund.requested" => {
                let opened = opened(event).ok_or(FoldError::Refused("attempt_without_name"))?;
                let open = rows.get(OPEN)?;
                if open.is_none() || open.as_deref() != event.operator.as_ref().map(String::as_bytes) {
                    rows.put(&key(opened), b"", &[])?;
                    rows.put(ANY, b"", &[])?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The attempt or the refund that an event opens.
fn opened(event: &Event) -> Option<&str> {
    if event.kind == "refund.requested" {
        return event.body.get("refund")?.as_str();
    }
    event.attempt.as_ref().map(AttemptId::as_str)
}

fn key(opened: &str) -> String {
    format!("outside/{opened}")
}

const FOLD: &str = "sessions";
const OPEN: &str = "open";
const ANY: &str = "any";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BootCount, MonoMs, Now, WallMs};
    use crate::journal::MemoryRows;

    /// Whether a sale for `seller` counts as outside after these events of `alice`.
    fn is_outside_after(events: &[&str], seller: Option<&str>) -> bool {
        let mut rows = MemoryRows::default();
        let event = |kind: &str, operator: Option<&str>, attempt: Option<&str>| Event {
            v: 1,
            kind: kind.to_owned(),
            sequence: 1,
            now: Now { wall: WallMs(0), mono: MonoMs(0), boot: BootCount(0) },
            operator: operator.map(str::to_owned),
            attempt: attempt.map(|name| AttemptId::new(name).unwrap()),
            side: None,
            body: serde_json::Value::Null,
        };
        for kind in events {
            Sessions.apply(&mut rows, &event(kind, Some("alice"), None)).unwrap();
        }
        Sessions.apply(&mut rows, &event("attempt.prepared", seller, Some("A-1"))).unwrap();
        let marked = rows.get("outside/A-1").unwrap().is_some();
        assert_eq!(marked, rows.get(ANY).unwrap().is_some());
        marked
    }

    #[test]
    fn a_sale_belongs_to_the_session_that_is_open() {
        const IN: &str = "operator.signed_in";
        const OUT: &str = "operator.signed_out";
        for (events, seller, verdict) in [
            (&[IN][..], Some("alice"), false),
            (&[IN, "operator.locked", "operator.unlocked"], Some("alice"), false),
            (&[IN], Some("bob"), true),
            (&[IN], None, true),
            (&[], Some("alice"), true),
            (&[IN, OUT], Some("alice"), true),
            (&[IN, "operator.locked"], Some("alice"), true),
            (&[IN, "operator.session_cut"], Some("alice"), true),
        ] {
            assert_eq!(is_outside_after(events, seller), verdict, "{events:?} {seller:?}");
        }
    }
}
