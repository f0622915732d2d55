//! Kotlin and Swift cut into words and signs, as far as reading declarations needs it.
//!
//! Comments, documentation, `#if` lines and the contents of strings are gone; back quotes around names too. Each
//! token knows whether a line began before it, because both languages end a declaration without a sign.
//!
//! It knows no language beyond that. Evidence: `mod tests` here and in `kotlin.rs`, `swift.rs`.

/// A word, a sign, or the empty string literal that stands for every string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The word or sign itself.
    pub text: String,
    /// Whether it is the first of its line.
    pub begins_line: bool,
}

/// Signs that are read as one.
const PAIRS: [&str; 3] = ["->", "::", "==="];

/// Cuts a source text into tokens.
pub fn tokens(source: &str) -> Vec<Token> {
    let characters: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let mut begins_line = true;
    let mut at = 0;
    while at < characters.len() {
        let rest = &characters[at..];
        let length = match rest {
            ['\n', ..] => {
                begins_line = true;
                1
            }
            [space, ..] if space.is_whitespace() => 1,
            ['/', '/', ..] => line_length(rest),
            ['/', '*', ..] => comment_length(rest),
            ['#', 'i' | 'e', ..] if begins_line => line_length(rest),
            ['`', ..] => 1,
            _ => {
                let (text, length) = one_token(rest);
                found.push(Token { text, begins_line });
                begins_line = false;
                length
            }
        };
        at += length;
    }
    found
}

fn one_token(rest: &[char]) -> (String, usize) {
    if rest[0] == '"' {
        return ("\"\"".to_owned(), string_length(rest));
    }
    let word = rest.iter().take_while(|one| one.is_alphanumeric() || **one == '_').count();
    if word > 0 {
        return (rest[..word].iter().collect(), word);
    }
    for pair in PAIRS {
        if rest.iter().take(pair.len()).collect::<String>() == pair {
            return (pair.to_owned(), pair.len());
        }
    }
    (rest[0].to_string(), 1)
}

fn line_length(rest: &[char]) -> usize {
    rest.iter().take_while(|one| **one != '\n').count()
}

/// Both languages nest their comments.
fn comment_length(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let step = match &rest[at..] {
            ['/', '*', ..] => {
                depth += 1;
                2
            }
            ['*', '/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// A string up to its closing quote; what is spliced into it may hold strings of its own.
fn string_length(rest: &[char]) -> usize {
    if rest.starts_with(&['"', '"', '"']) {
        let inside = rest[3..].windows(3).position(|three| three == ['"', '"', '"']);
        return inside.map_or(rest.len(), |length| length + 6);
    }
    let mut at = 1;
    let mut depth = 0_usize;
    while at < rest.len() {
        match &rest[at..] {
            ['$', '{', ..] | ['\\', '(', ..] => {
                depth += 1;
                at += 1;
            }
            ['\\', ..] => at += 1,
            ['}' | ')', ..] => depth = depth.saturating_sub(1),
            ['"' | '\n', ..] if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

/// Where the bracket that opens at `open` closes; the end of the text where it never does.
pub fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len().saturating_sub(1)
}

/// Tokens as a person would write them on one line.
pub fn written(tokens: &[Token]) -> String {
    let mut text = String::new();
    let mut last = "";
    for token in tokens {
        let word = |one: &str| one.starts_with(|first: char| first.is_alphanumeric() || first == '_');
        let spaced = matches!(last, "," | ":" | "->" | "=")
            || matches!(token.text.as_str(), "->" | "=")
            || (word(last) && word(&token.text))
            || (last == ")" && word(&token.text));
        if spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&token.text);
        last = &token.text;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{closing, tokens, written};

    #[test]
    fn comments_strings_and_conditions_say_nothing() {
        let rows = [
            ("fun `a`(b: kotlin.Long?): List<C> // not this", "fun a(b: kotlin.Long?): List<C>"),
            ("/** a /* nested */ fun gone() */ fun here()", "fun here()"),
            ("val a = \"fun gone() { ${ \"x\" } \" val b", "val a = \"\"val b"),
            ("let a = \"\\(b(\"c\")) func gone()\" let d", "let a = \"\"let d"),
            ("#if compiler(>=6)\nextension A: B {}\n#endif", "extension A: B{}"),
            ("func a(b: Data)async throws  -> [C]", "func a(b: Data) async throws -> [C]"),
            ("/* never closed fun gone()", ""),
            ("\"never closed fun gone()", "\"\""),
        ];
        for (source, verdict) in rows {
            assert_eq!(written(&tokens(source)), verdict, "{source}");
        }
    }

    #[test]
    fn a_bracket_closes_where_its_own_kind_does() {
        let read = tokens("f(a, { b(c) }) d");
        assert_eq!(closing(&read, 1), read.len() - 2);
        assert_eq!(closing(&tokens("f(a"), 1), 2);
    }
}
