//! Guesses are things: each is a device key, destroyed before the guess is tried.
//!
//! None left is a lockout: a device key of its own, and a row under that key's MAC with the boot and the monotonic
//! time at which it began. Only time of that boot counts; after a restart, or when the row is not the one that this
//! lockout wrote, it begins again. When it is over its key goes first, then a mark is made that it was sat out,
//! then the guesses are made anew; so a kill anywhere leaves fewer guesses, never more. Nothing of this lies in the
//! till's folder but the row, so that copying the folder back gains nothing. The wall clock is never asked.
//!
//! Tries that are added in a lockout end it: its key goes before one of them is spent, and the next begins anew.
//!
//! It never knows whose guesses they are. Evidence: `tests/vault_guessing.rs`.

use super::error::VaultError;
use super::names;
use super::row;
use super::slot::Parts;
use super::terms::Terms;
use crate::clock::{BootCount, MonoMs, Now};
use crate::journal::{PlainChange, PlainRows};
use crate::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use crate::secret::{SecretBytes, same_bytes};

/// How many lockouts that were sat out are remembered until a sign-in.
pub(super) const SERVED_MAX: u8 = 100;

/// What guesses are counted with.
#[derive(Clone, Copy)]
pub(super) enum GuessKey {
    /// A guess that may yet be made.
    Guess(u8),
    /// A lockout that is running.
    Lockout,
    /// A lockout that was sat out.
    Served(u8),
}

/// Where they are: at the device, or for a name that is nobody's in a row.
pub(super) trait GuessKeys {
    fn exists(&self, key: GuessKey) -> Result<bool, DeviceKeysFault>;
    fn create(&self, key: GuessKey) -> Result<(), DeviceKeysFault>;
    fn destroy(&self, key: GuessKey) -> Result<(), DeviceKeysFault>;
    fn mac(&self, key: GuessKey, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault>;
}

/// Device keys of one slot.
pub(super) struct OnDevice<'a> {
    keys: &'a dyn DeviceKeys,
    name: &'a str,
}

impl<'a> OnDevice<'a> {
    pub(super) fn new(keys: &'a dyn DeviceKeys, name: &'a str) -> Self {
        Self { keys, name }
    }

    pub(super) fn keys(&self) -> &'a dyn DeviceKeys {
        self.keys
    }

    fn alias(&self, key: GuessKey) -> String {
        match key {
            GuessKey::Guess(number) => names::guess_key(self.name, number),
            GuessKey::Lockout => names::lockout_key(self.name),
            GuessKey::Served(number) => names::served_key(self.name, number),
        }
    }
}

impl GuessKeys for OnDevice<'_> {
    fn exists(&self, key: GuessKey) -> Result<bool, DeviceKeysFault> {
        self.keys.exists(&self.alias(key))
    }

    fn create(&self, key: GuessKey) -> Result<(), DeviceKeysFault> {
        self.keys.create(&self.alias(key), KeyKind::Mac)
    }

    fn destroy(&self, key: GuessKey) -> Result<(), DeviceKeysFault> {
        self.keys.destroy(&self.alias(key))
    }

    fn mac(&self, key: GuessKey, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.keys.mac(&self.alias(key), data)
    }
}

/// The guesses at one slot, or at one name that is nobody's.
pub(super) struct Guesses<'a> {
    keys: &'a dyn GuessKeys,
    name: &'a str,
    terms: &'a Terms,
}

impl<'a> Guesses<'a> {
    /// `name` is that of a lockout's row.
    pub(super) fn new(keys: &'a dyn GuessKeys, name: &'a str, terms: &'a Terms) -> Self {
        Self { keys, name, terms }
    }

    /// How many are left.
    pub(super) fn left(&self) -> Result<u32, VaultError> {
        let mut left = 0;
        for number in 0..self.terms.tries {
            left += u32::from(self.keys.exists(GuessKey::Guess(number))?);
        }
        Ok(left)
    }

    /// Uses one up for good, before it is tried.
    pub(super) fn spend(&self, rows: &mut dyn PlainRows, now: Now) -> Result<(), VaultError> {
        if self.left()? == 0 {
            self.sit_out(rows, now)?;
        } else if self.keys.exists(GuessKey::Lockout)? {
            // Guesses were added in a lockout. Its beginning would count for the next one.
            self.keys.destroy(GuessKey::Lockout)?;
        }
        for number in (0..self.terms.tries).rev() {
            let guess = GuessKey::Guess(number);
            if self.keys.exists(guess)? {
                return Ok(self.keys.destroy(guess)?);
            }
        }
        Err(VaultError::LockedOut { retry_after_ms: self.terms.lockout_ms })
    }

    /// Makes the ones that are missing.
    pub(super) fn make(&self) -> Result<(), VaultError> {
        (0..self.terms.tries).try_for_each(|number| self.ensure(GuessKey::Guess(number)))
    }

