//! Every mistake that can be planted is found by the auditor within 2,000 seeds, and the day that shows it is made short.
//! The same day without the mistake has no findings, and a panic of the core's finds nothing here.
//!
//! Without the feature `planted-bugs` there are the host's own mistakes alone.

use taptill_simulator::{mistakes, replay, run};

const SEEDS: u64 = 2_000;

#[test]
fn every_mistake_is_found_and_shown_in_a_few_steps() {
    let mut missed = Vec::new();
    for name in mistakes() {
        let report = run(0..SEEDS, 1, Some(name));
        let Some(first) = report.failed.first() else {
            missed.push(name);
            continue;
        };
        let (_, failure) = replay(*first, 1, Some(name));
        let failure = failure.expect("it failed a moment ago");
        let clean = replay(*first, 1, None).1;
        assert!(clean.is_none(), "the same day without {name}: {clean:#?}");
        println!("{name}: seed {first}, {} steps, {:?}", failure.steps.len(), failure.findings.first());
        assert!(failure.steps.len() <= 12, "{name} needs {:#?}", failure.steps);
        assert!(failure.command.contains(name));
    }
    assert!(missed.is_empty(), "not found within {SEEDS} seeds: {missed:?}");
}

#[cfg(feature = "planted-bugs")]
#[test]
fn there_are_at_least_twelve_and_eight_about_bad_days() {
    let about = ["freeze", "frozen", "released", "left_by", "deregistered", "erase", "erasure", "renewal", "network"];
    let bad_days = mistakes().into_iter().filter(|name| about.iter().any(|word| name.contains(word)));
    assert!(mistakes().len() > 12 && bad_days.count() >= 8);
}
