//! Looking for secrets where none may be: card numbers, tracks and keys in bytes and files.
//!
//! A secret leaks in many coats, so each needle is looked for in every encoding that the core, a database, a
//! JSON writer or a log could have put it in ([`Encoding`]). A hit names the needle and the place, never the
//! bytes. What no such search can see is compressed or enciphered data; a test that uses it therefore plants
//! its needles first and must find them. Evidence: `sandbox/tests/scan.rs`, which plants each needle in each encoding.

mod derived;
mod encodings;
#[cfg(target_os = "linux")]
mod memory;
mod report;

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use taptill::card::Pan;

pub use derived::{
    aes_256_round_keys, des_round_keys, gcm_hash_keys, hmac_sha_256_states, p_256_scalar_forms, x25519_clamped,
};
pub use encodings::Encoding;
#[cfg(target_os = "linux")]
pub use memory::{Memory, MemoryHit};
pub use report::{Report, report};

/// What is looked for.
#[derive(Default)]
pub struct Needles {
    patterns: Vec<Pattern>,
    any_card_number: bool,
    /// The patterns' middles, made at the first search.
    index: OnceLock<AhoCorasick>,
}

struct Pattern {
    needle: &'static str,
    encoding: Encoding,
    bytes: Vec<u8>,
}

/// A needle that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// The byte at which it begins.
    pub offset: usize,
    /// The needle's name.
    pub needle: &'static str,
    /// The coat it wears.
    pub encoding: Encoding,
}

impl Needles {
    /// Nothing to look for yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for this card number: as text, and as the packed digits of chips and hosts.
    #[must_use]
    pub fn card_number(mut self, needle: &'static str, pan: &Pan) -> Self {
        self.add(needle, encodings::of_digits(pan.expose()));
        self.add(needle, encodings::of_bytes(pan.expose()));
        self
    }

    /// Looks for this track 2: ASCII digits with `D` or `=` between number and expiry, in both spellings.
    #[must_use]
    pub fn track_2(mut self, needle: &'static str, track: &[u8]) -> Self {
        let spelt =
            |separator| track.iter().map(move |byte| if matches!(byte, b'D' | b'=') { separator } else { *byte });
        self.add(needle, encodings::of_digits(&spelt(b'D').collect::<Vec<u8>>()));
        for separator in [b'D', b'='] {
            self.add(needle, encodings::of_bytes(&spelt(separator).collect::<Vec<u8>>()));
        }
        self
    }

    /// Looks for these bytes: a key, a password, any other secret.
    ///
    /// # Panics
    /// On fewer than five bytes: such a needle is found everywhere and proves nothing.
    #[must_use]
    pub fn bytes(mut self, needle: &'static str, bytes: &[u8]) -> Self {
        self.add(needle, encodings::of_bytes(bytes));
        self
    }

    /// Looks for these bytes as they are: what a cipher made of a key is never written in another coat.
    ///
    /// # Panics
    /// On fewer than five bytes.
    #[must_use]
    pub fn raw(mut self, needle: &'static str, bytes: &[u8]) -> Self {
        self.add(needle, vec![(Encoding::Text, bytes.to_vec())]);
        self
    }

    /// Looks also for anything that could be a card number: 13 to 19 ASCII digits that stand alone, begin
    /// with 3 to 6 and end in a right check digit. One long number in ten passes by chance.
    #[must_use]
    pub fn any_card_number(mut self) -> Self {
        self.any_card_number = true;
        self
    }

    /// Everything found in these bytes, by place.
    #[must_use]
    pub fn find_in(&self, haystack: &[u8]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for run in runs(haystack) {
            let found = self.find_patterns(&haystack[run.clone()]).into_iter();
            hits.extend(found.map(|hit| Hit { offset: hit.offset + run.start, ..hit }));
        }
        if self.any_card_number {
            hits.extend(likely_card_numbers(haystack));
        }
        hits.sort();
        hits
    }

