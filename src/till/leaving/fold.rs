//! What the journal says of goodbyes: whether somebody left and the head was not signed yet.
//!
//! It never holds a name that the events do not. Evidence: `tests/leaving_kills.rs`.

use crate::journal::{CHECKPOINT, Event, Fold, FoldError, Journal, JournalError, Rows};
use crate::till::events::{SIGNED_OUT, Why};

/// Keeps what a goodbye leaves to be done.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::till) struct LeavingFold;

/// Whether somebody left by the checklist whose checkpoint was not signed.
pub(in crate::till) fn is_exit_unsigned(journal: &Journal) -> Result<bool, JournalError> {
    Ok(journal.row(FOLD, EXIT_ROW)?.is_some())
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
            _ => Ok(()),
        }
    }
}

const FOLD: &str = "leaving";
const EXIT_ROW: &str = "exit";
