//! The terminal on a bad day: frozen and let go again, every password anew, the report of a loss.
//!
//! Each method is one question to the till's thread. A freeze takes no longer than the journal does, unless a password
//! goes with it; a release takes as long as a password's derivation.
//!
//! It decides nothing. Evidence: `tests/incident_freeze.rs`, `sandbox/tests/till_incident.rs`.

use crate::clock::WallMs;
use crate::error::Error;
use crate::ids::OperatorName;
use crate::incident::approvals::Approval;
use crate::incident::freeze::FreezeReason;
use crate::incident::loss::LossReport;
use crate::secret::SecretBytes;
use crate::terminal::Terminal;
use crate::till::{Ask, Reply};

impl Terminal {
    /// Freezes the till, whoever is signed in, locked or signed out: from now on nothing is sold, given back or voided,
    /// and what has not left yet does not leave. `by` is whoever freezes a locked till and says who it is. A till that is
    /// frozen stays as it is.
    ///
    /// # Errors
    /// `till_unclaimed`; at a locked till `freeze_needs_password` where the shop's rules say so, and with a password
    /// `sign_in_refused`, `operator_locked_out`, `till_busy`; the errors of keys and storage.
    pub fn freeze(&self, reason: Option<FreezeReason>, by: Option<(OperatorName, SecretBytes)>) -> Result<(), Error> {
        self.done(Ask::Freeze { reason, by })
    }

    /// Has every operator set another password at the next sign-in, replaces the master key and fetches another
    /// certificate from the acquirer, as soon as it answers.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `key_rotation_unfinished`, `till_busy`, and the errors of keys and
    /// storage.
    pub fn renew_passwords(&self) -> Result<(), Error> {
        self.done(Ask::RenewPasswords)
    }

    /// What an operator, who need not be there any more, approved or decided in the last so many days, newest first.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of the storage.
    pub fn approvals(&self, name: &OperatorName, days: u16) -> Result<Vec<Approval>, Error> {
        match self.answer(Ask::Approvals { name: name.clone(), days })? {
            Reply::Approvals(approvals) => Ok(approvals),
            _ => unreachable!("the till answers what somebody approved with a list"),
        }
    }

    /// The report of a loss, from the day before the freeze (or before now) up to now unless other moments are named. With
    /// `sends` the acquirer is told it first and its number is kept; that takes as long as the host does.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `statement_period_invalid`; sent, `operation_not_in_dialect`,
    /// `host_refused`, `host_answer_invalid`, and the errors of the network; the errors of the storage.
    pub fn report_loss(&self, from: Option<WallMs>, to: Option<WallMs>, sends: bool) -> Result<LossReport, Error> {
        match self.answer(Ask::ReportLoss { from, to, sends })? {
            Reply::Loss(report) => Ok(*report),
            _ => unreachable!("the till answers a wish for a report with the report"),
        }
    }

    /// Lets a frozen till go, in the names of whoever is signed in and of a second person. A till that is not frozen
    /// stays so.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `frozen_by_host`, `release_needs_another`; for the second person
    /// `sign_in_refused`, `operator_locked_out`, `password_must_change`; `till_busy`, and the errors of keys and storage.
    pub fn release(&self, second: &OperatorName, password: SecretBytes) -> Result<(), Error> {
        self.done(Ask::Release { second: second.clone(), password })
    }
}
