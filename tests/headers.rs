//! Every module says what it is and names its evidence, and what it names is there.
//!
//! A header is the `//!` lines at the top of a file. It is short enough to be read, it says `Evidence:`, and each
//! file that it names exists, seen from the repository, from `src`, or from the file's own folder. The rules are
//! checked against small headers of their own first.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::path::{Path, PathBuf};

/// A dozen lines, and a table where there is one.
const HEADER_LINES_MAX: usize = 18;

/// Front doors without behaviour of their own: they need no evidence.
const FRONT_DOORS: [&str; 4] = ["src/lib.rs", "sandbox/src/lib.rs", "sandbox/src/bin/taptill.rs", "xtask/src/main.rs"];

#[test]
fn every_module_says_what_it_is_and_which_test_shows_it() {
    let mut findings = Vec::new();
    let mut files = 0;
    for folder in ["src", "sandbox/src", "sandbox/crashfs/src", "sandbox/simulator/src", "uniffi/src", "xtask/src"] {
        for path in rust_files(&root().join(folder)) {
            let shown = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            let faults = faults_of(&shown, &fs::read_to_string(&path).unwrap());
            findings.extend(faults.into_iter().map(|fault| format!("{shown}: {fault}")));
            files += 1;
        }
    }
    assert!(files > 100, "only {files} files were looked at");
    assert!(findings.is_empty(), "headers that mislead:\n{}", findings.join("\n"));
}

#[test]
fn each_fault_of_a_header_is_found() {
    let long = "//! What it is. Evidence: `mod tests`.\n".repeat(HEADER_LINES_MAX + 1) + "mod tests {}\n";
    for (text, verdict) in [
        ("use std::fmt;\n", "it has no header"),
        ("//! What it is.\n", "its header names no evidence"),
        ("//! What it is. Evidence: `tests/gone.rs`.\n", "`tests/gone.rs` is not there"),
        ("//! What it is. Evidence: `tests/gone_*.rs`.\n", "`tests/gone_*.rs` is not there"),
        ("//! What it is. Evidence: `mod tests`.\n", "it has no `mod tests`"),
        (&long, "its header has more than 18 lines"),
    ] {
        assert_eq!(faults_of("src/money.rs", text), [verdict], "{text}");
    }
    for text in [
        "//! What it is. Evidence: `tests/floors.rs`, `payment/state/tests.rs`, `sandbox/tests/host_*.rs`.\n",
        "//! What it is. Evidence: `mod tests` below.\n\n#[cfg(test)]\nmod tests {}\n",
        "//! What it is. Evidence: `mod tests` of each file.\n",
    ] {
        assert_eq!(faults_of("src/money.rs", text), [""; 0], "{text}");
    }
}

fn faults_of(shown: &str, text: &str) -> Vec<String> {
    let header: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    let joined = header.join(" ");
    let is_test = shown.ends_with("tests.rs");
    let mut faults = Vec::new();
    if header.is_empty() {
        return vec!["it has no header".to_owned()];
    }
    if header.len() > HEADER_LINES_MAX {
        faults.push(format!("its header has more than {HEADER_LINES_MAX} lines"));
    }
    if !joined.contains("Evidence:") && !is_test && !FRONT_DOORS.contains(&shown) {
        faults.push("its header names no evidence".to_owned());
    }
    let evidence = joined.split_once("Evidence:").map_or("", |(_, evidence)| evidence);
    let has_tests = text.lines().any(|line| !line.starts_with("//") && line.contains("mod tests"));
    if evidence.contains("`mod tests`") && !evidence.contains("of each file") && !has_tests {
        faults.push("it has no `mod tests`".to_owned());
    }
    let named = joined.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs"));
    faults.extend(named.filter(|name| !is_there(shown, name)).map(|name| format!("`{name}` is not there")));
    faults
}

/// Whether a file is seen from the repository, from `src` or from the folder of the file that names it.
fn is_there(shown: &str, name: &str) -> bool {
    let own = root().join(shown).parent().unwrap().to_owned();
    [root().to_owned(), root().join("src"), own].iter().any(|folder| {
        let path = folder.join(name);
        let Some((start, end)) = path.file_name().unwrap().to_str().unwrap().split_once('*') else {
            return path.is_file();
        };
        let fits = |file: &str| file.starts_with(start) && file.ends_with(end);
        let names = fs::read_dir(path.parent().unwrap()).into_iter().flatten();
        names.into_iter().any(|entry| fits(entry.unwrap().file_name().to_str().unwrap()))
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
