//! Rows of the statement check, against reading the file: a million lines of a hundred thousand payments, each named
//! ten times.
//!
//! Each line is parsed, its payment is found in the journal by the host's reference number, opened and compared; nine of
//! ten are a difference, which is made and thrown away. The check is run as a till runs it, a few hundred lines at a
//! time, without the threads between. The peer reads the file and touches each byte.
//!
//! What the check holds is sampled after each handful of lines: the most of the whole against the most of its first
//! tenth. The journal is filled on a file system in memory where there is one.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::ids::AttemptId;
use taptill::journal::{Draft, Journal, LockedJournal, SideWork};
use taptill::settlement::statement::{Check, ColumnMap, CsvLines, Source, Terms};
use tempfile::TempDir;

use crate::allocations::held;
use crate::journal::{keyring, on_disk, ports};
use crate::measure::{Effort, Plan, Row, bytes_row, row};

const CHECK: Plan =
    Plan { name: "statement check of 1,000,000 lines", peer: "reading the file", bar: None, rounds: 1, calls: 1 };
const MEMORY: Plan = Plan {
    name: "memory of that check",
    peer: "the same after a tenth of the lines",
    bar: Some(1.1),
    rounds: 1,
    calls: 1,
};
const LINES_AT_ONCE: usize = 256;
const TIMES_NAMED: u64 = 10;

/// The check and its memory.
pub fn rows(effort: Effort) -> Vec<Row> {
    let payments = if effort == Effort::Full { 100_000 } else { 100 };
    let folder = TempDir::new_in("/dev/shm").unwrap_or_else(|_| on_disk());
    let journal = filled(folder.path(), payments);
    let file = folder.path().join("statement.csv");
    write(&file, payments);
    let began = Instant::now();
    let held = check(&journal, &file, payments * TIMES_NAMED);
    let ours = began.elapsed();
    let began = Instant::now();
    read(&file);
    let theirs = began.elapsed();
    vec![row(CHECK, 1, &[(ours, theirs)]), bytes_row(MEMORY, held.whole, held.first_tenth)]
}

/// The most that a check held.
struct Held {
    whole: u64,
    first_tenth: u64,
}

fn check(journal: &Journal, file: &Path, lines: u64) -> Held {
    let before = held();
    let mut most = Held { whole: 0, first_tenth: 0 };
    let mut reader = CsvLines::new(BufReader::new(File::open(file).expect("it was written")), ColumnMap::default());
    let terms = Terms { source: Source::Csv, terminal: "TERM0001".to_owned(), from: None, to: None };
    let mut check = Check::begin(journal, terms);
    let (mut taken, mut differences) = (0, 0);
    loop {
        let some: Vec<_> = reader.by_ref().take(LINES_AT_ONCE).map(|line| line.expect("it is right")).collect();
        taken += some.len() as u64;
        if some.is_empty() {
            break;
        }
        differences += check.take(journal, some).expect("nobody has touched it").len() as u64;
        let now = u64::try_from(held() - before).unwrap_or_default();
        most.whole = most.whole.max(now);
        if taken <= lines / 10 || most.first_tenth == 0 {
            most.first_tenth = most.whole;
        }
    }
    while let Some(found) = check.left(journal).expect("nobody has touched it") {
        differences += found.len() as u64;
    }
    assert_eq!((taken, differences), (lines, lines - lines / TIMES_NAMED), "each payment once, and then again");
    most
}

/// Reads every byte.
fn read(file: &Path) -> u64 {
    let mut file = File::open(file).expect("it was written");
    let mut buffer = vec![0; 64 << 10];
    let mut sum = 0;
    loop {
        let count = file.read(&mut buffer).expect("it is a file");
        if count == 0 {
            return sum;
        }
        sum += buffer[..count].iter().map(|byte| u64::from(*byte)).sum::<u64>();
    }
}

/// Each payment in turn, and the whole again and again, so that neighbours in the file are strangers in time.
fn write(path: &Path, payments: u64) {
    let mut file = BufWriter::new(File::create(path).expect("the folder takes files"));
    file.write_all(b"date,amount,currency,kind,rrn,stan,batch,card\n").expect("the disk has room");
    for line in 0..payments * TIMES_NAMED {
        let payment = line.wrapping_mul(48_271) % payments;
        let (rrn, stan) = (rrn(payment), stan(payment));
        writeln!(file, "2026-11-22,12.30,CNY,sale,{rrn},{stan},1,476173******0119").expect("the disk has room");
    }
    file.flush().expect("the disk has room");
}

fn rrn(payment: u64) -> String {
    format!("4326{payment:08}")
}

fn stan(payment: u64) -> u64 {
    payment % 989_999 + 1
}

/// A journal of so many approved payments.
fn filled(folder: &Path, payments: u64) -> Journal {
    let locked = LockedJournal::create(&folder.join("journal.db"), ports(folder)).expect("the folder is empty");
    let mut journal = locked.unlock(keyring(), taptill::till::folds()).map_err(|(_, error)| error).expect("it is new");
    append(&mut journal, "operator.signed_in", None, json!({ "role": "cashier" }));
    for payment in 0..payments {
        let attempt = AttemptId::new(format!("till-7-{payment:08}")).expect("letters, digits and hyphens");
        let stan = stan(payment);
        let doubt = json!({ "stan": stan, "batch": 1 });
        let answer = json!({ "host_code": "00", "auth_code": "A1B2C3", "rrn": rrn(payment), "host_time": null });
        append(&mut journal, "attempt.prepared", Some(&attempt), prepared(stan));
        append(&mut journal, "attempt.in_doubt", Some(&attempt), doubt);
        append(&mut journal, "attempt.approved", Some(&attempt), json!({ "answer": answer }));
    }
    journal
}

fn append(journal: &mut Journal, kind: &'static str, attempt: Option<&AttemptId>, body: Value) {
    let operator = Some("alice".to_owned());
    let draft = Draft { kind, v: 1, attempt: attempt.cloned(), operator, body, may_use_ballast: false };
    let now = Now { wall: WallMs(1_795_338_000_000), mono: MonoMs(1), boot: BootCount(1) };
    journal.append(draft, SideWork::None, now).expect("the disk has room");
}

fn prepared(stan: u64) -> Value {
    json!({
        "opening": { "amount": { "minor": 1_230, "currency": "CNY" }, "order": null, "host_day": "2026-11-22" },
        "stan": stan, "batch": 1, "local_date": "1122", "local_time": "170000",
        "transmission_date_time": "1122090000", "dialect": "00",
        "card": {
            "masked": "476173******0119", "aid": "A0000000031010", "label": "VISA", "kernel": 3, "atc": 1,
            "tvr": "0000000000", "cryptogram": "0102030405060708", "cryptogram_kind": "ARQC", "oda": "ok",
            "cvm": "none",
        },
    })
}
