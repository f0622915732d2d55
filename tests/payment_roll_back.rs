//! A till whose files were put back: the host remembers its journal's head, and gives it back at the sign-on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use support::host::Trouble;
use support::world::World;
use taptill::error::{Error, ErrorCode};
use taptill::iso8583::Dialect;
use taptill::payment::state::State;
use taptill::payment::{AttemptView, ReceiptCopy};
use taptill::ports::Fate;

const DIALECTS: [&str; 3] = ["iso87", "unionpay", "encrypted"];

fn sells(world: &mut World, attempt: &str) {
    let view = world.sell(attempt, 1_000).unwrap().unwrap();
    assert_eq!(view.state, State::Approved, "{attempt}");
}

fn refusal(world: &mut World, attempt: &str) -> Error {
    world.sell(attempt, 1_000).unwrap().expect_err("a till with an older journal does not sell")
}

fn findings(world: &mut World) -> usize {
    world.journal().iter().filter(|(kind, _)| kind == "journal.rolled_back").count()
}

/// A till that sold twice after its files were copied away, and then had them put back.
fn rolled_back(mut world: World) -> World {
    sells(&mut world, "A-1");
    let away = world.copied_away();
    sells(&mut world, "A-2");
    sells(&mut world, "A-3");
    world.put_back(&away);
    assert_eq!(world.attempts().len(), 1, "the till knows nothing of two sales");
    world
}

#[test]
fn a_till_that_only_goes_on_is_never_suspected() {
    for dialect in DIALECTS {
        let mut world = World::speaking(dialect, 1);
        for attempt in ["A-1", "A-2", "A-3"] {
            sells(&mut world, attempt);
            world.restart();
        }
        world.host.troubles.push_back(Trouble::NoAnswer);
        assert!(world.sell("A-4", 1_000).unwrap().is_ok());
        world.settle_down();
        world.restart();
        sells(&mut world, "A-5");
        assert_eq!((findings(&mut world), world.rolled_back()), (0, None), "{dialect}");
        assert!(world.host.journal_head.is_some(), "{dialect} carries the head");
    }
}

#[test]
fn files_that_were_put_back_are_found_before_the_first_sale() {
    for dialect in DIALECTS {
        let mut world = rolled_back(World::speaking(dialect, 2));
        let heard = world.host.heard.len();
        let error = refusal(&mut world, "B-1");
        assert_eq!(error.code(), ErrorCode::JournalRolledBack, "{dialect}");
        assert_eq!(world.host.heard.len(), heard, "nothing was sent");
        let found = world.rolled_back().unwrap();
        assert!(found.seen_size > found.size, "{found:?}");
        assert_eq!(world.status("B-1").unwrap().state, State::NotSent);
        // Found once, refused at once from now on, over a restart too.
        let refused = refusal(&mut world, "B-2");
        assert_eq!(refused.code(), ErrorCode::JournalRolledBack);
        world.restart();
        assert_eq!(refusal(&mut world, "B-3").code(), ErrorCode::JournalRolledBack);
        assert_eq!(findings(&mut world), 1);
        world.verify();
    }
}

#[test]
fn a_till_sells_again_when_a_supervisor_has_accepted_it() {
    let mut world = rolled_back(World::new(3));
    refusal(&mut world, "B-1");
    world.accept_roll_back().unwrap();
    assert_eq!(world.rolled_back(), None);
    world.restart();
    // The host still remembers the head that was accepted: that is no new finding.
    sells(&mut world, "B-2");
    world.restart();
    sells(&mut world, "B-3");
    assert_eq!((findings(&mut world), world.rolled_back()), (1, None));
    world.accept_roll_back().unwrap();
    let accepted = world.journal().iter().filter(|(kind, _)| kind == "journal.roll_back_accepted").count();
    assert_eq!(accepted, 1, "with nothing to accept, nothing is recorded");
}

/// The host has booked the numbers of the lost sales: were one of them taken again, taking back the new sale would take
/// back the old one.
#[test]
fn no_number_of_a_lost_sale_is_taken_again() {
    for dialect in DIALECTS {
        let mut world = rolled_back(World::speaking(dialect, 9));
        refusal(&mut world, "B-1");
        world.accept_roll_back().unwrap();
        let booked = world.host.book.clone();
        world.host.troubles.push_back(Trouble::NoAnswer);
        world.sell("B-2", 1_000).unwrap().unwrap();
        world.settle_down();
        for (key, booking) in &booked {
            assert_eq!(world.host.book.get(key), Some(booking), "{dialect}: an old sale was taken back");
        }
        assert_eq!(world.host.book.len(), booked.len() + 1, "{dialect}");
    }
}

