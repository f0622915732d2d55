//! Lines of a file of comma-separated values (RFC 4180), by a map of columns.
//!
//! The file is UTF-8, with or without a byte order mark. Each record is read, judged and given before the next; one that
//! is longer than a line may be is refused while it is read. A quoted field may hold line feeds, within that limit.
//!
//! It never skips a record that it does not understand, nor hides one in another's quotation marks. Evidence: `tests/statement_bad_input.rs`, `mod tests` below.

use std::io::BufRead;

use csv::{ByteRecord, Error as CsvError, ErrorKind, Reader, ReaderBuilder};

use crate::ids::{AuthCode, BatchNo, OrderNo, Rrn, Stan};
use crate::money::Currency;
use crate::settlement::statement::bounded::{Bounded, is_spent};
use crate::settlement::statement::columns::{Column, Place, Sign};
use crate::settlement::statement::line::{StatedOrder, masked_card, without_card_numbers};
use crate::settlement::statement::quotes::Quotes;
use crate::settlement::statement::{ColumnMap, LINE_BYTES_MAX, Line, LineKind, Refused, WhyRefused};

/// Reads lines, one at a time.
pub struct CsvLines<R> {
    reader: Reader<Quotes<Bounded<R>>>,
    map: ColumnMap,
    /// Where each column is, once the first line has been read.
    places: Vec<(Column, usize)>,
    record: ByteRecord,
    /// The line on which the last record ended.
    last_line: u64,
    has_begun: bool,
}

impl<R: BufRead> CsvLines<R> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(reader: R, map: ColumnMap) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(map.delimiter)
            .has_headers(false)
            // Lines above the names may have as few columns as they like; the lines of the table are judged below.
            .flexible(true)
            .from_reader(Quotes::new(Bounded::new(reader), map.delimiter));
        Self { reader, map, places: Vec::new(), record: ByteRecord::new(), last_line: 0, has_begun: false }
    }

    /// The next line; nothing at the end.
    ///
    /// # Errors
    /// [`Refused`] with the line of the file. Nothing more can be read then.
    pub fn next_line(&mut self) -> Result<Option<Line>, Refused> {
        if !self.has_begun {
            self.begin()?;
        }
        let columns = self.record.len();
        let Some(number) = self.read()? else { return Ok(None) };
        if self.record.len() != columns && columns != 0 {
            return Err(WhyRefused::Columns("count").at(number));
        }
        let fields = Fields { record: &self.record, places: &self.places, number };
        line(&fields, &self.map).map(Some)
    }

    /// SHA-256 of everything read.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.reader.get_ref().inner().digest()
    }

    /// Skips what stands above the table and finds the columns.
    fn begin(&mut self) -> Result<(), Refused> {
        self.has_begun = true;
        for _ in 0..self.map.skip_lines {
            if self.read()?.is_none() {
                break;
            }
        }
        self.record.clear();
        if !self.map.has_names() {
            self.places =
                self.map.columns.iter().filter_map(|(column, place)| at(place).map(|at| (*column, at))).collect();
            return Ok(());
        }
        let number = self.read()?.ok_or(WhyRefused::Columns("date").at(1))?;
        for (column, place) in &self.map.columns {
            match position(&self.record, place) {
                Position::At(at) => self.places.push((*column, at)),
                Position::Missing if self.map.is_lenient && !is_needed(*column, &self.map) => {}
                Position::Missing | Position::Twice => return Err(WhyRefused::Columns(column.word()).at(number)),
            }
        }
        Ok(())
    }

    /// Reads a record into its place; gives the line on which it begins.
    fn read(&mut self) -> Result<Option<u64>, Refused> {
        self.reader.get_mut().inner_mut().allow(LINE_BYTES_MAX);
        let read = self.reader.read_byte_record(&mut self.record);
        // The record's last byte: of a line end of two bytes, the parser takes the second with the next record.
        let end = self.reader.position().byte();
        let last = self.reader.get_mut().inner_mut().line_at(end.saturating_sub(1));
        match read {
            Ok(true) if self.reader.get_ref().is_broken_before(end) => {
                Err(WhyRefused::Unreadable("quotation_mark").at(self.last_line + 1))
            }
            Ok(true) => {
                self.last_line = last;
                let within = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count();
                Ok(Some(last.saturating_sub(within as u64)))
            }
            Ok(false) => Ok(None),
            Err(error) => Err(why(&error).at(self.last_line + 1)),
        }
    }
}

