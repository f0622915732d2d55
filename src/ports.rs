//! What the core borrows from the device it runs on.
//!
//! Each port is one small synchronous trait, implemented by a shell (Kotlin, Swift), by the desktop or by a
//! strict fake in a test. A port answers with bytes, facts or a fault from a closed list; it never decides.
//! Calls come from the core's own threads, never with a lock held, and must not call back into the core.
//!
//! It never names a platform. Evidence: `tests/ports.rs` runs each fault of each port through a terminal.

mod biometric;
mod encrypted_reader;
mod export_sink;
mod network_facts;

pub use biometric::{BiometricFault, BiometricKey};
pub use encrypted_reader::{
    EncryptedRead, EncryptedReader, READ_NAME_BYTES_MAX, READ_NONCE_BYTES, READ_PAYLOAD_BYTES_MAX,
    READ_SCHEME_CHARS_MAX, READ_SIGNATURE_BYTES_MAX, ReadCvm, ReadRequest, ReaderFault,
};
pub use export_sink::{ExportFault, ExportSink};
pub use network_facts::{DeviceSays, NetworkFacts};

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::clock::Now;
use crate::secret::SecretBytes;

/// Everything that a terminal borrows.
#[derive(Clone)]
pub struct Ports {
    /// Keys that the device holds and never gives out.
    pub device_keys: Arc<dyn DeviceKeys>,
    /// Wall time, monotonic time and boot count.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub entropy: Arc<dyn Entropy>,
    /// What network the device is on.
    pub network_posture: Arc<dyn NetworkPosture>,
    /// Somebody else's certified reader, where the device has one. Whether a sale uses it is the dialect's to say.
    pub encrypted_reader: Option<Arc<dyn EncryptedReader>>,
    /// Keys that the device gives out for a recognised person alone, where it has such a sensor.
    pub biometric: Option<Arc<dyn BiometricKey>>,
    /// Hears what happens.
    pub observer: Arc<dyn Observer>,
    /// Where a test may stop or fail the core; [`NoFaults`] otherwise.
    pub faults: Arc<dyn FaultPlan>,
}

/// A contactless card in the field. One channel serves one tap and is not used again after a fault.
pub trait CardChannel: Send + Sync {
    /// Sends one command APDU and waits for the response APDU with its status word.
    ///
    /// # Errors
    /// [`CardFault`]; the tap is over with any of them.
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, CardFault>;
}

/// How a tap ended before the card answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFault {
    /// The card left the field.
    Lost,
    /// The card stayed and did not answer in time.
    TimedOut,
    /// The reader itself failed.
    ReaderFailed,
}

/// What a device key is for. A key serves one purpose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Wraps and unwraps other keys.
    Wrap,
    /// Makes message authentication codes (HMAC-SHA-256).
    Mac,
    /// Signs (ECDSA P-256 with SHA-256).
    Sign,
}

/// Keys held by the device: Android Keystore, Secure Enclave, or a development folder.
pub trait DeviceKeys: Send + Sync {
    /// Makes a new key. An alias is 1 to 64 of `[a-z0-9.-]`.
    ///
    /// # Errors
    /// [`DeviceKeysFault::AlreadyExists`] and the faults of the store.
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault>;

    /// Whether a key of this alias is there.
    ///
    /// # Errors
    /// The faults of the store; a key that is not there is no fault here.
    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault>;

    /// Destroys a key for good. Destroying what is not there is done already, and no fault.
    ///
    /// # Errors
    /// The faults of the store.
    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault>;

    /// The public half of a signing key, as a DER `SubjectPublicKeyInfo` (RFC 5280).
    ///
    /// # Errors
    /// [`DeviceKeysFault::NotFound`], [`DeviceKeysFault::WrongKind`] and the faults of the store.
    fn public_key(&self, alias: &str) -> Result<Vec<u8>, DeviceKeysFault>;

    /// A certificate chain (DER, leaf first) by which the platform vouches for a key.
    ///
    /// # Errors
    /// [`DeviceKeysFault::Unsupported`] where the platform cannot, and the faults of the store.
    fn attest(&self, alias: &str, challenge: &[u8]) -> Result<Vec<Vec<u8>>, DeviceKeysFault>;

    /// Encrypts a small secret under a wrapping key, bound to `context`.
    ///
    /// # Errors
    /// [`DeviceKeysFault::NotFound`], [`DeviceKeysFault::WrongKind`] and the faults of the store.
    fn wrap(&self, alias: &str, secret: &[u8], context: &[u8]) -> Result<Vec<u8>, DeviceKeysFault>;

    /// Opens what `wrap` made with the same alias and context.
    ///
    /// # Errors
    /// [`DeviceKeysFault::Rejected`] when it was not made so, and the faults of the store.
    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault>;

    /// HMAC-SHA-256 of `data` under a MAC key.
    ///
    /// # Errors
    /// [`DeviceKeysFault::NotFound`], [`DeviceKeysFault::WrongKind`] and the faults of the store.
    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault>;

    /// ECDSA P-256 signature (ASN.1 DER) over SHA-256 of `data`.
    ///
    /// # Errors
    /// [`DeviceKeysFault::NotFound`], [`DeviceKeysFault::WrongKind`] and the faults of the store.
    fn sign(&self, alias: &str, data: &[u8]) -> Result<Vec<u8>, DeviceKeysFault>;
}

