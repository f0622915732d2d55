//! The locked journal: the till's lock and its database, without a key.
//!
//! Plain rows can be read and changed, and the number of debts that wait can be told; nothing of the record can be
//! read. The till's lock is held from here on, through unlocking and locking again, until it is dropped.
//!
//! It never holds a key of the record. Evidence: `tests/journal_locked.rs`.

use std::path::Path;

use super::JournalPorts;
use super::error::{Damage, JournalError};
use super::file::DatabaseFile;
use super::fold::Fold;
use super::head::{StoredHead, Waiting};
use super::journal::{Head, Journal, VerifyReport};
use super::keyring::Keyring;
use super::plain::{self, PlainChange, PlainRows};
use super::store::{Store, last_sequence, walk_nodes};
use super::verify::verify_size;
use crate::ports::DeviceKeys;

/// A journal without its keys.
pub struct LockedJournal {
    pub(super) file: Box<DatabaseFile>,
}

impl LockedJournal {
    /// Makes a journal without a record, which the first unlocking begins. Beside `path` it keeps files of the same
    /// name with `.lock`, `.ballast`, `-wal` and `-shm` added.
    ///
    /// # Errors
    /// [`JournalError::AlreadyThere`], [`JournalError::OpenElsewhere`] and those of the storage.
    pub fn create(path: &Path, ports: JournalPorts) -> Result<Self, JournalError> {
        Ok(Self { file: Box::new(DatabaseFile::create(path, ports)?) })
    }

    /// Takes the till's lock and opens the database.
    ///
    /// # Errors
    /// [`JournalError::NotThere`], [`JournalError::OpenElsewhere`], [`JournalError::Newer`],
    /// [`JournalError::Damaged`] and those of the storage.
    pub fn open(path: &Path, ports: JournalPorts) -> Result<Self, JournalError> {
        Ok(Self { file: Box::new(DatabaseFile::open(path, ports)?) })
    }

    /// Opens the record: checks the head, its frontier and the newest events, and builds anew the folds whose schema
    /// has changed. The first time it begins an empty record.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], with [`super::Damage::Keys`] for keys that are not this journal's, and those of
    /// keys, randomness and storage. The locked journal is given back.
    pub fn unlock(self, keyring: Keyring, folds: Vec<Box<dyn Fold>>) -> Result<Journal, (Box<Self>, JournalError)> {
        let back = |(file, error)| (Box::new(Self { file }), error);
        let store = Store::new(self.file, keyring).map_err(back)?;
        Journal::start(store, folds).map_err(back)
    }

    /// Verifies the record, whether or not [`LockedJournal::unlock`] would accept it, changes nothing that is
    /// recorded, and closes.
    ///
    /// # Errors
    /// As [`Journal::verify`], and those of keys.
    pub fn inspect(self, keyring: Keyring, folds: Vec<Box<dyn Fold>>) -> Result<VerifyReport, JournalError> {
        let store = Store::new(self.file, keyring).map_err(|(_, error)| error)?;
        super::register::inspect(&store, folds)
    }

    /// Checks what can be checked without a key: the numbers of the events, the tree's nodes over their leaf hashes,
    /// and that the head's root and frontier are those of the tree. Neither a seal nor the head's MAC is looked at: it
    /// finds what a failing disk does, and not what somebody does who knows how a tree is made.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first sequence that is wrong, and those of the storage.
    pub fn check(&self) -> Result<Head, JournalError> {
        self.file.ready()?;
        let head = StoredHead::read(&self.file.db)?.ok_or(Damage::Head.anywhere())?;
        let tree = walk_nodes(&self.file.db)?;
        verify_size(&self.file.db, head.stated_size(), tree.size())?;
        head.agrees_with(&tree)?;
        Ok(Head { size: tree.size(), root: tree.root() })
    }

    /// Whether nothing was ever recorded: a till whose setting up was cut short.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn is_blank(&self) -> Result<bool, JournalError> {
        let head = StoredHead::read(&self.file.db)?;
        Ok(head.is_none() && last_sequence(&self.file.db)? == 0)
    }

    /// How many debts wait.
    ///
    /// # Errors
    /// Those of the device's keys and of the storage.
    pub fn waiting(&self, device_keys: &dyn DeviceKeys) -> Result<Waiting, JournalError> {
        let head = match StoredHead::read(&self.file.db) {
            Ok(Some(head)) => head,
            Ok(None) | Err(JournalError::Damaged(_)) => return Ok(Waiting::Unknown),
            Err(error) => return Err(error),
        };
        // An old head put back says what was right once.
        if last_sequence(&self.file.db)? != head.stated_size() {
            return Ok(Waiting::Unknown);
        }
        head.waiting(device_keys)
    }
}

impl PlainRows for LockedJournal {
    fn plain(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.file.plain(name)
    }

    fn plains(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        self.file.plains(prefix)
    }

    fn change_plain(&mut self, changes: &[PlainChange]) -> Result<(), JournalError> {
        plain::change(&mut self.file, changes)
    }
}
