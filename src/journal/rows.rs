//! The stored rows of folds.
//!
//! A row's id orders all rows of a fold by creation: fold number (7 bits), sequence of the creating event (40)
//! and order within it (16), so that a rebuilt fold has the same ids and a cursor stays where it was. Key and
//! index values are keyed hashes; key text and value are sealed together, bound to id, writer and index.
//!
//! It never trusts itself alone: an old row put back opens, and `verify` finds it. Evidence:
//! `tests/journal_folds.rs`, `tests/journal_tamper.rs`.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::database::fault;
use super::error::{Damage, JournalError};
use super::fold::{Cursor, Page, Row, RowPage, Rows};
use super::keys::{Keys, NonceBytes, SEAL_LENGTH, SessionSalt, Tag, place, random};
use super::store::PASSED_MAX;
use super::sums::RowChange;
use crate::ports::Entropy;

/// Fold numbers from here on are the rebuilt twins of the stored folds, and exist within `verify` alone.
pub(super) const REBUILT: u64 = 64;

/// Largest page; what asks for more gets this.
const PAGE_ROWS_MAX: usize = 1000;

/// One fold's space of rows.
#[derive(Clone, Copy)]
pub(super) struct Space {
    pub fold: &'static str,
    /// 1 to 63, or that plus [`REBUILT`].
    pub number: u64,
}

impl Space {
    pub(super) fn rebuilt(self) -> Self {
        Self { number: self.number + REBUILT, ..self }
    }

    fn is_rebuilt(self) -> bool {
        self.number >= REBUILT
    }

    pub(super) fn ids(self) -> Range<i64> {
        let start = (self.number as i64) << 56;
        start..start.saturating_add(1 << 56)
    }

    /// Id of the row that the event of this sequence created as its `order`th, from 0.
    fn id(self, sequence: u64, order: u64) -> Result<i64, JournalError> {
        if sequence >> 40 != 0 || order >> 16 != 0 {
            return Err(JournalError::FoldFailed { fold: self.fold, why: "too_many_rows" });
        }
        Ok(self.ids().start | (sequence << 16 | order) as i64)
    }
}

/// Reads and writes rows of folds.
#[derive(Clone, Copy)]
pub(super) struct RowStore<'a> {
    pub db: &'a Connection,
    pub keys: &'a Keys,
}

/// A row as it is stored.
pub(super) struct StoredRow {
    id: i64,
    key: Tag,
    pub sequence: u64,
    tags: Vec<u8>,
    generation: u32,
    salt: SessionSalt,
    nonce: NonceBytes,
    sealed: Vec<u8>,
}

impl StoredRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            key: row.get(1)?,
            sequence: row.get::<_, i64>(2)? as u64,
            tags: row.get(3)?,
            generation: row.get(4)?,
            salt: row.get(5)?,
            nonce: row.get(6)?,
            sealed: row.get(7)?,
        })
    }

    fn place(&self) -> Vec<u8> {
        place(self.generation, "fold_row", self.sequence, &[&self.id.to_be_bytes(), &self.key, &self.tags])
    }
}

const INSERT_ENTRY: &str = "INSERT INTO fold_index (tag, id) VALUES (?1, ?2)";
const DELETE_ENTRY: &str = "DELETE FROM fold_index WHERE tag = ?1 AND id = ?2";
const COLUMNS: &str = "r.id, r.key, r.seq, r.tags, r.key_generation, r.subkey_salt, r.nonce, r.sealed";

