//! Writing into the journal, and what becomes of the engine when the journal refuses.
//!
//! A full disk, and its like, is a refusal: nothing was written, and the caller of `record` decides what that
//! means for the money. Everything else that goes wrong ends the run, because it is not known what was written.
//!
//! It never tries a failed write again in place. Evidence: `tests/payment_flows.rs`.

use crate::clock::Now;
use crate::error::ErrorCode;
use crate::ids::AttemptId;
use crate::journal::{JournalError, SideWork};
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::Body;
use crate::payment::state::State;

/// Why an event was not recorded.
pub(super) enum Refused {
    /// Nothing was written, and the journal goes on: the disk is full, or somebody else holds the database.
    NotWritten(ErrorCode),
    /// The run is over.
    Over(Halt),
}

impl From<Halt> for Refused {
    fn from(halt: Halt) -> Self {
        Self::Over(halt)
    }
}

impl From<JournalError> for Refused {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::DiskFull => Self::NotWritten(ErrorCode::DiskFull),
            JournalError::Locked => Self::NotWritten(ErrorCode::DatabaseLocked),
            JournalError::Entropy => Self::NotWritten(ErrorCode::EntropyFailed),
            error => Self::Over(Halt(error.into())),
        }
    }
}

impl Engine {
    /// Records one event about an attempt and tells the observer the new state.
    pub(super) fn record<B: Body>(
        &mut self,
        attempt: &AttemptId,
        body: &B,
        side: SideWork,
        now: Now,
    ) -> Result<(), Refused> {
        let before = self.state_of(attempt)?;
        self.append(Some(attempt), body, side, now)?;
        let after = self.state_of(attempt)?;
        if before.word() != after.word() {
            self.announce(attempt, after);
        }
        Ok(())
    }

    /// Records one event, of whatever kind.
    pub(super) fn append<B: Body>(
        &mut self,
        attempt: Option<&AttemptId>,
        body: &B,
        side: SideWork,
        now: Now,
    ) -> Result<(), Refused> {
        let operator = self.sale.as_ref().filter(|sale| Some(&sale.attempt) == attempt);
        let operator = operator.and_then(|sale| sale.operator.clone());
        self.journal.append(body.draft(attempt, operator), side, now)?;
        Ok(())
    }

    /// Records what is good to have and not needed: a full disk is passed over.
    pub(super) fn note<B: Body>(&mut self, attempt: Option<&AttemptId>, body: &B, now: Now) -> Result<(), Halt> {
        match self.append(attempt, body, SideWork::None, now) {
            Ok(()) | Err(Refused::NotWritten(_)) => Ok(()),
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    pub(super) fn state_of(&self, attempt: &AttemptId) -> Result<State, Halt> {
        let entry = crate::payment::ledger::entry(&self.journal, attempt)?;
        Ok(entry.map_or(State::Unknown, |entry| entry.state()))
    }
}

/// The side row of an attempt's card data.
pub(super) fn card_row(attempt: &AttemptId) -> String {
    format!("attempt/{attempt}")
}

/// Destroys an attempt's card data.
pub(super) fn destroy_card(attempt: &AttemptId) -> SideWork {
    SideWork::Destroy { name: card_row(attempt) }
}
