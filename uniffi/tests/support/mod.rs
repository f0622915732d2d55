//! A shop for the tests of the face: a host, a till's folder, and a phone whose ports a test can break.
//!
//! The phone keeps its keys as the desktop does. Each port does what it is asked until it is told to fail, and it
//! then fails at the call that the test names and at all after it, in the way that the test names.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

use std::future::Future;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use taptill::iso8583::Dialect;
use taptill::ports::{CardChannel as _, Clock as _, DeviceKeys as _};
use taptill::secret::SecretBytes;
use taptill_ffi::{
    Amount, Attempt, CardChannel, CardFault, Clock, ClockReading, Desk, DeviceKeys, FieldName, Intent, KeyFault,
    KeyKind, NetworkPosture, Notice, Observer, Operation, PortFault, Ports, Posture, SaleOrder, ScreenKind, SecretSink,
    Standing, Terminal, TillError, provision_till,
};
use taptill_sandbox::card::{self, PresentedCard};
use taptill_sandbox::desktop::{FolderDeviceKeys, SystemClock};
use taptill_sandbox::host::{Host, Kind, Options, RunningHost, Script, book, provision_in, set_next};
use taptill_sandbox::scratch::{self, Scratch};

/// Longer than anything here takes, so that a test that hangs fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A host, and what a till needs to become one of its own.
pub struct Shop {
    folder: Arc<Scratch>,
    host: Arc<Mutex<Option<RunningHost>>>,
    address: String,
    number: u32,
    provisioning: SecretBytes,
}

impl Shop {
    /// A till that the acquirer has not made its own yet.
    pub fn unprovisioned() -> Self {
        let folder = scratch::folder("face");
        let host = Host::start(&folder.path().join("host"), Host::any_port(), &Script::honest()).unwrap();
        let address = host.address().to_string();
        let provisioning = provisioning(&folder, &address);
        Self { folder: Arc::new(folder), host: Arc::new(Mutex::new(Some(host))), address, number: 0, provisioning }
    }

    /// A till of encrypted reads that can be opened, also without a reader.
    pub fn of_encrypted_reads() -> Self {
        let shop = Self::unprovisioned();
        let provisioning = provisioning_of("encrypted", &shop.folder, &shop.address);
        Self { provisioning, ..shop }.set_up()
    }

    /// A till that can be opened.
    pub fn new() -> Self {
        Self::unprovisioned().set_up()
    }

    /// Another till of the same host, on a phone of its own, not set up yet.
    pub fn another(&self, number: u32) -> Self {
        let (folder, host) = (self.folder.clone(), self.host.clone());
        Self { provisioning: provisioning(&folder, &self.address), folder, host, address: self.address.clone(), number }
    }

    pub fn set_up(self) -> Self {
        provision_till(&self.home(), self.provisioning(), self.phone().ports()).unwrap();
        self.till().terminal.close().unwrap();
        self
    }

    pub fn home(&self) -> String {
        self.folder.path().join(format!("till-{}", self.number)).to_str().unwrap().to_owned()
    }

    pub fn provisioning(&self) -> &[u8] {
        self.provisioning.expose()
    }

    /// The phone, as it is after each start of the app: the keys stay.
    pub fn phone(&self) -> Phone {
        Phone::new(self.folder.path().join(format!("device-{}", self.number)))
    }

    /// The till, opened with a phone that does what it should.
    pub fn till(&self) -> Till {
        self.till_on(self.phone())
    }

    /// The same on this phone; alice is signed in.
    pub fn till_on(&self, phone: Phone) -> Till {
        Till { terminal: open(&self.home(), phone.ports()), phone, home: self.home() }
    }

    pub fn host_does(&self, kind: Kind, count: u32) {
        set_next(&self.folder.path().join("host"), kind, count).unwrap();
    }

    pub fn host_goes(&self) {
        self.host.lock().unwrap().take().unwrap().stop();
    }

    /// What the host holds of all sales, in minor units.
    pub fn net_minor(&self) -> u64 {
        book(&self.folder.path().join("host")).unwrap().iter().map(|entry| entry.net_minor).sum()
    }
}

/// A till's new account at this shop's host, whose dialect waits for half a second.
fn provisioning(folder: &Scratch, address: &str) -> SecretBytes {
    provisioning_of("unionpay", folder, address)
}

