//! The mark of a freeze beside the record, which a locked till can read and write.
//!
//! A plain row, `incident/freeze`: JSON, then HMAC-SHA-256 over the row's name and that JSON by the device key
//! `incident.freeze`. The key is made anew with each freeze and destroyed with its release. While it is there and the
//! row does not say by it that the freeze was lifted, the till is frozen: a row that was taken away or put back from
//! before thaws nothing, and one that was planted without the key freezes nothing.
//!
//! It never says anything of payments. Evidence: `tests/incident_freeze.rs`.

use serde::{Deserialize, Serialize};

use super::FreezeView;
use crate::error::Error;
use crate::journal::{JournalError, PlainChange, PlainRows};
use crate::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use crate::secret::same_bytes;

/// What the device says of a freeze.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// There is none.
    Absent,
    /// There is one.
    Frozen {
        /// What is known of it.
        view: FreezeView,
        /// Whether the record has it already.
        is_recorded: bool,
    },
    /// It was lifted, and the device's key is still to be destroyed.
    Lifted,
    /// There is one, and what was known of it is gone or was changed.
    Broken,
}

/// Why the mark could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkFault {
    /// The rows.
    Journal(JournalError),
    /// The device's keys.
    Keys(DeviceKeysFault),
}

impl From<JournalError> for MarkFault {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<DeviceKeysFault> for MarkFault {
    fn from(fault: DeviceKeysFault) -> Self {
        Self::Keys(fault)
    }
}

impl From<MarkFault> for Error {
    fn from(fault: MarkFault) -> Self {
        match fault {
            MarkFault::Journal(error) => error.into(),
            MarkFault::Keys(fault) => fault.into(),
        }
    }
}

/// What a row says, once its MAC is right.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    v: u32,
    /// Nothing once it was lifted.
    freeze: Option<FreezeView>,
    is_recorded: bool,
}

/// Reads the mark.
///
/// # Errors
/// [`MarkFault`].
pub fn read(rows: &dyn PlainRows, keys: &dyn DeviceKeys) -> Result<Mark, MarkFault> {
    if !keys.exists(KEY)? {
        return Ok(Mark::Absent);
    }
    let Some(row) = rows.plain(ROW)? else { return Ok(Mark::Broken) };
    let Some((json, mac)) = row.split_last_chunk::<32>() else { return Ok(Mark::Broken) };
    if !same_bytes(keys.mac(KEY, &spoken(json))?.expose(), mac) {
        return Ok(Mark::Broken);
    }
    Ok(match serde_json::from_slice(json) {
        Ok(Said { v: 1, freeze: Some(view), is_recorded }) => Mark::Frozen { view, is_recorded },
        Ok(Said { v: 1, freeze: None, .. }) => Mark::Lifted,
        // A newer version froze it.
        _ => Mark::Broken,
    })
}

/// Makes the key of a new freeze. From here on the till is frozen, whatever becomes of the row.
///
/// # Errors
/// Those of the device's keys.
pub fn begin(keys: &dyn DeviceKeys) -> Result<(), DeviceKeysFault> {
    keys.destroy(KEY)?;
    keys.create(KEY, KeyKind::Mac)
}

/// The same, with the key that is there already where there is one.
///
/// # Errors
/// Those of the device's keys.
pub fn keep(keys: &dyn DeviceKeys) -> Result<(), DeviceKeysFault> {
    if keys.exists(KEY)? { Ok(()) } else { keys.create(KEY, KeyKind::Mac) }
}

/// The row of a freeze.
///
/// # Errors
/// Those of the device's keys.
pub fn frozen(keys: &dyn DeviceKeys, view: &FreezeView, is_recorded: bool) -> Result<PlainChange, DeviceKeysFault> {
    write(keys, &Said { v: 1, freeze: Some(view.clone()), is_recorded })
}

/// The row that says that the freeze was lifted, to be written with the event that lifts it.
///
/// # Errors
/// Those of the device's keys.
pub fn lifted(keys: &dyn DeviceKeys) -> Result<PlainChange, DeviceKeysFault> {
    write(keys, &Said { v: 1, freeze: None, is_recorded: true })
}

/// Destroys the key of a freeze that was lifted, and then takes its row away.
///
/// # Errors
/// [`MarkFault`]; the next sign-in does what is left.
pub fn clear(rows: &mut dyn PlainRows, keys: &dyn DeviceKeys) -> Result<(), MarkFault> {
    keys.destroy(KEY)?;
    Ok(rows.change_plain(&[PlainChange { name: ROW.to_owned(), value: None }])?)
}

fn write(keys: &dyn DeviceKeys, said: &Said) -> Result<PlainChange, DeviceKeysFault> {
    let mut value = serde_json::to_vec(said).expect("a mark has text keys");
    let mac = keys.mac(KEY, &spoken(&value))?;
    value.extend_from_slice(mac.expose());
    Ok(PlainChange { name: ROW.to_owned(), value: Some(value) })
}

/// What the MAC is over: the name keeps it from being taken for anything else of this device's.
fn spoken(json: &[u8]) -> Vec<u8> {
    [b"taptill freeze mark 1\n", json].concat()
}

/// The plain row.
pub const ROW: &str = "incident/freeze";
/// The device key.
pub const KEY: &str = "incident.freeze";
