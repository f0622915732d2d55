//! Refunds as people see them: asked for, listed, approved, rejected, expired, decided.
//!
//! Guards of a request stand in this order: a refund that is known by the caller's name, a frozen till, a settlement that
//! is not finished, a journal that the host knows further, a batch that the host would change, an amount of nothing, the
//! sale (named by attempt, order, reference number or receipt), how it stands, its currency, the shop's rules (window,
//! verification), the dialect, what is left of the sale, the connection. What was guarded is journalled before anybody
//! is told, and the fold counts again.
//!
//! It never lets a refund out without a [`RefundApproved`]. Evidence: `tests/refund_rules.rs` (one row a refusal).

use crate::account::{RefundRules, Verification, shop_policy};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::hex::encode_lower;
use crate::ids::{AttemptId, RefundId};
use crate::iso8583::Op;
use crate::journal::SideWork;
use crate::payment::engine::record::Refused;
use crate::payment::engine::refund_original::is_named;
use crate::payment::engine::void::not_standing;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::Body;
use crate::payment::exchange::Ticket;
use crate::payment::ledger::Entry;
use crate::payment::refund::events::Requested;
use crate::payment::refund::ledger::{self, RefundEntry};
use crate::payment::refund::policy::{check_window, expires_at, is_left_to_the_host, rules_for};
use crate::payment::refund::state::RefundState;
use crate::payment::refund::{RefundApproved, RefundRequest, RefundVerified};
use crate::payment::state::State;
use crate::payment::view::{AttemptView, Decision, Kind};
use crate::session::Permit;
use crate::session::actions::RequestRefund;

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

    pub(super) fn frozen_for_refunds(&self) -> Option<Error> {
        planted!(FrozenRefunds, return None);
        self.frozen_refusal()
    }

    /// Why nothing is given back now, whatever it is of.
    pub(super) fn nothing_goes_back(&self) -> Result<Option<Error>, Halt> {
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
    pub(super) fn connected(&self, has_network: bool) -> Result<(), Error> {
        if !has_network {
            return Err(ErrorCode::RefundNeedsConnection.into());
        }
        self.network_refusal().map_or(Ok(()), Err)
    }

    pub(super) fn dialect_has_refunds(&self) -> Result<(), Error> {
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

    pub(super) fn is_free_for_refunds(&self) -> Result<(), Error> {
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

    /// The request, if it still waits.
    pub(super) fn waiting_refund(&self, refund: &RefundId) -> Result<Result<RefundEntry, Error>, Halt> {
        let Some(entry) = ledger::entry(&self.journal, refund)? else {
            return Ok(Err(ErrorCode::RefundUnknown.into()));
        };
        Ok(match entry.view.state {
            RefundState::Waiting => Ok(entry),
            RefundState::Expired => Err(refusal(ErrorCode::RefundExpired, &entry)),
            state => Err(refusal(ErrorCode::RefundNotWaiting, &entry).word("state", state.word())),
        })
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
    pub(super) fn is_recorded(
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

/// An error about one refund, whose money stands as its state says.
pub(super) fn refusal(code: ErrorCode, entry: &RefundEntry) -> Error {
    Error::from(code).of_attempt(&entry.view.attempt).with_standing(entry.view.state.standing())
}

/// Only what the host has booked, and has not taken back, can be given back; of what is stuck, what a supervisor has
/// decided that the customer is charged for.
pub(super) fn may_be_refunded(sale: &Entry) -> Result<(), Error> {
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
