//! A reader that follows the quotation marks of what it hands out (RFC 4180, 2.5 to 2.7).
//!
//! The parser behind it forgives two things that hide payments: a mark that nobody closes swallows the rest of the file,
//! and one that a later line's mark closes swallows the lines between. Here the first such place is remembered. A mark
//! inside a text that did not begin with one is a letter like any other.
//!
//! It changes no byte. Evidence: `mod tests` below, `tests/statement_bad_input.rs`.

use std::io::{self, Read};

/// The reader.
pub(super) struct Quotes<R> {
    inner: R,
    delimiter: u8,
    at: At,
    /// How many bytes were handed out.
    handed: u64,
    /// The first byte that may not stand after a closing mark.
    broken: Option<u64>,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// So much of the mark of byte order has come; nothing else yet.
    Beginning(usize),
    /// The beginning of a field.
    Field,
    /// A text without marks.
    Text,
    /// A text between marks.
    Quoted,
    /// Whatever comes after a mark inside such a text: another one, or the field's end.
    Closed,
}

impl<R> Quotes<R> {
    pub fn new(inner: R, delimiter: u8) -> Self {
        Self { inner, delimiter, at: At::Beginning(0), handed: 0, broken: None }
    }

    pub fn inner(&self) -> &R {
        &self.inner
    }

    pub fn inner_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// Whether what ends at this place, from 0, hides a line: a mark in it does not fit, or is open where the file ends.
    pub fn is_broken_before(&self, end: u64) -> bool {
        let is_open = self.at == At::Quoted && self.handed == end;
        is_open || self.broken.is_some_and(|place| place < end)
    }

    fn follow(&mut self, byte: u8) {
        self.at = match (self.at, byte) {
            (At::Beginning(count), byte) if byte == BYTE_ORDER_MARK[count] => match count + 1 {
                count if count == BYTE_ORDER_MARK.len() => At::Field,
                count => At::Beginning(count),
            },
            (At::Beginning(_) | At::Field | At::Closed, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) => At::Quoted,
            (_, b'\r' | b'\n') => At::Field,
            (_, byte) if byte == self.delimiter => At::Field,
            (At::Closed, _) => {
                self.broken = self.broken.or(Some(self.handed));
                At::Text
            }
            _ => At::Text,
        };
        self.handed += 1;
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        into[..count].iter().for_each(|byte| self.follow(*byte));
        Ok(count)
    }
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mark_that_does_not_fit_is_remembered() {
        for (text, broken, is_open) in [
            ("", None, false),
            ("a,b\nc,d", None, false),
            ("\"a\",\"b\"\n\"\"\r\n\"c\"", None, false),
            ("\"a\nb\"\"c\"", None, false),
            ("5\" pipe,\"a\"", None, false),
            ("\u{feff}\"a\"", None, false),
            ("\u{feff}\u{feff}\"a\"x", None, false),
            ("\"a", None, true),
            ("a,\"b\nc,d\n", None, true),
            ("\"a\"\"", None, true),
            ("\u{feff}\"a", None, true),
            ("\"a\"b", Some(3), false),
            ("\"a\" ", Some(3), false),
            ("a,\"b\nc,\"d\"\n", Some(8), false),
        ] {
            let mut reader = Quotes::new(text.as_bytes(), b',');
            io::copy(&mut reader, &mut io::sink()).unwrap();
            let end = text.len() as u64;
            assert_eq!((reader.broken, reader.at == At::Quoted), (broken, is_open), "{text:?}");
            assert_eq!(reader.is_broken_before(end), broken.is_some() || is_open, "{text:?}");
            assert!(!broken.is_some_and(|place| reader.is_broken_before(place)), "{text:?}");
        }
    }
}
