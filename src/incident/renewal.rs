//! Every password anew: what the record keeps of a renewal until each operator has set another.
//!
//! The event `passwords.renewed` names each operator with the number of the password that he or she had. Whoever comes
//! with that password, or an older one, must set another before anything else; a password set since is a later number.
//!
//! It never holds a password. Evidence: `tests/passwords_renewed.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::OperatorName;
use crate::journal::{Draft, Event, Fold, FoldError, Journal, JournalError, Rows};

/// The operators whose password is due, with the number of the last one that must go.
pub type Due = BTreeMap<String, u32>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RenewedBody {
    due: Due,
    key_generation: u32,
}

/// The event of a renewal.
#[must_use]
pub fn renewed(by: &OperatorName, due: Due, key_generation: u32) -> Draft {
    let body = serde_json::to_value(RenewedBody { due, key_generation }).expect("a body of ours has text keys");
    Draft { kind: RENEWED, v: 1, attempt: None, operator: Some(by.to_string()), body, may_use_ballast: false }
}

/// Whose password is due.
///
/// # Errors
/// Those of the journal.
pub fn due(journal: &Journal) -> Result<Due, JournalError> {
    match journal.row(FOLD, DUE_ROW)? {
        Some(row) => serde_json::from_slice(&row).map_err(|_| JournalError::Newer),
        None => Ok(Due::new()),
    }
}

/// The fold of renewals: one row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Renewals;

impl Fold for Renewals {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        let due = match event.kind.as_str() {
            RENEWED if event.v != 1 => return Err(FoldError::Newer),
            RENEWED => {
                let body = serde_json::from_value(event.body.clone()).map_err(|_| FoldError::Newer)?;
                let RenewedBody { due, .. } = body;
                due
            }
            // Whoever is brought in anew begins to count anew.
            ADDED => without(rows, event.body.get("operator").and_then(serde_json::Value::as_str))?,
            RECOVERED => without(rows, event.operator.as_deref())?,
            _ => return Ok(()),
        };
        let row = serde_json::to_vec(&due).map_err(|_| FoldError::Refused("row_unwritable"))?;
        Ok(rows.put(DUE_ROW, &row, &[])?)
    }
}

fn without(rows: &mut dyn Rows, name: Option<&str>) -> Result<Due, FoldError> {
    let row = rows.get(DUE_ROW)?;
    let due = row.map(|row| serde_json::from_slice(&row)).transpose();
    let mut due: Due = due.map_err(|_| FoldError::Refused("row_malformed"))?.unwrap_or_default();
    name.map(|name| due.remove(name));
    Ok(due)
}

/// The event by which every password is due.
pub const RENEWED: &str = crate::account::PASSWORDS_RENEWED;
const ADDED: &str = "operator.added";
const RECOVERED: &str = "operator.recovered";
const FOLD: &str = "renewal";
const DUE_ROW: &str = "due";
