//! What evidence is wanted of, and for whom.
//!
//! It never decides which records that is. Evidence: `mod tests`, `tests/evidence.rs`.

use serde::{Deserialize, Serialize};

use crate::clock::WallMs;
use crate::ids::{AttemptId, IdError};

/// What a bundle is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// One transaction: a sale with its voids, its reversal and its refunds.
    Attempt {
        /// The sale, or one of its voids.
        attempt: AttemptId,
    },
    /// Everything between two instants, by the till's own clock.
    Period {
        /// The first instant.
        from_ms: WallMs,
        /// The first instant after it.
        to_ms: WallMs,
    },
    /// Everything around the last time that the till was frozen.
    Incident {
        /// The first instant.
        from_ms: WallMs,
        /// The first instant after it.
        to_ms: WallMs,
    },
}

impl Scope {
    /// The instants between which it lies, where it is told by them.
    #[must_use]
    pub fn instants(&self) -> Option<(WallMs, WallMs)> {
        match self {
            Self::Attempt { .. } => None,
            Self::Period { from_ms, to_ms } | Self::Incident { from_ms, to_ms } => Some((*from_ms, *to_ms)),
        }
    }
}

/// To whom a bundle is handed: 1 to 80 characters, none of them a control character, with fewer than 12 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient(String);

impl Recipient {
    /// Checks and takes over the text; space around it is dropped.
    ///
    /// # Errors
    /// [`IdError`] with the rule.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let digits = text.chars().filter(|character| character.is_numeric()).count();
        let is_plain = (1..=LENGTH_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if is_plain && digits < DIGITS_OF_A_CARD_MIN {
            return Ok(Self(text.to_owned()));
        }
        Err(IdError {
            what: "recipient",
            rule: "1 to 80 characters without control characters, with fewer than 12 digits",
        })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Recipient {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(&text)
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.0
    }
}

const LENGTH_MAX: usize = 80;
const DIGITS_OF_A_CARD_MIN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_short_printable_and_no_card_number() {
        for (text, taken) in [
            ("Police station 12, case 2026/311", Some("Police station 12, case 2026/311")),
            (" 派出所 ", Some("派出所")),
            ("", None),
            (" \t", None),
            ("a\nb", None),
            ("4761739001010119", None),
            ("card 4761 7390 0101 0119", None),
            (&"a".repeat(81), None),
        ] {
            assert_eq!(Recipient::new(text).ok().as_ref().map(Recipient::as_str), taken, "{text:?}");
        }
    }

    #[test]
    fn a_scope_is_written_in_one_form() {
        let period = Scope::Period { from_ms: WallMs(1), to_ms: WallMs(2) };
        let written = serde_json::to_string(&period).unwrap();
        assert_eq!(written, r#"{"of":"period","from_ms":1,"to_ms":2}"#);
        assert_eq!(serde_json::from_str::<Scope>(&written).unwrap(), period);
        for refused in [r#"{"of":"all"}"#, r#"{"of":"attempt","attempt":"A 1"}"#, r#"{"of":"period","from_ms":1}"#] {
            assert!(serde_json::from_str::<Scope>(refused).is_err(), "{refused}");
        }
    }
}
