//! Refunds as people see them: asked for, listed, approved, rejected, expired, decided.
//!
//! Guards of a request stand in this order: a refund that is known by the caller's name, a frozen till, a settlement that
//! is not finished, a journal that the host knows further, a batch that the host would change, an amount of nothing, the
//! sale (named by attempt, order, reference number or receipt), how it stands, its currency, the shop's rules (window,
//! verification), the dialect, what is left of the sale, the connection. What was guarded is journalled before anybody
//! is told, and the fold counts again.
//!
//! It never lets a refund out without a [`RefundApproved`]. Evidence: `tests/refund_rules.rs` (one row a refusal).

use crate::account::{RefundRules, Verification, WrittenReason, shop_policy};
use crate::clock::{Now, WallMs};
use crate::error::{Error, ErrorCode};
use crate::hex::encode_lower;
use crate::ids::{AttemptId, RefundId};
use crate::iso8583::Op;
use crate::journal::{JournalError, SideWork};
use crate::payment::engine::debts::Owed;
use crate::payment::engine::record::Refused;
use crate::payment::engine::refund_original::is_named;
use crate::payment::engine::void::not_standing;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::Body;
use crate::payment::exchange::{Reply, Ticket};
use crate::payment::ledger::{self as attempts, Entry, LIST_MAX};
use crate::payment::refund::events::{Approved, Decided, Expired, Printed, Rejected, Requested};
use crate::payment::refund::ledger::{self, RefundEntry};
use crate::payment::refund::policy::{check_window, expires_at, is_left_to_the_host, rules_for};
use crate::payment::refund::state::RefundState;
use crate::payment::refund::{
    RefundApproved, RefundDecision, RefundQuery, RefundRequest, RefundVerified, RefundView, RejectionReason, appointed,
};
use crate::payment::state::State;
use crate::payment::view::{AttemptView, Decision, Kind, ReceiptCopy};
use crate::session::Permit;
use crate::session::actions::{ApproveRefund, PrintReceipt, RequestRefund};

/// What the engine remembers of refunds between two inputs; the rest is in the journal.
#[derive(Default)]
pub(super) struct Desk {
    /// Who waits for the host's word on which refund.
    waiting: Vec<(Ticket, RefundId)>,
    /// When the next request expires. Nothing where none waits.
    next_expiry: Option<WallMs>,
}

/// A request that passed all guards.
pub(super) struct Admitted {
    pub sale: AttemptView,
    pub rules: RefundRules,
    pub request: RefundRequest,
}

impl Engine {
    /// Somebody asks for a refund. Told when it waits for its approval; where the rules leave it to the host, when the
    /// host has had its turn.
    pub(super) fn request_refund(
        &mut self,
        ticket: Ticket,
        request: RefundRequest,
        permit: Permit<RequestRefund>,
        has_network: bool,
        now: Now,
    ) -> Result<(), Halt> {
        let operator = permit.spend();
        if let Some(known) = self.known_refund(&request)? {
            return self.answer_again(ticket, known, has_network, now);
        }
        let admitted = match self.admit_refund(request, has_network, now)? {
            Ok(admitted) => admitted,
            Err(error) => {
                self.tell(ticket, Err(error));
                return Ok(());
            }
        };
        match admitted.rules.verification {
            Verification::CardAgain => self.ask_for_the_card(ticket, admitted, operator, now),
            Verification::Signature => {
                self.record_request(ticket, &admitted, RefundVerified::SignsVoucher, operator, now)
            }
            Verification::None | Verification::Pin => {
                self.record_request(ticket, &admitted, RefundVerified::Nothing, operator, now)
            }
        }
    }

    /// A refund of this name that is in the journal: the same payload is the same refund.
    pub(super) fn known_refund(&self, request: &RefundRequest) -> Result<Option<Result<RefundEntry, Error>>, Halt> {
        let Some(refund) = &request.refund else { return Ok(None) };
        let Some(entry) = ledger::entry(&self.journal, refund)? else { return Ok(None) };
        let sale = self.view(&entry.view.attempt)?;
        let is_same = entry.view.amount == request.amount && sale.is_some_and(|sale| is_named(&sale, &request.of));
        Ok(Some(if is_same { Ok(entry) } else { Err(refusal(ErrorCode::RefundConflict, &entry)) }))
    }

