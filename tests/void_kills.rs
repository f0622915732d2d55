//! The process may end anywhere in a void, the host may do anything: sale, void and book agree afterwards.
//!
//! Each row of the matrix is one point at which the process ends, in a void with one kind of trouble. Afterwards the
//! till is opened again, drives its debts, and an auditor compares its journal with the host's book. The control takes
//! away the one safeguard on which all of this rests, and the auditor must see it.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::path::Path;
use std::sync::{Arc, Mutex};

use support::days::{POINTS_OF_A_SALE, judge};
use support::host::Trouble;
use support::world::World;
use taptill::payment::state::State;

/// Two shapes of message: with and without the original's number in a field of its own.
const DIALECTS: [&str; 2] = ["iso87", "unionpay"];

/// The real binary is killed at each of them too (`sandbox/tests/till_void_kills.rs`).
#[test]
fn a_void_passes_the_points_of_a_sale_and_no_other() {
    for dialect in DIALECTS {
        let mut world = scene(dialect, Trouble::None);
        world.void("V-1", "A-1");
        assert_eq!(world.plan.visited(), POINTS_OF_A_SALE.lines().collect::<Vec<_>>(), "{dialect}");
    }
}

/// A till that has sold once in this run, and a host with this trouble for the void.
fn scene(dialect: &'static str, trouble: Trouble) -> World {
    let mut world = World::speaking(dialect, trouble as u64);
    world.sell("A-1", 1_230).unwrap().unwrap();
    world.restart();
    world.host.troubles.push_back(trouble);
    if trouble == Trouble::DropFirstLine {
        world.host.drop_lines = 1;
    }
    world.plan.die_at(None);
    world
}

fn points(dialect: &'static str, trouble: Trouble) -> Vec<String> {
    let mut world = scene(dialect, trouble);
    world.void("V-1", "A-1");
    world.settle_down();
    let points = world.plan.visited();
    assert_eq!(judge(&mut world), [], "{dialect} {trouble:?} without a kill");
    points
}

/// Kills a void with this trouble at each point that it passes.
fn no_kill_leaves_sale_and_void_at_odds(dialect: &'static str, trouble: Trouble) {
    for visit in 0..points(dialect, trouble).len() {
        let mut world = scene(dialect, trouble);
        world.plan.die_at(Some(visit));
        world.void("V-1", "A-1");
        world.settle_down();
        let point = world.plan.visited().get(visit).cloned().unwrap_or_default();
        let after = format!("{dialect} {trouble:?} killed at {visit} ({point})");
        assert_eq!(judge(&mut world), [], "{after}");
        world.host.troubles.clear();
        world.host.drop_lines = 0;
        let sale = world.status("A-1").unwrap();
        let expected = match sale.void.as_ref().map(|void| void.state) {
            Some(State::Approved) => State::Voided,
            _ => State::Approved,
        };
        assert_eq!(sale.state, expected, "{after}: {:?}", sale.void);
        // What was asked for can still be had, exactly once, or says why not.
        match world.void("V-2", "A-1").unwrap() {
            Ok(void) => assert_eq!((expected, void.state), (State::Approved, State::Approved), "{after}"),
            Err(error) => {
                let code = error.code().code();
                assert!(matches!(code, "already_voided" | "void_in_doubt"), "{after}: {code}");
                assert_eq!(code == "already_voided", expected == State::Voided, "{after}");
            }
        }
        assert_eq!(world.sell("A-2", 500).unwrap().unwrap().state, State::Approved, "{after} poisons the till");
        assert_eq!(judge(&mut world), [], "{after}, and a second void");
    }
}

macro_rules! matrix {
    ($($name:ident: $trouble:ident,)+) => {
        $(
            #[test]
            fn $name() {
                DIALECTS.into_iter().for_each(|dialect| no_kill_leaves_sale_and_void_at_odds(dialect, Trouble::$trouble));
            }
        )+

        #[test]
        fn the_matrix_has_every_trouble() {
            assert_eq!([$(Trouble::$trouble),+], Trouble::ALL);
        }
    };
}

matrix! {
    no_kill_of_a_clean_void_puts_the_books_at_odds: None,
    no_kill_puts_the_books_at_odds_when_the_host_is_silent: NoAnswer,
    no_kill_puts_the_books_at_odds_when_the_host_forgets: Forget,
    no_kill_puts_the_books_at_odds_when_the_answer_is_late: LateAnswer,
    no_kill_puts_the_books_at_odds_when_the_host_answers_twice: AnswerTwice,
    no_kill_puts_the_books_at_odds_when_the_mac_is_bad: BadMac,
    no_kill_puts_the_books_at_odds_when_the_echo_is_wrong: WrongEcho,
    no_kill_puts_the_books_at_odds_when_half_a_frame_comes: HalfFrame,
    no_kill_puts_the_books_at_odds_when_the_line_is_reset: Reset,
    no_kill_of_a_declined_void_puts_the_books_at_odds: Decline,
    no_kill_puts_the_books_at_odds_when_reversals_are_refused: RefuseReversal,
    no_kill_puts_the_books_at_odds_when_a_reversals_answer_is_lost: LoseReversalAnswer,
    no_kill_puts_the_books_at_odds_when_the_reversal_overtakes_its_void: Overtaken,
    no_kill_puts_the_books_at_odds_when_rubbish_comes: Rubbish,
    no_kill_puts_the_books_at_odds_when_the_first_line_drops: DropFirstLine,
}

/// The journal as it was before the doubt was recorded, put back after the kill: what a till would find that sends
/// before it has synced.
#[test]
fn the_auditor_sees_a_void_that_was_sent_before_its_doubt_was_synced() {
    let mut seen = 0;
    for visit in 0..points("iso87", Trouble::NoAnswer).len() {
        let mut world = scene("iso87", Trouble::NoAnswer);
        let snapshot = Arc::new(Mutex::new(None));
        let (folder, taken) = (world.folder().to_owned(), snapshot.clone());
        world.plan.set_hook(Some(Box::new(move |point| {
            if point == "before attempt.in_doubt" {
                *taken.lock().unwrap() = Some(files(&folder));
            }
        })));
        world.plan.die_at(Some(visit));
        world.void("V-1", "A-1");
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
