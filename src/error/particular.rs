//! One error with what is particular to it: the attempt and how its money stands, a journal sequence, the host's code,
//! a few named numbers, what blocks, and the payments that may be meant.
//!
//! Never card data, paths, SQL or free text from below: facts are numbers, fixed words and names of attempts.
//! Evidence: `tests/errors.rs`, `tests/no_card_data.rs`.

use std::fmt;

use serde::Serialize;

use crate::card::MaskedPan;
use crate::clock::WallMs;
use crate::error::{ErrorCode, Money, Reversal};
use crate::ids::{AttemptId, HostCode};
use crate::money::Amount;

/// One error, with what is particular to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    standing: Option<(Money, Reversal)>,
    attempt: Option<AttemptId>,
    sequence: Option<u64>,
    host_code: Option<HostCode>,
    facts: Vec<(&'static str, Fact)>,
    /// Boxed, for almost no error has any.
    lists: Option<Box<Lists>>,
}

/// What an error can name several of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lists {
    blockers: Vec<Blocker>,
    candidates: Vec<Candidate>,
}

/// Something that must be finished or decided first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Why it is in the way, as a fixed word.
    pub why: &'static str,
    /// Which payment or refund, by its name; or a number. Empty where there is only one.
    pub name: String,
    /// What is done about it, as a fixed word: the name of a button, and of a command.
    pub remedy: Option<&'static str>,
}

impl Blocker {
    /// Something in the way.
    pub fn new(why: &'static str, name: impl Into<String>) -> Self {
        Self { why, name: name.into(), remedy: None }
    }

    /// What is done about it.
    #[must_use]
    pub fn remedied_by(self, remedy: &'static str) -> Self {
        Self { remedy: Some(remedy), ..self }
    }
}

/// `{why, name}`, or with a remedy `{code, remedy}` and the name where there is one.
impl Serialize for Blocker {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        match self.remedy {
            None => map.serialize_entry("why", self.why)?,
            Some(remedy) => {
                map.serialize_entry("code", self.why)?;
                map.serialize_entry("remedy", remedy)?;
            }
        }
        if self.remedy.is_none() || !self.name.is_empty() {
            map.serialize_entry("name", &self.name)?;
        }
        map.end()
    }
}

/// One of several payments that may be meant: what a person tells them apart by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Its name, by which it is meant and no other.
    pub attempt: AttemptId,
    /// When it was begun.
    pub created_ms: WallMs,
    /// What was charged.
    pub amount: Amount,
    /// The card, masked.
    pub card_masked: Option<MaskedPan>,
}

/// A particular of an error: a number or a fixed word, never text from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// A count, an offset, a field number.
    Number(u64),
    /// A word from a closed list of ours.
    Word(&'static str),
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self { code, standing: None, attempt: None, sequence: None, host_code: None, facts: Vec::new(), lists: None }
    }
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Whether the customer's money moved: what the code's row says, unless the attempt is known to stand otherwise.
    #[must_use]
    pub fn money(&self) -> Money {
        self.standing.map_or(self.code.row().money, |(money, _)| money)
    }

    /// What becomes of a reversal, on the same condition.
    #[must_use]
    pub fn reversal(&self) -> Reversal {
        self.standing.map_or(self.code.row().reversal, |(_, reversal)| reversal)
    }

    /// The attempt that it is about.
    #[must_use]
    pub fn attempt(&self) -> Option<&AttemptId> {
        self.attempt.as_ref()
    }

    /// The journal sequence that it is about.
    #[must_use]
    pub fn sequence(&self) -> Option<u64> {
        self.sequence
    }

    /// The host's response code.
    #[must_use]
    pub fn host_code(&self) -> Option<&HostCode> {
        self.host_code.as_ref()
    }

    /// The named numbers and words.
    #[must_use]
    pub fn facts(&self) -> &[(&'static str, Fact)] {
        &self.facts
    }

    /// What stands in the way, each by name.
    #[must_use]
    pub fn blockers(&self) -> &[Blocker] {
        self.lists.as_ref().map_or(&[], |lists| &lists.blockers)
    }

    /// Which payments may be meant, newest first; not all of them where they are many.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        self.lists.as_ref().map_or(&[], |lists| &lists.candidates)
    }

    /// Names the payments that may be meant.
    #[must_use]
    pub fn one_of(mut self, candidates: Vec<Candidate>) -> Self {
        self.lists.get_or_insert_default().candidates = candidates;
        self
    }

    /// Names what stands in the way.
    #[must_use]
    pub fn blocked_by(mut self, blockers: Vec<Blocker>) -> Self {
        self.lists.get_or_insert_default().blockers = blockers;
        self
    }

    /// Names the attempt.
    #[must_use]
    pub fn of_attempt(mut self, attempt: &AttemptId) -> Self {
        self.attempt = Some(attempt.clone());
        self
    }

    /// Says how the money of its attempt stands, in place of the code's row.
    #[must_use]
    pub fn with_standing(mut self, (money, reversal): (Money, Reversal)) -> Self {
        self.standing = Some((money, reversal));
        self
    }

    /// Stands in place of the state of this attempt, of which nothing is known here.
    #[must_use]
    pub fn in_place_of(self, attempt: &AttemptId) -> Self {
        self.of_attempt(attempt).with_standing((Money::MayHaveMoved, Reversal::Pending))
    }

    /// Names the journal sequence.
    #[must_use]
    pub fn at_sequence(mut self, sequence: u64) -> Self {
        self.sequence = Some(sequence);
        self
    }

    /// Names the host's response code.
    #[must_use]
    pub fn with_host_code(mut self, host_code: &HostCode) -> Self {
        self.host_code = Some(host_code.clone());
        self
    }

    /// Whether it says this fixed word of this.
    #[must_use]
    pub fn has_word(&self, name: &str, value: &str) -> bool {
        self.facts.iter().any(|(known, fact)| *known == name && matches!(fact, Fact::Word(word) if *word == value))
    }

    /// Adds a number, as `.number("field", 39)`.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: u64) -> Self {
        self.facts.push((name, Fact::Number(value)));
        self
    }

    /// Adds a fixed word, as `.word("damage", "bit_flip")`.
    #[must_use]
    pub fn word(mut self, name: &'static str, value: &'static str) -> Self {
        self.facts.push((name, Fact::Word(value)));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.code())?;
        for (name, fact) in &self.facts {
            match fact {
                Fact::Number(value) => write!(f, " {name}={value}")?,
                Fact::Word(value) => write!(f, " {name}={value}")?,
            }
        }
        self.blockers().iter().try_for_each(|Blocker { why, name, .. }| write!(f, " {why}={name}"))?;
        self.candidates().iter().try_for_each(|candidate| write!(f, " candidate={}", candidate.attempt))
    }
}

