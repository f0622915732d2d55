//! The shop: virtual time, one till with people at it, one host, one card. It carries out what the till says.
//!
//! A process that ends takes with it what it was about to do: the outputs of the step in which it died are dropped, as
//! they would be. With a power cut, the disk is left somewhere between the last two fault points.
//!
//! It never decides whether something is right; it writes down what the merchant sees. Evidence:
//! `sandbox/simulator/tests/same_bytes.rs`, `sandbox/simulator/tests/planted.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use taptill::account::{Configuration, SecretText};
use taptill::acquirer::{LinkEvent, LinkFault};
use taptill::clock::{MonoMs, Now};
use taptill::emv::CardEvent;
use taptill::error::Error;
use taptill::ids::AttemptId;
use taptill::payment::{self, LinkCommand, Ticket};
use taptill::ports::{EncryptedRead, Fate, FaultPlan, KillPoint, Moment, Ports, Posture, ReaderFault};
use taptill::till::{Ask, Input, NetworkCommand, Output, Reply, Till, Work};
use taptill_crashfs::{Dice as CrashDice, Log, Loss, Replay};

use crate::acquirer::Comes;
use crate::book::{Call, Seen, Sent};
use crate::dice::Seeded;
use crate::faults::Plan;
use crate::host::{Host, Said};
use crate::keys::Keys;
use crate::reader::Reader;
use crate::schedule::{Fault, Network};
use crate::seen;
use crate::stage::{self, MORNING, Place, Template, hashed};
use crate::trace::Trace;

pub(crate) struct Shop<'a> {
    pub(crate) place: &'a Place,
    pub(crate) keys: Arc<Keys>,
    pub(crate) entropy: Arc<Seeded>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) ports: Ports,
    pub host: Host,
    pub reader: Reader,
    pub now: Now,
    /// The world's own time, in milliseconds after 1970.
    pub world_ms: u64,
    till: Option<Till>,
    events: BTreeMap<(u64, u64), Event>,
    event_number: u64,
    line: u64,
    is_armed: bool,
    alarm: Option<u64>,
    /// Who waits: the call's place in `seen`.
    waiting: BTreeMap<u64, usize>,
    pub seen: Seen,
    pub callers_take: bool,
    pub trace: Trace,
    has_log: bool,
    /// What network the device is on, what it turns into after so many looks, and what the till was told last.
    pub network: Posture,
    pub turns: Option<(u32, Posture)>,
    told_network: Posture,
    /// By what the host is reached while somebody is signed in.
    way: Option<(Arc<Configuration>, SecretText)>,
    /// There is no till any more, and how often it was a start that ended what was left of it.
    pub is_gone: bool,
    pub resumed: u64,
    /// How often the process ended without a power cut, and with one.
    pub killed: u64,
    pub cut: u64,
}

/// What will happen.
enum Event {
    Link(u64, Heard),
    Card(CardSays),
    Read(u64, Result<EncryptedRead, ReaderFault>),
    Derived(Work),
}

enum Heard {
    Connected,
    NotConnected(LinkFault),
    Received(Vec<u8>),
    Broken,
}

/// What a card does.
pub(crate) enum CardSays {
    Found,
    Response(Vec<u8>),
    Lost,
    TimedOut,
}

/// What the reader does about a command.
pub(crate) enum ReaderSays {
    Nothing,
    Card(CardSays),
    Read(u64, Result<EncryptedRead, ReaderFault>),
}

impl<'a> Shop<'a> {
    /// The till of a template, in the morning, closed.
    pub fn open_up(place: &'a Place, template: &Template, seed: u64, has_log: bool, trace: Trace) -> Self {
        place.disk.lay(&template.files);
        place.tidy();
        let keys = Arc::new(Keys::new(place.disk.clone(), template.ring.clone()));
        let (entropy, plan) = (Arc::new(Seeded::new(seed)), Arc::new(Plan::new(place.disk.clone())));
        let ports = stage::ports(keys.clone(), entropy.clone(), plan.clone());
        let mut shop = Self {
            place,
            keys,
            entropy,
            plan,
            ports,
            host: Host::new(template.dialect.clone()),
            reader: Reader::new(),
            now: MORNING,
            world_ms: u64::try_from(MORNING.wall.0).unwrap_or(0),
            till: None,
            events: BTreeMap::new(),
            event_number: 0,
            line: 0,
            is_armed: false,
            alarm: None,
            waiting: BTreeMap::new(),
            seen: Seen::default(),
            callers_take: true,
            trace,
            has_log,
            network: Posture::Trusted,
            turns: None,
            told_network: Posture::Trusted,
            way: None,
            is_gone: false,
            resumed: 0,
            killed: 0,
            cut: 0,
        };
        shop.log_begins();
        shop
    }

