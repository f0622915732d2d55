//! Plain rows: small values beside the record that can be read while the journal is locked.
//!
//! They hold what must be known before there is a key: who may open the till, and with what. The journal keeps
//! them in their order, durable and in one transaction with an event where that is asked, and knows no more of
//! them: whoever writes them seals what is secret and authenticates the rest under the device's keys.
//!
//! They are no part of the record: `verify` passes them over. Evidence: `tests/journal_locked.rs`.

use rusqlite::{Connection, OptionalExtension};

use super::database::{self, fault};
use super::error::JournalError;
use super::file::DatabaseFile;
use crate::ports::Moment;

/// What is to become of a plain row.
#[derive(Clone)]
pub struct PlainChange {
    /// The row's name, as `vault/slot/1`.
    pub name: String,
    /// Its new value; `None` removes the row. Removing what is not there is done already.
    pub value: Option<Vec<u8>>,
}

/// Plain rows, of a journal that is locked or of one that is not.
pub trait PlainRows {
    /// The value of a row.
    ///
    /// # Errors
    /// Those of the storage.
    fn plain(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError>;

    /// The rows whose names begin so, by name.
    ///
    /// # Errors
    /// Those of the storage.
    fn plains(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError>;

    /// Makes all changes or none, in the order in which they are given, and returns when they are durable.
    ///
    /// # Errors
    /// Those of the storage.
    fn change_plain(&mut self, changes: &[PlainChange]) -> Result<(), JournalError>;
}

impl DatabaseFile {
    pub(super) fn plain(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.ready()?;
        self.db
            .prepare_cached("SELECT value FROM plain WHERE name = ?1")
            .and_then(|mut select| select.query_row([name], |row| row.get(0)).optional())
            .map_err(fault)
    }

    pub(super) fn plains(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        self.ready()?;
        // SQLite orders TEXT by its UTF-8 bytes, so what begins alike stands together.
        let select = "SELECT name, value FROM plain WHERE name >= ?1 ORDER BY name";
        let mut select = self.db.prepare_cached(select).map_err(fault)?;
        let mut rows = select.query([prefix]).map_err(fault)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let name: String = row.get(0).map_err(fault)?;
            if !name.starts_with(prefix) {
                break;
            }
            found.push((name, row.get(1).map_err(fault)?));
        }
        Ok(found)
    }
}

/// Part of its caller's transaction.
pub(super) fn write(db: &Connection, changes: &[PlainChange]) -> Result<(), JournalError> {
    for PlainChange { name, value } in changes {
        let written = match value {
            Some(value) => db
                .prepare_cached("REPLACE INTO plain (name, value) VALUES (?1, ?2)")
                .and_then(|mut replace| replace.execute((name, value))),
            None => db.prepare_cached("DELETE FROM plain WHERE name = ?1").and_then(|mut work| work.execute([name])),
        };
        written.map_err(fault)?;
    }
    Ok(())
}

/// A transaction of its own, and then what was replaced leaves the write-ahead log too. Visits the fault points
/// before and after `plain.changed`.
pub(super) fn change(file: &mut DatabaseFile, changes: &[PlainChange]) -> Result<(), JournalError> {
    file.ready()?;
    file.reach(Moment::Before, CHANGED)?;
    in_transaction(&file.db, changes).inspect_err(|error| file.note(error))?;
    // What is changed is durable whatever becomes of this; a failed sync is met by the next call.
    let _ = file.empty_log();
    file.reach(Moment::After, CHANGED)
}

fn in_transaction(db: &Connection, changes: &[PlainChange]) -> Result<(), JournalError> {
    let transaction = database::begin(db)?;
    write(&transaction, changes)?;
    transaction.commit().map_err(fault)
}

/// The fault points of a change.
const CHANGED: &str = "plain.changed";
