//! Folds: what the journal's events add up to, kept for speed.
//!
//! A fold turns events, one by one and in order, into rows with a key and index values. Its rows are written
//! in the transaction of the event, sealed, and disposable: a new schema number makes the journal build them
//! anew at the next opening, and `verify` builds them anew and compares.
//!
//! It never reads anything but its own rows and the event. Evidence: `tests/journal_folds.rs`.

use super::error::JournalError;
use super::event::Event;

/// Adds events up into rows. The same events must always give the same rows.
pub trait Fold: Send {
    /// Its name, unique in a journal and never changed, as `attempts`.
    fn name(&self) -> &'static str;

    /// Number of its row format; a change makes the journal build its rows anew.
    fn schema(&self) -> u32;

    /// Takes one event. Events of kinds that do not concern it are passed over.
    ///
    /// # Errors
    /// [`FoldError`]; the event is then not recorded.
    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError>;

    /// Which rows are debts that wait: indexes with the values that say so. Their number is what a locked till tells.
    fn waiting(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }
}

/// The rows of one fold.
pub trait Rows {
    /// The value of a row.
    ///
    /// # Errors
    /// Those of the storage.
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, JournalError>;

    /// Writes a row in place of what was there; `index` pairs an index's name with the row's value in it, and
    /// replaces all earlier ones. A row keeps the place that it had in the order of rows.
    ///
    /// # Errors
    /// Those of the storage.
    fn put(&mut self, key: &str, value: &[u8], index: &[(&str, &str)]) -> Result<(), JournalError>;

    /// Removes a row, if it is there.
    ///
    /// # Errors
    /// Those of the storage.
    fn delete(&mut self, key: &str) -> Result<(), JournalError>;
}

/// Why a fold cannot take an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoldError {
    /// The event's kind or version is not known: a newer version wrote it.
    Newer,
    /// The event or a row is not as it must be; the words are the fold's own.
    Refused(&'static str),
    /// The storage failed.
    Storage(JournalError),
}

impl From<JournalError> for FoldError {
    fn from(error: JournalError) -> Self {
        Self::Storage(error)
    }
}

/// Which rows to give: newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most so many.
    pub limit: usize,
    /// After this place; `None` for the first page.
    pub after: Option<Cursor>,
}

/// A place between two rows. It stays the same place whatever is appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub(super) u64);

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::str::FromStr for Cursor {
    type Err = JournalError;

    fn from_str(text: &str) -> Result<Self, JournalError> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u64::from_str_radix(text, 16) {
            Ok(place) if digits => Ok(Self(place)),
            _ => Err(JournalError::CursorMalformed),
        }
    }
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPage {
    /// The rows, newest first.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// One row of a fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The event that created it. No two rows of a fold that makes one row an event have the same.
    pub created: u64,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Vec<u8>,
}
