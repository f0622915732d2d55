//! A reader that hands out no more than a line's worth at a time, and remembers what it handed out.
//!
//! Whoever parses asks for an allowance before each record or element. When it is spent, reading fails: a line of two
//! gigabytes is refused after its first kilobytes and is never held. Everything handed out is hashed, and where its line
//! feeds were is remembered until somebody asks beyond them.
//!
//! Evidence: `mod tests` below, `tests/statement_bad_input.rs`.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use ring::digest::{Context, SHA256};

/// The reader.
pub(super) struct Bounded<R> {
    inner: R,
    allowance: usize,
    hash: Context,
    /// How many bytes were handed out.
    handed: u64,
    /// The places of line feeds that were handed out, and how many came before the first of them.
    line_feeds: VecDeque<u64>,
    lines_passed: u64,
}

/// The allowance is spent. Travels inside an [`io::Error`].
#[derive(Debug)]
struct Spent;

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the line is longer than it may be")
    }
}

impl std::error::Error for Spent {}

/// Whether reading failed because an allowance was spent.
pub(super) fn is_spent(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Spent>())
}

impl<R: BufRead> Bounded<R> {
    pub fn new(inner: R) -> Self {
        let line_feeds = VecDeque::new();
        Self { inner, allowance: 0, hash: Context::new(&SHA256), handed: 0, line_feeds, lines_passed: 0 }
    }

    /// Lets so many bytes more be read, and no more.
    pub fn allow(&mut self, bytes: usize) {
        self.allowance = bytes;
    }

    /// The line, from 1, of the byte at this place, from 0. Places before one that was asked for are forgotten.
    pub fn line_at(&mut self, place: u64) -> u64 {
        while self.line_feeds.front().is_some_and(|feed| *feed < place) {
            self.line_feeds.pop_front();
            self.lines_passed += 1;
        }
        self.lines_passed + 1
    }

    /// SHA-256 of everything handed out.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.hash.clone().finish().as_ref());
        digest
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.inner.fill_buf()?;
        if self.allowance == 0 && !buffer.is_empty() {
            return Err(io::Error::other(Spent));
        }
        Ok(&buffer[..buffer.len().min(self.allowance)])
    }

    fn consume(&mut self, bytes: usize) {
        // The buffer was filled by the call before: this reads nothing.
        if let Ok(buffer) = self.inner.fill_buf() {
            let taken = &buffer[..bytes.min(buffer.len())];
            self.hash.update(taken);
            let feeds = taken.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            self.line_feeds.extend(feeds.map(|(at, _)| self.handed + at as u64));
            self.handed += taken.len() as u64;
        }
        self.allowance -= bytes.min(self.allowance);
        self.inner.consume(bytes);
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(into.len());
        into[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_allowance_is_not_handed_out() {
        let mut reader = Bounded::new(&b"one\ntwo\nthree\n"[..]);
        reader.allow(5);
        let mut all = Vec::new();
        let error = reader.read_to_end(&mut all).unwrap_err();
        assert_eq!((is_spent(&error), all.as_slice()), (true, b"one\nt".as_slice()));
        reader.allow(100);
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all.as_slice(), b"one\ntwo\nthree\n");
        let lines: Vec<u64> = [0, 3, 4, 7, 8, 13, 14].into_iter().map(|place| reader.line_at(place)).collect();
        assert_eq!(lines, [1, 1, 2, 2, 3, 3, 4]);
        let whole = ring::digest::digest(&SHA256, &all);
        assert_eq!(reader.digest(), whole.as_ref());
    }

    #[test]
    fn the_end_is_no_spent_allowance() {
        let mut reader = Bounded::new(&b"12345"[..]);
        reader.allow(5);
        let mut all = Vec::new();
        assert_eq!(reader.read_to_end(&mut all).unwrap(), 5);
        assert!(!is_spent(&io::Error::other("else")));
    }
}
