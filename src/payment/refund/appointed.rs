//! Who gave whom the way into this till: who added an operator, and who set the operator's password last.
//!
//! Somebody who chose another's password can have been that other person. So an approver whom the requester added, or
//! whose password the requester set last, is no second person. Changing one's own password undoes neither; a password
//! from somebody else undoes the second.
//!
//! It never says whether that is allowed. Evidence: `mod tests`, `tests/refund_rules.rs`.

use serde::{Deserialize, Serialize};

use crate::ids::OperatorName;
use crate::journal::{Event, Fold, FoldError, Journal, JournalError, Rows};
use crate::payment::refund::view::Tie;

/// Who gave one operator the way in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::payment) struct Appointed {
    added_by: Option<String>,
    reset_by: Option<String>,
}

impl Appointed {
    /// How this operator, as an approver, is tied to a requester.
    pub fn tie(&self, approver: &OperatorName, requester: Option<&OperatorName>) -> Tie {
        let Some(requester) = requester.map(OperatorName::as_str) else { return Tie::Same };
        if requester == approver.as_str() {
            Tie::Same
        } else if self.added_by.as_deref() == Some(requester) {
            Tie::AppointedByRequester
        } else if self.reset_by.as_deref() == Some(requester) {
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
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        let by = event.operator.clone();
        let (name, appointed) = match event.kind.as_str() {
            ADDED => (named(event)?, Appointed { added_by: by, reset_by: None }),
            RESET => {
                let name = named(event)?;
                (name, Appointed { reset_by: by, ..row(rows, name)? })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn appointed(added_by: Option<&str>, reset_by: Option<&str>) -> Appointed {
        Appointed { added_by: added_by.map(str::to_owned), reset_by: reset_by.map(str::to_owned) }
    }

    #[test]
    fn an_approver_is_tied_to_who_gave_the_way_in() {
        let name = |name: &str| OperatorName::new(name).unwrap();
        for (added, reset, requester, tie) in [
            (None, None, Some("alice"), Tie::None),
            (None, None, Some("bob"), Tie::Same),
            (Some("alice"), None, Some("alice"), Tie::AppointedByRequester),
            (Some("alice"), Some("carol"), Some("alice"), Tie::AppointedByRequester),
            (Some("carol"), Some("alice"), Some("alice"), Tie::ResetByRequester),
            (Some("alice"), Some("alice"), Some("carol"), Tie::None),
            // Nobody can be told apart from nobody.
            (None, None, None, Tie::Same),
        ] {
            let requester = requester.map(name);
            assert_eq!(appointed(added, reset).tie(&name("bob"), requester.as_ref()), tie, "{added:?} {reset:?}");
        }
    }
}
