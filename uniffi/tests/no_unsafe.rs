//! The hand-written face is read: no unsafe code, nothing that cannot refuse, nothing without a word for its errors,
//! and no Rust in the words that become Kotlin's and Swift's documentation.
//!
//! The macros write unsafe code, so the compiler cannot forbid it in this crate. The rules are checked against small
//! texts of their own first.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use std::path::Path;

/// A front door with more behind it would hide something.
const FRONT_DOOR_LINES_MAX: usize = 60;

fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect();
    sources.sort();
    assert!(sources.len() >= 8, "only {} files were looked at", sources.len());
    sources
}

/// The code of a line, without its comment.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

fn has_word(code: &str, word: &str) -> bool {
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|found| found == word)
}

/// The lines in which code is unsafe.
fn unsafe_lines(text: &str) -> Vec<usize> {
    let lines = text.lines().enumerate();
    lines.filter(|(_, line)| has_word(code_of(line), "unsafe")).map(|(index, _)| index + 1).collect()
}

/// The exported functions that cannot refuse, or do not say what they refuse. An exported block is a function, or an
/// `impl` or `trait` up to the brace at the line's beginning.
fn careless(text: &str) -> Vec<String> {
    let mut careless = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim_start().starts_with("#[uniffi::export") {
            let end = (at + 1..lines.len()).find(|line| lines[*line].starts_with('}')).unwrap_or(lines.len());
            // The docs of a single function stand above its attribute.
            let docs_above = (0..at).rev().take_while(|line| lines[*line].starts_with("///")).count();
            careless.extend(careless_in(&lines[at - docs_above..end]));
            at = end;
        }
        at += 1;
    }
    careless
}

fn careless_in(block: &[&str]) -> Vec<String> {
    let mut careless = Vec::new();
    let mut says_errors = false;
    for (index, line) in block.iter().enumerate() {
        let code = code_of(line);
        says_errors |= line.trim_start().starts_with("/// # Errors");
        if has_word(code, "fn") {
            let signature: String = block[index..].iter().take(8).copied().collect::<Vec<_>>().join(" ");
            let signature = signature.split(['{', ';']).next().unwrap_or("");
            if !signature.contains("-> Result<") || !says_errors {
                careless.push(code.trim().to_owned());
            }
            says_errors = false;
        }
    }
    careless
}

/// The lines of documentation with a path or a link that only Rust understands.
fn foreign_words(text: &str) -> Vec<usize> {
    let docs = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("///"));
    docs.filter(|(_, line)| line.contains("::") || line.contains("[`")).map(|(index, _)| index + 1).collect()
}

#[test]
fn what_shells_read_is_not_rust() {
    for (name, text) in sources() {
        assert_eq!(foreign_words(&text), [0; 0], "{name}");
    }
    assert_eq!(
        foreign_words(
            "/// See [`A`].
/// `A::b`
//! `A::b`
/// `A`, 1 to 64 of `[a-z]`
"
        ),
        [1, 2]
    );
}

#[test]
fn the_hand_written_face_has_no_unsafe_code() {
    for (name, text) in sources() {
        assert_eq!(unsafe_lines(&text), [0; 0], "{name}");
    }
}

#[test]
fn everything_exported_can_refuse_and_says_what() {
    let mut exported = 0;
    for (name, text) in sources() {
        assert_eq!(careless(&text), [""; 0], "{name}");
        exported += text.matches("#[uniffi::export").count();
    }
    assert!(exported >= 10, "only {exported} exports were looked at");
}

/// A process has one heap, so the library and the desktop till each set theirs, and the core none.
#[test]
fn the_heap_is_set_in_the_library_and_in_the_desktop_till_alone() {
    let sets = |text: &str| text.lines().filter(|line| code_of(line).trim() == "#[global_allocator]").count();
    assert_eq!(sources().iter().map(|(_, text)| sets(text)).sum::<usize>(), 1);
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(sets(&std::fs::read_to_string(project.join("sandbox/src/bin/taptill.rs")).unwrap()), 1);
    for folder in ["src", "sandbox/src"] {
        let texts = rust_files(&project.join(folder)).into_iter().filter(|path| !path.ends_with("bin/taptill.rs"));
        for path in texts {
            assert_eq!(sets(&std::fs::read_to_string(&path).unwrap()), 0, "{}", path.display());
        }
    }
}

fn rust_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn the_front_door_is_short() {
    let (_, door) = sources().into_iter().find(|(name, _)| name == "lib.rs").unwrap();
    let lines = door.lines().count();
    assert!(lines < FRONT_DOOR_LINES_MAX, "uniffi/src/lib.rs has {lines} lines");
}

#[test]
fn the_reader_finds_what_it_looks_for() {
    assert_eq!(unsafe_lines("// unsafe\nlet unsafe_word = 1;\nunsafe { x() }\n"), [3]);
    let good = "/// Does.\n///\n/// # Errors\n/// None.\n#[uniffi::export]\npub fn a() -> Result<(), E> {\n}\n";
    assert_eq!(careless(good), [""; 0]);
    for (bad, found) in [
        (good.replace("Result<(), E>", "()"), "pub fn a() -> () {"),
        (good.replace("# Errors", "Errors"), "pub fn a() -> Result<(), E> {"),
    ] {
        assert_eq!(careless(&bad), [found]);
    }
    let block = "#[uniffi::export]\nimpl A {\n    /// # Errors\n    pub fn a() -> Result<(), E> {\n    }\n    pub fn b() -> Result<(), E> {\n    }\n}\n";
    assert_eq!(careless(block), ["pub fn b() -> Result<(), E> {"]);
}
