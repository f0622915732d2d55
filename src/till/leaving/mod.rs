//! Goodbyes: leaving the till by a checklist.
//!
//! | part | what it does |
//! |---|---|
//! | `checklist` | what is left to do, step by step, all of it at once |
//! | `exit` | leaves when nothing is, or when a supervisor says why |
//!
//! It never leaves half. Evidence: `tests/leaving.rs`, `tests/leaving_kills.rs`.

mod checklist;
mod exit;
mod fold;

pub use checklist::{Advice, ExitItem, ExitStep, ExitView, StepState};
pub(super) use fold::{LeavingFold, is_exit_unsigned};
