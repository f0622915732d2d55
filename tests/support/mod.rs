//! A world for a till, in virtual time: a host that keeps a book, a card, a network and a device that can die.
//!
//! [`World`] drives the engine as the terminal does, one event after another, in an order that depends on
//! nothing but its inputs. It is strict: an output that nobody carries out, or an answer that nobody waits for,
//! fails the test. [`audit`] compares the till's journal with the host's book.

#![allow(dead_code, reason = "each test file uses a part of the world")]
#![allow(clippy::unwrap_used, reason = "a world that cannot be made fails the test")]

pub mod audit;
pub mod days;
pub mod device;
pub mod host;
pub mod seeds;
pub mod trace;
pub mod world;
