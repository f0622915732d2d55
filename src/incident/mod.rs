//! Bad days: a card or a phone is in the wrong hands, somebody has gone, somebody asks what happened.
//!
//! What is kept here is for the hour when nobody trusts anybody: what stops the till at once and what starts it again
//! ([`freeze`]), what may be lost ([`loss`]), who approved what ([`approvals`]), and what can be shown to others:
//! [`evidence`] is what others can check without us, [`records`] are the merchant's own books as files.
//!
//! It never moves money and never loses a debt. Evidence: `tests/incident_freeze.rs`.

pub mod approvals;
pub mod evidence;
pub mod freeze;
pub mod loss;
pub mod records;
pub mod renewal;

use crate::journal::Fold;

/// The folds of this room, to be registered when a till's journal is unlocked.
#[must_use]
pub fn folds() -> Vec<Box<dyn Fold>> {
    vec![Box::new(freeze::Freezes), Box::new(renewal::Renewals)]
}
