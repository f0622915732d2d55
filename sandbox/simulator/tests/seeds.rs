//! Store days by seed: nothing is found in any of them. 300 here; `cargo xtask test --long` plays 100,000 with
//! optimisation. A day on which nothing happened would have no findings either: what became of everything is counted.

use taptill_simulator::{Report, replay, run};

const SEEDS: u64 = 300;

/// How often each end comes about in a hundred days of each dialect, at least: half of what there is, or less.
const ENDS: [(&str, u64); 22] = [
    ("sale approved", 33),
    ("sale declined", 4),
    ("sale not_sent", 23),
    ("sale reversed", 28),
    ("refund acknowledged", 1),
    ("refund waiting", 1),
    ("batch balanced", 17),
    ("batch uploaded", 5),
    ("till.frozen till", 10),
    ("till.frozen lock_screen", 4),
    ("till.frozen host", 1),
    ("till.released ", 18),
    ("left by the checklist", 11),
    ("process killed", 20),
    ("power cut", 13),
    ("till gone", 12),
    ("refused deregistration_blocked", 6),
    ("refused second_person_needed", 6),
    ("passwords.renewed", 10),
    ("operator.password_changed", 27),
    ("certificate.renewed", 12),
    ("network captive_portal", 1),
];

/// The same of what is rare, in all dialects together.
const RARE: [(&str, u64); 15] = [
    ("sale voided", 4),
    ("void approved", 4),
    ("sale reversal_stuck", 4),
    ("void reversed", 4),
    ("erased by a start", 5),
    ("not let go for a balance", 2),
    ("refused export_failed", 1),
    ("refused network_refused", 9),
    ("refused network_refused_for_keys", 17),
    ("network open_wifi", 12),
    ("network proxied", 15),
    ("network user_authority", 14),
    ("network vpn", 11),
    ("network clock_wrong", 10),
    ("network absent", 12),
];

fn something_happens(report: &Report) {
    for dialect in ["iso87", "unionpay", "encrypted"] {
        for (what, least) in ENDS {
            let times = report.ends.get(&(dialect, what.to_owned())).copied().unwrap_or(0);
            assert!(times >= least, "{dialect}: {what} {times} times of {least} in {:#?}", report.ends);
        }
    }
    for (what, least) in RARE {
        let times: u64 = report.ends.iter().filter(|((_, end), _)| end == what).map(|(_, times)| times).sum();
        assert!(times >= least, "{what} {times} times of {least} in {:#?}", report.ends);
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
