//! The world's refunds: people who ask and approve, rules that change, and what the auditor sees of them.

use taptill::account::{POLICY_CHANGED, RefundRules, ShopPolicy};
use taptill::error::{Error, ErrorCode};
use taptill::ids::{AttemptId, OperatorName, RefundId, Role};
use taptill::journal::{Draft, SideWork};
use taptill::money::Amount;
use taptill::payment::refund::state::RefundState;
use taptill::payment::{
    Input, ReceiptCopy, RefundDecision, RefundOf, RefundPage, RefundQuery, RefundRequest, RefundView, RejectionReason,
    Reply, Ticket,
};
use taptill::session::actions::Action;
use taptill::session::{Permit, Session, SessionLength};

use super::{Caller, World, yuan};
use crate::support::audit::Finding;

/// Leave given by a session of this person's that has just begun.
fn permit_of<A: Action>(name: &str, world: &World) -> Permit<A> {
    let length = SessionLength { idle_ms: 1, full_ms: 1 };
    let session = Session::begin(OperatorName::new(name).unwrap(), Role::Supervisor, length, world.now);
    session.permit(world.now).unwrap()
}

/// A sale by its attempt's name.
pub fn of(attempt: &str) -> RefundOf {
    RefundOf::Attempt(AttemptId::new(attempt).unwrap())
}

impl World {
    /// The rules for both ways of paying are these from now on.
    pub fn refund_rules(&mut self, rules: RefundRules) {
        let mut policy = ShopPolicy::default();
        (policy.refunds.contactless_card, policy.refunds.encrypted_read) = (rules, rules);
        policy.check().unwrap();
        self.note_event(POLICY_CHANGED, "alice", serde_json::to_value(policy).unwrap());
    }

    /// Somebody has added or reset an operator, or become one.
    pub fn note_event(&mut self, kind: &'static str, by: &str, body: serde_json::Value) {
        let operator = Some(by.to_owned());
        let draft = Draft { kind, v: 1, attempt: None, operator, body, may_use_ballast: false };
        let now = self.now;
        let till = self.till.as_mut().expect("the till is open");
        till.journal_mut().append(draft, SideWork::None, now).unwrap();
    }

    /// Carol asks for a refund of this attempt and is told at once, or what the host did.
    pub fn request(&mut self, attempt: &str, minor: u64) -> Result<RefundView, Error> {
        self.request_of(of(attempt), yuan(minor))
    }

    pub fn request_of(&mut self, of: RefundOf, amount: Amount) -> Result<RefundView, Error> {
        let ticket = self.start_request(RefundRequest { refund: None, of, amount }, true);
        self.refund_told(ticket).expect("the process lives")
    }

    /// The same under the caller's own name.
    pub fn request_as(&mut self, name: &str, attempt: &str, minor: u64) -> Option<Result<RefundView, Error>> {
        let refund = Some(RefundId::new(name).unwrap());
        let ticket = self.start_request(RefundRequest { refund, of: of(attempt), amount: yuan(minor) }, true);
        self.refund_told(ticket)
    }

    pub fn start_request(&mut self, request: RefundRequest, has_network: bool) -> Ticket {
        let ticket = self.ticket();
        let permit = permit_of("carol", self);
        self.give(Input::RequestRefund { ticket, request, permit, has_network });
        ticket
    }

    /// What came of it; `None` when the process died on the way.
    pub fn refund_told(&mut self, ticket: Ticket) -> Option<Result<RefundView, Error>> {
        match self.await_caller(ticket) {
            Caller::Told(Ok(Reply::Refund(view))) => Some(Ok(*view)),
            Caller::Told(Err(error)) if error.code() == ErrorCode::StoppedByFaultPlan => None,
            Caller::Told(Err(error)) => Some(Err(error)),
            Caller::Told(Ok(other)) => panic!("a refund is answered with a refund, not {other:?}"),
            Caller::Orphaned => None,
            Caller::Waiting => panic!("the refund never ends"),
        }
    }

    /// This person approves. `None` when the process died on the way.
    pub fn approve(&mut self, refund: &RefundId, name: &str) -> Option<Result<RefundView, Error>> {
        self.approve_with(refund, name, true)
    }

    pub fn approve_with(
        &mut self,
        refund: &RefundId,
        name: &str,
        has_network: bool,
    ) -> Option<Result<RefundView, Error>> {
        let ticket = self.start_approval(refund, name, has_network);
        self.refund_told(ticket)
    }

