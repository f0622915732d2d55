//! An attempt, from the order to the moment its caller is told: a sale, and what a void (`void.rs`) shares with it.
//!
//! Guards stand in this order: amount and currency, an attempt that is known, a reader that the dialect wants, a till
//! that is frozen or busy, a journal that could not take everything, one of which the host knows a later state, a batch that the
//! host would change, stuck reversals (where policy says so), debts. With debts open the sale first waits for one
//! round of them. Then the tap, then the host.
//!
//! It never sends before the journal has the fact that it will. Evidence: `tests/payment_flows.rs`.

use crate::clock::{Now, WallMs};
use crate::emv::Tap;
use crate::error::{Error, ErrorCode, Money, Reversal};
use crate::hex::encode_lower;
use crate::ids::{AttemptId, HostCode, OrderNo};
use crate::journal::SideWork;
use crate::money::Amount;
use crate::payment::engine::record::{Refused, destroy_card};
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{NotSent, Opening, Unsent, VoidNotSent};
use crate::payment::exchange::{CardCommand, Output, Ticket};
use crate::payment::ledger::{self, Entry};
use crate::payment::presented::Presented;
use crate::payment::reason::Reason;
use crate::payment::state::State;
use crate::payment::view::{AttemptView, Kind, SaleOrder};
use crate::ports::{Notice, Prompt, READ_NONCE_BYTES};
use crate::session::{Permit, Sell};

/// The attempt in progress.
pub(super) struct Sale {
    pub attempt: AttemptId,
    /// Of a void: the sale.
    pub of: Option<AttemptId>,
    pub amount: Amount,
    pub order: Option<OrderNo>,
    /// Who waits for it.
    pub tickets: Vec<Ticket>,
    /// In whose name.
    pub operator: Option<String>,
    pub began: WallMs,
    pub phase: Phase,
}

/// How far the attempt in progress has come.
pub(super) enum Phase {
    /// Earlier debts are driven first.
    Clearing,
    /// A card is awaited or read.
    Tapping(Box<Tap>),
    /// Somebody else's reader waits for a card or reads it.
    Reading {
        /// What the read must be bound to.
        nonce: [u8; READ_NONCE_BYTES],
    },
    /// The journal has it as prepared; the conversation makes its way to the host.
    Prepared {
        /// What was read, for as long as the request may have to be built again; nothing of a void.
        presented: Option<Presented>,
    },
    /// The request may have left.
    InDoubt(Box<AttemptView>),
}

impl Sale {
    /// What is certain of a sale that may have left.
    pub fn in_doubt_view(&self) -> Option<AttemptView> {
        match &self.phase {
            Phase::InDoubt(view) => Some(view.as_ref().clone()),
            _ => None,
        }
    }

    /// The run is over before anything was sent. Whether the journal kept that it was to be sent is not sure then.
    pub fn stopped_by(&self, error: Error) -> Error {
        let error = error.of_attempt(&self.attempt);
        let unsure = matches!(error.code(), ErrorCode::SyncFailed | ErrorCode::StorageFailed);
        if unsure && matches!(self.phase, Phase::Prepared { .. }) {
            return error.with_standing((Money::NotMoved, Reversal::Required));
        }
        error
    }

    /// Whether the conversation has it, or had it last.
    pub fn is_with_the_host(&self) -> bool {
        matches!(self.phase, Phase::Prepared { .. } | Phase::InDoubt(_))
    }

    fn is_same(&self, order: &SaleOrder) -> bool {
        self.of.is_none() && self.amount == order.amount && self.order == order.order
    }

    /// An attempt of which the journal says nothing yet.
    fn view(&self) -> AttemptView {
        AttemptView {
            kind: if self.of.is_some() { Kind::Void } else { Kind::Sale },
            of: self.of.clone(),
            ..AttemptView::opened(&self.attempt, self.order.clone(), self.amount, self.began)
        }
    }
}

impl Engine {
    pub(super) fn start_sale(
        &mut self,
        ticket: Ticket,
        order: SaleOrder,
        permit: Permit<Sell>,
        now: Now,
    ) -> Result<(), Halt> {
        let admission = self.admit(&order)?;
        self.enter(ticket, admission, || permit.spend(), now);
        Ok(())
    }

