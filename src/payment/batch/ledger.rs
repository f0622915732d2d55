//! What the journal's events say of each batch.
//!
//! One fold. A settlement has a row, found by its batch's number and as the one that is not finished; `now` says which
//! that is, where the open batch begins, and when its first payment was approved. Every event is held against the table
//! of legal steps before it is recorded, and against the numbers: an upload goes on where the last ended, an end comes after all.
//! A number may come again (a host that begins anew), so a row is named by number and sequence.
//!
//! It never adds anything up. Evidence: `tests/settle_kills.rs`, `tests/settle_rules.rs`.

use serde::{Deserialize, Serialize};

use crate::clock::WallMs;
use crate::ids::{BatchNo, HostCode, Stan};
use crate::journal::{Cursor, Event, Fold, FoldError, Journal, JournalError, Page, Rows};
use crate::payment::batch::events::{BatchClosing, BatchEvent, SettleCause};
use crate::payment::batch::state::BatchState;
use crate::payment::batch::view::{BatchDecision, BatchView};
use crate::payment::books::BookedBatches;
use crate::payment::events::{Approved, Body, NotConfirmed};
use crate::payment::refund::events::Acknowledged;
use crate::payment::view::JournalPlace;

/// The fold of batches.
pub(in crate::payment) struct Batches;

/// Everything that the journal says of one settlement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::payment) struct Settlement {
    /// What callers see; the tree's root is filled in when it is shown.
    pub view: BatchView,
    /// In whose name it began, and why.
    pub cause: SettleCause,
    /// The STAN of the totals.
    pub stan: Option<Stan>,
    /// Whether the last send of the totals may have been carried out: it was not answered with a refusal.
    pub last_send_may_have_worked: bool,
    /// Whether a send before the last may have been carried out.
    pub earlier_send_may_have_worked: bool,
    /// How often the end was sent.
    pub end_sends: u32,
    /// The STAN of the end.
    pub end_stan: Option<Stan>,
    /// The sequence of the event after which the batch began; its records are later than that.
    pub begins_after: u64,
    /// The event with which it was closed.
    pub closed_sequence: Option<u64>,
}

/// What is so now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::payment) struct OpenBatch {
    /// The row of the settlement that has not ended.
    unfinished: Option<String>,
    /// The event with which the last batch was closed.
    pub begins_after: u64,
    /// When the first payment of the open batch was approved.
    pub first_ms: Option<WallMs>,
    /// How often a settlement of it began in vain, and with what the host refused the last.
    pub refused: Option<HostCode>,
}

impl Settlement {
    fn begun(closing: BatchClosing, open: &OpenBatch, event: &Event) -> Self {
        let view = BatchView {
            batch: closing.batch,
            state: BatchState::Closing,
            totals: closing.totals,
            records: closing.records,
            uploaded: 0,
            sends: 0,
            host_code: None,
            refusals: 0,
            decision: None,
            reason: None,
            first_ms: open.first_ms,
            closing_ms: Some(event.now.wall),
            closed_ms: None,
            next: None,
            missed_ms: None,
            journal: Some(JournalPlace { sequence: event.sequence, root: String::new() }),
        };
        Self {
            view,
            cause: closing.cause,
            stan: None,
            last_send_may_have_worked: false,
            earlier_send_may_have_worked: false,
            end_sends: 0,
            end_stan: None,
            begins_after: open.begins_after,
            closed_sequence: None,
        }
    }

    /// When its totals were frozen.
    pub fn frozen_ms(&self) -> WallMs {
        self.view.closing_ms.unwrap_or(WallMs(0))
    }

    /// The settlement after one more event, where the table allows it.
    fn follow(mut self, step: BatchEvent, event: &Event) -> Result<Self, FoldError> {
        let to = self.view.state.after(step.step()).map_err(|_| FoldError::Refused("batch_step_illegal"))?;
        if step.batch() != self.view.batch {
            return Err(FoldError::Refused("another_batch"));
        }
        self.learn(step, event)?;
        self.view.state = to;
        self.view.journal = Some(JournalPlace { sequence: event.sequence, root: String::new() });
        Ok(self)
    }