    /// This person approves, and time does not go on.
    pub fn start_approval(&mut self, refund: &RefundId, name: &str, has_network: bool) -> Ticket {
        let ticket = self.ticket();
        let permit = permit_of(name, self);
        self.give(Input::ApproveRefund { ticket, refund: refund.clone(), permit, has_network });
        ticket
    }

    pub fn reject(&mut self, refund: &RefundId, reason: &str) -> Result<RefundView, Error> {
        let (refund, reason, permit) = (refund.clone(), RejectionReason::new(reason)?, permit_of("alice", self));
        self.refund_asked(|ticket| Input::RejectRefund { ticket, refund, reason, permit })
    }

    pub fn decide_refund(&mut self, refund: &RefundId, decision: RefundDecision) -> Result<RefundView, Error> {
        let (refund, permit) = (refund.clone(), permit_of("alice", self));
        self.refund_asked(|ticket| Input::DecideRefund { ticket, refund, decision, reason: None, permit })
    }

    fn refund_asked(&mut self, input: impl FnOnce(Ticket) -> Input<'static>) -> Result<RefundView, Error> {
        match self.ask(input)? {
            Reply::Refund(view) => Ok(*view),
            other => panic!("{other:?}"),
        }
    }

    pub fn refund_page(&mut self, query: RefundQuery) -> Result<RefundPage, Error> {
        match self.ask(|ticket| Input::Refunds { ticket, query })? {
            Reply::Refunds(page) => Ok(page),
            other => panic!("{other:?}"),
        }
    }

    /// Every refund, oldest first.
    pub fn refunds(&mut self) -> Vec<RefundView> {
        let mut all = self.refund_page(RefundQuery { limit: 100, ..RefundQuery::default() }).unwrap().refunds;
        all.reverse();
        all
    }

    /// How this refund stands.
    pub fn refund(&mut self, refund: &RefundId) -> RefundView {
        self.refunds().into_iter().find(|view| view.refund == *refund).expect("it is in the journal")
    }

    pub fn print_voucher(&mut self, refund: &RefundId, copy: ReceiptCopy) -> Result<u32, Error> {
        let (refund, permit) = (refund.clone(), permit_of("bob", self));
        match self.ask(|ticket| Input::PrintVoucher { ticket, refund, copy, permit })? {
            Reply::Voucher { printed_before, .. } => Ok(printed_before),
            other => panic!("{other:?}"),
        }
    }

    /// What is wrong between the refunds of the till and those in the host's book.
    pub fn judge_refunds(&mut self) -> Vec<Finding> {
        let (refunds, attempts) = (self.refunds(), self.attempts());
        let mut findings = Vec::new();
        let mut say = |text: String| findings.push(Finding(text));
        for view in &refunds {
            let key = view.batch.zip(view.stan).map(|(batch, stan)| (batch.to_string(), stan.to_string()));
            let booked = key.and_then(|key| self.host.refunds.get(&key)).map(|booking| booking.amount_minor);
            let (ours, sends) = (view.state, view.sends);
            match (ours, booked) {
                (RefundState::Acknowledged, Some(minor)) if minor == view.amount.minor() => {}
                (RefundState::Stuck, _) => {}
                (RefundState::Acknowledged, booked) => say(format!("{} is back here, {booked:?} there", view.refund)),
                (_, Some(minor)) => say(format!("{} is {ours} here, and {minor} went back", view.refund)),
                (state, None) if state.is_debt() => say(format!("{} is {state} after {sends} sends", view.refund)),
                (_, None) => {}
            }
        }
        for (key, booking) in &self.host.refunds {
            let is_ours = |view: &&RefundView| {
                view.batch.zip(view.stan).is_some_and(|(batch, stan)| (batch.to_string(), stan.to_string()) == *key)
            };
            if !refunds.iter().any(|view| is_ours(&view)) {
                say(format!(
                    "the host gave {} back for {key:?}, of which the till knows nothing",
                    booking.amount_minor
                ));
            }
        }
        for sale in &attempts {
            let back: u64 = refunds
                .iter()
                .filter(|view| view.attempt == sale.attempt && view.state == RefundState::Acknowledged)
                .map(|view| view.amount.minor())
                .sum();
            if back != sale.refunded_minor || back > sale.amount.minor() {
                say(format!("{} shows {} as given back, and it is {back}", sale.attempt, sale.refunded_minor));
            }
        }
        findings
    }
}
