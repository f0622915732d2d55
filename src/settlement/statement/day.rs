//! A calendar day, without a time or a zone: the day that a statement's line names.
//!
//! Days are those of the proleptic Gregorian calendar (ISO 8601), years 1970 to 2199: what is outside is a misread
//! column and no payment. Evidence: `mod tests` below.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day(u32);

impl Day {
    /// A day that exists.
    #[must_use]
    pub fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        if !(1970..2200).contains(&year) || !(1..=12).contains(&month) || !(1..=month_days(year, month)).contains(&day)
        {
            return None;
        }
        let years = (1970..year).map(year_days).sum::<u32>();
        let months = (1..month).map(|month| month_days(year, month)).sum::<u32>();
        Some(Self(years + months + day - 1))
    }

    /// Reads `2026-11-22`.
    #[must_use]
    pub fn from_iso(text: &str) -> Option<Self> {
        Pattern::new("YYYY-MM-DD")?.read(text).filter(|_| text.len() == 10)
    }

    /// `20261122`, as messages write it.
    #[must_use]
    pub fn digits(self) -> String {
        let (year, month, day) = self.parts();
        format!("{year:04}{month:02}{day:02}")
    }

    /// The day so many days later.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The day so many days earlier.
    #[must_use]
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// How many days lie between the two.
    #[must_use]
    pub fn distance(self, other: Self) -> u32 {
        self.0.abs_diff(other.0)
    }

    fn parts(self) -> (u32, u32, u32) {
        let (mut left, mut year, mut month) = (self.0, 1970, 1);
        while left >= year_days(year) {
            left -= year_days(year);
            year += 1;
        }
        while left >= month_days(year, month) {
            left -= month_days(year, month);
            month += 1;
        }
        (year, month, left + 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_iso(&text).ok_or("a day is written like 2026-11-22")
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn year_days(year: u32) -> u32 {
    365 + u32::from(is_leap(year))
}

fn month_days(year: u32, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// How a file writes its days: `YYYY`, `MM` and `DD` once each, with fixed characters between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Year,
    Month,
    Day,
    Fixed(u8),
}

impl Pattern {
    /// Reads a pattern; nothing unless it has each part once.
    pub fn new(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let (piece, after) = match rest {
                [b'Y', b'Y', b'Y', b'Y', after @ ..] => (Piece::Year, after),
                [b'M', b'M', after @ ..] => (Piece::Month, after),
                [b'D', b'D', after @ ..] => (Piece::Day, after),
                _ if first.is_ascii_alphanumeric() || !first.is_ascii_graphic() => return None,
                _ => (Piece::Fixed(*first), after),
            };
            pieces.push(piece);
            rest = after;
        }
        let once = |part| pieces.iter().filter(|piece| **piece == part).count() == 1;
        (once(Piece::Year) && once(Piece::Month) && once(Piece::Day)).then_some(Self(pieces))
    }

    /// The day that a text names. A time of day may follow after a space or a `T`; it is not read.
    pub fn read(&self, text: &str) -> Option<Day> {
        let mut rest = text.as_bytes();
        let (mut year, mut month, mut day) = (0, 0, 0);
        for piece in &self.0 {
            match piece {
                Piece::Year => year = digits::<4>(&mut rest)?,
                Piece::Month => month = digits::<2>(&mut rest)?,
                Piece::Day => day = digits::<2>(&mut rest)?,
                Piece::Fixed(byte) => rest = rest.strip_prefix(std::slice::from_ref(byte))?,
            }
        }
        if matches!(rest.first(), None | Some(b' ' | b'T')) { Day::new(year, month, day) } else { None }
    }
}

fn digits<const N: usize>(rest: &mut &[u8]) -> Option<u32> {
    let (digits, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_and_written_back() {
        for (text, count) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-22", 20_779), ("2199-12-31", 84_005)]
        {
            let day = Day::from_iso(text).unwrap();
            assert_eq!((day.0, day.to_string().as_str()), (count, text));
        }
        let day = Day::from_iso("2026-12-31").unwrap();
        assert_eq!((day.plus(1).to_string(), day.plus(1).minus(1)), ("2027-01-01".to_owned(), day));
        assert_eq!(day.distance(day.plus(3)), 3);
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["", "2026-11-31", "2026-02-29", "2026-13-01", "1969-12-31", "2200-01-01", "2026-1-1", "22.11.2026"]
        {
            assert_eq!(Day::from_iso(text), None, "{text}");
        }
        assert_eq!(Day::from_iso("2026-11-22 10:00"), None);
    }

    #[test]
    fn a_file_may_write_its_days_otherwise() {
        for (pattern, text) in [
            ("YYYY-MM-DD", "2026-11-22T10:00:00+08:00"),
            ("DD.MM.YYYY", "22.11.2026"),
            ("MM/DD/YYYY", "11/22/2026 10:00"),
            ("YYYYMMDD", "20261122"),
        ] {
            let day = Pattern::new(pattern).unwrap().read(text);
            assert_eq!(day, Day::from_iso("2026-11-22"), "{pattern}");
        }
        for (pattern, text) in [("DD.MM.YYYY", "2026-11-22"), ("YYYYMMDD", "202611221"), ("MM/DD/YYYY", "22/11/2026")] {
            assert_eq!(Pattern::new(pattern).unwrap().read(text), None, "{pattern}");
        }
        for pattern in ["", "YYYY-MM", "YYYY-MM-MM-DD", "yyyy-mm-dd", "YYYY年MM月DD日", "YY-MM-DD"] {
            assert_eq!(Pattern::new(pattern), None, "{pattern}");
        }
    }
}
