//! The open journal: appending, reading, closing.
//!
//! An append is one transaction: the side row's work, the event, the tree's nodes, the folds' rows and the head.
//! When it returns, all of it is durable; when it fails, none of it is there, or (a failed sync, a stop) the
//! journal refuses everything until it is opened again and has found out.
//!
//! It never retries a failed sync. Evidence: `tests/journal_record.rs`, `tests/journal_crash.rs`.

use std::sync::Arc;

use super::acknowledged;
use super::ballast::Ballast;
use super::database::{self, fault};
use super::error::{Damage, JournalError};
use super::event::{Draft, Event, SideWork};
use super::file::DatabaseFile;
use super::fold::{Fold, Page, Row, RowPage};
use super::head::{self, Beside, StoredHead, Waiting};
use super::keys::random;
use super::locked::LockedJournal;
use super::plain::{self, PlainChange, PlainRows};
use super::register::register;
use super::reseal::Resealing;
use super::rows::Space;
use super::steps::Steps;
use super::store::{EachRecord, Registered, Store, write_event};
use super::sums::FoldSums;
use super::verify;
use crate::clock::Now;
use crate::merkle::{Frontier, leaf_hash};
use crate::ports::{DeviceKeys, Entropy, FaultPlan, Moment, Ports};
use crate::secret::SecretBytes;

/// What the journal borrows.
#[derive(Clone)]
pub struct JournalPorts {
    /// Opens the journal's key.
    pub device_keys: Arc<dyn DeviceKeys>,
    /// Salts, nonces and keys.
    pub entropy: Arc<dyn Entropy>,
    /// Where a test may stop the journal.
    pub faults: Arc<dyn FaultPlan>,
}

impl From<&Ports> for JournalPorts {
    fn from(ports: &Ports) -> Self {
        Self { device_keys: ports.device_keys.clone(), entropy: ports.entropy.clone(), faults: ports.faults.clone() }
    }
}

/// The tree as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many events there are.
    pub size: u64,
    /// The tree's root over them (RFC 6962, 2.1).
    pub root: [u8; 32],
}

/// An event that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its sequence, from 1: also the size of the tree of which it is the last leaf.
    pub sequence: u64,
    /// That tree's root.
    pub root: [u8; 32],
}

/// What a journal that passed `verify` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many events.
    pub size: u64,
    /// The tree's root over them.
    pub root: [u8; 32],
    /// How many side rows are stored.
    pub side_rows: u64,
    /// How many rows all folds have together.
    pub fold_rows: u64,
}

/// An open journal. It holds the till's lock until it is closed or dropped. A drop empties the write-ahead log too and
/// keeps silent about failures; after one that the journal refuses everything for, it leaves all as a process's end
/// would.
pub struct Journal {
    pub(super) store: Store,
    folds: Vec<Registered>,
    pub(super) tree: Frontier,
    pub(super) root: [u8; 32],
    ballast: Ballast,
    /// Over the rows of folds.
    pub(super) sums: FoldSums,
    /// How many debts wait.
    pub(super) waiting: u64,
    /// How far verification in steps has come, once it has begun.
    pub(super) steps: Option<Box<Steps>>,
    /// What it came to.
    pub(super) verified: Option<Head>,
    /// How far sealing anew has come, while it is not done.
    pub(super) resealing: Option<Resealing>,
    /// Whether something was destroyed that may still be in the write-ahead log.
    pub(super) checkpoint_owed: bool,
}

impl Journal {
    /// Checks the head, its frontier and the newest events, and sees to the rest of what an opening does.
    pub(super) fn start(store: Store, folds: Vec<Box<dyn Fold>>) -> Result<Self, (Box<DatabaseFile>, JournalError)> {
        let (tree, ballast) = (Frontier::default(), store.file.ballast());
        let mut journal = Self {
            store,
            folds: Vec::new(),
            root: tree.root(),
            tree,
            ballast,
            sums: FoldSums::default(),
            waiting: 0,
            steps: None,
            verified: None,
            resealing: None,
            checkpoint_owed: true,
        };
        match journal.begin(folds) {
            Ok(()) => Ok(journal),
            Err(error) => {
                journal.store.file.note_of_storage(&error);
                Err((journal.store.file, error))
            }
        }
    }

    fn begin(&mut self, folds: Vec<Box<dyn Fold>>) -> Result<(), JournalError> {
        let head = self.store.head()?;
        verify::verify_size(self.store.db(), head.stated_size(), self.store.last_sequence()?)?;
        self.tree = head.tree(&self.store.keys)?;
        self.root = self.tree.root();
        self.sums = head.sums();
        self.settle_keys(&head)?;
        if self.tree != self.store.tree_at(self.tree.size())? {
            return Err(Damage::Head.anywhere());
        }
        verify::verify_newest(&self.store, &self.tree)?;
        self.settle_folds(&head, folds)?;
        // Without it the journal opens all the same: what is owed can still be recorded.
        let _may_come_later = self.ballast.make_whole(self.store.entropy());
        // What a destroyed row left in the write-ahead log before a crash goes now.
        self.pay_checkpoint()
    }

