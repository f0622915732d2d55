//! The second person's word on a refund: approved and let go, rejected with a reason, and a stuck one decided.
//!
//! An approval is journalled before the refund may go out, and is spent by going out: the same one never serves twice.
//!
//! It never approves for who has asked, or for whom he appointed. Evidence: `tests/refund_rules.rs`, `tests/refund_kills.rs`.

use crate::account::{RefundRules, WrittenReason, shop_policy};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::RefundId;
use crate::payment::engine::debts::Owed;
use crate::payment::engine::refund::{may_be_refunded, refusal};
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::Ticket;
use crate::payment::ledger::{self as attempts, Entry};
use crate::payment::refund::events::{Approved, Decided, Rejected};
use crate::payment::refund::ledger::{self, RefundEntry};
use crate::payment::refund::policy::rules_for;
use crate::payment::refund::state::RefundState;
use crate::payment::refund::{RefundApproved, RefundDecision, RejectionReason, appointed};
use crate::session::Permit;
use crate::session::actions::ApproveRefund;

impl Engine {
    /// A person who may approve lets a request go. Told when the host has had its turn.
    pub(super) fn approve_refund(
        &mut self,
        ticket: Ticket,
        refund: &RefundId,
        permit: Permit<ApproveRefund>,
        has_network: bool,
        now: Now,
    ) -> Result<(), Halt> {
        let entry = match self.waiting_refund(refund)? {
            Ok(entry) => entry,
            Err(error) => {
                self.tell(ticket, Err(error));
                return Ok(());
            }
        };
        match self.admit_approval(&entry, permit, has_network)? {
            Ok(approved) => self.let_go(ticket, &entry, approved, now),
            Err(error) => {
                self.tell(ticket, Err(error.of_attempt(&entry.view.attempt)));
                Ok(())
            }
        }
    }

    fn admit_approval(
        &self,
        entry: &RefundEntry,
        permit: Permit<ApproveRefund>,
        has_network: bool,
    ) -> Result<Result<RefundApproved, Error>, Halt> {
        if let Some(error) = self.nothing_goes_back()? {
            return Ok(Err(error));
        }
        let Some((sale, rules)) = self.sale_and_rules(entry)? else {
            return Ok(Err(ErrorCode::AttemptUnknown.into()));
        };
        let journal = &self.journal;
        let tied = |name: &_| appointed::of(journal, name).map_err(Error::from);
        // Who approves comes first: that it may not be this person is no secret, and nothing else helps then.
        Ok(RefundApproved::by_person(&entry.view, permit, tied, &rules)
            .and_then(|approved| self.may_go_out(&sale, has_network).map(|()| approved)))
    }

    /// The sale of a refund, and the shop's rules for it.
    pub(super) fn sale_and_rules(&self, entry: &RefundEntry) -> Result<Option<(Entry, RefundRules)>, Halt> {
        let Some(sale) = attempts::entry(&self.journal, &entry.view.attempt)? else { return Ok(None) };
        let policy = shop_policy(&self.journal).map_err(Halt)?.refunds;
        let rules = rules_for(&policy, &sale.view);
        Ok(Some((sale, rules)))
    }

    /// Whether a refund that was asked for may still go out, now.
    pub(super) fn may_go_out(&self, sale: &Entry, has_network: bool) -> Result<(), Error> {
        may_be_refunded(sale)?;
        self.connected(has_network)?;
        self.is_free_for_refunds()
    }

    /// Records the approval, which is used up by it: from here on the refund is owed.
    pub(super) fn let_go(
        &mut self,
        ticket: Ticket,
        entry: &RefundEntry,
        approved: RefundApproved,
        now: Now,
    ) -> Result<(), Halt> {
        let (body, operator): (Approved, _) = approved.spend();
        let refund = body.refund.clone();
        let recorded = self.record_refund(&entry.view.attempt, &body, operator, now);
        if !self.is_recorded(ticket, &entry.view.attempt, recorded)? {
            return Ok(());
        }
        self.debts.add(Owed::Refund(refund.clone()), now.mono);
        self.debts.begin_round(None, now);
        self.refunds.waiting.push((ticket, refund));
        Ok(())
    }

    /// A person who may approve says no.
    pub(super) fn reject_refund(
        &mut self,
        ticket: Ticket,
        refund: RefundId,
        reason: RejectionReason,
        permit: Permit<ApproveRefund>,
        now: Now,
    ) -> Result<(), Halt> {
        let entry = match self.waiting_refund(&refund)? {
            Ok(entry) => entry,
            Err(error) => {
                self.tell(ticket, Err(error));
                return Ok(());
            }
        };
        let body = Rejected { refund: refund.clone(), reason };
        let recorded = self.record_refund(&entry.view.attempt, &body, Some(permit.spend()), now);
        if self.is_recorded(ticket, &entry.view.attempt, recorded)? {
            self.tell_refund(ticket, &refund)?;
        }
        Ok(())
    }

    /// A supervisor says how a stuck refund has ended. Saying it again changes nothing.
    pub(super) fn decide_refund(
        &mut self,
        ticket: Ticket,
        refund: RefundId,
        decision: RefundDecision,
        reason: Option<WrittenReason>,
        operator: String,
        now: Now,
    ) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, &refund)? else {
            self.tell(ticket, Err(ErrorCode::RefundUnknown.into()));
            return Ok(());
        };
        let refused = match (entry.view.state, entry.view.decision) {
            (RefundState::Stuck, Some(decided)) if decided != decision => Some(ErrorCode::AlreadyDecided),
            (RefundState::Stuck, _) => None,
            _ => Some(ErrorCode::NotStuck),
        };
        if let Some(code) = refused {
            self.tell(ticket, Err(refusal(code, &entry)));
            return Ok(());
        }
        if entry.view.decision.is_none() {
            let body = Decided { refund: refund.clone(), decision, reason };
            let recorded = self.record_refund(&entry.view.attempt, &body, Some(operator), now);
            if !self.is_recorded(ticket, &entry.view.attempt, recorded)? {
                return Ok(());
            }
            self.look_for_the_hosts_batch()?;
        }
        self.tell_refund(ticket, &refund)
    }
}
