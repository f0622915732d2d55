//! Events by cursor, from outside: in order, each at least once, acknowledged for good, in nobody's way.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::host::Trouble;
use support::world::{Caller, World, order};
use taptill::error::ErrorCode;
use taptill::ids::AttemptId;
use taptill::payment::state::State;
use taptill::payment::{EVENTS_MAX, EventPage, ReceiptCopy, Reply, TillEvent};
use taptill::ports::Fate;

/// Everything from a cursor on, read in pages of this length without acknowledging anything.
fn read_from(world: &mut World, mut cursor: u64, limit: u32) -> Vec<u64> {
    let mut read = Vec::new();
    loop {
        let page = world.events(Some(cursor), limit).unwrap();
        assert!(page.events.len() <= limit as usize);
        read.extend(page.events.iter().map(|event| event.cursor));
        cursor = read.last().copied().unwrap_or(cursor);
        if !page.more {
            return read;
        }
        assert_eq!(page.events.len(), limit as usize, "a page that is not the last one is full");
    }
}

fn attempt_of(event: &TillEvent) -> &str {
    event.attempt.as_ref().map_or("", AttemptId::as_str)
}

fn story(page: &EventPage) -> Vec<(&str, &str, Option<State>)> {
    page.events.iter().map(|event| (event.kind, attempt_of(event), event.state)).collect()
}

#[test]
fn the_events_tell_the_story_of_the_journal_in_order() {
    use State::{Approved, InDoubt, Prepared, ReversalDue, Reversed};
    let mut world = World::new(1);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.print("A-1", ReceiptCopy::Customer).unwrap();
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.sell("A-2", 500).unwrap().unwrap();
    world.settle_down();
    let page = world.events(None, EVENTS_MAX).unwrap();
    let expected = [
        ("till.provisioned", "", None),
        ("attempt.prepared", "A-1", Some(Prepared)),
        ("host.signed_on", "", None),
        ("attempt.in_doubt", "A-1", Some(InDoubt)),
        ("attempt.approved", "A-1", Some(Approved)),
        ("attempt.delivered", "A-1", None),
        ("receipt.printed", "A-1", None),
        ("attempt.prepared", "A-2", Some(Prepared)),
        ("attempt.in_doubt", "A-2", Some(InDoubt)),
        ("attempt.reversal_due", "A-2", Some(ReversalDue)),
        ("attempt.delivered", "A-2", None),
        ("attempt.reversal_sent", "A-2", Some(ReversalDue)),
        ("attempt.reversed", "A-2", Some(Reversed)),
    ];
    let told = story(&page);
    // Whether the caller or the host was first is the clock's affair.
    for row in expected {
        assert!(told.contains(&row), "{row:?} in {told:?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:?}");
    assert_eq!((page.acknowledged, page.more), (0, false));
    let cursors: Vec<u64> = page.events.iter().map(|event| event.cursor).collect();
    assert_eq!(cursors, (1..=told.len() as u64).collect::<Vec<_>>());
    assert!(page.events.is_sorted_by_key(|event| event.at_ms));
    // What the story ends with is what the ledger says.
    assert_eq!(world.status("A-2").unwrap().state, Reversed);
}

#[test]
fn what_cannot_be_asked_is_refused_by_name() {
    let mut world = World::new(1);
    world.sell("A-1", 1_230).unwrap().unwrap();
    let last = read_from(&mut world, 0, 100).pop().unwrap();
    for (after, limit, code) in [
        (None, 0, ErrorCode::PageSizeOutOfRange),
        (None, 101, ErrorCode::PageSizeOutOfRange),
        (Some(u64::MAX), u32::MAX, ErrorCode::PageSizeOutOfRange),
        (Some(last + 1), 1, ErrorCode::CursorBeyondHead),
        (Some(u64::MAX), 100, ErrorCode::CursorBeyondHead),
    ] {
        assert_eq!(world.events(after, limit).unwrap_err().code(), code, "{after:?} {limit}");
    }
    world.acknowledge(3).unwrap();
    for (cursor, code) in [
        (0, ErrorCode::CursorAcknowledgedAlready),
        (2, ErrorCode::CursorAcknowledgedAlready),
        (last + 1, ErrorCode::CursorBeyondHead),
        (u64::MAX, ErrorCode::CursorBeyondHead),
    ] {
        assert_eq!(world.acknowledge(cursor).unwrap_err().code(), code, "{cursor}");
        assert_eq!(world.events(None, 1).unwrap().acknowledged, 3, "{cursor}");
    }
    world.acknowledge(3).unwrap();
    let nothing_more = world.events(Some(last), 100).unwrap();
    assert_eq!((nothing_more.events, nothing_more.more), (Vec::new(), false));
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved);
}

