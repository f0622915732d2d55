//! Lines of a batch and of a statement, as messages carry them: each of a fixed length, several in one field.
//!
//! | line | columns |
//! |---|---|
//! | upload | kind 1, amount 12, trace number 6, date `MMDD` 4, reference 12, authorisation code 6 |
//! | statement | kind 1, sign 1, amount 12, currency 3, day `YYYYMMDD` 8, batch 6, trace number 6, reference 12 |
//!
//! Kinds are `S` sale, `V` void, `R` refund and `F` fee; what is not known is spaces. The shape is ours: a real host's
//! lines carry card numbers, which this till does not keep. What is not whole is refused, never guessed.
//! Evidence: `mod tests` below.

use crate::ids::{AuthCode, BatchNo, Rrn, Stan};

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// A sale.
    Sale,
    /// A void.
    Void,
    /// A refund.
    Refund,
    /// What the host charges for its service; statements alone have it.
    Fee,
}

impl LineKind {
    const LETTERS: [(Self, u8); 4] = [(Self::Sale, b'S'), (Self::Void, b'V'), (Self::Refund, b'R'), (Self::Fee, b'F')];

    fn letter(self) -> u8 {
        Self::LETTERS.iter().find(|(kind, _)| *kind == self).map_or(b' ', |(_, letter)| *letter)
    }

    fn of(letter: u8) -> Option<Self> {
        Self::LETTERS.iter().find(|(_, known)| *known == letter).map(|(kind, _)| *kind)
    }
}

/// One line of a batch that is uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadLine {
    /// Sale, void or refund.
    pub kind: LineKind,
    /// In minor units, at most twelve digits.
    pub amount_minor: u64,
    /// Its own trace number.
    pub stan: Stan,
    /// Its local date, `MMDD`.
    pub date: [u8; 4],
    /// The host's reference of it.
    pub rrn: Option<Rrn>,
    /// The host's authorisation code.
    pub auth_code: Option<AuthCode>,
}

/// One line of a host's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// What it is about.
    pub kind: LineKind,
    /// Whether the shop owes it, as for voids, refunds and fees.
    pub is_debit: bool,
    /// In minor units, at most twelve digits.
    pub amount_minor: u64,
    /// ISO 4217 number of the currency.
    pub currency: u16,
    /// The host's day, `YYYYMMDD`.
    pub day: [u8; 8],
    /// The batch that it is booked in.
    pub batch: Option<BatchNo>,
    /// Its trace number.
    pub stan: Option<Stan>,
    /// The host's reference.
    pub rrn: Option<Rrn>,
}

/// The lines are not whole, or one of them breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinesMalformed {
    /// The line, from 0.
    pub line: usize,
}

impl UploadLine {
    /// The length of one, in bytes.
    pub const BYTES: usize = 41;
    /// How many go into one message of any shipped dialect.
    pub const MESSAGE_MAX: usize = 12;

    /// Appends the line. An amount of more than twelve digits is cut at its largest; no batch has one.
    pub fn write(&self, out: &mut Vec<u8>) {
        let amount = self.amount_minor.min(AMOUNT_MAX);
        out.push(self.kind.letter());
        out.extend_from_slice(format!("{amount:012}{}", self.stan).as_bytes());
        out.extend_from_slice(&self.date);
        column(out, 12, self.rrn.as_ref().map(Rrn::as_str));
        column(out, 6, self.auth_code.as_ref().map(AuthCode::as_str));
    }

    /// Reads all lines of a message.
    ///
    /// # Errors
    /// [`LinesMalformed`] with the first line that is not one.
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Self>, LinesMalformed> {
        read_all(bytes, Self::BYTES, Self::read)
    }

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            kind: LineKind::of(columns.letter()?).filter(|kind| *kind != LineKind::Fee)?,
            amount_minor: columns.number(12)?,
            stan: columns.optional(6, stan)??,
            date: columns.digits(4)?.try_into().ok()?,
            rrn: columns.optional(12, |text| Rrn::new(text).ok())?,
            auth_code: columns.optional(6, |text| AuthCode::new(text).ok())?,
        })
    }
}

impl StatementLine {
    /// The length of one, in bytes.
    pub const BYTES: usize = 49;
    /// How many go into one page of any shipped dialect.
    pub const PAGE_MAX: usize = 10;

    /// Appends the line. An amount of more than twelve digits is cut at its largest; no statement has one.
    pub fn write(&self, out: &mut Vec<u8>) {
        let amount = self.amount_minor.min(AMOUNT_MAX);
        out.extend_from_slice(&[self.kind.letter(), if self.is_debit { b'D' } else { b'C' }]);
        out.extend_from_slice(format!("{amount:012}{:03}", self.currency % 1_000).as_bytes());
        out.extend_from_slice(&self.day);
        column(out, 6, self.batch.map(|batch| batch.to_string()).as_deref());
        column(out, 6, self.stan.map(|stan| stan.to_string()).as_deref());
        column(out, 12, self.rrn.as_ref().map(Rrn::as_str));
    }

    /// Reads all lines of a page.
    ///
    /// # Errors
    /// [`LinesMalformed`] with the first line that is not one.
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Self>, LinesMalformed> {
        read_all(bytes, Self::BYTES, Self::read)
    }

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            kind: LineKind::of(columns.letter()?)?,
            is_debit: match columns.letter()? {
                b'D' => true,
                b'C' => false,
                _ => return None,
            },
            amount_minor: columns.number(12)?,
            currency: u16::try_from(columns.number(3)?).ok()?,
            day: columns.digits(8)?.try_into().ok()?,
            batch: columns.optional(6, |text| BatchNo::new(number(text.as_bytes())?.try_into().ok()?).ok())?,
            stan: columns.optional(6, stan)?,
            rrn: columns.optional(12, |text| Rrn::new(text).ok())?,
        })
    }
}

