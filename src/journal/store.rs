//! The opened database with its keys: events, tree nodes and head as they are stored.
//!
//! What is read here is checked as it is read: an event's seal against its place, its past and its leaf hash, the
//! nodes that it completes against the tree. The head's MAC covers size, root and frontier.
//!
//! It never writes outside a transaction of its caller. Evidence: `tests/journal_tamper.rs`.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::JournalPorts;
use super::database::{self, Found, fault};
use super::error::{Damage, Damaged, JournalError};
use super::event::Event;
use super::fold::{Fold, FoldError};
use super::keys::{Keys, NonceBytes, SessionSalt, place, place_in, random, random_key};
use super::rows::{RowStore, Space};
use super::side::SideRows;
use crate::merkle::{Frontier, Hash, NodeId, Nodes, leaf_hash};
use crate::ports::{DeviceKeysFault, KeyKind};
use crate::secret::Secret;

/// The device key that wraps the journal's master key.
const MASTER_ALIAS: &str = "journal.master";
const MASTER_CONTEXT: &[u8] = b"taptill journal master key 1";

/// Takes a sequence and the bytes of its event.
pub type EachRecord<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<(), JournalError>;

/// Takes the leaf hash as well, with which the bytes were sealed.
pub(super) type EachSealed<'a> = &'a mut dyn FnMut(u64, &[u8], &Hash) -> Result<(), JournalError>;

/// A fold with its number in this database.
pub(super) struct Registered {
    pub number: u64,
    pub fold: Box<dyn Fold>,
}

impl Registered {
    pub(super) fn space(&self) -> Space {
        Space { fold: self.fold.name(), number: self.number }
    }
}

/// An opened database. Dropping it gives the till's lock back, last.
pub(super) struct Store {
    pub db: Connection,
    pub keys: Keys,
    pub ports: JournalPorts,
    _lock: File,
}

impl Store {
    /// Makes a journal without events.
    pub(super) fn create(path: &Path, ports: JournalPorts) -> Result<Self, JournalError> {
        let lock = take_lock(path)?;
        let Found::Empty(db) = database::open(path, true)? else { return Err(JournalError::AlreadyThere) };
        let master = random_key(&*ports.entropy)?;
        // A creation that was not finished may have left the key; it wraps this one as well.
        if !ports.device_keys.exists(MASTER_ALIAS)? {
            ports.device_keys.create(MASTER_ALIAS, KeyKind::Wrap)?;
        }
        let wrapped = ports.device_keys.wrap(MASTER_ALIAS, master.expose(), MASTER_CONTEXT)?;
        let keys = Keys::new(master, random(&*ports.entropy)?);
        let transaction = database::begin(&db)?;
        database::make_tables(&transaction)?;
        transaction.execute("INSERT INTO meta (name, value) VALUES ('master.1', ?1)", [wrapped]).map_err(fault)?;
        transaction
            .execute(
                "INSERT INTO head (one, size, root, frontier, subkey_salt, mac) VALUES (1, 0, x'', x'', x'', x'')",
                [],
            )
            .map_err(fault)?;
        write_head(&transaction, &keys, 0, &Frontier::default())?;
        transaction.commit().map_err(fault)?;
        Ok(Self { db, keys, ports, _lock: lock })
    }

    /// Opens the file and its key, and trusts nothing in it yet.
    pub(super) fn open(path: &Path, ports: JournalPorts) -> Result<Self, JournalError> {
        if !path.exists() {
            return Err(JournalError::NotThere);
        }
        let lock = take_lock(path)?;
        let Found::Journal(db) = database::open(path, false)? else { return Err(JournalError::NotThere) };
        let wrapped: Vec<u8> =
            db.query_row("SELECT value FROM meta WHERE name = 'master.1'", [], |row| row.get(0)).map_err(fault)?;
        let master = ports.device_keys.unwrap(MASTER_ALIAS, &wrapped, MASTER_CONTEXT)?;
        let master = Secret::from_slice(master.expose()).map_err(|_| DeviceKeysFault::Rejected)?;
        let keys = Keys::new(master, random(&*ports.entropy)?);
        Ok(Self { db, keys, ports, _lock: lock })
    }

