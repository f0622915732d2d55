//! What the merchant sees of an answer, as JSON bytes: for the auditor, who reads nothing else.
//!
//! It never adds to what was told. Evidence: `sandbox/simulator/tests/planted.rs`.

use serde_json::{Value, json};
use taptill::error::Error;
use taptill::payment;
use taptill::till::Reply;

use crate::trace::hex;

/// One final result, as text.
pub(crate) fn json(result: &Result<Reply, Error>) -> String {
    match result {
        Ok(reply) => of_reply(reply).to_string(),
        Err(error) => of_error(error).to_string(),
    }
}

fn of_error(error: &Error) -> Value {
    json!({ "error": {
        "code": error.code().code(),
        "money": error.money().word(),
        "reversal": error.reversal().word(),
        "attempt": error.attempt().map(ToString::to_string),
        "host_code": error.host_code().map(ToString::to_string),
        "blockers": error.blockers().iter().map(|blocker| blocker.why).collect::<Vec<_>>(),
    } })
}

fn of_reply(reply: &Reply) -> Value {
    match reply {
        Reply::Payment(payment) => of_payment(payment),
        Reply::Receipt { view, printed_before, .. } => json!({ "receipt": view, "printed_before": printed_before }),
        Reply::Session(session) => json!({ "session": { "operator": session.operator, "waiting": session.waiting } }),
        Reply::State(state) => json!({ "state": {
            "standing": state.standing.word(), "operator": state.operator, "waiting": state.waiting,
            "frozen": state.frozen
        } }),
        Reply::Erased(erased) => json!({ "erased": {
            "certificate": erased.certificate, "exported": erased.exported_sha256, "acknowledged": erased.is_acknowledged
        } }),
        Reply::Exit(view) => json!({ "exit": **view }),
        Reply::Text(text) => json!({ "text": text }),
        _ => json!({ "done": true }),
    }
}

fn of_payment(reply: &payment::Reply) -> Value {
    match reply {
        payment::Reply::Attempt(view) => json!({ "attempt": view }),
        payment::Reply::Page(page) => json!({ "page": page.attempts, "next": page.next }),
        payment::Reply::Resolved(resolved) => json!({ "closed": resolved.closed, "left": resolved.left }),
        payment::Reply::Receipt { view, printed_before } => {
            json!({ "receipt": view, "printed_before": printed_before })
        }
        payment::Reply::Events(page) => json!({ "events": page.events, "more": page.more }),
        payment::Reply::Verified(report) => {
            json!({ "verified": { "size": report.size, "root": hex(&report.root) } })
        }
        payment::Reply::Batch(batch) => json!({ "batch": batch }),
        payment::Reply::Refund(refund) => json!({ "refund": refund }),
        payment::Reply::Refunds(page) => json!({ "refunds": page.refunds, "next": page.next }),
        payment::Reply::Debts(debts) => json!({ "debts": debts }),
        _ => json!({ "done": true }),
    }
}
