//! Taptill measured against peers in the same run. `cargo xtask ratios` prints the table.
//!
//! `--once` runs each row once without judging time, so that the ordinary test run notices a row that rots;
//! `--json` prints one object; a word names a room whose rows are wanted alone. Exit code 1 when a bar is missed (never with `--once`).

mod after;
mod allocations;
mod bare;
mod card;
mod hex;
mod journal;
mod measure;
mod million;
mod sale;
mod shells;
mod sign_in;
mod statement;
mod table;
mod till;
mod wire;

use std::process::ExitCode;

use measure::{Effort, Row};

#[global_allocator]
static COUNTING: allocations::Counting = allocations::Counting;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let effort = if has("--once") { Effort::Once } else { Effort::Full };
    let named: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with("--")).collect();
    let rows = measure(effort, &named);
    if has("--json") {
        table::print_json(&rows);
    } else {
        table::print(&rows);
    }
    if effort == Effort::Full && !rows.iter().all(Row::holds) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Measures the rows of one room.
type Measure = fn(Effort) -> Vec<Row>;

/// The rows of these rooms, or of all where none is named.
fn measure(effort: Effort, named: &[&str]) -> Vec<Row> {
    let rooms: [(&str, Measure); 9] = [
        ("card", card::rows),
        ("wire", wire::rows),
        ("journal", journal::rows),
        ("million", million::rows),
        ("sale", sale::rows),
        ("after", after::rows),
        ("sign-in", sign_in::rows),
        ("statement", statement::rows),
        ("shells", |_| shells::rows()),
    ];
    let wanted = rooms.into_iter().filter(|(name, _)| named.is_empty() || named.contains(name));
    wanted.flat_map(|(_, rows)| rows(effort)).collect()
}
