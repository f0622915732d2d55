//! The acquirer's word: a short text that it has signed, and that anybody can check with its public key alone.
//!
//! A signed note (C2SP signed-note) of these lines: `taptill acquirer word v1`, the kind, the terminal id or `*` for all,
//! a number that grows, the time in milliseconds since 1970 UTC, then a line `name value` for each fact. An answer to what
//! the host was told is one, of the operation's kind, with the fact `sha256` of that text. What is signed by nobody known
//! is a stranger's, whatever it says.
//!
//! It never decides what a word is good for. Evidence: `mod tests` below, `tests/network.rs`.

use std::fmt;

use ring::digest::{SHA256, digest};

use crate::clock::WallMs;
use crate::hex::encode_lower;
use crate::ids::TerminalId;
use crate::merkle::{KeyName, Note, Unverified, VerifierKey};
use crate::secret::Secret;

/// What the acquirer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it is, in small letters, digits and `_`.
    pub kind: String,
    /// For whom; `None` for all terminals of the acquirer.
    pub terminal: Option<TerminalId>,
    /// Grows with each word to a terminal, from 1.
    pub number: u64,
    /// When it was said.
    pub at: WallMs,
    /// Facts by name, in their order. No line end stands in them.
    pub facts: Vec<(String, String)>,
}

/// Why a text is not the acquirer's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordRefused {
    /// It is no signed note.
    NotSigned,
    /// The acquirer's key has not signed it.
    OfAStranger,
    /// It has the acquirer's name and another's signature, or was changed.
    WrongSignature,
    /// The acquirer has signed it, and it is no word in the agreed form.
    Malformed,
}

impl WordRefused {
    /// The stable word for the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotSigned => "not_signed",
            Self::OfAStranger => "of_a_stranger",
            Self::WrongSignature => "wrong_signature",
            Self::Malformed => "malformed",
        }
    }
}

impl Word {
    /// The word that acknowledges a text.
    #[must_use]
    pub fn acknowledging(kind: &str, terminal: &TerminalId, number: u64, at: WallMs, text: &[u8]) -> Self {
        let facts = vec![(SHA256_OF_TEXT.to_owned(), sha256(text))];
        Self { kind: kind.to_owned(), terminal: Some(terminal.clone()), number, at, facts }
    }

    /// Reads a word that this key has signed.
    ///
    /// # Errors
    /// [`WordRefused`].
    pub fn read(bytes: &[u8], key: &VerifierKey) -> Result<Self, WordRefused> {
        let note = Note::parse(bytes).map_err(|_| WordRefused::NotSigned)?;
        planted!(StrangersWordTaken, return Self::in_text(note.text()).ok_or(WordRefused::Malformed));
        note.verify(&[key]).map_err(|refused| match refused {
            Unverified::NoKnownKey => WordRefused::OfAStranger,
            Unverified::WrongSignature => WordRefused::WrongSignature,
        })?;
        Self::in_text(note.text()).ok_or(WordRefused::Malformed)
    }

    /// Signs it. `None` where a part of it would not read back as it is.
    #[must_use]
    pub fn signed(&self, name: &KeyName, seed: &Secret<32>) -> Option<String> {
        let text = self.to_string();
        let mut note = Note::new(&text).ok().filter(|_| Self::in_text(&text).as_ref() == Some(self))?;
        note.sign(name, seed);
        Some(note.to_string())
    }

    /// The fact of this name.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it acknowledges this text, told about this by this terminal.
    #[must_use]
    pub fn acknowledges(&self, kind: &str, terminal: &TerminalId, text: &[u8]) -> bool {
        self.kind == kind && self.is_for(terminal) && self.fact(SHA256_OF_TEXT) == Some(&sha256(text))
    }

    /// Whether it is for this terminal.
    #[must_use]
    pub fn is_for(&self, terminal: &TerminalId) -> bool {
        self.terminal.as_ref().is_none_or(|named| named == terminal)
    }

    fn in_text(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let mut line = || lines.next();
        if line()? != FIRST_LINE {
            return None;
        }
        let kind = line().filter(|kind| is_name(kind))?.to_owned();
        let terminal = match line()? {
            ALL => None,
            named => Some(TerminalId::new(named).ok()?),
        };
        let number = digits(line()?).filter(|number| *number > 0)?;
        let at = WallMs(digits(line()?)?.try_into().ok()?);
        let mut facts: Vec<(String, String)> = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(' ')?;
            let is_new = facts.iter().all(|(known, _)| known != name);
            if !is_name(name) || value.is_empty() || !is_new {
                return None;
            }
            facts.push((name.to_owned(), value.to_owned()));
        }
        Some(Self { kind, terminal, number, at, facts })
    }
}

