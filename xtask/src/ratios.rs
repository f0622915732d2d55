//! `cargo xtask ratios`: builds the `benches` crate with optimisation and runs it.

use crate::steps::{cargo, step};

/// Prints the table, or its JSON.
pub fn run(json: bool) -> Result<(), String> {
    let mut command =
        cargo(&["run", "--quiet", "--release", "--locked", "--package", "taptill-benches", "--bin", "ratios"]);
    if json {
        command.args(["--", "--json"]);
    }
    step("ratios, us and a peer in the same run", &mut command)
}
