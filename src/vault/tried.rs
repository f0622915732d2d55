//! What was tried at each name, whoever has it: how a name that is nobody's is counted like one that is somebody's.
//!
//! Guesses at a slot are device keys, of which there are few. A name that is nobody's has as many in a row of its own,
//! under a MAC of the name; the same rules read them, so the answers are the same to the word, and beside each goes
//! the same operation at the device. A name that somebody has gets such a row too, in which nothing is ever missing,
//! so that neither has one write more. A sign-in is told of the failures and forgives none but its own.
//!
//! It never counts for a slot: whoever edits these rows guesses at nobody's name. Of more than 256 names the one that
//! was tried longest ago is forgotten. Evidence: `tests/vault_guessing.rs`.

use std::cell::RefCell;

use super::error::VaultError;
use super::guess::{GuessKey, GuessKeys, OnDevice};
use super::names::{self, Id, TILL_KEY, UNKNOWN_GUESSES};
use super::row;
use super::slot::Parts;
use crate::journal::{JournalError, PlainChange, PlainRows};
use crate::ports::{DeviceKeys, DeviceKeysFault};

/// Of how many names it is known what was tried at them.
const NAMES_MAX: usize = 256;
const FORMAT: u8 = 1;

/// What was tried at one name.
#[derive(Clone, Copy, Default)]
pub(super) struct Tried {
    /// Counts up with each try at any name.
    order: u64,
    /// Failures that no sign-in was told of, here and at names that were forgotten for this one.
    untold: u32,
    /// The guesses that are used up, one bit each.
    spent: u32,
    served: u8,
    is_locked_out: bool,
}

/// The number of a name in its row: a MAC, so that the rows tell no names.
pub(super) fn number(keys: &dyn DeviceKeys, row: &str) -> Result<Id, VaultError> {
    let mac = keys.mac(TILL_KEY, &row::spoken(names::TRIED, row.as_bytes()))?;
    let (first, _) = mac.expose().split_first_chunk().ok_or(DeviceKeysFault::Damaged)?;
    Ok(*first)
}

/// The guesses at a name that is nobody's.
pub(super) struct InRow<'a> {
    beside: OnDevice<'a>,
    tried: RefCell<Tried>,
}

impl<'a> InRow<'a> {
    pub(super) fn new(keys: &'a dyn DeviceKeys, tried: Tried) -> Self {
        Self { beside: OnDevice::new(keys, UNKNOWN_GUESSES), tried: RefCell::new(tried) }
    }

    pub(super) fn into_tried(self) -> Tried {
        self.tried.into_inner()
    }
}

impl GuessKeys for InRow<'_> {
    fn exists(&self, key: GuessKey) -> Result<bool, DeviceKeysFault> {
        self.beside.exists(key)?;
        Ok(self.tried.borrow().has(key))
    }

    fn create(&self, key: GuessKey) -> Result<(), DeviceKeysFault> {
        match self.beside.create(key) {
            Ok(()) | Err(DeviceKeysFault::AlreadyExists) => {}
            Err(fault) => return Err(fault),
        }
        let mut tried = self.tried.borrow_mut();
        if tried.has(key) {
            return Err(DeviceKeysFault::AlreadyExists);
        }
        tried.set(key, true);
        Ok(())
    }

    fn destroy(&self, key: GuessKey) -> Result<(), DeviceKeysFault> {
        self.beside.destroy(key)?;
        self.tried.borrow_mut().set(key, false);
        Ok(())
    }

    fn mac(&self, key: GuessKey, data: &[u8]) -> Result<crate::secret::SecretBytes, DeviceKeysFault> {
        let mac = self.beside.keys().mac(TILL_KEY, data)?;
        if self.tried.borrow().has(key) { Ok(mac) } else { Err(DeviceKeysFault::NotFound) }
    }
}

impl Tried {
    fn has(&self, key: GuessKey) -> bool {
        match key {
            GuessKey::Guess(number) => self.spent & bit(number) == 0,
            GuessKey::Lockout => self.is_locked_out,
            GuessKey::Served(number) => number < self.served,
        }
    }

