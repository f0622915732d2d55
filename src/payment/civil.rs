//! The host's calendar: what a wall-clock reading is at the host's place.
//!
//! A host's day and the times in its messages follow one fixed offset from UTC, whatever the shop's own time
//! zone does in summer. Days are counted in the proleptic Gregorian calendar. No time zone table is read.
//!
//! It never reads a clock. Evidence: `mod tests` below.

use crate::clock::WallMs;

/// One wall-clock reading, taken apart at one offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    year: i64,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl Civil {
    /// The reading at this many minutes east of UTC.
    pub fn at(wall: WallMs, utc_offset_minutes: i16) -> Self {
        let seconds = wall.0.div_euclid(1_000) + i64::from(utc_offset_minutes) * 60;
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        let part = |value: i64| u8::try_from(value).expect("a part of a day is below 60");
        Self { year, month, day, hour: part(of_day / 3_600), minute: part(of_day / 60 % 60), second: part(of_day % 60) }
    }

    /// `2026-11-22`.
    pub fn day_text(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `MMDD`.
    pub fn mmdd(self) -> String {
        format!("{:02}{:02}", self.month, self.day)
    }

    /// `HHMMSS`.
    pub fn hhmmss(self) -> String {
        format!("{:02}{:02}{:02}", self.hour, self.minute, self.second)
    }

    /// Three BCD bytes `YY MM DD` (EMV tag 9A).
    pub fn bcd_date(self) -> [u8; 3] {
        let year_of_century = u8::try_from(self.year.rem_euclid(100)).expect("a remainder of 100");
        [bcd(year_of_century), bcd(self.month), bcd(self.day)]
    }

    /// Three BCD bytes `HH MM SS` (EMV tag 9F21).
    pub fn bcd_time(self) -> [u8; 3] {
        [bcd(self.hour), bcd(self.minute), bcd(self.second)]
    }
}

/// An instant as people and machines read it, `2026-11-22T09:00:00Z` (RFC 3339, without parts of a second).
#[must_use]
pub(crate) fn utc_text(at: WallMs) -> String {
    let civil = Civil::at(at, 0);
    format!("{}T{:02}:{:02}:{:02}Z", civil.day_text(), civil.hour, civil.minute, civil.second)
}

fn bcd(value: u8) -> u8 {
    value / 10 * 16 + value % 10
}

/// Year, month and day of a count of days since 1970-01-01. Years begin in March here, so that the leap day
/// is the last of its year and months have a pattern of 153 days in five.
/// The last reading, not after this one, at which a day at this offset had come to this minute.
pub(super) fn last_minute(wall: WallMs, minute: u16, utc_offset_minutes: i16) -> WallMs {
    let offset_ms = i64::from(utc_offset_minutes) * MS_A_MINUTE;
    let at_ms = i64::from(minute) * MS_A_MINUTE;
    let here = wall.0.saturating_add(offset_ms);
    let since = here.saturating_sub(at_ms).rem_euclid(MS_A_DAY);
    WallMs(wall.0.saturating_sub(since))
}

const MS_A_MINUTE: i64 = 60_000;
const MS_A_DAY: i64 = 86_400_000;

fn date_of(days: i64) -> (i64, u8, u8) {
    let from_march_0000 = days + 719_468;
    let era = from_march_0000.div_euclid(146_097);
    let of_era = from_march_0000.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let small = |value: i64| u8::try_from(value).expect("months and days are below 32");
    (year, small(month), small(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_taken_apart_at_the_hosts_place() {
        for (wall_ms, offset, day, time) in [
            (0, 0, "1970-01-01", "000000"),
            (-1, 0, "1969-12-31", "235959"),
            (951_782_400_000, 0, "2000-02-29", "000000"),
            (951_868_799_999, 0, "2000-02-29", "235959"),
            (1_795_338_000_000, 480, "2026-11-22", "170000"),
            (1_795_363_199_000, 480, "2026-11-22", "235959"),
            (1_795_363_200_000, 480, "2026-11-23", "000000"),
            (1_795_363_200_000, -300, "2026-11-22", "110000"),
            (4_107_542_400_000, 0, "2100-03-01", "000000"),
        ] {
            let civil = Civil::at(WallMs(wall_ms), offset);
            assert_eq!((civil.day_text().as_str(), civil.hhmmss().as_str()), (day, time), "{wall_ms}");
        }
        assert_eq!(utc_text(WallMs(1_795_363_199_999)), "2026-11-22T15:59:59Z");
    }

    #[test]
    fn messages_and_cards_get_the_digits_they_ask_for() {
        let civil = Civil::at(WallMs(1_795_363_199_000), 480);
        assert_eq!(civil.mmdd(), "1122");
        assert_eq!(civil.bcd_date(), [0x26, 0x11, 0x22]);
        assert_eq!(civil.bcd_time(), [0x23, 0x59, 0x59]);
    }
}
