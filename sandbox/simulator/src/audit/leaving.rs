//! Freezing and leaving: what the journal says must not have happened after the one, or before the other.
//!
//! It never asks the till whether it is frozen. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, events, parse, word};
use crate::book::{Book, Call, Seen};

/// Between a freeze and its end nothing begins; its end has two names or is the host's; the host hears of both.
pub(super) fn a_freeze_holds(book: &Book, seen: &Seen, findings: &mut Findings) {
    let mut frozen: Option<String> = None;
    let mut was_released = false;
    for event in events(seen) {
        let kind = word(&event, "kind");
        match kind {
            "till.frozen" => frozen = Some(word(&event["body"], "from").to_owned()),
            "till.released" => {
                released(book, &event, frozen.take(), findings);
                was_released = true;
            }
            _ if BEGINS.contains(&kind) && frozen.is_some() => {
                findings.say(format!("{kind} of {} while the till was frozen", event["attempt"]));
            }
            _ => {}
        }
    }
    let heard = |op: &str| book.arrivals.iter().any(|arrival| arrival.op == op && arrival.code == "00");
    match frozen.as_deref() {
        // Who froze it need not be told.
        Some("host") => {}
        Some(_) if !heard("freeze") => findings.say("the till is frozen, and the host was never told".to_owned()),
        // An acquirer that has let the till go holds none of it any more.
        None if was_released && !heard("release") && book.let_go.is_empty() => {
            findings.say("the till was released, and the host was never told".to_owned());
        }
        Some(_) | None => {}
    }
    if book.holds == 0 {
        calls_find_it_frozen(seen, findings);
    }
}

/// What a frozen till does not let begin.
const BEGINS: [&str; 4] = ["attempt.prepared", "refund.requested", "refund.approved", "attempt.in_doubt"];

fn released(book: &Book, event: &Value, from: Option<String>, findings: &mut Findings) {
    let (by, second) = (word(event, "operator"), word(&event["body"]["by"]["two_people"], "second"));
    let is_the_hosts = event["body"]["by"] == "host";
    match from.as_deref() {
        None => findings.say("a till that was not frozen is released".to_owned()),
        Some("host") if !is_the_hosts => findings.say(format!("{by} released what the host had frozen")),
        Some(_) if is_the_hosts && book.holds == 0 => {
            findings.say("released by the host, which never froze it".to_owned());
        }
        Some(_) if !is_the_hosts && (by.is_empty() || second.is_empty() || by == second) => {
            findings.say(format!("released by {by:?} and {second:?}"));
        }
        Some(_) => {}
    }
}

/// Whoever was told that the till is frozen, sells nothing on it until somebody was told that it is not.
fn calls_find_it_frozen(seen: &Seen, findings: &mut Findings) {
    let (mut is_frozen, mut known) = (false, BTreeSet::new());
    for Call { what, attempt, results, .. } in &seen.calls {
        let is_done = results.iter().any(|text| parse(text)["done"] == true);
        match *what {
            "freeze" if is_done => is_frozen = true,
            // One that nobody was told of may have been done.
            "release" if is_done || results.is_empty() => is_frozen = false,
            "sale" => {
                let is_new = known.insert(attempt.clone());
                let is_taken = results.iter().any(|text| word(&parse(text)["attempt"], "state") == "approved");
                if is_frozen && is_new && is_taken {
                    findings.say(format!("{attempt:?} was sold on a till that somebody had frozen"));
                }
            }
            _ => {}
        }
    }
}

/// Who leaves by the checklist without a reason leaves nothing open.
pub(super) fn nobody_leaves_money_behind(seen: &Seen, findings: &mut Findings) {
    let mut open: BTreeSet<String> = BTreeSet::new();
    for event in events(seen) {
        let (kind, attempt) = (word(&event, "kind"), word(&event, "attempt").to_owned());
        match kind {
            "attempt.in_doubt" | "attempt.reversal_due" => {
                open.insert(attempt);
            }
            "attempt.approved" | "attempt.declined" | "attempt.not_sent" | "attempt.reversed" | "attempt.decided" => {
                open.remove(&attempt);
            }
            "refund.approved" => {
                open.insert(word(&event["body"], "refund").to_owned());
            }
            "refund.acknowledged" | "refund.declined" | "refund.decided" | "refund.withdrawn" => {
                open.remove(word(&event["body"], "refund"));
            }
            SIGNED_OUT if !open.is_empty() && is_by_the_checklist(&event) => {
                findings.say(format!("somebody left by the checklist, and {open:?} was open"));
            }
            _ => {}
        }
    }
}

fn is_by_the_checklist(event: &Value) -> bool {
    word(&event["body"], "why") == "exit" && !event["body"].to_string().contains("\"waived\"")
}

const SIGNED_OUT: &str = "operator.signed_out";
