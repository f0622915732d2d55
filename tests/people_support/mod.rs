//! A house with a till in virtual time: no thread, no socket, strict fakes, and people who come and go.
//!
//! Derivations are done by a hash instead of Argon2, unless a test wants the real one: what is tried here is who gets
//! in, not how long it takes. A sale needs no host as long as it waits for a card.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

pub mod alone;
mod sensor;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hmac};
use taptill::account::PasswordWork;
use taptill::acquirer::{LinkEvent, LinkFault};
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::error::{Error, ErrorCode};
use taptill::ids::{AttemptId, OperatorName, Role};
use taptill::iso8583::Dialect;
use taptill::journal::{Event, JournalPorts, LockedJournal, PlainChange, PlainRows, VerifyReport};
use taptill::money::{Amount, Currency};
use taptill::payment::{self, CardCommand, LinkCommand, SaleOrder, Ticket};
use taptill::ports::{
    Clock, Deaf, DeviceKeys, DeviceKeysFault, Entropy, KeyKind, NetworkPosture, Notice, Ports, Posture,
};
use taptill::secret::{Secret, SecretBytes};
use taptill::till::{
    self, Ask, Input, NetworkCommand, NewOperator, OperatorView, Output, Recognition, Reply, SessionView, Till,
    TillState,
};
use taptill::vault::{Derivation, Vault, Who, derive};
use taptill_sandbox::people::{ALICE, BOB, Person};

pub use sensor::Sensor;

use crate::support::device::{Plan, Seeded};
use crate::support::host::{Host, Said};
use crate::support::world::{provisioning, temporary_folder};

/// 2026-11-22T09:00:00Z.
pub const MORNING: Now = Now { wall: WallMs(1_795_338_000_000), mono: MonoMs(1_000), boot: BootCount(1) };
/// A third one, of the integrator's.
pub const SAM: Person = Person { name: "sam", password: "quiet engines hum 4 me", role: Role::Service };
/// What alice changes her password to.
pub const NEW: &str = "green lamps burn 2 late";
pub const MINUTE: u64 = 60_000;

/// Device keys in memory, each random: one that is made again under the same name is another one.
#[derive(Default)]
pub struct Keys {
    keys: Mutex<BTreeMap<String, (KeyKind, [u8; 32])>>,
    made: Mutex<u64>,
}

impl Keys {
    pub fn copy(&self) -> Self {
        Self {
            keys: Mutex::new(self.keys.lock().unwrap().clone()),
            made: Mutex::new(*self.made.lock().unwrap() + 1_000_000),
        }
    }

    pub fn lose(&self, part: &str) {
        self.keys.lock().unwrap().retain(|alias, _| !alias.contains(part));
    }

    pub fn aliases(&self) -> Vec<String> {
        self.keys.lock().unwrap().keys().cloned().collect()
    }

    fn key(&self, alias: &str, kind: KeyKind) -> Result<[u8; 32], DeviceKeysFault> {
        match self.keys.lock().unwrap().get(alias) {
            None => Err(DeviceKeysFault::NotFound),
            Some((present, _)) if *present != kind => Err(DeviceKeysFault::WrongKind),
            Some((_, key)) => Ok(*key),
        }
    }

    fn sealing(&self, alias: &str) -> Result<LessSafeKey, DeviceKeysFault> {
        Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &self.key(alias, KeyKind::Wrap)?).unwrap()))
    }
}

impl DeviceKeys for Keys {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault> {
        let mut keys = self.keys.lock().unwrap();
        if keys.contains_key(alias) {
            return Err(DeviceKeysFault::AlreadyExists);
        }
        let mut made = self.made.lock().unwrap();
        *made += 1;
        let hash = digest::digest(&digest::SHA256, format!("{alias} {made}").as_bytes());
        keys.insert(alias.to_owned(), (kind, hash.as_ref().try_into().unwrap()));
        Ok(())
    }

    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        Ok(self.keys.lock().unwrap().contains_key(alias))
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        self.keys.lock().unwrap().remove(alias);
        Ok(())
    }

    fn public_key(&self, _: &str) -> Result<Vec<u8>, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }

    fn attest(&self, _: &str, _: &[u8]) -> Result<Vec<Vec<u8>>, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }

    fn wrap(&self, alias: &str, secret: &[u8], context: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        let mut sealed = secret.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; 12]); // One alias wraps one secret here.
        self.sealing(alias)?.seal_in_place_append_tag(nonce, Aad::from(context), &mut sealed).unwrap();
        Ok(sealed)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        let mut opened = wrapped.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let opening = self.sealing(alias)?;
        let length =
            opening.open_in_place(nonce, Aad::from(context), &mut opened).map_err(|_| DeviceKeysFault::Rejected)?.len();
        opened.truncate(length);
        Ok(SecretBytes::new(opened))
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key(alias, KeyKind::Mac)?);
        Ok(SecretBytes::new(hmac::sign(&key, data).as_ref().to_vec()))
    }

    fn sign(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
}

