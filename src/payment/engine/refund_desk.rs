//! What stands on the desk of refunds: the list, the vouchers, requests that expire, and who waits for which refund.
//!
//! Only the two things of [`Desk`] are remembered between two inputs; everything else is read from the journal, so that
//! a till that opens again knows as much as the one that was killed.
//!
//! It never changes what a refund owes. Evidence: `tests/refund_rules.rs`, `tests/refund_terminal.rs`.

use crate::clock::{Now, WallMs};
use crate::error::{Error, ErrorCode};
use crate::ids::RefundId;
use crate::journal::JournalError;
use crate::payment::engine::debts::Owed;
use crate::payment::engine::record::Refused;
use crate::payment::engine::refund::refusal;
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::{Reply, Ticket};
use crate::payment::ledger::LIST_MAX;
use crate::payment::refund::events::{Expired, Printed};
use crate::payment::refund::ledger::{self, RefundEntry};
use crate::payment::refund::state::RefundState;
use crate::payment::refund::{RefundQuery, RefundView};
use crate::payment::view::ReceiptCopy;
use crate::session::Permit;
use crate::session::actions::PrintReceipt;

/// What the engine remembers of refunds between two inputs; the rest is in the journal.
#[derive(Default)]
pub(super) struct Desk {
    /// Who waits for the host's word on which refund.
    pub waiting: Vec<(Ticket, RefundId)>,
    /// When the next request expires. Nothing where none waits.
    next_expiry: Option<WallMs>,
}

impl Engine {
    /// A page of refunds.
    pub(super) fn list_refunds(&mut self, ticket: Ticket, query: &RefundQuery) -> Result<(), Halt> {
        if !(1..=LIST_MAX).contains(&query.limit) {
            let error = Error::from(ErrorCode::PageSizeOutOfRange).number("most", LIST_MAX.into());
            self.tell(ticket, Err(error));
            return Ok(());
        }
        match ledger::shown_page(&self.journal, query) {
            Ok(page) => self.tell(ticket, Ok(Reply::Refunds(page))),
            Err(error @ JournalError::CursorMalformed) => self.tell(ticket, Err(error.into())),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Records that a voucher goes out, and says how often this copy went out before.
    pub(super) fn print_voucher(
        &mut self,
        ticket: Ticket,
        refund: RefundId,
        copy: ReceiptCopy,
        permit: Permit<PrintReceipt>,
        now: Now,
    ) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, &refund)? else {
            self.tell(ticket, Err(ErrorCode::RefundUnknown.into()));
            return Ok(());
        };
        if matches!(entry.view.state, RefundState::Waiting | RefundState::Rejected | RefundState::Expired) {
            self.tell(ticket, Err(refusal(ErrorCode::ReceiptNotAvailable, &entry)));
            return Ok(());
        }
        let attempt = entry.view.attempt.clone();
        let body = Printed { refund: refund.clone(), copy };
        let recorded = self.record_refund(&attempt, &body, Some(permit.spend()), now);
        if !self.is_recorded(ticket, &attempt, recorded)? {
            return Ok(());
        }
        let (sale, after) = (self.view(&attempt)?, ledger::entry(&self.journal, &refund)?);
        if let (Some(sale), Some(after)) = (sale, after) {
            let printed_before = entry.view.vouchers.of(copy);
            let refund = Box::new(ledger::shown(&self.journal, after)?);
            self.tell(ticket, Ok(Reply::Voucher { refund, sale: Box::new(sale), printed_before }));
        }
        Ok(())
    }

    /// Ends the requests whose time is over. A disk without room leaves them for later; nobody can approve them then
    /// either.
    pub(super) fn expire_refunds(&mut self, now: Now) -> Result<(), Halt> {
        if self.refunds.next_expiry.is_none_or(|at| now.wall < at) {
            return Ok(());
        }
        self.refunds.next_expiry = None;
        for entry in ledger::entries_in(&self.journal, RefundState::Waiting)? {
            if now.wall < entry.view.expires_ms {
                self.note_expiry(entry.view.expires_ms);
                continue;
            }
            let body = Expired { refund: entry.view.refund.clone() };
            match self.record_refund(&entry.view.attempt, &body, None, now) {
                Ok(()) => {}
                Err(Refused::NotWritten(_)) => self.note_expiry(entry.view.expires_ms),
                Err(Refused::Over(halt)) => return Err(halt),
            }
        }
        Ok(())
    }

