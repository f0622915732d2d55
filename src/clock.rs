//! Time as the core speaks of it: handed in, never asked for.
//!
//! Wall time says when something happened and may jump; monotonic time measures waiting and starts anew at
//! each boot; the boot count tells two monotonic times apart. Floors 0 to 4 take a [`Now`] as an argument,
//! only floor 5 reads the clock port. Time zones exist in `receipt` alone.
//!
//! It never reads a clock. Evidence: `tests/floors.rs` (no `SystemTime` or `Instant` below floor 5).

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00 UTC. May jump in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WallMs(pub i64);

/// Milliseconds since boot. Never goes back within one boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MonoMs(pub u64);

impl MonoMs {
    /// The instant `wait_ms` later.
    #[must_use]
    pub fn after_ms(self, wait_ms: u64) -> Self {
        Self(self.0.saturating_add(wait_ms))
    }
}

/// How often the device has booted; two monotonic times compare only within one count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootCount(pub u64);

/// One reading of all three clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// When, for people and for the host.
    pub wall: WallMs,
    /// How long, for deadlines.
    pub mono: MonoMs,
    /// Which boot `mono` belongs to.
    pub boot: BootCount,
}
