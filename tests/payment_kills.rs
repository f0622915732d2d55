//! The process may end anywhere, the host may do anything: what the till says and what the host books is the same.
//!
//! Each row of the matrix is one point at which the process ends, in a sale with one kind of trouble, with a card that
//! our own kernel reads and with a finished read of somebody else's reader. Afterwards
//! the till is opened again, drives its debts, and an auditor compares its journal with the host's book. The
//! control takes the one safeguard away on which all of this rests, and the auditor must see it.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use support::audit::{Finding, audit};
use support::device::Seeded;
use support::host::Trouble;
use support::seeds;
use support::world::World;
use taptill::error::Error;
use taptill::payment::AttemptView;
use taptill::payment::state::State;
use taptill::ports::Fate;

/// Every point that a clean sale passes, in order. A new one must be thought about, and then listed. The real
/// binary is killed at each of them too (`sandbox/tests/till_kills.rs`).
const POINTS_OF_A_SALE: &str = include_str!("vectors/points_of_a_sale.txt");

/// A card that our own kernel reads, and finished reads of somebody else's reader. The two dialects of clear card data
/// differ in bytes alone, and take turns in the random days.
const DIALECTS: [&str; 2] = ["iso87", "encrypted"];

#[test]
fn a_sale_passes_the_listed_points_and_no_other_whichever_reader_reads_the_card() {
    for dialect in DIALECTS {
        let mut world = World::speaking(dialect, 1);
        world.plan.die_at(None);
        world.sell("A-1", 1_230);
        assert_eq!(world.plan.visited(), POINTS_OF_A_SALE.lines().collect::<Vec<_>>(), "{dialect}");
        assert_eq!(world.asked_reads.len(), usize::from(dialect == "encrypted"));
    }
}

fn sale_points(dialect: &'static str, trouble: Trouble) -> Vec<String> {
    let mut world = scene(dialect, trouble);
    world.sell("A-1", 1_230);
    world.settle_down();
    let points = world.plan.visited();
    assert_eq!(judge(&mut world), [], "{dialect} {trouble:?} without a kill");
    points
}

fn scene(dialect: &'static str, trouble: Trouble) -> World {
    let mut world = World::speaking(dialect, trouble as u64);
    world.host.troubles.push_back(trouble);
    if trouble == Trouble::DropFirstLine {
        world.host.drop_lines = 1;
    }
    world.plan.die_at(None);
    world
}

fn judge(world: &mut World) -> Vec<Finding> {
    let attempts = world.attempts();
    world.verify();
    audit(&attempts, &world.host, &world.told_approved)
}

/// Kills a sale with this trouble at each point that it passes.
fn no_kill_loses_or_doubles_money(dialect: &'static str, trouble: Trouble) {
    for visit in 0..sale_points(dialect, trouble).len() {
        let mut world = scene(dialect, trouble);
        world.plan.die_at(Some(visit));
        world.sell("A-1", 1_230);
        world.settle_down();
        let point = world.plan.visited().get(visit).cloned().unwrap_or_default();
        assert_eq!(judge(&mut world), [], "{dialect} {trouble:?} killed at {visit} ({point})");
        world.host.troubles.clear();
        world.host.drop_lines = 0;
        let next = world.sell("A-2", 500).unwrap().unwrap();
        let after = format!("{dialect} {trouble:?} killed at {visit} ({point})");
        assert_eq!(next.state, State::Approved, "{after} poisons the till: {next:?}");
        assert!(next.card_masked.is_some(), "{after}");
    }
}

macro_rules! matrix {
    ($($name:ident: $trouble:ident,)+) => {
        $(
            #[test]
            fn $name() {
                DIALECTS.into_iter().for_each(|dialect| no_kill_loses_or_doubles_money(dialect, Trouble::$trouble));
            }
        )+

        #[test]
        fn the_matrix_has_every_trouble() {
            assert_eq!([$(Trouble::$trouble),+], Trouble::ALL);
        }
    };
}

