//! Batches: closed once, by both, with the same totals, which are also the auditor's own.
//!
//! It never compares a batch that holds something stuck: of that nobody knows. Evidence:
//! `sandbox/simulator/src/audit/tests.rs`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::calls::Attempts;
use super::journal::Record;
use super::{Findings, parse, word};
use crate::book::{Arrival, Book, Closing, Seen, Sums};

pub(super) fn are_closed_once_and_equal(
    book: &Book,
    seen: &Seen,
    record: &Record,
    attempts: &Attempts,
    findings: &mut Findings,
) {
    let mut times: BTreeMap<u32, u32> = BTreeMap::new();
    record.closed.iter().for_each(|batch| *times.entry(*batch).or_default() += 1);
    for closing in &book.closings {
        let ours = times.remove(&closing.batch).unwrap_or(0);
        if (closing.times, ours) != (1, 1) {
            let Closing { batch, times, .. } = closing;
            findings.say(format!("batch {batch} was closed {ours} times here and {times} times at the host"));
        }
        is_asked_for_once(closing.batch, book, findings);
        sums_are_equal(closing, seen, record, attempts, findings);
    }
    for (batch, _) in times {
        findings.say(format!("batch {batch} is closed here and open at the host"));
    }
    for (name, view) in attempts {
        let batch = view["batch"].as_u64().or_else(|| word(view, "batch").parse().ok()).unwrap_or(0) as u32;
        let is_settled = view["settled"].as_bool() == Some(true);
        let is_booked = ["approved", "voided"].contains(&word(view, "state"));
        if is_booked && is_settled != record.closed.contains(&batch) {
            findings.say(format!("{name} of batch {batch} is shown as settled: {is_settled}"));
        }
    }
}

/// A batch that the host has agreed to close is not named anew under another number.
fn is_asked_for_once(batch: u32, book: &Book, findings: &mut Findings) {
    for op in ["settle", "settle_end"] {
        // A host that has refused it before may be asked anew.
        let is_of_it = |arrival: &&Arrival| arrival.op == op && arrival.batch == batch;
        if book.arrivals.iter().filter(is_of_it).any(|arrival| arrival.code != "00") {
            continue;
        }
        let agreed = |arrival: &&Arrival| arrival.op == op && arrival.batch == batch && arrival.code == "00";
        let numbers: BTreeSet<u32> = book.arrivals.iter().filter(agreed).map(|arrival| arrival.stan).collect();
        if numbers.len() > 1 {
            findings.say(format!("{op} of batch {batch} was agreed to under {} numbers", numbers.len()));
        }
    }
}

fn sums_are_equal(closing: &Closing, seen: &Seen, record: &Record, attempts: &Attempts, findings: &mut Findings) {
    let (ours, has_stuck) = own_sums(closing.batch, seen, record, attempts);
    if has_stuck {
        return;
    }
    let uploaded = (closing.uploaded > 0).then_some(("the upload", closing.records));
    for (whose, sums) in [("the host", closing.host), ("the till", closing.till)].into_iter().chain(uploaded) {
        if sums != ours {
            findings.say(format!("batch {}: {whose} counts {sums:?}, the records are {ours:?}", closing.batch));
        }
    }
    for text in seen.calls.iter().flat_map(|call| &call.results) {
        let batch = &parse(text)["batch"];
        if word(batch, "state") == "closed" && number(&batch["batch"]) == u64::from(closing.batch) {
            let shown = shown_sums(batch);
            if shown != ours {
                findings.say(format!("batch {}: {shown:?} are shown, the records are {ours:?}", closing.batch));
            }
        }
    }
}

/// What the records of a batch add up to, and whether one of them is stuck.
fn own_sums(batch: u32, seen: &Seen, record: &Record, attempts: &Attempts) -> (Sums, bool) {
    let (mut sums, mut has_stuck) = (Sums::default(), false);
    let refunds: Vec<Value> = seen.refunds.iter().map(|text| parse(text)).collect();
    for ((_, stan), owner) in record.requests.iter().filter(|((of, _), _)| *of == batch) {
        let mut add = |place: usize, minor: &Value| {
            sums[place].0 += 1;
            sums[place].1 += minor.as_u64().unwrap_or(0);
        };
        if let Some(view) = attempts.get(owner).filter(|view| number(&view["stan"]) == u64::from(*stan)) {
            has_stuck |= word(view, "state") == "reversal_stuck";
            if ["approved", "voided"].contains(&word(view, "state")) {
                add(usize::from(record.voids.contains_key(owner)), &view["amount"]["minor"]);
            }
        }
        let refund = refunds.iter().find(|refund| word(refund, "refund") == owner);
        if let Some(refund) = refund.filter(|refund| number(&refund["stan"]) == u64::from(*stan)) {
            has_stuck |= word(refund, "state") == "stuck";
            if word(refund, "state") == "acknowledged" {
                add(2, &refund["amount"]["minor"]);
            }
        }
    }
    (sums, has_stuck)
}

/// The totals that somebody was shown, over all currencies.
fn shown_sums(batch: &Value) -> Sums {
    let mut sums = Sums::default();
    for currency in batch["totals"].as_array().into_iter().flatten() {
        for (place, kind) in ["sale", "void", "refund"].into_iter().enumerate() {
            let sum = &currency["sums"][kind];
            sums[place].0 += sum["count"].as_u64().unwrap_or(0);
            sums[place].1 += sum["minor"].as_u64().unwrap_or(0);
        }
    }
    sums
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

/// The number of a batch that the host has refused by a word of its own.
pub(crate) fn batch_refused(text: &str) -> Option<u32> {
    let batch = &parse(text)["batch"];
    let is_refused = word(batch, "reason") == "host";
    is_refused.then(|| u32::try_from(number(&batch["batch"])).ok()).flatten()
}

/// Whether a settlement came to an end: closed, or refused by name.
pub(crate) fn settlement_has_ended(text: &str) -> bool {
    let value = parse(text);
    let refusals = ["settlement_blocked", "batch_empty", "journal_rolled_back"];
    word(&value["batch"], "state") == "closed" || refusals.contains(&word(&value["error"], "code"))
}
