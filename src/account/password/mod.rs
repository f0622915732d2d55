//! What a password must be: profiles as data, and checks that name the rule that is broken.
//!
//! Checks work on borrowed bytes and make no text of them; the few copies they need are wiped. [`Rules`] holds
//! everything that a check needs, so that it can be done on the thread where the key is derived and whose stack
//! is wiped afterwards. Sources: PCI DSS 4.0, 8.3.6, 8.3.7 and 8.3.9 (`pci`); NIST SP 800-63B-4, 3.1.1.2 (`nist`):
//! fifteen characters, no composition, no rotation, a list of the commonest passwords and the shop's own words.
//!
//! It never keeps, prints or returns a password, and never says what a refused one was. Evidence:
//! `account/password/tests.rs` (one row a refusal), `mod tests` of each file.

mod ageing;
mod common;
mod history;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use crate::account::password::ageing::{Ageing, Day, WARN_DAYS, ageing};
pub use crate::account::password::history::{HISTORY_MAX, History, HistoryError};
use crate::error::{Error, ErrorCode};
use crate::ids::OperatorName;

/// What a shop asks of passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordProfile {
    /// As card schemes want it.
    Pci,
    /// Long, and never changed without a reason.
    Nist,
    /// The integrator's own.
    Own(Profile),
}

impl PasswordProfile {
    /// Its rules.
    #[must_use]
    pub fn profile(self) -> Profile {
        match self {
            Self::Pci => PCI,
            Self::Nist => NIST,
            Self::Own(profile) => profile,
        }
    }

    /// Its word: `pci`, `nist`, `own`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pci => "pci",
            Self::Nist => "nist",
            Self::Own(_) => "own",
        }
    }
}

/// The rules of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The fewest characters, 8 to 64.
    pub min_length: u8,
    /// Whether it must have a letter and a digit.
    pub letters_and_digits: bool,
    /// Whether the commonest passwords and the shop's own words are refused.
    pub common_refused: bool,
    /// How many of the last passwords are refused, the present one counted, 0 to [`HISTORY_MAX`].
    pub history: u8,
    /// After how many days it must be changed, 1 to 3650; none for never.
    pub max_age_days: Option<u16>,
}

impl Profile {
    /// The first part that is out of its range, with its rule.
    ///
    /// # Errors
    /// The part's name and its rule.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let rules = [
            ("password.min_length", (8..=64).contains(&self.min_length), "8 to 64"),
            ("password.history", usize::from(self.history) <= HISTORY_MAX, "0 to 24"),
            ("password.max_age_days", self.max_age_days.is_none_or(|days| (1..=3_650).contains(&days)), "1 to 3650"),
        ];
        rules.into_iter().find(|(_, holds, _)| !holds).map_or(Ok(()), |(part, _, rule)| Err((part, rule)))
    }
}

const PCI: Profile =
    Profile { min_length: 12, letters_and_digits: true, common_refused: true, history: 4, max_age_days: Some(90) };
const NIST: Profile =
    Profile { min_length: 15, letters_and_digits: false, common_refused: true, history: 0, max_age_days: None };

/// The rule that a new password breaks. It says nothing of the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenRule {
    /// There is none.
    Empty,
    /// Fewer characters than this.
    TooShort {
        /// The fewest.
        min: u8,
    },
    /// More bytes than this.
    TooLong {
        /// The most.
        max: u16,
    },
    /// A line feed, a tab or the like.
    ControlCharacter,
    /// No letter.
    NeedsLetter,
    /// No digit.
    NeedsDigit,
    /// The operator's own name, with little else.
    OwnName,
    /// Words of the shop, with little else.
    ShopWord,
    /// One of the commonest, alone, repeated or with digits around it; or a row of keys.
    Common,
    /// One of the last ones.
    UsedBefore {
        /// How many are refused.
        last: u8,
    },
    /// What was typed the second time is another one.
    NotRepeated,
}

impl BrokenRule {
    /// The stable word, as in the details of `password_refused`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::ControlCharacter => "control_character",
            Self::NeedsLetter => "needs_letter",
            Self::NeedsDigit => "needs_digit",
            Self::OwnName => "own_name",
            Self::ShopWord => "shop_word",
            Self::Common => "common",
            Self::UsedBefore { .. } => "used_before",
            Self::NotRepeated => "not_repeated",
        }
    }
}

impl From<BrokenRule> for Error {
    fn from(rule: BrokenRule) -> Self {
        let error = Self::from(ErrorCode::PasswordRefused).word("rule", rule.word());
        match rule {
            BrokenRule::TooShort { min } => error.number("min", u64::from(min)),
            BrokenRule::TooLong { max } => error.number("max", u64::from(max)),
            BrokenRule::UsedBefore { last } => error.number("last", u64::from(last)),
            _ => error,
        }
    }
}

