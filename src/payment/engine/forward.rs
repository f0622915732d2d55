//! Refunds that are owed: what goes out, and what the host's answers mean. A refund is not reversed.
//!
//! | the host's verified answer | the refund |
//! |---|---|
//! | approved | acknowledged |
//! | 94 (`duplicate_rc`) with its reference, when an earlier send may have worked | acknowledged: done already |
//! | 94 otherwise, when it was sent before under this STAN | stuck: this refund may have it, or something else |
//! | 94 to the first send under a STAN | the STAN is another's: a new one, [`STANS_MAX`] in all, then stuck |
//! | to sign on first, or a wrong MAC | sent again at once, once; then as below |
//! | to sign on first, once more, by a host at another batch, when an earlier send may have worked | stuck |
//! | to try again | sent again |
//! | any other, when no earlier send may have worked | declined; the amount is free again |
//! | any other, when one may have | stuck: the money may be back already |
//! | none | sent again, for ever: same STAN and fields, fresh MAC, marked as a repeat |
//!
//! A dialect whose answers have no place for a reference has none to miss. That a send did nothing, and could not be recorded,
//! is recorded before the next; a refusal that could not be is asked for again, and is then stuck, which is the careful
//! reading. It never sends what is not approved. Evidence: `tests/refund_kills.rs`, `tests/refund_rules.rs`.

use crate::acquirer::{Answer, Request};
use crate::clock::Now;
use crate::hex::encode_lower;
use crate::ids::{HostCode, RefundId};
use crate::iso8583::{Op, Side, ValueName, Values};
use crate::payment::civil::Civil;
use crate::payment::engine::debts::{Owed, ToSend};
use crate::payment::engine::host::said_by;
use crate::payment::engine::record::Refused;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::Body;
use crate::payment::ledger::{self as attempts, Entry};
use crate::payment::refund::RefundReason;
use crate::payment::refund::events::{Acknowledged, Answered, Declined, NotTaken, Prepared, Sent, Stuck, Withdrawn};
use crate::payment::refund::ledger::{self, PreparedRefund, RefundEntry};

impl Engine {
    /// The refund that is due. Its numbers are reserved with its first send.
    pub(super) fn refund_request(&mut self, refund: &RefundId, now: Now) -> Result<ToSend, Halt> {
        let Some(mut entry) = ledger::entry(&self.journal, refund)? else { return Ok(ToSend::Unknown) };
        planted!(
            RefundNewNumber,
            if entry.view.sends > 0 {
                self.renumber_refund(&entry, now)?;
                let Some(again) = ledger::entry(&self.journal, refund)? else { return Ok(ToSend::Unknown) };
                entry = again;
            }
        );
        if self.leftovers.has_word_on(refund) || self.waits_for_its_batch(&entry)? {
            self.turn_lost(&Owed::Refund(refund.clone()), now);
            return Ok(ToSend::NotNow);
        }
        if self.lacks_numbers(&entry)? {
            match self.prepare_refund(&entry, now) {
                Ok(true) => {}
                Ok(false) | Err(Refused::NotWritten(_)) => {
                    self.turn_lost(&Owed::Refund(refund.clone()), now);
                    return Ok(ToSend::NotNow);
                }
                Err(Refused::Over(halt)) => return Err(halt),
            }
            let Some(prepared) = ledger::entry(&self.journal, refund)? else { return Ok(ToSend::Unknown) };
            entry = prepared;
        }
        let sale = attempts::entry(&self.journal, &entry.view.attempt)?;
        let (Some(prepared), Some(sale)) = (&entry.prepared, sale) else { return Ok(ToSend::Unknown) };
        if !self.is_of_this_dialect(prepared) {
            self.stick_refund(&entry, RefundReason::DialectChanged, None, now)?;
            return Ok(ToSend::Stuck);
        }
        let mut values = refund_values(&entry, prepared, &sale);
        if let Some(row) = self.dialect.row(Op::Sale) {
            values.set(ValueName::OriginalMti, row.mti(Side::Request));
        }
        let is_repeat = entry.view.sends > 0;
        Ok(ToSend::Request(Request { op: Op::Refund, stan: prepared.stan, values, is_repeat }))
    }

    /// Whether the host would book it where this till does not count it: the host is at another batch than the one that
    /// is open here, or the totals of this one are said already. What a send may have brought to the host already is
    /// asked about under its own numbers.
    pub(super) fn waits_for_its_batch(&self, entry: &RefundEntry) -> Result<bool, Halt> {
        if entry.may_have_worked() {
            return Ok(false);
        }
        Ok(self.batch_refusal()?.is_some() || self.settlement_refusal()?.is_some())
    }

    /// Whether it needs a STAN: it has none yet, or one of another batch or dialect under which no send can have worked.
    fn lacks_numbers(&self, entry: &RefundEntry) -> Result<bool, Halt> {
        let open = attempts::taken(&self.journal)?.batch;
        Ok(match &entry.prepared {
            None => true,
            Some(prepared) if prepared.batch == open && self.is_of_this_dialect(prepared) => false,
            Some(_) => !entry.may_have_worked(),
        })
    }

