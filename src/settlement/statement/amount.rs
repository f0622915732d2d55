//! Signed amounts as statements write them.
//!
//! A statement is a machine's text and still not read loosely: digits of one script, one decimal mark, the grouping
//! mark that the file is said to have and no other. Nothing is rounded; more decimals than the currency has are taken
//! only where they are zeros, as camt writes them.
//!
//! Evidence: `mod tests` below.

use crate::money::{AMOUNT_MINOR_MAX, Currency};

/// How a file writes amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Notation {
    /// Before the decimals: `.` or `,`.
    pub decimal: u8,
    /// Between thousands, where there is one.
    pub grouping: Option<u8>,
    /// Whether the digits are minor units, without decimals.
    pub is_minor: bool,
}

impl Notation {
    /// As ISO 20022 writes it: `12.30`.
    pub const PLAIN: Self = Self { decimal: b'.', grouping: None, is_minor: false };

    /// The amount in minor units, with its sign.
    pub fn read(self, text: &str, currency: Currency) -> Option<i64> {
        let (sign, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (-1, rest),
            [b'+', rest @ ..] => (1, rest),
            digits => (1, digits),
        };
        let mut parts = digits.splitn(2, |byte| *byte == self.decimal);
        let (whole, decimals) = (parts.next()?, parts.next());
        let exponent = if self.is_minor { 0 } else { usize::from(currency.exponent()) };
        let decimals = match decimals {
            Some([]) => return None,
            Some(_) if self.is_minor => return None,
            other => other.unwrap_or_default(),
        };
        let (kept, beyond) = decimals.split_at(decimals.len().min(exponent));
        if beyond.iter().any(|byte| *byte != b'0') {
            return None;
        }
        let whole = self.ungrouped(whole)?;
        let padding = std::iter::repeat_n(&b'0', exponent - kept.len());
        let minor = whole.iter().chain(kept).chain(padding).try_fold(0_u64, |sum, byte| {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            Some(sum * 10 + digit).filter(|sum| *sum <= AMOUNT_MINOR_MAX)
        })?;
        Some(sign * i64::try_from(minor).ok()?)
    }

    /// The digits before the decimal mark; groups are of three.
    fn ungrouped(self, whole: &[u8]) -> Option<Vec<u8>> {
        if whole.is_empty() {
            return None;
        }
        let Some(mark) = self.grouping.filter(|mark| whole.contains(mark)) else { return Some(whole.to_vec()) };
        let groups: Vec<&[u8]> = whole.split(|byte| *byte == mark).collect();
        let (first, others) = groups.split_first()?;
        let is_grouped = (1..=3).contains(&first.len()) && others.iter().all(|group| group.len() == 3);
        is_grouped.then(|| groups.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_exactly_or_not_at_all() {
        let comma = Notation { decimal: b',', grouping: Some(b'.'), is_minor: false };
        let english = Notation { decimal: b'.', grouping: Some(b','), is_minor: false };
        let minor = Notation { is_minor: true, ..Notation::PLAIN };
        let plain = Notation::PLAIN;
        let rows: &[(Notation, &str, &str, Option<i64>)] = &[
            (plain, "CNY", "12.30", Some(1_230)),
            (plain, "CNY", "-12.3", Some(-1_230)),
            (plain, "CNY", "+12", Some(1_200)),
            (plain, "CNY", "0", Some(0)),
            (plain, "CNY", "12.30000", Some(1_230)),
            (plain, "JPY", "12.00", Some(12)),
            (plain, "KWD", "1.234", Some(1_234)),
            (comma, "EUR", "1.234,50", Some(123_450)),
            (english, "USD", "1,234,567.5", Some(123_456_750)),
            (minor, "CNY", "1230", Some(1_230)),
            (plain, "CNY", "", None),
            (plain, "CNY", "-", None),
            (plain, "CNY", "12.", None),
            (plain, "CNY", ".5", None),
            (plain, "CNY", "12.345", None),
            (plain, "CNY", "1,234.50", None),
            (plain, "CNY", "1 234", None),
            (plain, "CNY", "--1", None),
            (plain, "CNY", "1e3", None),
            (plain, "CNY", "１２", None),
            (plain, "CNY", "¥12", None),
            (plain, "CNY", "99999999999.99", None),
            (plain, "CNY", "99999999999999999999999999", None),
            (comma, "EUR", "12.30", None),
            (english, "USD", "12,34", None),
            (english, "USD", ",123", None),
            (minor, "CNY", "12.30", None),
        ];
        for (notation, code, text, verdict) in rows {
            assert_eq!(notation.read(text, Currency::from_code(code).unwrap()), *verdict, "{code} {text:?}");
        }
    }
}
