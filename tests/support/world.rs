//! The world: virtual time, one till, one host, one card.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use taptill::account::{
    self, Account, Configuration, HostAddress, Judgement, Limits, Merchant, NetworkPolicy, PROVISIONING_VERSION,
    PasswordWork, Policy, Provisioning, SecretText, Secrets, Verdict, WrittenReason,
};
use taptill::acquirer::{HostMark, LinkEvent, LinkFault, Telling};
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::emv::{CaKeys, CardEvent, TerminalData};
use taptill::error::{Error, ErrorCode};
use taptill::ids::{AttemptId, BatchNo, MerchantId, OperatorName, OrderNo, Role, TerminalId};
use taptill::iso8583::Dialect;
use taptill::journal::{Journal, JournalError, JournalPorts, Keyring, LockedJournal};
use taptill::money::{Amount, Currency};
use taptill::payment::refund::state::RefundState;
use taptill::payment::{
    self, AttemptView, BatchDecision, BatchView, CardCommand, Decision, Engine, EventPage, Input, LinkCommand,
    ListQuery, Output, Page, ReceiptCopy, Reply, Resolved, RollBack, SaleOrder, SettleCause, Ticket, VoidOrder,
};
use taptill::ports::{
    CardChannel, CardFault, EncryptedRead, Fate, FaultPlan, KillPoint, Moment, Notice, Posture, ReadCvm, ReadRequest,
    ReaderFault,
};
use taptill::secret::Secret;
use taptill::session::actions::Action;
use taptill::session::{Permit, Session, SessionLength};
use taptill_sandbox::card::{self, PresentedCard, SimulatedCard};
use tempfile::TempDir;

use super::device::{MemoryKeys, Plan, Seeded};
use super::host::told::acquirer_key;
use super::host::{Host, MASTER_KEY_HEX, Said};
use super::trace::Trace;

pub mod refunds;

/// 2026-11-22T09:00:00Z, 17:00 at the host's place.
const WALL_START_MS: i64 = 1_795_338_000_000;

/// What a caller was told.
#[derive(Debug)]
pub enum Caller {
    /// Nothing yet.
    Waiting,
    /// The end.
    Told(Result<Reply, Error>),
    /// The process ended while it waited.
    Orphaned,
}

enum Event {
    Link(u64, OwnedLink),
    Card(OwnedCard),
    /// The read that was asked for with this number has returned.
    Read(u64, Result<EncryptedRead, ReaderFault>),
}

enum OwnedLink {
    Connected,
    NotConnected(LinkFault),
    Received(Vec<u8>),
    Broken(LinkFault),
}

enum OwnedCard {
    Found,
    Response(Vec<u8>),
    Lost,
    TimedOut,
}

pub struct World {
    folder: TempDir,
    pub keys: Arc<MemoryKeys>,
    pub entropy: Arc<Seeded>,
    pub plan: Arc<Plan>,
    pub host: Host,
    pub card: SimulatedCard,
    /// Whether the card is held to the reader.
    pub card_is_there: bool,
    tap: Option<Arc<PresentedCard>>,
    /// Whether somebody else's reader is lent to the till.
    pub lends_encrypted_reader: bool,
    /// What that reader gives, next first; a good read where nothing is lined up.
    pub reads: VecDeque<Result<EncryptedRead, ReaderFault>>,
    /// Every read that was asked for.
    pub asked_reads: Vec<ReadRequest>,
    /// The read that is wanted now.
    read_is_wanted: Option<u64>,
    pub now: Now,
    till: Option<Engine>,
    /// From where the till is frozen, as its record would say.
    frozen: Option<&'static str>,
    events: BTreeMap<(u64, u64), Event>,
    event_number: u64,
    line: u64,
    alarm: Option<u64>,
    tickets: u64,
    callers: BTreeMap<u64, Caller>,
    pub notices: Vec<Notice>,
    /// What the host said of the till beside its answers.
    pub marks: Vec<HostMark>,
    /// What came with parameters as the acquirer's word.
    pub words: Vec<Vec<u8>>,
    pub begun: Vec<AttemptId>,
    /// Whether callers take their results at once.
    pub callers_take: bool,
    /// Attempts whose approval a caller was told.
    pub told_approved: Vec<AttemptId>,
    pub stopped: Option<Error>,
    pub trace: Trace,
    /// What the journal's configuration was compiled to when the till was opened first.
    known: Option<Arc<Known>>,
}

/// A compiled configuration. Reading a dialect costs as much as a sale, and a world opens its till often.
struct Known {
    configuration: Configuration,
    dialect: Arc<Dialect>,
    ca_keys: Arc<CaKeys>,
}

