//! A locked journal: what can be read and changed without a key, and that nothing else can.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod journal_support;

use journal_support::*;
use rusqlite::types::Value;
use taptill::journal::{Damage, Damaged, JournalError, LockedJournal, PlainChange, PlainRows, SideWork, Waiting};
use taptill::ports::{DeviceKeysFault, Fate};

fn set(name: &str, value: &[u8]) -> PlainChange {
    PlainChange { name: name.into(), value: Some(value.to_vec()) }
}

fn unset(name: &str) -> PlainChange {
    PlainChange { name: name.into(), value: None }
}

fn names(rows: &dyn PlainRows, prefix: &str) -> Vec<String> {
    rows.plains(prefix).unwrap().into_iter().map(|(name, _)| name).collect()
}

fn locked(till: &Till) -> LockedJournal {
    LockedJournal::open(&till.path(), till.ports()).unwrap()
}

#[test]
fn plain_rows_are_the_same_locked_and_unlocked_and_all_of_a_change_is_there_or_none() {
    let till = Till::new();
    let mut before = LockedJournal::create(&till.path(), till.ports()).unwrap();
    before.change_plain(&[set("a/2", b"two"), set("a/1", b"one"), set("b", b"b"), set("a", b"a")]).unwrap();
    before.change_plain(&[set("a/1", b"uno"), unset("b"), unset("never there")]).unwrap();
    assert_eq!(names(&before, "a/"), ["a/1", "a/2"]);
    assert_eq!(names(&before, ""), ["a", "a/1", "a/2"]);

    let mut journal = before.unlock(keyring(), folds()).map_err(|(_, error)| error).unwrap();
    assert_eq!(journal.plain("a/1").unwrap().as_deref(), Some(&b"uno"[..]));
    assert_eq!(journal.plain("b").unwrap(), None);
    journal.change_plain(&[set("c", b"c")]).unwrap();
    let event = || draft("attempt.prepared", "A-1");
    journal.append_with(event(), SideWork::None, vec![set("d", b"d"), unset("c")], at(1_000)).unwrap();
    // An event that is refused takes its plain rows with it.
    let refused = draft("attempt.refused_by_fold", "A-1");
    journal.append_with(refused, SideWork::None, vec![set("e", b"e"), unset("d")], at(1_000)).unwrap_err();
    assert_eq!(names(&journal, ""), ["a", "a/1", "a/2", "d"]);

    let again = journal.lock().unwrap();
    assert_eq!(names(&again, ""), ["a", "a/1", "a/2", "d"]);
    assert_eq!(till.try_open().err(), Some(JournalError::OpenElsewhere), "locking keeps the till's lock");
    let mut journal = again.unlock(keyring(), folds()).map_err(|(_, error)| error).unwrap();
    assert_eq!(journal.verify().unwrap().size, 1);
}

/// What was replaced or removed is in no file afterwards, and what was set is there before `change_plain` returns.
#[test]
fn a_replaced_plain_row_is_gone_from_the_files() {
    let till = Till::new();
    let mut rows = LockedJournal::create(&till.path(), till.ports()).unwrap();
    rows.change_plain(&[set("slot/1", b"NEEDLE-OLD"), set("slot/2", b"NEEDLE-OLD")]).unwrap();
    assert!(in_files(&till, "NEEDLE-OLD"));
    rows.change_plain(&[set("slot/1", b"NEEDLE-NEW"), unset("slot/2")]).unwrap();
    assert!(in_files(&till, "NEEDLE-NEW"));
    assert!(!in_files(&till, "NEEDLE-OLD"));
    let mut journal = rows.unlock(keyring(), folds()).map_err(|(_, error)| error).unwrap();
    let change = vec![set("slot/1", b"NEEDLE-3")];
    journal.append_with(draft("attempt.prepared", "A-1"), SideWork::None, change, at(1_000)).unwrap();
    journal.tidy();
    assert!(!in_files(&till, "NEEDLE-NEW"));
}

