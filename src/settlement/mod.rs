//! Holding the till's record against what others say of the same money.
//!
//! A statement of the acquirer or of the bank is read line by line ([`statement`]), each line is held against the
//! journal, and what differs is explained with the record that proves it. The journal is only read; that a check was
//! made, and what it found, is one event at its end.
//!
//! It never corrects anything by itself. Evidence: `tests/statement_check.rs`, `sandbox/tests/till_statement.rs`.

pub mod statement;

use crate::journal::Fold;

/// The folds of this room, to be registered when a till's journal is unlocked.
#[must_use]
pub fn folds() -> Vec<Box<dyn Fold>> {
    statement::folds()
}
