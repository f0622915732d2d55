//! Sums over the rows of folds: what tells an old row put back from the newest.
//!
//! Each row has a mark, a keyed hash of its id and the sequence of the event that wrote it last; a fold's sum is that
//! of its rows' marks, modulo 2^128. An event takes the marks of the rows that it replaces away and adds the new
//! ones, and the head's MAC holds the sums. The seal holds a row's contents to its id and writer, so rows whose marks
//! make up the sum are the rows that were written, all of them and no others.
//!
//! It never tells which row is wrong: `verify` does. Evidence: `tests/journal_steps.rs`.

use std::collections::BTreeMap;

use super::keys::Keys;

/// A sum by a fold's number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FoldSums(BTreeMap<u8, u128>);

/// What an event did to a row: the writer that it had and the one that it has.
#[derive(Clone, Copy)]
pub(super) struct RowChange {
    pub id: i64,
    pub old: Option<u64>,
    pub new: Option<u64>,
}

impl FoldSums {
    pub(super) fn apply(&mut self, keys: &Keys, change: &RowChange) {
        let sum = self.0.entry(fold_of(change.id)).or_default();
        let mark = |writer: Option<u64>| writer.map_or(0, |sequence| keys.row_mark(change.id, sequence));
        *sum = sum.wrapping_sub(mark(change.old)).wrapping_add(mark(change.new));
    }

    /// Forgets a fold whose rows are built anew.
    pub(super) fn clear(&mut self, fold: u64) {
        self.0.retain(|number, _| u64::from(*number) != fold);
    }

    /// Whether both are the same; a fold without rows is as good as none.
    pub(super) fn agree(&self, other: &Self) -> bool {
        let has_rows = |(_, sum): &(&u8, &u128)| **sum != 0;
        self.0.iter().filter(has_rows).eq(other.0.iter().filter(has_rows))
    }

    /// Number and sum, one after another.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(number, sum)| std::iter::once(*number).chain(sum.to_be_bytes())).collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let (entries, _) = bytes.as_chunks::<17>();
        let entries = entries.iter().filter_map(|entry| entry.split_first());
        Self(entries.filter_map(|(number, sum)| Some((*number, u128::from_be_bytes(sum.try_into().ok()?)))).collect())
    }
}

/// The number of the fold to which a row's id belongs.
fn fold_of(id: i64) -> u8 {
    (id >> 56) as u8
}
