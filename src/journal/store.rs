//! The opened database with its keys: events and tree nodes as they are stored.
//!
//! What is read here is checked as it is read: an event's seal against its place, its past and its leaf hash, the
//! nodes that it completes against the tree.
//!
//! It never writes outside a transaction of its caller. Evidence: `tests/journal_tamper.rs`.

use rusqlite::{Connection, OptionalExtension, params};

use super::database::{self, fault};
use super::error::{Damage, Damaged, JournalError};
use super::event::Event;
use super::file::DatabaseFile;
use super::fold::{Fold, FoldError};
use super::head::{self, Beside, StoredHead, WaitingKey};
use super::keyring::Keyring;
use super::keys::{Keys, NonceBytes, SessionSalt, place_in, random, random_key};
use super::rows::{RowStore, Space};
use super::side::SideRows;
use super::sums::{FoldSums, RowChange};
use crate::merkle::{Frontier, Hash, NodeId, Nodes, leaf_hash};
use crate::ports::Entropy;

/// How many rows a step of sealing anew passes over at most.
pub(super) const PASSED_MAX: u64 = 4096;

/// Takes a sequence and the bytes of its event.
pub type EachRecord<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<(), JournalError>;

/// Takes the leaf hash as well, with which the bytes were sealed.
pub(super) type EachSealed<'a> = &'a mut dyn FnMut(u64, &[u8], &Hash) -> Result<(), JournalError>;

/// A fold with its number in this database.
pub(super) struct Registered {
    pub number: u64,
    pub fold: Box<dyn Fold>,
    /// What it says of the debts that wait.
    pub waiting: Vec<(&'static str, &'static str)>,
}

impl Registered {
    pub(super) fn new(number: u64, fold: Box<dyn Fold>) -> Self {
        Self { number, waiting: fold.waiting(), fold }
    }

    pub(super) fn space(&self) -> Space {
        Space { fold: self.fold.name(), number: self.number }
    }
}

/// The opened database with its keys.
pub(super) struct Store {
    pub file: Box<DatabaseFile>,
    pub keys: Keys,
    pub waiting_key: WaitingKey,
}

impl Store {
    /// Adds the keys, and trusts nothing that is stored yet but the look-up key.
    pub(super) fn new(file: Box<DatabaseFile>, keyring: Keyring) -> Result<Self, (Box<DatabaseFile>, JournalError)> {
        match keys_of(&file, keyring) {
            Ok((keys, waiting_key)) => Ok(Self { file, keys, waiting_key }),
            Err(error) => Err((file, error)),
        }
    }

    pub(super) fn db(&self) -> &Connection {
        &self.file.db
    }

    pub(super) fn entropy(&self) -> &dyn Entropy {
        &*self.file.ports.entropy
    }

