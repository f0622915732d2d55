//! Another master key: everything is sealed anew under it, a few rows at a time, while the till works.
//!
//! The head and the look-up key go over at once, in one transaction; what is written from then on is sealed under the
//! new key. The rest follows in steps, each one transaction: the keys of side rows, the rows of folds, the events. A
//! row carries the generation of its key, so that progress is a query: after an end of the process at any point the
//! steps begin at the first row again and pass over what is done. When all rows have been passed, the head says that
//! no older generation is left, and the older keys are wiped.
//!
//! Leaf hashes, nodes and ids stay as they were: the tree does not know its seals. The look-up key stays the same, so
//! whoever kept an older master key can tell whether a name that it guesses is among the rows, and reads nothing.
//! Evidence: `tests/journal_rotation.rs` (a stop at every point; the files as they were at every step).

use rusqlite::Connection;

use super::acknowledged;
use super::database::{self, fault};
use super::error::{Damage, JournalError};
use super::head::{self, Beside, StoredHead};
use super::journal::Journal;
use super::keyring::Keyring;
use super::keys::{Keys, Tag};
use super::store::{Store, write_look_up};
use crate::ports::Moment;

/// How far sealing anew has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resealed {
    /// Rows may be left that are sealed under an older key.
    More,
    /// None is left: the older keys are not needed any more.
    Done,
}

/// The place up to which all rows are sealed under the current key, as far as this opening knows.
#[derive(Clone, Copy)]
pub(super) enum Resealing {
    SideKeys(Tag),
    FoldRows(i64),
    Events(u64),
}

impl Resealing {
    pub(super) const BEGIN: Self = Self::SideKeys([0; 16]);
}

/// The fault points of taking another key, and of each step.
const ROTATED: &str = "journal.rotated";
const RESEALED: &str = "journal.resealed";

impl Journal {
    /// Takes another master key: it seals from now on, and the older ones open what is not sealed anew yet. Visits
    /// the fault points before and after `journal.rotated`.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with [`Damage::Keys`] when the ring lacks a key that is still needed, or goes back:
    /// the journal then goes on with the keys that it had. Those of the storage, as [`Journal::append`].
    pub fn rotate(&mut self, keyring: Keyring) -> Result<(), JournalError> {
        self.ready()?;
        let keys = &self.store.keys;
        let complete = keys.generations().all(|generation| keyring.master_of(generation).is_some());
        if !complete || keyring.generation() < keys.generation() {
            return Err(Damage::Keys.anywhere());
        }
        self.store.file.reach(Moment::Before, ROTATED)?;
        let keys = keys.rotated(keyring);
        let old = std::mem::replace(&mut self.store.keys, keys);
        if let Err(error) = self.take_over(&old) {
            self.store.keys = old;
            self.store.file.note(&error);
            return Err(error);
        }
        self.resealing = Some(Resealing::BEGIN);
        self.store.file.reach(Moment::After, ROTATED)
    }

    /// The generation of the master key under which new rows are sealed.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.store.keys.generation()
    }

    /// Whether rows may be left that are sealed under an older key.
    #[must_use]
    pub fn is_resealing(&self) -> bool {
        self.resealing.is_some()
    }

    /// Seals at most so many rows anew under the current key. Visits the fault points before and after
    /// `journal.resealed`.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] for a row that does not open, and those of the storage, as [`Journal::append`].
    pub fn reseal_step(&mut self, rows: usize) -> Result<Resealed, JournalError> {
        self.ready()?;
        let Some(from) = self.resealing else { return Ok(Resealed::Done) };
        self.store.file.reach(Moment::Before, RESEALED)?;
        let next = self.reseal(from, rows).inspect_err(|error| self.store.file.note(error))?;
        self.resealing = next;
        if next.is_none() {
            self.store.keys.forget_older();
            // The old key's rows leave the write-ahead log.
            self.checkpoint_owed = true;
        }
        self.store.file.reach(Moment::After, RESEALED)?;
        Ok(if next.is_some() { Resealed::More } else { Resealed::Done })
    }

    /// Puts the keyring's state and the head's together when the journal is opened.
    pub(super) fn settle_keys(&mut self, head: &StoredHead) -> Result<(), JournalError> {
        let (oldest, generation) = (head.oldest, self.store.keys.generation());
        if head.generation == generation && oldest == generation {
            // What the ring still has of older keys is not needed any more.
            self.store.keys.forget_older();
        } else if self.store.keys.has(oldest) {
            self.resealing = Some(Resealing::BEGIN);
        } else {
            return Err(Damage::Keys.anywhere());
        }
        Ok(())
    }

    /// Everything that goes over to another key at once; part of its caller's transaction.
    pub(super) fn write_keys(&self, db: &Connection, old: &Keys, beside: Beside<'_>) -> Result<(), JournalError> {
        let Store { keys, .. } = &self.store;
        let acknowledged = acknowledged::read(db, old)?;
        if acknowledged > 0 {
            acknowledged::write(db, keys, acknowledged)?;
        }
        write_look_up(db, keys, self.store.entropy())?;
        head::write(db, keys, self.tree.size(), &self.tree, beside).map(drop)
    }

    fn take_over(&self, old: &Keys) -> Result<(), JournalError> {
        let transaction = database::begin(self.store.db())?;
        self.write_keys(&transaction, old, self.beside(self.waiting))?;
        transaction.commit().map_err(fault)
    }

    /// One step's transaction. Gives the place for the next; `None` when all is done.
    fn reseal(&self, from: Resealing, rows: usize) -> Result<Option<Resealing>, JournalError> {
        let store = &self.store;
        let transaction = database::begin(store.db())?;
        let next = match from {
            Resealing::SideKeys(after) => match store.side_rows().reseal(after, rows, store.entropy())? {
                Some(tag) => Some(Resealing::SideKeys(tag)),
                None => Some(Resealing::FoldRows(i64::MIN)),
            },
            Resealing::FoldRows(after) => match store.rows().reseal(after, rows, store.entropy())? {
                Some(id) => Some(Resealing::FoldRows(id)),
                None => Some(Resealing::Events(0)),
            },
            Resealing::Events(after) => store.reseal_events(after, rows)?.map(Resealing::Events),
        };
        if next.is_none() {
            let beside = Beside { oldest: store.keys.generation(), ..self.beside(self.waiting) };
            self.write_keys(&transaction, &store.keys, beside)?;
        }
        transaction.commit().map_err(fault)?;
        Ok(next)
    }
}