    fn learn(&mut self, step: BatchEvent, event: &Event) -> Result<(), FoldError> {
        let in_order = |holds: bool| if holds { Ok(()) } else { Err(FoldError::Refused("batch_number_out_of_order")) };
        match step {
            BatchEvent::Closing(_) => return Err(FoldError::Refused("batch_step_illegal")),
            BatchEvent::Sent(sent) => {
                in_order(sent.number == self.view.sends + 1 && self.stan.is_none_or(|stan| stan == sent.stan))?;
                (self.view.sends, self.stan) = (sent.number, Some(sent.stan));
                self.earlier_send_may_have_worked |= self.last_send_may_have_worked;
                self.last_send_may_have_worked = true;
            }
            BatchEvent::Answered(answered) => {
                self.last_send_may_have_worked = answered.meaning == NotConfirmed::TryAgain;
                self.view.host_code = Some(answered.host_code);
                self.view.refusals += 1;
            }
            BatchEvent::Reopened(_) => {}
            BatchEvent::Balanced(balanced) => self.view.host_code = Some(balanced.host_code),
            BatchEvent::Unbalanced(unbalanced) => {
                (self.view.host_code, self.view.refusals) = (Some(unbalanced.host_code), 0);
            }
            BatchEvent::Uploaded(uploaded) => {
                in_order(uploaded.lines > self.view.uploaded && uploaded.lines <= self.view.records)?;
                (self.view.uploaded, self.view.refusals) = (uploaded.lines, 0);
            }
            BatchEvent::EndSent(sent) => {
                in_order(sent.number == self.end_sends + 1 && self.view.uploaded == self.view.records)?;
                in_order(self.end_stan.is_none_or(|stan| stan == sent.stan))?;
                (self.end_sends, self.end_stan) = (sent.number, Some(sent.stan));
            }
            BatchEvent::Closed(closed) => self.close(closed.next, event),
            BatchEvent::Decided(decided) => {
                let names_a_next = decided.next.is_some() == (decided.decision == BatchDecision::Closed);
                if !self.view.may_be_decided() || !names_a_next {
                    return Err(FoldError::Refused("batch_decision_illegal"));
                }
                self.view.decision = Some(decided.decision);
                if let Some(next) = decided.next {
                    self.close(next, event);
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, next: BatchNo, event: &Event) {
        self.view.next = Some(next);
        self.view.closed_ms = Some(event.now.wall);
        self.closed_sequence = Some(event.sequence);
    }
}

impl Fold for Batches {
    fn name(&self) -> &'static str {
        BATCHES
    }

    fn schema(&self) -> u32 {
        2
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        if event.kind == Approved::KIND || event.kind == Acknowledged::KIND {
            return note_first(rows, event);
        }
        let Some(step) = BatchEvent::of(event)? else { return Ok(()) };
        let mut open = open_row(rows)?;
        let (key, settlement) = match (open.unfinished.take(), step) {
            (None, BatchEvent::Closing(closing)) => {
                (row_key(closing.batch, event.sequence), Settlement::begun(closing, &open, event))
            }
            (Some(key), step) => {
                let row = rows.get(&key)?.ok_or(FoldError::Refused("settlement_missing"))?;
                let settlement: Settlement = parse(&row).ok_or(FoldError::Refused("row_malformed"))?;
                match &step {
                    BatchEvent::Reopened(reopened) => open.refused.clone_from(&reopened.host_code),
                    BatchEvent::Decided(_) => open.refused.clone_from(&settlement.view.host_code),
                    _ => {}
                }
                (key, settlement.follow(step, event)?)
            }
            (None, _) => return Err(FoldError::Refused("batch_step_illegal")),
        };
        match settlement.view.state {
            // What was begun in vain is in the journal; the batch is as it was.
            BatchState::Open => rows.delete(&key)?,
            state => {
                if state == BatchState::Closed {
                    open = OpenBatch { begins_after: event.sequence, ..OpenBatch::default() };
                } else {
                    open.unfinished = Some(key.clone());
                }
                let batch = settlement.view.batch.to_string();
                put(rows, &key, &settlement, &[(BATCH_INDEX, &batch), (KIND_INDEX, SETTLEMENT)])?;
            }
        }
        put(rows, OPEN_ROW, &open, &[])
    }
}

/// The first approval, or the first refund that the host has, tells since when the open batch waits for its settlement.
fn note_first(rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
    let mut open = open_row(rows)?;
    if open.first_ms.is_some() {
        return Ok(());
    }
    open.first_ms = Some(event.now.wall);
    put(rows, OPEN_ROW, &open, &[])
}

fn open_row(rows: &mut dyn Rows) -> Result<OpenBatch, FoldError> {
    match rows.get(OPEN_ROW)? {
        Some(row) => parse(&row).ok_or(FoldError::Refused("row_malformed")),
        None => Ok(OpenBatch::default()),
    }
}

fn put<T: Serialize>(
    rows: &mut dyn Rows,
    key: &str,
    value: &T,
    index: &[(&'static str, &str)],
) -> Result<(), FoldError> {
    let value = serde_json::to_vec(value).map_err(|_| FoldError::Refused("row_unwritable"))?;
    Ok(rows.put(key, &value, index)?)
}

fn parse<T: for<'a> Deserialize<'a>>(row: &[u8]) -> Option<T> {
    serde_json::from_slice(row).ok()
}

fn row_key(batch: BatchNo, sequence: u64) -> String {
    format!("{batch}-{sequence}")
}

/// What is so now.
pub(in crate::payment) fn open(journal: &Journal) -> Result<OpenBatch, JournalError> {
    let row = journal.row(BATCHES, OPEN_ROW)?;
    row.map_or_else(|| Ok(OpenBatch::default()), |row| parse(&row).ok_or(JournalError::Newer))
}

/// The settlement that has not ended.
pub(in crate::payment) fn unfinished(journal: &Journal) -> Result<Option<Settlement>, JournalError> {
    let Some(key) = open(journal)?.unfinished else { return Ok(None) };
    let row = journal.row(BATCHES, &key)?;
    row.map(|row| parse(&row).ok_or(JournalError::Newer)).transpose()
}

/// The newest settlement of a batch.
pub(in crate::payment) fn newest_of(journal: &Journal, batch: BatchNo) -> Result<Option<Settlement>, JournalError> {
    Ok(page_of(journal, batch, None)?.0)
}

/// Whether a record of this batch that was made with this event is of a batch that is closed.
pub(in crate::payment) fn is_settled(journal: &Journal, batch: BatchNo, sequence: u64) -> Result<bool, JournalError> {
    let mut after = None;
    loop {
        let (settlement, next) = page_of(journal, batch, after)?;
        let Some(settlement) = settlement else { return Ok(false) };
        // Of a number that came again, the newest settlement is the first to be found.
        if settlement.begins_after < sequence {
            return Ok(settlement.closed_sequence.is_some_and(|closed| sequence < closed));
        }
        after = next;
        if after.is_none() {
            return Ok(false);
        }
    }
}

/// A page of all settlements that have begun, newest first.
pub(in crate::payment) fn every(
    journal: &Journal,
    limit: usize,
    after: Option<Cursor>,
) -> Result<BookedBatches, JournalError> {
    let page = journal.rows_by_index(BATCHES, KIND_INDEX, SETTLEMENT, Page { limit, after })?;
    let batches = page.rows.iter().map(|row| {
        let settlement: Settlement = parse(&row.value).ok_or(JournalError::Newer)?;
        Ok(settlement.view)
    });
    Ok(BookedBatches { batches: batches.collect::<Result<_, JournalError>>()?, next: page.next })
}

fn page_of(
    journal: &Journal,
    batch: BatchNo,
    after: Option<Cursor>,
) -> Result<(Option<Settlement>, Option<Cursor>), JournalError> {
    let page = journal.rows_by_index(BATCHES, BATCH_INDEX, &batch.to_string(), Page { limit: 1, after })?;
    let settlement = page.rows.first().map(|row| parse(&row.value).ok_or(JournalError::Newer)).transpose()?;
    Ok((settlement, page.next))
}

const BATCHES: &str = "batches";
const OPEN_ROW: &str = "open";
const BATCH_INDEX: &str = "batch";
const KIND_INDEX: &str = "kind";
const SETTLEMENT: &str = "settlement";
