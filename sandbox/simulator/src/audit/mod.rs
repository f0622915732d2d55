//! The auditor: trusts neither side. It reads the host's book and the bytes that the merchant saw, and nothing else.
//!
//! | it checks | against |
//! |---|---|
//! | the host's net of each attempt, at most one debt each | what the till says of the attempt, and its journal |
//! | approved, declined, not sent, as they were told | the host's book at the end of the day |
//! | one STAN for one request of a batch | the journal and the messages that arrived |
//! | every debt closed, or stuck by the host's own words | the list of attempts, and what arrived |
//! | no more given back than a sale holds | the host's lines of sale, void and refund |
//! | each batch closed once, with the same sums everywhere | the records, the host, the till, the upload |
//! | freezes hold, exits and goodbyes leave nothing open, what is gone is gone | the journal, the host, what was handed out |
//! | renewed passwords and keys, networks that are refused, pins | the journal, the device, what was sent |
//! | exactly one final result for each call | the results |
//! | every root that was shown | a tree of its own over the journal's bytes |
//!
//! It never uses a type or a sum of the core's. Evidence: `sandbox/simulator/src/audit/tests.rs`.

mod batches;
mod calls;
mod erased;
mod journal;
mod leaving;
mod money;
mod network;
mod notes;
mod people;
mod refunds;
mod tree;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::book::{Book, Seen};

pub(crate) use batches::{batch_refused, settlement_has_ended};
pub(crate) use calls::only_stuck_is_left;
pub(crate) use erased::is_farewell;

/// All that is wrong, a sentence each.
pub(crate) fn audit(book: &Book, seen: &Seen) -> Vec<String> {
    let mut findings = Findings::default();
    for trouble in &seen.troubles {
        findings.say(trouble.clone());
    }
    for complaint in &book.complaints {
        findings.say(format!("the host was sent {complaint}"));
    }
    let record = journal::read(seen, &mut findings);
    let attempts = calls::attempts(seen, &mut findings);
    calls::each_has_one_result(seen, &mut findings);
    calls::what_was_told_holds(book, seen, &record, &attempts, &mut findings);
    money::books_are_equal(book, &record, &attempts, &mut findings);
    batches::are_closed_once_and_equal(book, seen, &record, &attempts, &mut findings);
    refunds::are_what_the_host_paid(book, seen, &record, &attempts, &mut findings);
    money::numbers_are_used_once(book, &mut findings);
    money::repeats_are_marked(book, &mut findings);
    journal::states_agree(&record, &attempts, &mut findings);
    leaving::a_freeze_holds(book, seen, &mut findings);
    leaving::nobody_leaves_money_behind(seen, &mut findings);
    erased::nobody_is_let_go_with_money_open(seen, &mut findings);
    erased::a_till_that_is_gone_left_nothing(book, seen, &attempts, &mut findings);
    people::everybody_sets_another_password(seen, &mut findings);
    people::old_keys_are_destroyed(seen, &mut findings);
    network::what_is_refused_sends_nothing(seen, &mut findings);
    network::decisions_are_recorded(seen, &mut findings);
    network::pins_are_the_acquirers(book, seen, &mut findings);
    findings.0
}

/// What became of everything, counted: a day on which nothing happens would have no findings either.
pub(crate) fn ends(book: &Book, seen: &Seen) -> BTreeMap<String, u64> {
    let mut ends = BTreeMap::new();
    let mut count = |what: String| *ends.entry(what).or_default() += 1;
    for view in seen.attempts.iter().map(|text| parse(text)) {
        count(format!("{} {}", word(&view, "kind"), word(&view, "state")));
    }
    for view in seen.refunds.iter().map(|text| parse(text)) {
        count(format!("refund {}", word(&view, "state")));
    }
    for event in events(seen) {
        match word(&event, "kind") {
            kind @ ("till.frozen" | "till.released") => count(format!("{kind} {}", word(&event["body"], "from"))),
            "operator.signed_out" if word(&event["body"], "why") == "exit" => count("left by the checklist".to_owned()),
            kind if COUNTED.contains(&kind) => count(kind.to_owned()),
            "network.judged" => count(format!("network {}", word(&event["body"], "posture"))),
            _ => {}
        }
    }
    for told in seen.calls.iter().flat_map(|call| &call.results).map(|text| parse(text)) {
        let code = word(&told["error"], "code");
        if REFUSALS.contains(&code) {
            count(format!("refused {code}"));
        }
    }
    (0..book.balances_found).for_each(|_| count("not let go for a balance".to_owned()));
    seen.gone.iter().for_each(|_| count("till gone".to_owned()));
    for closing in &book.closings {
        count(if closing.uploaded > 0 { "batch uploaded" } else { "batch balanced" }.to_owned());
    }
    ends
}

const COUNTED: [&str; 5] = [
    "passwords.renewed",
    "operator.password_changed",
    "certificate.renewed",
    "network.pins_changed",
    "till.deregistered",
];
const REFUSALS: [&str; 6] = [
    "deregistration_blocked",
    "second_person_needed",
    "export_failed",
    "network_refused",
    "network_refused_for_keys",
    "password_must_change",
];

/// The journal's events, in their order.
fn events(seen: &Seen) -> impl Iterator<Item = Value> + '_ {
    seen.journal.iter().map(|bytes| serde_json::from_slice(bytes).unwrap_or_default())
}

/// What is wrong so far.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn say(&mut self, finding: String) {
        self.0.push(finding);
    }
}

/// A page of attempts, each as text, and where the next page begins.
pub(crate) fn page(text: &str) -> (Vec<String>, Option<String>) {
    let value = parse(text);
    let attempts = value["page"].as_array().into_iter().flatten().map(Value::to_string).collect();
    (attempts, value["next"].as_str().map(str::to_owned))
}

/// The name of a refund that somebody was told of.
pub(crate) fn refund(text: &str) -> Option<String> {
    parse(text)["refund"]["refund"].as_str().map(str::to_owned)
}

/// A page of refunds, each as text, and where the next page begins.
pub(crate) fn refunds(text: &str) -> (Vec<String>, Option<String>) {
    let value = parse(text);
    let refunds = value["refunds"].as_array().into_iter().flatten().map(Value::to_string).collect();
    (refunds, value["next"].as_str().map(str::to_owned))
}

/// The code that somebody was told; nothing where it was no refusal.
pub(crate) fn code(text: Option<&str>) -> String {
    text.map(parse).map_or(String::new(), |value| word(&value["error"], "code").to_owned())
}

/// Whether a session began.
pub(crate) fn is_session(text: &str) -> bool {
    parse(text)["session"].is_object()
}

/// Size and root, as a verification shows them.
pub(crate) fn head(text: &str) -> Option<(u64, String)> {
    let value = parse(text);
    let verified = &value["verified"];
    Some((verified["size"].as_u64()?, verified["root"].as_str()?.to_owned()))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
