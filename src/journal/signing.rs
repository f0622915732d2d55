//! The keys with which a journal signs: an Ed25519 seed of its own, and the device's signing key where there is one.
//!
//! The seed is a side row: made once, sealed under the master key, sealed anew with it. The ES256 key never leaves the
//! device; its public half lies beside the seed. An event names both.
//!
//! It never signs. Evidence: `tests/journal_checkpoint.rs`.

use ring::digest::{SHA256, digest};

use super::checkpoint::draft;
use super::error::{Damage, JournalError};
use super::event::SideWork;
use super::journal::Journal;
use super::keys::random_key;
use crate::clock::Now;
use crate::hex::encode_lower;
use crate::ids::TerminalId;
use crate::merkle::{KeyName, VerifierKey};
use crate::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use crate::secret::{Secret, SecretBytes};

/// The keys with which the journal signs, as they lie in the side row: seed ‖ length of the SPKI ‖ SPKI ‖ origin.
pub(super) struct SigningKeys {
    pub seed: Secret<32>,
    pub origin: KeyName,
    /// The device key's public half, where there is one.
    pub device: Option<VerifierKey>,
}

impl Journal {
    /// Makes the keys that sign checkpoints, once: with keys there already, nothing happens. The journal's name for
    /// strangers is `taptill/` with the terminal id and eight hex digits of the key's hash, so that two tills that have had the
    /// same terminal id are two journals.
    ///
    /// # Errors
    /// As [`Journal::append`], and those of the device's keys.
    pub fn make_checkpoint_key(
        &mut self,
        terminal: &TerminalId,
        operator: Option<String>,
        now: Now,
    ) -> Result<(), JournalError> {
        if self.side_row(KEY_ROW)?.is_some() {
            return Ok(());
        }
        let ports = &self.store()?.file.ports;
        let seed = random_key(&*ports.entropy)?;
        let spki = device_key(&*ports.device_keys)?;
        let origin = origin(terminal, &seed);
        let length = u16::try_from(spki.len()).map_err(|_| DeviceKeysFault::Damaged)?.to_be_bytes();
        let parts = [seed.expose().as_slice(), &length, &spki, origin.as_str().as_bytes()];
        // Built at its final size, so that no copy of the seed is left behind.
        let mut payload = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| payload.extend_from_slice(part));
        let keys = SigningKeys { seed, device: device(&origin, &spki)?, origin };
        let body = serde_json::json!({ "public_keys": keys.public() });
        let name = KEY_ROW.to_owned();
        self.append(
            draft(KEY_MADE, operator, body),
            SideWork::Store { name, payload: SecretBytes::new(payload) },
            now,
        )?;
        Ok(())
    }

    /// The keys by which strangers check checkpoints: a C2SP vkey a line, Ed25519 first.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage.
    pub fn public_key(&self) -> Result<String, JournalError> {
        Ok(self.signing_keys()?.public().iter().map(|vkey| format!("{vkey}\n")).collect())
    }

    /// The journal's name for strangers.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage.
    pub fn origin(&self) -> Result<KeyName, JournalError> {
        Ok(self.signing_keys()?.origin)
    }

    pub(super) fn signing_keys(&self) -> Result<SigningKeys, JournalError> {
        let row = self.side_row(KEY_ROW)?.ok_or(JournalError::CheckpointKeyMissing)?;
        SigningKeys::read(row.expose()).ok_or(Damage::SideRow.anywhere())
    }
}

impl SigningKeys {
    fn read(row: &[u8]) -> Option<Self> {
        let (seed, rest) = row.split_at_checked(32)?;
        let (length, rest) = rest.split_first_chunk()?;
        let (spki, origin) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let origin = KeyName::new(str::from_utf8(origin).ok()?)?;
        Some(Self { seed: Secret::from_slice(seed).ok()?, device: device(&origin, spki).ok()?, origin })
    }

    fn public(&self) -> Vec<String> {
        let own = VerifierKey::of_seed(self.origin.clone(), &self.seed);
        [Some(&own), self.device.as_ref()].into_iter().flatten().map(VerifierKey::vkey).collect()
    }
}

/// The public half of the device's signing key, which is made where it is not there; empty where the device has none.
fn device_key(keys: &dyn DeviceKeys) -> Result<Vec<u8>, DeviceKeysFault> {
    let made = if keys.exists(DEVICE_ALIAS)? { Ok(()) } else { keys.create(DEVICE_ALIAS, KeyKind::Sign) };
    match made.and_then(|()| keys.public_key(DEVICE_ALIAS)) {
        Err(DeviceKeysFault::Unsupported) => Ok(Vec::new()),
        other => other,
    }
}

fn device(origin: &KeyName, spki: &[u8]) -> Result<Option<VerifierKey>, DeviceKeysFault> {
    if spki.is_empty() {
        return Ok(None);
    }
    VerifierKey::p256(origin.clone(), spki).map(Some).map_err(|_| DeviceKeysFault::Damaged)
}

fn origin(terminal: &TerminalId, seed: &Secret<32>) -> KeyName {
    let of_any_name = KeyName::new(terminal.as_str()).expect("a terminal id is letters and digits");
    let vkey = VerifierKey::of_seed(of_any_name, seed);
    let hash = digest(&SHA256, vkey.public_bytes());
    KeyName::new(&format!("taptill/{terminal}/{}", encode_lower(&hash.as_ref()[..4])))
        .expect("letters, digits and slashes")
}

/// The event with which the keys were made; its body has the public ones.
pub const KEY_MADE: &str = "journal.checkpoint_key";

/// The device keys that a journal makes.
pub(crate) const DEVICE_KEYS: [&str; 2] = [DEVICE_ALIAS, super::head::WAITING_ALIAS];
/// The side row of the seed.
const KEY_ROW: &str = "checkpoint-key";
/// The device key that signs beside it.
pub(super) const DEVICE_ALIAS: &str = "checkpoint";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_not_written_so_is_none() {
        let origin = b"taptill/TERM0001/00000000";
        let good = [[7; 32].as_slice(), &[0, 0], origin].concat();
        assert!(SigningKeys::read(&good).is_some_and(|keys| keys.device.is_none()));
        for length in [0, 31, 33, 34] {
            assert!(SigningKeys::read(&good[..length]).is_none(), "{length} bytes");
        }
        let too_long = [[7; 32].as_slice(), &[0xff, 0xff], origin].concat();
        let no_key = [[7; 32].as_slice(), &[0, 4], origin].concat();
        assert!(SigningKeys::read(&too_long).is_none() && SigningKeys::read(&no_key).is_none());
    }
}
