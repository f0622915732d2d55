//! That a statement was checked: the one event of a check, and the last one at hand.
//!
//! It never holds a line. Evidence: `tests/statement_check.rs`.

use serde::{Deserialize, Serialize};

use crate::clock::WallMs;
use crate::hex::encode_lower;
use crate::journal::{Draft, Event, Fold, FoldError, Journal, JournalError, Rows};
use crate::settlement::statement::{Counts, Day, Source};

/// What is journalled of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatementChecked {
    pub source: Source,
    /// The days for which whatever is ours was expected; nothing where there was neither a period nor a line.
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub lines: u64,
    /// Lines of other terminals, and payouts: they were passed over.
    pub passed_over: u64,
    pub differences: Counts,
    /// SHA-256 of the file, or of the host's lines, hex.
    pub sha256: String,
}

impl StatementChecked {
    pub fn draft(&self, operator: String) -> Draft {
        Draft {
            kind: KIND,
            v: V,
            attempt: None,
            operator: Some(operator),
            body: serde_json::to_value(self).expect("an event body has text keys"),
            may_use_ballast: false,
        }
    }
}

/// The last check, or the one that has just ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementSummary {
    /// Where the lines came from.
    pub source: Source,
    /// The first day for which ours was expected.
    pub from: Option<Day>,
    /// The last.
    pub to: Option<Day>,
    /// How many lines there were.
    pub lines: u64,
    /// How many of them were another terminal's, or payouts.
    pub passed_over: u64,
    /// How many differences of each kind.
    pub differences: Counts,
    /// SHA-256 of the file, or of the host's lines, hex.
    pub sha256: String,
    /// The event that says so.
    pub sequence: u64,
    /// When.
    pub at_ms: WallMs,
    /// Who checked.
    pub operator: Option<String>,
}

/// The last check.
///
/// # Errors
/// Those of [`Journal::row`].
pub fn last(journal: &Journal) -> Result<Option<StatementSummary>, JournalError> {
    let Some(row) = journal.row(FOLD, LAST)? else { return Ok(None) };
    let Kept { sequence, at_ms, operator, checked } = serde_json::from_slice(&row).map_err(|_| JournalError::Newer)?;
    let StatementChecked { source, from, to, lines, passed_over, differences, sha256 } = checked;
    Ok(Some(StatementSummary { source, from, to, lines, passed_over, differences, sha256, sequence, at_ms, operator }))
}

/// The row.
#[derive(Serialize, Deserialize)]
struct Kept {
    sequence: u64,
    at_ms: WallMs,
    operator: Option<String>,
    checked: StatementChecked,
}

/// Keeps the last check.
pub(super) struct Statements;

impl Fold for Statements {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        if event.kind != KIND {
            return Ok(());
        }
        if event.v != V {
            return Err(FoldError::Newer);
        }
        let checked = StatementChecked::deserialize(&event.body);
        let checked = checked.map_err(|_| FoldError::Refused("event_body_malformed"))?;
        let kept = Kept { sequence: event.sequence, at_ms: event.now.wall, operator: event.operator.clone(), checked };
        let row = serde_json::to_vec(&kept).map_err(|_| FoldError::Refused("row_unwritable"))?;
        Ok(rows.put(LAST, &row, &[])?)
    }
}

/// A digest as the event says it.
pub(super) fn hex(digest: &[u8; 32]) -> String {
    encode_lower(digest)
}

const KIND: &str = "statement.checked";
const V: u32 = 1;
const FOLD: &str = "statements";
const LAST: &str = "last";
