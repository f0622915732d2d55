//! A till with the people at it: who is signed in, what they may do, and what there is only meanwhile.
//!
//! [`Till`] is one state machine without I/O around the journal and the payment engine. Unlocked, it has an engine, a
//! session and the vault's keys; locked, signed out or unclaimed it has the locked journal and nothing else.
//!
//! | it is | it takes |
//! |---|---|
//! | unclaimed | its state, claiming |
//! | signed out | its state, signing in, recovering, signing out, freezing |
//! | locked | the same, and unlocking |
//! | signed in | everything but claiming, unlocking and recovering, as the role permits; signing in is a switch |
//!
//! A lock, an idle time or a session's end that meets a sale or a derivation waits for its end; debts hold nothing up.
//! Every step is journalled before anybody is told; what cannot be told apart by a crash is so that money is safe.
//!
//! It never waits, reads a clock or holds a key while it is locked. Evidence: `tests/people_states.rs`,
//! `tests/people_kills.rs`.

mod biometric;
mod certificate;
mod claim;
mod enter;
mod events;
mod evidence;
mod exchange;
mod flow;
mod freeze;
mod freeze_told;
mod gate;
mod host_mark;
mod incident;
mod keys;
mod leave;
mod leaving;
mod network;
mod open;
mod operators;
mod passwords;
mod record;
mod refunds;
mod schedule;
mod statement;
mod tell;
mod view;
mod words;
mod work;

use std::collections::VecDeque;
use std::sync::Arc;

pub use events::folds;
pub use evidence::{EvidenceReply, EvidenceStep};
pub use exchange::{Ask, Input, NetworkCommand, Output, ProofOf, Reply};
pub use leaving::{Advice, Erased, ExitItem, ExitStep, ExitView, StepState, erasure_certificates};
pub use network::NetworkView;
pub use open::{inspect, provision};
pub use statement::{StatementReply, StatementStep};
pub use view::{Biometric, NewOperator, OperatorView, RecoveryCode, SessionView, Standing, TillState};
pub use words::MessageView;
pub use work::{Derive, Recognised, Recognition, Work};

use crate::account::{Configuration, Judgement};
use crate::acquirer::HostMark;
use crate::clock::{MonoMs, Now};
use crate::error::{Error, ErrorCode};
use crate::ids::OperatorName;
use crate::incident::freeze::FreezeView;
use crate::journal::{CheckpointReason, Draft, JournalError, LockedJournal, SideWork, Waiting};
use crate::payment::{self, Engine, Matters, Ticket};
use crate::ports::{BiometricKey, DeviceKeys, Entropy, FaultPlan, Notice, Posture};
use crate::session::actions::ViewPayments;
use crate::session::{self, Session};
use crate::till::certificate::CertificateCare;
use crate::till::events::Why;
use crate::till::flow::Flow;
use crate::till::freeze_told::FreezeCare;
use crate::till::record::Trouble;
use crate::till::schedule::Schedule;
use crate::till::tell::Tellings;
use crate::vault::Opened;

/// One till.
pub struct Till {
    at: At,
    device_keys: Arc<dyn DeviceKeys>,
    entropy: Arc<dyn Entropy>,
    faults: Arc<dyn FaultPlan>,
    /// Where fingers or faces are recognised, and how often it was asked.
    sensor: Option<Arc<dyn BiometricKey>>,
    recognitions: u64,
    /// What network the device is on, as it was said last, and whether a connection waits for it to be said.
    posture: Posture,
    connection_waits: bool,
    has_encrypted_reader: bool,
    /// What waits for a derivation: one thing at a time.
    flow: Option<Flow>,
    /// Who waits for the till to be locked, while a sale is in progress.
    lock_wishes: Vec<Ticket>,
    /// What is to be journalled at the next sign-in, because there was no key or no room for it.
    owed: Vec<Draft>,
    /// A freeze that holds and is not recorded, because there was no room for it.
    unrecorded: Option<FreezeView>,
    /// Whether it was said that the session ends soon.
    ending_announced: bool,
    /// What the host is to be told, and has said.
    tellings: Tellings,
    /// What people wish while it is told of a freeze.
    put_off: VecDeque<(Ticket, Ask)>,
    /// When the engine wants to be woken: it stands until the engine is asked again, whatever else happens.
    engine_alarm: Option<MonoMs>,
    /// Until when rows are not sealed anew, because there was no room for it.
    sealing_rests: Option<MonoMs>,
    /// Set when nothing more can be done in this run.
    stopped: Option<Error>,
    outputs: Vec<Output>,
}

