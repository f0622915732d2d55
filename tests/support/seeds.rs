//! Many seeds, on all cores, and what to type when one of them fails.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The seeds that `TAPTILL_SEEDS` asks for: `7`, or `1000..9000`.
pub fn asked() -> Option<Range<u64>> {
    let asked = std::env::var("TAPTILL_SEEDS").ok()?;
    let number = |text: &str| text.parse::<u64>().expect("TAPTILL_SEEDS is N or N..M");
    Some(match asked.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&asked)..number(&asked) + 1,
    })
}

/// Plays each seed, however the others end.
///
/// # Panics
/// When one fails, with the first of them and how to see it again.
pub fn each<T: Send>(test: &str, seeds: Range<u64>, play: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let (next, ends) = (AtomicU64::new(seeds.start), Mutex::new(BTreeMap::new()));
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let end = catch_unwind(AssertUnwindSafe(|| play(seed))).map_err(|panic| words(&*panic));
            ends.lock().unwrap().insert(seed, end);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    let ends = ends.into_inner().unwrap();
    let mut failed: Vec<u64> = ends.iter().filter(|(_, end)| end.is_err()).map(|(seed, _)| *seed).collect();
    let count = failed.len();
    failed.truncate(10);
    let play_it = |(seed, end): (u64, Result<T, String>)| {
        end.unwrap_or_else(|why| {
            panic!(
                "{count} seeds fail, {failed:?}…; seed {seed}: {why}\nagain: TAPTILL_SEEDS={seed} {test} -- --nocapture"
            )
        })
    };
    ends.into_iter().map(play_it).collect()
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
