//! The sign-on's part: new keys, the host's batch, and what waited for them.
//!
//! New keys are always taken, and count once they are durable; the reversals that are owed get their MACs under them.
//! Another batch is taken only while the open one holds nothing that the host may have booked; otherwise it is recorded
//! as refused, and nothing is sold before the batch is closed or the host names it again.
//!
//! It never moves what was sent into another batch. Evidence: `tests/payment_batch.rs`, `tests/payment_flows.rs`.

use crate::acquirer::{LinkEvent, LinkFault, SignedOn, Withdrawal};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::BatchNo;
use crate::journal::SideWork;
use crate::payment::engine::host::SideRow;
use crate::payment::engine::job::OnTheLine;
use crate::payment::engine::record::Refused;
use crate::payment::engine::sale::{Phase, Sale};
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{BatchRefused, SignedOn as SignedOnEvent};
use crate::payment::exchange::{LinkCommand, Output};
use crate::payment::ledger;
use crate::payment::reason::Reason;

impl Engine {
    /// New keys count once they are durable. A new batch makes a sale that waits be prepared anew in it.
    pub(super) fn take_sign_on(&mut self, signed_on: SignedOn, now: Now) -> Result<(), Halt> {
        let SignedOn { batch, keys, head } = signed_on;
        let open = ledger::taken(&self.journal)?.batch;
        let other = batch.filter(|named| *named != open);
        let refused = match other {
            Some(named) if ledger::batch_holds_records(&self.journal, open)? => Some(named),
            _ => None,
        };
        let taken = SignedOnEvent { batch: batch.filter(|_| refused.is_none()) };
        let keep = SideWork::Keep { name: KEYS_ROW.to_owned(), payload: keys };
        let heard = self.hear_head(head, now).and_then(|()| match refused {
            Some(named) => self.append(None, &BatchRefused { named, open }, SideWork::None, now),
            None => Ok(()),
        });
        match heard.and_then(|()| self.append(None, &taken, keep, now)) {
            Ok(()) => self.synced(now),
            Err(Refused::NotWritten(_)) => return self.refuse_sign_on(now),
            Err(Refused::Over(halt)) => return Err(halt),
        }
        // The conversation has heard the host's number; what counts is the journal's.
        let open = ledger::taken(&self.journal)?.batch;
        self.conversation.set_batch(open);
        if self.stop_for_roll_back(now)? {
            return Ok(());
        }
        if refused.is_some() {
            return self.stop_for_other_batch(now);
        }
        self.prepare_anew_in(open, now)
    }

    /// The attempt that waited for this sign-on is not sent: the host would book it where this till does not count it.
    /// Debts go on, and so does the closing of the batch.
    fn stop_for_other_batch(&mut self, now: Now) -> Result<(), Halt> {
        if self.on_the_line() != OnTheLine::Attempt {
            return Ok(());
        }
        self.withdraw(now)?;
        self.end_unsent(Reason::BatchChangeRefused, "none", now)
    }

    /// Why nothing is sold: the host is at another batch than the one that is open here, and that one holds something.
    pub(super) fn batch_refusal(&self) -> Result<Option<Error>, Halt> {
        let taken = ledger::taken(&self.journal)?;
        let Some(named) = taken.refused else { return Ok(None) };
        let is_held = ledger::batch_holds_records(&self.journal, taken.batch)?;
        Ok(is_held.then(|| batch_change_refused(taken.batch, named)))
    }

    /// Something was decided to be nothing: if it was the last that kept the open batch, the host's is taken at the next
    /// sign-on, which comes before the next message.
    pub(super) fn look_for_the_hosts_batch(&mut self) -> Result<(), Halt> {
        let is_elsewhere = ledger::taken(&self.journal)?.refused.is_some();
        if is_elsewhere && self.batch_refusal()?.is_none() {
            self.conversation.demand_sign_on();
        }
        Ok(())
    }

    fn prepare_anew_in(&mut self, batch: BatchNo, now: Now) -> Result<(), Halt> {
        let waiting = match &self.sale {
            // A void never waits here: its sale keeps the batch from being changed.
            Some(Sale { attempt, phase: Phase::Prepared { presented: Some(_) }, .. }) => attempt.clone(),
            _ => return Ok(()),
        };
        let theirs = ledger::entry(&self.journal, &waiting)?.and_then(|entry| entry.view.batch);
        if theirs == Some(batch) || self.conversation.withdraw(now) != Withdrawal::Withdrawn {
            return Ok(());
        }
        match self.sale.as_mut().map(|sale| std::mem::replace(&mut sale.phase, Phase::Clearing)) {
            Some(Phase::Prepared { presented: Some(presented) }) => self.prepare_with(presented, SideRow::InPlace, now),
            _ => Ok(()),
        }
    }

    /// The journal has no room for the keys: the old set stands, and whatever waited for the new one ends.
    fn refuse_sign_on(&mut self, now: Now) -> Result<(), Halt> {
        self.conversation.withdraw(now);
        let _its_own_end = self.conversation.link(LinkEvent::Broken(LinkFault::Closed), now);
        self.outputs.push(Output::Link(LinkCommand::Disconnect));
        match self.on_the_line() {
            OnTheLine::Debt => self.debt_unanswered(now),
            OnTheLine::Job => {
                self.end_job(Err(ErrorCode::StorageFailed.into()));
                Ok(())
            }
            OnTheLine::Attempt | OnTheLine::Nobody => self.end_unsent(Reason::StorageFailed, "none", now),
        }
    }
}

fn batch_change_refused(open: BatchNo, named: BatchNo) -> Error {
    Error::from(ErrorCode::BatchChangeRefused)
        .number("batch", open.number().into())
        .number("named", named.number().into())
}

/// The side row of the working keys.
pub(super) const KEYS_ROW: &str = "working-keys";
