//! Store days by seed: nothing is found in any of them. 300 here; `cargo xtask test --long` plays 100,000 with
//! optimisation. A day on which nothing happened would have no findings either: what became of everything is counted.

use taptill_simulator::{Report, replay, run};

const SEEDS: u64 = 300;

/// How often each end comes about in a hundred days of each dialect, at least: half of what there is, or less.
const ENDS: [(&str, u64); 19] = [
    ("sale approved", 40),
    ("sale declined", 3),
    ("sale not_sent", 20),
    ("sale reversed", 38),
    ("sale reversal_stuck", 1),
    ("sale voided", 1),
    ("void approved", 1),
    ("void reversed", 1),
    ("refund acknowledged", 2),
    ("refund waiting", 1),
    ("batch balanced", 19),
    ("batch uploaded", 5),
    ("till.frozen till", 13),
    ("till.frozen lock_screen", 3),
    ("till.frozen host", 2),
    ("till.released ", 18),
    ("left by the checklist", 8),
    ("process killed", 19),
    ("power cut", 6),
];

fn something_happens(report: &Report) {
    for dialect in ["iso87", "unionpay", "encrypted"] {
        for (what, least) in ENDS {
            let times = report.ends.get(&(dialect, what.to_owned())).copied().unwrap_or(0);
            assert!(times >= least, "{dialect}: {what} {times} times of {least} in {:#?}", report.ends);
        }
    }
}

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
    something_happens(&report);
}

#[test]
fn no_week_breaks_an_invariant() {
    let from = 1_000_000;
    let report = run(from..from + SEEDS / 100, 7, None);
    assert_eq!(report.failed, [0; 0], "cargo xtask simulate --days 7 --replay SEED --trace");
}
