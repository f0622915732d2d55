//! Which folds a journal has: each has a number, and a schema of which its rows are.
//!
//! A fold of another schema, or a new one, is built anew from the record, within its caller's transaction.
//!
//! It never takes the rows of one schema for those of another. Evidence: `tests/journal_folds.rs`.

use rusqlite::{OptionalExtension, params};

use super::database::fault;
use super::error::JournalError;
use super::event::Event;
use super::fold::Fold;
use super::journal::VerifyReport;
use super::rows::REBUILT;
use super::store::{Registered, Store};
use super::sums::FoldSums;
use super::verify;

/// Gives each fold its number, and builds anew those that have another schema; part of its caller's transaction.
pub(super) fn register(
    store: &Store,
    folds: Vec<Box<dyn Fold>>,
    sums: &mut FoldSums,
) -> Result<Vec<Registered>, JournalError> {
    let mut registered = Vec::with_capacity(folds.len());
    let mut outdated = Vec::new();
    for fold in folds {
        let (number, is_current) = match fold_facts(store, fold.name())? {
            Some((number, schema)) => (number, schema == fold.schema()),
            None => (free_number(store)?, false),
        };
        let known = Registered::new(number, fold);
        if !is_current {
            store
                .db()
                .execute(
                    "REPLACE INTO fold (number, name, schema) VALUES (?1, ?2, ?3)",
                    params![number as i64, known.fold.name(), known.fold.schema()],
                )
                .map_err(fault)?;
            outdated.push(registered.len());
        }
        registered.push(known);
    }
    for index in &outdated {
        store.rows().clear(registered[*index].space().ids())?;
        sums.clear(registered[*index].number);
    }
    if !outdated.is_empty() {
        store.scan(&mut |sequence, bytes, _| {
            let event = Event::read(bytes, sequence)?;
            for index in &outdated {
                let changes = store.fold(&*registered[*index].fold, registered[*index].space(), &event)?;
                changes.iter().for_each(|change| sums.apply(&store.keys, change));
            }
            Ok(())
        })?;
    }
    Ok(registered)
}

/// Verifies a record that may not be fit to be opened.
pub(super) fn inspect(store: &Store, folds: Vec<Box<dyn Fold>>) -> Result<VerifyReport, JournalError> {
    let mut current = Vec::new();
    for fold in folds {
        // A fold of another schema is built anew at the next opening; there is nothing to compare.
        match fold_facts(store, fold.name())? {
            Some((number, schema)) if schema == fold.schema() => current.push(Registered::new(number, fold)),
            _ => {}
        }
    }
    verify::verify(store, &current, None)
}

/// Number and schema under which a fold is stored.
fn fold_facts(store: &Store, name: &str) -> Result<Option<(u64, u32)>, JournalError> {
    store
        .db()
        .query_row("SELECT number, schema FROM fold WHERE name = ?1", [name], |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
        })
        .optional()
        .map_err(fault)
}

fn free_number(store: &Store) -> Result<u64, JournalError> {
    let last: i64 =
        store.db().query_row("SELECT coalesce(max(number), 0) FROM fold", [], |row| row.get(0)).map_err(fault)?;
    let number = last as u64 + 1;
    if number < REBUILT { Ok(number) } else { Err(JournalError::FoldUnknown) }
}
