//! The vault: who may open the till, and with what.
//!
//! One random master key opens the journal. It lies in a slot for each operator, which takes the operator's password
//! and this device together, in a slot for the recovery code, and perhaps in slots for fingers or faces. A till that
//! is nobody's yet has its master key under a device key alone, until it is claimed. Rows lie beside the journal in the
//! clear; every one vouches for itself before a password is worked on, and an old one opens nothing.
//!
//! A [`Vault`] is a loan for one step. What changes it is a [`Change`]: the caller writes its rows, with an event in the same
//! transaction, and settles it afterwards. The slow derivation is the caller's to run, on a thread that may be slow.
//!
//! It never reads a clock, never compares a password, and never says whether a name is known.
//! Evidence: `tests/vault_*.rs`.

mod biometric;
mod calibration;
mod change;
mod derivation;
mod erase;
mod error;
mod guess;
mod masters;
mod names;
mod open;
mod people;
mod recovery;
mod row;
mod seal;
mod slot;
mod terms;
mod tried;

pub use biometric::{BiometricAttempt, BiometricEnrolment, SealedEnrolment};
pub use calibration::{Calibration, Measured, calibrate};
pub use change::{Afterwards, Change};
pub use derivation::{Derivation, Params, SALT_BYTES, derive};
pub use erase::{Vouched, destroy, is_sensors, vouch, vouched};
pub use error::{BiometricRefusal, RowFault, VaultError};
pub use masters::MasterKeys;
pub use open::{Attempt, Failures, Opened, Who};
pub use people::NewPassword;
pub use recovery::RecoveryCode;
pub use slot::{SlotFacts, SlotKind};
pub use terms::Terms;

use std::collections::BTreeSet;

use self::change::Holders;
use self::error::RowFault as Fault;
use self::names::{Id, TERMS, TILL_KEY, UNCLAIMED, UNCLAIMED_KEY};
use self::row::{TillMark, Unproved};
use self::slot::{Parts, ProvedSlot, Slot};
use crate::ids::OperatorName;
use crate::journal::{PlainChange, PlainRows};
use crate::ports::{BiometricKey, DeviceKeys, DeviceKeysFault, Entropy, KeyKind};
use crate::secret::Secret;

/// The vault, for one step.
pub struct Vault<'a> {
    rows: &'a mut dyn PlainRows,
    keys: &'a dyn DeviceKeys,
    entropy: &'a dyn Entropy,
    biometric: Option<&'a dyn BiometricKey>,
}

/// Version of the row of a till that is nobody's yet.
const UNCLAIMED_FORMAT: u8 = 1;
const UNCLAIMED_CONTEXT: &[u8] = b"taptill vault unclaimed 1";

impl<'a> Vault<'a> {
    /// Borrows what it needs. `rows` is a journal, locked or not.
    pub fn new(rows: &'a mut dyn PlainRows, keys: &'a dyn DeviceKeys, entropy: &'a dyn Entropy) -> Self {
        Self { rows, keys, entropy, biometric: None }
    }

    /// The same with the platform's biometric keys, so that those which are left over are destroyed.
    #[must_use]
    pub fn with_biometric(self, biometric: Option<&'a dyn BiometricKey>) -> Self {
        Self { biometric, ..self }
    }

    /// Whether the till has operators. Rows that no slot can have count for nothing, and beside a master key that waits
    /// for its claim nor do those that are not what was written.
    ///
    /// # Errors
    /// [`Fault::Truncated`] where there is neither a slot nor a master key without one; those of the rows.
    pub fn is_claimed(&self) -> Result<bool, VaultError> {
        if self.rows.plain(UNCLAIMED)?.is_some() {
            // A row that somebody planted claims no till; one that vouches for itself was written by a claim.
            return Ok(!self.sound_slots()?.is_empty());
        }
        if self.slot_rows()?.is_empty() { Err(Fault::Truncated.of(UNCLAIMED)) } else { Ok(true) }
    }

