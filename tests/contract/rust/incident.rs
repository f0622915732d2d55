//! The calls about bad days: the freeze, its release, new passwords, what somebody approved, losses, and evidence.

use std::sync::Arc;

use serde_json::{Value, json};
use taptill_ffi::{
    Approval, EvidenceScope, EvidenceVerdict, Incident, LossFacts, LossOf, LossSum, LossSums, NotMine, TillError,
    verify_evidence,
};

use crate::args::{Args, Failure};
use crate::bench::{Answer, Bench};
use crate::face::{language, terminal, told, wait};
use crate::people::{ALICE, BOB, person};
use crate::values::frozen;

/// All of them.
pub const CALLS: [&str; 12] = [
    "freeze",
    "freeze_as",
    "release",
    "renew_passwords",
    "approvals",
    "report_loss",
    "loss_text",
    "loss_html",
    "loss_json",
    "preview_evidence",
    "disclose_evidence",
    "verify_evidence",
];

pub fn call(bench: &mut Bench<'_>, name: &str, with: Args) -> Result<Answer, Failure> {
    Ok(told(match name {
        "freeze" | "freeze_as" | "release" => of_freeze(bench, name, with)?,
        "renew_passwords" | "approvals" => of_people(bench, name, with)?,
        loss if loss.contains("loss") => of_loss(bench, name, with)?,
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

fn of_people(bench: &Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    if name == "renew_passwords" {
        with.finish()?;
        return Ok(match incident(bench)? {
            Ok(incident) => wait(bench, incident.renew_passwords())?.map(|()| Value::Null),
            Err(error) => Err(error),
        });
    }
    let (name, days) = (with.text_or("name", BOB.0)?, with.optional_whole("days")?.unwrap_or(30));
    with.finish()?;
    let approvals = match incident(bench)? {
        Ok(incident) => wait(bench, incident.approvals(name, days))?,
        Err(error) => Err(error),
    };
    let approval = |approval: &Approval| {
        json!({
            "what": approval.what, "sequence": approval.sequence, "attempt": approval.attempt,
            "refund": approval.refund, "operator": approval.operator,
        })
    };
    Ok(approvals.map(|approvals| approvals.iter().map(approval).collect()))
}

fn of_loss(bench: &mut Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    if name == "report_loss" {
        let (from, to) = (with.optional_whole("from_ms")?, with.optional_whole("to_ms")?);
        let sends = with.flag("sends")?;
        with.finish()?;
        let report = match incident(bench)? {
            Ok(incident) => wait(bench, incident.report_loss(from, to, sends))?,
            Err(error) => Err(error),
        };
        return Ok(report.and_then(|report| {
            let facts = report.facts()?;
            bench.loss = Some(report);
            Ok(loss(&facts))
        }));
    }
    let language = language(&mut with)?;
    with.finish()?;
    let report = bench.loss.clone().ok_or_else(|| Failure::unknown("no loss was reported"))?;
    let shown = match name {
        "loss_text" => report.text(language),
        "loss_html" => report.html(language),
        _ => report.json(),
    };
    Ok(shown.map(Value::from))
}

fn loss(facts: &LossFacts) -> Value {
    let of = |of: &LossOf| json!({ "name": of.name, "sums": sums(of.sums) });
    let not_mine = |one: &NotMine| {
        json!({
            "why": one.why, "sequence": one.sequence, "attempt": one.attempt, "refund": one.refund, "minor": one.minor,
        })
    };
    let (operators, readers): (Value, Value) =
        (facts.operators.iter().map(of).collect(), facts.readers.iter().map(of).collect());
    let not_mine: Value = facts.not_mine.iter().map(not_mine).collect();
    json!({
        "number": facts.number, "from_ms": facts.from_ms, "to_ms": facts.to_ms, "made_by": facts.made_by,
        "frozen": facts.frozen.as_ref().map(frozen), "currency": facts.currency, "sums": sums(facts.sums),
        "operators": operators, "readers": readers, "lines": facts.lines, "is_cut": facts.is_cut, "not_mine": not_mine,
    })
}

fn sums(of: LossSums) -> Value {
    let sum = |sum: LossSum| json!({ "count": sum.count, "minor": sum.minor });
    json!({
        "gross": sum(of.gross), "voided": sum(of.voided), "refunded": sum(of.refunded), "at_risk": sum(of.at_risk),
        "unknown": sum(of.unknown),
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
