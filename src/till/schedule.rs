//! Settling at a time of day: by itself while somebody is signed in and the till is idle.
//!
//! The time is a minute of the host's day. A till that is busy then settles as soon as it is idle; one that was off,
//! locked or signed out does not: whoever comes says when to settle, and the till says what it missed.
//!
//! It never settles in the name of somebody who may not. Evidence: `tests/settle_schedule.rs`.

use crate::clock::{MonoMs, Now, WallMs};
use crate::payment::{self, SettleCause};
use crate::session::actions::Settle;
use crate::till::record::Trouble;
use crate::till::{At, Till};

/// The rule for settling by itself, and up to when it was kept.
pub(super) struct Schedule {
    at_minute: Option<u16>,
    looked_at: WallMs,
    is_due: bool,
}

impl Schedule {
    /// What was before is nobody's doing here.
    pub fn from_now_on(at_minute: Option<u16>, now: Now) -> Self {
        Self { at_minute, looked_at: now.wall, is_due: false }
    }

    /// Whether the time has come since this was asked last, and nobody has settled since.
    fn look(&mut self, last_time: WallMs, now: Now) {
        self.is_due |= last_time > self.looked_at;
        self.looked_at = now.wall;
    }
}

impl Till {
    /// Settles when the time of day has come.
    pub(super) fn settle_on_time(&mut self, now: Now) -> Result<(), Trouble> {
        let is_busy = self.is_busy();
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let Some(minute) = open.schedule.at_minute else { return Ok(()) };
        open.schedule.look(open.engine.settlement_time(minute, now), now);
        if !open.schedule.is_due || is_busy || self.stopped.is_some() {
            return Ok(());
        }
        open.schedule.is_due = false;
        let is_wanted = open.engine.missed_settlement(Some(minute), now)?.is_some();
        match open.session.permit::<Settle>(now) {
            Ok(permit) if is_wanted => {
                let cause = SettleCause::Schedule;
                self.pay(payment::Input::Settle { ticket: None, cause, permit }, now)
            }
            // Who may not, or there is nothing: the till says what it missed.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The time of day that was missed, while somebody is signed in.
    pub(super) fn missed_settlement(&self, now: Now) -> Option<WallMs> {
        let At::Open(open) = &self.at else { return None };
        open.engine.missed_settlement(open.schedule.at_minute, now).ok().flatten()
    }

    /// When the time of day comes next.
    pub(super) fn next_settlement(&self, now: Now) -> Option<MonoMs> {
        let At::Open(open) = &self.at else { return None };
        let last = open.engine.settlement_time(open.schedule.at_minute?, now);
        let wait_ms = u64::try_from(last.0 + MS_A_DAY - now.wall.0).unwrap_or(0);
        Some(now.mono.after_ms(wait_ms))
    }
}

const MS_A_DAY: i64 = 86_400_000;
