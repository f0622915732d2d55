//! The locked journal: the till's lock and its database, without a key.

use std::path::Path;

use super::JournalPorts;
use super::error::JournalError;
use super::fold::Fold;
use super::journal::{Journal, VerifyReport};
use super::keyring::Keyring;
use super::plain::{PlainChange, PlainRows};
use crate::ports::DeviceKeys;

/// A journal without its keys: nothing of the record can be read.
pub struct LockedJournal {}

/// How many debts wait, as the lock screen may say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// So many.
    Known(u64),
    /// What is written of it is not what was written, or is not there. It is not none.
    Unknown,
}

impl LockedJournal {
    /// Makes a journal's tables.
    ///
    /// # Errors
    /// [`JournalError::AlreadyThere`], [`JournalError::OpenElsewhere`] and those of the storage.
    pub fn create(_path: &Path, _ports: JournalPorts) -> Result<Self, JournalError> {
        todo!()
    }

    /// Takes the till's lock and opens the database.
    ///
    /// # Errors
    /// [`JournalError::NotThere`], [`JournalError::OpenElsewhere`], [`JournalError::Newer`],
    /// [`JournalError::Damaged`] and those of the storage.
    pub fn open(_path: &Path, _ports: JournalPorts) -> Result<Self, JournalError> {
        todo!()
    }

    /// Opens the record. The first time it makes an empty one.
    ///
    /// # Errors
    /// As [`LockedJournal::open`]; the locked journal is given back.
    pub fn unlock(self, _keyring: Keyring, _folds: Vec<Box<dyn Fold>>) -> Result<Journal, (Box<Self>, JournalError)> {
        todo!()
    }

    /// Verifies the record, whether or not `unlock` would accept it, and changes nothing that is recorded.
    ///
    /// # Errors
    /// As [`Journal::verify`].
    pub fn inspect(self, _keyring: Keyring, _folds: Vec<Box<dyn Fold>>) -> Result<VerifyReport, JournalError> {
        todo!()
    }

    /// How many debts wait.
    ///
    /// # Errors
    /// Those of the storage and of the device's keys.
    pub fn waiting(&self, _device_keys: &dyn DeviceKeys) -> Result<Waiting, JournalError> {
        todo!()
    }
}

impl PlainRows for LockedJournal {
    fn plain(&self, _name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        todo!()
    }

    fn plains(&self, _prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        todo!()
    }

    fn change_plain(&mut self, _changes: &[PlainChange]) -> Result<(), JournalError> {
        todo!()
    }
}
