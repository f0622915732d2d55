//! Who has a slot: claim, add, change, reset, remove, recover, and master keys for everybody anew.
//!
//! Every new password is a new slot: its own key pair, its own two device keys, its own guesses. The slot before it,
//! and the biometric slot beside it, go with all theirs. So a reset ends a lockout, and nothing of an old slot opens anything.
//!
//! It never leaves a till without a supervisor. Evidence: `tests/vault_slots.rs`, `tests/vault_kills.rs`, `tests/vault_journal.rs`.

use super::change::{self, Begun, Change};
use super::derivation::Derivation;
use super::error::VaultError;
use super::masters::MasterKeys;
use super::names::{self, Id, UNCLAIMED, UNCLAIMED_KEY, UNKNOWN_GUESSES};
use super::open::{Failures, Opened};
use super::row;
use super::seal::{Pair, boxed, slot_kek};
use super::slot::{ProvedSlot, Slot, SlotKind};
use super::terms::{TRIES_MAX, Terms};
use super::{Vault, erase, guess, sound};
use crate::ids::{OperatorName, Role};
use crate::journal::PlainChange;
use crate::secret::{Secret, wipe_stack};

/// A new password, derived already.
pub struct NewPassword {
    /// With what it was derived; from [`Vault::new_derivation`].
    pub derivation: Derivation,
    /// What came of it.
    pub derived: Secret<32>,
    /// Whether it is to be changed at the first sign-in.
    pub is_temporary: bool,
    /// Today, in days since 1970-01-01.
    pub changed_day: u32,
}

/// Whose slot is to be made.
struct Owner<'a> {
    kind: SlotKind,
    name: Option<&'a OperatorName>,
    role: Option<Role>,
}

