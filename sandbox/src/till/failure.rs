//! What a command can fail with, as a program and as a person reads it.
//! Evidence: `sandbox/tests/till_usage.rs`.

use serde_json::{Map, Value, json};
use taptill::error::{Candidate, Error, ErrorCode, Fact};
use taptill::receipt::Zone;
use taptill::text::{Catalogue, Language};

use crate::host::HostError;

use super::leaving;
use super::session::span;

/// Why a command did not do its work.
pub(super) enum Failure {
    /// The core refused; exit code 1.
    Core(Error),
    /// The sandbox's host refused; exit code 1.
    Host(HostError),
    /// The till was called wrongly; exit code 2.
    Usage(String),
}

impl Failure {
    /// The result could not be written as JSON.
    pub(super) fn output() -> Self {
        Self::Core(ErrorCode::FileUnusable.into())
    }

    /// The process's exit code.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Core(_) | Self::Host(_) => 1,
            Self::Usage(_) => 2,
        }
    }

    /// `{"error": {code, category, money, retry, reversal, actor, …, message, todo}}`.
    pub(super) fn json(&self) -> Value {
        let mut object = match self {
            Self::Core(error) => match serde_json::to_value(error) {
                Ok(Value::Object(object)) => object,
                _ => Map::new(),
            },
            Self::Host(error) => sandbox_object(error.code(), "after_user_action"),
            Self::Usage(_) => sandbox_object("usage", "never"),
        };
        let (what, todo) = self.what_and_todo();
        object.insert("message".to_owned(), what.into());
        object.insert("todo".to_owned(), todo.into());
        if let Some(line) = self.script_line() {
            object.insert("line".to_owned(), line.into());
        }
        json!({ "error": object })
    }

    /// What happened, whether money moved, what to do next.
    pub(super) fn words(&self) -> Vec<String> {
        if let Self::Usage(message) = self {
            return vec![message.trim_end().to_owned()];
        }
        let texts = Catalogue::of(Language::En);
        let (what, todo) = self.what_and_todo();
        let mut words = vec![format!("Error: {what}")];
        if let Self::Core(error) = self {
            words.push(texts.money(error.money()));
            words.push(todo);
            words.extend(error.blockers().iter().filter(|blocker| blocker.remedy.is_some()).map(leaving::blocked));
            words.extend(error.candidates().iter().map(candidate));
            words.extend(hint(error));
            words.push(format!("({}{})", error.code().code(), particulars(error)));
        } else {
            words.push(todo);
        }
        words
    }

    fn what_and_todo(&self) -> (String, String) {
        let texts = Catalogue::of(Language::En);
        match self {
            Self::Core(error) => (texts.error_what(error.code()), texts.error_todo(error.code())),
            Self::Host(error) => (format!("{error}"), error.next_step().to_owned()),
            Self::Usage(message) => (first_paragraph(message), texts.say("till.usage", &[])),
        }
    }

    fn script_line(&self) -> Option<usize> {
        if let Self::Host(error) = self { error.line() } else { None }
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Core(error.into())
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

/// An error of the sandbox in the form of the core's errors: nothing of it can move money.
fn sandbox_object(code: &str, retry: &str) -> Map<String, Value> {
    let object = json!({
        "code": code, "category": "integration", "money": "not_moved", "retry": retry, "reversal": "not_needed",
        "actor": "integrator",
    });
    if let Value::Object(object) = object { object } else { Map::new() }
}

/// What is wrong, without the hints for people that follow it.
fn first_paragraph(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or(message);
    paragraph.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the error means at this till: how its commands are typed, and numbers as people say them.
fn hint(error: &Error) -> Option<String> {
    Some(match error.code() {
        ErrorCode::TillUnclaimed => "The first supervisor types: taptill claim NAME".to_owned(),
        ErrorCode::TillLocked => "Add --operator NAME, or open a shell and type: sign-in NAME".to_owned(),
        ErrorCode::PasswordMustChange => {
            "taptill password change --operator NAME, or sign-in NAME --new-password-file FILE".to_owned()
        }
        ErrorCode::SignInRefused => format!("Tries left: {}.", number(error, "tries_left")?),
        ErrorCode::OperatorLockedOut => format!("Time to wait: {}.", span(number(error, "retry_after_ms")?)),
        ErrorCode::PasswordRefused => Catalogue::of(Language::En).password_rule(error)?,
        ErrorCode::SecondPersonNeeded => "Add --second NAME, with --second-password-file FILE".to_owned(),
        _ => return None,
    })
}

/// A payment that may be meant. Which zone the shop is in is not known here.
fn candidate(candidate: &Candidate) -> String {
    let Candidate { attempt, created_ms, amount, card_masked } = candidate;
    let card = card_masked.as_ref().map_or("", |card| card.as_str());
    let at = Zone::named("UTC").map(|utc| format!("{} {}", utc.date(*created_ms), utc.time(*created_ms)));
    format!("  {attempt}  {}  {amount}  {card}", at.unwrap_or_default())
}

fn number(error: &Error, name: &str) -> Option<u64> {
    error.facts().iter().find_map(|(known, fact)| match fact {
        Fact::Number(number) if *known == name => Some(*number),
        _ => None,
    })
}

fn particulars(error: &Error) -> String {
    let mut text = String::new();
    if let Some(attempt) = error.attempt() {
        text += &format!(", attempt {attempt}");
    }
    if let Some(sequence) = error.sequence() {
        text += &format!(", record {sequence}");
    }
    if let Some(code) = error.host_code() {
        text += &format!(", response code {code}");
    }
    for (name, fact) in error.facts() {
        text += &match fact {
            Fact::Number(number) => format!(", {name} {number}"),
            Fact::Word(word) => format!(", {name} {word}"),
        };
    }
    text
}
