//! Side rows: secrets beside the events, each under a key of its own.
//!
//! The payload is sealed under a random key, and that key, in another table, under the session's. To destroy a
//! side row is to overwrite and delete both, and then, by `Journal::tidy`, to empty the write-ahead log; the event keeps
//! SHA-256 over the row's salt and name, which says nothing once the salt is gone.
//!
//! It never puts a name or a payload in clear columns. Evidence: `tests/journal_side_rows.rs` (bytes of row and
//! key are found in the files before, and not after).

use std::collections::BTreeMap;

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use super::database::fault;
use super::error::{Damage, JournalError};
use super::event::{Side, SideWork};
use super::keys::{Keys, NonceBytes, SEAL_LENGTH, Session, Tag, open, place, random, random_key, seal};
use crate::hex::encode_lower;
use crate::ports::Entropy;
use crate::secret::{Secret, SecretBytes};

/// The side rows of a journal.
pub(super) struct SideRows<'a> {
    pub db: &'a Connection,
    pub keys: &'a Keys,
}

/// A side row as it is stored, without its key.
struct Stored {
    tag: Tag,
    sequence: i64,
    name_salt: [u8; 16],
    name_hash: [u8; 32],
    nonce: NonceBytes,
    sealed: Zeroizing<Vec<u8>>,
}

impl Stored {
    /// What both seals are bound to; the row's own key is of no generation.
    fn place(&self, generation: u32, table: &'static str) -> Vec<u8> {
        place(generation, table, self.sequence as u64, &[&self.tag, &self.name_salt, &self.name_hash])
    }
}

