//! Who gave whom the way into this till: who added an operator, and who set the operator's password last.
//!
//! Somebody who chose another's password can have been that other person, and so whatever that person did then. So an
//! approver whom the requester added, or whose password the requester set last, is no second person, nor one whom such
//! a person added, however long the chain is. It is followed as it is made: what becomes of its people later, and who has
//! their names then, changes nothing. Changing one's own password undoes neither; a password from somebody else undoes
//! the second.
//!
//! It never says whether that is allowed. Evidence: `mod tests`, `tests/refund_rules.rs`.

use serde::{Deserialize, Serialize};

use crate::ids::OperatorName;
use crate::journal::{Event, Fold, FoldError, Journal, JournalError, Rows};
use crate::payment::refund::view::Tie;

/// Who gave one operator the way in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::payment) struct Appointed {
    added_by: Chain,
    reset_by: Chain,
}

/// Somebody, and everybody who can have been that person: no name twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Chain {
    names: Vec<String>,
    /// Whether there were more than are kept: then it may be anybody's.
    is_cut: bool,
}

impl Chain {
    /// A step by this person, who came in like this.
    fn of(by: Option<String>, appointed: Appointed) -> Self {
        let Some(by) = by else { return Self::default() };
        let Appointed { added_by, reset_by } = appointed;
        let is_cut = added_by.is_cut || reset_by.is_cut;
        let mut chain = Self { names: vec![by], is_cut };
        added_by.names.into_iter().chain(reset_by.names).for_each(|name| chain.add(name));
        chain
    }

    fn add(&mut self, name: String) {
        if self.names.contains(&name) {
            return;
        }
        if self.names.len() == CHAIN_MAX {
            self.is_cut = true;
        } else {
            self.names.push(name);
        }
    }

    fn leads_to(&self, name: &str) -> bool {
        self.is_cut || self.names.iter().any(|link| link == name)
    }
}

impl Appointed {
    /// How this operator, as an approver, is tied to a requester.
    pub fn tie(&self, approver: &OperatorName, requester: Option<&OperatorName>) -> Tie {
        let Some(requester) = requester.map(OperatorName::as_str) else { return Tie::Same };
        if requester == approver.as_str() {
            Tie::Same
        } else if self.added_by.leads_to(requester) {
            Tie::AppointedByRequester
        } else if self.reset_by.leads_to(requester) {
            Tie::ResetByRequester
        } else {
            Tie::None
        }
    }
}

/// The fold of it: one row an operator.
pub(in crate::payment) struct Appointments;

impl Fold for Appointments {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        2
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        let by = event.operator.clone();
        let (name, appointed) = match event.kind.as_str() {
            ADDED => (named(event)?, Appointed { added_by: chain(rows, by)?, reset_by: Chain::default() }),
            RESET => {
                let name = named(event)?;
                (name, Appointed { reset_by: chain(rows, by)?, ..row(rows, name)? })
            }
            // The recovery code chose the password, and whoever has it stands above all appointments.
            CLAIMED | RECOVERED => {
                let name = by.as_deref().ok_or(FoldError::Refused("operator_missing"))?;
                return Ok(rows.delete(name)?);
            }
            REMOVED => return Ok(rows.delete(named(event)?)?),
            _ => return Ok(()),
        };
        let value = serde_json::to_vec(&appointed).map_err(|_| FoldError::Refused("row_unwritable"))?;
        Ok(rows.put(name, &value, &[])?)
    }
}

fn chain(rows: &mut dyn Rows, by: Option<String>) -> Result<Chain, FoldError> {
    let appointed = by.as_deref().map_or_else(|| Ok(Appointed::default()), |by| row(rows, by))?;
    Ok(Chain::of(by, appointed))
}

fn named(event: &Event) -> Result<&str, FoldError> {
    event.body.get("operator").and_then(serde_json::Value::as_str).ok_or(FoldError::Refused("operator_missing"))
}

fn row(rows: &mut dyn Rows, name: &str) -> Result<Appointed, FoldError> {
    match rows.get(name)? {
        Some(row) => serde_json::from_slice(&row).map_err(|_| FoldError::Refused("row_malformed")),
        None => Ok(Appointed::default()),
    }
}

/// Who gave this operator the way in.
pub(in crate::payment) fn of(journal: &Journal, name: &OperatorName) -> Result<Appointed, JournalError> {
    match journal.row(FOLD, name.as_str())? {
        Some(row) => serde_json::from_slice(&row).map_err(|_| JournalError::Newer),
        None => Ok(Appointed::default()),
    }
}