    /// Makes the vault of a new till, which is nobody's yet; durable on return. A vault that was made so already, and
    /// not claimed, is opened as it is.
    ///
    /// # Errors
    /// [`VaultError::AlreadyClaimed`]; those of the device and of the rows.
    pub fn found(&mut self, terms: &Terms) -> Result<MasterKeys, VaultError> {
        terms.check()?;
        if self.rows.plain(UNCLAIMED)?.is_some() {
            return self.open_unclaimed();
        }
        if !self.slot_rows()?.is_empty() {
            return Err(VaultError::AlreadyClaimed);
        }
        guess::ensure(self.keys, TILL_KEY)?;
        self.keys.destroy(UNCLAIMED_KEY)?;
        self.keys.create(UNCLAIMED_KEY, KeyKind::Wrap)?;
        let masters = MasterKeys::first(self.entropy)?;
        let mark = self.mark()?;
        let wrapped = self.keys.wrap(UNCLAIMED_KEY, masters.current().expose(), UNCLAIMED_CONTEXT)?;
        let mut row = vec![UNCLAIMED_FORMAT];
        row.extend_from_slice(&mark);
        row.extend_from_slice(&wrapped);
        let change = self.change_terms(terms, Vec::new())?;
        let unclaimed = PlainChange { name: UNCLAIMED.to_owned(), value: Some(row) };
        self.rows.change_plain(&[vec![unclaimed], change.rows].concat())?;
        self.settle(change.afterwards)?;
        Ok(masters)
    }

    /// The master key of a till that is nobody's yet.
    ///
    /// # Errors
    /// [`VaultError::AlreadyClaimed`], [`VaultError::Row`] and those of the device.
    pub fn open_unclaimed(&self) -> Result<MasterKeys, VaultError> {
        if self.is_claimed()? {
            return Err(VaultError::AlreadyClaimed);
        }
        let row = self.rows.plain(UNCLAIMED)?.unwrap_or_default();
        let mut rest = Parts(&row);
        match rest.byte() {
            None => return Err(Fault::Truncated.of(UNCLAIMED)),
            Some(0) => return Err(Fault::Edited.of(UNCLAIMED)),
            Some(UNCLAIMED_FORMAT) => {}
            Some(format) => return Err(Fault::Newer { format }.of(UNCLAIMED)),
        }
        let mark: TillMark = rest.array().ok_or_else(|| Fault::Truncated.of(UNCLAIMED))?;
        let master = match self.keys.unwrap(UNCLAIMED_KEY, rest.0, UNCLAIMED_CONTEXT) {
            Err(DeviceKeysFault::NotFound) => Err(row::why_without_key(self.keys, &mark)?.of(UNCLAIMED)),
            Err(DeviceKeysFault::Rejected) if self.mark()? != mark => Err(Fault::Foreign.of(UNCLAIMED)),
            Err(DeviceKeysFault::Rejected) => Err(Fault::Edited.of(UNCLAIMED)),
            other => Ok(other?),
        }?;
        let master = Secret::from_slice(master.expose()).map_err(|_| Fault::Edited.of(UNCLAIMED))?;
        Ok(MasterKeys::of_one(1, master))
    }

