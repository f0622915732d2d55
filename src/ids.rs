//! The names and numbers that payments go by.
//!
//! Each is a type of its own, checked when it is made, so that a STAN cannot be passed where a batch number
//! belongs. Sources: ISO 8583-1:1987 fields 11 (STAN), 37 (RRN), 38 (authorisation code), 39 (response
//! code), 41 (terminal id), 42 (merchant id); batch as in field 60.2 of the UnionPay message.
//!
//! It never mints a number: the payment room reserves STANs, `AttemptId` comes from the caller.
//! Evidence: `mod tests` below.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong with a name or number. It says which and why, and does not repeat the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError {
    /// The name of the thing, as a person says it.
    pub what: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} must be {}", self.what, self.rule)
    }
}

impl std::error::Error for IdError {}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes over the text.
            ///
            /// # Errors
            /// [`IdError`] with the rule that it breaks.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(IdError { what: $what, rule: $rule }) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u32", into = "u32")]
        pub struct $name(u32);

        impl $name {
            /// The number, 1 to 999 999.
            ///
            /// # Errors
            /// [`IdError`] outside that range.
            pub fn new(number: u32) -> Result<Self, IdError> {
                match number {
                    1..=999_999 => Ok(Self(number)),
                    _ => Err(IdError { what: $what, rule: "1 to 999999" }),
                }
            }

            /// The number, 1 to 999 999.
            #[must_use]
            pub fn number(self) -> u32 {
                self.0
            }

            /// The number after this one; 1 comes after 999 999.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 % 999_999 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:06}", self.0)
            }
        }

        impl TryFrom<u32> for $name {
            type Error = IdError;

            fn try_from(number: u32) -> Result<Self, IdError> {
                Self::new(number)
            }
        }

        impl From<$name> for u32 {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id!(
    /// The caller's name for one payment attempt; the same name twice is the same attempt.
    AttemptId, "attempt id", "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
);
text_id!(
    /// The caller's name for one refund; the same name twice is the same refund. One without gets `rf-` and 16 hex digits.
    RefundId, "refund id", "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
);
text_id!(
    /// The shop's own order number.
    OrderNo, "order number", "1 to 64 printable ASCII characters without spaces",
    |text| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
);
text_id!(
    /// The name by which a person is known at a till.
    OperatorName, "operator name", "1 to 32 of a-z, 0-9, '.', '_' and '-', a letter first",
    |text| (1..=32).contains(&text.len())
        && text.as_bytes()[0].is_ascii_lowercase()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
);
text_id!(
    /// Terminal id (TID), ISO 8583 field 41.
    TerminalId, "terminal id", "8 letters or digits",
    |text| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
);
text_id!(
    /// Merchant id (MID), ISO 8583 field 42.
    MerchantId, "merchant id", "15 letters or digits",
    |text| text.len() == 15 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
);
text_id!(
    /// Retrieval reference number (RRN), ISO 8583 field 37.
    Rrn, "retrieval reference number", "12 letters or digits",
    |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
);
text_id!(
    /// Authorisation code, ISO 8583 field 38.
    AuthCode, "authorisation code", "6 letters, digits or spaces",
    |text| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ')
);
text_id!(
    /// Response code, ISO 8583 field 39. It is text: `00`, `A0`, `98`.
    HostCode, "response code", "2 letters or digits",
    |text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
);
number_id!(
    /// System trace audit number (STAN), ISO 8583 field 11. Unique within a batch.
    Stan, "trace number"
);
number_id!(
    /// Number of the batch that is open at the host.
    BatchNo, "batch number"
);

/// What a person is at a till. What each may do is one table, in the session's room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes payments.
    Cashier,
    /// Answers for the shop.
    Supervisor,
    /// The integrator's own people: they keep the till in order and read no payment.
    Service,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cashier, Self::Supervisor, Self::Service];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cashier => "cashier",
            Self::Supervisor => "supervisor",
            Self::Service => "service",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_break_their_rule_are_refused() {
        let long = "a".repeat(65);
        let refused = [
            AttemptId::new("").is_err(),
            AttemptId::new(long.clone()).is_err(),
            AttemptId::new("a b").is_err(),
            AttemptId::new("a/b").is_err(),
            AttemptId::new("a\0").is_err(),
            AttemptId::new("é").is_err(),
            OrderNo::new("").is_err(),
            OrderNo::new("a b").is_err(),
            OrderNo::new(long).is_err(),
            TerminalId::new("TERM001").is_err(),
            TerminalId::new("TERM 001").is_err(),
            MerchantId::new("12345678901234").is_err(),
            Rrn::new("12345678901").is_err(),
            AuthCode::new("12345").is_err(),
            HostCode::new("0").is_err(),
            HostCode::new("000").is_err(),
            Stan::new(0).is_err(),
            Stan::new(1_000_000).is_err(),
        ];
        assert_eq!(refused, [true; 18]);
    }

    #[test]
    fn an_operator_has_a_short_plain_name() {
        for name in ["a", "alice", "a.b-c_9", &"a".repeat(32)] {
            assert!(OperatorName::new(name).is_ok(), "{name}");
        }
        for name in ["", "Alice", "9a", ".a", "-a", "a b", "a/b", "é", "a\0", "a\n", &"a".repeat(33)] {
            assert!(OperatorName::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_role_goes_by_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.word()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
        }
        for word in ["", "Cashier", "recovery", "supervisor "] {
            assert_eq!(Role::from_word(word), None, "{word}");
        }
    }

    #[test]
    fn trace_numbers_go_round_without_zero() {
        assert_eq!(Stan::new(999_999).unwrap().next(), Stan::new(1).unwrap());
        assert_eq!(Stan::new(1).unwrap().to_string(), "000001");
    }
}