    fn log_begins(&mut self) {
        if self.has_log {
            self.place.disk.record();
            self.keys.remember();
            self.plan.log_begins();
        }
    }

    pub fn is_open(&self) -> bool {
        self.till.is_some()
    }

    fn note(&mut self, what: &str, bytes: &[u8]) {
        for point in self.plan.take_passed() {
            if self.trace.keeps_lines() {
                self.trace.note(self.now.mono.0, &format!("    {point}"), &[]);
            }
        }
        self.trace.note(self.now.mono.0, what, bytes);
    }

    /// Opens the till. It may die while it opens.
    pub fn open(&mut self) -> Result<(), Error> {
        self.note("the till is opened", &[]);
        let opened = Till::open(&self.place.journal(), &self.ports);
        if let Some(power) = self.plan.take_death() {
            drop(opened);
            self.die(power);
            return Ok(());
        }
        self.till = Some(opened?);
        self.give(Input::Tick);
        Ok(())
    }

    /// Closes the till as it should be.
    pub fn close(&mut self) {
        let Some(mut till) = self.till.take() else { return };
        self.note("the till is closed", &[]);
        let outputs = till.farewell();
        self.till = Some(till);
        self.carry_out(outputs);
        let Some(till) = self.till.take() else { return };
        let before = self.place.disk.files();
        let closed = till.close(self.now);
        if let Some(power) = self.plan.take_death() {
            match power {
                // Where it died in closing is known well enough: nothing was told after the last point.
                None => self.lay_after_death(None, before),
                Some(_) => self.lay_after_death(power, before),
            }
        } else if let Err(error) = closed {
            self.note(&format!("closing: {error}"), &[]);
        }
        self.end_of_process();
    }

    /// The process ends here and now.
    fn die(&mut self, power: Option<u64>) {
        self.note(if power.is_some() { "the power fails" } else { "the process ends" }, &[]);
        let files = self.place.disk.files();
        self.lay_after_death(power, files);
        self.end_of_process();
    }

    /// What is on the disk after the end.
    fn lay_after_death(&mut self, power: Option<u64>, files: taptill_crashfs::Files) {
        *(if power.is_some() { &mut self.cut } else { &mut self.killed }) += 1;
        let Some(chance) = power.filter(|_| self.has_log) else {
            self.till = None;
            self.place.disk.lay(&self.place.still_there(files));
            return self.log_begins();
        };
        let log = self.place.disk.take_log();
        self.till = None;
        let (files, done) = cut(&log, self.plan.last_stretch(), chance);
        self.place.disk.lay(&self.place.still_there(files));
        self.keys.go_back_to(done);
        self.log_begins();
    }

    fn end_of_process(&mut self) {
        self.till = None;
        self.events.clear();
        self.alarm = None;
        (self.is_armed, self.way) = (false, None);
        self.told_network = Posture::Trusted;
        self.reader.release();
        self.host.hang_up();
        self.line += 1;
        for (_, call) in std::mem::take(&mut self.waiting) {
            self.seen.calls[call].is_orphaned = true;
        }
        self.now.boot.0 += 1;
        self.now.mono = MonoMs(500);
    }

