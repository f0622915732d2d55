//! Misbehaviour on demand: its kinds, and the scripts that line them up.
//!
//! Each step is used up by one message of one operation: of a sale, unless the step says of what (`void`, `refund`,
//! `settle`) or its kind is of one operation alone (`refuse-reversal`, and `statement-...` of the first page of a
//! statement). Each operation has a queue, played in the order in which it was given; an empty one means an honest
//! host. A script is either one `KIND [COUNT] [OPERATION]` a line (`#` begins a comment) or TOML: tables `[[next]]`
//! with `kind` and, optionally, `count` and `of`.
//!
//! It never guesses: an unknown word or count is refused with its line. Evidence: `mod tests` below.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use taptill::iso8583::Op;

use super::error::HostError;

/// The most repetitions that one line, or one `host next`, may ask for.
pub const COUNT_MAX: u32 = 9_999;

const SCRIPT_BYTES_MAX: usize = 64 * 1024;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// What the host does with one financial request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)+
        }

        impl Kind {
            /// All kinds, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word for scripts and the command line.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

kinds! {
    /// Booked and answered as it should be; spaces the other kinds out.
    Normal = "normal",
    /// Booked, never answered.
    NoAnswer = "no-answer",
    /// Neither booked nor answered: as if it had never come.
    Forget = "forget",
    /// Booked, answered half a second after the terminal's time-out.
    LateAnswer = "late-answer",
    /// Booked, answered twice.
    AnswerTwice = "answer-twice",
    /// Booked, answered with a MAC that is wrong.
    BadMac = "bad-mac",
    /// Booked, answered with another amount than was asked, under a correct MAC.
    WrongEcho = "wrong-echo",
    /// Booked, answered with half a frame, and the connection closed.
    HalfFrame = "half-frame",
    /// Booked, the connection reset (TCP RST) in place of an answer.
    Reset = "reset",
    /// Refused with response code 12; changes nothing.
    Refuse = "refuse",
    /// A reversal is refused with response code 12 and changes nothing.
    RefuseReversal = "refuse-reversal",
    /// A line of the statement is left out.
    StatementMissing = "statement-missing",
    /// The statement has a line of which nobody else knows.
    StatementExtra = "statement-extra",
    /// A line of the statement has another amount.
    StatementAmount = "statement-amount",
    /// A line of the statement is there twice.
    StatementDuplicate = "statement-duplicate",
    /// A line of the statement is of the day before.
    StatementDay = "statement-day",
    /// A line of the statement has the wrong sign.
    StatementSign = "statement-sign",
    /// The statement has a fee for a line.
    StatementFee = "statement-fee",
}

impl Kind {
    /// The operation that uses it up where nobody says which.
    #[must_use]
    pub fn usual_op(self) -> Op {
        self.only_op().unwrap_or(Op::Sale)
    }

    /// Whether a message of this operation can use it up.
    #[must_use]
    pub fn is_for(self, op: Op) -> bool {
        self.only_op().map_or(!matches!(op, Op::Echo | Op::SignOn), |only| only == op)
    }

    fn only_op(self) -> Option<Op> {
        match self {
            Self::RefuseReversal => Some(Op::Reversal),
            _ if self.word().starts_with("statement-") => Some(Op::Statement),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = HostError;

    fn from_str(word: &str) -> Result<Self, HostError> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word).ok_or(HostError::KindUnknown)
    }
}

/// What is done so many times with the next messages of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub kind: Kind,
    /// How many times, 1 to [`COUNT_MAX`].
    pub count: u32,
    /// With which messages.
    pub of: Op,
}

impl Step {
    /// A step for the operation that is said, or the usual one.
    ///
    /// # Errors
    /// `CountOutOfRange` outside 1 to [`COUNT_MAX`]; `OperationUnknown` where no message of it can use the kind up.
    pub fn new(kind: Kind, count: u32, of: Option<Op>) -> Result<Self, HostError> {
        let (count, of) = (checked_count(count)?, of.unwrap_or(kind.usual_op()));
        if kind.is_for(of) { Ok(Self { kind, count, of }) } else { Err(HostError::OperationUnknown) }
    }

    fn at(kind: Kind, count: u32, of: Option<&str>, line: usize) -> Result<Self, HostError> {
        let of = of.map(operation).transpose().map_err(|_| HostError::ScriptOperationUnknown { line })?;
        Self::new(kind, count, of).map_err(|error| match error {
            HostError::CountOutOfRange => HostError::ScriptCountOutOfRange { line },
            _ => HostError::ScriptOperationUnknown { line },
        })
    }
}

