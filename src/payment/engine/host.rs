//! The host's part: reserving the numbers, handing over the request, and taking the host's word.
//!
//! | the conversation says | the journal gets, before anything follows |
//! |---|---|
//! | `Sync` | `attempt.in_doubt` or `attempt.reversal_sent`; only then may the bytes leave |
//! | `Answered` | `attempt.approved`, `attempt.declined`, or the reversal's end; only then is anybody told |
//! | `NotSent` | `attempt.not_sent` |
//! | `InDoubt` | `attempt.reversal_due`; the caller is told at once, the reversal goes on by itself |
//! | `Late`, `Unmatched` | evidence, which changes no state |
//!
//! It never takes a time-out for a decline. Evidence: `tests/payment_kills.rs`, `tests/payment_bugs.rs`.

use crate::acquirer::{
    Answer, Delivery, DoubtCause, HostMark, LateAnswer, NotSentCause, Request, Step, SyncReason, Unmatched,
};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::hex::encode_lower;
use crate::ids::{AttemptId, BatchNo, Stan};
use crate::iso8583::{Op, ValueName, Values};
use crate::journal::SideWork;
use crate::payment::civil::Civil;
use crate::payment::engine::debts::Owed;
use crate::payment::engine::job::OnTheLine;
use crate::payment::engine::record::{Refused, card_row, destroy_card};
use crate::payment::engine::sale::{Phase, Sale};
use crate::payment::engine::tap::facts;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{
    Approved, Declined, DeclinedBy, HostAnswer, InDoubt, LateAnswer as LateAnswerEvent, PreparedMessage, ReversalDue,
    UnmatchedAnswer,
};
use crate::payment::exchange::{LinkCommand, Output};
use crate::payment::ledger::{self, PAYMENT_STAN_MAX};
use crate::payment::presented::Presented;
use crate::payment::reason::{Reason, ReversalReason};
use crate::payment::refund::ledger as refund;
use crate::payment::state::{State, Step as StateStep};
use crate::ports::{Notice, Prompt};

impl Engine {
    /// Reserves STAN and batch, stores the templates, and asks the conversation to send.
    pub(super) fn prepare(&mut self, presented: Presented, now: Now) -> Result<(), Halt> {
        self.prepare_with(presented, SideRow::New, now)
    }

    pub(super) fn prepare_with(&mut self, presented: Presented, row: SideRow, now: Now) -> Result<(), Halt> {
        let Some(sale) = &self.sale else { return Ok(()) };
        let attempt = sale.attempt.clone();
        let taken = ledger::taken(&self.journal)?;
        let Some(stan) = self.free_stan(taken)? else {
            if row == SideRow::InPlace {
                self.leftovers.end_unsent(attempt.clone(), Reason::StorageFailed, now);
            }
            self.refuse_sale(Error::from(ErrorCode::StorageFailed).word("why", "batch_has_no_free_stan"));
            return Ok(());
        };
        let prepared = self.prepared(sale, (stan, taken.batch), now);
        let (name, payload) = (card_row(&attempt), presented.side_row(&self.dialect));
        let side = match row {
            SideRow::New => SideWork::Store { name, payload },
            SideRow::InPlace => SideWork::Keep { name, payload },
        };
        let mut values = message_values(&prepared);
        presented.put(&mut values);
        match self.record_prepared(&attempt, prepared, &presented, side, now) {
            Ok(()) => {}
            Err(Refused::NotWritten(code)) => {
                if row == SideRow::InPlace {
                    self.leftovers.end_unsent(attempt.clone(), Reason::StorageFailed, now);
                }
                self.refuse_sale(Error::from(code).of_attempt(&attempt));
                return Ok(());
            }
            Err(Refused::Over(halt)) => return Err(halt),
        }
        self.conversation.set_batch(taken.batch);
        if let Some(sale) = &mut self.sale {
            sale.phase = Phase::Prepared { presented: Some(presented) };
        }
        self.notice(Notice::Show(Prompt::Authorising));
        self.hand_over_or_end(Request { op: Op::Sale, stan, values, is_repeat: false }, now)
    }

    /// Gives the conversation the request of the attempt in progress.
    pub(super) fn hand_over_or_end(&mut self, request: Request, now: Now) -> Result<(), Halt> {
        if self.hand_over(request) { Ok(()) } else { self.end_unsent(Reason::Closed, "none", now) }
    }

    /// Gives the conversation its next request. The engine asks only when the line is free, so a refusal is a
    /// mistake of ours; it must not leave anybody waiting for ever.
    pub(super) fn hand_over(&mut self, mut request: Request) -> bool {
        self.carry_head(&mut request);
        let taken = self.conversation.request(request).is_ok();
        debug_assert!(taken, "the engine has one message on the line at a time");
        taken
    }

