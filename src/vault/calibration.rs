//! How costly a password's derivation is made on this device: 250 to 500 ms, and never below the floor.
//!
//! Pure: it is told what was measured and answers what to measure next, or what to settle on. Memory grows first,
//! to 64 MiB, because memory is what an attacker's hardware pays most for; then passes.
//!
//! It never measures. A device too slow for the floor gets the floor. Evidence: `mod tests` below.

use super::derivation::Params;

/// One derivation, as it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// With what.
    pub params: Params,
    /// How long it took.
    pub took_ms: u64,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calibration {
    /// Measure one derivation with these and ask again, with it at the end.
    Measure(Params),
    /// Use these.
    Settled(Params),
}

const SHORTEST_MS: u64 = 250;
const AIM_MS: u64 = 350;
const LONGEST_MS: u64 = 500;
const MEMORY_KIB_MAX: u64 = 64 * 1024;
const PASSES_MAX: u64 = 64;
const MEASUREMENTS_MAX: usize = 6;

/// The next step after these measurements; begin with none.
#[must_use]
pub fn calibrate(measured: &[Measured]) -> Calibration {
    let Some(last) = measured.last() else { return Calibration::Measure(Params::FLOOR) };
    if (SHORTEST_MS..=LONGEST_MS).contains(&last.took_ms) {
        return Calibration::Settled(last.params);
    }
    let next = of_work(last.params.work().saturating_mul(AIM_MS) / last.took_ms.max(1));
    if measured.len() == MEASUREMENTS_MAX || measured.iter().any(|known| known.params == next) {
        return Calibration::Settled(best(measured));
    }
    Calibration::Measure(next)
}

/// The parameters whose memory times passes come near `work`, with as few passes as the most memory allows.
fn of_work(work: u64) -> Params {
    let floor = Params::FLOOR;
    let passes = work.div_ceil(MEMORY_KIB_MAX).clamp(u64::from(floor.passes), PASSES_MAX);
    let memory = (work / passes / 1024 * 1024).clamp(u64::from(floor.memory_kib), MEMORY_KIB_MAX);
    Params {
        memory_kib: u32::try_from(memory).expect("it is at most 64 MiB"),
        passes: u32::try_from(passes).expect("it is at most 64"),
        lanes: floor.lanes,
    }
}

/// The most work that was not too slow; the floor where everything was.
fn best(measured: &[Measured]) -> Params {
    let bearable = measured.iter().filter(|known| known.took_ms <= LONGEST_MS).map(|known| known.params);
    bearable.max_by_key(Params::work).unwrap_or(Params::FLOOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device that does a KiB of one pass in so many nanoseconds; each measurement is off by what `noise` says.
    fn settle(nanoseconds_per_kib: u64, noise_percent: &[u64]) -> (Params, u64) {
        let mut measured = Vec::new();
        loop {
            match calibrate(&measured) {
                Calibration::Settled(params) => return (params, params.work() * nanoseconds_per_kib / 1_000_000),
                Calibration::Measure(params) => {
                    let noise = noise_percent[measured.len() % noise_percent.len()];
                    let took_ms = params.work() * nanoseconds_per_kib * noise / 100_000_000;
                    measured.push(Measured { params, took_ms });
                    assert!(measured.len() <= MEASUREMENTS_MAX);
                }
            }
        }
    }

    #[test]
    fn each_device_settles_between_a_quarter_and_half_a_second_or_on_the_floor() {
        for nanoseconds in (100..30_000).step_by(37) {
            let (params, took_ms) = settle(nanoseconds, &[100]);
            assert_eq!(params.fault(), None);
            let floor_ms = Params::FLOOR.work() * nanoseconds / 1_000_000;
            if floor_ms > LONGEST_MS {
                assert_eq!(params, Params::FLOOR, "{nanoseconds} ns");
            } else {
                assert!((SHORTEST_MS..=LONGEST_MS).contains(&took_ms), "{nanoseconds} ns: {params:?} {took_ms} ms");
            }
        }
    }

    #[test]
    fn a_device_that_measures_badly_still_settles_at_or_above_the_floor() {
        for noise in [[30, 300, 100], [300, 30, 300], [1, 1, 1], [5_000, 5_000, 5_000]] {
            for nanoseconds in (100..30_000).step_by(331) {
                assert_eq!(settle(nanoseconds, &noise).0.fault(), None);
            }
        }
    }

    #[test]
    fn memory_grows_before_passes() {
        assert_eq!(of_work(0), Params::FLOOR);
        assert_eq!(of_work(2 * 40 * 1024), Params { memory_kib: 40 * 1024, passes: 2, lanes: 1 });
        assert_eq!(of_work(5 * 64 * 1024), Params { memory_kib: 64 * 1024, passes: 5, lanes: 1 });
        assert_eq!(of_work(u64::MAX), Params { memory_kib: 64 * 1024, passes: 64, lanes: 1 });
    }
}
