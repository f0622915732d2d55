//! What the journal's events say of each refund, and of what each sale has left.
//!
//! One fold: a row a refund, found by state, sale and STAN; and a row a sale with the sums. Every event is held against
//! the table of legal steps and against what the sale captured before it is recorded, so the journal cannot come to say
//! that more went back than came in, whoever asks at once.
//!
//! It never holds card data beyond the masked number. Evidence: `mod tests` below, `tests/refund_kills.rs`.

use serde::{Deserialize, Serialize};

use crate::hex::encode_lower;
use crate::ids::{AttemptId, BatchNo, OperatorName, RefundId, Stan};
use crate::journal::{Cursor, Event, Fold, FoldError, Journal, JournalError, Page as RowQuery, Row, Rows};
use crate::payment::books::{BookedRefund, BookedRefunds, RefundBy};
use crate::payment::refund::events::{self, Answered, NotTaken, RefundEvent};
use crate::payment::refund::reason::RefundReason;
use crate::payment::refund::state::RefundState;
use crate::payment::refund::view::{RefundDecision, RefundPage, RefundQuery, RefundView, Rejected};
use crate::payment::view::{JournalPlace, ReceiptCopy, ReceiptCounts};

/// Everything that the journal says of one refund.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::payment) struct RefundEntry {
    /// What callers see; what only the sale knows, and the tree's root, are filled in when it is shown.
    pub view: RefundView,
    /// Where it stands in the table, by the table's word.
    stands: String,
    /// What the message is, once it was prepared.
    pub prepared: Option<PreparedRefund>,
    /// The host's days of its first send and of its last, under the STAN that it has.
    pub sent_on: Option<(String, String)>,
    /// How often the host had something else under its STAN.
    pub stans_lost: u32,
    /// Whether the last send may have been carried out: it was not answered with a refusal.
    pub last_send_may_have_worked: bool,
    /// Whether a send before the last may have been carried out.
    pub earlier_send_may_have_worked: bool,
}

/// What every send of a refund repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::payment) struct PreparedRefund {
    pub stan: Stan,
    pub batch: BatchNo,
    pub local_date: String,
    pub local_time: String,
    pub transmission_date_time: String,
    pub dialect: String,
}

/// What goes back of one sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::payment) struct Sums {
    /// In minor units: what no other refund may take, whether it is back already or may yet go.
    pub held_minor: u64,
    /// What the host has acknowledged.
    pub acknowledged_minor: u64,
    /// All refunds, oldest first.
    pub refunds: Vec<RefundId>,
}

impl RefundEntry {
    fn opened(body: &events::Requested, attempt: &AttemptId, event: &Event) -> Self {
        Self {
            view: RefundView {
                refund: body.refund.clone(),
                attempt: attempt.clone(),
                order: None,
                state: RefundState::Unknown,
                reason: None,
                amount: body.amount,
                requested_by: person(event),
                requested_ms: event.now.wall,
                expires_ms: body.expires_ms,
                verification: body.verification,
                verified: body.verified,
                approved_by: None,
                approved_ms: None,
                rejected: None,
                decision: None,
                card_masked: None,
                stan: None,
                batch: None,
                sends: 0,
                host_code: None,
                auth_code: None,
                rrn: None,
                host_time: None,
                vouchers: ReceiptCounts::default(),
                journal: JournalPlace { sequence: 0, root: String::new() },
            },
            stands: RefundState::Unknown.table_word().to_owned(),
            prepared: None,
            sent_on: None,
            stans_lost: 0,
            last_send_may_have_worked: false,
            earlier_send_may_have_worked: false,
        }
    }

    /// Whether the host may have carried out any send under the numbers that it has.
    pub fn may_have_worked(&self) -> bool {
        self.last_send_may_have_worked || self.earlier_send_may_have_worked
    }

    /// Whether nobody else may have its amount.
    fn holds(&self) -> bool {
        self.view.state.holds_its_amount() && self.view.decision != Some(RefundDecision::NotPaid)
    }

    /// Whether the customer has its amount.
    fn is_back(&self) -> bool {
        self.view.state == RefundState::Acknowledged || self.view.decision == Some(RefundDecision::Paid)
    }

