//! The one error that crosses the border: a variant a category, the same facts in each.
//!
//! A shell branches on the variant, or on nothing: what to do next is in the facts and, in words, in
//! [`describe_error`]. The code is open (a newer core may know more), the variants are closed.
//!
//! It never carries free text from below. Evidence: `uniffi/tests/errors.rs`.

use std::fmt;

use taptill::error::{self as core, Category, ErrorCode, Fact};
use taptill::text::Catalogue;

use crate::values::{Amount, Language};

/// Whatever the core refuses or fails with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum TillError {
    /// The calling program used the core wrongly. Nothing was charged.
    #[error("{facts}")]
    Integration {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// The till is doing something else.
    #[error("{facts}")]
    Busy {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// A person gave something that cannot be used.
    #[error("{facts}")]
    User {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// The card or the reader.
    #[error("{facts}")]
    Tap {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// The phone: keys, clock, randomness, or a port that the shell lends.
    #[error("{facts}")]
    Device {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// Stored data is not what was written.
    #[error("{facts}")]
    Integrity {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// Who may do this.
    #[error("{facts}")]
    Auth {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// The way to the acquirer's host.
    #[error("{facts}")]
    Network {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// The host answered, but not as agreed.
    #[error("{facts}")]
    Outcome {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// Money that is to be given back.
    #[error("{facts}")]
    Refund {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// The till's own life: provisioned, closed.
    #[error("{facts}")]
    Lifecycle {
        /// What is particular.
        facts: ErrorFacts,
    },
    /// The disk.
    #[error("{facts}")]
    Storage {
        /// What is particular.
        facts: ErrorFacts,
    },
}

/// What an error says besides its category.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ErrorFacts {
    /// The stable code, as `attempt_conflict`. An open list: `docs/errors.md`.
    pub code: String,
    /// Whether the customer's money moved.
    pub money: Money,
    /// Whether to try again, and how.
    pub retry: Retry,
    /// What becomes of a reversal.
    pub reversal: Reversal,
    /// Whose turn it is.
    pub actor: Actor,
    /// The attempt that it is about.
    pub attempt: Option<String>,
    /// The journal sequence that it is about.
    pub sequence: Option<u64>,
    /// The host's response code.
    pub host_code: Option<String>,
    /// Named numbers and fixed words.
    pub details: Vec<Detail>,
    /// What must be finished or decided first, each by its name.
    pub blockers: Vec<Blocker>,
    /// The payments of which one is meant, newest first; each is meant by its name and no other.
    pub candidates: Vec<Candidate>,
}

/// One of several payments that may be meant: what a person tells them apart by.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Candidate {
    /// Its name.
    pub attempt: String,
    /// When it was begun, in milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
    /// What was charged.
    pub amount: Amount,
    /// The card, masked.
    pub card_masked: Option<String>,
}

/// Something that must be finished or decided first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Blocker {
    /// Why it is in the way, as a stable word; an open list.
    pub why: String,
    /// Which payment or refund, by its name; or a number. Empty where there is only one.
    pub name: String,
    /// What is done about it, as a stable word: the name of a button; an open list.
    pub remedy: Option<String>,
}

/// A named particular of an error.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Detail {
    /// Its name, as `limit_minor`.
    pub name: String,
    /// A number in plain digits, or a fixed word.
    pub value: String,
}

/// An error in a person's words.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ErrorWords {
    /// What happened.
    pub what: String,
    /// What to do next.
    pub todo: String,
    /// Whether money moved.
    pub money: String,
}

/// Which core this is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CoreVersion {
    /// The version, as `0.1.0`.
    pub version: String,
}

/// Whether the customer's money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Money {
    /// It did not.
    NotMoved,
    /// It is not known yet; the till finds out by itself.
    MayHaveMoved,
    /// It did.
    Moved,
    /// It did, and came back.
    Reversed,
}

/// Whether to try again, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Retry {
    /// It would fail again.
    Never,
    /// With the same attempt id.
    SameAttempt,
    /// With a new attempt id.
    NewAttempt,
    /// Once the actor has done something.
    AfterUserAction,
    /// After a while.
    AfterDelay,
}

/// What becomes of a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Reversal {
    /// There is nothing to reverse.
    NotNeeded,
    /// One is owed and has not begun.
    Required,
    /// One is under way.
    Pending,
    /// The host has confirmed one.
    Done,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Actor {
    /// The person at the till.
    Cashier,
    /// The person with the card.
    Customer,
    /// The person who answers for the shop.
    Supervisor,
    /// The engineers who built the app.
    Integrator,
    /// The acquirer's host and its people.
    Acquirer,
    /// The phone and its system.
    Platform,
}

/// The error in a person's words, from the core's catalogue. Answers at once.
///
/// # Errors
/// `identifier_malformed` for a code that this core does not have.
#[uniffi::export]
pub fn describe_error(facts: &ErrorFacts, language: Language) -> Result<ErrorWords, TillError> {
    let code = code(&facts.code)?;
    let texts = Catalogue::of(language.into());
    let money = texts.money(facts.money.into());
    Ok(ErrorWords { what: texts.error_what(code), todo: texts.error_todo(code), money })
}

/// What the table says of a code, for an error that a shell has to raise itself.
///
/// # Errors
/// `identifier_malformed` for a code that this core does not have.
#[uniffi::export]
pub fn facts_of(code: &str) -> Result<ErrorFacts, TillError> {
    Ok(facts(&self::code(code)?.into()))
}

/// All codes that this core can report.
///
/// # Errors
/// None today; every exported function may refuse.
#[uniffi::export]
pub fn error_codes() -> Result<Vec<String>, TillError> {
    Ok(ErrorCode::ALL.iter().map(|code| code.code().to_owned()).collect())
}

/// Which core this is.
///
/// # Errors
/// None today; every exported function may refuse.
#[uniffi::export]
pub fn core_version() -> Result<CoreVersion, TillError> {
    Ok(CoreVersion { version: env!("CARGO_PKG_VERSION").to_owned() })
}

impl From<&core::Blocker> for Blocker {
    fn from(blocker: &core::Blocker) -> Self {
        let core::Blocker { why, name, remedy } = blocker;
        Self { why: (*why).to_owned(), name: name.clone(), remedy: remedy.map(str::to_owned) }
    }
}

impl From<&core::Candidate> for Candidate {
    fn from(candidate: &core::Candidate) -> Self {
        let core::Candidate { attempt, created_ms, amount, card_masked } = candidate;
        Self {
            attempt: attempt.to_string(),
            created_ms: created_ms.0,
            amount: (*amount).into(),
            card_masked: card_masked.as_ref().map(ToString::to_string),
        }
    }
}

impl From<core::Error> for TillError {
    fn from(error: core::Error) -> Self {
        let facts = facts(&error);
        match error.code().row().category {
            Category::Integration => Self::Integration { facts },
            Category::Busy => Self::Busy { facts },
            Category::User => Self::User { facts },
            Category::Tap => Self::Tap { facts },
            Category::Device => Self::Device { facts },
            Category::Integrity => Self::Integrity { facts },
            Category::Auth => Self::Auth { facts },
            Category::Network => Self::Network { facts },
            Category::Outcome => Self::Outcome { facts },
            Category::Refund => Self::Refund { facts },
            Category::Lifecycle => Self::Lifecycle { facts },
            Category::Storage => Self::Storage { facts },
        }
    }
}

impl From<ErrorCode> for TillError {
    fn from(code: ErrorCode) -> Self {
        core::Error::from(code).into()
    }
}

impl TillError {
    /// What it says besides its category.
    #[must_use]
    pub fn facts(&self) -> &ErrorFacts {
        match self {
            Self::Integration { facts }
            | Self::Busy { facts }
            | Self::User { facts }
            | Self::Tap { facts }
            | Self::Device { facts }
            | Self::Integrity { facts }
            | Self::Auth { facts }
            | Self::Network { facts }
            | Self::Outcome { facts }
            | Self::Refund { facts }
            | Self::Lifecycle { facts }
            | Self::Storage { facts } => facts,
        }
    }
}

impl fmt::Display for ErrorFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        self.details.iter().try_for_each(|Detail { name, value }| write!(f, " {name}={value}"))?;
        self.blockers.iter().try_for_each(|Blocker { why, name, .. }| write!(f, " {why}={name}"))?;
        self.candidates.iter().try_for_each(|Candidate { attempt, .. }| write!(f, " candidate={attempt}"))
    }
}