/// Where a till is in its life.
enum At {
    Unclaimed {
        journal: LockedJournal,
        configuration: Arc<Configuration>,
    },
    Closed {
        journal: LockedJournal,
        left: Left,
    },
    Open(Box<Open>),
    /// Between two of them, and after a failure that ends the run.
    Gone,
}

/// How a till was left.
enum Left {
    SignedOut,
    Locked(Session),
}

/// What there is only while somebody is signed in.
struct Open {
    engine: Engine,
    session: Session,
    opened: Opened,
    configuration: Arc<Configuration>,
    /// The rule for checkpoints, and the size up to which it was kept.
    checkpoint_every: u64,
    looked_at: u64,
    /// The rule for settling by itself.
    schedule: Schedule,
    /// Another certificate, where one is owed.
    certificate: CertificateCare,
    /// What the acquirer is to be told of a freeze.
    freeze_care: FreezeCare,
    /// What the host said of this till last.
    host_mark: Option<HostMark>,
    /// How the network was judged last in this session.
    judged: Option<Judgement>,
}

impl Till {
    /// Takes one input and says what to do about it.
    #[must_use]
    pub fn handle(&mut self, input: Input<'_>, now: Now) -> Vec<Output> {
        if let Some(error) = self.stopped.clone() {
            if let Input::Ask { ticket, .. } = input {
                self.tell(ticket, Err(error.clone()));
            }
            self.outputs.push(Output::Stopped(error));
            return std::mem::take(&mut self.outputs);
        }
        let done = self.mind_the_session(now).and_then(|()| self.take(input, now)).and_then(|()| self.work(now));
        match done {
            // A step that was cut off between two states left none.
            Ok(()) if matches!(self.at, At::Gone) && self.stopped.is_none() => self.stop(ErrorCode::TillFailed.into()),
            Ok(()) => self.set_the_alarm(now),
            Err(trouble) => self.stop(trouble.into_error()),
        }
        std::mem::take(&mut self.outputs)
    }

    /// Ends the run: whoever waits for a payment that may have left is told that it is in doubt. Close the till
    /// afterwards.
    #[must_use]
    pub fn farewell(&mut self) -> Vec<Output> {
        if let At::Open(open) = &mut self.at {
            let outputs = open.engine.farewell();
            self.pass_on(outputs);
        }
        std::mem::take(&mut self.outputs)
    }

