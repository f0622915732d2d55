//! The only place that writes to standard output: one JSON value for a program, or lines for a person.
//!
//! A reply carries both forms; which one is printed, and whether it has colour, is decided here. Logs and the
//! spinner go to standard error, so that a pipe sees the result and nothing else.
//! Evidence: `sandbox/tests/till_usage.rs`.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::Value;

use super::failure::Failure;

/// What a command has to say.
pub(super) struct Reply {
    /// For a program.
    pub json: Value,
    /// For a person.
    pub lines: Vec<Line>,
    /// Whether what the command checks was found in order; otherwise the exit code is 1.
    pub ok: bool,
}

/// A line for a person.
pub(super) enum Line {
    /// The line that tells the outcome.
    Head(Tone, String),
    /// Any other.
    Plain(String),
}

/// How a head line is coloured on a terminal.
#[derive(Clone, Copy)]
pub(super) enum Tone {
    /// Done as hoped.
    Good,
    /// Not known, or needs attention.
    Open,
    /// Refused or failed.
    Bad,
}

impl Reply {
    /// A reply whose JSON is what `value` serialises to.
    pub(super) fn of(value: &impl Serialize, lines: Vec<Line>) -> Result<Self, Failure> {
        Ok(Self { json: serde_json::to_value(value).map_err(|_| Failure::output())?, lines, ok: true })
    }

    /// Everything was said already.
    pub(super) fn nothing() -> Self {
        Self { json: Value::Null, lines: Vec::new(), ok: true }
    }

    fn is_nothing(&self) -> bool {
        self.json.is_null() && self.lines.is_empty()
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

/// A label and its value, indented; values stand below each other.
pub(super) fn pair(label: &str, value: &str) -> Line {
    Line::Plain(format!("  {label:<12}{value}"))
}

/// Where results go.
#[derive(Clone, Copy)]
pub(super) struct Output {
    json: bool,
    colour: bool,
}

impl Output {
    /// Standard output. Colour needs a terminal and respects `NO_COLOR`.
    pub(super) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { json, colour: !json && wanted && able }
    }

    /// Whether a program listens.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a reply and flushes it.
    pub(super) fn reply(self, reply: &Reply) -> io::Result<()> {
        if reply.is_nothing() {
            return Ok(());
        }
        if self.json { self.print(&reply.json.to_string()) } else { self.print(&self.set(&reply.lines)) }
    }

    /// Prints a failure: JSON on standard output, words for people on standard error.
    pub(super) fn failure(self, failure: &Failure) -> io::Result<()> {
        if self.json {
            return self.print(&failure.json().to_string());
        }
        let mut stderr = io::stderr().lock();
        writeln!(stderr, "{}", failure.words().join("\n"))
    }

    fn print(self, text: &str) -> io::Result<()> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        unbuffered()?.write_all([text, end].concat().as_bytes())
    }

    fn set(self, lines: &[Line]) -> String {
        let set = lines.iter().map(|line| match line {
            Line::Head(tone, text) if self.colour => format!("\x1b[1;{}m{text}\x1b[0m", tone.ansi()),
            Line::Head(_, text) | Line::Plain(text) => text.clone(),
        });
        set.collect::<Vec<_>>().join("\n")
    }
}

/// Standard output without the buffer of the standard library, which would keep what was printed: of a recovery code
/// nothing may be left in memory.
#[cfg(unix)]
fn unbuffered() -> io::Result<impl Write> {
    use std::os::fd::AsFd;
    Ok(std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn unbuffered() -> io::Result<impl Write> {
    Ok(io::stdout())
}

impl Tone {
    /// ECMA-48 SGR colour.
    fn ansi(self) -> u8 {
        match self {
            Self::Good => 32,
            Self::Open => 33,
            Self::Bad => 31,
        }
    }
}
