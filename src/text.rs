//! The words for people: one catalogue a language, by key, with named and typed arguments.
//!
//! A text is a line of `texts/*.toml`; `{count:number}` in it stands for an argument and its type. All
//! catalogues have the same keys and each key the same arguments, so that no screen is half translated.
//! A key that is not there is a defect of ours: debug builds panic, a till in a shop shows `[key]` and goes
//! on; it is never replaced in silence.
//!
//! It never formats dates, never rounds and never chooses a language by itself. Floors above ask for their
//! own words (`state.reversed`) by key. Evidence: `mod tests`, `tests/errors.rs`, `tests/texts.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use toml::de::{DeTable, DeValue};

use crate::error::{Error, ErrorCode, Fact, Money};
use crate::ids::HostCode;
use crate::money::Amount;
use crate::ports::Prompt;

/// A language that the texts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// English.
    En,
    /// Chinese as written in mainland China.
    ZhCn,
}

impl Language {
    /// All languages; the first is what the others are compared with.
    pub const ALL: [Self; 2] = [Self::En, Self::ZhCn];

    /// The BCP 47 tag: `en`, `zh-CN`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// Finds a language by its exact tag.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }
}

/// An argument of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg<'a> {
    /// A count or a number, written in plain digits.
    Number(u64),
    /// Money, written as `CNY 12.30`.
    Amount(Amount),
    /// A name or a word that is not translated.
    Word(&'a str),
}

impl Arg<'_> {
    fn kind(self) -> ArgKind {
        match self {
            Self::Number(_) => ArgKind::Number,
            Self::Amount(_) => ArgKind::Amount,
            Self::Word(_) => ArgKind::Word,
        }
    }
}

impl fmt::Display for Arg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Amount(amount) => amount.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

/// The type of an argument, as written in the catalogue after the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArgKind {
    /// `number`
    Number,
    /// `amount`
    Amount,
    /// `word`
    Word,
}

/// All texts of one language.
#[derive(Debug)]
pub struct Catalogue {
    texts: BTreeMap<String, Vec<Piece>>,
}

#[derive(Debug)]
enum Piece {
    Plain(String),
    Hole { name: String, kind: ArgKind },
}

impl Catalogue {
    /// The shipped catalogue of a language.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        static EN: OnceLock<Catalogue> = OnceLock::new();
        static ZH_CN: OnceLock<Catalogue> = OnceLock::new();
        let (cell, toml) = match language {
            Language::En => (&EN, include_str!("../texts/en.toml")),
            Language::ZhCn => (&ZH_CN, include_str!("../texts/zh-CN.toml")),
        };
        cell.get_or_init(|| Self::from_toml(toml).expect("the shipped texts are read whole by this module's tests"))
    }

    /// Reads a catalogue: tables nest, a leaf is a text.
    ///
    /// # Errors
    /// [`TextError`], naming the key.
    pub fn from_toml(source: &str) -> Result<Self, TextError> {
        let root = DeTable::parse(source).map_err(|_| TextError::NotToml)?;
        let mut texts = BTreeMap::new();
        flatten("", root.get_ref(), &mut texts)?;
        Ok(Self { texts })
    }

    /// The text of `key` with its arguments filled in, in any order; an argument that the text does not use
    /// is left out. A key or argument that is missing, or of another type, shows as `[…]`.
    ///
    /// # Panics
    /// In debug builds, where it would show `[…]`.
    #[must_use]
    pub fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let Some(pieces) = self.texts.get(key) else { return defect(key) };
        let mut said = String::new();
        for piece in pieces {
            match piece {
                Piece::Plain(plain) => said.push_str(plain),
                Piece::Hole { name, kind } => {
                    let given = args.iter().find(|(given, arg)| given == name && arg.kind() == *kind);
                    said.push_str(&given.map_or_else(|| defect(name), |(_, arg)| arg.to_string()));
                }
            }
        }
        said
    }

    /// What happened, in a merchant's words.
    #[must_use]
    pub fn error_what(&self, code: ErrorCode) -> String {
        self.say(&format!("error.{}.what", code.code()), &[])
    }

    /// What to do next, in a merchant's words.
    #[must_use]
    pub fn error_todo(&self, code: ErrorCode) -> String {
        self.say(&format!("error.{}.todo", code.code()), &[])
    }

    /// The rule that a refused password breaks; none for other errors.
    #[must_use]
    pub fn password_rule(&self, error: &Error) -> Option<String> {
        let rule = error.facts().iter().find_map(|(name, fact)| match fact {
            Fact::Word(word) if *name == "rule" && error.code() == ErrorCode::PasswordRefused => Some(*word),
            _ => None,
        })?;
        let numbers = error.facts().iter().filter_map(|(name, fact)| match fact {
            Fact::Number(number) => Some((*name, Arg::Number(*number))),
            Fact::Word(_) => None,
        });
        Some(self.say(&format!("password_rule.{rule}"), &numbers.collect::<Vec<_>>()))
    }

    /// Whether the customer's money moved, as a sentence.
    #[must_use]
    pub fn money(&self, money: Money) -> String {
        self.say(&format!("money.{}", money.word()), &[])
    }

    /// What the reader shows.
    #[must_use]
    pub fn prompt(&self, prompt: Prompt) -> String {
        self.say(&format!("prompt.{}", prompt_word(prompt)), &[])
    }

    /// What a host's response code means to a merchant; codes that are not in the catalogue have one text.
    #[must_use]
    pub fn host_code(&self, code: &HostCode) -> String {
        let key = format!("host_code.{code}");
        let known = if self.texts.contains_key(&key) { key.as_str() } else { "host_code.other" };
        self.say(known, &[("code", Arg::Word(code.as_str()))])
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// The arguments of a text, by name and type, in order of name; `None` for a key that is not there.
    #[must_use]
    pub fn arguments(&self, key: &str) -> Option<Vec<(&str, ArgKind)>> {
        let holes = self.texts.get(key)?.iter().filter_map(|piece| match piece {
            Piece::Plain(_) => None,
            Piece::Hole { name, kind } => Some((name.as_str(), *kind)),
        });
        let mut arguments: Vec<_> = holes.collect();
        arguments.sort_unstable();
        arguments.dedup();
        Some(arguments)
    }
}

