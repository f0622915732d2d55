//! The keypad: digits as they are typed, and the amount that they mean.
//!
//! Digits fill from the right, as on a till: `1`, `2`, `3` is 1.23 in a currency of two decimals and 123 in one of
//! none. A key that would leave the twelve digits of ISO 8583 field 4, or the till's limit, is refused with the
//! code that says so, and what was typed stays.
//!
//! It never rounds and never drops a digit. Evidence: `mod tests`.

use crate::error::ErrorCode;
use crate::money::{AMOUNT_MINOR_MAX, Amount, Currency};

/// What was typed, in minor units of the till's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keypad {
    minor: u64,
}

impl Keypad {
    /// Whether nothing was typed, or nothing but zeros.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.minor == 0
    }

    /// With one digit more.
    ///
    /// # Errors
    /// `amount_too_large` beyond twelve digits, `amount_over_limit` beyond the till's limit in minor units.
    pub fn digit(self, digit: u8, limit_minor: u64) -> Result<Self, ErrorCode> {
        self.grown(10, u64::from(digit.min(9)), limit_minor)
    }

    /// With two zeros more: both or none.
    ///
    /// # Errors
    /// As [`Self::digit`].
    pub fn double_zero(self, limit_minor: u64) -> Result<Self, ErrorCode> {
        self.grown(100, 0, limit_minor)
    }

    /// Without the last digit.
    #[must_use]
    pub fn backspace(self) -> Self {
        Self { minor: self.minor / 10 }
    }

    /// What it means in this currency.
    #[must_use]
    pub fn amount(self, currency: Currency) -> Amount {
        Amount::from_minor(self.minor, currency).expect("no key leaves the range of an amount")
    }

    fn grown(self, by: u64, digit: u64, limit_minor: u64) -> Result<Self, ErrorCode> {
        let minor = self.minor * by + digit;
        if minor > AMOUNT_MINOR_MAX {
            return Err(ErrorCode::AmountTooLarge);
        }
        if minor > limit_minor {
            return Err(ErrorCode::AmountOverLimit);
        }
        Ok(Self { minor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types keys, `o` for two zeros and `<` for back, and keeps the last refusal.
    fn typed(keys: &str, limit_minor: u64) -> (Keypad, Option<ErrorCode>) {
        let mut pad = Keypad::default();
        let mut refusal = None;
        for key in keys.chars() {
            let next = match key {
                'o' => pad.double_zero(limit_minor),
                '<' => Ok(pad.backspace()),
                digit => pad.digit(u8::try_from(digit.to_digit(10).unwrap()).unwrap(), limit_minor),
            };
            match next {
                Ok(next) => pad = next,
                Err(code) => refusal = Some(code),
            }
        }
        (pad, refusal)
    }

    #[test]
    fn keys_become_an_amount_and_a_refused_key_changes_nothing() {
        use ErrorCode::{AmountOverLimit, AmountTooLarge};
        let rows: &[(&str, &str, u64, &str, Option<ErrorCode>)] = &[
            ("CNY", "", AMOUNT_MINOR_MAX, "0.00", None),
            ("CNY", "000", AMOUNT_MINOR_MAX, "0.00", None),
            ("CNY", "o", AMOUNT_MINOR_MAX, "0.00", None),
            ("CNY", "<", AMOUNT_MINOR_MAX, "0.00", None),
            ("CNY", "1", AMOUNT_MINOR_MAX, "0.01", None),
            ("CNY", "123", AMOUNT_MINOR_MAX, "1.23", None),
            ("CNY", "12o", AMOUNT_MINOR_MAX, "12.00", None),
            ("CNY", "123<", AMOUNT_MINOR_MAX, "0.12", None),
            ("CNY", "123<<<<", AMOUNT_MINOR_MAX, "0.00", None),
            ("JPY", "123", AMOUNT_MINOR_MAX, "123", None),
            ("KWD", "1234", AMOUNT_MINOR_MAX, "1.234", None),
            ("CNY", "999999999999", AMOUNT_MINOR_MAX, "9999999999.99", None),
            ("CNY", "9999999999999", AMOUNT_MINOR_MAX, "9999999999.99", Some(AmountTooLarge)),
            ("CNY", "99999999999o", AMOUNT_MINOR_MAX, "999999999.99", Some(AmountTooLarge)),
            ("CNY", "50001", 50_000, "50.00", Some(AmountOverLimit)),
            ("CNY", "500o", 50_000, "500.00", None),
            ("CNY", "501o", 50_000, "5.01", Some(AmountOverLimit)),
            ("CNY", "50000<1", 50_000, "50.00", Some(AmountOverLimit)),
        ];
        for (currency, keys, limit_minor, digits, refusal) in rows {
            let (pad, refused) = typed(keys, *limit_minor);
            let amount = pad.amount(Currency::from_code(currency).unwrap());
            assert_eq!((amount.digits().as_str(), refused), (*digits, *refusal), "{currency} {keys}");
        }
    }
}
