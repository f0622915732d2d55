//! Taptill: the open core that turns a phone into a payment terminal.
//!
//! The core is a house with six floors; a module may use floors below it and, without any circle, its
//! neighbours. `tests/floors.rs` reads the `use` lines and fails on an arrow upward.
//!
//! | floor | modules | what they are |
//! |---|---|---|
//! | 5 | `terminal`, `desk` | the one object that a shell holds; the same behind screens |
//! | 4 | `payment`, `account`, `settlement`, `incident`, `till`, `screen` | what a merchant does and sees, on good days and bad |
//! | 3 | `session`, `acquirer` | who may, and the conversation with the acquirer's host |
//! | 2 | `vault`, `journal` | who may open the till, and the append-only record of everything that happened |
//! | 1 | `emv`, `iso8583`, `paycrypto`, `merkle`, `receipt` | pure: bytes and values in, bytes and values out |
//! | 0 | `money`, `ids`, `card`, `clock`, `secret`, `hex`, `text`, `ports`, `error` | the words that everyone speaks |
//!
//! Protocol code never waits: a card kernel, a host conversation and a payment are fed what happened and
//! answer with what to do next. Only `terminal` touches sockets, clocks and cards, through [`ports`]; the
//! journal alone owns its database connection.

#![forbid(unsafe_code)]

#[macro_use]
pub mod planted;

pub mod account;
pub mod acquirer;
pub mod card;
pub mod clock;
pub mod desk;
pub mod emv;
pub mod error;
pub mod hex;
pub mod ids;
pub mod incident;
pub mod iso8583;
pub mod journal;
pub mod merkle;
pub mod money;
pub mod paycrypto;
pub mod payment;
pub mod ports;
pub mod receipt;
pub mod screen;
pub mod secret;
pub mod session;
pub mod settlement;
pub mod terminal;
pub mod text;
pub mod till;
pub mod vault;