impl std::error::Error for Error {}

/// The JSON that `--json` prints and the shells receive.
impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let row = self.code.row();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", row.code)?;
        map.serialize_entry("category", &row.category)?;
        map.serialize_entry("money", &self.money())?;
        map.serialize_entry("retry", &row.retry)?;
        map.serialize_entry("reversal", &self.reversal())?;
        map.serialize_entry("actor", &row.actor)?;
        if let Some(attempt) = &self.attempt {
            map.serialize_entry("attempt", attempt)?;
        }
        if let Some(sequence) = self.sequence {
            map.serialize_entry("sequence", &sequence)?;
        }
        if let Some(host_code) = &self.host_code {
            map.serialize_entry("host_code", host_code)?;
        }
        for (name, fact) in &self.facts {
            map.serialize_entry(name, fact)?;
        }
        if !self.blockers().is_empty() {
            map.serialize_entry("blockers", self.blockers())?;
        }
        if !self.candidates().is_empty() {
            map.serialize_entry("candidates", self.candidates())?;
        }
        map.end()
    }
}

impl From<crate::money::AmountError> for Error {
    fn from(error: crate::money::AmountError) -> Self {
        use crate::money::AmountError as E;
        match error {
            E::Empty => ErrorCode::AmountEmpty.into(),
            E::Negative => ErrorCode::AmountNegative.into(),
            E::NotPlainDigits => ErrorCode::AmountNotPlainDigits.into(),
            E::TooManyDecimals { allowed } => {
                Self::from(ErrorCode::AmountTooManyDecimals).number("decimals_allowed", u64::from(allowed))
            }
            E::Zero => ErrorCode::AmountZero.into(),
            E::TooLarge => ErrorCode::AmountTooLarge.into(),
            E::CurrenciesDiffer => ErrorCode::CurrencyNotAccepted.into(),
            E::CurrencyUnknown => ErrorCode::CurrencyUnknown.into(),
        }
    }
}

impl From<crate::ids::IdError> for Error {
    fn from(error: crate::ids::IdError) -> Self {
        Self::from(ErrorCode::IdentifierMalformed).word("what", error.what).word("rule", error.rule)
    }
}

impl From<crate::ports::DeviceKeysFault> for Error {
    fn from(fault: crate::ports::DeviceKeysFault) -> Self {
        use crate::ports::DeviceKeysFault as F;
        match fault {
            F::NotFound => ErrorCode::DeviceKeyMissing.into(),
            F::Unavailable => ErrorCode::DeviceKeysUnavailable.into(),
            F::AlreadyExists => Self::from(ErrorCode::DeviceKeyRejected).word("fault", "already_exists"),
            F::WrongKind => Self::from(ErrorCode::DeviceKeyRejected).word("fault", "wrong_kind"),
            F::Rejected => Self::from(ErrorCode::DeviceKeyRejected).word("fault", "rejected"),
            F::Damaged => Self::from(ErrorCode::DeviceKeyRejected).word("fault", "damaged"),
            F::Unsupported => Self::from(ErrorCode::DeviceKeysUnavailable).word("fault", "unsupported"),
        }
    }
}

impl From<crate::ports::ExportFault> for Error {
    fn from(fault: crate::ports::ExportFault) -> Self {
        Self::from(ErrorCode::ExportFailed).word("why", fault.word())
    }
}

impl From<crate::ports::EntropyFault> for Error {
    fn from(_: crate::ports::EntropyFault) -> Self {
        ErrorCode::EntropyFailed.into()
    }
}
