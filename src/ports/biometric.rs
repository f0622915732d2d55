//! The port of a key that the device gives out for a recognised person alone.
//!
//! Android: a Keystore key with user authentication per use, invalidated by a new enrolment. Apple: an enclave key
//! with the access control `biometryCurrentSet`. Which slot such a key opens, and when a password is needed all the
//! same, is the vault's to say.
//!
//! It never gives out a picture of a finger or a face. Evidence: `tests/vault_biometric.rs`, `tests/people_biometric.rs`.

use crate::secret::SecretBytes;

/// Keys that are released to a recognised person. `create` and `release` may wait for that person, and come on a thread
/// of their own, which nothing waits for: the till goes on, and drops what comes too late. `destroy` comes on the
/// engine's thread and asks nobody.
pub trait BiometricKey: Send + Sync {
    /// Makes a key of this alias (1 to 64 of `[a-z0-9.-]`) and wraps the secret under it, bound to `context`. May ask
    /// for the person. The key is void as soon as fingers or faces are enrolled or removed.
    ///
    /// # Errors
    /// [`BiometricFault`]; there is then no key.
    fn create(&self, alias: &str, secret: &SecretBytes, context: &[u8]) -> Result<Vec<u8>, BiometricFault>;

    /// Asks for the person and opens what `create` gave.
    ///
    /// # Errors
    /// [`BiometricFault`].
    fn release(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, BiometricFault>;

    /// Destroys a key for good. Destroying what is not there is done already, and no fault.
    ///
    /// # Errors
    /// [`BiometricFault::Unavailable`].
    fn destroy(&self, alias: &str) -> Result<(), BiometricFault>;
}

/// Why a biometric key was not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BiometricFault {
    /// Fingers or faces were enrolled or removed since: the key is void for good.
    Void,
    /// There is no key of this alias.
    NotFound,
    /// The person was not recognised, perhaps too often.
    NotRecognised,
    /// The person turned away.
    Cancelled,
    /// The device has no such sensor, nobody is enrolled, or it will not serve now.
    Unavailable,
}
