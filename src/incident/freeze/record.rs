//! What the record says of freezes: the one that stands, and what the acquirer has yet to be told of it.
//!
//! `till.frozen`, `till.released` and `till.freeze_told` are the events. The fold takes no second freeze but the
//! acquirer's own, which takes the place of the till's, and no release of that one by anybody else.
//!
//! It never forgets that the acquirer is to be told before it was. Evidence: `mod tests`, `tests/incident_freeze.rs`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FreezeReason, FreezeView, FrozenFrom};
use crate::clock::WallMs;
use crate::ids::OperatorName;
use crate::journal::{Draft, Event, Fold, FoldError, Journal, JournalError, Rows};

/// The freeze that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The freeze.
    pub view: FreezeView,
    /// Its event.
    pub sequence: u64,
}

/// Who let the till go again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Released {
    /// Whoever was signed in, who is the event's operator, and a second person.
    TwoPeople {
        /// The second person.
        second: OperatorName,
    },
    /// The acquirer.
    Host,
}

/// What the acquirer has yet to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owed {
    /// That the till is frozen.
    Freeze,
    /// That it is free again.
    Release,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrozenBody {
    since_ms: Option<WallMs>,
    reason: Option<FreezeReason>,
    from: FrozenFrom,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleasedBody {
    by: Released,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToldBody {
    of: Owed,
    said: String,
}

/// The event of a freeze.
pub fn frozen(view: &FreezeView) -> Draft {
    let FreezeView { since_ms, by, reason, from } = view.clone();
    draft(FROZEN, by.as_ref(), &FrozenBody { since_ms, reason, from })
}

/// The event of a release; `by` is whoever was signed in.
pub fn released(by: Option<&OperatorName>, released: &Released) -> Draft {
    draft(RELEASED, by, &ReleasedBody { by: released.clone() })
}

/// The event that the acquirer was told, with its word on it.
pub fn told(of: Owed, said: &str) -> Draft {
    draft(TOLD, None, &ToldBody { of, said: said.to_owned() })
}

/// The freeze that stands now.
///
/// # Errors
/// Those of the journal.
pub fn standing(journal: &Journal) -> Result<Option<Kept>, JournalError> {
    Ok(row(journal)?.freeze)
}

/// What the acquirer has yet to be told.
///
/// # Errors
/// Those of the journal.
pub fn owed(journal: &Journal) -> Result<Option<Owed>, JournalError> {
    Ok(row(journal)?.owed)
}

fn row(journal: &Journal) -> Result<Standing, JournalError> {
    match journal.row(FOLD, STANDING_ROW)? {
        Some(row) => serde_json::from_slice(&row).map_err(|_| JournalError::Newer),
        None => Ok(Standing::default()),
    }
}

fn draft(kind: &'static str, by: Option<&OperatorName>, body: &impl Serialize) -> Draft {
    let body = serde_json::to_value(body).expect("a body of ours has text keys");
    Draft { kind, v: 1, attempt: None, operator: by.map(ToString::to_string), body, may_use_ballast: true }
}

/// The one row.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    freeze: Option<Kept>,
    owed: Option<Owed>,
}

impl Standing {
    fn take(&mut self, event: &Event) -> Result<(), FoldError> {
        match event.kind.as_str() {
            FROZEN => {
                let FrozenBody { since_ms, reason, from } = body(event)?;
                if self.freeze.is_some() && from != FrozenFrom::Host {
                    return Err(FoldError::Refused("frozen_twice"));
                }
                let by = event.operator.as_deref().map(OperatorName::new).transpose();
                let by = by.map_err(|_| FoldError::Refused("operator_malformed"))?;
                let view = FreezeView { since_ms, by, reason, from };
                self.freeze = Some(Kept { view, sequence: event.sequence });
                // Who froze it need not be told.
                self.owed = (from != FrozenFrom::Host).then_some(Owed::Freeze);
            }
            RELEASED => {
                let freeze = self.freeze.take().ok_or(FoldError::Refused("not_frozen"))?;
                let ReleasedBody { by } = body(event)?;
                if freeze.view.from == FrozenFrom::Host && by != Released::Host {
                    return Err(FoldError::Refused("frozen_by_host"));
                }
                // The acquirer says its own release until it hears that the till has heard it.
                self.owed = Some(Owed::Release);
            }
            TOLD => {
                let ToldBody { of, .. } = body(event)?;
                if self.owed == Some(of) {
                    self.owed = None;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn body<T: for<'a> Deserialize<'a>>(event: &Event) -> Result<T, FoldError> {
    if event.v != 1 {
        return Err(FoldError::Newer);
    }
    serde_json::from_value::<T>(Value::clone(&event.body)).map_err(|_| FoldError::Newer)
}

/// The fold of freezes: one row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Freezes;

impl Fold for Freezes {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        if !matches!(event.kind.as_str(), FROZEN | RELEASED | TOLD) {
            return Ok(());
        }
        let mut standing: Standing = match rows.get(STANDING_ROW)? {
            Some(row) => serde_json::from_slice(&row).map_err(|_| FoldError::Refused("row_malformed"))?,
            None => Standing::default(),
        };
        standing.take(event)?;
        let row = serde_json::to_vec(&standing).map_err(|_| FoldError::Refused("row_unwritable"))?;
        Ok(rows.put(STANDING_ROW, &row, &[])?)
    }
}

/// The event of a freeze.
pub const FROZEN: &str = "till.frozen";
/// The event of a release.
pub const RELEASED: &str = "till.released";
/// The event that the acquirer was told of one of them.
pub const TOLD: &str = "till.freeze_told";
const FOLD: &str = "freeze";
const STANDING_ROW: &str = "standing";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BootCount, MonoMs, Now};

    fn event(kind: &str, body: Value) -> Event {
        let now = Now { wall: WallMs(0), mono: MonoMs(0), boot: BootCount(0) };
        let (operator, kind) = (Some("bob".to_owned()), kind.to_owned());
        Event { v: 1, kind, sequence: 7, now, operator, attempt: None, side: None, body }
    }

    fn freeze(from: FrozenFrom) -> Event {
        event(FROZEN, serde_json::json!({ "since_ms": 1, "reason": null, "from": from }))
    }

    fn release(by: &Released) -> Event {
        event(RELEASED, serde_json::json!({ "by": by }))
    }

    fn told_of(of: Owed) -> Event {
        event(TOLD, serde_json::json!({ "of": of, "said": "00" }))
    }

    /// After these events: from where it is frozen and what is owed, or why the last was refused.
    fn after(events: &[Event]) -> Result<(Option<FrozenFrom>, Option<Owed>), FoldError> {
        let mut standing = Standing::default();
        events.iter().try_for_each(|event| standing.take(event))?;
        Ok((standing.freeze.map(|kept| kept.view.from), standing.owed))
    }

    #[test]
    fn a_freeze_stands_until_those_who_may_have_released_it() {
        use FrozenFrom::{Found, Host, LockScreen, Till};
        let two = || release(&Released::TwoPeople { second: OperatorName::new("alice").unwrap() });
        let host = || release(&Released::Host);
        let refused = |why| Err(FoldError::Refused(why));
        let rows: Vec<(Vec<Event>, Result<_, FoldError>)> = vec![
            (vec![], Ok((None, None))),
            (vec![freeze(Till)], Ok((Some(Till), Some(Owed::Freeze)))),
            (vec![freeze(LockScreen)], Ok((Some(LockScreen), Some(Owed::Freeze)))),
            (vec![freeze(Found)], Ok((Some(Found), Some(Owed::Freeze)))),
            (vec![freeze(Host)], Ok((Some(Host), None))),
            (vec![freeze(Till), freeze(Till)], refused("frozen_twice")),
            (vec![freeze(Host), freeze(LockScreen)], refused("frozen_twice")),
            // The acquirer's own takes the place of the till's.
            (vec![freeze(Till), freeze(Host)], Ok((Some(Host), None))),
            (vec![freeze(Till), told_of(Owed::Freeze)], Ok((Some(Till), None))),
            // A word about the one before says nothing of this one.
            (vec![freeze(Till), told_of(Owed::Release)], Ok((Some(Till), Some(Owed::Freeze)))),
            (vec![freeze(Till), two()], Ok((None, Some(Owed::Release)))),
            (vec![freeze(Till), two(), told_of(Owed::Release)], Ok((None, None))),
            (vec![freeze(Till), two(), freeze(Till)], Ok((Some(Till), Some(Owed::Freeze)))),
            (vec![freeze(Till), host()], Ok((None, Some(Owed::Release)))),
            (vec![freeze(Host), host()], Ok((None, Some(Owed::Release)))),
            (vec![freeze(Host), two()], refused("frozen_by_host")),
            (vec![two()], refused("not_frozen")),
            (vec![freeze(Till), two(), two()], refused("not_frozen")),
        ];
        for (events, verdict) in rows {
            let told: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
            assert_eq!(after(&events), verdict, "{told:?}");
        }
    }

    #[test]
    fn what_a_newer_version_says_is_not_guessed_at() {
        let newer = Event { v: 2, ..freeze(FrozenFrom::Till) };
        let more = event(FROZEN, serde_json::json!({ "since_ms": 1, "reason": null, "from": "till", "more": 1 }));
        for event in [newer, more] {
            assert_eq!(after(&[event]), Err(FoldError::Newer));
        }
    }
}
