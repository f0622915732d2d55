//! Refunds at a till: who asks, and the second person, who proves who it is while the first stays signed in.
//!
//! A second person's password is looked at as at a sign-in: a guess is spent before the derivation, a wrong one counts
//! towards the lock-out and is journalled, one that is temporary or too old opens nothing. What comes of it is a session
//! of no length at all, which gives one permit and is gone. Whether there is a network is said from outside.
//!
//! It never signs anybody in or out. Evidence: `tests/refund_terminal.rs`.

use std::sync::Arc;

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::{OperatorName, RefundId};
use crate::journal::SideWork;
use crate::payment::{self, RefundRequest, Ticket};
use crate::ports::Posture;
use crate::secret::{Secret, SecretBytes};
use crate::session::actions::{ApproveRefund, RequestRefund};
use crate::session::{Action, Permit, Session};
use crate::till::events;
use crate::till::exchange::Reply;
use crate::till::flow::{Led, Stage, copy};
use crate::till::gate::Answer;
use crate::till::passwords::House;
use crate::till::record::Trouble;
use crate::till::{At, Till};
use crate::vault::{Attempt, Opened, Who};

/// Somebody who says to be an operator who may approve.
pub(super) struct Approver {
    pub refund: RefundId,
    pub name: OperatorName,
}

impl Till {
    pub(super) fn request_refund(
        &mut self,
        ticket: Ticket,
        request: RefundRequest,
        permit: Permit<RequestRefund>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let has_network = self.posture != Posture::Absent;
        self.payment(payment::Input::RequestRefund { ticket, request, permit, has_network }, now)
    }

    pub(super) fn approve_refund(
        &mut self,
        ticket: Ticket,
        refund: RefundId,
        permit: Permit<ApproveRefund>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let has_network = self.posture != Posture::Absent;
        self.payment(payment::Input::ApproveRefund { ticket, refund, permit, has_network }, now)
    }

    /// Looks at a second person's password. A guess is gone before anything is derived.
    pub(super) fn approve_refund_as(
        &mut self,
        ticket: Ticket,
        approver: Approver,
        password: &SecretBytes,
        now: Now,
    ) -> Result<Answer, Trouble> {
        self.not_deriving()?;
        let attempt = self.guess(Who::Operator(&approver.name), now)?;
        let derivation = attempt.derivation().clone();
        self.derive(ticket, copy(password), &derivation, Stage::Approving { approver, attempt });
        Ok(Answer::Later)
    }

    /// The second person's password is right, or not.
    pub(super) fn second_person(
        &mut self,
        ticket: Ticket,
        approver: Approver,
        attempt: Attempt,
        key: Secret<32>,
        now: Now,
    ) -> Result<Led, Trouble> {
        let opened = self.try_guess(attempt, key, now)?;
        let permit: Permit<ApproveRefund> = self.permit_of(&approver.name, &opened, now)?;
        drop(opened);
        let has_network = self.posture != Posture::Absent;
        let refund = approver.refund;
        self.pay(payment::Input::ApproveRefund { ticket, refund, permit, has_network }, now)?;
        Ok(Led::On)
    }

    /// Tells the journal of wrong passwords before, and gives the leave that this person's role has.
    pub(super) fn permit_of<A: Action>(
        &mut self,
        name: &OperatorName,
        opened: &Opened,
        now: Now,
    ) -> Result<Permit<A>, Trouble> {
        self.with_open(now, |till, open| {
            let journal = open.engine.journal_mut();
            till.settle_failures(journal, name, opened, now)?;
            let house = House::of(journal, now)?;
            if let Err(why) = house.age(opened.facts()) {
                journal.append(events::password_due(name, why), SideWork::None, now)?;
                return Err(Error::from(ErrorCode::PasswordMustChange).word("why", why).into());
            }
            let role = opened.facts().role.ok_or(ErrorCode::SignInRefused)?;
            let length = house.policy.session_length();
            Ok(Session::begin(name.clone(), role, length, now).permit::<A>(now)?)
        })
    }

    /// A voucher's reply, with who gives the money back.
    pub(super) fn voucher(&self, reply: payment::Reply) -> Reply {
        match (reply, &self.at) {
            (payment::Reply::Voucher { refund, sale, printed_before }, At::Open(open)) => {
                Reply::Voucher { refund, sale, printed_before, configuration: Arc::clone(&open.configuration) }
            }
            (reply, _) => Reply::Payment(reply),
        }
    }
}
