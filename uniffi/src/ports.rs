//! What a shell lends: its side of the core's ports, as foreign traits.
//!
//! Every method may fail, with a word from a closed list; anything else that a shell throws arrives as the
//! last word of the list, without its text. Each port says from which thread it is called. It must return, and must
//! not call back into the core (`called_from_port`), but for `present` and `collision`.
//!
//! Secrets come in through a [`SecretSink`], so that no copy is left in a buffer between two languages.
//! Evidence: `uniffi/tests/ports.rs`, `tests/contract`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use ring::rand::{SecureRandom, SystemRandom};
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::error::ErrorCode;
use taptill::ports::{self as core, DeviceKeysFault, EntropyFault, NoFaults};
use taptill::secret::SecretBytes;

use crate::biometric::{BiometricFault, BiometricKey, biometric_key};
use crate::deregistration::ExportFault;
use crate::errors::{TillError, same_words};
use crate::people::Standing;
use crate::posture::{NetworkPosture, network_posture};
use crate::reader::{EncryptedReader, ReaderFault, encrypted_reader};
use crate::values::AttemptState;

/// Everything that a till borrows from its phone. Randomness is the library's own. The till holds the ports until it is
/// closed and its last handle is gone.
#[derive(Clone, uniffi::Record)]
pub struct Ports {
    /// Keys that the device holds and never gives out.
    pub device_keys: Arc<dyn DeviceKeys>,
    /// Wall time, monotonic time and boot count.
    pub clock: Arc<dyn Clock>,
    /// What network the device is on.
    pub network: Arc<dyn NetworkPosture>,
    /// Hears what happens.
    pub observer: Arc<dyn Observer>,
    /// Somebody else's certified reader, where the device has one. Whether a sale uses it is the dialect's to say.
    #[uniffi(default = None)]
    pub encrypted_reader: Option<Arc<dyn EncryptedReader>>,
    /// Keys that the device gives out for a recognised person alone, where it has such a sensor.
    #[uniffi(default = None)]
    pub biometric: Option<Arc<dyn BiometricKey>>,
}

/// A contactless card in the field. One channel serves one tap and is not used again after a fault. Called on the core's
/// card thread, one command at a time; the till waits for nothing else meanwhile, and closes without a card that hangs.
#[uniffi::export(with_foreign)]
pub trait CardChannel: Send + Sync {
    /// Sends one command APDU and waits for the response APDU: data, then the two bytes of its status word. Both may hold
    /// card data: keep neither, log neither.
    ///
    /// # Errors
    /// The tap is over with any of them, and what it means for the sale is the core's to say.
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardFault>;
}

/// How a tap ended before the card answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CardFault {
    /// The card left the field.
    #[error("the card left the field")]
    Lost,
    /// The card stayed and did not answer in time.
    #[error("the card did not answer in time")]
    TimedOut,
    /// The reader itself failed.
    #[error("the reader failed")]
    ReaderFailed,
    /// The shell threw something else.
    #[error("the card channel threw something undeclared")]
    Undeclared,
}

/// What a device key is for. A key serves one purpose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum KeyKind {
    /// Wraps and unwraps other keys.
    Wrap,
    /// Makes message authentication codes (HMAC-SHA-256).
    Mac,
    /// Signs (ECDSA P-256 with SHA-256).
    Sign,
}

/// Keys held by the device: Android Keystore, Secure Enclave. An alias is 1 to 64 of `[a-z0-9.-]`. Called while a till is
/// set up, opened or inspected, on the thread that does so; it may take as long as the platform does.
#[uniffi::export(with_foreign)]
pub trait DeviceKeys: Send + Sync {
    /// Makes a new key.
    ///
    /// # Errors
    /// `AlreadyExists` and the faults of the store.
    fn create(&self, alias: String, kind: KeyKind) -> Result<(), KeyFault>;

    /// Whether a key of this alias is there.
    ///
    /// # Errors
    /// The faults of the store; a key that is not there is no fault here.
    fn exists(&self, alias: String) -> Result<bool, KeyFault>;

