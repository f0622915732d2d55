//! The closing lines of the contract's three interpreters, `rust: N passed, N failed`, and whether they agree.
//!
//! A case that only some languages run shows here as different numbers, and fails the run. Evidence: `mod tests`.

use super::options::Language;

/// What one interpreter counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Who counted.
    pub language: Language,
    /// Cases with the expected outcome.
    pub passed: u32,
    /// Cases with another.
    pub failed: u32,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} passed, {} failed", self.language.name(), self.passed, self.failed)
    }
}

/// The one closing line in what an interpreter printed.
pub fn find(language: Language, output: &[String]) -> Result<Verdict, String> {
    let lines: Vec<Verdict> = output.iter().filter_map(|line| parse(language, line)).collect();
    match lines.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("the contract in {0} did not end with its line `{0}: N passed, N failed`", language.name())),
        several => Err(format!("the contract in {} counted {} times", language.name(), several.len())),
    }
}

fn parse(language: Language, line: &str) -> Option<Verdict> {
    // Maven puts its own mark before what a test prints.
    let line = line.trim().trim_start_matches("[INFO] ");
    let counts = line.strip_prefix(language.name())?.strip_prefix(": ")?;
    let (passed, failed) = counts.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Verdict { language, passed: passed.parse().ok()?, failed: failed.parse().ok()? })
}

/// Fails unless every interpreter ran the same number of cases, at least one, and none failed.
pub fn agree(verdicts: &[Verdict]) -> Result<(), String> {
    let Some(first) = verdicts.first() else { return Ok(()) };
    for one in verdicts {
        if one.failed > 0 {
            return Err(format!("the contract: {one}"));
        }
        if one.passed == 0 {
            return Err(format!("the contract in {} has no case", one.language.name()));
        }
        if one.passed != first.passed {
            return Err(format!("the contract is not the same in every language: {first}; {one}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::options::Language::{self, Kotlin, Rust, Swift};
    use super::{Verdict, agree, find};

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_closing_line_is_found_or_missed_by_name() {
        type Row<'a> = (&'a [&'a str], Result<(u32, u32), &'a str>);
        let rows: [Row<'_>; 9] = [
            (&["kotlin: 41 passed, 0 failed"], Ok((41, 0))),
            (&["noise", "  kotlin: 1 passed, 2 failed  ", "noise"], Ok((1, 2))),
            (&["[INFO] kotlin: 41 passed, 0 failed"], Ok((41, 0))),
            (&["swift: 41 passed, 0 failed"], Err("did not end with its line")),
            (&["kotlin: 41 passed"], Err("did not end with its line")),
            (&["kotlin: many passed, 0 failed"], Err("did not end with its line")),
            (&["this is not kotlin: 4 passed, 0 failed"], Err("did not end with its line")),
            (&[], Err("did not end with its line")),
            (&["kotlin: 1 passed, 0 failed", "kotlin: 1 passed, 0 failed"], Err("counted 2 times")),
        ];
        for (output, verdict) in rows {
            let found = find(Kotlin, &lines(output));
            match verdict {
                Ok((passed, failed)) => {
                    assert_eq!(found, Ok(Verdict { language: Kotlin, passed, failed }), "{output:?}");
                }
                Err(text) => assert!(found.is_err_and(|why| why.contains(text)), "{output:?}"),
            }
        }
    }

    #[test]
    fn three_languages_agree_or_the_run_fails() {
        type Row<'a> = (&'a [(Language, u32, u32)], Result<(), &'a str>);
        let rows: [Row<'_>; 8] = [
            (&[(Rust, 41, 0), (Kotlin, 41, 0), (Swift, 41, 0)], Ok(())),
            (&[(Swift, 41, 0)], Ok(())),
            (&[], Ok(())),
            (&[(Rust, 41, 0), (Kotlin, 40, 0), (Swift, 41, 0)], Err("not the same in every language")),
            (&[(Rust, 41, 0), (Kotlin, 41, 0), (Swift, 42, 0)], Err("not the same in every language")),
            (&[(Rust, 41, 0), (Kotlin, 40, 1), (Swift, 41, 0)], Err("kotlin: 40 passed, 1 failed")),
            (&[(Rust, 0, 0), (Kotlin, 0, 0), (Swift, 0, 0)], Err("has no case")),
            (&[(Rust, 41, 2)], Err("rust: 41 passed, 2 failed")),
        ];
        for (counts, verdict) in rows {
            let verdicts: Vec<Verdict> = counts
                .iter()
                .map(|(language, passed, failed)| Verdict { language: *language, passed: *passed, failed: *failed })
                .collect();
            match verdict {
                Ok(()) => assert_eq!(agree(&verdicts), Ok(()), "{counts:?}"),
                Err(text) => assert!(agree(&verdicts).is_err_and(|why| why.contains(text)), "{counts:?}"),
            }
        }
    }
}
