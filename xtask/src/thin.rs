//! `cargo xtask thin`: a shell decides nothing. No `if`, `when`, `switch`, `guard`, comparison or sum on an amount, a
//! state or a code stands in what ships of Kotlin and Swift; the core's desk says what to draw and in which words.
//!
//! The rule reads text, not types: it takes names by their last word (`hostCode` is a code). What it cannot see is a
//! value that was renamed first; the reviewer sees that. Tests that a shell's file names as its evidence must be there.
//! Exceptions are listed below with their reason, and one that is not needed any more fails.
//!
//! Evidence: `mod tests`, where each rule finds its control.

use std::path::Path;

use crate::sources::{PARTS, Source, all, homeless, of_part, plain};
use crate::steps::project_folder;

/// Names, by their last word, on which a shell takes no decision.
const WATCHED: [&str; 6] = ["minor", "amount", "state", "code", "money", "retry"];

/// A file, a piece of the line, and why it may stand there.
type Exception = (&'static str, &'static str, &'static str);

/// Where the rule does not hold, and why.
const EXCEPTIONS: [Exception; 1] =
    [("android/app/src/main/kotlin/org/taptill/app/TillActivity.kt", "when (requestCode)", "Android's own number")];

/// Fails with every place where a shell decides.
pub fn run() -> Result<(), String> {
    eprintln!("\n==> no decision on amounts, states or codes in a shell");
    // The reason is for people; the type keeps it from being left out.
    check(&project_folder(), &EXCEPTIONS)
}

fn check(project: &Path, exceptions: &[Exception]) -> Result<(), String> {
    let sources = all(project)?;
    let mut findings: Vec<String> =
        homeless(&sources).into_iter().map(|path| format!("{path}: in no part of xtask/src/sources.rs")).collect();
    findings.extend(missing_evidence(&sources));
    let mut used = vec![false; exceptions.len()];
    let (mut files, mut lines) = (0, 0);
    for part in PARTS.iter().filter(|part| part.ships) {
        for at in of_part(&sources, part) {
            files += 1;
            lines += sources[at].text.lines().count();
            findings.extend(excused(&sources[at], exceptions, &mut used));
        }
    }
    for (one, used) in exceptions.iter().zip(used) {
        if !used {
            findings.push(format!("{}: the exception for `{}` is not needed any more", one.0, one.1));
        }
    }
    if !findings.is_empty() {
        return Err(format!("a shell decides:\n  {}", findings.join("\n  ")));
    }
    eprintln!("    ok, {files} files, {lines} lines");
    Ok(())
}

/// Tests that a file names behind `Evidence:` and that no file declares.
fn missing_evidence(sources: &[Source]) -> Vec<String> {
    let declares = |name: &str| {
        let is = |kind: &str| {
            let start = format!("{kind} {name}");
            sources.iter().any(|one| {
                one.text.match_indices(&start).any(|(at, _)| {
                    !one.text[at + start.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
                })
            })
        };
        ["class", "struct", "object"].into_iter().any(is)
    };
    let mut missing = Vec::new();
    for one in sources {
        for (at, _) in one.text.match_indices("Evidence:") {
            let claim = one.text[at..].lines().next().unwrap_or_default();
            let words = claim.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let tests = words.filter(|word| word.len() > 5 && (word.ends_with("Test") || word.ends_with("Tests")));
            missing.extend(
                tests
                    .filter(|name| !declares(name))
                    .map(|name| format!("{}: the evidence `{name}` is not there", one.path)),
            );
        }
    }
    missing
}

/// The findings of one file without the listed exceptions, which are marked as used.
fn excused(source: &Source, exceptions: &[Exception], used: &mut [bool]) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut findings = Vec::new();
    for (line, why) in decisions(&source.text) {
        let written = lines.get(line - 1).map_or("", |text| text.trim());
        let fits = |one: &Exception| one.0 == source.path && written.contains(one.1);
        match exceptions.iter().position(fits) {
            Some(at) => used[at] = true,
            None => findings.push(format!("{}:{line}: {why}: {written}", source.path)),
        }
    }
    findings
}

/// The decisions in a text: line and rule.
fn decisions(text: &str) -> Vec<(usize, &'static str)> {
    let plain = plain(text);
    let words = words(&plain);
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let rule = match word.text {
            "if" | "guard" | "while" => "a condition",
            "when" | "switch" => "a branch",
            _ if is_watched(word.text) && is_weighed(&words, at) => {
                found.push((word.line, "a comparison or a sum"));
                continue;
            }
            _ => continue,
        };
        if subject(&words, at).iter().any(|one| is_watched(one.text)) {
            found.push((word.line, rule));
        }
    }
    found.dedup_by_key(|one| one.0);
    found
}

