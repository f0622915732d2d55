//! A slot that opens to fingers or a face, for as long as a password is not due.
//!
//! Its secret is 32 random bytes that the platform's key releases to a recognised person, and which go the way of a
//! derived password from there. It must be armed: each sign-in by password makes the slot's arming key anew and writes
//! down, under its MAC, the boot, the monotonic time and the days it holds for. The slot stays shut without that key (a
//! freeze and a lockout destroy it), after a restart and after those days; a new enrolment makes the platform's key void.
//!
//! It never asks the person itself: what may wait runs where the caller wants. Evidence: `tests/vault_biometric.rs`.

use super::change::{self, Change};
use super::derivation::{Derivation, Params, SALT_BYTES};
use super::error::{BiometricRefusal as Refusal, RowFault, VaultError};
use super::guess::{Guesses, OnDevice};
use super::masters::random_key;
use super::names::{self, Id};
use super::open::{Failures, Opened};
use super::seal::{Pair, slot_kek};
use super::slot::{Parts, Slot, SlotKind};
use super::{Vault, row};
use crate::clock::{BootCount, MonoMs, Now};
use crate::ids::OperatorName;
use crate::journal::PlainChange;
use crate::ports::{BiometricFault, BiometricKey, DeviceKeysFault, KeyKind};
use crate::secret::{Secret, SecretBytes, same_bytes, wipe_stack};

/// A biometric slot that may be opened, if the person is recognised.
#[derive(Clone)]
pub struct BiometricAttempt {
    slot: Slot,
    armed: Armed,
}

/// A biometric slot that is about to be made.
pub struct BiometricEnrolment {
    slot: Id,
    change: Id,
    secret: SecretBytes,
}

/// A biometric slot's secret, wrapped by the platform.
pub struct SealedEnrolment {
    slot: Id,
    change: Id,
    secret: SecretBytes,
    wrapped: Vec<u8>,
}

/// When the last password was, and for how many days it lets the slot open.
#[derive(Clone, Copy)]
struct Armed {
    boot: BootCount,
    mono: MonoMs,
    days: u32,
}

impl Armed {
    fn allows(self, days: u32, now: Now) -> Result<(), VaultError> {
        let refused = |why| Err(VaultError::Biometric(why));
        if days == 0 {
            return refused(Refusal::NotAllowed);
        }
        if self.boot != now.boot {
            return refused(Refusal::Restarted);
        }
        match now.mono.0.checked_sub(self.mono.0) {
            None => refused(Refusal::Restarted),
            Some(passed_ms) if passed_ms > u64::from(days) * DAY_MS => refused(Refusal::TooOld),
            Some(_) => Ok(()),
        }
    }
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const ARMED_FORMAT: u8 = 1;

impl BiometricAttempt {
    /// Asks the platform, which asks the person. May wait as long as a person does.
    ///
    /// # Errors
    /// [`BiometricFault`]; [`BiometricFault::Void`] means that the slot is of no use any more.
    pub fn release(&self, port: &dyn BiometricKey) -> Result<SecretBytes, BiometricFault> {
        port.release(&names::biometric_key(&self.slot.id), &self.slot.wrapped, &self.slot.id)
    }

    /// Holds it once more against the rule, which the journal may have changed since it was armed.
    ///
    /// # Errors
    /// [`VaultError::Biometric`].
    pub fn check(&self, days: u32, now: Now) -> Result<(), VaultError> {
        self.armed.allows(days, now)
    }
}

impl BiometricEnrolment {
    /// Has the platform wrap the secret, which may ask the person.
    ///
    /// # Errors
    /// [`BiometricFault`].
    pub fn seal(self, port: &dyn BiometricKey) -> Result<SealedEnrolment, BiometricFault> {
        let Self { slot, change, secret } = self;
        let wrapped = port.create(&names::biometric_key(&slot), &secret, &slot)?;
        Ok(SealedEnrolment { slot, change, secret, wrapped })
    }
}

impl Vault<'_> {
    /// Begins to make a biometric slot beside the operator's own. The platform's key is written down as litter before
    /// there is one: it goes with the next sweep unless the enrolment is finished.
    ///
    /// # Errors
    /// [`VaultError::NotByRecovery`] where no password opened the till, and [`VaultError::Entropy`]; those of the device
    /// and of the rows.
    pub fn begin_enrolment(&mut self, opened: &Opened) -> Result<BiometricEnrolment, VaultError> {
        if opened.facts().kind != SlotKind::Operator {
            return Err(VaultError::NotByRecovery);
        }
        let secret = random_key(self.entropy)?;
        let (slot, change): (Id, Id) = (self.random()?, self.random()?);
        change::foresee(self.rows, self.keys, &change, &names::biometric_key(&slot))?;
        Ok(BiometricEnrolment { slot, change, secret: SecretBytes::new(secret.expose().to_vec()) })
    }