    /// What the event makes known, apart from the state.
    fn learn(&mut self, read: RefundEvent, event: &Event) -> Result<(), FoldError> {
        match read {
            RefundEvent::Requested(_) | RefundEvent::Expired(_) => {}
            RefundEvent::Approved(body) => {
                self.view.approved_by = Some(body.by);
                self.view.approved_ms = Some(event.now.wall);
            }
            RefundEvent::Rejected(body) => {
                self.view.rejected = Some(Rejected { by: person(event), reason: body.reason });
            }
            RefundEvent::Prepared(_) if self.view.state == RefundState::Sent && self.may_have_worked() => {
                return Err(FoldError::Refused("refund_numbers_in_use"));
            }
            RefundEvent::Prepared(body) => self.take_prepared(body),
            RefundEvent::Sent(body) => {
                if body.number != self.view.sends + 1 {
                    return Err(FoldError::Refused("refund_number_out_of_order"));
                }
                self.view.sends = body.number;
                let first = self.sent_on.take().map_or_else(|| body.host_day.clone(), |(first, _)| first);
                self.sent_on = Some((first, body.host_day));
                self.earlier_send_may_have_worked |= self.last_send_may_have_worked;
                self.last_send_may_have_worked = true;
            }
            RefundEvent::Answered(body) => self.take_answer_that_ends_nothing(body),
            RefundEvent::Acknowledged(body) => self.take_answer(body.answer),
            RefundEvent::Declined(body) => {
                self.view.reason = Some(RefundReason::Host);
                self.take_answer(body.answer);
            }
            RefundEvent::Withdrawn(_) if self.may_have_worked() => {
                return Err(FoldError::Refused("refund_may_have_worked"));
            }
            RefundEvent::Withdrawn(body) => self.view.reason = Some(body.cause),
            RefundEvent::Stuck(body) => {
                self.view.reason = Some(body.cause);
                self.view.host_code = body.host_code.or(self.view.host_code.take());
            }
            RefundEvent::Decided(body) if self.view.decision.is_some_and(|decision| decision != body.decision) => {
                return Err(FoldError::Refused("decided_otherwise"));
            }
            RefundEvent::Decided(body) => self.view.decision = Some(body.decision),
            RefundEvent::Printed(body) => match body.copy {
                ReceiptCopy::Merchant => self.view.vouchers.merchant += 1,
                ReceiptCopy::Customer => self.view.vouchers.customer += 1,
            },
        }
        Ok(())
    }

    /// Its first numbers, or others: what was sent under those before was refused, each time.
    fn take_prepared(&mut self, body: events::Prepared) {
        self.sent_on = None;
        self.view.sends = 0;
        self.view.stan = Some(body.stan);
        self.view.batch = Some(body.batch);
        self.prepared = Some(PreparedRefund {
            stan: body.stan,
            batch: body.batch,
            local_date: body.local_date,
            local_time: body.local_time,
            transmission_date_time: body.transmission_date_time,
            dialect: body.dialect,
        });
    }

    /// A STAN that something else has is given up, and with it the sends under it.
    fn take_answer_that_ends_nothing(&mut self, body: Answered) {
        self.view.host_code = Some(body.host_code);
        self.last_send_may_have_worked = body.meaning == NotTaken::TryAgain;
        if body.meaning == NotTaken::StanTaken {
            self.stans_lost += 1;
            self.prepared = None;
            self.sent_on = None;
            self.view.sends = 0;
        }
    }

    fn take_answer(&mut self, answer: crate::payment::events::HostAnswer) {
        self.view.host_code = Some(answer.host_code);
        self.view.auth_code = answer.auth_code;
        self.view.rrn = answer.rrn;
        self.view.host_time = answer.host_time;
    }
}

fn person(event: &Event) -> Option<OperatorName> {
    event.operator.as_deref().and_then(|name| OperatorName::new(name).ok())
}

/// The fold of refunds.
pub(in crate::payment) struct Refunds;

