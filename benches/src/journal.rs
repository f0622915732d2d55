//! Rows of the journal, against SQLite without sealing, tree and projections on the same disk.
//!
//! The append is of events as a sale writes them, three to an attempt, with a fold that keeps one indexed row an
//! attempt; the peer inserts the very same bytes, durably, and nothing else. The scan opens each event's seal, which
//! holds bytes, place, past and leaf hash together, grows the tree anew, compares its stored nodes and the head, and
//! gives the events out; the peer reads the same bytes in order and checks nothing. On both sides each event comes
//! into memory of its own and each byte is read.
//!
//! Databases lie beside the build's own files, never on a file system in memory.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};
use serde_json::json;
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::ids::AttemptId;
use taptill::journal::{Draft, Event, Fold, FoldError, Journal, JournalPorts, Keyring, LockedJournal, Rows, SideWork};
use taptill::ports::NoFaults;
use taptill::secret::Secret;
use taptill_sandbox::desktop::{FolderDeviceKeys, RingEntropy};
use tempfile::TempDir;

use crate::measure::{Effort, Plan, Row, against};

const APPEND: Plan = Plan {
    name: "journal append, durable, with projection",
    peer: "plain SQLite insert (WAL, FULL, warm)",
    bar: Some(1.5),
    rounds: 31,
    calls: 100,
};
const APPEND_AND_DISK: Plan = Plan { peer: "bare write and fdatasync", bar: None, ..APPEND };
const SCAN: Plan = Plan {
    name: "verified scan of 10,000 records",
    peer: "plain SQLite scan of the same bytes",
    bar: Some(3.0),
    rounds: 31,
    calls: 1,
};
const RECORDS: u64 = 10_000;
const RECORDS_ONCE: u64 = 100;

/// Append and scan.
pub fn rows(effort: Effort) -> Vec<Row> {
    let folder = on_disk();
    let mut ours = Ours::in_folder(folder.path());
    let records = if effort == Effort::Full { RECORDS } else { RECORDS_ONCE };
    let mut fill = Plain::in_folder(folder.path(), "filled");
    for _ in 0..records {
        ours.append();
    }
    fill.copy(&ours.journal);
    let scan = against(effort, SCAN, || ours.scan(), || fill.scan());

    let mut events = ours.last_events().into_iter().cycle();
    let mut plain = Plain::in_folder(folder.path(), "plain");
    let mut file = File::create(folder.path().join("bare")).expect("the folder takes files");
    let mut next = || events.next().expect("a cycle has no end");
    let append = against(effort, APPEND, || ours.append(), || plain.insert(&next()));
    let bare = || {
        file.write_all(&next()).expect("the disk has room");
        file.sync_data().expect("the disk syncs");
    };
    let append_and_disk = against(effort, APPEND_AND_DISK, || ours.append(), bare);
    vec![append, append_and_disk, scan]
}

/// A folder on the disk that holds the build.
pub fn on_disk() -> TempDir {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    TempDir::new_in(target).expect("the build's folder is there")
}

/// A journal with one fold.
pub struct Ours {
    journal: Journal,
    appended: u64,
}

impl Ours {
    /// A new one.
    pub fn in_folder(folder: &Path) -> Self {
        let locked = LockedJournal::create(&folder.join("journal.db"), ports(folder)).expect("the folder is empty");
        let journal = locked.unlock(keyring(), vec![Box::new(Attempts)]);
        Self { journal: journal.map_err(|(_, error)| error).expect("it is new"), appended: 0 }
    }

    /// The next event of the next sale.
    pub fn append(&mut self) -> u64 {
        let (attempt, step) = (self.appended / 3, self.appended % 3);
        self.appended += 1;
        let stan = attempt % 989_999 + 1;
        let (kind, body) = match step {
            0 => ("attempt.prepared", prepared(stan)),
            1 => ("attempt.in_doubt", json!({ "stan": stan, "batch": 1 })),
            _ => ("attempt.approved", approved()),
        };
        let attempt = Some(AttemptId::new(format!("till-7-{attempt:08}")).expect("letters, digits and hyphens"));
        let draft = Draft { kind, v: 1, attempt, operator: None, body, may_use_ballast: false };
        let now = Now { wall: WallMs(1_800_000_000_000), mono: MonoMs(self.appended), boot: BootCount(1) };
        self.journal.append(draft, SideWork::None, now).expect("the disk has room").sequence
    }

    /// Closes it.
    pub fn close(self) {
        self.journal.close().expect("the disk has room");
    }

    fn scan(&self) -> u64 {
        let mut sum = 0;
        let scanned = self.journal.scan(&mut |_, bytes| {
            sum += touch(bytes);
            Ok(())
        });
        scanned.expect("nobody has touched it");
        sum
    }

    /// The bytes of the last attempt's three.
    fn last_events(&self) -> [Vec<u8>; 3] {
        [2, 1, 0].map(|back| {
            let record = self.journal.record_with_proof(self.appended - back).expect("nobody has touched it");
            record.expect("it was just appended").bytes
        })
    }
}

