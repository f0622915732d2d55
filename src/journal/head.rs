//! The head: one row that says how far the record goes, written anew with each event.
//!
//! Under this session's key its MAC holds together size, root, frontier, the generations of keys in use and the sums
//! over the rows of folds. Under a
//! key of the device's, drawn once a session, a second MAC holds size, root and the number of debts that wait, so
//! that a locked till can say that number, and cannot be made to say another.
//!
//! It never trusts a number that is not under its MAC. Evidence: `tests/journal_tamper.rs`, `tests/journal_locked.rs`.

use rusqlite::{Connection, OptionalExtension, params};

use super::database::fault;
use super::error::{Damage, JournalError};
use super::keys::{Keys, SessionSalt, mac, place};
use super::sums::FoldSums;
use crate::merkle::{Frontier, Hash};
use crate::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use crate::secret::{Secret, same_bytes};

/// The device key that vouches for the number of debts that wait.
pub(super) const WAITING_ALIAS: &str = "journal.waiting";
const WAITING_CONTEXT: &[u8] = b"taptill journal waiting 1";

/// How many debts wait, as the lock screen may say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// So many.
    Known(u64),
    /// What is written of it is not what was written, or is not there. It is not none.
    Unknown,
}

/// The head as it is stored.
pub(super) struct StoredHead {
    size: u64,
    root: Hash,
    subtrees: Vec<u8>,
    pub generation: u32,
    pub oldest: u32,
    fold_sums: Vec<u8>,
    salt: SessionSalt,
    mac: Vec<u8>,
    waiting: u64,
    waiting_mac: Vec<u8>,
}

impl StoredHead {
    /// What is stored; `None` without a head.
    pub(super) fn read(db: &Connection) -> Result<Option<Self>, JournalError> {
        let columns = |row: &rusqlite::Row<'_>| {
            Ok(Self {
                size: row.get::<_, i64>(0)? as u64,
                root: row.get(1)?,
                subtrees: row.get(2)?,
                generation: row.get(3)?,
                oldest: row.get(4)?,
                fold_sums: row.get(5)?,
                salt: row.get(6)?,
                mac: row.get(7)?,
                waiting: row.get::<_, i64>(8)? as u64,
                waiting_mac: row.get(9)?,
            })
        };
        let select = "SELECT size, root, frontier, key_generation, oldest_generation, fold_sums, subkey_salt, mac,
                      waiting, waiting_mac FROM head";
        db.query_row(select, [], columns).optional().map_err(|error| match fault(error) {
            JournalError::Damaged(_) => Damage::Head.anywhere(),
            other => other,
        })
    }

    /// The tree, if the MAC, the root and the frontier agree.
    pub(super) fn tree(&self, keys: &Keys) -> Result<Frontier, JournalError> {
        let session = (self.generation, self.salt);
        let covered = covered(session.0, self.size, &self.root, self.oldest, &self.fold_sums, &self.subtrees);
        if !keys.head_mac_is_right(session, &covered, &self.mac) {
            return Err(Damage::Head.anywhere());
        }
        let hashes = self.subtrees.as_chunks::<32>();
        let frontier = Frontier::from_subtrees(self.size, hashes.0.to_vec()).filter(|_| hashes.1.is_empty());
        frontier.filter(|frontier| frontier.root() == self.root).ok_or(Damage::Head.anywhere())
    }

    /// Whether root and frontier are this tree's, whoever wrote them.
    pub(super) fn agrees_with(&self, tree: &Frontier) -> Result<(), JournalError> {
        let same = self.root == tree.root() && self.subtrees == tree.subtrees().as_flattened();
        if same { Ok(()) } else { Err(Damage::Head.anywhere()) }
    }

    /// The sums over the rows of folds; to be trusted once [`StoredHead::tree`] was given.
    pub(super) fn sums(&self) -> FoldSums {
        FoldSums::from_bytes(&self.fold_sums)
    }

    /// How many events it says there are, whether or not it can be trusted.
    pub(super) fn stated_size(&self) -> u64 {
        self.size
    }

    /// How many debts it says there are, if the device says so too.
    pub(super) fn waiting(&self, device_keys: &dyn DeviceKeys) -> Result<Waiting, JournalError> {
        let key = WaitingKey::of_session(device_keys, &self.salt)?;
        let expected = key.mac(self.size, &self.root, self.waiting);
        Ok(if same_bytes(&expected, &self.waiting_mac) { Waiting::Known(self.waiting) } else { Waiting::Unknown })
    }
}

