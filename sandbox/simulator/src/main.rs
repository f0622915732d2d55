//! `taptill-simulate`: what `cargo xtask simulate` runs.
//!
//! It prints how many seeds hold, and the shortest replay of the first that does not. It never writes a file.
//! Evidence: `sandbox/simulator/tests/seeds.rs`.

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

/// Store days in virtual time, by seed
#[derive(Parser)]
struct Arguments {
    /// Which seeds, as 0..300
    #[arg(long, value_parser = range, default_value = "0..300")]
    seeds: Range<u64>,
    /// How many days each seed has
    #[arg(long, default_value_t = 1)]
    days: u32,
    /// One seed, made as short as it still fails
    #[arg(long)]
    replay: Option<u64>,
    /// Print every line of the replay
    #[arg(long, requires = "replay")]
    trace: bool,
    /// Print what became of everything, counted
    #[arg(long)]
    ends: bool,
    /// A mistake to plant, by name
    #[arg(long)]
    bug: Option<String>,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| "two numbers, as 0..300".to_owned());
    let (from, to) = text.split_once("..").ok_or("two numbers, as 0..300")?;
    Ok(number(from)?..number(to)?)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(bug) = &arguments.bug
        && !taptill_simulator::mistakes().contains(&bug.as_str())
    {
        eprintln!("no mistake {bug}; there are: {}", taptill_simulator::mistakes().join(", "));
        return ExitCode::FAILURE;
    }
    match arguments.replay {
        Some(seed) => replay(seed, &arguments),
        None => many(&arguments),
    }
}

fn many(arguments: &Arguments) -> ExitCode {
    let Arguments { seeds, days, bug, .. } = arguments;
    let began = Instant::now();
    let report = taptill_simulator::run(seeds.clone(), *days, bug.as_deref());
    let took_ms = began.elapsed().as_millis().max(1);
    let rate = u128::from(report.played) * 1_000 / took_ms;
    println!("{} seeds, {} failed, {took_ms} ms, {rate} seeds a second", report.played, report.failed.len());
    for ((dialect, what), times) in report.ends.iter().filter(|_| arguments.ends) {
        println!("{dialect:>10} {times:>8} {what}");
    }
    match report.failed.first() {
        None => ExitCode::SUCCESS,
        Some(first) => {
            println!("failed: {:?}", &report.failed[..report.failed.len().min(20)]);
            replay(*first, arguments)
        }
    }
}

fn replay(seed: u64, arguments: &Arguments) -> ExitCode {
    let (outcome, failure) = taptill_simulator::replay(seed, arguments.days, arguments.bug.as_deref());
    if arguments.trace {
        outcome.lines.iter().for_each(|line| println!("{line}"));
    }
    println!("seed {seed}: {}", outcome.hash);
    let Some(failure) = failure else {
        println!("nothing found");
        return ExitCode::SUCCESS;
    };
    println!("\nthe steps that are needed:");
    failure.steps.iter().for_each(|step| println!("  {step}"));
    println!("what the auditor found:");
    failure.findings.iter().for_each(|finding| println!("  {finding}"));
    println!("again: {}", failure.command);
    ExitCode::FAILURE
}
