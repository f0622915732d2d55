//! The same seed is the same day, in this process and in another: what a simulated day finds can be seen again.
//!
//! It is alone in its file: a process that is being started holds this one's files for a moment, the till's lock too.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use support::days::random_day;

/// Set for the other process: the day that it is to play, and to tell.
const TOLD_SEED: &str = "TAPTILL_TOLD_SEED";

#[test]
fn the_same_seed_is_the_same_day() {
    if let Ok(seed) = std::env::var(TOLD_SEED) {
        println!("trace {}", random_day(seed.parse().unwrap(), false).trace);
        return;
    }
    let traces: Vec<String> = (0..12).map(|seed| random_day(seed, false).trace).collect();
    assert_eq!(traces.iter().collect::<BTreeSet<_>>().len(), traces.len(), "each day is another");
    for (seed, trace) in traces.iter().enumerate().rev() {
        assert_eq!(random_day(seed as u64, false).trace, *trace, "seed {seed}");
    }
    let mut another = Command::new(std::env::current_exe().unwrap());
    another.args(["--exact", "the_same_seed_is_the_same_day", "--nocapture"]).env(TOLD_SEED, "7");
    let said = String::from_utf8(another.output().unwrap().stdout).unwrap();
    assert!(said.contains(&format!("trace {}\n", traces[7])), "another process has another day: {said}");
}
