//! Verification in steps finds what an opening passes over, while the till works on.
//!
//! Each trial damages a copy of a journal whose newest events are in order, opens it, and steps to the end. The control
//! is an untouched copy: the steps say of it what `verify` says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod journal_support;

use journal_support::*;
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use taptill::journal::{Damage, Damaged, Journal, JournalError, Keyring, Resealed, SideWork, Verified, VerifyReport};

/// More than an opening verifies.
const EVENTS: u64 = 100;

/// Forty attempts of one event, and twenty of three; two side rows.
fn filled(till: &Till) -> Journal {
    let mut journal = till.create();
    for number in 0..EVENTS {
        let side = match number {
            5 => store("card/A-5", b"card"),
            7 => keep("working-keys", b"keys"),
            _ => SideWork::None,
        };
        let (kind, attempt) = if number < 60 {
            ("attempt.prepared", number)
        } else {
            (["attempt.in_doubt", "attempt.approved"][(number % 2) as usize], 40 + number / 2 % 20)
        };
        journal.append(draft(kind, &format!("A-{attempt}")), side, at(number as i64)).unwrap();
    }
    journal
}

fn steps_to_the_end(journal: &mut Journal, count: usize) -> Result<VerifyReport, JournalError> {
    for _ in 0..10_000 {
        if let Verified::Done(report) = journal.verify_step(count)? {
            return Ok(report);
        }
    }
    panic!("it comes to an end");
}

#[test]
fn the_steps_come_to_what_verification_at_once_says() {
    let till = Till::new();
    filled(&till).close().unwrap();
    for count in [1, 3, 50, 1_000] {
        let mut journal = till.open();
        assert_eq!(journal.verified(), None);
        let at_once = journal.verify().unwrap();
        assert_eq!(steps_to_the_end(&mut journal, count), Ok(at_once));
        assert_eq!(journal.verified(), Some(journal.head()));
        // And again, without an end of the process.
        assert_eq!(steps_to_the_end(&mut journal, count), Ok(at_once));
    }
}

#[test]
fn what_is_appended_between_steps_is_followed() {
    let till = Till::new();
    let mut journal = filled(&till);
    let mut dice = Dice(11);
    let kinds = ["attempt.approved", "attempt.in_doubt", "attempt.forgotten"];
    for round in 0..20 {
        let mut appended = 0;
        let report = loop {
            if let Verified::Done(report) = journal.verify_step(7).unwrap() {
                break report;
            }
            if dice.below(3) == 0 {
                let kind = kinds[dice.below(3) as usize];
                append(&mut journal, kind, &format!("A-{}", dice.below(70)));
                appended += 1;
            }
        };
        assert!(appended > 0, "round {round}");
        assert_eq!(report.size, journal.head().size);
        assert_eq!(journal.verify().unwrap().size, report.size);
    }
}

#[test]
fn keys_that_change_between_steps_change_nothing() {
    let till = Till::new();
    let mut journal = filled(&till);
    let both = || Keyring::new(2, master(2)).with_older(1, master(1));
    journal.verify_step(30).unwrap();
    journal.rotate(both()).unwrap();
    while journal.reseal_step(10).unwrap() == Resealed::More {
        journal.verify_step(10).unwrap();
    }
    assert_eq!(steps_to_the_end(&mut journal, 10).unwrap().size, EVENTS);
    journal.close().unwrap();
    let mut journal = till.try_open_with(Keyring::new(2, master(2)), folds()).unwrap();
    assert_eq!(steps_to_the_end(&mut journal, 10).unwrap().size, EVENTS);
}

#[test]
fn folds_that_were_built_anew_have_new_sums() {
    let till = Till::new();
    filled(&till).close().unwrap();
    let mut journal = till.try_open_with(keyring(), vec![Box::new(Attempts { schema: 2 })]).unwrap();
    append(&mut journal, "attempt.approved", "A-1");
    assert_eq!(steps_to_the_end(&mut journal, 10).unwrap().size, EVENTS + 1);
    journal.close().unwrap();
    let mut journal = till.try_open_with(keyring(), vec![Box::new(Attempts { schema: 2 })]).unwrap();
    assert_eq!(steps_to_the_end(&mut journal, 10).unwrap().size, EVENTS + 1);
}

