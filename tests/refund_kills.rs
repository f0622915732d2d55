//! The process may end anywhere in a refund, the host may do anything: what the till says went back is what the host
//! gave back, and never more than was paid.
//!
//! Each row of the matrix is one point at which the process ends, from the request to the host's word, with one kind of
//! trouble or one word of the host's. Afterwards the till is opened again, approves what still waits, forwards what it
//! owes, and the books are compared. The control takes the safeguard away on which this rests, and the comparison must
//! see it.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use support::host::Trouble;
use support::world::refunds::of;
use support::world::{World, yuan};
use taptill::account::{Approval, RefundRules};
use taptill::iso8583::Op;
use taptill::payment::RefundRequest;
use taptill::payment::refund::state::RefundState;
use taptill::ports::Fate;

const DIALECTS: [&str; 2] = ["iso87", "encrypted"];
/// With a mark of a repeat, and without.
const MARKS: [&str; 2] = ["iso87", "unionpay"];

/// The points that a clean refund passes, in order. A new one must be thought about, and then listed.
const POINTS: [&str; 18] = [
    "before refund.requested",
    "after refund.requested",
    "before tell",
    "after tell",
    "before refund.approved",
    "after refund.approved",
    "before refund.prepared",
    "after refund.prepared",
    "before refund.sent",
    "after refund.sent",
    "before send",
    "after send",
    "before receive",
    "before refund.acknowledged",
    "after refund.acknowledged",
    "before tell",
    "after tell",
    "after receive",
];

/// What a host can do wrong with a refund.
const TROUBLES: [Trouble; 11] = [
    Trouble::None,
    Trouble::NoAnswer,
    Trouble::Forget,
    Trouble::LateAnswer,
    Trouble::AnswerTwice,
    Trouble::BadMac,
    Trouble::WrongEcho,
    Trouble::HalfFrame,
    Trouble::Reset,
    Trouble::Decline,
    Trouble::Rubbish,
];

/// What a host can say beside yes, and the events in which the till records it. A new one must be thought about, and then
/// listed.
struct Word {
    says: &'static str,
    /// How many of the next trace numbers something else has at the host.
    taken: u32,
    codes: &'static [&'static str],
    recorded: &'static [&'static str],
}

const WORDS: [Word; 5] = [
    Word { says: "a STAN is another's", taken: 1, codes: &[], recorded: &["answered", "acknowledged"] },
    Word { says: "no STAN is free", taken: 3, codes: &[], recorded: &["answered", "answered", "stuck"] },
    Word { says: "to sign on first", taken: 0, codes: &["A0"], recorded: &["answered", "acknowledged"] },
    Word { says: "no", taken: 0, codes: &["51"; 9], recorded: &["declined"] },
    Word {
        says: "to try again, then no",
        taken: 0,
        codes: &["91", "51", "51", "51"],
        recorded: &["answered", "stuck"],
    },
];

/// A till that has sold A-1 for 12.30, whose host has this to say to the next refund.
fn scene_of(dialect: &'static str, word: &Word) -> World {
    let mut world = scene(dialect, Trouble::None);
    let taken = (2..2 + word.taken).map(|stan| ("000001".to_owned(), format!("{stan:06}")));
    world.host.reversed_unseen.extend(taken);
    world.host.codes_of.insert(Op::Refund, word.codes.iter().copied().collect());
    world
}

/// A till that has sold A-1 for 12.30, whose host has this trouble with the next refund.
fn scene(dialect: &'static str, trouble: Trouble) -> World {
    let mut world = World::speaking(dialect, trouble as u64);
    world.plan.die_at(None);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.host.troubles_of.insert(Op::Refund, [trouble].into());
    world.plan.die_at(None);
    world
}

/// Half of the sale is asked for and approved. The process may die on the way.
fn refund_half(world: &mut World) {
    let ticket = world.start_request(RefundRequest { refund: None, of: of("A-1"), amount: yuan(615) }, true);
    if let Some(Ok(view)) = world.refund_told(ticket)
        && world.is_open()
    {
        let _told = world.approve(&view.refund, "alice");
    }
}

/// The till is opened again, what waits is approved, and what is owed is forwarded.
fn recover(world: &mut World) {
    world.plan.heal();
    if !world.is_open() {
        world.restart();
    }
    for view in world.refunds() {
        if view.state == RefundState::Waiting {
            let _told_what_the_host_says = world.approve(&view.refund, "alice").unwrap();
        }
    }
    world.settle_down();
}

