//! How far a reader of the journal has said that it knows the events: one number beside the record.
//!
//! It is one row that is written in place, so the journal does not grow by it. Its MAC is made with a session's
//! head key and covers the sequence, so a number that was edited, to have events passed over, is found when it is
//! read and by `verify`.
//!
//! It is no evidence: the row removed, or an older one put back, opens. Events are then told once more, which
//! every reader must bear anyway. Evidence: `tests/journal_acknowledged.rs`.

use rusqlite::{Connection, OptionalExtension};

use super::database::fault;
use super::error::{Damage, JournalError};
use super::keys::{Keys, SessionSalt, place};

/// The row's name in `meta`.
const ROW: &str = "acknowledged";

/// The last acknowledged sequence; 0 without any.
pub(super) fn read(db: &Connection, keys: &Keys) -> Result<u64, JournalError> {
    let found: Option<Vec<u8>> = db
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")
        .and_then(|mut select| select.query_row([ROW], |row| row.get(0)).optional())
        .map_err(fault)?;
    let Some(row) = found else { return Ok(0) };
    open(keys, &row).ok_or(Damage::Acknowledgement.anywhere())
}

/// Puts a sequence in the place of the one before; part of its caller's transaction.
pub(super) fn write(db: &Connection, keys: &Keys, sequence: u64) -> Result<(), JournalError> {
    let generation = keys.generation();
    let mac = keys.head_mac(&covered(generation, sequence));
    let row = [generation.to_be_bytes().as_slice(), keys.session_salt(), &sequence.to_be_bytes(), &mac].concat();
    db.prepare_cached("REPLACE INTO meta (name, value) VALUES (?1, ?2)")
        .and_then(|mut replace| replace.execute((ROW, row)))
        .map(drop)
        .map_err(fault)
}

/// Generation, salt, sequence and MAC, and nothing behind them.
fn open(keys: &Keys, row: &[u8]) -> Option<u64> {
    let (generation, rest) = row.split_first_chunk()?;
    let generation = u32::from_be_bytes(*generation);
    let (salt, rest) = rest.split_first_chunk::<{ size_of::<SessionSalt>() }>()?;
    let (sequence, mac) = rest.split_first_chunk()?;
    let sequence = u64::from_be_bytes(*sequence);
    keys.head_mac_is_right((generation, *salt), &covered(generation, sequence), mac).then_some(sequence)
}

/// What the MAC covers. The table's name keeps it apart from the head's.
fn covered(generation: u32, sequence: u64) -> Vec<u8> {
    place(generation, ROW, sequence, &[])
}
