//! Ports that fail when they are told to, and work otherwise: for tests and for showing what the core makes of it.
//!
//! Each wraps a port of the desktop. None fails by itself. Evidence: `tests/ports.rs`, `tests/bad_days.rs`.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::ports::{Clock, DeviceKeys, DeviceKeysFault, Entropy, EntropyFault, Fate, FaultPlan, KeyKind, KillPoint};
use taptill::secret::SecretBytes;

use crate::desktop::{FolderDeviceKeys, RingEntropy, SystemClock};

/// Meets the core with one fate at one point, each time that it comes by.
#[derive(Default)]
pub struct Plan(Mutex<Option<(&'static str, Fate)>>);

impl Plan {
    /// This fate at this point.
    pub fn at(point: &'static str, fate: Fate) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some((point, fate)))))
    }

    /// From now on nothing happens.
    pub fn lift(&self) {
        *lock(&self.0) = None;
    }
}

impl FaultPlan for Plan {
    fn reach(&self, point: KillPoint) -> Fate {
        match *lock(&self.0) {
            Some((at, fate)) if at == point.to_string() => fate,
            _ => Fate::GoOn,
        }
    }
}

/// A clock that can be set.
pub struct SetClock {
    system: SystemClock,
    wall_ahead_ms: AtomicI64,
    mono_ahead_ms: AtomicU64,
    boots: AtomicU64,
}

impl SetClock {
    /// The system's clock, this far ahead; a negative number is behind.
    pub fn ahead_by_ms(wall_ahead_ms: i64) -> Arc<Self> {
        Arc::new(Self {
            system: SystemClock::new(),
            wall_ahead_ms: AtomicI64::new(wall_ahead_ms),
            mono_ahead_ms: AtomicU64::new(0),
            boots: AtomicU64::new(0),
        })
    }

    /// Somebody sets the clock.
    pub fn set_ahead_by_ms(&self, wall_ahead_ms: i64) {
        self.wall_ahead_ms.store(wall_ahead_ms, Ordering::Relaxed);
    }

    /// Time goes by, all at once.
    pub fn passes_ms(&self, ms: u64) {
        self.wall_ahead_ms.fetch_add(ms as i64, Ordering::Relaxed);
        self.mono_ahead_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Now {
        let now = self.system.now();
        Now {
            // Whoever sets a clock to before 1970 gets 1970.
            wall: WallMs(now.wall.0.saturating_add(self.wall_ahead_ms.load(Ordering::Relaxed)).max(0)),
            mono: MonoMs(now.mono.0 + self.mono_ahead_ms.load(Ordering::Relaxed)),
            boot: BootCount(now.boot.0 + self.boots.load(Ordering::Relaxed)),
        }
    }
}

/// Randomness that gives out after some calls; a negative number never does.
pub struct FailingEntropy(AtomicI64);

impl FailingEntropy {
    /// Works for so many calls.
    pub fn after(calls: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(calls)))
    }

    /// Works from now on.
    pub fn works(&self) {
        self.0.store(-1, Ordering::Relaxed);
    }

    /// Whether the next call fails.
    pub fn gives_out(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Works for so many calls more.
    pub fn fails_after(&self, calls: i64) {
        self.0.store(calls, Ordering::Relaxed);
    }
}

impl Entropy for FailingEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        let left = self.0.load(Ordering::Relaxed);
        if left == 0 {
            return Err(EntropyFault);
        }
        if left > 0 {
            self.0.store(left - 1, Ordering::Relaxed);
        }
        RingEntropy::default().fill(buffer)
    }
}

/// One call of the device's key store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCall {
    /// Making a key.
    Create,
    /// Asking whether there is one.
    Exists,
    /// Wrapping a secret.
    Wrap,
    /// Opening what was wrapped.
    Unwrap,
    /// All of them.
    Any,
}

/// A key store that answers one kind of call with a fault.
pub struct FailingKeys {
    keys: FolderDeviceKeys,
    fault: Mutex<Option<(KeyCall, DeviceKeysFault)>>,
}

impl FailingKeys {
    /// These keys, with this fault at this call.
    pub fn of(keys: FolderDeviceKeys, call: KeyCall, fault: DeviceKeysFault) -> Arc<Self> {
        Arc::new(Self { keys, fault: Mutex::new(Some((call, fault))) })
    }

    /// From now on nothing fails.
    pub fn lift(&self) {
        *lock(&self.fault) = None;
    }

    /// From now on this call fails so.
    pub fn fail(&self, call: KeyCall, fault: DeviceKeysFault) {
        *lock(&self.fault) = Some((call, fault));
    }

    fn pass(&self, call: KeyCall) -> Result<(), DeviceKeysFault> {
        match *lock(&self.fault) {
            Some((at, fault)) if at == call || at == KeyCall::Any => Err(fault),
            _ => Ok(()),
        }
    }
}

impl DeviceKeys for FailingKeys {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault> {
        self.pass(KeyCall::Create)?;
        self.keys.create(alias, kind)
    }

    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        self.pass(KeyCall::Exists)?;
        self.keys.exists(alias)
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        self.pass(KeyCall::Any)?;
        self.keys.destroy(alias)
    }

    fn public_key(&self, alias: &str) -> Result<Vec<u8>, DeviceKeysFault> {
        self.pass(KeyCall::Any)?;
        self.keys.public_key(alias)
    }

    fn attest(&self, alias: &str, challenge: &[u8]) -> Result<Vec<Vec<u8>>, DeviceKeysFault> {
        self.pass(KeyCall::Any)?;
        self.keys.attest(alias, challenge)
    }

    fn wrap(&self, alias: &str, secret: &[u8], context: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        self.pass(KeyCall::Wrap)?;
        self.keys.wrap(alias, secret, context)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.pass(KeyCall::Unwrap)?;
        self.keys.unwrap(alias, wrapped, context)
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.pass(KeyCall::Any)?;
        self.keys.mac(alias, data)
    }

    fn sign(&self, alias: &str, data: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        self.pass(KeyCall::Any)?;
        self.keys.sign(alias, data)
    }
}

/// A port goes on when a thread that held it has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
