//! What is asked of the entries: by name, state, batch, STAN, order and reference number; pages for lists and totals.
//!
//! Never writes. A row that a newer version wrote is `Newer`, never skipped. Evidence: `tests.rs` beside it, `tests/payment_flows.rs`.

use super::{ATTEMPTS, BATCH_INDEX, DAY_INDEX, Entry, ORDER_INDEX, RRN_INDEX, STAN_INDEX, STATE_INDEX, read};
use crate::hex::encode_lower;
use crate::ids::{AttemptId, BatchNo, OrderNo, Rrn, Stan};
use crate::journal::{Cursor, Journal, JournalError, Page as RowQuery, Row};
use crate::payment::batch;
use crate::payment::books::{Booked, BookedPage, By};
use crate::payment::state::State;
use crate::payment::view::{AttemptView, Decision, Kind, ListQuery, Page};

/// One attempt's entry.
pub(in crate::payment) fn entry(journal: &Journal, attempt: &AttemptId) -> Result<Option<Entry>, JournalError> {
    journal.row(ATTEMPTS, attempt.as_str())?.map(|row| read(&row).ok_or(JournalError::Newer)).transpose()
}

/// All entries in a state, oldest first.
pub(in crate::payment) fn entries_in(journal: &Journal, state: State) -> Result<Vec<Entry>, JournalError> {
    let mut entries = Vec::new();
    let mut after = None;
    loop {
        let page = journal.rows_by_index(ATTEMPTS, STATE_INDEX, state.word(), RowQuery { limit: PAGE_ROWS, after })?;
        for row in &page.rows {
            entries.push(read(&row.value).ok_or(JournalError::Newer)?);
        }
        after = page.next;
        if after.is_none() {
            entries.reverse();
            return Ok(entries);
        }
    }
}

/// A page of the entries of a batch, newest first, and where the next begins.
pub(in crate::payment) fn page_of_batch(
    journal: &Journal,
    batch: BatchNo,
    after: Option<Cursor>,
) -> Result<(Vec<Entry>, Option<Cursor>), JournalError> {
    let page = RowQuery { limit: PAGE_ROWS, after };
    let page = journal.rows_by_index(ATTEMPTS, BATCH_INDEX, &batch.to_string(), page)?;
    let entries = page.rows.iter().map(|row| read(&row.value).ok_or(JournalError::Newer)).collect::<Result<_, _>>()?;
    Ok((entries, page.next))
}

