//! Running other programs, one step at a time, with a heading that says what the step proves.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

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

/// `cargo` with arguments, the same cargo that runs this program.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// The folder that holds the workspace.
pub fn project_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
