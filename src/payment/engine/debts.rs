//! The reversals that are owed: when each goes out, and what the host's answers mean.
//!
//! The list is only the waits, made from the journal when the till opens; each send is recorded first. A round
//! drives every debt until it is closed or stuck, no answer comes, or [`ROUND_SENDS_MAX`] sends were answered.
//!
//! | the host's verified answer | the debt |
//! |---|---|
//! | approved | reversed |
//! | 25 (`close_rc`) to a repeat, all on the sale's host day, when an earlier send may have worked | reversed: done already |
//! | 25 otherwise | stuck: 25 also means "of another day" (?) |
//! | to sign on first, or a wrong MAC | sent again at once, once; then as below |
//! | to try again | sent again |
//! | any other | sent again as often as policy allows, then stuck |
//! | none | sent again, for ever |
//!
//! It never drops a debt. Evidence: `tests/payment_bugs.rs`, `mod tests`.

use std::collections::BTreeMap;

use crate::acquirer::{Answer, NotSentCause, Request};
use crate::clock::{MonoMs, Now};
use crate::hex::encode_lower;
use crate::ids::AttemptId;
use crate::iso8583::{Op, Side, ValueName, Values};
use crate::journal::SideWork;
use crate::payment::card_data::CardData;
use crate::payment::engine::record::{Refused, card_row, destroy_card};
use crate::payment::engine::sale::Phase;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{NotConfirmed, ReversalAnswered, ReversalSent, ReversalStuck, Reversed};
use crate::payment::exchange::Ticket;
use crate::payment::ledger::{self, Entry, PreparedFacts};
use crate::payment::reason::Reason;

/// The waits of the open debts, oldest debt first.
#[derive(Default)]
pub(super) struct Debts {
    open: Vec<Debt>,
    on_the_line: Option<AttemptId>,
    round: Option<Round>,
}

struct Debt {
    attempt: AttemptId,
    due: MonoMs,
    /// The wait after the next send.
    wait_ms: u64,
    /// Whether it has had the second send that follows a sign-on at once.
    signed_on_for: bool,
}

/// One turn for every debt.
#[derive(Default)]
struct Round {
    /// Whose turn is not over, and how many more answers of the host it may take.
    left: BTreeMap<AttemptId, u32>,
    /// All of it.
    all: Vec<AttemptId>,
    /// Who waits for its end.
    tickets: Vec<Ticket>,
}

impl Debts {
    /// A debt that is due at once.
    pub fn add(&mut self, attempt: AttemptId, now: MonoMs) {
        self.open.push(Debt { attempt, due: now, wait_ms: 0, signed_on_for: false });
    }

    pub fn count(&self) -> usize {
        self.open.len()
    }

    pub fn is_on_the_line(&self) -> bool {
        self.on_the_line.is_some()
    }

    pub fn next_due(&self) -> Option<MonoMs> {
        self.open.iter().map(|debt| debt.due).min()
    }

    /// Makes every debt due with short waits, or joins the round that is on.
    pub fn begin_round(&mut self, ticket: Option<Ticket>, now: Now) {
        for debt in &mut self.open {
            debt.due = debt.due.min(now.mono);
            debt.wait_ms = 0;
        }
        let open = &self.open;
        let round = self.round.get_or_insert_with(|| {
            let all: Vec<AttemptId> = open.iter().map(|debt| debt.attempt.clone()).collect();
            let left = all.iter().map(|attempt| (attempt.clone(), ROUND_SENDS_MAX)).collect();
            Round { left, all, tickets: Vec::new() }
        });
        round.tickets.extend(ticket);
    }

    pub fn round_is_open(&self) -> bool {
        self.round.as_ref().is_some_and(|round| !round.left.is_empty())
    }

    /// The round, when the turn of each of its debts is over: all of it, and who waits.
    pub fn end_of_round(&mut self) -> Option<(Vec<AttemptId>, Vec<Ticket>)> {
        if self.round_is_open() { None } else { self.round.take().map(|round| (round.all, round.tickets)) }
    }

    /// Ends the round wherever it is; says who waited.
    pub fn abandon_round(&mut self) -> Vec<Ticket> {
        self.round.take().map(|round| round.tickets).unwrap_or_default()
    }

    fn find(&mut self, attempt: &AttemptId) -> Option<&mut Debt> {
        self.open.iter_mut().find(|debt| debt.attempt == *attempt)
    }

