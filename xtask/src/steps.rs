//! Running other programs, one step at a time, with a heading that says what the step proves. Evidence: every step of
//! `cargo xtask test`; a step that fails ends it, `tests/headers.rs` is one of them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use cargo_metadata::MetadataCommand;

/// Runs one step in the project's folder; the first that fails ends the run.
pub fn step(heading: &str, command: &mut Command) -> Result<(), String> {
    eprintln!("\n==> {heading}");
    let began = Instant::now();
    let status = command.current_dir(project_folder()).status().map_err(|error| {
        format!("{heading}: {} could not be started: {error}", command.get_program().to_string_lossy())
    })?;
    if !status.success() {
        return Err(format!("{heading}: failed ({status})"));
    }
    eprintln!("    ok, {} s", began.elapsed().as_secs());
    Ok(())
}

/// Runs one step and keeps what it says on standard output, of which `shown` decides what is passed on.
pub fn listen(heading: &str, command: &mut Command, shown: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    let (lines, verdict) = hear(heading, command, shown)?;
    verdict.map(|()| lines)
}

/// The lines that a step said, and whether it succeeded.
pub type Heard = (Vec<String>, Result<(), String>);

/// As `listen`, and what was said is kept from a step that fails too.
pub fn hear(heading: &str, command: &mut Command, shown: impl Fn(&str) -> bool) -> Result<Heard, String> {
    eprintln!("\n==> {heading}");
    let began = Instant::now();
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.current_dir(project_folder()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("{heading}: {program} could not be started: {error}"))?;
    let mut lines = Vec::new();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(|error| format!("{heading}: {error}"))?;
            let line = String::from_utf8_lossy(&line).into_owned();
            if shown(&line) {
                println!("{line}");
            }
            lines.push(line);
        }
    }
    let status = child.wait().map_err(|error| format!("{heading}: {error}"))?;
    if !status.success() {
        return Ok((lines, Err(format!("{heading}: failed ({status})"))));
    }
    eprintln!("    ok, {} s", began.elapsed().as_secs());
    Ok((lines, Ok(())))
}

/// `cargo` with arguments, the same cargo that runs this program.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Any other program.
pub fn command(program: &Path) -> Command {
    Command::new(program)
}

/// Where cargo builds; asked of cargo, because a setting may move it.
pub fn target_folder() -> Result<PathBuf, String> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let metadata = MetadataCommand::new().current_dir(project_folder()).no_deps().exec();
    let metadata = metadata.map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(FOUND.get_or_init(|| metadata.target_directory.into_std_path_buf()).clone())
}

/// The folder that holds the workspace.
pub fn project_folder() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
