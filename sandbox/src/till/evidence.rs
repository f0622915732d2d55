//! `evidence`: what would be disclosed, and with `--out` the bundle; `verify BUNDLE`: what such a bundle proves.
//!
//! A preview is printed in any case. `--out` is the operator's agreement, which the till journals before the first file
//! is written; what was written is read back and checked. Checking opens no till: the files are all there is to it.
//! Evidence: `sandbox/tests/till_evidence.rs`.

use std::path::Path;

use serde_json::json;
use taptill::clock::WallMs;
use taptill::error::{Error, ErrorCode};
use taptill::ids::AttemptId;
use taptill::incident::evidence::{Preview, Recipient, Scope, Sentences, Verdict, verify};
use taptill::merkle::VerifierKey;
use taptill::ports::Clock;
use taptill::receipt::Zone;
use taptill::text::{Arg, Catalogue, Language};

use crate::desktop::SystemClock;

use super::args::{EvidenceArguments, VerifyArguments};
use super::bundle;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

pub(super) fn run(till: &mut Till, arguments: &EvidenceArguments) -> Result<Reply, Failure> {
    let to = arguments.recipient.as_deref().map(Recipient::new).transpose()?;
    let language = arguments.language;
    if let Some(out) = &arguments.out {
        // Nothing is agreed to that has nowhere to go.
        bundle::check_free(out)?;
    }
    let terminal = till.terminal()?;
    let zone = Zone::named(&terminal.configuration()?.time_zone).map_err(|_| ErrorCode::ConfigurationInvalid)?;
    let preview = terminal.preview_evidence(&scope(arguments, &zone)?)?;
    let mut lines = preview_lines(&preview, &zone, language);
    let mut json = preview_json(&preview);
    let texts = Catalogue::of(language);
    let Some(out) = &arguments.out else {
        lines.push(Line::Plain(texts.say("evidence.say.how", &[])));
        return Ok(Reply { json, lines, ok: true });
    };
    let files = bundle::write(out, |each| terminal.disclose_evidence(preview, to, language, each))?;
    let verdict = verify(&bundle::read(out)?, &[])?;
    let place = out.display().to_string();
    json["out"] = place.as_str().into();
    json["files"] = files.into();
    json["verdict"] = serde_json::to_value(&verdict).map_err(|_| Failure::output())?;
    let args = [
        ("files", Arg::Number(files)),
        ("place", Arg::Word(&place)),
        ("sequence", Arg::Number(verdict.facts.disclosed_sequence)),
    ];
    lines.push(Line::Head(Tone::Good, texts.say("evidence.say.written", &args)));
    Ok(Reply { json, lines, ok: verdict.holds() })
}

/// A bundle, checked with nothing but its files, and a key where one is given.
pub(super) fn check(path: &Path, arguments: &VerifyArguments) -> Result<Reply, Failure> {
    let known = arguments.key.as_deref().map(keys).transpose()?.unwrap_or_default();
    let verdict = verify(&bundle::read(path)?, &known)?;
    let sentences = verdict.sentences(arguments.language);
    let json = json!({
        "ok": verdict.holds(), "findings": verdict.findings, "facts": verdict.facts, "said": sentences,
    });
    Ok(Reply { json, lines: verdict_lines(&verdict, sentences, arguments.language), ok: verdict.holds() })
}

/// The keys of a till, as `public-key` prints them.
fn keys(path: &Path) -> Result<Vec<VerifierKey>, Failure> {
    let text = bundle::small_text(path)?;
    let keys: Result<Vec<VerifierKey>, _> = text.lines().map(VerifierKey::parse).collect();
    match keys {
        Ok(keys) if !keys.is_empty() => Ok(keys),
        _ => Err(Error::from(ErrorCode::FileUnusable).into()),
    }
}

fn scope(arguments: &EvidenceArguments, zone: &Zone) -> Result<Scope, Failure> {
    if let Some(attempt) = &arguments.attempt {
        return Ok(Scope::Attempt { attempt: AttemptId::new(attempt.clone())? });
    }
    let today = zone.date(SystemClock::default().now().wall);
    let day = |text: &str| zone.day(text).map_err(|error| Failure::Usage(error.to_string()));
    // An incident is looked for in yesterday and today, unless somebody knows better.
    let (from_ms, to_ms) = match (&arguments.from, &arguments.to) {
        (Some(from), to) => (day(from)?.0, day(to.as_ref().unwrap_or(&today))?.1),
        (None, to) => {
            let (today, tomorrow) = day(to.as_ref().unwrap_or(&today))?;
            (day(&zone.date(WallMs(today.0 - 1)))?.0, tomorrow)
        }
    };
    Ok(if arguments.incident { Scope::Incident { from_ms, to_ms } } else { Scope::Period { from_ms, to_ms } })
}

fn preview_json(preview: &Preview) -> serde_json::Value {
    let records = preview.records.iter().map(|record| {
        json!({
            "sequence": record.sequence, "kind": record.kind, "at_ms": record.at_ms,
            "operator": record.operator, "attempt": record.attempt,
        })
    });
    json!({
        "scope": preview.scope, "records": records.collect::<Vec<_>>(), "run": preview.run,
        "slips": preview.slips, "operators": preview.operators, "size": preview.size,
    })
}

fn preview_lines(preview: &Preview, zone: &Zone, language: Language) -> Vec<Line> {
    let texts = Catalogue::of(language);
    let say = |key: &str, args: &[(&str, Arg<'_>)]| Line::Plain(texts.say(&format!("evidence.say.{key}"), args));
    let count = preview.records.len() as u64;
    let mut lines = vec![Line::Head(Tone::Open, texts.say("evidence.say.found", &[("records", Arg::Number(count))]))];
    if let Some(run) = preview.run {
        lines.push(say("run", &[("first", Arg::Number(run.first)), ("last", Arg::Number(run.last))]));
    }
    for record in &preview.records {
        let (date, time) = (zone.date(record.at_ms), zone.time(record.at_ms));
        let attempt = record.attempt.as_ref().map(|attempt| format!("  {attempt}")).unwrap_or_default();
        lines.push(Line::Plain(format!("  {:>6}  {date} {time}  {}{attempt}", record.sequence, record.kind)));
    }
    let names = preview.operators.join(", ");
    lines.push(say("people", &[("names", Arg::Word(&names))]));
    lines.push(say("slips", &[("count", Arg::Number(preview.slips.len() as u64))]));
    lines.push(say("shop", &[("size", Arg::Number(preview.size))]));
    lines.push(say("nothing_more", &[]));
    lines
}

fn verdict_lines(verdict: &Verdict, sentences: Sentences, language: Language) -> Vec<Line> {
    let say = |key: &str| Catalogue::of(language).say(&format!("evidence.say.{key}"), &[]);
    let listed = |sentences: Vec<String>| sentences.into_iter().map(|sentence| Line::Plain(format!("  - {sentence}")));
    let mut lines = Vec::new();
    if verdict.holds() {
        lines.push(Line::Head(Tone::Good, say("holds")));
        lines.push(Line::Plain(say("proved")));
        lines.extend(listed(sentences.proved));
    } else {
        lines.push(Line::Head(Tone::Bad, say("broken")));
        lines.extend(listed(sentences.wrong));
    }
    lines.push(Line::Plain(say("not_proved")));
    lines.extend(listed(sentences.not_proved));
    lines
}
