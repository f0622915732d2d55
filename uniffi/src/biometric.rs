//! The port of a key that the device gives out for a recognised person alone, and what it is good for here and now.
//!
//! Android: a Keystore key with user authentication per use. Apple: a Keychain item with the access control
//! `biometryCurrentSet`. Which slot it opens, and when a password is needed all the same, is the core's to say.
//!
//! It decides nothing, and no picture of a finger or a face comes out of it. Evidence: `uniffi/tests/biometric.rs`,
//! `tests/contract`.

use std::sync::Arc;

use taptill::ports as core;
use taptill::secret::SecretBytes;
use taptill::till;

use crate::errors::same_words;
use crate::ports::SecretSink;

/// Keys that are released to a recognised person. `create` and `release` may ask the person, and come on a thread of
/// their own that nothing waits for; what is said too late is dropped. `destroy` comes on the core's engine thread and asks
/// nobody. None of them may call back into the core. An alias is 1 to 64 of `[a-z0-9.-]`.
#[uniffi::export(with_foreign)]
pub trait BiometricKey: Send + Sync {
    /// Makes a key of this alias and wraps the secret under it, bound to `context`. The key is void as soon as fingers or
    /// faces are enrolled or removed. The shell wipes its copy of `secret`.
    ///
    /// # Errors
    /// `BiometricFault`; there is then no key.
    fn create(&self, alias: String, secret: Vec<u8>, context: Vec<u8>) -> Result<Vec<u8>, BiometricFault>;

    /// Asks for the person, opens what `create` gave and puts it `into` the core. The shell wipes its copy.
    ///
    /// # Errors
    /// `BiometricFault`.
    fn release(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        context: Vec<u8>,
        into: Arc<SecretSink>,
    ) -> Result<(), BiometricFault>;

    /// Destroys a key for good. Destroying what is not there is done already, and no fault.
    ///
    /// # Errors
    /// `Unavailable`.
    fn destroy(&self, alias: String) -> Result<(), BiometricFault>;
}

/// Why a biometric key was not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum BiometricFault {
    /// Fingers or faces were enrolled or removed since: the key is void for good.
    #[error("the key is void")]
    Void,
    /// There is no key of this alias.
    #[error("there is no such key")]
    NotFound,
    /// The person was not recognised, perhaps too often.
    #[error("nobody was recognised")]
    NotRecognised,
    /// The person turned away.
    #[error("the person turned away")]
    Cancelled,
    /// The device has no such sensor, nobody is enrolled, or it will not serve now.
    #[error("the sensor will not serve now")]
    Unavailable,
    /// The shell threw something else, or put nothing into the sink.
    #[error("the sensor threw something undeclared")]
    Undeclared,
}

/// What fingers or a face are good for here and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum BiometricStanding {
    /// Nothing: the device lends no such keys, or the shop's rules do not allow it.
    Absent,
    /// Nothing yet: signed in, whoever is here may enrol; otherwise a password is needed first.
    Possible,
    /// Signed in, the own are enrolled; locked, they may unlock; signed out, somebody's may sign in.
    Ready,
}

same_words!(till::Biometric, BiometricStanding: Absent Possible Ready);

/// The shell's sensor as the core knows it.
pub(crate) fn biometric_key(sensor: Arc<dyn BiometricKey>) -> Arc<dyn core::BiometricKey> {
    Arc::new(ForeignSensor(sensor))
}

struct ForeignSensor(Arc<dyn BiometricKey>);

impl core::BiometricKey for ForeignSensor {
    fn create(&self, alias: &str, secret: &SecretBytes, context: &[u8]) -> Result<Vec<u8>, core::BiometricFault> {
        Ok(self.0.create(alias.to_owned(), secret.expose().to_vec(), context.to_vec())?)
    }

    fn release(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, core::BiometricFault> {
        let sink = Arc::new(SecretSink::default());
        self.0.release(alias.to_owned(), wrapped.to_vec(), context.to_vec(), Arc::clone(&sink))?;
        sink.take().ok_or(core::BiometricFault::Unavailable)
    }

    fn destroy(&self, alias: &str) -> Result<(), core::BiometricFault> {
        Ok(self.0.destroy(alias.to_owned())?)
    }
}

impl From<BiometricFault> for core::BiometricFault {
    fn from(fault: BiometricFault) -> Self {
        match fault {
            BiometricFault::Void => Self::Void,
            BiometricFault::NotFound => Self::NotFound,
            BiometricFault::NotRecognised => Self::NotRecognised,
            BiometricFault::Cancelled => Self::Cancelled,
            BiometricFault::Unavailable | BiometricFault::Undeclared => Self::Unavailable,
        }
    }
}
