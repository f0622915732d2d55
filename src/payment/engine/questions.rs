//! What callers ask without starting a payment: lists, events, verification, the driving of debts, and that they
//! have taken a result.
//!
//! Questions are answered at once, whatever the card or the host is doing.
//!
//! It never shows more than the ledger holds. Evidence: `tests/payment_flows.rs`, `tests/payment_events.rs`.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::journal::{Damage, Damaged, JournalError, SideWork};
use crate::payment::engine::debts::Owed;
use crate::payment::engine::record::Refused;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{Body, Delivered, ReceiptPrinted};
use crate::payment::exchange::{Reply, Ticket};
use crate::payment::feed::{self, EVENTS_MAX};
use crate::payment::ledger::{self, LIST_MAX};
use crate::payment::state::{State, Step};
use crate::payment::view::{AttemptView, ListQuery, ReceiptCopy, Resolved};
use crate::session::actions::PrintReceipt;
use crate::session::{Permit, ResolveDebts};

impl Engine {
    pub(super) fn list(&mut self, ticket: Ticket, query: &ListQuery) -> Result<(), Halt> {
        if let Err(refused) = check_page(query.limit, LIST_MAX) {
            self.tell(ticket, Err(refused));
            return Ok(());
        }
        match ledger::list(&self.journal, query) {
            Ok(page) => self.tell(ticket, Ok(Reply::Page(page))),
            Err(error @ JournalError::CursorMalformed) => self.tell(ticket, Err(error.into())),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    pub(super) fn events(&mut self, ticket: Ticket, after: Option<u64>, limit: u32) -> Result<(), Halt> {
        if let Err(refused) = check_page(limit, EVENTS_MAX) {
            self.tell(ticket, Err(refused));
            return Ok(());
        }
        let page = feed::page(&self.journal, after, limit).map(Reply::Events);
        self.answer_a_reader(ticket, page)
    }

    pub(super) fn acknowledge(&mut self, ticket: Ticket, cursor: u64) -> Result<(), Halt> {
        let done = self.journal.acknowledge(cursor).map(|()| Reply::Acknowledged);
        self.answer_a_reader(ticket, done)
    }

    /// Tells a reader of events what the journal says. A refusal, and a note of the reader's own that somebody has
    /// edited, end no sale; whatever makes the journal itself unsure does.
    fn answer_a_reader(&mut self, ticket: Ticket, result: Result<Reply, JournalError>) -> Result<(), Halt> {
        use JournalError as E;
        match result {
            Ok(reply) => self.tell(ticket, Ok(reply)),
            Err(
                error @ (E::CursorBeyondHead { .. }
                | E::CursorAcknowledgedAlready { .. }
                | E::DiskFull
                | E::Locked
                | E::Entropy
                | E::Damaged(Damaged { damage: Damage::Acknowledgement, .. })),
            ) => self.tell(ticket, Err(error.into())),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    pub(super) fn verify(&mut self, ticket: Ticket) -> Result<(), Halt> {
        let result = self.journal.verify().map(Reply::Verified).map_err(Error::from);
        self.tell(ticket, result);
        Ok(())
    }

    /// Drives every open debt now. Answered when each had its turn.
    pub(super) fn resolve(&mut self, ticket: Ticket, permit: Permit<ResolveDebts>, now: Now) -> Result<(), Halt> {
        if !self.waits_for_debts() {
            self.tell(ticket, Err(ErrorCode::TillBusy.into()));
            return Ok(());
        }
        // The till would have done it by itself: a reversal is in nobody's name.
        let _in_whose_name = permit.spend();
        self.debts.begin_round(Some(ticket), now);
        Ok(())
    }

    /// Tells those who waited for a round what became of its debts.
    pub(super) fn report_round(&mut self, all: &[Owed], tickets: Vec<Ticket>) -> Result<(), Halt> {
        for refund in all.iter().filter_map(Owed::refund) {
            self.tell_who_waits_for(refund)?;
        }
        if tickets.is_empty() {
            return Ok(());
        }
        let mut closed = Vec::new();
        for attempt in all.iter().filter_map(Owed::reversal) {
            if let Some(view) = self.view(attempt)?.filter(|view| view.state == State::Reversed) {
                closed.push(view);
            }
        }
        let left = self.debts_shown()?;
        let refunds_closed = self.refunds_closed(all.iter().filter_map(Owed::refund))?;
        let resolved = Resolved { closed, left, refunds_closed, refunds_left: self.refunds_owed()? };
        for ticket in tickets {
            self.tell(ticket, Ok(Reply::Resolved(resolved.clone())));
        }
        Ok(())
    }

    /// Shows every debt.
    pub(super) fn debts_listed(&mut self, ticket: Ticket) -> Result<(), Halt> {
        let shown = self.debts_shown()?;
        self.tell(ticket, Ok(Reply::Debts(shown)));
        Ok(())
    }

    /// Every debt that is open, and every one that is stuck.
    fn debts_shown(&self) -> Result<Vec<AttemptView>, Halt> {
        let mut shown = Vec::new();
        for state in [State::InDoubt, State::ReversalDue, State::ReversalStuck] {
            for entry in ledger::entries_in(&self.journal, state)? {
                shown.push(ledger::shown(&self.journal, entry)?);
            }
        }
        Ok(shown)
    }

    /// Records that a receipt goes out, and says how often this copy went out before.
    pub(super) fn print_receipt(
        &mut self,
        ticket: Ticket,
        attempt: &AttemptId,
        copy: ReceiptCopy,
        permit: Permit<PrintReceipt>,
        now: Now,
    ) -> Result<(), Halt> {
        let state = self.state_of(attempt)?;
        let refused = |code: ErrorCode| Error::from(code).of_attempt(attempt).with_standing(state.standing());
        let refusal = match state {
            State::Unknown => Some(ErrorCode::AttemptUnknown),
            State::Prepared | State::NotSent => Some(ErrorCode::ReceiptNotAvailable),
            _ => None,
        };
        if let Some(code) = refusal {
            self.tell(ticket, Err(refused(code)));
            return Ok(());
        }
        let printed_before = self.view(attempt)?.map_or(0, |view| view.receipts.of(copy));
        let draft = ReceiptPrinted { copy }.draft(Some(attempt), Some(permit.spend()));
        match self.journal.append(draft, SideWork::None, now).map_err(Refused::from) {
            Ok(_) => {}
            Err(Refused::NotWritten(code)) => {
                self.tell(ticket, Err(refused(code)));
                return Ok(());
            }
            Err(Refused::Over(halt)) => return Err(halt),
        }
        if let Some(view) = self.view(attempt)? {
            self.tell(ticket, Ok(Reply::Receipt { view: Box::new(view), printed_before }));
        }
        Ok(())
    }

    /// A caller has taken the result. Recorded once; a full disk is no reason to fail it.
    pub(super) fn taken(&mut self, attempt: &AttemptId, now: Now) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, attempt)? else { return Ok(()) };
        let state = entry.state();
        if entry.view.delivered || state.after(Step::Deliver).is_err() {
            return Ok(());
        }
        self.note(Some(attempt), &Delivered { state: entry.view.state }, now)
    }
}

/// A page has entries, and no more than so many.
fn check_page(limit: u32, most: u32) -> Result<(), Error> {
    let refused = || Error::from(ErrorCode::PageSizeOutOfRange).number("most", u64::from(most));
    if (1..=most).contains(&limit) { Ok(()) } else { Err(refused()) }
}