/// A provisioned till, to be copied.
struct Template {
    folder: TempDir,
    keys: Arc<MemoryKeys>,
    known: Option<Arc<Known>>,
    dialect: Arc<Dialect>,
}

impl World {
    /// A provisioned till that has never sold, and its host.
    pub fn new(seed: u64) -> Self {
        Self::speaking("iso87", seed)
    }

    /// The same in another dialect.
    pub fn speaking(dialect: &'static str, seed: u64) -> Self {
        static PROVISIONED: Mutex<BTreeMap<&str, Arc<Template>>> = Mutex::new(BTreeMap::new());
        let template =
            PROVISIONED.lock().unwrap().entry(dialect).or_insert_with(|| Arc::new(template(dialect))).clone();
        let mut world = Self::empty(seed, template.dialect.clone());
        world.keys = Arc::new(template.keys.copy());
        world.known = template.known.clone();
        for file in std::fs::read_dir(template.folder.path()).unwrap() {
            copy(&file.unwrap().path(), world.folder.path());
        }
        world.open().unwrap();
        world
    }

    /// A till of this dialect and configuration.
    pub fn with(seed: u64, dialect: &str, change: impl FnOnce(&mut Configuration)) -> Self {
        Self::with_dialect(seed, Dialect::shipped(dialect).unwrap(), change)
    }

    /// The same with a dialect of the test's own.
    pub fn with_dialect(seed: u64, toml: &str, change: impl FnOnce(&mut Configuration)) -> Self {
        let mut world = Self::empty(seed, Arc::new(Dialect::from_toml(toml).unwrap()));
        let mut journal = world.create_journal(&world.path());
        let mut provisioning = provisioning(toml);
        change(&mut provisioning.configuration);
        account::accept(&mut journal, &provisioning, &*world.keys, world.now).unwrap();
        journal.close().unwrap();
        world.open().unwrap();
        world
    }

