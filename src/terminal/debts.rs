//! The terminal's voids, and what people do about debts and about the host.
//!
//! Each method is one question to the till's thread. A void is waited for as a sale is; a test of the host and its
//! parameters take as long as the host does; the rest is answered at once.
//!
//! It decides nothing. Evidence: `sandbox/tests/till_void.rs`.

use crate::account::WrittenReason;
use crate::error::Error;
use crate::ids::AttemptId;
use crate::payment::{AttemptView, Decision, HostTested, ParametersView, Reply as Paid, VoidOrder};
use crate::terminal::{Operation, Terminal, calls};
use crate::till::{Ask, Reply};

impl Terminal {
    /// Begins to take a whole sale of the open batch back. The same void again gives its stored outcome.
    ///
    /// # Errors
    /// The sale's: `attempt_unknown`, `attempt_not_approved`, `already_voided`, `void_in_doubt`, and with `instead` in
    /// the details `already_settled` and `attempt_has_refunds`. Also `attempt_conflict`, `till_busy`,
    /// `reversal_pending`, `debts_too_old`, `operation_not_in_dialect`, `not_permitted`, `till_locked`, and the errors
    /// of storage.
    pub fn start_void(&self, order: VoidOrder) -> Result<Operation, Error> {
        self.begin(Ask::Void(order))
    }

    /// Everything that waits to be finished with the host, and every stuck reversal, decided or not.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, and the errors of storage.
    pub fn debts(&self) -> Result<Vec<AttemptView>, Error> {
        match self.answer(Ask::Debts)? {
            Reply::Payment(Paid::Debts(debts)) => Ok(debts),
            _ => unreachable!("the engine answers a question about debts with debts"),
        }
    }

    /// Records how an attempt ended whose reversal is stuck, in the name of whoever is signed in. The same decision
    /// again is the same decision.
    ///
    /// # Errors
    /// `attempt_unknown`, `not_stuck`, `already_decided`, `not_permitted`, `till_locked`, and the errors of storage.
    pub fn decide(&self, attempt: &AttemptId, decision: Decision) -> Result<AttemptView, Error> {
        self.decide_with(attempt, decision, None)
    }

    /// The same, with why: it stands in the record beside the decision.
    ///
    /// # Errors
    /// As [`Terminal::decide`].
    pub fn decide_because(
        &self,
        attempt: &AttemptId,
        decision: Decision,
        reason: WrittenReason,
    ) -> Result<AttemptView, Error> {
        self.decide_with(attempt, decision, Some(reason))
    }

    fn decide_with(
        &self,
        attempt: &AttemptId,
        decision: Decision,
        reason: Option<WrittenReason>,
    ) -> Result<AttemptView, Error> {
        self.ask_about(attempt, Ask::Decide { attempt: attempt.clone(), decision, reason }).map(calls::attempt)
    }

    /// Asks the host whether it is there.
    ///
    /// # Errors
    /// Those of the way to the host: `host_unreachable`, `host_silent`, `sign_on_refused` and their like; `host_refused`,
    /// `till_busy`, `not_permitted`, `till_locked`.
    pub fn test_host(&self) -> Result<HostTested, Error> {
        match self.answer(Ask::TestHost)? {
            Reply::Payment(Paid::HostTested(tested)) => Ok(tested),
            _ => unreachable!("the engine answers a test of the host with how it went"),
        }
    }

    /// Fetches the host's rules for this till. They hold from then on, beside the shop's own.
    ///
    /// # Errors
    /// As [`Terminal::test_host`]; `host_answer_invalid` for rules that are none, `operation_not_in_dialect`.
    pub fn download_parameters(&self) -> Result<ParametersView, Error> {
        match self.answer(Ask::DownloadParameters)? {
            Reply::Payment(Paid::Parameters(parameters)) => Ok(parameters),
            _ => unreachable!("the engine answers a wish for parameters with parameters"),
        }
    }
}