    pub(super) fn rows(&self) -> RowStore<'_> {
        RowStore { db: self.db(), keys: &self.keys }
    }

    pub(super) fn side_rows(&self) -> SideRows<'_> {
        SideRows { db: self.db(), keys: &self.keys }
    }

    /// Lets a fold take an event into its rows, or into their rebuilt twin's, and gives what that did to them.
    pub(super) fn fold(&self, fold: &dyn Fold, space: Space, event: &Event) -> Result<Vec<RowChange>, JournalError> {
        let mut rows = self.rows().of(space, event.sequence, self.entropy());
        fold.apply(&mut rows, event).map_err(|error| match error {
            FoldError::Newer => JournalError::Newer,
            FoldError::Refused(why) => JournalError::FoldFailed { fold: space.fold, why },
            FoldError::Storage(error) => error,
        })?;
        Ok(rows.changes)
    }

    /// The head as it is stored.
    pub(super) fn head(&self) -> Result<StoredHead, JournalError> {
        StoredHead::read(self.db())?.ok_or(Damage::Head.anywhere())
    }

    /// Sequence of the last event that is stored; 0 without any.
    pub(super) fn last_sequence(&self) -> Result<u64, JournalError> {
        last_sequence(self.db())
    }

    /// Walks all stored events in order and gives the tree that they make. An event is given out, with its leaf hash,
    /// when its seal has opened and the nodes that it completes are the tree's.
    ///
    /// The seal holds the bytes and the stored leaf hash together, so the bytes are not hashed anew here.
    pub(super) fn scan(&self, each: EachSealed<'_>) -> Result<Frontier, JournalError> {
        let mut frontier = Frontier::default();
        self.walk(&mut frontier, None, each)?;
        Ok(frontier)
    }

    /// Walks the events that follow a tree, at most so many, as [`Store::scan`] does, and adds them to it.
    pub(super) fn walk(
        &self,
        frontier: &mut Frontier,
        limit: Option<usize>,
        each: EachSealed<'_>,
    ) -> Result<(), JournalError> {
        let mut reader = self.keys.reader();
        // Filled anew for each event.
        let (mut bytes, mut here, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        let mut statement = self.db().prepare_cached(SELECT_EVENTS).map_err(fault)?;
        let limit = limit.map_or(-1, |limit| limit as i64);
        let mut rows = statement.query([frontier.size() as i64, limit]).map_err(fault)?;
        loop {
            let expected = frontier.size() + 1;
            let Some(row) = rows.next().map_err(|error| at(expected, error))? else { return Ok(()) };
            let row = EventRow::read(row).map_err(|error| at(expected, error))?;
            if row.sequence != expected {
                return Err(Damage::Missing.at(expected));
            }
            event_place(&mut here, row.generation, expected, frontier.subtrees().last(), row.leaf);
            reader.open(row.generation, row.sealed, &here, &mut bytes).map_err(|_| Damage::Seal.at(expected))?;
            frontier.append_into(*row.leaf, &mut nodes);
            if nodes.as_flattened() != row.nodes {
                return Err(Damage::TreeNode.at(expected));
            }
            each(expected, &bytes, row.leaf)?;
        }
    }

    /// Seals anew the events after this sequence, at most so many, that are not under the current key, and gives the
    /// last sequence that was passed; `None` at the end.
    pub(super) fn reseal_events(&self, after: u64, rows: usize) -> Result<Option<u64>, JournalError> {
        let last = (self.last_sequence()?).min(after + PASSED_MAX);
        let old = {
            let select = "SELECT seq FROM event WHERE seq > ?1 AND seq <= ?2 AND key_generation <> ?3
                          ORDER BY seq LIMIT ?4";
            let mut select = self.db().prepare_cached(select).map_err(fault)?;
            let asked = params![after as i64, last as i64, self.keys.generation(), rows as i64];
            let found = select.query_map(asked, |row| row.get::<_, i64>(0)).map_err(fault)?;
            found.collect::<Result<Vec<_>, _>>().map_err(fault)?
        };
        for sequence in &old {
            self.reseal_event(*sequence as u64)?;
        }
        let passed = if old.len() < rows { last } else { old.last().map_or(last, |sequence| *sequence as u64) };
        Ok((passed < self.last_sequence()?).then_some(passed))
    }

    fn reseal_event(&self, sequence: u64) -> Result<(), JournalError> {
        let (bytes, leaf) = self.event_bytes(sequence)?.ok_or(Damage::Missing.at(sequence))?;
        let before = self.node_before(sequence)?;
        let mut here = Vec::new();
        event_place(&mut here, self.keys.generation(), sequence, before.as_ref(), &leaf);
        let sealed = self.keys.seal_record(&random(self.entropy())?, &here, bytes);
        self.db()
            .prepare_cached("UPDATE event SET key_generation = ?2, sealed = ?3 WHERE seq = ?1")
            .and_then(|mut update| update.execute(params![sequence as i64, self.keys.generation(), sealed]))
            .map(drop)
            .map_err(|error| at(sequence, error))
    }

    /// The root of the smallest subtree before an event.
    fn node_before(&self, sequence: u64) -> Result<Option<Hash>, JournalError> {
        Frontier::nodes_of(sequence - 1).last().map(|id| self.nodes().node(id)).transpose()
    }

    /// The bytes of one event, checked against its past and its own leaf hash, which is given too.
    pub(super) fn event_bytes(&self, sequence: u64) -> Result<Option<(Vec<u8>, Hash)>, JournalError> {
        let mut select = self.db().prepare_cached(SELECT_EVENT).map_err(fault)?;
        let mut rows = select.query([sequence as i64]).map_err(fault)?;
        let Some(row) = rows.next().map_err(|error| at(sequence, error))? else { return Ok(None) };
        let row = EventRow::read(row).map_err(|error| at(sequence, error))?;
        let before = self.node_before(sequence)?;
        let (mut bytes, mut here) = (Vec::new(), Vec::new());
        event_place(&mut here, row.generation, sequence, before.as_ref(), row.leaf);
        let opened = self.keys.reader().open(row.generation, row.sealed, &here, &mut bytes);
        opened.map_err(|_| Damage::Seal.at(sequence))?;
        check_leaf(sequence, &bytes, row.leaf)?;
        Ok(Some((bytes, *row.leaf)))
    }

    /// The tree when it had `size` leaves, from its stored nodes.
    pub(super) fn tree_at(&self, size: u64) -> Result<Frontier, JournalError> {
        let mut nodes = self.nodes();
        let subtrees = Frontier::nodes_of(size).map(|id| nodes.node(id)).collect::<Result<_, _>>()?;
        Ok(Frontier::from_subtrees(size, subtrees).expect("there is one node for each bit of the size"))
    }

    pub(super) fn nodes(&self) -> StoredNodes<'_> {
        StoredNodes { db: self.db() }
    }
}