impl<R: BufRead> Iterator for CsvLines<R> {
    type Item = Result<Line, Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line().transpose()
    }
}

fn why(error: &CsvError) -> WhyRefused {
    match error.kind() {
        ErrorKind::Io(error) if is_spent(error) => WhyRefused::TooLong,
        ErrorKind::Utf8 { .. } => WhyRefused::Encoding,
        _ => WhyRefused::Unreadable("reading_failed"),
    }
}

/// Where a column is in the line of names.
enum Position {
    At(usize),
    Missing,
    Twice,
}

fn position(names: &ByteRecord, place: &Place) -> Position {
    let Place::Named(name) = place else { return at(place).map_or(Position::Missing, Position::At) };
    let mut found = names.iter().enumerate().filter(|(_, field)| field.trim_ascii() == name.as_bytes());
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Position::At(at),
        (None, _) => Position::Missing,
        (Some(_), Some(_)) => Position::Twice,
    }
}

fn at(place: &Place) -> Option<usize> {
    match place {
        Place::At(at) => Some(*at),
        Place::Named(_) => None,
    }
}

fn is_needed(column: Column, map: &ColumnMap) -> bool {
    match column {
        Column::Date | Column::Amount => true,
        Column::Currency => map.currency.is_none(),
        _ => false,
    }
}

/// One record with its columns.
struct Fields<'a> {
    record: &'a ByteRecord,
    places: &'a [(Column, usize)],
    number: u64,
}