impl Fold for Refunds {
    fn name(&self) -> &'static str {
        REFUNDS
    }

    fn schema(&self) -> u32 {
        2
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        let Some(read) = RefundEvent::of(event)? else { return Ok(()) };
        let attempt = event.attempt.as_ref().ok_or(FoldError::Refused("refund_without_attempt"))?;
        let known = match rows.get(read.refund().as_str())? {
            Some(row) => Some(entry_of(&row).ok_or(FoldError::Refused("row_malformed"))?),
            None => None,
        };
        let mut sums: Sums = row(rows, &sums_row(attempt))?.unwrap_or_default();
        let (held, back) = known.as_ref().map_or((false, false), |entry| (entry.holds(), entry.is_back()));
        let from = known.as_ref().map_or(RefundState::Unknown, |entry| entry.view.state);
        let to = from.after(read.step()).map_err(|_| FoldError::Refused("step_illegal"))?;
        let mut entry = match (known, &read) {
            (None, RefundEvent::Requested(body)) => {
                check_sum(&sums, body)?;
                sums.refunds.push(body.refund.clone());
                RefundEntry::opened(body, attempt, event)
            }
            (Some(entry), _) if entry.view.attempt == *attempt => entry,
            _ => return Err(FoldError::Refused("refund_of_another_sale")),
        };
        // A voucher leaves the place alone: it is of the event that decided.
        if !matches!(read, RefundEvent::Printed(_)) {
            entry.view.journal.sequence = event.sequence;
        }
        entry.learn(read, event)?;
        entry.view.state = to;
        to.table_word().clone_into(&mut entry.stands);
        let minor = entry.view.amount.minor();
        sums.held_minor = moved(sums.held_minor, minor, held, entry.holds())?;
        sums.acknowledged_minor = moved(sums.acknowledged_minor, minor, back, entry.is_back())?;
        store(rows, &entry)?;
        put(rows, &sums_row(attempt), &sums, &[])
    }

    fn waiting(&self) -> Vec<(&'static str, &'static str)> {
        vec![(STATE_INDEX, RefundState::Sent.word())]
    }
}

/// No refund, with all the others, is of more than was captured, or of nothing, or of other money.
fn check_sum(sums: &Sums, body: &events::Requested) -> Result<(), FoldError> {
    planted!(RefundSumUnchecked, return Ok(()));
    let sum = sums.held_minor.saturating_add(body.amount.minor());
    let same_money = body.amount.currency() == body.captured.currency();
    if same_money && body.amount.minor() > 0 && sum <= body.captured.minor() {
        return Ok(());
    }
    Err(FoldError::Refused("refund_exceeds_captured_amount"))
}

/// The sum after an amount came to count, or came to count no more.
fn moved(sum: u64, minor: u64, counted: bool, counts: bool) -> Result<u64, FoldError> {
    let moved = match (counted, counts) {
        (false, true) => sum.checked_add(minor),
        (true, false) => sum.checked_sub(minor),
        _ => Some(sum),
    };
    moved.ok_or(FoldError::Refused("sums_out_of_range"))
}

fn row<T: serde::de::DeserializeOwned>(rows: &mut dyn Rows, key: &str) -> Result<Option<T>, FoldError> {
    let row = rows.get(key)?;
    row.map(|row| serde_json::from_slice(&row).map_err(|_| FoldError::Refused("row_malformed"))).transpose()
}

fn put<T: Serialize>(rows: &mut dyn Rows, key: &str, value: &T, index: &[(&str, &str)]) -> Result<(), FoldError> {
    let value = serde_json::to_vec(value).map_err(|_| FoldError::Refused("row_unwritable"))?;
    Ok(rows.put(key, &value, index)?)
}

fn store(rows: &mut dyn Rows, entry: &RefundEntry) -> Result<(), FoldError> {
    let numbers = entry.prepared.as_ref().map(|prepared| (prepared.stan.to_string(), prepared.batch.to_string()));
    let mut index =
        vec![(ALL_INDEX, ALL), (STATE_INDEX, entry.view.state.word()), (ATTEMPT_INDEX, entry.view.attempt.as_str())];
    if let Some((stan, batch)) = &numbers {
        index.extend([(STAN_INDEX, stan.as_str()), (BATCH_INDEX, batch.as_str())]);
    }
    if let Some(rrn) = &entry.view.rrn {
        index.push((RRN_INDEX, rrn.as_str()));
    }
    if let Some((_, last)) = &entry.sent_on {
        index.push((DAY_INDEX, last.as_str()));
    }
    put(rows, entry.view.refund.as_str(), entry, &index)
}

