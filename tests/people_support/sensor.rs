//! A sensor with one person enrolled, strict about aliases and contexts, which does as it is told.

use std::collections::BTreeMap;
use std::sync::Mutex;

use taptill::ports::{BiometricFault, BiometricKey};
use taptill::secret::SecretBytes;

/// A secret, and what it is bound to.
type Held = (Vec<u8>, Vec<u8>);

#[derive(Default)]
pub struct Sensor {
    keys: Mutex<BTreeMap<String, Held>>,
    fault: Mutex<Option<BiometricFault>>,
    /// Whether it destroys nothing now.
    keeps: Mutex<bool>,
    asked: Mutex<u32>,
}

impl Sensor {
    /// What it says from now on instead of recognising anybody.
    pub fn says(&self, fault: Option<BiometricFault>) {
        *self.fault.lock().unwrap() = fault;
    }

    /// Whether it destroys nothing from now on.
    pub fn keeps(&self, keeps: bool) {
        *self.keeps.lock().unwrap() = keeps;
    }

    /// Another device's, with the same keys.
    pub fn copy(&self) -> Self {
        Self { keys: Mutex::new(self.keys.lock().unwrap().clone()), ..Self::default() }
    }

    /// Its keys are gone.
    pub fn forgets(&self) {
        self.keys.lock().unwrap().clear();
    }

    /// A key that nobody asked for.
    pub fn litter(&self) {
        self.keys.lock().unwrap().insert("litter".to_owned(), Held::default());
    }

    pub fn aliases(&self) -> Vec<String> {
        self.keys.lock().unwrap().keys().cloned().collect()
    }

    /// How often a person was asked.
    pub fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }

    fn ask(&self) -> Result<(), BiometricFault> {
        *self.asked.lock().unwrap() += 1;
        self.fault.lock().unwrap().map_or(Ok(()), Err)
    }
}

impl BiometricKey for Sensor {
    fn create(&self, alias: &str, secret: &SecretBytes, context: &[u8]) -> Result<Vec<u8>, BiometricFault> {
        self.ask()?;
        let wrapped = format!("wrapped {alias}").into_bytes();
        let held = (secret.expose().to_vec(), [context, &wrapped].concat());
        let before = self.keys.lock().unwrap().insert(alias.to_owned(), held);
        assert!(before.is_none(), "one alias wraps once");
        Ok(wrapped)
    }

    fn release(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, BiometricFault> {
        self.ask()?;
        let keys = self.keys.lock().unwrap();
        let (secret, bound_to) = keys.get(alias).ok_or(BiometricFault::NotFound)?;
        assert_eq!(*bound_to, [context, wrapped].concat(), "what one key wrapped another does not open");
        Ok(SecretBytes::new(secret.clone()))
    }

    fn destroy(&self, alias: &str) -> Result<(), BiometricFault> {
        if *self.fault.lock().unwrap() == Some(BiometricFault::Unavailable) || *self.keeps.lock().unwrap() {
            return Err(BiometricFault::Unavailable);
        }
        self.keys.lock().unwrap().remove(alias);
        Ok(())
    }
}