impl<'a> Fields<'a> {
    /// A column's text; nothing where it is empty or the file has no such column.
    fn text(&self, column: Column) -> Result<Option<&'a str>, Refused> {
        let Some((_, at)) = self.places.iter().find(|(known, _)| *known == column) else { return Ok(None) };
        let field = self.record.get(*at).ok_or(WhyRefused::Columns(column.word()).at(self.number))?;
        let text = str::from_utf8(field).map_err(|_| WhyRefused::Encoding.at(self.number))?.trim();
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// What a column's text is read as; one that cannot be read is refused.
    fn value<T>(&self, column: Column, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Refused> {
        let malformed = WhyRefused::Value(column.word()).at(self.number);
        self.text(column)?.map(|text| read(text).ok_or(malformed)).transpose()
    }

    /// The same of a column that must say something.
    fn needed<T>(&self, column: Column, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Refused> {
        self.value(column, read)?.ok_or(WhyRefused::Value(column.word()).at(self.number))
    }
}

fn line(fields: &Fields<'_>, map: &ColumnMap) -> Result<Line, Refused> {
    // A byte that is no text anywhere in the record is refused, in columns that nobody reads as well.
    if fields.record.iter().any(|field| str::from_utf8(field).is_err()) {
        return Err(WhyRefused::Encoding.at(fields.number));
    }
    let date = fields.needed(Column::Date, |text| map.date.read(text))?;
    let named = fields.value(Column::Currency, |code| Currency::from_code(code).ok())?;
    let currency = named.or(map.currency).ok_or(WhyRefused::Value("currency").at(fields.number))?;
    let kind = fields.value(Column::Kind, |word| map.kind(word))?;
    let written = fields.needed(Column::Amount, |text| map.notation.read(text, currency))?;
    let amount = signed(written, kind, map.sign).ok_or(WhyRefused::Value("kind").at(fields.number))?;
    let mut line = Line::new(fields.number, date, amount, currency);
    line.is_booking_date = map.is_booking_date;
    line.kind = kind;
    line.fee_minor = fields.value(Column::Fee, |text| map.notation.read(text, currency).map(i64::abs))?;
    line.rrn = fields.value(Column::Rrn, rrn)?;
    line.stan = fields.value(Column::Stan, |text| text.parse().ok().and_then(|number| Stan::new(number).ok()))?;
    line.batch = fields.value(Column::Batch, |text| text.parse().ok().and_then(|number| BatchNo::new(number).ok()))?;
    line.auth_code = fields.text(Column::AuthCode)?.and_then(|text| AuthCode::new(text).ok());
    line.order = fields.text(Column::Order)?.and_then(|text| OrderNo::new(text).ok()).map(StatedOrder::from);
    line.card_masked = fields.text(Column::Card)?.and_then(masked_card);
    line.terminal = fields.text(Column::Terminal)?.map(without_card_numbers);
    line.reference = fields.text(Column::Reference)?.map(without_card_numbers);
    Ok(line)
}

/// The merchant's gain.
fn signed(written: i64, kind: Option<LineKind>, sign: Sign) -> Option<i64> {
    match (sign, kind) {
        (Sign::Signed, _) => Some(written),
        (Sign::Inverted, _) => Some(-written),
        (Sign::ByKind, None) => None,
        (Sign::ByKind, Some(LineKind::Sale | LineKind::Payout | LineKind::Rest)) => Some(written),
        (Sign::ByKind, Some(LineKind::Refund | LineKind::Void | LineKind::Fee)) => Some(-written),
    }
}

/// A reference number; what a spreadsheet took for a number has lost its zeros.
fn rrn(text: &str) -> Option<Rrn> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Rrn::new(format!("{text:0>12}")).ok()
    } else {
        Rrn::new(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(map: ColumnMap, text: &str) -> Result<Vec<Line>, Refused> {
        CsvLines::new(text.as_bytes(), map).collect()
    }

    #[test]
    fn a_file_with_our_own_names_needs_no_map() {
        let text = "\u{feff}reference,date,amount,currency,kind,rrn,stan,batch,auth_code,order,card,terminal\r\n\
                    \"a, b\n\"\"c\"\"\",2026-11-22,-12.30,CNY,Refund,432600000017,17,3,00A 17,A-17,476173******0119,T1\r\n\
                    \r\n\
                    ,2026-11-23,1,CNY,,17,,,,,4761739001010119,\r\n";
        let lines = lines(ColumnMap::default(), text).unwrap();
        let first = &lines[0];
        assert_eq!((first.number, first.amount_minor, first.kind), (2, -1_230, Some(LineKind::Refund)));
        assert_eq!((first.stan.map(Stan::number), first.batch.map(BatchNo::number)), (Some(17), Some(3)));
        assert_eq!(first.reference.as_deref(), Some("a, b\n\"c\""));
        let second = &lines[1];
        assert_eq!((second.number, second.kind, second.order.as_ref()), (5, None, None));
        assert_eq!(second.rrn.as_ref().map(Rrn::as_str), Some("000000000017"));
        assert_eq!(second.card_masked.as_ref().map(ToString::to_string).as_deref(), Some("476173******0119"));
    }

    #[test]
    fn amounts_count_as_the_map_says() {
        let map = |sign: &str| {
            let text = format!("sign='{sign}'\ncurrency='CNY'\n[columns]\ndate=1\namount=2\nkind=3\n");
            ColumnMap::from_toml(&text).unwrap()
        };
        let file = "2026-11-22,5,sale\n2026-11-22,5,refund\n";
        for (sign, verdict) in [("signed", [500, 500]), ("inverted", [-500, -500]), ("by_kind", [500, -500])] {
            let amounts: Vec<i64> = lines(map(sign), file).unwrap().iter().map(|line| line.amount_minor).collect();
            assert_eq!(amounts, verdict, "{sign}");
        }
        let without = lines(map("by_kind"), "2026-11-22,5,\n");
        assert_eq!(without, Err(WhyRefused::Value("kind").at(1)));
    }

    #[test]
    fn lines_above_the_table_are_passed_over() {
        let map = ColumnMap::from_toml("skip_lines=2\ncurrency='CNY'\n[columns]\ndate='Day'\namount='Sum'\n").unwrap();
        let read = lines(map, "Bank of Somewhere\nAccount,1,2,3\nDay,Sum\n2026-11-22,5\n").unwrap();
        assert_eq!((read.len(), read[0].number), (1, 4));
        let map = "skip_lines=4000000000\ncurrency='CNY'\n[columns]\ndate='Day'\namount='Sum'\n";
        let refused = lines(ColumnMap::from_toml(map).unwrap(), "Bank of Somewhere\nDay,Sum\n");
        assert_eq!(refused, Err(WhyRefused::Columns("date").at(1)));
    }
}