    /// Signs out whoever is signed in and closes the journal.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn close(mut self, now: Now) -> Result<(), Error> {
        match std::mem::replace(&mut self.at, At::Gone) {
            At::Open(open) => {
                let operator = open.session.operator().clone();
                let mut journal = open.engine.into_journal();
                match journal.append(events::signed_out(&operator, Why::Closed), SideWork::None, now) {
                    // What could not be said now is found by the next sign-in.
                    Ok(_) | Err(JournalError::DiskFull | JournalError::Locked | JournalError::Entropy) => {}
                    Err(error) => return Err(error.into()),
                }
                self.sign_the_head(&mut journal, CheckpointReason::SignOut, &operator, now)
                    .map_err(Trouble::into_error)?;
                Ok(journal.close()?)
            }
            At::Unclaimed { .. } | At::Closed { .. } | At::Gone => Ok(()),
        }
    }

    fn take(&mut self, input: Input<'_>, now: Now) -> Result<(), Trouble> {
        match input {
            Input::Ask { ticket, ask } => self.ask(ticket, ask, now),
            Input::Derived { key, took_ms } => self.derived(key, took_ms, now),
            Input::Recognised(said) => self.recognised(said, now),
            // Nobody waits for an answer to this.
            Input::Taken { .. } if self.may::<ViewPayments>(now).is_err() => Ok(()),
            Input::Taken { attempt } => self.pay(payment::Input::Taken { attempt }, now),
            Input::Card(event) => self.pay(payment::Input::Card(event), now),
            Input::Read(read) => self.pay(payment::Input::Read(read), now),
            Input::Link(event) => self.pay(payment::Input::Link(event), now),
            Input::Network { posture } => self.network_is(posture, now),
            Input::Touch => {
                self.touch(now);
                Ok(())
            }
            Input::Tick => self.pay(payment::Input::Tick, now),
        }
    }

    /// Hands an input to the engine, if there is one. What comes while there is none is the tail of what was.
    fn pay(&mut self, input: payment::Input<'_>, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let outputs = open.engine.handle(input, now);
        self.pass_on(outputs);
        Ok(())
    }

    /// Does what can be done without another input: a lock that was put off, keys that are being changed.
    fn work(&mut self, now: Now) -> Result<(), Trouble> {
        self.record_the_freeze(now)?;
        self.go_on_telling(now)?;
        self.take_up_wishes(now)?;
        self.tell_of_the_freeze(now)?;
        self.ask_for_certificate(now)?;
        self.settle_on_time(now)?;
        self.seal_anew(now)?;
        self.sign_now_and_then(now)?;
        self.verify_on(now)?;
        self.mind_the_session(now)
    }

    /// The engine's outputs, as the till's own.
    fn pass_on(&mut self, outputs: Vec<payment::Output>) {
        use payment::Output as P;
        self.engine_alarm = None;
        for output in outputs {
            let Some(output) = self.keep_own(output) else { continue };
            let output = match output {
                P::Card(command) => Output::Card(command),
                P::Link(command) => self.command_link(command),
                P::Notice(notice) => Output::Notice(notice),
                P::Begun { ticket, attempt } => Output::Begun { ticket, attempt },
                P::Tell { ticket, result } => {
                    let result = result.map(|reply| self.reply(reply));
                    Output::Tell { ticket, result }
                }
                P::WakeAt(at) => {
                    self.engine_alarm = Some(at);
                    continue;
                }
                P::Marked(_) | P::Word(_) => unreachable!("it is the till's own"),
                P::Stopped(error) => {
                    self.stopped = Some(error.clone());
                    Output::Stopped(error)
                }
            };
            self.outputs.push(output);
        }
    }

    fn reply(&self, reply: payment::Reply) -> Reply {
        match (reply, &self.at) {
            (payment::Reply::Receipt { view, printed_before }, At::Open(open)) => {
                Reply::Receipt { view, printed_before, configuration: Arc::clone(&open.configuration) }
            }
            (reply, _) => self.voucher(reply),
        }
    }

    /// One alarm for everything, after all else: the engine's own, the session's end, and keys being changed.
    fn set_the_alarm(&mut self, now: Now) {
        let mut times = Vec::new();
        if let At::Open(open) = &self.at {
            times.extend(self.engine_alarm);
            times.extend(self.next_settlement(now));
            let is_quiet = !open.engine.is_occupied() && self.flow.as_ref().is_none_or(Flow::is_at_the_platform);
            times.extend(open.freeze_care.next_try().filter(|_| is_quiet));
            times.extend(open.certificate.next_try().filter(|_| !open.engine.is_occupied()));
            if open.engine.journal().is_resealing() && !self.is_busy() {
                times.push(self.sealing_rests.unwrap_or(now.mono));
            }
            if self.is_verifying() && !self.is_busy() {
                times.push(now.mono);
            }
            // A session that has ended waits for the sale, which has alarms of its own.
            if open.session.standing(now) == session::Standing::Live {
                let ends = open.session.ends_at();
                times.push(if self.ending_announced { ends } else { leave::announcement_before(ends, now) });
            }
        }
        if let Some(at) = times.into_iter().min()
            && self.stopped.is_none()
        {
            self.outputs.push(Output::WakeAt(at));
        }
    }

    /// Whether a lock has to wait: a sale is in progress, or a password is being looked at.
    fn is_busy(&self) -> bool {
        self.flow.as_ref().is_some_and(|flow| !flow.is_at_the_platform())
            || matches!(&self.at, At::Open(open) if open.engine.is_occupied() && !self.only_tells_by_itself(&open.engine))
    }

    /// Whether nothing is done but that the till tells something by itself, which waits for another time where somebody
    /// wants to leave.
    fn only_tells_by_itself(&self, engine: &Engine) -> bool {
        self.tellings.is_of_nobody() && engine.is_only_telling()
    }

    /// What of the payments is not finished. What the till tells by itself keeps nobody.
    fn matters(&self, engine: &Engine) -> Result<Matters, Error> {
        let mut matters = engine.matters()?;
        if self.only_tells_by_itself(engine) {
            matters.under_way.clear();
        }
        Ok(matters)
    }

    /// Everything that it says of itself: what a state is never asked for inside is looked up.
    fn whole_state(&mut self, now: Now) -> Result<TillState, Trouble> {
        let biometric = self.biometric(now)?;
        let is_rolled_back = match &self.at {
            At::Open(open) => open.engine.rolled_back()?.is_some(),
            _ => false,
        };
        let frozen = self.frozen();
        Ok(TillState { biometric, is_rolled_back, frozen, ..self.state(now) })
    }

    fn state(&self, now: Now) -> TillState {
        let of = |session: &Session| (Some(session.operator().clone()), Some(session.role()));
        let (standing, (operator, role)) = match &self.at {
            At::Unclaimed { .. } => (Standing::Unclaimed, (None, None)),
            At::Closed { left: Left::Locked(session), .. } if session.standing(now) != session::Standing::Over => {
                (Standing::Locked, of(session))
            }
            At::Closed { .. } | At::Gone => (Standing::SignedOut, (None, None)),
            At::Open(open) => (Standing::SignedIn, of(&open.session)),
        };
        let locks_in_ms = match &self.at {
            At::Open(open) => Some(open.session.left_ms(now)),
            _ => None,
        };
        let (biometric, is_rolled_back) = (Biometric::Absent, false);
        let (waiting, settlement_missed) = (self.waiting(), self.missed_settlement(now));
        let network = match &self.at {
            At::Open(open) => open.judged,
            _ => None,
        };
        TillState {
            standing,
            operator,
            role,
            waiting,
            locks_in_ms,
            settlement_missed,
            biometric,
            is_rolled_back,
            frozen: None,
            network,
        }
    }

    fn waiting(&self) -> Option<u64> {
        let told = match &self.at {
            At::Unclaimed { .. } => return Some(0),
            At::Closed { journal, .. } => journal.waiting(&*self.device_keys),
            At::Open(open) => return Some(open.engine.waiting()),
            At::Gone => return None,
        };
        match told {
            Ok(Waiting::Known(waiting)) => Some(waiting),
            Ok(Waiting::Unknown) | Err(_) => None,
        }
    }

    /// Why nothing of the journal is to be had now.
    fn shut(&self, now: Now) -> Error {
        match self.state(now).standing {
            Standing::Unclaimed => ErrorCode::TillUnclaimed.into(),
            standing => Error::from(ErrorCode::TillLocked).word("state", standing.word()),
        }
    }

    /// A person has done something.
    fn touch(&mut self, now: Now) {
        if let At::Open(open) = &mut self.at {
            open.session.touch(now);
            self.ending_announced = false;
        }
    }

    fn operator(&self) -> Option<OperatorName> {
        match &self.at {
            At::Open(open) => Some(open.session.operator().clone()),
            _ => None,
        }
    }

    fn tell(&mut self, ticket: Ticket, result: Result<Reply, Error>) {
        self.outputs.push(Output::Tell { ticket, result });
    }

    fn announce(&mut self, standing: Standing) {
        self.outputs.push(Output::Notice(Notice::Till { standing: standing.word() }));
    }

    /// Ends the run: whoever waits for a password to be looked at is told, whoever else waits by the engine.
    fn stop(&mut self, error: Error) {
        let told = self.abandon_tellings();
        let waiting = self.flow.take().map(Flow::ticket).into_iter().chain(std::mem::take(&mut self.lock_wishes));
        let waiting = waiting.chain(told).chain(self.put_off.drain(..).map(|(ticket, _)| ticket));
        for ticket in waiting.collect::<Vec<_>>() {
            self.tell(ticket, Err(error.clone()));
        }
        self.outputs.push(Output::Network(NetworkCommand::Disarm));
        self.outputs.push(Output::Stopped(error.clone()));
        self.stopped = Some(error);
    }
}