    /// Everything found in a file, or in all files below a folder, in order of path.
    ///
    /// # Errors
    /// What the file system says; a file that cannot be read is not passed over.
    pub fn find_in_dir(&self, path: &Path) -> io::Result<Vec<Hit>> {
        if !path.is_dir() {
            let hits = self.find_in(&fs::read(path)?).into_iter();
            return Ok(hits.map(|hit| Hit { file: Some(path.to_owned()), ..hit }).collect());
        }
        let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        let mut hits = Vec::new();
        for entry in entries {
            hits.extend(self.find_in_dir(&entry)?);
        }
        Ok(hits)
    }

    fn add(&mut self, needle: &'static str, coats: Vec<(Encoding, Vec<u8>)>) {
        for (encoding, bytes) in coats {
            assert!(bytes.len() >= PATTERN_BYTES_MIN, "the needle {needle} is too short to prove anything");
            self.patterns.push(Pattern { needle, encoding, bytes });
        }
        self.index = OnceLock::new();
    }

    /// One walk for the middles of all patterns; where one is, the whole pattern is compared. What is looked for first
    /// is made once, however many haystacks there are.
    fn find_patterns(&self, haystack: &[u8]) -> Vec<Hit> {
        let middles = || AhoCorasick::new(self.patterns.iter().map(|pattern| &pattern.bytes[pattern.middle()]));
        let index = self.index.get_or_init(|| middles().expect("no run has four thousand million secrets"));
        let found = index.find_overlapping_iter(haystack).filter_map(|found| {
            let pattern = &self.patterns[found.pattern().as_usize()];
            let offset = found.start().checked_sub(pattern.middle().start)?;
            let is_whole = haystack[offset..].starts_with(&pattern.bytes);
            is_whole.then_some(Hit { file: None, offset, needle: pattern.needle, encoding: pattern.encoding })
        });
        found.collect()
    }
}

impl Pattern {
    /// The bytes that are looked for first. Keys and numbers begin and end alike more often than they agree there.
    fn middle(&self) -> Range<usize> {
        let begin = (self.bytes.len() / 2).saturating_sub(MIDDLE_BYTES / 2);
        begin..self.bytes.len().min(begin + MIDDLE_BYTES)
    }
}

/// As many as make a chance find rare and what is kept of each pattern small.
const MIDDLE_BYTES: usize = 8;

/// A shorter pattern would be found by chance in any file of some size.
const PATTERN_BYTES_MIN: usize = 5;

const PAGE: usize = 4096;

/// Where there is something else than zeros, with a page of them at each end: a pattern may begin or end with some.
fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
    const ZEROS: [u8; PAGE] = [0; PAGE];
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, page) in bytes.chunks(PAGE).enumerate() {
        if page == &ZEROS[..page.len()] {
            continue;
        }
        let (begin, end) = ((index * PAGE).saturating_sub(PAGE), (index * PAGE + 2 * PAGE).min(bytes.len()));
        match runs.last_mut() {
            Some(run) if run.end >= begin => run.end = end,
            _ => runs.push(begin..end),
        }
    }
    runs
}

fn likely_card_numbers(haystack: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut offset = 0;
    for run in haystack.split(|byte| !byte.is_ascii_digit()) {
        if (13..=19).contains(&run.len()) && (b'3'..=b'6').contains(&run[0]) && ends_in_check_digit(run) {
            hits.push(Hit { file: None, offset, needle: "a likely card number", encoding: Encoding::Text });
        }
        offset += run.len() + 1;
    }
    hits
}

/// ISO/IEC 7812-1, annex B: every second digit from the right doubled, the digits' sum a multiple of ten.
fn ends_in_check_digit(digits: &[u8]) -> bool {
    let weigh = |(index, digit): (usize, &u8)| {
        let weight = u32::from(digit - b'0') << (index % 2);
        weight / 10 + weight % 10
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_zeros_are_passed_over_and_their_neighbours_are_not() {
        let mut bytes = vec![0; 10 * PAGE];
        assert!(runs(&bytes).is_empty());
        bytes[5 * PAGE - 1] = 1;
        bytes[5 * PAGE] = 1;
        let around_both = 3 * PAGE..7 * PAGE;
        assert_eq!(runs(&bytes), std::slice::from_ref(&around_both));
        bytes[10 * PAGE - 1] = 1;
        assert_eq!(runs(&bytes), [around_both, 8 * PAGE..10 * PAGE]);
    }
}