/// What the journals of this table borrow; their device keys lie beside them.
pub fn ports(folder: &Path) -> JournalPorts {
    let device_keys = FolderDeviceKeys::open(&folder.join("device")).expect("the folder takes keys");
    JournalPorts {
        device_keys: Arc::new(device_keys),
        entropy: Arc::new(RingEntropy::default()),
        faults: Arc::new(NoFaults),
    }
}

/// Their one key.
pub fn keyring() -> Keyring {
    Keyring::new(1, Secret::from_fn(|key| key.fill(7)))
}

/// What the first event of a sale says, in its length and shape, with the side row's hash that stands beside it.
fn prepared(stan: u64) -> serde_json::Value {
    json!({
        "opening": { "amount": { "minor": 1250, "currency": "CNY" }, "order": null, "host_day": "2026-11-22" },
        "stan": stan, "batch": 1, "local_date": "1122", "local_time": "101530",
        "transmission_date_time": "1122021530", "dialect": "5f".repeat(32),
        "card": { "masked": "476173******0119", "aid": "A0000000031010", "label": "VISA CREDIT", "kernel": 3,
            "atc": 17, "tvr": "0000000000", "cryptogram": "0123456789ABCDEF", "cryptogram_kind": "arqc",
            "oda": "performed", "cvm": "none" },
        "stored": "c3".repeat(32),
    })
}

/// What the last one says.
fn approved() -> serde_json::Value {
    let answer = json!({ "host_code": "00", "auth_code": "123456", "rrn": "326612345678", "host_time": "1122101530" });
    json!({ "answer": answer, "destroyed": "c3".repeat(32) })
}

/// The state of each attempt, looked up by state; those in doubt wait.
pub struct Attempts;

impl Fold for Attempts {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        let attempt = event.attempt.as_ref().expect("each event here has one");
        let mut history = rows.get(attempt.as_str())?.unwrap_or_default();
        history.extend_from_slice(event.kind.as_bytes());
        Ok(rows.put(attempt.as_str(), &history, &[("state", &event.kind)])?)
    }

    fn waiting(&self) -> Vec<(&'static str, &'static str)> {
        ["attempt.in_doubt", "attempt.reversal_due", "attempt.reversal_sent"].map(|kind| ("state", kind)).to_vec()
    }
}

/// A table of numbered bytes in a database that is written as durably as the journal's.
pub struct Plain {
    db: Connection,
}

impl Plain {
    /// A new one, warm: its log is there and has been written before.
    pub fn in_folder(folder: &Path, name: &str) -> Self {
        let db = Connection::open(folder.join(name)).expect("the folder takes files");
        db.pragma_update(None, "journal_mode", "WAL").expect("the file is there");
        db.pragma_update(None, "synchronous", "FULL").expect("it is a setting");
        db.execute_batch("CREATE TABLE event (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT").expect("new");
        let mut plain = Self { db };
        plain.insert(b"warm");
        plain.db.execute("DELETE FROM event", []).expect("it has the table");
        plain
    }

    /// One durable insert.
    pub fn insert(&mut self, bytes: &[u8]) {
        let mut insert = self.db.prepare_cached("INSERT INTO event (bytes) VALUES (?1)").expect("it has the table");
        insert.execute([bytes]).expect("the disk has room");
    }

    /// One durable insert of as much as an event of a sale has.
    pub fn insert_event(&mut self) {
        // About the middle of a sale's three.
        self.insert(&[0x5a; 400]);
    }

    /// Moves the write-ahead log into the database and makes it empty.
    pub fn empty_log(&mut self) {
        let busy: i64 = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).expect("it is warm");
        assert_eq!(busy, 0, "nobody else reads it");
    }

    /// Takes over the events of a journal.
    fn copy(&mut self, journal: &Journal) {
        let transaction = self.db.transaction().expect("nobody else writes");
        let copied = journal.scan(&mut |sequence, bytes| {
            let mut insert = transaction.prepare_cached("INSERT INTO event VALUES (?1, ?2)").expect("it has the table");
            insert.execute(params![sequence as i64, bytes]).expect("the disk has room");
            Ok(())
        });
        copied.expect("nobody has touched it");
        transaction.commit().expect("the disk has room");
    }

    fn scan(&self) -> u64 {
        let mut select = self.db.prepare_cached("SELECT seq, bytes FROM event ORDER BY seq").expect("it has the table");
        let mut rows = select.query([]).expect("it takes no parameters");
        let mut sum = 0;
        while let Some(row) = rows.next().expect("nobody has touched it") {
            let _sequence: i64 = row.get(0).expect("a number");
            let bytes: Vec<u8> = row.get(1).expect("bytes");
            sum += touch(&bytes);
        }
        sum
    }
}

/// Reads every byte.
fn touch(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum()
}