matrix! {
    no_kill_of_a_clean_sale_loses_money: None,
    no_kill_loses_money_when_the_host_is_silent: NoAnswer,
    no_kill_loses_money_when_the_host_forgets: Forget,
    no_kill_loses_money_when_the_answer_is_late: LateAnswer,
    no_kill_loses_money_when_the_host_answers_twice: AnswerTwice,
    no_kill_loses_money_when_the_mac_is_bad: BadMac,
    no_kill_loses_money_when_the_echo_is_wrong: WrongEcho,
    no_kill_loses_money_when_half_a_frame_comes: HalfFrame,
    no_kill_loses_money_when_the_line_is_reset: Reset,
    no_kill_of_a_declined_sale_loses_money: Decline,
    no_kill_loses_money_when_reversals_are_refused: RefuseReversal,
    no_kill_loses_money_when_a_reversals_answer_is_lost: LoseReversalAnswer,
    no_kill_loses_money_when_the_reversal_overtakes_its_sale: Overtaken,
    no_kill_loses_money_when_rubbish_comes: Rubbish,
    no_kill_loses_money_when_the_first_line_drops: DropFirstLine,
}

/// The file of the journal as it was before the doubt was recorded, put back after the kill: what a till would
/// find that sends before it has synced.
#[test]
fn the_auditor_sees_a_doubt_that_was_not_synced() {
    let mut seen = 0;
    for visit in 0..sale_points("encrypted", Trouble::NoAnswer).len() {
        let mut world = scene("encrypted", Trouble::NoAnswer);
        let snapshot = Arc::new(Mutex::new(None));
        let (folder, taken) = (world.folder().to_owned(), snapshot.clone());
        world.plan.set_hook(Some(Box::new(move |point| {
            if point == "before attempt.in_doubt" {
                *taken.lock().unwrap() = Some(files(&folder));
            }
        })));
        world.plan.die_at(Some(visit));
        world.sell("A-1", 1_230);
        world.kill();
        if let Some(before_doubt) = snapshot.lock().unwrap().take() {
            put_back(world.folder(), &before_doubt);
        }
        world.plan.set_hook(None);
        world.plan.die_at(None);
        world.settle_down();
        seen += usize::from(!judge(&mut world).is_empty());
    }
    assert!(seen > 0, "the control passes: the auditor is blind");
}

/// All files of a folder, with their contents.
type Files = Vec<(std::path::PathBuf, Vec<u8>)>;

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

const RANDOM_DAYS: u64 = 1_000;

/// What to type for one day, with `TAPTILL_SEEDS` before it.
const AGAIN: &str = "cargo test -p taptill --test payment_kills random_days";

#[test]
fn random_days_end_with_equal_books() {
    let asked = seeds::asked();
    let aloud = asked.as_ref().is_some_and(|asked| asked.end - asked.start == 1);
    let days = seeds::each(AGAIN, asked.clone().unwrap_or(0..RANDOM_DAYS), |seed| {
        let day = random_day(seed, aloud);
        assert_eq!(day.findings, [], "the books differ");
        day
    });
    if aloud {
        println!("trace {}", days[0].trace);
    }
    let states: BTreeSet<_> = days.into_iter().flat_map(|day| day.states).collect();
    let all = [State::Approved, State::Declined, State::NotSent, State::Reversed, State::ReversalStuck];
    assert!(asked.is_some() || states.into_iter().eq(all), "the days reach every end");
}

#[test]
fn the_same_seed_is_the_same_day() {
    let traces: Vec<String> = (0..12).map(|seed| random_day(seed, false).trace).collect();
    assert_eq!(traces.iter().collect::<BTreeSet<_>>().len(), traces.len(), "each day is another");
    for (seed, trace) in traces.iter().enumerate().rev() {
        assert_eq!(random_day(seed as u64, false).trace, *trace, "seed {seed}");
    }
    let mut another = std::process::Command::new(std::env::current_exe().unwrap());
    another.args(["--exact", "random_days_end_with_equal_books", "--nocapture"]).env("TAPTILL_SEEDS", "7");
    let said = String::from_utf8(another.output().unwrap().stdout).unwrap();
    assert!(said.contains(&format!("trace {}\n", traces[7])), "another process has another day: {said}");
}

