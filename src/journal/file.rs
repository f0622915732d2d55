//! The opened database with the till's lock: what a journal is without its keys.
//!
//! It lives through locking and unlocking, so that nobody else comes in between. A failure after which nothing can
//! be trusted is remembered here: everything is refused until the file is opened again.
//!
//! It never tidies up after such a failure, as a process that ended would not. Evidence: `tests/journal_locked.rs`,
//! `tests/journal_crash.rs`.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::JournalPorts;
use super::ballast::Ballast;
use super::database::{self, Found};
use super::error::JournalError;
use crate::ports::{Fate, KillPoint, Moment};

/// An opened database. Dropping it empties the write-ahead log and gives the till's lock back, last.
pub(super) struct DatabaseFile {
    pub db: Connection,
    pub ports: JournalPorts,
    path: PathBuf,
    /// Why everything is refused until it is opened again.
    refusing: Option<JournalError>,
    lock: File,
}

impl DatabaseFile {
    /// Makes the tables.
    pub(super) fn create(path: &Path, ports: JournalPorts) -> Result<Self, JournalError> {
        let lock = take_lock(path)?;
        let Found::Empty(db) = database::open(path, true)? else { return Err(JournalError::AlreadyThere) };
        let transaction = database::begin(&db)?;
        database::make_tables(&transaction)?;
        transaction.commit().map_err(database::fault)?;
        Ok(Self { db, ports, path: path.to_owned(), refusing: None, lock })
    }

    /// Opens what is there. On a disk that is too full even for that it gives up the ballast: what is owed can then
    /// still be recorded.
    pub(super) fn open(path: &Path, ports: JournalPorts) -> Result<Self, JournalError> {
        if !path.exists() {
            return Err(JournalError::NotThere);
        }
        let lock = take_lock(path)?;
        let found = match database::open(path, false) {
            Err(JournalError::DiskFull) if ballast_beside(path).give_up() => database::open(path, false)?,
            found => found?,
        };
        let Found::Journal(db) = found else { return Err(JournalError::NotThere) };
        Ok(Self { db, ports, path: path.to_owned(), refusing: None, lock })
    }

    /// Where it is, and the till's lock once more: it is given back when the last of both is dropped.
    pub(super) fn place(&self) -> Result<(PathBuf, File), JournalError> {
        Ok((self.path.clone(), self.lock.try_clone().map_err(|_| JournalError::StorageFailed)?))
    }

    pub(super) fn ballast(&self) -> Ballast {
        ballast_beside(&self.path)
    }

    pub(super) fn ready(&self) -> Result<(), JournalError> {
        self.refusing.clone().map_or(Ok(()), Err)
    }

    /// Remembers an error after which nothing here can be trusted.
    pub(super) fn note(&mut self, error: &JournalError) {
        use JournalError as E;
        if matches!(error, E::SyncFailed | E::StorageFailed | E::Stopped | E::Damaged(_)) {
            self.refusing = Some(error.clone());
        }
    }

    /// Remembers a failure of the storage alone: damage of the record is none of plain rows'.
    pub(super) fn note_of_storage(&mut self, error: &JournalError) {
        if !matches!(error, JournalError::Damaged(_)) {
            self.note(error);
        }
    }

    /// Lets the fault plan decide where no ballast helps, and does what it decides.
    pub(super) fn reach(&mut self, moment: Moment, step: &'static str) -> Result<(), JournalError> {
        let error = match self.ports.faults.reach(KillPoint { moment, step }) {
            Fate::GoOn => return Ok(()),
            Fate::Die => JournalError::Stopped,
            Fate::SyncFailed => JournalError::SyncFailed,
            // A disk that is full is met before a commit, and so is another program.
            Fate::DiskFull | Fate::Locked if moment == Moment::After => return Ok(()),
            Fate::DiskFull => JournalError::DiskFull,
            Fate::Locked => JournalError::Locked,
        };
        self.note(&error);
        Err(error)
    }

    /// Empties the write-ahead log. `false` when another program that reads, or a full disk, puts it off: what is
    /// in the log is durable.
    pub(super) fn empty_log(&mut self) -> Result<bool, JournalError> {
        match database::checkpoint(&self.db) {
            Err(JournalError::DiskFull | JournalError::Locked) => Ok(false),
            other => other.inspect_err(|error| self.note(error)),
        }
    }
}

impl Drop for DatabaseFile {
    fn drop(&mut self) {
        if self.refusing.is_some() {
            // As if the process had ended: SQLite must not tidy up either.
            let _ = self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        } else {
            let _ = self.empty_log();
        }
    }
}

fn ballast_beside(path: &Path) -> Ballast {
    Ballast::at(beside(path, "ballast"))
}

/// Takes the till's lock, which the operating system gives back when the process ends, however it ends.
pub(super) fn take_lock(path: &Path) -> Result<File, JournalError> {
    let open = File::options().create(true).truncate(false).write(true).open(beside(path, "lock"));
    let file = open.map_err(|_| JournalError::StorageFailed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::OpenElsewhere),
        Err(TryLockError::Error(_)) => Err(JournalError::StorageFailed),
    }
}

/// The path of a file that belongs to the database: its name with another ending added.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
