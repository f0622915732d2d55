//! Opening a slot: a guess is spent, a derivation is asked for, and the slot opens or does not.
//!
//! In this order: the terms' MAC, the slot's MAC, its floor, a guess destroyed; only then is a derivation given out. A
//! name that is nobody's goes the same way with a slot made up for it: as many device operations of each kind, as many
//! rows written, a derivation of the terms' cost, guesses of its own, and the same answer.
//!
//! It never tells a wrong password from a wrong name. Evidence: `tests/vault_slots.rs`, `tests/vault_guessing.rs`.

use super::derivation::Derivation;
use super::error::{RowFault, VaultError};
use super::guess::{Guesses, OnDevice};
use super::masters::MasterKeys;
use super::names::{self, Id, TILL_KEY, UNKNOWN_GUESSES};
use super::seal::{PUBLIC_BYTES, Pair, SEALED_PRIVATE_BYTES, slot_kek};
use super::slot::{Slot, SlotFacts, SlotKind};
use super::terms::Terms;
use super::tried::{self, InRow, Tried};
use super::{Vault, row};
use crate::clock::Now;
use crate::ids::OperatorName;
use crate::journal::PlainRows;
use crate::ports::DeviceKeysFault;
use crate::secret::{Secret, wipe_stack};

/// Who wants in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// An operator, by a password.
    Operator(&'a OperatorName),
    /// Whoever holds the recovery code.
    Recovery,
}

/// A guess that is spent and may be tried.
#[must_use = "the guess is spent already"]
pub struct Attempt {
    target: Target,
    terms: Terms,
    /// Where it is written down what was tried at this name.
    number: Id,
}

/// What the guess is at.
enum Target {
    Known(Box<Slot>),
    /// A slot that there never was: nothing opens it.
    Unknown(Box<Slot>),
}

/// An open slot: the proof that somebody may be here, and the keys. Hold it for the session; dropping it wipes them.
pub struct Opened {
    facts: SlotFacts,
    slot: Id,
    masters: MasterKeys,
    failures: Failures,
}

/// Guesses that failed before the one that opened the slot.
///
/// A kill between the telling and the forgiving tells them twice; none is ever lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// At this slot.
    pub own: u32,
    /// At names that are nobody's.
    pub unknown: u32,
}

impl Attempt {
    /// What to derive with.
    #[must_use]
    pub fn derivation(&self) -> &Derivation {
        &self.slot().derivation
    }

    fn slot(&self) -> &Slot {
        match &self.target {
            Target::Known(slot) | Target::Unknown(slot) => slot,
        }
    }

    fn guesses(&self) -> String {
        match &self.target {
            Target::Known(slot) => slot.guesses(),
            Target::Unknown(_) => names::digits(&self.number),
        }
    }
}

impl Opened {
    pub(super) fn new(slot: &Slot, masters: MasterKeys, failures: Failures) -> Self {
        Self { facts: slot.facts(false), slot: slot.id, masters, failures }
    }

    /// Whose slot it is.
    #[must_use]
    pub fn facts(&self) -> &SlotFacts {
        &self.facts
    }

    /// The till's master keys.
    #[must_use]
    pub fn masters(&self) -> &MasterKeys {
        &self.masters
    }

    /// What failed before.
    #[must_use]
    pub fn failures(&self) -> Failures {
        self.failures
    }

    /// Takes over the keys that a rotation gave, once it is durable.
    pub fn adopt(&mut self, masters: MasterKeys) {
        self.masters = masters;
    }
}

