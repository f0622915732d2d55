//! What stands before a day begins: a till of each dialect, provisioned and claimed, on a disk in memory.
//!
//! A till is set up once a process and dialect and copied for every day. Passwords are derived by one hash instead of
//! Argon2: who gets in is what matters here, not how long it takes.
//!
//! It never plays a day. Evidence: `sandbox/simulator/tests/same_bytes.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest;
use taptill::account::{
    Configuration, HostAddress, Limits, Merchant, NetworkPolicy, PROVISIONING_VERSION, PasswordWork, Policy,
    Provisioning, SecretText, Secrets,
};
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::emv::TerminalData;
use taptill::error::Error;
use taptill::ids::{MerchantId, OperatorName, Role, TerminalId};
use taptill::iso8583::Dialect;
use taptill::money::Currency;
use taptill::payment::Ticket;
use taptill::ports::{
    Clock, Deaf, EncryptedRead, EncryptedReader, FaultPlan, NetworkPosture, NoFaults, Ports, Posture, ReadRequest,
    ReaderFault,
};
use taptill::secret::{Secret, SecretBytes};
use taptill::till::{self, Ask, Input, NewOperator, Output, Till};
use taptill::vault::Derivation;
use taptill_crashfs::{Disk, Files};
use taptill_sandbox::card;
use tempfile::TempDir;

use crate::acquirer::{acquirer_key, pin};
use crate::dice::Seeded;
use crate::keys::{KeyRing, Keys};
use crate::schedule::Who;

/// The terminal master key: two DES keys.
pub(crate) const MASTER_KEY: [u8; 16] =
    [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10];

/// 2026-11-22T09:00:00Z, 17:00 at the host's place.
pub(crate) const MORNING: Now = Now { wall: WallMs(1_795_338_000_000), mono: MonoMs(1_000), boot: BootCount(1) };

/// The dialects, by how their cards are read.
const DIALECTS: [&str; 3] = ["iso87", "unionpay", "encrypted"];

/// The dialect that the till of a seed speaks.
pub(crate) fn dialect_of(seed: u64) -> &'static str {
    DIALECTS[(seed % 3) as usize]
}

impl Who {
    pub const ALL: [Self; 3] = [Self::Alice, Self::Bob, Self::Carol];

    pub fn name(self) -> OperatorName {
        let name = match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
            Self::Carol => "carol",
        };
        OperatorName::new(name).expect("three names of small letters")
    }

    /// The one that each begins with.
    pub fn password(self) -> SecretBytes {
        let password: &[u8] = match self {
            Self::Alice => b"correct horse battery 9",
            Self::Bob => b"tall ships sail at 7 bells",
            Self::Carol => b"brass lanterns swing 3 times",
        };
        SecretBytes::new(password.to_vec())
    }

    pub fn role(self) -> Role {
        if self == Self::Bob { Role::Cashier } else { Role::Supervisor }
    }
}

/// A till that was set up, to be copied.
pub(crate) struct Template {
    pub dialect: Arc<Dialect>,
    pub files: Files,
    pub ring: KeyRing,
}

/// The template of a dialect, made the first time that it is asked for.
pub(crate) fn template(name: &'static str) -> Arc<Template> {
    static MADE: Mutex<BTreeMap<&str, Arc<Template>>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(name).or_insert_with(|| Arc::new(set_up(name))).clone()
}

/// A folder with a disk in memory in its place.
pub(crate) struct Place {
    pub disk: Arc<Disk>,
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = made.expect("a temporary folder can be made");
        Self { disk: Arc::new(Disk::at(folder.path())), folder }
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    /// What the day before left beside the disk is gone, and the ballast is whole.
    pub fn tidy(&self) {
        for name in self.names().into_iter().filter(|name| name.contains(ERASURE)) {
            let _gone_already = std::fs::remove_file(self.folder.path().join(name));
        }
        let path = self.folder.path().join("journal.db.ballast");
        let is_whole = std::fs::metadata(&path).is_ok_and(|facts| facts.len() == BALLAST_BYTES);
        if !is_whole {
            let file = std::fs::File::create(path).and_then(|file| file.set_len(BALLAST_BYTES));
            file.expect("a temporary folder can be written to");
        }
    }

    /// These files without those that an erasure has removed: it removes the name, and the disk's file goes with it.
    pub fn still_there(&self, mut files: Files) -> Files {
        if !self.journal().exists() {
            files.retain(|name, _| self.folder.path().join(name).exists());
        }
        files
    }

    /// Where a till was: the certificates that lie there, and what else does but the empty file of its lock.
    pub fn leftovers(&self) -> (Vec<String>, Vec<String>) {
        let (certificates, mut others): (Vec<String>, Vec<String>) =
            self.names().into_iter().partition(|name| name.contains(CERTIFICATE));
        others.retain(|name| !name.ends_with(".lock"));
        let read = |name| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        (certificates.into_iter().map(read).collect(), others)
    }

    fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let mut names: Vec<String> = files.filter_map(|file| file.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

/// How what belongs to an erasure is called, and the certificate among it.
const ERASURE: &str = ".erase";
const CERTIFICATE: &str = ".erased-";

/// As the journal wants it.
const BALLAST_BYTES: u64 = 512 * 1024;

/// The ports of a simulated device.
pub(crate) fn ports(keys: Arc<Keys>, entropy: Arc<Seeded>, faults: Arc<dyn FaultPlan>) -> Ports {
    Ports {
        device_keys: keys,
        clock: Arc::new(Still),
        entropy,
        network_posture: Arc::new(Still),
        encrypted_reader: Some(Arc::new(Still)),
        biometric: None,
        observer: Arc::new(Deaf),
        faults,
    }
}

/// Only provisioning asks a clock, and nobody asks the others: a till is told.
struct Still;

impl Clock for Still {
    fn now(&self) -> Now {
        MORNING
    }
}

impl NetworkPosture for Still {
    fn posture(&self) -> Posture {
        Posture::Trusted
    }
}

impl EncryptedReader for Still {
    fn read(&self, _: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        Err(ReaderFault::Failed)
    }

    fn cancel(&self) {}
}

/// A password's key, by one hash.
pub(crate) fn hashed(password: &[u8], derivation: &Derivation) -> Secret<32> {
    let hash = digest::digest(&digest::SHA256, &[derivation.salt().as_slice(), password].concat());
    Secret::from_slice(hash.as_ref()).expect("SHA-256 has 32 bytes")
}

fn set_up(name: &'static str) -> Template {
    let (place, text) = (Place::new(), Dialect::shipped(name).expect("a shipped dialect"));
    let keys = Arc::new(Keys::new(place.disk.clone(), KeyRing::default()));
    let ports = ports(keys.clone(), Arc::new(Seeded::new(1)), Arc::new(NoFaults));
    let made = make(&place, text, &ports);
    made.unwrap_or_else(|error| panic!("a till of {name} cannot be set up: {error}"));
    let dialect = Arc::new(Dialect::from_toml(text).expect("a shipped dialect is right"));
    Template { dialect, files: place.disk.files(), ring: keys.ring() }
}

fn make(place: &Place, text: &str, ports: &Ports) -> Result<(), Error> {
    till::provision(&place.journal(), &provisioning(text), ports)?;
    let mut till = Till::open(&place.journal(), ports)?;
    ask(&mut till, Ask::Claim { name: Who::Alice.name(), password: Who::Alice.password() }, MORNING)?;
    for who in [Who::Bob, Who::Carol] {
        let (name, role, password) = (who.name(), who.role(), who.password());
        ask(&mut till, Ask::AddOperator(NewOperator { name, role, password, is_temporary: false }), MORNING)?;
    }
    till.close(MORNING)
}

/// Asks, runs the derivations, and waits for the answer.
pub(crate) fn ask(till: &mut Till, ask: Ask, now: Now) -> Result<(), Error> {
    let mut outputs = till.handle(Input::Ask { ticket: Ticket(1), ask }, now);
    loop {
        let mut work = None;
        for output in outputs {
            match output {
                Output::Derive(asked) => work = Some(asked),
                Output::Tell { result, .. } => return result.map(drop),
                _ => {}
            }
        }
        let work = work.expect("an answer or a derivation");
        let key = work.run_with(&mut hashed);
        outputs = till.handle(Input::Derived { key, took_ms: 300 }, now);
    }
}

/// Something of this kind that is none.
pub(crate) fn pem(kind: &str) -> String {
    format!("-----BEGIN {kind}-----\nMAA=\n-----END {kind}-----\n")
}

fn provisioning(dialect: &str) -> Provisioning {
    let digits: String = MASTER_KEY.iter().map(|byte| format!("{byte:02X}")).collect();
    Provisioning {
        version: PROVISIONING_VERSION,
        configuration: Configuration {
            terminal_id: TerminalId::new("TILL0001").expect("eight characters"),
            merchant_id: MerchantId::new("SANDBOX00000001").expect("fifteen characters"),
            merchant: Merchant { name: "Test shop".into(), address: vec!["1 Test Road".into()] },
            time_zone: "Asia/Shanghai".into(),
            host_utc_offset_minutes: 480,
            currency: Currency::CNY,
            limits: Limits { sale_max_minor: 5_000_000 },
            host: HostAddress {
                address: "127.0.0.1:9583".into(),
                server_name: "localhost".into(),
                ca_pem: pem("CERTIFICATE"),
                spki_sha256: pin(0),
                spki_sha256_backup: Some(pin(1)),
            },
            acquirer_key: Some(acquirer_key()),
            client_certificate_pem: pem("CERTIFICATE"),
            dialect: dialect.to_owned(),
            terminal_data: TerminalData::sandbox(),
            ca_keys: serde_json::from_str(card::ca_keys_json()).expect("the sandbox's card keys are JSON"),
            policy: Policy::default(),
            network: NetworkPolicy::default(),
            password_work: PasswordWork::Floor,
        },
        secrets: Secrets {
            master_key_hex: SecretText::new(digits),
            client_key_pem: SecretText::new(pem("PRIVATE KEY")),
        },
    }
}