    /// How many failed since they were last forgiven, lockouts that were sat out included.
    pub(super) fn failed(&self) -> Result<u32, VaultError> {
        let tries = u32::from(self.terms.tries);
        Ok(self.served()? * tries + tries - self.left()?)
    }

    /// Forgets failures: every guess is there again.
    pub(super) fn forgive(&self, rows: &mut dyn PlainRows) -> Result<(), VaultError> {
        self.keys.destroy(GuessKey::Lockout)?;
        for number in (0..self.served()?).rev() {
            let number = u8::try_from(number).expect("at most a hundred are counted");
            self.keys.destroy(GuessKey::Served(number))?;
        }
        self.make()?;
        self.forget_start(rows)
    }

    /// Begins a lockout anew, whatever is there of an earlier one. Every guess must be used up.
    pub(super) fn lock_out(&self, rows: &mut dyn PlainRows, now: Now) -> Result<(), VaultError> {
        self.begin(rows, now)
    }

    /// Passes once a lockout is over; there are guesses then.
    fn sit_out(&self, rows: &mut dyn PlainRows, now: Now) -> Result<(), VaultError> {
        let Some(passed_ms) = self.passed_ms(rows, now)? else {
            self.begin(rows, now)?;
            return Err(VaultError::LockedOut { retry_after_ms: self.terms.lockout_ms });
        };
        if passed_ms < self.terms.lockout_ms {
            return Err(VaultError::LockedOut { retry_after_ms: self.terms.lockout_ms - passed_ms });
        }
        // The key first: as long as it is there, this row would end a later lockout at once.
        self.keys.destroy(GuessKey::Lockout)?;
        let served = u8::try_from(self.served()?).expect("at most a hundred are counted");
        if served < SERVED_MAX {
            self.ensure(GuessKey::Served(served))?;
        }
        self.make()?;
        self.forget_start(rows)
    }

    /// How long the lockout has run on this boot's clock; `None` where this boot has not seen its beginning.
    fn passed_ms(&self, rows: &dyn PlainRows, now: Now) -> Result<Option<u64>, VaultError> {
        let name = names::lockout(self.name);
        let Some(row) = rows.plain(&name)? else { return Ok(None) };
        let Some((said, mac)) = row.split_last_chunk::<32>() else { return Ok(None) };
        let right = match self.keys.mac(GuessKey::Lockout, &row::spoken(&name, said)) {
            Ok(right) => right,
            Err(DeviceKeysFault::NotFound) => return Ok(None),
            Err(fault) => return Err(fault.into()),
        };
        let start = read_start(said).filter(|_| same_bytes(right.expose(), mac));
        let start = start.filter(|(boot, _)| *boot == now.boot);
        Ok(start.and_then(|(_, mono)| now.mono.0.checked_sub(mono.0)))
    }

    fn begin(&self, rows: &mut dyn PlainRows, now: Now) -> Result<(), VaultError> {
        let name = names::lockout(self.name);
        self.keys.destroy(GuessKey::Lockout)?;
        self.keys.create(GuessKey::Lockout)?;
        let mut row = vec![START_FORMAT];
        row.extend_from_slice(&now.boot.0.to_be_bytes());
        row.extend_from_slice(&now.mono.0.to_be_bytes());
        let mac = self.keys.mac(GuessKey::Lockout, &row::spoken(&name, &row))?;
        row.extend_from_slice(mac.expose());
        Ok(rows.change_plain(&[PlainChange { name, value: Some(row) }])?)
    }

    /// The row is worth nothing without its key; it goes so that no litter is left.
    fn forget_start(&self, rows: &mut dyn PlainRows) -> Result<(), VaultError> {
        let name = names::lockout(self.name);
        match rows.plain(&name)? {
            Some(_) => Ok(rows.change_plain(&[PlainChange { name, value: None }])?),
            None => Ok(()),
        }
    }

    fn ensure(&self, key: GuessKey) -> Result<(), VaultError> {
        there(self.keys.create(key))
    }

    fn served(&self) -> Result<u32, VaultError> {
        for number in 0..SERVED_MAX {
            if !self.keys.exists(GuessKey::Served(number))? {
                return Ok(u32::from(number));
            }
        }
        Ok(u32::from(SERVED_MAX))
    }
}

const START_FORMAT: u8 = 1;

fn read_start(said: &[u8]) -> Option<(BootCount, MonoMs)> {
    let mut rest = Parts(said);
    let format = rest.byte()?;
    let start = (BootCount(rest.long_number()?), MonoMs(rest.long_number()?));
    (format == START_FORMAT && rest.0.is_empty()).then_some(start)
}

/// Makes a key unless it is there.
pub(super) fn ensure(keys: &dyn DeviceKeys, alias: &str) -> Result<(), VaultError> {
    there(keys.create(alias, KeyKind::Mac))
}

fn there(created: Result<(), DeviceKeysFault>) -> Result<(), VaultError> {
    match created {
        Ok(()) | Err(DeviceKeysFault::AlreadyExists) => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}
