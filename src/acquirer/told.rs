//! Texts that a terminal and its host tell each other: cut into parts for the wire, and put together again.
//!
//! | message | part | parts | text |
//! |---|---|---|---|
//! | the terminal tells | which, from 1 | how many | the part |
//! | the terminal asks for a part of the answer | which, from 2 | 0 | – |
//! | the host answers the last part, or such a question | which, from 1 | how many | the part |
//!
//! A text that is told again begins with its first part; the host answers the same text in the same way. What does not
//! come whole and in order is no text. Evidence: `mod tests` below, `tests/payment_errands.rs`.

use crate::acquirer::delivery::ToldPart;
use crate::ids::HostCode;
use crate::iso8583::Op;

/// How much of a text goes into one message of any shipped dialect, in bytes.
pub const TOLD_PART_BYTES: usize = 480;
/// How many parts a text may have.
pub const TOLD_PARTS_MAX: usize = 99;

/// A text of 1 to 47 520 bytes, as it may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldText(Vec<u8>);

impl ToldText {
    /// `None` for nothing, and for more than all parts hold.
    #[must_use]
    pub fn new(text: impl Into<Vec<u8>>) -> Option<Self> {
        let text = text.into();
        (1..=TOLD_PART_BYTES * TOLD_PARTS_MAX).contains(&text.len()).then_some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many parts it has.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.0.len().div_ceil(TOLD_PART_BYTES)
    }

    /// A part, from 1.
    #[must_use]
    pub fn part(&self, part: usize) -> Option<&[u8]> {
        self.0.chunks(TOLD_PART_BYTES).nth(part.checked_sub(1)?)
    }
}

/// What the host is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// What about: one of those that [`Op::is_told`] names.
    pub op: Op,
    /// The text.
    pub text: ToldText,
    /// In whose name; nobody's where the till does it by itself.
    pub operator: Option<String>,
}

/// What the host said to it. A refusal is an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whether it took it.
    pub approved: bool,
    /// Response code (field 39).
    pub host_code: HostCode,
    /// Its own text, which may be empty. Nobody has looked whether it is text.
    pub text: Vec<u8>,
}

/// A text on its way in, part by part.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    text: Vec<u8>,
    taken: u32,
}

/// How far a text has come.
#[derive(Debug, PartialEq, Eq)]
pub enum Gathering {
    /// It is whole.
    Whole(Vec<u8>),
    /// This part comes next.
    Next(u32),
    /// It is none: a part out of order, or more than there may be.
    Broken,
}

impl Gathered {
    /// Takes the next part. The first part begins the text anew.
    pub fn take(&mut self, part: &ToldPart) -> Gathering {
        if part.part == 1 {
            *self = Self::default();
        }
        let is_next = part.part == self.taken + 1 && part.part <= part.parts;
        let fits = part.parts as usize <= TOLD_PARTS_MAX && part.text.len() <= TOLD_PART_BYTES;
        if !is_next || !fits || part.text.is_empty() {
            *self = Self::default();
            return Gathering::Broken;
        }
        self.text.extend_from_slice(&part.text);
        self.taken = part.part;
        if part.part == part.parts {
            return Gathering::Whole(std::mem::take(self).text);
        }
        Gathering::Next(part.part + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_neither_empty_nor_longer_than_its_parts() {
        let most = TOLD_PART_BYTES * TOLD_PARTS_MAX;
        for (length, parts) in [
            (0, None),
            (1, Some(1)),
            (TOLD_PART_BYTES, Some(1)),
            (TOLD_PART_BYTES + 1, Some(2)),
            (most, Some(TOLD_PARTS_MAX)),
            (most + 1, None),
        ] {
            assert_eq!(ToldText::new(vec![b'x'; length]).map(|text| text.parts()), parts, "{length}");
        }
    }

    #[test]
    fn parts_come_together_in_order_or_not_at_all() {
        let text: Vec<u8> = (0..1_200_u16).map(|byte| byte.to_le_bytes()[0]).collect();
        let told = ToldText::new(text.clone()).unwrap();
        let part = |number: usize, parts: usize| ToldPart {
            part: number as u32,
            parts: parts as u32,
            text: told.part(number).unwrap_or(b"beyond").to_vec(),
        };
        assert_eq!((told.parts(), told.part(0), told.part(4)), (3, None, None));
        let mut gathered = Gathered::default();
        assert_eq!(gathered.take(&part(1, 3)), Gathering::Next(2));
        assert_eq!(gathered.take(&part(2, 3)), Gathering::Next(3));
        assert_eq!(gathered.take(&part(3, 3)), Gathering::Whole(text.clone()));
        // Begun anew in the middle, it is the whole text all the same.
        for number in [1, 2, 1, 2] {
            assert_ne!(gathered.take(&part(number, 3)), Gathering::Broken);
        }
        assert_eq!(gathered.take(&part(3, 3)), Gathering::Whole(text));
        for broken in
            [&[(2, 3)][..], &[(1, 3), (3, 3)], &[(1, 3), (2, 3), (2, 3)], &[(0, 3)], &[(1, 0)], &[(2, 1)], &[(1, 100)]]
        {
            let mut gathered = Gathered::default();
            let last = broken.iter().map(|(number, parts)| gathered.take(&part(*number, *parts))).last();
            assert_eq!(last, Some(Gathering::Broken), "{broken:?}");
        }
        let empty = ToldPart { part: 1, parts: 1, text: Vec::new() };
        assert_eq!(Gathered::default().take(&empty), Gathering::Broken);
    }
}
