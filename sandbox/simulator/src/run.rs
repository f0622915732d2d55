//! Many seeds on all cores, one day each, and what to type to see a failing one again.
//!
//! It never depends on which thread plays a seed. Evidence: `sandbox/simulator/tests/same_bytes.rs`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use crate::day::{self, HOST_BOOKS_LATE, HOST_CLOSES_TWICE, Outcome};
use crate::schedule::{self, Step};
use crate::shrink::shrink;
use crate::stage::{self, Place};

const OF_THE_HOST: [&str; 2] = [HOST_BOOKS_LATE, HOST_CLOSES_TWICE];

/// What came of many seeds.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many seeds were played.
    pub played: u64,
    /// The seeds that failed, the smallest first.
    pub failed: Vec<u64>,
    /// What became of everything, counted, by dialect.
    pub ends: BTreeMap<(&'static str, String), u64>,
}

/// One failing seed, made as short as can be.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The steps that are needed, a line each.
    pub steps: Vec<String>,
    /// What the auditor found with them.
    pub findings: Vec<String>,
    /// How to see it again.
    pub command: String,
}

/// The mistakes that can be planted, by name: the host's, and with the feature `planted-bugs` the core's.
#[must_use]
pub fn mistakes() -> Vec<&'static str> {
    let host = OF_THE_HOST.into_iter();
    #[cfg(feature = "planted-bugs")]
    let host = host.chain(taptill::planted::NAMES.iter().copied());
    host.collect()
}

/// Plays these seeds; where a mistake is planted, only until the first that fails.
#[must_use]
pub fn run(seeds: Range<u64>, days: u32, mistake: Option<&str>) -> Report {
    let (next, done) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let report = Mutex::new(Report::default());
    let worker = || {
        let place = Place::new();
        while !done.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let Played { findings, ends } = played(&place, seed, &schedule::of(seed, days), mistake);
            if mistake.is_some() && !findings.is_empty() {
                done.store(true, Ordering::Relaxed);
            }
            let mut report = report.lock().expect("no worker panics with the report in hand");
            report.played += 1;
            report.failed.extend((!findings.is_empty()).then_some(seed));
            for (what, times) in ends {
                *report.ends.entry((stage::dialect_of(seed), what)).or_default() += times;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    let mut report = report.into_inner().expect("no worker panics with the report in hand");
    report.failed.sort_unstable();
    report
}

/// Plays one seed and keeps every line of it; with the shortest list of steps where it fails.
#[must_use]
pub fn replay(seed: u64, days: u32, mistake: Option<&str>) -> (Outcome, Option<Failure>) {
    let place = Place::new();
    let steps = schedule::of(seed, days);
    let fails = |steps: &[Step]| !played(&place, seed, steps, mistake).findings.is_empty();
    let short = if fails(&steps) { Some(shrink(steps.clone(), fails)) } else { None };
    let outcome = with_mistake(mistake, || day::play(&place, seed, short.as_ref().unwrap_or(&steps), mistake, true));
    let failure = short.map(|short| Failure {
        steps: short.iter().map(ToString::to_string).collect(),
        findings: outcome.findings.clone(),
        command: command(seed, days, mistake),
    });
    (outcome, failure)
}

fn command(seed: u64, days: u32, mistake: Option<&str>) -> String {
    let days = if days == 1 { String::new() } else { format!(" --days {days}") };
    let bug = mistake.map(|name| format!(" --bug {name}")).unwrap_or_default();
    format!("cargo xtask simulate --replay {seed} --trace{days}{bug}")
}

/// What came of one seed.
#[derive(Default)]
struct Played {
    findings: Vec<String>,
    ends: BTreeMap<String, u64>,
}

/// Plays a seed. A panic is a finding too, unless a mistake is planted: then it is the auditor who has to find it.
fn played(place: &Place, seed: u64, steps: &[Step], mistake: Option<&str>) -> Played {
    let play = AssertUnwindSafe(|| with_mistake(mistake, || day::play(place, seed, steps, mistake, false)));
    match quietly(|| catch_unwind(play)) {
        Ok(outcome) => Played { findings: outcome.findings, ends: outcome.ends },
        Err(_) if mistake.is_some() => Played::default(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Played { findings: vec![format!("a panic: {}", text.unwrap_or_default())], ..Played::default() }
        }
    }
}

/// What panics on this thread meanwhile is not printed: it is the day's result, and its trace costs more than the day.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                usual(panic);
            }
        }));
    });
    IS_QUIET.set(true);
    let done = work();
    IS_QUIET.set(false);
    done
}

thread_local! { static IS_QUIET: Cell<bool> = const { Cell::new(false) }; }

/// Runs something with a mistake planted in the core of this thread.
fn with_mistake<T>(mistake: Option<&str>, work: impl FnOnce() -> T) -> T {
    #[cfg(feature = "planted-bugs")]
    taptill::planted::plant(mistake.filter(|name| !OF_THE_HOST.contains(name)));
    #[cfg(not(feature = "planted-bugs"))]
    let _of_the_host_alone = mistake;
    let done = work();
    #[cfg(feature = "planted-bugs")]
    taptill::planted::plant(None);
    done
}
