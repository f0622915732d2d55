//! Which column of a file is what: a map that a shop writes once for its acquirer, as TOML.
//!
//! It never guesses a column. Evidence: `mod tests` below, `docs/statement.md`.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::error::{Error, ErrorCode};
use crate::money::Currency;
use crate::settlement::statement::LineKind;
use crate::settlement::statement::amount::Notation;
use crate::settlement::statement::day::Pattern;

/// The map.
///
/// ```toml
/// delimiter = ";"              # "," unless said otherwise
/// decimal = ","                # "."
/// grouping = "."               # none
/// units = "major"              # or "minor": 1230 is 12.30
/// sign = "signed"              # or "inverted", or "by_kind" where amounts have none
/// date = "DD.MM.YYYY"          # "YYYY-MM-DD"; a time after it is not read
/// date_is = "booking"          # or "transaction", the day of the payment
/// currency = "CNY"             # where there is no such column
/// skip_lines = 2               # before the line of names
/// [columns]                    # the name in the first line, or the place from 1
/// date = "Booking date"
/// amount = "Amount"            # also: currency kind fee rrn stan batch auth_code order card terminal reference
/// [kinds]                      # what the kind column says; "sale", "refund", "void", "fee", "payout" otherwise
/// sale = ["POS", "消费"]
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMap {
    pub(super) delimiter: u8,
    pub(super) notation: Notation,
    pub(super) sign: Sign,
    pub(super) date: Pattern,
    pub(super) is_booking_date: bool,
    pub(super) currency: Option<Currency>,
    pub(super) skip_lines: u32,
    pub(super) columns: BTreeMap<Column, Place>,
    pub(super) kinds: BTreeMap<String, LineKind>,
    /// Whether a column that is not in the file is left out, as in the map that nobody wrote.
    pub(super) is_lenient: bool,
}

/// Which way an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Positive is the merchant's gain.
    Signed,
    /// Positive is the merchant's loss.
    Inverted,
    /// There are no signs; a sale and a payout are gains, everything else is a loss.
    ByKind,
}

/// Where a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Named(String),
    /// From 0.
    At(usize),
}

