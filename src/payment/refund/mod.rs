//! Refunds: money that goes back for a sale, asked for by one person and approved by another.
//!
//! A refund has a life of its own ([`state`]), events of its own and a fold of its own, which refuses what would give
//! back more than was captured. Approved, it is a debt that is forwarded until the host has it. An approval is a proof
//! value ([`RefundApproved`]) that comes from a person's verified sign-in or from the host, and from nowhere else.
//!
//! It never reverses a refund and never calls one declined that may have worked. Evidence: `tests/refund_rules.rs`,
//! `tests/refund_kills.rs`.

pub(super) mod appointed;
mod approval;
pub(super) mod events;
pub(super) mod ledger;
pub(super) mod policy;
mod reason;
pub mod state;
mod view;

pub use approval::RefundApproved;
pub use reason::{RefundReason, RejectionReason};
pub use view::{
    ApprovedBy, RefundDecision, RefundOf, RefundPage, RefundQuery, RefundRequest, RefundVerified, RefundView, Rejected,
    Tie,
};
