//! One line of a statement, whatever file or message it came from.
//!
//! An amount is positive when it is the merchant's gain. What names a payment may be there or not; a line is matched by
//! the best of what it has. A card number is masked as it is read, and a free text loses the middle of whatever could be
//! one, in groups or not.
//!
//! It never shows or writes a card number. Evidence: `mod tests` below, `tests/no_card_data.rs`.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::card::{MaskedPan, Pan};
use crate::ids::{AuthCode, BatchNo, OrderNo, Rrn, Stan};
use crate::money::Currency;
use crate::settlement::statement::Day;

/// Where lines come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The acquirer's host, over the wire.
    Host,
    /// A file of comma-separated values.
    Csv,
    /// An ISO 20022 file: camt.053 or camt.054.
    Camt,
}

/// What a line says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A customer paid.
    Sale,
    /// A customer got money back.
    Refund,
    /// A payment was taken back whole: a void or a reversal.
    Void,
    /// The acquirer's own charge.
    Fee,
    /// The acquirer paid the merchant out, or the other way.
    Payout,
    /// What a bank booked beyond the payments that it lists, and gives no name.
    Rest,
}

impl LineKind {
    /// All kinds that a column may name.
    pub const ALL: [Self; 5] = [Self::Sale, Self::Refund, Self::Void, Self::Fee, Self::Payout];

    /// The stable word, as in JSON and in a map of columns.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
            Self::Void => "void",
            Self::Fee => "fee",
            Self::Payout => "payout",
            Self::Rest => "rest",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its place in the file, from 1: the line on which it begins; from the host its number in the reply.
    pub number: u64,
    /// The day that it names.
    pub date: Day,
    /// Whether that is the day on which it was booked, which may be later than the payment's.
    pub is_booking_date: bool,
    /// Minor units; positive is the merchant's gain.
    pub amount_minor: i64,
    /// Of those units.
    pub currency: Currency,
    /// What it says that it is; nothing where the file does not say.
    pub kind: Option<LineKind>,
    /// What was kept back of the amount, in minor units.
    pub fee_minor: Option<i64>,
    /// The host's reference number.
    pub rrn: Option<Rrn>,
    /// The till's trace number.
    pub stan: Option<Stan>,
    /// The batch.
    pub batch: Option<BatchNo>,
    /// The authorisation code.
    pub auth_code: Option<AuthCode>,
    /// The shop's order number.
    pub order: Option<StatedOrder>,
    /// The card, masked.
    pub card_masked: Option<MaskedPan>,
    /// The terminal, as the file names it.
    pub terminal: Option<String>,
    /// Any other reference, shortened and without card numbers.
    pub reference: Option<String>,
}

impl Line {
    /// A line of which no more is known than day and amount.
    #[must_use]
    pub fn new(number: u64, date: Day, amount_minor: i64, currency: Currency) -> Self {
        Self {
            number,
            date,
            is_booking_date: false,
            amount_minor,
            currency,
            kind: None,
            fee_minor: None,
            rrn: None,
            stan: None,
            batch: None,
            auth_code: None,
            order: None,
            card_masked: None,
            terminal: None,
            reference: None,
        }
    }
}

/// An order number as a statement states it. Anything may stand in that column: whatever could be a card number is looked
/// up and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct StatedOrder(OrderNo);

impl StatedOrder {
    /// To look it up by, and for nothing else.
    pub(super) fn to_look_up(&self) -> &OrderNo {
        &self.0
    }
}

impl From<OrderNo> for StatedOrder {
    fn from(order: OrderNo) -> Self {
        Self(order)
    }
}

impl fmt::Display for StatedOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_card_numbers(self.0.as_str()))
    }
}

impl fmt::Debug for StatedOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatedOrder({self})")
    }
}

impl Serialize for StatedOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The card as it may be kept, of a number in clear or masked in any of the usual ways; nothing where it is neither.
pub(super) fn masked_card(text: &str) -> Option<MaskedPan> {
    let compact: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    if let Ok(pan) = Pan::from_ascii(compact.as_bytes()) {
        return Some(pan.masked());
    }
    let stars: String =
        compact.chars().map(|letter| if matches!(letter, 'X' | 'x' | '•') { '*' } else { letter }).collect();
    MaskedPan::try_from(stars).ok()
}

/// A free text, shortened, in which whatever could be a card number shows its ends alone. It is looked for before the
/// text is cut: half of one is hidden as the whole is.
pub(super) fn without_card_numbers(text: &str) -> String {
    let hidden = hidden_places(text);
    let shown = text.char_indices().map(|(at, letter)| if hidden.contains(&at) { '*' } else { letter });
    shown.take(REFERENCE_CHARS_MAX).collect()
}

