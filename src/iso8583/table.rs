//! A dialect file's tables as values: every key is known, every value has the type that is asked for, and what does
//! not is told by its place in the text.
//!
//! It asks the TOML reader for values with their places and no more; a typed reader for each table would weigh
//! more in a phone's library than the card kernel does. Source: TOML 1.0.
//!
//! It knows no dialect. Evidence: `mod tests` below, `check` (what is no dialect file).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::de::value::{Error as WordError, StrDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What cannot be read: the byte of the text, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub at: usize,
    pub reason: String,
}

/// A value with its place.
pub(super) type Placed<'i> = Spanned<DeValue<'i>>;

/// One table whose keys are all known.
pub(super) struct Row<'t, 'i> {
    at: usize,
    table: &'t DeTable<'i>,
}

/// What can be read from a value.
pub(super) trait Read: Sized {
    /// Reads it, or says why not.
    fn read(value: &Placed<'_>) -> Result<Self, Fault>;
}

/// Reads a whole text as one table.
pub(super) fn read<T>(
    text: &str,
    from: impl FnOnce(Row<'_, '_>) -> Result<T, Fault>,
    keys: &[&str],
) -> Result<T, Fault> {
    let root = DeTable::parse(text)
        .map_err(|error| Fault { at: error.span().map_or(0, |span| span.start), reason: error.message().to_owned() })?;
    from(Row::new(0, root.get_ref(), keys)?)
}

impl<'t, 'i> Row<'t, 'i> {
    /// The table in a value, where it has no key beside `keys`.
    pub fn of(value: &'t Placed<'i>, keys: &[&str]) -> Result<Self, Fault> {
        let table = value.get_ref().as_table().ok_or_else(|| unlike(value, "a table"))?;
        Self::new(value.span().start, table, keys)
    }

    fn new(at: usize, table: &'t DeTable<'i>, keys: &[&str]) -> Result<Self, Fault> {
        match table.keys().find(|key| !keys.contains(&key.get_ref().as_ref())) {
            Some(key) => Err(Fault { at: key.span().start, reason: format!("unknown key `{}`", key.get_ref()) }),
            None => Ok(Self { at, table }),
        }
    }

    /// The value of a key that must be there.
    pub fn need<T: Read>(&self, key: &str) -> Result<T, Fault> {
        self.may(key)?.ok_or_else(|| Fault { at: self.at, reason: format!("`{key}` is missing") })
    }

    /// The value of a key, where it is there.
    pub fn may<T: Read>(&self, key: &str) -> Result<Option<T>, Fault> {
        self.table.get(key).map(T::read).transpose()
    }

    /// The value of a key, or what stands for it where it is not there.
    pub fn or_default<T: Read + Default>(&self, key: &str) -> Result<T, Fault> {
        self.may(key).map(Option::unwrap_or_default)
    }
}

/// One of the words of a list, as its `Deserialize` names them.
pub(super) fn word<T: DeserializeOwned>(value: &Placed<'_>) -> Result<T, Fault> {
    let text = value.get_ref().as_str().ok_or_else(|| unlike(value, "a word"))?;
    let words = StrDeserializer::<WordError>::new(text);
    T::deserialize(words).map_err(|error| Fault { at: value.span().start, reason: error.to_string() })
}

fn unlike(value: &Placed<'_>, wanted: &str) -> Fault {
    Fault { at: value.span().start, reason: format!("{wanted} is wanted, not {}", value.get_ref().type_str()) }
}

impl Read for String {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        value.get_ref().as_str().map(str::to_owned).ok_or_else(|| unlike(value, "a text"))
    }
}

impl Read for bool {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        value.get_ref().as_bool().ok_or_else(|| unlike(value, "true or false"))
    }
}

impl Read for u64 {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        let number = value.get_ref().as_integer().ok_or_else(|| unlike(value, "a whole number"))?;
        let range = || Fault { at: value.span().start, reason: "the number is out of range".to_owned() };
        Self::from_str_radix(number.as_str(), number.radix()).map_err(|_| range())
    }
}

