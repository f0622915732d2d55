//! The database file: how it is opened, what tables it has, what SQLite's failures mean.
//!
//! Write-ahead log, `synchronous=FULL` (set and read back: a commit is durable when it returns), deleted content
//! overwritten. All content but plain rows is sealed before it comes here; clear columns are sequences, salts, nonces, hashes.
//! Migrations are numbered by `user_version`; format 1 is the first.
//!
//! It never retries a failed sync. Evidence: `tests/journal_record.rs`, `tests/journal_crash.rs`.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};

use super::error::{Damage, JournalError};

/// "TTJ" and a zero: tells the file from other SQLite databases.
const APPLICATION_ID: i32 = 0x5454_4a00;

/// The format that this version writes.
const VERSION: i32 = 1;

/// How long to wait for another program's lock.
const BUSY_WAIT: Duration = Duration::from_millis(200);

const SCHEMA_1: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE plain (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    key_generation INTEGER NOT NULL,
    nodes BLOB NOT NULL,        -- the leaf's hash and the tree's nodes that it completes, from level 0 upward
    sealed BLOB NOT NULL        -- format, session salt and nonce, then the sealed event
) STRICT;
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    frontier BLOB NOT NULL,
    key_generation INTEGER NOT NULL,
    oldest_generation INTEGER NOT NULL, -- of all rows: older than the head's while some are to be sealed anew
    fold_sums BLOB NOT NULL,    -- over the rows of each fold
    subkey_salt BLOB NOT NULL,
    mac BLOB NOT NULL,
    waiting INTEGER NOT NULL,   -- the note for the lock screen: how many debts wait
    waiting_mac BLOB NOT NULL
) STRICT;
CREATE TABLE side_row (
    tag BLOB PRIMARY KEY,
    seq INTEGER NOT NULL,
    name_salt BLOB NOT NULL,
    name_hash BLOB NOT NULL,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE side_key (
    tag BLOB PRIMARY KEY,
    key_generation INTEGER NOT NULL,
    subkey_salt BLOB NOT NULL,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE fold (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, schema INTEGER NOT NULL) STRICT;
CREATE TABLE fold_row (
    id INTEGER PRIMARY KEY,     -- fold, sequence of creation, order within it
    key_generation INTEGER NOT NULL,
    key BLOB NOT NULL UNIQUE,
    seq INTEGER NOT NULL,       -- of the event that wrote it last
    tags BLOB NOT NULL,         -- its index entries
    subkey_salt BLOB NOT NULL,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE fold_index (tag BLOB NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tag, id)) STRICT, WITHOUT ROWID;
";

/// What is at a path.
pub(super) enum Found {
    /// A database without tables: nothing, or a creation that was never finished.
    Empty(Connection),
    /// A journal of a format that this version reads.
    Journal(Connection),
}

/// Opens the file and sets how it is written.
pub(super) fn open(path: &Path, may_create: bool) -> Result<Found, JournalError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if may_create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    } else if !path.exists() {
        return Err(JournalError::NotThere);
    }
    let db = Connection::open_with_flags(path, flags).map_err(fault)?;
    db.busy_timeout(BUSY_WAIT).map_err(fault)?;
    db.set_prepared_statement_cache_capacity(64);
    // Plans depend on the query alone. Else a query with a LIMIT would be planned anew each time it is asked.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fault)?;
    make_durable(&db)?;
    what_is_it(db)
}

/// Makes the tables; part of its caller's transaction.
pub(super) fn make_tables(transaction: &Transaction<'_>) -> Result<(), JournalError> {
    transaction.execute_batch(SCHEMA_1).map_err(fault)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(fault)?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(fault)
}

/// Begins a transaction that holds the write lock from the start.
pub(super) fn begin(db: &Connection) -> Result<Transaction<'_>, JournalError> {
    Transaction::new_unchecked(db, TransactionBehavior::Immediate).map_err(fault)
}

/// Moves the write-ahead log into the database and empties it. `false` when another program is reading.
pub(super) fn checkpoint(db: &Connection) -> Result<bool, JournalError> {
    let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(fault)?;
    Ok(busy == 0)
}

fn make_durable(db: &Connection) -> Result<(), JournalError> {
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(fault)?;
    db.pragma_update(None, "synchronous", "FULL").map_err(fault)?;
    db.pragma_update(None, "secure_delete", "ON").map_err(fault)?;
    // On Apple's systems an ordinary fsync stops at the drive's cache. Elsewhere these two do nothing.
    db.pragma_update(None, "fullfsync", "ON").map_err(fault)?;
    db.pragma_update(None, "checkpoint_fullfsync", "ON").map_err(fault)?;
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(fault);
    let is_durable = mode == "wal" && number("synchronous")? == 2 && number("secure_delete")? == 1;
    if is_durable { Ok(()) } else { Err(JournalError::StorageFailed) }
}

fn what_is_it(db: Connection) -> Result<Found, JournalError> {
    let number = |query: &str| db.query_row(query, [], |row| row.get::<_, i32>(0)).map_err(fault);
    let version = number("PRAGMA user_version")?;
    let application_id = number("PRAGMA application_id")?;
    let has_tables = number("SELECT count(*) FROM sqlite_schema")? > 0;
    match (version, application_id) {
        (0, 0) if !has_tables => Ok(Found::Empty(db)),
        (VERSION, APPLICATION_ID) => Ok(Found::Journal(db)),
        (newer, APPLICATION_ID) if newer > VERSION => Err(JournalError::Newer),
        _ => Err(Damage::Database.anywhere()),
    }
}

/// What a failure of SQLite means to the journal.
pub(super) fn fault(error: rusqlite::Error) -> JournalError {
    let rusqlite::Error::SqliteFailure(failure, _) = &error else {
        // A value of another type than was written, or a row that must be there and is not.
        return Damage::Database.anywhere();
    };
    match (failure.extended_code, failure.code) {
        (ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC, _) => JournalError::SyncFailed,
        // SQLite cannot grow the file that its readers share: as good as always for want of room.
        (ffi::SQLITE_IOERR_SHMSIZE, _) | (_, ErrorCode::DiskFull) => JournalError::DiskFull,
        (_, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::Locked,
        (_, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation) => {
            Damage::Database.anywhere()
        }
        _ => JournalError::StorageFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_sqlite_has_its_meaning() {
        let cases = [
            (ffi::SQLITE_FULL, JournalError::DiskFull),
            (ffi::SQLITE_IOERR_SHMSIZE, JournalError::DiskFull),
            (ffi::SQLITE_BUSY, JournalError::Locked),
            (ffi::SQLITE_BUSY_RECOVERY, JournalError::Locked),
            (ffi::SQLITE_LOCKED, JournalError::Locked),
            (ffi::SQLITE_IOERR_FSYNC, JournalError::SyncFailed),
            (ffi::SQLITE_IOERR_DIR_FSYNC, JournalError::SyncFailed),
            (ffi::SQLITE_IOERR_WRITE, JournalError::StorageFailed),
            (ffi::SQLITE_CANTOPEN, JournalError::StorageFailed),
            (ffi::SQLITE_READONLY, JournalError::StorageFailed),
            (ffi::SQLITE_CORRUPT, Damage::Database.anywhere()),
            (ffi::SQLITE_NOTADB, Damage::Database.anywhere()),
        ];
        for (code, meaning) in cases {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(fault(error), meaning, "{code}");
        }
        assert_eq!(fault(rusqlite::Error::QueryReturnedNoRows), Damage::Database.anywhere());
    }
}