impl<'a> RowStore<'a> {
    /// The rows that one event may write.
    pub(super) fn of(self, space: Space, sequence: u64, entropy: &'a dyn Entropy) -> EventRows<'a> {
        EventRows { store: self, space, sequence, created: 0, entropy, changes: Vec::new() }
    }

    pub(super) fn row(&self, space: Space, key: &str) -> Result<Option<Row>, JournalError> {
        let query = format!("SELECT {COLUMNS} FROM fold_row r WHERE r.key = ?1");
        let mut statement = self.db.prepare_cached(&query).map_err(fault)?;
        let found = statement.query_row([self.key_tag(space, key)], StoredRow::read).optional().map_err(fault)?;
        found.map(|row| self.open(row)).transpose()
    }

    pub(super) fn newest(&self, space: Space, page: Page) -> Result<RowPage, JournalError> {
        let query =
            format!("SELECT {COLUMNS} FROM fold_row r WHERE r.id >= ?1 AND r.id < ?2 ORDER BY r.id DESC LIMIT ?3");
        let statement = self.db.prepare_cached(&query).map_err(fault)?;
        self.page(statement, space, page, None)
    }

    pub(super) fn by_index(&self, space: Space, index: &str, value: &str, page: Page) -> Result<RowPage, JournalError> {
        let query = format!(
            "SELECT {COLUMNS} FROM fold_index i JOIN fold_row r ON r.id = i.id
             WHERE i.id >= ?1 AND i.id < ?2 AND i.tag = ?4 ORDER BY i.id DESC LIMIT ?3"
        );
        let statement = self.db.prepare_cached(&query).map_err(fault)?;
        self.page(statement, space, page, Some(self.index_tag(space, index, value)))
    }

    fn page(
        &self,
        mut statement: rusqlite::CachedStatement<'_>,
        space: Space,
        page: Page,
        tag: Option<Tag>,
    ) -> Result<RowPage, JournalError> {
        let Range { start, end } = space.ids();
        let before = page.after.map_or(end, |Cursor(id)| i64::try_from(id).map_or(end, |id| id.min(end)));
        let limit = page.limit.clamp(1, PAGE_ROWS_MAX);
        // One more than asked for tells whether there is a next page.
        let wanted = limit as i64 + 1;
        let found = match tag {
            Some(tag) => statement.query_map(params![start, before, wanted, tag], StoredRow::read),
            None => statement.query_map(params![start, before, wanted], StoredRow::read),
        };
        let mut found = found.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(fault)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| Cursor(last.id as u64));
        let rows = found.into_iter().map(|row| self.open(row)).collect::<Result<_, _>>()?;
        Ok(RowPage { rows, next })
    }

    /// How many rows of a fold have one of these index values.
    pub(super) fn count(&self, space: Space, values: &[(&str, &str)]) -> Result<u64, JournalError> {
        let Range { start, end } = space.ids();
        let mut select = self
            .db
            .prepare_cached("SELECT count(*) FROM fold_index WHERE tag = ?1 AND id >= ?2 AND id < ?3")
            .map_err(fault)?;
        let counts = values.iter().map(|(index, value)| {
            let tag = self.index_tag(space, index, value);
            select.query_row(params![tag, start, end], |row| row.get::<_, i64>(0)).map_err(fault)
        });
        counts.sum::<Result<i64, _>>().map(|count| count as u64)
    }

    /// Seals anew the rows after this id, at most so many, that are not under the current key, and gives the last id
    /// that was passed; `None` at the end.
    pub(super) fn reseal(&self, after: i64, limit: usize, entropy: &dyn Entropy) -> Result<Option<i64>, JournalError> {
        let window = "SELECT max(id) FROM (SELECT id FROM fold_row WHERE id > ?1 ORDER BY id LIMIT ?2)";
        let window = self.db.prepare_cached(window).and_then(|mut select| {
            select.query_row(params![after, PASSED_MAX as i64], |row| row.get::<_, Option<i64>>(0))
        });
        let Some(end) = window.map_err(fault)? else { return Ok(None) };
        let query = format!(
            "SELECT {COLUMNS} FROM fold_row r WHERE r.id > ?1 AND r.id <= ?2 AND r.key_generation <> ?3
             ORDER BY r.id LIMIT ?4"
        );
        let mut select = self.db.prepare_cached(&query).map_err(fault)?;
        let found = select
            .query_map(params![after, end, self.keys.generation(), limit as i64], StoredRow::read)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(fault)?;
        let passed = if found.len() < limit { end } else { found.last().map_or(end, |row| row.id) };
        found.into_iter().try_for_each(|row| self.reseal_row(row, entropy))?;
        let more = "SELECT EXISTS (SELECT 1 FROM fold_row WHERE id > ?1)";
        let more = self.db.prepare_cached(more).and_then(|mut select| select.query_row([passed], |row| row.get(0)));
        let more: bool = more.map_err(fault)?;
        Ok(more.then_some(passed))
    }

