//! The two books: what the host holds for an attempt is what the till says of it.
//!
//! It never counts a debt that is shown as stuck as closed, nor as wrong. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Attempts;
use super::journal::Record;
use super::{Findings, word};
use crate::book::{Book, Line};

/// The host's lines of one attempt, whatever numbers it had.
fn lines_of<'a>(book: &'a Book, record: &'a Record, attempt: &'a str) -> impl Iterator<Item = &'a Line> {
    let is_ours = move |line: &&Line| record.requests.get(&(line.batch, line.stan)).is_some_and(|name| name == attempt);
    book.lines.iter().filter(is_ours)
}

/// What the host holds for an attempt.
pub(super) fn net_of(book: &Book, record: &Record, attempt: &str) -> u64 {
    lines_of(book, record, attempt).filter(|line| !line.is_reversed).map(|line| line.amount_minor).sum()
}

pub(super) fn books_are_equal(book: &Book, record: &Record, attempts: &Attempts, findings: &mut Findings) {
    for line in &book.lines {
        if !line.is_reversed && !record.requests.contains_key(&(line.batch, line.stan)) {
            let Line { amount_minor, batch, stan, .. } = line;
            findings
                .say(format!("the host holds {amount_minor} for STAN {stan} of batch {batch}, unknown to the till"));
        }
    }
    for (name, view) in attempts {
        let debts = lines_of(book, record, name).filter(|line| !line.is_reversed).count();
        if debts > 1 {
            findings.say(format!("{name} has {debts} debts at the host"));
        }
        let (state, net) = (word(view, "state"), net_of(book, record, name));
        let ours = if state == "approved" { view["amount"]["minor"].as_u64().unwrap_or(0) } else { 0 };
        if state != "reversal_stuck" && net != ours {
            findings.say(format!("{name} is {state} with {ours} here and {net} at the host"));
        }
        let rrn = word(view, "rrn");
        if state == "approved" && lines_of(book, record, name).all(|line| line.rrn != rrn) {
            findings.say(format!("{name} is approved as {rrn:?}, which the host never said of it"));
        }
    }
}

/// Whatever comes a second time says so, where the dialect has words for it; what the line itself doubles does not.
pub(super) fn repeats_are_marked(book: &Book, findings: &mut Findings) {
    let mut heard: BTreeMap<(&str, u32, u32), Vec<[u8; 32]>> = BTreeMap::new();
    for arrival in book.arrivals.iter().filter(|arrival| MARKED.contains(&arrival.op.as_str())) {
        let before = heard.entry((&arrival.op, arrival.batch, arrival.stan)).or_default();
        if !before.is_empty() && !before.contains(&arrival.fingerprint) && !arrival.is_repeat && book.marks_repeats {
            findings.say(format!("{} {} of batch {} came again as a new one", arrival.op, arrival.stan, arrival.batch));
        }
        before.push(arrival.fingerprint);
    }
}

/// What a till sends again.
const MARKED: [&str; 6] = ["reversal", "void_reversal", "refund", "settle", "batch_upload", "settle_end"];

/// One number of a batch is one request's.
pub(super) fn numbers_are_used_once(book: &Book, findings: &mut Findings) {
    let mut heard: BTreeMap<(u32, u32), BTreeSet<[u8; 32]>> = BTreeMap::new();
    for arrival in book.arrivals.iter().filter(|arrival| arrival.op == "sale") {
        heard.entry((arrival.batch, arrival.stan)).or_default().insert(arrival.fingerprint);
    }
    for ((batch, stan), requests) in heard {
        if requests.len() > 1 {
            findings.say(format!("STAN {stan} of batch {batch} came with {} requests", requests.len()));
        }
    }
}
