//! Other pins for the host, in the acquirer's signed word.
//!
//! A word of the kind `pins` with the facts `current` and, usually, `backup`: SHA-256 of a SubjectPublicKeyInfo in 64 hex
//! digits each. It comes with a download of parameters, or a supervisor brings it, where neither pin is of use any more.
//! What the acquirer has not signed changes nothing, and no older word comes back.
//!
//! It never connects anywhere. Evidence: `tests/network.rs`.

use serde::{Deserialize, Serialize};

use crate::account::configuration::{Configuration, is_digest};
use crate::acquirer::Word;
use crate::error::{Error, ErrorCode};
use crate::merkle::VerifierKey;

/// Pins that the acquirer has signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPins {
    /// Of the key in use, 64 hex digits.
    pub current: String,
    /// Of the key that may replace it.
    pub backup: Option<String>,
    /// The number of the word that they came in.
    pub number: u64,
}

impl NewPins {
    /// Reads a word that may change this till's pins.
    ///
    /// # Errors
    /// `pins_not_signed` with why the word is not the acquirer's; `pins_refused` for a word of another kind, for another
    /// till, not newer than the last, or without pins.
    pub fn read(text: &[u8], configuration: &Configuration, last: u64) -> Result<Self, Error> {
        let word = acquirers_word(text, configuration)
            .map_err(|why| Error::from(ErrorCode::PinsNotSigned).word("why", why))?;
        let refused = |why| Err(Error::from(ErrorCode::PinsRefused).word("why", why));
        if word.kind != KIND {
            return refused("another_kind");
        }
        if !word.is_for(&configuration.terminal_id) {
            return refused("another_till");
        }
        if word.number <= last {
            return refused("not_newer");
        }
        let (current, backup) = (word.fact("current"), word.fact("backup"));
        let (Some(current), true) = (current.filter(|pin| is_digest(pin)), backup.is_none_or(is_digest)) else {
            return refused("no_pins");
        };
        Ok(Self { current: current.to_owned(), backup: backup.map(str::to_owned), number: word.number })
    }
}

/// The word of this till's own acquirer in a text, or why it is none.
///
/// # Errors
/// A fixed word: `no_key` where the till was given none to check it with, else that of `WordRefused`.
pub fn acquirers_word(text: &[u8], configuration: &Configuration) -> Result<Word, &'static str> {
    let key = configuration.acquirer_key.as_deref().and_then(|key| VerifierKey::parse(key).ok()).ok_or("no_key")?;
    Word::read(text, &key).map_err(|refused| refused.word())
}

/// The kind of word that changes pins.
pub const KIND: &str = "pins";