/// Why the device's key store did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKeysFault {
    /// There is no key of this alias: a restored backup, a cloned phone, or a wiped store.
    NotFound,
    /// There is one already.
    AlreadyExists,
    /// The key is there and serves another purpose.
    WrongKind,
    /// The store is there but will not serve now (locked, busy, no permission).
    Unavailable,
    /// What was given was not made by this key, or was changed.
    Rejected,
    /// The key's bytes are damaged.
    Damaged,
    /// The platform has no such operation.
    Unsupported,
}

/// The device's clocks.
pub trait Clock: Send + Sync {
    /// Reads all three at once.
    fn now(&self) -> Now;
}

/// Unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// [`EntropyFault`] when the source has failed; the buffer is then not to be used.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault>;
}

/// The source of random bytes failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyFault;

/// What the device knows about its network. Of several kinds that fit, it says the one that matters most, as
/// [`NetworkFacts::posture`] does.
pub trait NetworkPosture: Send + Sync {
    /// The network as it is now.
    fn posture(&self) -> Posture;
}

/// Kinds of network, from the payment's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Posture {
    /// A network that the owner trusts.
    Trusted,
    /// Wi-Fi without a password.
    OpenWifi,
    /// Wi-Fi that answers with a page of its own before it lets anybody through.
    CaptivePortal,
    /// Traffic goes through a proxy.
    Proxied,
    /// The device trusts an authority that a person has added.
    UserAuthority,
    /// Traffic goes through somebody else's tunnel.
    Vpn,
    /// The device's clock is not kept by the network, or not to be believed.
    ClockWrong,
    /// The device does not tell what network it is.
    Unknown,
    /// There is no network.
    Absent,
}

impl Posture {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Trusted,
        Self::OpenWifi,
        Self::CaptivePortal,
        Self::Proxied,
        Self::UserAuthority,
        Self::Vpn,
        Self::ClockWrong,
        Self::Unknown,
        Self::Absent,
    ];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::OpenWifi => "open_wifi",
            Self::CaptivePortal => "captive_portal",
            Self::Proxied => "proxied",
            Self::UserAuthority => "user_authority",
            Self::Vpn => "vpn",
            Self::ClockWrong => "clock_wrong",
            Self::Unknown => "unknown",
            Self::Absent => "absent",
        }
    }
}

/// Hears what happens; is asked nothing and cannot hold anything up.
pub trait Observer: Send + Sync {
    /// One notice, in order. Called from the core's own thread: return at once.
    fn hear(&self, notice: &Notice);
}

/// An observer for whom nothing matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deaf;

impl Observer for Deaf {
    fn hear(&self, _: &Notice) {}
}

/// What an observer hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Turn the contactless field on and wait for a card.
    FieldOn,
    /// Turn the contactless field off, for at least this long.
    FieldOff {
        /// Milliseconds, 0 where there is no hold.
        hold_ms: u64,
    },
    /// Show this (the words are in the text catalogue under the same name).
    Show(Prompt),
    /// A payment changed its state; the words of the state are those of the payment room.
    Attempt {
        /// The attempt's id.
        attempt: String,
        /// Its new state, as `in_doubt`.
        state: &'static str,
    },
    /// Who is at the till has changed; the words are those of the till's room.
    Till {
        /// How the till stands now, as `locked`.
        standing: &'static str,
    },
    /// The session ends soon, unless somebody does something.
    SessionEnding {
        /// In how many milliseconds.
        left_ms: u64,
    },
}

/// What the reader tells the people in front of it (EMV Contactless Book A, 9.2 message identifiers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prompt {
    /// 03 Approved.
    Approved,
    /// 07 Not authorised.
    NotAuthorised,
    /// 09 Please enter your PIN.
    EnterPin,
    /// 10 Insert, swipe or try another card.
    TryAnotherCard,
    /// 15 Present card.
    PresentCard,
    /// 16 Processing.
    Processing,
    /// 17 Card read OK, please remove card.
    CardReadOk,
    /// 18 Please insert or swipe card.
    InsertOrSwipe,
    /// 19 Please present one card only.
    PresentOneCardOnly,
    /// 1A Approved, please sign.
    ApprovedSign,
    /// 1B Authorising, please wait.
    Authorising,
    /// 1C Insert, swipe or try another card.
    InsertSwipeOrTryAnotherCard,
    /// 20 See phone for instructions.
    SeePhone,
    /// 21 Present card again.
    PresentCardAgain,
    /// 1E Clear display.
    Clear,
}

/// A place at which a test may interrupt the core. The text is stable: `before attempt.in_doubt`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KillPoint {
    /// Before or after what.
    pub moment: Moment,
    /// What happens there: an event's kind, or `send`, `receive`, `tell`.
    pub step: &'static str,
}

/// Which side of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing of the step has happened.
    Before,
    /// All of the step has happened and is durable.
    After,
}

impl fmt::Display for KillPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = match self.moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        write!(f, "{moment} {}", self.step)
    }
}

impl fmt::Debug for KillPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Decides, in tests, what happens at a [`KillPoint`].
pub trait FaultPlan: Send + Sync {
    /// Called each time the core passes the point.
    fn reach(&self, point: KillPoint) -> Fate;
}

/// What a [`FaultPlan`] decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing: the only answer outside tests.
    GoOn,
    /// The core must behave as if the process had ended here: it does nothing more and says so.
    Die,
    /// The storage reports that the disk is full.
    DiskFull,
    /// The storage reports that the data could not be synced.
    SyncFailed,
    /// The storage reports that another program holds it.
    Locked,
}

/// The plan of a real till: nothing is ever interrupted.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl FaultPlan for NoFaults {
    fn reach(&self, _: KillPoint) -> Fate {
        Fate::GoOn
    }
}
