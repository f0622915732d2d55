//! One way in: an operator's password, the recovery code, or an operator's biometrics.
//!
//! The body of a slot's row is its core (kind 1, id 8, name, role 1, Argon2 memory, passes, lanes 4 each, salt 16, temporary 1,
//! day 4, generation 4, public key 32, id of its device key 8, what the biometric key released from), the sealed
//! private key, to which the core is bound, and the box with the master keys. A new box leaves the core as it is.
//!
//! It never holds a key in the clear. Evidence: `mod tests` below, `tests/vault_tamper.rs`.

use super::derivation::{Derivation, Params, SALT_BYTES};
use super::error::{RowFault, VaultError};
use super::names::{self, ID_BYTES, Id};
use super::row::Unproved;
use super::seal::{PUBLIC_BYTES, SEALED_PRIVATE_BYTES};
use crate::ids::{OperatorName, Role};
use crate::ports::DeviceKeys;

/// What a slot is opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotKind {
    /// An operator's password.
    Operator,
    /// The recovery code.
    Recovery,
    /// An operator's fingers or face.
    Biometric,
}

/// What may be known of a slot without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotFacts {
    /// What it is opened with.
    pub kind: SlotKind,
    /// Whose it is; the recovery code is nobody's.
    pub name: Option<OperatorName>,
    /// What its owner may do.
    pub role: Option<Role>,
    /// Whether the password was set by somebody else and is to be changed at the first sign-in.
    pub is_temporary: bool,
    /// When the password was set, in days since 1970-01-01 as the caller counted them.
    pub changed_day: u32,
    /// The cost of a guess.
    pub params: Params,
    /// How many passwords the operator has had, with this one.
    pub generation: u32,
    /// Whether every guess is used up.
    pub is_locked_out: bool,
}

/// A slot as it lies in its row.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) kind: SlotKind,
    pub(super) id: Id,
    pub(super) name: Option<OperatorName>,
    pub(super) role: Option<Role>,
    pub(super) derivation: Derivation,
    pub(super) is_temporary: bool,
    pub(super) changed_day: u32,
    pub(super) generation: u32,
    pub(super) public: [u8; PUBLIC_BYTES],
    pub(super) kek: Id,
    pub(super) wrapped: Vec<u8>,
    pub(super) sealed_private: Vec<u8>,
    pub(super) boxed: Vec<u8>,
}

/// A slot of which everything is right, with the id of its row's device key.
pub(super) struct ProvedSlot {
    pub(super) row: Id,
    pub(super) slot: Slot,
}

impl ProvedSlot {
    /// Proves a slot's row: its MAC before anything else, and no weak derivation.
    pub(super) fn prove(keys: &dyn DeviceKeys, name: &str, bytes: &[u8]) -> Result<Self, VaultError> {
        let unproved = Unproved::read(name, bytes).map_err(|fault| fault.of(name))?;
        let weak = Slot::read(unproved.body()).and_then(|slot| slot.weakness());
        let proved = unproved.prove(keys).map_err(|error| match (&error, weak) {
            (VaultError::Row { why: RowFault::Edited, .. }, Some(weak)) => weak.of(name),
            _ => error,
        })?;
        let slot = Slot::read(proved.body).filter(|slot| slot.row_name().as_deref() == Some(name));
        let slot = slot.ok_or_else(|| RowFault::Edited.of(name))?;
        match slot.weakness() {
            Some(weak) => Err(weak.of(name)),
            None => Ok(Self { row: proved.id, slot }),
        }
    }
}

impl Slot {
    /// The name of the row that it belongs in.
    pub(super) fn row_name(&self) -> Option<String> {
        match (self.kind, &self.name) {
            (SlotKind::Recovery, None) => Some(names::RECOVERY.to_owned()),
            (SlotKind::Operator, Some(name)) => Some(names::operator(name)),
            (SlotKind::Biometric, Some(name)) => Some(names::biometric(name)),
            _ => None,
        }
    }

    /// The guesses of this slot, as they are called in the device's keys.
    pub(super) fn guesses(&self) -> String {
        names::digits(&self.id)
    }

    pub(super) fn facts(&self, is_locked_out: bool) -> SlotFacts {
        SlotFacts {
            kind: self.kind,
            name: self.name.clone(),
            role: self.role,
            is_temporary: self.is_temporary,
            changed_day: self.changed_day,
            params: self.derivation.params(),
            generation: self.generation,
            is_locked_out,
        }
    }

    /// A biometric slot derives nothing; every other must cost the floor.
    fn weakness(&self) -> Option<RowFault> {
        let parameter = self.derivation.params().fault().filter(|_| self.kind != SlotKind::Biometric);
        parameter.map(|parameter| RowFault::TooWeak { parameter })
    }

