//! The house stands: no module of the core imports a floor above its own, and no two floors import in a circle.
//!
//! The test reads the `use` lines and `crate::` paths of `src/`. Each finding names the file, the line and the
//! rule. The rules are checked against a small house of their own first, so that a reader who breaks the
//! reader sees it here.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which floor a module lives on. A module that is not here fails the test.
const FLOORS: [(&str, u8); 27] = [
    ("terminal", 5),
    ("desk", 5),
    ("payment", 4),
    ("account", 4),
    ("settlement", 4),
    ("incident", 4),
    ("till", 4),
    ("screen", 4),
    ("session", 3),
    ("acquirer", 3),
    ("vault", 2),
    ("journal", 2),
    ("emv", 1),
    ("iso8583", 1),
    ("paycrypto", 1),
    ("merkle", 1),
    ("receipt", 1),
    ("money", 0),
    ("ids", 0),
    ("card", 0),
    ("clock", 0),
    ("secret", 0),
    ("hex", 0),
    ("text", 0),
    ("ports", 0),
    ("error", 0),
    ("planted", 0),
];

/// What only some floors may name: the text, the floors that may, and the reason.
const RESERVED: [(&str, &[u8], &str); 13] = [
    ("SystemTime::now", &[5], "the time comes in as an argument"),
    ("Instant::now", &[5], "the time comes in as an argument"),
    ("std::net", &[5], "only the terminal touches sockets"),
    ("tokio", &[5], "floors 0 to 4 never wait"),
    ("rustls", &[5], "only the terminal touches sockets"),
    ("std::thread", &[5], "floors 0 to 4 never wait"),
    ("rusqlite", &[2], "the journal alone owns its database"),
    ("ring::rand", &[], "randomness comes in through the entropy port"),
    ("std::env", &[], "the environment decides nothing"),
    ("println", &[], "the core prints nothing"),
    ("eprintln", &[], "the core prints nothing"),
    ("HashMap", &[], "its order differs from run to run and must reach no output"),
    ("HashSet", &[], "its order differs from run to run and must reach no output"),
];

/// One import: where it stands, who imports and what.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arrow {
    place: String,
    from: String,
    to: String,
}

#[test]
fn no_module_imports_upward_or_in_a_circle() {
    let mut findings = Vec::new();
    let mut arrows = Vec::new();
    for file in rust_files(&source_folder()) {
        let module = module_of(&file);
        let text = fs::read_to_string(&file).unwrap();
        let shown = file.strip_prefix(source_folder()).unwrap().display().to_string();
        if module == "lib" {
            continue;
        }
        if floor_of(&module).is_none() {
            findings.push(format!("src/{shown}: module `{module}` has no floor; give it one in tests/floors.rs"));
        }
        findings.extend(reserved_words(&module, &shown, &text));
        arrows.extend(arrows_of(&module, &shown, &text));
    }
    findings.extend(upward(&arrows));
    findings.extend(circles(&arrows));
    assert!(findings.is_empty(), "the house does not stand:\n{}", findings.join("\n"));
}

#[test]
fn an_arrow_upward_is_found_with_its_line() {
    let text = "use std::fmt;\n\nuse crate::terminal::Terminal;\n";
    let found = upward(&arrows_of("journal", "journal/seal.rs", text));
    assert_eq!(found, ["src/journal/seal.rs:3: `journal` (floor 2) imports `terminal` (floor 5): never upward"]);
}

#[test]
fn a_grouped_import_is_read_whole() {
    let text = "use crate::{\n    money::Amount,\n    terminal::{Terminal, close},\n};\n";
    let to: Vec<String> = arrows_of("payment", "p.rs", text).into_iter().map(|arrow| arrow.to).collect();
    assert_eq!(to, ["money", "terminal"]);
}

