//! Folds: rows follow the events, pages stand still, a new schema is built anew, and verify builds anew too.

mod journal_support;

use journal_support::*;
use taptill::journal::{Cursor, Damage, Damaged, JournalError, Page, RowPage, SideWork};

fn page(limit: usize, after: Option<Cursor>) -> Page {
    Page { limit, after }
}

fn keys(page: &RowPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.key.as_str()).collect()
}

#[test]
fn pages_are_newest_first_and_stand_still_while_events_are_appended() {
    let till = Till::new();
    let mut journal = till.create();
    for number in 1..=5 {
        append(&mut journal, "attempt.prepared", &format!("A-{number}"));
    }
    let first = journal.rows_newest("attempts", page(2, None)).unwrap();
    assert_eq!(keys(&first), ["A-5", "A-4"]);

    // A change to an old row, a new row, a removed row: none moves the next page.
    append(&mut journal, "attempt.approved", "A-1");
    append(&mut journal, "attempt.prepared", "A-6");
    append(&mut journal, "attempt.forgotten", "A-5");
    let cursor: Cursor = first.next.unwrap().to_string().parse().unwrap();
    let second = journal.rows_newest("attempts", page(2, Some(cursor))).unwrap();
    assert_eq!(keys(&second), ["A-3", "A-2"]);
    let last = journal.rows_newest("attempts", page(2, second.next)).unwrap();
    assert_eq!((keys(&last), last.next), (vec!["A-1"], None));
    assert_eq!(keys(&journal.rows_newest("attempts", page(9, None)).unwrap()), ["A-6", "A-4", "A-3", "A-2", "A-1"]);
    assert_eq!(journal.row("attempts", "A-1").unwrap().unwrap(), b"1/attempt.prepared 1/attempt.approved ");
    assert_eq!(journal.row("attempts", "A-5"), Ok(None));
    journal.verify().unwrap();
}

#[test]
fn index_values_follow_the_row() {
    let till = Till::new();
    let mut journal = till.create();
    for number in 1..=4 {
        append(&mut journal, "attempt.prepared", &format!("A-{number}"));
    }
    append(&mut journal, "attempt.approved", "A-2");
    append(&mut journal, "attempt.approved", "A-4");
    append(&mut journal, "attempt.forgotten", "A-1");
    let by = |value: &str, limit, after| journal.rows_by_index("attempts", "state", value, page(limit, after)).unwrap();
    assert_eq!(keys(&by("attempt.prepared", 9, None)), ["A-3"]);
    let newest = by("attempt.approved", 1, None);
    assert_eq!(keys(&newest), ["A-4"]);
    let older = by("attempt.approved", 1, newest.next);
    assert_eq!((keys(&older), older.next), (vec!["A-2"], None));
    assert_eq!(keys(&by("attempt.declined", 9, None)), [""; 0]);
    let by_day = journal.rows_by_index("attempts", "day", "0", page(9, None)).unwrap();
    assert_eq!(keys(&by_day), ["A-4", "A-3", "A-2"]);
}

#[test]
fn a_new_schema_is_built_anew_at_the_next_opening_with_the_same_places() {
    let till = Till::new();
    let mut journal = till.create();
    for number in 1..=3 {
        append(&mut journal, "attempt.prepared", &format!("A-{number}"));
    }
    append(&mut journal, "attempt.forgotten", "A-2");
    append(&mut journal, "attempt.approved", "A-1");
    let cursor = journal.rows_newest("attempts", page(1, None)).unwrap().next;
    journal.close().unwrap();

    let mut journal = till.try_open_with(keyring(), vec![Box::new(Attempts { schema: 2 })]).unwrap();
    assert_eq!(journal.row("attempts", "A-1").unwrap().unwrap(), b"2/attempt.prepared 2/attempt.approved ");
    assert_eq!(keys(&journal.rows_newest("attempts", page(9, cursor)).unwrap()), ["A-1"]);
    assert_eq!(journal.verify().unwrap().fold_rows, 2);
    journal.close().unwrap();

    // A fold that was not there when the events were appended.
    let mut without = till.try_open_with(keyring(), Vec::new()).unwrap();
    without.append(draft("attempt.prepared", "A-9"), SideWork::None, at(1)).unwrap();
    assert_eq!(without.row("attempts", "A-1"), Err(JournalError::FoldUnknown));
}

#[test]
fn a_fold_that_does_not_follow_from_the_events_is_found() {
    let till = Till::new();
    let mut journal = till.create();
    append(&mut journal, "attempt.prepared", "A-1");
    journal.close().unwrap();
    // The fold missed the second event: it was not registered then.
    let mut without = till.try_open_with(keyring(), Vec::new()).unwrap();
    append(&mut without, "attempt.approved", "A-1");
    without.close().unwrap();
    let found = JournalError::Damaged(Damaged { sequence: Some(2), damage: Damage::Projection });
    assert_eq!(till.inspect(), Err(found.clone()));
    assert_eq!(till.open().verify(), Err(found));
}

#[test]
fn cursors_that_no_page_gave_are_refused() {
    for text in ["", "1", "g000000000000000", "+000000000000001", "00000000000000001"] {
        assert_eq!(text.parse::<Cursor>(), Err(JournalError::CursorMalformed), "{text:?}");
    }
}
