//! The terminal's events, to be pulled by cursor and acknowledged.
//!
//! It decides nothing and keeps nothing: the cursor that was acknowledged last is in the journal.
//! Evidence: `tests/payment_events.rs`, `tests/terminal_sale.rs`.

use crate::error::Error;
use crate::payment::{EventPage, Reply as Paid};
use crate::terminal::Terminal;
use crate::till::{Ask, Reply};

impl Terminal {
    /// The events after a cursor, or after the one that was acknowledged last, oldest first. What is not acknowledged
    /// is told again, also after a restart. Answered at once, also while a sale is in progress.
    ///
    /// # Errors
    /// `page_size_out_of_range` unless the limit is 1 to [`EVENTS_MAX`](crate::payment::EVENTS_MAX),
    /// `cursor_beyond_head` for a cursor that the journal has not reached, and `journal_damaged`.
    pub fn events(&self, after: Option<u64>, limit: u32) -> Result<EventPage, Error> {
        match self.answer(Ask::Events { after, limit })? {
            Reply::Payment(Paid::Events(page)) => Ok(page),
            _ => unreachable!("the engine answers a wish for events with a page of them"),
        }
    }

    /// Says that all events up to this cursor are done with; durable when it returns. The same cursor again changes
    /// nothing.
    ///
    /// # Errors
    /// `cursor_beyond_head` for a cursor that the journal has not reached, `cursor_acknowledged_already` for one before
    /// the cursor that was acknowledged last, and those of the storage, as `disk_full`: then it is not acknowledged.
    pub fn acknowledge(&self, cursor: u64) -> Result<(), Error> {
        match self.answer(Ask::Acknowledge { cursor })? {
            Reply::Payment(Paid::Acknowledged) => Ok(()),
            _ => unreachable!("the engine answers an acknowledgement with its being recorded"),
        }
    }
}
