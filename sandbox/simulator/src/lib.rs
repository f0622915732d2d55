//! A simulator of store days: a seed decides what people do and what goes wrong, and an auditor who trusts neither
//! side compares the host's book with what the merchant saw.
//!
//! One process, virtual time, no thread of the till's, no sleep: the same seed gives the same bytes. The till is the
//! real one over a disk in memory; the host, the card and the line are simulated. A seed that fails is made shorter
//! until every step that is left is needed.
//!
//! | part | what it is |
//! |---|---|
//! | `schedule` | a day as a list of steps with faults |
//! | `stage`, `shop`, `day` | the till set up, driven, and a schedule played on it |
//! | `people`, `goodbye` | what people know, and the end of a till |
//! | `host`, `acquirer`, `counter`, `settling`, `reader`, `keys`, `faults` | what surrounds it |
//! | `audit` | reads `book` alone, with sums and a tree of its own |
//! | `run`, `shrink` | many seeds, and a short replay of one that fails |
//!
//! It never ships. Evidence: `sandbox/simulator/tests/seeds.rs`, `sandbox/simulator/tests/planted.rs`.

mod acquirer;
mod audit;
mod book;
mod calendar;
mod counter;
mod day;
mod dice;
mod faults;
mod goodbye;
mod host;
mod keys;
mod people;
mod reader;
mod run;
mod schedule;
mod seen;
mod settling;
mod shop;
mod shrink;
mod stage;
mod trace;

pub use day::Outcome;
pub use run::{Failure, Report, mistakes, replay, run};