    /// Builds anew what folds need, and the head where it does not say what is.
    fn settle_folds(&mut self, head: &StoredHead, folds: Vec<Box<dyn Fold>>) -> Result<(), JournalError> {
        let transaction = database::begin(self.store.db())?;
        self.folds = register(&self.store, folds, &mut self.sums)?;
        self.waiting = self.count_waiting()?;
        let is_noted = head.waiting(&*self.store.file.ports.device_keys) == Ok(Waiting::Known(self.waiting));
        let (keys, beside) = (&self.store.keys, self.beside(self.waiting));
        if head.generation != keys.generation() {
            self.write_keys(&transaction, keys, beside)?;
        } else if !is_noted || head.sums() != self.sums {
            head::write(&transaction, keys, self.tree.size(), &self.tree, beside)?;
        }
        transaction.commit().map_err(fault)
    }

    /// Records an event, with what goes beside it, and returns when it is durable.
    ///
    /// Visits the fault points before and after the event's kind.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Locked`], [`JournalError::SideRowExists`],
    /// [`JournalError::FoldFailed`], [`JournalError::EventTooLong`], [`JournalError::Entropy`]: nothing was
    /// recorded and the journal goes on. With [`JournalError::SyncFailed`], [`JournalError::StorageFailed`],
    /// [`JournalError::Stopped`] and [`JournalError::Damaged`] it may have been, and the journal refuses
    /// everything until it is opened again.
    pub fn append(&mut self, draft: Draft, side: SideWork, now: Now) -> Result<Recorded, JournalError> {
        self.append_with(draft, side, Vec::new(), now)
    }