fn sums_row(attempt: &AttemptId) -> String {
    format!("of/{attempt}")
}

/// One refund's entry.
pub(in crate::payment) fn entry(journal: &Journal, refund: &RefundId) -> Result<Option<RefundEntry>, JournalError> {
    let row = journal.row(REFUNDS, refund.as_str())?;
    row.map(|row| entry_of(&row).ok_or(JournalError::Newer)).transpose()
}

/// Reads a row: callers' words do not tell where in the table it stands.
fn entry_of(row: &[u8]) -> Option<RefundEntry> {
    let mut entry: RefundEntry = serde_json::from_slice(row).ok()?;
    entry.view.state = RefundState::ALL.into_iter().find(|state| state.table_word() == entry.stands)?;
    Some(entry)
}

/// What goes back of one sale.
pub(in crate::payment) fn sums(journal: &Journal, attempt: &AttemptId) -> Result<Sums, JournalError> {
    let row = journal.row(REFUNDS, &sums_row(attempt))?;
    let sums = row.map(|row| serde_json::from_slice(&row).map_err(|_| JournalError::Newer)).transpose()?;
    Ok(sums.unwrap_or_default())
}

/// All refunds that callers see in this state, oldest first.
pub(in crate::payment) fn entries_in(journal: &Journal, state: RefundState) -> Result<Vec<RefundEntry>, JournalError> {
    let mut entries: Vec<RefundEntry> = Vec::new();
    walk(journal, STATE_INDEX, state.word(), |entry| {
        entries.push(entry);
        false
    })?;
    entries.reverse();
    Ok(entries)
}

/// Whether a refund of this batch has this STAN.
pub(in crate::payment) fn has_stan(journal: &Journal, stan: Stan, batch: BatchNo) -> Result<bool, JournalError> {
    walk(journal, STAN_INDEX, &stan.to_string(), |entry| entry.view.batch == Some(batch))
}

/// Whether the host may have booked a refund in this batch since it began, and nobody has decided that it has not.
pub(in crate::payment) fn batch_holds_records(
    journal: &Journal,
    batch: BatchNo,
    begins_after: u64,
) -> Result<bool, JournalError> {
    let holds = |entry: RefundEntry| {
        let is_of_this_one = entry.view.journal.sequence > begins_after;
        is_of_this_one && entry.may_have_worked() && entry.holds()
    };
    walk(journal, BATCH_INDEX, &batch.to_string(), holds)
}

/// A page of the refunds of a batch, newest first, and where the next begins.
pub(in crate::payment) fn page_of_batch(
    journal: &Journal,
    batch: BatchNo,
    after: Option<Cursor>,
) -> Result<(Vec<RefundEntry>, Option<Cursor>), JournalError> {
    let page = RowQuery { limit: PAGE_ROWS, after };
    let page = journal.rows_by_index(REFUNDS, BATCH_INDEX, &batch.to_string(), page)?;
    let read = |value: &[u8]| entry_of(value).ok_or(JournalError::Newer);
    Ok((page.rows.iter().map(|row| read(&row.value)).collect::<Result<_, _>>()?, page.next))
}