/// A port that nobody may call.
struct Nobody;

impl NetworkPosture for Nobody {
    fn posture(&self) -> Posture {
        panic!("the till asked for the network by itself")
    }
}

/// Only provisioning asks a clock; a till is told the time.
struct Morning;

impl Clock for Morning {
    fn now(&self) -> Now {
        MORNING
    }
}

pub struct House {
    folder: tempfile::TempDir,
    pub keys: Arc<Keys>,
    pub entropy: Arc<Seeded>,
    pub plan: Arc<Plan>,
    /// Where fingers are recognised; none on a device without such a sensor.
    pub sensor: Option<Arc<Sensor>>,
    /// What the sensor was asked last, where the test lets it wait.
    pub held: Option<Recognition>,
    pub holds: bool,
    pub now: Now,
    till: Option<Till>,
    tickets: u64,
    pub told: BTreeMap<u64, Result<Reply, Error>>,
    pub notices: Vec<Notice>,
    /// Whether the way to the host exists.
    pub is_armed: bool,
    /// Whether the till waits for a card.
    pub awaits_card: bool,
    pub alarm: Option<MonoMs>,
    pub derivations: u64,
    /// Whether Argon2 is run.
    pub derives_for_real: bool,
    pub stopped: Option<Error>,
    /// Whether every connection fails at once; otherwise none is heard of any more.
    pub has_no_host: bool,
    /// The acquirer's host, where the test has one; without it nobody is at the other end of the line.
    pub host: Option<Host>,
    /// What the line has brought and the till has not heard yet.
    heard: VecDeque<Heard>,
    /// Whether the line keeps it to itself for now.
    pub line_waits: bool,
}

/// What the line brings.
enum Heard {
    /// The device is on a network of the owner's.
    Network,
    Connected,
    NotConnected,
    Bytes(Vec<u8>),
}

impl House {
    /// A till that is provisioned, open, and nobody's.
    pub fn new(seed: u64) -> Self {
        let mut house = Self::empty(seed);
        house.provision().unwrap();
        house.open().unwrap();
        house
    }

    /// The same, claimed by alice, who is signed in; bob and sam work there too.
    pub fn claimed(seed: u64) -> Self {
        let mut house = Self::new(seed);
        house.claim().unwrap();
        for person in [BOB, SAM] {
            house.ask(Ask::AddOperator(person.as_new())).unwrap();
        }
        house
    }

    pub fn empty(seed: u64) -> Self {
        Self {
            folder: temporary_folder(),
            keys: Arc::default(),
            entropy: Arc::new(Seeded::new(seed)),
            plan: Arc::default(),
            sensor: Some(Arc::default()),
            held: None,
            holds: false,
            now: MORNING,
            till: None,
            tickets: 0,
            told: BTreeMap::new(),
            notices: Vec::new(),
            is_armed: false,
            awaits_card: false,
            alarm: None,
            derivations: 0,
            derives_for_real: false,
            stopped: None,
            has_no_host: false,
            host: None,
            heard: VecDeque::new(),
            line_waits: false,
        }
    }

    /// A host at the other end of the line.
    pub fn with_host(mut self) -> Self {
        self.host = Some(Host::new(Arc::new(Dialect::from_toml(Dialect::shipped("unionpay").unwrap()).unwrap())));
        self
    }

    /// The same files on a device with the same keys, closed.
    pub fn copy(&self, seed: u64) -> Self {
        let sensor = self.sensor.as_ref().map(|sensor| Arc::new(sensor.copy()));
        let (now, has_no_host) = (self.now, self.has_no_host);
        let copy = Self { keys: Arc::new(self.keys.copy()), now, sensor, has_no_host, ..Self::empty(seed) };
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let from = file.unwrap().path();
            std::fs::copy(&from, copy.folder.path().join(from.file_name().unwrap())).unwrap();
        }
        copy
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn ports(&self) -> Ports {
        Ports {
            device_keys: self.keys.clone(),
            clock: Arc::new(Morning),
            entropy: self.entropy.clone(),
            network_posture: Arc::new(Nobody),
            encrypted_reader: None,
            biometric: self.sensor.clone().map(|sensor| sensor as _),
            observer: Arc::new(Deaf),
            faults: self.plan.clone(),
        }
    }

