//! Amounts of money: whole minor units together with their currency.
//!
//! An amount is never a floating-point number and never a bare integer: 1 000 minor units are 10.00 CNY
//! and 1000 JPY, so a number without its currency is not money. Arithmetic that would leave the range, or
//! mix currencies, is an error and not a wrap. Text is read exactly as a cashier would write it; anything
//! that two readers could take for two amounts is refused with the reason.
//!
//! Source: ISO 4217 (codes and exponents). It never rounds, and never guesses a currency.
//! Evidence: the tables in `mod tests` below.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest amount that fits ISO 8583 field 4 and EMV tag 9F02: twelve digits of minor units.
pub const AMOUNT_MINOR_MAX: u64 = 999_999_999_999;

/// A currency that the till can sell in (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Currency(&'static CurrencyRow);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct CurrencyRow {
    code: &'static str,
    number: u16,
    exponent: u8,
}

impl Currency {
    /// Chinese yuan, the sandbox's currency.
    pub const CNY: Self = Self(&CURRENCIES[1]);

    /// Finds a currency by its three capital letters.
    ///
    /// # Errors
    /// [`AmountError::CurrencyUnknown`] for anything that is not in the table.
    pub fn from_code(code: &str) -> Result<Self, AmountError> {
        CURRENCIES.iter().find(|row| row.code == code).map(Self).ok_or(AmountError::CurrencyUnknown)
    }

    /// Finds a currency by its three-digit number (ISO 8583 field 49, EMV tag 5F2A).
    ///
    /// # Errors
    /// [`AmountError::CurrencyUnknown`] for anything that is not in the table.
    pub fn from_number(number: u16) -> Result<Self, AmountError> {
        CURRENCIES.iter().find(|row| row.number == number).map(Self).ok_or(AmountError::CurrencyUnknown)
    }

    /// Three capital letters, as `CNY`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// The ISO 4217 number, 0 to 999.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0.number
    }

    /// How many decimal digits the minor unit has: 2 for CNY, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn exponent(self) -> u8 {
        self.0.exponent
    }

    /// The digits of this many minor units, as `12.30`: also of sums, which may be larger than any amount.
    #[must_use]
    pub fn digits_of(self, minor: u128) -> String {
        let exponent = usize::from(self.exponent());
        if exponent == 0 {
            return minor.to_string();
        }
        let unit = 10_u128.pow(exponent as u32);
        format!("{}.{:0exponent$}", minor / unit, minor % unit)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl TryFrom<String> for Currency {
    type Error = AmountError;

    fn try_from(code: String) -> Result<Self, AmountError> {
        Self::from_code(&code)
    }
}

/// A payment amount in minor units, at most [`AMOUNT_MINOR_MAX`], with its currency. Zero is representable
/// (a total may be zero); whether zero may be *sold* is decided where a sale is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawAmount")]
pub struct Amount {
    minor: u64,
    currency: Currency,
}

#[derive(Deserialize)]
struct RawAmount {
    minor: u64,
    currency: Currency,
}

impl TryFrom<RawAmount> for Amount {
    type Error = AmountError;

    fn try_from(raw: RawAmount) -> Result<Self, AmountError> {
        Self::from_minor(raw.minor, raw.currency)
    }
}

impl Amount {
    /// An amount of `minor` minor units.
    ///
    /// # Errors
    /// [`AmountError::TooLarge`] above [`AMOUNT_MINOR_MAX`].
    pub fn from_minor(minor: u64, currency: Currency) -> Result<Self, AmountError> {
        if minor > AMOUNT_MINOR_MAX {
            return Err(AmountError::TooLarge);
        }
        Ok(Self { minor, currency })
    }

    /// Reads an amount to be charged, as `12`, `12.3` or `12.30`: ASCII digits with at most one point and
    /// at most the currency's own number of decimals.
    ///
    /// # Errors
    /// One [`AmountError`] a reason: empty, negative, not a digit, too many decimals, zero, too large. Nothing is
    /// trimmed, grouped, rounded or taken from another script.
    ///
    /// ```
    /// use taptill::money::{Amount, AmountError, Currency};
    /// assert_eq!(Amount::parse_charge("12.30", Currency::CNY).unwrap().minor(), 1_230);
    /// let refused = Amount::parse_charge("12.345", Currency::CNY).unwrap_err();
    /// assert_eq!(refused, AmountError::TooManyDecimals { allowed: 2 });
    /// assert_eq!(refused.to_string(), "the amount has more decimals than its currency's 2");
    /// ```
    pub fn parse_charge(text: &str, currency: Currency) -> Result<Self, AmountError> {
        if text.is_empty() {
            return Err(AmountError::Empty);
        }
        if text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit())) {
            return Err(AmountError::Negative);
        }
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        for part in [whole, decimals] {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(AmountError::NotPlainDigits);
            }
        }
        let exponent = usize::from(currency.exponent());
        let written = text.contains('.');
        if written && decimals.len() > exponent {
            return Err(AmountError::TooManyDecimals { allowed: currency.exponent() });
        }
        let padded = format!("{whole}{decimals:0<exponent$.exponent$}");
        let significant = padded.trim_start_matches('0');
        if significant.is_empty() {
            return Err(AmountError::Zero);
        }
        if significant.len() > 12 {
            return Err(AmountError::TooLarge);
        }
        let minor = significant.parse().map_err(|_| AmountError::TooLarge)?;
        Self::from_minor(minor, currency)
    }

    /// Minor units, 0 to [`AMOUNT_MINOR_MAX`].
    #[must_use]
    pub fn minor(self) -> u64 {
        self.minor
    }

    /// The currency of those units.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The sum of two amounts.
    ///
    /// # Errors
    /// [`AmountError::CurrenciesDiffer`], [`AmountError::TooLarge`].
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::CurrenciesDiffer);
        }
        Self::from_minor(self.minor + other.minor, self.currency)
    }

    /// The digits alone, as `12.30`, without the currency.
    #[must_use]
    pub fn digits(self) -> String {
        self.currency.digits_of(self.minor.into())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.digits())
    }
}

