//! The auditor: compares what the till's journal says with what the host's book says.
//!
//! It trusts neither. A finding is a sentence that names the attempt or the booking.

use std::collections::{BTreeMap, BTreeSet};

use taptill::payment::AttemptView;
use taptill::payment::state::State;

use super::host::{Host, Key};

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding(pub String);

/// All that is wrong between the attempts of a till and the book of its host, once the debts are settled.
pub fn audit(attempts: &[AttemptView], host: &Host, told_approved: &[taptill::ids::AttemptId]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |text: String| findings.push(Finding(text));
    let mut ours: BTreeMap<Key, &AttemptView> = BTreeMap::new();
    for view in attempts {
        if let (Some(stan), Some(batch)) = (view.stan, view.batch)
            && ours.insert((batch.to_string(), stan.to_string()), view).is_some()
        {
            say(format!("STAN {stan} of batch {batch} belongs to two attempts"));
        }
    }
    for (key, booking) in &host.book {
        let net = if booking.reversed { 0 } else { booking.amount_minor };
        match ours.get(key) {
            None if net > 0 => say(format!("the host holds {net} for {key:?}, of which the till knows nothing")),
            None => {}
            Some(view) if view.state == State::ReversalStuck => {}
            Some(view) => {
                let expected = if view.state == State::Approved { view.amount.minor() } else { 0 };
                if net != expected {
                    say(format!("{} is {} here and {net} at the host", view.attempt, view.state));
                }
            }
        }
    }
    for view in attempts {
        let key = view.batch.zip(view.stan).map(|(batch, stan)| (batch.to_string(), stan.to_string()));
        let booked = key.as_ref().is_some_and(|key| host.book.get(key).is_some_and(|booking| !booking.reversed));
        if view.state == State::Approved && !booked {
            say(format!("{} is approved here and not booked at the host", view.attempt));
        }
        if !view.state.is_final() {
            say(format!("{} is still {}", view.attempt, view.state));
        }
        if view.state != State::Approved && told_approved.contains(&view.attempt) {
            say(format!("{} was told as approved and is {}", view.attempt, view.state));
        }
    }
    let mut seen = BTreeSet::new();
    for (key, _, _) in &host.heard {
        if !seen.insert(key.clone()) {
            say(format!("{key:?} was sent twice"));
        }
    }
    findings
}
