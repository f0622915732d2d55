//! Refunds: each is at the host what the till says, and together they are never more than the sale.
//!
//! It never counts what is shown as stuck as paid, nor as not paid. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use serde_json::Value;

use super::calls::Attempts;
use super::journal::Record;
use super::money::{charged_by, lines_of, stuck_is_the_hosts_doing, voided_of};
use super::{Findings, parse, word};
use crate::book::{Book, Line, Seen};

pub(super) fn are_what_the_host_paid(
    book: &Book,
    seen: &Seen,
    record: &Record,
    attempts: &Attempts,
    findings: &mut Findings,
) {
    let refunds: Vec<Value> = seen.refunds.iter().map(|text| parse(text)).collect();
    for refund in &refunds {
        one(book, record, refund, findings);
    }
    for (name, view) in attempts {
        let of_it: Vec<&Value> = refunds.iter().filter(|refund| word(refund, "attempt") == name).collect();
        let paid = paid_for(book, record, name);
        // The host's own lines decide, whatever the till says of the sale; of what is stuck a person has, and may err.
        let is_stuck = [view, &view["void"]].iter().any(|of| word(of, "state") == "reversal_stuck");
        let captured = if is_stuck {
            view["amount"]["minor"].as_u64().unwrap_or(0)
        } else {
            charged_by(book, record, name).saturating_sub(voided_of(book, record, name))
        };
        if paid > captured {
            findings.say(format!("{paid} were paid back of {name}, which holds {captured}"));
        }
        let ours = view["refunded_minor"].as_u64().unwrap_or(0);
        let is_known = of_it.iter().all(|refund| word(refund, "state") != "stuck");
        if is_known && ours != paid {
            findings.say(format!("{ours} of {name} are refunded here and {paid} at the host"));
        }
    }
    for text in seen.calls.iter().flat_map(|call| &call.results) {
        let told = &parse(text)["refund"];
        let evening = refunds.iter().find(|refund| refund["refund"] == told["refund"]);
        let (told_state, state) = (word(told, "state"), evening.map_or("unknown", |refund| word(refund, "state")));
        if told.is_object() && FINAL.contains(&told_state) && told_state != state {
            findings.say(format!("somebody was told that {} is {told_state}, and it is {state}", told["refund"]));
        }
    }
}

/// One refund against the host's lines of it.
fn one(book: &Book, record: &Record, refund: &Value, findings: &mut Findings) {
    let (name, state) = (word(refund, "refund"), word(refund, "state"));
    let lines: Vec<&Line> = lines_of(book, record, name).collect();
    let paid: u64 = lines.iter().map(|line| line.amount_minor).sum();
    if lines.len() > 1 {
        findings.say(format!("{name} was paid {} times", lines.len()));
    }
    let ours = if state == "acknowledged" { refund["amount"]["minor"].as_u64().unwrap_or(0) } else { 0 };
    if state != "stuck" && paid != ours {
        findings.say(format!("{name} is {state} with {ours} here and {paid} at the host"));
    }
    if !FINAL.contains(&state) && state != "waiting" {
        findings.say(format!("{name} is still {state} in the evening"));
    }
    if state == "stuck" {
        stuck_is_the_hosts_doing(book, record, name, findings);
    }
    if ["acknowledged", "stuck", "declined"].contains(&state) {
        let (asked, approval) = (&refund["requested_by"], &refund["approved_by"]);
        let approved = [&approval["operator"]["name"], &approval["name"]].into_iter().find(|name| name.is_string());
        if asked.is_string() && Some(asked) == approved {
            findings.say(format!("{name} was approved by {asked}, who had asked for it"));
        }
    }
}

/// What the host paid back of a sale.
fn paid_for(book: &Book, record: &Record, sale: &str) -> u64 {
    let is_of_it = |line: &&Line| {
        let of = line.of.and_then(|key| record.requests.get(&key));
        line.kind == "refund" && of.is_some_and(|name| name == sale)
    };
    book.lines.iter().filter(is_of_it).map(|line| line.amount_minor).sum()
}

const FINAL: [&str; 5] = ["acknowledged", "declined", "rejected", "expired", "stuck"];