#[test]
fn a_thousand_events_are_paged_each_exactly_once() {
    let mut world = World::new(1);
    let mut number = 0;
    while world.events(Some(1_000), 1).is_err() {
        number += 1;
        world.sell(&format!("A-{number}"), 100).unwrap().unwrap();
    }
    let last = read_from(&mut world, 0, 100).pop().unwrap();
    let all: Vec<u64> = (1..=last).collect();
    for limit in [1, 7, 50, 99, 100] {
        assert_eq!(read_from(&mut world, 0, limit), all, "in pages of {limit}");
    }
    // The way of a shell: pull, acknowledge, pull from there; killed now and then in between.
    let mut told = Vec::new();
    for round in 0.. {
        let page = world.events(None, 30).unwrap();
        if page.events.is_empty() {
            break;
        }
        let cursors: Vec<u64> = page.events.iter().map(|event| event.cursor).collect();
        if round % 5 == 2 {
            world.restart();
            let again = world.events(None, 30).unwrap();
            assert_eq!(again.events, page.events, "what was not acknowledged is told again");
        }
        world.acknowledge(*cursors.last().unwrap()).unwrap();
        told.extend(cursors);
    }
    assert_eq!(told, all);
    world.verify();
}

#[test]
fn a_kill_around_an_acknowledgement_repeats_events_and_loses_none() {
    for (point, left) in [("before events.acknowledged", 0), ("after events.acknowledged", 4)] {
        let mut world = World::new(1);
        world.sell("A-1", 1_230).unwrap().unwrap();
        let first = world.events(None, 4).unwrap();
        let cursor = first.events.last().unwrap().cursor;
        world.plan.fail_at(point, Fate::Die, 1);
        assert_eq!(world.acknowledge(cursor).unwrap_err().code(), ErrorCode::StoppedByFaultPlan, "{point}");
        world.plan.heal();
        world.restart();
        let next = world.events(None, 100).unwrap();
        assert_eq!((next.acknowledged, next.events[0].cursor), (left, left + 1), "{point}");
        assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved, "{point}");
        world.verify();
    }
}

#[test]
fn two_readers_with_cursors_of_their_own_each_read_everything() {
    let mut world = World::new(1);
    let (mut quick, mut slow) = (Vec::new(), Vec::new());
    for number in 0..8 {
        world.sell(&format!("A-{number}"), 100).unwrap().unwrap();
        let from = quick.last().copied().unwrap_or(0);
        quick.extend(read_from(&mut world, from, 10));
        world.acknowledge(*quick.last().unwrap()).unwrap();
        let from = slow.last().copied().unwrap_or(0);
        slow.extend(world.events(Some(from), 3).unwrap().events.iter().map(|event| event.cursor));
        // The slow one must not take back what the quick one has said.
        let behind = world.acknowledge(*slow.last().unwrap()).unwrap_err();
        assert_eq!(behind.code(), ErrorCode::CursorAcknowledgedAlready);
    }
    let from = *slow.last().unwrap();
    slow.extend(read_from(&mut world, from, 10));
    assert_eq!(slow, quick);
}

#[test]
fn reading_and_acknowledging_disturb_no_sale_at_any_step() {
    let mut plain = World::new(1);
    plain.sell("A-1", 1_230).unwrap().unwrap();
    let mut world = World::new(1);
    let ticket = world.start(order("A-1", 1_230));
    for _ in 0..200 {
        if world.is_told(ticket) {
            break;
        }
        world.wait(10);
        let page = world.events(None, 100).unwrap();
        if let Some(event) = page.events.last() {
            world.acknowledge(event.cursor).unwrap();
        }
    }
    let Caller::Told(Ok(Reply::Attempt(view))) = world.await_caller(ticket) else { panic!("the sale ends") };
    assert_eq!(view.state, State::Approved);
    assert_eq!(world.kinds(), plain.kinds());
    assert_eq!(world.host.book.len(), 1);
}

#[test]
fn an_edited_acknowledgement_stops_its_reader_and_no_sale() {
    let mut world = World::new(1);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.acknowledge(2).unwrap();
    world.kill();
    let raw = rusqlite::Connection::open(world.folder().join("journal.db")).unwrap();
    let edit = "UPDATE meta SET value = zeroblob(56) WHERE name = 'acknowledged'";
    assert_eq!(raw.execute(edit, []).unwrap(), 1);
    drop(raw);
    world.restart();
    for refused in [world.events(None, 100).map(drop), world.events(Some(0), 100).map(drop), world.acknowledge(3)] {
        assert_eq!(refused.unwrap_err().to_string(), "journal_damaged damage=acknowledgement");
    }
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved);
}