    fn reseal_row(&self, mut row: StoredRow, entropy: &dyn Entropy) -> Result<(), JournalError> {
        let damaged = Damage::Projection.at(row.sequence);
        let here = row.place();
        self.keys.open((row.generation, row.salt), &row.nonce, &here, &mut row.sealed).map_err(|_| damaged)?;
        (row.generation, row.salt) = (self.keys.generation(), *self.keys.session_salt());
        row.nonce = random(entropy)?;
        self.keys.seal(&row.nonce, &row.place(), &mut row.sealed);
        self.db
            .prepare_cached(
                "UPDATE fold_row SET key_generation = ?2, subkey_salt = ?3, nonce = ?4, sealed = ?5 WHERE id = ?1",
            )
            .and_then(|mut update| update.execute(params![row.id, row.generation, row.salt, row.nonce, row.sealed]))
            .map(drop)
            .map_err(fault)
    }

    /// Removes all rows of these ids, and their index entries.
    pub(super) fn clear(&self, ids: Range<i64>) -> Result<(), JournalError> {
        for table in ["fold_row", "fold_index"] {
            self.db
                .execute(&format!("DELETE FROM {table} WHERE id >= ?1 AND id < ?2"), [ids.start, ids.end])
                .map_err(fault)?;
        }
        Ok(())
    }

    /// Compares a fold's stored rows with those of its rebuilt twin, and gives their number.
    pub(super) fn compare_with_rebuilt(&self, space: Space) -> Result<u64, JournalError> {
        let query = format!("SELECT {COLUMNS} FROM fold_row r WHERE r.id >= ?1 AND r.id < ?2 ORDER BY r.id");
        let mut statements = [self.db.prepare(&query).map_err(fault)?, self.db.prepare(&query).map_err(fault)?];
        let [stored, rebuilt] = &mut statements;
        let mut stored = rows_of(stored, space)?;
        let mut rebuilt = rows_of(rebuilt, space.rebuilt())?;
        let mut count = 0;
        loop {
            match (stored.next().transpose().map_err(fault)?, rebuilt.next().transpose().map_err(fault)?) {
                (None, None) => return Ok(count),
                (Some(row), None) | (None, Some(row)) => return Err(Damage::Projection.at(row.sequence)),
                (Some(stored), Some(rebuilt)) => self.compare(space, stored, rebuilt)?,
            }
            count += 1;
        }
    }

    fn compare(&self, space: Space, stored: StoredRow, rebuilt: StoredRow) -> Result<(), JournalError> {
        let sequence = rebuilt.sequence;
        let same_place = stored.id - space.ids().start == rebuilt.id - space.rebuilt().ids().start;
        let same_writer = stored.sequence == sequence && stored.tags == rebuilt.tags;
        let (key, id, tags) = (stored.key, stored.id, stored.tags.clone());
        let stored = self.open(stored)?;
        let same_row = stored == self.open(rebuilt)? && self.key_tag(space, &stored.key) == key;
        if same_place && same_writer && same_row && self.has_entries(id, &tags)? {
            Ok(())
        } else {
            Err(Damage::Projection.at(sequence))
        }
    }

