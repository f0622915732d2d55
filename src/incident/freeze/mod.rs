//! The freeze: from one moment to the next a till sells nothing, gives nothing back and voids nothing.
//!
//! Anybody at the till may freeze it, also while it is locked; two people together release it, or the acquirer. What is
//! owed is still finished with the host, and the batch can be settled: a freeze is no way to lose a debt.
//!
//! It is kept twice. The record has it as an event ([`record`]). Beside the record, for the lock screen and for a till
//! whose files were put back, stands a mark under a device key that is made with the freeze and destroyed with it
//! ([`mark`]). Where the two differ, the till is frozen.
//!
//! It never looks at a clock. Evidence: `tests/incident_freeze.rs`.

pub mod mark;
pub mod record;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::record::{Freezes, Kept, Owed, Released, owed, standing};
use crate::clock::WallMs;
use crate::ids::OperatorName;

/// A freeze, as a lock screen may show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeView {
    /// Since when, by the device's clock; nothing where it was found without a word of when.
    pub since_ms: Option<WallMs>,
    /// Who did it, where that is known: at the lock screen it need not be.
    pub by: Option<OperatorName>,
    /// Why, in that person's words.
    pub reason: Option<FreezeReason>,
    /// From where.
    pub from: FrozenFrom,
}

impl FreezeView {
    /// A freeze of which only the device's key is left: it was cut short, or older files were put back.
    #[must_use]
    pub fn found() -> Self {
        Self { since_ms: None, by: None, reason: None, from: FrozenFrom::Found }
    }
}

/// From where a till was frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrozenFrom {
    /// By whoever was signed in.
    Till,
    /// At the lock screen.
    LockScreen,
    /// By the acquirer, who alone releases it then.
    Host,
    /// The device knew of a freeze of which the record said nothing.
    Found,
}

impl FrozenFrom {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Till, Self::LockScreen, Self::Host, Self::Found];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Till => "till",
            Self::LockScreen => "lock_screen",
            Self::Host => "host",
            Self::Found => "found",
        }
    }
}

/// Why somebody freezes a till: 1 to 120 characters, none of them a control character, with fewer than 12 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FreezeReason(String);

impl FreezeReason {
    /// What can be kept of these words; nothing where none is left. No freeze is refused for its words: what is too
    /// long is cut, and what could be a card's number is starred.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let cut: String = plain.trim().chars().take(LENGTH_MAX).collect();
        let is_like_a_card = cut.chars().filter(|character| character.is_numeric()).count() >= DIGITS_OF_A_CARD_MIN;
        let starred = |character: char| if character.is_numeric() { '*' } else { character };
        let kept = if is_like_a_card { cut.chars().map(starred).collect() } else { cut };
        let kept = kept.trim();
        (!kept.is_empty()).then(|| Self(kept.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FreezeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FreezeReason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::of(&text).filter(|reason| reason.0 == text).ok_or("not a reason that was kept")
    }
}

impl From<FreezeReason> for String {
    fn from(reason: FreezeReason) -> Self {
        reason.0
    }
}

const LENGTH_MAX: usize = 120;
const DIGITS_OF_A_CARD_MIN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_freeze_is_refused_for_its_words_and_no_card_number_is_kept() {
        let long = "长".repeat(200);
        for (text, kept) in [
            ("the phone is gone", Some("the phone is gone")),
            ("  手机丢了 ", Some("手机丢了")),
            ("a\nb\0c", Some("a b c")),
            ("card 4761 7390 0101 0119!", Some("card **** **** **** ****!")),
            ("call 12345678901", Some("call 12345678901")),
            ("", None),
            (" \n\t", None),
        ] {
            assert_eq!(FreezeReason::of(text).as_ref().map(FreezeReason::as_str), kept, "{text:?}");
        }
        assert_eq!(FreezeReason::of(&long).map(|reason| reason.as_str().chars().count()), Some(120));
    }

    #[test]
    fn the_words_are_those_of_json() {
        for from in FrozenFrom::ALL {
            assert_eq!(serde_json::to_value(from).unwrap(), from.word());
        }
        assert!(serde_json::from_value::<FreezeReason>(serde_json::json!("4761739001010119")).is_err());
    }
}
