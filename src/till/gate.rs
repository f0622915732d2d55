//! Who may ask what, and in which state: each wish finds its permit here, or its refusal.
//!
//! A permit comes from the session, which looks at the role and at the time. A wish that is a person's doing keeps the
//! session from being idle; what a shell asks by itself (state, status, events) does not. A sale whose session has
//! ended meanwhile can still be cancelled.
//!
//! It never decides by itself who may do what. Evidence: `tests/people_states.rs` (every state, every wish),
//! `tests/permissions.rs`.

use std::sync::Arc;

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::payment::{self, SettleCause, Ticket};
use crate::session::actions::{
    AcceptRollBack, Action, ApproveRefund, ChangeOwnPassword, CheckStatement, DecideStuck, Deregister,
    DiscloseEvidence, DownloadParameters, EnrolBiometric, Exit, ExportRecords, FollowEvents, ForceExit, ListOperators,
    MakeCheckpoint, ManageOperators, PrintReceipt, ProveConsistency, ProveRecord, ReadMessage, ReadPublicKey,
    ReleaseFreeze, RenewCertificate, RenewPasswords, ReportLoss, RequestRefund, ResolveDebts, RotateKeys, Sell,
    SetPolicy, Settle, TakePins, TestHost, VerifyJournal, ViewDebts, ViewNetwork, ViewPayments, ViewPolicy, VoidSale,
};
use crate::session::{Permit, Standing};
use crate::till::exchange::{Ask, Reply};
use crate::till::record::Trouble;
use crate::till::refunds::Approver;
use crate::till::{At, Till};

/// What becomes of a wish.
pub(super) enum Answer {
    Now(Reply),
    /// Somebody else tells it.
    Later,
    /// There is no till after this.
    TheLast(Reply, Error),
}

impl Till {
    /// Answers, or sees to it that the answer comes.
    pub(super) fn ask(&mut self, ticket: Ticket, ask: Ask, now: Now) -> Result<(), Trouble> {
        if self.waits_for_the_news(&ask) {
            self.touch(now);
            self.put_off.push_back((ticket, ask));
            return Ok(());
        }
        match self.answer(ticket, ask, now) {
            Ok(Answer::Now(reply)) => self.tell(ticket, Ok(reply)),
            Ok(Answer::Later) => {}
            Ok(Answer::TheLast(reply, over)) => {
                self.tell(ticket, Ok(reply));
                return Err(Trouble::Over(over));
            }
            Err(Trouble::Refused(error)) => self.tell(ticket, Err(error)),
            Err(Trouble::Over(error)) => {
                self.tell(ticket, Err(error.clone()));
                return Err(Trouble::Over(error));
            }
        }
        Ok(())
    }

    fn answer(&mut self, ticket: Ticket, ask: Ask, now: Now) -> Result<Answer, Trouble> {
        if ask.is_at_the_door() {
            self.let_the_platform_go();
        }
        match ask {
            Ask::State => Ok(Answer::Now(Reply::State(self.whole_state(now)?))),
            Ask::Claim { name, password } => self.claim(ticket, name, password),
            Ask::Recover { code, name, password } => self.recover(ticket, &code, name, password, now),
            Ask::SignIn { name, password, new_password } => self.sign_in(ticket, name, &password, new_password, now),
            Ask::Lock => self.lock(ticket, now),
            Ask::Unlock { password } => self.unlock(ticket, &password, now),
            Ask::SignInByBiometric { name } => self.sign_in_by_biometric(ticket, name, now),
            Ask::UnlockByBiometric => self.unlock_by_biometric(ticket, now),
            Ask::SignOut => self.sign_out(now),
            Ask::Freeze { reason, by } => self.freeze(ticket, reason, by, now),
            ask if matches!(self.at, At::Open(_)) => self.inside(ticket, ask, now),
            _ => Err(self.shut(now).into()),
        }
    }

