//! Two things timed in turn, so that a machine whose speed drifts cannot favour one of them.
//!
//! A round runs ours and then the peer's the same number of times; the ratio is taken round by round, and the
//! median of the rounds is what counts. The spread (smallest and largest round) tells how noisy the machine was.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::allocations;

/// How much to run: the full measurement, or each thing once so that it cannot rot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// As many rounds as the row asks for.
    Full,
    /// One round of one call.
    Once,
}

/// One row of the table.
pub struct Row {
    /// What is measured.
    pub name: &'static str,
    /// Against what.
    pub peer: &'static str,
    /// Median time of one call of ours.
    pub ours: Duration,
    /// Median time of one call of the peer.
    pub theirs: Duration,
    /// Median of ours ÷ peer, by round.
    pub ratio: f64,
    /// Smallest and largest ratio of a round.
    pub spread: (f64, f64),
    /// The ratio that must not be passed, where there is one.
    pub bar: Option<f64>,
    /// Allocations of one warm call of ours, where they are counted.
    pub allocations: Option<u64>,
    /// Bytes of ours and of the peer, where the row is about memory and not about time.
    pub bytes: Option<(u64, u64)>,
}

impl Row {
    /// Whether the row is within its bar; a row without one always is.
    pub fn holds(&self) -> bool {
        self.bar.is_none_or(|bar| self.ratio <= bar)
    }
}

/// What a row is called and how much of it a full measurement runs.
#[derive(Clone, Copy)]
pub struct Plan {
    /// What is measured.
    pub name: &'static str,
    /// Against what.
    pub peer: &'static str,
    /// The ratio that must not be passed.
    pub bar: Option<f64>,
    /// Rounds of a full measurement.
    pub rounds: usize,
    /// Calls of each side in a round.
    pub calls: usize,
}

/// Times `ours` against `theirs`.
pub fn against<A, B>(effort: Effort, plan: Plan, mut ours: impl FnMut() -> A, mut theirs: impl FnMut() -> B) -> Row {
    let (rounds, calls) = match effort {
        Effort::Full => (plan.rounds, plan.calls),
        Effort::Once => (1, 1),
    };
    let warm_up = calls.min(1_000);
    time(warm_up, &mut ours);
    time(warm_up, &mut theirs);
    let mut samples: Vec<(Duration, Duration)> = Vec::with_capacity(rounds);
    for round in 0..rounds {
        // Whoever comes second may find a warmer machine, so they take turns.
        let sample = if round % 2 == 0 {
            let first = time(calls, &mut ours);
            (first, time(calls, &mut theirs))
        } else {
            let first = time(calls, &mut theirs);
            (time(calls, &mut ours), first)
        };
        samples.push(sample);
    }
    row(plan, calls, &samples)
}

/// The row of samples that were taken elsewhere, one pair a round.
pub fn row(plan: Plan, calls: usize, samples: &[(Duration, Duration)]) -> Row {
    let per_call = |total: Duration| total / u32::try_from(calls).expect("a round has few calls");
    let ratios = samples.iter().map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64().max(1e-12));
    let ratios = sorted(ratios.collect());
    let ours = sorted(samples.iter().map(|sample| sample.0.as_secs_f64()).collect());
    let theirs = sorted(samples.iter().map(|sample| sample.1.as_secs_f64()).collect());
    Row {
        name: plan.name,
        peer: plan.peer,
        ours: per_call(Duration::from_secs_f64(median(&ours))),
        theirs: per_call(Duration::from_secs_f64(median(&theirs))),
        ratio: median(&ratios),
        spread: (ratios[0], ratios[ratios.len() - 1]),
        bar: plan.bar,
        allocations: None,
        bytes: None,
    }
}

/// The row of two amounts of memory.
pub fn bytes_row(plan: Plan, ours: u64, theirs: u64) -> Row {
    let ratio = ours as f64 / theirs.max(1) as f64;
    Row {
        name: plan.name,
        peer: plan.peer,
        ours: Duration::ZERO,
        theirs: Duration::ZERO,
        ratio,
        spread: (ratio, ratio),
        bar: plan.bar,
        allocations: None,
        bytes: Some((ours, theirs)),
    }
}

/// Counts the allocations of one warm call.
pub fn allocations_of<A>(mut work: impl FnMut() -> A) -> u64 {
    for _ in 0..3 {
        black_box(work());
    }
    allocations::counted(|| {
        black_box(work());
    })
}

fn time<A>(calls: usize, work: &mut impl FnMut() -> A) -> Duration {
    let began = Instant::now();
    for _ in 0..calls {
        black_box(work());
    }
    began.elapsed()
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { name: "a", peer: "b", bar: Some(1.0), rounds: 3, calls: 1 };

    #[test]
    fn the_median_round_counts_and_the_bar_is_kept() {
        let ms = Duration::from_millis;
        let row = row(PLAN, 1, &[(ms(3), ms(1)), (ms(2), ms(4)), (ms(1), ms(1))]);
        assert_eq!((row.ratio, row.spread), (1.0, (0.5, 3.0)));
        assert!(row.holds());
    }

    #[test]
    fn an_allocation_is_counted() {
        assert_eq!(allocations_of(|| Box::new(7)), 1);
        assert_eq!(allocations_of(|| 7), 0);
    }
}
