//! Why somebody does what the till advises against, in a person's own words.
//!
//! What a person writes is kept as it is in the journal, so it must be short, printable, and must not look like a card
//! number.
//!
//! It never judges a reason. Evidence: `payment/refund/reason.rs`, which keeps the same rule.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};

/// A reason: 1 to 120 characters, none of them a control character, with fewer than 12 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WrittenReason(String);

impl WrittenReason {
    /// Checks and takes over the text; space around it is dropped.
    ///
    /// # Errors
    /// `reason_missing` where nothing is said; `identifier_malformed` with the rule.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ErrorCode::ReasonMissing.into());
        }
        let digits = text.chars().filter(|character| character.is_numeric()).count();
        let is_plain = text.chars().count() <= LENGTH_MAX && !text.chars().any(char::is_control);
        if is_plain && digits < DIGITS_OF_A_CARD_MIN {
            return Ok(Self(text.to_owned()));
        }
        let error = Error::from(ErrorCode::IdentifierMalformed).word("what", "reason");
        Err(error.word("rule", "1 to 120 characters without control characters, with fewer than 12 digits"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for WrittenReason {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::new(&text)
    }
}

impl From<WrittenReason> for String {
    fn from(reason: WrittenReason) -> Self {
        reason.0
    }
}

impl fmt::Display for WrittenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const LENGTH_MAX: usize = 120;
const DIGITS_OF_A_CARD_MIN: usize = 12;
