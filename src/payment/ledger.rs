//! What the journal's events say of each attempt, and of the numbers that are taken.
//!
//! Two folds: `attempts` holds one [`Entry`] an attempt, found by id, state, order, host day, STAN and batch;
//! `numbers` holds the open batch, the last STAN and the host's rules. Every event is held against the table of legal steps
//! before it is recorded, so the journal cannot come to say what the table forbids. A debt is an entry in a
//! state of debt: there is no list of debts that could be forgotten.
//!
//! It never holds card data beyond the masked number. Evidence: `ledger/tests.rs`, `tests/payment_kills.rs`.

mod numbers;
mod reads;

use numbers::Numbers;
pub(super) use numbers::{PAYMENT_STAN_MAX, Taken, parameters, taken};
pub(super) use reads::{
    LIST_MAX, batch_holds_records, booked, booked_attempt, entries_in, entries_of_order, entries_with_rrn,
    entries_with_stan, entry, entry_with_stan, every, list, page_of_batch, shown,
};
use serde::{Deserialize, Serialize};

use crate::error::{Money, Reversal};
use crate::ids::{AttemptId, BatchNo, HostCode, Stan};
use crate::iso8583::{ValueName, Values};
use crate::journal::{Event, Fold, FoldError, Rows};
use crate::payment::events::{
    AttemptEvent, Body, CardFacts, DeclinedBy, HostAnswer, NotConfirmed, Opening, ReadFacts, ReceiptPrinted,
    ReversalAnswered, ReversalSent, Unsent,
};
use crate::payment::reason::Reason;
use crate::payment::state::{State, Step};
use crate::payment::view::{AttemptView, Kind, ReceiptCopy, ReversalView, VoidView};

/// The folds of this room, to be registered when a till's journal is created or opened.
#[must_use]
pub fn folds() -> Vec<Box<dyn Fold>> {
    vec![
        Box::new(Attempts),
        Box::new(Numbers),
        Box::new(crate::payment::batch::ledger::Batches),
        Box::new(crate::account::AccountFold),
        Box::new(crate::payment::roll_back::RollBacks),
        Box::new(crate::payment::refund::ledger::Refunds),
        Box::new(crate::payment::refund::appointed::Appointments),
    ]
}

/// Everything that the journal says of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// What callers see; the tree's root is filled in when it is shown.
    pub view: AttemptView,
    /// What the messages were, once one was prepared.
    pub prepared: Option<PreparedFacts>,
    /// How often the host finally refused the reversal.
    pub refusals: u32,
    /// Whether the last send of the reversal may have been carried out: it was not answered with a refusal.
    pub last_send_may_have_worked: bool,
    /// Whether a send before the last may have been carried out.
    pub earlier_send_may_have_worked: bool,
    /// Whether every send of the reversal fell on the sale's own host day.
    pub reversed_on_the_same_day: bool,
    /// The event that put it into its batch; 0 while it is in none.
    pub prepared_sequence: u64,
}

/// What a reversal repeats of its sale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PreparedFacts {
    pub stan: Stan,
    pub batch: BatchNo,
    pub host_day: String,
    pub local_date: String,
    pub local_time: String,
    pub transmission_date_time: String,
    pub dialect: String,
}

impl PreparedFacts {
    /// As what a later message calls the one that was prepared.
    pub fn put_as_original(&self, values: &mut Values) {
        values
            .set_number(ValueName::OriginalStan, self.stan.number().into())
            .set_number(ValueName::OriginalBatch, self.batch.number().into())
            .set(ValueName::OriginalDate, &self.local_date)
            .set(ValueName::OriginalDateTime, &self.transmission_date_time);
    }
}

/// What any version of the event says of the messages.
macro_rules! prepared_facts {
    ($prepared:ident) => {
        PreparedFacts {
            stan: $prepared.stan,
            batch: $prepared.batch,
            host_day: $prepared.opening.host_day,
            local_date: $prepared.local_date,
            local_time: $prepared.local_time,
            transmission_date_time: $prepared.transmission_date_time,
            dialect: $prepared.dialect,
        }
    };
}

impl Entry {
    /// Where the attempt stands in the table, sent and unsent reversals told apart.
    pub fn state(&self) -> State {
        match (self.view.state, &self.view.reversal) {
            (State::ReversalDue, Some(reversal)) if reversal.sends > 0 => State::ReversalSent,
            (state, _) => state,
        }
    }

