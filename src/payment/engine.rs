//! The engine: one till's payments, fed one input at a time.
//!
//! The driver's loop: 1. `handle` an input; 2. carry out the outputs in order; 3. wait for the next input, or
//! until the time of `WakeAt` and then `handle` a `Tick`. The engine owns the journal, the conversation and the
//! tap; there is one attempt or job at a time, and one message on the line at a time.
//!
//! Order of care, for every step: journal, then act, then tell. When the journal is unsure, the engine stops
//! and says so; the till must be opened again, and what was owed is found in the journal.
//!
//! It never waits and reads no clock. Evidence: `tests/payment_kills.rs`, `tests/payment_flows.rs`.

use std::sync::Arc;

use crate::account::{Account, Configuration, Judgement, Purpose, Verdict};
use crate::acquirer::{Conversation, Pace, Setup};
use crate::clock::{MonoMs, Now};
use crate::emv::{CaKeys, TerminalData};
use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::iso8583::Dialect;
use crate::journal::{Journal, JournalError};
use crate::payment::exchange::{CardCommand, Input, LinkCommand, Output, Reply, Ticket};
use crate::payment::ledger;
use crate::payment::state::State;
use crate::payment::view::AttemptView;
use crate::ports::{Entropy, Notice, Posture};

mod debts;
mod decide;
mod errand;
mod forward;
mod freeze;
mod host;
mod job;
mod leftovers;
mod matters;
#[cfg(feature = "planted-bugs")]
mod mistakes;
mod questions;
mod read;
mod record;
mod refund;
mod refund_approval;
mod refund_desk;
mod refund_original;
mod refund_tap;
mod reversal;
mod roll_back;
mod sale;
mod settle;
mod sign_on;
mod tap;
mod tell;
mod void;

pub use matters::Matters;

use debts::Debts;
use job::Job;
use leftovers::Leftovers;
use refund_tap::RefundTap;
use sale::Sale;
use settle::SettlementWait;

/// One till's payments.
pub struct Engine {
    journal: Journal,
    configuration: Configuration,
    dialect: Arc<Dialect>,
    terminal_data: Arc<TerminalData>,
    ca_keys: Arc<CaKeys>,
    entropy: Arc<dyn Entropy>,
    /// Whether somebody else's reader is lent to the till.
    has_encrypted_reader: bool,
    conversation: Conversation,
    /// The sale or void in progress, from its acceptance until its caller is told.
    sale: Option<Sale>,
    /// What else is done with the host now; never beside an attempt.
    job: Option<Job>,
    /// The reversals that are owed, with their waits.
    debts: Debts,
    /// What is remembered of refunds between two inputs.
    refunds: refund_desk::Desk,
    /// The refund that waits for the card that paid.
    refund_tap: Option<RefundTap>,
    /// The settlement that is not finished, with its wait.
    settlement: SettlementWait,
    /// Decisions about it that wait for its run to end.
    batch_wishes: Vec<settle::decide::Wish>,
    /// What the journal still has to be told, because it could not take it.
    leftovers: Leftovers,
    /// From where the till is frozen, while it is.
    frozen: Option<&'static str>,
    /// How many messages of told texts went out in this run: each has a trace number of its own.
    told_messages: u32,
    /// What may go over the network that the device is on, as it was judged last.
    network: Judgement,
    /// When the conversation wants to be polled again.
    conversation_wakes: Option<MonoMs>,
    /// Set when nothing more can be done in this run.
    stopped: Option<Error>,
    outputs: Vec<Output>,
}

/// The engine can do no more in this run.
struct Halt(Error);

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Self {
        Self(error.into())
    }
}

