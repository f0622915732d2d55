//! Crashes, failed syncs and full disks: an event is there or it is not, and the journal verifies.

mod journal_support;

use journal_support::*;
use taptill::journal::{JournalError, LockedJournal, SideWork};
use taptill::ports::Fate;

/// The events of one sale that must be reversed, with their side work, and whether they may use the ballast.
fn sale() -> Vec<(&'static str, SideWork, bool)> {
    vec![
        ("attempt.prepared", store("card/A-1", b"card"), false),
        ("attempt.in_doubt", SideWork::None, false),
        ("attempt.reversal_due", SideWork::None, true),
        ("attempt.reversal_sent", SideWork::None, true),
        ("attempt.reversed", destroy("card/A-1"), true),
    ]
}

#[test]
fn after_a_stop_at_any_point_the_event_is_there_or_it_is_not() {
    for fate in [Fate::Die, Fate::SyncFailed] {
        let refusal = if fate == Fate::Die { JournalError::Stopped } else { JournalError::SyncFailed };
        for stop in 0..sale().len() {
            for (moment, is_there) in [("before", 0), ("after", 1)] {
                let till = Till::new();
                let mut journal = till.create();
                let point = format!("{moment} {}", sale()[stop].0);
                till.plan.set(Some((point.clone().leak(), fate)));
                let mut results = Vec::new();
                for (kind, side, may_use_ballast) in sale() {
                    let mut draft = draft(kind, "A-1");
                    draft.may_use_ballast = may_use_ballast;
                    results.push(journal.append(draft, side, at(1_000)).map(|recorded| recorded.sequence));
                }
                let (done, refused) = results.split_at(stop);
                assert!(done.iter().all(Result::is_ok), "{point}");
                assert!(refused.iter().all(|result| *result == Err(refusal.clone())), "{point}");
                assert_eq!(journal.row("attempts", "A-1"), Err(refusal.clone()));
                assert_eq!(journal.verify(), Err(refusal.clone()));
                drop(journal);

                till.plan.set(None);
                let mut journal = till.open();
                let report = journal.verify().unwrap();
                let events = stop as u64 + is_there;
                assert_eq!((report.size, report.side_rows), (events, u64::from((1..5).contains(&events))), "{point}");
                // The till goes on where it was.
                append(&mut journal, "attempt.late_answer", "A-1");
                journal.verify().unwrap();
            }
        }
    }
}

/// A power cut leaves the log as far as it was synced, and anything or nothing behind that.
#[test]
fn a_log_cut_anywhere_keeps_what_was_acknowledged_and_nothing_else() {
    let till = Till::new();
    let mut journal = till.create();
    let wal = till.folder.path().join("journal.db-wal");
    let mut synced = vec![0];
    for number in 0..10 {
        append(&mut journal, "attempt.prepared", &format!("A-{number}"));
        synced.push(std::fs::metadata(&wal).unwrap().len());
    }
    let (database, log) = (std::fs::read(till.path()).unwrap(), std::fs::read(&wal).unwrap());
    till.plan.set(Some(("before attempt.stop", Fate::Die)));
    journal.append(draft("attempt.stop", "A-1"), SideWork::None, at(1_000)).unwrap_err();
    drop(journal);
    till.plan.set(None);

    let mut dice = Dice(7);
    for trial in 0..150 {
        let cut = dice.below(log.len() as u64 + 1);
        let mut left = log[..cut as usize].to_vec();
        if trial % 3 == 0 {
            left.extend((0..dice.below(2048)).map(|_| dice.below(256) as u8).collect::<Vec<_>>());
        }
        let _ = std::fs::remove_file(till.folder.path().join("journal.db-shm"));
        std::fs::write(till.path(), &database).unwrap();
        std::fs::write(&wal, left).unwrap();
        let acknowledged = synced.iter().filter(|length| (1..=cut).contains(*length)).count() as u64;
        assert_eq!(till.inspect().map(|report| report.size), Ok(acknowledged), "cut at {cut}");
    }
}

#[test]
fn each_append_passes_its_two_points_in_order() {
    let till = Till::new();
    let mut journal = till.create();
    for (kind, side, _) in sale() {
        journal.append(draft(kind, "A-1"), side, at(1_000)).unwrap();
    }
    let expected: Vec<String> =
        sale().iter().flat_map(|(kind, ..)| [format!("before {kind}"), format!("after {kind}")]).collect();
    assert_eq!(*till.plan.passed.lock().unwrap(), expected);
}

#[test]
fn on_a_full_disk_a_debt_is_recorded_and_a_sale_is_not() {
    let till = Till::new();
    let ballast = till.folder.path().join("journal.db.ballast");
    let mut journal = till.create();
    assert!(ballast.exists());
    append(&mut journal, "attempt.in_doubt", "A-1");

    till.plan.set(Some(("before attempt.prepared", Fate::DiskFull)));
    let sale = || draft("attempt.prepared", "A-2");
    assert_eq!(journal.append(sale(), SideWork::None, at(1_000)), Err(JournalError::DiskFull));
    assert!(ballast.exists(), "a sale does not get the ballast");

    till.plan.set(Some(("before attempt.reversal_due", Fate::DiskFull)));
    for sequence in 2..4 {
        let mut debt = draft("attempt.reversal_due", "A-1");
        debt.may_use_ballast = true;
        assert_eq!(journal.append(debt, SideWork::None, at(1_000)).unwrap().sequence, sequence);
        assert!(!ballast.exists(), "a debt does");
    }

    // Where no ballast can be made, no sale is recorded either, though there may be room for one.
    std::fs::create_dir(&ballast).unwrap();
    till.plan.set(None);
    assert_eq!(journal.append(sale(), SideWork::None, at(1_000)), Err(JournalError::DiskFull));
    std::fs::remove_dir(&ballast).unwrap();
    assert_eq!(journal.append(sale(), SideWork::None, at(1_000)).unwrap().sequence, 4);
    assert!(ballast.exists(), "it is made again as soon as there is room");
    assert_eq!(journal.verify().unwrap().size, 4);
}

#[test]
fn a_creation_that_was_not_finished_is_begun_again() {
    let till = Till::new();
    // The device key is there, and an empty file.
    till.ports().device_keys.create("journal.waiting", taptill::ports::KeyKind::Mac).unwrap();
    std::fs::write(till.path(), b"").unwrap();
    assert_eq!(till.try_open().err(), Some(JournalError::NotThere));
    let mut journal = till.create();
    append(&mut journal, "till.provisioned", "A-1");
    journal.close().unwrap();
    assert_eq!(till.open().verify().unwrap().size, 1);

    // The tables are there, and no record.
    let till = Till::new();
    drop(LockedJournal::create(&till.path(), till.ports()).unwrap());
    assert_eq!(till.open().verify().unwrap().size, 0);
}