macro_rules! columns {
    ($($name:ident = $word:literal,)+) => {
        /// What a column can be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Column { $($name,)+ }

        impl Column {
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

columns! {
    Date = "date",
    Amount = "amount",
    Currency = "currency",
    Kind = "kind",
    Fee = "fee",
    Rrn = "rrn",
    Stan = "stan",
    Batch = "batch",
    AuthCode = "auth_code",
    Order = "order",
    Card = "card",
    Terminal = "terminal",
    Reference = "reference",
}

impl Default for ColumnMap {
    /// Columns named by their own words, of which only date and amount must be there.
    fn default() -> Self {
        Self {
            delimiter: b',',
            notation: Notation::PLAIN,
            sign: Sign::Signed,
            date: Pattern::new("YYYY-MM-DD").expect("it has a year, a month and a day"),
            is_booking_date: false,
            currency: None,
            skip_lines: 0,
            columns: Column::ALL.iter().map(|column| (*column, Place::Named(column.word().to_owned()))).collect(),
            kinds: BTreeMap::new(),
            is_lenient: true,
        }
    }
}

/// A map that cannot be used: the part that is wrong, as `columns.amount`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapRefused(pub &'static str);

impl From<MapRefused> for Error {
    fn from(MapRefused(part): MapRefused) -> Self {
        Self::from(ErrorCode::StatementColumnsWrong).word("part", part)
    }
}

impl ColumnMap {
    /// Reads a map.
    ///
    /// # Errors
    /// [`MapRefused`] with the part that is unknown, missing or not as it must be.
    pub fn from_toml(text: &str) -> Result<Self, MapRefused> {
        let table = DeTable::parse(text).map_err(|_| MapRefused("toml"))?;
        let mut map = Self { columns: BTreeMap::new(), is_lenient: false, ..Self::default() };
        for (key, value) in table.get_ref() {
            let value = value.get_ref();
            match key.get_ref().as_ref() {
                "delimiter" => map.delimiter = byte(value).ok_or(MapRefused("delimiter"))?,
                "decimal" => map.notation.decimal = mark(value).ok_or(MapRefused("decimal"))?,
                "grouping" => map.notation.grouping = Some(mark(value).ok_or(MapRefused("grouping"))?),
                "units" => map.notation.is_minor = one_of(value, ["major", "minor"]).ok_or(MapRefused("units"))? == 1,
                "sign" => map.sign = sign(value).ok_or(MapRefused("sign"))?,
                "date" => map.date = string(value).and_then(Pattern::new).ok_or(MapRefused("date"))?,
                "date_is" => {
                    let which = one_of(value, ["transaction", "booking"]).ok_or(MapRefused("date_is"))?;
                    map.is_booking_date = which == 1;
                }
                "currency" => {
                    let known = string(value).and_then(|code| Currency::from_code(code).ok());
                    map.currency = Some(known.ok_or(MapRefused("currency"))?);
                }
                "skip_lines" => map.skip_lines = number(value).ok_or(MapRefused("skip_lines"))?,
                "columns" => map.columns = columns(value)?,
                "kinds" => map.kinds = kinds(value)?,
                _ => return Err(MapRefused("unknown")),
            }
        }
        map.judged()
    }

    /// What only the whole map can show.
    fn judged(self) -> Result<Self, MapRefused> {
        let has = |column| self.columns.contains_key(&column);
        if !has(Column::Date) {
            return Err(MapRefused("columns.date"));
        }
        if !has(Column::Amount) {
            return Err(MapRefused("columns.amount"));
        }
        if !has(Column::Currency) && self.currency.is_none() {
            return Err(MapRefused("currency"));
        }
        if self.sign == Sign::ByKind && !has(Column::Kind) {
            return Err(MapRefused("columns.kind"));
        }
        if self.notation.grouping == Some(self.notation.decimal) {
            return Err(MapRefused("grouping"));
        }
        Ok(self)
    }

    /// Whether the first line is one of names.
    pub(super) fn has_names(&self) -> bool {
        self.columns.values().any(|place| matches!(place, Place::Named(_)))
    }

    /// What a word of the kind column means.
    pub(super) fn kind(&self, word: &str) -> Option<LineKind> {
        let own = || LineKind::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word));
        if self.kinds.is_empty() { own() } else { self.kinds.get(word).copied() }
    }
}

fn columns(value: &DeValue<'_>) -> Result<BTreeMap<Column, Place>, MapRefused> {
    let DeValue::Table(table) = value else { return Err(MapRefused("columns")) };
    let mut columns = BTreeMap::new();
    for (key, value) in table {
        let column = Column::ALL.iter().find(|column| column.word() == key.get_ref().as_ref());
        let column = *column.ok_or(MapRefused("columns"))?;
        let place = match (string(value.get_ref()), number(value.get_ref())) {
            (Some(name), _) if !name.trim().is_empty() => Place::Named(name.trim().to_owned()),
            (_, Some(place @ 1..=COLUMNS_MAX)) => Place::At(place as usize - 1),
            _ => return Err(MapRefused(column.word())),
        };
        columns.insert(column, place);
    }
    Ok(columns)
}

fn kinds(value: &DeValue<'_>) -> Result<BTreeMap<String, LineKind>, MapRefused> {
    let DeValue::Table(table) = value else { return Err(MapRefused("kinds")) };
    let mut kinds = BTreeMap::new();
    for (key, value) in table {
        let kind = LineKind::ALL.into_iter().find(|kind| kind.word() == key.get_ref().as_ref());
        let kind = kind.ok_or(MapRefused("kinds"))?;
        let DeValue::Array(words) = value.get_ref() else { return Err(MapRefused("kinds")) };
        for word in words {
            let word = string(word.get_ref()).ok_or(MapRefused("kinds"))?;
            if kinds.insert(word.to_owned(), kind).is_some() {
                return Err(MapRefused("kinds"));
            }
        }
    }
    Ok(kinds)
}

fn string<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    match value {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

fn number(value: &DeValue<'_>) -> Option<u32> {
    match value {
        DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

fn one_of(value: &DeValue<'_>, words: [&str; 2]) -> Option<usize> {
    let text = string(value)?;
    words.iter().position(|word| *word == text)
}

fn sign(value: &DeValue<'_>) -> Option<Sign> {
    match string(value)? {
        "signed" => Some(Sign::Signed),
        "inverted" => Some(Sign::Inverted),
        "by_kind" => Some(Sign::ByKind),
        _ => None,
    }
}

/// One character that may stand between columns.
fn byte(value: &DeValue<'_>) -> Option<u8> {
    match string(value)?.as_bytes() {
        [byte] if matches!(byte, b',' | b';' | b'|' | b'\t') => Some(*byte),
        _ => None,
    }
}

/// One character that may stand in an amount.
fn mark(value: &DeValue<'_>) -> Option<u8> {
    match string(value)?.as_bytes() {
        [byte] if matches!(byte, b'.' | b',' | b' ' | b'\'') => Some(*byte),
        _ => None,
    }
}

/// More columns than any statement has.
const COLUMNS_MAX: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "currency = \"CNY\"\n[columns]\ndate = \"Day\"\namount = 2\n";

    #[test]
    fn a_map_is_read_whole() {
        let map = ColumnMap::from_toml(
            "delimiter = ';'\ndecimal = ','\ngrouping = '.'\nunits = 'major'\nsign = 'by_kind'\ndate = 'DD.MM.YYYY'\n\
             date_is = 'booking'\nskip_lines = 2\n[columns]\ndate = 'Day'\namount = 'Sum'\ncurrency = 3\nkind = 'Art'\n\
             [kinds]\nsale = ['POS', '消费']\n",
        );
        let map = map.unwrap();
        assert_eq!((map.delimiter, map.skip_lines, map.is_booking_date, map.sign), (b';', 2, true, Sign::ByKind));
        assert_eq!(map.columns[&Column::Currency], Place::At(2));
        assert_eq!((map.kind("消费"), map.kind("sale")), (Some(LineKind::Sale), None));
        assert!(map.has_names());
        assert_eq!(ColumnMap::default().kind("Refund"), Some(LineKind::Refund));
        assert!(ColumnMap::from_toml(GOOD).is_ok());
    }

    #[test]
    fn each_part_that_is_wrong_is_named() {
        for (case, text, part) in [
            ("no TOML", "delimiter = ".to_owned(), "toml"),
            ("a part that nobody knows", format!("colour = 'red'\n{GOOD}"), "unknown"),
            ("a letter between columns", format!("delimiter = 'x'\n{GOOD}"), "delimiter"),
            ("two characters between columns", format!("delimiter = ',,'\n{GOOD}"), "delimiter"),
            ("a digit as a mark", format!("decimal = '1'\n{GOOD}"), "decimal"),
            ("one mark for both", format!("grouping = '.'\n{GOOD}"), "grouping"),
            ("other units", format!("units = 'dozen'\n{GOOD}"), "units"),
            ("another sign", format!("sign = 'none'\n{GOOD}"), "sign"),
            ("amounts by a kind that is not there", format!("sign = 'by_kind'\n{GOOD}"), "columns.kind"),
            ("a date without a year", format!("date = 'DD.MM.'\n{GOOD}"), "date"),
            ("another day", format!("date_is = 'value'\n{GOOD}"), "date_is"),
            ("a currency that nobody knows", GOOD.replace("CNY", "XXX"), "currency"),
            ("no currency", GOOD.replace("currency = \"CNY\"\n", ""), "currency"),
            ("fewer lines than none", format!("skip_lines = -1\n{GOOD}"), "skip_lines"),
            ("no columns", "currency = 'CNY'\n".to_owned(), "columns.date"),
            ("no amount", GOOD.replace("amount = 2\n", ""), "columns.amount"),
            ("a column that nobody knows", format!("{GOOD}colour = 3\n"), "columns"),
            ("column nought", GOOD.replace("= 2", "= 0"), "amount"),
            ("a kind that nobody knows", format!("{GOOD}[kinds]\ngift = ['x']\n"), "kinds"),
            ("one word for two kinds", format!("{GOOD}[kinds]\nsale = ['x']\nvoid = ['x']\n"), "kinds"),
        ] {
            assert_eq!(ColumnMap::from_toml(&text), Err(MapRefused(part)), "{case}");
        }
    }
}