    /// The biometric slot, in place of one that was there, and armed for so many days from now on.
    ///
    /// # Errors
    /// [`VaultError::Row`]; those of the device and of the rows.
    pub fn finish_enrolment(
        &mut self,
        opened: &Opened,
        sealed: SealedEnrolment,
        days: u32,
        now: Now,
    ) -> Result<Change, VaultError> {
        let mut slot = Slot {
            kind: SlotKind::Biometric,
            id: sealed.slot,
            name: opened.facts().name.clone(),
            role: opened.facts().role,
            derivation: Derivation::new([0; SALT_BYTES], Params { memory_kib: 0, passes: 0, lanes: 0 }),
            is_temporary: false,
            changed_day: opened.facts().changed_day,
            generation: opened.facts().generation,
            public: [0; 32],
            kek: self.random()?,
            wrapped: sealed.wrapped,
            sealed_private: Vec::new(),
            boxed: Vec::new(),
        };
        let name = slot.row_name().ok_or(VaultError::OperatorUnknown)?;
        let before = opened.facts().name.as_ref().map(|name| self.without_biometric(name)).transpose()?;
        let (mut rows, old) = before.unwrap_or_default();
        let row = self.random()?;
        let fresh = [names::slot_key(&slot.kek), names::row_key(&row), names::armed_key(&slot.id)];
        let begun = self.begin_change(&fresh)?;
        let secret = Secret::from_slice(sealed.secret.expose()).map_err(|_| VaultError::Entropy)?;
        let filled = self.fill_slot(&mut slot, &secret, opened.masters());
        wipe_stack();
        filled?;
        let value = row::write(self.keys, &name, &self.mark()?, &row, &slot.to_bytes())?;
        rows.push(PlainChange { name, value: Some(value) });
        rows.push(self.armed_row(&slot.id, Armed { boot: now.boot, mono: now.mono, days })?);
        rows.push(PlainChange { name: names::sweep(&sealed.change), value: None });
        change::finish(self.keys, begun, rows, old)
    }

    /// Destroys the platform's key of an enrolment that nobody waits for any more.
    ///
    /// # Errors
    /// Those of the device and of the rows; the next sweep destroys it then.
    pub fn abandon_enrolment(&mut self, sealed: SealedEnrolment) -> Result<(), VaultError> {
        let SealedEnrolment { slot, change, .. } = sealed;
        self.settle(change::foreseen(&change, names::biometric_key(&slot)))
    }

    /// Takes an operator's biometric slot away, and the platform's key with it.
    ///
    /// # Errors
    /// [`VaultError::Biometric`] where there is none; those of the device and of the rows.
    pub fn forget_biometric(&mut self, name: &OperatorName) -> Result<Change, VaultError> {
        if !self.has_biometric(name)? {
            return Err(VaultError::Biometric(Refusal::NotEnrolled));
        }
        let begun = self.begin_change(&[])?;
        let (rows, old) = self.without_biometric(name)?;
        change::finish(self.keys, begun, rows, old)
    }

    /// Whether the operator has a biometric slot, open to anybody or not.
    ///
    /// # Errors
    /// Those of the rows.
    pub fn has_biometric(&self, name: &OperatorName) -> Result<bool, VaultError> {
        Ok(self.rows.plain(&names::biometric(name))?.is_some())
    }

    /// Whether anybody's biometric slot may open now.
    ///
    /// # Errors
    /// Those of the device and of the rows.
    pub fn is_any_biometric_ready(&self, now: Now) -> Result<bool, VaultError> {
        let slots = self.sound_slots()?;
        let names = slots.iter().filter(|slot| slot.kind == SlotKind::Biometric).filter_map(|slot| slot.name.as_ref());
        Ok(names.into_iter().any(|name| self.begin_biometric(name, now).is_ok()))
    }

    /// Lets the operator's biometric slot, where there is one, open again, for so many days. At each sign-in by password.
    ///
    /// # Errors
    /// [`VaultError::Row`]; those of the device and of the rows. The slot then stays shut.
    pub fn arm_biometric(&mut self, opened: &Opened, days: u32, now: Now) -> Result<(), VaultError> {
        let Some(name) = opened.facts().name.as_ref().filter(|_| opened.facts().kind == SlotKind::Operator) else {
            return Ok(());
        };
        let Some(proved) = self.slot(&names::biometric(name))? else { return Ok(()) };
        let alias = names::armed_key(&proved.slot.id);
        self.keys.destroy(&alias)?;
        self.keys.create(&alias, KeyKind::Mac)?;
        let row = self.armed_row(&proved.slot.id, Armed { boot: now.boot, mono: now.mono, days })?;
        Ok(self.rows.change_plain(&[row])?)
    }

    /// The rows by which every armed slot keeps another rule: so many days since the password that armed it.
    ///
    /// # Errors
    /// Those of the device and of the rows.
    pub fn limit_biometrics(&self, days: u32) -> Result<Vec<PlainChange>, VaultError> {
        let mut rows = Vec::new();
        for slot in self.sound_slots()?.iter().filter(|slot| slot.kind == SlotKind::Biometric) {
            if let Some(armed) = self.armed(&slot.id)? {
                rows.push(self.armed_row(&slot.id, Armed { days, ..armed })?);
            }
        }
        Ok(rows)
    }