    /// What only somebody who is signed in may wish for.
    fn inside(&mut self, ticket: Ticket, ask: Ask, now: Now) -> Result<Answer, Trouble> {
        match ask {
            Ask::Sale(order) => {
                let permit = self.permit::<Sell>(now)?;
                self.nobody_locks()?;
                self.is_not_going()?;
                self.payment(payment::Input::StartSale { ticket, order, permit }, now)
            }
            Ask::Void(order) => {
                let permit = self.permit::<VoidSale>(now)?;
                self.nobody_locks()?;
                self.is_not_going()?;
                self.payment(payment::Input::StartVoid { ticket, order, permit }, now)
            }
            Ask::Cancel(attempt) => {
                if !self.is_outlived::<Sell>(now) {
                    let _cancelling_needs_no_name = self.permit::<Sell>(now)?;
                }
                self.payment(payment::Input::Cancel { ticket, attempt }, now)
            }
            Ask::Status(attempt) => {
                self.may::<ViewPayments>(now)?;
                self.payment(payment::Input::Status { ticket, attempt }, now)
            }
            Ask::List(query) => {
                let _looking = self.permit::<ViewPayments>(now)?;
                self.payment(payment::Input::List { ticket, query }, now)
            }
            Ask::Resolve => {
                let permit = self.permit::<ResolveDebts>(now)?;
                self.payment(payment::Input::Resolve { ticket, permit }, now)
            }
            Ask::Settle => {
                let permit = self.permit::<Settle>(now)?;
                self.nobody_locks()?;
                let (ticket, cause) = (Some(ticket), SettleCause::Asked);
                self.payment(payment::Input::Settle { ticket, cause, permit }, now)
            }
            Ask::Batch(batch) => {
                self.may::<ViewPayments>(now)?;
                self.payment(payment::Input::Batch { ticket, batch }, now)
            }
            Ask::PrintReceipt(attempt, copy) => {
                let permit = self.permit::<PrintReceipt>(now)?;
                self.payment(payment::Input::PrintReceipt { ticket, attempt, copy, permit }, now)
            }
            Ask::Events { after, limit } => {
                self.may::<FollowEvents>(now)?;
                self.payment(payment::Input::Events { ticket, after, limit }, now)
            }
            Ask::Acknowledge { cursor } => {
                self.may::<FollowEvents>(now)?;
                self.payment(payment::Input::Acknowledge { ticket, cursor }, now)
            }
            Ask::Verify => {
                let _verifying = self.permit::<VerifyJournal>(now)?;
                self.payment(payment::Input::Verify { ticket }, now)
            }
            Ask::AcceptRollBack => {
                let permit = self.permit::<AcceptRollBack>(now)?;
                self.payment(payment::Input::AcceptRollBack { ticket, permit }, now)
            }
            ask => self.see_to(ticket, ask, now),
        }
    }

    /// What concerns debts and the host itself.
    fn see_to(&mut self, ticket: Ticket, ask: Ask, now: Now) -> Result<Answer, Trouble> {
        match ask {
            Ask::Debts => {
                let _looking = self.permit::<ViewDebts>(now)?;
                self.payment(payment::Input::Debts { ticket }, now)
            }
            Ask::Decide { attempt, decision, reason } => {
                let permit = self.permit::<DecideStuck>(now)?;
                self.payment(payment::Input::Decide { ticket, attempt, decision, reason, permit }, now)
            }
            Ask::DecideBatch { batch, decision } => {
                let permit = self.permit::<DecideStuck>(now)?;
                self.payment(payment::Input::DecideBatch { ticket, batch, decision, permit }, now)
            }
            Ask::TestHost => {
                let permit = self.permit::<TestHost>(now)?;
                self.nobody_locks()?;
                self.payment(payment::Input::TestHost { ticket, permit }, now)
            }
            Ask::DownloadParameters => {
                let permit = self.permit::<DownloadParameters>(now)?;
                self.nobody_locks()?;
                self.payment(payment::Input::DownloadParameters { ticket, permit }, now)
            }
            ask => self.give_back(ticket, ask, now),
        }
    }

    /// Nothing begins that somebody who wants to lock the till would have to wait for.
    pub(super) fn nobody_locks(&self) -> Result<(), Trouble> {
        if self.lock_wishes.is_empty() {
            return Ok(());
        }
        Err(Error::from(ErrorCode::TillLocked).word("state", "locked").into())
    }