impl SideRows<'_> {
    /// Does what goes with the event of this sequence, and gives what the event says of it.
    pub(super) fn work(
        &self,
        work: &SideWork,
        sequence: u64,
        entropy: &dyn Entropy,
    ) -> Result<Option<Side>, JournalError> {
        match work {
            SideWork::None => Ok(None),
            SideWork::Store { name, payload } => match self.find(name)? {
                Some(_) => Err(JournalError::SideRowExists),
                None => self.store(name, random(entropy)?, payload, sequence, entropy).map(Some),
            },
            SideWork::Keep { name, payload } => {
                let name_salt = match self.find(name)? {
                    Some(old) => self.destroy(&old.tag).map(|()| old.name_salt)?,
                    None => random(entropy)?,
                };
                self.store(name, name_salt, payload, sequence, entropy).map(Some)
            }
            SideWork::Destroy { name } => match self.find(name)? {
                Some(old) => self.destroy(&old.tag).map(|()| Some(Side::Destroyed(encode_lower(&old.name_hash)))),
                None => Ok(None),
            },
        }
    }

    /// The payload of a side row.
    pub(super) fn read(&self, name: &str) -> Result<Option<SecretBytes>, JournalError> {
        let Some(row) = self.find(name)? else { return Ok(None) };
        if row.name_hash != name_hash(&row.name_salt, name) {
            return Err(Damage::SideRow.at(row.sequence as u64));
        }
        self.open(row).map(Some)
    }

    /// The event that a side row came with, once the row has opened: it is bound to that.
    pub(super) fn event_of(&self, name: &str) -> Result<Option<u64>, JournalError> {
        let Some(row) = self.find(name)? else { return Ok(None) };
        Ok(self.read(name)?.map(|_opens| row.sequence as u64))
    }

    /// Checks that these side rows, by the hash in their events, and no others are here and open.
    pub(super) fn check(&self, mut expected: BTreeMap<String, u64>) -> Result<u64, JournalError> {
        let mut statement = self.db.prepare(&format!("{SELECT} ORDER BY seq")).map_err(fault)?;
        let mut rows = statement.query([]).map_err(fault)?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(fault)? {
            let row = stored(row).map_err(|_| Damage::SideRow.anywhere())?;
            let sequence = row.sequence as u64;
            if expected.remove(&encode_lower(&row.name_hash)) != Some(sequence) {
                return Err(Damage::SideRow.at(sequence));
            }
            self.open(row)?;
            count += 1;
        }
        if let Some(missing) = expected.into_values().min() {
            return Err(Damage::SideRow.at(missing));
        }
        let keys: u64 =
            self.db.query_row("SELECT count(*) FROM side_key", [], |row| row.get::<_, i64>(0)).map_err(fault)? as u64;
        if keys == count { Ok(count) } else { Err(Damage::SideRow.anywhere()) }
    }

    fn tag(&self, name: &str) -> Tag {
        self.keys.tag(&["side row", name])
    }

    fn find(&self, name: &str) -> Result<Option<Stored>, JournalError> {
        let mut statement = self.db.prepare_cached(&format!("{SELECT} WHERE tag = ?1")).map_err(fault)?;
        statement.query_row([self.tag(name)], stored).optional().map_err(fault)
    }

    fn store(
        &self,
        name: &str,
        name_salt: [u8; 16],
        payload: &SecretBytes,
        sequence: u64,
        entropy: &dyn Entropy,
    ) -> Result<Side, JournalError> {
        let key = random_key(entropy)?;
        let mut row = Stored {
            tag: self.tag(name),
            sequence: sequence as i64,
            name_salt,
            name_hash: name_hash(&name_salt, name),
            nonce: random(entropy)?,
            sealed: buffer_of(payload.expose()),
        };
        seal(&key, &row.nonce, &row.place(0, "side_row"), &mut row.sealed);
        let mut sealed_key = buffer_of(key.expose());
        let key_nonce: NonceBytes = random(entropy)?;
        self.keys.seal(&key_nonce, &row.place(self.keys.generation(), "side_key"), &mut sealed_key);
        self.db
            .prepare_cached(
                "INSERT INTO side_row (tag, seq, name_salt, name_hash, nonce, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut insert| {
                insert.execute(params![row.tag, row.sequence, row.name_salt, row.name_hash, row.nonce, *row.sealed])
            })
            .map_err(fault)?;
        self.db
            .prepare_cached(
                "INSERT INTO side_key (tag, key_generation, subkey_salt, nonce, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut insert| {
                let keys = (self.keys.generation(), self.keys.session_salt());
                insert.execute(params![row.tag, keys.0, keys.1, key_nonce, *sealed_key])
            })
            .map_err(fault)?;
        Ok(Side::Stored(encode_lower(&row.name_hash)))
    }

    /// Key first, then row; each overwritten before it is deleted.
    fn destroy(&self, tag: &Tag) -> Result<(), JournalError> {
        for statement in [
            "UPDATE side_key SET sealed = zeroblob(length(sealed)), nonce = zeroblob(12) WHERE tag = ?1",
            "DELETE FROM side_key WHERE tag = ?1",
            "UPDATE side_row SET sealed = zeroblob(length(sealed)), name_salt = zeroblob(16) WHERE tag = ?1",
            "DELETE FROM side_row WHERE tag = ?1",
        ] {
            self.db.prepare_cached(statement).and_then(|mut work| work.execute([tag])).map_err(fault)?;
        }
        Ok(())
    }

    fn open(&self, mut row: Stored) -> Result<SecretBytes, JournalError> {
        let damaged = || Damage::SideRow.at(row.sequence as u64);
        let key = self.open_key(&row)?.ok_or_else(damaged)?;
        let here = row.place(0, "side_row");
        open(&key, &row.nonce, &here, &mut row.sealed).map_err(|_| Damage::SideRow.at(row.sequence as u64))?;
        Ok(SecretBytes::new(std::mem::take(&mut *row.sealed)))
    }

    /// Seals anew the rows' keys after this tag, at most so many, that are not under the current key, and gives the
    /// last tag; `None` at the end. The rows themselves are sealed under keys of their own, which stay.
    pub(super) fn reseal(&self, after: Tag, limit: usize, entropy: &dyn Entropy) -> Result<Option<Tag>, JournalError> {
        let query = format!(
            "{SELECT} WHERE tag > ?1 AND tag IN (SELECT tag FROM side_key WHERE key_generation <> ?2)
             ORDER BY tag LIMIT ?3"
        );
        let mut select = self.db.prepare_cached(&query).map_err(fault)?;
        let found = select
            .query_map(params![after, self.keys.generation(), limit as i64], stored)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(fault)?;
        for row in &found {
            let key = self.open_key(row)?.ok_or_else(|| Damage::SideRow.at(row.sequence as u64))?;
            let mut sealed = buffer_of(key.expose());
            let nonce: NonceBytes = random(entropy)?;
            self.keys.seal(&nonce, &row.place(self.keys.generation(), "side_key"), &mut sealed);
            self.db
                .prepare_cached(
                    "UPDATE side_key SET key_generation = ?2, subkey_salt = ?3, nonce = ?4, sealed = ?5 WHERE tag = ?1",
                )
                .and_then(|mut update| {
                    let keys = (self.keys.generation(), self.keys.session_salt());
                    update.execute(params![row.tag, keys.0, keys.1, nonce, *sealed])
                })
                .map_err(fault)?;
        }
        Ok(found.last().filter(|_| found.len() == limit).map(|row| row.tag))
    }

    /// The row's own key; `None` when it is not there or does not open.
    fn open_key(&self, row: &Stored) -> Result<Option<Secret<32>>, JournalError> {
        let found = self
            .db
            .prepare_cached("SELECT key_generation, subkey_salt, nonce, sealed FROM side_key WHERE tag = ?1")
            .and_then(|mut select| {
                let columns = |row: &rusqlite::Row<'_>| {
                    let session: Session = (row.get(0)?, row.get(1)?);
                    Ok((session, row.get::<_, NonceBytes>(2)?, row.get::<_, Vec<u8>>(3)?))
                };
                select.query_row([row.tag], columns).optional()
            })
            .map_err(fault)?;
        let Some((session, nonce, sealed)) = found else { return Ok(None) };
        let mut key = Zeroizing::new(sealed);
        let opened = self.keys.open(session, &nonce, &row.place(session.0, "side_key"), &mut key);
        Ok(opened.ok().and_then(|()| Secret::from_slice(&key).ok()))
    }
}

const SELECT: &str = "SELECT tag, seq, name_salt, name_hash, nonce, sealed FROM side_row";

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        tag: row.get(0)?,
        sequence: row.get(1)?,
        name_salt: row.get(2)?,
        name_hash: row.get(3)?,
        nonce: row.get(4)?,
        sealed: Zeroizing::new(row.get(5)?),
    })
}

/// A buffer that does not move when the seal is added, and is wiped.
fn buffer_of(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut buffer = Zeroizing::new(Vec::with_capacity(secret.len() + SEAL_LENGTH));
    buffer.extend_from_slice(secret);
    buffer
}

/// SHA-256(salt ‖ name).
fn name_hash(salt: &[u8; 16], name: &str) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(name.as_bytes());
    context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes")
}
