//! The calls about what comes after a sale: voids, refunds, debts, settlement, the statement check and leaving.

use std::future::Future;
use std::sync::Arc;

use serde_json::{Value, json};
use taptill_ffi::{
    Amount, BatchDecision, Decision, Leaving, Refund, RefundDecision, RefundOf, RefundQuery, Refunds, Settlement,
    StatementCheck, StatementFile, Statements, TillError, VoidOrder,
};

use crate::args::{Args, Failure};
use crate::bench::{Answer, Bench};
use crate::face::{language, one_of, payments, receipt, terminal, told, wait, width};
use crate::people::{ALICE, person};
use crate::values;

/// All of them.
pub const CALLS: [&str; 21] = [
    "start_void",
    "debts",
    "decide",
    "request_refund",
    "approve_refund",
    "approve_refund_as",
    "reject_refund",
    "decide_refund",
    "refunds",
    "voucher",
    "settle",
    "batch",
    "batch_report",
    "decide_batch",
    "exit_checklist",
    "exit",
    "check_statement_file",
    "check_statement_host",
    "differences",
    "statement_summary",
    "last_statement_check",
];

pub fn call(bench: &mut Bench<'_>, name: &str, with: Args) -> Result<Answer, Failure> {
    Ok(told(match name {
        "start_void" | "debts" | "decide" => of_debts(bench, name, with)?,
        "settle" | "batch" | "batch_report" | "decide_batch" => of_settlement(bench, name, with)?,
        "exit_checklist" | "exit" => of_leaving(bench, name, with)?,
        "refunds" | "voucher" => of_refunds(bench, name, with)?,
        refund if refund.contains("refund") => of_refunds(bench, name, with)?,
        _ => of_statements(bench, name, with)?,
    }))
}

fn of_debts(bench: &mut Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    Ok(match name {
        "start_void" => {
            let order = VoidOrder { of: with.text("of")?, attempt: with.optional_text("attempt")? };
            with.finish()?;
            let started = payments(bench)?.and_then(|payments| payments.start_void(order));
            started.and_then(|operation| {
                let attempt = operation.attempt()?;
                bench.operation = Some(operation);
                Ok(json!({ "attempt": attempt }))
            })
        }
        "debts" => {
            with.finish()?;
            payments(bench)?.and_then(|payments| payments.debts()).map(|debts| values::attempts(&debts))
        }
        _ => {
            let attempt = with.text("attempt")?;
            let decision = one_of(&with.text("decision")?, [Decision::Charged, Decision::NotCharged])?;
            with.finish()?;
            let decided = payments(bench)?.and_then(|payments| payments.decide(&attempt, decision));
            decided.map(|attempt| values::attempt(&attempt))
        }
    })
}

fn of_refunds(bench: &Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    let refund = |result: Result<Refund, TillError>| result.map(|refund| values::refund(&refund));
    Ok(match name {
        "request_refund" => {
            let of = refund_of(&mut with)?;
            let currency = with.text_or("currency", "CNY")?;
            let amount = Amount { minor: with.whole("minor")?, currency };
            let name = with.optional_text("name")?;
            with.finish()?;
            refund(asked(bench, refunds(bench)?, |refunds| async move { refunds.request(of, amount, name).await })?)
        }
        "approve_refund" => {
            let id = with.text("refund")?;
            with.finish()?;
            refund(asked(bench, refunds(bench)?, |refunds| async move { refunds.approve(id).await })?)
        }
        "approve_refund_as" => {
            let (id, (who, password)) = (with.text("refund")?, person(&mut with, ALICE)?);
            with.finish()?;
            let started = refunds(bench)?.and_then(|refunds| refunds.approve_as(&id, &who, password.as_bytes()));
            match started {
                Ok(work) => wait(bench, work.await_done())?.map(|done| values::refund(&done.refund.unwrap())),
                Err(error) => Err(error),
            }
        }
        "reject_refund" => {
            let (id, reason) = (with.text("refund")?, with.text("reason")?);
            with.finish()?;
            refund(asked(bench, refunds(bench)?, |refunds| async move { refunds.reject(id, reason).await })?)
        }
        "decide_refund" => {
            let id = with.text("refund")?;
            let decision = one_of(&with.text("decision")?, [RefundDecision::Paid, RefundDecision::NotPaid])?;
            with.finish()?;
            refund(refunds(bench)?.and_then(|refunds| refunds.decide(&id, decision)))
        }
        "refunds" => {
            let query = RefundQuery {
                limit: with.optional_whole("limit")?.unwrap_or(20),
                attempt: with.optional_text("attempt")?,
                cursor: with.optional_text("cursor")?,
            };
            with.finish()?;
            let page = refunds(bench)?.and_then(|refunds| refunds.list(query));
            page.map(|page| json!({ "refunds": values::refunds(&page.refunds), "next": page.next }))
        }
        _ => {
            let (id, request) = (with.text("refund")?, receipt(&mut with)?);
            with.finish()?;
            refunds(bench)?.and_then(|refunds| refunds.voucher(&id, request)).map(Value::from)
        }
    })
}

