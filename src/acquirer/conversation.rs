//! The conversation with the host as a state machine without I/O.
//!
//! The driver's loop: 1. give it an input (`request`, `link`, `synced`, `withdraw`); 2. call `poll` and do what
//! the step says; 3. repeat 2 until it says `Sleep`; 4. wait for the next input or the given time; 5. go to 1.
//! A request ends in exactly one of three: not sent (proven), in doubt, answered. A connection starts with a
//! sign-on or an echo, never with a payment, and a payment's bytes leave only after `synced`.
//!
//! It never retries a financial message, and never takes keys that are not durable.
//! Evidence: `conversation/tests.rs`, and for each operation `conversation/tests/operation_tests.rs`; the states and
//! their legal inputs are in `state.rs`.

mod heard;
mod said;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::acquirer::delivery::{Delivery, DoubtCause, NotSentCause, OutOfTurn, Step, Withdrawal};
use crate::acquirer::keys::KeySet;
use crate::acquirer::link::{LinkEvent, LinkFault};
use crate::acquirer::state::{Line, State};
use crate::clock::Now;
use crate::ids::{BatchNo, MerchantId, Stan, TerminalId};
use crate::iso8583::{Dialect, Op, Side, Values};
use crate::paycrypto::{KeyError, MasterKey};
use crate::secret::SecretBytes;

/// What a conversation is set up with.
pub struct Setup {
    /// The agreed dialect.
    pub dialect: Arc<Dialect>,
    /// This till's terminal id.
    pub terminal: TerminalId,
    /// This till's merchant id.
    pub merchant: MerchantId,
    /// The terminal master key, as `paycrypto::MasterKey` takes it.
    pub master_key: SecretBytes,
    /// What `SignedOn::keys` gave last, if anything; a set that does not open is as good as none.
    pub kept_keys: Option<SecretBytes>,
    /// The open batch.
    pub batch: BatchNo,
    /// How long to wait for things.
    pub pace: Pace,
}

/// How long a conversation waits, in milliseconds. How long for an answer is the dialect's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// For a connection to stand, look-up and TLS included.
    pub connect_ms: u64,
    /// Before an unused connection is closed.
    pub idle_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { connect_ms: 10_000, idle_ms: 20_000 }
    }
}

/// One message that is sent on demand. `values` holds what the dialect's templates name; terminal id, merchant id and the
/// time of transmission are filled in where they are missing.
pub struct Request {
    /// Anything but a sign-on, which the conversation makes by itself.
    pub op: Op,
    /// Its STAN, as in `values`.
    pub stan: Stan,
    /// What it carries.
    pub values: Values,
    /// Whether it has been sent before: then it carries the dialect's mark of a repeat, where it has one.
    pub is_repeat: bool,
}

/// The conversation of one till with its acquirer's host.
///
/// Inputs: [`request`](Self::request), [`withdraw`](Self::withdraw), [`link`](Self::link),
/// [`synced`](Self::synced), [`demand_sign_on`](Self::demand_sign_on). Output: [`poll`](Self::poll), to be called
/// after each input until it says `Sleep`.
pub struct Conversation {
    dialect: Arc<Dialect>,
    terminal: TerminalId,
    merchant: MerchantId,
    batch: BatchNo,
    master_key: MasterKey,
    keys: Option<KeySet>,
    /// Whether the host has shown in this run that it has the same keys.
    keys_are_proven: bool,
    pace: Pace,
    control_stan: Stan,
    sign_on_demanded: bool,
    /// Whether the network that the device is on is good for keys.
    keys_are_admitted: bool,
    requests_are_admitted: bool,
    /// Accepted and not packed yet.
    queued: Option<Request>,
    state: State,
    /// What `poll` says before it looks at the state.
    said: VecDeque<Step>,
}

/// Echo and sign-on take their STANs from up here, where no batch's payments arrive.
const CONTROL_STAN_FIRST: u32 = 990_000;

impl Conversation {
    /// A conversation that has said nothing yet.
    ///
    /// # Errors
    /// [`KeyError`] when the master key has not the length of one.
    pub fn new(setup: Setup) -> Result<Self, KeyError> {
        let master_key = MasterKey::new(setup.master_key.expose())?;
        let keys = setup.kept_keys.and_then(|kept| KeySet::reopen(&master_key, &kept));
        Ok(Self {
            dialect: setup.dialect,
            terminal: setup.terminal,
            merchant: setup.merchant,
            batch: setup.batch,
            master_key,
            keys,
            keys_are_proven: false,
            pace: setup.pace,
            control_stan: Stan::new(CONTROL_STAN_FIRST).expect("the constant is within 1 to 999999"),
            sign_on_demanded: false,
            keys_are_admitted: true,
            requests_are_admitted: true,
            queued: None,
            state: State::Down,
            said: VecDeque::new(),
        })
    }

