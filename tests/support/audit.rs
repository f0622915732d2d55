//! The auditor: compares what the till's journal says with what the host's book says.
//!
//! It trusts neither. A finding is a sentence that names the attempt or the booking.

use std::collections::{BTreeMap, BTreeSet};

use taptill::payment::state::State;
use taptill::payment::{AttemptView, Kind};

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
        let net = if booking.reversed || booking.voided { 0 } else { booking.amount_minor };
        match ours.get(key) {
            None if net > 0 => say(format!("the host holds {net} for {key:?}, of which the till knows nothing")),
            None => {}
            Some(view) if view.state == State::ReversalStuck => {}
            // Its void is stuck: people look, and nobody here can say.
            Some(view) if view.void.as_ref().is_some_and(|void| void.state == State::ReversalStuck) => {}
            Some(view) => {
                let expected = if view.state == State::Approved { view.amount.minor() } else { 0 };
                if net != expected {
                    say(format!("{} is {} here and {net} at the host", view.attempt, view.state));
                }
            }
        }
    }
    for (key, void) in host.voids.iter().filter(|(_, void)| !void.reversed) {
        let known = ours.get(key).filter(|view| matches!(view.state, State::Approved | State::ReversalStuck));
        if known.is_none() {
            say(format!("the host holds a void of {:?} as {key:?}, which the till does not", void.of));
        }
    }
    for view in attempts {
        if view.kind == Kind::Void && view.state == State::Approved {
            let of = view.of.as_ref().and_then(|of| attempts.iter().find(|sale| sale.attempt == *of));
            if of.is_none_or(|sale| sale.state != State::Voided) {
                say(format!("{} is approved and its sale is not voided", view.attempt));
            }
        }
        let key = view.batch.zip(view.stan).map(|(batch, stan)| (batch.to_string(), stan.to_string()));
        let stands = |key| match view.kind {
            Kind::Sale => host.book.get(key).is_some_and(|booking| !booking.reversed),
            Kind::Void => host.voids.get(key).is_some_and(|void| !void.reversed),
        };
        let booked = key.as_ref().is_some_and(stands);
        if view.state == State::Approved && !booked {
            say(format!("{} is approved here and not booked at the host", view.attempt));
        }
        if !view.state.is_final() {
            say(format!("{} is still {}", view.attempt, view.state));
        }
        let stays = matches!(view.state, State::Approved | State::Voided);
        if !stays && told_approved.contains(&view.attempt) {
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