impl Engine {
    /// Opens the payments of a provisioned till. What a crash left behind is brought to its state in the table
    /// before this returns; reversals that are owed go out with the first `handle`.
    ///
    /// # Errors
    /// Those of the journal; `configuration_invalid` when the master key is none.
    pub fn open(journal: Journal, account: Account, entropy: Arc<dyn Entropy>, now: Now) -> Result<Self, Error> {
        planted!(StanReused, crate::planted::count_from_one());
        let taken = ledger::taken(&journal)?;
        let conversation = Conversation::new(Setup {
            dialect: account.dialect.clone(),
            terminal: account.configuration.terminal_id.clone(),
            merchant: account.configuration.merchant_id.clone(),
            master_key: account.secrets.master_key()?,
            kept_keys: journal.side_row(sign_on::KEYS_ROW)?,
            batch: taken.batch,
            pace: Pace::default(),
        })
        .map_err(|_| Error::from(ErrorCode::ConfigurationInvalid).word("part", "secrets.master_key_hex"))?;
        let (terminal, merchant) = (&account.configuration.terminal_id, &account.configuration.merchant_id);
        let terminal_data = account.configuration.terminal_data.with_identity(terminal.as_str(), merchant.as_str());
        let mut engine = Self {
            terminal_data: Arc::new(
                terminal_data
                    .map_err(|_| Error::from(ErrorCode::ConfigurationInvalid).word("part", "terminal_data"))?,
            ),
            configuration: account.configuration,
            dialect: account.dialect,
            ca_keys: account.ca_keys,
            journal,
            entropy,
            has_encrypted_reader: false,
            conversation,
            sale: None,
            job: None,
            debts: Debts::default(),
            refunds: refund_desk::Desk::default(),
            refund_tap: None,
            settlement: SettlementWait::default(),
            batch_wishes: Vec::new(),
            leftovers: Leftovers::default(),
            frozen: None,
            told_messages: 0,
            network: Judgement { posture: Posture::Trusted, verdict: Verdict::Allowed },
            conversation_wakes: None,
            stopped: None,
            outputs: Vec::new(),
        };
        engine.take_up(now).map_err(|Halt(error)| error)?;
        Ok(engine)
    }

    /// The same till with somebody else's certified reader at hand, or without. A sale uses it where the dialect
    /// carries its reads, and only there.
    #[must_use]
    pub fn with_encrypted_reader(mut self, is_there: bool) -> Self {
        self.has_encrypted_reader = is_there;
        self
    }

    /// What may go over the network that the device is on, from now on.
    pub fn judge_network(&mut self, judgement: Judgement) {
        self.network = judgement;
        self.conversation.admit_keys(judgement.verdict.admits(Purpose::Keys));
        // Without a network a connection ends by itself.
        let is_there = judgement.posture != Posture::Absent;
        self.conversation.admit_requests(judgement.verdict.admits(Purpose::Requests) || !is_there);
    }

    /// Why nothing new may go out over the network that the device is on. That there is none is found when something goes
    /// out.
    fn network_refusal(&self) -> Option<Error> {
        self.network_refusal_of(self.conversation.needs_keys())
    }

    /// The same of something of which it is known whether it brings or needs keys.
    fn network_refusal_of(&self, is_about_keys: bool) -> Option<Error> {
        let Judgement { posture, verdict } = self.network;
        let code = match verdict {
            _ if posture == Posture::Absent => return None,
            Verdict::Allowed | Verdict::Warned => return None,
            Verdict::RefusedForKeys if !is_about_keys => return None,
            // What to do about it is another thing.
            _ if posture == Posture::ClockWrong => ErrorCode::DeviceClockWrong,
            Verdict::RefusedForKeys => ErrorCode::NetworkRefusedForKeys,
            Verdict::RefusedForAll => ErrorCode::NetworkRefused,
        };
        Some(Error::from(code).word("network", posture.word()))
    }