struct Word<'a> {
    text: &'a str,
    line: usize,
}

const SIGNS: [&str; 12] = ["===", "!==", "==", "!=", "<=", ">=", "&&", "||", "->", "+=", "-=", "?:"];

fn words(plain: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    for (at, line) in plain.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let name = rest.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(rest.len());
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len());
            let length = if name > 0 { name } else { sign.unwrap_or(first.len_utf8()) };
            found.push(Word { text: &rest[..length], line: at + 1 });
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// Whether a name's last word is one of the watched: `code`, `hostCode`, `HOST_CODE`.
fn is_watched(name: &str) -> bool {
    let upper = name.chars().all(|one| !one.is_lowercase());
    let last = if upper {
        name.rsplit('_').next().unwrap_or(name)
    } else {
        let begins = name.rfind(|one: char| one.is_uppercase()).unwrap_or(0);
        &name[begins..]
    };
    WATCHED.contains(&last.to_lowercase().as_str())
}

/// What a condition or branch looks at: what stands in its brackets, or what stands before its body.
fn subject<'a, 'b>(words: &'b [Word<'a>], at: usize) -> &'b [Word<'a>] {
    let bracketed = words.get(at + 1).is_some_and(|next| next.text == "(");
    let mut depth = 0_usize;
    for (end, word) in words.iter().enumerate().skip(at + 1) {
        match word.text {
            "(" | "[" => depth += 1,
            ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && bracketed && !goes_on(words, end) {
                    return &words[at + 1..end];
                }
            }
            "{" if depth == 0 => return &words[at + 1..end],
            "else" | "}" if depth == 0 => return &words[at + 1..end],
            _ => {}
        }
    }
    &words[at + 1..]
}

