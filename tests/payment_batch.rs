//! A host that opens another batch: its keys are always taken, its batch only while nothing of ours is open.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::days::judge;
use support::host::Trouble;
use support::world::World;
use taptill::error::ErrorCode;
use taptill::ids::RefundId;
use taptill::iso8583::Op;
use taptill::payment::batch::state::BatchState;
use taptill::payment::refund::state::RefundState;
use taptill::payment::state::State;
use taptill::payment::{Decision, RefundDecision, RefundReason};

/// What is in the batch, and whether the host's other batch is taken.
#[test]
fn another_batch_is_taken_only_while_the_open_one_holds_nothing() {
    type Fill = fn(&mut World);
    let rows: [(&str, Fill, bool); 7] = [
        ("nothing", |_| (), true),
        ("a declined sale", |world| sell_with(world, Trouble::Decline), true),
        ("a reversed sale", |world| sell_with(world, Trouble::NoAnswer), true),
        ("a sale that was not sent", |world| not_sent(world), true),
        ("an approved sale", |world| sell_with(world, Trouble::None), false),
        ("a stuck sale", |world| sell_with(world, Trouble::RefuseReversal), false),
        ("a voided sale", |world| voided(world), false),
    ];
    for (what, fill, is_taken) in rows {
        let mut world = World::new(1);
        fill(&mut world);
        world.host.batch = 7;
        world.host.lose_keys(); // The next sale's sign-on brings others.
        world.restart();
        let told = world.sell("A-9", 500).unwrap();
        if is_taken {
            let view = told.unwrap();
            assert_eq!((view.state, view.batch.unwrap().number()), (State::Approved, 7), "{what}");
        } else {
            let error = told.unwrap_err();
            assert_eq!(error.code(), ErrorCode::BatchChangeRefused, "{what}");
            assert_eq!(world.status("A-9").unwrap().state, State::NotSent, "{what}");
        }
    }
}

fn sell_with(world: &mut World, trouble: Trouble) {
    world.host.troubles.push_back(trouble);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.settle_down();
}

fn not_sent(world: &mut World) {
    world.host.up = false;
    let _error = world.sell("A-1", 1_230).unwrap();
    world.host.up = true;
}

fn voided(world: &mut World) {
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.void("V-1", "A-1").unwrap().unwrap();
}

#[test]
fn nothing_is_sold_until_the_host_is_back_in_our_batch() {
    let mut world = World::new(1);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.host.batch = 7;
    world.restart();
    for (attempt, how) in [("A-2", "found at the sign-on"), ("A-3", "remembered")] {
        let error = world.sell(attempt, 500).unwrap().unwrap_err();
        assert_eq!(error.code(), ErrorCode::BatchChangeRefused, "{how}");
    }
    world.restart();
    let error = world.sell("A-4", 500).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "batch_change_refused batch=1 named=7", "remembered over a restart");
    assert_eq!(world.host.book.len(), 1, "nothing was booked elsewhere");
    world.host.batch = 1;
    let ticket = world.test_host(); // Its connection is made with a sign-on.
    world.told(ticket).unwrap();
    assert_eq!(world.sell("A-5", 500).unwrap().unwrap().state, State::Approved);
    assert_eq!(judge(&mut world), []);
}

/// A reversal is owed in the batch of its sale, and gets its MAC under whatever keys there are now.
#[test]
fn debts_go_on_in_their_own_batch_under_the_new_keys() {
    let mut world = World::new(1);
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.restart();
    world.host.up = true;
    world.host.batch = 7;
    world.host.lose_keys();
    world.settle_down();
    assert_eq!(world.status("A-1").unwrap().state, State::Reversed);
    assert_eq!(world.host.reversals, [("000001".to_owned(), "000001".to_owned())]);
    let kinds: Vec<String> = world.journal().into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&"host.batch_refused".to_owned()), "{kinds:?}");
    assert!(judge(&mut world).is_empty());
}

/// A till that has settled its only sale, and so has an empty batch 2 open, with a refund of it that waits for approval.
fn with_a_refund_of_an_older_sale(world: &mut World) -> RefundId {
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.settle().unwrap().unwrap();
    world.request("A-1", 500).unwrap().refund
}