    fn first_due(&self, now: MonoMs) -> Option<AttemptId> {
        self.open.iter().find(|debt| debt.due <= now).map(|debt| debt.attempt.clone())
    }

    fn turn_is_over(&mut self, attempt: &AttemptId) {
        if let Some(round) = &mut self.round {
            round.left.remove(attempt);
        }
    }

    /// The host answered a send of this debt. Its turn goes on, but not for ever.
    fn answered(&mut self, attempt: &AttemptId) {
        if let Some(answers) = self.round.as_mut().and_then(|round| round.left.get_mut(attempt)) {
            *answers -= 1;
            if *answers == 0 {
                self.turn_is_over(attempt);
            }
        }
    }

    fn close(&mut self, attempt: &AttemptId) {
        self.turn_is_over(attempt);
        self.open.retain(|debt| debt.attempt != *attempt);
    }

    /// Waits before the next send: the first wait, then twice the last, up to the longest.
    fn put_off(&mut self, attempt: &AttemptId, first_ms: u64, max_ms: u64, now: MonoMs) {
        if let Some(debt) = self.find(attempt) {
            debt.wait_ms = if debt.wait_ms == 0 { first_ms } else { debt.wait_ms.saturating_mul(2) }.min(max_ms);
            debt.due = now.after_ms(debt.wait_ms);
            debt.signed_on_for = false;
        }
    }
}

impl Engine {
    /// Whether the line is free for reversals: no sale has gone beyond waiting for them.
    pub(super) fn may_reverse(&self) -> bool {
        let sale = self.sale.as_ref().is_none_or(|sale| matches!(sale.phase, Phase::Clearing));
        sale && !self.debts.is_on_the_line() && !self.conversation.is_busy()
    }

    /// Starts the next reversal that is due, or reports the end of a round. Says whether anything moved.
    pub(super) fn send_next_reversal(&mut self, now: Now) -> Result<bool, Halt> {
        if let Some((all, tickets)) = self.debts.end_of_round() {
            self.report_round(&all, tickets)?;
            return Ok(true);
        }
        if !self.may_reverse() {
            return Ok(false);
        }
        let Some(attempt) = self.debts.first_due(now.mono) else { return Ok(false) };
        let entry = ledger::entry(&self.journal, &attempt)?;
        let Some(entry) = entry else { return Ok(false) };
        match self.reversal_of(&entry)? {
            Ok(request) => {
                self.debts.on_the_line = Some(attempt);
                if !self.hand_over(request) {
                    self.reversal_unanswered(now)?;
                }
            }
            Err(Missing(cause)) => self.stick(&attempt, cause, None, now)?,
        }
        Ok(true)
    }

    /// Builds the reversal from the journal and the side row.
    fn reversal_of(&self, entry: &Entry) -> Result<Result<Request, Missing>, Halt> {
        let row = self.journal.side_row(&card_row(&entry.view.attempt))?;
        let card = row.and_then(|row| CardData::unpack(&row));
        let (Some(prepared), Some(card)) = (&entry.prepared, card) else {
            return Ok(Err(Missing(Reason::CardDataGone)));
        };
        if prepared.dialect != encode_lower(&self.dialect.hash()) {
            return Ok(Err(Missing(Reason::DialectChanged)));
        }
        let mut values = reversal_values(entry, prepared, &card);
        if let Some(sale) = self.dialect.row(Op::Sale) {
            values.set(ValueName::OriginalMti, sale.mti(Side::Request));
        }
        let is_repeat = entry.view.reversal.as_ref().is_some_and(|reversal| reversal.sends > 0);
        Ok(Ok(Request { op: Op::Reversal, stan: prepared.stan, values, is_repeat }))
    }

