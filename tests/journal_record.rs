//! What is recorded is there, as it was written, in its place, provable, and for its owner alone.

mod journal_support;

use journal_support::*;
use taptill::error::{Error, ErrorCode};
use taptill::journal::{Damage, Damaged, EVENT_BYTES_MAX, JournalError, Keyring, SideWork};
use taptill::merkle::{Frontier, leaf_hash, verify_consistency, verify_inclusion};
use taptill::ports::DeviceKeysFault;

#[test]
fn events_are_read_as_written_and_proven_against_an_independent_tree() {
    let till = Till::new();
    let mut journal = till.create();
    let mut recorded = Vec::new();
    for number in 0..20 {
        let kind = if number % 2 == 0 { "attempt.prepared" } else { "attempt.approved" };
        recorded.push(append(&mut journal, kind, &format!("A-{number}")));
        if number % 7 == 6 {
            // Another session has other keys.
            journal.close().unwrap();
            journal = till.open();
        }
    }

    let mut tree = Frontier::default();
    for (index, recorded) in recorded.iter().enumerate() {
        let sequence = index as u64 + 1;
        let record = journal.record_with_proof(sequence).unwrap().unwrap();
        tree.append(leaf_hash(&record.bytes));
        assert_eq!((recorded.sequence, recorded.root), (sequence, tree.root()));
        assert_eq!(journal.root_at(sequence).unwrap(), tree.root());
        let head = record.head;
        verify_inclusion(&record.proof, index as u64, &leaf_hash(&record.bytes), head.size, &head.root).unwrap();

        let event = journal.event(sequence).unwrap().unwrap();
        assert_eq!(event.attempt.as_ref().unwrap().as_str(), format!("A-{index}"));
        assert_eq!((event.v, event.sequence, event.now), (1, sequence, at(1_000)));
        assert_eq!((event.operator.as_deref(), event.body["amount"]["minor"].as_u64()), (Some("alice"), Some(1250)));
        let json: serde_json::Value = serde_json::from_slice(&record.bytes).unwrap();
        let text = String::from_utf8(record.bytes).unwrap();
        assert!(text.starts_with(&format!(r#"{{"v":1,"kind":"{}","seq":{sequence},"salt":""#, event.kind)), "{text}");
        assert_eq!(json["salt"].as_str().unwrap().len(), 32);
    }
    assert_eq!((journal.head().size, journal.head().root), (20, tree.root()));
    assert_eq!(journal.event(0), Ok(None));
    assert_eq!(journal.event(21), Ok(None));
    assert!(journal.root_at(21).is_err());
    let report = journal.verify().unwrap();
    assert_eq!((report.size, report.root, report.fold_rows), (20, tree.root(), 20));
    journal.close().unwrap();
    assert_eq!(till.inspect(), Ok(report));
}

#[test]
fn nothing_readable_is_in_the_files() {
    let till = Till::new();
    let mut journal = till.create();
    journal.append(draft("attempt.prepared", "NEEDLE-1"), store("NEEDLE-2", b"NEEDLE-3"), at(1_000)).unwrap();
    journal.append(draft("attempt.approved", "NEEDLE-1"), keep("NEEDLE-4", b"NEEDLE-5"), at(1_000)).unwrap();
    let files = std::fs::read_dir(till.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let bytes: Vec<u8> = files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect();
    let found = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    for needle in ["NEEDLE", "alice", "attempt.", "currency"] {
        assert!(!found(needle), "{needle}");
    }
    assert!(found("fold_row"), "the scan finds what is in clear");
}

#[test]
fn an_event_that_cannot_be_recorded_leaves_nothing_and_the_journal_goes_on() {
    let till = Till::new();
    let mut journal = till.create();
    journal.append(draft("attempt.prepared", "A-1"), store("A-1", b"x"), at(1_000)).unwrap();
    let before = journal.head();
    let mut long = draft("attempt.prepared", "A-2");
    long.body = serde_json::json!("x".repeat(EVENT_BYTES_MAX));
    let cases = [
        (draft("attempt.prepared", "A-2"), store("A-1", b"y"), JournalError::SideRowExists),
        (
            draft("attempt.refused_by_fold", "A-2"),
            store("A-2", b"y"),
            JournalError::FoldFailed { fold: "attempts", why: "not_wanted" },
        ),
        (draft("attempt.of_the_future", "A-2"), store("A-2", b"y"), JournalError::Newer),
        (long, store("A-2", b"y"), JournalError::EventTooLong),
    ];
    for (draft, side, expected) in cases {
        assert_eq!(journal.append(draft, side, at(1_000)), Err(expected.clone()));
        assert_eq!(journal.head(), before);
        assert!(journal.side_row("A-2").unwrap().is_none(), "{expected:?}");
    }
    assert_eq!(append(&mut journal, "attempt.approved", "A-1").sequence, 2);
    journal.verify().unwrap();
}

#[test]
fn a_journal_that_cannot_be_opened_says_why() {
    let till = Till::new();
    assert_eq!(till.try_open().err(), Some(JournalError::NotThere));
    let journal = till.create();
    let again = || till.try_create().err();
    assert_eq!(till.try_open().err(), Some(JournalError::OpenElsewhere));
    assert_eq!(till.inspect(), Err(JournalError::OpenElsewhere));
    assert_eq!(again(), Some(JournalError::OpenElsewhere));
    drop(journal);
    assert_eq!(again(), Some(JournalError::AlreadyThere));

    let raw = till.raw();
    let held = raw.unchecked_transaction().unwrap();
    held.execute("UPDATE meta SET value = value", []).unwrap();
    assert_eq!(till.try_open().err(), Some(JournalError::Locked));
    held.rollback().unwrap();
    let versions = [(2, JournalError::Newer), (0, damaged(Damage::Database)), (-1, damaged(Damage::Database))];
    for (version, expected) in versions {
        raw.pragma_update(None, "user_version", version).unwrap();
        assert_eq!(till.try_open().err(), Some(expected));
    }
    raw.pragma_update(None, "user_version", 1).unwrap();
    drop(raw);

    let rings = [
        Keyring::new(1, master(9)),
        Keyring::new(2, master(1)),
        Keyring::new(2, master(2)),
        Keyring::new(2, master(2)).with_older(1, master(9)),
    ];
    for ring in rings {
        assert_eq!(till.try_open_with(ring, folds()).err(), Some(damaged(Damage::Keys)));
    }
    till.open().verify().unwrap();

    std::fs::write(till.path(), b"not a database, but long enough to be taken for one at first sight").unwrap();
    assert_eq!(till.try_open().err(), Some(damaged(Damage::Database)));
}

fn damaged(damage: Damage) -> JournalError {
    JournalError::Damaged(Damaged { sequence: None, damage })
}

#[test]
fn a_lock_taken_by_another_program_is_said_and_passes() {
    let till = Till::new();
    let mut journal = till.create();
    let raw = till.raw();
    let held = raw.unchecked_transaction().unwrap();
    held.execute("UPDATE meta SET value = value", []).unwrap();
    assert_eq!(journal.append(draft("attempt.prepared", "A-1"), SideWork::None, at(1_000)), Err(JournalError::Locked));
    held.rollback().unwrap();
    assert_eq!(append(&mut journal, "attempt.prepared", "A-1").sequence, 1);
}

#[test]
fn each_error_has_its_code() {
    let at_seven = JournalError::Damaged(Damaged { sequence: Some(7), damage: Damage::TailMissing });
    let cases = [
        (JournalError::NotThere, ErrorCode::NotProvisioned),
        (JournalError::AlreadyThere, ErrorCode::AlreadyProvisioned),
        (JournalError::OpenElsewhere, ErrorCode::TillOpenElsewhere),
        (JournalError::Locked, ErrorCode::DatabaseLocked),
        (JournalError::DiskFull, ErrorCode::DiskFull),
        (JournalError::SyncFailed, ErrorCode::SyncFailed),
        (JournalError::StorageFailed, ErrorCode::StorageFailed),
        (JournalError::Stopped, ErrorCode::StoppedByFaultPlan),
        (at_seven.clone(), ErrorCode::JournalDamaged),
        (JournalError::Newer, ErrorCode::JournalNewer),
        (JournalError::DeviceKeys(DeviceKeysFault::NotFound), ErrorCode::DeviceKeyMissing),
        (JournalError::Entropy, ErrorCode::EntropyFailed),
        (JournalError::CursorMalformed, ErrorCode::IdentifierMalformed),
        (JournalError::SideRowExists, ErrorCode::StorageFailed),
    ];
    for (error, code) in cases {
        assert_eq!(Error::from(error).code(), code);
    }
    let error = Error::from(at_seven);
    assert_eq!((error.sequence(), error.to_string().as_str()), (Some(7), "journal_damaged damage=tail_missing"));
}

/// Every event in every tree that it was in, and every tree's beginning as every smaller one.
#[test]
fn what_was_in_the_tree_once_is_proven_against_the_root_of_then() {
    let till = Till::new();
    let mut journal = till.create();
    let roots: Vec<[u8; 32]> =
        (0..13).map(|number| append(&mut journal, "attempt.prepared", &format!("A-{number}")).root).collect();
    for size in 1..=13_u64 {
        let root = roots[size as usize - 1];
        for sequence in 1..=size {
            let record = journal.record_at(sequence, size).unwrap().unwrap();
            assert_eq!((record.head.size, record.head.root), (size, root));
            let leaf = leaf_hash(&record.bytes);
            verify_inclusion(&record.proof, sequence - 1, &leaf, size, &root).unwrap();
            let proof = journal.consistency(sequence, size).unwrap();
            verify_consistency(&proof, sequence, &roots[sequence as usize - 1], size, &root).unwrap();
        }
        assert_eq!(journal.record_at(size + 1, size), Ok(None));
    }
    assert_eq!(journal.record_at(0, 13), Ok(None));
    assert_eq!(journal.consistency(0, 13), Ok(Vec::new()));
    let beyond = |last| JournalError::CursorBeyondHead { last };
    assert_eq!(journal.record_at(1, 14), Err(beyond(13)));
    assert_eq!(journal.consistency(3, 14), Err(beyond(13)));
    assert_eq!(journal.consistency(5, 4), Err(beyond(4)));
}
