//! Taptill measured against peers in the same run. `cargo xtask ratios` prints the table.
//!
//! `--once` runs each row once without judging time, so that the ordinary test run notices a row that rots;
//! `--json` prints one object. Exit code 1 when a bar is missed (never with `--once`).

mod allocations;
mod card;
mod hex;
mod journal;
mod measure;
mod million;
mod sale;
mod shells;
mod table;
mod wire;

use std::process::ExitCode;

use measure::{Effort, Row};

#[global_allocator]
static COUNTING: allocations::Counting = allocations::Counting;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let effort = if has("--once") { Effort::Once } else { Effort::Full };
    let rows = measure_all(effort);
    if has("--json") {
        table::print_json(&rows);
    } else {
        table::print(&rows);
    }
    if effort == Effort::Full && !rows.iter().all(Row::holds) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn measure_all(effort: Effort) -> Vec<Row> {
    let mut rows = card::rows(effort);
    rows.extend(wire::rows(effort));
    rows.extend(journal::rows(effort));
    rows.extend(million::rows(effort));
    rows.extend(sale::rows(effort));
    rows.extend(shells::rows());
    rows
}
