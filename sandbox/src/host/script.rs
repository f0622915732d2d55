//! Misbehaviour on demand: its kinds, and the scripts that line them up.
//!
//! Each kind but `refuse-reversal` is used up by one sale; `refuse-reversal` is used up by one reversal. So
//! there are two queues, each played in the order in which it was given; an empty queue means an honest host.
//! A script is either one `KIND [COUNT]` a line (`#` begins a comment) or TOML: tables `[[next]]` with `kind`
//! and, optionally, `count`.
//!
//! It never guesses: an unknown word or count is refused with its line. Evidence: `mod tests` below.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

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
    /// A reversal is refused with response code 12 and changes nothing.
    RefuseReversal = "refuse-reversal",
}

impl Kind {
    /// Whether a reversal uses it up, rather than a sale.
    #[must_use]
    pub fn is_for_reversals(self) -> bool {
        self == Self::RefuseReversal
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

/// A list of misbehaviour, played from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    steps: Vec<(Kind, u32)>,
}

impl Script {
    /// A host that behaves.
    #[must_use]
    pub fn honest() -> Self {
        Self::default()
    }

    /// Reads a script: one `KIND [COUNT]` a line, or TOML.
    ///
    /// # Errors
    /// `ScriptUnreadable` over 64 KiB; `ScriptMalformed`, `ScriptKindUnknown`, `ScriptCountOutOfRange` with
    /// the line.
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

    /// Adds a step at the end.
    ///
    /// # Errors
    /// `CountOutOfRange` outside 1 to [`COUNT_MAX`].
    pub fn then(mut self, kind: Kind, count: u32) -> Result<Self, HostError> {
        self.steps.push((kind, checked_count(count)?));
        Ok(self)
    }

    /// The steps in order: what, and how many times (1 to [`COUNT_MAX`]).
    #[must_use]
    pub fn steps(&self) -> &[(Kind, u32)] {
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

fn parse_lines(text: &str) -> Result<Vec<(Kind, u32)>, HostError> {
    let mut steps = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let mut words = without_comment(line).split_whitespace();
        let Some(kind) = words.next() else { continue };
        let kind = kind.parse().map_err(|_| HostError::ScriptKindUnknown { line: line_number })?;
        let count = words.next().map_or(Ok(1), |count| count_at(count, line_number))?;
        if words.next().is_some() {
            return Err(HostError::ScriptMalformed { line: line_number });
        }
        steps.push((kind, count));
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
}

fn parse_toml(text: &str) -> Result<Vec<(Kind, u32)>, HostError> {
    let line_of = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    let script: TomlScript = toml::from_str(text)
        .map_err(|error| HostError::ScriptMalformed { line: line_of(error.span().map_or(0, |span| span.start)) })?;
    let step = |step: &TomlStep| {
        let kind = step.kind.get_ref().parse();
        let kind = kind.map_err(|_| HostError::ScriptKindUnknown { line: line_of(step.kind.span().start) })?;
        let Some(count) = &step.count else { return Ok((kind, 1)) };
        let in_range = u32::try_from(*count.get_ref()).ok().and_then(|count| checked_count(count).ok());
        let line = line_of(count.span().start);
        in_range.map(|count| (kind, count)).ok_or(HostError::ScriptCountOutOfRange { line })
    };
    script.next.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (&'a str, Result<&'a [(Kind, u32)], HostError>);

    #[test]
    fn scripts_are_read_whole_or_refused_with_the_line() {
        let too_long = "normal\n".repeat(10_000);
        let table: &[Row<'_>] = &[
            ("", Ok(&[])),
            ("# nothing\n\n", Ok(&[])),
            ("no-answer", Ok(&[(Kind::NoAnswer, 1)])),
            ("no-answer 2 # twice\r\n\n  reset\t1", Ok(&[(Kind::NoAnswer, 2), (Kind::Reset, 1)])),
            ("[[next]]\nkind = \"forget\"\ncount = 3\n[[next]]\nkind = \"normal\"", {
                Ok(&[(Kind::Forget, 3), (Kind::Normal, 1)])
            }),
            ("next = [{ kind = \"refuse-reversal\" }]", Ok(&[(Kind::RefuseReversal, 1)])),
            ("normal\nnoanswer", Err(HostError::ScriptKindUnknown { line: 2 })),
            ("No-Answer", Err(HostError::ScriptKindUnknown { line: 1 })),
            ("forget x", Err(HostError::ScriptMalformed { line: 1 })),
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
            assert_eq!(read.as_ref().map(Script::steps).map_err(|error| *error), *expected, "{:.40?}", text);
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