    /// Takes one input and says what to do about it.
    #[must_use]
    pub fn handle(&mut self, input: Input<'_>, now: Now) -> Vec<Output> {
        if let Some(error) = self.stopped.clone() {
            return refusal(&input, &error).into_iter().chain([Output::Stopped(error)]).collect();
        }
        // What the last input destroyed goes from the log now, when whoever waited for its outcome has been told.
        self.journal.tidy();
        let put_off = self.journal.is_untidy();
        let done = self
            .clear_leftovers(now)
            .and_then(|()| self.expire_refunds(now))
            .and_then(|()| self.take(input, now))
            .and_then(|()| self.work(now));
        match done {
            Ok(()) => self.set_the_alarm(put_off, now),
            Err(Halt(error)) => self.halt(error),
        }
        std::mem::take(&mut self.outputs)
    }

    /// Ends the run: whoever waits for a payment that may have left is told that it is in doubt, whoever else
    /// waits for one `terminal_closed`. Close the engine afterwards.
    #[must_use]
    pub fn farewell(&mut self) -> Vec<Output> {
        if self.stopped.is_none() {
            self.halt(ErrorCode::TerminalClosed.into());
        }
        std::mem::take(&mut self.outputs)
    }

    /// Closes the journal. Whoever still waits is told `terminal_closed` by the driver.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn close(self) -> Result<(), Error> {
        Ok(self.journal.close()?)
    }

    /// The journal, for what is not a payment.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The same, to be written to. Events about attempts are the engine's alone.
    #[must_use]
    pub fn journal_mut(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// The event in which this attempt came to stand as it does; nothing for one that is not known.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn sequence_of(&self, attempt: &AttemptId) -> Result<Option<u64>, Error> {
        let view = self.view(attempt).map_err(|Halt(error)| error)?;
        Ok(view.map(|view| view.journal.sequence))
    }

    /// How many payments wait to be finished.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.debts.count() as u64
    }

    /// Leaves the payments where they are and gives the journal back. A debt on the line is sent again another time;
    /// whoever waits for debts is told this error. Not while the engine is occupied.
    #[must_use]
    pub fn leave(mut self, error: &Error) -> (Vec<Output>, Journal) {
        for ticket in self.debts.abandon_round() {
            self.tell(ticket, Err(error.clone()));
        }
        self.abandon_refunds(error);
        self.abandon_wishes(error);
        self.outputs.push(Output::Card(CardCommand::Release));
        self.outputs.push(Output::Link(LinkCommand::Disconnect));
        (self.outputs, self.journal)
    }

    /// The journal of an engine that has ended.
    #[must_use]
    pub fn into_journal(self) -> Journal {
        self.journal
    }

    /// What the till knows about itself.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    fn take(&mut self, input: Input<'_>, now: Now) -> Result<(), Halt> {
        if self.is_for_a_person_and_the_host(&input) {
            self.put_off_telling(now);
        }
        match input {
            Input::StartSale { ticket, order, permit } => self.start_sale(ticket, order, permit, now),
            Input::StartVoid { ticket, order, permit } => self.start_void(ticket, order, permit, now),
            Input::Cancel { ticket, attempt } => self.cancel(ticket, &attempt, now),
            Input::Status { ticket, attempt } => self.status(ticket, &attempt),
            Input::Settle { ticket, cause, permit } => self.settle(ticket, cause, permit, now),
            Input::Batch { ticket, batch } => self.batch(ticket, batch, now),
            Input::DecideBatch { ticket, batch, decision, permit } => {
                self.decide_batch(ticket, batch, decision, permit);
                Ok(())
            }
            Input::List { ticket, query } => self.list(ticket, &query),
            Input::Resolve { ticket, permit } => self.resolve(ticket, permit, now),
            Input::Debts { ticket } => self.debts_listed(ticket),
            Input::Decide { ticket, attempt, decision, reason, permit } => {
                self.decide(ticket, &attempt, decision, reason, permit, now)
            }
            Input::TestHost { ticket, permit } => {
                self.test_host(ticket, permit, now);
                Ok(())
            }
            Input::DownloadParameters { ticket, permit } => {
                self.download_parameters(ticket, permit, now);
                Ok(())
            }
            Input::StatementPage { ticket, day, page, permit } => {
                self.statement_page(ticket, permit, (day, page), now);
                Ok(())
            }
            Input::Tell { ticket, telling } => {
                self.tell_host(ticket, telling, now);
                Ok(())
            }
            Input::Verify { ticket } => self.verify(ticket),
            Input::PrintReceipt { ticket, attempt, copy, permit } => {
                self.print_receipt(ticket, &attempt, copy, permit, now)
            }
            Input::Events { ticket, after, limit } => self.events(ticket, after, limit),
            Input::Acknowledge { ticket, cursor } => self.acknowledge(ticket, cursor),
            Input::AcceptRollBack { ticket, permit } => self.accept_roll_back(ticket, permit, now),
            Input::RequestRefund { ticket, request, permit, has_network } => {
                self.request_refund(ticket, request, permit, has_network, now)
            }
            Input::ApproveRefund { ticket, refund, permit, has_network } => {
                self.approve_refund(ticket, &refund, permit, has_network, now)
            }
            Input::RejectRefund { ticket, refund, reason, permit } => {
                self.reject_refund(ticket, refund, reason, permit, now)
            }
            Input::DecideRefund { ticket, refund, decision, reason, permit } => {
                self.decide_refund(ticket, refund, decision, reason, permit.spend(), now)
            }
            Input::Refunds { ticket, query } => self.list_refunds(ticket, &query),
            Input::PrintVoucher { ticket, refund, copy, permit } => {
                self.print_voucher(ticket, refund, copy, permit, now)
            }
            Input::Freeze { from } => self.freeze(from, now),
            Input::Release => {
                self.frozen = None;
                Ok(())
            }
            Input::Taken { attempt } => self.taken(&attempt, now),
            Input::Card(event) => self.card(event, now),
            Input::Read(read) => self.reader_said(read, now),
            Input::Link(event) => {
                // What comes out of turn is the tail of a connection that is no longer ours.
                let _ignored = self.conversation.link(event, now);
                Ok(())
            }
            Input::Tick => Ok(()),
        }
    }

    /// Whether somebody wants something now that needs the line. What a frozen till refuses needs nothing.
    fn is_for_a_person_and_the_host(&self, input: &Input<'_>) -> bool {
        match input {
            Input::StartSale { .. }
            | Input::StartVoid { .. }
            | Input::RequestRefund { .. }
            | Input::ApproveRefund { .. } => self.frozen.is_none(),
            Input::Settle { .. }
            | Input::Resolve { .. }
            | Input::TestHost { .. }
            | Input::DownloadParameters { .. }
            | Input::StatementPage { .. } => true,
            _ => false,
        }
    }

    /// Does all that can be done without another input.
    fn work(&mut self, now: Now) -> Result<(), Halt> {
        loop {
            self.drain_conversation(now)?;
            let moved = self.go_on_with_sale(now)? || self.go_on_with_job(now)?;
            let moved = moved || self.send_next_debt(now)? || self.go_on_with_settlement(now)?;
            if !moved {
                return Ok(());
            }
        }
    }

    /// Somebody who keeps the journal from being tidied does so until a later input.
    fn set_the_alarm(&mut self, tidying_is_put_off: bool, now: Now) {
        let debt = self.may_pay_debts().then(|| self.debts.next_due()).flatten();
        let tidying = (self.journal.is_untidy() && !tidying_is_put_off).then_some(now.mono);
        let settlement = self.settlement.next_due().filter(|_| !self.is_occupied());
        let times = [self.conversation_wakes, debt, settlement, self.leftovers.next_try(), tidying];
        if let Some(at) = times.into_iter().flatten().min() {
            self.outputs.push(Output::WakeAt(at));
        }
    }

    /// Ends this run: everybody who waits is told, with what is certain of the attempt.
    fn halt(&mut self, error: Error) {
        if let Some(sale) = self.sale.take() {
            let result = match sale.in_doubt_view() {
                Some(view) if error.code() != ErrorCode::StoppedByFaultPlan => Ok(view),
                _ => Err(sale.stopped_by(error.clone())),
            };
            for ticket in sale.tickets {
                self.tell(ticket, result.clone().map(|view| Reply::Attempt(Box::new(view))));
            }
            self.outputs.push(Output::Card(CardCommand::Release));
        }
        self.end_job(Err(error.clone()));
        for ticket in self.debts.abandon_round() {
            self.tell(ticket, Err(error.clone()));
        }
        if self.refund_tap.is_some() {
            self.outputs.push(Output::Card(CardCommand::Release));
        }
        self.abandon_refunds(&error);
        self.abandon_wishes(&error);
        self.outputs.push(Output::Link(LinkCommand::Disconnect));
        self.outputs.push(Output::Stopped(error.clone()));
        self.stopped = Some(error);
    }

    fn tell(&mut self, ticket: Ticket, result: Result<Reply, Error>) {
        self.outputs.push(Output::Tell { ticket, result });
    }

    fn tell_view(&mut self, ticket: Ticket, view: AttemptView) {
        self.tell(ticket, Ok(Reply::Attempt(Box::new(view))));
    }

    fn notice(&mut self, notice: Notice) {
        self.outputs.push(Output::Notice(notice));
    }

    fn announce(&mut self, attempt: &AttemptId, state: State) {
        self.notice(Notice::Attempt { attempt: attempt.to_string(), state: state.word() });
    }

    /// The attempt as the journal has it now.
    fn view(&self, attempt: &AttemptId) -> Result<Option<AttemptView>, Halt> {
        let Some(entry) = ledger::entry(&self.journal, attempt)? else { return Ok(None) };
        Ok(Some(ledger::shown(&self.journal, entry)?))
    }
}