#[test]
fn a_circle_between_neighbours_is_found() {
    let arrow = |from: &str, to: &str| Arrow { place: "x:1".into(), from: from.into(), to: to.into() };
    let found = circles(&[arrow("iso8583", "paycrypto"), arrow("paycrypto", "iso8583"), arrow("emv", "merkle")]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(circles(&[arrow("iso8583", "paycrypto"), arrow("emv", "paycrypto")]).is_empty());
}

#[test]
fn a_reserved_word_on_the_wrong_floor_is_found() {
    let found = reserved_words("emv", "emv/tlv.rs", "let t = std::time::Instant::now();\n");
    assert_eq!(found, ["src/emv/tlv.rs:1: `Instant::now` on floor 1: the time comes in as an argument"]);
    assert!(reserved_words("emv", "emv/tlv.rs", "// Instant::now is not asked here\n").is_empty());
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(source_folder()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn floor_of(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// The code of a line, without its comment.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

fn arrows_of(module: &str, shown: &str, text: &str) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    let mut group_depth: Option<i32> = None;
    for (index, line) in text.lines().enumerate() {
        let code = code_of(line);
        let mut names = Vec::new();
        if let Some(depth) = group_depth.as_mut() {
            names.extend(names_at_depth(code, depth));
            if *depth <= 0 {
                group_depth = None;
            }
        } else if let Some(after) = code.trim_start().trim_start_matches("pub ").strip_prefix("use crate::{") {
            let mut depth = 1;
            names.extend(names_at_depth(after, &mut depth));
            group_depth = (depth > 0).then_some(depth);
        } else {
            names.extend(code.split("crate::").skip(1).map(first_word));
        }
        for name in names.into_iter().filter(|name| !name.is_empty() && *name != module) {
            arrows.push(Arrow { place: format!("src/{shown}:{}", index + 1), from: module.to_owned(), to: name });
        }
    }
    arrows
}

/// The module names of a `use crate::{…}` group that stand at its first level.
fn names_at_depth(code: &str, depth: &mut i32) -> Vec<String> {
    let mut names = Vec::new();
    let mut word_may_begin = *depth == 1;
    for (at, letter) in code.char_indices() {
        match letter {
            '{' => *depth += 1,
            '}' => *depth -= 1,
            ',' => word_may_begin = *depth == 1,
            _ if letter.is_whitespace() => {}
            _ => {
                if word_may_begin && *depth == 1 {
                    names.push(first_word(&code[at..]));
                }
                word_may_begin = false;
            }
        }
    }
    names
}

fn first_word(code: &str) -> String {
    code.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

fn upward(arrows: &[Arrow]) -> Vec<String> {
    let mut found = Vec::new();
    for arrow in arrows {
        if let (Some(from), Some(to)) = (floor_of(&arrow.from), floor_of(&arrow.to))
            && to > from
        {
            found.push(format!(
                "{}: `{}` (floor {from}) imports `{}` (floor {to}): never upward",
                arrow.place, arrow.from, arrow.to
            ));
        }
    }
    found
}

fn circles(arrows: &[Arrow]) -> Vec<String> {
    let mut graph: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for arrow in arrows.iter().filter(|arrow| floor_of(&arrow.to).is_some()) {
        graph.entry(&arrow.from).or_default().entry(&arrow.to).or_insert(&arrow.place);
    }
    let mut found = Vec::new();
    for (from, targets) in &graph {
        for (to, place) in targets {
            if from < to && reaches(&graph, to, from) {
                found.push(format!("{place}: `{from}` imports `{to}`, which imports it back: no circles"));
            }
        }
    }
    found
}

fn reaches(graph: &BTreeMap<&str, BTreeMap<&str, &str>>, from: &str, goal: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        if module == goal {
            return true;
        }
        if seen.insert(module) {
            open.extend(graph.get(module).into_iter().flat_map(|targets| targets.keys().copied()));
        }
    }
    false
}

fn reserved_words(module: &str, shown: &str, text: &str) -> Vec<String> {
    let Some(floor) = floor_of(module) else { return Vec::new() };
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (word, floors, reason) in RESERVED {
            if names(code_of(line), word) && !floors.contains(&floor) {
                found.push(format!("src/{shown}:{}: `{word}` on floor {floor}: {reason}", index + 1));
            }
        }
    }
    found
}

/// Whether code names the word itself and not a longer word that holds it.
fn names(code: &str, word: &str) -> bool {
    let joins = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}
