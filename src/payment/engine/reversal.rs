//! The reversals that are owed: what goes out, and what the host's answers mean.
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
//! It never calls a reversal done that the host did not. Evidence: `tests/payment_bugs.rs`.

use crate::acquirer::{Answer, Request};
use crate::clock::Now;
use crate::hex::encode_lower;
use crate::ids::{AttemptId, HostCode};
use crate::iso8583::{Op, Side, ValueName, Values};
use crate::journal::SideWork;
use crate::payment::card_data::CardData;
use crate::payment::engine::debts::{Owed, ToSend};
use crate::payment::engine::record::{Refused, card_row, destroy_card};
use crate::payment::engine::void::put_references;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{NotConfirmed, ReversalAnswered, ReversalSent, ReversalStuck, Reversed};
use crate::payment::ledger::{self, Entry, PreparedFacts};
use crate::payment::reason::Reason;
use crate::payment::view::Kind;

impl Engine {
    /// The reversal that is due, or what it lacks, which is recorded.
    pub(super) fn reversal_request(&mut self, attempt: &AttemptId, now: Now) -> Result<ToSend, Halt> {
        let Some(entry) = ledger::entry(&self.journal, attempt)? else { return Ok(ToSend::Unknown) };
        planted!(
            ReversalDroppedAtMidnight,
            if entry.prepared.as_ref().is_some_and(|it| it.local_date != self.civil(now.wall).mmdd()) {
                return self.drop_reversal(attempt, now).map(|()| ToSend::Stuck);
            }
        );
        match self.reversal_of(&entry)? {
            Ok(request) => Ok(ToSend::Request(request)),
            Err(Missing(cause)) => {
                self.stick(attempt, cause, None, now)?;
                Ok(ToSend::Stuck)
            }
        }
    }

    /// Builds the reversal from the journal and the side row.
    fn reversal_of(&self, entry: &Entry) -> Result<Result<Request, Missing>, Halt> {
        let Some(prepared) = &entry.prepared else { return Ok(Err(Missing(Reason::CardDataGone))) };
        let mut values = reversal_values(entry, prepared);
        match &entry.view.of {
            None => {
                let row = self.journal.side_row(&card_row(&entry.view.attempt))?;
                let Some(card) = row.and_then(|row| CardData::unpack(&row)) else {
                    return Ok(Err(Missing(Reason::CardDataGone)));
                };
                card.put(&mut values);
            }
            Some(of) => {
                if let Some(sale) = ledger::entry(&self.journal, of)? {
                    put_references(&sale.view, &mut values);
                }
            }
        }
        if prepared.dialect != encode_lower(&self.dialect.hash()) {
            return Ok(Err(Missing(Reason::DialectChanged)));
        }
        let (original, op) = operations(entry);
        if let Some(row) = self.dialect.row(original) {
            values.set(ValueName::OriginalMti, row.mti(Side::Request));
        }
        planted!(RepeatNotMarked, return Ok(Ok(Request { op, stan: prepared.stan, values, is_repeat: false })));
        let is_repeat = entry.view.reversal.as_ref().is_some_and(|reversal| reversal.sends > 0);
        Ok(Ok(Request { op, stan: prepared.stan, values, is_repeat }))
    }

    /// The reversal is packed: the send is recorded before it happens.
    pub(super) fn reversal_leaves(&mut self, attempt: &AttemptId, now: Now) -> Result<(), Halt> {
        let sends = ledger::entry(&self.journal, attempt)?.and_then(|entry| entry.view.reversal).map(|it| it.sends);
        let body = ReversalSent { number: sends.unwrap_or(0) + 1, host_day: self.civil(now.wall).day_text() };
        match self.record(attempt, &body, SideWork::None, now) {
            Ok(()) => {
                self.synced(now);
                Ok(())
            }
            Err(Refused::NotWritten(_)) => {
                self.withdraw(now)?;
                self.debt_unanswered(now)
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// The host's verified word on a reversal.
    pub(super) fn take_reversal_answer(&mut self, attempt: &AttemptId, answer: &Answer, now: Now) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, attempt)? else { return Ok(()) };
        let code = &answer.host_code;
        let verdict = self.judge_reversal(&entry, answer);
        match verdict {
            Verdict::Reversed => {
                let body = Reversed { host_code: code.clone() };
                match self.record(attempt, &body, destroy_card(attempt), now) {
                    Ok(()) => {
                        self.debts.leave_the_line();
                        self.debts.close(&Owed::Reversal(attempt.clone()));
                        Ok(())
                    }
                    // Asked again, the host will say the same.
                    Err(Refused::NotWritten(_)) => self.debt_unanswered(now),
                    Err(Refused::Over(halt)) => Err(halt),
                }
            }
            Verdict::Stuck(cause) => {
                self.debts.leave_the_line();
                self.stick(attempt, cause, Some(code.clone()), now)
            }
            Verdict::Again(meaning) => {
                // Not written, it is not counted: the host is asked once more than policy wants.
                self.note(Some(attempt), &ReversalAnswered { host_code: code.clone(), meaning }, now)?;
                if meaning == NotConfirmed::SignOnFirst {
                    return self.debt_needs_sign_on(now);
                }
                self.debt_answered(&Owed::Reversal(attempt.clone()), now);
                Ok(())
            }
        }
    }

    fn judge_reversal(&self, entry: &Entry, answer: &Answer) -> Verdict {
        let (_, op) = operations(entry);
        let Some(row) = self.dialect.row(op) else { return Verdict::Again(NotConfirmed::TryAgain) };
        planted!(ReversalDroppedOnAnyReply, return Verdict::Reversed);
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

    /// It does not fit the dialect any more.
    pub(super) fn reversal_unpackable(&mut self, attempt: &AttemptId, now: Now) -> Result<(), Halt> {
        self.stick(attempt, Reason::ReversalUnpackable, None, now)
    }

    /// The debt cannot be closed by the till. It stays in every report.
    fn stick(&mut self, attempt: &AttemptId, cause: Reason, host_code: Option<HostCode>, now: Now) -> Result<(), Halt> {
        match self.record(attempt, &ReversalStuck { cause, host_code }, SideWork::None, now) {
            Ok(()) => {
                self.debts.close(&Owed::Reversal(attempt.clone()));
                Ok(())
            }
            Err(Refused::NotWritten(_)) => {
                self.turn_lost(&Owed::Reversal(attempt.clone()), now);
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

/// What is reversed, and by what.
fn operations(entry: &Entry) -> (Op, Op) {
    match entry.view.kind {
        Kind::Sale => (Op::Sale, Op::Reversal),
        Kind::Void => (Op::Void, Op::VoidReversal),
    }
}

/// The attempt's own values and the reason.
fn reversal_values(entry: &Entry, prepared: &PreparedFacts) -> Values {
    let mut values = Values::new();
    let amount = entry.view.amount;
    values
        .set_number(ValueName::AmountMinor, amount.minor())
        .set_number(ValueName::CurrencyNumber, amount.currency().number().into())
        .set_number(ValueName::Stan, prepared.stan.number().into())
        .set_number(ValueName::Batch, prepared.batch.number().into())
        .set(ValueName::LocalDate, &prepared.local_date)
        .set(ValueName::LocalTime, &prepared.local_time);
    prepared.put_as_original(&mut values);
    if let Some(reversal) = &entry.view.reversal {
        values.set(ValueName::ReversalReason, reversal.reason.code());
    }
    values
}