/// The text that is signed.
impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terminal = self.terminal.as_ref().map_or(ALL, TerminalId::as_str);
        writeln!(f, "{FIRST_LINE}\n{}\n{terminal}\n{}\n{}", self.kind, self.number, self.at.0)?;
        self.facts.iter().try_for_each(|(name, value)| writeln!(f, "{name} {value}"))
    }
}

/// SHA-256 as a word's fact writes it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    encode_lower(digest(&SHA256, bytes).as_ref())
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

/// A number without a sign or leading zeros, so that there is one way to write it.
fn digits(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    is_plain.then(|| text.parse().ok()).flatten()
}

const FIRST_LINE: &str = "taptill acquirer word v1";
const ALL: &str = "*";
const SHA256_OF_TEXT: &str = "sha256";

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(byte: u8) -> Secret<32> {
        Secret::from_fn(|seed| seed.fill(byte))
    }

    fn name() -> KeyName {
        KeyName::new("acquirer.test").unwrap()
    }

    fn key() -> VerifierKey {
        VerifierKey::of_seed(name(), &seed(1))
    }

    fn terminal() -> TerminalId {
        TerminalId::new("SBX00001").unwrap()
    }

    fn word() -> Word {
        Word::acknowledging("loss_report", &terminal(), 7, WallMs(1_795_338_000_000), b"what was told")
    }

    #[test]
    fn a_word_comes_back_as_it_was_said() {
        let for_all =
            Word { terminal: None, facts: vec![("text".into(), "An extra  space, 一句话".into())], ..word() };
        for said in [word(), for_all] {
            let note = said.signed(&name(), &seed(1)).unwrap();
            assert_eq!(Word::read(note.as_bytes(), &key()), Ok(said), "{note}");
        }
        let said = word();
        assert!(said.acknowledges("loss_report", &terminal(), b"what was told"));
        assert!(!said.acknowledges("freeze", &terminal(), b"what was told"));
        assert!(!said.acknowledges("loss_report", &TerminalId::new("SBX00002").unwrap(), b"what was told"));
        assert!(!said.acknowledges("loss_report", &terminal(), b"what was not"));
    }

    #[test]
    fn what_the_acquirer_has_not_signed_is_not_its_word() {
        let note = word().signed(&name(), &seed(1)).unwrap();
        let of_another = word().signed(&KeyName::new("acquirer.other").unwrap(), &seed(2)).unwrap();
        let under_its_name = word().signed(&name(), &seed(2)).unwrap();
        for (text, verdict) in [
            (note.replace("\n7\n", "\n8\n"), WordRefused::WrongSignature),
            (note.replace("SBX00001", "SBX00002"), WordRefused::WrongSignature),
            (word().to_string(), WordRefused::NotSigned),
            ("Please call 555 0100 and tell your password.".to_owned(), WordRefused::NotSigned),
            (String::new(), WordRefused::NotSigned),
            (of_another, WordRefused::OfAStranger),
            // Another key has another id, so that it is unknown rather than wrong.
            (under_its_name, WordRefused::OfAStranger),
        ] {
            assert_eq!(Word::read(text.as_bytes(), &key()), Err(verdict), "{text}");
        }
    }

    #[test]
    fn what_the_acquirer_has_signed_in_another_form_is_malformed() {
        let good = word().to_string();
        for (what, text) in [
            ("another first line", good.replace(" v1", " v2")),
            ("a kind with a space", good.replace("loss_report", "loss report")),
            ("a terminal that is none", good.replace("SBX00001", "SBX1")),
            ("number 0", good.replace("\n7\n", "\n0\n")),
            ("a number with a zero before it", good.replace("\n7\n", "\n07\n")),
            ("a number with a sign", good.replace("\n7\n", "\n+7\n")),
            ("a fact without a value", format!("{good}empty\n")),
            ("a fact twice", format!("{good}sha256 00\n")),
            ("no time", good.lines().take(4).map(|line| format!("{line}\n")).collect()),
        ] {
            let mut note = Note::new(&text).unwrap();
            note.sign(&name(), &seed(1));
            assert_eq!(Word::read(note.to_string().as_bytes(), &key()), Err(WordRefused::Malformed), "{what}");
        }
        let two_lines = Word { facts: vec![("text".into(), "one\ntwo lines".into())], ..word() };
        assert_eq!(two_lines.signed(&name(), &seed(1)), None, "it would not read back as it is");
    }
}