/// Seals an event and writes its row with the nodes that it completes.
pub(super) fn write_event(
    store: &Store,
    sequence: u64,
    past: &Frontier,
    bytes: Vec<u8>,
    leaf: &Hash,
    nodes: &[Hash],
) -> Result<(), JournalError> {
    let nonce: NonceBytes = random(store.entropy())?;
    let mut here = Vec::new();
    event_place(&mut here, store.keys.generation(), sequence, past.subtrees().last(), leaf);
    let sealed = store.keys.seal_record(&nonce, &here, bytes);
    store
        .db()
        .prepare_cached("INSERT INTO event (seq, key_generation, nodes, sealed) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut insert| {
            let nodes = [leaf, nodes.as_flattened()].concat();
            insert.execute(params![sequence as i64, store.keys.generation(), nodes, sealed])
        })
        .map(drop)
        .map_err(|error| at(sequence, error))
}

/// What an event's seal is bound to: its sequence, its own leaf hash, and the root of the smallest subtree before it.
/// The last leaf of that is the event before, whose salt was drawn once and whose own seal names the one before it:
/// so this is all of the past.
fn event_place(here: &mut Vec<u8>, generation: u32, sequence: u64, before: Option<&Hash>, leaf: &Hash) {
    place_in(here, generation, "event", sequence, &[leaf, before.map_or(&[], Hash::as_slice)]);
}

/// Checks that a leaf hash is that of the bytes: that the journal sealed what it hashed.
pub(super) fn check_leaf(sequence: u64, bytes: &[u8], leaf: &Hash) -> Result<(), JournalError> {
    if leaf_hash(bytes) == *leaf { Ok(()) } else { Err(Damage::LeafHash.at(sequence)) }
}

const SELECT_EVENTS: &str = "SELECT seq, nodes, key_generation, sealed FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2";
const SELECT_EVENT: &str = "SELECT seq, nodes, key_generation, sealed FROM event WHERE seq = ?1";

/// An event as it is stored.
struct EventRow<'r> {
    sequence: u64,
    leaf: &'r Hash,
    /// From level 1 upward.
    nodes: &'r [u8],
    generation: u32,
    sealed: &'r [u8],
}

impl<'r> EventRow<'r> {
    fn read(row: &'r rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let nodes = row.get_ref(1)?.as_blob()?;
        let (leaf, nodes) = nodes.split_first_chunk().ok_or(rusqlite::types::FromSqlError::InvalidType)?;
        let (generation, sealed) = (row.get(2)?, row.get_ref(3)?.as_blob()?);
        Ok(Self { sequence: row.get::<_, i64>(0)? as u64, leaf, nodes, generation, sealed })
    }
}

/// The tree's nodes, which stand with the events that complete them.
pub(super) struct StoredNodes<'a> {
    db: &'a Connection,
}