    /// Whether the customer's money moved, and what becomes of a reversal, for errors about this attempt. A void moves
    /// the money the other way: what came to nothing leaves the sale as it is.
    pub fn standing(&self) -> (Money, Reversal) {
        match (self.view.kind, self.view.state) {
            (Kind::Void, State::Approved) => (Money::Reversed, Reversal::NotNeeded),
            (Kind::Void, State::Prepared | State::Declined | State::NotSent) => (Money::Moved, Reversal::NotNeeded),
            (Kind::Void, State::Reversed) => (Money::Moved, Reversal::Done),
            _ => self.state().standing(),
        }
    }

    fn opened(attempt: &AttemptId, opening: &Opening, event: &Event) -> Self {
        Self {
            view: AttemptView {
                state: State::Unknown,
                ..AttemptView::opened(attempt, opening.order.clone(), opening.amount, event.now.wall)
            },
            prepared: None,
            refusals: 0,
            last_send_may_have_worked: false,
            earlier_send_may_have_worked: false,
            reversed_on_the_same_day: true,
            prepared_sequence: 0,
        }
    }

    fn take_card(&mut self, card: CardFacts) {
        self.view.card_masked = Some(card.masked);
        self.view.aid = Some(card.aid);
        self.view.label = Some(card.label);
        self.view.kernel = Some(card.kernel);
        self.view.tvr = Some(card.tvr);
        self.view.cryptogram = Some(card.cryptogram);
        self.view.cryptogram_kind = Some(card.cryptogram_kind);
        self.view.cvm = Some(card.cvm);
    }

    fn take_read(&mut self, read: ReadFacts) {
        self.view.card_masked = read.masked;
        self.view.label = read.scheme;
        self.view.cvm = Some(read.cvm);
    }

    /// A void has no card of its own: it shows the one that the sale was paid with.
    fn take_original(&mut self, of: &Self) {
        self.view.kind = Kind::Void;
        self.view.of = Some(of.view.attempt.clone());
        self.view.card_masked.clone_from(&of.view.card_masked);
        self.view.aid.clone_from(&of.view.aid);
        self.view.label.clone_from(&of.view.label);
    }

    /// A sale has one void at a time, and nothing but an approved sale has any.
    fn admits_void(&self, void: &Self) -> Result<(), FoldError> {
        let is_sold = self.view.kind == Kind::Sale && self.view.state == State::Approved;
        let has_open = self.view.void.as_ref().is_some_and(|void| void.state.is_debt());
        let is_sent = void.view.state != State::NotSent;
        if (is_sold && !has_open) || !is_sent { Ok(()) } else { Err(FoldError::Refused("void_illegal")) }
    }

    /// What the sale shows of its void; approved, the void takes the sale with it.
    fn take_void(&mut self, void: &Self, sequence: u64) -> Result<(), FoldError> {
        if void.view.state == State::Approved && void.view.journal.sequence == sequence {
            self.view.state = self.view.state.after(Step::Void).map_err(|_| FoldError::Refused("void_illegal"))?;
            self.view.journal.sequence = sequence;
        }
        let (attempt, state, decision) = (void.view.attempt.clone(), void.view.state, void.view.decision);
        self.view.void = Some(VoidView { attempt, state, decision });
        Ok(())
    }

    fn take_prepared(&mut self, prepared: PreparedFacts) {
        self.view.stan = Some(prepared.stan);
        self.view.batch = Some(prepared.batch);
        self.prepared = Some(prepared);
    }

    fn take_answer(&mut self, answer: HostAnswer) {
        self.view.host_code = Some(answer.host_code);
        self.view.auth_code = answer.auth_code;
        self.view.rrn = answer.rrn;
        self.view.host_time = answer.host_time;
    }

    fn take_reversal_code(&mut self, host_code: HostCode) {
        if let Some(reversal) = &mut self.view.reversal {
            reversal.host_code = Some(host_code);
        }
    }

    fn take_send(&mut self, ReversalSent { number, host_day }: ReversalSent) -> Result<(), FoldError> {
        let same_day = self.prepared.as_ref().is_some_and(|prepared| prepared.host_day == host_day);
        self.reversed_on_the_same_day &= same_day;
        let reversal = self.view.reversal.as_mut().ok_or(FoldError::Refused("reversal_without_debt"))?;
        if number != reversal.sends + 1 {
            return Err(FoldError::Refused("reversal_number_out_of_order"));
        }
        reversal.sends = number;
        self.earlier_send_may_have_worked |= self.last_send_may_have_worked;
        self.last_send_may_have_worked = true;
        Ok(())
    }

