//! The ledger as it is read from outside this room: by what somebody else's list can name, or page by page as a whole.
//!
//! It never changes anything. Evidence: `tests/statement_check.rs`, `tests/evidence.rs`.

use crate::ids::{AttemptId, OrderNo, Rrn, Stan};
use crate::journal::{Cursor, Journal, JournalError};
use crate::payment::batch::view::BatchView;
use crate::payment::refund::{self, RefundView};
use crate::payment::view::AttemptView;
use crate::payment::{batch, ledger};

/// One attempt, with what callers are not shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Booked {
    /// The attempt; the root of its place in the journal is not filled in.
    pub view: AttemptView,
    /// The host's day on which it was sent, as `2026-11-22`; nothing for one that was never prepared.
    pub host_day: Option<String>,
    /// The event that opened it, which no other attempt has.
    pub opened_at: u64,
}

/// What attempts are looked up by.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// The host's reference number.
    Rrn(&'a Rrn),
    /// The trace number, in whatever batch.
    Stan(Stan),
    /// The shop's order number.
    Order(&'a OrderNo),
    /// The host's day, as `2026-11-22`.
    HostDay(&'a str),
}

/// A page of attempts, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct BookedPage {
    /// The attempts.
    pub attempts: Vec<Booked>,
    /// Where the next page begins; nothing after the last.
    pub next: Option<Cursor>,
}

/// One attempt.
///
/// # Errors
/// Those of [`Journal::row`].
pub fn attempt(journal: &Journal, attempt: &AttemptId) -> Result<Option<Booked>, JournalError> {
    ledger::booked_attempt(journal, attempt)
}

/// One attempt as callers see it, its place in the journal with the root.
///
/// # Errors
/// Those of [`Journal::row`].
pub fn shown(journal: &Journal, attempt: &AttemptId) -> Result<Option<AttemptView>, JournalError> {
    ledger::entry(journal, attempt)?.map(|entry| ledger::shown(journal, entry)).transpose()
}

/// One attempt as callers see it, with what was given back of it and whether its batch is closed.
///
/// # Errors
/// Those of [`Journal::row`].
pub fn whole(journal: &Journal, attempt: &AttemptId) -> Result<Option<AttemptView>, JournalError> {
    ledger::entry(journal, attempt)?.map(|entry| ledger::shown(journal, entry)).transpose()
}

/// A page of the attempts that have this in common.
///
/// # Errors
/// Those of [`Journal::rows_by_index`].
pub fn page(journal: &Journal, by: By<'_>, limit: usize, after: Option<Cursor>) -> Result<BookedPage, JournalError> {
    ledger::booked(journal, by, limit, after)
}

/// One refund, with what callers are not shown.
#[derive(Clone, Debug, PartialEq)]
pub struct BookedRefund {
    /// The refund; what only its sale knows is not filled in.
    pub view: RefundView,
    /// The host's days of its first send and of its last; nothing for one that was never sent.
    pub sent_on: Option<(String, String)>,
    /// The event that asked for it, which no other refund has.
    pub opened_at: u64,
}

/// What refunds are looked up by.
#[derive(Clone, Copy, Debug)]
pub enum RefundBy<'a> {
    /// The host's reference number of the refund.
    Rrn(&'a Rrn),
    /// The trace number, in whatever batch.
    Stan(Stan),
    /// The sale.
    Attempt(&'a AttemptId),
    /// The host's day of the last send, as `2026-11-22`.
    HostDay(&'a str),
}

/// A page of refunds, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct BookedRefunds {
    /// The refunds.
    pub refunds: Vec<BookedRefund>,
    /// Where the next page begins; nothing after the last.
    pub next: Option<Cursor>,
}

/// A page of the refunds that have this in common.
///
/// # Errors
/// Those of [`Journal::rows_by_index`].
pub fn refunds(
    journal: &Journal,
    by: RefundBy<'_>,
    limit: usize,
    after: Option<Cursor>,
) -> Result<BookedRefunds, JournalError> {
    refund::ledger::booked(journal, by, limit, after)
}

/// A page of all attempts, newest first, each with what is settled and refunded of it.
///
/// # Errors
/// Those of [`Journal::rows_newest`].
pub fn every_attempt(journal: &Journal, limit: usize, after: Option<Cursor>) -> Result<BookedPage, JournalError> {
    ledger::every(journal, limit, after)
}

/// A page of all refunds, newest first, each with its sale's order number and masked card.
///
/// # Errors
/// Those of [`Journal::rows_by_index`].
pub fn every_refund(journal: &Journal, limit: usize, after: Option<Cursor>) -> Result<BookedRefunds, JournalError> {
    refund::ledger::every(journal, limit, after)
}

/// A page of batches, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct BookedBatches {
    /// The batches; the root of a place in the journal is not filled in.
    pub batches: Vec<BatchView>,
    /// Where the next page begins; nothing after the last.
    pub next: Option<Cursor>,
}

/// A page of all batches whose settlement has begun, newest first.
///
/// # Errors
/// Those of [`Journal::rows_by_index`].
pub fn every_batch(journal: &Journal, limit: usize, after: Option<Cursor>) -> Result<BookedBatches, JournalError> {
    batch::ledger::every(journal, limit, after)
}
