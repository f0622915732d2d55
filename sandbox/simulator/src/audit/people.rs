//! Passwords that were renewed: whoever had one before comes in with another.
//!
//! It never knows a password. Evidence: `sandbox/simulator/src/audit/tests.rs`.

use std::collections::BTreeSet;

use super::{Findings, events, word};
use crate::book::Seen;

/// From a renewal on nobody begins a session, and nobody is a second person, with a password from before it.
pub(super) fn everybody_sets_another_password(seen: &Seen, findings: &mut Findings) {
    let mut due: BTreeSet<String> = BTreeSet::new();
    for event in events(seen) {
        let (who, body) = (word(&event, "operator"), &event["body"]);
        let second = match word(&event, "kind") {
            "passwords.renewed" => {
                due = EVERYBODY.map(str::to_owned).into();
                continue;
            }
            "operator.password_changed" => {
                due.remove(who);
                continue;
            }
            "operator.signed_in" => who,
            "till.released" => word(&body["by"]["two_people"], "second"),
            "till.deregistered" => word(body, "second"),
            _ => continue,
        };
        if due.contains(second) {
            findings.say(format!("{second} was known by a password from before all were renewed"));
        }
    }
}

const EVERYBODY: [&str; 3] = ["alice", "bob", "carol"];

/// What the secrets of the account were wrapped under before is gone: one key of the device is left, the last.
pub(super) fn old_keys_are_destroyed(seen: &Seen, findings: &mut Findings) {
    let renewals = events(seen).filter(|event| word(event, "kind") == "certificate.renewed").count();
    let mut kept: Vec<&String> = seen.device_keys.iter().filter(|name| name.starts_with(SECRETS)).collect();
    kept.retain(|name| !is_of(name, renewals));
    // One that was made for a certificate which never came wraps nothing, and the next renewal uses it.
    kept.retain(|name| !is_of(name, renewals + 1));
    if !kept.is_empty() {
        findings.say(format!("after {renewals} renewals of the certificate the device still has {kept:?}"));
    }
}

fn is_of(name: &str, renewals: usize) -> bool {
    name == SECRETS && renewals == 0 || *name == format!("{SECRETS}.{renewals}")
}

const SECRETS: &str = "account-secrets";
