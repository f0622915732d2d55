//! The device's ports, as a test wants them: keys in memory, a seeded source of bytes, a plan of faults.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hmac};
use taptill::ports::{DeviceKeys, DeviceKeysFault, Entropy, EntropyFault, Fate, FaultPlan, KeyKind, KillPoint};
use taptill::secret::SecretBytes;

/// Device keys in memory. They outlive the till, as a device does.
#[derive(Default)]
pub struct MemoryKeys(Mutex<BTreeMap<String, KeyKind>>);

impl MemoryKeys {
    /// A device with the same keys: what a key is follows from its alias.
    pub fn copy(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap().clone()))
    }

    fn key(&self, alias: &str, kind: KeyKind) -> Result<[u8; 32], DeviceKeysFault> {
        match self.0.lock().unwrap().get(alias) {
            None => Err(DeviceKeysFault::NotFound),
            Some(present) if *present != kind => Err(DeviceKeysFault::WrongKind),
            Some(_) => {
                let hash = digest::digest(&digest::SHA256, format!("test key {alias}").as_bytes());
                Ok(hash.as_ref().try_into().unwrap())
            }
        }
    }

    fn sealing(&self, alias: &str) -> Result<LessSafeKey, DeviceKeysFault> {
        let key = self.key(alias, KeyKind::Wrap)?;
        Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).unwrap()))
    }
}

impl DeviceKeys for MemoryKeys {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault> {
        let mut keys = self.0.lock().unwrap();
        if keys.contains_key(alias) {
            return Err(DeviceKeysFault::AlreadyExists);
        }
        keys.insert(alias.to_owned(), kind);
        Ok(())
    }

    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        Ok(self.0.lock().unwrap().contains_key(alias))
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        self.0.lock().unwrap().remove(alias);
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
        let length = self
            .sealing(alias)?
            .open_in_place(nonce, Aad::from(context), &mut opened)
            .map_err(|_| DeviceKeysFault::Rejected)?
            .len();
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

/// SplitMix64: the same seed gives the same bytes.
pub struct Seeded {
    state: Mutex<u64>,
    /// Whether the source has failed.
    pub fails: AtomicBool,
    asked: AtomicUsize,
    /// The one time that it is asked and has nothing.
    fails_at: AtomicUsize,
}

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(seed),
            fails: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
            fails_at: AtomicUsize::new(usize::MAX),
        }
    }

    /// Counts anew how often it is asked, and fails once, at the time of this number from 0.
    pub fn fail_at(&self, time: Option<usize>) {
        self.asked.store(0, Ordering::Relaxed);
        self.fails_at.store(time.unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        let time = self.asked.fetch_add(1, Ordering::Relaxed);
        if self.fails.load(Ordering::Relaxed) || time == self.fails_at.load(Ordering::Relaxed) {
            return Err(EntropyFault);
        }
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Counts the points that are passed and interferes at one of them.
#[derive(Default)]
pub struct Plan(Mutex<PlanState>);

#[derive(Default)]
struct PlanState {
    visited: Vec<String>,
    /// Die at the visit of this number, from 0.
    die_at: Option<usize>,
    /// What to answer at this point, and how often.
    at_point: Option<(String, Fate, usize)>,
    /// From this point on the disk is full.
    full_from: Option<String>,
    is_full: bool,
    /// Called at every point.
    hook: Option<Hook>,
}

/// Called with the name of each point that is passed.
pub type Hook = Box<dyn FnMut(&str) + Send>;

impl Plan {
    /// Forgets what was visited and dies at the visit of this number.
    pub fn die_at(&self, visit: Option<usize>) {
        let mut plan = self.0.lock().unwrap();
        plan.visited.clear();
        plan.die_at = visit;
    }

    /// Answers so at the next `times` visits of the point.
    pub fn fail_at(&self, point: &str, fate: Fate, times: usize) {
        self.0.lock().unwrap().at_point = Some((point.to_owned(), fate, times));
    }

    /// From this point on the disk is full, and stays so.
    pub fn fill_from(&self, point: &str) {
        self.0.lock().unwrap().full_from = Some(point.to_owned());
    }

    pub fn heal(&self) {
        let mut plan = self.0.lock().unwrap();
        (plan.at_point, plan.full_from, plan.is_full) = (None, None, false);
    }

    pub fn set_hook(&self, hook: Option<Hook>) {
        self.0.lock().unwrap().hook = hook;
    }

    pub fn visited(&self) -> Vec<String> {
        self.0.lock().unwrap().visited.clone()
    }
}

impl FaultPlan for Plan {
    fn reach(&self, point: KillPoint) -> Fate {
        let mut plan = self.0.lock().unwrap();
        let name = point.to_string();
        if let Some(hook) = &mut plan.hook {
            hook(&name);
        }
        let visit = plan.visited.len();
        plan.visited.push(name.clone());
        if plan.die_at == Some(visit) {
            plan.die_at = None;
            return Fate::Die;
        }
        plan.is_full |= plan.full_from.as_ref() == Some(&name);
        if plan.is_full {
            return Fate::DiskFull;
        }
        match &mut plan.at_point {
            Some((at, fate, times)) if *at == name && *times > 0 => {
                *times -= 1;
                *fate
            }
            _ => Fate::GoOn,
        }
    }
}