fn points(dialect: &'static str, trouble: Trouble) -> Vec<String> {
    let mut world = scene(dialect, trouble);
    refund_half(&mut world);
    let points = world.plan.visited();
    recover(&mut world);
    assert_eq!(world.judge_refunds(), [], "{dialect} {trouble:?} without a kill");
    points
}

#[test]
fn a_refund_passes_the_listed_points_and_no_other() {
    for dialect in DIALECTS {
        let of_refunds: Vec<String> = points(dialect, Trouble::None);
        assert_eq!(of_refunds, POINTS, "{dialect}");
    }
}

#[test]
fn what_a_host_says_passes_the_listed_points_and_no_other() {
    for dialect in MARKS {
        for word in &WORDS {
            let mut world = scene_of(dialect, word);
            refund_half(&mut world);
            let visited = world.plan.visited();
            let after = visited.iter().skip_while(|point| *point != "after refund.sent");
            let steps = ["refund.prepared", "refund.sent"];
            let recorded = after
                .filter_map(|point| point.strip_prefix("after "))
                .filter(|step| step.starts_with("refund.") && !steps.contains(step));
            let recorded: Vec<&str> = recorded.map(|step| &step["refund.".len()..]).collect();
            assert_eq!(recorded, word.recorded, "{dialect}: {}", word.says);
        }
    }
}

/// Wherever the process ends while the host says something else than yes.
#[test]
fn no_kill_takes_what_a_host_says_for_something_else() {
    for (dialect, word) in MARKS.into_iter().flat_map(|dialect| WORDS.iter().map(move |word| (dialect, word))) {
        for visit in 0.. {
            let mut world = scene_of(dialect, word);
            world.plan.die_at(Some(visit));
            refund_half(&mut world);
            let Some(point) = world.plan.visited().get(visit).cloned() else { break };
            let row = format!("{dialect}: {}, killed at {visit} ({point})", word.says);
            recover(&mut world);
            assert_eq!(world.judge_refunds(), [], "{row}");
            the_rest_can_go_back(&mut world, &row);
        }
    }
}

/// What could not be recorded is kept, and nothing is sent before it is: the next send goes under another number.
#[test]
fn what_a_host_says_and_could_not_be_recorded_is_not_taken_for_something_else() {
    for (dialect, word) in MARKS.into_iter().flat_map(|dialect| WORDS.iter().map(move |word| (dialect, word))) {
        for step in word.recorded {
            for (fate, times) in [(Fate::DiskFull, 1), (Fate::Locked, 1), (Fate::Locked, 3), (Fate::SyncFailed, 1)] {
                let mut world = scene_of(dialect, word);
                world.plan.fail_at(&format!("before refund.{step}"), fate, times);
                refund_half(&mut world);
                if world.is_open() {
                    world.settle_down();
                }
                let row = format!("{dialect}: {}, {step} {fate:?} {times}", word.says);
                recover(&mut world);
                assert_eq!(world.judge_refunds(), [], "{row}");
                let state = world.refunds()[0].state;
                if fate != Fate::SyncFailed && word.says == "a STAN is another's" {
                    assert_eq!(state, RefundState::Acknowledged, "{row}: nobody has to ask about it");
                    let sends = world.host.arrived.iter().filter(|(_, key, _)| key.1 == "000002").count();
                    assert_eq!(sends, 1, "{row}: it is not sent again under a number that is another's");
                }
                if fate != Fate::SyncFailed && word.says == "no STAN is free" && *step == "stuck" {
                    let sends = world.host.arrived.iter().filter(|(_, key, _)| key.1 == "000004").count();
                    assert_eq!(sends, 1, "{row}: the third is another's as well, and that is not forgotten");
                }
                the_rest_can_go_back(&mut world, &row);
            }
        }
    }
}

/// With a host that says yes again, what is left of the sale can go back, and no more; the till goes on.
fn the_rest_can_go_back(world: &mut World, row: &str) {
    world.host.troubles_of.clear();
    world.host.codes_of.clear();
    world.host.reversed_unseen.clear();
    let back = world.status("A-1").unwrap().refunded_minor;
    let stuck = world.refunds().iter().any(|view| view.state == RefundState::Stuck);
    let left = 1_230 - if stuck { 615 } else { back };
    let error = world.request("A-1", left + 1).unwrap_err();
    assert_eq!(error.to_string(), format!("refund_exceeds_captured_amount left_minor={left}"), "{row}");
    let rest = world.request("A-1", left).unwrap().refund;
    let told = world.approve(&rest, "alice").unwrap();
    assert_eq!(told.unwrap().state, RefundState::Acknowledged, "{row}");
    assert_eq!(world.judge_refunds(), [], "{row}");
}

