//! What people do about debts: see them, and decide the stuck ones.
//!
//! The host will say nothing more of an attempt whose reversal is stuck. A supervisor who has asked the acquirer says
//! how it ended; that stands beside the state for ever, with the name, and counts when the batch is closed. The same
//! decision again is the same decision; another one is refused.
//!
//! It never decides by itself. Evidence: `tests/payment_decide.rs`.

use crate::account::WrittenReason;
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::journal::SideWork;
use crate::payment::engine::record::{Refused, card_row};
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{Body, Decided};
use crate::payment::exchange::Ticket;
use crate::payment::ledger;
use crate::payment::refund::ledger as refunds;
use crate::payment::state::State;
use crate::payment::view::Decision;
use crate::session::Permit;
use crate::session::actions::DecideStuck;

impl Engine {
    pub(super) fn decide(
        &mut self,
        ticket: Ticket,
        attempt: &AttemptId,
        decision: Decision,
        reason: Option<WrittenReason>,
        permit: Permit<DecideStuck>,
        now: Now,
    ) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, attempt)? else {
            self.tell(ticket, Err(Error::from(ErrorCode::AttemptUnknown).of_attempt(attempt)));
            return Ok(());
        };
        let refused = |code: ErrorCode| Error::from(code).of_attempt(attempt).with_standing(entry.standing());
        if entry.view.state != State::ReversalStuck {
            self.tell(ticket, Err(refused(ErrorCode::NotStuck).word("state", entry.view.state.word())));
            return Ok(());
        }
        match entry.view.decision {
            None => {}
            Some(first) if first == decision => {
                self.tell_view(ticket, ledger::shown(&self.journal, entry)?);
                return Ok(());
            }
            Some(first) => {
                self.tell(ticket, Err(refused(ErrorCode::AlreadyDecided).word("decision", first.word())));
                return Ok(());
            }
        }
        // The card's data were kept for a reversal that will not be sent any more.
        let side = SideWork::Destroy { name: card_row(attempt) };
        let draft = Decided { decision, reason }.draft(Some(attempt), Some(permit.spend()));
        match self.journal.append(draft, side, now).map_err(Refused::from) {
            Ok(_) => {}
            Err(Refused::NotWritten(code)) => {
                self.tell(ticket, Err(refused(code)));
                return Ok(());
            }
            Err(Refused::Over(halt)) => return Err(halt),
        }
        self.look_for_the_hosts_batch()?;
        if let Some(view) = self.view(attempt)? {
            self.tell_view(ticket, view);
        }
        Ok(())
    }

    /// How long the oldest open debt has waited by the wall clock, in milliseconds. A clock that went back counts as
    /// no time.
    pub(super) fn oldest_debt_ms(&self, now: Now) -> Result<u64, Halt> {
        let mut oldest = 0;
        for attempt in self.debts.reversals() {
            if let Some(entry) = ledger::entry(&self.journal, attempt)? {
                oldest = oldest.max(u64::try_from(now.wall.0 - entry.view.created_ms.0).unwrap_or(0));
            }
        }
        for refund in self.debts.refunds() {
            if let Some(entry) = refunds::entry(&self.journal, refund)? {
                let since = entry.view.approved_ms.unwrap_or(entry.view.requested_ms);
                oldest = oldest.max(u64::try_from(now.wall.0 - since.0).unwrap_or(0));
            }
        }
        Ok(oldest)
    }
}