    /// As [`Journal::append`], with changes of plain rows in the same transaction.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append_with(
        &mut self,
        draft: Draft,
        side: SideWork,
        plain: Vec<PlainChange>,
        now: Now,
    ) -> Result<Recorded, JournalError> {
        self.tidy();
        self.ready()?;
        self.reach(Moment::Before, draft.kind, draft.may_use_ballast)?;
        if !draft.may_use_ballast {
            self.ballast.make_whole(self.store.entropy())?;
        }
        let recorded = match self.record(&draft, &side, &plain, now) {
            Err(JournalError::DiskFull) if draft.may_use_ballast && self.ballast.give_up() => {
                self.record(&draft, &side, &plain, now)
            }
            other => other,
        };
        let recorded = recorded.inspect_err(|error| self.store.file.note(error))?;
        self.checkpoint_owed |= matches!(side, SideWork::Destroy { .. } | SideWork::Keep { .. }) || !plain.is_empty();
        if !self.ballast.is_whole() {
            // The journal has little room, and the write-ahead log would take the most of it.
            self.checkpoint_owed = true;
            self.tidy();
        }
        self.reach(Moment::After, draft.kind, draft.may_use_ballast)?;
        Ok(recorded)
    }

    /// Wipes the keys, empties the write-ahead log and keeps the till's lock.
    ///
    /// # Errors
    /// What the journal refuses everything for already; the till's lock is then given back.
    pub fn lock(mut self) -> Result<LockedJournal, JournalError> {
        self.ready()?;
        self.checkpoint_owed = true;
        self.pay_checkpoint()?;
        let Self { store: Store { file, .. }, .. } = self;
        // Statements hold the tags that they were last asked with.
        file.db.flush_prepared_statement_cache();
        Ok(LockedJournal { file })
    }

    /// Empties the write-ahead log of what a destroyed or replaced secret has left in it, sealed.
    ///
    /// It takes as long as several appends, so an append leaves it to its caller, who may have somebody to tell
    /// first. It is done at the latest with the next append, at closing and at opening.
    pub fn tidy(&mut self) {
        // What is recorded is durable whatever becomes of this; a failed sync is met by the next call.
        let _ = self.pay_checkpoint();
    }

    /// Whether [`Journal::tidy`] has something to do. It may still have after it: another program that reads the
    /// database puts it off.
    #[must_use]
    pub fn is_untidy(&self) -> bool {
        self.checkpoint_owed
    }

    /// The tree as it stands.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { size: self.tree.size(), root: self.root }
    }

    /// All events in order, as the bytes that were written, each verified before it is given (its seal, which holds
    /// bytes, place, past and leaf hash together, and the tree's nodes); then the head. [`Journal::verify`] hashes the
    /// bytes anew as well.
    ///
    /// # Errors
    /// The first error of `each`, [`JournalError::Damaged`] and those of the storage.
    pub fn scan(&self, each: EachRecord<'_>) -> Result<(), JournalError> {
        self.ready()?;
        let tree = self.store.scan(&mut |sequence, bytes, _| each(sequence, bytes))?;
        verify::verify_head(&self.store, &tree, Some(&self.tree))
    }

    /// All events in order, each verified before it is given; then the head.
    ///
    /// # Errors
    /// As [`Journal::scan`].
    pub fn for_each_event(&self, each: &mut dyn FnMut(&Event) -> Result<(), JournalError>) -> Result<(), JournalError> {
        self.scan(&mut |sequence, bytes| each(&Event::read(bytes, sequence)?))
    }

    /// The events that follow this sequence, in order, at most so many, each verified as by [`Journal::scan`] and all
    /// of them proven to be in the tree.
    ///
    /// # Errors
    /// [`JournalError::CursorBeyondHead`], [`JournalError::Damaged`] and those of the storage.
    pub fn events_after(&self, sequence: u64, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.ready()?;
        let last = self.tree.size();
        let left = last.checked_sub(sequence).ok_or(JournalError::CursorBeyondHead { last })?;
        let wanted = left.min(limit as u64) as usize;
        let mut events = Vec::with_capacity(wanted);
        if wanted == 0 {
            return Ok(events);
        }
        let mut tree = self.store.tree_at(sequence)?;
        self.store.walk(&mut tree, Some(wanted), &mut |sequence, bytes, _| {
            events.push(Event::read(bytes, sequence)?);
            Ok(())
        })?;
        if events.len() < wanted {
            return Err(Damage::TailMissing.at(tree.size() + 1));
        }
        if tree.root() != self.root_at(tree.size())? {
            return Err(Damage::TreeNode.at(tree.size()));
        }
        Ok(events)
    }

    /// The sequence that a reader acknowledged last; 0 without any.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] and those of the storage.
    pub fn acknowledged(&self) -> Result<u64, JournalError> {
        self.ready()?;
        acknowledged::read(self.store.db(), &self.store.keys)
    }

    /// Notes that a reader knows all events up to this sequence, and returns when the note is durable. The same
    /// sequence again changes nothing. It is not an event. Visits the fault points before and after
    /// `events.acknowledged`.
    ///
    /// # Errors
    /// [`JournalError::CursorBeyondHead`] and [`JournalError::CursorAcknowledgedAlready`]; otherwise as
    /// [`Journal::append`] for what may not use the ballast.
    pub fn acknowledge(&mut self, sequence: u64) -> Result<(), JournalError> {
        let acknowledged = self.acknowledged()?;
        let last = self.tree.size();
        if sequence > last {
            return Err(JournalError::CursorBeyondHead { last });
        }
        if sequence < acknowledged {
            return Err(JournalError::CursorAcknowledgedAlready { acknowledged });
        }
        if sequence == acknowledged {
            return Ok(());
        }
        self.reach(Moment::Before, ACKNOWLEDGED, false)?;
        self.ballast.make_whole(self.store.entropy())?;
        self.note_acknowledged(sequence).inspect_err(|error| self.store.file.note(error))?;
        self.reach(Moment::After, ACKNOWLEDGED, false)
    }

    /// The value of one row of a fold.
    ///
    /// # Errors
    /// [`JournalError::FoldUnknown`], [`JournalError::Damaged`] and those of the storage.
    pub fn row(&self, fold: &str, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.whole_row(fold, key)?.map(|row| row.value))
    }

    /// The same with its place.
    ///
    /// # Errors
    /// As [`Journal::row`].
    pub fn whole_row(&self, fold: &str, key: &str) -> Result<Option<Row>, JournalError> {
        self.store.rows().row(self.space(fold)?, key)
    }

    /// The rows of a fold, newest first.
    ///
    /// # Errors
    /// As [`Journal::row`].
    pub fn rows_newest(&self, fold: &str, page: Page) -> Result<RowPage, JournalError> {
        self.store.rows().newest(self.space(fold)?, page)
    }

    /// The rows of a fold that have this value in this index, newest first.
    ///
    /// # Errors
    /// As [`Journal::row`].
    pub fn rows_by_index(&self, fold: &str, index: &str, value: &str, page: Page) -> Result<RowPage, JournalError> {
        self.store.rows().by_index(self.space(fold)?, index, value, page)
    }

    /// The secret of this name that is stored beside the events.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] and those of the storage.
    pub fn side_row(&self, name: &str) -> Result<Option<SecretBytes>, JournalError> {
        self.ready()?;
        self.store.side_rows().read(name)
    }

    /// Computes everything anew: chain, seals, leaf hashes, nodes, head, side rows, folds.
    ///
    /// It cannot see head and tail put back together to a state that was once right: compare the report's size and
    /// root with what somebody else remembers.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first sequence that is wrong, and those of the storage.
    pub fn verify(&mut self) -> Result<VerifyReport, JournalError> {
        self.ready()?;
        verify::verify(&self.store, &self.folds, Some(&self.tree))
    }

    /// Empties the write-ahead log and closes. A drop does the same and keeps silent about failures.
    ///
    /// # Errors
    /// Those of the storage; the events are durable all the same.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.ready()?;
        self.checkpoint_owed = true;
        self.pay_checkpoint()
    }

    /// The opened database, while it can be trusted.
    pub(super) fn store(&self) -> Result<&Store, JournalError> {
        self.ready()?;
        Ok(&self.store)
    }

    pub(super) fn ready(&self) -> Result<(), JournalError> {
        self.store.file.ready()
    }

    fn space(&self, fold: &str) -> Result<Space, JournalError> {
        self.ready()?;
        let known = self.folds.iter().find(|known| known.fold.name() == fold);
        known.map(Registered::space).ok_or(JournalError::FoldUnknown)
    }

    /// Lets the fault plan decide, and does what it decides.
    pub(super) fn reach(
        &mut self,
        moment: Moment,
        step: &'static str,
        may_use_ballast: bool,
    ) -> Result<(), JournalError> {
        match self.store.file.reach(moment, step) {
            // The room of the ballast helps a debt.
            Err(JournalError::DiskFull) if may_use_ballast => {
                self.ballast.give_up();
                Ok(())
            }
            other => other,
        }
    }

    /// The one transaction.
    fn record(
        &mut self,
        draft: &Draft,
        side: &SideWork,
        plain: &[PlainChange],
        now: Now,
    ) -> Result<Recorded, JournalError> {
        let store = &self.store;
        let entropy = store.entropy();
        let transaction = database::begin(store.db())?;
        let sequence = self.tree.size() + 1;
        let side = store.side_rows().work(side, sequence, entropy)?;
        let bytes = Event::write(draft, sequence, random(entropy)?, side, now)?;
        // The folds see the event as they will see it when they are built anew.
        let event = Event::read(&bytes, sequence)?;
        let mut changes = Vec::new();
        for registered in &self.folds {
            changes.append(&mut store.fold(&*registered.fold, registered.space(), &event)?);
        }
        let mut sums = self.sums.clone();
        changes.iter().for_each(|change| sums.apply(&store.keys, change));
        plain::write(&transaction, plain)?;
        let leaf = leaf_hash(&bytes);
        let mut tree = self.tree.clone();
        let nodes = tree.append(leaf);
        write_event(store, sequence, &self.tree, bytes, &leaf, &nodes)?;
        let waiting = self.count_waiting()?;
        let beside = Beside { sums: &sums, ..self.beside(waiting) };
        let root = head::write(store.db(), &store.keys, self.tree.size(), &tree, beside)?;
        transaction.commit().map_err(fault)?;
        self.tree = tree;
        self.root = root;
        self.sums = sums;
        self.waiting = waiting;
        if let Some(steps) = &mut self.steps {
            steps.follow(&self.store.keys, &changes);
        }
        Ok(Recorded { sequence, root })
    }

    fn count_waiting(&self) -> Result<u64, JournalError> {
        let rows = self.store.rows();
        self.folds.iter().map(|known| rows.count(known.space(), &known.waiting)).sum()
    }

    /// What the head says beside its tree.
    pub(super) fn beside(&self, waiting: u64) -> Beside<'_> {
        let Store { keys, waiting_key, .. } = &self.store;
        Beside { oldest: keys.oldest(), sums: &self.sums, waiting, waiting_key }
    }

    pub(super) fn spaces(&self) -> Vec<Space> {
        self.folds.iter().map(Registered::space).collect()
    }

    fn note_acknowledged(&self, sequence: u64) -> Result<(), JournalError> {
        let transaction = database::begin(self.store.db())?;
        acknowledged::write(&transaction, &self.store.keys, sequence)?;
        transaction.commit().map_err(fault)
    }

    /// Empties the write-ahead log, if it is owed. Another program that reads may put it off to the next call.
    pub(super) fn pay_checkpoint(&mut self) -> Result<(), JournalError> {
        if self.checkpoint_owed && self.ready().is_ok() {
            self.checkpoint_owed = !self.store.file.empty_log()?;
        }
        Ok(())
    }
}

/// The fault points of an acknowledgement.
const ACKNOWLEDGED: &str = "events.acknowledged";

impl PlainRows for Journal {
    fn plain(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.store.file.plain(name)
    }

    fn plains(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        self.store.file.plains(prefix)
    }

    fn change_plain(&mut self, changes: &[PlainChange]) -> Result<(), JournalError> {
        plain::change(&mut self.store.file, changes)
    }
}
