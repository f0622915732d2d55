//! `cargo xtask test`: everything that must hold before a change lands, in the order of what fails fastest.
//!
//! It installs nothing: a Rust toolchain with rustfmt and clippy and a C compiler are enough, and a missing
//! one is named together with the command that brings it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::licences;
use crate::steps::{cargo, project_folder, step};

/// Runs every check; the first that fails ends the run with its name.
pub fn run() -> Result<(), String> {
    tools_are_there()?;
    step("formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    step("lints, warnings are errors", &mut cargo(&lints))?;
    let kept = fresh_folder()?;
    let tests = ["test", "--workspace", "--locked"];
    step("tests and documentation tests", cargo(&tests).env("TAPTILL_KEEP_SCRATCH", &kept))?;
    let scan = ["run", "--quiet", "--locked", "--package", "taptill-sandbox", "--example", "scan_folder", "--"];
    step("no card number, track or key in what the tests left behind", cargo(&scan).arg(&kept))?;
    let docs = ["doc", "--workspace", "--no-deps", "--locked"];
    step("documentation without warnings", cargo(&docs).env("RUSTDOCFLAGS", "--deny warnings"))?;
    eprintln!("\n==> licences of all dependencies");
    licences::check()?;
    let rows = ["run", "--quiet", "--locked", "--package", "taptill-benches", "--bin", "ratios", "--", "--once"];
    step("every measurement runs (time is not judged)", &mut cargo(&rows))?;
    eprintln!("\neverything holds");
    Ok(())
}

/// An empty folder in which the tests keep their tills, hosts and logs.
fn fresh_folder() -> Result<PathBuf, String> {
    let folder = project_folder().join("target/kept-scratch");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))
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