/// How a case names the sale.
fn refund_of(with: &mut Args) -> Result<RefundOf, Failure> {
    let (attempt, order, rrn) =
        (with.optional_text("attempt")?, with.optional_text("order")?, with.optional_text("rrn")?);
    let (stan, batch) = (with.optional_whole("stan")?, with.optional_whole("batch")?);
    match (attempt, order, rrn, stan, batch) {
        (Some(attempt), None, None, None, None) => Ok(RefundOf::Attempt { attempt }),
        (None, Some(order), None, None, None) => Ok(RefundOf::Order { order }),
        (None, None, Some(rrn), None, None) => Ok(RefundOf::Rrn { rrn }),
        (None, None, None, Some(stan), batch) => Ok(RefundOf::Receipt { stan, batch }),
        _ => Err(Failure::unknown("a refund's sale is named in one way")),
    }
}

fn of_settlement(bench: &Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    if name == "settle" {
        with.finish()?;
        let settled = asked(bench, settlement(bench)?, |settlement| async move { settlement.settle().await })?;
        return Ok(settled.map(|batch| values::batch(&batch)));
    }
    if name == "decide_batch" {
        let number = with.whole("number")?;
        let decision = one_of(&with.text("decision")?, [BatchDecision::Closed, BatchDecision::NotClosed])?;
        with.finish()?;
        let decided = settlement(bench)?.and_then(|settlement| settlement.decide(number, decision));
        return Ok(decided.map(|batch| values::batch(&batch)));
    }
    let number = with.optional_whole("number")?;
    if name == "batch" {
        with.finish()?;
        let batch = settlement(bench)?.and_then(|settlement| settlement.batch(number));
        return Ok(batch.map(|batch| values::batch(&batch)));
    }
    let (width, language) = (width(&mut with)?, language(&mut with)?);
    with.finish()?;
    Ok(settlement(bench)?.and_then(|settlement| settlement.report(number, width, language)).map(Value::from))
}

fn of_leaving(bench: &Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    if name == "exit_checklist" {
        with.finish()?;
        let list = leaving(bench)?.and_then(|leaving| leaving.checklist());
        return Ok(list.map(|list| values::exit(&list)));
    }
    let force = with.optional_text("force")?;
    with.finish()?;
    let left = asked(bench, leaving(bench)?, |leaving| async move { leaving.exit(force).await })?;
    Ok(left.map(|left| values::exit(&left)))
}

fn of_statements(bench: &mut Bench<'_>, name: &str, mut with: Args) -> Result<Result<Value, TillError>, Failure> {
    match name {
        "check_statement_file" => {
            let (path, columns) = (with.text("file")?, with.optional_text("columns")?);
            let file = match with.text_or("format", "csv")?.as_str() {
                "csv" => StatementFile::Csv { columns },
                "camt" => StatementFile::Camt,
                other => return Err(Failure::unknown(format!("there is no format {other}"))),
            };
            let (from, to) = (with.optional_text("from")?, with.optional_text("to")?);
            with.finish()?;
            let began = statements(bench)?.and_then(|statements| statements.check_file(&path, file, from, to));
            Ok(began.map(|check| bench.check = Some(check)).map(|()| Value::Null))
        }
        "check_statement_host" => {
            let (from, to) = (with.text("from")?, with.text("to")?);
            with.finish()?;
            let began = statements(bench)?.and_then(|statements| statements.check_host(from, to));
            Ok(began.map(|check| bench.check = Some(check)).map(|()| Value::Null))
        }
        "differences" => {
            let limit = with.optional_whole("limit")?.unwrap_or(100);
            with.finish()?;
            wait(bench, check(bench)?.next(limit)).map(|page| page.map(|page| values::differences(&page)))
        }
        "statement_summary" => {
            with.finish()?;
            let check = check(bench)?;
            wait(bench, check.await_summary()).map(|ended| ended.map(|summary| values::summary(&summary)))
        }
        _ => {
            with.finish()?;
            let last = statements(bench)?.and_then(|statements| statements.last());
            Ok(last.map(|last| last.as_ref().map(values::summary).into()))
        }
    }
}

/// Asks an object of the face, where there is one, and waits.
fn asked<O, T, F: Future<Output = Result<T, TillError>>>(
    bench: &Bench<'_>,
    object: Result<Arc<O>, TillError>,
    call: impl FnOnce(Arc<O>) -> F,
) -> Result<Result<T, TillError>, Failure> {
    match object {
        Ok(object) => wait(bench, call(object)),
        Err(error) => Ok(Err(error)),
    }
}

fn refunds(bench: &Bench<'_>) -> Result<Result<Arc<Refunds>, TillError>, Failure> {
    Ok(terminal(bench)?.refunds())
}

fn settlement(bench: &Bench<'_>) -> Result<Result<Arc<Settlement>, TillError>, Failure> {
    Ok(terminal(bench)?.settlement())
}

fn statements(bench: &Bench<'_>) -> Result<Result<Arc<Statements>, TillError>, Failure> {
    Ok(terminal(bench)?.statements())
}

fn leaving(bench: &Bench<'_>) -> Result<Result<Arc<Leaving>, TillError>, Failure> {
    Ok(terminal(bench)?.leaving())
}

fn check(bench: &Bench<'_>) -> Result<Arc<StatementCheck>, Failure> {
    bench.check.clone().ok_or_else(|| Failure::unknown("no statement check was begun"))
}
