//! The two books: what the host holds for an attempt is what the till says of it.
//!
//! It never counts a debt that is shown as stuck as closed, nor as wrong. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::calls::Attempts;
use super::journal::Record;
use super::{Findings, word};
use crate::book::{Arrival, Book, Line};

/// The host's lines of one request of ours, whatever numbers it had.
pub(super) fn lines_of<'a>(book: &'a Book, record: &'a Record, owner: &'a str) -> impl Iterator<Item = &'a Line> {
    let is_ours = move |line: &&Line| record.requests.get(&(line.batch, line.stan)).is_some_and(|name| name == owner);
    book.lines.iter().filter(is_ours)
}

/// What the host holds of an attempt's own lines: what a sale charged, or what a void took back.
pub(super) fn charged_by(book: &Book, record: &Record, attempt: &str) -> u64 {
    lines_of(book, record, attempt).filter(|line| !line.is_reversed).map(|line| line.amount_minor).sum()
}

/// What voids that the host holds took back of a sale.
pub(super) fn voided_of(book: &Book, record: &Record, sale: &str) -> u64 {
    let is_of_it = |line: &&Line| {
        let of = line.of.and_then(|key| record.requests.get(&key));
        line.kind == "void" && !line.is_reversed && of.is_some_and(|name| name == sale)
    };
    book.lines.iter().filter(is_of_it).map(|line| line.amount_minor).sum()
}

pub(super) fn books_are_equal(book: &Book, record: &Record, attempts: &Attempts, findings: &mut Findings) {
    for line in &book.lines {
        if !line.is_reversed && !record.requests.contains_key(&(line.batch, line.stan)) {
            let Line { kind, amount_minor, batch, stan, .. } = line;
            let what = format!("a {kind} of {amount_minor} under STAN {stan} of batch {batch}");
            findings.say(format!("the host holds {what}, unknown to the till"));
        }
    }
    for (name, view) in attempts {
        let debts = lines_of(book, record, name).filter(|line| !line.is_reversed).count();
        if debts > 1 {
            findings.say(format!("{name} has {debts} debts at the host"));
        }
        sums_are_equal(name, view, (charged_by(book, record, name), voided_of(book, record, name)), findings);
        if word(view, "state") == "reversal_stuck" {
            stuck_is_the_hosts_doing(book, record, name, findings);
        }
        let rrn = word(view, "rrn");
        let is_approved = ["approved", "voided"].contains(&word(view, "state"));
        if is_approved && lines_of(book, record, name).all(|line| line.rrn != rrn) {
            findings.say(format!("{name} is approved as {rrn:?}, which the host never said of it"));
        }
    }
}

/// What the host holds of an attempt is what the till says; of what is shown as stuck nobody knows.
fn sums_are_equal(name: &str, view: &Value, (charged, voided): (u64, u64), findings: &mut Findings) {
    let (state, amount) = (word(view, "state"), view["amount"]["minor"].as_u64().unwrap_or(0));
    let ours = if ["approved", "voided"].contains(&state) { amount } else { 0 };
    if state != "reversal_stuck" && charged != ours {
        findings.say(format!("{name} is {state} with {ours} here and {charged} at the host"));
    }
    let taken_back = if state == "voided" { amount } else { 0 };
    let is_known = word(&view["void"], "state") != "reversal_stuck";
    if is_known && voided != taken_back {
        findings.say(format!("{taken_back} of {name} are voided here and {voided} at the host"));
    }
}

/// Silence makes nothing stuck: the host has said of it what nobody can make sense of.
pub(super) fn stuck_is_the_hosts_doing(book: &Book, record: &Record, owner: &str, findings: &mut Findings) {
    let is_about_it = |arrival: &&Arrival| {
        let of = arrival.of.unwrap_or((arrival.batch, arrival.stan));
        record.requests.get(&of).is_some_and(|name| name == owner)
    };
    if book.arrivals.iter().filter(is_about_it).all(|arrival| arrival.code == "00") {
        findings.say(format!("{owner} is stuck, and the host never said anything that makes it so"));
    }
}

/// Of all that comes for one request, one message at most says that it is the first; what the line doubles is one message.
pub(super) fn repeats_are_marked(book: &Book, findings: &mut Findings) {
    let mut firsts: BTreeMap<(&str, u32, u32), BTreeSet<[u8; 32]>> = BTreeMap::new();
    let is_a_first = |arrival: &&Arrival| MARKED.contains(&&*arrival.op) && !arrival.is_repeat;
    for arrival in book.arrivals.iter().filter(|_| book.marks_repeats).filter(is_a_first) {
        firsts.entry((&arrival.op, arrival.batch, arrival.stan)).or_default().insert(arrival.fingerprint);
    }
    for ((op, batch, stan), messages) in firsts {
        if messages.len() > 1 {
            findings.say(format!("{op} {stan} of batch {batch} came {} times as a new one", messages.len()));
        }
    }
}

/// What a till sends again.
const MARKED: [&str; 6] = ["reversal", "void_reversal", "refund", "settle", "batch_upload", "settle_end"];

/// One number of a batch is one request's.
pub(super) fn numbers_are_used_once(book: &Book, findings: &mut Findings) {
    let mut heard: BTreeMap<(u32, u32), BTreeSet<[u8; 32]>> = BTreeMap::new();
    for arrival in book.arrivals.iter().filter(|arrival| ["sale", "void"].contains(&&*arrival.op)) {
        heard.entry((arrival.batch, arrival.stan)).or_default().insert(arrival.fingerprint);
    }
    for ((batch, stan), requests) in heard {
        if requests.len() > 1 {
            findings.say(format!("STAN {stan} of batch {batch} came with {} requests", requests.len()));
        }
    }
}