/// Twelve digits.
const AMOUNT_MAX: u64 = 999_999_999_999;

fn column(out: &mut Vec<u8>, width: usize, text: Option<&str>) {
    out.extend_from_slice(format!("{:width$}", text.unwrap_or_default()).as_bytes());
}

fn read_all<T>(
    bytes: &[u8],
    length: usize,
    read: impl Fn(&mut Columns<'_>) -> Option<T>,
) -> Result<Vec<T>, LinesMalformed> {
    let lines = bytes.chunks(length).enumerate();
    lines.map(|(line, bytes)| read(&mut Columns(bytes)).ok_or(LinesMalformed { line })).collect()
}

/// What is left of a line.
struct Columns<'a>(&'a [u8]);

impl<'a> Columns<'a> {
    fn take(&mut self, width: usize) -> Option<&'a [u8]> {
        let (column, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        Some(column)
    }

    fn letter(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn digits(&mut self, width: usize) -> Option<&'a [u8]> {
        self.take(width).filter(|column| column.iter().all(u8::is_ascii_digit))
    }

    fn number(&mut self, width: usize) -> Option<u64> {
        number(self.digits(width)?)
    }

    /// A column that may be empty; `None` when what is in it breaks its rule.
    fn optional<T>(&mut self, width: usize, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
        let column = self.take(width)?;
        if column.iter().all(|byte| *byte == b' ') {
            return Some(None);
        }
        std::str::from_utf8(column).ok().and_then(read).map(Some)
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    let all_digits = digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| all_digits)?.parse().ok()
}

fn stan(text: &str) -> Option<Stan> {
    Stan::new(number(text.as_bytes())?.try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(kind: LineKind, rrn: Option<&str>) -> UploadLine {
        UploadLine {
            kind,
            amount_minor: 10_000,
            stan: Stan::new(42).unwrap(),
            date: *b"1122",
            rrn: rrn.map(|rrn| Rrn::new(rrn).unwrap()),
            auth_code: rrn.map(|_| AuthCode::new("A1B2C3").unwrap()),
        }
    }

    fn statement(kind: LineKind, stan: Option<u32>) -> StatementLine {
        StatementLine {
            kind,
            is_debit: kind != LineKind::Sale,
            amount_minor: 10_000,
            currency: 156,
            day: *b"20261122",
            batch: stan.map(|_| BatchNo::new(7).unwrap()),
            stan: stan.map(|stan| Stan::new(stan).unwrap()),
            rrn: Some(Rrn::new("632612000042").unwrap()),
        }
    }

    #[test]
    fn lines_come_back_as_they_went() {
        let uploads = [
            upload(LineKind::Sale, Some("632612000042")),
            upload(LineKind::Void, None),
            upload(LineKind::Refund, Some("632612000043")),
        ];
        let mut bytes = Vec::new();
        uploads.iter().for_each(|line| line.write(&mut bytes));
        assert_eq!(bytes.len(), uploads.len() * UploadLine::BYTES);
        assert_eq!(UploadLine::read_all(&bytes), Ok(uploads.to_vec()));

        let statements = [
            statement(LineKind::Sale, Some(42)),
            statement(LineKind::Refund, Some(43)),
            statement(LineKind::Fee, None),
        ];
        let mut bytes = Vec::new();
        statements.iter().for_each(|line| line.write(&mut bytes));
        assert_eq!(bytes.len(), statements.len() * StatementLine::BYTES);
        assert_eq!(StatementLine::read_all(&bytes), Ok(statements.to_vec()));
        assert_eq!(StatementLine::read_all(&[]), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_line_is_refused_with_its_place() {
        let mut good = Vec::new();
        upload(LineKind::Sale, Some("632612000042")).write(&mut good);
        for (what, place, byte) in [
            ("an unknown kind", 0, b'X'),
            ("a fee", 0, b'F'),
            ("an amount that is none", 1, b'-'),
            ("a trace number that is none", 18, b' '),
            ("a date that is none", 20, b'/'),
            ("a reference outside ASCII", 25, 0xFF),
        ] {
            let mut lines = [good.as_slice(), &good].concat();
            lines[UploadLine::BYTES + place] = byte;
            assert_eq!(UploadLine::read_all(&lines), Err(LinesMalformed { line: 1 }), "{what}");
        }
        assert_eq!(UploadLine::read_all(&good[..UploadLine::BYTES - 1]), Err(LinesMalformed { line: 0 }));

        let mut good = Vec::new();
        statement(LineKind::Sale, Some(42)).write(&mut good);
        for (what, place, byte) in [
            ("an unknown kind", 0, b's'),
            ("an unknown sign", 1, b'+'),
            ("an amount that is none", 2, b'+'),
            ("a currency that is none", 14, b'C'),
            ("a day that is none", 17, b'-'),
            ("a batch that is none", 25, b'x'),
        ] {
            let mut lines = good.clone();
            lines[place] = byte;
            assert_eq!(StatementLine::read_all(&lines), Err(LinesMalformed { line: 0 }), "{what}");
        }
    }
}