    fn take_reversal_answer(&mut self, ReversalAnswered { host_code, meaning }: ReversalAnswered) {
        self.take_reversal_code(host_code);
        self.refusals += u32::from(meaning == NotConfirmed::Refused);
        self.last_send_may_have_worked = meaning == NotConfirmed::TryAgain;
    }

    /// What the event makes known, apart from the state.
    fn learn(&mut self, event: AttemptEvent) -> Result<(), FoldError> {
        match event {
            AttemptEvent::Prepared(prepared) => {
                self.take_card(prepared.card);
                self.take_prepared(prepared_facts!(prepared));
            }
            AttemptEvent::PreparedFromRead(prepared) => {
                self.take_read(prepared.read);
                self.take_prepared(prepared_facts!(prepared));
            }
            AttemptEvent::PreparedVoid(prepared) => self.take_prepared(prepared_facts!(prepared)),
            AttemptEvent::InDoubt(_) | AttemptEvent::LateAnswer(_) => {}
            AttemptEvent::Approved(approved) => self.take_answer(approved.answer),
            AttemptEvent::Declined(declined) => match declined.by {
                DeclinedBy::Card { card, .. } => {
                    self.view.reason = Some(Reason::Card);
                    if let Some(card) = card {
                        self.take_card(card);
                    }
                }
                DeclinedBy::Host(answer) => {
                    self.view.reason = Some(Reason::Host);
                    self.take_answer(answer);
                }
            },
            AttemptEvent::NotSent(not_sent) => {
                self.view.reason = Some(not_sent.reason);
                self.view.host_code = not_sent.host_code;
            }
            AttemptEvent::VoidNotSent(not_sent) => {
                self.view.reason = Some(not_sent.reason);
                self.view.host_code = not_sent.host_code;
            }
            AttemptEvent::ReversalDue(due) => {
                self.view.reason = Some(due.cause);
                self.view.reversal = Some(ReversalView { reason: due.reason, sends: 0, host_code: None });
            }
            AttemptEvent::ReversalSent(sent) => self.take_send(sent)?,
            AttemptEvent::ReversalAnswered(answered) => self.take_reversal_answer(answered),
            AttemptEvent::Reversed(reversed) => self.take_reversal_code(reversed.host_code),
            AttemptEvent::ReversalStuck(stuck) => {
                self.view.reason = Some(stuck.cause);
                if let Some(host_code) = stuck.host_code {
                    self.take_reversal_code(host_code);
                }
            }
            AttemptEvent::Decided(decided) => self.view.decision = Some(decided.decision),
            AttemptEvent::Delivered(_) => self.view.delivered = true,
        }
        Ok(())
    }
}

/// The fold of attempts.
struct Attempts;

impl Fold for Attempts {
    fn name(&self) -> &'static str {
        ATTEMPTS
    }

    fn schema(&self) -> u32 {
        2
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        if event.kind == ReceiptPrinted::KIND {
            return count_receipt(rows, event);
        }
        let Some(step) = AttemptEvent::of(event)? else { return Ok(()) };
        let attempt = event.attempt.as_ref().ok_or(FoldError::Refused("attempt_without_name"))?;
        let named = original_of(&step).cloned();
        let known = row_of(rows, attempt)?;
        let is_new = known.is_none();
        let mut entry = follow(known, attempt, step, event)?;
        let Some(of) = named.or_else(|| entry.view.of.clone()) else { return store(rows, &entry) };
        let mut original = row_of(rows, &of)?.ok_or(FoldError::Refused("void_of_nothing"))?;
        if is_new {
            original.admits_void(&entry)?;
            entry.take_original(&original);
        } else if entry.view.of.as_ref() != Some(&of) {
            return Err(FoldError::Refused("opened_twice"));
        }
        original.take_void(&entry, event.sequence)?;
        store(rows, &entry)?;
        store(rows, &original)
    }

    fn waiting(&self) -> Vec<(&'static str, &'static str)> {
        // Rows stand under the states that callers see: each word counts once.
        let is_kept = |state: &State| state.is_debt() && state.as_callers_see_it() == *state;
        State::ALL.into_iter().filter(is_kept).map(|state| (STATE_INDEX, state.word())).collect()
    }
}

fn row_of(rows: &mut dyn Rows, attempt: &AttemptId) -> Result<Option<Entry>, FoldError> {
    let row = rows.get(attempt.as_str())?;
    row.map(|row| read(&row).ok_or(FoldError::Refused("row_malformed"))).transpose()
}

