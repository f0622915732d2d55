//! The project's own commands, run as `cargo xtask …`.
//!
//! `test` is what the continuous integration runs; `simulate` plays store days by seed; `bindings` makes the Kotlin and
//! Swift bindings; `ratios` measures the till against peers in the same run; `licences` alone checks the licences of
//! everything that is linked. It changes no source file, but for `bindings --accept`, which writes the reviewed surfaces.

mod bindings;
mod licences;
mod ratios;
mod screens;
mod simulate;
mod size;
mod sources;
mod steps;
mod surface;
mod test;
mod thin;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Taptill's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check everything: formatting, lints, tests, documentation, licences, measurements run once
    Test(test::options::Options),
    /// Print a table of Taptill and its peers, measured in the same run
    Ratios {
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
        /// Leave out the rows that Kotlin and Swift measure
        #[arg(long)]
        rust_only: bool,
        /// Measure the rows of these rooms alone, as `statement`
        rooms: Vec<String>,
    },
    /// Draw every screen of the Android app
    Screens {
        /// Where to, instead of target/screens
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Make the Kotlin and Swift bindings and hold their surfaces against the reviewed ones
    Bindings {
        /// Write the reviewed surfaces in uniffi/surface anew
        #[arg(long)]
        accept: bool,
    },
    /// Play store days in virtual time, by seed, and let an auditor look at the books
    Simulate {
        /// What the simulator takes: --seeds A..B, --days N, --replay SEED --trace, --bug NAME
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Weigh the library that ships, and count the shells' lines
    Size,
    /// Check that no shell decides on amounts, states or codes
    Thin,
    /// Check the licences of all dependencies
    Licences,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Ratios { json, rust_only, rooms } => ratios::run(json, rust_only, &rooms),
        Command::Screens { out } => screens::run(out.as_deref()),
        Command::Bindings { accept } => bindings::run(accept),
        Command::Simulate { arguments } => simulate::run(&arguments),
        Command::Size => size::run(),
        Command::Thin => thin::run(),
        Command::Licences => licences::check(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
