//! A row that vouches for itself: whole, of this till, of this generation, and unchanged, or refused by name.
//!
//! format (1) ‖ length of all (4) ‖ till mark (16) ‖ id of the row's device key (8) ‖ body ‖ HMAC-SHA-256 (32) by that
//! key over the row's name and all before. Each writing takes a new device key, and the key before is destroyed once
//! the new row is durable; so an old row put back finds no key. The till mark is the device's too, and only names
//! the fault: a row whose key is not here was replaced here, or made elsewhere.
//!
//! It never looks into a body before the MAC is right, but to say that a weakened derivation was what is wrong.
//! Evidence: `tests/vault_tamper.rs`.

use super::error::{RowFault, VaultError};
use super::names::{self, ID_BYTES, Id, TILL_KEY};
use crate::ports::{DeviceKeys, DeviceKeysFault};
use crate::secret::same_bytes;

/// Version of every row of the vault.
const FORMAT: u8 = 1;
const MARK_BYTES: usize = 16;
const HEADER_BYTES: usize = 1 + 4 + MARK_BYTES + ID_BYTES;
const MAC_BYTES: usize = 32;

/// Tells this till's rows from another's. No secret.
pub(super) type TillMark = [u8; MARK_BYTES];

/// A row that is whole, but not vouched for yet.
pub(super) struct Unproved<'a> {
    name: &'a str,
    mark: &'a [u8],
    id: Id,
    bytes: &'a [u8],
}

/// What is in a row of which everything is right.
pub(super) struct Proved<'a> {
    /// The id of the row's device key.
    pub(super) id: Id,
    /// The body.
    pub(super) body: &'a [u8],
}

impl<'a> Unproved<'a> {
    /// Takes a row apart by its lengths alone.
    pub(super) fn read(name: &'a str, bytes: &'a [u8]) -> Result<Self, RowFault> {
        match bytes.first() {
            Some(&FORMAT) => {}
            Some(0) => return Err(RowFault::Edited),
            Some(&format) => return Err(RowFault::Newer { format }),
            None => return Err(RowFault::Truncated),
        }
        if bytes.len() < HEADER_BYTES + MAC_BYTES || bytes[1..5] != length_bytes(bytes.len()) {
            return Err(RowFault::Truncated);
        }
        let (mark, id) = bytes[5..HEADER_BYTES].split_at(MARK_BYTES);
        Ok(Self { name, mark, id: id.try_into().expect("the header ends with the id"), bytes })
    }

    /// The id of the row's device key, for which nobody vouches.
    pub(super) fn id(&self) -> Id {
        self.id
    }

    /// The body, which nobody vouches for.
    pub(super) fn body(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..self.bytes.len() - MAC_BYTES]
    }

    /// Asks the device for the MAC.
    pub(super) fn prove(&self, keys: &dyn DeviceKeys) -> Result<Proved<'a>, VaultError> {
        let (said, mac) = self.bytes.split_at(self.bytes.len() - MAC_BYTES);
        match keys.mac(&names::row_key(&self.id), &spoken(self.name, said)) {
            Ok(right) if same_bytes(right.expose(), mac) => Ok(Proved { id: self.id, body: self.body() }),
            Ok(_) => Err(RowFault::Edited.of(self.name)),
            Err(DeviceKeysFault::NotFound) => Err(why_without_key(keys, self.mark)?.of(self.name)),
            Err(fault) => Err(fault.into()),
        }
    }
}

/// Writes a row under a device key that is there already.
pub(super) fn write(
    keys: &dyn DeviceKeys,
    name: &str,
    mark: &TillMark,
    id: &Id,
    body: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len() + MAC_BYTES);
    bytes.push(FORMAT);
    bytes.extend_from_slice(&length_bytes(HEADER_BYTES + body.len() + MAC_BYTES));
    bytes.extend_from_slice(mark);
    bytes.extend_from_slice(id);
    bytes.extend_from_slice(body);
    let mac = keys.mac(&names::row_key(id), &spoken(name, &bytes))?;
    bytes.extend_from_slice(mac.expose());
    Ok(bytes)
}

/// The mark of this till.
pub(super) fn till_mark(keys: &dyn DeviceKeys) -> Result<TillMark, DeviceKeysFault> {
    let mac = keys.mac(TILL_KEY, b"taptill vault till mark 1")?;
    let mark = mac.expose().get(..MARK_BYTES).and_then(|mark| mark.try_into().ok());
    mark.ok_or(DeviceKeysFault::Damaged)
}

/// Why a row that bears this mark has no device key here.
pub(super) fn why_without_key(keys: &dyn DeviceKeys, mark: &[u8]) -> Result<RowFault, VaultError> {
    match till_mark(keys) {
        Ok(own) if own == mark => Ok(RowFault::RolledBack),
        Ok(_) => Ok(RowFault::Foreign),
        Err(DeviceKeysFault::NotFound) => Ok(RowFault::DeviceKeyMissing),
        Err(fault) => Err(fault.into()),
    }
}

/// What a MAC is over: lengths keep name and bytes apart.
pub(super) fn spoken(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut spoken = Vec::with_capacity(32 + name.len() + bytes.len());
    spoken.extend_from_slice(b"taptill vault row 1");
    spoken.extend_from_slice(&length_bytes(name.len()));
    spoken.extend_from_slice(name.as_bytes());
    spoken.extend_from_slice(bytes);
    spoken
}

fn length_bytes(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("a row is far shorter than 4 GiB").to_be_bytes()
}