    pub fn provision(&self) -> Result<(), Error> {
        let mut given = provisioning(Dialect::shipped("unionpay").unwrap());
        given.configuration.password_work = PasswordWork::Floor;
        till::provision(&self.path(), &given, &self.ports())
    }

    pub fn open(&mut self) -> Result<(), Error> {
        self.stopped = None;
        self.till = Some(Till::open(&self.path(), &self.ports())?);
        self.give(Input::Tick);
        Ok(())
    }

    /// Closes as a shell does.
    pub fn close(&mut self) -> Result<(), Error> {
        let mut till = self.till.take().unwrap();
        let outputs = till.farewell();
        self.carry_out(outputs);
        till.close(self.now)
    }

    /// The process ends, and the device starts anew.
    pub fn kill(&mut self) {
        self.till = None;
        self.told.clear();
        self.is_armed = false;
        self.awaits_card = false;
        self.now.boot.0 += 1;
        self.now.mono = MonoMs(500);
    }

    /// The process ends; the device goes on.
    pub fn kill_process(&mut self) {
        let now = self.now;
        self.kill();
        self.now = now;
    }

    /// What lies beside the journal of a till that is closed, in the clear.
    pub fn plain_rows(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let copy = self.copy(0);
        let locked = LockedJournal::open(&copy.path(), JournalPorts::from(&copy.ports())).unwrap();
        locked.plains(prefix).unwrap()
    }

    /// Writes such rows behind the till's back.
    pub fn change_plain_rows(&self, rows: &[(String, Vec<u8>)]) {
        let mut locked = LockedJournal::open(&self.path(), JournalPorts::from(&self.ports())).unwrap();
        let change = |(name, value): &(String, Vec<u8>)| PlainChange { name: name.clone(), value: Some(value.clone()) };
        locked.change_plain(&rows.iter().map(change).collect::<Vec<_>>()).unwrap();
    }

    /// Takes such a row away behind the till's back.
    pub fn take_plain_row(&self, name: &str) {
        let mut locked = LockedJournal::open(&self.path(), JournalPorts::from(&self.ports())).unwrap();
        locked.change_plain(&[PlainChange { name: name.to_owned(), value: None }]).unwrap();
    }

    pub fn reopen(&mut self) {
        self.kill();
        self.open().unwrap();
    }

    pub fn give(&mut self, input: Input<'_>) {
        let Some(till) = &mut self.till else { return };
        let outputs = till.handle(input, self.now);
        self.carry_out(outputs);
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        self.alarm = None;
        let (mut work, mut looks) = (None, None);
        for output in outputs {
            assert!(self.alarm.is_none(), "an alarm is the last output, and the only one");
            match output {
                Output::Card(command) => self.awaits_card = matches!(command, CardCommand::Await),
                Output::Link(command) => self.line(command),
                Output::LookAtNetwork if self.host.is_some() || self.has_no_host => {
                    self.heard.push_back(Heard::Network)
                }
                Output::LookAtNetwork | Output::Begun { .. } => {}
                Output::Network(command) => self.is_armed = matches!(command, NetworkCommand::Arm { .. }),
                Output::Derive(next) => assert!(work.replace(next).is_none(), "one derivation at a time"),
                Output::Recognise(next) => assert!(looks.replace(next).is_none(), "one recognition at a time"),
                Output::Notice(notice) => self.notices.push(notice),
                Output::Tell { ticket, result } => {
                    let again = self.told.insert(ticket.0, result);
                    assert!(again.is_none(), "told twice");
                }
                Output::WakeAt(at) => self.alarm = Some(at),
                Output::Stopped(error) => self.stopped = Some(error),
            }
        }
        if self.stopped.is_some() {
            self.till = None;
        } else if let Some(work) = work {
            self.derivations += 1;
            let key = if self.derives_for_real { work.run() } else { work.run_with(&mut hashed) };
            self.give(Input::Derived { key, took_ms: 300 });
        } else if self.holds {
            self.held = looks.or(self.held.take());
        } else if let Some(looks) = looks {
            self.give(Input::Recognised(looks.run()));
        }
        while !self.line_waits
            && let Some(heard) = self.heard.pop_front()
        {
            match &heard {
                Heard::Network => self.give(Input::Network { posture: Posture::Trusted }),
                Heard::Connected => self.give(Input::Link(LinkEvent::Connected)),
                Heard::NotConnected => self.give(Input::Link(LinkEvent::NotConnected(LinkFault::Unreachable))),
                Heard::Bytes(bytes) => self.give(Input::Link(LinkEvent::Received(bytes))),
            }
        }
    }

