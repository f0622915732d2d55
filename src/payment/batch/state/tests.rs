//! Every state with every step.

use std::collections::BTreeSet;

use super::*;

/// For each state, the steps that are legal there. Written by hand, not derived from the table under test.
#[rustfmt::skip]
const LEGAL: [(BatchState, &[BatchStep]); 8] = {
    use BatchStep::*;
    [
        (BatchState::Open, &[Freeze]),
        (BatchState::Closing, &[Send, Reopen]),
        (BatchState::Sent, &[Send, Hear, Reopen, Balance, Unbalance, DecideClosed, DecideOpen]),
        (BatchState::Balanced, &[Close]),
        (BatchState::Unbalanced, &[Upload, Hear, DecideClosed, DecideOpen]),
        (BatchState::Uploading, &[Upload, Hear, SendEnd, DecideClosed, DecideOpen]),
        (BatchState::EndSent, &[SendEnd, Hear, Close, DecideClosed, DecideOpen]),
        (BatchState::Closed, &[]),
    ]
};

#[test]
fn every_state_takes_its_legal_steps_and_names_the_illegal_ones() {
    let mut refused = 0;
    for (state, legal) in LEGAL {
        for step in BatchStep::ALL {
            match state.after(step) {
                Ok(_) => assert!(legal.contains(&step), "{state:?} must refuse {step:?}"),
                Err(error) => {
                    assert!(!legal.contains(&step), "{state:?} must take {step:?}");
                    assert_eq!(error.to_string(), format!("{} cannot follow {}", step.event(), state.word()));
                    refused += 1;
                }
            }
        }
    }
    assert_eq!(refused + BATCH_TRANSITIONS.len(), BatchState::ALL.len() * BatchStep::ALL.len());
}

#[test]
fn a_pair_has_one_row() {
    let pairs: BTreeSet<_> = BATCH_TRANSITIONS.iter().map(|row| (row.from, format!("{:?}", row.step))).collect();
    assert_eq!(pairs.len(), BATCH_TRANSITIONS.len());
}

#[test]
fn a_batch_closes_only_after_the_hosts_word_or_a_supervisors_where_the_host_refuses() {
    for row in BATCH_TRANSITIONS.iter().filter(|row| row.to == BatchState::Closed) {
        let by_host = matches!(row.from, BatchState::Balanced | BatchState::EndSent) && row.step == BatchStep::Close;
        let can_be_refused = row.from.after(BatchStep::Hear).is_ok();
        assert!(by_host || can_be_refused && row.step == BatchStep::DecideClosed, "{row:?}");
    }
    assert!(BATCH_TRANSITIONS.iter().all(|row| row.from != BatchState::Closed), "what is closed stays closed");
}

#[test]
fn a_word_is_the_same_in_json() {
    for state in BatchState::ALL {
        assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
    }
}
