//! The surface of the generated bindings: every public name with its types, as a text that people review.
//!
//! The generated code is not kept; `uniffi/surface/kotlin.txt` and `uniffi/surface/swift.txt` are. A change of the
//! face shows in them as a change of the lines that an integrator would have to follow. What the generator needs
//! for itself (converters, buffers, handles) is not in them.
//!
//! Evidence: `mod tests` of each file; `cargo xtask bindings` compares.

pub mod kotlin;
pub mod swift;
mod tokens;

use std::collections::BTreeMap;

/// One public type or function: its own line, and the lines of its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The declaration without its body.
    pub line: String,
    /// What it offers, in the order of the source.
    pub members: Vec<String>,
}

/// Declarations by name; the name sorts them, whatever order the generator chose.
pub type Surface = BTreeMap<String, Entry>;

/// The text of a surface, as it is kept.
pub fn text_of(surface: &Surface) -> String {
    let mut text = String::new();
    for entry in surface.values() {
        text.push_str(&entry.line);
        text.push('\n');
        for member in &entry.members {
            text.push_str("    ");
            text.push_str(member);
            text.push('\n');
        }
    }
    text
}

/// The lines that one text has and the other has not: `-` reviewed before, `+` there now. Lines of members carry
/// the type that they belong to.
pub fn differences(reviewed: &str, present: &str) -> Vec<String> {
    let (before, now) = (placed(reviewed), placed(present));
    let gone = before.iter().filter(|line| !now.contains(line)).map(|line| format!("- {line}"));
    let come = now.iter().filter(|line| !before.contains(line)).map(|line| format!("+ {line}"));
    let mut found: Vec<String> = gone.chain(come).collect();
    if found.is_empty() && reviewed != present {
        found.push("the same lines in another order".to_owned());
    }
    found
}

fn placed(text: &str) -> Vec<String> {
    let mut owner = "";
    let mut lines = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(member) => lines.push(format!("{owner} {{ {member} }}")),
            None => {
                owner = line;
                lines.push(line.to_owned());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn every_change_of_a_surface_is_told_by_its_line() {
        let reviewed = "class A\n    fun b(): Long\nclass C\n    fun b(): Long\n";
        let rows: [(&str, &[&str]); 6] = [
            (reviewed, &[]),
            ("class A\nclass C\n    fun b(): Long\n", &["- class A { fun b(): Long }"]),
            (
                "class A\n    fun b(): Int\nclass C\n    fun b(): Long\n",
                &["- class A { fun b(): Long }", "+ class A { fun b(): Int }"],
            ),
            ("class A\n    fun b(): Long\n", &["- class C", "- class C { fun b(): Long }"]),
            ("class C\n    fun b(): Long\nclass A\n    fun b(): Long\n", &["the same lines in another order"]),
            ("", &["- class A", "- class A { fun b(): Long }", "- class C", "- class C { fun b(): Long }"]),
        ];
        for (present, verdict) in rows {
            assert_eq!(differences(reviewed, present), verdict, "{present}");
        }
    }
}