    /// Tells how a refund stands that was asked for before. One that was to go out at once, and whose till stopped in
    /// between, goes out now.
    pub(super) fn answer_again(
        &mut self,
        ticket: Ticket,
        known: Result<RefundEntry, Error>,
        has_network: bool,
        now: Now,
    ) -> Result<(), Halt> {
        let entry = match known {
            Ok(entry) => entry,
            Err(conflict) => {
                self.tell(ticket, Err(conflict));
                return Ok(());
            }
        };
        if entry.view.state != RefundState::Waiting {
            return self.tell_refund(ticket, &entry.view.refund);
        }
        match self.admit_host_approval(&entry, has_network)? {
            Ok(Some(approved)) => self.let_go(ticket, &entry, approved, now),
            Ok(None) => self.tell_refund(ticket, &entry.view.refund),
            Err(error) => {
                self.tell(ticket, Err(error.of_attempt(&entry.view.attempt)));
                Ok(())
            }
        }
    }

    /// The approval by the host, where the rules leave the refund to it and it may go out now.
    fn admit_host_approval(
        &self,
        entry: &RefundEntry,
        has_network: bool,
    ) -> Result<Result<Option<RefundApproved>, Error>, Halt> {
        let Some((sale, rules)) = self.sale_and_rules(entry)? else { return Ok(Ok(None)) };
        let Some(approved) = RefundApproved::by_host(&entry.view, &rules) else { return Ok(Ok(None)) };
        if let Some(error) = self.nothing_goes_back()? {
            return Ok(Err(error));
        }
        Ok(self.may_go_out(&sale, has_network).map(|()| Some(approved)))
    }

    /// The guards, in their documented order.
    pub(super) fn admit_refund(
        &self,
        request: RefundRequest,
        has_network: bool,
        now: Now,
    ) -> Result<Result<Admitted, Error>, Halt> {
        if let Some(error) = self.nothing_goes_back()? {
            return Ok(Err(error));
        }
        if request.amount.minor() == 0 {
            return Ok(Err(ErrorCode::AmountZero.into()));
        }
        let sale = match self.sale_to_refund(&request.of)? {
            Ok(sale) => sale,
            Err(error) => return Ok(Err(error)),
        };
        let policy = shop_policy(&self.journal).map_err(Halt)?.refunds;
        let rules = rules_for(&policy, &sale.view);
        let allowed = may_be_refunded(&sale)
            .and_then(|()| same_currency(&sale, &request))
            .and_then(|()| check_window(&rules, &sale.view, now.wall))
            .and_then(|()| can_verify(&rules))
            .and_then(|()| self.dialect_has_refunds())
            .and_then(|()| self.is_within(&sale, &request))
            .and_then(|()| self.connected(has_network))
            .and_then(|()| self.is_free_for(&rules, &request));
        let attempt = sale.view.attempt.clone();
        Ok(allowed.map(|()| Admitted { sale: sale.view, rules, request }).map_err(|error| error.of_attempt(&attempt)))
    }

    fn frozen_for_refunds(&self) -> Option<Error> {
        planted!(FrozenRefunds, return None);
        self.frozen_refusal()
    }

    /// Why nothing is given back now, whatever it is of.
    fn nothing_goes_back(&self) -> Result<Option<Error>, Halt> {
        if let Some(frozen) = self.frozen_for_refunds() {
            return Ok(Some(frozen));
        }
        if let Some(unfinished) = self.settlement_refusal()? {
            return Ok(Some(unfinished));
        }
        // A journal that was put back may have forgotten that it is back already.
        if let Some(found) = self.unaccepted()? {
            return Ok(Some(found.error()));
        }
        self.batch_refusal()
    }

    /// What goes back of this sale, or may yet go, in minor units.
    pub(super) fn held_of(&self, attempt: &AttemptId) -> Result<u64, Halt> {
        Ok(ledger::sums(&self.journal, attempt)?.held_minor)
    }

