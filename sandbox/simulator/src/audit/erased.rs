//! A till that is gone: it was let go with nothing open, its records were handed out whole and agree with the host's
//! book, nothing of it is left that opens, and its certificate holds without it.
//!
//! What was handed out and what lies where the till was is read here as anybody could read it.
//! It never believes a certificate for what it says. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::calls::Attempts;
use super::notes::{Signed, decoded};
use super::tree::Tree;
use super::{Findings, events, parse, word};
use crate::book::{Book, Gone, Seen};
use crate::trace::hex;

/// Whoever is let go has nothing open, is not frozen, and two people have agreed.
pub(super) fn nobody_is_let_go_with_money_open(seen: &Seen, findings: &mut Findings) {
    let (mut open, mut is_frozen, mut unsettled) = (BTreeSet::new(), false, BTreeSet::new());
    for event in events(seen) {
        let (kind, body) = (word(&event, "kind"), &event["body"]);
        let of = match word(&event, "attempt") {
            "" => word(body, "refund").to_owned(),
            attempt => attempt.to_owned(),
        };
        match kind {
            "till.frozen" => is_frozen = true,
            "till.released" => is_frozen = false,
            "batch.closed" => unsettled.clear(),
            _ if OPENS.contains(&kind) => {
                open.insert(of.clone());
            }
            _ if CLOSES.contains(&kind) => {
                open.remove(&of);
            }
            "till.deregistered" | "till.erasing" => {
                let (by, second) = (word(&event, "operator"), word(body, "second"));
                if kind == "till.deregistered" && (second.is_empty() || second == by) {
                    findings.say(format!("deregistered by {by:?} and {second:?}"));
                }
                if is_frozen || !open.is_empty() || !unsettled.is_empty() {
                    let why = format!("open {open:?}, not settled {unsettled:?}, frozen {is_frozen}");
                    findings.say(format!("{kind} while it must not be: {why}"));
                }
            }
            _ => {}
        }
        if ["attempt.approved", "refund.acknowledged"].contains(&kind) {
            unsettled.insert(of);
        }
    }
}

const OPENS: [&str; 5] =
    ["attempt.in_doubt", "attempt.reversal_due", "refund.requested", "refund.approved", "refund.stuck"];
const CLOSES: [&str; 11] = [
    "attempt.approved",
    "attempt.declined",
    "attempt.not_sent",
    "attempt.reversed",
    "attempt.decided",
    "refund.acknowledged",
    "refund.declined",
    "refund.rejected",
    "refund.expired",
    "refund.decided",
    "refund.withdrawn",
];

/// Whether the till is gone, or says what keeps it.
pub(crate) fn is_farewell(text: &str) -> bool {
    let told = parse(text);
    let blockers = told["error"]["blockers"].as_array().map_or(0, Vec::len);
    told["erased"].is_object() || word(&told["error"], "code") == "deregistration_blocked" && blockers > 0
}

pub(super) fn a_till_that_is_gone_left_nothing(book: &Book, seen: &Seen, attempts: &Attempts, findings: &mut Findings) {
    let Some(gone) = &seen.gone else { return };
    if seen.calls.iter().all(|call| call.what != "deregister") {
        findings.say("the till is gone, and nobody wished for that".to_owned());
    }
    export_is_whole(gone, findings);
    export_agrees(gone, seen, attempts, findings);
    certificate_holds(book, gone, findings);
    for (what, left) in [("files", &gone.files), ("device keys", &gone.device_keys), ("ways in", &gone.ways_in)] {
        if !left.is_empty() {
            findings.say(format!("the till is gone, and of its {what} there are {left:?}"));
        }
    }
    if gone.ways_in_before.is_empty() {
        findings.say("nobody got in before either: that nobody gets in now says nothing".to_owned());
    }
}

