//! What a power cut finds beside the disk: the device's keys, and passwords that need not be derived again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use taptill::ports::{DeviceKeys, DeviceKeysFault, Entropy, KeyKind};
use taptill::secret::{Secret, SecretBytes};
use taptill::vault::{Derivation, derive};
use taptill_crashfs::Disk;
use taptill_sandbox::desktop::RingEntropy;

/// The device's keys, each change of which is a mark in the disk's log.
pub struct Device {
    keys: Mutex<Keys>,
    /// From how many steps on they were so; nothing is added once the shift is over.
    past: Mutex<Vec<(usize, Keys)>>,
    shift_is_over: AtomicBool,
    disk: Arc<Disk>,
}

type Keys = BTreeMap<String, (KeyKind, [u8; 32])>;

impl Device {
    pub fn new(disk: Arc<Disk>) -> Self {
        Self { keys: Mutex::default(), past: Mutex::default(), shift_is_over: AtomicBool::new(false), disk }
    }

    /// From here on nothing is remembered.
    pub fn shift_is_over(&self) {
        self.shift_is_over.store(true, Ordering::Relaxed);
    }

    fn changed(&self, keys: &Keys) {
        if !self.shift_is_over.load(Ordering::Relaxed) {
            let from = self.disk.mark() + 1;
            self.past.lock().unwrap().push((from, keys.clone()));
        }
    }

    /// As it was when so many steps were done.
    pub fn go_back_to(&self, done: usize) {
        let past = self.past.lock().unwrap();
        let next = past.partition_point(|(from, _)| *from <= done);
        *self.keys.lock().unwrap() = next.checked_sub(1).map_or_else(Keys::new, |last| past[last].1.clone());
    }

    fn key(&self, alias: &str, kind: KeyKind) -> Result<[u8; 32], DeviceKeysFault> {
        match self.keys.lock().unwrap().get(alias) {
            None => Err(DeviceKeysFault::NotFound),
            Some((found, _)) if *found != kind => Err(DeviceKeysFault::WrongKind),
            Some((_, key)) => Ok(*key),
        }
    }

    fn cipher(&self, alias: &str) -> Result<LessSafeKey, DeviceKeysFault> {
        let key = self.key(alias, KeyKind::Wrap)?;
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap()))
    }
}

impl DeviceKeys for Device {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault> {
        let mut keys = self.keys.lock().unwrap();
        if keys.contains_key(alias) {
            return Err(DeviceKeysFault::AlreadyExists);
        }
        let mut key = [0; 32];
        RingEntropy::default().fill(&mut key).unwrap();
        keys.insert(alias.to_owned(), (kind, key));
        self.changed(&keys);
        Ok(())
    }

    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        Ok(self.keys.lock().unwrap().contains_key(alias))
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        let mut keys = self.keys.lock().unwrap();
        if keys.remove(alias).is_some() {
            self.changed(&keys);
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
        let cipher = self.cipher(alias)?;
        let mut sealed = secret.to_vec();
        // A key of this device wraps one secret.
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        cipher.seal_in_place_append_tag(nonce, Aad::from(context), &mut sealed).unwrap();
        Ok(sealed)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        let (cipher, mut opened) = (self.cipher(alias)?, wrapped.to_vec());
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let secret = cipher.open_in_place(nonce, Aad::from(context), &mut opened);
        Ok(SecretBytes::new(secret.map_err(|_| DeviceKeysFault::Rejected)?.to_vec()))
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key(alias, KeyKind::Mac)?);
        Ok(SecretBytes::new(hmac::sign(&key, data).as_ref().to_vec()))
    }

    fn sign(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        Err(DeviceKeysFault::Unsupported)
    }
}

/// What came of a password and a salt: Argon2 runs once for each.
#[derive(Default)]
pub struct Derived(BTreeMap<(Vec<u8>, [u8; 16]), [u8; 32]>);

impl Derived {
    pub fn derive(&mut self, password: &[u8], derivation: &Derivation) -> Secret<32> {
        let key = (password.to_vec(), *derivation.salt());
        let derived = self.0.entry(key).or_insert_with(|| *derive(password, derivation).expose());
        Secret::from_slice(derived).unwrap()
    }
}
