//! What the core's fault points do on a day: count, end the process, fill the disk, fail a sync.
//!
//! Each point is also a mark in the disk's log, so that a power cut finds the disk somewhere between two of them: what
//! happens outside the till happens at a point too, and never between.
//!
//! It never decides by itself; the step says what and where. Evidence: `sandbox/simulator/tests/planted.rs`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use taptill::ports::{Fate, FaultPlan, KillPoint};
use taptill_crashfs::Disk;

use crate::schedule::Fault;

/// The plan of one till.
pub(crate) struct Plan {
    state: Mutex<State>,
    disk: Arc<Disk>,
}

#[derive(Default)]
struct State {
    visits: u32,
    /// The points at which the process ends, in their order, each with what the power leaves.
    die_at: VecDeque<(u32, Option<u64>)>,
    /// Set when the process has ended, with the power or without.
    died: Option<Option<u64>>,
    at_points: Vec<(&'static str, Fate, u32)>,
    at_visit: Option<(u32, Fate)>,
    full_from: Option<u32>,
    has_log: bool,
    /// Where the disk's log stood at the last point but one, and at the last.
    marks: (usize, usize),
    passed: Vec<KillPoint>,
}

impl Plan {
    pub fn new(disk: Arc<Disk>) -> Self {
        Self { state: Mutex::default(), disk }
    }

    /// The disk keeps a log from now on.
    pub fn log_begins(&self) {
        let mut state = self.state();
        (state.has_log, state.marks) = (true, (0, 0));
    }

    /// What goes wrong until [`Plan::heal`].
    pub fn arm(&self, faults: &[Fault]) {
        let mut state = self.state();
        state.visits = 0;
        for fault in faults {
            match *fault {
                Fault::Kill { visit, power } => state.die_at.push_back((visit, power)),
                Fault::Disk { point, is_full, times } => state.at_points.push((point, fails(is_full), times)),
                Fault::DiskAt { visit, is_full } => state.at_visit = Some((visit, fails(is_full))),
                Fault::FullFrom { visit } => state.full_from = Some(visit),
                _ => {}
            }
        }
        state.die_at.make_contiguous().sort_unstable();
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        let mut state = self.state();
        state.at_points.clear();
        state.die_at.clear();
        (state.full_from, state.at_visit) = (None, None);
    }

    /// Whether the disk takes what it is given.
    pub fn has_room(&self) -> bool {
        let state = self.state();
        state.at_points.is_empty() && state.full_from.is_none() && state.at_visit.is_none()
    }

    /// Whether the process was ended since this was asked last, and with what of a power cut.
    pub fn take_death(&self) -> Option<Option<u64>> {
        self.state().died.take()
    }

    /// Between which steps of the log a power cut falls.
    pub fn last_stretch(&self) -> (usize, usize) {
        self.state().marks
    }

    /// The points that were passed since this was asked last.
    pub fn take_passed(&self) -> Vec<KillPoint> {
        std::mem::take(&mut self.state().passed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fails(is_full: bool) -> Fate {
    if is_full { Fate::DiskFull } else { Fate::SyncFailed }
}

impl FaultPlan for Plan {
    fn reach(&self, point: KillPoint) -> Fate {
        let mut state = self.state();
        if state.has_log {
            state.marks = (state.marks.1, self.disk.mark());
        }
        state.passed.push(point);
        let visit = state.visits;
        state.visits += 1;
        if let Some((_, power)) = state.die_at.front().copied().filter(|(at, _)| *at <= visit) {
            state.die_at.pop_front();
            state.died = Some(power);
            return Fate::Die;
        }
        if state.full_from.is_some_and(|from| visit >= from) {
            return Fate::DiskFull;
        }
        if let Some((_, fate)) = state.at_visit.filter(|(at, _)| *at == visit) {
            return fate;
        }
        if state.at_points.is_empty() {
            return Fate::GoOn;
        }
        let name = point.to_string();
        match state.at_points.iter_mut().find(|(at, _, times)| *at == name && *times > 0) {
            Some((_, fate, times)) => {
                *times -= 1;
                *fate
            }
            None => Fate::GoOn,
        }
    }
}