    /// Asks for one message to be sent. Its end is delivered. An operation that the dialect does not have ends as
    /// not sent, before any connection is asked for.
    ///
    /// # Errors
    /// [`OutOfTurn`] while another has not ended, and for a sign-on.
    pub fn request(&mut self, request: Request) -> Result<(), OutOfTurn> {
        if self.is_busy() || request.op == Op::SignOn {
            return Err(self.out_of_turn("request"));
        }
        if self.dialect.row(request.op).is_none() {
            self.deliver(Delivery::NotSent(NotSentCause::OperationNotInDialect));
            return Ok(());
        }
        self.queued = Some(request);
        Ok(())
    }

    /// Takes back a request whose bytes have not been handed over: it was cancelled, or the journal could not
    /// make its `Sync` durable. A withdrawn request is not spoken of again.
    pub fn withdraw(&mut self, now: Now) -> Withdrawal {
        if self.queued.take().is_some() {
            return Withdrawal::Withdrawn;
        }
        match self.take_state() {
            State::Unsynced { line, .. } | State::Unsent { line, .. } => {
                self.become_ready(line, now);
                Withdrawal::Withdrawn
            }
            waiting @ State::Waiting { .. } => {
                self.state = waiting;
                Withdrawal::TooLate
            }
            other => {
                self.state = other;
                Withdrawal::NothingThere
            }
        }
    }

    /// Lets a sign-on precede the next request, whether or not there are working keys.
    pub fn demand_sign_on(&mut self) {
        self.sign_on_demanded = true;
    }

    /// Whether keys may go over the network that the device is on. Where they may not, a certificate is not asked for,
    /// and what needs a sign-on is not sent.
    pub fn admit_keys(&mut self, are_admitted: bool) {
        self.keys_are_admitted = are_admitted;
    }

    /// Whether anything may go over the network that the device is on. Where nothing may, a connection ends, unless what
    /// has left over it waits for its answer; nothing more leaves over that one.
    pub fn admit_requests(&mut self, are_admitted: bool) {
        self.requests_are_admitted = are_admitted;
        if !are_admitted && self.state.is_idle_on_a_line() {
            self.hang_up(NotSentCause::Link(LinkFault::NetworkRefused));
        }
    }

    /// Whether the next request is preceded by a sign-on.
    #[must_use]
    pub fn needs_keys(&self) -> bool {
        self.sign_on_is_due()
    }

    /// The batch that echo and sign-on name from now on.
    pub fn set_batch(&mut self, batch: BatchNo) {
        self.batch = batch;
    }