/// Every file that the list names is there as it says, and no other.
fn export_is_whole(gone: &Gone, findings: &mut Findings) {
    let Some(sums) = gone.exported.get(SUMS) else {
        return findings.say("the till is gone, and what was handed out has no list".to_owned());
    };
    let listed: BTreeMap<&str, &str> = sums.lines().filter_map(|line| line.split_once("  ")).map(swapped).collect();
    for (name, text) in gone.exported.iter().filter(|(name, _)| ![SUMS, CERTIFICATE].contains(&name.as_str())) {
        let sum = hex(digest(&SHA256, text.as_bytes()).as_ref());
        if listed.get(name.as_str()) != Some(&sum.as_str()) {
            findings.say(format!("{name} was handed out, and is not what the list says"));
        }
    }
    for name in listed.keys().chain(&WANTED).filter(|name| !gone.exported.contains_key(**name)) {
        findings.say(format!("{name} was never handed out"));
    }
}

fn swapped<A, B>((one, other): (A, B)) -> (B, A) {
    (other, one)
}

const SUMS: &str = "sha256sums.txt";
const CERTIFICATE: &str = "certificate.txt";
const WANTED: [&str; 6] =
    ["events.jsonl", "checkpoint.txt", "deregistration.txt", "payments.csv", "refunds.csv", "batches.csv"];

/// The tables are what the merchant last saw, payment by payment.
fn export_agrees(gone: &Gone, seen: &Seen, attempts: &Attempts, findings: &mut Findings) {
    let refunds = seen.refunds.iter().map(|text| parse(text));
    let refunds: Attempts = refunds.map(|view| (word(&view, "refund").to_owned(), view)).collect();
    for (file, shown) in [("payments.csv", attempts), ("refunds.csv", &refunds)] {
        let rows = rows(gone.exported.get(file).map_or("", String::as_str));
        if rows.len() != shown.len() {
            findings.say(format!("{file} has {} rows, and {} were shown", rows.len(), shown.len()));
        }
        for row in rows {
            let name = if file == "payments.csv" { &row["attempt"] } else { &row["refund"] };
            let view = shown.get(name).unwrap_or(&Value::Null);
            let minor = view["amount"]["minor"].as_u64().unwrap_or(0);
            if row["state"] != word(view, "state") || row["amount"].replace('.', "") != format!("{minor:03}") {
                let (state, amount) = (&row["state"], &row["amount"]);
                findings.say(format!("{file} says {state} of {name} with {amount}, and {view} was shown"));
            }
        }
    }
}

/// The rows of a table by the names of their columns. No field here has a comma of its own.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let named = |line: &str| -> BTreeMap<String, String> {
        columns.iter().zip(line.split(',')).map(|(name, field)| ((*name).to_owned(), field.to_owned())).collect()
    };
    lines.map(named).collect()
}

/// One certificate, signed by the key that the acquirer has signed; it names all events and their root.
fn certificate_holds(book: &Book, gone: &Gone, findings: &mut Findings) {
    let [certificate] = gone.certificates.as_slice() else {
        return findings.say(format!("{} certificates lie where the till was", gone.certificates.len()));
    };
    if let Err(why) = checked(certificate, book, gone) {
        findings.say(format!("the certificate of the erasure does not hold: {why}"));
    }
}

fn checked(certificate: &str, book: &Book, gone: &Gone) -> Result<(), &'static str> {
    let note = Signed::read(certificate).ok_or("it is no signed note")?;
    let (said, statement) = note.text.split_once("\n\n").ok_or("it has no statement")?;
    let statement = Signed::read(statement).ok_or("its statement is no signed note")?;
    if !statement.is_by(&book.acquirer_key) {
        return Err("the acquirer has not signed its statement");
    }
    if !book.let_go.iter().any(|told| told == statement.text) {
        return Err("the acquirer never heard its statement");
    }
    let line = |name: &str| said.lines().find_map(|line| line.strip_prefix(name));
    let key = statement.text.lines().find_map(|line| line.strip_prefix("erasure key ")).ok_or("it names no key")?;
    if !note.is_by(key) {
        return Err("the key of its statement has not signed it");
    }
    let mut tree = Tree::default();
    let events: Vec<&str> = gone.exported.get("events.jsonl").map_or(Vec::new(), |text| text.lines().collect());
    events.iter().for_each(|event| tree.add(event.as_bytes()));
    if line("size ") != Some(events.len().to_string().as_str()) {
        return Err("it is of another number of events");
    }
    if line("root ").and_then(decoded).as_deref() != Some(&tree.root()) {
        return Err("it is of another root");
    }
    Ok(())
}
