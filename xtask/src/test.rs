//! `cargo xtask test`: everything that must hold before a change lands, in the order of what fails fastest.
//!
//! It installs nothing: a Rust toolchain with rustfmt and clippy and a C compiler are enough, and a missing
//! one is named together with the command that brings it.

use std::process::{Command, Stdio};

use crate::licences;
use crate::steps::{cargo, step};

/// Runs every check; the first that fails ends the run with its name.
pub fn run() -> Result<(), String> {
    tools_are_there()?;
    step("formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    step("lints, warnings are errors", &mut cargo(&lints))?;
    step("tests and documentation tests", &mut cargo(&["test", "--workspace", "--locked"]))?;
    let docs = ["doc", "--workspace", "--no-deps", "--locked"];
    step("documentation without warnings", cargo(&docs).env("RUSTDOCFLAGS", "--deny warnings"))?;
    eprintln!("\n==> licences of all dependencies");
    licences::check()?;
    let rows = ["run", "--quiet", "--locked", "--package", "taptill-benches", "--bin", "ratios", "--", "--once"];
    step("every measurement runs (time is not judged)", &mut cargo(&rows))?;
    eprintln!("\neverything holds");
    Ok(())
}

/// What must be on the machine, how to see that it is, and what to type where it is not.
const TOOLS: [(&str, &[&str], &str); 3] = [
    ("cc", &["--version"], "a C compiler is missing: on Debian or Ubuntu, `apt-get install build-essential`"),
    ("cargo", &["fmt", "--version"], "rustfmt is missing: `rustup component add rustfmt`"),
    ("cargo", &["clippy", "--version"], "clippy is missing: `rustup component add clippy`"),
];

fn tools_are_there() -> Result<(), String> {
    for (program, arguments, advice) in TOOLS {
        let answered = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !answered.is_ok_and(|status| status.success()) {
            return Err(advice.to_owned());
        }
    }
    Ok(())
}