    /// Whether a request has not ended yet.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let in_state = matches!(self.state, State::Unsynced { .. } | State::Unsent { .. } | State::Waiting { .. });
        self.queued.is_some() || in_state
    }

    /// What the connection did. A deadline that has passed counts first, whatever the driver was told later.
    ///
    /// # Errors
    /// [`OutOfTurn`] where the event cannot happen in this state; it is then ignored.
    pub fn link(&mut self, event: LinkEvent<'_>, now: Now) -> Result<(), OutOfTurn> {
        self.expire(now);
        match event {
            LinkEvent::Connected => self.connected(now),
            LinkEvent::NotConnected(fault) => self.not_connected(fault),
            LinkEvent::Received(bytes) => self.received(bytes, now),
            LinkEvent::Broken(fault) => self.broken(fault),
        }
    }

    /// The last `Sync` step, or the last delivered `SignedOn`, is durable.
    ///
    /// # Errors
    /// [`OutOfTurn`] when nothing waits for it.
    pub fn synced(&mut self, now: Now) -> Result<(), OutOfTurn> {
        match self.take_state() {
            State::Unsynced { line, flight, frame } => self.state = State::Unsent { line, flight, frame },
            State::KeysUnsynced { line, keys, batch } => {
                self.keys = Some(keys);
                self.keys_are_proven = true;
                self.sign_on_demanded = false;
                self.batch = batch.unwrap_or(self.batch);
                self.become_ready(line, now);
            }
            other => {
                self.state = other;
                return Err(self.out_of_turn("synced"));
            }
        }
        Ok(())
    }

    /// What to do now. Call it after each input until it says `Sleep`.
    pub fn poll(&mut self, now: Now) -> Step {
        self.expire(now);
        loop {
            if let Some(step) = self.said.pop_front() {
                return step;
            }
            if let Some(step) = self.advance(now) {
                return step;
            }
        }
    }

    /// One move of the state that needs no input. `None` when it moved and there may be something to say.
    fn advance(&mut self, now: Now) -> Option<Step> {
        let asleep = |until| Some(Step::Sleep { until });
        match self.take_state() {
            State::Down if self.queued.is_some() => {
                self.state = State::Connecting { give_up_at: now.mono.after_ms(self.pace.connect_ms) };
                Some(Step::Connect)
            }
            State::Down => asleep(None),
            State::Connecting { .. } if self.queued.is_none() => Some(Step::Disconnect), // It was withdrawn.
            State::Connecting { give_up_at } => {
                self.state = State::Connecting { give_up_at };
                asleep(Some(give_up_at))
            }
            State::Greeting { line, control, frame } => {
                let answer_by = self.answer_by(control.op, now);
                self.state = State::Proving { line, control, answer_by };
                Some(Step::Send(frame))
            }
            State::Proving { line, control, answer_by } => {
                self.state = State::Proving { line, control, answer_by };
                asleep(Some(answer_by))
            }
            State::Ready { line, close_at } => match self.queued.take() {
                Some(request) => {
                    self.leave_with(line, request, now);
                    None
                }
                None => {
                    self.state = State::Ready { line, close_at };
                    asleep(Some(close_at))
                }
            },
            State::Unsent { line, flight, frame } => {
                let answer_by = self.answer_by(flight.op, now);
                self.state = State::Waiting { line, flight, answer_by };
                Some(Step::Send(frame))
            }
            State::Waiting { line, flight, answer_by } => {
                self.state = State::Waiting { line, flight, answer_by };
                asleep(Some(answer_by))
            }
            durable @ (State::KeysUnsynced { .. } | State::Unsynced { .. }) => {
                self.state = durable;
                asleep(None)
            }
        }
    }

    /// Lets a deadline that has passed have its effect.
    fn expire(&mut self, now: Now) {
        match self.take_state() {
            State::Connecting { give_up_at } if give_up_at <= now.mono => {
                self.hang_up(NotSentCause::Link(LinkFault::ConnectTimedOut));
            }
            State::Proving { answer_by, .. } if answer_by <= now.mono => self.hang_up(NotSentCause::HostSilent),
            State::Ready { close_at, .. } if close_at <= now.mono => self.said.push_back(Step::Disconnect),
            State::Waiting { mut line, flight, answer_by } if answer_by <= now.mono => {
                self.deliver(Delivery::InDoubt(DoubtCause::NoAnswer));
                if line.went_silent(flight) {
                    self.said.push_back(Step::Disconnect);
                } else {
                    self.become_ready(line, now);
                }
            }
            other => self.state = other,
        }
    }

    fn connected(&mut self, now: Now) -> Result<(), OutOfTurn> {
        if !matches!(self.state, State::Connecting { .. }) {
            return Err(self.out_of_turn("connected"));
        }
        let line = Line::new(self.dialect.frame().deframer(Side::Answer));
        let op = if self.sign_on_is_due() { Op::SignOn } else { Op::Echo };
        self.greet(line, op, now);
        Ok(())
    }

    fn not_connected(&mut self, fault: LinkFault) -> Result<(), OutOfTurn> {
        if !matches!(self.state, State::Connecting { .. }) {
            return Err(self.out_of_turn("not_connected"));
        }
        self.state = State::Down;
        self.fail_queued(NotSentCause::Link(fault));
        Ok(())
    }

    fn broken(&mut self, fault: LinkFault) -> Result<(), OutOfTurn> {
        match self.take_state() {
            state @ (State::Down | State::Connecting { .. }) => {
                self.state = state;
                return Err(self.out_of_turn("broken"));
            }
            // The request has not met this connection yet, and may have a new one.
            State::Ready { .. } => {}
            State::Greeting { .. } | State::Proving { .. } => self.fail_queued(NotSentCause::Link(fault)),
            // The host has already changed keys: sign on again, or the next MAC is wrong.
            State::KeysUnsynced { .. } => {
                self.sign_on_demanded = true;
                self.fail_queued(NotSentCause::Link(fault));
            }
            State::Unsynced { .. } | State::Unsent { .. } => {
                self.deliver(Delivery::NotSent(NotSentCause::Link(fault)));
            }
            State::Waiting { .. } => self.deliver(Delivery::InDoubt(DoubtCause::ConnectionLost(fault))),
        }
        Ok(())
    }

    fn become_ready(&mut self, line: Line, now: Now) {
        self.state = State::Ready { line, close_at: now.mono.after_ms(self.pace.idle_ms) };
    }

    /// Ends the connection, and with it whatever waits for one.
    fn hang_up(&mut self, cause: NotSentCause) {
        self.state = State::Down;
        self.said.push_back(Step::Disconnect);
        self.fail_queued(cause);
    }

    fn fail_queued(&mut self, cause: NotSentCause) {
        if self.queued.take().is_some() {
            self.deliver(Delivery::NotSent(cause));
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        self.said.push_back(Step::Deliver(delivery));
    }

    /// The state by value; whoever takes it puts the next one in its place, or means `Down`.
    fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Down)
    }

    fn out_of_turn(&self, input: &'static str) -> OutOfTurn {
        OutOfTurn { state: self.state.word(), input }
    }
}

#[cfg(test)]
mod tests;
