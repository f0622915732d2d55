//! Taking a payment: the life of an attempt from the order to the host's word, through every crash.
//!
//! [`Engine`] is one state machine without I/O. It is fed an [`Input`] with the time and answers with
//! [`Output`]s; it owns the journal, the host conversation and the card kernel. What is legal is one table
//! ([`state::TRANSITIONS`], printed in `docs/states.md`); what was done is journalled before it is done, and
//! what is owed follows from the journal alone.
//!
//! It never waits, reads a clock or believes a host's answer that is not verified. Evidence:
//! `tests/payment_kills.rs` (every crash point with every misbehaviour of a host), `tests/payment_bugs.rs`.

pub mod batch;
pub mod books;
mod bound_read;
mod card_data;
mod civil;
mod engine;
mod events;
mod exchange;
mod feed;
mod ledger;
mod presented;
mod reason;
pub mod refund;
mod roll_back;
pub(crate) mod slip;
pub mod state;
mod view;

pub use batch::events::SettleCause;
pub use batch::view::{BatchDecision, BatchView};
pub(crate) use civil::utc_text;
pub use engine::{Engine, Matters};
pub use exchange::{CardCommand, Input, LinkCommand, Output, Reply, Ticket};
pub use feed::{EVENTS_MAX, EventPage, TillEvent};
pub use ledger::folds;
pub use reason::{Reason, ReversalReason};
pub use refund::{
    ApprovedBy, RefundApproved, RefundDecision, RefundOf, RefundPage, RefundQuery, RefundReason, RefundRequest,
    RefundVerified, RefundView, Rejected, RejectionReason, Tie,
};
pub use roll_back::RollBack;
pub use view::{
    AttemptView, Decision, HostTested, JournalPlace, Kind, ListQuery, Page, ParametersView, ReceiptCopy, ReceiptCounts,
    Resolved, ReversalView, SaleOrder, VoidOrder, VoidView,
};
