//! Side rows: a secret beside an event is read back while it is needed, and gone from the files when it is not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod journal_support;

use journal_support::*;
use rusqlite::Connection;
use taptill::journal::{Journal, Side, SideWork};

/// Every byte of the database and its write-ahead log.
fn files(till: &Till) -> Vec<u8> {
    let wal = till.folder.path().join("journal.db-wal");
    [std::fs::read(till.path()).unwrap(), std::fs::read(wal).unwrap_or_default()].concat()
}

/// What is stored of the only side row: both ends of its sealed payload (pages part it), its salt, its sealed key.
fn traces(till: &Till) -> Vec<Vec<u8>> {
    let query = "SELECT substr(r.sealed, 1, 24), substr(r.sealed, -24), r.name_salt, k.sealed
        FROM side_row r JOIN side_key k USING (tag)";
    let raw = Connection::open(till.path()).unwrap();
    raw.query_row(query, [], |row| (0..4).map(|column| row.get(column)).collect()).unwrap()
}

fn found(till: &Till, traces: &[Vec<u8>]) -> Vec<bool> {
    let bytes = files(till);
    traces.iter().map(|trace| bytes.windows(trace.len()).any(|window| window == trace)).collect()
}

fn payload() -> Vec<u8> {
    // Longer than a page, so that overflow pages are looked at too.
    (0..6000).map(|byte| byte as u8).collect()
}

fn with_side_row(till: &Till) -> Journal {
    let mut journal = till.create();
    journal.append(draft("attempt.prepared", "A-1"), store("card/A-1", &payload()), at(1_000)).unwrap();
    journal
}

#[test]
fn a_destroyed_row_and_its_key_are_gone_from_the_files() {
    let till = Till::new();
    let mut journal = with_side_row(&till);
    assert_eq!(journal.side_row("card/A-1").unwrap().unwrap().expose(), payload());
    assert!(journal.side_row("card/A-2").unwrap().is_none());
    journal.verify().unwrap();
    let traces = traces(&till);
    assert_eq!(found(&till, &traces), [true; 4], "the control: they are found while they are needed");

    journal.append(draft("attempt.approved", "A-1"), destroy("card/A-1"), at(2_000)).unwrap();
    assert!(journal.is_untidy());
    journal.tidy();
    assert!(!journal.is_untidy());
    assert_eq!(found(&till, &traces), [false; 4]);
    assert!(journal.side_row("card/A-1").unwrap().is_none());
    let Some(Side::Stored(stored)) = journal.event(1).unwrap().unwrap().side else { panic!("event 1 stored a row") };
    assert_eq!(journal.event(2).unwrap().unwrap().side, Some(Side::Destroyed(stored)));
    assert_eq!(journal.verify().unwrap().side_rows, 0);
}

#[test]
fn what_a_crash_leaves_in_the_log_goes_at_the_next_opening() {
    let till = Till::new();
    let mut journal = with_side_row(&till);
    let traces = traces(&till);
    // Another program that reads keeps the log from being emptied, and then the till crashes.
    let reader = Connection::open(till.path()).unwrap();
    let reading = reader.unchecked_transaction().unwrap();
    reading.query_row("SELECT count(*) FROM event", [], |_| Ok(())).unwrap();
    till.plan.set(Some(("after attempt.approved", taptill::ports::Fate::Die)));
    journal.append(draft("attempt.approved", "A-1"), destroy("card/A-1"), at(2_000)).unwrap_err();
    drop(journal);
    assert!(found(&till, &traces).contains(&true), "the control: the log still has them");
    drop(reading);
    drop(reader);

    till.plan.set(None);
    let mut journal = till.open();
    assert_eq!(found(&till, &traces), [false; 4]);
    assert_eq!(journal.verify().unwrap().size, 2);
}

#[test]
fn a_kept_secret_takes_the_place_of_the_old_one_whose_key_is_gone() {
    let till = Till::new();
    let mut journal = till.create();
    let mut hashes = Vec::new();
    let mut old_traces = Vec::new();
    for keys in [b"first keys", b"second key"] {
        let recorded = journal.append(draft("host.signed_on", "A-1"), keep("working-keys", keys), at(1_000)).unwrap();
        hashes.push(journal.event(recorded.sequence).unwrap().unwrap().side);
        journal.tidy();
        let new_traces = traces(&till);
        assert_eq!(found(&till, &new_traces), [true; 4]);
        // The name's salt stays, so that both events name the same row.
        assert_eq!(found(&till, &old_traces), [false, false, true, false][..old_traces.len()]);
        old_traces = new_traces;
        journal.close().unwrap();
        journal = till.open();
        assert_eq!(journal.side_row("working-keys").unwrap().unwrap().expose(), keys);
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(journal.verify().unwrap().side_rows, 1);
}

#[test]
fn destroying_what_is_not_there_is_done_already() {
    let till = Till::new();
    let mut journal = till.create();
    journal.append(draft("attempt.not_sent", "A-1"), destroy("card/A-1"), at(1_000)).unwrap();
    assert_eq!(journal.event(1).unwrap().unwrap().side, None);
    journal.append(draft("attempt.prepared", "A-2"), SideWork::None, at(1_000)).unwrap();
    journal.verify().unwrap();
}
