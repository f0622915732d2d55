//! Every state with every step.

use std::collections::BTreeSet;

use super::*;

/// For each state, the steps that are legal there. Written by hand, not derived from the table under test.
#[rustfmt::skip]
const LEGAL: [(State, &[Step]); 11] = {
    use Step::*;
    [
        (State::Unknown, &[Prepare, CardDeclines, EndUnsent]),
        (State::Prepared, &[Prepare, EndUnsent, Doubt]),
        (State::InDoubt, &[Approve, HostDeclines, Owe, LateAnswer, Deliver]),
        (State::Approved, &[LateAnswer, Deliver, Void]),
        (State::Declined, &[LateAnswer, Deliver]),
        (State::NotSent, &[Deliver]),
        (State::ReversalDue, &[SendReversal, Stick, LateAnswer, Deliver]),
        (State::ReversalSent, &[SendReversal, HearReversal, Reverse, Stick, LateAnswer, Deliver]),
        (State::Reversed, &[LateAnswer, Deliver]),
        (State::ReversalStuck, &[LateAnswer, Deliver, Decide]),
        (State::Voided, &[LateAnswer, Deliver]),
    ]
};

#[test]
fn every_state_takes_its_legal_steps_and_names_the_illegal_ones() {
    let mut refused = 0;
    for (state, legal) in LEGAL {
        for step in Step::ALL {
            match state.after(step) {
                Ok(_) => assert!(legal.contains(&step), "{state:?} must refuse {step:?}"),
                Err(error) => {
                    assert!(!legal.contains(&step), "{state:?} must take {step:?}");
                    let sentence = format!("{} cannot follow {}", step.event(), state.table_word());
                    assert_eq!(error.to_string(), sentence);
                    refused += 1;
                }
            }
        }
    }
    assert_eq!(refused + TRANSITIONS.len(), State::ALL.len() * Step::ALL.len());
}

#[test]
fn a_pair_has_one_row() {
    let pairs: BTreeSet<_> = TRANSITIONS.iter().map(|row| (row.from.table_word(), format!("{:?}", row.step))).collect();
    assert_eq!(pairs.len(), TRANSITIONS.len());
}

#[test]
fn a_debt_ends_only_by_the_hosts_word() {
    for row in TRANSITIONS.iter().filter(|row| row.from.is_debt() && !row.to.is_debt()) {
        let by_the_host = matches!(row.step, Step::Approve | Step::HostDeclines | Step::Reverse);
        assert!(by_the_host || row.to == State::ReversalStuck, "{row:?}");
    }
}

#[test]
fn what_is_final_stays_as_it_is() {
    for row in TRANSITIONS.iter().filter(|row| row.from.is_final()) {
        let is_voided = (row.from, row.step, row.to) == (State::Approved, Step::Void, State::Voided);
        assert!(row.to == row.from || is_voided, "{row:?}");
    }
    let ends: Vec<_> = State::ALL.iter().filter(|state| state.is_final() && state.is_debt()).collect();
    assert!(ends.is_empty());
}