    fn is_of_this_dialect(&self, prepared: &PreparedRefund) -> bool {
        prepared.dialect == encode_lower(&self.dialect.hash())
    }

    /// Reserves STAN and batch; `false` where the batch has none left.
    fn prepare_refund(&mut self, entry: &RefundEntry, now: Now) -> Result<bool, Refused> {
        let taken = attempts::taken(&self.journal)?;
        let Some(stan) = self.free_stan(taken)? else { return Ok(false) };
        let (here, utc) = (self.civil(now.wall), Civil::at(now.wall, 0));
        let body = Prepared {
            refund: entry.view.refund.clone(),
            stan,
            batch: taken.batch,
            local_date: here.mmdd(),
            local_time: here.hhmmss(),
            transmission_date_time: format!("{}{}", utc.mmdd(), utc.hhmmss()),
            dialect: encode_lower(&self.dialect.hash()),
        };
        self.record_refund(&entry.view.attempt, &body, None, now)?;
        self.conversation.set_batch(taken.batch);
        Ok(true)
    }

    /// The refund is packed: the send is recorded before it happens.
    pub(super) fn refund_leaves(&mut self, refund: &RefundId, now: Now) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, refund)? else { return self.withdraw(now) };
        if self.lacks_numbers(&entry)? || self.waits_for_its_batch(&entry)? {
            // The sign-on before it has opened another batch: it is built again, in that one, or waits for it.
            self.debts.leave_the_line();
            return self.withdraw(now);
        }
        let number = entry.view.sends + 1;
        let body = Sent { refund: refund.clone(), number, host_day: self.civil(now.wall).day_text() };
        match self.record_refund(&entry.view.attempt, &body, None, now) {
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

    /// The host's verified word on a refund.
    pub(super) fn take_refund_answer(&mut self, refund: &RefundId, answer: &Answer, now: Now) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, refund)? else { return Ok(()) };
        let (refund, said) = (refund.clone(), said_by(answer));
        match self.judge_refund(&entry, answer)? {
            Verdict::Taken { had_it } => self.close_refund(&entry, &Acknowledged { refund, answer: said, had_it }, now),
            Verdict::Refused => self.close_refund(&entry, &Declined { refund, answer: said }, now),
            Verdict::Stuck(cause) => {
                self.debts.leave_the_line();
                self.stick_refund(&entry, cause, Some(answer.host_code.clone()), now)
            }
            Verdict::Again(meaning) => {
                let body = Answered { refund, host_code: answer.host_code.clone(), meaning };
                match self.record_refund(&entry.view.attempt, &body, None, now) {
                    Ok(()) => self.go_on_after(&entry, meaning, now),
                    // Not written, the send counts as one that may have worked, which is what the host says of it.
                    Err(Refused::NotWritten(_)) if meaning == NotTaken::TryAgain => {
                        self.go_on_after(&entry, meaning, now)
                    }
                    // It did nothing. Sent again before that is known, it would not be the first any more.
                    Err(Refused::NotWritten(_)) => {
                        self.leftovers.word_on(entry.view.attempt, body, now);
                        self.debt_unanswered(now)
                    }
                    Err(Refused::Over(halt)) => Err(halt),
                }
            }
        }
    }

    fn judge_refund(&self, entry: &RefundEntry, answer: &Answer) -> Result<Verdict, Halt> {
        let Some(row) = self.dialect.row(Op::Refund) else { return Ok(Verdict::Again(NotTaken::TryAgain)) };
        let code = answer.host_code.as_str().as_bytes();
        Ok(if answer.approved {
            Verdict::Taken { had_it: false }
        } else if row.is_duplicate(code) && entry.view.sends > 1 {
            let is_named = answer.rrn.is_some() || !row.may_be_answered_with(ValueName::Rrn);
            // A refusal is the word on one copy of the message. A gateway may have delivered two, and the other was booked.
            let is_ours = is_named && entry.earlier_send_may_have_worked;
            if is_ours { Verdict::Taken { had_it: true } } else { Verdict::Stuck(RefundReason::RefusedInDoubt) }
        } else if row.is_duplicate(code) && entry.stans_lost + 1 >= STANS_MAX {
            Verdict::Stuck(RefundReason::StanTaken)
        } else if row.is_duplicate(code) {
            Verdict::Again(NotTaken::StanTaken)
        } else if row.asks_sign_on(code) && self.is_out_of_reach(entry)? {
            Verdict::Stuck(RefundReason::RefusedInDoubt)
        } else if row.asks_sign_on(code) {
            Verdict::Again(NotTaken::SignOnFirst)
        } else if row.asks_retry(code) {
            Verdict::Again(NotTaken::TryAgain)
        } else if entry.earlier_send_may_have_worked {
            Verdict::Stuck(RefundReason::RefusedInDoubt)
        } else {
            Verdict::Refused
        })
    }

    /// Whether an earlier send may have worked in a batch of which the host will not hear any more: it has just signed
    /// the till on, into another.
    fn is_out_of_reach(&self, entry: &RefundEntry) -> Result<bool, Halt> {
        let owed = Owed::Refund(entry.view.refund.clone());
        let signed_on = entry.earlier_send_may_have_worked && self.debts.was_signed_on_for(&owed);
        Ok(signed_on && self.batch_refusal()?.is_some())
    }

    fn go_on_after(&mut self, entry: &RefundEntry, meaning: NotTaken, now: Now) -> Result<(), Halt> {
        match meaning {
            NotTaken::SignOnFirst => self.debt_needs_sign_on(now),
            // The next number is tried at once: it is still due.
            NotTaken::StanTaken => {
                self.debts.leave_the_line();
                Ok(())
            }
            NotTaken::TryAgain => {
                self.debt_answered(&Owed::Refund(entry.view.refund.clone()), now);
                Ok(())
            }
        }
    }

    /// The host's last word, recorded before anybody is told. What cannot be recorded is asked again.
    fn close_refund<B: Body>(&mut self, entry: &RefundEntry, body: &B, now: Now) -> Result<(), Halt> {
        match self.record_refund(&entry.view.attempt, body, None, now) {
            Ok(()) => {
                self.debts.leave_the_line();
                self.debts.close(&Owed::Refund(entry.view.refund.clone()));
                self.tell_who_waits_for(&entry.view.refund)
            }
            Err(Refused::NotWritten(_)) => {
                self.debts.leave_the_line();
                self.turn_lost(&Owed::Refund(entry.view.refund.clone()), now);
                Ok(())
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// It does not fit the dialect any more. Where nothing can have come of it, it ends.
    pub(super) fn refund_unpackable(&mut self, refund: &RefundId, now: Now) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, refund)? else { return Ok(()) };
        if entry.may_have_worked() {
            return self.stick_refund(&entry, RefundReason::Unpackable, None, now);
        }
        let body = Withdrawn { refund: refund.clone(), cause: RefundReason::Unpackable };
        self.close_refund(&entry, &body, now)
    }

    /// The refund cannot be closed by the till. It stays in every report.
    fn stick_refund(
        &mut self,
        entry: &RefundEntry,
        cause: RefundReason,
        host_code: Option<HostCode>,
        now: Now,
    ) -> Result<(), Halt> {
        let owed = Owed::Refund(entry.view.refund.clone());
        let body = Stuck { refund: entry.view.refund.clone(), cause, host_code: host_code.clone() };
        match self.record_refund(&entry.view.attempt, &body, None, now) {
            Ok(()) => {
                self.debts.close(&owed);
                if cause == RefundReason::StanTaken {
                    self.tell_that_no_stan_was_free(entry);
                }
                self.tell_who_waits_for(&entry.view.refund)
            }
            Err(Refused::NotWritten(_)) => {
                // Its last send did nothing either: no later 94 may be taken for that one's.
                if let (RefundReason::StanTaken, Some(host_code)) = (cause, host_code) {
                    let meaning = NotTaken::StanTaken;
                    let body = Answered { refund: entry.view.refund.clone(), host_code, meaning };
                    self.leftovers.word_on(entry.view.attempt.clone(), body, now);
                }
                self.turn_lost(&owed, now);
                Ok(())
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }
}

enum Verdict {
    Taken { had_it: bool },
    Refused,
    Stuck(RefundReason),
    Again(NotTaken),
}

/// What each send repeats: the refund's own numbers, and the sale's as the host knows it. No card number: none is kept.
fn refund_values(entry: &RefundEntry, prepared: &PreparedRefund, sale: &Entry) -> Values {
    let mut values = Values::new();
    let amount = entry.view.amount;
    values
        .set_number(ValueName::AmountMinor, amount.minor())
        .set_number(ValueName::CurrencyNumber, amount.currency().number().into())
        .set_number(ValueName::Stan, prepared.stan.number().into())
        .set_number(ValueName::Batch, prepared.batch.number().into())
        .set(ValueName::LocalDate, &prepared.local_date)
        .set(ValueName::LocalTime, &prepared.local_time)
        .set(ValueName::TransmissionDateTime, &prepared.transmission_date_time);
    if let Some(rrn) = &sale.view.rrn {
        values.set(ValueName::OriginalRrn, rrn.as_str());
    }
    if let Some(auth_code) = &sale.view.auth_code {
        values.set(ValueName::OriginalAuthCode, auth_code.as_str());
    }
    if let Some(original) = &sale.prepared {
        values
            .set_number(ValueName::OriginalStan, original.stan.number().into())
            .set_number(ValueName::OriginalBatch, original.batch.number().into())
            .set(ValueName::OriginalDate, &original.local_date)
            .set(ValueName::OriginalDateTime, &original.transmission_date_time);
    }
    values
}

/// How many STANs are tried before people must look.
const STANS_MAX: u32 = 3;