    /// Destroys the device keys that changes left over which were killed before they were settled. Once after the
    /// rows were opened, and never between a change and its settling. Where any row is not what was written it destroys nothing.
    ///
    /// # Errors
    /// Those of the device and of the rows; a row that is not what was written is no error here.
    pub fn sweep(&mut self) -> Result<(), VaultError> {
        match self.in_use() {
            Ok(in_use) => change::sweep(self.rows, Holders { keys: self.keys, biometric: self.biometric }, &in_use),
            Err(VaultError::Row { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Destroys what a change left over. The change must be durable.
    ///
    /// # Errors
    /// Those of the device and of the rows; the rest is swept after the next open.
    pub fn settle(&mut self, afterwards: Afterwards) -> Result<(), VaultError> {
        change::settle(self.rows, Holders { keys: self.keys, biometric: self.biometric }, afterwards)
    }

    /// The terms, which may be known while nobody is signed in.
    ///
    /// # Errors
    /// [`VaultError::Row`]; those of the device and of the rows.
    pub fn terms(&self) -> Result<Terms, VaultError> {
        self.proved_terms().map(|(_, terms)| terms)
    }

    /// Other terms from now on. Guesses that this adds are there at once.
    ///
    /// # Errors
    /// [`VaultError::TermsInvalid`], [`VaultError::Row`]; those of the device and of the rows.
    pub fn set_terms(&mut self, terms: &Terms) -> Result<Change, VaultError> {
        terms.check()?;
        let (_, before) = self.proved_terms()?;
        let sets = self.guess_sets()?;
        // Guesses beyond the terms count for nothing until the new terms are durable.
        let mut added = Vec::new();
        for (set, number) in pairs(&sets, before.tries..terms.tries) {
            let alias = names::guess_key(set, number);
            if !self.keys.exists(&alias)? {
                added.push(alias);
            }
        }
        let beyond = pairs(&sets, terms.tries..before.tries).map(|(set, number)| names::guess_key(set, number));
        let mut beyond = self.litter(beyond.collect())?;
        beyond.rows.extend(tried::add(self.rows, before.tries.min(terms.tries))?);
        Ok(self.change_terms(terms, added)?.and(beyond))
    }

    /// A fresh salt and the terms' cost, for a new password.
    ///
    /// # Errors
    /// Those of [`Self::terms`], and [`VaultError::Entropy`].
    pub fn new_derivation(&self) -> Result<Derivation, VaultError> {
        Ok(Derivation::new(self.random()?, self.terms()?.params))
    }

    fn change_terms(&mut self, terms: &Terms, mut fresh: Vec<String>) -> Result<Change, VaultError> {
        let mut old = Vec::new();
        if self.rows.plain(TERMS)?.is_some() {
            old.push(names::row_key(&self.proved_terms()?.0));
        }
        let id: Id = self.random()?;
        fresh.push(names::row_key(&id));
        let begun = self.begin_change(&fresh)?;
        let row = row::write(self.keys, TERMS, &self.mark()?, &id, &terms.to_bytes())?;
        change::finish(self.keys, begun, vec![PlainChange { name: TERMS.to_owned(), value: Some(row) }], old)
    }

    fn proved_terms(&self) -> Result<(Id, Terms), VaultError> {
        let row = self.rows.plain(TERMS)?.ok_or_else(|| Fault::Truncated.of(TERMS))?;
        let proved = Unproved::read(TERMS, &row).map_err(|fault| fault.of(TERMS))?.prove(self.keys)?;
        let terms = Terms::read(proved.body).ok_or_else(|| Fault::Edited.of(TERMS))?;
        Ok((proved.id, terms))
    }

    /// A slot, if its row is there; an error if the row is not what was written.
    fn slot(&self, row: &str) -> Result<Option<ProvedSlot>, VaultError> {
        self.rows.plain(row)?.map(|bytes| ProvedSlot::prove(self.keys, row, &bytes)).transpose()
    }

    /// Every slot, by the names of their rows.
    fn all_slots(&self) -> Result<Vec<(String, ProvedSlot)>, VaultError> {
        let rows = self.slot_rows()?.into_iter();
        rows.map(|(name, bytes)| ProvedSlot::prove(self.keys, &name, &bytes).map(|slot| (name, slot))).collect()
    }

    /// A slot whose row may be replaced or removed: one that is not what was written counts as none.
    fn sound_slot(&self, row: &str) -> Result<Option<ProvedSlot>, VaultError> {
        sound(self.slot(row)).map(Option::flatten)
    }

    /// Every slot whose row is what was written.
    fn sound_slots(&self) -> Result<Vec<Slot>, VaultError> {
        let mut slots = Vec::new();
        for (name, bytes) in self.slot_rows()? {
            slots.extend(sound(ProvedSlot::prove(self.keys, &name, &bytes))?.map(|proved| proved.slot));
        }
        Ok(slots)
    }

    /// The rows whose names are those of slots.
    fn slot_rows(&self) -> Result<Vec<(String, Vec<u8>)>, VaultError> {
        let rows = self.rows.plains(names::SLOTS)?.into_iter();
        Ok(rows.filter(|(name, _)| names::is_of_a_slot(name)).collect())
    }

    /// Operators whose row is not what was written: they cannot come in, and may be removed or given another password
    /// by the recovery code.
    ///
    /// # Errors
    /// Those of the device and of the rows.
    pub fn damaged_operators(&self) -> Result<Vec<OperatorName>, VaultError> {
        let mut damaged = Vec::new();
        for (row, bytes) in self.slot_rows()? {
            if sound(ProvedSlot::prove(self.keys, &row, &bytes))?.is_none() {
                damaged.extend(names::operator_of(&row));
            }
        }
        Ok(damaged)
    }

    /// The names of rows among the slots that no slot can have: somebody else wrote them. They may be taken away.
    ///
    /// # Errors
    /// Those of the rows.
    pub fn strays(&self) -> Result<Vec<String>, VaultError> {
        let rows = self.rows.plains(names::SLOTS)?.into_iter();
        Ok(rows.map(|(name, _)| name).filter(|name| !names::is_of_a_slot(name)).collect())
    }

    /// The device keys that rows use; an error if any row is not what was written.
    fn in_use(&self) -> Result<BTreeSet<String>, VaultError> {
        let (terms_row, terms) = self.proved_terms()?;
        let mut used = BTreeSet::from([names::row_key(&terms_row)]);
        if !self.is_claimed()? {
            self.open_unclaimed()?;
            used.insert(UNCLAIMED_KEY.to_owned());
        }
        used.extend(own_keys(names::UNKNOWN_GUESSES, &terms));
        for (_, ProvedSlot { row, slot }) in self.all_slots()? {
            used.extend([names::row_key(&row), names::slot_key(&slot.kek), names::armed_key(&slot.id)]);
            used.insert(names::biometric_key(&slot.id));
            used.extend(own_keys(&slot.guesses(), &terms));
        }
        Ok(used)
    }

    /// The names of all guesses there are.
    fn guess_sets(&self) -> Result<Vec<String>, VaultError> {
        let guessed = self.sound_slots()?.into_iter().filter(|slot| slot.kind != SlotKind::Biometric);
        let of_slots = guessed.map(|slot| slot.guesses());
        Ok(of_slots.chain([names::UNKNOWN_GUESSES.to_owned()]).collect())
    }

    fn begin_change(&mut self, fresh: &[String]) -> Result<change::Begun, VaultError> {
        let id = self.random()?;
        change::begin(self.rows, self.keys, id, fresh)
    }

    /// A change that does nothing but leave these device keys over.
    fn litter(&mut self, aliases: Vec<String>) -> Result<Change, VaultError> {
        let begun = self.begin_change(&[])?;
        change::finish(self.keys, begun, Vec::new(), aliases)
    }

    fn mark(&self) -> Result<TillMark, VaultError> {
        Ok(row::till_mark(self.keys)?)
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], VaultError> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// A row that is not what was written is none; every other error stays one.
fn sound<T>(proved: Result<T, VaultError>) -> Result<Option<T>, VaultError> {
    match proved {
        Ok(proved) => Ok(Some(proved)),
        Err(VaultError::Row { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every device key of one set of guesses.
fn own_keys(guesses: &str, terms: &Terms) -> Vec<String> {
    let mut keys: Vec<String> = (0..terms.tries).map(|number| names::guess_key(guesses, number)).collect();
    keys.extend((0..guess::SERVED_MAX).map(|number| names::served_key(guesses, number)));
    keys.push(names::lockout_key(guesses));
    keys
}

fn pairs(sets: &[String], numbers: std::ops::Range<u8>) -> impl Iterator<Item = (&str, u8)> {
    sets.iter().flat_map(move |set| numbers.clone().map(move |number| (set.as_str(), number)))
}
