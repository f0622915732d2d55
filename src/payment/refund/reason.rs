//! Why a refund stands where it stands, and the words of a person who rejects one.
//!
//! What a person writes is kept as it is in the journal, so it must be short, printable, and must not look like a card
//! number.
//!
//! It never says whose fault it is. Evidence: `mod tests`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::WrittenReason;
use crate::error::{Error, ErrorCode};

/// Why a refund ended, or cannot end, where that says more than its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The host refused it; its code says why.
    Host,
    /// The host refused it although an earlier send may have worked.
    RefusedInDoubt,
    /// The host had something else under each STAN that was tried.
    StanTaken,
    /// The dialect is not the one in which it was prepared.
    DialectChanged,
    /// It does not fit the dialect.
    Unpackable,
}

impl RefundReason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Host, Self::RefusedInDoubt, Self::StanTaken, Self::DialectChanged, Self::Unpackable];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::RefusedInDoubt => "refused_in_doubt",
            Self::StanTaken => "stan_taken",
            Self::DialectChanged => "dialect_changed",
            Self::Unpackable => "unpackable",
        }
    }
}

/// Why a person rejects a refund: 1 to 120 characters, none of them a control character, with fewer than 12 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RejectionReason(String);

impl RejectionReason {
    /// Checks and takes over the text; space around it is dropped.
    ///
    /// # Errors
    /// `refund_rejected_reason_missing` where nothing is said; `identifier_malformed` with the rule.
    pub fn new(text: &str) -> Result<Self, Error> {
        match WrittenReason::new(text) {
            Err(error) if error.code() == ErrorCode::ReasonMissing => {
                Err(ErrorCode::RefundRejectedReasonMissing.into())
            }
            written => Ok(Self(written?.to_string())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RejectionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RejectionReason {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::new(&text)
    }
}

impl From<RejectionReason> for String {
    fn from(reason: RejectionReason) -> Self {
        reason.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short_printable_and_no_card_number() {
        for text in ["the goods came back broken", "货物没有退回", "see order 2026-11-22", &"é".repeat(120)] {
            assert_eq!(RejectionReason::new(text).unwrap().as_str(), text);
        }
        assert_eq!(RejectionReason::new("  no  ").unwrap().as_str(), "no");
        for text in ["", " ", "\n\t"] {
            let code = RejectionReason::new(text).unwrap_err().code();
            assert_eq!(code, ErrorCode::RefundRejectedReasonMissing, "{text:?}");
        }
        for text in ["a\nb", "a\0b", &"a".repeat(121), "4761739001010119", "card 4761 7390 0101 0119", "٤٧٦١٧٣٩٠٠١٠١"]
        {
            let code = RejectionReason::new(text).unwrap_err().code();
            assert_eq!(code, ErrorCode::IdentifierMalformed, "{text:?}");
        }
    }

    #[test]
    fn the_words_are_those_of_json() {
        for reason in RefundReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.word());
        }
    }
}