/// How a day ended.
struct Day {
    findings: Vec<Finding>,
    states: Vec<State>,
    trace: String,
}

/// A day: sales with random troubles, kills and failures at random points, restarts, waits, moved clocks.
fn random_day(seed: u64, aloud: bool) -> Day {
    let mut world = World::speaking(["iso87", "unionpay", "encrypted"][seed as usize % 3], seed);
    world.trace.aloud = aloud;
    let draw = Seeded::new(seed ^ 0x5EED);
    world.plan.die_at(None);
    for sale in 0..1 + draw.below(4) {
        let attempt = format!("A-{sale}");
        let minor = 100 + draw.below(5_000) as u64;
        misfortune(&mut world, &draw);
        let told = if draw.below(10) == 0 {
            walks_away(&mut world, &attempt, minor);
            None
        } else {
            world.sell(&attempt, minor)
        };
        world.wait(draw.below(20_000) as u64);
        recover(&mut world);
        if draw.below(3) == 0 {
            sells_the_same(&mut world, &attempt, minor, told);
        }
    }
    world.host.drop_lines = 0;
    world.plan.die_at(None);
    recover(&mut world);
    world.settle_down();
    let findings = judge(&mut world);
    let states = world.attempts().into_iter().map(|view| view.state).collect();
    Day { findings, states, trace: world.trace.hex() }
}

/// What is going to be wrong around the next sale.
fn misfortune(world: &mut World, draw: &Seeded) {
    world.host.troubles = [Trouble::ALL[draw.below(Trouble::ALL.len())]].into();
    if draw.below(3) == 0 {
        world.plan.die_at(Some(draw.below(40)));
    }
    if draw.below(8) == 0 {
        world.host.batch += 1;
    }
    world.host.up = draw.below(10) != 0;
    match draw.below(12) {
        0 => world.host.lose_keys(),
        1 => world.host.goes_down_after_sale = true,
        2 => world.host.lose_reversal_answers = draw.below(4),
        3 => world.callers_take = false,
        4 => world.now.wall.0 += DAY_MS * (draw.below(5) as i64 - 2),
        5 | 6 => {
            let points: Vec<&str> = POINTS_OF_A_SALE.lines().chain(POINTS_OF_A_REVERSAL).collect();
            let fate = [Fate::SyncFailed, Fate::DiskFull][draw.below(2)];
            world.plan.fail_at(points[draw.below(points.len())], fate, 1 + draw.below(3));
        }
        _ => {}
    }
}

/// No card comes, and the cashier gives up.
fn walks_away(world: &mut World, attempt: &str, minor: u64) {
    world.card_is_there = false;
    let ticket = world.start_and_wait(attempt, minor, 700);
    if world.is_open() && !world.is_told(ticket) {
        let cancelled = world.cancel(attempt);
        assert!(!world.is_open() || cancelled.is_ok_and(|view| view.state == State::NotSent), "{attempt}");
    }
    world.card_is_there = true;
}

const DAY_MS: i64 = 86_400_000;

const POINTS_OF_A_REVERSAL: [&str; 6] = [
    "before attempt.reversal_due",
    "after attempt.reversal_due",
    "before attempt.reversal_sent",
    "after attempt.reversal_sent",
    "before attempt.reversed",
    "after attempt.reversed",
];

/// Everything is well again.
fn recover(world: &mut World) {
    world.plan.heal();
    if !world.is_open() {
        world.restart();
    }
    world.host.up = true;
    world.host.goes_down_after_sale = false;
    world.callers_take = true;
}

/// The same attempt again: what its caller was told stands, and nobody pays twice.
fn sells_the_same(world: &mut World, attempt: &str, minor: u64, told: Option<Result<AttemptView, Error>>) {
    let again = world.sell(attempt, minor);
    if !world.is_open() {
        world.restart();
    }
    if let (Some(Ok(told)), Some(Ok(again))) = (told, again)
        && told.state.is_final()
    {
        assert_eq!((again.state, again.stan, again.rrn), (told.state, told.stan, told.rrn), "{attempt}");
    }
}