/// What is wrong with a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextError {
    /// The file is not TOML.
    NotToml,
    /// The value of this key is neither a text nor a table.
    NotText(String),
    /// This text has a brace that does not open or close an argument `{name:type}`.
    Argument(String),
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotToml => f.write_str("the texts are not TOML"),
            Self::NotText(key) => write!(f, "{key} is neither a text nor a table"),
            Self::Argument(key) => write!(f, "{key} has an argument that is not {{name:number|amount|word}}"),
        }
    }
}

impl std::error::Error for TextError {}

/// The word under which a prompt's text stands.
#[must_use]
pub fn prompt_word(prompt: Prompt) -> &'static str {
    match prompt {
        Prompt::Approved => "approved",
        Prompt::NotAuthorised => "not_authorised",
        Prompt::EnterPin => "enter_pin",
        Prompt::TryAnotherCard => "try_another_card",
        Prompt::PresentCard => "present_card",
        Prompt::Processing => "processing",
        Prompt::CardReadOk => "card_read_ok",
        Prompt::InsertOrSwipe => "insert_or_swipe",
        Prompt::PresentOneCardOnly => "present_one_card_only",
        Prompt::ApprovedSign => "approved_sign",
        Prompt::Authorising => "authorising",
        Prompt::InsertSwipeOrTryAnotherCard => "insert_swipe_or_try_another_card",
        Prompt::SeePhone => "see_phone",
        Prompt::PresentCardAgain => "present_card_again",
        Prompt::Clear => "clear",
    }
}

fn flatten(prefix: &str, table: &DeTable<'_>, texts: &mut BTreeMap<String, Vec<Piece>>) -> Result<(), TextError> {
    for (name, value) in table {
        let name = name.get_ref();
        let key = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        match value.get_ref() {
            DeValue::Table(inner) => flatten(&key, inner, texts)?,
            DeValue::String(text) => {
                let pieces = pieces(text).ok_or_else(|| TextError::Argument(key.clone()))?;
                texts.insert(key, pieces);
            }
            _ => return Err(TextError::NotText(key)),
        }
    }
    Ok(())
}

/// Cuts a text at its arguments; `None` for a brace that belongs to no argument.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('{') {
        let (hole, tail) = after.split_once('}')?;
        let (name, kind) = hole.split_once(':')?;
        if plain.contains('}') || name.is_empty() {
            return None;
        }
        pieces.push(Piece::Plain(plain.to_owned()));
        pieces.push(Piece::Hole { name: name.to_owned(), kind: arg_kind(kind)? });
        rest = tail;
    }
    if rest.contains('}') {
        return None;
    }
    pieces.push(Piece::Plain(rest.to_owned()));
    Some(pieces)
}

fn arg_kind(word: &str) -> Option<ArgKind> {
    match word {
        "number" => Some(ArgKind::Number),
        "amount" => Some(ArgKind::Amount),
        "word" => Some(ArgKind::Word),
        _ => None,
    }
}