    fn empty(seed: u64, dialect: Arc<Dialect>) -> Self {
        // Making a card is a hundred signatures' work; one a thread is enough, with its counter at the start.
        thread_local! { static CARD: SimulatedCard = card::named("visa").unwrap(); }
        Self {
            folder: temporary_folder(),
            keys: Arc::default(),
            entropy: Arc::new(Seeded::new(seed)),
            plan: Arc::default(),
            host: Host::new(dialect),
            card: CARD.with(|card| card.clone().counted_to(0)),
            card_is_there: true,
            tap: None,
            lends_encrypted_reader: true,
            reads: VecDeque::new(),
            asked_reads: Vec::new(),
            read_is_wanted: None,
            now: Now { wall: WallMs(WALL_START_MS), mono: MonoMs(0), boot: BootCount(1) },
            till: None,
            frozen: None,
            events: BTreeMap::new(),
            event_number: 0,
            line: 0,
            alarm: None,
            tickets: 0,
            callers: BTreeMap::new(),
            notices: Vec::new(),
            marks: Vec::new(),
            words: Vec::new(),
            begun: Vec::new(),
            callers_take: true,
            told_approved: Vec::new(),
            stopped: None,
            trace: Trace::new(),
            known: None,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    /// A new journal at this path, under the key that is every world's.
    pub fn create_journal(&self, path: &Path) -> Journal {
        let locked = LockedJournal::create(path, self.ports()).unwrap();
        locked.unlock(keyring(), payment::folds()).map_err(|(_, error)| error).unwrap()
    }

    fn open_journal(&self) -> Result<Journal, JournalError> {
        let locked = LockedJournal::open(&self.path(), self.ports())?;
        locked.unlock(keyring(), payment::folds()).map_err(|(_, error)| error)
    }

    pub fn ports(&self) -> JournalPorts {
        JournalPorts { device_keys: self.keys.clone(), entropy: self.entropy.clone(), faults: self.plan.clone() }
    }

    /// Starts the till. It may die while it opens.
    pub fn open(&mut self) -> Result<(), Error> {
        let journal = self.open_journal()?;
        let account = self.account(&journal)?;
        let engine = Engine::open(journal, account, self.entropy.clone(), self.now)?;
        let engine = engine.with_encrypted_reader(self.lends_encrypted_reader).frozen_from(self.frozen);
        self.stopped = None;
        self.till = Some(engine);
        self.give(Input::Tick);
        Ok(())
    }

    /// The account in the journal: read the first time, remembered afterwards.
    fn account(&mut self, journal: &Journal) -> Result<Account, Error> {
        if let Some(known) = &self.known {
            assert!(account::is_provisioned(journal)?, "the till is no longer provisioned");
            let (configuration, dialect) = (known.configuration.clone(), known.dialect.clone());
            return Ok(Account { configuration, dialect, ca_keys: known.ca_keys.clone(), secrets: secrets() });
        }
        let account = account::open(journal, &*self.keys)?;
        let (configuration, dialect) = (account.configuration.clone(), account.dialect.clone());
        self.known = Some(Arc::new(Known { configuration, dialect, ca_keys: account.ca_keys.clone() }));
        Ok(account)
    }

    fn note(&mut self, what: &str, bytes: &[u8]) {
        self.trace.note(self.now.mono.0, what, bytes);
    }

    /// The process ends here and now.
    pub fn kill(&mut self) {
        self.note("the process ends", &[]);
        self.till = None;
        self.end_of_process();
    }

    fn end_of_process(&mut self) {
        self.events.clear();
        self.alarm = None;
        self.tap = None;
        self.read_is_wanted = None;
        self.host.hang_up();
        self.line += 1;
        for caller in self.callers.values_mut() {
            if matches!(caller, Caller::Waiting) {
                *caller = Caller::Orphaned;
            }
        }
    }

    /// Opens the till again after it died, in a new boot, until it stays open.
    pub fn restart(&mut self) {
        self.kill();
        self.now.boot.0 += 1;
        self.now.mono = MonoMs(self.now.mono.0 % 1_000);
        for _ in 0..3 {
            match self.open() {
                Ok(()) if self.till.is_some() => return,
                Ok(()) => {}
                Err(error) => assert_eq!(error.code().code(), "stopped_by_fault_plan", "{error}"),
            }
        }
        panic!("the till does not open");
    }

    /// Till and host have agreed on another dialect. The process ends for it.
    pub fn change_dialect(&mut self, toml: &str) {
        let dialect = Arc::new(Dialect::from_toml(toml).unwrap());
        let known = self.known.take().expect("the till has been opened");
        let (configuration, ca_keys) = (known.configuration.clone(), known.ca_keys.clone());
        self.known = Some(Arc::new(Known { configuration, dialect: dialect.clone(), ca_keys }));
        self.host.dialect = dialect;
        self.restart();
    }

    /// A copy of the till's files as they are. The process ends for it.
    pub fn copied_away(&mut self) -> TempDir {
        self.kill();
        let away = temporary_folder();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            copy(&file.unwrap().path(), away.path());
        }
        self.restart();
        away
    }

    /// The till's files are as they were when they were copied; its device and its host know nothing of it.
    pub fn put_back(&mut self, away: &TempDir) {
        self.kill();
        self.folder = temporary_folder();
        for file in std::fs::read_dir(away.path()).unwrap() {
            copy(&file.unwrap().path(), self.folder.path());
        }
        self.restart();
    }

    /// The roll-back that nobody has accepted yet.
    pub fn rolled_back(&self) -> Option<RollBack> {
        self.till.as_ref().and_then(|till| till.rolled_back().unwrap())
    }

    pub fn accept_roll_back(&mut self) -> Result<(), Error> {
        let permit = permit(self.now);
        match self.ask(|ticket| Input::AcceptRollBack { ticket, permit })? {
            Reply::RollBackAccepted => Ok(()),
            other => panic!("{other:?}"),
        }
    }

    /// Every event of the journal, as kind and body. The till is closed and opened again for it.
    pub fn journal(&mut self) -> Vec<(String, serde_json::Value)> {
        self.kill();
        let journal = self.open_journal().unwrap();
        let mut events = Vec::new();
        journal
            .for_each_event(&mut |event| {
                events.push((event.kind.clone(), event.body.clone()));
                Ok(())
            })
            .unwrap();
        drop(journal);
        self.restart();
        events
    }

    /// How many side rows the journal holds.
    pub fn side_rows(&mut self) -> u64 {
        match self.ask(|ticket| Input::Verify { ticket }) {
            Ok(Reply::Verified(report)) => report.side_rows,
            other => panic!("{other:?}"),
        }
    }

    /// The kinds of the journal's events about attempts, in order.
    pub fn kinds(&mut self) -> Vec<String> {
        self.journal().into_iter().map(|(kind, _)| kind).filter(|kind| kind.starts_with("attempt.")).collect()
    }

    /// Whether nothing is under way and nothing is owed.
    pub fn is_idle(&self) -> bool {
        self.till.as_ref().is_none_or(|till| !till.is_occupied() && till.waiting() == 0)
    }

    /// The device says what network it is on, and nothing follows from that but whether there is one.
    pub fn network_is(&mut self, posture: Posture) {
        let till = self.till.as_mut().expect("the till is open");
        till.judge_network(Judgement { posture, verdict: Verdict::Allowed });
    }

    /// Who printed what, in order. The till is closed and opened again for it.
    pub fn printed_by(&mut self) -> Vec<(String, Option<String>)> {
        self.kill();
        let journal = self.open_journal().unwrap();
        let mut printed = Vec::new();
        journal
            .for_each_event(&mut |event| {
                if event.kind.ends_with(".printed") {
                    printed.push((event.kind.clone(), event.operator.clone()));
                }
                Ok(())
            })
            .unwrap();
        drop(journal);
        self.restart();
        printed
    }

    /// Somebody freezes the till.
    pub fn freeze(&mut self) {
        self.frozen = Some("till");
        self.give(Input::Freeze { from: "till" });
    }

    /// Those who may let it go again.
    pub fn release(&mut self) {
        self.frozen = None;
        self.give(Input::Release);
    }

    pub fn is_open(&self) -> bool {
        self.till.is_some()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn give(&mut self, input: Input<'_>) {
        let mut inputs = VecDeque::from([Given::Input(input)]);
        while let Some(given) = inputs.pop_front() {
            let Some(till) = &mut self.till else { return };
            let outputs = match given {
                Given::Input(input) => till.handle(input, self.now),
                Given::Taken(attempt) => till.handle(Input::Taken { attempt }, self.now),
            };
            self.alarm = None;
            for output in outputs {
                if self.till.is_none() {
                    return;
                }
                if let Some(taken) = self.carry_out(output) {
                    inputs.push_back(Given::Taken(taken));
                }
            }
        }
    }

    /// Carries out one output; says which attempt's result a caller has taken.
    fn carry_out(&mut self, output: Output) -> Option<AttemptId> {
        match output {
            Output::Card(command) => self.reader(command),
            Output::Link(command) => self.network(command),
            Output::Notice(notice) => {
                self.note(&format!("notice {notice:?}"), &[]);
                self.notices.push(notice);
            }
            Output::Begun { attempt, .. } => {
                self.note(&format!("begun {attempt}"), &[]);
                self.begun.push(attempt);
            }
            Output::Marked(mark) => {
                self.note(&format!("marked {mark:?}"), &[]);
                self.marks.push(mark);
            }
            Output::Word(text) => self.words.push(text),
            Output::Tell { ticket, result } => return self.tell(ticket, result),
            Output::WakeAt(at) => self.alarm = Some(at.0),
            Output::Stopped(error) => {
                self.stopped = Some(error);
                self.kill();
            }
        }
        None
    }

    fn tell(&mut self, ticket: Ticket, result: Result<Reply, Error>) -> Option<AttemptId> {
        if self.passes("tell", Moment::Before) {
            return None;
        }
        self.note(&format!("told {result:?}"), &[]);
        let taken = match &result {
            Ok(Reply::Attempt(view)) => {
                if view.state == payment::state::State::Approved {
                    self.told_approved.push(view.attempt.clone());
                }
                Some(view.attempt.clone())
            }
            _ => None,
        };
        let caller = self.callers.get_mut(&ticket.0).expect("somebody waits with this ticket");
        assert!(matches!(caller, Caller::Waiting), "a ticket is answered once");
        *caller = Caller::Told(result);
        if self.passes("tell", Moment::After) {
            return None;
        }
        taken.filter(|_| self.callers_take)
    }

    /// Visits a point of the driver; says whether the process ended there.
    fn passes(&mut self, step: &'static str, moment: Moment) -> bool {
        let died = self.plan.reach(KillPoint { moment, step }) == Fate::Die;
        if died {
            self.kill();
        }
        died
    }

    fn reader(&mut self, command: CardCommand) {
        match command {
            CardCommand::Await => {
                if self.card_is_there {
                    self.tap = Some(self.card.tap());
                    self.later(10, Event::Card(OwnedCard::Found));
                }
            }
            CardCommand::Transmit(apdu) => {
                self.note("to the card", &apdu);
                let tap = self.tap.clone().expect("a card is in the field");
                let event = match tap.transceive(&apdu) {
                    Ok(response) => OwnedCard::Response(response),
                    Err(CardFault::Lost) => OwnedCard::Lost,
                    Err(CardFault::TimedOut | CardFault::ReaderFailed) => OwnedCard::TimedOut,
                };
                self.later(10, Event::Card(event));
            }
            CardCommand::Read(request) => {
                assert!(self.lends_encrypted_reader, "a reader that is not there is not asked");
                let number = self.asked_reads.len() as u64;
                self.read_is_wanted = Some(number);
                let read = self.reads.pop_front().unwrap_or_else(|| Ok(encrypted_read(&request)));
                self.asked_reads.push(request);
                if self.card_is_there {
                    self.later(10, Event::Read(number, read));
                }
            }
            CardCommand::Release => (self.tap, self.read_is_wanted) = (None, None),
        }
    }

    fn network(&mut self, command: LinkCommand) {
        match command {
            LinkCommand::Connect => {
                self.line += 1;
                let is_there = self.host.connect();
                self.note(if is_there { "connects" } else { "connects in vain" }, &[]);
                let event =
                    if is_there { OwnedLink::Connected } else { OwnedLink::NotConnected(LinkFault::Unreachable) };
                self.later(20, Event::Link(self.line, event));
            }
            LinkCommand::Send(bytes) => {
                if self.passes("send", Moment::Before) {
                    return;
                }
                self.note("to the host", &bytes);
                let said = self.host.receive(&bytes);
                if self.passes("send", Moment::After) {
                    return;
                }
                for word in said {
                    match word {
                        Said::Bytes { after_ms, bytes } => {
                            self.later(after_ms, Event::Link(self.line, OwnedLink::Received(bytes)));
                        }
                        Said::End { after_ms } => {
                            self.later(after_ms, Event::Link(self.line, OwnedLink::Broken(LinkFault::Closed)));
                        }
                    }
                }
            }
            LinkCommand::Disconnect => {
                self.line += 1;
                self.host.hang_up();
            }
        }
    }

    fn later(&mut self, after_ms: u64, event: Event) {
        self.event_number += 1;
        self.events.insert((self.now.mono.0 + after_ms, self.event_number), event);
    }

    /// Lets time pass until nothing happens for `quiet_ms`, at most `most_ms`.
    fn run(&mut self, most_ms: u64, mut done: impl FnMut(&Self) -> bool) {
        let end = self.now.mono.0 + most_ms;
        while self.till.is_some() && !done(self) {
            let next_event = self.events.keys().next().map(|(at, _)| *at);
            let Some(at) = [next_event, self.alarm].into_iter().flatten().min() else { break };
            if at > end {
                break;
            }
            self.advance_to(at);
            let due = next_event.filter(|event_at| *event_at <= self.now.mono.0);
            match due.and_then(|_| self.events.pop_first()) {
                Some((_, event)) => self.happen(event),
                None => self.give(Input::Tick),
            }
        }
    }

    fn advance_to(&mut self, at: u64) {
        let by = at.saturating_sub(self.now.mono.0);
        self.now.mono.0 += by;
        self.now.wall.0 += by as i64;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Link(line, _) if line != self.line => {}
            Event::Link(_, OwnedLink::Connected) => self.give(Input::Link(LinkEvent::Connected)),
            Event::Link(_, OwnedLink::NotConnected(fault)) => {
                self.give(Input::Link(LinkEvent::NotConnected(fault)));
            }
            Event::Link(_, OwnedLink::Broken(fault)) => self.give(Input::Link(LinkEvent::Broken(fault))),
            Event::Link(_, OwnedLink::Received(bytes)) => {
                if self.passes("receive", Moment::Before) {
                    return;
                }
                self.note("from the host", &bytes);
                self.give(Input::Link(LinkEvent::Received(&bytes)));
                if self.till.is_some() {
                    self.passes("receive", Moment::After);
                }
            }
            Event::Read(number, _) if self.read_is_wanted != Some(number) => {}
            Event::Read(_, read) => {
                self.read_is_wanted = None;
                self.note(&format!("from the reader {read:?}"), &[]);
                self.give(Input::Read(read));
            }
            Event::Card(OwnedCard::Found) => self.give(Input::Card(CardEvent::Found)),
            Event::Card(OwnedCard::Response(response)) => {
                self.note("from the card", &response);
                self.give(Input::Card(CardEvent::Response(&response)));
            }
            Event::Card(OwnedCard::Lost) => self.give(Input::Card(CardEvent::Lost)),
            Event::Card(OwnedCard::TimedOut) => self.give(Input::Card(CardEvent::TimedOut)),
        }
    }

    /// Lets this much time pass.
    pub fn wait(&mut self, ms: u64) {
        let end = self.now.mono.0 + ms;
        self.run(ms, |_| false);
        self.advance_to(end.max(self.now.mono.0));
        if self.till.is_some() {
            self.give(Input::Tick);
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.callers.insert(self.tickets, Caller::Waiting);
        Ticket(self.tickets)
    }

    /// Whether this caller has been told.
    pub fn is_told(&self, ticket: Ticket) -> bool {
        !matches!(self.callers.get(&ticket.0), Some(Caller::Waiting))
    }

    /// What the caller was told; lets time pass until it is.
    pub fn await_caller(&mut self, ticket: Ticket) -> Caller {
        self.run(600_000, |world| world.is_told(ticket));
        self.callers.remove(&ticket.0).unwrap()
    }

    pub fn start(&mut self, order: SaleOrder) -> Ticket {
        let ticket = self.ticket();
        self.give(Input::StartSale { ticket, order, permit: permit(self.now) });
        ticket
    }

    /// Starts a sale and lets this much time pass.
    pub fn start_and_wait(&mut self, attempt: &str, minor: u64, ms: u64) -> Ticket {
        let ticket = self.start(order(attempt, minor));
        self.wait(ms);
        ticket
    }

    /// A sale of this attempt, to its end. `None` when the process died on the way.
    pub fn sell(&mut self, attempt: &str, minor: u64) -> Option<Result<AttemptView, Error>> {
        let ticket = self.start(order(attempt, minor));
        self.await_attempt(ticket)
    }

    pub fn start_void(&mut self, attempt: &str, of: &str) -> Ticket {
        let ticket = self.ticket();
        let order = VoidOrder { attempt: AttemptId::new(attempt).ok(), of: AttemptId::new(of).unwrap() };
        self.give(Input::StartVoid { ticket, order, permit: permit(self.now) });
        ticket
    }

    /// A void of this sale, to its end. `None` when the process died on the way.
    pub fn void(&mut self, attempt: &str, of: &str) -> Option<Result<AttemptView, Error>> {
        let ticket = self.start_void(attempt, of);
        self.await_attempt(ticket)
    }

    /// What whoever waits for an attempt is told in the end.
    pub fn await_attempt(&mut self, ticket: Ticket) -> Option<Result<AttemptView, Error>> {
        match self.await_caller(ticket) {
            Caller::Told(Ok(Reply::Attempt(view))) => Some(Ok(*view)),
            Caller::Told(Err(error)) => Some(Err(error)),
            Caller::Told(Ok(other)) => panic!("an attempt is answered with an attempt, not {other:?}"),
            Caller::Orphaned => None,
            Caller::Waiting => panic!("the attempt never ends"),
        }
    }

    pub fn decide(&mut self, attempt: &str, decision: Decision) -> Result<AttemptView, Error> {
        self.decide_for(attempt, decision, None)
    }

    /// The same, with why.
    pub fn decide_for(
        &mut self,
        attempt: &str,
        decision: Decision,
        reason: Option<WrittenReason>,
    ) -> Result<AttemptView, Error> {
        let (attempt, permit) = (AttemptId::new(attempt).unwrap(), permit(self.now));
        match self.ask(|ticket| Input::Decide { ticket, attempt, decision, reason, permit })? {
            Reply::Attempt(view) => Ok(*view),
            other => panic!("{other:?}"),
        }
    }

    pub fn debts(&mut self) -> Vec<AttemptView> {
        match self.ask(|ticket| Input::Debts { ticket }) {
            Ok(Reply::Debts(debts)) => debts,
            other => panic!("{other:?}"),
        }
    }

    /// Asks the host whether it is there.
    pub fn test_host(&mut self) -> Ticket {
        let (ticket, permit) = (self.ticket(), permit(self.now));
        self.give(Input::TestHost { ticket, permit });
        ticket
    }

    /// Fetches the host's parameters.
    pub fn parameters(&mut self) -> Ticket {
        let (ticket, permit) = (self.ticket(), permit(self.now));
        self.give(Input::DownloadParameters { ticket, permit });
        ticket
    }

    /// Has the host told something.
    pub fn tell_host(&mut self, telling: Telling) -> Ticket {
        let ticket = self.ticket();
        self.give(Input::Tell { ticket, telling });
        ticket
    }

    /// Fetches a page of the host's statement of a day, `YYYYMMDD`.
    pub fn statement(&mut self, day: &str, page: u16) -> Ticket {
        let (ticket, permit, day) = (self.ticket(), permit(self.now), day.to_owned());
        self.give(Input::StatementPage { ticket, permit, day, page });
        ticket
    }

    /// What this caller is told in the end.
    pub fn told(&mut self, ticket: Ticket) -> Result<Reply, Error> {
        match self.await_caller(ticket) {
            Caller::Told(result) => result,
            other => panic!("{other:?}"),
        }
    }

    fn ask(&mut self, input: impl FnOnce(Ticket) -> Input<'static>) -> Result<Reply, Error> {
        let ticket = self.ticket();
        self.give(input(ticket));
        match self.callers.remove(&ticket.0) {
            Some(Caller::Told(result)) => result,
            Some(Caller::Orphaned) => Err(ErrorCode::StoppedByFaultPlan.into()),
            other => panic!("a question is answered at once, not {other:?}"),
        }
    }

    pub fn status(&mut self, attempt: &str) -> Result<AttemptView, Error> {
        let attempt = AttemptId::new(attempt).unwrap();
        match self.ask(|ticket| Input::Status { ticket, attempt })? {
            Reply::Attempt(view) => Ok(*view),
            other => panic!("{other:?}"),
        }
    }

    pub fn cancel(&mut self, attempt: &str) -> Result<AttemptView, Error> {
        let attempt = AttemptId::new(attempt).unwrap();
        match self.ask(|ticket| Input::Cancel { ticket, attempt })? {
            Reply::Attempt(view) => Ok(*view),
            other => panic!("{other:?}"),
        }
    }

    pub fn print(&mut self, attempt: &str, copy: ReceiptCopy) -> Result<u32, Error> {
        let (attempt, permit) = (AttemptId::new(attempt).unwrap(), permit(self.now));
        match self.ask(|ticket| Input::PrintReceipt { ticket, attempt, copy, permit })? {
            Reply::Receipt { printed_before, .. } => Ok(printed_before),
            other => panic!("{other:?}"),
        }
    }

    pub fn list(&mut self, query: ListQuery) -> Result<Page, Error> {
        match self.ask(|ticket| Input::List { ticket, query })? {
            Reply::Page(page) => Ok(page),
            other => panic!("{other:?}"),
        }
    }

    pub fn events(&mut self, after: Option<u64>, limit: u32) -> Result<EventPage, Error> {
        match self.ask(|ticket| Input::Events { ticket, after, limit })? {
            Reply::Events(page) => Ok(page),
            other => panic!("{other:?}"),
        }
    }

    pub fn acknowledge(&mut self, cursor: u64) -> Result<(), Error> {
        match self.ask(|ticket| Input::Acknowledge { ticket, cursor })? {
            Reply::Acknowledged => Ok(()),
            other => panic!("{other:?}"),
        }
    }

    pub fn verify(&mut self) {
        match self.ask(|ticket| Input::Verify { ticket }) {
            Ok(Reply::Verified(report)) => self.note("the journal's root", &report.root),
            other => panic!("{other:?}"),
        }
    }

    /// One round of resolving. `None` when the process died on the way.
    pub fn resolve(&mut self) -> Option<Resolved> {
        let ticket = self.ticket();
        self.give(Input::Resolve { ticket, permit: permit(self.now) });
        match self.await_caller(ticket) {
            Caller::Told(Ok(Reply::Resolved(resolved))) => Some(resolved),
            Caller::Orphaned => None,
            other => panic!("{other:?}"),
        }
    }

    /// Settles the open batch, as far as one run comes. `None` when the process died on the way.
    pub fn settle(&mut self) -> Option<Result<BatchView, Error>> {
        let ticket = self.ticket();
        let permit = permit(self.now);
        self.give(Input::Settle { ticket: Some(ticket), cause: SettleCause::Asked, permit });
        match self.await_caller(ticket) {
            Caller::Told(Ok(Reply::Batch(view))) => Some(Ok(*view)),
            Caller::Told(Err(error)) => Some(Err(error)),
            Caller::Orphaned => None,
            other => panic!("{other:?}"),
        }
    }

    /// How a batch stands: the open one, or the one of this number.
    pub fn batch(&mut self, number: Option<u32>) -> Result<BatchView, Error> {
        let batch = number.map(|number| BatchNo::new(number).unwrap());
        match self.ask(|ticket| Input::Batch { ticket, batch })? {
            Reply::Batch(view) => Ok(*view),
            other => panic!("{other:?}"),
        }
    }

    /// Alice says whether the acquirer has closed this batch.
    pub fn decide_batch(&mut self, number: u32, decision: BatchDecision) -> Result<BatchView, Error> {
        let (batch, permit) = (BatchNo::new(number).unwrap(), permit(self.now));
        match self.ask(|ticket| Input::DecideBatch { ticket, batch, decision, permit })? {
            Reply::Batch(view) => Ok(*view),
            other => panic!("{other:?}"),
        }
    }

    /// The reader says something that nobody waits for.
    pub fn give_read(&mut self, read: Result<EncryptedRead, ReaderFault>) {
        self.give(Input::Read(read));
    }

    /// Every attempt in the journal, oldest first.
    pub fn attempts(&mut self) -> Vec<AttemptView> {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.list(ListQuery { limit: 100, cursor, ..ListQuery::default() }).unwrap();
            all.extend(page.attempts);
            cursor = page.next;
            if cursor.is_none() {
                all.reverse();
                return all;
            }
        }
    }

    /// Restarts where the process died, and drives every debt until it is closed or stuck.
    pub fn settle_down(&mut self) {
        for _ in 0..40 {
            if self.till.is_none() {
                self.restart();
            }
            self.wait(5_000);
            if self.is_open()
                && let Some(resolved) = self.resolve()
                && self.is_open()
                && resolved.left.iter().all(|view| view.state == payment::state::State::ReversalStuck)
                && resolved.refunds_left.iter().all(|view| view.state == RefundState::Stuck)
            {
                return;
            }
        }
        panic!("the debts are never closed");
    }
}

/// Nobody is left waiting on a till that runs.
impl Drop for World {
    fn drop(&mut self) {
        if self.is_open() && !std::thread::panicking() {
            let waiting = self.callers.values().filter(|caller| matches!(caller, Caller::Waiting)).count();
            assert_eq!(waiting, 0, "somebody still waits for an answer");
        }
    }
}

enum Given<'a> {
    Input(Input<'a>),
    Taken(AttemptId),
}

/// Memory where there is such a folder: a sync costs nothing there, and a process's end is all that dies here.
/// Leave given by a session of alice's that has just begun.
fn permit<A: Action>(now: Now) -> Permit<A> {
    let length = SessionLength { idle_ms: 1, full_ms: 1 };
    let session = Session::begin(OperatorName::new("alice").unwrap(), Role::Supervisor, length, now);
    session.permit(now).unwrap()
}

pub fn temporary_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn template(dialect: &str) -> Template {
    let mut world = World::with(0, dialect, |_| {});
    world.kill();
    let empty = std::mem::replace(&mut world.folder, temporary_folder());
    let (keys, known, dialect) = (world.keys.clone(), world.known.clone(), world.host.dialect.clone());
    Template { folder: empty, keys, known, dialect }
}

/// Copies a file into a folder. The ballast is never written in place, so another name for it will do.
fn copy(file: &Path, folder: &Path) {
    let to = folder.join(file.file_name().unwrap());
    let is_ballast = file.extension().is_some_and(|ending| ending == "ballast");
    if !is_ballast || std::fs::hard_link(file, &to).is_err() {
        std::fs::copy(file, &to).unwrap();
    }
}

/// A read in order. Nobody here opens it: it says what it is bound to and nothing of a card.
pub fn encrypted_read(request: &ReadRequest) -> EncryptedRead {
    let mut payload = b"bound to ".to_vec();
    payload.extend_from_slice(&request.nonce);
    payload.extend_from_slice(&request.amount.minor().to_be_bytes());
    EncryptedRead {
        format: "scripted-1".into(),
        key: "world".into(),
        payload,
        signature: vec![0x5A; 70],
        scheme: Some("VISA".into()),
        masked: Some("************0119".into()),
        cvm: ReadCvm::OnDevice,
    }
}

pub fn yuan(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::CNY).unwrap()
}