    /// Lets an attempt begin, or tells who wants it what became of it.
    pub(super) fn enter(&mut self, ticket: Ticket, admission: Admission, operator: impl FnOnce() -> String, now: Now) {
        match admission {
            Admission::Refused(error) => self.tell(ticket, Err(error)),
            Admission::Known(view) => {
                self.outputs.push(Output::Begun { ticket, attempt: view.attempt.clone() });
                self.tell_end(ticket, *view);
            }
            Admission::Joins => {
                if let Some(sale) = &mut self.sale {
                    sale.tickets.push(ticket);
                    self.outputs.push(Output::Begun { ticket, attempt: sale.attempt.clone() });
                }
            }
            Admission::New(Wanted { attempt, of, amount, order }) => {
                self.outputs.push(Output::Begun { ticket, attempt: attempt.clone() });
                self.sale = Some(Sale {
                    attempt,
                    of,
                    amount,
                    order,
                    tickets: vec![ticket],
                    operator: Some(operator()),
                    began: now.wall,
                    phase: Phase::Clearing,
                });
                self.debts.begin_round(None, now);
            }
        }
    }

    /// The guards, in their documented order.
    fn admit(&mut self, order: &SaleOrder) -> Result<Admission, Halt> {
        if let Err(error) = self.configuration.admits(order.amount) {
            return Ok(Admission::Refused(error));
        }
        if let Err(error) = self.host_admits(order.amount)? {
            return Ok(Admission::Refused(error));
        }
        if let Some(known) = self.admit_known(order)? {
            return Ok(known);
        }
        if self.lacks_its_reader() {
            return Ok(Admission::Refused(ErrorCode::EncryptedReaderMissing.into()));
        }
        if let Some(error) = self.nothing_may_begin()? {
            return Ok(Admission::Refused(error));
        }
        if self.configuration.policy.stuck_blocks_sales {
            let stuck = ledger::entries_in(&self.journal, State::ReversalStuck)?;
            let stuck = stuck.iter().filter(|entry| entry.view.decision.is_none()).count();
            if stuck > 0 {
                let error = Error::from(ErrorCode::ReversalPending).number("stuck", stuck as u64);
                return Ok(Admission::Refused(error));
            }
        }
        Ok(match order.attempt.clone().map_or_else(|| self.mint(), Ok) {
            Ok(attempt) => {
                Admission::New(Wanted { attempt, of: None, amount: order.amount, order: order.order.clone() })
            }
            Err(error) => Admission::Refused(error),
        })
    }

    /// Why no attempt may begin now, whatever it is for.
    pub(super) fn nothing_may_begin(&self) -> Result<Option<Error>, Halt> {
        if let Some(frozen) = self.frozen_refusal() {
            return Ok(Some(frozen));
        }
        if let Some(unfinished) = self.settlement_refusal()? {
            return Ok(Some(unfinished));
        }
        if self.is_occupied() && !self.is_only_telling() {
            return Ok(Some(ErrorCode::TillBusy.into()));
        }
        if let Some(code) = self.leftovers.refusal() {
            return Ok(Some(code.into()));
        }
        if let Some(found) = self.unaccepted()? {
            return Ok(Some(found.error()));
        }
        if let Some(error) = self.batch_refusal()? {
            return Ok(Some(error));
        }
        Ok(self.network_refusal())
    }

    /// An attempt that is in the journal or under way: the same payload is the same sale.
    fn admit_known(&self, order: &SaleOrder) -> Result<Option<Admission>, Halt> {
        let Some(attempt) = &order.attempt else { return Ok(None) };
        let conflict = || Admission::Refused(Error::from(ErrorCode::AttemptConflict).of_attempt(attempt));
        if let Some(sale) = self.sale.as_ref().filter(|sale| sale.attempt == *attempt) {
            return Ok(Some(if sale.is_same(order) { Admission::Joins } else { conflict() }));
        }
        let Some(entry) = ledger::entry(&self.journal, attempt)? else { return Ok(None) };
        let is_same = entry.view.amount == order.amount && entry.view.order == order.order;
        if entry.view.kind != Kind::Sale || !is_same {
            return Ok(Some(conflict()));
        }
        Ok(Some(Admission::Known(Box::new(ledger::shown(&self.journal, entry)?))))
    }