fn in_files(till: &Till, needle: &str) -> bool {
    let files = std::fs::read_dir(till.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let bytes: Vec<u8> = files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect();
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn a_journal_that_does_not_unlock_is_given_back_locked_and_unlocks_with_its_own_key() {
    let till = Till::new();
    let mut journal = till.create();
    append(&mut journal, "attempt.prepared", "A-1");
    let mut rows = journal.lock().unwrap();
    rows.change_plain(&[set("a", b"a")]).unwrap();
    let (mut back, error) = rows.unlock(taptill::journal::Keyring::new(1, master(2)), folds()).err().unwrap();
    assert_eq!(error, JournalError::Damaged(Damaged { sequence: None, damage: Damage::Keys }));
    assert_eq!(back.plain("a").unwrap().as_deref(), Some(&b"a"[..]));
    back.change_plain(&[unset("a")]).unwrap();
    let mut journal = back.unlock(keyring(), folds()).map_err(|(_, error)| error).unwrap();
    assert_eq!(journal.verify().unwrap().size, 1);
}

#[test]
fn after_a_stop_at_a_change_everything_is_refused_until_it_is_opened_again() {
    for (fate, refusal) in [(Fate::Die, JournalError::Stopped), (Fate::SyncFailed, JournalError::SyncFailed)] {
        for (point, is_there) in [("before plain.changed", false), ("after plain.changed", true)] {
            let till = Till::new();
            let mut rows = LockedJournal::create(&till.path(), till.ports()).unwrap();
            till.plan.set(Some((point, fate)));
            assert_eq!(rows.change_plain(&[set("a", b"a")]), Err(refusal.clone()));
            till.plan.set(None);
            assert_eq!(rows.change_plain(&[set("a", b"a")]), Err(refusal.clone()));
            assert_eq!(rows.plain("a"), Err(refusal.clone()));
            drop(rows);
            assert_eq!(locked(&till).plain("a").unwrap().is_some(), is_there, "{point}");
        }
    }
}

#[test]
fn an_emptied_record_is_not_taken_for_a_new_one() {
    let emptied = [
        "DELETE FROM head",
        "DELETE FROM meta WHERE name = 'look_up'",
        "DELETE FROM head; DELETE FROM event",
        "DELETE FROM meta; DELETE FROM event",
        "DELETE FROM head; DELETE FROM meta",
    ];
    for sql in emptied {
        let till = Till::new();
        let mut journal = till.create();
        append(&mut journal, "attempt.prepared", "A-1");
        journal.close().unwrap();
        till.raw().execute_batch(sql).unwrap();
        assert!(matches!(till.try_open().err(), Some(JournalError::Damaged(_))), "{sql}");
    }
}

#[test]
fn the_number_of_debts_that_wait_is_told_while_locked() {
    let till = Till::new();
    let mut rows = LockedJournal::create(&till.path(), till.ports()).unwrap();
    assert_eq!(waiting(&till, &rows), Ok(Waiting::Unknown), "nobody has counted");
    let steps = [
        ("attempt.prepared", "A-1", 0),
        ("attempt.in_doubt", "A-1", 1),
        ("attempt.in_doubt", "A-2", 2),
        ("attempt.reversal_due", "A-1", 2),
        ("attempt.approved", "A-2", 1),
        ("attempt.reversed", "A-1", 0),
    ];
    for (kind, attempt, expected) in steps {
        let mut journal = rows.unlock(keyring(), folds()).map_err(|(_, error)| error).unwrap();
        append(&mut journal, kind, attempt);
        rows = journal.lock().unwrap();
        assert_eq!(waiting(&till, &rows), Ok(Waiting::Known(expected)), "{kind} {attempt}");
    }
}

fn waiting(till: &Till, rows: &LockedJournal) -> Result<Waiting, JournalError> {
    rows.waiting(&*till.ports().device_keys)
}

/// A process that ends without locking leaves the number as right as one that locks.
#[test]
fn the_number_is_that_of_the_last_event_however_the_process_ends() {
    let till = Till::new();
    let mut journal = till.create();
    append(&mut journal, "attempt.in_doubt", "A-1");
    till.plan.set(Some(("after attempt.reversed", Fate::Die)));
    journal.append(draft("attempt.reversed", "A-1"), SideWork::None, at(1_000)).unwrap_err();
    drop(journal);
    till.plan.set(None);
    assert_eq!(waiting(&till, &locked(&till)), Ok(Waiting::Known(0)));
}

#[test]
fn a_number_that_was_edited_or_put_back_is_unknown_and_never_none() {
    let till = Till::new();
    let mut journal = till.create();
    append(&mut journal, "attempt.prepared", "A-1");
    journal.close().unwrap();
    let of_none: (Value, Value) = till
        .raw()
        .query_row("SELECT waiting, waiting_mac FROM head", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let mut journal = till.open();
    append(&mut journal, "attempt.in_doubt", "A-1");
    journal.close().unwrap();
    let good = std::fs::read(till.path()).unwrap();

    let edits = [
        "UPDATE head SET waiting = 0",
        "UPDATE head SET waiting = -1",
        "UPDATE head SET waiting_mac = zeroblob(32)",
        "UPDATE head SET waiting_mac = x''",
        "UPDATE head SET size = 1",
        "UPDATE head SET root = zeroblob(32)",
        "UPDATE head SET subkey_salt = zeroblob(16)",
        "DELETE FROM head",
        "DELETE FROM event WHERE seq = 2",
    ];
    for sql in edits {
        till.raw().execute_batch(sql).unwrap();
        assert_eq!(waiting(&till, &locked(&till)), Ok(Waiting::Unknown), "{sql}");
        std::fs::write(till.path(), &good).unwrap();
    }
    till.raw()
        .execute("UPDATE head SET waiting = ?1, waiting_mac = ?2", rusqlite::params![of_none.0, of_none.1])
        .unwrap();
    assert_eq!(waiting(&till, &locked(&till)), Ok(Waiting::Unknown), "an older number put back");
    // Who unlocks it counts anew.
    drop(till.open());
    assert_eq!(waiting(&till, &locked(&till)), Ok(Waiting::Known(1)));
    std::fs::write(till.path(), &good).unwrap();
    assert_eq!(waiting(&till, &locked(&till)), Ok(Waiting::Known(1)), "the control: nobody touched it");

    // Another device's word is worth nothing, and no device's none.
    let keys = till.ports().device_keys;
    keys.destroy("journal.waiting").unwrap();
    assert_eq!(waiting(&till, &locked(&till)), Err(JournalError::DeviceKeys(DeviceKeysFault::NotFound)));
    keys.create("journal.waiting", taptill::ports::KeyKind::Mac).unwrap();
    assert_eq!(waiting(&till, &locked(&till)), Ok(Waiting::Unknown));
}

#[test]
fn without_a_key_the_numbers_and_the_tree_are_checked() {
    let till = Till::new();
    let mut journal = till.create();
    for number in 0..7 {
        append(&mut journal, "attempt.prepared", &format!("A-{number}"));
    }
    let head = journal.head();
    journal.close().unwrap();
    assert_eq!(locked(&till).check(), Ok(head));
    let good = std::fs::read(till.path()).unwrap();
    let damaged = |sequence, damage| Err(JournalError::Damaged(Damaged { sequence, damage }));
    let cases = [
        ("DELETE FROM event WHERE seq = 3", damaged(Some(3), Damage::Missing)),
        ("DELETE FROM event WHERE seq = 7", damaged(Some(7), Damage::TailMissing)),
        ("UPDATE head SET size = 6", damaged(Some(7), Damage::BeyondHead)),
        (
            "UPDATE event SET nodes = CAST(nodes || zeroblob(32) AS BLOB) WHERE seq = 3",
            damaged(Some(3), Damage::TreeNode),
        ),
        ("UPDATE event SET nodes = zeroblob(32) WHERE seq = 3", damaged(Some(4), Damage::TreeNode)),
        ("UPDATE head SET root = zeroblob(32)", damaged(None, Damage::Head)),
        ("DELETE FROM head", damaged(None, Damage::Head)),
    ];
    for (sql, expected) in cases {
        till.raw().execute_batch(sql).unwrap();
        assert_eq!(locked(&till).check(), expected, "{sql}");
        std::fs::write(till.path(), &good).unwrap();
    }
}