    pub(super) fn prepared(&self, sale: &Sale, (stan, batch): (Stan, BatchNo), now: Now) -> PreparedMessage {
        let here = self.civil(now.wall);
        let utc = Civil::at(now.wall, 0);
        PreparedMessage {
            opening: self.opening(sale, now),
            stan,
            batch,
            local_date: here.mmdd(),
            local_time: here.hhmmss(),
            transmission_date_time: format!("{}{}", utc.mmdd(), utc.hhmmss()),
            dialect: encode_lower(&self.dialect.hash()),
        }
    }

    fn record_prepared(
        &mut self,
        attempt: &AttemptId,
        prepared: PreparedMessage,
        presented: &Presented,
        side: SideWork,
        now: Now,
    ) -> Result<(), Refused> {
        match presented {
            Presented::Card { card, cvm } => self.record(attempt, &prepared.with_card(facts(card, *cvm)), side, now),
            Presented::Read(read) => self.record(attempt, &prepared.with_read(read.facts()), side, now),
        }
    }

    /// The first STAN after the last that no attempt and no refund of this batch has; `None` when the batch has used all.
    pub(super) fn free_stan(&self, taken: ledger::Taken) -> Result<Option<Stan>, Halt> {
        planted!(StanReused, return Ok(Stan::new(crate::planted::count()).ok()));
        let mut candidate = next_stan(taken.stan);
        for _ in 0..PAYMENT_STAN_MAX {
            let is_free = ledger::entry_with_stan(&self.journal, candidate, Some(taken.batch))?.is_none();
            if is_free && !refund::has_stan(&self.journal, candidate, taken.batch)? {
                return Ok(Some(candidate));
            }
            candidate = next_stan(Some(candidate));
        }
        Ok(None)
    }

    /// Carries out the conversation's steps until it has none.
    pub(super) fn drain_conversation(&mut self, now: Now) -> Result<(), Halt> {
        loop {
            match self.conversation.poll(now) {
                Step::Connect => self.outputs.push(Output::Link(LinkCommand::Connect)),
                Step::Disconnect => self.outputs.push(Output::Link(LinkCommand::Disconnect)),
                Step::Send(bytes) => self.outputs.push(Output::Link(LinkCommand::Send(bytes))),
                Step::Sync(SyncReason::BeforeSend { op, .. }) => self.leaves(op, now)?,
                Step::Deliver(delivery) => self.take_delivery(delivery, now)?,
                Step::Sleep { until } => {
                    self.conversation_wakes = until;
                    return Ok(());
                }
            }
        }
    }

    /// A request is packed: whoever's it is records that it leaves next.
    fn leaves(&mut self, op: Op, now: Now) -> Result<(), Halt> {
        match self.on_the_line() {
            OnTheLine::Debt => self.debt_leaves(now),
            OnTheLine::Job => self.job_leaves(op, now),
            OnTheLine::Attempt => self.attempt_leaves(now),
            OnTheLine::Nobody => self.withdraw(now),
        }
    }

    /// The attempt's request is packed. From the moment that this is recorded, a reversal is owed.
    fn attempt_leaves(&mut self, now: Now) -> Result<(), Halt> {
        if self.frozen_refusal().is_some() {
            return self.stop_for_freeze(now);
        }
        let Some(sale) = &self.sale else { return self.withdraw(now) };
        let attempt = sale.attempt.clone();
        let Some(entry) = ledger::entry(&self.journal, &attempt)? else { return self.withdraw(now) };
        let (Some(stan), Some(batch)) = (entry.view.stan, entry.view.batch) else { return self.withdraw(now) };
        planted!(ReversalSavedLate, return self.leave_unrecorded(&attempt, now));
        match self.record(&attempt, &InDoubt { stan, batch }, SideWork::None, now) {
            Ok(()) => {}
            Err(Refused::NotWritten(code)) => {
                planted!(DiskFullIgnored, return self.leave_unrecorded(&attempt, now));
                self.withdraw(now)?;
                self.leftovers.end_unsent(attempt.clone(), Reason::StorageFailed, now);
                self.refuse_sale(Error::from(code).of_attempt(&attempt));
                return Ok(());
            }
            Err(Refused::Over(halt)) => return Err(halt),
        }
        if let (Some(view), Some(sale)) = (self.view(&attempt)?, &mut self.sale) {
            sale.phase = Phase::InDoubt(Box::new(view)); // The card's data go with the phase before.
        }
        self.synced(now);
        Ok(())
    }

