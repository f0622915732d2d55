//! What is known of a cardholder's card: its number and its expiry.
//!
//! A [`Pan`] is a secret: it has no `Debug` that shows digits, no serde, and is wiped on drop. What may be
//! seen, stored and printed is a [`MaskedPan`]: the first six and the last four digits (PCI DSS 3.4.1).
//!
//! It never holds track data or a verification value. Evidence: `mod tests`, `tests/no_card_data.rs`.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A primary account number: 12 to 19 digits (ISO/IEC 7812-1), wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Pan {
    digits: Box<[u8; PAN_DIGITS_MAX]>,
    count: usize,
}

const PAN_DIGITS_MIN: usize = 12;
const PAN_DIGITS_MAX: usize = 19;

impl Pan {
    /// Reads ASCII digits. The check digit is not judged: some issuers' test cards have none.
    ///
    /// # Errors
    /// [`CardDataError::PanNotDigits`], [`CardDataError::PanLength`].
    pub fn from_ascii(digits: &[u8]) -> Result<Self, CardDataError> {
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(CardDataError::PanNotDigits);
        }
        if !(PAN_DIGITS_MIN..=PAN_DIGITS_MAX).contains(&digits.len()) {
            return Err(CardDataError::PanLength);
        }
        let mut own = Box::new([0; PAN_DIGITS_MAX]);
        own[..digits.len()].copy_from_slice(digits);
        Ok(Self { digits: own, count: digits.len() })
    }

    /// The ASCII digits, for the length of a borrow.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    /// The first six and the last four digits, `*` between.
    #[must_use]
    pub fn masked(&self) -> MaskedPan {
        let shown = |index| index < 6 || index + 4 >= self.count;
        let mask = |(index, digit): (usize, &u8)| if shown(index) { char::from(*digit) } else { '*' };
        MaskedPan(self.expose().iter().enumerate().map(mask).collect())
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pan({})", self.masked())
    }
}

/// A card number as it may be shown: `476173******0119`, or less of it, as `************0119`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MaskedPan(String);

impl MaskedPan {
    /// The masked text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MaskedPan {
    type Error = CardDataError;

    fn try_from(text: String) -> Result<Self, CardDataError> {
        let bytes = text.as_bytes();
        let length_fits = (PAN_DIGITS_MIN..=PAN_DIGITS_MAX).contains(&bytes.len());
        let masked = |(index, byte): (usize, &u8)| {
            *byte == b'*' || byte.is_ascii_digit() && (index < 6 || index + 4 >= bytes.len())
        };
        if length_fits && bytes.iter().enumerate().all(masked) { Ok(Self(text)) } else { Err(CardDataError::NotMasked) }
    }
}

impl From<MaskedPan> for String {
    fn from(masked: MaskedPan) -> Self {
        masked.0
    }
}

impl fmt::Display for MaskedPan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The month after which a card is no longer valid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    /// Year of the century, 0 to 99.
    pub year: u8,
    /// Month, 1 to 12.
    pub month: u8,
}

impl Expiry {
    /// Reads ASCII `YYMM` (ISO 8583 field 14).
    ///
    /// # Errors
    /// [`CardDataError::ExpiryMalformed`].
    pub fn from_yymm(yymm: &[u8]) -> Result<Self, CardDataError> {
        let [y1, y2, m1, m2] = yymm else { return Err(CardDataError::ExpiryMalformed) };
        let two = |tens: &u8, ones: &u8| {
            (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + ones - b'0')
        };
        match (two(y1, y2), two(m1, m2)) {
            (Some(year), Some(month @ 1..=12)) => Ok(Self { year, month }),
            _ => Err(CardDataError::ExpiryMalformed),
        }
    }

    /// ASCII `YYMM`.
    #[must_use]
    pub fn yymm(self) -> [u8; 4] {
        [self.year / 10 + b'0', self.year % 10 + b'0', self.month / 10 + b'0', self.month % 10 + b'0']
    }
}

impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expiry(****)")
    }
}

/// Why bytes are not card data. The bytes themselves are never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardDataError {
    /// A card number holds something other than digits.
    PanNotDigits,
    /// A card number has fewer than 12 or more than 19 digits.
    PanLength,
    /// A text that should be a masked card number shows too much or is none.
    NotMasked,
    /// An expiry date is not `YYMM`.
    ExpiryMalformed,
}

impl fmt::Display for CardDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PanNotDigits => "the card number holds something other than digits",
            Self::PanLength => "the card number has fewer than 12 or more than 19 digits",
            Self::NotMasked => "the text is not a masked card number",
            Self::ExpiryMalformed => "the expiry date is not YYMM",
        })
    }
}

impl std::error::Error for CardDataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_prints_masked() {
        for (digits, verdict) in [
            ("4761739001010119", "476173******0119"),
            ("476173900101", "476173**0101"),
            ("4761739001010119000", "476173*********9000"),
        ] {
            let pan = Pan::from_ascii(digits.as_bytes()).unwrap();
            assert_eq!(pan.masked().as_str(), verdict);
            assert_eq!(format!("{pan:?}"), format!("Pan({verdict})"));
        }
    }

    #[test]
    fn what_is_no_card_number_is_refused() {
        for (digits, verdict) in [
            ("", CardDataError::PanLength),
            ("47617390010", CardDataError::PanLength),
            ("47617390010101190000", CardDataError::PanLength),
            ("476173900101011D", CardDataError::PanNotDigits),
        ] {
            assert_eq!(Pan::from_ascii(digits.as_bytes()).unwrap_err(), verdict);
        }
    }

    #[test]
    fn a_masked_number_shows_its_ends_at_most() {
        for shown in ["476173******0119", "************0119", "476173**********", "****************", "476173**0101"] {
            assert_eq!(MaskedPan::try_from(shown.to_owned()).unwrap().as_str(), shown);
        }
        for refused in [
            "4761739001010119",
            "4761739*****0119",
            "476173*****10119",
            "***********",
            "47617x******0119",
            "*** 0119",
            "",
        ] {
            assert_eq!(MaskedPan::try_from(refused.to_owned()), Err(CardDataError::NotMasked), "{refused}");
        }
    }

    #[test]
    fn an_expiry_is_a_month() {
        assert_eq!(Expiry::from_yymm(b"2812").unwrap().yymm(), *b"2812");
        for refused in [&b"2813"[..], b"2800", b"281", b"28a2", b""] {
            assert_eq!(Expiry::from_yymm(refused), Err(CardDataError::ExpiryMalformed));
        }
    }
}