#[test]
fn files_put_back_a_second_time_are_a_second_finding() {
    let mut world = World::new(4);
    sells(&mut world, "A-1");
    let away = world.copied_away();
    sells(&mut world, "A-2");
    for round in 0..2 {
        world.put_back(&away);
        let refused = refusal(&mut world, &format!("B-{round}"));
        assert_eq!(refused.code(), ErrorCode::JournalRolledBack, "round {round}");
        world.accept_roll_back().unwrap();
        sells(&mut world, &format!("C-{round}"));
        sells(&mut world, &format!("D-{round}"));
    }
}

/// As long as what the host saw, or longer, and something else.
#[test]
fn a_journal_that_has_grown_past_the_hosts_is_found_by_its_root() {
    let mut world = rolled_back(World::new(5));
    for _ in 0..40 {
        world.print("A-1", ReceiptCopy::Customer).unwrap();
    }
    assert_eq!(refusal(&mut world, "B-1").code(), ErrorCode::JournalRolledBack);
    let found = world.rolled_back().unwrap();
    assert!(found.size > found.seen_size, "{found:?}");
}

#[test]
fn what_is_owed_is_reversed_all_the_same() {
    let mut world = World::new(6);
    sells(&mut world, "A-1");
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    let owed: AttemptView = world.sell("A-2", 1_000).unwrap().unwrap();
    assert_eq!(owed.state, State::ReversalDue);
    let away = world.copied_away();
    world.host.up = true;
    world.settle_down();
    sells(&mut world, "A-3");
    world.put_back(&away);
    // The sale waits for the reversal, whose sign-on finds it; the reversal goes on.
    assert_eq!(refusal(&mut world, "B-1").code(), ErrorCode::JournalRolledBack);
    world.settle_down();
    assert_eq!(world.status("A-2").unwrap().state, State::Reversed);
    assert!(world.rolled_back().is_some());
}

#[test]
fn a_finding_is_not_lost_when_the_process_ends_or_the_disk_is_full() {
    for (moment, fate) in [("before", Fate::Die), ("after", Fate::Die), ("before", Fate::DiskFull)] {
        let point = format!("{moment} journal.rolled_back");
        let mut world = rolled_back(World::new(7));
        world.plan.fail_at(&point, fate, 1);
        let heard = world.host.heard.len();
        let end = world.sell("B-1", 1_000);
        assert!(!matches!(&end, Some(Ok(view)) if view.state == State::Approved), "{end:?}");
        if !world.is_open() {
            world.restart();
        }
        assert_eq!(refusal(&mut world, "B-2").code(), ErrorCode::JournalRolledBack, "{point} {fate:?}");
        assert_eq!((world.host.heard.len(), findings(&mut world)), (heard, 1), "{point} {fate:?}");
    }
}

/// The control: in a dialect without the field nothing travels, and nothing is noticed.
#[test]
fn without_the_dialects_row_nothing_is_noticed() {
    for name in DIALECTS {
        let shipped = Dialect::shipped(name).unwrap();
        let without: String =
            shipped.lines().filter(|line| !line.contains("journal_head")).map(|line| format!("{line}\n")).collect();
        assert_ne!(without.lines().count(), shipped.lines().count());
        let mut world = rolled_back(World::with_dialect(8, &without, |_| {}));
        // The host knows its number already, and says so; the journal is not asked.
        assert_eq!(world.sell("B-1", 1_000).unwrap().unwrap().state, State::Declined);
        assert_eq!((findings(&mut world), world.rolled_back()), (0, None));
        assert_eq!(world.host.journal_head, None);
    }
}

/// The journal may have forgotten that this refund was approved, sent and booked.
#[test]
fn a_request_that_was_put_back_is_not_approved() {
    let mut world = World::new(1);
    sells(&mut world, "A-1");
    let refund = world.request("A-1", 500).unwrap().refund;
    let away = world.copied_away();
    world.approve(&refund, "alice").unwrap().unwrap();
    world.put_back(&away);
    assert_eq!(refusal(&mut world, "A-2").code(), ErrorCode::JournalRolledBack);
    let error = world.approve(&refund, "alice").unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::JournalRolledBack);
    assert_eq!(world.host.refunds.len(), 1, "the money went back once");
}