    /// Destroys a key for good. Destroying what is not there is done already, and no fault.
    ///
    /// # Errors
    /// The faults of the store.
    fn destroy(&self, alias: String) -> Result<(), KeyFault>;

    /// The public half of a signing key, as a DER `SubjectPublicKeyInfo` (RFC 5280).
    ///
    /// # Errors
    /// `NotFound`, `WrongKind` and the faults of the store.
    fn public_key(&self, alias: String) -> Result<Vec<u8>, KeyFault>;

    /// A certificate chain (DER, leaf first) by which the platform vouches for a key.
    ///
    /// # Errors
    /// `Unsupported` where the platform cannot, and the faults of the store.
    fn attest(&self, alias: String, challenge: Vec<u8>) -> Result<Vec<Vec<u8>>, KeyFault>;

    /// Encrypts a small secret under a wrapping key, bound to `context`. The shell wipes its copy of `secret`.
    ///
    /// # Errors
    /// `NotFound`, `WrongKind` and the faults of the store.
    fn wrap(&self, alias: String, secret: Vec<u8>, context: Vec<u8>) -> Result<Vec<u8>, KeyFault>;

    /// Opens what `wrap` made with the same alias and context, and puts it `into` the core. The shell wipes its copy.
    ///
    /// # Errors
    /// `Rejected` when it was not made so, and the faults of the store.
    fn unwrap(&self, alias: String, wrapped: Vec<u8>, context: Vec<u8>, into: Arc<SecretSink>) -> Result<(), KeyFault>;

    /// Puts the HMAC-SHA-256 of `data` under a MAC key `into` the core. The shell wipes its copy.
    ///
    /// # Errors
    /// `NotFound`, `WrongKind` and the faults of the store.
    fn mac(&self, alias: String, data: Vec<u8>, into: Arc<SecretSink>) -> Result<(), KeyFault>;

    /// ECDSA P-256 signature (ASN.1 DER) over SHA-256 of `data`.
    ///
    /// # Errors
    /// `NotFound`, `WrongKind` and the faults of the store.
    fn sign(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, KeyFault>;
}

/// Why the device's key store did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyFault {
    /// There is no key of this alias: a restored backup, a cloned phone, or a wiped store.
    #[error("there is no such key")]
    NotFound,
    /// There is one already.
    #[error("there is such a key already")]
    AlreadyExists,
    /// The key is there and serves another purpose.
    #[error("the key serves another purpose")]
    WrongKind,
    /// The store is there but will not serve now (locked, busy, no permission).
    #[error("the key store will not serve now")]
    Unavailable,
    /// What was given was not made by this key, or was changed.
    #[error("this was not made by that key")]
    Rejected,
    /// The key's bytes are damaged.
    #[error("the key is damaged")]
    Damaged,
    /// The platform has no such operation.
    #[error("the platform has no such operation")]
    Unsupported,
    /// The shell threw something else, or put nothing into the sink.
    #[error("the key store threw something undeclared")]
    Undeclared,
}

/// Where a port puts a secret that it hands to the core, before it returns. The core wipes it.
#[derive(Default, uniffi::Object)]
pub struct SecretSink(Mutex<Option<SecretBytes>>);

#[uniffi::export]
impl SecretSink {
    /// Takes the secret: Kotlin passes a direct `ByteBuffer`, Swift `Data`; the port wipes its own copy afterwards.
    /// What was put before is replaced.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn put(&self, secret: &[u8]) -> Result<(), TillError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(SecretBytes::new(secret.to_vec()));
        Ok(())
    }
}

impl SecretSink {
    pub(crate) fn take(&self) -> Option<SecretBytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The device's clocks. Called often, from several threads at once: return at once.
#[uniffi::export(with_foreign)]
pub trait Clock: Send + Sync {
    /// Reads all three at once.
    ///
    /// # Errors
    /// A till whose clock fails ends with `till_failed`: nothing can be dated.
    fn now(&self) -> Result<ClockReading, PortFault>;
}

/// One reading of all three clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ClockReading {
    /// Milliseconds since 1970-01-01 UTC. May jump.
    pub wall_ms: i64,
    /// Milliseconds since boot, sleep included. Never goes back within one boot.
    pub mono_ms: u64,
    /// How often the device has booted.
    pub boot_count: u64,
}

