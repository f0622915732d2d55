//! One line of a statement, whatever file or message it came from.
//!
//! An amount is positive when it is the merchant's gain. What names a payment may be there or not; a line is matched by
//! the best of what it has. A card number is masked as it is read, and a free text loses every run of digits that could
//! be one.
//!
//! It never holds a card number. Evidence: `mod tests` below, `tests/no_card_data.rs`.

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
}

impl LineKind {
    /// All kinds.
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
    #[serde(serialize_with = "order_without_card_numbers")]
    pub order: Option<OrderNo>,
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

    /// The order number as it may be shown: a shop that put a card number there does not see it again.
    #[must_use]
    pub fn shown_order(&self) -> Option<String> {
        self.order.as_ref().map(|order| without_card_numbers(order.as_str()))
    }
}

fn order_without_card_numbers<S: Serializer>(order: &Option<OrderNo>, serializer: S) -> Result<S::Ok, S::Error> {
    order.as_ref().map(|order| without_card_numbers(order.as_str())).serialize(serializer)
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

/// A free text, shortened, in which every run of 12 to 19 digits that could be a card number shows its ends alone.
pub(super) fn without_card_numbers(text: &str) -> String {
    let mut shown = String::new();
    let mut digits = String::new();
    for letter in text.chars().take(REFERENCE_CHARS_MAX).chain([' ']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        match Pan::from_ascii(digits.as_bytes()) {
            Ok(pan) if could_be_a_card(&digits) => shown.push_str(pan.masked().as_str()),
            _ => shown.push_str(&digits),
        }
        digits.clear();
        shown.push(letter);
    }
    shown.pop();
    shown
}

/// ISO/IEC 7812-1, annex B: the check digit of thirteen digits or more.
fn could_be_a_card(digits: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits: Vec<u32> = digits.bytes().rev().map(|digit| u32::from(digit - b'0')).collect();
    let sum: u32 =
        digits.iter().enumerate().map(|(at, digit)| if at % 2 == 1 { doubled(*digit) } else { *digit }).sum();
    digits.len() >= 13 && sum.is_multiple_of(10)
}

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
            ("432600000017", "432600000017"),
            ("茶 12", "茶 12"),
            ("", ""),
        ] {
            assert_eq!(without_card_numbers(text), verdict, "{text}");
        }
        assert_eq!(without_card_numbers(&"x".repeat(500)).len(), REFERENCE_CHARS_MAX);
        let mut line = Line::new(1, Day::new(2026, 11, 22).unwrap(), 1, Currency::CNY);
        line.order = Some(OrderNo::new("4761739001010119").unwrap());
        assert_eq!(line.shown_order().as_deref(), Some("476173******0119"));
        assert!(!serde_json::to_string(&line).unwrap().contains("4761739001010119"));
    }
}
