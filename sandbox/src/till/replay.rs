//! `replay FILE|DIR [--capks FILE]`: runs card transcripts through the card kernels.
//!
//! A file gives one object, a folder an array in order of file name. `ok` is true where the kernel sent the same
//! commands and reached what the transcript expects, false where it did not, null where the transcript expects
//! nothing. One false makes the exit code 1. Evidence: `sandbox/tests/till_usage.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use taptill::emv::transcript::{Transcript, replay};
use taptill::emv::{CaKeyError, CaKeys};
use taptill::error::{Error, ErrorCode};
use taptill::ports::Clock;
use time::OffsetDateTime;

use crate::desktop::SystemClock;

use super::args::ReplayArguments;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

/// More than any tap takes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub(super) fn run(arguments: &ReplayArguments) -> Result<Reply, Failure> {
    let more_keys = match &arguments.capks {
        Some(file) => CaKeys::from_json(&read(file)?).map_err(|error| ca_key_invalid(&error))?,
        None => CaKeys::default(),
    };
    if !arguments.path.is_dir() {
        let verdict = judge(&arguments.path, &more_keys)?;
        return Ok(Reply { lines: vec![line(&verdict)], ok: holds(&verdict), json: verdict });
    }
    let verdicts: Vec<Value> = transcripts_in(&arguments.path)?
        .iter()
        .map(|file| judge(file, &more_keys).unwrap_or_else(|error| unreadable(file, &error)))
        .collect();
    let lines = verdicts.iter().map(line).collect();
    Ok(Reply { lines, ok: verdicts.iter().all(holds), json: Value::Array(verdicts) })
}

fn judge(file: &Path, more_keys: &CaKeys) -> Result<Value, Error> {
    let transcript = Transcript::from_json(&read(file)?).map_err(|error| {
        let (line, column) = (error.line as u64, error.column as u64);
        Error::from(ErrorCode::TranscriptInvalid).number("line", line).number("column", column)
    })?;
    let verdict = replay(&transcript.dated_else(today()), more_keys);
    let mut object = serde_json::to_value(&verdict).map_err(|_| ErrorCode::TranscriptInvalid)?;
    object["file"] = name_of(file).into();
    Ok(object)
}

/// The date of a transcript that has none, as YYMMDD in BCD.
fn today() -> [u8; 3] {
    let wall_seconds = SystemClock::new().now().wall.0.div_euclid(1_000);
    let today = OffsetDateTime::from_unix_timestamp(wall_seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let year = u8::try_from(today.year().rem_euclid(100)).unwrap_or_default();
    [year, u8::from(today.month()), today.day()].map(|number| (number / 10) << 4 | (number % 10))
}

fn ca_key_invalid(error: &CaKeyError) -> Error {
    let invalid = Error::from(ErrorCode::CaKeyInvalid);
    match error {
        CaKeyError::Json { line, column } => invalid.number("line", *line as u64).number("column", *column as u64),
        CaKeyError::Key { index, .. } => invalid.number("index", u64::from(*index)),
    }
}

/// In a folder, a file that is no transcript is one that does not hold, and the others are still judged.
fn unreadable(file: &Path, error: &Error) -> Value {
    json!({ "file": name_of(file), "ok": false, "error": error })
}

fn transcripts_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unusable = |_| Error::from(ErrorCode::FileUnusable);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unusable)? {
        let path = entry.map_err(unusable)?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<String, Error> {
    let unusable = |_| Error::from(ErrorCode::FileUnusable);
    let length = fs::metadata(file).map_err(unusable)?.len();
    if length > FILE_BYTES_MAX {
        return Err(Error::from(ErrorCode::FileUnusable).number("bytes_max", FILE_BYTES_MAX));
    }
    fs::read_to_string(file).map_err(unusable)
}

fn holds(verdict: &Value) -> bool {
    verdict["ok"] != Value::Bool(false)
}

fn line(verdict: &Value) -> Line {
    let file = verdict["file"].as_str().unwrap_or_default();
    match verdict["ok"].as_bool() {
        Some(true) => Line::Head(Tone::Good, format!("{file}: as expected")),
        None => Line::Head(Tone::Open, format!("{file}: unjudged, the transcript expects nothing")),
        Some(false) => Line::Head(Tone::Bad, format!("{file}: {}", why_not(verdict))),
    }
}

fn why_not(verdict: &Value) -> String {
    if let Some(code) = verdict["error"]["code"].as_str() {
        return format!("cannot be replayed: {code}");
    }
    if let Some(index) = verdict["difference"]["index"].as_u64() {
        return format!("command {} differs: {}", index + 1, verdict["difference"]);
    }
    if let Some(reason) = verdict["reason"].as_str() {
        return format!("cannot be replayed: {reason} (kernel {})", verdict["kernel"]);
    }
    let [oda, outcome, reason] = ["oda", "outcome", "outcome_reason"].map(|name| verdict[name].as_str().unwrap_or("-"));
    format!("another end than expected: oda {oda}, outcome {outcome} ({reason}), missed {}", verdict["missed"])
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