    /// A name of our own: 64 random bits, so that two tills do not meet.
    pub(super) fn mint(&self) -> Result<AttemptId, Error> {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes)?;
        Ok(AttemptId::new(format!("tt-{}", encode_lower(&bytes)))?)
    }

    /// Leaves `Clearing` when the round of debts is over. Says whether anything moved.
    pub(super) fn go_on_with_sale(&mut self, now: Now) -> Result<bool, Halt> {
        let clearing = matches!(&self.sale, Some(Sale { phase: Phase::Clearing, .. }));
        // What the host is being told comes first: that a till is free again, above all.
        if !clearing || self.debts.round_is_open() || self.job.is_some() {
            return Ok(false);
        }
        if self.frozen.is_some() {
            self.stop_for_freeze(now)?; // A reversal's answer has said so meanwhile.
        } else if let Some(found) = self.unaccepted()? {
            self.refuse_sale(found.error()); // A reversal's sign-on has found it meanwhile.
        } else if let Some(error) = self.batch_refusal()? {
            self.refuse_sale(error); // As it may have found the host at another batch.
        } else if let Some(error) = self.debts_refusal(now)? {
            self.refuse_sale(error);
        } else {
            match self.sale.as_ref().and_then(|sale| sale.of.clone()) {
                Some(of) => self.begin_void(&of, now)?,
                None => self.begin_card(now)?,
            }
        }
        Ok(true)
    }

    /// Why what is still owed, after its round, keeps the attempt from beginning.
    fn debts_refusal(&self, now: Now) -> Result<Option<Error>, Halt> {
        let (open, policy) = (self.debts.count() as u64, self.configuration.policy);
        if open == 0 {
            return Ok(None);
        }
        let age_ms = self.oldest_debt_ms(now)?;
        if age_ms > policy.debt_age_max_ms {
            let error = Error::from(ErrorCode::DebtsTooOld).number("debts", open);
            return Ok(Some(error.number("age_ms", age_ms).number("most_ms", policy.debt_age_max_ms)));
        }
        Ok(policy.block_next.then(|| Error::from(ErrorCode::ReversalPending).number("debts", open)))
    }

    pub(super) fn opening(&self, sale: &Sale, now: Now) -> Opening {
        Opening { amount: sale.amount, order: sale.order.clone(), host_day: self.civil(now.wall).day_text() }
    }

    /// Ends a sale of which the journal knows nothing, or no more than that it was prepared.
    pub(super) fn end_unsent(&mut self, reason: Reason, tap: &str, now: Now) -> Result<(), Halt> {
        self.end_unsent_with(None, reason, tap, now)
    }

    /// The same, with the code by which the host refused the sign-on.
    pub(super) fn end_unsent_with(
        &mut self,
        host_code: Option<HostCode>,
        reason: Reason,
        tap: &str,
        now: Now,
    ) -> Result<(), Halt> {
        let Some(sale) = &self.sale else { return Ok(()) };
        let attempt = sale.attempt.clone();
        let prepared = matches!(sale.phase, Phase::Prepared { .. });
        let opening = self.opening(sale, now);
        let recorded = match sale.of.clone().filter(|_| !prepared) {
            Some(of) => self.record(&attempt, &VoidNotSent { opening, of, reason, host_code }, SideWork::None, now),
            None => {
                let was = if prepared { Unsent::Prepared } else { Unsent::Unknown(opening) };
                let body = NotSent { was, reason, tap: tap.to_owned(), host_code };
                self.record(&attempt, &body, destroy_card(&attempt), now)
            }
        };
        match recorded {
            Ok(()) => self.finish_sale(),
            Err(Refused::NotWritten(code)) => {
                if prepared {
                    self.leftovers.end_unsent(attempt.clone(), reason, now);
                }
                self.refuse_sale(Error::from(code).of_attempt(&attempt));
                Ok(())
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// Tells everybody who waits for the sale what the journal says of it now.
    pub(super) fn finish_sale(&mut self) -> Result<(), Halt> {
        let Some(attempt) = self.sale.as_ref().map(|sale| sale.attempt.clone()) else { return Ok(()) };
        // The sale stays until there is something to tell: a journal that cannot be read tells what is certain.
        let view = self.view(&attempt)?;
        let (Some(sale), Some(view)) = (self.sale.take(), view) else { return Ok(()) };
        self.notice(Notice::Show(prompt_of(view.state)));
        for ticket in sale.tickets {
            planted!(
                ToldTwice,
                if view.reason == Some(Reason::Cancelled) {
                    self.tell_end(ticket, view.clone());
                }
            );
            self.tell_end(ticket, view.clone());
        }
        Ok(())
    }

    /// Tells the end of a sale: an outcome, or the error that kept it from being sent.
    fn tell_end(&mut self, ticket: Ticket, view: AttemptView) {
        let error = view.reason.filter(|_| view.state == State::NotSent).and_then(Reason::error_code);
        match error {
            Some(code) => {
                let found = (code == ErrorCode::JournalRolledBack).then(|| self.rolled_back().ok().flatten()).flatten();
                let error = found.map_or_else(|| code.into(), |found| found.error());
                let error = error.of_attempt(&view.attempt).at_sequence(view.journal.sequence);
                let error = view.host_code.iter().fold(error, Error::with_host_code);
                self.tell(ticket, Err(error));
            }
            None => self.tell_view(ticket, view),
        }
    }

    /// Ends a sale without a word in the journal: nothing of it happened.
    pub(super) fn refuse_sale(&mut self, error: Error) {
        if let Some(sale) = self.sale.take() {
            let error = if error.attempt().is_some() { error } else { error.of_attempt(&sale.attempt) };
            for ticket in sale.tickets {
                self.tell(ticket, Err(error.clone()));
            }
        }
    }

    /// Ends the attempt if that is still possible. Always answers.
    pub(super) fn cancel(&mut self, ticket: Ticket, attempt: &AttemptId, now: Now) -> Result<(), Halt> {
        if self.cancel_refund_tap(attempt, ticket)? {
            return Ok(());
        }
        let ours = self.sale.as_ref().is_some_and(|sale| sale.attempt == *attempt);
        if !ours {
            let refusal = match ledger::entry(&self.journal, attempt)? {
                None => Error::from(ErrorCode::AttemptUnknown),
                Some(entry) => cancel_refusal(&entry),
            };
            self.tell(ticket, Err(refusal.of_attempt(attempt)));
            return Ok(());
        }
        if !self.may_still_be_cancelled(now) {
            self.tell(ticket, Err(Error::from(ErrorCode::TooLateToCancel).of_attempt(attempt)));
            return Ok(());
        }
        if let Some(sale) = &mut self.sale {
            sale.tickets.push(ticket);
        }
        self.let_the_card_go();
        self.end_unsent(Reason::Cancelled, "none", now)
    }

    /// The reader waits no longer for the card of the attempt in progress.
    pub(super) fn let_the_card_go(&mut self) {
        let phase = self.sale.as_ref().map(|sale| &sale.phase);
        let (is_tapping, is_reading) =
            (matches!(phase, Some(Phase::Tapping(_))), matches!(phase, Some(Phase::Reading { .. })));
        if is_tapping || is_reading {
            self.outputs.push(Output::Card(CardCommand::Release));
        }
        if is_tapping {
            self.outputs.push(Output::Notice(Notice::FieldOff { hold_ms: 0 }));
        }
    }

    /// Whether no byte of the sale in progress has left; takes the request back from the conversation.
    pub(super) fn may_still_be_cancelled(&mut self, now: Now) -> bool {
        match self.sale.as_ref().map(|sale| &sale.phase) {
            Some(Phase::Clearing | Phase::Tapping(_) | Phase::Reading { .. }) => true,
            Some(Phase::Prepared { .. }) => self.conversation.withdraw(now) != crate::acquirer::Withdrawal::TooLate,
            Some(Phase::InDoubt(_)) | None => false,
        }
    }

    /// How an attempt stands. Always answers.
    pub(super) fn status(&mut self, ticket: Ticket, attempt: &AttemptId) -> Result<(), Halt> {
        let view = match self.view(attempt)? {
            Some(view) => Some(view),
            None => self.sale.as_ref().filter(|sale| sale.attempt == *attempt).map(Sale::view),
        };
        match view {
            Some(view) => self.tell_view(ticket, view),
            None => self.tell(ticket, Err(Error::from(ErrorCode::AttemptUnknown).of_attempt(attempt))),
        }
        Ok(())
    }
}

/// What the guards say.
pub(super) enum Admission {
    /// Not now, and why.
    Refused(Error),
    /// It happened already.
    Known(Box<AttemptView>),
    /// It is happening.
    Joins,
    /// It may begin.
    New(Wanted),
}

/// An attempt that may begin.
pub(super) struct Wanted {
    pub attempt: AttemptId,
    /// Of a void: the sale.
    pub of: Option<AttemptId>,
    pub amount: Amount,
    pub order: Option<OrderNo>,
}

fn cancel_refusal(entry: &Entry) -> Error {
    let state = entry.view.state;
    let code = if state.is_final() { ErrorCode::AttemptAlreadyFinished } else { ErrorCode::TooLateToCancel };
    Error::from(code).with_standing(entry.standing()).word("state", state.word())
}

fn prompt_of(state: State) -> Prompt {
    match state {
        State::Approved => Prompt::Approved,
        State::Declined => Prompt::NotAuthorised,
        _ => Prompt::Clear,
    }
}
