//! A change of the vault: what to write, and which device keys to destroy once it is durable.
//!
//! A change makes new device keys, so that old rows open nothing afterwards. Before it makes them it writes down, durably,
//! that they are litter unless a row uses them; the change itself turns that list into one of the keys that it leaves
//! behind. So whatever is killed wherever, either the old row with its keys is there or the new one, and [`sweep`]
//! knows what to destroy.
//!
//! It never destroys a key that a row uses, and none at all while any row is not what was written.
//! Evidence: `tests/vault_kills.rs`.

use std::collections::BTreeSet;

use super::error::VaultError;
use super::names::{self, Id, TILL_KEY};
use super::row;
use crate::journal::{PlainChange, PlainRows};
use crate::ports::{BiometricKey, DeviceKeys, DeviceKeysFault, KeyKind};
use crate::secret::same_bytes;

/// Rows to write, with an event or alone, and what comes after.
#[must_use = "a change that is not written changes nothing"]
pub struct Change {
    /// Write these in one transaction.
    pub rows: Vec<PlainChange>,
    /// Then give this to [`super::Vault::settle`].
    pub afterwards: Afterwards,
}

impl Change {
    /// Both changes, in one transaction.
    pub fn and(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self.afterwards.0.extend(other.afterwards.0);
        self
    }
}

/// What is to be done once a change is durable.
#[must_use = "device keys that are of no more use are to be destroyed"]
pub struct Afterwards(Vec<Leftovers>);

/// Device keys to destroy, and the row that remembers them until they are.
struct Leftovers {
    row: String,
    aliases: Vec<String>,
}

/// A change whose device keys are made, and whose rows are not.
pub(super) struct Begun(Id);

/// Writes down which device keys a change is about to make, and makes them.
pub(super) fn begin(
    rows: &mut dyn PlainRows,
    keys: &dyn DeviceKeys,
    change: Id,
    fresh: &[String],
) -> Result<Begun, VaultError> {
    if !fresh.is_empty() {
        rows.change_plain(&[remember(keys, &names::sweep(&change), fresh)?])?;
    }
    for alias in fresh {
        keys.create(alias, KeyKind::Mac)?;
    }
    Ok(Begun(change))
}

/// The change, with what it leaves over.
pub(super) fn finish(
    keys: &dyn DeviceKeys,
    Begun(change): Begun,
    mut rows: Vec<PlainChange>,
    aliases: Vec<String>,
) -> Result<Change, VaultError> {
    let row = names::sweep(&change);
    rows.push(remember(keys, &row, &aliases)?);
    Ok(Change { rows, afterwards: Afterwards(vec![Leftovers { row, aliases }]) })
}

/// Writes down that the platform's key is litter, before the platform is asked for it.
pub(super) fn foresee(
    rows: &mut dyn PlainRows,
    keys: &dyn DeviceKeys,
    change: &Id,
    alias: &str,
) -> Result<(), VaultError> {
    Ok(rows.change_plain(&[remember(keys, &names::sweep(change), &[alias.to_owned()])?])?)
}

/// What was foreseen as litter, and is.
pub(super) fn foreseen(change: &Id, alias: String) -> Afterwards {
    Afterwards(vec![Leftovers { row: names::sweep(change), aliases: vec![alias] }])
}

/// Who holds the keys that are to be destroyed.
#[derive(Clone, Copy)]
pub(super) struct Holders<'a> {
    pub(super) keys: &'a dyn DeviceKeys,
    pub(super) biometric: Option<&'a dyn BiometricKey>,
}

impl Holders<'_> {
    /// Destroys them, the platform's last: a sensor that does not serve now keeps nothing else alive.
    fn destroy<'b>(self, aliases: impl Iterator<Item = &'b String> + Clone) -> Result<(), VaultError> {
        let is_platforms = |alias: &&String| names::is_biometric_key(alias);
        aliases.clone().filter(|alias| !is_platforms(alias)).try_for_each(|alias| self.keys.destroy(alias))?;
        let Some(biometric) = self.biometric else { return Ok(()) };
        aliases.filter(is_platforms).try_for_each(|alias| Ok(biometric.destroy(alias)?))
    }
}

/// Destroys what a change left over. What one of them keeps from being destroyed, the others are not kept from.
pub(super) fn settle(
    rows: &mut dyn PlainRows,
    holders: Holders<'_>,
    Afterwards(leftovers): Afterwards,
) -> Result<(), VaultError> {
    let mut settled = Ok(());
    for Leftovers { row, aliases } in leftovers {
        let done = holders.destroy(aliases.iter());
        let done = done.and_then(|()| Ok(rows.change_plain(&[PlainChange { name: row, value: None }])?));
        settled = settled.and(done);
    }
    settled
}

/// Destroys what changes that were never finished or settled left over, but for what is in use.
pub(super) fn sweep(
    rows: &mut dyn PlainRows,
    holders: Holders<'_>,
    in_use: &BTreeSet<String>,
) -> Result<(), VaultError> {
    for (name, value) in rows.plains(names::SWEEPS)? {
        let aliases = remembered(holders.keys, &name, &value)?;
        let litter = aliases.iter().filter(|alias| !in_use.contains(*alias) && *alias != TILL_KEY);
        match holders.destroy(litter) {
            // It is tried again after the next open.
            Err(VaultError::Biometric(_)) => {}
            done => {
                done?;
                rows.change_plain(&[PlainChange { name, value: None }])?;
            }
        }
    }
    Ok(())
}

/// Every key that a list remembers.
pub(super) fn all_remembered(rows: &dyn PlainRows, keys: &dyn DeviceKeys) -> Result<Vec<String>, VaultError> {
    let mut all = Vec::new();
    for (name, value) in rows.plains(names::SWEEPS)? {
        all.extend(remembered(keys, &name, &value)?);
    }
    Ok(all)
}

/// The row that remembers these keys; none where there are none.
fn remember(keys: &dyn DeviceKeys, name: &str, aliases: &[String]) -> Result<PlainChange, VaultError> {
    let name = name.to_owned();
    if aliases.is_empty() {
        return Ok(PlainChange { name, value: None });
    }
    let mut value = aliases.join("\n").into_bytes();
    let mac = keys.mac(TILL_KEY, &row::spoken(&name, &value))?;
    value.extend_from_slice(mac.expose());
    Ok(PlainChange { name, value: Some(value) })
}

/// The keys that a row remembers; none where this till did not write it.
fn remembered(keys: &dyn DeviceKeys, name: &str, value: &[u8]) -> Result<Vec<String>, VaultError> {
    let Some((said, mac)) = value.split_last_chunk::<32>() else { return Ok(Vec::new()) };
    let right = match keys.mac(TILL_KEY, &row::spoken(name, said)) {
        Err(DeviceKeysFault::NotFound) => return Ok(Vec::new()),
        other => other?,
    };
    let text = std::str::from_utf8(said).unwrap_or_default();
    let is_ours = same_bytes(right.expose(), mac);
    Ok(if is_ours { text.lines().map(str::to_owned).collect() } else { Vec::new() })
}
