//! What is not finished: asked before a merchant goes home, and before a till goes for good.
//!
//! Everything is named at once, each with the word of what is done about it. What waits for the line or for a card
//! is told apart, because nobody walks away from that.
//!
//! It changes nothing. Evidence: `tests/leaving.rs`.

use crate::error::{Blocker, Error};
use crate::payment::batch::ledger as batches;
use crate::payment::batch::records;
use crate::payment::engine::{Engine, Halt};
use crate::payment::ledger;
use crate::payment::refund::ledger::{self as refunds, RefundEntry};
use crate::payment::refund::state::RefundState;

/// What of the payments is not finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matters {
    /// What is going on this moment.
    pub under_way: Vec<Blocker>,
    /// Payments and refunds whose end is not known, or not decided.
    pub open: Vec<Blocker>,
    /// Refunds that wait for a second person.
    pub waiting: Vec<Blocker>,
    /// What was not settled with the acquirer.
    pub unsettled: Vec<Blocker>,
    /// The event with which the last batch was closed; 0 before the first.
    pub last_closed: u64,
}

impl Engine {
    /// Everything that is not finished.
    ///
    /// # Errors
    /// Those of the journal; `amount_too_large` where the open batch cannot be added up.
    pub fn matters(&self) -> Result<Matters, Error> {
        let open = self.open_matters().map_err(|Halt(error)| error)?;
        Ok(Matters {
            under_way: self.under_way(),
            open,
            waiting: self.waiting_refunds()?,
            unsettled: self.unsettled()?,
            last_closed: batches::open(&self.journal)?.begins_after,
        })
    }

    fn under_way(&self) -> Vec<Blocker> {
        let sale = self.sale.as_ref().map(|sale| Blocker::new("payment_in_progress", sale.attempt.to_string()));
        let tap = self.refund_tap.as_ref().map(|_| Blocker::new("refund_in_progress", ""));
        let job = self.job.as_ref().map(|_| Blocker::new("host_in_use", ""));
        sale.into_iter().chain(tap).chain(job).map(|blocker| blocker.remedied_by("wait")).collect()
    }

    fn open_matters(&self) -> Result<Vec<Blocker>, Halt> {
        let mut open = self.blockers()?;
        for blocker in &mut open {
            blocker.remedy = Some(match blocker.why {
                "reversal_stuck" => "decide",
                "refund_stuck" => "decide_refund",
                _ => "resolve",
            });
        }
        if let Some(code) = self.leftovers.refusal() {
            open.push(Blocker::new(code.code(), "").remedied_by("make_room"));
        }
        if self.unaccepted()?.is_some() {
            open.push(Blocker::new("journal_rolled_back", "").remedied_by("accept_roll_back"));
        }
        Ok(open)
    }

    fn waiting_refunds(&self) -> Result<Vec<Blocker>, Error> {
        let waiting = refunds::entries_in(&self.journal, RefundState::Waiting)?;
        let named = |entry: RefundEntry| Blocker::new("refund_waiting", entry.view.refund.to_string());
        Ok(waiting.into_iter().map(|entry| named(entry).remedied_by("approve_or_reject")).collect())
    }

    fn unsettled(&self) -> Result<Vec<Blocker>, Error> {
        if let Some(settlement) = batches::unfinished(&self.journal)? {
            let number = settlement.view.batch.to_string();
            let remedy = if settlement.view.may_be_decided() { "decide_batch" } else { "settle" };
            return Ok(vec![Blocker::new("settlement_unfinished", number).remedied_by(remedy)]);
        }
        let batch = ledger::taken(&self.journal)?.batch;
        let totals = records::totals(&self.journal, batch, batches::open(&self.journal)?.begins_after)?;
        if totals.records() == 0 {
            return Ok(Vec::new());
        }
        Ok(vec![Blocker::new("batch_not_settled", batch.to_string()).remedied_by("settle")])
    }
}