    /// What a till that opens finds of refunds: debts, and requests that wait.
    pub(super) fn take_up_refunds(&mut self, now: Now) -> Result<(), Halt> {
        for entry in ledger::entries_in(&self.journal, RefundState::Sent)? {
            self.debts.add(Owed::Refund(entry.view.refund), now.mono);
        }
        for entry in ledger::entries_in(&self.journal, RefundState::Waiting)? {
            self.note_expiry(entry.view.expires_ms);
        }
        self.expire_refunds(now)
    }

    /// Those of these refunds of which the host has said the last word.
    pub(super) fn refunds_closed<'a>(
        &self,
        refunds: impl Iterator<Item = &'a RefundId>,
    ) -> Result<Vec<RefundView>, Halt> {
        let mut closed = Vec::new();
        for refund in refunds {
            let entry = ledger::entry(&self.journal, refund)?;
            let is_closed = |state| matches!(state, RefundState::Acknowledged | RefundState::Declined);
            if let Some(entry) = entry.filter(|entry| is_closed(entry.view.state)) {
                closed.push(ledger::shown(&self.journal, entry)?);
            }
        }
        Ok(closed)
    }

    /// Every refund that is still to be forwarded, and every one that is stuck.
    pub(super) fn refunds_owed(&self) -> Result<Vec<RefundView>, Halt> {
        let mut shown = Vec::new();
        for state in [RefundState::Sent, RefundState::Stuck] {
            for entry in ledger::entries_in(&self.journal, state)? {
                shown.push(ledger::shown(&self.journal, entry)?);
            }
        }
        Ok(shown)
    }

    pub(super) fn note_expiry(&mut self, at: WallMs) {
        self.refunds.next_expiry = Some(self.refunds.next_expiry.map_or(at, |next| next.min(at)));
    }

    /// Tells whoever waits for this refund how it stands now.
    pub(super) fn tell_who_waits_for(&mut self, refund: &RefundId) -> Result<(), Halt> {
        for ticket in self.refunds.take(refund) {
            self.tell_refund(ticket, refund)?;
        }
        Ok(())
    }

    /// Tells them that the host had something else under each of its numbers.
    pub(super) fn tell_that_no_stan_was_free(&mut self, entry: &RefundEntry) {
        for ticket in self.refunds.take(&entry.view.refund) {
            self.tell(ticket, Err(refusal(ErrorCode::RefundStanTaken, entry)));
        }
    }

    /// Nobody waits any longer: why.
    pub(super) fn abandon_refunds(&mut self, error: &Error) {
        let waiting = std::mem::take(&mut self.refunds.waiting);
        for (ticket, _) in waiting {
            self.tell(ticket, Err(error.clone()));
        }
        if let Some(tap) = self.refund_tap.take() {
            self.tell(tap.ticket, Err(error.clone()));
        }
    }

    pub(super) fn tell_refund(&mut self, ticket: Ticket, refund: &RefundId) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, refund)? else { return Ok(()) };
        let view = ledger::shown(&self.journal, entry)?;
        self.tell(ticket, Ok(Reply::Refund(Box::new(view))));
        Ok(())
    }
}

impl Desk {
    /// Whoever waits for this refund.
    pub(super) fn take(&mut self, refund: &RefundId) -> Vec<Ticket> {
        let (theirs, others) = std::mem::take(&mut self.waiting).into_iter().partition(|(_, of)| of == refund);
        self.waiting = others;
        let theirs: Vec<(Ticket, RefundId)> = theirs;
        theirs.into_iter().map(|(ticket, _)| ticket).collect()
    }
}
