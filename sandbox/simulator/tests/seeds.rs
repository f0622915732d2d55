//! Store days by seed: nothing is found in any of them. 300 here; `cargo xtask test --long` plays 100,000 with
//! optimisation.

use taptill_simulator::{replay, run};

const SEEDS: u64 = 300;

#[test]
fn no_day_breaks_an_invariant() {
    let report = run(0..SEEDS, 1, None);
    assert_eq!(report.played, SEEDS);
    if let Some(first) = report.failed.first() {
        let (_, failure) = replay(*first, 1, None);
        panic!(
            "{} seeds fail, {:?}…: {failure:#?}",
            report.failed.len(),
            &report.failed[..report.failed.len().min(10)]
        );
    }
}

#[test]
fn no_week_breaks_an_invariant() {
    let from = 1_000_000;
    let report = run(from..from + SEEDS / 100, 7, None);
    assert_eq!(report.failed, [0; 0], "cargo xtask simulate --days 7 --replay SEED --trace");
}