fn code(code: &str) -> Result<ErrorCode, TillError> {
    let known = ErrorCode::ALL.iter().copied().find(|known| known.code() == code);
    known.ok_or_else(|| {
        let refused = core::Error::from(ErrorCode::IdentifierMalformed);
        refused.word("what", "error code").word("rule", "one that this core has").into()
    })
}

fn facts(error: &core::Error) -> ErrorFacts {
    let row = error.code().row();
    let detail = |(name, fact): &(&'static str, Fact)| {
        let value = match fact {
            Fact::Number(number) => number.to_string(),
            Fact::Word(word) => (*word).to_owned(),
        };
        Detail { name: (*name).to_owned(), value }
    };
    ErrorFacts {
        code: row.code.to_owned(),
        money: error.money().into(),
        retry: row.retry.into(),
        reversal: error.reversal().into(),
        actor: row.actor.into(),
        attempt: error.attempt().map(ToString::to_string),
        sequence: error.sequence(),
        host_code: error.host_code().map(ToString::to_string),
        details: error.facts().iter().map(detail).collect(),
        blockers: error.blockers().iter().map(Blocker::from).collect(),
        candidates: error.candidates().iter().map(Candidate::from).collect(),
    }
}

/// The same word on both sides of the border, in both directions.
macro_rules! same_words {
    ($core:ty, $face:ident: $($word:ident)+) => {
        impl From<$core> for $face {
            fn from(word: $core) -> Self {
                match word { $(<$core>::$word => Self::$word,)+ }
            }
        }

        impl From<$face> for $core {
            fn from(word: $face) -> Self {
                match word { $($face::$word => Self::$word,)+ }
            }
        }
    };
}
pub(crate) use same_words;

same_words!(core::Money, Money: NotMoved MayHaveMoved Moved Reversed);
same_words!(core::Retry, Retry: Never SameAttempt NewAttempt AfterUserAction AfterDelay);
same_words!(core::Reversal, Reversal: NotNeeded Required Pending Done);
same_words!(core::Actor, Actor: Cashier Customer Supervisor Integrator Acquirer Platform);
