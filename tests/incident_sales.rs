//! A till is frozen at any point of a sale, a void and a refund: what has not left ends unsent, what may have left ends as
//! the host says or is taken back, and the till and its host agree.
//!
//! Virtual time, one host that may do anything; the freeze comes at each few milliseconds of the work, and the process
//! may end anywhere after it. An auditor compares the journal with the host's book.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::days::judge;
use support::host::Trouble;
use support::world::World;
use support::world::refunds::of;
use taptill::iso8583::Op;
use taptill::payment::RefundRequest;
use taptill::payment::refund::state::RefundState;
use taptill::payment::state::State;

const DIALECTS: [&str; 2] = ["iso87", "encrypted"];
const TROUBLES: [Trouble; 6] =
    [Trouble::None, Trouble::NoAnswer, Trouble::LateAnswer, Trouble::Decline, Trouble::Reset, Trouble::BadMac];
/// How far apart two moments are at which the till is frozen, in milliseconds.
const STEP_MS: u64 = 10;

/// What is under way when the till is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Sale,
    Void,
    Refund,
}

fn scene(dialect: &'static str, work: Work, trouble: Trouble) -> World {
    let mut world = World::speaking(dialect, trouble as u64);
    world.sell("A-0", 1_230).unwrap().unwrap();
    world.restart();
    let op = match work {
        Work::Sale => Op::Sale,
        Work::Void => Op::Void,
        Work::Refund => Op::Refund,
    };
    world.host.troubles_of.insert(op, [trouble].into());
    world.plan.die_at(None);
    world
}

/// Begins the work; it goes on while time goes by.
fn begin(world: &mut World, work: Work) {
    match work {
        Work::Sale => drop(world.start(support::world::order("A-1", 500))),
        Work::Void => drop(world.start_void("V-1", "A-0")),
        Work::Refund => {
            let request = RefundRequest { refund: None, of: of("A-0"), amount: support::world::yuan(500) };
            let ticket = world.start_request(request, true);
            let refund = world.refund_told(ticket).unwrap().unwrap().refund;
            let _waits = world.start_approval(&refund, "alice", true);
        }
    }
}

/// How long the work takes when nobody freezes anything.
fn length_ms(dialect: &'static str, work: Work, trouble: Trouble) -> u64 {
    let mut world = scene(dialect, work, trouble);
    let began = world.now.mono.0;
    begin(&mut world, work);
    for _ in 0..2_000 {
        if world.is_idle() {
            break;
        }
        world.wait(STEP_MS);
    }
    world.now.mono.0 - began
}

/// What every frozen till must come to.
fn is_in_order(world: &mut World, row: &str) {
    let refused = world.sell("A-9", 100).unwrap().unwrap_err();
    assert!(refused.to_string().starts_with("till_frozen"), "{row}: {refused}");
    world.settle_down();
    assert_eq!(judge(world), [], "{row}");
    assert_eq!(world.judge_refunds(), [], "{row}");
    for view in world.attempts() {
        assert!(
            !view.state.is_debt() || view.state == State::ReversalStuck,
            "{row}: {} {:?}",
            view.attempt,
            view.state
        );
    }
    for view in world.refunds() {
        let is_open = view.state.is_debt() && view.state != RefundState::Stuck;
        assert!(!is_open, "{row}: {} {:?}", view.refund, view.state);
    }
    // Frozen through all of it; and once it is free it sells.
    let again = world.sell("A-9", 100).unwrap().unwrap_err();
    assert!(again.to_string().starts_with("till_frozen"), "{row}: {again}");
    world.host.troubles_of.clear();
    world.release();
    assert_eq!(world.sell("A-10", 100).unwrap().unwrap().state, State::Approved, "{row}");
    assert_eq!(judge(world), [], "{row}: and goes on");
}

fn rows() -> Vec<(&'static str, Work, Trouble)> {
    let mut rows = Vec::new();
    for dialect in DIALECTS {
        rows.extend(TROUBLES.map(|trouble| (dialect, Work::Sale, trouble)));
    }
    for work in [Work::Void, Work::Refund] {
        rows.extend([Trouble::None, Trouble::NoAnswer, Trouble::LateAnswer].map(|trouble| ("iso87", work, trouble)));
    }
    rows
}

#[test]
fn a_freeze_at_any_moment_leaves_nothing_open_and_nothing_lost() {
    let mut ends = std::collections::BTreeSet::new();
    let mut tried = 0;
    for (dialect, work, trouble) in rows() {
        let length = length_ms(dialect, work, trouble).min(250);
        for at in (0..=length).step_by(STEP_MS as usize) {
            let row = format!("{dialect} {work:?} {trouble:?} frozen after {at} ms");
            let mut world = scene(dialect, work, trouble);
            begin(&mut world, work);
            world.wait(at);
            world.freeze();
            is_in_order(&mut world, &row);
            if work == Work::Sale {
                ends.insert(world.status("A-1").unwrap().state.word());
            }
            tried += 1;
        }
    }
    let expected = ["approved", "declined", "not_sent", "reversed"];
    assert!(ends.iter().eq(expected.iter()), "every end of a sale was met: {ends:?}");
    assert!(tried > 200, "{tried}");
}

#[test]
fn a_process_that_ends_after_a_freeze_forgets_neither_it_nor_a_debt() {
    let mut tried = 0;
    for (dialect, work, trouble) in rows() {
        if !matches!(trouble, Trouble::None | Trouble::NoAnswer) {
            continue;
        }
        let length = length_ms(dialect, work, trouble).min(100);
        for at in (0..=length).step_by(30) {
            let mut dry = scene(dialect, work, trouble);
            begin(&mut dry, work);
            dry.wait(at);
            dry.plan.die_at(None);
            dry.freeze();
            dry.wait(5_000);
            for visit in 0..dry.plan.visited().len() {
                let row = format!("{dialect} {work:?} {trouble:?} frozen after {at} ms, killed at {visit}");
                let mut world = scene(dialect, work, trouble);
                begin(&mut world, work);
                world.wait(at);
                world.plan.die_at(Some(visit));
                world.freeze();
                world.wait(5_000);
                world.plan.die_at(None);
                if !world.is_open() {
                    world.restart();
                }
                is_in_order(&mut world, &row);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

/// The control: a freeze that takes the sale's record with it is seen.
#[test]
fn a_freeze_that_loses_a_debt_is_seen() {
    let mut seen = 0;
    for at in (0..200).step_by(20) {
        let mut world = scene("iso87", Work::Sale, Trouble::NoAnswer);
        let away = world.copied_away();
        begin(&mut world, Work::Sale);
        world.wait(at);
        world.freeze();
        world.put_back(&away);
        world.settle_down();
        seen += usize::from(!judge(&mut world).is_empty());
    }
    assert!(seen > 0, "the auditor is blind");
}
