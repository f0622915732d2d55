//! A host that opens another batch: its keys are always taken, its batch only while nothing of ours is open.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::days::judge;
use support::host::Trouble;
use support::world::World;
use taptill::error::ErrorCode;
use taptill::payment::state::State;

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
