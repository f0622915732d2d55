//! The simulator, with optimisation: `cargo xtask simulate`.
//!
//! `found` is the step of a test run that plants each mistake and wants it found. It never judges a day; the simulator's
//! auditor does. Evidence: `sandbox/simulator/tests/planted.rs`.

use crate::steps::{cargo, step};

const PACKAGE: [&str; 2] = ["--package", "taptill-simulator"];
const MISTAKES: [&str; 2] = ["--features", "planted-bugs"];

/// Runs the simulator with these arguments: with the core as it ships, unless a mistake is to be planted.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut command = cargo(&["run", "--quiet", "--locked", "--release"]);
    let has_mistake = arguments.iter().any(|argument| argument.starts_with("--bug"));
    command.args(PACKAGE).args(if has_mistake { &MISTAKES[..] } else { &[] });
    command.args(["--bin", "taptill-simulate", "--"]).args(arguments);
    step("store days", &mut command)
}

/// Plants every mistake and wants it found.
pub fn found() -> Result<(), String> {
    let mut command = cargo(&["test", "--locked"]);
    command.args(PACKAGE).args(MISTAKES).args(["--test", "planted", "--", "--nocapture"]);
    step("every planted mistake is found", &mut command)
}
