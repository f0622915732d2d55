//! The shells' sources as a list of files with a language and a part, and their text without comments and strings.
//!
//! Both languages agree on what a comment and a string look like, so one reader serves both. Lines stay lines.
//! It never looks at generated code. Evidence: `mod tests`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::test::options::Language;

/// One source file of a shell.
pub struct Source {
    /// Its path in the project, with `/`.
    pub path: String,
    /// Its text as it is.
    pub text: String,
}

/// A part of a shell: who reads the product there, and whether it ships.
pub struct Part {
    /// Kotlin or Swift.
    pub language: Language,
    /// What it is called in a table.
    pub name: &'static str,
    /// Whether its code reaches a phone.
    pub ships: bool,
    /// Folders and files in the project.
    folders: &'static [&'static str],
    /// What of them belongs to another part.
    but: &'static [&'static str],
}

/// Every part of both shells. A source file in `android` or `ios` that is in none fails `cargo xtask thin`.
pub const PARTS: [Part; 10] = [
    Part {
        language: Language::Kotlin,
        name: "face",
        ships: true,
        folders: &["android/taptill/src/main"],
        but: &["android/taptill/src/main/kotlin/org/taptill/android"],
    },
    Part {
        language: Language::Kotlin,
        name: "adapters",
        ships: true,
        folders: &["android/taptill/src/main/kotlin/org/taptill/android"],
        but: &[],
    },
    Part { language: Language::Kotlin, name: "app", ships: true, folders: &["android/app/src/main"], but: &[] },
    Part {
        language: Language::Kotlin,
        name: "tests",
        ships: false,
        folders: &["android/taptill/src/test", "android/app/src/test", "android/robolectric-support"],
        but: &[],
    },
    Part {
        language: Language::Kotlin,
        name: "contract and example",
        ships: false,
        folders: &["tests/contract/kotlin", "examples/kotlin"],
        but: &[],
    },
    Part {
        language: Language::Swift,
        name: "face",
        ships: true,
        folders: &["ios/Sources/Taptill", "ios/Bindings"],
        but: &["ios/Sources/Taptill/Adapters"],
    },
    Part {
        language: Language::Swift,
        name: "adapters",
        ships: true,
        folders: &["ios/Sources/Taptill/Adapters"],
        but: &[],
    },
    Part {
        language: Language::Swift,
        name: "app",
        ships: true,
        folders: &["ios/Sources/TaptillMerchant", "ios/App"],
        but: &[],
    },
    Part {
        language: Language::Swift,
        name: "tests",
        ships: false,
        folders: &[
            "ios/Tests",
            "ios/Sources/TaptillSandbox",
            "ios/Sources/taptill-cost",
            "ios/Sources/taptill-probe",
            "ios/Package.swift",
        ],
        but: &[],
    },
    Part {
        language: Language::Swift,
        name: "contract and example",
        ships: false,
        folders: &["tests/contract/swift", "examples/swift"],
        but: &[],
    },
];

/// Where generated code lies in the tree of sources.
const GENERATED: [&str; 2] = ["ios/Sources/TaptillCore", "ios/Sources/taptillFFI"];

impl Part {
    /// Whether a path of the project belongs to this part.
    fn has(&self, path: &str) -> bool {
        let within =
            |folder: &&&str| path == **folder || path.strip_prefix(**folder).is_some_and(|rest| rest.starts_with('/'));
        self.folders.iter().any(|folder| within(&folder)) && !self.but.iter().any(|folder| within(&folder))
    }
}

/// The files of one part.
pub fn of_part(sources: &[Source], part: &Part) -> Vec<usize> {
    (0..sources.len()).filter(|at| part.has(&sources[*at].path)).collect()
}

/// Every Kotlin and Swift source that we wrote, by path.
pub fn all(project: &Path) -> Result<Vec<Source>, String> {
    let mut paths = Vec::new();
    for folder in ["android", "ios", "tests/contract", "examples"] {
        walk(&project.join(folder), &mut paths).map_err(|error| format!("{folder}: {error}"))?;
    }
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let shown = path.strip_prefix(project).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if GENERATED.iter().any(|folder| shown.starts_with(folder)) {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("{shown}: {error}"))?;
        found.push(Source { path: shown, text });
    }
    Ok(found)
}

/// Paths in no part, which nobody would count or check.
pub fn homeless(sources: &[Source]) -> Vec<String> {
    let lost = sources.iter().filter(|one| !PARTS.iter().any(|part| part.has(&one.path)));
    lost.map(|one| one.path.clone()).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden && path.file_name().is_none_or(|name| name != "build" && name != "target") {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "kt" || extension == "swift") {
            found.push(path);
        }
    }
    Ok(())
}

