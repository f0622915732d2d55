//! The computer's clocks.
//!
//! On Linux monotonic time is `/proc/uptime` at the start plus what has passed since, so that two runs within
//! one boot compare, and the boot is told by 48 bits of `/proc/sys/kernel/random/boot_id` (48, so that any
//! JSON reader keeps it exactly). Elsewhere each run counts as a boot of its own, told by its starting time.
//!
//! It never goes back within a boot. Evidence: `mod tests` below.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::ports::Clock;

/// The system's wall and monotonic clocks.
#[derive(Clone, Debug)]
pub struct SystemClock {
    started: Instant,
    uptime_at_start_ms: u64,
    boot: BootCount,
}

impl SystemClock {
    /// A clock that reads the boot's facts once.
    #[must_use]
    pub fn new() -> Self {
        let started = Instant::now();
        match (linux_uptime_ms(), linux_boot()) {
            (Some(uptime_at_start_ms), Some(boot)) => Self { started, uptime_at_start_ms, boot },
            _ => Self { started, uptime_at_start_ms: 0, boot: BootCount(wall().0.unsigned_abs()) },
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let passed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { wall: wall(), mono: MonoMs(self.uptime_at_start_ms).after_ms(passed_ms), boot: self.boot }
    }
}

fn wall() -> WallMs {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallMs(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

fn linux_uptime_ms() -> Option<u64> {
    uptime_ms(&std::fs::read_to_string("/proc/uptime").ok()?)
}

fn linux_boot() -> Option<BootCount> {
    boot(&std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?)
}

/// `350735.47 234388.90`: seconds with two decimals, then idle time.
fn uptime_ms(text: &str) -> Option<u64> {
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    let hundredths: u64 = hundredths.get(..2)?.parse().ok()?;
    seconds.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(hundredths * 10)
}

/// The first twelve hexadecimal digits of a UUID.
fn boot(text: &str) -> Option<BootCount> {
    let digits: String = text.chars().filter(|digit| *digit != '-').take(12).collect();
    if digits.len() != 12 {
        return None;
    }
    u64::from_str_radix(&digits, 16).ok().map(BootCount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_the_boot_are_read_or_refused() {
        let uptimes = [
            ("350735.47 234388.90\n", Some(350_735_470)),
            ("0.05 0.00", Some(50)),
            ("", None),
            ("12", None),
            ("12.", None),
            ("x.00", None),
            ("99999999999999999999.00", None),
        ];
        for (text, expected) in uptimes {
            assert_eq!(uptime_ms(text), expected, "{text:?}");
        }
        let boots = [
            ("0000000a-0001-4000-8000-000000000000\n", Some(BootCount(0xa_0001))),
            ("0000000a", None),
            ("zzzzzzzz-zzzz-zzzz", None),
            ("", None),
        ];
        for (text, expected) in boots {
            assert_eq!(boot(text), expected, "{text:?}");
        }
    }
}
