//! Verification in steps, for idle time: what an opening leaves out.
//!
//! | when | what is verified |
//! |---|---|
//! | opening | the head's MAC, its frontier against the stored nodes, the seals of the newest 64 events |
//! | reading an event | its seal, its leaf hash, and the proof that it is in the head's tree |
//! | reading a fold's row | its seal: it was written so, by that event |
//! | steps, since the opening | that every fold's row is the newest, its index entries, then the whole chain and side rows |
//! | `verify` | all of it at once, the folds built anew, SQLite's own check of its file |
//!
//! An opening may leave the rest for later because nothing of it is believed before: events are proven one by one as
//! they are read, and a new one is bound by its seal and the tree to all before it. What a row says may be old until
//! the steps have passed all rows, which they do first; a sum that must be right waits for [`Journal::verified`].
//!
//! Appends may come between steps, and are followed. Evidence: `tests/journal_steps.rs`.

use std::collections::BTreeMap;

use super::acknowledged;
use super::error::{Damage, JournalError};
use super::event::{Event, Side};
use super::journal::{Head, Journal, VerifyReport};
use super::keys::{Keys, Tag};
use super::store::check_leaf;
use super::sums::{FoldSums, RowChange};
use super::verify::verify_head;
use crate::merkle::Frontier;

/// How far verification in steps has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// There is more to verify.
    More,
    /// All of it is as it was written.
    Done(VerifyReport),
}

/// Where the next step goes on.
pub(super) struct Steps {
    stage: Stage,
    /// Over the rows that were passed, as they are now.
    sums: FoldSums,
    rows: u64,
    /// Over the events that were passed.
    tree: Frontier,
    /// The side rows that those events say there are, by hash, with their sequences.
    side_rows: BTreeMap<String, u64>,
}

#[derive(Clone, Copy)]
enum Stage {
    /// After this row.
    Rows(i64),
    /// After this entry of the index.
    Entries(Tag, i64),
    Chain,
}

impl Steps {
    fn begin() -> Self {
        Self {
            stage: Stage::Rows(i64::MIN),
            sums: FoldSums::default(),
            rows: 0,
            tree: Frontier::default(),
            side_rows: BTreeMap::new(),
        }
    }

    /// Takes over what an event did to rows that were passed already.
    pub(super) fn follow(&mut self, keys: &Keys, changes: &[RowChange]) {
        if let Stage::Rows(passed) = self.stage {
            changes.iter().filter(|change| change.id <= passed).for_each(|change| self.sums.apply(keys, change));
        }
    }
}

impl Journal {
    /// Verifies so many more rows or events. After [`Verified::Done`] the next step begins anew.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the first sequence that is wrong, where the damage is at an event, and those of
    /// the storage. The next step begins anew.
    pub fn verify_step(&mut self, count: usize) -> Result<Verified, JournalError> {
        self.ready()?;
        let mut steps = self.steps.take().unwrap_or_else(|| Box::new(Steps::begin()));
        match self.step(&mut steps, count.max(1))? {
            Some(report) => {
                self.verified = Some(Head { size: report.size, root: report.root });
                Ok(Verified::Done(report))
            }
            None => {
                self.steps = Some(steps);
                Ok(Verified::More)
            }
        }
    }

    /// The head as it was when the steps came to their end last, since the opening; `None` before. What was appended
    /// after it was appended by this journal.
    #[must_use]
    pub fn verified(&self) -> Option<Head> {
        self.verified
    }

    fn step(&self, steps: &mut Steps, count: usize) -> Result<Option<VerifyReport>, JournalError> {
        match steps.stage {
            Stage::Rows(after) => self.rows_step(steps, after, count).map(|()| None),
            Stage::Entries(tag, id) => {
                let next = self.store.rows().check_entries((tag, id), count)?;
                steps.stage = next.map_or(Stage::Chain, |(tag, id)| Stage::Entries(tag, id));
                Ok(None)
            }
            Stage::Chain => self.chain_step(steps, count),
        }
    }

    fn rows_step(&self, steps: &mut Steps, after: i64, count: usize) -> Result<(), JournalError> {
        let Steps { sums, rows, .. } = steps;
        let next = self.store.rows().check_rows(after, count, &self.spaces(), &mut |id, sequence| {
            sums.apply(&self.store.keys, &RowChange { id, old: None, new: Some(sequence) });
            *rows += 1;
        })?;
        match next {
            Some(id) => steps.stage = Stage::Rows(id),
            None if steps.sums.agree(&self.sums) => steps.stage = Stage::Entries([0; 16], i64::MIN),
            None => return Err(Damage::Projection.anywhere()),
        }
        Ok(())
    }

    fn chain_step(&self, steps: &mut Steps, count: usize) -> Result<Option<VerifyReport>, JournalError> {
        let store = &self.store;
        let Steps { tree, side_rows, rows, .. } = steps;
        store.walk(tree, Some(count), &mut |sequence, bytes, leaf| {
            check_leaf(sequence, bytes, leaf)?;
            note_side_row(side_rows, sequence, Event::read(bytes, sequence)?.side);
            Ok(())
        })?;
        let (passed, size) = (tree.size(), self.tree.size());
        if passed < size {
            // Fewer than were asked for are the last that there are.
            return if store.last_sequence()? > passed { Ok(None) } else { Err(Damage::TailMissing.at(passed + 1)) };
        }
        verify_head(store, tree, Some(&self.tree))?;
        let side_rows = store.side_rows().check(std::mem::take(side_rows))?;
        if acknowledged::read(store.db(), &store.keys)? > size {
            return Err(Damage::Acknowledgement.anywhere());
        }
        Ok(Some(VerifyReport { size, root: tree.root(), side_rows, fold_rows: *rows }))
    }
}

/// Adds what an event says of a side row to what the events before it say.
pub(super) fn note_side_row(side_rows: &mut BTreeMap<String, u64>, sequence: u64, side: Option<Side>) {
    match side {
        Some(Side::Stored(hash)) => drop(side_rows.insert(hash, sequence)),
        Some(Side::Destroyed(hash)) => drop(side_rows.remove(&hash)),
        None => {}
    }
}