    pub(super) fn synced(&mut self, now: Now) {
        // Out of turn is what a connection says that ended meanwhile; its end is delivered by itself.
        let _ended_meanwhile = self.conversation.synced(now);
    }

    pub(super) fn withdraw(&mut self, now: Now) -> Result<(), Halt> {
        self.conversation.withdraw(now);
        Ok(())
    }

    fn take_delivery(&mut self, delivery: Delivery, now: Now) -> Result<(), Halt> {
        match delivery {
            Delivery::SignedOn(signed_on) => self.take_sign_on(signed_on, now),
            Delivery::Answered(answer) => match self.on_the_line() {
                OnTheLine::Debt => self.take_debt_answer(&answer, now),
                OnTheLine::Job => self.job_answered(&answer, now),
                OnTheLine::Attempt => self.take_answer(answer, now),
                OnTheLine::Nobody => Ok(()),
            },
            Delivery::NotSent(cause) => match self.on_the_line() {
                OnTheLine::Debt => self.debt_not_sent(&cause, now),
                OnTheLine::Job => self.job_not_sent(&cause, now),
                OnTheLine::Attempt => self.attempt_not_sent(&cause, now),
                OnTheLine::Nobody => Ok(()),
            },
            Delivery::InDoubt(cause) => match (self.on_the_line(), cause) {
                (OnTheLine::Debt, DoubtCause::BadMac | DoubtCause::MacMissing) => self.debt_needs_sign_on(now),
                (OnTheLine::Debt, _) => self.debt_unanswered(now),
                (OnTheLine::Job, cause) => self.job_in_doubt(cause, now),
                (OnTheLine::Attempt, cause) => self.attempt_in_doubt(cause, now),
                (OnTheLine::Nobody, _) => Ok(()),
            },
            Delivery::Late(late) => self.take_late_answer(&late, now),
            Delivery::Unmatched(unmatched) => self.take_unmatched(&unmatched, now),
            Delivery::Marked(mark) => {
                self.outputs.push(Output::Marked(mark));
                // What waits behind this answer does not leave any more. Who lets the till go is not this room's to say.
                match mark {
                    HostMark::Freeze => self.freeze("host", now),
                    HostMark::Release => Ok(()),
                }
            }
        }
    }