    /// Whether the index has these entries of a row, and no others.
    fn has_entries(&self, id: i64, tags: &[u8]) -> Result<bool, JournalError> {
        let mut select =
            self.db.prepare_cached("SELECT count(*) FROM fold_index WHERE tag = ?1 AND id = ?2").map_err(fault)?;
        for tag in tags.chunks(size_of::<Tag>()) {
            if select.query_row(params![tag, id], |row| row.get::<_, i64>(0)).map_err(fault)? != 1 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Checks the rows after this id, at most so many: that each opens, lies under its key and has its index entries.
    /// Gives id and writer of each, and the last id; `None` at the end.
    pub(super) fn check_rows(
        &self,
        after: i64,
        limit: usize,
        spaces: &[Space],
        each: &mut dyn FnMut(i64, u64),
    ) -> Result<Option<i64>, JournalError> {
        let query = format!("SELECT {COLUMNS} FROM fold_row r WHERE r.id > ?1 ORDER BY r.id LIMIT ?2");
        let mut select = self.db.prepare_cached(&query).map_err(fault)?;
        let found = select.query_map(params![after, limit as i64], StoredRow::read);
        let found = found.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(fault)?;
        let last = found.last().filter(|_| found.len() == limit).map(|row| row.id);
        for row in found {
            let (id, sequence, key, tags) = (row.id, row.sequence, row.key, row.tags.clone());
            let opened = self.open(row)?;
            let space = spaces.iter().find(|space| space.ids().contains(&id));
            let is_in_place = space.is_none_or(|space| self.key_tag(*space, &opened.key) == key);
            if !is_in_place || !self.has_entries(id, &tags)? {
                return Err(Damage::Projection.at(sequence));
            }
            each(id, sequence);
        }
        Ok(last)
    }

    /// Checks the entries of the index after this one, at most so many: that a row says of each that it is there.
    /// Gives the last; `None` at the end.
    pub(super) fn check_entries(
        &self,
        (tag, id): (Tag, i64),
        limit: usize,
    ) -> Result<Option<(Tag, i64)>, JournalError> {
        let query = "SELECT i.tag, i.id, r.tags FROM fold_index i LEFT JOIN fold_row r ON r.id = i.id
                     WHERE (i.tag, i.id) > (?1, ?2) ORDER BY i.tag, i.id LIMIT ?3";
        let mut select = self.db.prepare_cached(query).map_err(fault)?;
        let mut rows = select.query(params![tag, id, limit as i64]).map_err(fault)?;
        let (mut passed, mut last) = (0, None);
        while let Some(row) = rows.next().map_err(fault)? {
            let (tag, id): (Tag, i64) = (row.get(0).map_err(fault)?, row.get(1).map_err(fault)?);
            let stated: Option<Vec<u8>> = row.get(2).map_err(fault)?;
            if !stated.is_some_and(|tags| tags.as_chunks().0.contains(&tag)) {
                return Err(Damage::Projection.anywhere());
            }
            last = Some((tag, id));
            passed += 1;
        }
        Ok(last.filter(|_| passed == limit))
    }

    /// Checks that the index has as many entries as the rows say.
    pub(super) fn check_index_size(&self) -> Result<(), JournalError> {
        let number = |query: &str| self.db.query_row(query, [], |row| row.get::<_, i64>(0)).map_err(fault);
        let entries = number("SELECT count(*) FROM fold_index")?;
        let stated = number("SELECT coalesce(sum(length(tags)) / 16, 0) FROM fold_row WHERE id < 64 << 56")?;
        if entries == stated { Ok(()) } else { Err(Damage::Projection.anywhere()) }
    }

    fn open(&self, row: StoredRow) -> Result<Row, JournalError> {
        let damaged = Damage::Projection.at(row.sequence);
        let here = row.place();
        let created = created(row.id);
        let mut bytes = row.sealed;
        self.keys.open((row.generation, row.salt), &row.nonce, &here, &mut bytes).map_err(|_| damaged.clone())?;
        unpack(created, &bytes).ok_or(damaged)
    }

    fn key_tag(&self, space: Space, key: &str) -> Tag {
        let kind = if space.is_rebuilt() { "rebuilt row" } else { "row" };
        self.keys.tag(&[kind, space.fold, key])
    }

    fn index_tag(&self, space: Space, index: &str, value: &str) -> Tag {
        self.keys.tag(&["index", space.fold, index, value])
    }
}

/// The rows of one fold, as one event may write them.
pub(super) struct EventRows<'a> {
    store: RowStore<'a>,
    space: Space,
    sequence: u64,
    created: u64,
    entropy: &'a dyn Entropy,
    pub changes: Vec<RowChange>,
}

impl EventRows<'_> {
    /// Id, index entries and writer of what is there under a key.
    fn find(&self, key: &Tag) -> Result<Option<(i64, Vec<u8>, u64)>, JournalError> {
        let select = "SELECT id, tags, seq FROM fold_row WHERE key = ?1";
        let mut select = self.store.db.prepare_cached(select).map_err(fault)?;
        let columns = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64));
        select.query_row([key], columns).optional().map_err(fault)
    }

    fn write_entries(&self, statement: &str, id: i64, tags: &[u8]) -> Result<(), JournalError> {
        // The twin is never looked up by index.
        if self.space.is_rebuilt() {
            return Ok(());
        }
        let mut write = self.store.db.prepare_cached(statement).map_err(fault)?;
        tags.chunks(size_of::<Tag>()).try_for_each(|tag| write.execute(params![tag, id]).map(drop)).map_err(fault)
    }

    fn tags(&self, index: &[(&str, &str)]) -> Vec<u8> {
        let mut tags: Vec<Tag> =
            index.iter().map(|(name, value)| self.store.index_tag(self.space, name, value)).collect();
        tags.sort_unstable();
        tags.dedup();
        tags.concat()
    }
}

