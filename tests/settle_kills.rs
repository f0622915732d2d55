//! The process may end anywhere in a settlement, the host may do anything: the batch is closed once, with the same
//! totals on both sides, and every record is uploaded from where the journal says that it stopped.
//!
//! Each row of the matrix is one point at which the process ends, in a settlement with one kind of trouble, of a host
//! that is in balance and of one that is not. Afterwards the till is opened again and does the rest by itself. The
//! controls put an older journal in the place of the one that was synced, and the auditor must see it.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use support::device::MemoryKeys;
use support::host::{Booking, Key, Trouble};
use support::world::World;
use taptill::iso8583::Op;
use taptill::payment::batch::state::BatchState;
use taptill::payment::state::State;
use tempfile::TempDir;

/// One more than a message holds.
const SALES: u64 = 13;

/// A till with a batch of payments, one of them declined, as files, and the host's book.
struct Sold {
    files: TempDir,
    keys: Arc<MemoryKeys>,
    book: BTreeMap<Key, Booking>,
}

fn sold() -> &'static Sold {
    static SOLD: OnceLock<Sold> = OnceLock::new();
    SOLD.get_or_init(|| {
        let mut world = World::speaking(DIALECT, 1);
        for sale in 0..SALES {
            world.sell(&format!("A-{sale}"), 100 + sale).unwrap().unwrap();
        }
        world.host.troubles.push_back(Trouble::Decline);
        world.sell("B-1", 999).unwrap().unwrap();
        Sold { files: world.copied_away(), keys: world.keys.clone(), book: world.host.book.clone() }
    })
}

const DIALECT: &str = "iso87";

/// What a settlement meets.
#[derive(Clone, Copy, Debug)]
struct Scene {
    /// Whether the host has the same totals.
    balanced: bool,
    /// Which of its messages meets the trouble.
    op: Op,
    trouble: Trouble,
}

impl Scene {
    fn world(self) -> World {
        let sold = sold();
        let mut world = World::speaking(DIALECT, 1);
        world.keys = Arc::new(sold.keys.copy());
        world.host.book.clone_from(&sold.book);
        if !self.balanced {
            // The host has lost a booking.
            let lost = world.host.book.keys().next().unwrap().clone();
            world.host.book.remove(&lost);
        }
        world.put_back(&sold.files);
        world.host.troubles_of.entry(self.op).or_default().push_back(self.trouble);
        if self.trouble == Trouble::DropFirstLine {
            world.host.drop_lines = 1;
        }
        world.plan.die_at(None);
        world
    }
}

/// Lets the till do the rest by itself: nobody asks for anything.
fn finish(world: &mut World) {
    for _ in 0..60 {
        if !world.is_open() {
            world.restart();
        }
        world.wait(5_000);
        if world.is_open() && world.batch(None).is_ok_and(|view| !view.state.is_unfinished()) {
            return;
        }
    }
    panic!("the settlement is never finished");
}

/// Whatever the clock says by then: same number, date, time and totals, with the dialect's mark of a repeat.
#[test]
fn a_settlement_that_is_sent_again_another_day_is_the_same_message() {
    for (dialect, is_marked) in [("iso87", true), ("unionpay", false), ("encrypted", true)] {
        for op in [Op::Settle, Op::SettleEnd] {
            let mut world = World::speaking(dialect, 1);
            world.sell("A-1", 1_230).unwrap().unwrap();
            world.sell("A-2", 1_230).unwrap().unwrap();
            if op == Op::SettleEnd {
                // Out of balance: every record is uploaded.
                let lost = world.host.book.keys().next().unwrap().clone();
                world.host.book.remove(&lost);
            }
            world.host.troubles_of.entry(op).or_default().extend([Trouble::NoAnswer, Trouble::NoAnswer]);
            let _waits = world.settle().unwrap().unwrap();
            world.kill();
            world.now.wall.0 += 86_400_000;
            world.restart();
            finish(&mut world);
            let sends: Vec<_> = world.host.said_to_it.iter().filter(|(said, _)| *said == op).collect();
            assert_eq!(sends.len(), 3, "{dialect} {op:?}");
            assert!(sends.iter().all(|send| *send == sends[0]), "{dialect} {op:?}: {sends:#?}");
            let marks = world.host.arrived.iter().filter(|(arrived, ..)| *arrived == op).map(|(.., mark)| *mark);
            assert_eq!(marks.collect::<Vec<_>>(), [false, is_marked, is_marked], "{dialect} {op:?}");
        }
    }
}