    /// What the sealed private key is bound to.
    pub(super) fn core(&self) -> Vec<u8> {
        let mut core = Vec::with_capacity(160 + self.wrapped.len());
        let name = self.name.as_ref().map_or("", OperatorName::as_str);
        let params = self.derivation.params();
        core.push(kind_byte(self.kind));
        core.extend_from_slice(&self.id);
        core.push(u8::try_from(name.len()).expect("an operator's name has at most 32 bytes"));
        core.extend_from_slice(name.as_bytes());
        core.push(self.role.map_or(0, role_byte));
        for number in [params.memory_kib, params.passes, params.lanes] {
            core.extend_from_slice(&number.to_be_bytes());
        }
        core.extend_from_slice(self.derivation.salt());
        core.push(u8::from(self.is_temporary));
        core.extend_from_slice(&self.changed_day.to_be_bytes());
        core.extend_from_slice(&self.generation.to_be_bytes());
        core.extend_from_slice(&self.public);
        core.extend_from_slice(&self.kek);
        put_long(&mut core, &self.wrapped);
        core
    }

    /// The body of its row.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.core();
        bytes.extend_from_slice(&self.sealed_private);
        put_long(&mut bytes, &self.boxed);
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = Parts(bytes);
        let kind = kind_of(rest.byte()?)?;
        let id = rest.array::<ID_BYTES>()?;
        let name_length = usize::from(rest.byte()?);
        let name = std::str::from_utf8(rest.take(name_length)?).ok()?;
        let name = if name.is_empty() { None } else { Some(OperatorName::new(name).ok()?) };
        let role = match rest.byte()? {
            0 => None,
            byte => Some(Role::ALL.into_iter().find(|role| role_byte(*role) == byte)?),
        };
        let params = Params { memory_kib: rest.number()?, passes: rest.number()?, lanes: rest.number()? };
        let derivation = Derivation::new(rest.array::<SALT_BYTES>()?, params);
        let is_temporary = match rest.byte()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let slot = Self {
            kind,
            id,
            name,
            role,
            derivation,
            is_temporary,
            changed_day: rest.number()?,
            generation: rest.number()?,
            public: rest.array()?,
            kek: rest.array()?,
            wrapped: rest.long()?.to_vec(),
            sealed_private: rest.take(SEALED_PRIVATE_BYTES)?.to_vec(),
            boxed: rest.long()?.to_vec(),
        };
        rest.0.is_empty().then_some(slot)
    }
}

/// Bytes that are taken from the front.
pub(super) struct Parts<'a>(pub(super) &'a [u8]);

impl<'a> Parts<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn long_number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// Two bytes of length, and as many bytes.
    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.array().map(u16::from_be_bytes)?;
        self.take(usize::from(length))
    }
}

fn put_long(bytes: &mut Vec<u8>, part: &[u8]) {
    let length = u16::try_from(part.len()).expect("a box and a wrapped key are far shorter than 64 KiB");
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
}

fn kind_byte(kind: SlotKind) -> u8 {
    match kind {
        SlotKind::Operator => 1,
        SlotKind::Recovery => 2,
        SlotKind::Biometric => 3,
    }
}

fn kind_of(byte: u8) -> Option<SlotKind> {
    [SlotKind::Operator, SlotKind::Recovery, SlotKind::Biometric].into_iter().find(|kind| kind_byte(*kind) == byte)
}

fn role_byte(role: Role) -> u8 {
    match role {
        Role::Cashier => 1,
        Role::Supervisor => 2,
        Role::Service => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        Slot {
            kind: SlotKind::Operator,
            id: [1; 8],
            name: Some(OperatorName::new("alice").unwrap()),
            role: Some(Role::Supervisor),
            derivation: Derivation::new([2; 16], Params::FLOOR),
            is_temporary: true,
            changed_day: 20_000,
            generation: 3,
            public: [4; 32],
            kek: [5; 8],
            wrapped: vec![6; 3],
            sealed_private: vec![7; SEALED_PRIVATE_BYTES],
            boxed: vec![8; 90],
        }
    }

    #[test]
    fn a_slot_is_read_as_it_was_written_and_at_no_other_length() {
        let bytes = slot().to_bytes();
        let read = Slot::read(&bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes);
        assert_eq!(read.facts(false), slot().facts(false));
        for length in 0..bytes.len() {
            assert!(Slot::read(&bytes[..length]).is_none(), "{length} bytes");
        }
        assert!(Slot::read(&[&bytes[..], &[0]].concat()).is_none());
    }

    #[test]
    fn everything_but_the_box_is_in_the_core() {
        let (one, core) = (slot(), slot().core());
        let mut other = slot();
        other.boxed = vec![9; 200];
        assert_eq!(other.core(), core);
        let bytes = one.to_bytes();
        assert!(bytes.starts_with(&core) && bytes.len() == core.len() + SEALED_PRIVATE_BYTES + 2 + 90);
    }
}
