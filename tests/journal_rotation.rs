//! Another master key: everything is sealed anew, a few rows at a time, whatever ends the process in between.
//!
//! Killed at every point, and opened from a copy of the files as they were after every step, the journal verifies
//! and the work goes on to its end; then the new key alone opens everything, and the old one nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod journal_support;

use journal_support::*;
use taptill::journal::{Damage, Damaged, Journal, JournalError, Keyring, Resealed, SideWork};

/// Events before the key is changed.
const EVENTS: u64 = 9;

/// A journal with events of several attempts and two side rows.
fn filled(till: &Till) -> Journal {
    let mut journal = till.create();
    for number in 0..EVENTS {
        let side = match number {
            0 => store("card/A-0", b"card"),
            1 => keep("working-keys", b"keys"),
            _ => SideWork::None,
        };
        journal.append(draft("attempt.prepared", &format!("A-{number}")), side, at(1_000)).unwrap();
        if number == EVENTS / 2 {
            // Another session has other keys.
            journal.close().unwrap();
            journal = till.open();
        }
    }
    journal.acknowledge(3).unwrap();
    journal
}

fn both() -> Keyring {
    Keyring::new(2, master(2)).with_older(1, master(1))
}

fn new_alone() -> Keyring {
    Keyring::new(2, master(2))
}

/// Everything that the journal can be asked is answered as before.
fn is_whole(journal: &mut Journal, events: u64) {
    let report = journal.verify().unwrap();
    assert_eq!((report.size, report.side_rows), (events, 2));
    assert_eq!(journal.side_row("card/A-0").unwrap().unwrap().expose(), b"card");
    assert_eq!(journal.side_row("working-keys").unwrap().unwrap().expose(), b"keys");
    assert_eq!(journal.event(2).unwrap().unwrap().attempt.unwrap().as_str(), "A-1");
    assert_eq!(journal.row("attempts", "A-4").unwrap().unwrap(), b"1/attempt.prepared ");
    assert_eq!(journal.acknowledged(), Ok(3));
}

fn finish(journal: &mut Journal, rows: usize) -> usize {
    let mut steps = 1;
    while journal.reseal_step(rows).unwrap() == Resealed::More {
        assert!(journal.is_resealing());
        steps += 1;
        assert!(steps < 100, "it comes to an end");
    }
    assert!(!journal.is_resealing());
    assert_eq!(journal.reseal_step(rows), Ok(Resealed::Done), "done stays done");
    steps
}

