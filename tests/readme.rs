//! The README shows the examples as they are: what a reader copies is what the tests build and run.
//!
//! Between `<!-- file -->` and the next heading or marker stands the file, fenced. `TAPTILL_WRITE=1 cargo test
//! --test readme` writes them anew.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::path::{Path, PathBuf};

const SHOWN: [(&str, &str); 6] = [
    ("examples/sale.rs", "rust"),
    ("examples/kotlin/Sale.kt", "kotlin"),
    ("examples/swift/Sale.swift", "swift"),
    ("examples/refund.rs", "rust"),
    ("examples/kotlin/Refund.kt", "kotlin"),
    ("examples/swift/Refund.swift", "swift"),
];

/// No example may be as long as this.
const LINES_LIMIT: usize = 60;

#[test]
fn the_readme_shows_each_example_as_it_is() {
    let readme = root().join("README.md");
    let there = fs::read_to_string(&readme).unwrap();
    let should = SHOWN.iter().fold(there.clone(), |text, (file, language)| {
        let code = fs::read_to_string(root().join(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
        shown(&text, file, language, &code).unwrap_or_else(|| panic!("README.md has no place for {file}"))
    });
    if std::env::var_os("TAPTILL_WRITE").is_some() {
        fs::write(&readme, &should).unwrap();
    }
    assert!(
        there == should || std::env::var_os("TAPTILL_WRITE").is_some(),
        "README.md shows another example than the file: TAPTILL_WRITE=1 cargo test --test readme"
    );
}

#[test]
fn an_example_is_read_in_a_minute() {
    for (file, _) in SHOWN {
        let lines = fs::read_to_string(root().join(file)).unwrap().lines().count();
        assert!(lines < LINES_LIMIT, "{file} has {lines} lines");
    }
}

#[test]
fn an_example_that_has_changed_is_seen() {
    let readme = "a\n\n<!-- x.rs -->\n\n```rust\nold\n```\n\nb\n";
    assert_eq!(shown(readme, "x.rs", "rust", "old\n").as_deref(), Some(readme));
    assert_eq!(
        shown(readme, "x.rs", "rust", "new\n").as_deref(),
        Some("a\n\n<!-- x.rs -->\n\n```rust\nnew\n```\n\nb\n")
    );
    assert_eq!(
        shown("a\n\n<!-- x.rs -->\n\nb\n", "x.rs", "rust", "new\n").as_deref(),
        shown(readme, "x.rs", "rust", "new\n").as_deref()
    );
    assert_eq!(shown("no place\n", "x.rs", "rust", "new\n"), None);
}

/// The text with the file's code after its marker, in place of what stood there.
fn shown(text: &str, file: &str, language: &str, code: &str) -> Option<String> {
    let marker = format!("<!-- {file} -->\n\n");
    let (before, after) = text.split_once(&marker)?;
    let fence = format!("```{language}\n");
    let rest = match after.strip_prefix(&fence) {
        Some(fenced) => fenced.split_once("```\n\n")?.1,
        None => after,
    };
    Some(format!("{before}{marker}{fence}{code}```\n\n{rest}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}