    pub(super) fn rows(&self) -> RowStore<'_> {
        RowStore { db: &self.db, keys: &self.keys }
    }

    pub(super) fn side_rows(&self) -> SideRows<'_> {
        SideRows { db: &self.db, keys: &self.keys }
    }

    /// Lets a fold take an event into its rows, or into their rebuilt twin's.
    pub(super) fn fold(&self, fold: &dyn Fold, space: Space, event: &Event) -> Result<(), JournalError> {
        let mut rows = self.rows().of(space, event.sequence, &*self.ports.entropy);
        fold.apply(&mut rows, event).map_err(|error| match error {
            FoldError::Newer => JournalError::Newer,
            FoldError::Refused(why) => JournalError::FoldFailed { fold: space.fold, why },
            FoldError::Storage(error) => error,
        })
    }

    /// The head as it is stored, if its MAC, its root and its frontier agree.
    pub(super) fn head(&self) -> Result<Frontier, JournalError> {
        let columns = |row: &rusqlite::Row<'_>| {
            let size: i64 = row.get(0)?;
            Ok((
                size,
                row.get::<_, Hash>(1)?,
                row.get::<_, Vec<u8>>(2)?,
                row.get::<_, SessionSalt>(3)?,
                row.get::<_, Hash>(4)?,
            ))
        };
        let (size, root, subtrees, salt, mac) = self
            .db
            .query_row("SELECT size, root, frontier, subkey_salt, mac FROM head", [], columns)
            .map_err(|error| damage_or(error, Damage::Head))?;
        let size = size as u64;
        if !self.keys.head_mac_is_right(&salt, &head_bytes(size, &root, &subtrees), &mac) {
            return Err(Damage::Head.anywhere());
        }
        let hashes = subtrees.as_chunks::<32>();
        let frontier = Frontier::from_subtrees(size, hashes.0.to_vec()).filter(|_| hashes.1.is_empty());
        frontier.filter(|frontier| frontier.root() == root).ok_or(Damage::Head.anywhere())
    }

    /// How many events the head says there are, whether or not it can be trusted.
    pub(super) fn stated_size(&self) -> Option<u64> {
        self.db.query_row("SELECT size FROM head", [], |row| row.get::<_, i64>(0)).ok().map(|size| size as u64)
    }

    /// Sequence of the last event that is stored; 0 without any.
    pub(super) fn last_sequence(&self) -> Result<u64, JournalError> {
        let last: i64 =
            self.db.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| row.get(0)).map_err(fault)?;
        Ok(last.max(0) as u64)
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
        let mut statement = self.db.prepare_cached(SELECT_EVENTS).map_err(fault)?;
        let limit = limit.map_or(-1, |limit| limit as i64);
        let mut rows = statement.query([frontier.size() as i64, limit]).map_err(fault)?;
        loop {
            let expected = frontier.size() + 1;
            let Some(row) = rows.next().map_err(|error| at(expected, error))? else { return Ok(()) };
            let row = EventRow::read(row).map_err(|error| at(expected, error))?;
            if row.sequence != expected {
                return Err(Damage::Missing.at(expected));
            }
            event_place(&mut here, expected, frontier.subtrees().last(), row.leaf);
            reader.open(row.sealed, &here, &mut bytes).map_err(|_| Damage::Seal.at(expected))?;
            frontier.append_into(*row.leaf, &mut nodes);
            if nodes.as_flattened() != row.nodes {
                return Err(Damage::TreeNode.at(expected));
            }
            each(expected, &bytes, row.leaf)?;
        }
    }

    /// The bytes of one event, checked against its past and its own leaf hash, which is given too.
    pub(super) fn event_bytes(&self, sequence: u64) -> Result<Option<(Vec<u8>, Hash)>, JournalError> {
        let mut select = self.db.prepare_cached(SELECT_EVENT).map_err(fault)?;
        let mut rows = select.query([sequence as i64]).map_err(fault)?;
        let Some(row) = rows.next().map_err(|error| at(sequence, error))? else { return Ok(None) };
        let row = EventRow::read(row).map_err(|error| at(sequence, error))?;
        let before = Frontier::nodes_of(sequence - 1).last().map(|id| self.nodes().node(id)).transpose()?;
        let (mut bytes, mut here) = (Vec::new(), Vec::new());
        event_place(&mut here, sequence, before.as_ref(), row.leaf);
        self.keys.reader().open(row.sealed, &here, &mut bytes).map_err(|_| Damage::Seal.at(sequence))?;
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
        StoredNodes { db: &self.db }
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
    let nonce: NonceBytes = random(&*store.ports.entropy)?;
    let mut here = Vec::new();
    event_place(&mut here, sequence, past.subtrees().last(), leaf);
    let sealed = store.keys.seal_record(&nonce, &here, bytes);
    store
        .db
        .prepare_cached("INSERT INTO event (seq, nodes, sealed) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| {
            let nodes = [leaf, nodes.as_flattened()].concat();
            insert.execute(params![sequence as i64, nodes, sealed])
        })
        .map(drop)
        .map_err(|error| at(sequence, error))
}

