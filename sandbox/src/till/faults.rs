//! Dying on demand: `--die-at 'after attempt.in_doubt'`, or the same in `TAPTILL_DIE_AT`, ends the process at
//! that point without any tidying up, as a power cut would; `'after send 2'` at the second time that the point is
//! passed. `'panic after send'` makes the core's own thread panic there, and the process goes on. For tests and
//! demonstrations. Evidence: `sandbox/tests/till_kills.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use taptill::ports::{Fate, FaultPlan, KillPoint, NoFaults};

/// The plan that was asked for; nothing is interrupted otherwise.
pub(super) fn plan(point: Option<String>) -> Arc<dyn FaultPlan> {
    match point.or_else(|| std::env::var("TAPTILL_DIE_AT").ok()) {
        Some(point) if !point.is_empty() => Arc::new(DieAt::read(&point)),
        _ => Arc::new(NoFaults),
    }
}

struct DieAt {
    point: String,
    visits_left: AtomicU32,
    panics: bool,
}

impl DieAt {
    fn read(words: &str) -> Self {
        let (words, panics) = words.strip_prefix("panic ").map_or((words, false), |point| (point, true));
        let numbered = words.rsplit_once(' ').and_then(|(point, visit)| Some((point, visit.parse().ok()?)));
        let (point, visit) = numbered.unwrap_or((words, 1));
        Self { point: point.to_owned(), visits_left: AtomicU32::new(visit), panics }
    }
}

impl FaultPlan for DieAt {
    fn reach(&self, point: KillPoint) -> Fate {
        if point.to_string() == self.point && self.visits_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            assert!(!self.panics, "bad math in a test");
            // No destructor runs, no buffer is flushed, no file is closed in order.
            std::process::abort();
        }
        Fate::GoOn
    }
}