const FOLD: &str = "appointments";
const CLAIMED: &str = "operator.claimed";
const RECOVERED: &str = "operator.recovered";
const ADDED: &str = "operator.added";
const RESET: &str = "operator.reset";
const REMOVED: &str = "operator.removed";
/// As many links of a chain as are kept. More people than ever had a way into one till.
const CHAIN_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BootCount, MonoMs, Now, WallMs};
    use crate::journal::MemoryRows;

    fn happens(rows: &mut MemoryRows, kind: &str, by: Option<&str>, name: &str) {
        let event = Event {
            v: 1,
            kind: kind.to_owned(),
            sequence: 1,
            now: Now { wall: WallMs(0), mono: MonoMs(0), boot: BootCount(1) },
            operator: by.map(str::to_owned),
            attempt: None,
            side: None,
            body: serde_json::json!({ "operator": name }),
        };
        Appointments.apply(rows, &event).unwrap();
    }

    fn tie_of(rows: &mut MemoryRows, approver: &str, requester: Option<&str>) -> Tie {
        let name = |name: &str| OperatorName::new(name).unwrap();
        let appointed = row(rows, approver).unwrap();
        appointed.tie(&name(approver), requester.map(name).as_ref())
    }

    #[test]
    fn an_approver_is_tied_to_whoever_can_have_given_the_way_in() {
        type Step = (&'static str, Option<&'static str>, &'static str);
        type Row = (&'static [Step], &'static str, Option<&'static str>, Tie);
        let rows: &[Row] = &[
            (&[], "bob", Some("alice"), Tie::None),
            (&[], "bob", Some("bob"), Tie::Same),
            // Nobody can be told apart from nobody.
            (&[], "bob", None, Tie::Same),
            (&[(ADDED, None, "bob")], "bob", Some("alice"), Tie::None),
            (&[(ADDED, Some("alice"), "bob")], "bob", Some("alice"), Tie::AppointedByRequester),
            (
                &[(ADDED, Some("alice"), "bob"), (RESET, Some("carol"), "bob")],
                "bob",
                Some("alice"),
                Tie::AppointedByRequester,
            ),
            (
                &[(ADDED, Some("carol"), "bob"), (RESET, Some("alice"), "bob")],
                "bob",
                Some("alice"),
                Tie::ResetByRequester,
            ),
            (&[(ADDED, Some("alice"), "bob"), (RESET, Some("alice"), "bob")], "bob", Some("carol"), Tie::None),
            // Through one between them, by each kind of link.
            (
                &[(ADDED, Some("alice"), "dan"), (ADDED, Some("dan"), "bob")],
                "bob",
                Some("alice"),
                Tie::AppointedByRequester,
            ),
            (
                &[(RESET, Some("alice"), "dan"), (ADDED, Some("dan"), "bob")],
                "bob",
                Some("alice"),
                Tie::AppointedByRequester,
            ),
            (
                &[(ADDED, Some("alice"), "dan"), (RESET, Some("dan"), "bob")],
                "bob",
                Some("alice"),
                Tie::ResetByRequester,
            ),
            // Who was appointed by the approver is above nobody.
            (&[(ADDED, Some("bob"), "dan"), (ADDED, Some("dan"), "alice")], "bob", Some("alice"), Tie::None),
            // The link in the middle is gone, or its name is somebody else's now.
            (
                &[(ADDED, Some("alice"), "dan"), (ADDED, Some("dan"), "bob"), (REMOVED, Some("alice"), "dan")],
                "bob",
                Some("alice"),
                Tie::AppointedByRequester,
            ),
            (
                &[
                    (ADDED, Some("alice"), "dan"),
                    (ADDED, Some("dan"), "bob"),
                    (REMOVED, Some("alice"), "dan"),
                    (ADDED, Some("carol"), "dan"),
                ],
                "bob",
                Some("alice"),
                Tie::AppointedByRequester,
            ),
            // What dan did before alice had a hold over dan was not her doing.
            (&[(ADDED, Some("dan"), "bob"), (RESET, Some("alice"), "dan")], "bob", Some("alice"), Tie::None),
            // Two who have set each other's passwords.
            (
                &[(RESET, Some("alice"), "bob"), (RESET, Some("bob"), "alice"), (RESET, Some("alice"), "bob")],
                "bob",
                Some("alice"),
                Tie::ResetByRequester,
            ),
            // Whoever has the recovery code begins anew.
            (
                &[(ADDED, Some("alice"), "dan"), (RECOVERED, Some("dan"), "dan"), (ADDED, Some("dan"), "bob")],
                "bob",
                Some("alice"),
                Tie::None,
            ),
        ];
        for (steps, approver, requester, tie) in rows {
            let mut rows = MemoryRows::default();
            steps.iter().for_each(|(kind, by, name)| happens(&mut rows, kind, *by, name));
            assert_eq!(tie_of(&mut rows, approver, *requester), *tie, "{steps:?}");
        }
    }

    #[test]
    fn a_chain_is_followed_to_its_end_and_one_that_is_too_long_ties_to_everybody() {
        let mut rows = MemoryRows::default();
        for number in 1..100 {
            happens(&mut rows, ADDED, Some(&format!("p{}", number - 1)), &format!("p{number}"));
            let stranger = if number > CHAIN_MAX { Tie::AppointedByRequester } else { Tie::None };
            let approver = format!("p{number}");
            assert_eq!(tie_of(&mut rows, &approver, Some("p0")), Tie::AppointedByRequester, "{number}");
            assert_eq!(tie_of(&mut rows, &approver, Some("stranger")), stranger, "{number}");
        }
    }
}