#[test]
fn no_kill_gives_money_back_twice_or_loses_a_refund() {
    for (dialect, trouble) in DIALECTS.into_iter().flat_map(|dialect| TROUBLES.map(|trouble| (dialect, trouble))) {
        for visit in 0..points(dialect, trouble).len() {
            let mut world = scene(dialect, trouble);
            world.plan.die_at(Some(visit));
            refund_half(&mut world);
            let point = world.plan.visited().get(visit).cloned().unwrap_or_default();
            let row = format!("{dialect} {trouble:?} killed at {visit} ({point})");
            recover(&mut world);
            assert_eq!(world.judge_refunds(), [], "{row}");
            the_rest_can_go_back(&mut world, &row);
        }
    }
}

/// The rules leave it to the host: one call records, approves and sends. Whoever was told nothing asks again by the same
/// name, and the customer gets the money once.
#[test]
fn a_named_refund_that_is_asked_for_again_after_any_kill_goes_back_once() {
    for visit in 0.. {
        let mut world = scene("iso87", Trouble::None);
        world.refund_rules(RefundRules { approval: Approval::Host, ..RefundRules::default() });
        world.plan.die_at(Some(visit));
        let told = world.request_as("return-7", "A-1", 615);
        let point = world.plan.visited().get(visit).cloned();
        world.plan.heal();
        world.plan.die_at(None);
        if !world.is_open() {
            world.restart();
        }
        let again = world.request_as("return-7", "A-1", 615).unwrap().unwrap();
        world.settle_down();
        assert_eq!(world.refund(&again.refund).state, RefundState::Acknowledged, "{visit} {point:?}");
        assert_eq!((world.host.refunds.len(), world.refunds().len()), (1, 1), "{visit} {point:?}");
        assert_eq!(world.judge_refunds(), [], "{visit} {point:?}");
        if point.is_none() {
            assert!(told.is_some() && visit > POINTS.len() / 2, "only {visit} points were passed");
            break;
        }
    }
}

#[test]
fn a_disk_that_is_full_or_does_not_sync_gives_nothing_back_twice() {
    for point in POINTS.iter().filter(|point| point.contains("refund.")) {
        for (fate, times) in [(Fate::DiskFull, 1), (Fate::DiskFull, 3), (Fate::SyncFailed, 1)] {
            let mut world = scene("iso87", Trouble::None);
            world.plan.fail_at(point, fate, times);
            refund_half(&mut world);
            recover(&mut world);
            assert_eq!(world.judge_refunds(), [], "{point} {fate:?} {times}");
            let back = world.status("A-1").unwrap().refunded_minor;
            assert!(back == 615 || back == 0, "{point} {fate:?} {times}: {back}");
        }
    }
}

/// The files of the journal as they were before the send was recorded, put back after the kill: what a till would find
/// that sends before it has synced. It does not know that it sent, takes 94 for another's number, and pays twice.
#[test]
fn the_comparison_sees_a_send_that_was_not_synced() {
    let mut seen = 0;
    for visit in 0..points("iso87", Trouble::NoAnswer).len() {
        let mut world = scene("iso87", Trouble::NoAnswer);
        let snapshot = Arc::new(Mutex::new(None));
        let (folder, taken) = (world.folder().to_owned(), snapshot.clone());
        world.plan.set_hook(Some(Box::new(move |point| {
            if point == "before refund.sent" {
                taken.lock().unwrap().get_or_insert_with(|| files(&folder));
            }
        })));
        world.plan.die_at(Some(visit));
        refund_half(&mut world);
        world.kill();
        if let Some(before_send) = snapshot.lock().unwrap().take() {
            put_back(world.folder(), &before_send);
        }
        world.plan.set_hook(None);
        world.plan.die_at(None);
        recover(&mut world);
        seen += usize::from(!world.judge_refunds().is_empty());
    }
    assert!(seen > 0, "the control passes: the comparison is blind");
}

type Files = Vec<(PathBuf, Vec<u8>)>;

fn files(folder: &Path) -> Files {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

fn put_back(folder: &Path, before: &Files) {
    for (path, _) in files(folder) {
        std::fs::remove_file(path).unwrap();
    }
    for (path, bytes) in before {
        std::fs::write(path, bytes).unwrap();
    }
}