impl Vault<'_> {
    /// Gives the till to its first supervisor, with a new master key; the one before is an older one from here on.
    ///
    /// # Errors
    /// [`VaultError::AlreadyClaimed`]; those of the device and of the rows.
    pub fn claim(
        &mut self,
        masters: &MasterKeys,
        name: &OperatorName,
        password: &NewPassword,
        recovery: &NewPassword,
    ) -> Result<(Change, Opened), VaultError> {
        if self.is_claimed()? {
            return Err(VaultError::AlreadyClaimed);
        }
        let terms = self.terms()?;
        for number in 0..terms.tries {
            guess::ensure(self.keys, &names::guess_key(UNKNOWN_GUESSES, number))?;
        }
        let masters = masters.next(self.entropy)?;
        let (supervisor, slot) = self.new_slot(&operator(name, Role::Supervisor), password, &masters)?;
        let (code, _) = self.new_slot(&RECOVERY, recovery, &masters)?;
        let mut old = self.litter(vec![UNCLAIMED_KEY.to_owned()])?;
        old.rows.push(PlainChange { name: UNCLAIMED.to_owned(), value: None });
        Ok((supervisor.and(code).and(old), Opened::new(&slot, masters, Failures::default())))
    }

    /// A new operator.
    ///
    /// # Errors
    /// [`VaultError::NotByRecovery`], [`VaultError::OperatorExists`], [`VaultError::Row`]; those of the device and of the rows.
    pub fn add_operator(
        &mut self,
        opened: &Opened,
        name: &OperatorName,
        role: Role,
        password: &NewPassword,
    ) -> Result<Change, VaultError> {
        by_password(opened)?;
        if self.slot(&names::operator(name))?.is_some() {
            return Err(VaultError::OperatorExists);
        }
        Ok(self.new_slot(&operator(name, role), password, &opened.masters().copy())?.0)
    }

    /// Another password: an operator's own, or a temporary one from a supervisor. The one before opens nothing once the
    /// change is durable, and a lockout is over.
    ///
    /// # Errors
    /// [`VaultError::NotByRecovery`], [`VaultError::OperatorUnknown`], [`VaultError::Row`]; those of the device and of
    /// the rows.
    pub fn set_password(
        &mut self,
        opened: &Opened,
        name: &OperatorName,
        password: &NewPassword,
    ) -> Result<Change, VaultError> {
        by_password(opened)?;
        let slot = self.slot(&names::operator(name))?.ok_or(VaultError::OperatorUnknown)?.slot;
        let owner = Owner { kind: slot.kind, name: Some(name), role: slot.role };
        Ok(self.new_slot(&owner, password, &opened.masters().copy())?.0)
    }

    /// Takes an operator's slot away, also one whose row is not what was written: of such a row the device keys go that it
    /// names and no other row does. Whoever may have kept the master key, or another copy of the row, is kept out by a
    /// rotation alone: [`Self::rotate`] does both in one change.
    ///
    /// # Errors
    /// [`VaultError::NotByRecovery`], [`VaultError::OperatorUnknown`], [`VaultError::LastSupervisor`], [`VaultError::Row`];
    /// those of the device and of the rows.
    pub fn remove_operator(&mut self, opened: &Opened, name: &OperatorName) -> Result<Change, VaultError> {
        by_password(opened)?;
        self.check_removal(name)?;
        let begun = self.begin_change(&[])?;
        let (rows, old) = self.without(name)?;
        change::finish(self.keys, begun, rows, old)
    }

    /// A new master key in every slot's box, without anybody's password; one operator's slot may go in the same change.
    /// The key before is an older one until [`Self::forget_older`].
    ///
    /// # Errors
    /// [`VaultError::TooManyGenerations`], those of [`Self::remove_operator`]; [`VaultError::Row`] where the row of whoever
    /// asks is not what was written. Any other that is not is passed over: it opens nothing, and nothing afterwards.
    pub fn rotate(
        &mut self,
        opened: &Opened,
        without: Option<&OperatorName>,
    ) -> Result<(Change, MasterKeys), VaultError> {
        by_password(opened)?;
        without.map_or(Ok(()), |name| self.check_removal(name))?;
        let masters = opened.masters().next(self.entropy)?;
        Ok((self.box_anew(opened, &masters, without)?, masters))
    }

    /// Takes the older master keys out of every box, once nothing is sealed under them.
    ///
    /// # Errors
    /// Those of [`Self::rotate`].
    pub fn forget_older(&mut self, opened: &Opened) -> Result<(Change, MasterKeys), VaultError> {
        let masters = opened.masters().without_older();
        Ok((self.box_anew(opened, &masters, None)?, masters))
    }

    /// What the recovery code is good for: a supervisor with a new password, of a new name or of one that was there.
    /// The code itself is replaced by the next. A row of that name that is not what was written is replaced all the same. What is given opens as the supervisor's own, once the change is durable.
    ///
    /// # Errors
    /// [`VaultError::NotByRecovery`] when the slot was not opened by the code; [`VaultError::Row`]; those of the device
    /// and of the rows.
    pub fn recover(
        &mut self,
        opened: &Opened,
        name: &OperatorName,
        password: &NewPassword,
        recovery: &NewPassword,
    ) -> Result<(Change, Opened), VaultError> {
        if opened.facts().kind != SlotKind::Recovery {
            return Err(VaultError::NotByRecovery);
        }
        let masters = opened.masters().copy();
        let (supervisor, slot) = self.new_slot(&operator(name, Role::Supervisor), password, &masters)?;
        let (code, _) = self.new_slot(&RECOVERY, recovery, &masters)?;
        Ok((supervisor.and(code), Opened::new(&slot, masters, opened.failures())))
    }

    /// Another recovery code: the one before opens nothing once the change is durable.
    ///
    /// # Errors
    /// [`VaultError::NotByRecovery`], [`VaultError::Row`]; those of the device and of the rows.
    pub fn new_recovery(&mut self, opened: &Opened, recovery: &NewPassword) -> Result<Change, VaultError> {
        by_password(opened)?;
        Ok(self.new_slot(&RECOVERY, recovery, &opened.masters().copy())?.0)
    }

    /// A slot in place of the one that its owner has, if any.
    fn new_slot(
        &mut self,
        owner: &Owner<'_>,
        password: &NewPassword,
        masters: &MasterKeys,
    ) -> Result<(Change, Slot), VaultError> {
        let terms = self.terms()?;
        let mut slot = self.empty_slot(owner, password)?;
        let row = self.random()?;
        let name = slot.row_name().expect("every owner has a row");
        let (generation, mut rows, old) = self.what_goes(owner)?;
        slot.generation = generation + 1;
        let begun = self.begin_change(&fresh_keys(&slot, &row, &terms))?;
        let sealed = self.fill_slot(&mut slot, &password.derived, masters);
        wipe_stack();
        sealed?;
        let value = row::write(self.keys, &name, &self.mark()?, &row, &slot.to_bytes())?;
        rows.push(PlainChange { name, value: Some(value) });
        Ok((change::finish(self.keys, begun, rows, old)?, slot))
    }

    fn empty_slot(&self, owner: &Owner<'_>, password: &NewPassword) -> Result<Slot, VaultError> {
        Ok(Slot {
            kind: owner.kind,
            id: self.random()?,
            name: owner.name.cloned(),
            role: owner.role,
            derivation: password.derivation.clone(),
            is_temporary: password.is_temporary,
            changed_day: password.changed_day,
            generation: 0,
            public: [0; 32],
            kek: self.random()?,
            wrapped: Vec::new(),
            sealed_private: Vec::new(),
            boxed: Vec::new(),
        })
    }

    /// A key pair for the slot, sealed under its secret and this device, and the master keys in a box for it.
    #[inline(never)]
    pub(super) fn fill_slot(
        &self,
        slot: &mut Slot,
        derived: &Secret<32>,
        masters: &MasterKeys,
    ) -> Result<(), VaultError> {
        let pair = Pair::new(self.entropy)?;
        slot.public = pair.public;
        let kek = slot_kek(self.keys, &names::slot_key(&slot.kek), &slot.id, derived)?;
        slot.sealed_private = pair.seal(&kek, &slot.core(), self.entropy)?;
        slot.boxed = boxed(&slot.id, &slot.public, masters, self.entropy)?;
        Ok(())
    }

    /// How many passwords the owner had, which rows go, and which device keys.
    fn what_goes(&self, owner: &Owner<'_>) -> Result<(u32, Vec<PlainChange>, Vec<String>), VaultError> {
        let (row, biometric) = match owner.name {
            Some(name) => (names::operator(name), self.without_biometric(name)?),
            None => (names::RECOVERY.to_owned(), (Vec::new(), Vec::new())),
        };
        let (mut rows, mut old) = biometric;
        let Some(proved) = self.sound_slot(&row)? else {
            old.extend(self.keys_of_damaged(&row)?);
            return Ok((0, rows, old));
        };
        old.extend(self.keys_of(&proved)?);
        rows.push(PlainChange { name: names::lockout(&proved.slot.guesses()), value: None });
        Ok((proved.slot.generation, rows, old))
    }

    /// What goes with an operator.
    fn without(&self, name: &OperatorName) -> Result<(Vec<PlainChange>, Vec<String>), VaultError> {
        let (mut rows, mut old) = self.without_biometric(name)?;
        let row = names::operator(name);
        match self.sound_slot(&row)? {
            Some(proved) => {
                old.extend(self.keys_of(&proved)?);
                rows.push(PlainChange { name: names::lockout(&proved.slot.guesses()), value: None });
            }
            None => old.extend(self.keys_of_damaged(&row)?),
        }
        rows.push(PlainChange { name: row, value: None });
        Ok((rows, old))
    }

    /// The keys that a row names for which nobody vouches, without those that any other row names: whoever changed it could
    /// have written there what would lock others out.
    fn keys_of_damaged(&self, row: &str) -> Result<Vec<String>, VaultError> {
        let Some(bytes) = self.rows.plain(row)? else { return Ok(Vec::new()) };
        let mut named = erase::keys_named_by(row, &bytes);
        let terms = self.rows.plain(names::TERMS)?.map(|bytes| (names::TERMS.to_owned(), bytes));
        for (other, bytes) in self.slot_rows()?.iter().filter(|(other, _)| other != row).chain(&terms) {
            let of_others = erase::keys_named_by(other, bytes);
            named.retain(|alias| !of_others.contains(alias));
        }
        let mut held = Vec::new();
        for alias in named {
            // Of a sensor's own it is not known whether it is there; destroying what is not is no fault.
            if names::is_biometric_key(&alias) || self.keys.exists(&alias)? {
                held.push(alias);
            }
        }
        Ok(held)
    }

    pub(super) fn without_biometric(&self, name: &OperatorName) -> Result<(Vec<PlainChange>, Vec<String>), VaultError> {
        let row = names::biometric(name);
        let mut rows = vec![PlainChange { name: row.clone(), value: None }];
        let Some(proved) = self.sound_slot(&row)? else { return Ok((rows, self.keys_of_damaged(&row)?)) };
        rows.push(PlainChange { name: names::armed(&proved.slot.id), value: None });
        Ok((rows, self.keys_of(&proved)?))
    }

    /// The device keys of a slot.
    fn keys_of(&self, ProvedSlot { row, slot }: &ProvedSlot) -> Result<Vec<String>, VaultError> {
        let guesses = slot.guesses();
        let mut keys = vec![names::row_key(row), names::slot_key(&slot.kek)];
        if slot.kind == SlotKind::Biometric {
            keys.extend([names::armed_key(&slot.id), names::biometric_key(&slot.id)]);
            return Ok(keys);
        }
        keys.push(names::lockout_key(&guesses));
        let counted = (0..TRIES_MAX).map(|number| names::guess_key(&guesses, number));
        let served = (0..guess::SERVED_MAX).map(|number| names::served_key(&guesses, number));
        for alias in counted {
            if self.keys.exists(&alias)? {
                keys.push(alias);
            }
        }
        for alias in served {
            if !self.keys.exists(&alias)? {
                break;
            }
            keys.push(alias);
        }
        Ok(keys)
    }

    fn box_anew(
        &mut self,
        opened: &Opened,
        masters: &MasterKeys,
        without: Option<&OperatorName>,
    ) -> Result<Change, VaultError> {
        // Whoever asks comes in again afterwards, whatever became of the others.
        let own = opened.facts().name.as_ref().ok_or(VaultError::OperatorUnknown)?;
        self.slot(&names::operator(own))?.ok_or(VaultError::OperatorUnknown)?;
        let (mut rows, mut old) = without.map_or(Ok((Vec::new(), Vec::new())), |name| self.without(name))?;
        let stays = |slot: &Slot| without.is_none_or(|name| slot.name.as_ref() != Some(name));
        let mut slots = Vec::new();
        for (name, bytes) in self.slot_rows()? {
            let Some(proved) = sound(ProvedSlot::prove(self.keys, &name, &bytes))? else { continue };
            if stays(&proved.slot) {
                slots.push((name, self.random::<{ names::ID_BYTES }>()?, proved));
            }
        }
        let fresh: Vec<String> = slots.iter().map(|(_, row, _)| names::row_key(row)).collect();
        let begun: Begun = self.begin_change(&fresh)?;
        let mark = self.mark()?;
        for (name, row, ProvedSlot { row: before, mut slot }) in slots {
            slot.boxed = boxed(&slot.id, &slot.public, masters, self.entropy)?;
            let value = row::write(self.keys, &name, &mark, &row, &slot.to_bytes())?;
            rows.push(PlainChange { name, value: Some(value) });
            old.push(names::row_key(&before));
        }
        wipe_stack();
        change::finish(self.keys, begun, rows, old)
    }

    fn check_removal(&self, name: &OperatorName) -> Result<(), VaultError> {
        if self.rows.plain(&names::operator(name))?.is_none() {
            return Err(VaultError::OperatorUnknown);
        }
        let stays = |slot: &Slot| slot.kind == SlotKind::Operator && slot.name.as_ref() != Some(name);
        let slots = self.sound_slots()?;
        let mut others = slots.iter().filter(|slot| stays(slot));
        let has_another = others.any(|slot| slot.role == Some(Role::Supervisor));
        if has_another { Ok(()) } else { Err(VaultError::LastSupervisor) }
    }
}

const RECOVERY: Owner<'static> = Owner { kind: SlotKind::Recovery, name: None, role: None };

fn operator(name: &OperatorName, role: Role) -> Owner<'_> {
    Owner { kind: SlotKind::Operator, name: Some(name), role: Some(role) }
}

fn by_password(opened: &Opened) -> Result<(), VaultError> {
    if opened.facts().kind == SlotKind::Recovery { Err(VaultError::NotByRecovery) } else { Ok(()) }
}

/// The device keys that a new slot needs.
fn fresh_keys(slot: &Slot, row: &Id, terms: &Terms) -> Vec<String> {
    let guesses = slot.guesses();
    let mut keys = vec![names::slot_key(&slot.kek), names::row_key(row)];
    keys.extend((0..terms.tries).map(|number| names::guess_key(&guesses, number)));
    keys
}