/// Everything that is wrong. `again` is how often a message may have come twice.
fn judge(world: &mut World, scene: Scene, again: usize) -> Vec<String> {
    let mut findings = Vec::new();
    let mut say = |holds: bool, what: &str| {
        if !holds {
            findings.push(what.to_owned());
        }
    };
    let events = world.journal();
    let count = |kind: &str| events.iter().filter(|(known, _)| known == kind).count();
    say(count("batch.closed") == 1, "the till has not closed the batch once");
    say(count("batch.closing") == 1, "the totals were not frozen once");
    let of_host = world.host.batches.get(&1).cloned().unwrap_or_default();
    say(of_host.closed == 1 && world.host.batch == 2, "the host has not closed the batch once");
    let view = world.batch(Some(1)).unwrap();
    say(view.state == BatchState::Closed, "the batch is not closed");
    let sums = view.totals.0.first().map(|totals| totals.sums).unwrap_or_default();
    let attempts = world.attempts();
    let approved: Vec<u64> = attempts
        .iter()
        .filter(|view| view.state == State::Approved && view.batch.is_some_and(|batch| batch.number() == 1))
        .map(|view| view.amount.minor())
        .collect();
    say((sums.sale.count, sums.sale.minor) == (approved.len() as u64, approved.iter().sum()), "the totals differ");
    say(attempts.iter().all(|view| view.stan.is_none() || view.settled), "a payment does not know that it is settled");
    say(attempts.len() as u64 == SALES + 1, "a payment was purged");
    let uploads = world.host.arrived.iter().filter(|(op, _, _)| *op == Op::BatchUpload).count();
    if scene.balanced {
        let totals = world.host.totals(1);
        say(totals.sales == (sums.sale.count, sums.sale.minor), "host and till have other totals");
        say(uploads == 0, "records were uploaded to a host in balance");
    } else {
        let uploaded: u64 = of_host.lines.values().map(|line| line.amount_minor).sum();
        say(of_host.lines.len() as u64 == view.records && uploaded == sums.sale.minor, "the host has other records");
        say(of_host.lines.keys().copied().eq(1..=view.records as u32), "the host's places have gaps");
        let lines = events.iter().filter(|(kind, _)| kind == "batch.uploaded").map(|(_, body)| &body["lines"]);
        let lines: Vec<u64> = lines.map(|lines| lines.as_u64().unwrap()).collect();
        say(lines == [12, 13], "the upload was not recorded message by message");
        say(uploads <= 2 + again, "what the journal says is there was uploaded again");
    }
    world.verify();
    findings
}

/// Every point that a settlement in this scene passes.
fn points(scene: Scene) -> Vec<String> {
    let mut world = scene.world();
    world.settle().unwrap().unwrap();
    finish(&mut world);
    let points = world.plan.visited();
    assert_eq!(judge(&mut world, scene, 1), [""; 0], "{scene:?} without a kill");
    points
}

/// Kills the settlement at each point from the first of this name on; what comes before it is another scene's.
fn no_kill_closes_twice_or_never(scene: Scene, from: &str) {
    let points = points(scene);
    assert!(points.iter().any(|point| point == "after batch.closed"), "{points:?}");
    let first = points.iter().position(|point| point == from).unwrap();
    for (visit, point) in points.iter().enumerate().skip(first) {
        let mut world = scene.world();
        world.plan.die_at(Some(visit));
        world.settle();
        finish(&mut world);
        let has_begun = world.journal().iter().any(|(kind, _)| kind == "batch.closing");
        if !has_begun {
            // Nothing had happened: it is asked for again.
            assert_eq!(world.host.batch, 1, "{scene:?} killed at {visit} ({point})");
            world.settle().unwrap().unwrap();
            finish(&mut world);
        }
        assert_eq!(judge(&mut world, scene, 2), [""; 0], "{scene:?} killed at {visit} ({point})");
        world.host.troubles_of.clear();
        world.host.drop_lines = 0;
        let next = world.sell("N-1", 500).unwrap().unwrap();
        let batch = next.batch.map(|batch| batch.number());
        assert_eq!((next.state, batch), (State::Approved, Some(2)), "{scene:?} killed at {visit} ({point})");
    }
}

