//! Running other programs, one step at a time, with a heading that says what the step proves.

use std::path::{Path, PathBuf};
use std::process::Command;
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
