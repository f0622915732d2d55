//! The host's own day: wall-clock time in China (UTC+8, no summer time since 1991), as its messages and its
//! references need it. Evidence: `mod tests` below.

use taptill::clock::WallMs;
use taptill::ids::Rrn;
use time::{OffsetDateTime, UtcOffset};

/// The host's time zone, as tills know it.
pub(super) const TIME_ZONE: &str = "Asia/Shanghai";

/// The host's day, in minutes east of UTC.
pub(super) const UTC_OFFSET_MINUTES: i16 = 480;

const DAY_MS: i64 = 86_400_000;

/// One instant on the host's clock.
#[derive(Clone, Copy)]
pub(super) struct HostTime {
    local: OffsetDateTime,
    utc: OffsetDateTime,
}

impl HostTime {
    /// The instant; one that no calendar holds becomes 1970.
    pub(super) fn at(wall: WallMs) -> Self {
        let utc = OffsetDateTime::from_unix_timestamp(wall.0.div_euclid(1_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let zone = UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC);
        Self { local: utc.checked_to_offset(zone).unwrap_or(utc), utc }
    }

    /// Whether both are on the same day of the host.
    pub(super) fn is_same_day(self, other: Self) -> bool {
        self.local.date() == other.local.date()
    }

    /// `2026-11-22`.
    pub(super) fn iso_day(self) -> String {
        format!("{:04}-{:02}-{:02}", self.local.year(), u8::from(self.local.month()), self.local.day())
    }

    /// The day of this `YYYYMMDD` on the host's clock: its first instant, and that of the next day.
    pub(super) fn span_of(day: &str) -> Option<(WallMs, WallMs)> {
        let number = |from: usize, to: usize| day.get(from..to)?.parse::<u16>().ok();
        let month = time::Month::try_from(u8::try_from(number(4, 6)?).ok()?).ok()?;
        let date = time::Date::from_calendar_date(i32::from(number(0, 4)?), month, u8::try_from(number(6, 8)?).ok()?);
        let zone = UtcOffset::from_hms(8, 0, 0).ok()?;
        let start = date.ok()?.midnight().assume_offset(zone).unix_timestamp() * 1_000;
        Some((WallMs(start), WallMs(start + DAY_MS)))
    }

    /// `YYYYMMDD`.
    pub(super) fn year_month_day(self) -> String {
        format!("{:04}{}", self.local.year().rem_euclid(10_000), self.month_day())
    }

    /// `MMDD`.
    pub(super) fn month_day(self) -> String {
        format!("{:02}{:02}", u8::from(self.local.month()), self.local.day())
    }

    /// `hhmmss`.
    pub(super) fn time_of_day(self) -> String {
        format!("{:02}{:02}{:02}", self.local.hour(), self.local.minute(), self.local.second())
    }

    /// `MMDDhhmmss` in UTC.
    pub(super) fn transmission(self) -> String {
        let (date, time) = (self.utc.date(), self.utc.time());
        let (month, day) = (u8::from(date.month()), date.day());
        format!("{month:02}{day:02}{:02}{:02}{:02}", time.hour(), time.minute(), time.second())
    }

    /// `YYMM`, to compare with a card's expiry.
    pub(super) fn year_month(self) -> String {
        format!("{:02}{:02}", self.local.year().rem_euclid(100), u8::from(self.local.month()))
    }

    /// The reference of the book's entry of this number, in the usual shape: last digit of the year, day of the
    /// year, hour, and six digits of the number.
    pub(super) fn rrn(self, number: u64) -> Option<Rrn> {
        let (year, day, hour) = (self.local.year().rem_euclid(10), self.local.ordinal(), self.local.hour());
        Rrn::new(format!("{year}{day:03}{hour:02}{:06}", number % 1_000_000)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_day_begins_at_sixteen_hours_utc() {
        let before = HostTime::at(WallMs(1_767_196_799_999)); // 2025-12-31 15:59:59.999 UTC
        let after = HostTime::at(WallMs(1_767_196_800_000));
        assert_eq!((before.month_day(), before.time_of_day()), ("1231".into(), "235959".into()));
        assert_eq!((after.month_day(), after.time_of_day()), ("0101".into(), "000000".into()));
        assert_eq!((before.year_month(), after.year_month()), ("2512".into(), "2601".into()));
        assert_eq!(after.transmission(), "1231160000");
        assert!(!before.is_same_day(after));
        assert_eq!(after.rrn(1_000_007).unwrap().as_str(), "600100000007");
    }

    #[test]
    fn instants_outside_the_calendar_do_no_harm() {
        for wall in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(HostTime::at(WallMs(wall)).month_day().len(), 4);
        }
    }
}