const BEGINS: &str = "before batch.closing";

/// The troubles that a message without an amount can meet.
const TROUBLES: [Trouble; 10] = [
    Trouble::None,
    Trouble::NoAnswer,
    Trouble::Forget,
    Trouble::LateAnswer,
    Trouble::AnswerTwice,
    Trouble::BadMac,
    Trouble::WrongEcho,
    Trouble::HalfFrame,
    Trouble::Reset,
    Trouble::DropFirstLine,
];

#[test]
fn no_kill_of_a_settlement_in_balance_closes_twice_or_never() {
    for trouble in TROUBLES.into_iter().chain([Trouble::Rubbish]) {
        no_kill_closes_twice_or_never(Scene { balanced: true, op: Op::Settle, trouble }, BEGINS);
    }
}

#[test]
fn no_kill_of_a_settlement_out_of_balance_closes_twice_or_never() {
    for trouble in TROUBLES {
        no_kill_closes_twice_or_never(Scene { balanced: false, op: Op::Settle, trouble }, BEGINS);
    }
}

#[test]
fn no_kill_of_an_upload_loses_or_doubles_a_record() {
    for trouble in &TROUBLES[1..] {
        no_kill_closes_twice_or_never(
            Scene { balanced: false, op: Op::BatchUpload, trouble: *trouble },
            "after batch.unbalanced",
        );
    }
}

#[test]
fn no_kill_of_the_end_of_an_upload_closes_twice_or_never() {
    for trouble in &TROUBLES[1..] {
        no_kill_closes_twice_or_never(
            Scene { balanced: false, op: Op::SettleEnd, trouble: *trouble },
            "before batch.end_sent",
        );
    }
}

/// A settlement that dies at this point, and finds the journal as it was at an earlier one.
fn with_an_older_journal(scene: Scene, dies_at: &str, as_at: &'static str) -> World {
    let visit = points(scene).iter().position(|point| point == dies_at).unwrap();
    let mut world = scene.world();
    let older = Arc::new(Mutex::new(None));
    let (folder, taken) = (world.folder().to_owned(), older.clone());
    world.plan.set_hook(Some(Box::new(move |point| {
        let mut taken = taken.lock().unwrap();
        if point == as_at && taken.is_none() {
            let copy = tempfile::tempdir().unwrap();
            for file in std::fs::read_dir(&folder).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
            }
            *taken = Some(copy);
        }
    })));
    world.plan.die_at(Some(visit));
    world.settle();
    world.plan.set_hook(None);
    world.plan.die_at(None);
    let older = older.lock().unwrap().take().unwrap();
    world.put_back(&older);
    finish(&mut world);
    world
}

#[test]
fn the_auditor_sees_totals_that_were_sent_before_they_were_recorded() {
    let scene = Scene { balanced: true, op: Op::Settle, trouble: Trouble::None };
    let mut world = with_an_older_journal(scene, "after send", "before batch.closing");
    let findings = judge(&mut world, scene, 2);
    assert!(findings.contains(&"the batch is not closed".to_owned()), "the control passes: {findings:?}");
}

#[test]
fn the_auditor_sees_an_upload_that_begins_anew() {
    let scene = Scene { balanced: false, op: Op::SettleEnd, trouble: Trouble::NoAnswer };
    let mut world = with_an_older_journal(scene, "after batch.end_sent", "before batch.uploaded");
    let findings = judge(&mut world, scene, 1);
    let again = "what the journal says is there was uploaded again".to_owned();
    assert!(findings.contains(&again), "the control passes: {findings:?}");
}