/// In Swift a condition may begin with a bracket and go on after it.
fn goes_on(words: &[Word<'_>], end: usize) -> bool {
    words
        .get(end + 1)
        .is_some_and(|next| matches!(next.text, "&&" | "||" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "."))
}

/// Whether a watched name is compared or reckoned with, on either side.
fn is_weighed(words: &[Word<'_>], at: usize) -> bool {
    const WEIGHS: [&str; 15] = ["==", "!=", "===", "!==", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "+=", "-="];
    const CALLS: [&str; 5] = ["equals", "compareTo", "coerceAtLeast", "coerceAtMost", "negate"];
    let on_line = |other: usize| words.get(other).is_some_and(|word| word.line == words[at].line);
    let weighs = |sign: usize| {
        on_line(sign) && WEIGHS.contains(&words[sign].text) && !is_type_argument(words[at].text, words[sign].text)
    };
    if weighs(at + 1) {
        return true;
    }
    let called = words.get(at + 1).is_some_and(|next| matches!(next.text, "." | "?"))
        && words[at + 1..].iter().take(3).any(|word| CALLS.contains(&word.text));
    if called {
        return true;
    }
    // The name may be the end of a path: a.b.code.
    let mut begins = at;
    while begins >= 2 && words[begins - 1].text == "." {
        begins -= if words[begins - 2].text == "?" && begins >= 3 { 3 } else { 2 };
    }
    begins >= 2 && weighs(begins - 1) && on_line(begins - 2)
}

/// `MutableList<Amount>`: a type in angle brackets is compared with nothing.
fn is_type_argument(name: &str, sign: &str) -> bool {
    matches!(sign, "<" | ">") && name.starts_with(char::is_uppercase) && name.chars().any(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{check, decisions, excused, missing_evidence};
    use crate::sources::Source;

    #[test]
    fn each_kind_of_decision_is_found() {
        for text in [
            "if (attempt.state == AttemptState.APPROVED) show()",
            "if (error.facts.code in known) show()",
            "if attempt.state == .approved { show() }",
            "if (screen.ready) && (amount.minor > 0) { show() }",
            "guard amount.minor > 0 else { return }",
            "guard let code = error.code, known.contains(code) else { return }",
            "when (attempt.state) { APPROVED -> green }",
            "when { facts.hostCode == \"51\" -> red }",
            "switch attempt.state { case .approved: green }",
            "while (amount.minor > 0) { pay() }",
            "val total = minor + tip",
            "let total = a.minor * 2",
            "val more = limit - order.amount.minor",
            "val same = attempt.state.equals(other)",
            "val late = if (x) 1 else 2\nval same = code != null",
            "return facts.money == Money.MOVED",
            "show(\"${if (state == 1) a else b}\")",
            "let retries = facts.retry == .never",
            "val x = REFUND_CODE == y",
        ] {
            assert_eq!(decisions(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn drawing_passing_on_and_naming_are_no_decisions() {
        for text in [
            "when (screen.kind) { ScreenKind.AMOUNT_PAD -> pad(screen) }",
            "switch screen.kind { case .amountPad: Pad(screen) }",
            "val order = SaleOrder(attempt, Amount(minor = minor, currency = currency), null)",
            "if (screen.fieldOn) reader.on() else reader.off()",
            "if let error = error as? TillError { throw error }",
            "val codes: List<Code> = emptyList()",
            "fun words(code: String): Words = describe(code)",
            "// if (state == 1) nothing",
            "log(\"if (state == 1)\")",
            "val a: Map<String, Amount> = b",
            "self.state = state",
            "func show(amount: Amount) -> String { text(amount) }",
            "val decoded = decode(x)",
        ] {
            assert_eq!(decisions(text), [], "{text}");
        }
    }

    #[test]
    fn evidence_that_is_not_there_is_told() {
        let source = |text: &str| Source { path: "a/B.kt".to_owned(), text: text.to_owned() };
        for (tests, verdict) in
            [("class CardTest {}", 0), ("class CardTests {}", 1), ("// CardTest", 1), ("struct CardTest: A", 0)]
        {
            let sources = [source("/** What it is. Evidence: `CardTest`. */"), source(tests)];
            assert_eq!(missing_evidence(&sources).len(), verdict, "{tests}");
        }
    }

    #[test]
    fn an_exception_covers_its_own_line_and_no_other() {
        let exceptions = [("a/B.kt", "if (state == null)", "a value that Android hands in")];
        let mut used = [false];
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        assert!(excused(&source("a/B.kt", "  if (state == null) return"), &exceptions, &mut used).is_empty());
        assert_eq!(used, [true]);
        let other = excused(&source("a/B.kt", "\nif (state == 1) pay()"), &exceptions, &mut used);
        assert_eq!(other, ["a/B.kt:2: a condition: if (state == 1) pay()"]);
        assert_eq!(excused(&source("a/C.kt", "if (state == null) return"), &exceptions, &mut used).len(), 1);
    }

    #[test]
    fn a_shell_that_decides_fails_and_so_does_an_idle_exception() {
        let project = std::env::temp_dir().join(format!("taptill-xtask-thin-{}", std::process::id()));
        let _ = fs::remove_dir_all(&project);
        let app = project.join("android/app/src/main/kotlin");
        fs::create_dir_all(&app).unwrap();
        fs::write(app.join("A.kt"), "fun a() = draw(screen)\n").unwrap();
        assert_eq!(check(&project, &[]), Ok(()));
        let idle = check(&project, &[("android/app/src/main/kotlin/A.kt", "if", "none")]).unwrap_err();
        assert!(idle.contains("is not needed any more"), "{idle}");
        fs::write(app.join("A.kt"), "fun a() {\n  if (amount.minor > 0) pay()\n}\n").unwrap();
        let found = check(&project, &[]).unwrap_err();
        assert!(found.contains("android/app/src/main/kotlin/A.kt:2: a condition"), "{found}");
        fs::write(app.join("A.kt"), "").unwrap();
        fs::create_dir_all(project.join("ios/Sources/Hidden")).unwrap();
        fs::write(project.join("ios/Sources/Hidden/B.swift"), "if state == 1 {}").unwrap();
        assert!(check(&project, &[]).unwrap_err().contains("in no part"));
        fs::remove_dir_all(project).unwrap();
    }
}