fn provisioning_of(dialect: &str, folder: &Scratch, address: &str) -> SecretBytes {
    let impatient = Dialect::shipped(dialect).unwrap().replace("timeout_ms = 2000", "timeout_ms = 500");
    provision_in(&folder.path().join("host"), &impatient, address, &Options::default()).unwrap().to_json()
}

/// The supervisor whom every till here gets, and her password.
pub const ALICE: (&str, &[u8]) = ("alice", b"correct horse battery 9");

/// Opens a till and lets alice in, who claims one that is nobody's.
pub fn open(home: &str, ports: Ports) -> Arc<Terminal> {
    let terminal = Terminal::open(home, ports).unwrap();
    alice_comes(&terminal);
    terminal
}

pub fn alice_comes(terminal: &Terminal) {
    let (name, password) = ALICE;
    let people = terminal.people().unwrap();
    let work = match terminal.state().unwrap().standing {
        Standing::Unclaimed => people.claim(name, password),
        _ => people.sign_in(name, password),
    };
    wait(work.unwrap().await_done()).unwrap();
}

/// Alice signs in at the screen that asks for her, or claims the till.
pub fn alice_at(desk: &Desk) {
    let asks = |kind| desk.screen().unwrap().kind == kind;
    until("the screen asks who is there", || asks(ScreenKind::SignIn) || asks(ScreenKind::Claim));
    let (name, password) = ALICE;
    desk.enter(FieldName::Operator, name.as_bytes()).unwrap();
    if asks(ScreenKind::SignIn) {
        desk.enter(FieldName::Password, password).unwrap();
        desk.send(Intent::SignIn).unwrap();
        until("alice is in", || !asks(ScreenKind::SignIn));
    } else {
        desk.enter(FieldName::NewPassword, password).unwrap();
        desk.enter(FieldName::NewPasswordAgain, password).unwrap();
        desk.send(Intent::Claim).unwrap();
        until("the recovery code", || asks(ScreenKind::RecoveryCode));
        assert!(desk.recovery_code().unwrap().unwrap().length().unwrap() > 0);
        desk.send(Intent::Written).unwrap();
        until("the code is gone", || !asks(ScreenKind::RecoveryCode));
        assert!(desk.recovery_code().unwrap().is_none());
    }
}

/// An open till with the phone that it borrows from.
pub struct Till {
    pub terminal: Arc<Terminal>,
    pub phone: Phone,
    pub home: String,
}

impl Till {
    pub fn start(&self, attempt: &str, minor: i64) -> Result<Arc<Operation>, TillError> {
        self.terminal.payments()?.start_sale(order(attempt, minor))
    }

    /// A sale to its end, the card tapped when the field goes on.
    pub fn sell(&self, attempt: &str, minor: i64) -> Result<Attempt, TillError> {
        let operation = self.start(attempt, minor)?;
        self.tap("visa");
        wait(operation.await_outcome())
    }

    /// Taps this card when the field goes on.
    pub fn tap(&self, card: &str) {
        self.present(Card::of(card));
    }

    pub fn present(&self, card: Card) {
        self.phone.observer.field_goes_on();
        self.terminal.present(Arc::new(card)).unwrap();
    }

    pub fn status(&self, attempt: &str) -> Result<Attempt, TillError> {
        self.terminal.payments()?.status(attempt)
    }
}

pub fn order(attempt: &str, minor: i64) -> SaleOrder {
    let amount = Amount { minor, currency: "CNY".to_owned() };
    SaleOrder { attempt: (!attempt.is_empty()).then(|| attempt.to_owned()), amount, order: None }
}

pub fn code<T>(result: Result<T, TillError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.facts().code.clone(),
    }
}

/// Waits for a future of the face as a shell's coroutine would, on a runtime that is not the library's.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("it ends in time") })
}

/// Asks again until it holds, at most for as long as anything here takes.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The names of this process's threads that the library started; the host in this process has one of its own.
pub fn library_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.ok()?.path().join("comm")).ok();
    let names = tasks.filter_map(name).map(|name| name.trim().to_owned());
    names.filter(|name| name.starts_with("taptill-") && name != "taptill-host").collect()
}

/// What a port does when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure<F> {
    /// It answers with this fault.
    Says(F),
    /// It panics: what no foreign port can do, and a port in Rust can.
    Panics,
}