/// A receipt is a fact beside the state.
fn count_receipt(rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
    let attempt = event.attempt.as_ref().ok_or(FoldError::Refused("receipt_without_attempt"))?;
    let mut entry = row_of(rows, attempt)?.ok_or(FoldError::Refused("never_opened"))?;
    match ReceiptPrinted::of(event)?.copy {
        ReceiptCopy::Merchant => entry.view.receipts.merchant += 1,
        ReceiptCopy::Customer => entry.view.receipts.customer += 1,
    }
    store(rows, &entry)
}

/// The entry after the event, where the table allows it.
fn follow(known: Option<Entry>, attempt: &AttemptId, step: AttemptEvent, event: &Event) -> Result<Entry, FoldError> {
    let from = known.as_ref().map_or(State::Unknown, Entry::state);
    let to = from.after(step.step()).map_err(|_| FoldError::Refused("step_illegal"))?;
    let opening = opening_of(&step);
    let mut entry = match (known, opening) {
        (Some(entry), None) => entry,
        (None, Some(opening)) => Entry::opened(attempt, opening, event),
        (Some(entry), Some(opening)) => {
            let same = entry.view.amount == opening.amount && entry.view.order == opening.order;
            if from == State::Prepared && same { entry } else { return Err(FoldError::Refused("opened_twice")) }
        }
        (None, None) => return Err(FoldError::Refused("never_opened")),
    };
    // What stands beside the state leaves the place alone: a receipt and a list name the event that decided.
    if !matches!(step, AttemptEvent::Delivered(_) | AttemptEvent::LateAnswer(_)) {
        entry.view.journal.sequence = event.sequence;
    }
    if step.step() == Step::Prepare {
        entry.prepared_sequence = event.sequence;
    }
    entry.learn(step)?;
    entry.view.state = to.as_callers_see_it();
    Ok(entry)
}

fn opening_of(step: &AttemptEvent) -> Option<&Opening> {
    match step {
        AttemptEvent::Prepared(prepared) => Some(&prepared.opening),
        AttemptEvent::PreparedFromRead(prepared) => Some(&prepared.opening),
        AttemptEvent::PreparedVoid(prepared) => Some(&prepared.opening),
        AttemptEvent::VoidNotSent(not_sent) => Some(&not_sent.opening),
        AttemptEvent::NotSent(not_sent) => match &not_sent.was {
            Unsent::Unknown(opening) => Some(opening),
            Unsent::Prepared => None,
        },
        AttemptEvent::Declined(declined) => match &declined.by {
            DeclinedBy::Card { opening, .. } => Some(opening),
            DeclinedBy::Host(_) => None,
        },
        _ => None,
    }
}

/// The sale that the first event of a void names.
fn original_of(step: &AttemptEvent) -> Option<&AttemptId> {
    match step {
        AttemptEvent::PreparedVoid(prepared) => Some(&prepared.of),
        AttemptEvent::VoidNotSent(not_sent) => Some(&not_sent.of),
        _ => None,
    }
}

fn store(rows: &mut dyn Rows, entry: &Entry) -> Result<(), FoldError> {
    let value = serde_json::to_vec(entry).map_err(|_| FoldError::Refused("row_unwritable"))?;
    let numbers = entry.prepared.as_ref().map(|prepared| (prepared.stan.to_string(), prepared.batch.to_string()));
    let mut index = vec![(STATE_INDEX, entry.view.state.word())];
    if let Some(order) = &entry.view.order {
        index.push((ORDER_INDEX, order.as_str()));
    }
    if let Some(prepared) = &entry.prepared {
        index.push((DAY_INDEX, prepared.host_day.as_str()));
    }
    if let Some((stan, batch)) = &numbers {
        index.extend([(STAN_INDEX, stan.as_str()), (BATCH_INDEX, batch.as_str())]);
    }
    if let Some(rrn) = &entry.view.rrn {
        index.push((RRN_INDEX, rrn.as_str()));
    }
    Ok(rows.put(entry.view.attempt.as_str(), &value, &index)?)
}

fn read(row: &[u8]) -> Option<Entry> {
    serde_json::from_slice(row).ok()
}

const ATTEMPTS: &str = "attempts";
const STATE_INDEX: &str = "state";
const ORDER_INDEX: &str = "order";
const DAY_INDEX: &str = "day";
const STAN_INDEX: &str = "stan";
const RRN_INDEX: &str = "rrn";
const BATCH_INDEX: &str = "batch";

#[cfg(test)]
mod tests;
