//! Paper of a fixed number of columns: cleaning, wrapping, centring and pairing text on it.
//!
//! Width is counted by UAX #11 (East Asian Width): a Chinese character takes two columns, a combining mark
//! none. Characters of ambiguous width (as `①` or `×`) take two on a Chinese slip and one on a Western one.
//! Control, direction and joining characters are taken out: a printer would obey them.
//!
//! It never returns a line wider than the paper. Evidence: `mod tests`, `tests/receipts.rs`.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::Language;

/// How wide the paper is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// 32 columns: 58 mm paper.
    C32,
    /// 48 columns: 80 mm paper.
    C48,
}

impl Columns {
    /// The width in columns.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::C32 => 32,
            Self::C48 => 48,
        }
    }

    /// Finds a width by its number of columns.
    #[must_use]
    pub fn from_count(count: usize) -> Option<Self> {
        [Self::C32, Self::C48].into_iter().find(|columns| columns.count() == count)
    }
}

/// Paper on which lines are set.
pub(super) struct Paper {
    columns: usize,
    language: Language,
    lines: Vec<String>,
}

impl Paper {
    pub(super) fn new(columns: Columns, language: Language) -> Self {
        Self { columns: columns.count(), language, lines: Vec::new() }
    }

    /// The slip: each line ends with a line feed and has no blanks at its end.
    pub(super) fn into_text(self) -> String {
        self.lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    /// Text from the left edge, wrapped.
    pub(super) fn left(&mut self, text: &str) {
        let lines = self.wrap(text);
        self.lines.extend(lines);
    }

    /// Text in the middle, wrapped.
    pub(super) fn centre(&mut self, text: &str) {
        for line in self.wrap(text) {
            let margin = (self.columns - self.width(&line)) / 2;
            self.lines.push(format!("{}{line}", " ".repeat(margin)));
        }
    }

    /// A label at the left and its value at the right; the value goes below where both do not fit.
    pub(super) fn pair(&mut self, label: &str, value: &str) {
        let (label, value) = (clean(label), clean(value));
        let taken = self.width(&label) + self.width(&value);
        if taken < self.columns {
            let gap = " ".repeat(self.columns - taken);
            self.lines.push(format!("{label}{gap}{value}"));
            return;
        }
        self.left(&label);
        for line in self.wrap(&value) {
            let margin = self.columns - self.width(&line);
            self.lines.push(format!("{}{line}", " ".repeat(margin)));
        }
    }

    /// A line of one narrow character across the paper.
    pub(super) fn rule(&mut self, character: char) {
        self.lines.push(character.to_string().repeat(self.columns));
    }

    /// An empty line.
    pub(super) fn space(&mut self) {
        self.lines.push(String::new());
    }

    /// Columns that a text takes. Some scripts join characters, some characters grow with what follows: the
    /// larger of the two ways of counting is taken, so that a line fits on any printer.
    fn width(&self, text: &str) -> usize {
        let (whole, apart): (usize, usize) = match self.language {
            Language::En => (text.width(), text.chars().map(|c| c.width().unwrap_or(0)).sum()),
            Language::ZhCn => (text.width_cjk(), text.chars().map(|c| c.width_cjk().unwrap_or(0)).sum()),
        };
        whole.max(apart)
    }

    /// Breaks at blanks and between wide characters; inside a word only where the word alone is too long.
    fn wrap(&self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for token in self.tokens(&clean(text)) {
            if self.width(&line) + self.width(&token) > self.columns && !line.is_empty() {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            if line.is_empty() && token == " " {
                continue;
            }
            for character in token.chars() {
                line.push(character);
                if self.width(&line) > self.columns {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, character.to_string()));
                }
            }
        }
        if !line.trim_end().is_empty() {
            lines.push(line.trim_end().to_owned());
        }
        lines
    }

    /// Blanks, narrow words, and wide characters each with the marks and closing punctuation that follow it.
    fn tokens(&self, text: &str) -> Vec<String> {
        let mut tokens: Vec<String> = Vec::new();
        let mut may_join = false;
        for character in text.chars() {
            let columns = self.width(character.encode_utf8(&mut [0; 4]));
            let closes = columns == 0 || CLOSING.contains(character);
            let wide = columns > 1;
            match tokens.last_mut() {
                Some(last) if last != " " && character != ' ' && (closes || (may_join && !wide)) => {
                    last.push(character);
                }
                _ => tokens.push(character.to_string()),
            }
            may_join = character != ' ' && (!wide && !CLOSING.contains(character));
        }
        tokens
    }
}

/// Takes out what a printer would obey rather than print; runs of blanks become one blank.
fn clean(text: &str) -> String {
    let printable = text.chars().filter(|character| !steers_the_printer(*character));
    let spaced: String = printable.map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect();
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Joiners, direction marks, variation selectors and tags (Unicode general category Cf, and FE00 to FE0F).
fn steers_the_printer(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Punctuation that does not begin a line.
const CLOSING: &str = "、。，．：；！？）］｝〉》」』】〕”’%…";

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(columns: Columns, language: Language, text: &str) -> Vec<String> {
        let mut paper = Paper::new(columns, language);
        paper.left(text);
        paper.lines
    }

    #[test]
    fn text_is_wrapped_where_a_reader_would() {
        let rows: &[(&str, &[&str])] = &[
            ("", &[]),
            ("   ", &[]),
            ("one", &["one"]),
            ("The Old Quarter Noodle House and Tea Room", &["The Old Quarter Noodle House and", "Tea Room"]),
            ("0123456789012345678901234567890123456789 end", &["01234567890123456789012345678901", "23456789 end"]),
            ("上海市黄浦区南京东路一百二十八号二楼", &["上海市黄浦区南京东路一百二十八号", "二楼"]),
            ("上海市黄浦区南京东路一百二十八，二楼", &["上海市黄浦区南京东路一百二十八，", "二楼"]),
            ("上海市黄浦区南京东路一百二十八号。好", &["上海市黄浦区南京东路一百二十八", "号。好"]),
            ("a\u{1b}[31mb\tc\r\nd", &["a [31mb c d"]),
            ("evil\u{202e}txt\u{200b}\u{feff}", &["eviltxt"]),
        ];
        for (text, verdict) in rows {
            assert_eq!(wrapped(Columns::C32, Language::ZhCn, text), *verdict, "{text:?}");
        }
    }

    #[test]
    fn ambiguous_characters_are_wide_on_a_chinese_slip_only() {
        let name = "①".repeat(20);
        assert_eq!(wrapped(Columns::C32, Language::En, &name).len(), 1);
        assert_eq!(wrapped(Columns::C32, Language::ZhCn, &name).len(), 2);
    }

    #[test]
    fn a_value_that_does_not_fit_beside_its_label_goes_below() {
        let mut paper = Paper::new(Columns::C32, Language::En);
        paper.pair("Order", "A-17");
        paper.pair("Attempt", &"x".repeat(40));
        let long = "x".repeat(32);
        let verdict = format!("Order{:>27}\nAttempt\n{long}\n{:>32}\n", "A-17", "xxxxxxxx");
        assert_eq!(paper.into_text(), verdict);
    }

    #[test]
    fn only_the_two_papers_exist() {
        for (count, verdict) in [(32, Some(Columns::C32)), (48, Some(Columns::C48)), (40, None), (0, None)] {
            assert_eq!(Columns::from_count(count), verdict);
        }
    }
}