    /// Shuts every biometric slot until its operator's next password.
    ///
    /// # Errors
    /// Those of the device and of the rows.
    pub fn freeze(&mut self) -> Result<(), VaultError> {
        let slots = self.sound_slots()?;
        slots.iter().try_for_each(|slot| Ok(self.keys.destroy(&names::armed_key(&slot.id))?))
    }

    /// Shuts an operator's biometric slot, whose guesses are used up, until the next password. Where there is none, or
    /// the name is nobody's, at the same cost: one MAC, one key.
    pub(super) fn disarm(&self, name: Option<&OperatorName>) -> Result<(), VaultError> {
        let slot = match name {
            Some(name) => self.sound_slot(&names::biometric(name))?,
            None => None,
        };
        let id = match slot {
            Some(proved) => proved.slot.id,
            None => {
                row::till_mark(self.keys)?;
                self.random()?
            }
        };
        Ok(self.keys.destroy(&names::armed_key(&id))?)
    }

    /// An operator's biometric slot, if it may open now: of this boot, armed within so many days, and the operator not
    /// locked out.
    ///
    /// # Errors
    /// [`VaultError::Biometric`], [`VaultError::Row`]; those of the device and of the rows.
    pub fn begin_biometric(&self, name: &OperatorName, now: Now) -> Result<BiometricAttempt, VaultError> {
        let refused = VaultError::Biometric;
        let slot = self.slot(&names::biometric(name))?.ok_or(refused(Refusal::NotEnrolled))?.slot;
        let own = self.slot(&names::operator(name))?.ok_or(refused(Refusal::NotEnrolled))?.slot;
        let (set, terms) = (own.guesses(), self.terms()?);
        if Guesses::new(&OnDevice::new(self.keys, &set), &set, &terms).left()? == 0 {
            return Err(refused(Refusal::LockedOut));
        }
        let armed = self.armed(&slot.id)?.ok_or(refused(Refusal::Frozen))?;
        armed.allows(armed.days, now)?;
        Ok(BiometricAttempt { slot, armed })
    }

    /// Opens the slot with what the platform released.
    ///
    /// # Errors
    /// [`VaultError::Biometric`] where that is not what the slot was made with; those of the device.
    pub fn finish_biometric(
        &mut self,
        attempt: &BiometricAttempt,
        released: &SecretBytes,
    ) -> Result<Opened, VaultError> {
        let opened = self.try_released(&attempt.slot, released);
        wipe_stack();
        opened
    }

    #[inline(never)]
    fn try_released(&self, slot: &Slot, released: &SecretBytes) -> Result<Opened, VaultError> {
        let refused = || VaultError::Biometric(Refusal::EnrolmentChanged);
        let name = slot.row_name().unwrap_or_default();
        let secret = Secret::from_slice(released.expose()).map_err(|_| refused())?;
        let kek = slot_kek(self.keys, &names::slot_key(&slot.kek), &slot.id, &secret).map_err(|error| match error {
            VaultError::DeviceKeys(DeviceKeysFault::NotFound) => RowFault::DeviceKeyMissing.of(&name),
            other => other,
        })?;
        let pair = Pair::open(&kek, &slot.core(), &slot.sealed_private).map_err(|_| refused())?;
        let masters = pair.unbox(&slot.id, &slot.boxed).map_err(|_| RowFault::Edited.of(&name))?;
        Ok(Opened::new(slot, masters, Failures::default()))
    }

    fn armed_row(&self, slot: &Id, armed: Armed) -> Result<PlainChange, VaultError> {
        let name = names::armed(slot);
        let mut value = vec![ARMED_FORMAT];
        value.extend_from_slice(&armed.boot.0.to_be_bytes());
        value.extend_from_slice(&armed.mono.0.to_be_bytes());
        value.extend_from_slice(&armed.days.to_be_bytes());
        let mac = self.keys.mac(&names::armed_key(slot), &row::spoken(&name, &value))?;
        value.extend_from_slice(mac.expose());
        Ok(PlainChange { name, value: Some(value) })
    }

    /// Since when; `None` where it is not armed, or by a row that this arming did not write.
    fn armed(&self, slot: &Id) -> Result<Option<Armed>, VaultError> {
        let name = names::armed(slot);
        let Some(value) = self.rows.plain(&name)? else { return Ok(None) };
        let Some((said, mac)) = value.split_last_chunk::<32>() else { return Ok(None) };
        let right = match self.keys.mac(&names::armed_key(slot), &row::spoken(&name, said)) {
            Ok(right) => right,
            Err(DeviceKeysFault::NotFound) => return Ok(None),
            Err(fault) => return Err(fault.into()),
        };
        let mut rest = Parts(said);
        let is_ours = same_bytes(right.expose(), mac) && rest.byte() == Some(ARMED_FORMAT);
        let armed = (|| {
            let (boot, mono) = (BootCount(rest.long_number()?), MonoMs(rest.long_number()?));
            Some(Armed { boot, mono, days: rest.number()? })
        })();
        Ok(armed.filter(|_| is_ours))
    }
}
