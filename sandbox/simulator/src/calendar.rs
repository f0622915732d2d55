//! The host's calendar: day and time at its place, eight hours east of Greenwich.
//!
//! It never reads a clock. Evidence: `mod tests`.

/// A moment at the host's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    month: u64,
    day: u64,
    second_of_day: u64,
}

const HOST_OFFSET_MS: u64 = 8 * 3_600_000;
const DAY_MS: u64 = 86_400_000;

impl Civil {
    /// When it is this many milliseconds after 1970.
    pub fn at_the_host(at_ms: u64) -> Self {
        let here = at_ms + HOST_OFFSET_MS;
        let (days, second_of_day) = (here / DAY_MS, here % DAY_MS / 1_000);
        // Days from a first of March that began a leap cycle (H. Hinnant, "chrono-compatible low-level date algorithms").
        let shifted = days + 719_468;
        let of_era = shifted % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self { month, day, second_of_day }
    }

    pub fn mmdd(self) -> String {
        format!("{:02}{:02}", self.month, self.day)
    }

    pub fn hhmmss(self) -> String {
        let second = self.second_of_day;
        format!("{:02}{:02}{:02}", second / 3_600, second / 60 % 60, second % 60)
    }
}

/// How long until the host's next day begins.
pub(crate) fn until_midnight_ms(at_ms: u64) -> u64 {
    DAY_MS - (at_ms + HOST_OFFSET_MS) % DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (at_ms, mmdd, hhmmss) in [
            (0, "0101", "080000"),
            (1_795_338_000_000, "1122", "170000"),
            (1_795_338_000_000 + 7 * 3_600_000, "1123", "000000"),
            (951_782_400_000 - 8 * 3_600_000, "0229", "000000"),
        ] {
            let civil = Civil::at_the_host(at_ms);
            assert_eq!((civil.mmdd().as_str(), civil.hhmmss().as_str()), (mmdd, hhmmss), "{at_ms}");
        }
        assert_eq!(until_midnight_ms(1_795_338_000_000), 7 * 3_600_000);
    }
}