/// A text whose comments and strings are blank; what is spliced into a string stays, because it is code.
pub fn plain(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut reader = Reader { characters: &characters, at: 0, plain: String::with_capacity(text.len()) };
    reader.code(None);
    reader.plain
}

/// Lines that hold code.
pub fn code_lines(text: &str) -> usize {
    plain(text).lines().filter(|line| !line.trim().is_empty()).count()
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    plain: String,
}

impl Reader<'_> {
    fn starts(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, one)| self.characters.get(self.at + offset) == Some(&one))
    }

    fn pass(&mut self, count: usize, shown: bool) {
        for _ in 0..count {
            let Some(one) = self.characters.get(self.at) else { return };
            self.plain.push(if shown || *one == '\n' { *one } else { ' ' });
            self.at += 1;
        }
    }

    /// Code up to the bracket that closes it, or to the end.
    fn code(&mut self, closing: Option<char>) {
        let mut depth = 0_usize;
        while let Some(one) = self.characters.get(self.at).copied() {
            if self.starts("//") {
                while self.at < self.characters.len() && !self.starts("\n") {
                    self.pass(1, false);
                }
            } else if self.starts("/*") {
                self.comment();
            } else if self.starts("\"\"\"") {
                self.string("\"\"\"");
            } else if one == '"' {
                self.string("\"");
            } else if self.starts("'\"'") {
                self.pass(3, true);
            } else {
                match one {
                    '(' | '{' => depth += 1,
                    ')' | '}' if depth == 0 && closing == Some(one) => return,
                    ')' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                self.pass(1, true);
            }
        }
    }

    fn comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.characters.len() {
            if self.starts("/*") {
                depth += 1;
                self.pass(2, false);
            } else if self.starts("*/") {
                depth -= 1;
                self.pass(2, false);
                if depth == 0 {
                    return;
                }
            } else {
                self.pass(1, false);
            }
        }
    }

    fn string(&mut self, quote: &str) {
        self.pass(quote.len(), true);
        while self.at < self.characters.len() && !self.starts(quote) {
            if self.starts("\\(") || self.starts("${") {
                let closing = if self.starts("${") { '}' } else { ')' };
                self.pass(2, true);
                self.code(Some(closing));
                self.pass(1, true);
            } else if self.starts("\\") {
                self.pass(2, false);
            } else if quote.len() == 1 && self.starts("\n") {
                return;
            } else {
                self.pass(1, false);
            }
        }
        self.pass(quote.len(), true);
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, code_lines, homeless, plain};

    #[test]
    fn comments_and_strings_are_blank_and_what_is_spliced_is_not() {
        let rows = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d\n */ e", "a               \n    e"),
            ("f(\"if (code)\")", "f(\"         \")"),
            ("f(\"x ${if (code == 1) \"y\" else z} w\")", "f(\"  ${if (code == 1) \" \" else z}  \")"),
            ("f(\"x \\(code == g(\"y\")) w\")", "f(\"  \\(code == g(\" \"))  \")"),
            ("\"\"\"a \" b\nc\"\"\" d", "\"\"\"     \n \"\"\" d"),
            ("\"a \\\" b\" c", "\"      \" c"),
            ("'\"' // x", "'\"'     "),
            ("\"never closed", "\"            "),
        ];
        for (text, verdict) in rows {
            assert_eq!(plain(text), verdict, "{text}");
        }
    }

    #[test]
    fn only_lines_with_code_count() {
        assert_eq!(code_lines("// a\n\nfun b() {\n    /* c\n d */\n}\n"), 2);
        assert_eq!(code_lines(""), 0);
    }

    #[test]
    fn a_source_in_no_part_is_told() {
        let rows = [
            ("android/taptill/src/main/kotlin/org/taptill/Till.kt", false),
            ("android/taptill/src/main/kotlin/org/taptill/android/Nfc.kt", false),
            ("ios/Sources/Taptill/Adapters/Keys.swift", false),
            ("ios/Sources/TaptillOther/Hidden.swift", true),
            ("android/other/src/main/Hidden.kt", true),
        ];
        for (path, verdict) in rows {
            let sources = [Source { path: path.to_owned(), text: String::new() }];
            assert_eq!(!homeless(&sources).is_empty(), verdict, "{path}");
        }
    }
}
