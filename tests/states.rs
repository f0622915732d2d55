//! `docs/states.md` is printed from the tables of legal steps; a page that says something else fails.
//! `TAPTILL_WRITE=1 cargo test --test states` writes it anew.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fmt::Write as _;
use std::path::Path;

use taptill::payment::batch::state::{BATCH_TRANSITIONS, BatchState};
use taptill::payment::refund::state::{REFUND_TRANSITIONS, RefundState, RefundStep};
use taptill::payment::state::{State, Step, TRANSITIONS};

#[test]
fn the_page_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/states.md");
    let printed = print();
    if std::env::var_os("TAPTILL_WRITE").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page == printed, "docs/states.md is out of date: TAPTILL_WRITE=1 cargo test --test states");
}

fn print() -> String {
    let mut text = String::from(HEAD);
    text.push_str("## Picture\n\n```mermaid\nstateDiagram-v2\n");
    for row in TRANSITIONS.iter().filter(|row| !(row.from == row.to && row.from.is_final())) {
        let from = if row.from == State::Unknown { "[*]" } else { row.from.table_word() };
        if !matches!(row.step, Step::LateAnswer | Step::Deliver | Step::Decide) {
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
    print_refunds(&mut text);
    print_batch(&mut text);
    text
}

fn print_batch(text: &mut String) {
    text.push_str(BATCH_HEAD);
    text.push_str("### Picture\n\n```mermaid\nstateDiagram-v2\n    [*] --> open\n");
    for row in BATCH_TRANSITIONS.iter().filter(|row| row.from != row.to || row.step.event() == "batch.uploaded") {
        writeln!(text, "    {} --> {}: {}", row.from, row.to, row.step.event()).unwrap();
    }
    writeln!(text, "    {} --> [*]", BatchState::Closed).unwrap();
    text.push_str("```\n\n### Legal transitions\n\n| from | event | to | when |\n|---|---|---|---|\n");
    for row in BATCH_TRANSITIONS {
        writeln!(text, "| `{}` | `{}` | `{}` | {} |", row.from, row.step.event(), row.to, row.when).unwrap();
    }
    text.push_str("\nEvery other pair is refused with a sentence such as \"batch.closed cannot follow sent\".\n");
}

fn print_refunds(text: &mut String) {
    text.push_str(REFUNDS);
    text.push_str("### Picture\n\n```mermaid\nstateDiagram-v2\n");
    for row in REFUND_TRANSITIONS.iter().filter(|row| !matches!(row.step, RefundStep::Print | RefundStep::Decide)) {
        let from = if row.from == RefundState::Unknown { "[*]" } else { row.from.table_word() };
        writeln!(text, "    {from} --> {}: {}", row.to.table_word(), row.step.event()).unwrap();
    }
    for state in RefundState::ALL.iter().filter(|state| state.is_final()) {
        writeln!(text, "    {} --> [*]", state.table_word()).unwrap();
    }
    text.push_str("```\n\n### Legal transitions\n\n| from | event | to | when |\n|---|---|---|---|\n");
    for row in REFUND_TRANSITIONS {
        let (from, to) = (row.from.table_word(), row.to.table_word());
        writeln!(text, "| `{from}` | `{}` | `{to}` | {} |", row.step.event(), row.when).unwrap();
    }
}

const REFUNDS: &str = "
## The life of a refund

Printed from the table in `src/payment/refund/state.rs`. A refund is not reversed: approved, it is owed, and it is sent
with the same numbers until the host has said what became of it. Callers see `approved`, `prepared` and `sent` as
`forwarding`. That a voucher was printed, and what a supervisor decided about a stuck refund, are facts beside the state.

";

const HEAD: &str = "# The life of an attempt

This file is printed from the table in `src/payment/state.rs` by `tests/states.rs`; a difference between the
two fails the build. Each step is one journal event, durable before anything follows from it.

`unknown` is an attempt of which the journal says nothing. `reversal_sent` is told apart from `reversal_due` in this
table only: callers see `reversal_due` and the number of sends. That a caller took the result (`delivered`) and what a
supervisor decided about a stuck reversal (`decision`) are facts beside the state.

A void is an attempt of its own (`kind` `void`, `of` its original) and lives by this table, with a reversal of its own
kind. Its original stays `approved`, with the void's state beside it, until the host approves the void.

";

const BATCH_HEAD: &str = "
## The life of a batch

Printed from the table in `src/payment/batch/state.rs`. Payments go into a batch while it is `open`; a settlement takes it
from there to `closed`, and the next batch is open from then on. A settlement that is not finished goes on by itself, also
after a restart, and nothing is sold meanwhile.

";