/// What is in batch 2 when the host goes to batch 7, what becomes of a refund, and how the till comes out of it.
#[test]
fn a_refund_never_keeps_the_till_between_two_batches() {
    type Step = fn(&mut World);
    /// What comes before and what after, and in which batch the refund is acknowledged.
    type Row = (&'static str, Step, Step, u32);
    let rows: [Row; 4] = [
        ("the session is live", |_| (), |_| (), 7),
        (
            "its numbers were reserved while nobody listened",
            |world| {
                world.wait(60_000);
                world.host.up = false;
            },
            |world| world.host.up = true,
            7,
        ),
        (
            "a sale keeps the batch: the refund waits until it is settled",
            |world| drop(world.sell("A-2", 700)),
            |world| {
                world.host.batch = 2;
                assert_eq!(world.settle().unwrap().unwrap().state, BatchState::Closed);
            },
            3,
        ),
        (
            "a sale keeps the batch: the refund waits until the host is back",
            |world| drop(world.sell("A-2", 700)),
            |world| {
                world.host.batch = 2;
                let ticket = world.test_host();
                world.told(ticket).unwrap();
            },
            2,
        ),
    ];
    for (row, before, way_out, batch) in rows {
        let mut world = World::new(1);
        let refund = with_a_refund_of_an_older_sale(&mut world);
        before(&mut world);
        world.host.batch = 7;
        let _waits_or_is_there = world.approve(&refund, "alice").unwrap();
        world.wait(60_000);
        way_out(&mut world);
        world.wait(120_000);
        let view = world.refund(&refund);
        let numbers = (view.state, view.batch.map(|batch| batch.number()));
        assert_eq!(numbers, (RefundState::Acknowledged, Some(batch)), "{row}");
        assert_eq!(world.judge_refunds(), [], "{row}");
        assert_eq!(world.sell("A-9", 500).unwrap().unwrap().state, State::Approved, "{row}");
    }
}

/// The host may have given it back in the batch that it has left: nobody can ask it any more, so people must.
#[test]
fn a_refund_that_may_have_worked_in_the_batch_that_the_host_has_left_is_for_people_to_decide() {
    for (decision, left) in [(RefundDecision::NotPaid, 1_230), (RefundDecision::Paid, 730)] {
        let mut world = World::new(1);
        let refund = with_a_refund_of_an_older_sale(&mut world);
        world.host.troubles_of.entry(Op::Refund).or_default().push_back(Trouble::Forget);
        world.approve(&refund, "alice").unwrap().unwrap();
        world.host.batch = 7;
        world.settle_down();
        let view = world.refund(&refund);
        assert_eq!((view.state, view.reason), (RefundState::Stuck, Some(RefundReason::RefusedInDoubt)));
        world.decide_refund(&refund, decision).unwrap();
        let told = world.sell("A-2", 2_000).unwrap();
        match decision {
            RefundDecision::NotPaid => assert_eq!(told.unwrap().batch.unwrap().number(), 7, "nothing holds batch 2"),
            RefundDecision::Paid => assert_eq!(told.unwrap_err().code(), ErrorCode::BatchChangeRefused),
        }
        world.host.batch = 2;
        let ticket = world.test_host();
        world.told(ticket).unwrap();
        let error = world.request("A-1", left + 1).unwrap_err();
        assert_eq!(error.to_string(), format!("refund_exceeds_captured_amount left_minor={left}"));
    }
}

/// A refund that waits for the host to come back does not go into a batch whose totals are said.
#[test]
fn a_refund_that_waits_goes_into_the_batch_after_the_one_that_is_being_settled() {
    let mut world = World::new(1);
    let refund = with_a_refund_of_an_older_sale(&mut world);
    world.sell("A-2", 700).unwrap().unwrap();
    world.host.batch = 7;
    let _waits = world.approve(&refund, "alice").unwrap();
    world.wait(5_000);
    world.host.batch = 2;
    world.host.troubles_of.entry(Op::Settle).or_default().extend([Trouble::Forget, Trouble::Forget]);
    let view = world.settle().unwrap().unwrap();
    assert_eq!((view.batch.number(), view.state), (2, BatchState::Sent));
    // The sign-on of a new run says that the host is back, while it has not said what became of the totals.
    world.restart();
    world.wait(600_000);
    let (batch, view) = (world.batch(Some(2)).unwrap(), world.refund(&refund));
    assert_eq!((batch.state, batch.records), (BatchState::Closed, 1), "the totals are those that were said");
    assert_eq!((view.state, view.batch.unwrap().number()), (RefundState::Acknowledged, 3));
    assert_eq!(world.judge_refunds(), []);
}

/// What a supervisor decides to be nothing holds no batch: neither when the host's other batch is heard of later, nor
/// when it was refused before.
#[test]
fn what_was_decided_to_be_nothing_keeps_no_batch_and_what_was_decided_to_be_something_does() {
    let sale = |world: &mut World| sell_with(world, Trouble::RefuseReversal);
    let void = |world: &mut World| {
        world.sell("A-0", 1_230).unwrap().unwrap();
        world.host.troubles.push_back(Trouble::RefuseReversal);
        world.void("A-1", "A-0").unwrap().unwrap();
        world.settle_down();
    };
    type Row = (&'static str, fn(&mut World), Decision, bool);
    let rows: [Row; 4] = [
        ("a sale that is nothing", sale, Decision::NotCharged, true),
        ("a sale that is one", sale, Decision::Charged, false),
        ("a void that is one", void, Decision::NotCharged, false),
        ("a void that is nothing, of a sale that stands", void, Decision::Charged, false),
    ];
    for (row, stick, decision, is_taken) in rows {
        for refused_before in [false, true] {
            let mut world = World::new(1);
            stick(&mut world);
            world.host.batch = 7;
            world.restart();
            if refused_before {
                assert_eq!(world.sell("A-8", 500).unwrap().unwrap_err().code(), ErrorCode::BatchChangeRefused, "{row}");
            }
            world.decide("A-1", decision).unwrap();
            let told = world.sell("A-9", 500).unwrap();
            let batch = told.map(|view| view.batch.unwrap().number()).map_err(|error| error.code());
            let verdict = if is_taken { Ok(7) } else { Err(ErrorCode::BatchChangeRefused) };
            assert_eq!(batch, verdict, "{row}, refused before: {refused_before}");
        }
    }
}

/// A batch's number comes again: what went back in the old one is no record of the new one.
#[test]
fn an_old_refund_does_not_hold_a_batch_whose_number_comes_again() {
    let mut world = World::new(1);
    world.sell("A-1", 1_230).unwrap().unwrap();
    let refund = world.request("A-1", 500).unwrap().refund;
    assert_eq!(world.approve(&refund, "alice").unwrap().unwrap().state, RefundState::Acknowledged);
    world.settle().unwrap().unwrap();
    world.host.batch = 1;
    world.restart();
    let ticket = world.test_host();
    world.told(ticket).unwrap();
    assert_eq!(world.batch(None).unwrap().batch.number(), 1);
    world.host.batch = 7;
    world.restart();
    assert_eq!(world.sell("A-2", 500).unwrap().unwrap().batch.unwrap().number(), 7, "batch 1 is empty");
}

/// Nothing that the host would book in another batch begins, or is asked for, once the till knows of it.
#[test]
fn whoever_wants_money_moved_is_told_that_the_host_is_at_another_batch() {
    let refused = "batch_change_refused batch=2 named=7";
    let mut world = World::new(1);
    let refund = with_a_refund_of_an_older_sale(&mut world);
    world.sell("A-2", 700).unwrap().unwrap();
    world.host.batch = 7;
    world.restart();
    let found = world.sell("A-3", 500).unwrap().unwrap_err();
    assert_eq!(found.code(), ErrorCode::BatchChangeRefused, "found at the sign-on");
    assert_eq!(world.sell("A-4", 500).unwrap().unwrap_err().to_string(), refused);
    assert_eq!(world.void("V-1", "A-2").unwrap().unwrap_err().to_string(), refused);
    assert_eq!(world.request("A-2", 100).unwrap_err().to_string(), refused);
    assert_eq!(world.approve(&refund, "alice").unwrap().unwrap_err().to_string(), refused);
    assert!(world.host.refunds.is_empty() && world.host.voids.is_empty());
}

/// The sign-on of a debt that is driven before it finds the host at another batch.
#[test]
fn an_attempt_that_waited_for_a_debt_is_not_sent_into_a_batch_that_the_host_has_left() {
    let mut world = World::new(1);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    world.sell("A-2", 500).unwrap().unwrap();
    world.restart();
    world.wait(100);
    world.host.up = true;
    world.host.batch = 7;
    let error = world.sell("A-3", 500).unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::BatchChangeRefused);
    assert!(world.status("A-3").is_err(), "nothing of it is in the journal");
    assert_eq!(world.host.heard.len(), 2, "it never left");
}
