//! The device's keys in memory, and how they were at each step of the disk's log.
//!
//! A power cut takes the disk back to some step, and the keys with it: a key that was made after that is not there.
//! What a key is follows from its name and how many were made before, so that the same seed has the same keys.
//!
//! It never gives a key out. Evidence: `sandbox/simulator/tests/same_bytes.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hmac};
use taptill::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use taptill::secret::SecretBytes;
use taptill_crashfs::Disk;

/// Keys by alias, and how many were ever made.
#[derive(Clone, Default)]
pub(crate) struct KeyRing {
    keys: BTreeMap<String, (KeyKind, [u8; 32])>,
    made: u64,
}

/// The key store of one device.
pub(crate) struct Keys {
    state: Mutex<State>,
    disk: Arc<Disk>,
}

#[derive(Default)]
struct State {
    now: KeyRing,
    /// From how many steps of the disk's log on they were so; empty where no log is kept.
    past: Vec<(usize, KeyRing)>,
    remembers: bool,
}

impl Keys {
    pub fn new(disk: Arc<Disk>, ring: KeyRing) -> Self {
        Self { state: Mutex::new(State { now: ring, ..State::default() }), disk }
    }

    pub fn ring(&self) -> KeyRing {
        self.state().now.clone()
    }

    /// What every key is called.
    pub fn names(&self) -> Vec<String> {
        self.state().now.keys.keys().cloned().collect()
    }

    /// The disk's log begins now.
    pub fn remember(&self) {
        let mut state = self.state();
        state.remembers = true;
        state.past = vec![(0, state.now.clone())];
    }

    /// The keys are as they were when so many steps of the log were done.
    pub fn go_back_to(&self, done: usize) {
        let state = self.state();
        let next = state.past.partition_point(|(from, _)| *from <= done);
        let then = next.checked_sub(1).and_then(|last| state.past.get(last)).map(|(_, ring)| ring.clone());
        drop(state);
        then.into_iter().for_each(|ring| self.lay(ring));
    }

    /// The device has these keys from now on.
    pub fn lay(&self, ring: KeyRing) {
        let mut state = self.state();
        // A key that is made again under the same name is another one.
        state.now = KeyRing { keys: ring.keys, made: state.now.made };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, state: &mut State) {
        if state.remembers {
            let from = self.disk.mark() + 1;
            state.past.push((from, state.now.clone()));
        }
    }

    fn key(&self, alias: &str, kind: KeyKind) -> Result<[u8; 32], DeviceKeysFault> {
        match self.state().now.keys.get(alias) {
            None => Err(DeviceKeysFault::NotFound),
            Some((present, _)) if *present != kind => Err(DeviceKeysFault::WrongKind),
            Some((_, key)) => Ok(*key),
        }
    }

    fn sealing(&self, alias: &str) -> Result<LessSafeKey, DeviceKeysFault> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.key(alias, KeyKind::Wrap)?);
        key.map(LessSafeKey::new).map_err(|_| DeviceKeysFault::Damaged)
    }
}

impl DeviceKeys for Keys {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault> {
        let mut state = self.state();
        if state.now.keys.contains_key(alias) {
            return Err(DeviceKeysFault::AlreadyExists);
        }
        state.now.made += 1;
        let hash = digest::digest(&digest::SHA256, format!("{alias} {}", state.now.made).as_bytes());
        let key = hash.as_ref().try_into().map_err(|_| DeviceKeysFault::Damaged)?;
        state.now.keys.insert(alias.to_owned(), (kind, key));
        self.changed(&mut state);
        Ok(())
    }

    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        Ok(self.state().now.keys.contains_key(alias))
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        let mut state = self.state();
        if state.now.keys.remove(alias).is_some() {
            self.changed(&mut state);
        }
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
        let done = self.sealing(alias)?.seal_in_place_append_tag(nonce, Aad::from(context), &mut sealed);
        done.map(|()| sealed).map_err(|_| DeviceKeysFault::Damaged)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        let (mut opened, sealing) = (wrapped.to_vec(), self.sealing(alias)?);
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let plain = sealing.open_in_place(nonce, Aad::from(context), &mut opened);
        let length = plain.map_err(|_| DeviceKeysFault::Rejected)?.len();
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