    /// The reversal is packed: the send is recorded before it happens.
    pub(super) fn reversal_leaves(&mut self, now: Now) -> Result<(), Halt> {
        let Some(attempt) = self.debts.on_the_line.clone() else { return self.withdraw(now) };
        let sends = ledger::entry(&self.journal, &attempt)?.and_then(|entry| entry.view.reversal).map(|it| it.sends);
        let body = ReversalSent { number: sends.unwrap_or(0) + 1, host_day: self.civil(now.wall).day_text() };
        match self.record(&attempt, &body, SideWork::None, now) {
            Ok(()) => {
                self.synced(now);
                Ok(())
            }
            Err(Refused::NotWritten(_)) => {
                self.withdraw(now)?;
                self.reversal_unanswered(now)
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// The host's verified word on a reversal.
    pub(super) fn take_reversal_answer(&mut self, answer: &Answer, now: Now) -> Result<(), Halt> {
        let Some(attempt) = self.debts.on_the_line.clone() else { return Ok(()) };
        let Some(entry) = ledger::entry(&self.journal, &attempt)? else { return Ok(()) };
        let code = &answer.host_code;
        let verdict = self.judge_reversal(&entry, answer);
        match verdict {
            Verdict::Reversed => {
                let body = Reversed { host_code: code.clone() };
                match self.record(&attempt, &body, destroy_card(&attempt), now) {
                    Ok(()) => {
                        self.debts.on_the_line = None;
                        self.debts.close(&attempt);
                        Ok(())
                    }
                    // Asked again, the host will say the same.
                    Err(Refused::NotWritten(_)) => self.reversal_unanswered(now),
                    Err(Refused::Over(halt)) => Err(halt),
                }
            }
            Verdict::Stuck(cause) => {
                self.debts.on_the_line = None;
                self.stick(&attempt, cause, Some(code.clone()), now)
            }
            Verdict::Again(meaning) => {
                // Not written, it is not counted: the host is asked once more than policy wants.
                self.note(Some(&attempt), &ReversalAnswered { host_code: code.clone(), meaning }, now)?;
                if meaning == NotConfirmed::SignOnFirst {
                    return self.reversal_needs_sign_on(now);
                }
                self.debts.on_the_line = None;
                self.put_off(&attempt, now);
                self.debts.answered(&attempt);
                Ok(())
            }
        }
    }

    fn judge_reversal(&self, entry: &Entry, answer: &Answer) -> Verdict {
        let Some(row) = self.dialect.row(Op::Reversal) else { return Verdict::Again(NotConfirmed::TryAgain) };
        let text = answer.host_code.as_str().as_bytes();
        if answer.approved {
            return Verdict::Reversed;
        }
        if row.not_found(text) {
            let proves = entry.earlier_send_may_have_worked && entry.reversed_on_the_same_day;
            let proves = proves && is_of_the_sales_day(entry, answer);
            return if proves { Verdict::Reversed } else { Verdict::Stuck(Reason::ReversalNotFound) };
        }
        if row.asks_sign_on(text) {
            return Verdict::Again(NotConfirmed::SignOnFirst);
        }
        if row.asks_retry(text) {
            return Verdict::Again(NotConfirmed::TryAgain);
        }
        if entry.refusals + 1 >= self.configuration.policy.reversal_refusals_max {
            return Verdict::Stuck(Reason::ReversalRefused);
        }
        Verdict::Again(NotConfirmed::Refused)
    }

    /// The keys of till and host are not the same: the conversation signs on before the next send, which need
    /// not wait. Once only, for a host whose MACs are never right.
    pub(super) fn reversal_needs_sign_on(&mut self, now: Now) -> Result<(), Halt> {
        let first = self.debts.on_the_line.clone().and_then(|attempt| {
            self.debts.find(&attempt).map(|debt| {
                debt.due = now.mono;
                !std::mem::replace(&mut debt.signed_on_for, true)
            })
        });
        if first == Some(true) {
            self.debts.on_the_line = None;
            return Ok(());
        }
        self.reversal_unanswered(now)
    }

    /// Nothing that closes the debt was heard: it waits for its next send.
    pub(super) fn reversal_unanswered(&mut self, now: Now) -> Result<(), Halt> {
        let Some(attempt) = self.debts.on_the_line.take() else { return Ok(()) };
        self.put_off(&attempt, now);
        self.debts.turn_is_over(&attempt);
        Ok(())
    }

    fn put_off(&mut self, attempt: &AttemptId, now: Now) {
        let policy = self.configuration.policy;
        self.debts.put_off(attempt, policy.reversal_wait_first_ms, policy.reversal_wait_max_ms, now.mono);
    }

    /// There is no way to the host: no debt can be tried now.
    pub(super) fn reversal_not_sent(&mut self, cause: &NotSentCause, now: Now) -> Result<(), Halt> {
        if *cause == NotSentCause::Unpackable
            && let Some(attempt) = self.debts.on_the_line.take()
        {
            return self.stick(&attempt, Reason::ReversalUnpackable, None, now);
        }
        self.reversal_unanswered(now)?;
        let left = self.debts.round.as_mut().map(|round| std::mem::take(&mut round.left));
        for attempt in left.into_iter().flat_map(BTreeMap::into_keys) {
            self.put_off(&attempt, now);
        }
        Ok(())
    }

    /// The debt cannot be closed by the till. It stays in every report.
    fn stick(
        &mut self,
        attempt: &AttemptId,
        cause: Reason,
        host_code: Option<crate::ids::HostCode>,
        now: Now,
    ) -> Result<(), Halt> {
        match self.record(attempt, &ReversalStuck { cause, host_code }, SideWork::None, now) {
            Ok(()) => {
                self.debts.close(attempt);
                Ok(())
            }
            Err(Refused::NotWritten(_)) => {
                self.put_off(attempt, now);
                self.debts.turn_is_over(attempt);
                Ok(())
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }
}

/// What a reversal needs is not there.
struct Missing(Reason);

enum Verdict {
    Reversed,
    Stuck(Reason),
    Again(NotConfirmed),
}

/// Whether the host does not say that its day is another than the sale's. This till's clock may have gone back.
fn is_of_the_sales_day(entry: &Entry, answer: &Answer) -> bool {
    let sale = entry.prepared.as_ref().map(|prepared| prepared.local_date.as_bytes());
    answer.host_date.is_none_or(|date| sale == Some(date.as_slice()))
}

/// The sale's own values, what is kept of the card, and the reason; never the track.
fn reversal_values(entry: &Entry, prepared: &PreparedFacts, card: &CardData) -> Values {
    let mut values = Values::new();
    let amount = entry.view.amount;
    card.put(&mut values);
    values
        .set_number(ValueName::AmountMinor, amount.minor())
        .set_number(ValueName::CurrencyNumber, amount.currency().number().into())
        .set_number(ValueName::Stan, prepared.stan.number().into())
        .set_number(ValueName::Batch, prepared.batch.number().into())
        .set(ValueName::LocalDate, &prepared.local_date)
        .set(ValueName::LocalTime, &prepared.local_time)
        .set_number(ValueName::OriginalStan, prepared.stan.number().into())
        .set_number(ValueName::OriginalBatch, prepared.batch.number().into())
        .set(ValueName::OriginalDate, &prepared.local_date)
        .set(ValueName::OriginalDateTime, &prepared.transmission_date_time);
    if let Some(reversal) = &entry.view.reversal {
        values.set(ValueName::ReversalReason, reversal.reason.code());
    }
    values
}

/// A host that answers, but never with an end, keeps a round no longer than the waits between so many sends.
const ROUND_SENDS_MAX: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BootCount, WallMs};

    fn attempt(name: &str) -> AttemptId {
        AttemptId::new(name).unwrap()
    }

    fn at(mono: u64) -> Now {
        Now { wall: WallMs(0), mono: MonoMs(mono), boot: BootCount(1) }
    }

    #[test]
    fn the_wait_doubles_up_to_the_policys_longest() {
        let mut debts = Debts::default();
        debts.add(attempt("A"), MonoMs(0));
        let mut waits = Vec::new();
        for _ in 0..8 {
            debts.put_off(&attempt("A"), 1_000, 60_000, MonoMs(500));
            waits.push(debts.next_due().unwrap().0 - 500);
        }
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    }

    #[test]
    fn a_round_is_over_when_each_of_its_debts_had_its_turn() {
        let mut debts = Debts::default();
        debts.add(attempt("A"), MonoMs(90_000));
        debts.add(attempt("B"), MonoMs(90_000));
        debts.begin_round(Some(Ticket(1)), at(10));
        assert_eq!(debts.first_due(MonoMs(10)), Some(attempt("A")), "a round knows no waits");
        debts.begin_round(Some(Ticket(2)), at(11));
        for _ in 0..ROUND_SENDS_MAX {
            debts.put_off(&attempt("A"), 1_000, 60_000, MonoMs(12));
            assert!(debts.round_is_open());
            debts.answered(&attempt("A"));
        }
        assert!(debts.round_is_open() && debts.end_of_round().is_none());
        debts.close(&attempt("B"));
        let (all, tickets) = debts.end_of_round().unwrap();
        assert_eq!((all, tickets), (vec![attempt("A"), attempt("B")], vec![Ticket(1), Ticket(2)]));
        assert_eq!(debts.count(), 1, "what was put off is still owed");
    }
}