/// Everything that a new password is judged by.
pub struct Rules {
    profile: Profile,
    own_name: Vec<u8>,
    shop_words: Vec<Vec<u8>>,
    history: Option<History>,
}

impl Rules {
    /// Those of this profile, for this operator. Words that are shorter than four letters are nobody's own.
    #[must_use]
    pub fn new<'a>(
        profile: PasswordProfile,
        operator: &OperatorName,
        shop_texts: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut shop_words: Vec<Vec<u8>> = shop_texts.into_iter().flat_map(words_of).collect();
        shop_words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
        shop_words.dedup();
        let own_name = operator.as_str().as_bytes().to_vec();
        Self { profile: profile.profile(), own_name, shop_words, history: None }
    }

    /// With the passwords that this operator has had.
    #[must_use]
    pub fn with_history(mut self, history: History) -> Self {
        self.history = Some(history);
        self
    }

    /// Gives the history back, for the next password to be remembered in.
    #[must_use]
    pub fn into_history(self) -> Option<History> {
        self.history
    }

    /// Whether this may become the password.
    ///
    /// # Errors
    /// The first [`BrokenRule`], in the order of its variants.
    #[inline(never)]
    pub fn check(&self, password: &[u8]) -> Result<(), BrokenRule> {
        check_shape(password, &self.profile)?;
        if self.profile.common_refused {
            self.check_words(password)?;
        }
        let last = self.profile.history;
        match &self.history {
            Some(history) if history.knows(password, usize::from(last)) => Err(BrokenRule::UsedBefore { last }),
            _ => Ok(()),
        }
    }

    fn check_words(&self, password: &[u8]) -> Result<(), BrokenRule> {
        let folded = Zeroizing::new(password.to_ascii_lowercase());
        if is_little_more_than(&folded, std::iter::once(&self.own_name)) {
            return Err(BrokenRule::OwnName);
        }
        if is_little_more_than(&folded, &self.shop_words) {
            return Err(BrokenRule::ShopWord);
        }
        if common::is_common(&folded) { Err(BrokenRule::Common) } else { Ok(()) }
    }
}

fn check_shape(password: &[u8], profile: &Profile) -> Result<(), BrokenRule> {
    let min = profile.min_length;
    if password.is_empty() {
        Err(BrokenRule::Empty)
    } else if characters(password) < usize::from(min) {
        Err(BrokenRule::TooShort { min })
    } else if password.len() > usize::from(PASSWORD_BYTES_MAX) {
        Err(BrokenRule::TooLong { max: PASSWORD_BYTES_MAX })
    } else if password.iter().any(u8::is_ascii_control) {
        Err(BrokenRule::ControlCharacter)
    } else if profile.letters_and_digits && !password.iter().any(|byte| is_letter(*byte)) {
        Err(BrokenRule::NeedsLetter)
    } else if profile.letters_and_digits && !password.iter().any(u8::is_ascii_digit) {
        Err(BrokenRule::NeedsDigit)
    } else {
        Ok(())
    }
}

/// How many characters: the bytes that begin one in UTF-8, which nobody is obliged to use.
fn characters(password: &[u8]) -> usize {
    password.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// Bytes beyond ASCII are letters of some alphabet.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// The words of a text of the shop, in lower case, and the whole text without what stands between them.
fn words_of(text: &str) -> Vec<Vec<u8>> {
    let folded = text.to_ascii_lowercase();
    let words = folded.split(|c: char| !c.is_alphanumeric()).map(|word| word.as_bytes().to_vec());
    let long = words.filter(|word| characters(word) >= WORD_CHARACTERS_MIN || (!word.is_ascii() && word.len() >= 6));
    long.collect()
}

/// Whether these words are in it and, but for them, too little to be a password of its own.
fn is_little_more_than<'a>(folded: &[u8], words: impl IntoIterator<Item = &'a Vec<u8>>) -> bool {
    let mut rest = Zeroizing::new(folded.to_vec());
    let mut has_one = false;
    for word in words {
        while let Some(at) = find(&rest, word) {
            has_one = true;
            // What is gone is marked, so that its neighbours do not become a word of their own.
            rest[at..at + word.len()].fill(0);
        }
    }
    let left = rest.iter().filter(|byte| is_letter(**byte)).count();
    has_one && left < LEFT_LETTERS_MIN
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    if word.is_empty() { None } else { bytes.windows(word.len()).position(|window| window == word) }
}

/// The longest password, in bytes.
pub const PASSWORD_BYTES_MAX: u16 = 256;
/// A shorter word of the shop is not looked for.
const WORD_CHARACTERS_MIN: usize = 4;
/// How many letters a password must have beside the shop's words, if it has any of them.
const LEFT_LETTERS_MIN: usize = 8;

#[cfg(test)]
mod tests;
