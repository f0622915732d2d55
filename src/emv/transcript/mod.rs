//! Transcripts: a card's answers as JSON, to be replayed against the kernel or recorded from a live tap.
//!
//! `{"name", "kernel", "date": "YYMMDD", "capks": […], "terminal": {…}, "apdus": [["command", "response"], …],
//! "expect": {"oda", "cryptogram", "outcome", "tags"}}`, bytes in hexadecimal; only `name` and `apdus` must be
//! there, members that are not listed are not read, and `null` is as good as absent. `terminal` maps tags to
//! values and names limits as [`super::terminal_data::Combination`] does.
//!
//! A recording is masked and says so; it replays for the order of commands only. Evidence: `tests/emv_transcripts.rs`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::hex::{HexArray, HexBytes};
use super::outcome::{CryptogramKind, OdaResult, OutcomeKind};

mod record;
mod replay;
mod values;

pub use record::Recorder;
pub use replay::{Difference, ReplayVerdict, TagDifference, replay};

/// One exchange with a card, and what should come of it. It may hold card data: it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Transcript {
    /// What it goes by.
    pub name: String,
    /// The kernel that talked.
    #[serde(default, deserialize_with = "kernel", skip_serializing_if = "Option::is_none")]
    pub kernel: Option<u8>,
    /// The transaction's date, BCD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<HexArray<3>>,
    /// Whether card data was masked, so that no signature can be checked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// CA keys of its own, in the form of [`super::CaKeys::from_json`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capks: Option<Value>,
    /// Terminal values and limits.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "BTreeMap::is_empty")]
    terminal: BTreeMap<String, Value>,
    /// Commands, each with its response.
    apdus: Vec<(HexBytes, HexBytes)>,
    /// What should come of it; without, the transcript is unjudged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expect: Option<Expect>,
}

/// What should come of a transcript; what is absent is not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Expect {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oda: Option<OdaWord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cryptogram: Option<CryptogramWord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<OutcomeWord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tags: Option<ExpectedTags>,
}

/// Tags that must be there at the end: with these values, or with any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum ExpectedTags {
    Values(BTreeMap<String, HexBytes>),
    Names(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OdaWord {
    Ok,
    Failed,
    NotDone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum CryptogramWord {
    Aac,
    Tc,
    Arqc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeWord {
    Approved,
    Declined,
    OnlineRequest,
    TryAnotherInterface,
    EndApplication,
}

impl From<OdaResult> for OdaWord {
    fn from(oda: OdaResult) -> Self {
        match oda {
            OdaResult::NotDone => Self::NotDone,
            OdaResult::Ok => Self::Ok,
            OdaResult::Failed(_) => Self::Failed,
        }
    }
}

impl From<CryptogramKind> for CryptogramWord {
    fn from(kind: CryptogramKind) -> Self {
        match kind {
            CryptogramKind::Aac => Self::Aac,
            CryptogramKind::Tc => Self::Tc,
            CryptogramKind::Arqc => Self::Arqc,
        }
    }
}

impl From<OutcomeKind> for OutcomeWord {
    fn from(kind: OutcomeKind) -> Self {
        match kind {
            OutcomeKind::Approved => Self::Approved,
            OutcomeKind::Declined => Self::Declined,
            OutcomeKind::OnlineRequest => Self::OnlineRequest,
            OutcomeKind::TryAnotherInterface => Self::TryAnotherInterface,
            OutcomeKind::EndApplication => Self::EndApplication,
        }
    }
}

impl Expect {
    fn judges_something(&self) -> bool {
        let names_tags = self.tags.as_ref().is_some_and(|tags| match tags {
            ExpectedTags::Values(values) => !values.is_empty(),
            ExpectedTags::Names(names) => !names.is_empty(),
        });
        names_tags || self.oda.is_some() || self.cryptogram.is_some() || self.outcome.is_some()
    }
}

/// A kernel's number, also as text; 0, which no kernel has, for a word such as `contact`.
fn kernel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let number = |value: Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(value.map(|value| number(value).and_then(|number| u8::try_from(number).ok()).unwrap_or(0)))
}

fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Value>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Transcript {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`TranscriptError`] with the place; the content is not repeated.
    pub fn from_json(text: &str) -> Result<Self, TranscriptError> {
        serde_json::from_str(text).map_err(|error| TranscriptError { line: error.line(), column: error.column() })
    }

    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a transcript has only text for member names")
    }

    /// The transcript with this date (BCD), where it has none of its own: the core reads no clock.
    #[must_use]
    pub fn dated_else(mut self, today_yymmdd: [u8; 3]) -> Self {
        self.date = self.date.or(Some(HexArray(today_yymmdd)));
        self
    }
}

/// Why a text is no transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TranscriptError {
    /// From 1; 0 where unknown.
    pub line: usize,
    /// From 1; 0 where unknown.
    pub column: usize,
}

impl fmt::Display for TranscriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transcript: line {}, column {} is not as agreed", self.line, self.column)
    }
}

impl std::error::Error for TranscriptError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_transcript_is_one() {
        for (text, verdict) in [
            (r#"{"name": "a", "apdus": []}"#, true),
            (r#"{"name": "a", "apdus": [["00", "9000"]], "source": "elsewhere"}"#, true),
            (r#"{"name": "a", "apdus": [], "expect": {"oda": "not_done", "cryptogram": "ARQC"}}"#, true),
            (r#"{"apdus": []}"#, false),
            (r#"{"name": "a"}"#, false),
            (r#"{"name": "a", "apdus": [["00"]]}"#, false),
            (r#"{"name": "a", "apdus": [["0", "9000"]]}"#, false),
            (r#"{"name": "a", "apdus": [], "date": "2019"}"#, false),
            (r#"{"name": "a", "apdus": [], "expect": {"outcome": "perhaps"}}"#, false),
            ("[]", false),
        ] {
            assert_eq!(Transcript::from_json(text).is_ok(), verdict, "{text}");
        }
    }
}
