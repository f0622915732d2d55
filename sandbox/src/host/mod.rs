//! The simulated acquirer: a host on this machine's loopback that answers terminals as a real one would.
//!
//! It keeps a book of its own, checks MACs and cryptograms with the issuer's keys, forgets nothing that it
//! booked, and misbehaves only when told to. A till under test is right when its own records and this book
//! agree: [`book`] gives one entry for each attempt, with the net amount that the customer was charged.
//!
//! | part | what it is |
//! |---|---|
//! | [`Host`] | a TLS listener with its own thread, over an [`Acquirer`] |
//! | [`Acquirer`] | the same without sockets: frames in, [`Action`]s out, in virtual time if a test likes |
//! | `reads` | opens the encrypted card reads of [`crate::reader`], where the dialect carries them |
//! | [`provision`] | enrols a new terminal and gives what its till needs |
//! | [`Kind`], [`Script`], [`set_next`] | misbehaviour on demand |
//!
//! Amounts from 1000.01 to 1000.99 are refused with their last two digits as the response code: 1000.51 is
//! answered 51. The book holds masked card numbers only, and the home folder's keys protect no real money.
//! Evidence: `sandbox/tests/host_*.rs`, of frames alone, with the core's own side, and over sockets.

mod acquirer;
mod book;
mod certificates;
mod day;
mod enrol;
mod error;
mod home;
mod malformed;
mod reads;
mod ruling;
mod script;
mod server;
mod statement_file;

pub use acquirer::{Acquirer, Action, LATE_BY_MS, Line};
pub use book::{BookEntry, EntryState};
pub use enrol::{Enrolled, Options, provision, provision_in};
pub use error::HostError;
pub use home::{book, set_next};
pub use script::{COUNT_MAX, Kind, Script};
pub use server::{Host, RunningHost};
pub use statement_file::{statement_camt, statement_csv};