    /// Opens the till until it stays open.
    pub fn see_that_it_is_open(&mut self) {
        for _ in 0..8 {
            if self.till.is_some() || self.is_gone {
                return;
            }
            if let Err(error) = self.open() {
                self.note(&format!("not opened: {error}"), &[]);
                if error.code().code() == NOT_PROVISIONED {
                    self.resumed += u64::from(error.has_word("why", "erased"));
                    return self.is_over();
                }
                if matches!(error.code().code(), "disk_full" | "sync_failed" | "storage_failed") {
                    self.plan.heal();
                } else {
                    self.seen.troubles.push(format!("the till does not open: {error}"));
                    return;
                }
            }
        }
        if self.till.is_none() {
            self.seen.troubles.push("the till does not stay open".to_owned());
        }
    }

    fn give(&mut self, input: Input<'_>) {
        let Some(till) = &mut self.till else { return };
        let outputs = till.handle(input, self.now);
        if let Some(power) = self.plan.take_death() {
            return self.die(power);
        }
        self.carry_out(outputs);
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        self.alarm = None;
        let mut taken = VecDeque::new();
        let mut looks = false;
        for output in outputs {
            if self.till.is_none() {
                return;
            }
            match output {
                Output::Card(command) => self.card_command(command),
                Output::Link(command) => self.link_command(command),
                Output::Network(NetworkCommand::Arm { configuration, client_key_pem }) => {
                    (self.is_armed, self.way) = (true, Some((configuration, client_key_pem)));
                }
                Output::Network(NetworkCommand::Disarm) => (self.is_armed, self.way) = (false, None),
                Output::LookAtNetwork => looks = true,
                // Nobody here is known by a finger.
                Output::Recognise(_) => {}
                Output::Derive(work) => self.later(300, Event::Derived(work)),
                Output::Notice(notice) => self.note(&format!("notice {notice:?}"), &[]),
                Output::Begun { ticket, attempt } => self.begun(ticket, &attempt),
                Output::Tell { ticket, result } => taken.extend(self.told(ticket, &result)),
                Output::WakeAt(at) => self.alarm = Some(at.0),
                Output::Stopped(error) => {
                    self.note(&format!("stopped: {error}"), &[]);
                    self.stopped();
                    if error.code().code() == NOT_PROVISIONED {
                        self.is_over();
                    }
                }
            }
        }
        if looks {
            self.look();
        }
        for attempt in taken {
            self.give(Input::Taken { attempt });
        }
    }

    /// The device says what network it is on.
    fn look(&mut self) {
        match &mut self.turns {
            Some((0, posture)) => {
                self.network = *posture;
                self.turns = None;
            }
            Some((looks, _)) => *looks -= 1,
            None => {}
        }
        let (posture, is_written) = (self.network, self.is_armed && self.plan.has_room());
        self.told_network = posture;
        self.give(Input::Network { posture });
        if is_written && self.is_armed {
            self.seen.looked_at.insert(posture.word());
        }
    }

    /// There is no till any more, and nothing on the disk of what its erasure has removed.
    fn is_over(&mut self) {
        self.is_gone = true;
        self.place.disk.lay(&self.place.still_there(self.place.disk.files()));
    }

    /// The run is over without a death: the till is dropped as a shell drops it.
    fn stopped(&mut self) {
        self.till = None;
        self.end_of_process();
    }

    fn begun(&mut self, ticket: Ticket, attempt: &AttemptId) {
        self.note(&format!("begun {attempt}"), &[]);
        if let Some(call) = self.waiting.get(&ticket.0) {
            self.seen.calls[*call].attempt = Some(attempt.to_string());
        }
    }

    /// Somebody is told; gives the attempt whose result is taken with it.
    fn told(&mut self, ticket: Ticket, result: &Result<Reply, Error>) -> Option<AttemptId> {
        if self.passes("tell", Moment::Before) {
            return None;
        }
        let text = seen::json(result);
        self.note(&format!("told {}", &text[..text.len().min(300)]), text.as_bytes());
        // A ticket that nobody waits with any more stays in the list, so that a second answer is seen.
        match self.waiting.remove(&ticket.0) {
            Some(call) => self.seen.calls[call].results.push(text),
            None => match self.seen.calls.get_mut(ticket.0 as usize) {
                Some(call) => call.results.push(text),
                None => self.seen.troubles.push("an answer to nobody".to_owned()),
            },
        }
        if self.passes("tell", Moment::After) {
            return None;
        }
        match result {
            Ok(Reply::Payment(payment::Reply::Attempt(view))) if self.callers_take => Some(view.attempt.clone()),
            _ => None,
        }
    }

