//! `cargo xtask test`: everything that must hold before a change lands, in the order of what fails fastest.
//!
//! First the tools (a missing one is found in the first second, not after ten minutes), then what reads the sources,
//! then the core, then the two shells over the library that was just built. At its end stand the closing lines of
//! the contract in the three languages, which must agree.
//!
//! Evidence: `mod tests` of each file.

pub mod kotlin;
pub mod options;
mod rust;
mod swift;
mod verdicts;

use std::path::PathBuf;
use std::process::Command;

use crate::steps::{cargo, in_ci, project_folder, step, target_folder};
use crate::{bindings, tools};
use options::{Language, Options};

/// Runs every check; the first that fails ends the run with its name.
pub fn run(options: &Options) -> Result<(), String> {
    let tested = options::languages(options, in_ci())?;
    let left_out = options::left_out(&tested);
    left_out.iter().for_each(|line| eprintln!("\n{line}"));
    tools::rust()?;
    let has = |language: Language| tested.contains(&language);
    if has(Language::Kotlin) {
        tools::kotlin()?;
    }
    let swift = if has(Language::Swift) { Some(tools::swift()?) } else { None };
    if has(Language::Rust) {
        rust::sources()?;
    }
    let kept = fresh_folder()?;
    bindings::run(false)?;
    step(
        "the sandbox",
        &mut cargo(&["build", "--quiet", "--locked", "--package", "taptill-sandbox", "--bin", "taptill"]),
    )?;
    let mut verdicts = Vec::new();
    if has(Language::Rust) {
        verdicts.push(rust::tests(&kept, options.long)?);
    }
    let shell = Shell { kept: kept.clone(), long: options.long };
    if has(Language::Kotlin) {
        verdicts.push(kotlin::tests(&shell)?);
    }
    if let Some(swift) = swift {
        verdicts.push(swift::tests(&shell, &swift)?);
    }
    let scan = ["run", "--quiet", "--locked", "--package", "taptill-sandbox", "--example", "scan_folder", "--"];
    step("no card number, track or key in what the tests left behind", cargo(&scan).arg(&kept))?;
    eprintln!("\n==> the contract, one line a language");
    verdicts.iter().for_each(|one| println!("{one}"));
    verdicts::agree(&verdicts)?;
    left_out.iter().for_each(|line| eprintln!("{line}"));
    eprintln!("\neverything holds{}", if left_out.is_empty() { "" } else { ", of what was tested" });
    Ok(())
}

/// The program of each shell that measures its calls across the face, or why it cannot be run here.
pub fn shell_costs() -> [(&'static str, Result<Command, String>); 2] {
    let ready = || {
        bindings::run(false)?;
        step(
            "the sandbox",
            &mut cargo(&["build", "--quiet", "--locked", "--package", "taptill-sandbox", "--bin", "taptill"]),
        )?;
        step(
            "the library, with optimisation",
            &mut cargo(&["build", "--quiet", "--locked", "--release", "--package", "taptill-ffi"]),
        )
    };
    let surrounded = |mut command: Command| {
        // What is measured is what ships: the library with optimisation, the sandbox beside it as it is.
        let built = target_folder()?;
        command.env("TAPTILL_BIN", built.join("debug/taptill")).env("TAPTILL_LIB_DIR", built.join("release"));
        Ok(command)
    };
    let kotlin = tools::kotlin().and_then(|()| ready()).and_then(|()| kotlin::costs()).and_then(surrounded);
    let swift = tools::swift().and_then(|swift| swift::check(&swift, &["cost"])).and_then(surrounded);
    [(Language::Kotlin.name(), kotlin), (Language::Swift.name(), swift)]
}

/// What the tests of both shells are told.
pub struct Shell {
    /// Where tills and logs of the tests stay, to be looked through afterwards.
    kept: PathBuf,
    /// Whether the soak has 10,000 sales.
    long: bool,
}

impl Shell {
    /// Gives a run of a shell its surroundings.
    fn surround<'a>(&self, command: &'a mut Command) -> Result<&'a mut Command, String> {
        let built = target_folder()?.join("debug");
        command.env("TAPTILL_BIN", built.join("taptill")).env("TAPTILL_LIB_DIR", &built);
        command.env("TAPTILL_KEEP_SCRATCH", &self.kept);
        if self.long {
            command.env("TAPTILL_LONG", "1");
        }
        Ok(command)
    }
}

/// An empty folder in which the tests keep their tills, hosts and logs.
fn fresh_folder() -> Result<PathBuf, String> {
    let folder = target_folder()?.join("kept-scratch");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))
}

/// Fails where a part of the project is not in the clone.
fn part(path: &str) -> Result<PathBuf, String> {
    let found = project_folder().join(path);
    if found.exists() { Ok(found) } else { Err(format!("{path} is not in this clone")) }
}
