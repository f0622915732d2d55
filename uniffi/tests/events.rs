//! Events as a shell pulls them: what the core's tests show of the journal, seen through the face.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::{Shop, Till, code, until};
use taptill_ffi::{AttemptState, EventPage};

fn pull(till: &Till, cursor: Option<u64>, limit: u32) -> EventPage {
    till.terminal.events().unwrap().after(cursor, limit).unwrap()
}

fn kinds(page: &EventPage) -> Vec<(&str, Option<AttemptState>)> {
    page.events.iter().map(|event| (event.kind.as_str(), event.state)).collect()
}

/// Sells, and waits until it is recorded that the caller has the result.
fn sell(till: &Till, attempt: &str) {
    till.sell(attempt, 500).unwrap();
    until("it is delivered", || till.status(attempt).unwrap().delivered);
}

#[test]
fn a_shell_goes_on_where_it_had_acknowledged() {
    use AttemptState::{Approved, InDoubt, Prepared};
    let shop = Shop::new();
    let till = shop.till();
    sell(&till, "A-1");
    let page = pull(&till, None, 100);
    let story = [
        ("till.provisioned", None),
        ("network.judged", None),
        ("attempt.prepared", Some(Prepared)),
        ("host.signed_on", None),
        ("attempt.in_doubt", Some(InDoubt)),
        ("attempt.approved", Some(Approved)),
        ("attempt.delivered", None),
    ];
    // People come and go before a sale and after it.
    let is_of_people = |kind: &str| kind.starts_with("operator.") || kind == "journal.checkpoint";
    let (people, mut told): (Vec<_>, Vec<_>) = kinds(&page).into_iter().partition(|(kind, _)| is_of_people(kind));
    assert_eq!(people.first(), Some(&("operator.claimed", None)));
    assert_eq!(people.last(), Some(&("operator.signed_in", None)));
    let mut expected = story.to_vec();
    told.sort_by_key(|row| row.0);
    expected.sort_by_key(|row| row.0);
    assert_eq!(told, expected);
    assert_eq!((page.acknowledged, page.more), (0, false));

    let events = till.terminal.events().unwrap();
    let in_doubt = page.events.iter().find(|event| event.kind == "attempt.in_doubt").unwrap().cursor;
    events.acknowledge(in_doubt).unwrap();
    assert_eq!(kinds(&pull(&till, None, 100)), [("attempt.approved", Some(Approved)), ("attempt.delivered", None)]);
    // Whoever names a cursor reads what it wants.
    assert_eq!(pull(&till, Some(0), 100).events, page.events);

    // Killed and started again: what was not acknowledged is told again, the same.
    drop((events, till));
    let till = shop.till();
    let again = pull(&till, None, 100);
    let left = page.events.iter().filter(|event| event.cursor > in_doubt);
    assert_eq!(again.acknowledged, in_doubt);
    assert!(again.events.iter().zip(left).all(|(told, known)| told == known) && again.events.len() > 2);
    let first = pull(&till, None, 1);
    assert_eq!((first.events.len(), first.more), (1, true));
    let last = again.events.last().unwrap().cursor;
    till.terminal.events().unwrap().acknowledge(last).unwrap();
    assert_eq!(pull(&till, None, 100).events, []);
    sell(&till, "A-2");
    assert!(pull(&till, None, 100).events.iter().all(|event| event.cursor > last));
    till.terminal.verify().unwrap();
}

#[test]
fn what_cannot_be_asked_is_refused_by_name() {
    let shop = Shop::new();
    let till = shop.till();
    sell(&till, "A-1");
    let events = till.terminal.events().unwrap();
    let last = pull(&till, Some(0), 100).events.last().unwrap().cursor;
    events.acknowledge(3).unwrap();
    for (cursor, limit, expected) in [
        (None, 0, "page_size_out_of_range"),
        (None, 101, "page_size_out_of_range"),
        (None, u32::MAX, "page_size_out_of_range"),
        (Some(last + 1), 10, "cursor_beyond_head"),
        (Some(u64::MAX), 10, "cursor_beyond_head"),
        (Some(last), 100, "ok"),
    ] {
        assert_eq!(code(events.after(cursor, limit)), expected, "{cursor:?} {limit}");
    }
    for (cursor, expected) in [
        (0, "cursor_acknowledged_already"),
        (2, "cursor_acknowledged_already"),
        (3, "ok"),
        (last + 1, "cursor_beyond_head"),
        (u64::MAX, "cursor_beyond_head"),
    ] {
        assert_eq!(code(events.acknowledge(cursor)), expected, "{cursor}");
    }
}

/// A page is pulled and acknowledged between any two steps of a sale, from another thread.
#[test]
fn a_reader_beside_a_sale_reads_everything_once() {
    let shop = Shop::new();
    let till = shop.till();
    let events = till.terminal.events().unwrap();
    let reader = std::thread::spawn(move || {
        let mut read = Vec::new();
        while read.iter().filter(|event: &&taptill_ffi::TillEvent| event.kind == "attempt.delivered").count() < 10 {
            let page = events.after(None, 3).unwrap();
            if let Some(last) = page.events.last() {
                events.acknowledge(last.cursor).unwrap();
            }
            read.extend(page.events);
        }
        read
    });
    for number in 0..10 {
        sell(&till, &format!("A-{number}"));
    }
    let read = reader.join().unwrap();
    let cursors: Vec<u64> = read.iter().map(|event| event.cursor).collect();
    assert!(cursors.is_sorted_by(|earlier, later| earlier < later), "{cursors:?}");
    let again = till.terminal.events().unwrap().after(Some(0), 100).unwrap();
    let all: Vec<u64> = again.events.iter().map(|event| event.cursor).take(cursors.len()).collect();
    assert_eq!(cursors, all, "none is left out");
    assert_eq!(shop.net_minor(), 5_000);
}