/// What a stopped engine answers to somebody who waits for an answer.
fn refusal(input: &Input<'_>, error: &Error) -> Option<Output> {
    let (ticket, error) = match input {
        Input::StartSale { ticket, .. }
        | Input::StartVoid { ticket, .. }
        | Input::Debts { ticket }
        | Input::Batch { ticket, .. }
        | Input::DecideBatch { ticket, .. }
        | Input::Settle { ticket: Some(ticket), .. }
        | Input::TestHost { ticket, .. }
        | Input::DownloadParameters { ticket, .. }
        | Input::StatementPage { ticket, .. }
        | Input::Tell { ticket, .. }
        | Input::List { ticket, .. }
        | Input::Resolve { ticket, .. }
        | Input::Verify { ticket }
        | Input::AcceptRollBack { ticket, .. }
        | Input::RequestRefund { ticket, .. }
        | Input::ApproveRefund { ticket, .. }
        | Input::RejectRefund { ticket, .. }
        | Input::DecideRefund { ticket, .. }
        | Input::Refunds { ticket, .. }
        | Input::PrintVoucher { ticket, .. }
        | Input::Events { ticket, .. }
        | Input::Acknowledge { ticket, .. } => (*ticket, error.clone()),
        // How this attempt stands is not known any more.
        Input::Cancel { ticket, attempt }
        | Input::Status { ticket, attempt }
        | Input::Decide { ticket, attempt, .. } => (*ticket, error.clone().in_place_of(attempt)),
        Input::PrintReceipt { ticket, attempt, .. } => (*ticket, error.clone().in_place_of(attempt)),
        Input::Settle { ticket: None, .. }
        | Input::Freeze { .. }
        | Input::Release
        | Input::Taken { .. }
        | Input::Card(_)
        | Input::Read(_)
        | Input::Link(_)
        | Input::Tick => return None,
    };
    Some(Output::Tell { ticket, result: Err(error) })
}