    fn line(&mut self, command: LinkCommand) {
        let Some(host) = &mut self.host else {
            if self.has_no_host && matches!(command, LinkCommand::Connect) {
                self.heard.push_back(Heard::NotConnected);
            }
            return;
        };
        match command {
            LinkCommand::Connect if host.connect() => self.heard.push_back(Heard::Connected),
            LinkCommand::Connect => self.heard.push_back(Heard::NotConnected),
            LinkCommand::Send(bytes) => {
                let said = host.receive(&bytes).into_iter().filter_map(|said| match said {
                    Said::Bytes { bytes, .. } => Some(Heard::Bytes(bytes)),
                    Said::End { .. } => None,
                });
                self.heard.extend(said);
            }
            LinkCommand::Disconnect => host.hang_up(),
        }
    }

    /// Wishes for something; gives the ticket.
    pub fn wish(&mut self, ask: Ask) -> u64 {
        self.tickets += 1;
        let ticket = self.tickets;
        self.give(Input::Ask { ticket: Ticket(ticket), ask });
        ticket
    }

    /// What was told on a ticket, once.
    pub fn told(&mut self, ticket: u64) -> Option<Result<Reply, Error>> {
        self.told.remove(&ticket)
    }

    /// Wishes for something that is answered at once.
    pub fn ask(&mut self, ask: Ask) -> Result<Reply, Error> {
        let ticket = self.wish(ask);
        match (self.told(ticket), &self.stopped) {
            (Some(told), _) => told,
            (None, Some(error)) => Err(error.clone()),
            (None, None) => panic!("nothing was told"),
        }
    }

    /// The code of the refusal, or `ok`.
    pub fn verdict(&mut self, ask: Ask) -> String {
        match self.ask(ask) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// Lets time go by, waking the till when it wants.
    pub fn wait(&mut self, ms: u64) {
        let end = self.now.mono.after_ms(ms);
        while let Some(at) = self.alarm.filter(|at| *at <= end) {
            self.pass_to(at.max(self.now.mono));
            let before = self.alarm;
            self.give(Input::Tick);
            if self.alarm == before && before.is_some_and(|at| at <= self.now.mono) {
                self.pass_to(self.now.mono.after_ms(1));
            }
        }
        self.pass_to(end);
    }

    fn pass_to(&mut self, mono: MonoMs) {
        let by = mono.0.saturating_sub(self.now.mono.0);
        self.now.wall.0 += i64::try_from(by).unwrap();
        self.now.mono = mono.max(self.now.mono);
    }

    pub fn state(&mut self) -> TillState {
        match self.ask(Ask::State) {
            Ok(Reply::State(state)) => state,
            other => panic!("{other:?}"),
        }
    }

    pub fn standing(&mut self) -> &'static str {
        self.state().standing.word()
    }

    pub fn claim(&mut self) -> Result<String, Error> {
        self.code(Ask::Claim { name: ALICE.name(), password: ALICE.password() })
    }

    pub fn recover(&mut self, code: &str, person: Person, password: &str) -> Result<String, Error> {
        self.code(Ask::Recover { code: secret(code), name: person.name(), password: secret(password) })
    }

    /// Lets the finger of whoever is signed in open the till.
    pub fn enrol(&mut self, person: Person) -> Result<Reply, Error> {
        self.ask(Ask::EnrolBiometric { password: person.password() })
    }

    /// Signs in by finger.
    pub fn touch_in(&mut self, person: Person) -> Result<SessionView, Error> {
        match self.ask(Ask::SignInByBiometric { name: person.name() })? {
            Reply::Session(view) => Ok(view),
            other => panic!("{other:?}"),
        }
    }

    pub fn sensor(&self) -> Arc<Sensor> {
        self.sensor.clone().unwrap()
    }

