//! What can go wrong in a step, and what becomes of the till then.
//!
//! A refusal is told to whoever asked, and the till goes on: nothing was written. Everything else that goes wrong with
//! the storage ends the run, because it is not known what was written; the till must be opened again.
//!
//! It never retries. Evidence: `tests/people_kills.rs`.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::incident::freeze::mark::MarkFault;
use crate::journal::{Draft, Journal, JournalError, PlainChange, PlainRows, SideWork};
use crate::ports::{Fate, KillPoint, Moment};
use crate::till::Till;
use crate::vault::{Afterwards, Change, Vault, VaultError};

/// Why a step was not done.
pub(super) enum Trouble {
    /// Nothing was written, and the till goes on.
    Refused(Error),
    /// The run is over.
    Over(Error),
}

impl Trouble {
    pub fn into_error(self) -> Error {
        match self {
            Self::Refused(error) | Self::Over(error) => error,
        }
    }
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Self {
        use JournalError as E;
        let is_over = matches!(error, E::SyncFailed | E::StorageFailed | E::Stopped | E::Damaged(_));
        if is_over { Self::Over(error.into()) } else { Self::Refused(error.into()) }
    }
}

impl From<VaultError> for Trouble {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Journal(error) => error.into(),
            error => Self::Refused(error.into()),
        }
    }
}

impl From<MarkFault> for Trouble {
    fn from(fault: MarkFault) -> Self {
        match fault {
            MarkFault::Journal(error) => error.into(),
            fault @ MarkFault::Keys(_) => Self::Refused(fault.into()),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<ErrorCode> for Trouble {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code.into())
    }
}

impl Till {
    /// The vault over these rows, for one step.
    pub(super) fn vault<'a>(&'a self, rows: &'a mut dyn PlainRows) -> Vault<'a> {
        Vault::new(rows, &*self.device_keys, &*self.entropy).with_biometric(self.sensor.as_deref())
    }

    /// Records an event with a change of the vault in one transaction, and does then what only then may be done.
    pub(super) fn record(
        &self,
        journal: &mut Journal,
        draft: Draft,
        side: SideWork,
        change: Change,
        now: Now,
    ) -> Result<(), Trouble> {
        let Change { rows, afterwards } = change;
        journal.append_with(draft, side, rows, now)?;
        self.settle(journal, afterwards)
    }

    /// Makes a change of the vault that is no event.
    pub(super) fn change(&self, journal: &mut Journal, change: Change) -> Result<(), Trouble> {
        let Change { rows, afterwards } = change;
        let rows: Vec<PlainChange> = rows;
        journal.change_plain(&rows)?;
        self.settle(journal, afterwards)
    }

    /// Old keys are destroyed once what replaces them is durable.
    fn settle(&self, rows: &mut dyn PlainRows, afterwards: Afterwards) -> Result<(), Trouble> {
        self.pass(Moment::Before, SETTLED)?;
        settled(self.vault(rows).settle(afterwards).map_err(Trouble::from))?;
        self.pass(Moment::After, SETTLED)
    }

    /// A point at which a test may end the run. The disk's faults are the journal's to suffer.
    pub(super) fn pass(&self, moment: Moment, step: &'static str) -> Result<(), Trouble> {
        match self.faults.reach(KillPoint { moment, step }) {
            Fate::Die => Err(Trouble::Over(ErrorCode::StoppedByFaultPlan.into())),
            Fate::GoOn | Fate::DiskFull | Fate::SyncFailed | Fate::Locked => Ok(()),
        }
    }
}

/// What the device, the platform or the disk does not do now that a change is durable, the sweep at the next unlocking
/// does: whoever asked is not told that nothing was written.
pub(super) fn settled(done: Result<(), Trouble>) -> Result<(), Trouble> {
    match done {
        Ok(()) | Err(Trouble::Refused(_)) => Ok(()),
        over => over,
    }
}

/// The fault points around the destruction of old keys.
const SETTLED: &str = "vault.settled";