/// When and how a port fails.
pub struct Break<F>(Mutex<Option<(&'static str, u32, Failure<F>)>>);

impl<F: Copy> Break<F> {
    fn never() -> Self {
        Self(Mutex::new(None))
    }

    /// From the `after`th next call of this method on; an empty name means any method.
    pub fn set(&self, method: &'static str, after: u32, failure: Failure<F>) {
        *self.0.lock().unwrap() = Some((method, after, failure));
    }

    pub fn heal(&self) {
        *self.0.lock().unwrap() = None;
    }

    fn pass(&self, called: &'static str) -> Result<(), F> {
        let failure = match &mut *self.0.lock().unwrap() {
            Some((method, left, failure)) if method.is_empty() || *method == called => {
                *left = left.saturating_sub(1);
                if *left == 0 { *failure } else { return Ok(()) }
            }
            _ => return Ok(()),
        };
        match failure {
            Failure::Says(fault) => Err(fault),
            // Without the hook's words on the test's output.
            Failure::Panics => std::panic::resume_unwind(Box::new("a port panics")),
        }
    }
}

/// What a phone lends.
pub struct Phone {
    pub keys: Arc<Keys>,
    pub clock: Arc<TestClock>,
    pub network: Arc<Network>,
    pub observer: Arc<Watch>,
}

impl Phone {
    pub fn new(device: PathBuf) -> Self {
        let keys = Keys { folder: FolderDeviceKeys::open(&device).unwrap(), breaks: Break::never(), put: Put::Once };
        Self {
            keys: Arc::new(keys),
            clock: Arc::new(TestClock { system: SystemClock::new(), breaks: Break::never() }),
            network: Arc::new(Network { breaks: Break::never() }),
            observer: Arc::new(Watch::new()),
        }
    }

    /// The same phone, whose keys put a secret into the sink in another way.
    pub fn putting(mut self, put: Put) -> Self {
        let (folder, breaks) = (self.keys.folder.clone(), Break::never());
        self.keys = Arc::new(Keys { folder, breaks, put });
        self
    }

    pub fn ports(&self) -> Ports {
        Ports {
            device_keys: self.keys.clone(),
            clock: self.clock.clone(),
            network: self.network.clone(),
            observer: self.observer.clone(),
            encrypted_reader: None,
            biometric: None,
        }
    }
}

/// How the key store fills the sink that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    Once,
    /// Says that all is well and puts nothing.
    Never,
    /// Puts something else, and then the right bytes.
    Twice,
    /// Puts no bytes.
    Empty,
    /// Puts one byte more.
    Longer,
    /// Puts as many bytes that are others.
    Others,
}

pub struct Keys {
    folder: FolderDeviceKeys,
    pub breaks: Break<KeyFault>,
    put: Put,
}

impl Keys {
    fn fill(&self, into: &SecretSink, secret: &SecretBytes) -> Result<(), KeyFault> {
        let secret = secret.expose();
        let put = |bytes: &[u8]| into.put(bytes).map_err(|_| KeyFault::Unavailable);
        match self.put {
            Put::Never => Ok(()),
            Put::Once => put(secret),
            Put::Twice => put(b"another").and_then(|()| put(secret)),
            Put::Empty => put(b""),
            Put::Longer => put(&[secret, &[0]].concat()),
            Put::Others => put(&vec![7; secret.len()]),
        }
    }
}

fn key_fault(fault: taptill::ports::DeviceKeysFault) -> KeyFault {
    use taptill::ports::DeviceKeysFault as F;
    match fault {
        F::NotFound => KeyFault::NotFound,
        F::AlreadyExists => KeyFault::AlreadyExists,
        F::WrongKind => KeyFault::WrongKind,
        F::Unavailable => KeyFault::Unavailable,
        F::Rejected => KeyFault::Rejected,
        F::Damaged => KeyFault::Damaged,
        F::Unsupported => KeyFault::Unsupported,
    }
}

impl DeviceKeys for Keys {
    fn create(&self, alias: String, kind: KeyKind) -> Result<(), KeyFault> {
        self.breaks.pass("create")?;
        self.folder.create(&alias, kind.into()).map_err(key_fault)
    }

    fn exists(&self, alias: String) -> Result<bool, KeyFault> {
        self.breaks.pass("exists")?;
        self.folder.exists(&alias).map_err(key_fault)
    }

    fn destroy(&self, alias: String) -> Result<(), KeyFault> {
        self.breaks.pass("destroy")?;
        self.folder.destroy(&alias).map_err(key_fault)
    }

    fn public_key(&self, alias: String) -> Result<Vec<u8>, KeyFault> {
        self.breaks.pass("public_key")?;
        self.folder.public_key(&alias).map_err(key_fault)
    }

    fn attest(&self, alias: String, challenge: Vec<u8>) -> Result<Vec<Vec<u8>>, KeyFault> {
        self.breaks.pass("attest")?;
        self.folder.attest(&alias, &challenge).map_err(key_fault)
    }

    fn wrap(&self, alias: String, secret: Vec<u8>, context: Vec<u8>) -> Result<Vec<u8>, KeyFault> {
        self.breaks.pass("wrap")?;
        self.folder.wrap(&alias, &secret, &context).map_err(key_fault)
    }

    fn unwrap(&self, alias: String, wrapped: Vec<u8>, context: Vec<u8>, into: Arc<SecretSink>) -> Result<(), KeyFault> {
        self.breaks.pass("unwrap")?;
        self.fill(&into, &self.folder.unwrap(&alias, &wrapped, &context).map_err(key_fault)?)
    }

    fn mac(&self, alias: String, data: Vec<u8>, into: Arc<SecretSink>) -> Result<(), KeyFault> {
        self.breaks.pass("mac")?;
        self.fill(&into, &self.folder.mac(&alias, &data).map_err(key_fault)?)
    }

    fn sign(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, KeyFault> {
        self.breaks.pass("sign")?;
        self.folder.sign(&alias, &data).map_err(key_fault)
    }
}

pub struct TestClock {
    system: SystemClock,
    pub breaks: Break<PortFault>,
}

impl Clock for TestClock {
    fn now(&self) -> Result<ClockReading, PortFault> {
        self.breaks.pass("now")?;
        let now = self.system.now();
        Ok(ClockReading { wall_ms: now.wall.0, mono_ms: now.mono.0, boot_count: now.boot.0 })
    }
}

pub struct Network {
    pub breaks: Break<PortFault>,
}

impl NetworkPosture for Network {
    fn posture(&self) -> Result<Posture, PortFault> {
        self.breaks.pass("posture")?;
        Ok(Posture::Trusted)
    }
}

/// Says when the field goes on, and keeps every notice.
pub struct Watch {
    field: (Mutex<Sender<()>>, Mutex<Receiver<()>>),
    notices: Mutex<Vec<Notice>>,
    pub breaks: Break<PortFault>,
}

impl Watch {
    fn new() -> Self {
        let (sender, receiver) = channel();
        let field = (Mutex::new(sender), Mutex::new(receiver));
        Self { field, notices: Mutex::default(), breaks: Break::never() }
    }

    pub fn field_goes_on(&self) {
        self.field.1.lock().unwrap().recv_timeout(PATIENCE).expect("the field goes on");
    }

    /// Lets the notices go.
    pub fn forget(&self) {
        self.notices.lock().unwrap().clear();
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap().clone()
    }
}

impl Observer for Watch {
    fn hear(&self, notice: Notice) -> Result<(), PortFault> {
        if notice == Notice::FieldOn {
            self.field.0.lock().unwrap().send(()).unwrap();
        }
        self.notices.lock().unwrap().push(notice);
        self.breaks.pass("hear")
    }
}

/// A simulated card behind the face's channel.
pub struct Card {
    card: Arc<PresentedCard>,
    pub breaks: Break<CardFault>,
    /// What it answers in place of the card's own response.
    pub says: Option<Vec<u8>>,
}

impl Card {
    pub fn of(name: &str) -> Self {
        let card = card::named(name).unwrap_or_else(|| panic!("{name} is one of {:?}", card::names()));
        Self { card: card.tap(), breaks: Break::never(), says: None }
    }

    /// One that fails from this command on.
    pub fn failing(after: u32, failure: Failure<CardFault>) -> Self {
        let card = Self::of("visa");
        card.breaks.set("", after, failure);
        card
    }
}

impl CardChannel for Card {
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardFault> {
        self.breaks.pass("transceive")?;
        if let Some(says) = &self.says {
            return Ok(says.clone());
        }
        self.card.transceive(&command).map_err(|fault| match fault {
            taptill::ports::CardFault::Lost => CardFault::Lost,
            taptill::ports::CardFault::TimedOut => CardFault::TimedOut,
            taptill::ports::CardFault::ReaderFailed => CardFault::ReaderFailed,
        })
    }
}