    /// What concerns refunds.
    fn give_back(&mut self, ticket: Ticket, ask: Ask, now: Now) -> Result<Answer, Trouble> {
        match ask {
            Ask::RequestRefund(request) => {
                let permit = self.permit::<RequestRefund>(now)?;
                self.nobody_locks()?;
                self.is_not_going()?;
                self.request_refund(ticket, request, permit, now)
            }
            Ask::ApproveRefund(refund) => {
                let permit = self.permit::<ApproveRefund>(now)?;
                self.approve_refund(ticket, refund, permit, now)
            }
            Ask::ApproveRefundAs { refund, approver, password } => {
                // Whoever may ask for a refund may hand the till over to whoever may approve it.
                let _handing_over = self.permit::<RequestRefund>(now)?;
                self.approve_refund_as(ticket, Approver { refund, name: approver }, &password, now)
            }
            Ask::RejectRefund { refund, reason } => {
                let permit = self.permit::<ApproveRefund>(now)?;
                self.payment(payment::Input::RejectRefund { ticket, refund, reason, permit }, now)
            }
            Ask::DecideRefund { refund, decision, reason } => {
                let permit = self.permit::<DecideStuck>(now)?;
                self.payment(payment::Input::DecideRefund { ticket, refund, decision, reason, permit }, now)
            }
            Ask::Refunds(query) => {
                let _looking = self.permit::<ViewPayments>(now)?;
                self.payment(payment::Input::Refunds { ticket, query }, now)
            }
            Ask::PrintVoucher(refund, copy) => {
                let permit = self.permit::<PrintReceipt>(now)?;
                self.payment(payment::Input::PrintVoucher { ticket, refund, copy, permit }, now)
            }
            ask => self.manage(ticket, ask, now),
        }
    }

