//! Runs the contract's cases against the face, in Rust. `tests/contract/README.md` is the language.
//!
//! `cargo test -p taptill-contract`; behind `--`, words that a case's name must hold, `--rounds N` and `--times`.

#![allow(clippy::unwrap_used, reason = "an interpreter that cannot go on fails loudly")]
#![allow(clippy::result_large_err, reason = "the face's error is a record of plain values")]

mod after;
mod args;
mod around;
mod bench;
mod compare;
mod face;
mod goodbye;
mod incident;
mod network;
mod people;
mod ports;
mod reader;
mod stand;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Map, Value};

use args::{Args, Failure, Kind};
use bench::Bench;
use stand::StandClient;

fn main() -> ExitCode {
    let Asked { words, rounds, times } = asked();
    let stand = StandClient::start();
    let (mut passed, mut failed) = (0, 0);
    for _ in 0..rounds {
        let mut names = BTreeSet::new();
        for (is_control, case) in cases() {
            let name = case["name"].as_str().unwrap_or("a case without a name").to_owned();
            if !words.iter().all(|word| name.contains(word.as_str())) {
                continue;
            }
            let is_new = names.insert(name.clone());
            let begun = Instant::now();
            match if is_new { judge(&stand, is_control, &case) } else { Err("its name is taken".to_owned()) } {
                Ok(()) => passed += 1,
                Err(why) => {
                    failed += 1;
                    println!("FAILED: {name}: {why}");
                }
            }
            if times {
                println!("{:>6} ms  {name}", begun.elapsed().as_millis());
            }
        }
    }
    println!("rust: {passed} passed, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

/// What is asked for behind `--`.
struct Asked {
    /// What a case's name must hold.
    words: Vec<String>,
    /// How often everything runs.
    rounds: u32,
    /// Whether each case tells how long it took.
    times: bool,
}

/// libtest's own flags mean nothing here.
fn asked() -> Asked {
    let mut asked = Asked { words: Vec::new(), rounds: 1, times: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => {
                asked.rounds = arguments.next().and_then(|count| count.parse().ok()).expect("--rounds takes a number");
            }
            "--times" => asked.times = true,
            flag if flag.starts_with('-') => {}
            word => asked.words.push(word.to_owned()),
        }
    }
    asked
}

/// Every case in order, and whether it is a control.
fn cases() -> Vec<(bool, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut cases = Vec::new();
    for (folder, is_control) in [("cases", false), ("controls", true)] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        assert!(!files.is_empty(), "there are {folder}");
        for file in files {
            let manifest: Map<String, Value> = serde_json::from_slice(&std::fs::read(&file).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert_eq!(manifest.keys().collect::<Vec<_>>(), ["cases"], "{}", file.display());
            cases.extend(manifest["cases"].as_array().unwrap().iter().map(|case| (is_control, case.clone())));
        }
    }
    cases
}

fn judge(stand: &StandClient, is_control: bool, case: &Value) -> Result<(), String> {
    let outcome = run(stand, case);
    let breaks = case.get("breaks").map(|breaks| Kind::from_word(breaks.as_str().unwrap_or_default()));
    match (is_control, breaks, outcome) {
        (false, None, outcome) => outcome.map_err(|failure| failure.to_string()),
        (true, Some(Some(expected)), Err(failure)) if failure.kind == expected => Ok(()),
        (true, Some(Some(_)), Err(failure)) => Err(format!("a control that fails in another way: {failure}")),
        (true, Some(Some(_)), Ok(())) => Err("a control that does not fail".to_owned()),
        _ => Err("only a control has `breaks`, and always one of mismatch, timeout, unknown".to_owned()),
    }
}

fn run(stand: &StandClient, case: &Value) -> Result<(), Failure> {
    let mut keys = Args::raw(case)?;
    let (_name, _breaks) = (keys.text("name")?, keys.optional("breaks"));
    let begin = keys.optional_text("begin")?.unwrap_or_else(|| "open".to_owned());
    let (dialect, has_reader) = (keys.optional_text("dialect")?, keys.flag("reader")?);
    let patience_ms = keys.optional_whole("patience_ms")?.unwrap_or(20_000);
    let steps = keys.optional("steps").and_then(|steps| steps.as_array().cloned());
    keys.finish()?;
    let mut bench = Bench::new(stand, dialect.as_deref(), patience_ms)?;
    if has_reader {
        bench.lend_reader();
    }
    bench.begin(&begin)?;
    let steps = steps.ok_or_else(|| Failure::unknown("a case has steps"))?;
    let ran = steps
        .iter()
        .enumerate()
        .try_for_each(|(index, step)| bench.step(step).map_err(|failure| failure.at(index + 1)));
    bench.end();
    ran
}
