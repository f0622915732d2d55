//! What an attempt should be worth to the merchant. Evidence: `tests/statement_check.rs`.

use crate::payment::AttemptView;
use crate::payment::state::State;
use crate::settlement::statement::{Remedy, Why};

/// What is expected of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A payment, once.
    Charged,
    /// A payment and what takes it back, or neither.
    TakenBack(Why),
    /// No payment, or it is not known; what to do if there is one.
    Open(Why, Remedy),
}

impl Standing {
    pub fn of(view: &AttemptView) -> Self {
        match view.state {
            State::Approved => Self::Charged,
            State::Reversed => Self::TakenBack(Why::Reversed),
            State::Declined => Self::Open(Why::Declined, Remedy::AskToGiveBack),
            State::Unknown | State::Prepared | State::NotSent => Self::Open(Why::NotSent, Remedy::AskToGiveBack),
            State::InDoubt | State::ReversalDue | State::ReversalSent => {
                Self::Open(Why::NotKnownYet, Remedy::ResolveAndCheckAgain)
            }
            State::ReversalStuck => Self::Open(Why::ReversalStuck, Remedy::DecideCharged),
        }
    }
}