/// What is to be written of the head beside its tree.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    /// The oldest generation of all rows.
    pub oldest: u32,
    /// Over the rows of folds.
    pub sums: &'a FoldSums,
    /// How many debts wait.
    pub waiting: u64,
    pub waiting_key: &'a WaitingKey,
}

/// Makes the first head.
pub(super) fn make(db: &Connection, keys: &Keys, beside: Beside<'_>) -> Result<(), JournalError> {
    db.execute("INSERT INTO head VALUES (1, 0, x'', x'', 0, 0, x'', x'', x'', 0, x'')", []).map_err(fault)?;
    write(db, keys, 0, &Frontier::default(), beside).map(drop)
}

/// Puts a head in the place of the one of `old_size`.
pub(super) fn write(
    db: &Connection,
    keys: &Keys,
    old_size: u64,
    tree: &Frontier,
    beside: Beside<'_>,
) -> Result<Hash, JournalError> {
    let Beside { oldest, sums, waiting, waiting_key } = beside;
    let sums = sums.to_bytes();
    let (size, root, subtrees) = (tree.size(), tree.root(), tree.subtrees().as_flattened());
    let mac = keys.head_mac(&covered(keys.generation(), size, &root, oldest, &sums, subtrees));
    let waiting_mac = waiting_key.mac(size, &root, waiting);
    let changed = db
        .prepare_cached(
            "UPDATE head SET size = ?1, root = ?2, frontier = ?3, key_generation = ?4, oldest_generation = ?5,
             fold_sums = ?6, subkey_salt = ?7, mac = ?8, waiting = ?9, waiting_mac = ?10 WHERE size = ?11",
        )
        .and_then(|mut update| {
            let (size, waiting, old_size) = (size as i64, waiting as i64, old_size as i64);
            let (generation, salt) = (keys.generation(), keys.session_salt());
            update.execute(params![
                size,
                root,
                subtrees,
                generation,
                oldest,
                sums,
                salt,
                mac,
                waiting,
                waiting_mac,
                old_size
            ])
        })
        .map_err(fault)?;
    if changed == 1 { Ok(root) } else { Err(Damage::Head.anywhere()) }
}

/// What the head's MAC covers.
fn covered(generation: u32, size: u64, root: &Hash, oldest: u32, sums: &[u8], subtrees: &[u8]) -> Vec<u8> {
    let length = (sums.len() as u32).to_be_bytes();
    place(generation, "head", size, &[root, &oldest.to_be_bytes(), &length, sums, subtrees])
}

/// The key for one session's number of debts. The device is asked for it once.
pub(super) struct WaitingKey(Secret<32>);

impl WaitingKey {
    /// Makes the device's key, where there is none.
    pub(super) fn made(device_keys: &dyn DeviceKeys, salt: &SessionSalt) -> Result<Self, JournalError> {
        match Self::of_session(device_keys, salt) {
            Err(JournalError::DeviceKeys(DeviceKeysFault::NotFound)) => {
                device_keys.create(WAITING_ALIAS, KeyKind::Mac)?;
                Self::of_session(device_keys, salt)
            }
            other => other,
        }
    }

    fn of_session(device_keys: &dyn DeviceKeys, salt: &SessionSalt) -> Result<Self, JournalError> {
        let made = device_keys.mac(WAITING_ALIAS, &[WAITING_CONTEXT, salt].concat())?;
        Ok(Self(Secret::from_slice(made.expose()).map_err(|_| DeviceKeysFault::Rejected)?))
    }

    fn mac(&self, size: u64, root: &Hash, waiting: u64) -> Hash {
        mac(&self.0, &place(0, "waiting", size, &[root, &waiting.to_be_bytes()]))
    }
}