pub fn order(attempt: &str, minor: u64) -> SaleOrder {
    SaleOrder { attempt: Some(AttemptId::new(attempt).unwrap()), amount: yuan(minor), order: None }
}

pub fn order_no(text: &str) -> OrderNo {
    OrderNo::new(text).unwrap()
}

fn pem(kind: &str) -> String {
    format!("-----BEGIN {kind}-----\nMAA=\n-----END {kind}-----\n")
}

/// The key of every world's journal.
fn keyring() -> Keyring {
    Keyring::new(1, Secret::from_fn(|key| key.fill(1)))
}

fn secrets() -> Secrets {
    Secrets {
        master_key_hex: SecretText::new(MASTER_KEY_HEX.into()),
        client_key_pem: SecretText::new(pem("PRIVATE KEY")),
    }
}

pub fn provisioning(dialect: &str) -> Provisioning {
    Provisioning {
        version: PROVISIONING_VERSION,
        configuration: Configuration {
            terminal_id: TerminalId::new("TILL0001").unwrap(),
            merchant_id: MerchantId::new("SANDBOX00000001").unwrap(),
            merchant: Merchant { name: "Test shop".into(), address: vec!["1 Test Road".into()] },
            time_zone: "Asia/Shanghai".into(),
            host_utc_offset_minutes: 480,
            currency: Currency::CNY,
            limits: Limits { sale_max_minor: 5_000_000 },
            host: HostAddress {
                address: "127.0.0.1:9583".into(),
                server_name: "localhost".into(),
                ca_pem: pem("CERTIFICATE"),
                spki_sha256: "00".repeat(32),
                spki_sha256_backup: None,
            },
            acquirer_key: Some(acquirer_key().vkey()),
            client_certificate_pem: pem("CERTIFICATE"),
            dialect: dialect.to_owned(),
            terminal_data: TerminalData::sandbox(),
            ca_keys: serde_json::from_str(card::ca_keys_json()).unwrap(),
            policy: Policy::default(),
            network: NetworkPolicy::default(),
            password_work: PasswordWork::Floor,
        },
        secrets: secrets(),
    }
}
