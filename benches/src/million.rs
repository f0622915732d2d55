//! Rows of a long journal, against a short one: what must not grow with the years.
//!
//! Opening is all that a till does before its first page of payments is on the screen: the till's lock, the database,
//! the keys, the head with its frontier, the newest events, and the newest fifty rows; then it is closed. A proof is
//! of an event drawn from all over the journal, with the event's bytes, checked before it is given.
//!
//! A million durable appends would take the better part of an hour, so the journals are filled on a file system in
//! memory where there is one, and then copied to the disk on which they are measured.

use std::path::{Path, PathBuf};

use taptill::journal::{Journal, LockedJournal, Page};
use tempfile::TempDir;

use crate::journal::{Attempts, Ours, keyring, on_disk, ports};
use crate::measure::{Effort, Plan, Row, against};

const OPEN: Plan = Plan {
    name: "open and first page at 1,000,000 records",
    peer: "the same at 1,000",
    bar: Some(1.2),
    rounds: 31,
    calls: 20,
};
const PROOF: Plan = Plan {
    name: "proof of one event among 1,000,000",
    peer: "the same among 1,000",
    bar: Some(4.0),
    rounds: 31,
    calls: 200,
};
const FIRST_PAGE: usize = 50;

/// Opening and proving.
pub fn rows(effort: Effort) -> Vec<Row> {
    let (many, few) = if effort == Effort::Full { (1_000_000, 1_000) } else { (200, 100) };
    let (many, few) = (Filled::with(many), Filled::with(few));
    let open = against(effort, OPEN, || many.open_and_show(), || few.open_and_show());
    let (mut of_many, mut of_few) = (Proofs::of(&many), Proofs::of(&few));
    let proof = against(effort, PROOF, || of_many.next(), || of_few.next());
    vec![open, proof]
}

/// A closed journal on the disk.
struct Filled {
    folder: TempDir,
    records: u64,
}

impl Filled {
    fn with(records: u64) -> Self {
        let place = in_memory();
        let mut ours = Ours::in_folder(place.path());
        for _ in 0..records {
            ours.append();
        }
        ours.close();
        let folder = on_disk();
        copy(place.path(), folder.path());
        Self { folder, records }
    }

    fn open(&self) -> Journal {
        let locked = LockedJournal::open(&self.folder.path().join("journal.db"), ports(self.folder.path()));
        let unlocked = locked.expect("it was closed").unlock(keyring(), vec![Box::new(Attempts)]);
        unlocked.map_err(|(_, error)| error).expect("nobody has touched it")
    }

    fn open_and_show(&self) -> usize {
        let journal = self.open();
        let page = journal.rows_newest("attempts", Page { limit: FIRST_PAGE, after: None });
        page.expect("nobody has touched it").rows.len()
    }
}

/// Proofs of events from all over a journal.
struct Proofs {
    journal: Journal,
    records: u64,
    drawn: u64,
}

impl Proofs {
    fn of(filled: &Filled) -> Self {
        Self { journal: filled.open(), records: filled.records, drawn: 1 }
    }

    fn next(&mut self) -> usize {
        self.drawn = self.drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let sequence = (self.drawn >> 33) % self.records + 1;
        let record = self.journal.record_with_proof(sequence).expect("nobody has touched it");
        record.expect("the journal is as long").proof.len()
    }
}

fn in_memory() -> TempDir {
    TempDir::new_in("/dev/shm").unwrap_or_else(|_| on_disk())
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("the folder is there").map(|entry| entry.expect("it can be read")) {
        let (from, to): (PathBuf, PathBuf) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            std::fs::create_dir(&to).expect("the disk has room");
            copy_permissions(&from, &to);
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("the disk has room");
        }
    }
}

/// A folder of keys that others can read is refused.
fn copy_permissions(from: &Path, to: &Path) {
    let permissions = std::fs::metadata(from).expect("it is there").permissions();
    std::fs::set_permissions(to, permissions).expect("it is ours");
}
