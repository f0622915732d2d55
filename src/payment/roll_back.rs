//! What the journal says of a past that the acquirer knows and it does not.
//!
//! One row: the head that the host had seen and that this journal does not continue, and whether a supervisor knows.
//! Till then no sale begins. The acceptance is of that one head: another one that does not fit is a new finding.
//!
//! It never compares anything; the engine does, at each sign-on. Evidence: `tests/payment_roll_back.rs`.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};
use crate::journal::{Event, Fold, FoldError, Journal, JournalError, Rows};
use crate::payment::events::{Body, RollBackAccepted, RolledBack};

/// The host had seen a journal that this one does not continue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollBack {
    /// How many events this journal had when it was found.
    pub size: u64,
    /// How many the host had seen.
    pub seen_size: u64,
    /// The root over those, in hex.
    pub seen_root: String,
    /// Whether a supervisor has accepted it.
    pub is_accepted: bool,
}

impl RollBack {
    /// The error of whoever wants to sell meanwhile.
    pub(super) fn error(&self) -> Error {
        Error::from(ErrorCode::JournalRolledBack).number("size", self.size).number("seen", self.seen_size)
    }
}

/// The last finding, accepted or not.
pub(super) fn last(journal: &Journal) -> Result<Option<RollBack>, JournalError> {
    let row = journal.row(FOLD, LAST_ROW)?;
    row.map(|row| serde_json::from_slice(&row).map_err(|_| JournalError::Newer)).transpose()
}

/// Keeps the last finding.
pub(super) struct RollBacks;

impl Fold for RollBacks {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        let last = match event.kind.as_str() {
            RolledBack::KIND => {
                let RolledBack { size, seen_size, seen_root } = Body::of(event)?;
                RollBack { size, seen_size, seen_root, is_accepted: false }
            }
            RollBackAccepted::KIND => {
                let RollBackAccepted { seen_size, seen_root } = Body::of(event)?;
                let row = rows.get(LAST_ROW)?.ok_or(FoldError::Refused("nothing_was_rolled_back"))?;
                let found: RollBack = serde_json::from_slice(&row).map_err(|_| FoldError::Refused("row_malformed"))?;
                if (found.seen_size, &found.seen_root) != (seen_size, &seen_root) {
                    return Err(FoldError::Refused("another_roll_back"));
                }
                RollBack { is_accepted: true, ..found }
            }
            _ => return Ok(()),
        };
        let row = serde_json::to_vec(&last).map_err(|_| FoldError::Refused("row_unwritable"))?;
        Ok(rows.put(LAST_ROW, &row, &[])?)
    }
}

const FOLD: &str = "roll_back";
const LAST_ROW: &str = "last";