fn defect(name: &str) -> String {
    debug_assert!(false, "the catalogue has no text or was given no argument called {name}");
    format!("[{name}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    const PROMPTS: [Prompt; 15] = [
        Prompt::Approved,
        Prompt::NotAuthorised,
        Prompt::EnterPin,
        Prompt::TryAnotherCard,
        Prompt::PresentCard,
        Prompt::Processing,
        Prompt::CardReadOk,
        Prompt::InsertOrSwipe,
        Prompt::PresentOneCardOnly,
        Prompt::ApprovedSign,
        Prompt::Authorising,
        Prompt::InsertSwipeOrTryAnotherCard,
        Prompt::SeePhone,
        Prompt::PresentCardAgain,
        Prompt::Clear,
    ];

    #[test]
    fn all_languages_have_the_same_keys_and_arguments() {
        let first = Catalogue::of(Language::ALL[0]);
        for language in Language::ALL {
            let other = Catalogue::of(language);
            let (ours, theirs): (Vec<_>, Vec<_>) = (first.keys().collect(), other.keys().collect());
            assert_eq!(ours, theirs, "keys of {}", language.tag());
            for key in ours {
                assert_eq!(first.arguments(key), other.arguments(key), "arguments of {key} in {}", language.tag());
            }
        }
    }

    #[test]
    fn every_text_says_something_and_stays_on_its_line() {
        for language in Language::ALL {
            let catalogue = Catalogue::of(language);
            for (key, pieces) in &catalogue.texts {
                let plain: String =
                    pieces.iter().map(|p| if let Piece::Plain(text) = p { text } else { "x" }).collect();
                assert_eq!(plain.trim(), plain, "{key} in {}", language.tag());
                let silent = plain.is_empty() && key != "prompt.clear";
                assert!(!silent && !plain.contains('\n'), "{key} in {}", language.tag());
            }
        }
    }

    #[test]
    fn every_error_and_prompt_has_its_words_in_every_language() {
        for language in Language::ALL {
            let catalogue = Catalogue::of(language);
            for code in ErrorCode::ALL {
                assert_ne!(catalogue.error_what(*code), catalogue.error_todo(*code), "{}", code.code());
                let _ = catalogue.money(code.row().money);
            }
            for prompt in PROMPTS {
                let _ = catalogue.prompt(prompt);
            }
        }
    }

    #[test]
    fn a_response_code_without_a_text_of_its_own_still_shows() {
        let catalogue = Catalogue::of(Language::En);
        assert!(catalogue.host_code(&HostCode::new("51").unwrap()).contains("funds"));
        assert!(catalogue.host_code(&HostCode::new("Z9").unwrap()).contains("Z9"));
    }

    #[test]
    fn arguments_are_filled_in_by_name_and_type() {
        let catalogue = Catalogue::from_toml("[a]\nb = \"{n:number} of {w:word}: {m:amount}!\"").unwrap();
        let amount = Amount::from_minor(1_230, Currency::CNY).unwrap();
        let args = [("m", Arg::Amount(amount)), ("w", Arg::Word("x")), ("n", Arg::Number(2))];
        assert_eq!(catalogue.say("a.b", &args), "2 of x: CNY 12.30!");
    }

    #[test]
    #[should_panic(expected = "no text or was given no argument called a.c")]
    fn a_missing_key_is_found_in_tests() {
        let _ = Catalogue::from_toml("[a]\nb = \"\"").unwrap().say("a.c", &[]);
    }

    #[test]
    #[should_panic(expected = "no text or was given no argument called n")]
    fn an_argument_of_another_type_is_found_in_tests() {
        let _ = Catalogue::from_toml("b = \"{n:number}\"").unwrap().say("b", &[("n", Arg::Word("1"))]);
    }

    #[test]
    fn a_catalogue_that_breaks_a_rule_is_refused_with_the_key() {
        let rows = [
            ("b = ", TextError::NotToml),
            ("b = 1", TextError::NotText("b".into())),
            ("[a]\nb = [\"x\"]", TextError::NotText("a.b".into())),
            ("b = \"{n\"", TextError::Argument("b".into())),
            ("b = \"n}\"", TextError::Argument("b".into())),
            ("b = \"x} {n:word}\"", TextError::Argument("b".into())),
            ("b = \"{n}\"", TextError::Argument("b".into())),
            ("b = \"{n:date}\"", TextError::Argument("b".into())),
            ("b = \"{:word}\"", TextError::Argument("b".into())),
        ];
        for (source, verdict) in rows {
            assert_eq!(Catalogue::from_toml(source).unwrap_err(), verdict, "{source}");
        }
    }

    #[test]
    fn languages_go_by_their_tags() {
        for (tag, verdict) in [("en", Some(Language::En)), ("zh-CN", Some(Language::ZhCn)), ("zh", None), ("EN", None)]
        {
            assert_eq!(Language::from_tag(tag), verdict);
        }
    }
}