impl Rows for EventRows<'_> {
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.store.row(self.space, key)?.map(|row| row.value))
    }

    fn put(&mut self, key: &str, value: &[u8], index: &[(&str, &str)]) -> Result<(), JournalError> {
        let key_tag = self.store.key_tag(self.space, key);
        let tags = self.tags(index);
        let mut old = None;
        let id = match self.find(&key_tag)? {
            Some((id, old_tags, writer)) => {
                old = Some(writer);
                self.write_entries(DELETE_ENTRY, id, &without(&old_tags, &tags))?;
                self.write_entries(INSERT_ENTRY, id, &without(&tags, &old_tags))?;
                id
            }
            None => {
                let id = self.space.id(self.sequence, self.created)?;
                self.created += 1;
                self.write_entries(INSERT_ENTRY, id, &tags)?;
                id
            }
        };
        self.changes.push(RowChange { id, old, new: Some(self.sequence) });
        let mut row = StoredRow {
            id,
            key: key_tag,
            sequence: self.sequence,
            tags,
            generation: self.store.keys.generation(),
            salt: *self.store.keys.session_salt(),
            nonce: random(self.entropy)?,
            sealed: pack(key, value),
        };
        self.store.keys.seal(&row.nonce, &row.place(), &mut row.sealed);
        self.store
            .db
            .prepare_cached(
                "INSERT INTO fold_row (id, key, seq, tags, key_generation, subkey_salt, nonce, sealed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO UPDATE
                 SET seq = ?3, tags = ?4, key_generation = ?5, subkey_salt = ?6, nonce = ?7, sealed = ?8",
            )
            .and_then(|mut write| {
                let sequence = row.sequence as i64;
                let keys = (row.generation, row.salt);
                write.execute(params![row.id, row.key, sequence, row.tags, keys.0, keys.1, row.nonce, row.sealed])
            })
            .map(drop)
            .map_err(fault)
    }

    fn delete(&mut self, key: &str) -> Result<(), JournalError> {
        let Some((id, tags, writer)) = self.find(&self.store.key_tag(self.space, key))? else { return Ok(()) };
        self.changes.push(RowChange { id, old: Some(writer), new: None });
        self.write_entries(DELETE_ENTRY, id, &tags)?;
        let mut delete = self.store.db.prepare_cached("DELETE FROM fold_row WHERE id = ?1").map_err(fault)?;
        delete.execute([id]).map(drop).map_err(fault)
    }
}

fn rows_of<'s>(
    statement: &'s mut Statement<'_>,
    space: Space,
) -> Result<impl Iterator<Item = rusqlite::Result<StoredRow>> + use<'s>, JournalError> {
    let Range { start, end } = space.ids();
    statement.query_map([start, end], StoredRow::read).map_err(fault)
}

/// The tags of the one row of tags that are not in the other.
fn without(tags: &[u8], others: &[u8]) -> Vec<u8> {
    let others = others.as_chunks::<{ size_of::<Tag>() }>().0;
    let is_new = |tag: &&Tag| !others.contains(tag);
    tags.as_chunks().0.iter().filter(is_new).copied().collect::<Vec<Tag>>().concat()
}

/// The sequence of the event that created the row of this id.
fn created(id: i64) -> u64 {
    (id as u64) << 8 >> 24
}

/// Length of the key in four bytes, key, value; with room for the seal.
fn pack(key: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 + key.len() + value.len() + SEAL_LENGTH);
    bytes.extend_from_slice(&(key.len() as u32).to_be_bytes());
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend_from_slice(value);
    bytes
}

fn unpack(created: u64, bytes: &[u8]) -> Option<Row> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (key, value) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some(Row { created, key: String::from_utf8(key.to_vec()).ok()?, value: value.to_vec() })
}