    /// Visits a point of the driver; says whether the process ended there.
    fn passes(&mut self, step: &'static str, moment: Moment) -> bool {
        let died = self.plan.reach(KillPoint { moment, step }) == Fate::Die;
        if died && let Some(power) = self.plan.take_death() {
            self.die(power);
        }
        died
    }

    fn card_command(&mut self, command: payment::CardCommand) {
        let answer = self.reader.take(command);
        match answer {
            ReaderSays::Nothing => {}
            ReaderSays::Card(says) => self.later(10, Event::Card(says)),
            ReaderSays::Read(number, read) => self.later(10, Event::Read(number, read)),
        }
    }

    fn link_command(&mut self, command: LinkCommand) {
        if !self.is_armed && !matches!(command, LinkCommand::Disconnect) {
            self.seen.troubles.push("a till at which nobody is signed in goes on the line".to_owned());
        }
        match command {
            LinkCommand::Connect => {
                self.line += 1;
                self.seen.connected.insert(self.told_network.word());
                let connected = self.connect();
                self.note(connected.map_or_else(LinkFault::word, |()| "connects"), &[]);
                let heard = connected.map_or_else(Heard::NotConnected, |()| Heard::Connected);
                self.later(20, Event::Link(self.line, heard));
            }
            LinkCommand::Send(bytes) => self.send(&bytes),
            LinkCommand::Disconnect => {
                self.line += 1;
                self.host.hang_up();
            }
        }
    }

    /// What network the device is on, and what becomes of it, in a step with these faults.
    pub fn arm_network(&mut self, faults: &[Fault]) {
        (self.network, self.turns) = (Posture::Trusted, None);
        for fault in faults {
            match *fault {
                Fault::Network(network) => self.network = posture(network),
                Fault::NetworkTurns { looks, to } => self.turns = Some((looks, posture(to))),
                _ => {}
            }
        }
    }

    /// Till and host meet, and know each other or not.
    fn connect(&mut self) -> Result<(), LinkFault> {
        let Some((configuration, key)) = &self.way else { return Err(LinkFault::Unreachable) };
        let host = &configuration.host;
        let pins = [host.spki_sha256.as_str(), host.spki_sha256_backup.as_deref().unwrap_or_default()];
        let comes = Comes { certificate: &configuration.client_certificate_pem, key: key.expose(), pins };
        self.host.connect(&comes)
    }

    fn send(&mut self, bytes: &[u8]) {
        if self.passes("send", Moment::Before) {
            return;
        }
        self.note("to the host", bytes);
        let line = self.line;
        let said = self.host.receive(bytes, self.world_ms);
        let network = self.told_network.word();
        let sent = self.host.take_what_came().into_iter().map(|op| Sent { op: op.to_owned(), network });
        self.seen.sent.extend(sent);
        if self.passes("send", Moment::After) {
            return;
        }
        for word in said {
            match word {
                Said::Bytes { after_ms, bytes } => self.later(after_ms, Event::Link(line, Heard::Received(bytes))),
                Said::End { after_ms } => self.later(after_ms, Event::Link(line, Heard::Broken)),
            }
        }
    }

    fn later(&mut self, after_ms: u64, event: Event) {
        self.event_number += 1;
        self.events.insert((self.now.mono.0 + after_ms, self.event_number), event);
    }