/// Why a text or a number is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// There is no text.
    Empty,
    /// It begins with a minus sign.
    Negative,
    /// Something other than ASCII digits and one point between digits.
    NotPlainDigits,
    /// More decimals than the currency has.
    TooManyDecimals {
        /// The currency's own number of decimals.
        allowed: u8,
    },
    /// Nothing to charge.
    Zero,
    /// More than [`AMOUNT_MINOR_MAX`].
    TooLarge,
    /// Two currencies in one sum.
    CurrenciesDiffer,
    /// Not a currency of this till.
    CurrencyUnknown,
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the amount is empty"),
            Self::Negative => f.write_str("the amount is below zero"),
            Self::NotPlainDigits => f.write_str("the amount is not plain digits with at most one point, as 12.30"),
            Self::TooManyDecimals { allowed } => {
                write!(f, "the amount has more decimals than its currency's {allowed}")
            }
            Self::Zero => f.write_str("the amount is zero"),
            Self::TooLarge => f.write_str("the amount has more than twelve digits"),
            Self::CurrenciesDiffer => f.write_str("the amounts are in two currencies"),
            Self::CurrencyUnknown => f.write_str("the currency is not known"),
        }
    }
}

impl std::error::Error for AmountError {}

/// ISO 4217 rows, in order of code.
static CURRENCIES: [CurrencyRow; 14] = [
    CurrencyRow { code: "AUD", number: 36, exponent: 2 },
    CurrencyRow { code: "CNY", number: 156, exponent: 2 },
    CurrencyRow { code: "EUR", number: 978, exponent: 2 },
    CurrencyRow { code: "GBP", number: 826, exponent: 2 },
    CurrencyRow { code: "HKD", number: 344, exponent: 2 },
    CurrencyRow { code: "JPY", number: 392, exponent: 0 },
    CurrencyRow { code: "KRW", number: 410, exponent: 0 },
    CurrencyRow { code: "KWD", number: 414, exponent: 3 },
    CurrencyRow { code: "MOP", number: 446, exponent: 2 },
    CurrencyRow { code: "MYR", number: 458, exponent: 2 },
    CurrencyRow { code: "SGD", number: 702, exponent: 2 },
    CurrencyRow { code: "THB", number: 764, exponent: 2 },
    CurrencyRow { code: "TWD", number: 901, exponent: 2 },
    CurrencyRow { code: "USD", number: 840, exponent: 2 },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_read_exactly_or_refused_with_the_reason() {
        use AmountError::{Empty, Negative, NotPlainDigits, TooLarge, TooManyDecimals, Zero};
        let cents = TooManyDecimals { allowed: 2 };
        let rows: &[(&str, &str, Result<u64, AmountError>)] = &[
            ("CNY", "12", Ok(1_200)),
            ("CNY", "12.3", Ok(1_230)),
            ("CNY", "12.30", Ok(1_230)),
            ("CNY", "0.01", Ok(1)),
            ("CNY", "007", Ok(700)),
            ("CNY", "9999999999.99", Ok(AMOUNT_MINOR_MAX)),
            ("JPY", "12", Ok(12)),
            ("KWD", "1.234", Ok(1_234)),
            ("CNY", "", Err(Empty)),
            ("CNY", "0", Err(Zero)),
            ("CNY", "0.00", Err(Zero)),
            ("CNY", "12.345", Err(cents)),
            ("CNY", "12.300", Err(cents)),
            ("JPY", "12.0", Err(TooManyDecimals { allowed: 0 })),
            ("CNY", "-1", Err(Negative)),
            ("CNY", "-0.01", Err(Negative)),
            ("CNY", "-", Err(NotPlainDigits)),
            ("CNY", "--1", Err(NotPlainDigits)),
            ("CNY", "+1", Err(NotPlainDigits)),
            ("CNY", "1e3", Err(NotPlainDigits)),
            ("CNY", "1,5", Err(NotPlainDigits)),
            ("CNY", "1.2.3", Err(NotPlainDigits)),
            ("CNY", "1.", Err(NotPlainDigits)),
            ("CNY", ".5", Err(NotPlainDigits)),
            ("CNY", " 1", Err(NotPlainDigits)),
            ("CNY", "٣", Err(NotPlainDigits)),
            ("CNY", "１２", Err(NotPlainDigits)),
            ("CNY", "10000000000", Err(TooLarge)),
            ("CNY", "99999999999999999999999", Err(TooLarge)),
        ];
        for (code, text, verdict) in rows {
            let currency = Currency::from_code(code).unwrap();
            let read = Amount::parse_charge(text, currency).map(Amount::minor);
            assert_eq!(read, *verdict, "{code} {text:?}");
        }
    }

    #[test]
    fn digits_carry_the_currencys_decimals() {
        for (code, minor, verdict) in [("CNY", 5, "0.05"), ("JPY", 500, "500"), ("KWD", 1_002, "1.002")] {
            let amount = Amount::from_minor(minor, Currency::from_code(code).unwrap()).unwrap();
            assert_eq!(amount.digits(), verdict);
        }
    }

    #[test]
    fn sums_refuse_two_currencies_and_overflow() {
        let yuan = Amount::from_minor(AMOUNT_MINOR_MAX, Currency::CNY).unwrap();
        let yen = Amount::from_minor(1, Currency::from_code("JPY").unwrap()).unwrap();
        assert_eq!(yuan.checked_add(yen), Err(AmountError::CurrenciesDiffer));
        assert_eq!(yuan.checked_add(yuan), Err(AmountError::TooLarge));
    }

    #[test]
    fn an_amount_in_json_is_checked_like_any_other() {
        let refused = serde_json::from_str::<Amount>(r#"{"minor":1000000000000,"currency":"CNY"}"#);
        assert!(refused.unwrap_err().to_string().contains("more than twelve digits"));
        assert!(serde_json::from_str::<Amount>(r#"{"minor":1,"currency":"XXX"}"#).is_err());
    }
}
