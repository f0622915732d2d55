//! The terminal's goodbyes: the checklist, leaving by it, and deregistering.
//!
//! Each method is one question to the till's thread; deregistering takes as long as the host and the export do.
//!
//! It decides nothing. Evidence: `tests/leaving.rs`, `sandbox/tests/till_leaving.rs`.

use crate::account::WrittenReason;
use crate::error::Error;
use crate::terminal::Terminal;
use crate::till::{Ask, ExitView, Reply};

impl Terminal {
    /// What is left to do before leaving, step by step, all of it at once.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of keys and storage.
    pub fn exit_checklist(&self) -> Result<ExitView, Error> {
        self.exit_view(Ask::ExitChecklist)
    }

    /// Leaves: signs the head, closes the connection, wipes keys and session. Where something is in the way a supervisor
    /// may leave all the same with a reason; a payment that is under way is never left.
    ///
    /// # Errors
    /// `exit_blocked` with everything that is in the way, `till_busy`, `till_unclaimed`, `till_locked`, `not_permitted`,
    /// and the errors of keys and storage.
    pub fn exit(&self, force: Option<WrittenReason>) -> Result<ExitView, Error> {
        self.exit_view(Ask::Exit { force })
    }

    fn exit_view(&self, ask: Ask) -> Result<ExitView, Error> {
        match self.answer(ask)? {
            Reply::Exit(view) => Ok(*view),
            _ => unreachable!("the till answers about leaving with the checklist"),
        }
    }
}