/// The operation of this word, as `void`.
///
/// # Errors
/// `OperationUnknown`.
pub fn operation(word: &str) -> Result<Op, HostError> {
    Op::ALL.into_iter().find(|op| op.word() == word).ok_or(HostError::OperationUnknown)
}

/// A list of misbehaviour, played from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    steps: Vec<Step>,
}

impl Script {
    /// A host that behaves.
    #[must_use]
    pub fn honest() -> Self {
        Self::default()
    }

    /// Reads a script: one `KIND [COUNT] [OPERATION]` a line, or TOML.
    ///
    /// # Errors
    /// `ScriptUnreadable` over 64 KiB; `ScriptMalformed`, `ScriptKindUnknown`, `ScriptCountOutOfRange`,
    /// `ScriptOperationUnknown` with the line.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.len() > SCRIPT_BYTES_MAX {
            return Err(HostError::ScriptUnreadable);
        }
        let is_toml = text.lines().map(without_comment).any(|line| line.starts_with('[') || line.contains('='));
        let steps = if is_toml { parse_toml(text)? } else { parse_lines(text)? };
        Ok(Self { steps })
    }

    /// Reads a script from a file.
    ///
    /// # Errors
    /// `ScriptUnreadable` when there is no such text file, and those of [`Script::parse`].
    pub fn read(file: &Path) -> Result<Self, HostError> {
        let length = std::fs::metadata(file).map_err(|_| HostError::ScriptUnreadable)?.len();
        if length > SCRIPT_BYTES_MAX as u64 {
            return Err(HostError::ScriptUnreadable);
        }
        Self::parse(&std::fs::read_to_string(file).map_err(|_| HostError::ScriptUnreadable)?)
    }

    /// Adds a step at the end, for the operation that usually uses the kind up.
    ///
    /// # Errors
    /// `CountOutOfRange` outside 1 to [`COUNT_MAX`].
    pub fn then(mut self, kind: Kind, count: u32) -> Result<Self, HostError> {
        self.steps.push(Step::new(kind, count, None)?);
        Ok(self)
    }

    /// The steps in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// The count itself, if it is in range.
pub(super) fn checked_count(count: u32) -> Result<u32, HostError> {
    if (1..=COUNT_MAX).contains(&count) { Ok(count) } else { Err(HostError::CountOutOfRange) }
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default().trim()
}

fn parse_lines(text: &str) -> Result<Vec<Step>, HostError> {
    let mut steps = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let mut words = without_comment(line).split_whitespace();
        let Some(kind) = words.next() else { continue };
        let kind = kind.parse().map_err(|_| HostError::ScriptKindUnknown { line: line_number })?;
        let (first, second) = (words.next(), words.next());
        let is_operation = |word: &str| word.starts_with(|letter: char| letter.is_ascii_lowercase());
        let (count, of) = match (first, second) {
            (Some(of), None) if is_operation(of) => (None, Some(of)),
            both => both,
        };
        let count = count.map_or(Ok(1), |count| count_at(count, line_number))?;
        if words.next().is_some() || of.is_some_and(|of| !is_operation(of)) {
            return Err(HostError::ScriptMalformed { line: line_number });
        }
        steps.push(Step::at(kind, count, of, line_number)?);
    }
    Ok(steps)
}

