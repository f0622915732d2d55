//! The simulated acquirer: a host on this machine's loopback that answers terminals as a real one would.
//!
//! It checks MACs and cryptograms with the issuer's keys, forgets nothing that it booked, and misbehaves only when told
//! to. A till under test is right when its records and this book agree: [`book`] gives one entry for each sale, void and
//! refund, with the net amount that the customer was charged, and [`batches`] what the shop was paid for each batch.
//!
//! | part | what it is |
//! |---|---|
//! | [`Host`] | a TLS listener with its own thread, over an [`Acquirer`] |
//! | [`Acquirer`] | the same without sockets: frames in, [`Action`]s out, in virtual time if a test likes |
//! | `ruling`, `corrections`, `settlement`, `statement`, `told` | what is answered and booked: sales and reversals, voids and refunds, batches, lines, texts |
//! | [`provision`], [`Script`] | enrols a terminal; misbehaviour on demand |
//!
//! Amounts from 1000.01 to 1000.99 are refused with their last two digits as the response code: 1000.51 is
//! answered 51. The book holds masked card numbers only, and the home folder's keys protect no real money.
//! Evidence: `sandbox/tests/host_*.rs`, of frames alone, with the core's own side, and over sockets.

mod acquirer;
mod batches;
mod book;
mod certificates;
mod corrections;
mod day;
mod enrol;
mod error;
mod home;
mod lined_up;
mod malformed;
mod reads;
mod ruling;
mod script;
mod server;
mod settlement;
mod statement;
mod statement_file;
mod terminals;
mod told;

pub use acquirer::{Acquirer, Action, LATE_BY_MS, Line};
pub use batches::{BatchEntry, Totals};
pub use book::{BookEntry, EntryKey, EntryKind, EntryState};
pub use enrol::{Enrolled, Options, provision, provision_in};
pub use error::HostError;
pub use home::{batches, book, countersign, hold, message, pins, rotate_key, set_next, set_next_of, told};
pub use script::{COUNT_MAX, Kind, Script, Step, operation};
pub use server::{Host, RunningHost};
pub use statement_file::{day_of, statement_camt, statement_csv};
pub use terminals::{Held, ToldEntry};
