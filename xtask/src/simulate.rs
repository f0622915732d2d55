//! The simulator, with optimisation and with every mistake that can be planted: `cargo xtask simulate`.
//!
//! `found` is the step of a test run that plants each mistake and wants it found. It never judges a day; the simulator's
//! auditor does. Evidence: `sandbox/simulator/tests/planted.rs`.

use crate::steps::{cargo, step};

const PACKAGE: [&str; 4] = ["--package", "taptill-simulator", "--features", "planted-bugs"];

/// Runs the simulator with these arguments.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut command = cargo(&["run", "--quiet", "--locked", "--release"]);
    command.args(PACKAGE).args(["--bin", "taptill-simulate", "--"]).args(arguments);
    step("store days", &mut command)
}

/// Plants every mistake and wants it found.
pub fn found() -> Result<(), String> {
    let mut command = cargo(&["test", "--locked"]);
    command.args(PACKAGE).args(["--test", "planted", "--", "--nocapture"]);
    step("every planted mistake is found", &mut command)
}
