//! The conversation with the acquirer's host.
//!
//! [`Conversation`] is a state machine without I/O: it is told what the connection did and answers with what to
//! do next. It has one financial message in flight at a time, starts each connection with a sign-on or an echo
//! and never with a payment, and sorts every failure into exactly one of three: proven not sent, in doubt,
//! answered. [`envelope`] seals and opens single messages for both the till and the host.
//!
//! It never reads a clock, opens a socket, or believes a field of an answer whose MAC is not verified.
//! Evidence: the tables in `conversation/tests.rs`, one row a failure.

pub mod envelope;

mod conversation;
mod delivery;
mod hearing;
mod keys;
mod lines;
mod link;
mod state;
mod told;
mod word;

pub use conversation::{Conversation, Pace, Request, Setup};
pub use delivery::{
    Answer, Balance, Brought, Delivery, DoubtCause, HostMark, HostTotals, LateAnswer, NotSentCause, OutOfTurn,
    SignedOn, Step, SyncReason, ToldPart, Unmatched, UnmatchedCause, Withdrawal,
};
pub use lines::{LineKind, LinesMalformed, StatementLine, UploadLine};
pub use link::{LinkEvent, LinkFault};
pub use told::{Gathered, Gathering, TOLD_PART_BYTES, TOLD_PARTS_MAX, Telling, Told, ToldText};
pub use word::{Word, WordRefused, sha256};