impl Vault<'_> {
    /// Spends a guess and says what to derive. Nothing is derived for a row that is not what was written, and no guess
    /// is spent on it.
    ///
    /// # Errors
    /// [`VaultError::LockedOut`], [`VaultError::Row`], [`VaultError::Unclaimed`]; those of the device and of the rows.
    pub fn begin(&mut self, who: Who<'_>, now: Now) -> Result<Attempt, VaultError> {
        if !self.is_claimed()? {
            return Err(VaultError::Unclaimed);
        }
        let terms = self.terms()?;
        let row = row_of(who);
        let target = match self.slot(&row)? {
            Some(proved) => Target::Known(Box::new(proved.slot)),
            None => Target::Unknown(Box::new(self.made_up(&terms)?)),
        };
        let attempt = Attempt { target, terms, number: tried::number(self.keys, &row)? };
        let spent = self.count(&attempt, |guesses, rows| guesses.spend(rows, now));
        if let Err(VaultError::LockedOut { .. }) = spent {
            self.disarm(attempt.slot().name.as_ref())?;
        }
        spent.map(|()| attempt)
    }

    /// Tries the guess.
    ///
    /// # Errors
    /// [`VaultError::Refused`]; [`VaultError::Row`] where the slot's device key is gone; those of the device and of the rows.
    pub fn finish(&mut self, attempt: Attempt, derived: Secret<32>, now: Now) -> Result<Opened, VaultError> {
        let opened = self.try_guess(&attempt, &derived);
        drop(derived);
        wipe_stack();
        match opened? {
            Some(masters) => self.opened(&attempt, masters),
            None => self.refused(&attempt, now),
        }
    }

    /// Makes the guesses at this slot anew, and no others. Call it once the failures are in the journal.
    ///
    /// # Errors
    /// Those of the device and of the rows; the guesses that are missing are made at the next sign-in.
    pub fn forgive(&mut self, opened: &Opened) -> Result<(), VaultError> {
        let terms = self.terms()?;
        let row = match (&opened.facts.kind, &opened.facts.name) {
            (SlotKind::Operator, Some(name)) => Some(names::operator(name)),
            (SlotKind::Recovery, _) => Some(names::RECOVERY.to_owned()),
            _ => None,
        };
        // A slot that was replaced since has guesses of its own.
        let slot = row.map_or(Ok(None), |row| self.sound_slot(&row))?;
        if slot.is_some_and(|proved| proved.slot.id == opened.slot) {
            self.forgive_set(&names::digits(&opened.slot), &terms)?;
        }
        self.forgive_set(UNKNOWN_GUESSES, &terms)?;
        tried::told(self.rows)
    }

    /// Every slot whose row is what was written, by the names of their rows.
    ///
    /// # Errors
    /// [`VaultError::Row`] for the terms; those of the device and of the rows.
    pub fn slots(&self) -> Result<Vec<SlotFacts>, VaultError> {
        let terms = self.terms()?;
        let facts = |slot: &Slot| {
            let is_guessed = slot.kind != SlotKind::Biometric;
            let set = slot.guesses();
            let keys = OnDevice::new(self.keys, &set);
            let is_locked_out = is_guessed && Guesses::new(&keys, &set, &terms).left()? == 0;
            Ok(slot.facts(is_locked_out))
        };
        self.sound_slots()?.iter().map(facts).collect()
    }

    /// The master keys, if the guess is right.
    #[inline(never)]
    fn try_guess(&self, attempt: &Attempt, derived: &Secret<32>) -> Result<Option<MasterKeys>, VaultError> {
        let slot = attempt.slot();
        let (alias, name) = match &attempt.target {
            Target::Known(slot) => (names::slot_key(&slot.kek), slot.row_name().unwrap_or_default()),
            Target::Unknown(_) => (TILL_KEY.to_owned(), String::new()),
        };
        let kek = slot_kek(self.keys, &alias, &slot.id, derived).map_err(|error| match error {
            VaultError::DeviceKeys(DeviceKeysFault::NotFound) => RowFault::DeviceKeyMissing.of(&name),
            other => other,
        })?;
        let Ok(pair) = Pair::open(&kek, &slot.core(), &slot.sealed_private) else { return Ok(None) };
        let masters = pair.unbox(&slot.id, &slot.boxed).map_err(|_| RowFault::Edited.of(&name))?;
        Ok(Some(masters))
    }

    fn opened(&mut self, attempt: &Attempt, masters: MasterKeys) -> Result<Opened, VaultError> {
        let (own, _) = self.at_guesses(attempt, |guesses, _| guesses.failed())?;
        let unknown = tried::untold(self.rows)?;
        let failures = Failures { own: own.saturating_sub(1), unknown };
        Ok(Opened::new(attempt.slot(), masters, failures))
    }

    fn refused(&mut self, attempt: &Attempt, now: Now) -> Result<Opened, VaultError> {
        let (tries_left, _) = self.at_guesses(attempt, |guesses, _| guesses.left())?;
        if tries_left == 0 {
            self.count(attempt, |guesses, rows| guesses.lock_out(rows, now))?;
            self.disarm(attempt.slot().name.as_ref())?;
        }
        Err(VaultError::Refused { tries_left })
    }

    /// Changes the guesses, and writes down what was tried: at every name, whether it is somebody's or not.
    fn count(
        &mut self,
        attempt: &Attempt,
        step: impl FnOnce(&Guesses<'_>, &mut dyn PlainRows) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let mut done = Ok(());
        let ((), tried) = self.at_guesses(attempt, |guesses, rows| {
            done = step(guesses, rows);
            Ok(())
        })?;
        tried::keep(self.rows, &attempt.number, tried)?;
        done
    }

    /// The guesses that this attempt counts against, and what was tried at this name afterwards.
    fn at_guesses<T>(
        &mut self,
        attempt: &Attempt,
        step: impl FnOnce(&Guesses<'_>, &mut dyn PlainRows) -> Result<T, VaultError>,
    ) -> Result<(T, Tried), VaultError> {
        let (set, tried) = (attempt.guesses(), tried::at(self.rows, &attempt.number)?);
        match attempt.target {
            Target::Known(_) => {
                let keys = OnDevice::new(self.keys, &set);
                Ok((step(&Guesses::new(&keys, &set, &attempt.terms), self.rows)?, tried))
            }
            Target::Unknown(_) => {
                let keys = InRow::new(self.keys, tried);
                let done = step(&Guesses::new(&keys, &set, &attempt.terms), self.rows)?;
                Ok((done, keys.into_tried()))
            }
        }
    }

    fn forgive_set(&mut self, set: &str, terms: &Terms) -> Result<(), VaultError> {
        let keys = OnDevice::new(self.keys, set);
        Guesses::new(&keys, set, terms).forgive(self.rows)
    }

    /// A slot of nobody, at the cost of a real one: one MAC, one salt.
    fn made_up(&self, terms: &Terms) -> Result<Slot, VaultError> {
        row::till_mark(self.keys)?;
        Ok(Slot {
            kind: SlotKind::Operator,
            id: self.random()?,
            name: None,
            role: None,
            derivation: Derivation::new(self.random()?, terms.params),
            is_temporary: false,
            changed_day: 0,
            generation: 0,
            public: [0; PUBLIC_BYTES],
            kek: [0; names::ID_BYTES],
            wrapped: Vec::new(),
            sealed_private: vec![0; SEALED_PRIVATE_BYTES],
            boxed: Vec::new(),
        })
    }
}

fn row_of(who: Who<'_>) -> String {
    match who {
        Who::Operator(name) => names::operator(name),
        Who::Recovery => names::RECOVERY.to_owned(),
    }
}