    pub fn code(&mut self, ask: Ask) -> Result<String, Error> {
        match self.ask(ask)? {
            Reply::Recovery(code) => Ok(String::from_utf8(code.expose().to_vec()).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    pub fn sign_in(&mut self, person: Person) -> Result<SessionView, Error> {
        self.sign_in_with(person, person.password, None)
    }

    pub fn sign_in_with(
        &mut self,
        person: Person,
        password: &str,
        new_password: Option<&str>,
    ) -> Result<SessionView, Error> {
        let new_password = new_password.map(secret);
        match self.ask(Ask::SignIn { name: person.name(), password: secret(password), new_password })? {
            Reply::Session(view) => Ok(view),
            other => panic!("{other:?}"),
        }
    }

    pub fn unlock(&mut self, password: &str) -> Result<SessionView, Error> {
        match self.ask(Ask::Unlock { password: secret(password) })? {
            Reply::Session(view) => Ok(view),
            other => panic!("{other:?}"),
        }
    }

    pub fn operators(&mut self) -> Vec<OperatorView> {
        match self.ask(Ask::Operators) {
            Ok(Reply::Operators(operators)) => operators,
            other => panic!("{other:?}"),
        }
    }

    /// Begins a sale, which waits for a card.
    pub fn sell(&mut self, attempt: &str) -> u64 {
        let ticket = self.wish(Ask::Sale(sale(attempt)));
        if self.stopped.is_none() && !self.told.contains_key(&ticket) {
            assert!(self.awaits_card, "the sale waits for a card");
        }
        ticket
    }

    pub fn cancel(&mut self, attempt: &str) -> Result<Reply, Error> {
        self.ask(Ask::Cancel(AttemptId::new(attempt).unwrap()))
    }

    pub fn verify(&mut self) -> VerifyReport {
        match self.ask(Ask::Verify) {
            Ok(Reply::Payment(payment::Reply::Verified(report))) => report,
            other => panic!("{other:?}"),
        }
    }

    /// Reads the journal behind the till's back, with whatever password opens it; the till is closed for it.
    pub fn events(&mut self, person: Person, password: &str) -> Vec<Event> {
        self.till = None;
        let ports = self.ports();
        let mut locked = LockedJournal::open(&self.path(), JournalPorts::from(&ports)).unwrap();
        let mut vault = Vault::new(&mut locked, &*self.keys, &*self.entropy);
        let name = person.name();
        let attempt = vault.begin(Who::Operator(&name), self.now).unwrap();
        let derived = if self.derives_for_real {
            derive(password.as_bytes(), attempt.derivation())
        } else {
            hashed(password.as_bytes(), attempt.derivation())
        };
        let opened = vault.finish(attempt, derived, self.now).unwrap();
        vault.forgive(&opened).unwrap();
        let journal = locked.unlock(opened.masters().keyring(), till::folds()).map_err(|(_, error)| error).unwrap();
        let mut events = Vec::new();
        journal
            .for_each_event(&mut |event| {
                events.push(event.clone());
                Ok(())
            })
            .unwrap();
        events
    }

    /// Puts rows among those of the operators behind the till's back, which is closed for it.
    pub fn plant(&mut self, rows: &[(&str, &[u8])]) {
        self.till = None;
        let ports = self.ports();
        let mut locked = LockedJournal::open(&self.path(), JournalPorts::from(&ports)).unwrap();
        let planted = |(row, bytes): &(&str, &[u8])| PlainChange {
            name: format!("vault/slot/{row}"),
            value: Some(bytes.to_vec()),
        };
        locked.change_plain(&rows.iter().map(planted).collect::<Vec<_>>()).unwrap();
    }

    /// The kinds of what was journalled about people and keys, with what tells them apart.
    pub fn said(&mut self, person: Person, password: &str) -> Vec<String> {
        let events = self.events(person, password);
        let shown = events.iter().filter(|event| event.kind.starts_with("operator.") || event.kind == "key.rotated");
        shown.map(|event| format!("{} {}", event.kind, event.operator.as_deref().unwrap_or("-"))).collect()
    }
}

pub fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

pub fn name(text: &str) -> OperatorName {
    OperatorName::new(text).unwrap()
}

pub fn sale(attempt: &str) -> SaleOrder {
    SaleOrder {
        attempt: Some(AttemptId::new(attempt).unwrap()),
        amount: Amount::from_minor(500, Currency::CNY).unwrap(),
        order: None,
    }
}

pub fn newcomer(text: &str, role: Role, password: &str, is_temporary: bool) -> NewOperator {
    NewOperator { name: name(text), role, password: secret(password), is_temporary }
}

pub fn code_of<T>(result: Result<T, Error>) -> ErrorCode {
    match result {
        Ok(_) => panic!("it is not refused"),
        Err(error) => error.code(),
    }
}

/// A derivation that takes no time: the hash of password, salt and cost.
pub fn hashed(password: &[u8], derivation: &Derivation) -> Secret<32> {
    let params = derivation.params();
    let cost = format!("{} {} {}", params.memory_kib, params.passes, params.lanes);
    let hash = digest::digest(&digest::SHA256, &[derivation.salt().as_slice(), cost.as_bytes(), password].concat());
    Secret::from_slice(hash.as_ref()).unwrap()
}

/// A fresh one, wherever the seed comes from.
pub fn entropy(seed: u64) -> impl Entropy {
    Seeded::new(seed)
}