/// Gives the entries of an index to `found`, newest first, until it says that this was it. Says whether it did.
fn walk(
    journal: &Journal,
    index: &str,
    value: &str,
    mut found: impl FnMut(RefundEntry) -> bool,
) -> Result<bool, JournalError> {
    let mut after = None;
    loop {
        let page = journal.rows_by_index(REFUNDS, index, value, RowQuery { limit: PAGE_ROWS, after })?;
        for row in page.rows {
            if found(entry_of(&row.value).ok_or(JournalError::Newer)?) {
                return Ok(true);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(false);
        }
    }
}

/// A page of refunds as the ledger has them, and where the next page begins.
pub(in crate::payment) fn list(
    journal: &Journal,
    query: &RefundQuery,
) -> Result<(Vec<RefundEntry>, Option<String>), JournalError> {
    let limit = query.limit as usize;
    let mut after = query.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
    let (index, value) = match (&query.attempt, query.state) {
        (Some(attempt), _) => (ATTEMPT_INDEX, attempt.as_str()),
        (None, Some(state)) => (STATE_INDEX, state.word()),
        (None, None) => (ALL_INDEX, ALL),
    };
    let mut entries: Vec<RefundEntry> = Vec::new();
    loop {
        let asked = RowQuery { limit: limit - entries.len(), after };
        let page = journal.rows_by_index(REFUNDS, index, value, asked)?;
        for row in &page.rows {
            let entry = entry_of(&row.value).ok_or(JournalError::Newer)?;
            if query.state.is_none_or(|state| state.word() == entry.view.state.word()) {
                entries.push(entry);
            }
        }
        after = page.next;
        if after.is_none() || entries.len() == limit {
            return Ok((entries, after.map(|cursor| cursor.to_string())));
        }
    }
}

/// The entry as callers see it.
pub(in crate::payment) fn shown(journal: &Journal, entry: RefundEntry) -> Result<RefundView, JournalError> {
    let mut view = entry.view;
    take_sale(journal, &mut view)?;
    view.journal.root = encode_lower(&journal.root_at(view.journal.sequence)?);
    Ok(view)
}

/// The page as callers see it.
pub(in crate::payment) fn shown_page(journal: &Journal, query: &RefundQuery) -> Result<RefundPage, JournalError> {
    let (entries, next) = list(journal, query)?;
    let refunds = entries.into_iter().map(|entry| shown(journal, entry)).collect::<Result<_, _>>()?;
    Ok(RefundPage { refunds, next })
}

/// A page of the refunds that have this in common, newest first.
pub(in crate::payment) fn booked(
    journal: &Journal,
    by: RefundBy<'_>,
    limit: usize,
    after: Option<Cursor>,
) -> Result<BookedRefunds, JournalError> {
    let stan;
    let (index, value) = match by {
        RefundBy::Rrn(rrn) => (RRN_INDEX, rrn.as_str()),
        RefundBy::Stan(number) => {
            stan = number.to_string();
            (STAN_INDEX, stan.as_str())
        }
        RefundBy::Attempt(attempt) => (ATTEMPT_INDEX, attempt.as_str()),
        RefundBy::HostDay(day) => (DAY_INDEX, day),
    };
    let page = journal.rows_by_index(REFUNDS, index, value, RowQuery { limit, after })?;
    let refunds = page.rows.iter().map(booked_row).collect::<Result<_, JournalError>>()?;
    Ok(BookedRefunds { refunds, next: page.next })
}

/// A page of all refunds, newest first, with what only the sale knows.
pub(in crate::payment) fn every(
    journal: &Journal,
    limit: usize,
    after: Option<Cursor>,
) -> Result<BookedRefunds, JournalError> {
    let page = journal.rows_by_index(REFUNDS, ALL_INDEX, ALL, RowQuery { limit, after })?;
    let refunds = page.rows.iter().map(|row| {
        let mut booked = booked_row(row)?;
        take_sale(journal, &mut booked.view)?;
        Ok(booked)
    });
    Ok(BookedRefunds { refunds: refunds.collect::<Result<_, JournalError>>()?, next: page.next })
}

fn booked_row(row: &Row) -> Result<BookedRefund, JournalError> {
    // The states are callers' words here, as they are stored.
    let entry: RefundEntry = serde_json::from_slice(&row.value).map_err(|_| JournalError::Newer)?;
    Ok(BookedRefund { opened_at: row.created, sent_on: entry.sent_on, view: entry.view })
}

/// What only the sale knows of its refund.
fn take_sale(journal: &Journal, view: &mut RefundView) -> Result<(), JournalError> {
    if let Some(sale) = crate::payment::ledger::entry(journal, &view.attempt)? {
        view.order = sale.view.order;
        view.card_masked = sale.view.card_masked;
    }
    Ok(())
}

const REFUNDS: &str = "refunds";
const STATE_INDEX: &str = "state";
const ATTEMPT_INDEX: &str = "attempt";
const STAN_INDEX: &str = "stan";
const BATCH_INDEX: &str = "batch";
const ALL_INDEX: &str = "all";
const RRN_INDEX: &str = "rrn";
const DAY_INDEX: &str = "day";
const ALL: &str = "refund";
const PAGE_ROWS: usize = 50;

#[cfg(test)]
mod tests;
