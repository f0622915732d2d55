//! What happened, to be pulled by cursor and acknowledged.
//!
//! Each event is told at least once: what is not acknowledged is told again, also after a restart or a kill. A
//! shell that has handled an event and was killed before it could say so knows it by its cursor.
//!
//! It keeps nothing: the acknowledged cursor is in the till's journal. Evidence: `uniffi/tests/events.rs`.

use std::sync::Arc;

use taptill::payment;

use crate::errors::TillError;
use crate::payments::Open;
use crate::values::AttemptState;

/// What happened in this till, oldest first. Pull a page, handle it, acknowledge its last cursor, pull again.
/// `Observer` says when something is new; the events say what, and none is missing.
#[derive(uniffi::Object)]
pub struct Events {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Events {
    /// The events after a cursor; without one, after the last acknowledged, which is where a shell goes on after a
    /// restart. Blocks for a few milliseconds, also while a sale is in progress. Any number of readers may pull
    /// with cursors of their own.
    ///
    /// # Errors
    /// `page_size_out_of_range` unless `limit` is 1 to 100, `cursor_beyond_head` for a cursor that the till has not
    /// reached, `journal_damaged`, and why the terminal has ended.
    pub fn after(&self, cursor: Option<u64>, limit: u32) -> Result<EventPage, TillError> {
        Ok(self.till.terminal.events(cursor, limit)?.into())
    }

    /// Says that all events up to and with this cursor are handled. Durable when it returns: blocks for one sync of
    /// the storage. The same cursor again changes nothing.
    ///
    /// # Errors
    /// `cursor_beyond_head`, `cursor_acknowledged_already` for a cursor before the last acknowledged one, `disk_full`
    /// and the other errors of storage: then nothing is acknowledged. Why the terminal has ended.
    pub fn acknowledge(&self, cursor: u64) -> Result<(), TillError> {
        Ok(self.till.terminal.acknowledge(cursor)?)
    }
}

/// One thing that happened. Ask `Payments.status` for more about its attempt.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TillEvent {
    /// Its place in the journal, from 1, rising; also the cursor behind it. Some numbers may be missing.
    pub cursor: u64,
    /// When it was recorded, in milliseconds since 1970-01-01 UTC, by a clock that may jump.
    pub at_ms: i64,
    /// What happened: a step of an attempt's life as in `docs/states.md` (`attempt.approved`), `receipt.printed`,
    /// `host.signed_on`, `host.unmatched_answer`, `till.provisioned`, what people did (`operator.signed_in`, `operator.locked`,
    /// `policy.changed`, `key.rotated`) or `journal.checkpoint`. An open list: pass over what you do not know.
    pub kind: String,
    /// The attempt that it is about.
    pub attempt: Option<String>,
    /// The state to which it brought the attempt; absent where it left it as it was.
    pub state: Option<AttemptState>,
}

/// A page of events, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EventPage {
    /// This page's events. Empty when there are none.
    pub events: Vec<TillEvent>,
    /// The cursor that was acknowledged last; 0 without any.
    pub acknowledged: u64,
    /// Whether there are events after these.
    pub more: bool,
}

impl From<payment::TillEvent> for TillEvent {
    fn from(event: payment::TillEvent) -> Self {
        Self {
            cursor: event.cursor,
            at_ms: event.at_ms.0,
            kind: event.kind.to_owned(),
            attempt: event.attempt.as_ref().map(ToString::to_string),
            state: event.state.map(AttemptState::from),
        }
    }
}

impl From<payment::EventPage> for EventPage {
    fn from(page: payment::EventPage) -> Self {
        let events = page.events.into_iter().map(TillEvent::from).collect();
        Self { events, acknowledged: page.acknowledged, more: page.more }
    }
}
