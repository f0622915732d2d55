//! Goodbyes: leaving the till for today by a checklist, and taking it off the acquirer's list for good.
//!
//! | part | what it does |
//! |---|---|
//! | `checklist` | what is left to do, step by step, all of it at once |
//! | `exit` | leaves when nothing is, or when a supervisor says why |
//! | `deregister` | two people, the acquirer's word, the export, and then the erasure |
//! | `erase` | the order in which everything goes, and how a start goes on with it |
//! | `certificate` | what was destroyed, signed by a key that is destroyed after it |
//!
//! It never erases while money is open, and never half. Evidence: `tests/leaving.rs`, `tests/leaving_kills.rs`.

mod certificate;
mod checklist;
mod deregister;
mod erase;
mod exit;
mod export;
mod fold;
mod intent;

pub use certificate::all as erasure_certificates;
pub use checklist::{Advice, ExitItem, ExitStep, ExitView, StepState};
pub use deregister::Erased;
pub(super) use deregister::Goodbye;
pub(super) use erase::{Resumed, resume};
pub(super) use fold::{LeavingFold, is_exit_unsigned};