fn count_at(text: &str, line: usize) -> Result<u32, HostError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostError::ScriptMalformed { line });
    }
    text.parse().ok().and_then(|count| checked_count(count).ok()).ok_or(HostError::ScriptCountOutOfRange { line })
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlScript {
    #[serde(default)]
    next: Vec<TomlStep>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlStep {
    kind: toml::Spanned<String>,
    count: Option<toml::Spanned<i64>>,
    of: Option<toml::Spanned<String>>,
}

fn parse_toml(text: &str) -> Result<Vec<Step>, HostError> {
    let line_of = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    let script: TomlScript = toml::from_str(text)
        .map_err(|error| HostError::ScriptMalformed { line: line_of(error.span().map_or(0, |span| span.start)) })?;
    let step = |step: &TomlStep| {
        let kind = step.kind.get_ref().parse();
        let kind = kind.map_err(|_| HostError::ScriptKindUnknown { line: line_of(step.kind.span().start) })?;
        let count = step.count.as_ref().map_or(Ok(1), |count| {
            let in_range = u32::try_from(*count.get_ref()).ok().and_then(|count| checked_count(count).ok());
            in_range.ok_or(HostError::ScriptCountOutOfRange { line: line_of(count.span().start) })
        })?;
        let of_line = step.of.as_ref().map_or(0, |of| line_of(of.span().start));
        Step::at(kind, count, step.of.as_ref().map(|of| of.get_ref().as_str()), of_line)
    };
    script.next.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (&'a str, Result<&'a [(Kind, u32, Op)], HostError>);

    #[test]
    fn scripts_are_read_whole_or_refused_with_the_line() {
        let too_long = "normal\n".repeat(10_000);
        let table: &[Row<'_>] = &[
            ("", Ok(&[])),
            ("# nothing\n\n", Ok(&[])),
            ("no-answer", Ok(&[(Kind::NoAnswer, 1, Op::Sale)])),
            ("no-answer 2 # twice\r\n\n  reset\t1", Ok(&[(Kind::NoAnswer, 2, Op::Sale), (Kind::Reset, 1, Op::Sale)])),
            ("[[next]]\nkind = \"forget\"\ncount = 3\n[[next]]\nkind = \"normal\"", {
                Ok(&[(Kind::Forget, 3, Op::Sale), (Kind::Normal, 1, Op::Sale)])
            }),
            ("next = [{ kind = \"refuse-reversal\" }]", Ok(&[(Kind::RefuseReversal, 1, Op::Reversal)])),
            ("forget 2 void\nreset settle_end", Ok(&[(Kind::Forget, 2, Op::Void), (Kind::Reset, 1, Op::SettleEnd)])),
            ("statement-extra 2", Ok(&[(Kind::StatementExtra, 2, Op::Statement)])),
            ("no-answer statement", Ok(&[(Kind::NoAnswer, 1, Op::Statement)])),
            ("[[next]]\nkind = \"refuse\"\nof = \"refund\"", Ok(&[(Kind::Refuse, 1, Op::Refund)])),
            ("[[next]]\nkind = \"refuse\"\nof = \"lunch\"", Err(HostError::ScriptOperationUnknown { line: 3 })),
            ("normal\nreset lunch", Err(HostError::ScriptOperationUnknown { line: 2 })),
            ("reset 1 echo", Err(HostError::ScriptOperationUnknown { line: 1 })),
            ("refuse-reversal 1 void_reversal", Err(HostError::ScriptOperationUnknown { line: 1 })),
            ("statement-extra sale", Err(HostError::ScriptOperationUnknown { line: 1 })),
            ("reset void 2", Err(HostError::ScriptMalformed { line: 1 })),
            ("reset 2 void void", Err(HostError::ScriptMalformed { line: 1 })),
            ("normal\nnoanswer", Err(HostError::ScriptKindUnknown { line: 2 })),
            ("No-Answer", Err(HostError::ScriptKindUnknown { line: 1 })),
            ("forget X", Err(HostError::ScriptMalformed { line: 1 })),
            ("forget x", Err(HostError::ScriptOperationUnknown { line: 1 })),
            ("forget -1", Err(HostError::ScriptMalformed { line: 1 })),
            ("forget 1 1", Err(HostError::ScriptMalformed { line: 1 })),
            ("forget 0", Err(HostError::ScriptCountOutOfRange { line: 1 })),
            ("\nforget 10000", Err(HostError::ScriptCountOutOfRange { line: 2 })),
            ("forget 99999999999999999999", Err(HostError::ScriptCountOutOfRange { line: 1 })),
            ("[[next]]\nkind = \"explode\"", Err(HostError::ScriptKindUnknown { line: 2 })),
            ("[[next]]\nkind = \"forget\"\ncount = 0", Err(HostError::ScriptCountOutOfRange { line: 3 })),
            ("[[next]]\nkind = \"forget\"\ncount = -1", Err(HostError::ScriptCountOutOfRange { line: 3 })),
            ("[[next]]\nkind = \"forget\"\ntimes = 2", Err(HostError::ScriptMalformed { line: 3 })),
            ("[[next]]\nkind = 5", Err(HostError::ScriptMalformed { line: 2 })),
            ("[[next]", Err(HostError::ScriptMalformed { line: 1 })),
            (&too_long, Err(HostError::ScriptUnreadable)),
        ];
        for (text, expected) in table {
            let read = Script::parse(text);
            let steps = |script: &Script| script.steps.iter().map(|it| (it.kind, it.count, it.of)).collect::<Vec<_>>();
            assert_eq!(read.as_ref().map(steps).map_err(|error| *error), expected.map(<[_]>::to_vec), "{:.40?}", text);
        }
    }

    #[test]
    fn every_kind_is_found_by_its_word() {
        for kind in Kind::ALL {
            assert_eq!(kind.word().parse(), Ok(*kind));
        }
        assert_eq!("RESET".parse::<Kind>(), Err(HostError::KindUnknown));
    }
}
