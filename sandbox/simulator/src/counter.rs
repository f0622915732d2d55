//! What the host books: one line for each request, named by batch and STAN, which nothing takes away again.
//!
//! A reversal of something that never came is remembered, and what it reverses is refused when it comes late. The same
//! request again is not booked again; what was refused for good stays refused.
//!
//! It never asks whether a till may do what it asks for: the auditor must see it. Evidence:
//! `sandbox/simulator/tests/planted.rs`.

use std::collections::{BTreeMap, BTreeSet};

use crate::book::{Book, Line, Sums};

/// Batch and STAN.
pub(crate) type Key = (u32, u32);

pub(crate) struct Counter {
    pub book: Book,
    /// Reversals whose original never came.
    reversed_unseen: BTreeSet<Key>,
    /// What this host will not reverse.
    never_reversed: BTreeSet<Key>,
    /// What it said no to: the same request again is answered the same.
    said_no: BTreeMap<Key, &'static str>,
    references: u32,
    /// The batch that is open.
    pub batch: u32,
    /// Records that came one by one, by batch and place: of which kind, and how much.
    pub uploaded: BTreeMap<Key, (usize, u64)>,
    /// What the till last said of each batch.
    pub heard: BTreeMap<u32, Sums>,
    /// A mistake of the host's own: it books an original that comes after its reversal.
    pub books_late_originals: bool,
    /// Another: it closes a batch again when it is asked again.
    pub closes_again: bool,
}

impl Counter {
    pub fn new(marks_repeats: bool) -> Self {
        Self {
            book: Book { marks_repeats, ..Book::default() },
            reversed_unseen: BTreeSet::new(),
            never_reversed: BTreeSet::new(),
            said_no: BTreeMap::new(),
            references: 0,
            batch: 1,
            uploaded: BTreeMap::new(),
            heard: BTreeMap::new(),
            books_late_originals: false,
            closes_again: false,
        }
    }

    pub fn sale(&mut self, key: Key, minor: u64, said: Option<&'static str>, stays: &mut bool) -> &'static str {
        if let Some(code) = self.refusal("sale", key, said) {
            return code;
        }
        self.stays_if(stays, key);
        self.add("sale", key, None, minor)
    }

    pub fn void(&mut self, key: Key, of: Key, said: Option<&'static str>, stays: &mut bool) -> &'static str {
        if let Some(code) = self.refusal("void", key, said) {
            return code;
        }
        let Some(minor) =
            self.line_of(of).filter(|line| line.kind == "sale" && !line.is_reversed).map(|it| it.amount_minor)
        else {
            self.said_no.insert(key, "25");
            return "25";
        };
        self.stays_if(stays, key);
        self.add("void", key, Some(of), minor)
    }

    pub fn refund(&mut self, key: Key, of: Key, minor: u64, said: Option<&'static str>) -> &'static str {
        match self.refusal("refund", key, said) {
            Some(code) => code,
            None => self.add("refund", key, Some(of), minor),
        }
    }

    pub fn reversal(&mut self, key: Key, said: Option<&'static str>) -> &'static str {
        if let Some(code) = said {
            return code;
        }
        if self.never_reversed.contains(&key) {
            return "12";
        }
        match self.line_of(key) {
            Some(line) if line.is_reversed => "25",
            Some(line) => {
                line.is_reversed = true;
                if key.0 < self.batch {
                    self.book.complaints.push("a reversal in a batch that is closed".to_owned());
                }
                "00"
            }
            None => {
                self.reversed_unseen.insert(key);
                "00"
            }
        }
    }

    /// Why a request is not booked.
    fn refusal(&mut self, kind: &str, key: Key, said: Option<&'static str>) -> Option<&'static str> {
        if let Some(code) = self.said_no.get(&key) {
            return Some(code);
        }
        if key.0 < self.batch && self.line_of(key).is_none() {
            return Some("12");
        }
        if self.line_of(key).is_some() {
            return Some("94");
        }
        if let Some(code) = said {
            // A refund comes again; what else is refused once is refused for good.
            if kind != "refund" || !TRY_AGAIN.contains(&code) {
                self.said_no.insert(key, code);
            }
            return Some(code);
        }
        (self.reversed_unseen.contains(&key) && !self.books_late_originals).then_some("12")
    }

    fn stays_if(&mut self, stays: &mut bool, key: Key) {
        if std::mem::take(stays) {
            self.never_reversed.insert(key);
        }
    }

    fn add(&mut self, kind: &'static str, (batch, stan): Key, of: Option<Key>, amount_minor: u64) -> &'static str {
        let rrn = self.reference();
        self.book.lines.push(Line { kind, of, batch, stan, amount_minor, is_reversed: false, rrn });
        "00"
    }

    /// Whether nothing is booked under this number.
    pub fn is_new(&self, (batch, stan): Key) -> bool {
        self.book.lines.iter().all(|line| (line.batch, line.stan) != (batch, stan))
    }

    fn line_of(&mut self, (batch, stan): Key) -> Option<&mut Line> {
        self.book.lines.iter_mut().find(|line| (line.batch, line.stan) == (batch, stan))
    }

    pub fn reference(&mut self) -> String {
        self.references += 1;
        format!("2601{:08}", self.references)
    }
}

/// Codes that do not say what will come of the same request later.
const TRY_AGAIN: [&str; 4] = ["91", "96", "98", "A0"];