/// The places of digits that stand in the middle of what could be a card number: groups of digits with blanks, dashes or
/// dots between them. Groups before and after may be something else, so every row of groups is tried.
fn hidden_places(text: &str) -> BTreeSet<usize> {
    let mut hidden = BTreeSet::new();
    let mut run_at = 0;
    for run in text.split_inclusive(|letter: char| !letter.is_ascii_digit() && !may_part_digits(letter)) {
        let digits: Vec<usize> = run.match_indices(|letter: char| letter.is_ascii_digit()).map(|(at, _)| at).collect();
        let begins = |place: usize| place == 0 || digits[place - 1] + 1 != digits[place];
        let starts = (0..digits.len()).filter(|place| begins(*place));
        for start in starts {
            let ends = (start + 1..=digits.len()).filter(|end| *end == digits.len() || begins(*end));
            for end in ends.take_while(|end| end - start <= CARD_DIGITS_MAX) {
                let places = &digits[start..end];
                if could_be_a_card(places.iter().map(|at| run.as_bytes()[*at])) {
                    hidden.extend(places[6..places.len() - 4].iter().map(|at| run_at + at));
                }
            }
        }
        run_at += run.len();
    }
    hidden
}

fn may_part_digits(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '.' | '\u{2010}'..='\u{2015}')
}

/// ISO/IEC 7812-1, annex B: the check digit of thirteen digits or more.
fn could_be_a_card(digits: impl DoubleEndedIterator<Item = u8> + ExactSizeIterator) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let count = digits.len();
    let digits = digits.rev().map(|digit| u32::from(digit - b'0')).enumerate();
    let sum: u32 = digits.map(|(at, digit)| if at % 2 == 1 { doubled(digit) } else { digit }).sum();
    (CARD_DIGITS_MIN..=CARD_DIGITS_MAX).contains(&count) && sum.is_multiple_of(10)
}

const CARD_DIGITS_MIN: usize = 13;
const CARD_DIGITS_MAX: usize = 19;
/// ISO 20022 `Max140Text`.
const REFERENCE_CHARS_MAX: usize = 140;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_masked_as_it_is_read() {
        for (text, verdict) in [
            ("4761739001010119", Some("476173******0119")),
            ("4761 7390 0101 0119", Some("476173******0119")),
            ("476173******0119", Some("476173******0119")),
            ("476173XXXXXX0119", Some("476173******0119")),
            ("************0119", Some("************0119")),
            ("4761739001******", None),
            ("0119", None),
            ("", None),
        ] {
            assert_eq!(masked_card(text).as_ref().map(MaskedPan::as_str), verdict, "{text}");
        }
    }

    #[test]
    fn a_reference_shows_no_card_number() {
        for (text, verdict) in [
            ("CARD 4761739001010119 THANKS", "CARD 476173******0119 THANKS"),
            ("4761739001010119", "476173******0119"),
            ("4761739001010118", "4761739001010118"),
            ("4761 7390 0101 0119", "4761 73** **** 0119"),
            ("paid with 4761-7390-0101-0119.", "paid with 4761-73**-****-0119."),
            ("4761  7390\u{a0}0101\t0119", "4761  73**\u{a0}****\t0119"),
            ("12 4761739001010119 35", "12 476173******0119 35"),
            ("1234 4761 7390 0101 0119", "1234 4761 73** **** 0119"),
            ("2026-11-22 17", "2026-11-22 17"),
            ("432600000017", "432600000017"),
            ("茶 12", "茶 12"),
            ("", ""),
        ] {
            assert_eq!(without_card_numbers(text), verdict, "{text}");
        }
        assert_eq!(without_card_numbers(&"x".repeat(500)).len(), REFERENCE_CHARS_MAX);
        // Cut within a card number: what is left of it is hidden as the whole is.
        for shown in 1..16 {
            let text = format!("{}4761739001010119", "x".repeat(REFERENCE_CHARS_MAX - shown));
            let left = without_card_numbers(&text).split_off(REFERENCE_CHARS_MAX - shown);
            assert_eq!(left, "476173******0119"[..shown], "{shown}");
        }
        let mut line = Line::new(1, Day::new(2026, 11, 22).unwrap(), 1, Currency::CNY);
        line.order = Some(OrderNo::new("4761739001010119").unwrap().into());
        assert!(!serde_json::to_string(&line).unwrap().contains("4761739001010119"));
        assert!(!format!("{line:?}").contains("4761739001010119"));
    }
}
