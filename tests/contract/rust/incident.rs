//! The calls about bad days: the freeze, its release, and evidence.

use std::sync::Arc;

use serde_json::{Value, json};
use taptill_ffi::{EvidenceScope, EvidenceVerdict, Incident, TillError, verify_evidence};

use crate::args::{Args, Failure};
use crate::bench::{Answer, Bench};
use crate::face::{language, terminal, told, wait};
use crate::people::{ALICE, BOB, person};

/// All of them.
pub const CALLS: [&str; 6] =
    ["freeze", "freeze_as", "release", "preview_evidence", "disclose_evidence", "verify_evidence"];

pub fn call(bench: &mut Bench<'_>, name: &str, with: Args) -> Result<Answer, Failure> {
    Ok(told(match name {
        "freeze" | "freeze_as" | "release" => of_freeze(bench, name, with)?,
        _ => of_evidence(bench, name, with)?,
    }))
}

fn of_freeze(bench: &Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    let incident = incident(bench)?;
    if name == "freeze" {
        let reason = with.optional_text("reason")?;
        with.finish()?;
        return Ok(match incident {
            Ok(incident) => wait(bench, incident.freeze(reason))?.map(|()| Value::Null),
            Err(error) => Err(error),
        });
    }
    let started = if name == "release" {
        let (second, password) = person(&mut with, BOB)?;
        with.finish()?;
        incident.and_then(|incident| incident.release(&second, password.as_bytes()))
    } else {
        let ((operator, password), reason) = (person(&mut with, ALICE)?, with.optional_text("reason")?);
        with.finish()?;
        incident.and_then(|incident| incident.freeze_as(&operator, password.as_bytes(), reason))
    };
    Ok(match started {
        Ok(work) => wait(bench, work.await_done())?.map(|_done| Value::Null),
        Err(error) => Err(error),
    })
}

fn of_evidence(bench: &mut Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    match name {
        "preview_evidence" => {
            let scope = scope(&mut with)?;
            with.finish()?;
            let looked = match terminal(bench)?.evidence() {
                Ok(evidence) => wait(bench, async move { evidence.preview(scope).await })?,
                Err(error) => Err(error),
            };
            Ok(looked.and_then(|preview| {
                let facts = preview.facts()?;
                bench.preview = Some(preview);
                Ok(json!({
                    "records": facts.records, "first": facts.first, "last": facts.last, "is_run": facts.is_run,
                    "kinds": facts.kinds, "slips": facts.slips, "operators": facts.operators, "size": facts.size,
                }))
            }))
        }
        "disclose_evidence" => {
            let (to, language) = (with.optional_text("to")?, language(&mut with)?);
            let out = bundle(bench, &with.text("name")?);
            with.finish()?;
            let preview = bench.preview.clone().ok_or_else(|| Failure::unknown("nothing was previewed"))?;
            wait(bench, preview.disclose(to, language, out)).map(|files| files.map(Value::from))
        }
        _ => {
            let (keys, language) = (with.optional_text("keys")?, language(&mut with)?);
            let path = match with.optional_text("file")? {
                Some(path) => path,
                None => bundle(bench, &with.text("name")?),
            };
            with.finish()?;
            Ok(verify_evidence(&path, keys, language).map(|verdict| written(&verdict)))
        }
    }
}

/// Where a case's bundle of this name lies: beside the till's folder.
fn bundle(bench: &Bench<'_>, name: &str) -> String {
    format!("{}-{name}", bench.till.home)
}

fn scope(with: &mut Args) -> Result<EvidenceScope, Failure> {
    match (with.optional_text("attempt")?, with.optional_whole("from_ms")?, with.optional_whole("to_ms")?) {
        (Some(attempt), None, None) => Ok(EvidenceScope::Attempt { attempt }),
        (None, Some(from_ms), Some(to_ms)) if with.flag("incident")? => Ok(EvidenceScope::Incident { from_ms, to_ms }),
        (None, Some(from_ms), Some(to_ms)) => Ok(EvidenceScope::Period { from_ms, to_ms }),
        _ => Err(Failure::unknown("evidence is of an attempt, a period or an incident")),
    }
}

fn written(verdict: &EvidenceVerdict) -> Value {
    json!({
        "holds": verdict.holds, "findings": verdict.findings, "wrong": verdict.wrong, "proved": verdict.proved,
        "not_proved": verdict.not_proved, "records": verdict.records, "size": verdict.size, "origin": verdict.origin,
    })
}

fn incident(bench: &Bench<'_>) -> Result<Result<Arc<Incident>, TillError>, Failure> {
    Ok(terminal(bench)?.incident())
}