#[test]
fn each_class_of_damage_that_an_opening_passes_over_is_found_by_the_steps() {
    let till = Till::new();
    let mut journal = filled(&till);
    // A row as it was before the attempt's last event.
    let raw = till.raw();
    let columns = |row: &rusqlite::Row<'_>| (0..8).map(|column| row.get(column)).collect::<Result<Vec<Value>, _>>();
    let older = raw.query_row("SELECT * FROM fold_row ORDER BY id LIMIT 1", [], columns).unwrap();
    drop(raw);
    append(&mut journal, "attempt.approved", "A-0");
    journal.close().unwrap();
    let good = std::fs::read(till.path()).unwrap();

    let projection = (None, Damage::Projection);
    let cases: [(&str, (Option<u64>, Damage)); 11] = [
        ("UPDATE event SET sealed = zeroblob(length(sealed)) WHERE seq = 9", (Some(9), Damage::Seal)),
        ("UPDATE event SET key_generation = 2 WHERE seq = 9", (Some(9), Damage::Seal)),
        ("UPDATE event SET nodes = zeroblob(length(nodes)) WHERE seq = 9", (Some(9), Damage::Seal)),
        ("DELETE FROM event WHERE seq = 9", (Some(9), Damage::Missing)),
        ("DELETE FROM fold_row WHERE seq = 9", projection),
        ("UPDATE fold_row SET seq = 10 WHERE seq = 9", (Some(10), Damage::Projection)),
        ("UPDATE fold_row SET sealed = zeroblob(length(sealed)) WHERE seq = 9", (Some(9), Damage::Projection)),
        ("DELETE FROM fold_index WHERE id IN (SELECT id FROM fold_row WHERE seq = 9)", (Some(9), Damage::Projection)),
        ("INSERT INTO fold_index SELECT zeroblob(16), max(id) FROM fold_row", projection),
        ("DELETE FROM side_row WHERE seq = 6", (Some(6), Damage::SideRow)),
        ("DELETE FROM side_key", (Some(6), Damage::SideRow)),
    ];
    for (sql, (sequence, damage)) in cases {
        assert_ne!(till.raw().execute(sql, []).unwrap(), 0, "{sql}");
        found(&till, sql, Damaged { sequence, damage });
        std::fs::write(till.path(), &good).unwrap();
    }

    // What only the sums show: it opens, it is in its place, and it was right once.
    let raw = till.raw();
    let entries = "DELETE FROM fold_index WHERE id = ?1 AND tag NOT IN (substr(?2, 1, 16), substr(?2, 17, 16))";
    raw.execute("REPLACE INTO fold_row VALUES (?, ?, ?, ?, ?, ?, ?, ?)", params_from_iter(&older)).unwrap();
    let tags = "tags column";
    let at = raw.prepare("SELECT * FROM fold_row").unwrap().column_index("tags").expect(tags);
    raw.execute(entries, rusqlite::params![older[0], older[at]]).unwrap();
    for begin in [1, 17] {
        let insert = format!("INSERT OR IGNORE INTO fold_index VALUES (substr(?2, {begin}, 16), ?1)");
        raw.execute(&insert, rusqlite::params![older[0], older[at]]).unwrap();
    }
    drop(raw);
    found(&till, "an older row put back with its entries", Damaged { sequence: None, damage: Damage::Projection });
    std::fs::write(till.path(), &good).unwrap();
    assert_eq!(steps_to_the_end(&mut till.open(), 9).unwrap().size, EVENTS + 1, "the control");
}

/// The opening lets it pass, and the steps do not; nor do they the second time.
fn found(till: &Till, what: &str, damaged: Damaged) {
    let mut journal = till.open();
    for _ in 0..2 {
        assert_eq!(steps_to_the_end(&mut journal, 9), Err(JournalError::Damaged(damaged)), "{what}");
        assert_eq!(journal.verified(), None);
    }
}

/// Opening, the first page and a proof read as much of a journal of thousands as of one of a hundred.
#[test]
fn an_opening_reads_the_newest_events_alone() {
    let till = Till::new();
    filled(&till).close().unwrap();
    let spoil = "UPDATE event SET sealed = x'00' WHERE seq <= (SELECT max(seq) - 64 FROM event)";
    assert_eq!(till.raw().execute(spoil, []).unwrap(), 36);
    drop(till.open());
    till.raw().execute("UPDATE event SET sealed = x'00' WHERE seq = 37", []).unwrap();
    let seal = JournalError::Damaged(Damaged { sequence: Some(37), damage: Damage::Seal });
    assert_eq!(till.try_open().err(), Some(seal));
}
