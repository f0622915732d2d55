//! The Kotlin part: Maven builds the library's face, the adapters and the app, and runs their tests.
//!
//! Once a build has had everything from the network, and as long as no `pom.xml` changes, Maven is run without it.
//! Evidence: `mod tests`; the rest is Maven's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::options::Language;
use super::verdicts::{Verdict, find};
use super::{Shell, part};
use crate::steps::{hear, target_folder};

/// Runs every test of `android/`.
pub fn tests(shell: &Shell) -> Result<Verdict, String> {
    let long = shell.long.then_some("-Dtaptill.long=true");
    let said = maven("Kotlin: the face, the adapters, the app", &["verify"], |command| {
        shell.surround(command)?.args(long);
        Ok(())
    })?;
    find(Language::Kotlin, &said)
}

/// Runs Maven over `android/`, without the network where it has everything already. What it says is shown as far as
/// it concerns a reader: summaries, warnings, errors and whatever the tests print.
pub fn maven(
    heading: &str,
    arguments: &[&str],
    surround: impl Fn(&mut Command) -> Result<(), String>,
) -> Result<Vec<String>, String> {
    let target = target_folder()?;
    let android = part("android/pom.xml")?;
    let stamp = target.join("maven/complete.stamp");
    let recipe = poms(android.parent().unwrap_or(&android))?;
    let complete = fs::read_to_string(&stamp).is_ok_and(|made| made == recipe);
    let run = |heading: &str, offline: bool| {
        let mut command = Command::new("mvn");
        // Numbers are written with a point, wherever the machine stands.
        command.env("LC_ALL", "C.UTF-8");
        command
            .args(["--batch-mode", "--no-transfer-progress", "-Dkotlin.compiler.daemon=false", "--file"])
            .arg(&android);
        command.arg(format!("-Dtaptill.target={}", target.display()));
        command.arg(format!("-Dtaptill.library={}", target.join("debug").display()));
        command.args(offline.then_some("--offline")).args(arguments);
        surround(&mut command)?;
        hear(heading, &mut command, is_worth_showing)
    };
    if complete {
        let (said, verdict) = run(&format!("{heading} (Maven, offline)"), true)?;
        if verdict.is_ok() || !wanted_the_network(&said) {
            return verdict.map(|()| said);
        }
    }
    let again = if complete { "; again with the network" } else { ": the first run loads about 800 MB into ~/.m2" };
    let (said, verdict) = run(&format!("{heading} (Maven{again})"), false)?;
    verdict?;
    fs::create_dir_all(target.join("maven")).map_err(|error| error.to_string())?;
    fs::write(&stamp, recipe).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(said)
}

/// Maven over `android/` with the library of one profile.
fn program(profile: &str) -> Result<Command, String> {
    let target = target_folder()?;
    let mut command = Command::new("mvn");
    // Numbers are written with a point, wherever the machine stands.
    command.env("LC_ALL", "C.UTF-8");
    command.args(["--batch-mode", "--no-transfer-progress", "-Dkotlin.compiler.daemon=false", "--file"]);
    command.arg(part("android/pom.xml")?);
    command.arg(format!("-Dtaptill.target={}", target.display()));
    command.arg(format!("-Dtaptill.library={}", target.join(profile).display()));
    Ok(command)
}

/// Maven with the one test that measures.
pub fn costs() -> Result<Command, String> {
    let mut command = program("release")?;
    command.args(["--projects", "taptill", "--also-make", "test", "-Dtest=CostTest", "-Dtaptill.cost=true"]);
    command.args(["-Dsurefire.failIfNoSpecifiedTests=false", "-DfailIfNoTests=false"]);
    Ok(command)
}

/// Whether a run without the network failed for the want of it, and not by what it tested.
fn wanted_the_network(said: &[String]) -> bool {
    said.iter().any(|line| line.starts_with("[ERROR]") && line.contains("offline mode"))
}

/// The text of every `pom.xml`, which decides what Maven loads.
fn poms(android: &Path) -> Result<String, String> {
    let told = |error: std::io::Error| format!("{}: {error}", android.display());
    let mut paths: Vec<PathBuf> = ["pom.xml", "../tests/contract/kotlin/pom.xml", "../examples/kotlin/pom.xml"]
        .map(|path| android.join(path))
        .into();
    for entry in fs::read_dir(android).map_err(told)? {
        paths.push(entry.map_err(told)?.path().join("pom.xml"));
    }
    paths.sort();
    Ok(paths.iter().filter_map(|path| fs::read_to_string(path).ok()).collect())
}

/// Whether a line of Maven's says something of the tests; its diary of plugins and downloads does not.
fn is_worth_showing(line: &str) -> bool {
    let Some(said) = line.strip_prefix("[INFO]") else { return true };
    let said = said.trim();
    ["Tests run:", "Reactor Summary", "BUILD ", "Building ", "Total time"].iter().any(|start| said.starts_with(start))
        || ["SUCCESS [", "FAILURE [", "SKIPPED"].iter().any(|mark| said.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::{is_worth_showing, wanted_the_network};

    #[test]
    fn summaries_and_errors_are_shown_and_the_diary_is_not() {
        let rows = [
            ("[INFO] Tests run: 12, Failures: 0, Errors: 0, Skipped: 0", true),
            ("[ERROR] a file is wrong", true),
            ("[WARNING] it is old", true),
            ("kotlin: 41 passed, 0 failed", true),
            ("[INFO] BUILD SUCCESS", true),
            ("[INFO] Taptill app ......... SUCCESS [ 12.1 s]", true),
            ("[INFO] --- resources:3.3.1:resources (default-resources) @ taptill ---", false),
            ("[INFO] Copying 1 resource", false),
            ("[INFO]", false),
        ];
        for (line, verdict) in rows {
            assert_eq!(is_worth_showing(line), verdict, "{line}");
        }
    }

    #[test]
    fn only_a_missing_download_asks_for_the_network() {
        let rows = [
            ("[ERROR] Cannot access central in offline mode and the artifact a:b:1 has not been downloaded", true),
            ("[ERROR] Tests run: 1, Failures: 1", false),
            ("a test prints offline mode", false),
        ];
        for (line, verdict) in rows {
            assert_eq!(wanted_the_network(&[line.to_owned()]), verdict, "{line}");
        }
    }
}
