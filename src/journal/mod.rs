//! The journal: the append-only record of everything that happened, and the one truth of the till.
//!
//! Each event is a sealed row in SQLite, a leaf of a Merkle tree (RFC 6962), and durable when `append` returns.
//! Folds add events up into rows for speed, in the same transaction; what must be forgotten one day (card data,
//! working keys) lives beside the events under keys of its own. A flipped bit, a row deleted, moved or added, a
//! tail cut off, an old head or projection put back: `verify` names the first sequence that is wrong.
//!
//! It never sees card data in events, never gives SQLite plaintext, never repairs what is damaged, and cannot
//! tell a whole state put back from the truth. Evidence: `tests/journal_*.rs`.

mod acknowledged;
mod ballast;
mod checkpoint;
mod database;
mod erase;
mod error;
mod event;
mod file;
mod fold;
mod head;
#[expect(clippy::module_inception, reason = "the room is named after the thing in it")]
mod journal;
mod keyring;
mod keys;
mod locked;
#[cfg(test)]
mod memory_rows;
mod plain;
mod proven;
mod register;
mod reseal;
mod rows;
mod side;
mod signing;
mod steps;
mod store;
mod sums;
mod verify;

pub use checkpoint::{CHECKPOINT, CheckpointReason, EvidenceSignatures};
pub use erase::{Remains, certificates, erasure_note};
pub use error::{Damage, Damaged, JournalError};
pub use event::{Draft, EVENT_BYTES_MAX, Event, Side, SideWork};
pub use fold::{Cursor, Fold, FoldError, Page, Row, RowPage, Rows};
pub use head::Waiting;
pub use journal::{Head, Journal, JournalPorts, Recorded, VerifyReport};
pub use keyring::Keyring;
pub use locked::LockedJournal;
#[cfg(test)]
pub(crate) use memory_rows::MemoryRows;
pub use plain::{PlainChange, PlainRows};
pub use proven::ProvenRecord;
pub use reseal::Resealed;
pub use signing::KEY_MADE;
pub use steps::Verified;
pub use store::EachRecord;
