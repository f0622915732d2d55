//! The keys with which a journal signs: an Ed25519 seed of its own, and the device's signing key where there is one.
//!
//! The seed is a side row: made once, sealed under the master key, sealed anew with it. The ES256 key never leaves the
//! device; its public half lies beside the seed. It is replaced where every key is: the new one is recorded, and then the
//! old one is destroyed, whose public half stays known, so that what it has signed can still be checked. An event names
//! the keys each time.
//!
//! It never signs. Evidence: `tests/journal_checkpoint.rs`.

use std::sync::Arc;

use ring::digest::{SHA256, digest};

use super::checkpoint::draft;
use super::error::{Damage, JournalError};
use super::event::SideWork;
use super::head::WAITING_ALIAS;
use super::journal::Journal;
use super::keys::random_key;
use crate::clock::Now;
use crate::hex::encode_lower;
use crate::ids::TerminalId;
use crate::merkle::{KeyName, VerifierKey};
use crate::ports::{DeviceKeys, DeviceKeysFault, KeyKind, Moment};
use crate::secret::{Secret, SecretBytes};

/// The keys with which the journal signs, as they lie in the side row: seed ‖ length of the SPKI ‖ SPKI ‖ origin, and from
/// the first replacement on a line with their generation and a line for each device key before, the newest first.
pub(super) struct SigningKeys {
    pub seed: Secret<32>,
    pub origin: KeyName,
    /// The device key's public half, where there is one.
    pub device: Option<VerifierKey>,
    spki: Vec<u8>,
    /// How often the device key was replaced.
    generation: u32,
    /// The device keys before, which are no more.
    before: Vec<VerifierKey>,
}

impl Journal {
    /// Makes the keys that sign checkpoints, once: with keys there already, nothing happens but that the device keys that
    /// were replaced are destroyed. The journal's name for strangers is `taptill/` with the terminal id and eight hex digits of
    /// the key's hash, so that two tills that have had the same terminal id are two journals.
    ///
    /// # Errors
    /// As [`Journal::append`], and those of the device's keys.
    pub fn make_checkpoint_key(
        &mut self,
        terminal: &TerminalId,
        operator: Option<String>,
        now: Now,
    ) -> Result<(), JournalError> {
        if let Some(row) = self.side_row(KEY_ROW)? {
            let keys = SigningKeys::read(row.expose()).ok_or(Damage::SideRow.anywhere())?;
            return self.destroy_replaced(keys.generation);
        }
        let ports = &self.store()?.file.ports;
        let seed = random_key(&*ports.entropy)?;
        let spki = device_key(&*ports.device_keys, &alias(0))?;
        let origin = origin(terminal, &seed);
        let keys =
            SigningKeys { device: device(&origin, &spki)?, seed, origin, spki, generation: 0, before: Vec::new() };
        let (name, payload) = (KEY_ROW.to_owned(), keys.to_row()?);
        let body = serde_json::json!({ "public_keys": keys.public() });
        self.append(draft(KEY_MADE, operator, body), SideWork::Store { name, payload }, now)?;
        Ok(())
    }

    /// Replaces the device's signing key, where there is one: the old one signs nothing any more. A process that ends in
    /// between has the old key or the new one; what it leaves of the old one is destroyed by the next opening. So is an
    /// old key that the device does not destroy now: the new one is recorded, and this has happened.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], as [`Journal::append`], and those of the device's keys.
    pub fn renew_checkpoint_key(&mut self, operator: Option<String>, now: Now) -> Result<(), JournalError> {
        let mut keys = self.signing_keys()?;
        let Some(old) = keys.device.take() else { return Ok(()) };
        keys.generation += 1;
        keys.spki = device_key(&*self.store()?.file.ports.device_keys, &alias(keys.generation))?;
        keys.device = device(&keys.origin, &keys.spki)?;
        keys.before.insert(0, old);
        let (name, payload) = (KEY_ROW.to_owned(), keys.to_row()?);
        let body = serde_json::json!({ "public_keys": keys.public(), "before": vkeys(&keys.before) });
        self.append(draft(KEY_MADE, operator, body), SideWork::Keep { name, payload }, now)?;
        match self.destroy_replaced(keys.generation) {
            Err(JournalError::DeviceKeys(_swept_later)) => Ok(()),
            other => other,
        }
    }

    /// The keys by which strangers check what is signed now: a C2SP vkey a line, Ed25519 first.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage.
    pub fn public_key(&self) -> Result<String, JournalError> {
        Ok(lines(&self.signing_keys()?.public()))
    }

    /// The same, and below them the device's keys before, by which older checkpoints are checked.
    ///
    /// # Errors
    /// As [`Journal::public_key`].
    pub fn every_public_key(&self) -> Result<String, JournalError> {
        let keys = self.signing_keys()?;
        Ok(lines(&[keys.public(), vkeys(&keys.before)].concat()))
    }

    /// The event that names the keys with which is signed now.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage.
    pub fn checkpoint_key_event(&self) -> Result<u64, JournalError> {
        self.store()?.side_rows().event_of(KEY_ROW)?.ok_or(JournalError::CheckpointKeyMissing)
    }

    /// The journal's name for strangers.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage.
    pub fn origin(&self) -> Result<KeyName, JournalError> {
        Ok(self.signing_keys()?.origin)
    }

