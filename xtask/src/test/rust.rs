//! The Rust part: sources, then tests, then what is shown to others.
//!
//! Its tools are rustfmt, clippy, a C compiler and Python. Evidence: the checks are the evidence of the rest.

use std::path::Path;

use super::options::Language;
use super::verdicts::{Verdict, find};
use crate::steps::{cargo, listen, step, target_folder};
use crate::{licences, simulate, thin};

/// What can be said from the sources alone.
pub fn sources() -> Result<(), String> {
    step("formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    let generator = ["fmt", "--check", "--manifest-path", "uniffi/bindgen/Cargo.toml"];
    step("formatting of the generator", &mut cargo(&generator))?;
    thin::run()?;
    eprintln!("\n==> licences of all dependencies");
    licences::check()?;
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    step("lints, warnings are errors", &mut cargo(&lints))
}

/// Every test, the documentation, every measurement once. `kept` is where tests leave their tills; a long run has more
/// crash states, trials and sales.
pub fn tests(kept: &Path, long: bool) -> Result<Verdict, String> {
    let mut tests = cargo(&["test", "--workspace", "--locked"]);
    tests.env("TAPTILL_KEEP_SCRATCH", kept);
    if long {
        let shipped = ["build", "--locked", "--profile", "shipped", "--package", "taptill-sandbox", "--bin", "taptill"];
        step("the till as it ships, whose memory is searched", &mut cargo(&shipped))?;
        tests.env("TAPTILL_LONG", "1").env("TAPTILL_WIPED_BIN", target_folder()?.join("shipped/taptill"));
    }
    let said = listen("tests and documentation tests", &mut tests, |_| true)?;
    simulate::found()?;
    if long {
        simulate::run(&["--seeds", "0..100000"].map(str::to_owned))?;
    }
    let docs = ["doc", "--workspace", "--no-deps", "--locked"];
    step("documentation without warnings", cargo(&docs).env("RUSTDOCFLAGS", "--deny warnings"))?;
    let rows = ["run", "--quiet", "--locked", "--package", "taptill-benches", "--bin", "ratios", "--", "--once"];
    step("every measurement runs (time is not judged)", &mut cargo(&rows))?;
    find(Language::Rust, &said)
}