/// No row says that it is sealed under an older key.
fn generations(till: &Till) -> Vec<i64> {
    let raw = till.raw();
    let select = "SELECT key_generation FROM event UNION SELECT key_generation FROM fold_row
                  UNION SELECT key_generation FROM side_key UNION SELECT key_generation FROM head
                  UNION SELECT oldest_generation FROM head";
    let mut select = raw.prepare(select).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn keys_refused() -> Option<JournalError> {
    Some(JournalError::Damaged(Damaged { sequence: None, damage: Damage::Keys }))
}

#[test]
fn after_the_last_step_the_new_key_opens_everything_and_the_old_one_nothing() {
    for rows in [1, 2, 7, 1_000] {
        let till = Till::new();
        let mut journal = filled(&till);
        let root = journal.head().root;
        journal.rotate(both()).unwrap();
        assert!(journal.is_resealing());
        is_whole(&mut journal, EVENTS);
        finish(&mut journal, rows);
        assert_eq!(generations(&till), [2]);
        is_whole(&mut journal, EVENTS);
        assert_eq!(journal.head().root, root, "the tree does not know its seals");
        journal.close().unwrap();

        let mut journal = till.try_open_with(new_alone(), folds()).unwrap();
        assert!(!journal.is_resealing());
        is_whole(&mut journal, EVENTS);
        journal.close().unwrap();
        assert_eq!(till.try_open_with(keyring(), folds()).err(), keys_refused());
        // A ring that still has the old key says so to nobody.
        assert!(!till.try_open_with(both(), folds()).unwrap().is_resealing());
    }
}

#[test]
fn the_till_works_on_while_rows_are_sealed_anew() {
    let till = Till::new();
    let mut journal = filled(&till);
    journal.rotate(both()).unwrap();
    let mut events = EVENTS;
    while journal.reseal_step(2).unwrap() == Resealed::More {
        // An old attempt goes on, a new one begins, and a secret is replaced.
        let keys = keep("working-keys", b"keys");
        journal.append(draft("attempt.approved", "A-0"), keys, at(1_000)).unwrap();
        append(&mut journal, "attempt.prepared", &format!("B-{events}"));
        events += 2;
        assert!(events < 200, "it comes to an end");
        is_whole(&mut journal, events);
    }
    journal.close().unwrap();
    let mut journal = till.try_open_with(new_alone(), folds()).unwrap();
    is_whole(&mut journal, events);
}

/// The vault's rows are durable before the journal hears of the new key; the process may end in between.
#[test]
fn a_ring_with_a_newer_key_than_the_record_takes_it_over() {
    let till = Till::new();
    filled(&till).close().unwrap();
    let mut journal = till.try_open_with(both(), folds()).unwrap();
    assert!(journal.is_resealing());
    is_whole(&mut journal, EVENTS);
    finish(&mut journal, 3);
    journal.close().unwrap();
    is_whole(&mut till.try_open_with(new_alone(), folds()).unwrap(), EVENTS);
}

#[test]
fn after_a_stop_at_any_point_it_goes_on_from_there() {
    let points = {
        let till = Till::new();
        let mut journal = filled(&till);
        till.plan.die_at(None);
        journal.rotate(both()).unwrap();
        finish(&mut journal, 4);
        till.plan.passed.lock().unwrap().clone()
    };
    assert!(points.starts_with(&["before journal.rotated".into(), "after journal.rotated".into()]));
    assert!(points.len() > 8, "{points:?}");
    for (visit, point) in points.iter().enumerate() {
        let till = Till::new();
        let mut journal = filled(&till);
        till.plan.die_at(Some(visit));
        let mut stopped = journal.rotate(both());
        while stopped.is_ok() {
            stopped = journal.reseal_step(4).map(drop);
        }
        assert_eq!(stopped, Err(JournalError::Stopped), "{point}");
        assert_eq!(journal.head().size, EVENTS);
        assert_eq!(journal.reseal_step(4), Err(JournalError::Stopped));
        drop(journal);
        till.plan.die_at(None);

        let mut journal = till.try_open_with(both(), folds()).unwrap();
        is_whole(&mut journal, EVENTS);
        append(&mut journal, "attempt.prepared", "C-1");
        finish(&mut journal, 4);
        journal.close().unwrap();
        assert_eq!(generations(&till), [2], "{point}");
        is_whole(&mut till.try_open_with(new_alone(), folds()).unwrap(), EVENTS + 1);
    }
}

/// The files as they are after each step, copied while the journal is open: what a power cut leaves.
#[test]
fn a_copy_of_the_files_at_any_step_goes_on_from_there() {
    let till = Till::new();
    let mut journal = filled(&till);
    journal.rotate(both()).unwrap();
    let mut steps = 0;
    loop {
        let copy = Till::new();
        for file in ["journal.db", "journal.db-wal"] {
            std::fs::copy(till.folder.path().join(file), copy.folder.path().join(file)).unwrap();
        }
        let mut cut = copy.try_open_with(both(), folds()).unwrap();
        is_whole(&mut cut, EVENTS);
        finish(&mut cut, 5);
        cut.close().unwrap();
        assert_eq!(generations(&copy), [2], "step {steps}");
        is_whole(&mut copy.try_open_with(new_alone(), folds()).unwrap(), EVENTS);
        if !journal.is_resealing() {
            break;
        }
        journal.reseal_step(1).unwrap();
        steps += 1;
    }
    assert!(steps > EVENTS, "{steps}");
}

#[test]
fn a_second_change_may_come_before_the_first_is_done() {
    let till = Till::new();
    let mut journal = filled(&till);
    journal.rotate(both()).unwrap();
    for _ in 0..6 {
        journal.reseal_step(3).unwrap();
    }
    let three = || both_older(Keyring::new(3, master(3)));
    journal.rotate(three()).unwrap();
    journal.reseal_step(3).unwrap();
    is_whole(&mut journal, EVENTS);
    journal.close().unwrap();
    let mut journal = till.try_open_with(three(), folds()).unwrap();
    finish(&mut journal, 3);
    journal.close().unwrap();
    assert_eq!(generations(&till), [3]);
    is_whole(&mut till.try_open_with(Keyring::new(3, master(3)), folds()).unwrap(), EVENTS);
}

fn both_older(ring: Keyring) -> Keyring {
    ring.with_older(2, master(2)).with_older(1, master(1))
}

#[test]
fn a_ring_that_lacks_a_key_or_goes_back_is_refused_and_changes_nothing() {
    let till = Till::new();
    let mut journal = filled(&till);
    assert_eq!(journal.rotate(new_alone()).err(), keys_refused(), "rows are under the old key");
    journal.rotate(both()).unwrap();
    assert_eq!(journal.rotate(keyring().with_older(2, master(2))).err(), keys_refused(), "back");
    assert_eq!(journal.rotate(Keyring::new(3, master(3)).with_older(2, master(2))).err(), keys_refused());
    is_whole(&mut journal, EVENTS);
    journal.close().unwrap();
    assert_eq!(till.try_open_with(new_alone(), folds()).err(), keys_refused(), "rows are left under the old key");
    finish(&mut till.try_open_with(both(), folds()).unwrap(), 3);
}
