//! The stand: tills, hosts and cards for tests in any language, from one process beside the test.
//!
//! A test starts `taptill stand`, reads its address from the first line, and asks over TCP, one JSON object a line each
//! way. It ends with its standard input, and its folders with it. `docs/stand.md` is the manual; the verbs are:
//!
//! | `do` | with | gives |
//! |---|---|---|
//! | `till` | `dialect`? | a fresh folder for a till, its provisioning, a host of its own that runs |
//! | `card` | `name` | the address of a fresh card, in the framing of `vpcd` |
//! | `host` | `home`, one of `next` (+ `count`?), `stop`, `start` | what the till's host does next |
//! | `acquirer` | `home`, one of `pins` (+ `send`?), `message`, `hold`, `rotate` | what the till's acquirer does, or signs |
//! | `book` | `home` | the host's book: one entry an attempt |
//! | `statement` | `home`, `format`, `swap`?, `add`? | the host's book as a statement's file, strange lines and all |
//! | `files` | `home`, one of `save`, `put_back`, `put_back_slots`, `clear`, `spoil` | what befalls the till's folder |
//! | `read` | `card`, `minor`, `currency`, `attempt`, `nonce` | what a certified reader gives: a read, or a fault |
//!
//! What it does not understand whole it refuses, with the name of the part; nothing is guessed, nothing half done.
//! Evidence: `mod tests` of each file, `sandbox/tests/till_stand.rs`.

mod acquirer;
mod files;
mod keeper;
mod paper;
mod request;
mod server;

pub use server::{RunningStand, Stand};
