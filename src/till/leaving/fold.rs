//! What the journal says of goodbyes: whether somebody left and the head was not signed yet, and how far a
//! deregistration has come.
//!
//! It never holds a name that the events do not. Evidence: `tests/leaving_kills.rs`.

use serde::{Deserialize, Serialize};

use crate::journal::{CHECKPOINT, Event, Fold, FoldError, Journal, JournalError, Rows};
use crate::till::events::{DEREGISTERED, DEREGISTRATION_ASKED, SIGNED_OUT, Why};

/// Keeps what a goodbye leaves to be done.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::till) struct LeavingFold;

/// How far a deregistration has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::till) struct Deregistration {
    /// What was stated, with the till's own signatures: a signed note.
    pub statement: String,
    /// Whether the acquirer has let the till go.
    pub is_let_go: bool,
    /// The acquirer's signature below the statement; nothing where its dialect has no such message.
    pub acquirer: Option<String>,
}

impl Deregistration {
    /// The statement with everybody's signatures.
    pub fn whole(&self) -> String {
        format!("{}{}", self.statement, self.acquirer.as_deref().unwrap_or_default())
    }
}

/// Whether somebody left by the checklist whose checkpoint was not signed.
pub(in crate::till) fn is_exit_unsigned(journal: &Journal) -> Result<bool, JournalError> {
    Ok(journal.row(FOLD, EXIT_ROW)?.is_some())
}

/// How far a deregistration has come; nothing where none was asked for.
pub(in crate::till) fn deregistration(journal: &Journal) -> Result<Option<Deregistration>, JournalError> {
    let row = journal.row(FOLD, DEREGISTRATION_ROW)?;
    row.map(|row| serde_json::from_slice(&row).map_err(|_| JournalError::Newer)).transpose()
}

impl Fold for LeavingFold {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        match event.kind.as_str() {
            SIGNED_OUT if event.body["why"] == Why::Exit.word() => {
                Ok(rows.put(EXIT_ROW, event.sequence.to_string().as_bytes(), &[])?)
            }
            CHECKPOINT if rows.get(EXIT_ROW)?.is_some() => Ok(rows.delete(EXIT_ROW)?),
            DEREGISTRATION_ASKED => {
                let statement = text(event, "statement").ok_or(FoldError::Refused("statement_missing"))?;
                put(rows, &Deregistration { statement, is_let_go: false, acquirer: None })
            }
            DEREGISTERED => {
                let row = rows.get(DEREGISTRATION_ROW)?.ok_or(FoldError::Refused("not_asked_for"))?;
                let asked: Deregistration = serde_json::from_slice(&row).map_err(|_| FoldError::Newer)?;
                put(rows, &Deregistration { is_let_go: true, acquirer: text(event, "acquirer"), ..asked })
            }
            _ => Ok(()),
        }
    }
}

fn text(event: &Event, name: &str) -> Option<String> {
    event.body.get(name).and_then(serde_json::Value::as_str).map(str::to_owned)
}

fn put(rows: &mut dyn Rows, deregistration: &Deregistration) -> Result<(), FoldError> {
    let row = serde_json::to_vec(deregistration).map_err(|_| FoldError::Refused("row_unwritable"))?;
    Ok(rows.put(DEREGISTRATION_ROW, &row, &[])?)
}

const FOLD: &str = "leaving";
const EXIT_ROW: &str = "exit";
const DEREGISTRATION_ROW: &str = "deregistration";
