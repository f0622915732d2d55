//! What is taken back or decided after a sale: voids, and words about attempts that the host leaves open.
//!
//! A void is an attempt of its own, with the same states and the same operation; the records here say what belongs to
//! what. `docs/states.md` has the table.
//!
//! It decides nothing. Evidence: `uniffi/tests/settlement.rs`, `tests/contract`.

use taptill::error::Error;
use taptill::ids::AttemptId;
use taptill::payment;

use crate::errors::{TillError, same_words};
use crate::values::AttemptState;

/// What an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum AttemptKind {
    /// To take a payment.
    Sale,
    /// To take back a whole sale of the open batch.
    Void,
}

/// One void that a caller wants.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VoidOrder {
    /// The sale that is to be voided.
    pub of: String,
    /// The caller's name for the void, an attempt of its own; the core makes one where there is none.
    #[uniffi(default = None)]
    pub attempt: Option<String>,
}

/// What is known of a sale's void.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VoidView {
    /// The void's own name.
    pub attempt: String,
    /// Where the void stands.
    pub state: AttemptState,
    /// What a supervisor decided about a void whose reversal is stuck.
    pub decision: Option<Decision>,
}

/// What a supervisor says of an attempt whose reversal is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Decision {
    /// The customer is charged.
    Charged,
    /// The customer is not charged.
    NotCharged,
}

/// What a supervisor says of a refund that is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RefundDecision {
    /// The customer has the money.
    Paid,
    /// The customer does not have it: the amount is free again.
    NotPaid,
}

same_words!(payment::Kind, AttemptKind: Sale Void);
same_words!(payment::Decision, Decision: Charged NotCharged);
same_words!(payment::RefundDecision, RefundDecision: Paid NotPaid);

impl TryFrom<VoidOrder> for payment::VoidOrder {
    type Error = TillError;

    fn try_from(order: VoidOrder) -> Result<Self, TillError> {
        let attempt = order.attempt.map(AttemptId::new).transpose().map_err(Error::from)?;
        Ok(Self { attempt, of: AttemptId::new(order.of).map_err(Error::from)? })
    }
}

impl From<payment::VoidView> for VoidView {
    fn from(view: payment::VoidView) -> Self {
        let payment::VoidView { attempt, state, decision } = view;
        Self { attempt: attempt.into(), state: state.into(), decision: decision.map(Decision::from) }
    }
}