    /// The host's verified word on the attempt in progress.
    fn take_answer(&mut self, answer: Answer, now: Now) -> Result<(), Halt> {
        let Some(attempt) = self.sale_in_flight() else { return Ok(()) };
        planted!(ReversalSavedLate, self.record_what_left(&attempt, now)?);
        planted!(ReversalDeletedEarly, self.delete_reversal(&attempt, now)?);
        planted!(ToldBeforeRecorded, self.tell_too_early(&answer));
        let said = said_by(&answer);
        let recorded = if answer.approved {
            self.record(&attempt, &Approved { answer: said }, destroy_card(&attempt), now)
        } else {
            self.record(&attempt, &Declined { by: DeclinedBy::Host(said) }, destroy_card(&attempt), now)
        };
        match recorded {
            Ok(()) => {
                if let Some(of) = self.sale.as_ref().and_then(|sale| sale.of.clone()).filter(|_| answer.approved) {
                    self.announce(&of, State::Voided);
                }
                self.finish_sale()
            }
            Err(Refused::NotWritten(_)) => {
                // What nobody can be told must not stand: it is reversed as soon as there is room to say so.
                self.leftovers.owe(attempt, ReversalReason::CouldNotFinish, Reason::AnswerNotRecorded, now);
                self.finish_sale()
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    fn sale_in_flight(&self) -> Option<AttemptId> {
        match &self.sale {
            Some(Sale { attempt, phase: Phase::InDoubt(_), .. }) => Some(attempt.clone()),
            _ => None,
        }
    }

    fn attempt_not_sent(&mut self, cause: &NotSentCause, now: Now) -> Result<(), Halt> {
        match self.sale_in_flight() {
            // The line broke between the journal's word and the first byte: the debt stands all the same.
            Some(attempt) => self.owe(attempt, ReversalReason::NoAnswer, Reason::of_not_sent(cause), now),
            None => {
                let host_code = match cause {
                    NotSentCause::SignOnRefused(code) => Some(code.clone()),
                    _ => None,
                };
                self.end_unsent_with(host_code, Reason::of_not_sent(cause), "none", now)
            }
        }
    }

    fn attempt_in_doubt(&mut self, cause: DoubtCause, now: Now) -> Result<(), Halt> {
        planted!(ReversalSavedLate, self.record_what_left_of_the_sale(now)?);
        planted!(
            VoidAssumed,
            if self.sale.as_ref().is_some_and(|sale| sale.of.is_some()) {
                return self.take_for_a_yes(now);
            }
        );
        planted!(
            ReversalDeletedOnSendError,
            if matches!(cause, DoubtCause::ConnectionLost(_)) {
                return self.take_for_a_no(now);
            }
        );
        planted!(
            TimeoutIsDecline,
            if cause == DoubtCause::NoAnswer {
                return self.take_for_a_no(now);
            }
        );
        match self.sale_in_flight() {
            Some(attempt) => self.owe(attempt, ReversalReason::of_doubt(cause), Reason::of_doubt(cause), now),
            None => Ok(()),
        }
    }

    /// Records the debt, tells the caller what is certain, and lets the reversal go its way.
    fn owe(&mut self, attempt: AttemptId, reason: ReversalReason, cause: Reason, now: Now) -> Result<(), Halt> {
        match self.record(&attempt, &ReversalDue { reason, cause }, SideWork::None, now) {
            Ok(()) => self.debts.add(Owed::Reversal(attempt), now.mono),
            Err(Refused::NotWritten(_)) => self.leftovers.owe(attempt, reason, cause, now),
            Err(Refused::Over(halt)) => return Err(halt),
        }
        self.finish_sale()
    }

    /// An answer that came too late is evidence beside the attempt.
    fn take_late_answer(&mut self, late: &LateAnswer, now: Now) -> Result<(), Halt> {
        let body = LateAnswerEvent { op: late.op, stan: late.stan, host_code: late.host_code.clone() };
        planted!(LateAnswerApproves, self.take_late_for_approval(late, now)?);
        // A refund is asked about again until it is known: its late answer proves nothing that the next will not.
        let known = match late.op {
            Op::Refund => None,
            _ => ledger::entry_with_stan(&self.journal, late.stan, None)?,
        };
        match known {
            Some(entry) if entry.state().after(StateStep::LateAnswer).is_ok() => {
                self.note(Some(&entry.view.attempt), &body, now)
            }
            _ => self.note(
                None,
                &UnmatchedAnswer {
                    cause: "no_such_attempt".to_owned(),
                    stan: Some(late.stan),
                    host_code: Some(late.host_code.clone()),
                },
                now,
            ),
        }
    }

    fn take_unmatched(&mut self, unmatched: &Unmatched, now: Now) -> Result<(), Halt> {
        let body = UnmatchedAnswer {
            cause: unmatched.cause.word().to_owned(),
            stan: unmatched.stan,
            host_code: unmatched.host_code.clone(),
        };
        self.note(None, &body, now)
    }
}

/// Whether the attempt has a side row already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SideRow {
    New,
    InPlace,
}

/// Payments keep below the numbers that the conversation takes for echo and sign-on.
fn next_stan(last: Option<Stan>) -> Stan {
    let number = last.map_or(1, |stan| if stan.number() >= PAYMENT_STAN_MAX { 1 } else { stan.number() + 1 });
    Stan::new(number).expect("1 to the largest payment STAN is within 1 to 999999")
}

/// What is kept of a verified answer.
pub(super) fn said_by(answer: &Answer) -> HostAnswer {
    HostAnswer {
        host_code: answer.host_code.clone(),
        auth_code: answer.auth_code.clone(),
        rrn: answer.rrn.clone(),
        host_time: host_time(answer.host_date, answer.host_time),
    }
}

fn host_time(date: Option<[u8; 4]>, time: Option<[u8; 6]>) -> Option<String> {
    let digits: Vec<u8> = date?.into_iter().chain(time?).collect();
    String::from_utf8(digits).ok()
}

/// What every request of an attempt says.
pub(super) fn message_values(prepared: &PreparedMessage) -> Values {
    let mut values = Values::new();
    values
        .set_number(ValueName::AmountMinor, prepared.opening.amount.minor())
        .set_number(ValueName::CurrencyNumber, prepared.opening.amount.currency().number().into())
        .set_number(ValueName::Stan, prepared.stan.number().into())
        .set_number(ValueName::Batch, prepared.batch.number().into())
        .set(ValueName::LocalDate, &prepared.local_date)
        .set(ValueName::LocalTime, &prepared.local_time)
        .set(ValueName::TransmissionDateTime, &prepared.transmission_date_time);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_number_themselves_round_below_the_control_messages() {
        let after = |last: Option<u32>| next_stan(last.map(|number| Stan::new(number).unwrap())).number();
        let last = [None, Some(1), Some(PAYMENT_STAN_MAX - 1), Some(PAYMENT_STAN_MAX), Some(990_000), Some(999_999)];
        assert_eq!(last.map(after), [1, 2, PAYMENT_STAN_MAX, 1, 1, 1]);
    }
}
