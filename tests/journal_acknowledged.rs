//! What a reader has acknowledged: durable, refused by name, no event, and found when somebody edits it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod journal_support;

use journal_support::*;
use taptill::journal::{Damage, Damaged, Journal, JournalError};
use taptill::ports::Fate;

const DAMAGED: JournalError = JournalError::Damaged(Damaged { sequence: None, damage: Damage::Acknowledgement });

/// A till with this many events.
fn till_of(events: u64) -> (Till, Journal) {
    let till = Till::new();
    let mut journal = till.create();
    for number in 1..=events {
        append(&mut journal, "attempt.prepared", &format!("A-{number}"));
    }
    (till, journal)
}

fn sequences(journal: &Journal, after: u64, limit: usize) -> Vec<u64> {
    journal.events_after(after, limit).unwrap().iter().map(|event| event.sequence).collect()
}

#[test]
fn a_cursor_that_cannot_be_is_refused_by_name_and_changes_nothing() {
    let (_till, mut journal) = till_of(5);
    assert_eq!(journal.acknowledged(), Ok(0));
    journal.acknowledge(3).unwrap();
    for (cursor, refusal) in [
        (6, JournalError::CursorBeyondHead { last: 5 }),
        (u64::MAX, JournalError::CursorBeyondHead { last: 5 }),
        (1 << 63, JournalError::CursorBeyondHead { last: 5 }),
        (2, JournalError::CursorAcknowledgedAlready { acknowledged: 3 }),
        (0, JournalError::CursorAcknowledgedAlready { acknowledged: 3 }),
    ] {
        assert_eq!(journal.acknowledge(cursor), Err(refusal), "{cursor}");
        assert_eq!(journal.acknowledged(), Ok(3), "{cursor}");
    }
    for cursor in [6, u64::MAX, 1 << 63] {
        assert_eq!(journal.events_after(cursor, 1), Err(JournalError::CursorBeyondHead { last: 5 }), "{cursor}");
    }
    journal.acknowledge(3).unwrap();
    journal.acknowledge(5).unwrap();
    journal.verify().unwrap();
}

#[test]
fn a_page_begins_and_ends_where_it_is_asked_to() {
    let (till, mut journal) = till_of(40);
    for after in 0..=40 {
        for limit in [0, 1, 2, 7, 40, 41, 1000] {
            let expected: Vec<u64> = (after + 1..=40).take(limit).collect();
            assert_eq!(sequences(&journal, after, limit), expected, "{limit} after {after}");
        }
    }
    // Sealed in an earlier session they read the same.
    journal.close().unwrap();
    journal = till.open();
    append(&mut journal, "attempt.approved", "A-1");
    assert_eq!(sequences(&journal, 38, 9), [39, 40, 41]);
}

#[test]
fn it_outlives_the_session_and_the_journal_does_not_grow_by_it() {
    let (till, mut journal) = till_of(300);
    for round in 1..=3 {
        for cursor in (round - 1) * 100 + 1..=round * 100 {
            journal.acknowledge(cursor).unwrap();
        }
        journal.close().unwrap();
        journal = till.open();
        assert_eq!((journal.acknowledged(), journal.head().size), (Ok(round * 100), 300));
    }
    let raw = till.raw();
    let rows: i64 = raw.query_row("SELECT count(*) FROM meta", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2, "the wrapped key and one row");
    journal.verify().unwrap();
}

#[test]
fn after_a_stop_it_is_the_old_one_or_the_new_one() {
    for (fate, refusal) in [(Fate::Die, JournalError::Stopped), (Fate::SyncFailed, JournalError::SyncFailed)] {
        for (point, left) in [("before events.acknowledged", 2), ("after events.acknowledged", 4)] {
            let (till, mut journal) = till_of(5);
            journal.acknowledge(2).unwrap();
            till.plan.set(Some((point, fate)));
            assert_eq!(journal.acknowledge(4), Err(refusal.clone()), "{point}");
            assert_eq!(journal.acknowledged(), Err(refusal.clone()), "{point}");
            assert_eq!(journal.events_after(0, 1), Err(refusal.clone()), "{point}");
            drop(journal);
            till.plan.set(None);
            let mut journal = till.open();
            assert_eq!(journal.acknowledged(), Ok(left), "{point}");
            journal.verify().unwrap();
        }
    }
}

