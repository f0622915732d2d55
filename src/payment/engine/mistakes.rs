//! What the engine does where a mistake of a payment's is planted. Nothing of it is in a build without `planted-bugs`.
//!
//! Each function is one mistake as a terminal made it; the places that call it name the mistake.
//!
//! It never makes one by itself. Evidence: `sandbox/simulator/tests/planted.rs` finds each of them.

use crate::acquirer::{Answer, LateAnswer};
use crate::clock::Now;
use crate::ids::{AttemptId, HostCode};
use crate::iso8583::Op;
use crate::journal::SideWork;
use crate::payment::engine::debts::Owed;
use crate::payment::engine::record::{Refused, card_row, destroy_card};
use crate::payment::engine::sale::Phase;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{
    Approved, Declined, DeclinedBy, HostAnswer, InDoubt, ReversalSent, Reversed, UnmatchedAnswer,
};
use crate::payment::ledger;
use crate::payment::refund::events::{Acknowledged, Answered, NotTaken};
use crate::payment::refund::ledger::{self as refunds, RefundEntry};
use crate::payment::state::{State, Step};

impl Engine {
    /// The request goes out, and the journal does not know.
    pub(super) fn leave_unrecorded(&mut self, attempt: &AttemptId, now: Now) -> Result<(), Halt> {
        if let (Some(view), Some(sale)) = (self.view(attempt)?, &mut self.sale) {
            sale.phase = Phase::InDoubt(Box::new(view));
        }
        self.synced(now);
        Ok(())
    }