macro_rules! smaller_numbers {
    ($($number:ty),+) => {
        $(impl Read for $number {
            fn read(value: &Placed<'_>) -> Result<Self, Fault> {
                let range = |_| Fault { at: value.span().start, reason: "the number is out of range".to_owned() };
                Self::try_from(u64::read(value)?).map_err(range)
            }
        })+
    };
}
smaller_numbers!(u8, u16, usize);

impl<T: Read> Read for Vec<T> {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        let list = value.get_ref().as_array().ok_or_else(|| unlike(value, "a list"))?;
        list.iter().map(T::read).collect()
    }
}

impl Read for BTreeMap<String, String> {
    fn read(value: &Placed<'_>) -> Result<Self, Fault> {
        let table = value.get_ref().as_table().ok_or_else(|| unlike(value, "a table"))?;
        table.iter().map(|(key, text)| Ok((key.get_ref().to_string(), String::read(text)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        TwoDigits,
    }

    impl Read for Word {
        fn read(value: &Placed<'_>) -> Result<Self, Fault> {
            word(value)
        }
    }

    fn refused<T: Read>(text: &str) -> String {
        let fault = read(text, |row| row.need::<T>("a"), &["a"]).err().expect("it is refused");
        format!("{}: {}", fault.at, fault.reason)
    }

    #[test]
    fn a_value_of_the_right_type_is_read() {
        fn value<T: Read>(text: &str) -> T {
            read(text, |row| row.need("a"), &["a"]).expect("it is read")
        }
        assert_eq!(value::<u8>("a = 255"), 255);
        assert_eq!(value::<u16>("a = 0xff_ff"), 65_535);
        assert_eq!(value::<u64>("a = 1_000"), 1_000);
        assert_eq!(value::<String>("a = 'x'"), "x");
        assert_eq!(value::<Vec<u8>>("a = [1, 2]"), [1, 2]);
        assert_eq!(value::<Word>("a = 'two_digits'"), Word::TwoDigits);
        assert_eq!(value::<BTreeMap<String, String>>("[a]\n2 = 'x'").get("2").map(String::as_str), Some("x"));
        assert_eq!(read("", |row| row.may::<u8>("a"), &["a"]), Ok(None));
        assert_eq!(read("", |row| row.or_default::<bool>("a"), &["a"]), Ok(false));
    }

    #[test]
    fn anything_else_is_told_with_its_place() {
        for (found, verdict) in [
            (refused::<u8>("a = 256"), "4: the number is out of range"),
            (refused::<u8>("a = -1"), "4: the number is out of range"),
            (refused::<u64>("a = 99999999999999999999"), "4: the number is out of range"),
            (refused::<u8>("a = 1.5"), "4: a whole number is wanted, not float"),
            (refused::<u8>("a = 'x'"), "4: a whole number is wanted, not string"),
            (refused::<String>("a = 1"), "4: a text is wanted, not integer"),
            (refused::<bool>("a = 1"), "4: true or false is wanted, not integer"),
            (refused::<Vec<u8>>("a = 1"), "4: a list is wanted, not integer"),
            (refused::<Vec<u8>>("a = [1, 'x']"), "8: a whole number is wanted, not string"),
            (refused::<BTreeMap<String, String>>("a = 1"), "4: a table is wanted, not integer"),
            (refused::<Word>("a = 1"), "4: a word is wanted, not integer"),
            (refused::<Word>("a = 'x'"), "4: unknown variant `x`, expected `two_digits`"),
            (refused::<u8>(""), "0: `a` is missing"),
            (refused::<u8>("a = 1\nb = 2"), "6: unknown key `b`"),
            (refused::<u8>("a = \n"), "4: string values must be quoted, expected literal string"),
        ] {
            assert_eq!(found, verdict);
        }
    }
}
