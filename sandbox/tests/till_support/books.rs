//! The till's list and the host's book of the same payments, compared.
//!
//! It trusts neither; a disagreement is a sentence that names the payment. Evidence: the table at the foot.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use crate::till_support::{Ran, Shop};

/// What the till and the host say of the same payments.
pub struct Books {
    pub till: Vec<Value>,
    pub host: Vec<Value>,
}

impl Books {
    #[allow(dead_code, reason = "one file asks in a shell")]
    pub fn of(shop: &Shop) -> Self {
        let rows = |ran: Ran| ran.json().as_array().cloned().unwrap_or_else(|| panic!("no rows: {}", ran.stdout));
        Self { till: rows(shop.till(&["list", "--limit", "99999"])), host: rows(shop.host(&["book"])) }
    }

    /// Everything on which they do not agree, a sentence each.
    pub fn disagreements(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut ours = BTreeMap::new();
        for view in &self.till {
            let (attempt, state, key) = (view["attempt"].to_string(), word(view, "state"), key(view));
            if !["approved", "declined", "not_sent", "reversed", "voided"].contains(&state) {
                found.push(format!("{attempt} is still {state}"));
            }
            if let Some(other) = key.and_then(|key| ours.insert(key, view)) {
                found.push(format!("{attempt} has the STAN of {}", other["attempt"]));
            }
            if state == "approved" && !self.host.iter().any(|entry| self::key(entry) == key) {
                found.push(format!("{attempt} is approved here and unknown to the host"));
            }
        }
        for entry in &self.host {
            let (stan, net) = (&entry["stan"], entry["net_minor"].as_u64().unwrap());
            match key(entry).and_then(|key| ours.get(&key)) {
                None => found.push(format!("the host has STAN {stan}, net {net}, of which the till knows nothing")),
                Some(view) if entry["amount_minor"] != view["amount"]["minor"] => {
                    found.push(format!("STAN {stan} is another amount at the host than {} here", view["attempt"]));
                }
                Some(view) if net != net_of(view) => {
                    found.push(format!("{} is {} here and {net} at the host", view["attempt"], net_of(view)));
                }
                Some(_) => {}
            }
        }
        found
    }
}

/// Batch and STAN; `None` where no STAN was reserved.
fn key(row: &Value) -> Option<(u64, u64)> {
    row["batch"].as_u64().zip(row["stan"].as_u64())
}

fn place(row: &Value) -> String {
    key(row).map_or("no STAN".to_owned(), |(batch, stan)| format!("batch {batch} STAN {stan}"))
}

/// What the customer is charged by this payment; a void charges nothing, its sale says so.
fn net_of(view: &Value) -> u64 {
    if word(view, "state") == "approved" && word(view, "kind") != "void" {
        view["amount"]["minor"].as_u64().unwrap()
    } else {
        0
    }
}

fn word<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or("missing")
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the till's list:")?;
        for view in &self.till {
            let (key, amount, reason) = (place(view), &view["amount"]["minor"], &view["reason"]);
            writeln!(f, "  {key} {} {amount} {} {reason}", view["attempt"], word(view, "state"))?;
        }
        writeln!(f, "the host's book:")?;
        for entry in &self.host {
            let (key, amount, net) = (place(entry), &entry["amount_minor"], &entry["net_minor"]);
            writeln!(f, "  {key} {amount} net {net} {}", word(entry, "state"))?;
        }
        Ok(())
    }
}

fn view(attempt: &str, stan: u64, state: &str) -> Value {
    json!({ "attempt": attempt, "batch": 1, "stan": stan, "amount": { "minor": 100 }, "state": state })
}

fn entry(stan: u64, amount: u64, net: u64) -> Value {
    json!({ "batch": 1, "stan": stan, "amount_minor": amount, "net_minor": net, "state": "any" })
}

#[test]
fn the_comparison_sees_what_is_lost_doubled_or_used_again() {
    let rows = [
        ("equal", vec![view("a", 1, "approved")], vec![entry(1, 100, 100)], 0),
        ("reversed", vec![view("a", 1, "reversed")], vec![entry(1, 100, 0)], 0),
        ("never there", vec![view("a", 1, "not_sent")], vec![], 0),
        ("lost", vec![view("a", 1, "not_sent")], vec![entry(1, 100, 100)], 1),
        ("unknown here", vec![], vec![entry(1, 100, 100)], 1),
        ("unknown there", vec![view("a", 1, "approved")], vec![], 1),
        ("taken back there", vec![view("a", 1, "approved")], vec![entry(1, 100, 0)], 1),
        ("doubled", vec![view("a", 2, "approved")], vec![entry(1, 100, 100), entry(2, 100, 100)], 1),
        ("used again", vec![view("b", 1, "not_sent"), view("a", 1, "approved")], vec![entry(1, 100, 100)], 1),
        ("another amount", vec![view("a", 1, "approved")], vec![entry(1, 200, 100)], 1),
        ("open", vec![view("a", 1, "reversal_due")], vec![entry(1, 100, 0)], 1),
        ("stuck", vec![view("a", 1, "reversal_stuck")], vec![entry(1, 100, 0)], 1),
        ("voided", vec![view("a", 1, "voided")], vec![entry(1, 100, 0)], 0),
        ("voided here alone", vec![view("a", 1, "voided")], vec![entry(1, 100, 100)], 1),
    ];
    for (case, till, host, count) in rows {
        let found = Books { till, host }.disagreements();
        assert_eq!(found.len(), count, "{case}: {found:?}");
    }
}