    /// Money goes back only over a network, and only over one that may be used.
    fn connected(&self, has_network: bool) -> Result<(), Error> {
        if !has_network {
            return Err(ErrorCode::RefundNeedsConnection.into());
        }
        self.network_refusal().map_or(Ok(()), Err)
    }

    fn dialect_has_refunds(&self) -> Result<(), Error> {
        let row = self.dialect.row(Op::Refund);
        row.map(|_| ()).ok_or_else(|| Error::from(ErrorCode::OperationNotInDialect).word("operation", "refund"))
    }

    /// All refunds of a sale together give back no more than it captured.
    fn is_within(&self, sale: &Entry, request: &RefundRequest) -> Result<(), Error> {
        let held = ledger::sums(&self.journal, &sale.view.attempt)?.held_minor;
        planted!(RefundSumUnchecked, return Ok(()));
        let left = sale.view.amount.minor().saturating_sub(held);
        if request.amount.minor() <= left {
            return Ok(());
        }
        let error = Error::from(ErrorCode::RefundExceedsCapturedAmount).with_standing(sale.standing());
        Err(error.number("left_minor", left))
    }

    /// Whoever waits for the host, or for a card, must not wait for a customer at the same till.
    fn is_free_for(&self, rules: &RefundRules, request: &RefundRequest) -> Result<(), Error> {
        let goes_on_at_once =
            is_left_to_the_host(rules, request.amount) || rules.verification == Verification::CardAgain;
        if goes_on_at_once { self.is_free_for_refunds() } else { Ok(()) }
    }

    fn is_free_for_refunds(&self) -> Result<(), Error> {
        let is_free = self.waits_for_debts() && self.refund_tap.is_none();
        if is_free { Ok(()) } else { Err(ErrorCode::TillBusy.into()) }
    }

    /// Records the request, and lets it go where the rules leave that to the host.
    pub(super) fn record_request(
        &mut self,
        ticket: Ticket,
        admitted: &Admitted,
        verified: RefundVerified,
        operator: String,
        now: Now,
    ) -> Result<(), Halt> {
        let Admitted { sale, rules, request } = admitted;
        let refund = match request.refund.clone().map_or_else(|| self.mint_refund(), Ok) {
            Ok(refund) => refund,
            Err(error) => {
                self.tell(ticket, Err(error));
                return Ok(());
            }
        };
        let body = Requested {
            refund: refund.clone(),
            amount: request.amount,
            captured: sale.amount,
            verification: rules.verification,
            verified,
            expires_ms: expires_at(rules, now.wall),
        };
        let recorded = self.record_refund(&sale.attempt, &body, Some(operator), now);
        if !self.is_recorded(ticket, &sale.attempt, recorded)? {
            return Ok(());
        }
        self.note_expiry(body.expires_ms);
        let Some(entry) = ledger::entry(&self.journal, &refund)? else { return Ok(()) };
        match RefundApproved::by_host(&entry.view, rules) {
            Some(approved) => self.let_go(ticket, &entry, approved, now),
            None => self.tell_refund(ticket, &refund),
        }
    }

