//! The records of a batch, one after the other, as they are added up and uploaded.
//!
//! The order is fixed once the totals are frozen: attempts, newest first, then refunds. A page of them is in memory, never
//! all. What counts is what the host has booked for good: approved sales, voided ones among them, approved voids,
//! acknowledged refunds; of what is stuck, what a supervisor has decided that the host has booked.
//!
//! It never counts what is in doubt: a settlement does not begin while anything is. Evidence: `tests/settle_rules.rs`.

use std::collections::VecDeque;

use crate::error::Error;
use crate::ids::{AuthCode, BatchNo, Rrn, Stan};
use crate::journal::{Cursor, Journal, JournalError};
use crate::money::Amount;
use crate::payment::batch::totals::{Brand, RecordKind, Totals};
use crate::payment::ledger::{self, Entry};
use crate::payment::refund::RefundDecision;
use crate::payment::refund::ledger::{self as refunds, RefundEntry};
use crate::payment::refund::state::RefundState;
use crate::payment::state::State;
use crate::payment::view::{Decision, Kind};

/// One record of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::payment) struct Record {
    pub kind: RecordKind,
    pub amount: Amount,
    pub brand: Brand,
    pub stan: Stan,
    /// `MMDD` at the host's place.
    pub local_date: String,
    pub rrn: Option<Rrn>,
    pub auth_code: Option<AuthCode>,
}

/// A walk over the records of one batch.
pub(in crate::payment) struct Records {
    batch: BatchNo,
    /// Records of an older batch of the same number are not of this one.
    begins_after: u64,
    page: VecDeque<Record>,
    left: Left,
}

/// What is still to be read.
#[derive(Clone, Copy, PartialEq)]
enum Left {
    Attempts(Option<Cursor>),
    Refunds(Option<Cursor>),
    Nothing,
}

impl Records {
    /// From the first record on.
    pub fn of(batch: BatchNo, begins_after: u64) -> Self {
        Self { batch, begins_after, page: VecDeque::new(), left: Left::Attempts(None) }
    }

    /// The next record; `None` after the last.
    pub fn next(&mut self, journal: &Journal) -> Result<Option<Record>, JournalError> {
        loop {
            if let Some(record) = self.page.pop_front() {
                return Ok(Some(record));
            }
            match self.left {
                Left::Attempts(after) => self.read_attempts(journal, after)?,
                Left::Refunds(after) => self.read_refunds(journal, after)?,
                Left::Nothing => return Ok(None),
            }
        }
    }

    fn read_attempts(&mut self, journal: &Journal, after: Option<Cursor>) -> Result<(), JournalError> {
        let (entries, next) = ledger::page_of_batch(journal, self.batch, after)?;
        let is_older = |entry: &Entry| entry.prepared_sequence <= self.begins_after;
        let was_last = next.is_none() || entries.iter().any(is_older);
        self.left = if was_last { Left::Refunds(None) } else { Left::Attempts(next) };
        for entry in entries.into_iter().filter(|entry| entry.prepared_sequence > self.begins_after) {
            self.page.extend(record_of(entry));
        }
        Ok(())
    }

    fn read_refunds(&mut self, journal: &Journal, after: Option<Cursor>) -> Result<(), JournalError> {
        let (entries, next) = refunds::page_of_batch(journal, self.batch, after)?;
        self.left = if next.is_none() { Left::Nothing } else { Left::Refunds(next) };
        for entry in entries.into_iter().filter(|entry| entry.view.journal.sequence > self.begins_after) {
            let sale = ledger::entry(journal, &entry.view.attempt)?;
            self.page.extend(record_of_refund(entry, sale.as_ref()));
        }
        Ok(())
    }
}

/// What this attempt adds to its batch.
fn record_of(entry: Entry) -> Option<Record> {
    let prepared = entry.prepared?;
    let view = entry.view;
    let kind = match (view.kind, view.state, view.decision) {
        (Kind::Sale, State::Approved | State::Voided, _)
        | (Kind::Sale, State::ReversalStuck, Some(Decision::Charged)) => RecordKind::Sale,
        // Of a void, that the customer is not charged means that it holds.
        (Kind::Void, State::Approved, _) | (Kind::Void, State::ReversalStuck, Some(Decision::NotCharged)) => {
            RecordKind::Void
        }
        _ => return None,
    };
    Some(Record {
        kind,
        amount: view.amount,
        brand: Brand::of(view.aid.as_deref(), view.label.as_deref()),
        stan: prepared.stan,
        local_date: prepared.local_date,
        rrn: view.rrn,
        auth_code: view.auth_code,
    })
}

/// What this refund adds to its batch; the card is the sale's.
fn record_of_refund(entry: RefundEntry, sale: Option<&Entry>) -> Option<Record> {
    let prepared = entry.prepared?;
    let view = entry.view;
    match (view.state, view.decision) {
        (RefundState::Acknowledged, _) | (RefundState::Stuck, Some(RefundDecision::Paid)) => {}
        _ => return None,
    }
    let card = sale.map(|sale| (sale.view.aid.as_deref(), sale.view.label.as_deref()));
    Some(Record {
        kind: RecordKind::Refund,
        amount: view.amount,
        brand: card.map_or(Brand::Other, |(aid, label)| Brand::of(aid, label)),
        stan: prepared.stan,
        local_date: prepared.local_date,
        rrn: view.rrn,
        auth_code: view.auth_code,
    })
}

/// What the records of a batch add up to.
///
/// # Errors
/// Those of the journal; `amount_too_large` where a sum leaves its width.
pub(in crate::payment) fn totals(journal: &Journal, batch: BatchNo, begins_after: u64) -> Result<Totals, Error> {
    let mut records = Records::of(batch, begins_after);
    let mut totals = Totals::default();
    while let Some(record) = records.next(journal)? {
        totals.add(record.kind, record.amount, record.brand)?;
    }
    Ok(totals)
}
