//! Networks: what the rules refuse sends nothing, what was decided is in the journal, and pins are the acquirer's.
//!
//! The rules are written down here once more: a portal or no network lets nothing through, a proxy or a person's own
//! authority no keys. It never asks the till how it judged. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, events, word};
use crate::book::{Book, Seen, Sent};

pub(super) fn what_is_refused_sends_nothing(seen: &Seen, findings: &mut Findings) {
    for network in seen.connected.iter().filter(|network| NOTHING.contains(*network) || **network == "absent") {
        findings.say(format!("a till connects over a network that is {network}"));
    }
    for Sent { op, network } in &seen.sent {
        let is_refused = NOTHING.contains(network) || KEYLESS.contains(network) && KEYS.contains(&op.as_str());
        if is_refused {
            findings.say(format!("{op} is sent over a network that is {network}"));
        }
    }
}

/// Over which nothing goes. Where there is no network, a connection that stands breaks by itself.
const NOTHING: [&str; 1] = ["captive_portal"];
/// Over which everything goes but keys.
const KEYLESS: [&str; 2] = ["proxied", "user_authority"];
const KEYS: [&str; 2] = ["sign_on", "renew_certificate"];

/// Every kind of network that the till was told of, while it could write that down.
pub(super) fn decisions_are_recorded(seen: &Seen, findings: &mut Findings) {
    let judged = events(seen).filter(|event| word(event, "kind") == "network.judged");
    // A clock that is found wrong is judged as one that the device calls wrong.
    let both = |event: Value| ["posture", "because_of"].map(|of| word(&event["body"], of).to_owned());
    let judged: BTreeSet<String> = judged.flat_map(both).collect();
    for network in seen.looked_at.iter().filter(|network| !judged.contains(**network)) {
        findings.say(format!("a network that is {network} was judged, and the journal says nothing of it"));
    }
}

/// Pins change by newer words alone, and to keys that the host has had.
pub(super) fn pins_are_the_acquirers(book: &Book, seen: &Seen, findings: &mut Findings) {
    let mut last = 0;
    for event in events(seen).filter(|event| word(event, "kind") == "network.pins_changed") {
        let (number, pin) = (event["body"]["number"].as_u64().unwrap_or(0), word(&event["body"], "current"));
        if number <= last {
            findings.say(format!("pins of the word {number} after those of the word {last}"));
        }
        if !book.pins.iter().any(|known| known == pin) {
            findings.say(format!("the host is known by {pin}, which was never its own"));
        }
        last = number;
    }
}
