//! How old a password is, in calendar days of UTC, and what follows.
//!
//! Today is the latest day that the till has ever seen: a clock that is set back makes no password younger. A clock
//! that was set forward ages every password at once, and a password set then counts from that day; the host's time
//! at the next connection tells a clock that is far off (`device_clock_wrong`).
//!
//! It never reads a clock. Evidence: `mod tests`.

use serde::{Deserialize, Serialize};

use crate::account::password::Profile;
use crate::clock::WallMs;

/// Days since 1970-01-01 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub u32);

impl Day {
    /// The day of this instant; the first one for what is before it.
    #[must_use]
    pub fn of(wall: WallMs) -> Self {
        let days = wall.0.div_euclid(MS_A_DAY).max(0);
        Self(u32::try_from(days).unwrap_or(u32::MAX))
    }
}

/// Whether a password is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ageing {
    /// Not for a while, or never.
    Fine,
    /// Soon: in so many days, 1 to [`WARN_DAYS`].
    Soon {
        /// How many days it still opens the till.
        days_left: u16,
    },
    /// Now: it opens nothing but its own change.
    Expired,
}

/// What follows for a password that was set on `changed` when the latest day seen is `today`.
#[must_use]
pub fn ageing(profile: &Profile, changed: Day, today: Day) -> Ageing {
    let Some(max_age) = profile.max_age_days else { return Ageing::Fine };
    let age = today.0.saturating_sub(changed.0);
    match u32::from(max_age).saturating_sub(age) {
        0 => Ageing::Expired,
        left if left <= u32::from(WARN_DAYS) => Ageing::Soon { days_left: u16::try_from(left).unwrap_or(WARN_DAYS) },
        _ => Ageing::Fine,
    }
}

/// From how many days before the end a person is told.
pub const WARN_DAYS: u16 = 14;
const MS_A_DAY: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::password::PasswordProfile;

    #[test]
    fn a_password_ages_by_the_day() {
        use Ageing::{Expired, Fine, Soon};
        let own = |max_age_days| Profile { max_age_days, ..PasswordProfile::Pci.profile() };
        let rows = [
            (Some(90), 100, 100, Fine),
            (Some(90), 100, 175, Fine),
            (Some(90), 100, 176, Soon { days_left: 14 }),
            (Some(90), 100, 189, Soon { days_left: 1 }),
            (Some(90), 100, 190, Expired),
            (Some(90), 100, u32::MAX, Expired),
            // Before it was set: a day that cannot be.
            (Some(90), 100, 0, Fine),
            (Some(1), 100, 100, Soon { days_left: 1 }),
            (Some(1), 100, 101, Expired),
            (None, 0, u32::MAX, Fine),
        ];
        for (max_age, changed, today, verdict) in rows {
            assert_eq!(ageing(&own(max_age), Day(changed), Day(today)), verdict, "{max_age:?} {changed} {today}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_of_utc() {
        let rows = [(i64::MIN, 0), (-1, 0), (0, 0), (86_399_999, 0), (86_400_000, 1), (1_795_357_800_000, 20_779)];
        for (wall, day) in rows {
            assert_eq!(Day::of(WallMs(wall)), Day(day), "{wall}");
        }
        assert_eq!(Day::of(WallMs(i64::MAX)), Day(u32::MAX));
    }
}
