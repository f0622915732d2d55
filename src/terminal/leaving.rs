//! The terminal's goodbyes: the checklist, leaving by it, and deregistering.
//!
//! Each method is one question to the till's thread; deregistering takes as long as the host and the export do.
//!
//! It decides nothing. Evidence: `tests/leaving.rs`, `sandbox/tests/till_leaving.rs`.

use std::path::Path;

use crate::account::WrittenReason;
use crate::error::Error;
use crate::ids::OperatorName;
use crate::ports::ExportSink;
use crate::secret::SecretBytes;
use crate::terminal::{Terminal, open};
use crate::till::{self, Ask, Erased, ExitView, Reply};

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

    /// Takes the till off the acquirer's list, hands out everything that a merchant keeps, and erases the till for good.
    /// Where the shop's rules want two people, the second one proves who it is. There is no till after this: every
    /// later call is answered with `not_provisioned`, and the device can be set up as new.
    ///
    /// # Errors
    /// `deregistration_blocked` with everything that is in the way, here or at the acquirer; `second_person_needed`; for
    /// the second person `sign_in_refused`, `operator_locked_out`, `password_must_change`, `not_permitted`; the host's,
    /// as `host_unreachable`; `export_failed` with the reason; `till_busy`, `till_unclaimed`, `till_locked`, and the
    /// errors of keys and storage. Nothing is erased then, and it can be asked for again.
    pub fn deregister(
        &self,
        second: Option<(OperatorName, SecretBytes)>,
        export: Option<Box<dyn ExportSink>>,
    ) -> Result<Erased, Error> {
        match self.answer(Ask::Deregister { second, export })? {
            Reply::Erased(erased) => Ok(*erased),
            _ => unreachable!("the till answers its end with what is left of it"),
        }
    }

    /// The certificates of every till that was erased in the folder `home`, in the order in which they were.
    ///
    /// # Errors
    /// `storage_failed` for what cannot be read; a folder that is not there has none.
    pub fn erasure_certificates(home: &Path) -> Result<Vec<String>, Error> {
        till::erasure_certificates(&open::journal_path(home))
    }

    fn exit_view(&self, ask: Ask) -> Result<ExitView, Error> {
        match self.answer(ask)? {
            Reply::Exit(view) => Ok(*view),
            _ => unreachable!("the till answers about leaving with the checklist"),
        }
    }
}
