//! Verification: everything is computed anew, and the first sequence that is wrong is named.
//!
//! In this order, so that damage is named where it begins: the chain of events with seals, leaf hashes and tree
//! nodes; the head; the side rows that the events say there are; the folds, built anew beside the stored ones
//! in a transaction that is rolled back; what a reader acknowledged; SQLite's own check of its file.
//!
//! It never changes anything. What it cannot see: head and tail put back together, to a state that was once
//! right; only somebody else's memory of a root shows that. Evidence: `tests/journal_tamper.rs`,
//! `tests/journal_acknowledged.rs`.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::acknowledged;
use super::database::{self, fault};
use super::error::{Damage, JournalError};
use super::event::Event;
use super::journal::VerifyReport;
use super::steps::note_side_row;
use super::store::{Registered, Store, check_leaf};
use crate::merkle::Frontier;

/// How many of the newest events an opening verifies.
const NEWEST_EVENTS: u64 = 64;

/// Verifies a store; `remembered` is the tree as the open journal knows it.
pub(super) fn verify(
    store: &Store,
    folds: &[Registered],
    remembered: Option<&Frontier>,
) -> Result<VerifyReport, JournalError> {
    let (tree, side_rows) = verify_chain(store)?;
    verify_head(store, &tree, remembered)?;
    let side_rows = store.side_rows().check(side_rows)?;
    let fold_rows = verify_folds(store, folds)?;
    verify_acknowledged(store, tree.size())?;
    verify_file(store)?;
    Ok(VerifyReport { size: tree.size(), root: tree.root(), side_rows, fold_rows })
}

/// The tree that the events make, and the side rows that they say there are, by hash, with their sequences.
fn verify_chain(store: &Store) -> Result<(Frontier, BTreeMap<String, u64>), JournalError> {
    let mut side_rows = BTreeMap::new();
    let tree = store.scan(&mut |sequence, bytes, leaf| {
        check_leaf(sequence, bytes, leaf)?;
        note_side_row(&mut side_rows, sequence, Event::read(bytes, sequence)?.side);
        Ok(())
    })?;
    Ok((tree, side_rows))
}

/// Compares what is there with what the head says was written.
pub(super) fn verify_head(store: &Store, tree: &Frontier, remembered: Option<&Frontier>) -> Result<(), JournalError> {
    let head = store.head()?;
    verify_size(store.db(), head.stated_size(), tree.size())?;
    let head = head.tree(&store.keys)?;
    if head != *tree || remembered.is_some_and(|remembered| *remembered != head) {
        return Err(Damage::Head.anywhere());
    }
    Ok(())
}

/// Compares the number of events with the head's, trusted or not, so that the first one in dispute is named.
pub(super) fn verify_size(db: &Connection, stated: u64, size: u64) -> Result<(), JournalError> {
    if size < stated {
        return Err(Damage::TailMissing.at(size + 1));
    }
    if size > stated {
        return Err(Damage::BeyondHead.at(stated + 1));
    }
    let outside: i64 = db.query_row("SELECT count(*) FROM event WHERE seq < 1", [], |row| row.get(0)).map_err(fault)?;
    if outside == 0 { Ok(()) } else { Err(Damage::BeyondHead.anywhere()) }
}

/// Walks the newest events, which an opening is about to go on from, and compares the tree with the head's.
pub(super) fn verify_newest(store: &Store, tree: &Frontier) -> Result<(), JournalError> {
    let mut newest = store.tree_at(tree.size().saturating_sub(NEWEST_EVENTS))?;
    store.walk(&mut newest, None, &mut |sequence, bytes, leaf| check_leaf(sequence, bytes, leaf))?;
    if newest == *tree { Ok(()) } else { Err(Damage::Head.anywhere()) }
}

/// Builds all folds anew beside the stored ones, compares, and leaves nothing of it.
fn verify_folds(store: &Store, folds: &[Registered]) -> Result<u64, JournalError> {
    let transaction = database::begin(store.db())?;
    for registered in folds {
        store.rows().clear(registered.space().rebuilt().ids())?;
    }
    store.scan(&mut |sequence, bytes, _| {
        let event = Event::read(bytes, sequence)?;
        folds.iter().try_for_each(|known| store.fold(&*known.fold, known.space().rebuilt(), &event).map(drop))
    })?;
    let mut count = 0;
    for registered in folds {
        count += store.rows().compare_with_rebuilt(registered.space())?;
    }
    store.rows().check_index_size()?;
    transaction.rollback().map_err(fault)?;
    Ok(count)
}

/// Nobody can know an event that there is not.
fn verify_acknowledged(store: &Store, size: u64) -> Result<(), JournalError> {
    let acknowledged = acknowledged::read(store.db(), &store.keys)?;
    if acknowledged <= size { Ok(()) } else { Err(Damage::Acknowledgement.anywhere()) }
}

fn verify_file(store: &Store) -> Result<(), JournalError> {
    let verdict: String = store.db().query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(fault)?;
    if verdict == "ok" { Ok(()) } else { Err(Damage::Database.anywhere()) }
}