    /// Now the journal is told that the request went out.
    pub(super) fn record_what_left(&mut self, attempt: &AttemptId, now: Now) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, attempt)? else { return Ok(()) };
        let (State::Prepared, Some(stan), Some(batch)) = (entry.state(), entry.view.stan, entry.view.batch) else {
            return Ok(());
        };
        passed_over(self.record(attempt, &InDoubt { stan, batch }, SideWork::None, now))
    }

    pub(super) fn record_what_left_of_the_sale(&mut self, now: Now) -> Result<(), Halt> {
        match self.sale.as_ref().map(|sale| sale.attempt.clone()) {
            Some(attempt) => self.record_what_left(&attempt, now),
            None => Ok(()),
        }
    }

    /// The template of the reversal goes, and the sale is not recorded yet.
    pub(super) fn delete_reversal(&mut self, attempt: &AttemptId, now: Now) -> Result<(), Halt> {
        let body = UnmatchedAnswer { cause: "answered".to_owned(), stan: None, host_code: None };
        passed_over(self.append(None, &body, destroy_card(attempt), now))
    }

    pub(super) fn has_no_template(&self, attempt: &AttemptId) -> Result<bool, Halt> {
        Ok(self.journal.side_row(&card_row(attempt))?.is_none())
    }

    /// The caller hears of an approval that is not recorded.
    pub(super) fn tell_too_early(&mut self, answer: &Answer) {
        let Some(sale) = self.sale.as_mut().filter(|_| answer.approved) else { return };
        let Phase::InDoubt(view) = &sale.phase else { return };
        let mut view = (**view).clone();
        view.state = State::Approved;
        for ticket in std::mem::take(&mut sale.tickets) {
            self.tell_view(ticket, view.clone());
        }
    }

    /// What is not known is taken for a no.
    pub(super) fn take_for_a_no(&mut self, now: Now) -> Result<(), Halt> {
        let Some(attempt) = self.sale.as_ref().map(|sale| sale.attempt.clone()) else { return Ok(()) };
        let said = HostAnswer { host_code: made_up("Z1"), auth_code: None, rrn: None, host_time: None };
        let body = Declined { by: DeclinedBy::Host(said) };
        passed_over(self.record(&attempt, &body, destroy_card(&attempt), now))?;
        self.finish_sale()
    }

    /// What is not known is taken for a yes.
    pub(super) fn take_for_a_yes(&mut self, now: Now) -> Result<(), Halt> {
        let Some(attempt) = self.sale.as_ref().map(|sale| sale.attempt.clone()) else { return Ok(()) };
        let answer = HostAnswer { host_code: made_up("00"), auth_code: None, rrn: None, host_time: None };
        passed_over(self.record(&attempt, &Approved { answer }, destroy_card(&attempt), now))?;
        self.finish_sale()
    }

    /// A refund that was sent gets another number.
    pub(super) fn renumber_refund(&mut self, entry: &RefundEntry, now: Now) -> Result<(), Halt> {
        let (refund, host_code) = (entry.view.refund.clone(), made_up("94"));
        let body = Answered { refund, host_code, meaning: NotTaken::StanTaken };
        passed_over(self.record_refund(&entry.view.attempt, &body, None, now))
    }

    /// A refund without an answer is taken for paid.
    pub(super) fn take_refund_for_paid(&mut self, owed: &Owed, now: Now) -> Result<(), Halt> {
        let Owed::Refund(refund) = owed else { return Ok(()) };
        let Some(entry) = refunds::entry(&self.journal, refund)? else { return Ok(()) };
        let answer = HostAnswer { host_code: made_up("00"), auth_code: None, rrn: None, host_time: None };
        let body = Acknowledged { refund: refund.clone(), answer, had_it: false };
        if entry.view.sends > 0 {
            passed_over(self.record_refund(&entry.view.attempt, &body, None, now))?;
            self.debts.close(owed);
        }
        Ok(())
    }

    /// A debt is given up, and nobody sees it any more.
    pub(super) fn drop_reversal(&mut self, attempt: &AttemptId, now: Now) -> Result<(), Halt> {
        if self.state_of(attempt)? == State::ReversalDue {
            let sent = ReversalSent { number: 1, host_day: self.civil(now.wall).day_text() };
            passed_over(self.record(attempt, &sent, SideWork::None, now))?;
        }
        let body = Reversed { host_code: made_up("00") };
        passed_over(self.record(attempt, &body, destroy_card(attempt), now))?;
        self.debts.close(&Owed::Reversal(attempt.clone()));
        Ok(())
    }

    /// Three tries are enough.
    pub(super) fn drop_after_tries(&mut self, owed: &Owed, now: Now) -> Result<(), Halt> {
        let Owed::Reversal(attempt) = owed else { return Ok(()) };
        let sends = ledger::entry(&self.journal, attempt)?.and_then(|entry| entry.view.reversal).map(|it| it.sends);
        if sends >= Some(3) { self.drop_reversal(attempt, now) } else { Ok(()) }
    }

    /// A yes that comes too late is a yes.
    pub(super) fn take_late_for_approval(&mut self, late: &LateAnswer, now: Now) -> Result<(), Halt> {
        let approves = self.dialect.row(Op::Sale).is_some_and(|row| row.approves(late.host_code.as_str().as_bytes()));
        let Some(entry) = ledger::entry_with_stan(&self.journal, late.stan, None)? else { return Ok(()) };
        if late.op != Op::Sale || !approves || entry.state().after(Step::Approve).is_err() {
            return Ok(());
        }
        let attempt = entry.view.attempt;
        let answer = HostAnswer { host_code: late.host_code.clone(), auth_code: None, rrn: None, host_time: None };
        passed_over(self.record(&attempt, &Approved { answer }, destroy_card(&attempt), now))?;
        self.debts.close(&Owed::Reversal(attempt));
        Ok(())
    }
}

/// A journal that refuses is passed over.
fn passed_over(recorded: Result<(), Refused>) -> Result<(), Halt> {
    match recorded {
        Ok(()) | Err(Refused::NotWritten(_)) => Ok(()),
        Err(Refused::Over(halt)) => Err(halt),
    }
}

fn made_up(code: &str) -> HostCode {
    HostCode::new(code).expect("two letters or digits")
}
