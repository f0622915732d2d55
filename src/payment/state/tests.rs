//! Every state with every step, and the printed table.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::*;

/// For each state, the steps that are legal there. Written by hand, not derived from the table under test.
#[rustfmt::skip]
const LEGAL: [(State, &[Step]); 10] = {
    use Step::*;
    [
        (State::Unknown, &[Prepare, CardDeclines, EndUnsent]),
        (State::Prepared, &[Prepare, EndUnsent, Doubt]),
        (State::InDoubt, &[Approve, HostDeclines, Owe, LateAnswer, Deliver]),
        (State::Approved, &[LateAnswer, Deliver]),
        (State::Declined, &[LateAnswer, Deliver]),
        (State::NotSent, &[Deliver]),
        (State::ReversalDue, &[SendReversal, Stick, LateAnswer, Deliver]),
        (State::ReversalSent, &[SendReversal, Reverse, Stick, LateAnswer, Deliver]),
        (State::Reversed, &[LateAnswer, Deliver]),
        (State::ReversalStuck, &[LateAnswer, Deliver]),
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
        assert_eq!(row.to, row.from, "{row:?}");
    }
    let ends: Vec<_> = State::ALL.iter().filter(|state| state.is_final() && state.is_debt()).collect();
    assert!(ends.is_empty());
}

#[test]
fn the_printed_table_is_this_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/states.md");
    let printed = print();
    if std::fs::read_to_string(&path).ok().as_deref() != Some(printed.as_str()) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, printed).unwrap();
        panic!("docs/states.md was not this table; it is now: look at the difference and commit it");
    }
}

fn print() -> String {
    let mut text = String::from(HEAD);
    text.push_str("## Picture\n\n```mermaid\nstateDiagram-v2\n");
    for row in TRANSITIONS.iter().filter(|row| !(row.from == row.to && row.from.is_final())) {
        let from = if row.from == State::Unknown { "[*]" } else { row.from.table_word() };
        if !matches!(row.step, Step::LateAnswer | Step::Deliver) {
            writeln!(text, "    {from} --> {}: {}", row.to.table_word(), row.step.event()).unwrap();
        }
    }
    for state in State::ALL.iter().filter(|state| state.is_final()) {
        writeln!(text, "    {} --> [*]", state.table_word()).unwrap();
    }
    text.push_str("```\n\n## Legal transitions\n\n| from | event | to | when |\n|---|---|---|---|\n");
    for row in TRANSITIONS {
        let (from, to) = (row.from.table_word(), row.to.table_word());
        writeln!(text, "| `{from}` | `{}` | `{to}` | {} |", row.step.event(), row.when).unwrap();
    }
    text.push_str(
        "\nEvery other pair is refused with a sentence such as \"attempt.approved cannot follow reversal_due\".\n",
    );
    text
}

const HEAD: &str = "# The life of an attempt

This file is printed from the table in `src/payment/state.rs` by the test `the_printed_table_is_this_table`; a
difference between the two fails the build. Each step is one journal event, durable before anything follows from it.

`unknown` is an attempt of which the journal says nothing. `reversal_sent` is told apart from `reversal_due` in this
table only: callers see `reversal_due` and the number of sends. That a caller took the result (`delivered`) is a fact
beside the state.

";
