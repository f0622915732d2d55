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

use support::days::{POINTS_OF_A_SALE, judge, random_day};
use support::host::Trouble;
use support::seeds;
use support::world::World;
use taptill::payment::state::State;

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
