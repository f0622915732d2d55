//! The states of a conversation; each owns what exists in it and nothing else.
//!
//! | state | legal besides `request` and `withdraw` | deadline |
//! |---|---|---|
//! | `Down` | – | – |
//! | `Connecting` | `connected`, `not_connected` | for a connection |
//! | `Greeting` | `received`, `broken` | – (the next poll sends) |
//! | `Proving` | `received`, `broken` | for the echo's or sign-on's answer |
//! | `KeysUnsynced` | `received`, `broken`, `synced` | – |
//! | `Ready` | `received`, `broken` | for the idle connection |
//! | `Unsynced` | `received`, `broken`, `synced` | – |
//! | `Unsent` | `received`, `broken` | – (the next poll sends) |
//! | `Waiting` | `received`, `broken` | for the answer |
//!
//! Evidence: `conversation/tests.rs` tries every input in every state.

use std::collections::VecDeque;

use zeroize::Zeroizing;

use crate::acquirer::keys::KeySet;
use crate::clock::MonoMs;
use crate::ids::{BatchNo, Stan};
use crate::iso8583::{Deframer, Op, ValueName, Values};

/// Where a conversation stands.
pub(super) enum State {
    /// There is no connection.
    Down,
    /// A connection was asked for.
    Connecting { give_up_at: MonoMs },
    /// The connection stands; its first message waits to be handed over.
    Greeting { line: Line, control: Exchange, frame: Zeroizing<Vec<u8>> },
    /// The echo or sign-on is out.
    Proving { line: Line, control: Exchange, answer_by: MonoMs },
    /// The host gave keys; they are not durable yet.
    KeysUnsynced { line: Line, keys: KeySet, batch: Option<BatchNo> },
    /// The connection has proved itself and is free.
    Ready { line: Line, close_at: MonoMs },
    /// The request is packed; that it will be sent is not durable yet.
    Unsynced { line: Line, flight: Exchange, frame: Zeroizing<Vec<u8>> },
    /// It is durable; no byte has been handed over yet.
    Unsent { line: Line, flight: Exchange, frame: Zeroizing<Vec<u8>> },
    /// The request was handed over.
    Waiting { line: Line, flight: Exchange, answer_by: MonoMs },
}

impl State {
    /// The state as a word, for [`crate::acquirer::OutOfTurn`].
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Connecting { .. } => "connecting",
            Self::Greeting { .. } => "greeting",
            Self::Proving { .. } => "proving",
            Self::KeysUnsynced { .. } => "keys_unsynced",
            Self::Ready { .. } => "ready",
            Self::Unsynced { .. } => "unsynced",
            Self::Unsent { .. } => "unsent",
            Self::Waiting { .. } => "waiting",
        }
    }

    /// The connection's reading side, where there is a connection.
    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match self {
            Self::Down | Self::Connecting { .. } => None,
            Self::Greeting { line, .. }
            | Self::Proving { line, .. }
            | Self::KeysUnsynced { line, .. }
            | Self::Ready { line, .. }
            | Self::Unsynced { line, .. }
            | Self::Unsent { line, .. }
            | Self::Waiting { line, .. } => Some(line),
        }
    }

    /// Whether there is a connection, or soon is, over which no request has left or is about to.
    pub(super) fn is_idle_on_a_line(&self) -> bool {
        matches!(self, Self::Connecting { .. } | Self::Greeting { .. } | Self::Proving { .. } | Self::Ready { .. })
    }

    /// The exchange whose answer is awaited.
    pub(super) fn awaited(&self) -> Option<&Exchange> {
        match self {
            Self::Proving { control: exchange, .. } | Self::Waiting { flight: exchange, .. } => Some(exchange),
            _ => None,
        }
    }
}

/// One request, as far as its answer is concerned.
pub(super) struct Exchange {
    pub op: Op,
    pub stan: Stan,
    /// What it said, without what no answer is compared with: track data and chip data are gone once packed.
    pub values: Values,
}

impl Exchange {
    /// Keeps of a packed request what its answer is compared with.
    pub(super) fn packed(op: Op, stan: Stan, mut values: Values) -> Self {
        values.remove(ValueName::Track2);
        values.remove(ValueName::ChipData);
        Self { op, stan, values }
    }
}

/// What is known of one connection.
pub(super) struct Line {
    pub deframer: Deframer,
    /// Requests of this connection that have ended, oldest first.
    past: VecDeque<Past>,
    /// How many requests in a row got no answer.
    silences: u8,
}

/// A request that has ended, without card data.
pub(super) struct Past {
    pub exchange: Exchange,
    pub answered: bool,
}

/// More than a host can be late with: each silence costs a whole time-out, and two close the connection.
const PAST_COUNT_MAX: usize = 8;
/// After this many unanswered requests a connection is taken for dead.
const SILENCES_MAX: u8 = 2;

impl Line {
    pub(super) fn new(deframer: Deframer) -> Self {
        Self { deframer, past: VecDeque::new(), silences: 0 }
    }

    /// A request was answered.
    pub(super) fn answered(&mut self, exchange: Exchange) {
        self.silences = 0;
        self.remember(exchange, true);
    }

    /// A request was not answered in time; gives back whether the connection is taken for dead.
    pub(super) fn went_silent(&mut self, exchange: Exchange) -> bool {
        self.silences += 1;
        self.remember(exchange, false);
        self.silences >= SILENCES_MAX
    }

    /// A request ended in doubt though something came.
    pub(super) fn doubted(&mut self, exchange: Exchange) {
        self.silences = 0;
        self.remember(exchange, false);
    }

    /// The ended request that fits, newest first.
    pub(super) fn past(&mut self, fits: impl Fn(&Exchange) -> bool) -> Option<&mut Past> {
        self.past.iter_mut().rev().find(|past| fits(&past.exchange))
    }

    fn remember(&mut self, mut exchange: Exchange, answered: bool) {
        for name in ValueName::ALL.iter().filter(|name| name.is_card_data()) {
            exchange.values.remove(*name);
        }
        if self.past.len() == PAST_COUNT_MAX {
            self.past.pop_front();
        }
        self.past.push_back(Past { exchange, answered });
    }
}