impl Nodes for StoredNodes<'_> {
    type Error = JournalError;

    fn node(&mut self, id: NodeId) -> Result<Hash, JournalError> {
        let sequence = id.completed_by() + 1;
        let begin = i64::from(id.level) * 32 + 1;
        let found = self
            .db
            .prepare_cached("SELECT substr(nodes, ?2, 32) FROM event WHERE seq = ?1")
            .and_then(|mut select| select.query_row([sequence as i64, begin], |row| row.get(0)));
        found.map_err(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Damage::Missing.at(sequence),
            error => at(sequence, error),
        })
    }
}

/// What a failure means while the event of this sequence is read or written.
fn at(sequence: u64, error: rusqlite::Error) -> JournalError {
    match fault(error) {
        JournalError::Damaged(Damaged { damage, .. }) => damage.at(sequence),
        other => other,
    }
}

/// The keys of a session: with the stored look-up key, or, for a journal that was never unlocked, with a new one.
fn keys_of(file: &DatabaseFile, keyring: Keyring) -> Result<(Keys, WaitingKey), JournalError> {
    let entropy = &*file.ports.entropy;
    let salt: SessionSalt = random(entropy)?;
    let waiting_key = WaitingKey::made(&*file.ports.device_keys, &salt)?;
    if let Some(stored) = stored_look_up(&file.db)? {
        let look_up = Keys::open_look_up(&keyring, &stored).map_err(|_| Damage::Keys.anywhere())?;
        return Ok((Keys::new(keyring, look_up, salt), waiting_key));
    }
    let is_new = last_sequence(&file.db)? == 0 && StoredHead::read(&file.db)?.is_none();
    if !is_new {
        return Err(Damage::Keys.anywhere());
    }
    let keys = Keys::new(keyring, random_key(entropy)?, salt);
    let transaction = database::begin(&file.db)?;
    write_look_up(&transaction, &keys, entropy)?;
    let (oldest, sums) = (keys.generation(), &FoldSums::default());
    head::make(&transaction, &keys, Beside { oldest, sums, waiting: 0, waiting_key: &waiting_key })?;
    transaction.commit().map_err(fault)?;
    Ok((keys, waiting_key))
}

fn stored_look_up(db: &Connection) -> Result<Option<Vec<u8>>, JournalError> {
    db.query_row("SELECT value FROM meta WHERE name = 'look_up'", [], |row| row.get(0)).optional().map_err(fault)
}

/// Seals the look-up key under the current generation; part of its caller's transaction.
pub(super) fn write_look_up(db: &Connection, keys: &Keys, entropy: &dyn Entropy) -> Result<(), JournalError> {
    let sealed = keys.seal_look_up(&random(entropy)?);
    db.execute("REPLACE INTO meta (name, value) VALUES ('look_up', ?1)", [sealed]).map(drop).map_err(fault)
}

/// The tree over the stored leaf hashes, with its nodes compared; no seal is opened.
pub(super) fn walk_nodes(db: &Connection) -> Result<Frontier, JournalError> {
    let (mut tree, mut nodes) = (Frontier::default(), Vec::new());
    let mut select = db.prepare(SELECT_EVENTS).map_err(fault)?;
    let mut rows = select.query([0, -1]).map_err(fault)?;
    loop {
        let expected = tree.size() + 1;
        let Some(row) = rows.next().map_err(|error| at(expected, error))? else { return Ok(tree) };
        let row = EventRow::read(row).map_err(|error| at(expected, error))?;
        if row.sequence != expected {
            return Err(Damage::Missing.at(expected));
        }
        tree.append_into(*row.leaf, &mut nodes);
        if nodes.as_flattened() != row.nodes {
            return Err(Damage::TreeNode.at(expected));
        }
    }
}

/// Sequence of the last event that is stored; 0 without any.
pub(super) fn last_sequence(db: &Connection) -> Result<u64, JournalError> {
    let last: i64 = db.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| row.get(0)).map_err(fault)?;
    Ok(last.max(0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_hash_is_that_of_its_bytes_alone() {
        let leaf = leaf_hash(b"event");
        assert_eq!(check_leaf(7, b"event", &leaf), Ok(()));
        for (bytes, leaf) in [(&b"evenT"[..], leaf), (b"", leaf), (b"event", [0; 32]), (b"event", leaf_hash(b""))] {
            assert_eq!(check_leaf(7, bytes, &leaf), Err(Damage::LeafHash.at(7)));
        }
    }
}
