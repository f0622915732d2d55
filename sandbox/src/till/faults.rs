//! Dying on demand: `--die-at 'after attempt.in_doubt'`, or the same in `TAPTILL_DIE_AT`, ends the process at
//! that point without any tidying up, as a power cut would. For tests and demonstrations.
//! Evidence: `sandbox/tests/till_sales.rs`.

use std::sync::Arc;

use taptill::ports::{Fate, FaultPlan, KillPoint, NoFaults};

/// The plan that was asked for; nothing is interrupted otherwise.
pub(super) fn plan(point: Option<String>) -> Arc<dyn FaultPlan> {
    match point.or_else(|| std::env::var("TAPTILL_DIE_AT").ok()) {
        Some(point) if !point.is_empty() => Arc::new(DieAt(point)),
        _ => Arc::new(NoFaults),
    }
}

struct DieAt(String);

impl FaultPlan for DieAt {
    fn reach(&self, point: KillPoint) -> Fate {
        if point.to_string() == self.0 {
            // No destructor runs, no buffer is flushed, no file is closed in order.
            std::process::abort();
        }
        Fate::GoOn
    }
}