    /// What concerns people, rules and keys, not payments.
    fn manage(&mut self, ticket: Ticket, ask: Ask, now: Now) -> Result<Answer, Trouble> {
        match ask {
            Ask::Configuration => {
                self.may::<ViewPolicy>(now)?;
                let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
                Ok(Answer::Now(Reply::Configuration(Arc::clone(&open.configuration))))
            }
            Ask::ChangePassword { password, new_password } => {
                let permit = self.permit::<ChangeOwnPassword>(now)?;
                self.change_password(ticket, permit, &password, new_password, now)
            }
            Ask::EnrolBiometric { password } => {
                let permit = self.permit::<EnrolBiometric>(now)?;
                self.enrol_biometric(ticket, permit, &password, now)
            }
            Ask::ForgetBiometric => {
                let permit = self.permit::<EnrolBiometric>(now)?;
                self.forget_biometric(permit, now)
            }
            Ask::NewRecoveryCode { password } => {
                let permit = self.permit::<ManageOperators>(now)?;
                self.new_recovery_code(ticket, permit, &password, now)
            }
            Ask::AddOperator(operator) => {
                let permit = self.permit::<ManageOperators>(now)?;
                self.add_operator(ticket, permit, operator, now)
            }
            Ask::Operators => {
                let permit = self.permit::<ListOperators>(now)?;
                self.operators(permit)
            }
            Ask::RemoveOperator { name, rotate } => {
                let permit = self.permit::<ManageOperators>(now)?;
                self.remove_operator(permit, &name, rotate, now)
            }
            Ask::ResetOperator { name, password } => {
                let permit = self.permit::<ManageOperators>(now)?;
                self.reset_operator(ticket, permit, name, password, now)
            }
            Ask::Policy => {
                let permit = self.permit::<ViewPolicy>(now)?;
                self.policy(permit)
            }
            Ask::SetPolicy(policy) => {
                let permit = self.permit::<SetPolicy>(now)?;
                self.set_policy(permit, &policy, now)
            }
            Ask::RenewPasswords => {
                let permit = self.permit::<RenewPasswords>(now)?;
                self.renew_passwords(permit, now)
            }
            Ask::Approvals { name, days } => {
                let permit = self.permit::<ManageOperators>(now)?;
                self.approvals(permit, &name, days, now)
            }
            Ask::ReportLoss { from, to, sends } => {
                let permit = self.permit::<ReportLoss>(now)?;
                self.report_loss(ticket, permit, (from, to), sends, now)
            }
            Ask::Release { second, password } => {
                let permit = self.permit::<ReleaseFreeze>(now)?;
                self.release(ticket, permit, second, &password, now)
            }
            Ask::RotateKeys => {
                let permit = self.permit::<RotateKeys>(now)?;
                self.rotate_keys(permit, now)
            }
            Ask::Network => {
                let permit = self.permit::<ViewNetwork>(now)?;
                self.network(permit, now)
            }
            Ask::TakePins { text } => {
                let permit = self.permit::<TakePins>(now)?;
                self.take_pins(permit, &text, now)
            }
            Ask::ReadMessage { text } => {
                let permit = self.permit::<ReadMessage>(now)?;
                self.read_message(permit, &text, now)
            }
            Ask::RenewCertificate => {
                let permit = self.permit::<RenewCertificate>(now)?;
                self.nobody_locks()?;
                self.renew_certificate(ticket, permit)
            }
            Ask::Checkpoint => {
                let permit = self.permit::<MakeCheckpoint>(now)?;
                self.checkpoint(permit, now)
            }
            Ask::Prove(of) => {
                let permit = self.permit::<ProveRecord>(now)?;
                self.prove(permit, &of, now)
            }
            Ask::Consistency { old_size } => {
                let permit = self.permit::<ProveConsistency>(now)?;
                self.consistency(permit, old_size, now)
            }
            Ask::Statement(step) => {
                let permit = self.permit::<CheckStatement>(now)?;
                self.statement(ticket, permit, step, now)
            }
            Ask::ExitChecklist => {
                let permit = self.permit::<Exit>(now)?;
                self.exit_checklist(permit, now)
            }
            Ask::Exit { force } => {
                let permit = self.permit::<Exit>(now)?;
                let force = match force {
                    Some(reason) => Some((reason, self.permit::<ForceExit>(now)?)),
                    None => None,
                };
                self.exit(permit, force, now)
            }
            Ask::Deregister { second, export } => {
                let permit = self.permit::<Deregister>(now)?;
                self.deregister(ticket, permit, second, export, now)
            }
            Ask::Evidence(step) => {
                let permit = self.permit::<DiscloseEvidence>(now)?;
                self.evidence(permit, step, now)
            }
            Ask::OwnRecords { of, after } => {
                let permit = self.permit::<ExportRecords>(now)?;
                self.own_records(permit, of, after, now)
            }
            Ask::PublicKey => {
                let permit = self.permit::<ReadPublicKey>(now)?;
                self.public_key(permit)
            }
            _ => unreachable!("every other wish is answered before it comes here"),
        }
    }

    /// The engine tells the ticket.
    pub(super) fn payment(&mut self, input: payment::Input<'_>, now: Now) -> Result<Answer, Trouble> {
        self.pay(input, now)?;
        Ok(Answer::Later)
    }

    /// Leave for something that a person does: the till is not idle.
    fn permit<A: Action>(&mut self, now: Now) -> Result<Permit<A>, Trouble> {
        let permit = match &self.at {
            At::Open(open) => open.session.permit::<A>(now)?,
            _ => return Err(self.shut(now).into()),
        };
        self.touch(now);
        Ok(permit)
    }

    /// Leave for something that a shell asks by itself. While a sale outlives its session, it may still look.
    pub(super) fn may<A: Action>(&self, now: Now) -> Result<(), Trouble> {
        match &self.at {
            At::Open(_) if self.is_outlived::<A>(now) => Ok(()),
            At::Open(open) => Ok(open.session.permit::<A>(now).map(drop)?),
            _ => Err(self.shut(now).into()),
        }
    }

    /// Whether a sale goes on after the end of the session of somebody whose role may do this.
    fn is_outlived<A: Action>(&self, now: Now) -> bool {
        let At::Open(open) = &self.at else { return false };
        let has_ended = open.session.standing(now) != Standing::Live;
        has_ended && A::ROW.allows(open.session.role()) && open.engine.is_occupied()
    }
}
