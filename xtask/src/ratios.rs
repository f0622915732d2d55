//! `cargo xtask ratios`: builds the `benches` crate with optimisation and runs it, with what the shells measured of
//! themselves.
//!
//! Kotlin and Swift each run the same sales and print one line of JSON, which the table takes in. Without their tools
//! their rows are missing, which is said aloud; where CI=true that is an error. Evidence: `mod tests`.

use std::path::PathBuf;

use crate::steps::{cargo, in_ci, listen, step, target_folder};
use crate::test::shell_costs;

/// Prints the table, or its JSON; of these rooms alone where any is named.
pub fn run(json: bool, rust_only: bool, rooms: &[String]) -> Result<(), String> {
    let lines =
        if rust_only { vec!["!!! NOT MEASURED: the shells (left out on request)".to_owned()] } else { Vec::new() };
    let is_without_shells = rust_only || !(rooms.is_empty() || rooms.iter().any(|room| room == SHELLS));
    let (costs, left_out) = if is_without_shells { (Vec::new(), lines) } else { shells()? };
    let mut command =
        cargo(&["run", "--quiet", "--release", "--locked", "--package", "taptill-benches", "--bin", "ratios"]);
    command.arg("--").args(json.then_some("--json")).args(rooms);
    if !costs.is_empty() {
        command.env("TAPTILL_SHELL_COSTS", written(&costs)?);
    }
    let done = step("ratios, us and a peer in the same run", &mut command);
    left_out.iter().for_each(|line| eprintln!("{line}"));
    done
}

/// The room whose rows the shells measure.
const SHELLS: &str = "shells";

/// What each shell printed, and what is said of those that could not be run.
fn shells() -> Result<(Vec<String>, Vec<String>), String> {
    let (mut costs, mut left_out) = (Vec::new(), Vec::new());
    for (language, measured) in shell_costs() {
        match measured.and_then(|mut command| {
            listen(&format!("{language}: what its calls across the face cost"), &mut command, |_| false)
        }) {
            Ok(said) => costs.push(line(&said).ok_or(format!("{language}: printed no line of costs"))?),
            Err(why) if in_ci() => return Err(why),
            Err(why) => left_out.push(format!("!!! NOT MEASURED: {language}: {why}")),
        }
    }
    Ok((costs, left_out))
}

/// The line of costs in what a program printed.
fn line(said: &[String]) -> Option<String> {
    let begins = |line: &&String| line.trim().trim_start_matches("[INFO] ").starts_with("{\"language\":");
    said.iter().find(begins).map(|line| line.trim().trim_start_matches("[INFO] ").to_owned())
}

fn written(costs: &[String]) -> Result<PathBuf, String> {
    let path = target_folder()?.join("shell-costs.jsonl");
    std::fs::write(&path, costs.join("\n")).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_line_of_costs_is_found_among_others() {
        let said = |text: &[&str]| text.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let rows: [(&[&str], Option<&str>); 4] = [
            (&["noise", "{\"language\":\"swift\"}"], Some("{\"language\":\"swift\"}")),
            (&["[INFO] {\"language\":\"kotlin\"}"], Some("{\"language\":\"kotlin\"}")),
            (&["{\"other\":1}"], None),
            (&[], None),
        ];
        for (text, verdict) in rows {
            assert_eq!(line(&said(text)).as_deref(), verdict, "{text:?}");
        }
    }
}
