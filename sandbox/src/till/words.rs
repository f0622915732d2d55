//! Splitting a line into words as a POSIX shell does, quotes and backslashes included, nothing expanded
//! (POSIX.1-2017, XCU 2.2). Evidence: `mod tests` below.

/// Why a line cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SplitError {
    /// A quotation mark has no partner.
    QuoteOpen,
    /// A backslash is the last character.
    NothingEscaped,
}

impl SplitError {
    /// The reason in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::QuoteOpen => "a quotation mark is not closed",
            Self::NothingEscaped => "the line ends with a backslash",
        }
    }
}

/// The words of a line; none for a blank line or a comment (`#`).
pub(super) fn split(line: &str) -> Result<Vec<String>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '#' if word.is_none() => return Ok(words),
            '\'' => quoted(&mut characters, '\'', word.get_or_insert_default())?,
            '"' => quoted(&mut characters, '"', word.get_or_insert_default())?,
            '\\' => {
                let escaped = characters.next().ok_or(SplitError::NothingEscaped)?;
                word.get_or_insert_default().push(escaped);
            }
            blank if blank.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Everything up to the closing mark; within double quotes a backslash escapes `"`, `\`, `$` and `` ` ``.
fn quoted(characters: &mut std::str::Chars<'_>, mark: char, word: &mut String) -> Result<(), SplitError> {
    while let Some(character) = characters.next() {
        if character == mark {
            return Ok(());
        }
        if mark == '"' && character == '\\' {
            let escaped = characters.next().ok_or(SplitError::QuoteOpen)?;
            if !"\"\\$`".contains(escaped) {
                word.push('\\');
            }
            word.push(escaped);
        } else {
            word.push(character);
        }
    }
    Err(SplitError::QuoteOpen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_a_shell_does() {
        type Verdict = Result<&'static [&'static str], SplitError>;
        let rows: &[(&str, Verdict)] = &[
            ("", Ok(&[])),
            ("  \t ", Ok(&[])),
            ("# a comment", Ok(&[])),
            ("sale 12.30 --order A-17", Ok(&["sale", "12.30", "--order", "A-17"])),
            ("sale 12.30 # tea", Ok(&["sale", "12.30"])),
            ("sale a#b", Ok(&["sale", "a#b"])),
            ("sale ''", Ok(&["sale", ""])),
            ("sale \"\" x", Ok(&["sale", "", "x"])),
            ("a'b c'd", Ok(&["ab cd"])),
            (r#""a \"b\" \n""#, Ok(&[r#"a "b" \n"#])),
            (r"a\ b", Ok(&["a b"])),
            (r"'a\'", Ok(&[r"a\"])),
            ("sale '12", Err(SplitError::QuoteOpen)),
            ("sale \"12", Err(SplitError::QuoteOpen)),
            (r#""a\"#, Err(SplitError::QuoteOpen)),
            (r"sale \", Err(SplitError::NothingEscaped)),
        ];
        for (line, verdict) in rows {
            let verdict = verdict.map(|words| words.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(split(line), verdict, "{line}");
        }
    }
}