/// Hears what happens; is asked nothing. Called on the core's engine thread, which waits: hand the notice on and return
/// at once. It cannot be asked for again; for what must not be missed there are the events.
#[uniffi::export(with_foreign)]
pub trait Observer: Send + Sync {
    /// One notice, in order.
    ///
    /// # Errors
    /// Any: they change nothing.
    fn hear(&self, notice: Notice) -> Result<(), PortFault>;
}

/// A port failed. Nothing more is known, on purpose: a text could hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum PortFault {
    /// The port could not do it.
    #[error("the port could not do it")]
    Failed,
    /// The shell threw something else.
    #[error("the port threw something undeclared")]
    Undeclared,
}

/// What an observer hears.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Notice {
    /// Turn the contactless field on and wait for a card.
    FieldOn,
    /// Turn the contactless field off, for at least this long.
    FieldOff {
        /// Milliseconds, 0 where there is no hold.
        hold_ms: u64,
    },
    /// Show this.
    Show {
        /// What the reader tells the people in front of it.
        prompt: Prompt,
    },
    /// A payment changed its state.
    Attempt {
        /// The attempt's name.
        attempt: String,
        /// Its new state.
        state: AttemptState,
    },
    /// Somebody has come or gone, or the till has locked by itself.
    Till {
        /// How it stands now.
        standing: Standing,
    },
    /// The till locks by itself in a moment, unless somebody uses it.
    SessionEnding {
        /// In how many milliseconds.
        left_ms: u64,
    },
}

/// What the reader tells the people in front of it (EMV Contactless Book A, 9.2 message identifiers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
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

same_words!(core::KeyKind, KeyKind: Wrap Mac Sign);
same_words!(core::Prompt, Prompt: Approved NotAuthorised EnterPin TryAnotherCard PresentCard Processing CardReadOk
    InsertOrSwipe PresentOneCardOnly ApprovedSign Authorising InsertSwipeOrTryAnotherCard SeePhone PresentCardAgain
    Clear);

/// The shell's ports as the core knows them.
pub(crate) fn core_ports(ports: Ports) -> core::Ports {
    core::Ports {
        device_keys: Arc::new(ForeignKeys(ports.device_keys)),
        clock: Arc::new(ForeignClock(ports.clock)),
        entropy: Arc::new(RingEntropy(SystemRandom::new())),
        network_posture: network_posture(ports.network),
        observer: Arc::new(ForeignObserver(ports.observer)),
        faults: Arc::new(NoFaults),
        encrypted_reader: ports.encrypted_reader.map(encrypted_reader),
        biometric: ports.biometric.map(biometric_key),
    }
}

/// Does what calls into ports on the caller's own thread. A port that fails beyond its faults ends that, and not the
/// app: `till_failed`.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, TillError>) -> Result<T, TillError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(ErrorCode::TillFailed.into()))
}

/// The shell's card as the core knows it.
pub(crate) fn card_channel(channel: Arc<dyn CardChannel>) -> Arc<dyn core::CardChannel> {
    Arc::new(ForeignCard(channel))
}

struct ForeignCard(Arc<dyn CardChannel>);

impl core::CardChannel for ForeignCard {
    fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, core::CardFault> {
        self.0.transceive(command.to_vec()).map_err(|fault| match fault {
            CardFault::Lost => core::CardFault::Lost,
            CardFault::TimedOut => core::CardFault::TimedOut,
            CardFault::ReaderFailed | CardFault::Undeclared => core::CardFault::ReaderFailed,
        })
    }
}

struct ForeignKeys(Arc<dyn DeviceKeys>);

