//! The journal's bytes, read anew: their tree, their order, and what they say of each attempt.
//!
//! It never takes a root for right because the till shows it. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::calls::Attempts;
use super::tree::Tree;
use super::{Findings, parse, word};
use crate::book::Seen;
use crate::trace::hex;

/// What the journal says.
#[derive(Default)]
pub(super) struct Record {
    /// Batch and STAN of each request, and whose it was.
    pub requests: BTreeMap<(u32, u32), String>,
    /// Every batch that the till calls closed, as often as it does.
    pub closed: Vec<u32>,
    /// The sale of each void.
    pub voids: BTreeMap<String, String>,
    /// Where each attempt stands by its last step.
    pub states: BTreeMap<String, &'static str>,
}

/// Reads all events, and holds every root that was shown against a tree of its own.
pub(super) fn read(seen: &Seen, findings: &mut Findings) -> Record {
    let (mut tree, mut roots, mut record) = (Tree::default(), vec![String::new()], Record::default());
    for (place, bytes) in seen.journal.iter().enumerate() {
        tree.add(bytes);
        roots.push(hex(&tree.root()));
        let event: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        if event["seq"].as_u64() != Some(place as u64 + 1) {
            findings.say(format!("event {} of the journal says that it is {}", place + 1, event["seq"]));
        }
        take(&mut record, &event, findings);
    }
    // Closing the till adds a sign-out and perhaps a checkpoint.
    match &seen.head {
        None => findings.say("nobody was told the journal's head".to_owned()),
        Some((size, root)) => {
            if roots.get(*size as usize) != Some(root) {
                findings.say(format!("the till showed the root {root} at {size} events, and the bytes have another"));
            }
        }
    }
    let told = seen.calls.iter().flat_map(|call| &call.results);
    for text in told.chain(&seen.attempts).chain(&seen.refunds) {
        for place in places(&parse(text)) {
            let (sequence, root) = (place["sequence"].as_u64().unwrap_or(0), word(&place, "root").to_owned());
            if roots.get(sequence as usize) != Some(&root) {
                findings.say(format!("somebody was shown the root {root} at {sequence}, and the bytes have another"));
            }
        }
    }
    record
}

/// Every place in the journal that an answer shows.
fn places(value: &Value) -> Vec<Value> {
    let attempts = [&value["attempt"], &value["receipt"], &value["refund"], &value["batch"], value].into_iter();
    let lists =
        ["page", "closed", "left", "refunds", "debts"].into_iter().filter_map(|name| value[name].as_array()).flatten();
    attempts.chain(lists).map(|view| view["journal"].clone()).filter(Value::is_object).collect()
}

fn take(record: &mut Record, event: &Value, findings: &mut Findings) {
    let (kind, attempt) = (word(event, "kind"), word(event, "attempt").to_owned());
    let body = &event["body"];
    if kind == "batch.closed" {
        record.closed.push(body["batch"].as_u64().or_else(|| word(body, "batch").parse().ok()).unwrap_or(0) as u32);
    }
    if let Some(owner) = owner(kind, &attempt, body) {
        let number = |name: &str| {
            let value = &body[name];
            value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0) as u32
        };
        let key = (number("batch"), number("stan"));
        let other = record.requests.insert(key, owner.clone());
        if let Some(other) = other.filter(|other| *other != owner || kind == "attempt.prepared") {
            findings.say(format!("STAN {} of batch {} belongs to {other} and to {owner}", key.1, key.0));
        }
    }
    if kind == "journal.rolled_back" {
        findings.say("the till says that older files were put back, and nobody did that".to_owned());
    }
    // The approval of a void is the end of its sale too.
    if kind == "attempt.prepared" && body["of"].is_string() {
        record.voids.insert(attempt.clone(), word(body, "of").to_owned());
    }
    if kind == "attempt.approved"
        && let Some(of) = record.voids.get(&attempt)
    {
        record.states.insert(of.clone(), "voided");
    }
    if let Some((_, state)) = STEPS.iter().find(|(step, _)| *step == kind) {
        record.states.insert(attempt, state);
    }
}

/// Whose number an event takes into use.
fn owner(kind: &str, attempt: &str, body: &Value) -> Option<String> {
    match kind {
        "attempt.prepared" => Some(attempt.to_owned()),
        "refund.prepared" => Some(word(body, "refund").to_owned()),
        "batch.sent" => Some(format!("the totals of {}", body["batch"])),
        "batch.end_sent" => Some(format!("the end of {}", body["batch"])),
        _ => None,
    }
}

/// Where each step leaves an attempt.
const STEPS: [(&str, &str); 8] = [
    ("attempt.prepared", "prepared"),
    ("attempt.in_doubt", "in_doubt"),
    ("attempt.approved", "approved"),
    ("attempt.declined", "declined"),
    ("attempt.not_sent", "not_sent"),
    ("attempt.reversal_due", "reversal_due"),
    ("attempt.reversed", "reversed"),
    ("attempt.reversal_stuck", "reversal_stuck"),
];

/// What the till says of its attempts is what its journal says.
pub(super) fn states_agree(record: &Record, attempts: &Attempts, findings: &mut Findings) {
    for (attempt, state) in &record.states {
        match attempts.get(attempt) {
            None => findings.say(format!("{attempt} is in the journal and in no list")),
            Some(view) if word(view, "state") != *state => {
                findings.say(format!("{attempt} is shown as {} and was left {state}", word(view, "state")));
            }
            Some(_) => {}
        }
    }
    for attempt in attempts.keys().filter(|attempt| !record.states.contains_key(*attempt)) {
        findings.say(format!("{attempt} is in a list and not in the journal"));
    }
}
