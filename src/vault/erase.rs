//! What is to be destroyed so that nothing here ever opens again: the name of every device key that a row may use.
//!
//! A row that is not what was written is read as far as it goes: a name too many destroys nothing, a name too few might.
//! The till's own key stands last, because it tells whether the rest was meant. No port lists a device's keys: those of a
//! row that somebody has hidden stay, and open nothing without the till's own (`seal.rs`).
//!
//! It destroys nothing itself. Evidence: `tests/leaving_kills.rs` (no key is left, nothing opens).

use std::collections::BTreeSet;

use super::error::VaultError;
use super::names::{self, TERMS, TILL_KEY, UNCLAIMED_KEY, UNKNOWN_GUESSES};
use super::row::{self, Unproved};
use super::slot::Slot;
use super::terms::TRIES_MAX;
use super::{Vault, change, guess};
use crate::ports::{BiometricKey, DeviceKeys, DeviceKeysFault};
use crate::secret::same_bytes;

impl Vault<'_> {
    /// The name of every device key that the rows may use, the platform's biometric ones among them, the till's own last.
    ///
    /// # Errors
    /// Those of the device and of the rows.
    pub fn every_key(&self) -> Result<Vec<String>, VaultError> {
        let mut names = BTreeSet::from([UNCLAIMED_KEY.to_owned()]);
        names.extend(guesses(UNKNOWN_GUESSES));
        for (name, bytes) in self.rows.plains(names::SLOTS)? {
            names.extend(keys_named_by(&name, &bytes));
        }
        if let Some(bytes) = self.rows.plain(TERMS)? {
            names.extend(keys_named_by(TERMS, &bytes));
        }
        names.extend(change::all_remembered(self.rows, self.keys)?);
        names.remove(TILL_KEY);
        Ok(names.into_iter().chain([TILL_KEY.to_owned()]).collect())
    }

    /// How many ways into the till there are: operators', the recovery code's, fingers' and faces'.
    ///
    /// # Errors
    /// Those of the rows.
    pub fn count_ways_in(&self) -> Result<usize, VaultError> {
        Ok(self.slot_rows()?.len())
    }
}

/// The device keys that a row names, whether or not it is what was written.
pub(super) fn keys_named_by(row: &str, bytes: &[u8]) -> BTreeSet<String> {
    let Ok(unproved) = Unproved::read(row, bytes) else { return BTreeSet::new() };
    let mut keys = BTreeSet::from([names::row_key(&unproved.id())]);
    if row != TERMS
        && let Some(slot) = Slot::read(unproved.body())
    {
        keys.extend([names::slot_key(&slot.kek), names::armed_key(&slot.id), names::biometric_key(&slot.id)]);
        keys.extend(guesses(&slot.guesses()));
    }
    keys
}

/// What the till's own key says of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// This till wrote it.
    Ours,
    /// Somebody else did, or it was changed.
    NotOurs,
    /// The key is not here, so nothing here can be opened.
    KeyIsGone,
}

/// Vouches for a note under the till's own key.
///
/// # Errors
/// The faults of the device.
pub fn vouch(keys: &dyn DeviceKeys, name: &str, note: &[u8]) -> Result<[u8; 32], DeviceKeysFault> {
    let mac = keys.mac(TILL_KEY, &row::spoken(name, note))?;
    mac.expose().try_into().map_err(|_| DeviceKeysFault::Damaged)
}

/// Whether the till's own key vouches for it.
///
/// # Errors
/// The faults of the device, but that the key is not there.
pub fn vouched(keys: &dyn DeviceKeys, name: &str, note: &[u8], mac: &[u8]) -> Result<Vouched, DeviceKeysFault> {
    match keys.mac(TILL_KEY, &row::spoken(name, note)) {
        Ok(right) if same_bytes(right.expose(), mac) => Ok(Vouched::Ours),
        Ok(_) => Ok(Vouched::NotOurs),
        Err(DeviceKeysFault::NotFound) => Ok(Vouched::KeyIsGone),
        Err(fault) => Err(fault),
    }
}

/// Destroys a key, wherever it is held, and says whether it was there to be destroyed.
///
/// # Errors
/// The faults of the device. A sensor that does not serve is none: its key releases a secret that opens nothing more.
pub fn destroy(
    keys: &dyn DeviceKeys,
    biometric: Option<&dyn BiometricKey>,
    alias: &str,
) -> Result<bool, DeviceKeysFault> {
    if names::is_biometric_key(alias) {
        return Ok(biometric.is_some_and(|port| port.destroy(alias).is_ok()));
    }
    let was_there = keys.exists(alias)?;
    if was_there {
        keys.destroy(alias)?;
    }
    Ok(was_there)
}

/// Whether a key of this name is a sensor's and not the device's.
#[must_use]
pub fn is_sensors(alias: &str) -> bool {
    names::is_biometric_key(alias)
}

fn guesses(set: &str) -> impl Iterator<Item = String> {
    let numbers = (0..TRIES_MAX).map(|number| names::guess_key(set, number));
    let served = (0..guess::SERVED_MAX).map(|number| names::served_key(set, number));
    numbers.chain(served).chain([names::lockout_key(set)]).collect::<Vec<_>>().into_iter()
}
