//! The Swift part: `ios/check.sh` lints, builds and tests the package, then runs the contract and the example.
//!
//! Evidence: `xtask/src/tools.rs` for the toolchain; the rest is the script's.

use std::path::PathBuf;
use std::process::Command;

use super::options::Language;
use super::verdicts::{Verdict, find};
use super::{Shell, part};
use crate::steps::{listen, project_folder, target_folder};
use crate::tools::Swift;

/// Runs every test of `ios/`.
pub fn tests(shell: &Shell, swift: &Swift) -> Result<Verdict, String> {
    let mut command = check(swift, &[])?;
    let said =
        listen("Swift: the kit, the app's models, the contract, the example", shell.surround(&mut command)?, |_| true)?;
    find(Language::Swift, &said)
}

/// The script with the toolchain that was found.
pub fn check(swift: &Swift, arguments: &[&str]) -> Result<Command, String> {
    let mut command = Command::new("bash");
    command.arg(part("ios/check.sh")?).args(arguments).env("SWIFT", &swift.program);
    let target = target_folder()?;
    // The library and the sandbox are seen at the places where they were built.
    let mut seen = vec![project_folder()];
    if !target.starts_with(project_folder()) {
        seen.push(target.clone());
    }
    let seen: Vec<String> = seen.iter().map(|path| path.display().to_string()).collect();
    command.env("SWIFT_BIND", seen.join(":"));
    command.env("SWIFT_ENV", "TAPTILL_LIB_DIR TAPTILL_BIN TAPTILL_LONG TAPTILL_KEEP_SCRATCH");
    command.env("SWIFT_HOME", caches().join("swift-home"));
    if let Some(root) = &swift.root {
        command.env("SWIFT_ROOT", root);
    }
    Ok(command)
}

/// Where the compiler keeps what it would make anew in every clone.
fn caches() -> PathBuf {
    let home = || std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("taptill")
}