#[test]
fn on_a_full_disk_nothing_is_acknowledged_and_the_journal_goes_on() {
    let (till, mut journal) = till_of(5);
    till.plan.set(Some(("before events.acknowledged", Fate::DiskFull)));
    assert_eq!(journal.acknowledge(4), Err(JournalError::DiskFull));
    assert_eq!(journal.acknowledged(), Ok(0));
    till.plan.set(None);
    append(&mut journal, "attempt.approved", "A-1");
    journal.acknowledge(6).unwrap();
    journal.verify().unwrap();
}

fn row(till: &Till) -> Vec<u8> {
    till.raw().query_row("SELECT value FROM meta WHERE name = 'acknowledged'", [], |row| row.get(0)).unwrap()
}

fn put(till: &Till, value: &[u8]) {
    let changed = till.raw().execute("UPDATE meta SET value = ?1 WHERE name = 'acknowledged'", [value]).unwrap();
    assert_eq!(changed, 1);
}

#[test]
fn an_edited_acknowledgement_is_found_by_who_reads_it_and_by_verify() {
    let (till, mut journal) = till_of(5);
    journal.acknowledge(2).unwrap();
    journal.close().unwrap();
    let written = row(&till);
    let mut forgeries: Vec<Vec<u8>> = (0..written.len() * 8)
        .map(|bit| {
            let mut flipped = written.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        })
        .collect();
    forgeries.extend((0..written.len()).map(|length| written[..length].to_vec()));
    forgeries.push([written.as_slice(), &[0]].concat());
    for forged in forgeries {
        put(&till, &forged);
        assert_eq!(till.inspect(), Err(DAMAGED), "{forged:02x?}");
    }
    // The till opens all the same: what it owes goes on.
    let mut journal = till.open();
    assert_eq!(journal.acknowledged(), Err(DAMAGED));
    assert_eq!(journal.acknowledge(4), Err(DAMAGED));
    append(&mut journal, "attempt.approved", "A-1");
    drop(journal);
    put(&till, &written);
    assert!(till.inspect().is_ok(), "the control: what was written verifies");
}

/// Each of these is stated in the module: the events are told again, and nobody misses one.
#[test]
fn an_older_one_put_back_or_none_at_all_tells_events_again() {
    let (till, mut journal) = till_of(5);
    journal.acknowledge(2).unwrap();
    let older = row(&till);
    journal.acknowledge(5).unwrap();
    journal.close().unwrap();
    put(&till, &older);
    assert_eq!(till.open().acknowledged(), Ok(2));
    till.raw().execute("DELETE FROM meta WHERE name = 'acknowledged'", []).unwrap();
    assert!(till.inspect().is_ok());
    assert_eq!(till.open().acknowledged(), Ok(0));
}

/// A till's row in a till of fewer events: its key is another one. The same till's later row is beyond its head.
#[test]
fn an_acknowledgement_of_what_has_not_happened_is_damage() {
    let (till, mut journal) = till_of(3);
    journal.close().unwrap();
    let early = std::fs::read(till.path()).unwrap();
    journal = till.open();
    append(&mut journal, "attempt.approved", "A-1");
    journal.acknowledge(4).unwrap();
    journal.close().unwrap();
    let late = row(&till);
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(till.folder.path().join(format!("journal.db{ending}")));
    }
    std::fs::write(till.path(), early).unwrap();
    assert!(till.inspect().is_ok(), "the control: the early file verifies");
    till.raw().execute("INSERT INTO meta (name, value) VALUES ('acknowledged', ?1)", [late]).unwrap();
    assert_eq!(till.inspect(), Err(DAMAGED));
}

#[test]
fn a_page_names_the_damage_in_it_and_not_what_is_elsewhere() {
    let damage = |sequence, damage| Err(JournalError::Damaged(Damaged { sequence: Some(sequence), damage }));
    for (what, statement, found) in [
        ("deleted", "DELETE FROM event WHERE seq = 12", damage(12, Damage::Missing)),
        ("edited", "UPDATE event SET sealed = zeroblob(99) WHERE seq = 13", damage(13, Damage::Seal)),
        ("cut off", "DELETE FROM event WHERE seq > 13", damage(14, Damage::TailMissing)),
        ("elsewhere", "UPDATE event SET sealed = zeroblob(99) WHERE seq = 3", Ok(5)),
    ] {
        let (till, journal) = till_of(20);
        journal.close().unwrap();
        let journal = till.open();
        till.raw().execute(statement, []).unwrap();
        assert_eq!(journal.events_after(10, 5).map(|events| events.len()), found, "{what}");
    }
}
