//! What callers were told, held against how the day ended.
//!
//! It never excuses a second answer. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::journal::Record;
use super::money::charged_by;
use super::{Findings, parse, word};
use crate::book::{Book, Call, Seen};

/// How each attempt stands in the evening.
pub(super) type Attempts = BTreeMap<String, Value>;

/// The list of the evening, with nothing open and nothing twice.
pub(super) fn attempts(seen: &Seen, findings: &mut Findings) -> Attempts {
    let mut attempts = Attempts::new();
    for text in &seen.attempts {
        let view = parse(text);
        let name = word(&view, "attempt").to_owned();
        if !CLOSED.contains(&word(&view, "state")) {
            findings.say(format!("{name} is still {} in the evening", word(&view, "state")));
        }
        if attempts.insert(name.clone(), view).is_some() {
            findings.say(format!("{name} is in the list twice"));
        }
    }
    attempts
}

const CLOSED: [&str; 6] = ["approved", "voided", "declined", "not_sent", "reversed", "reversal_stuck"];

pub(super) fn each_has_one_result(seen: &Seen, findings: &mut Findings) {
    for call in &seen.calls {
        let Call { what, attempt, results, is_orphaned, .. } = call;
        let about = attempt.as_deref().unwrap_or("nothing in particular");
        match results.len() {
            1 => {}
            0 if *is_orphaned => {}
            0 => findings.say(format!("{what} about {about} was never answered")),
            many => findings.say(format!("{what} about {about} was answered {many} times")),
        }
    }
}

/// Nobody was told approved what is not, or declined what is paid.
pub(super) fn what_was_told_holds(
    book: &Book,
    seen: &Seen,
    record: &Record,
    attempts: &Attempts,
    findings: &mut Findings,
) {
    for (place, call) in seen.calls.iter().enumerate() {
        for text in &call.results {
            let value = parse(text);
            let view = &value["attempt"];
            if view.is_object() {
                let name = word(view, "attempt");
                told_state(name, view, attempts.get(name), charged_by(book, record, name), findings);
                told_amount(call, view, findings);
            }
            if ["sale", "void"].contains(&call.what) && word(&value["error"], "money") == "not_moved" {
                let asked_again = seen.calls[place + 1..].iter().any(|later| is_same(later, call));
                let asked_before = seen.calls[..place].iter().any(|earlier| is_same(earlier, call));
                let name = call.attempt.as_deref().unwrap_or_default();
                let net = charged_by(book, record, name);
                if !asked_again && !asked_before && net > 0 {
                    findings.say(format!("somebody was told that no money moved for {name}, and the host holds {net}"));
                }
            }
        }
    }
}

fn is_same(one: &Call, other: &Call) -> bool {
    one.what == other.what && one.attempt == other.attempt
}

fn told_state(name: &str, told: &Value, evening: Option<&Value>, net: u64, findings: &mut Findings) {
    let (told, evening) = (word(told, "state"), evening.map_or("unknown", |view| word(view, "state")));
    let was_voided = told == "approved" && evening == "voided";
    if FINAL_WHEN_TOLD.contains(&told) && told != evening && !was_voided {
        findings.say(format!("somebody was told that {name} is {told}, and it is {evening}"));
    }
    if told == "approved" && net == 0 && !was_voided {
        findings.say(format!("somebody was told that {name} is approved, and the host holds nothing"));
    }
    if ["declined", "not_sent", "reversed"].contains(&told) && net > 0 {
        findings.say(format!("somebody was told that {name} is {told}, and the host holds {net}"));
    }
}

const FINAL_WHEN_TOLD: [&str; 6] = ["approved", "voided", "declined", "not_sent", "reversed", "reversal_stuck"];

fn told_amount(call: &Call, view: &Value, findings: &mut Findings) {
    let shown = &view["amount"]["minor"];
    if let Some(asked) = call.amount_minor
        && shown.as_u64() != Some(asked)
    {
        findings.say(format!("{} was asked for {asked} and shows {shown}", word(view, "attempt")));
    }
}

/// Whether a round left nothing open but what people must look at.
pub(crate) fn only_stuck_is_left(text: &str) -> bool {
    let value = parse(text);
    let left = value["left"].as_array();
    left.is_some_and(|left| left.iter().all(|view| word(view, "state") == "reversal_stuck"))
}