/// What an event's seal is bound to: its sequence, its own leaf hash, and the root of the smallest subtree before it.
/// The last leaf of that is the event before, whose salt was drawn once and whose own seal names the one before it:
/// so this is all of the past.
fn event_place(here: &mut Vec<u8>, sequence: u64, before: Option<&Hash>, leaf: &Hash) {
    place_in(here, "event", sequence, &[leaf, before.map_or(&[], Hash::as_slice)]);
}

/// Checks that a leaf hash is that of the bytes: that the journal sealed what it hashed.
pub(super) fn check_leaf(sequence: u64, bytes: &[u8], leaf: &Hash) -> Result<(), JournalError> {
    if leaf_hash(bytes) == *leaf { Ok(()) } else { Err(Damage::LeafHash.at(sequence)) }
}

/// Puts a head in the place of the one of `old_size`.
pub(super) fn write_head(
    db: &Connection,
    keys: &Keys,
    old_size: u64,
    frontier: &Frontier,
) -> Result<Hash, JournalError> {
    let root = frontier.root();
    let subtrees = frontier.subtrees().as_flattened();
    let mac = keys.head_mac(&head_bytes(frontier.size(), &root, subtrees));
    let changed = db
        .prepare_cached(
            "UPDATE head SET size = ?1, root = ?2, frontier = ?3, subkey_salt = ?4, mac = ?5 WHERE size = ?6",
        )
        .and_then(|mut update| {
            let (size, old_size) = (frontier.size() as i64, old_size as i64);
            update.execute(params![size, root, subtrees, keys.session_salt(), mac, old_size])
        })
        .map_err(fault)?;
    if changed == 1 { Ok(root) } else { Err(Damage::Head.anywhere()) }
}

/// What the head's MAC covers.
fn head_bytes(size: u64, root: &Hash, subtrees: &[u8]) -> Vec<u8> {
    place("head", size, &[root, subtrees])
}

const SELECT_EVENTS: &str = "SELECT seq, nodes, sealed FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2";
const SELECT_EVENT: &str = "SELECT seq, nodes, sealed FROM event WHERE seq = ?1";

/// An event as it is stored.
struct EventRow<'r> {
    sequence: u64,
    leaf: &'r Hash,
    /// From level 1 upward.
    nodes: &'r [u8],
    sealed: &'r [u8],
}

impl<'r> EventRow<'r> {
    fn read(row: &'r rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let nodes = row.get_ref(1)?.as_blob()?;
        let (leaf, nodes) = nodes.split_first_chunk().ok_or(rusqlite::types::FromSqlError::InvalidType)?;
        Ok(Self { sequence: row.get::<_, i64>(0)? as u64, leaf, nodes, sealed: row.get_ref(2)?.as_blob()? })
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

/// What a failure means while something of the head is read.
fn damage_or(error: rusqlite::Error, damage: Damage) -> JournalError {
    match fault(error) {
        JournalError::Damaged(_) => damage.anywhere(),
        other => other,
    }
}

/// Takes the till's lock, which the operating system gives back when the process ends, however it ends.
fn take_lock(path: &Path) -> Result<File, JournalError> {
    let open = File::options().create(true).truncate(false).write(true).open(beside(path, "lock"));
    let file = open.map_err(|_| JournalError::StorageFailed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::OpenElsewhere),
        Err(TryLockError::Error(_)) => Err(JournalError::StorageFailed),
    }
}

/// The path of a file that belongs to the database: its name with another ending added.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
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