    fn set(&mut self, key: GuessKey, is_there: bool) {
        match (key, is_there) {
            (GuessKey::Guess(number), true) => self.spent &= !bit(number),
            (GuessKey::Guess(number), false) => {
                self.untold = self.untold.saturating_add(u32::from(self.spent & bit(number) == 0));
                self.spent |= bit(number);
            }
            (GuessKey::Lockout, _) => self.is_locked_out = is_there,
            (GuessKey::Served(number), true) => self.served = self.served.max(number.saturating_add(1)),
            (GuessKey::Served(number), false) => self.served = self.served.min(number),
        }
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&self.order.to_be_bytes());
        bytes.extend_from_slice(&self.untold.to_be_bytes());
        bytes.extend_from_slice(&self.spent.to_be_bytes());
        bytes.extend_from_slice(&[self.served, u8::from(self.is_locked_out)]);
        bytes
    }

    /// A row that is none of ours counts for nothing and is forgotten first.
    fn read(bytes: &[u8]) -> Self {
        Self::whole(bytes).unwrap_or_default()
    }

    fn whole(bytes: &[u8]) -> Option<Self> {
        let mut rest = Parts(bytes);
        let format = rest.byte()?;
        let (order, untold, spent) = (rest.long_number()?, rest.number()?, rest.number()?);
        let tried = Self { order, untold, spent, served: rest.byte()?, is_locked_out: rest.byte()? == 1 };
        (format == FORMAT && rest.0.is_empty()).then_some(tried)
    }

    fn row(&self, number: &Id) -> PlainChange {
        PlainChange { name: names::tried(number), value: Some(self.to_bytes()) }
    }
}

/// What was tried at a name so far.
pub(super) fn at(rows: &dyn PlainRows, number: &Id) -> Result<Tried, VaultError> {
    Ok(rows.plain(&names::tried(number))?.map_or_else(Tried::default, |bytes| Tried::read(&bytes)))
}

/// Writes down what was tried at a name. A disk that is full keeps nobody out, nor does another program
/// that holds it.
pub(super) fn keep(rows: &mut dyn PlainRows, number: &Id, mut tried: Tried) -> Result<(), VaultError> {
    let own = names::tried(number);
    let mut others = rows.plains(names::TRIED)?;
    others.retain(|(name, _)| *name != own);
    let mut others: Vec<(Tried, String)> = others.into_iter().map(|(name, row)| (Tried::read(&row), name)).collect();
    others.sort_unstable_by_key(|(other, _)| std::cmp::Reverse(other.order));
    tried.order = others.first().map_or(tried.order, |(last, _)| tried.order.max(last.order)).saturating_add(1);
    let mut changes = Vec::new();
    for (forgotten, name) in others.into_iter().skip(NAMES_MAX - 1) {
        tried.untold = tried.untold.saturating_add(forgotten.untold);
        changes.extend(without(name));
    }
    changes.push(tried.row(number));
    match rows.change_plain(&changes) {
        Err(JournalError::DiskFull | JournalError::Locked) => Ok(()),
        other => Ok(other?),
    }
}

/// How many guesses failed at names that are nobody's, and were not told yet.
pub(super) fn untold(rows: &dyn PlainRows) -> Result<u32, VaultError> {
    let rows = rows.plains(names::TRIED)?;
    Ok(rows.iter().fold(0, |sum: u32, (_, row)| sum.saturating_add(Tried::read(row).untold)))
}

/// They are told now. What is used up stays so, as it does at a name that is somebody else's.
pub(super) fn told(rows: &mut dyn PlainRows) -> Result<(), VaultError> {
    let mut changes = Vec::new();
    for (name, row) in rows.plains(names::TRIED)? {
        let tried = Tried::read(&row);
        if tried.untold > 0 {
            changes.push(PlainChange { name, value: Some(Tried { untold: 0, ..tried }.to_bytes()) });
        }
    }
    if changes.is_empty() { Ok(()) } else { Ok(rows.change_plain(&changes)?) }
}

/// Guesses from this number on are there again, as other terms add them.
pub(super) fn add(rows: &dyn PlainRows, from: u8) -> Result<Vec<PlainChange>, VaultError> {
    let mut changes = Vec::new();
    for (name, row) in rows.plains(names::TRIED)? {
        let mut tried = Tried::read(&row);
        tried.spent &= bit(from) - 1;
        changes.push(PlainChange { name, value: Some(tried.to_bytes()) });
    }
    Ok(changes)
}

/// Takes away a row, and that of the lockout of this name.
fn without(name: String) -> [PlainChange; 2] {
    let lockout = names::lockout(name.trim_start_matches(names::TRIED));
    [PlainChange { name: lockout, value: None }, PlainChange { name, value: None }]
}

/// Terms allow at most twenty tries.
fn bit(number: u8) -> u32 {
    1 << (number & 31)
}