    /// Lets time pass until it is done, at most so long.
    fn run(&mut self, most_ms: u64, done: impl Fn(&Self) -> bool) {
        let end = self.now.mono.0 + most_ms;
        let mut idle = 0;
        while self.till.is_some() && !done(self) {
            let next_event = self.events.keys().next().map(|(at, _)| *at);
            let Some(at) = [next_event, self.alarm].into_iter().flatten().min() else { break };
            if at > end {
                break;
            }
            idle = if at <= self.now.mono.0 { idle + 1 } else { 0 };
            if idle > 1_000 {
                self.seen.troubles.push("the till never rests".to_owned());
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
        self.world_ms += by;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Link(line, _) if line != self.line => {}
            Event::Link(_, Heard::Connected) => self.give(Input::Link(LinkEvent::Connected)),
            Event::Link(_, Heard::NotConnected(fault)) => self.give(Input::Link(LinkEvent::NotConnected(fault))),
            Event::Link(_, Heard::Broken) => self.give(Input::Link(LinkEvent::Broken(LinkFault::Closed))),
            Event::Link(_, Heard::Received(bytes)) => {
                if self.passes("receive", Moment::Before) {
                    return;
                }
                self.note("from the host", &bytes);
                self.give(Input::Link(LinkEvent::Received(&bytes)));
                if self.till.is_some() {
                    self.passes("receive", Moment::After);
                }
            }
            Event::Read(number, _) if !self.reader.still_wants(number) => {}
            Event::Read(_, read) => {
                self.reader.release();
                self.give(Input::Read(read));
            }
            Event::Card(CardSays::Found) => self.give(Input::Card(CardEvent::Found)),
            Event::Card(CardSays::Response(response)) => self.give(Input::Card(CardEvent::Response(&response))),
            Event::Card(CardSays::Lost) => self.give(Input::Card(CardEvent::Lost)),
            Event::Card(CardSays::TimedOut) => self.give(Input::Card(CardEvent::TimedOut)),
            Event::Derived(work) => {
                let key = work.run_with(&mut hashed);
                self.give(Input::Derived { key, took_ms: 300 });
            }
        }
    }

    /// Lets this much time pass.
    pub fn wait(&mut self, ms: u64) {
        let end = self.now.mono.0 + ms;
        self.run(ms, |_| false);
        // A process that ended on the way began to count anew.
        if self.till.is_some() {
            self.advance_to(end);
            self.give(Input::Tick);
        }
    }

    /// Somebody wants something; gives the number to wait with.
    pub fn ask(&mut self, what: &'static str, attempt: Option<&str>, amount_minor: Option<u64>, ask: Ask) -> u64 {
        let number = self.seen.calls.len();
        let attempt = attempt.map(str::to_owned);
        self.note(&format!("asks {what} {attempt:?} {amount_minor:?}"), &[]);
        self.seen.calls.push(Call { what, attempt, amount_minor, results: Vec::new(), is_orphaned: false });
        if self.till.is_none() {
            self.seen.calls[number].is_orphaned = true;
            return number as u64;
        }
        self.waiting.insert(number as u64, number);
        if ask.needs_network() {
            self.look();
        }
        self.give(Input::Ask { ticket: Ticket(number as u64), ask });
        number as u64
    }

    /// Lets time pass until this call has its result, and gives that; nothing where the process ended.
    pub fn await_result(&mut self, number: u64) -> Option<String> {
        self.run(900_000, |shop| !shop.waiting.contains_key(&number));
        let call = &self.seen.calls[number as usize];
        if call.results.is_empty() && !call.is_orphaned {
            self.seen.troubles.push(format!("the call {} is never answered", call.what));
            self.waiting.remove(&number);
        }
        self.seen.calls[number as usize].results.first().cloned()
    }
}

fn posture(network: Network) -> Posture {
    match network {
        Network::OpenWifi => Posture::OpenWifi,
        Network::CaptivePortal => Posture::CaptivePortal,
        Network::Proxied => Posture::Proxied,
        Network::UserAuthority => Posture::UserAuthority,
        Network::Vpn => Posture::Vpn,
        Network::ClockWrong => Posture::ClockWrong,
        Network::Absent => Posture::Absent,
    }
}

/// How a till is called that is none.
const NOT_PROVISIONED: &str = "not_provisioned";

/// What a power cut leaves, somewhere between two steps of the log.
fn cut(log: &Log, (from, to): (usize, usize), chance: u64) -> (taptill_crashfs::Files, usize) {
    let at = from + (chance as usize) % (to.saturating_sub(from) + 1);
    let mut replay = Replay::new(log);
    while replay.done() < at && replay.advance() {}
    let loss = Loss::ALL[(chance >> 8) as usize % Loss::ALL.len()];
    (replay.cut(loss, &mut CrashDice(chance)), replay.done())
}
