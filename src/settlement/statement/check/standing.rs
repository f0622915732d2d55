//! What an attempt should be worth to the merchant. Evidence: `tests/statement_check.rs`.

use crate::payment::refund::state::RefundState;
use crate::payment::refund::{RefundDecision, RefundView};
use crate::payment::state::State;
use crate::payment::{AttemptView, Decision};
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
        let decided_void = view.void.as_ref().and_then(|void| void.decision);
        match (view.state, view.decision) {
            (State::Approved, _) if decided_void == Some(Decision::NotCharged) => Self::TakenBack(Why::Voided),
            (State::Approved, _) => Self::Charged,
            (State::Voided, _) => Self::TakenBack(Why::Voided),
            (State::Reversed, _) => Self::TakenBack(Why::Reversed),
            (State::Declined, _) => Self::Open(Why::Declined, Remedy::AskToGiveBack),
            (State::Unknown | State::Prepared | State::NotSent, _) => Self::Open(Why::NotSent, Remedy::AskToGiveBack),
            (State::InDoubt | State::ReversalDue | State::ReversalSent, _) => {
                Self::Open(Why::NotKnownYet, Remedy::ResolveAndCheckAgain)
            }
            (State::ReversalStuck, Some(Decision::Charged)) => Self::Charged,
            (State::ReversalStuck, Some(Decision::NotCharged)) => Self::TakenBack(Why::Reversed),
            (State::ReversalStuck, None) => Self::Open(Why::ReversalStuck, Remedy::DecideCharged),
        }
    }
}

impl Standing {
    /// How little a line fits that pays, or takes back: 0 is as it should be.
    pub fn misfit(self, takes_back: bool) -> u8 {
        match (self, takes_back) {
            (Self::Charged, false) | (Self::TakenBack(_), true) => 0,
            (Self::TakenBack(_), false) | (Self::Charged, true) => 1,
            (Self::Open(Why::Declined | Why::NotSent, _), _) => 3,
            (Self::Open(..), _) => 2,
        }
    }
}

/// Why money may have been given back of a payment that stands, and what to do then: its void is not known to have
/// ended, or nothing of ours took it back.
pub(super) fn given_back(view: &AttemptView) -> (Why, Remedy) {
    match view.void.as_ref().map(|void| (void.state, void.decision)) {
        Some((State::InDoubt | State::ReversalDue | State::ReversalSent, _)) => {
            (Why::NotKnownYet, Remedy::ResolveAndCheckAgain)
        }
        Some((State::ReversalStuck, None)) => (Why::ReversalStuck, Remedy::DecideNotCharged),
        _ => (Why::NotTakenBack, Remedy::AskToChargeAgain),
    }
}

/// Whether a refund is to be in the statement, or why not and what to do if it is.
pub(super) fn of_refund(view: &RefundView) -> Result<(), (Why, Remedy)> {
    match (view.state, view.decision) {
        (RefundState::Acknowledged, _) | (RefundState::Stuck, Some(RefundDecision::Paid)) => Ok(()),
        (RefundState::Stuck, None) => Err((Why::RefundStuck, Remedy::DecidePaid)),
        (RefundState::Approved | RefundState::Prepared | RefundState::Sent, _) => {
            Err((Why::NotKnownYet, Remedy::ResolveAndCheckAgain))
        }
        (
            RefundState::Unknown
            | RefundState::Waiting
            | RefundState::Rejected
            | RefundState::Expired
            | RefundState::Declined
            | RefundState::Stuck,
            _,
        ) => Err((Why::NotTakenBack, Remedy::AskToChargeAgain)),
    }
}
