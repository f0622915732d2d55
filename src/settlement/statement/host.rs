//! Lines of the acquirer's own statement, as its messages bring them.
//!
//! It never guesses what a line leaves open. Evidence: `mod tests` below, `sandbox/tests/till_statement.rs`.

use ring::digest::{Context, SHA256};

use crate::acquirer::{LineKind as HostKind, StatementLine};
use crate::money::Currency;
use crate::settlement::statement::day::Pattern;
use crate::settlement::statement::{Day, Line, LineKind, Refused, WhyRefused};

/// Takes the host's lines in their order, and remembers the hash of all.
pub struct HostLines {
    taken: u64,
    hash: Context,
}

impl Default for HostLines {
    fn default() -> Self {
        Self { taken: 0, hash: Context::new(&SHA256) }
    }
}

impl HostLines {
    /// The lines of a page.
    ///
    /// # Errors
    /// [`Refused`] with the number of a line whose day or currency is none.
    pub fn page(&mut self, lines: &[StatementLine]) -> Result<Vec<Line>, Refused> {
        lines.iter().map(|line| self.line(line)).collect()
    }

    /// SHA-256 of all lines, as messages carry them.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.hash.clone().finish().as_ref());
        digest
    }

    fn line(&mut self, line: &StatementLine) -> Result<Line, Refused> {
        self.taken += 1;
        let malformed = |column| WhyRefused::Value(column).at(self.taken);
        let mut written = Vec::with_capacity(StatementLine::BYTES);
        line.write(&mut written);
        self.hash.update(&written);
        let day = str::from_utf8(&line.day).ok().and_then(|day| Pattern::new("YYYYMMDD")?.read(day));
        let day: Day = day.ok_or(malformed("date"))?;
        let currency = Currency::from_number(line.currency).map_err(|_| malformed("currency"))?;
        let minor = i64::try_from(line.amount_minor).map_err(|_| malformed("amount"))?;
        let mut read = Line::new(self.taken, day, if line.is_debit { -minor } else { minor }, currency);
        read.kind = Some(match line.kind {
            HostKind::Sale => LineKind::Sale,
            HostKind::Void => LineKind::Void,
            HostKind::Refund => LineKind::Refund,
            HostKind::Fee => LineKind::Fee,
        });
        read.rrn = line.rrn.clone();
        read.stan = line.stan;
        read.batch = line.batch;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{BatchNo, Stan};

    fn line() -> StatementLine {
        StatementLine {
            kind: HostKind::Refund,
            is_debit: true,
            amount_minor: 1_230,
            currency: 156,
            day: *b"20261122",
            batch: BatchNo::new(3).ok(),
            stan: Stan::new(17).ok(),
            rrn: None,
        }
    }

    #[test]
    fn a_line_of_the_host_is_a_line() {
        let mut lines = HostLines::default();
        let read = lines.page(&[line(), line()]).unwrap();
        let second = &read[1];
        assert_eq!((second.number, second.date.to_string().as_str()), (2, "2026-11-22"));
        assert_eq!(
            (second.amount_minor, second.kind, second.currency),
            (-1_230, Some(LineKind::Refund), Currency::CNY)
        );
        assert_ne!(lines.digest(), HostLines::default().digest());
    }

    #[test]
    fn what_is_no_line_is_refused_with_its_number() {
        for (case, line, column) in [
            ("a day that is none", StatementLine { day: *b"20261131", ..line() }, "date"),
            ("a day of no digits", StatementLine { day: *b"\xff0261122", ..line() }, "date"),
            ("a currency that is none", StatementLine { currency: 999, ..line() }, "currency"),
        ] {
            let refused = HostLines::default().page(&[self::line(), line]);
            assert_eq!(refused, Err(WhyRefused::Value(column).at(2)), "{case}");
        }
    }
}