impl core::DeviceKeys for ForeignKeys {
    fn create(&self, alias: &str, kind: core::KeyKind) -> Result<(), DeviceKeysFault> {
        Ok(self.0.create(alias.to_owned(), kind.into())?)
    }

    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        Ok(self.0.exists(alias.to_owned())?)
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        Ok(self.0.destroy(alias.to_owned())?)
    }

    fn public_key(&self, alias: &str) -> Result<Vec<u8>, DeviceKeysFault> {
        Ok(self.0.public_key(alias.to_owned())?)
    }

    fn attest(&self, alias: &str, challenge: &[u8]) -> Result<Vec<Vec<u8>>, DeviceKeysFault> {
        Ok(self.0.attest(alias.to_owned(), challenge.to_vec())?)
    }

    fn wrap(&self, alias: &str, secret: &[u8], context: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        Ok(self.0.wrap(alias.to_owned(), secret.to_vec(), context.to_vec())?)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        let sink = Arc::new(SecretSink::default());
        self.0.unwrap(alias.to_owned(), wrapped.to_vec(), context.to_vec(), Arc::clone(&sink))?;
        sink.take().ok_or(DeviceKeysFault::Unavailable)
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        let sink = Arc::new(SecretSink::default());
        self.0.mac(alias.to_owned(), data.to_vec(), Arc::clone(&sink))?;
        sink.take().ok_or(DeviceKeysFault::Unavailable)
    }

    fn sign(&self, alias: &str, data: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        Ok(self.0.sign(alias.to_owned(), data.to_vec())?)
    }
}

struct ForeignClock(Arc<dyn Clock>);

impl core::Clock for ForeignClock {
    fn now(&self) -> Now {
        // Without a time nothing can be journalled: the run ends as `till_failed`, without a panic's words on stderr.
        let Ok(reading) = self.0.now() else { resume_unwind(Box::new("the clock port gives no time")) };
        Now { wall: WallMs(reading.wall_ms), mono: MonoMs(reading.mono_ms), boot: BootCount(reading.boot_count) }
    }
}

struct ForeignObserver(Arc<dyn Observer>);

impl core::Observer for ForeignObserver {
    fn hear(&self, notice: &core::Notice) {
        let _an_observer_holds_nothing_up = self.0.hear(notice.into());
    }
}

/// The operating system's random bytes.
struct RingEntropy(SystemRandom);

impl core::Entropy for RingEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        self.0.fill(buffer).map_err(|_| EntropyFault)
    }
}

impl From<&core::Notice> for Notice {
    fn from(notice: &core::Notice) -> Self {
        match notice {
            core::Notice::FieldOn => Self::FieldOn,
            core::Notice::FieldOff { hold_ms } => Self::FieldOff { hold_ms: *hold_ms },
            core::Notice::Show(prompt) => Self::Show { prompt: (*prompt).into() },
            core::Notice::Attempt { attempt, state } => {
                Self::Attempt { attempt: attempt.clone(), state: AttemptState::from_word(state) }
            }
            core::Notice::Till { standing } => Self::Till { standing: Standing::from_word(standing) },
            core::Notice::SessionEnding { left_ms } => Self::SessionEnding { left_ms: *left_ms },
        }
    }
}

impl From<KeyFault> for DeviceKeysFault {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::NotFound => Self::NotFound,
            KeyFault::AlreadyExists => Self::AlreadyExists,
            KeyFault::WrongKind => Self::WrongKind,
            KeyFault::Unavailable | KeyFault::Undeclared => Self::Unavailable,
            KeyFault::Rejected => Self::Rejected,
            KeyFault::Damaged => Self::Damaged,
            KeyFault::Unsupported => Self::Unsupported,
        }
    }
}

/// What a shell throws besides its declared faults. Its text is dropped: it may hold a whole stack trace.
macro_rules! undeclared {
    ($($fault:ident)+) => {
        $(impl From<uniffi::UnexpectedUniFFICallbackError> for $fault {
            fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
                Self::Undeclared
            }
        })+
    };
}

undeclared!(BiometricFault CardFault ExportFault KeyFault PortFault ReaderFault);
