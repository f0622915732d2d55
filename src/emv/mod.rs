//! Contactless EMV: from a card in the field to an outcome, without input or output of its own.
//!
//! A [`Tap`] is fed what the field and the card do and answers with the next command, or with the
//! [`Outcome`]. Inside, the Entry Point (EMV Contactless Book B) finds the application and hands over to a
//! kernel; kernel 3 (Book C-3, qVSDC) is built. A kernel that is not built is never a candidate.
//! Clauses are cited at the lines that obey them; a citation followed by `(?)` rests on a secondary source.
//!
//! It never reads a clock, draws a random number, or keeps card data after the outcome has been given.
//! Evidence: `tests/emv_transcripts.rs` (cards not made by this project), `tests/emv_rubbish.rs`.

pub mod capk;
pub mod dol;
pub mod entry_point;
pub mod hex;
pub mod kernel3;
pub mod oda;
pub mod outcome;
pub mod store;
pub mod tags;
pub mod terminal_data;
pub mod tlv;
pub mod transcript;

mod apdu;
mod chip_data;
mod tap;

pub use capk::{CaKeyError, CaKeys, Environment};
pub use outcome::{
    CardError, CardRead, CryptogramKind, Cvm, EndReason, ExchangeStep, OdaResult, Outcome, OutcomeKind, UiRequest,
};
pub use tap::{CardEvent, Tap, TapRequest, TapStep};
pub use terminal_data::{TerminalData, TerminalDataError, TransactionType};