    /// A name of our own: 64 random bits, so that two tills do not meet.
    fn mint_refund(&self) -> Result<RefundId, Error> {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes)?;
        Ok(RefundId::new(format!("rf-{}", encode_lower(&bytes)))?)
    }

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
    fn sale_and_rules(&self, entry: &RefundEntry) -> Result<Option<(Entry, RefundRules)>, Halt> {
        let Some(sale) = attempts::entry(&self.journal, &entry.view.attempt)? else { return Ok(None) };
        let policy = shop_policy(&self.journal).map_err(Halt)?.refunds;
        let rules = rules_for(&policy, &sale.view);
        Ok(Some((sale, rules)))
    }

    /// Whether a refund that was asked for may still go out, now.
    fn may_go_out(&self, sale: &Entry, has_network: bool) -> Result<(), Error> {
        may_be_refunded(sale)?;
        self.connected(has_network)?;
        self.is_free_for_refunds()
    }

    /// Records the approval, which is used up by it: from here on the refund is owed.
    fn let_go(&mut self, ticket: Ticket, entry: &RefundEntry, approved: RefundApproved, now: Now) -> Result<(), Halt> {
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

    /// The request, if it still waits.
    fn waiting_refund(&self, refund: &RefundId) -> Result<Result<RefundEntry, Error>, Halt> {
        let Some(entry) = ledger::entry(&self.journal, refund)? else {
            return Ok(Err(ErrorCode::RefundUnknown.into()));
        };
        Ok(match entry.view.state {
            RefundState::Waiting => Ok(entry),
            RefundState::Expired => Err(refusal(ErrorCode::RefundExpired, &entry)),
            state => Err(refusal(ErrorCode::RefundNotWaiting, &entry).word("state", state.word())),
        })
    }

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

    fn note_expiry(&mut self, at: WallMs) {
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

    fn tell_refund(&mut self, ticket: Ticket, refund: &RefundId) -> Result<(), Halt> {
        let Some(entry) = ledger::entry(&self.journal, refund)? else { return Ok(()) };
        let view = ledger::shown(&self.journal, entry)?;
        self.tell(ticket, Ok(Reply::Refund(Box::new(view))));
        Ok(())
    }

    /// Records one event of a refund, in whose name.
    pub(super) fn record_refund<B: Body>(
        &mut self,
        attempt: &AttemptId,
        body: &B,
        operator: Option<String>,
        now: Now,
    ) -> Result<(), Refused> {
        self.journal.append(body.draft(Some(attempt), operator), SideWork::None, now)?;
        Ok(())
    }

    /// Whether an event was recorded; whoever asked is told if not.
    fn is_recorded(
        &mut self,
        ticket: Ticket,
        attempt: &AttemptId,
        recorded: Result<(), Refused>,
    ) -> Result<bool, Halt> {
        match recorded {
            Ok(()) => Ok(true),
            Err(Refused::NotWritten(code)) => {
                self.tell(ticket, Err(Error::from(code).of_attempt(attempt)));
                Ok(false)
            }
            Err(Refused::Over(halt)) => {
                self.tell(ticket, Err(halt.0.clone().of_attempt(attempt)));
                Err(halt)
            }
        }
    }
}

impl Desk {
    /// Whoever waits for this refund.
    fn take(&mut self, refund: &RefundId) -> Vec<Ticket> {
        let (theirs, others) = std::mem::take(&mut self.waiting).into_iter().partition(|(_, of)| of == refund);
        self.waiting = others;
        let theirs: Vec<(Ticket, RefundId)> = theirs;
        theirs.into_iter().map(|(ticket, _)| ticket).collect()
    }
}

/// An error about one refund, whose money stands as its state says.
fn refusal(code: ErrorCode, entry: &RefundEntry) -> Error {
    Error::from(code).of_attempt(&entry.view.attempt).with_standing(entry.view.state.standing())
}

/// Only what the host has booked, and has not taken back, can be given back; of what is stuck, what a supervisor has
/// decided that the customer is charged for.
fn may_be_refunded(sale: &Entry) -> Result<(), Error> {
    let is_charged = sale.view.kind == Kind::Sale
        && sale.view.state == State::ReversalStuck
        && sale.view.decision == Some(Decision::Charged);
    let code = if is_charged { None } else { not_standing(&sale.view) };
    let Some(code) = code else { return Ok(()) };
    let error = Error::from(code).with_standing(sale.standing());
    Err(error.word("kind", sale.view.kind.word()).word("state", sale.view.state.word()))
}

fn same_currency(sale: &Entry, request: &RefundRequest) -> Result<(), Error> {
    let is_same = sale.view.amount.currency() == request.amount.currency();
    if is_same { Ok(()) } else { Err(ErrorCode::RefundCurrencyDiffers.into()) }
}

/// There is no way yet in which a cardholder could enter a PIN.
fn can_verify(rules: &RefundRules) -> Result<(), Error> {
    match rules.verification {
        Verification::Pin => Err(Error::from(ErrorCode::VerificationNotAvailable).word("verification", "pin")),
        Verification::None | Verification::Signature | Verification::CardAgain => Ok(()),
    }
}
