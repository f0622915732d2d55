//! The merchant's time zone: the only place where an instant becomes a date.
//!
//! Rules come from the IANA time zone database: the one that is compiled in (feature `bundled-zones`), or, in the
//! library for phones, the phone's own. Source: IANA tz names, RFC 9557 section 1.1; dates as in ISO 8601,
//! `2026-11-22`.
//!
//! It never reads a clock nor the device's own zone. Evidence: `mod tests`.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::clock::WallMs;

/// A time zone by its IANA name, as `Asia/Shanghai`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Finds a zone by its name.
    ///
    /// # Errors
    /// [`UnknownZone`] for a name that is not in the database, and for every name where there is no database.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        #[cfg(feature = "bundled-zones")]
        let database = &jiff::tz::TimeZoneDatabase::bundled();
        #[cfg(not(feature = "bundled-zones"))]
        let database = jiff::tz::db();
        database.get(name).map(Self).map_err(|_| UnknownZone)
    }

    /// The local date, as `2026-11-22`.
    #[must_use]
    pub fn date(&self, at: WallMs) -> String {
        self.local(at).date().to_string()
    }

    /// The local time with its offset, as `21:05:33 UTC+08:00`.
    #[must_use]
    pub fn time(&self, at: WallMs) -> String {
        self.local(at).strftime("%H:%M:%S UTC%:z").to_string()
    }

    /// The first instant of a local day given as `2026-11-22`, and that of the day after. A day has 23 or 25
    /// hours when the clocks change.
    ///
    /// # Errors
    /// [`DayError`] for anything that is not a day in this form.
    pub fn day(&self, text: &str) -> Result<(WallMs, WallMs), DayError> {
        let written = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let day: Date = text.parse().ok().filter(|_| written).ok_or(DayError)?;
        let first = self.start_of(day)?;
        let next = self.start_of(day.checked_add(1.day()).map_err(|_| DayError)?)?;
        Ok((WallMs(first), WallMs(next)))
    }

    fn start_of(&self, day: Date) -> Result<i64, DayError> {
        let start = day.to_zoned(self.0.clone()).map_err(|_| DayError)?;
        Ok(start.timestamp().as_millisecond())
    }

    /// Instants outside the years -9999 to 9999 show as the nearest one inside.
    fn local(&self, at: WallMs) -> Zoned {
        let nearest = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_millisecond(at.0).unwrap_or(nearest).to_zoned(self.0.clone())
    }
}

/// No time zone has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownZone;

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no time zone of the IANA database has this name")
    }
}

impl std::error::Error for UnknownZone {}

/// The text is not a day in the form 2026-11-22.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayError;

impl fmt::Display for DayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day is written like 2026-11-22")
    }
}

impl std::error::Error for DayError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_shows_in_the_merchants_zone() {
        let rows = [
            ("Asia/Shanghai", 0, "1970-01-01", "08:00:00 UTC+08:00"),
            ("Asia/Shanghai", 1_795_363_199_999, "2026-11-22", "23:59:59 UTC+08:00"),
            ("Europe/London", 1_782_864_000_000, "2026-07-01", "01:00:00 UTC+01:00"),
            ("UTC", -1, "1969-12-31", "23:59:59 UTC+00:00"),
        ];
        for (zone, at, date, time) in rows {
            let zone = Zone::named(zone).unwrap();
            assert_eq!((zone.date(WallMs(at)), zone.time(WallMs(at))), (date.into(), time.into()));
        }
    }

    #[test]
    fn an_instant_out_of_all_range_does_not_stop_a_receipt() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        assert!(zone.date(WallMs(i64::MAX)).starts_with("9999"));
        assert!(zone.date(WallMs(i64::MIN)).starts_with("-009999"));
    }

    #[test]
    fn a_day_is_as_long_as_the_zone_says() {
        for (zone, day, hours) in [
            ("Asia/Shanghai", "2026-11-22", 24),
            ("Europe/London", "2026-03-29", 23),
            ("Europe/London", "2026-10-25", 25),
        ] {
            let (first, next) = Zone::named(zone).unwrap().day(day).unwrap();
            assert_eq!(next.0 - first.0, hours * 3_600_000, "{day}");
        }
    }

    #[test]
    fn what_is_not_a_day_or_a_zone_is_refused() {
        let zone = Zone::named("UTC").unwrap();
        for text in ["", "2026", "2026-13-01", "2026-02-30", "22.11.2026", "2026-11-22T00:00", "20261122", "2026-W01-1"]
        {
            assert_eq!(zone.day(text), Err(DayError), "{text:?}");
        }
        for name in ["", "Mars/Olympus", "../../etc/passwd"] {
            assert_eq!(Zone::named(name), Err(UnknownZone), "{name:?}");
        }
    }
}