/// The newest attempt with this STAN, in any batch or in the given one.
pub(in crate::payment) fn entry_with_stan(
    journal: &Journal,
    stan: Stan,
    batch: Option<BatchNo>,
) -> Result<Option<Entry>, JournalError> {
    let mut after = None;
    loop {
        let page = RowQuery { limit: PAGE_ROWS, after };
        let page = journal.rows_by_index(ATTEMPTS, STAN_INDEX, &stan.to_string(), page)?;
        for row in &page.rows {
            let entry = read(&row.value).ok_or(JournalError::Newer)?;
            if batch.is_none() || entry.view.batch == batch {
                return Ok(Some(entry));
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// All attempts with this STAN, whatever their batch, newest first.
pub(in crate::payment) fn entries_with_stan(journal: &Journal, stan: Stan) -> Result<Vec<Entry>, JournalError> {
    entries_by(journal, STAN_INDEX, &stan.to_string())
}

/// All attempts of this order, newest first.
pub(in crate::payment) fn entries_of_order(journal: &Journal, order: &OrderNo) -> Result<Vec<Entry>, JournalError> {
    entries_by(journal, ORDER_INDEX, order.as_str())
}

/// All attempts to which the host gave this reference number, newest first.
pub(in crate::payment) fn entries_with_rrn(journal: &Journal, rrn: &Rrn) -> Result<Vec<Entry>, JournalError> {
    entries_by(journal, RRN_INDEX, rrn.as_str())
}

fn entries_by(journal: &Journal, index: &str, value: &str) -> Result<Vec<Entry>, JournalError> {
    let mut entries = Vec::new();
    let mut after = None;
    loop {
        let page = journal.rows_by_index(ATTEMPTS, index, value, RowQuery { limit: PAGE_ROWS, after })?;
        for row in &page.rows {
            entries.push(read(&row.value).ok_or(JournalError::Newer)?);
        }
        after = page.next;
        if after.is_none() {
            return Ok(entries);
        }
    }
}

/// Whether the host may have booked anything in this batch that is not taken back. What a supervisor has decided to be
/// nothing is nothing here too, as in the totals.
pub(in crate::payment) fn batch_holds_records(journal: &Journal, batch: BatchNo) -> Result<bool, JournalError> {
    let begins_after = batch::ledger::open(journal)?.begins_after;
    // Of a number that came again, what was closed long ago is not held.
    let holds = |entry: &Entry| entry.prepared_sequence > begins_after && !is_nothing(&entry.view);
    let mut after = None;
    loop {
        let page = RowQuery { limit: PAGE_ROWS, after };
        let page = journal.rows_by_index(ATTEMPTS, BATCH_INDEX, &batch.to_string(), page)?;
        for row in &page.rows {
            if holds(&read(&row.value).ok_or(JournalError::Newer)?) {
                return Ok(true);
            }
        }
        after = page.next;
        if after.is_none() {
            return crate::payment::refund::ledger::batch_holds_records(journal, batch, begins_after);
        }
    }
}

/// Whether it is certain, by the host's word or by a supervisor's, that nothing of it is booked.
fn is_nothing(view: &AttemptView) -> bool {
    match (view.state, view.kind, view.decision) {
        (State::Prepared | State::NotSent | State::Declined | State::Reversed, ..) => true,
        // Of a void, that the customer is charged means that it does not hold.
        (State::ReversalStuck, Kind::Sale, Some(Decision::NotCharged))
        | (State::ReversalStuck, Kind::Void, Some(Decision::Charged)) => true,
        _ => false,
    }
}

/// The entry as callers see it.
pub(in crate::payment) fn shown(journal: &Journal, entry: Entry) -> Result<AttemptView, JournalError> {
    let settled = is_settled(journal, &entry)?;
    let mut view = AttemptView { settled, ..entry.view };
    let sums = crate::payment::refund::ledger::sums(journal, &view.attempt)?;
    view.refunded_minor = sums.acknowledged_minor;
    view.refunds = sums.refunds;
    view.journal.root = encode_lower(&journal.root_at(view.journal.sequence)?);
    Ok(view)
}

/// A page of attempts.
pub(in crate::payment) fn list(journal: &Journal, query: &ListQuery) -> Result<Page, JournalError> {
    let limit = query.limit as usize;
    let mut after = query.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
    let mut attempts = Vec::new();
    loop {
        let asked = RowQuery { limit: limit - attempts.len(), after };
        let page = match &query.order {
            Some(order) => journal.rows_by_index(ATTEMPTS, ORDER_INDEX, order.as_str(), asked)?,
            None => journal.rows_newest(ATTEMPTS, asked)?,
        };
        for row in &page.rows {
            let entry = read(&row.value).ok_or(JournalError::Newer)?;
            let created = entry.view.created_ms;
            if query.from.is_none_or(|from| created >= from) && query.to.is_none_or(|to| created < to) {
                attempts.push(shown(journal, entry)?);
            }
        }
        after = page.next;
        if after.is_none() || attempts.len() == limit {
            return Ok(Page { attempts, next: after.map(|cursor| cursor.to_string()) });
        }
    }
}

/// A page of the attempts that have this in common, newest first.
pub(in crate::payment) fn booked(
    journal: &Journal,
    by: By<'_>,
    limit: usize,
    after: Option<Cursor>,
) -> Result<BookedPage, JournalError> {
    let stan;
    let (index, value) = match by {
        By::Rrn(rrn) => (RRN_INDEX, rrn.as_str()),
        By::Stan(number) => {
            stan = number.to_string();
            (STAN_INDEX, stan.as_str())
        }
        By::Order(order) => (ORDER_INDEX, order.as_str()),
        By::HostDay(day) => (DAY_INDEX, day),
    };
    let page = journal.rows_by_index(ATTEMPTS, index, value, RowQuery { limit, after })?;
    let attempts = page.rows.iter().map(booked_row).collect::<Result<_, JournalError>>()?;
    Ok(BookedPage { attempts, next: page.next })
}

/// A page of all attempts, newest first, with what is settled and refunded of each.
pub(in crate::payment) fn every(
    journal: &Journal,
    limit: usize,
    after: Option<Cursor>,
) -> Result<BookedPage, JournalError> {
    let page = journal.rows_newest(ATTEMPTS, RowQuery { limit, after })?;
    let booked = page.rows.iter().map(|row| {
        let entry = read(&row.value).ok_or(JournalError::Newer)?;
        let mut booked = booked_row(row)?;
        booked.view.settled = is_settled(journal, &entry)?;
        booked.view.refunded_minor =
            crate::payment::refund::ledger::sums(journal, &entry.view.attempt)?.acknowledged_minor;
        Ok(booked)
    });
    Ok(BookedPage { attempts: booked.collect::<Result<_, JournalError>>()?, next: page.next })
}

fn is_settled(journal: &Journal, entry: &Entry) -> Result<bool, JournalError> {
    match entry.view.batch {
        Some(batch) => batch::ledger::is_settled(journal, batch, entry.prepared_sequence),
        None => Ok(entry.view.settled),
    }
}

/// One attempt, as somebody else's list is held against it.
pub(in crate::payment) fn booked_attempt(
    journal: &Journal,
    attempt: &AttemptId,
) -> Result<Option<Booked>, JournalError> {
    journal.whole_row(ATTEMPTS, attempt.as_str())?.as_ref().map(booked_row).transpose()
}

fn booked_row(row: &Row) -> Result<Booked, JournalError> {
    let entry = read(&row.value).ok_or(JournalError::Newer)?;
    let host_day = entry.prepared.map(|prepared| prepared.host_day);
    Ok(Booked { opened_at: row.created, host_day, view: entry.view })
}

const PAGE_ROWS: usize = 50;
/// Largest page of attempts.
pub(in crate::payment) const LIST_MAX: u32 = 100;
