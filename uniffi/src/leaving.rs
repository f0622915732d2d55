//! Goodbyes: leaving the till for today by a checklist. For good, see `deregistration.rs`.
//!
//! Each method is one line into the core's terminal. What waits does so on a thread of
//! its own, and goes on whatever becomes of whoever waited.
//!
//! It decides nothing. Evidence: `tests/contract`.

use std::sync::Arc;

use taptill::account::WrittenReason;
use taptill::till;

use crate::aside::aside;
use crate::errors::{Blocker, TillError, same_words};
use crate::payments::Open;

/// Leaving. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct Leaving {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Leaving {
    /// What is left to do before leaving, step by step, all of it at once.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of keys and storage.
    pub fn checklist(&self) -> Result<ExitView, TillError> {
        Ok(self.till.terminal.exit_checklist()?.into())
    }

    /// Leaves: signs the head, closes the connection, wipes keys and session. Where something is in the way a supervisor
    /// may leave all the same, with a reason of 1 to 120 characters; a payment that is under way is never left.
    ///
    /// # Errors
    /// `exit_blocked` with everything that is in the way in `blockers`, `reason_missing`, `till_busy`, `not_permitted`.
    pub async fn exit(&self, force: Option<String>) -> Result<ExitView, TillError> {
        let force = force.as_deref().map(WrittenReason::new).transpose()?;
        Ok(aside(&self.till, "taptill-leaving", move |till| till.exit(force)).await?.into())
    }
}

/// One step of leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ExitStep {
    /// Every payment and refund has ended.
    Transactions,
    /// The batch is settled.
    Settled,
    /// A statement was held against what was settled last.
    Statement,
    /// The own password is not due.
    Passwords,
    /// Nothing is shown or awaited any more.
    Page,
    /// The connection is closed, and what it was made of forgotten.
    Disconnected,
    /// Keys and session are wiped.
    Wiped,
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ExitState {
    /// It is done, or there is nothing to do.
    Done,
    /// The till does it when everything before is done.
    Ahead,
    /// Something is in the way.
    Blocked,
    /// Somebody leaves all the same.
    Waived {
        /// Who.
        by: String,
        /// Why, in that person's words.
        reason: String,
    },
}

/// What somebody should know who leaves, and what is no reason to stay.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ExitAdvice {
    /// What, as a stable word; an open list.
    pub code: String,
    /// What is done about it, as a stable word.
    pub remedy: String,
    /// Within how many days.
    pub days_left: u32,
}

/// A step and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ExitItem {
    /// Which step.
    pub step: ExitStep,
    /// How it stands.
    pub state: ExitState,
    /// What is in the way, or was when it was waived.
    pub blockers: Vec<Blocker>,
    /// What is no reason to stay.
    pub advice: Option<ExitAdvice>,
}

/// The checklist.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ExitView {
    /// The steps in their order.
    pub items: Vec<ExitItem>,
    /// Whether the till was left.
    pub is_left: bool,
    /// The signed head with which it was left, a signed note; absent where it could not be signed now.
    pub checkpoint: Option<String>,
}

same_words!(till::ExitStep, ExitStep: Transactions Settled Statement Passwords Page Disconnected Wiped);

impl From<till::StepState> for ExitState {
    fn from(state: till::StepState) -> Self {
        match state {
            till::StepState::Done => Self::Done,
            till::StepState::Ahead => Self::Ahead,
            till::StepState::Blocked => Self::Blocked,
            till::StepState::Waived { by, reason } => Self::Waived { by, reason },
        }
    }
}

impl From<till::ExitItem> for ExitItem {
    fn from(item: till::ExitItem) -> Self {
        let till::ExitItem { step, state, blockers, advice } = item;
        let advice = advice.map(|advice| ExitAdvice {
            code: advice.code.to_owned(),
            remedy: advice.remedy.to_owned(),
            days_left: advice.days_left,
        });
        let blockers = blockers.iter().map(Blocker::from).collect();
        Self { step: step.into(), state: state.into(), blockers, advice }
    }
}

impl From<till::ExitView> for ExitView {
    fn from(view: till::ExitView) -> Self {
        let till::ExitView { items, is_left, checkpoint } = view;
        Self { items: items.into_iter().map(ExitItem::from).collect(), is_left, checkpoint }
    }
}