    /// The names of the device keys that this journal has made, may still have, or was about to make.
    ///
    /// # Errors
    /// Those of the storage.
    pub(crate) fn device_aliases(&self) -> Result<Vec<String>, JournalError> {
        let generation = match self.signing_keys() {
            Ok(keys) => keys.generation,
            Err(JournalError::CheckpointKeyMissing) => 0,
            Err(error) => return Err(error),
        };
        let own = (0..=generation + 1).map(alias);
        Ok(own.chain([WAITING_ALIAS.to_owned()]).collect())
    }

    pub(super) fn signing_keys(&self) -> Result<SigningKeys, JournalError> {
        let row = self.side_row(KEY_ROW)?.ok_or(JournalError::CheckpointKeyMissing)?;
        SigningKeys::read(row.expose()).ok_or(Damage::SideRow.anywhere())
    }

    /// Destroys every key before this generation: the device may have kept any of them when it was asked first. What one
    /// of them keeps from being destroyed, the others are not kept from.
    fn destroy_replaced(&mut self, generation: u32) -> Result<(), JournalError> {
        let keys = Arc::clone(&self.store()?.file.ports.device_keys);
        let mut swept = Ok(());
        for before in (0..generation).map(alias) {
            match self.destroy_one(&*keys, &before) {
                Err(fault @ JournalError::DeviceKeys(_)) => swept = swept.and(Err(fault)),
                other => other?,
            }
        }
        swept
    }

    fn destroy_one(&mut self, keys: &dyn DeviceKeys, before: &str) -> Result<(), JournalError> {
        if !keys.exists(before)? {
            return Ok(());
        }
        self.reach(Moment::Before, REPLACED, false)?;
        keys.destroy(before)?;
        self.reach(Moment::After, REPLACED, false)
    }
}

impl SigningKeys {
    fn read(row: &[u8]) -> Option<Self> {
        let (seed, rest) = row.split_at_checked(32)?;
        let (length, rest) = rest.split_first_chunk()?;
        let (spki, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let mut lines = str::from_utf8(rest).ok()?.split('\n');
        let origin = KeyName::new(lines.next()?)?;
        let generation = lines.next().map_or(Some(0), |generation| generation.parse().ok())?;
        let before = lines.map(VerifierKey::parse).collect::<Result<_, _>>().ok()?;
        let (seed, device) = (Secret::from_slice(seed).ok()?, device(&origin, spki).ok()?);
        Some(Self { seed, device, origin, spki: spki.to_vec(), generation, before })
    }

    fn to_row(&self) -> Result<SecretBytes, JournalError> {
        let length = u16::try_from(self.spki.len()).map_err(|_| DeviceKeysFault::Damaged)?.to_be_bytes();
        let mut rest = self.origin.as_str().to_owned();
        if self.generation > 0 {
            let lines = [vec![self.generation.to_string()], vkeys(&self.before)].concat();
            lines.iter().for_each(|line| rest.extend(["\n", line]));
        }
        let parts = [self.seed.expose().as_slice(), &length, &self.spki, rest.as_bytes()];
        // Built at its final size, so that no copy of the seed is left behind.
        let mut payload = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| payload.extend_from_slice(part));
        Ok(SecretBytes::new(payload))
    }

    /// The name of the device key.
    pub fn device_alias(&self) -> String {
        alias(self.generation)
    }

    fn public(&self) -> Vec<String> {
        let own = VerifierKey::of_seed(self.origin.clone(), &self.seed);
        [Some(&own), self.device.as_ref()].into_iter().flatten().map(VerifierKey::vkey).collect()
    }
}

/// The public half of a signing key of the device's, which is made where it is not there; empty where the device has none.
fn device_key(keys: &dyn DeviceKeys, alias: &str) -> Result<Vec<u8>, DeviceKeysFault> {
    let made = if keys.exists(alias)? { Ok(()) } else { keys.create(alias, KeyKind::Sign) };
    match made.and_then(|()| keys.public_key(alias)) {
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

/// The device key of a generation.
fn alias(generation: u32) -> String {
    if generation == 0 { DEVICE_ALIAS.to_owned() } else { format!("{DEVICE_ALIAS}.{generation}") }
}

fn vkeys(keys: &[VerifierKey]) -> Vec<String> {
    keys.iter().map(VerifierKey::vkey).collect()
}

fn lines(vkeys: &[String]) -> String {
    vkeys.iter().map(|vkey| format!("{vkey}\n")).collect()
}

/// The event with which the keys were made; its body has the public ones.
pub const KEY_MADE: &str = "journal.checkpoint_key";

/// The fault points around the destruction of a device key that was replaced.
const REPLACED: &str = "checkpoint.key_replaced";
/// The side row of the seed.
const KEY_ROW: &str = "checkpoint-key";
/// The device key that signs beside it; a later one has a number.
const DEVICE_ALIAS: &str = "checkpoint";

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
        for (tail, is_read) in [("\n2", true), ("\n", false), ("\nno number", false), ("\n1\nno key", false)] {
            let keys = SigningKeys::read(&[good.as_slice(), tail.as_bytes()].concat());
            assert_eq!(keys.is_some(), is_read, "{tail:?}");
            assert!(keys.is_none_or(|keys| keys.generation == 2));
        }
    }
}
