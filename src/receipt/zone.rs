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
        let date = self.local(at).date();
        // ISO 8601 gives years before 0 a sign and six digits.
        match date.year() {
            year @ 0.. => format!("{year:04}-{:02}-{:02}", date.month(), date.day()),
            year => format!("-{:06}-{:02}-{:02}", year.unsigned_abs(), date.month(), date.day()),
        }
    }

    /// The local time with its offset, as `21:05:33 UTC+08:00`.
    #[must_use]
    pub fn time(&self, at: WallMs) -> String {
        let local = self.local(at);
        let (seconds, time) = (local.offset().seconds(), local.time());
        let sign = if seconds < 0 { '-' } else { '+' };
        let (hours, minutes) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60);
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        format!("{hour:02}:{minute:02}:{second:02} UTC{sign}{hours:02}:{minutes:02}")
    }

    /// The first instant of a local day given as `2026-11-22`, and that of the day after. A day has 23 or 25
    /// hours when the clocks change.
    ///
    /// # Errors
    /// [`DayError`] for anything that is not a day in this form.
    pub fn day(&self, text: &str) -> Result<(WallMs, WallMs), DayError> {
        let day = written_day(text).ok_or(DayError)?;
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

/// `2026-11-22` and nothing else.
fn written_day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let written = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !written {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?).ok()
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
            ("America/St_Johns", 1_782_864_000_000, "2026-06-30", "21:30:00 UTC-02:30"),
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
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "22.11.2026",
            "2026-11-22T00:00",
            "20261122",
            "2026-W01-1",
            "2026-1--01",
            "+026-01-01",
        ] {
            assert_eq!(zone.day(text), Err(DayError), "{text:?}");
        }
        for name in ["", "Mars/Olympus", "../../etc/passwd"] {
            assert_eq!(Zone::named(name), Err(UnknownZone), "{name:?}");
        }
    }
}
