//! BER-TLV: reading by an iterator over borrowed bytes, writing into a vector.
//!
//! Source: ISO/IEC 8825-1 as narrowed by EMV Book 3, Annex B. On input, legal are lengths in a longer form
//! than needed (81 to 84), and padding of 00 or FF bytes before, between and after data objects. All else is
//! a [`TlvError`] with its offset. An element keeps its value and its raw bytes as received, so that a hash
//! is taken over what the card sent.
//!
//! Reading never allocates and never recurses: [`Walk`] carries a stack of [`DEPTH_MAX`] ends.
//! Evidence: `mod tests` below, `tests/emv_rubbish.rs`.

use std::fmt;

use super::tags::Tag;

/// How deep templates may lie in each other: the deepest in the books is 6F, A5, BF0C, 61.
pub const DEPTH_MAX: usize = 8;

/// One data object, borrowed from the bytes it was read from. `Debug` shows its tag and length, never its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its tag.
    pub tag: Tag,
    /// Its value: for a constructed one, the data objects inside.
    pub value: &'a [u8],
    /// Tag, length and value as they came.
    pub raw: &'a [u8],
    value_at: usize,
}

impl<'a> Tlv<'a> {
    /// Whether the value holds data objects.
    #[must_use]
    pub fn is_constructed(&self) -> bool {
        self.tag.is_constructed()
    }

    /// Where the value lies in the outermost bytes.
    #[must_use]
    pub fn value_range(&self) -> std::ops::Range<usize> {
        self.value_at..self.value_at + self.value.len()
    }

    /// The data objects inside, one level down; errors keep the offsets of the outermost bytes.
    #[must_use]
    pub fn children(&self) -> Tlvs<'a> {
        Tlvs { bytes: self.value, at: 0, base: self.value_at }
    }

    /// The first data object with this tag one level down.
    ///
    /// # Errors
    /// [`TlvError`] when a data object before it, or it itself, cannot be read.
    pub fn child(&self, tag: Tag) -> Result<Option<Self>, TlvError> {
        let is_wanted = |child: &Result<Self, TlvError>| child.as_ref().map_or(true, |child| child.tag == tag);
        self.children().find(is_wanted).transpose()
    }
}

impl fmt::Debug for Tlv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.tag, self.value.len())
    }
}

/// Where bytes stop being BER-TLV, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlvError {
    /// Offset of the data object that cannot be read.
    pub at: usize,
    /// What is wrong with it.
    pub fault: TlvFault,
}

/// What is wrong with a data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlvFault {
    /// The bytes end inside the tag.
    TagCut,
    /// The tag has more than three bytes, or a tag number that begins with zeros.
    TagMalformed,
    /// The bytes end inside the length.
    LengthCut,
    /// The length is indefinite, or has more than four bytes.
    LengthMalformed,
    /// The value is longer than what is left.
    ValueCut,
    /// Templates lie deeper in each other than [`DEPTH_MAX`].
    TooDeep,
}

impl fmt::Display for TlvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            TlvFault::TagCut => "the bytes end inside the tag",
            TlvFault::TagMalformed => "the tag is malformed",
            TlvFault::LengthCut => "the bytes end inside the length",
            TlvFault::LengthMalformed => "the length is malformed",
            TlvFault::ValueCut => "the value is longer than what is left",
            TlvFault::TooDeep => "templates lie too deep in each other",
        };
        write!(f, "at offset {}: {fault}", self.at)
    }
}

impl std::error::Error for TlvError {}

/// The data objects of one level. After an error it ends.
#[derive(Clone)]
pub struct Tlvs<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
}

/// Reads the data objects of one level.
#[must_use]
pub fn read(bytes: &[u8]) -> Tlvs<'_> {
    Tlvs { bytes, at: 0, base: 0 }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<Tlv<'a>, TlvError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match element(self.bytes, self.at) {
            Ok(None) => {
                self.at = self.bytes.len();
                None
            }
            Ok(Some(mut tlv)) => {
                self.at = tlv.value_at + tlv.value.len();
                tlv.value_at += self.base;
                Some(Ok(tlv))
            }
            Err(error) => {
                self.at = self.bytes.len();
                Some(Err(TlvError { at: error.at + self.base, ..error }))
            }
        }
    }
}

/// All data objects, outer before inner, in the order of their bytes. After an error it ends.
#[derive(Clone)]
pub struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    outer_ends: [usize; DEPTH_MAX],
    depth: usize,
}

/// Walks through the data objects and those inside them.
#[must_use]
pub fn walk(bytes: &[u8]) -> Walk<'_> {
    Walk { bytes, at: 0, end: bytes.len(), outer_ends: [0; DEPTH_MAX], depth: 0 }
}

impl<'a> Iterator for Walk<'a> {
    /// How many templates lie around it, and the data object.
    type Item = Result<(usize, Tlv<'a>), TlvError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match element(&self.bytes[..self.end], self.at) {
                Ok(Some(tlv)) => return Some(self.enter(tlv)),
                Ok(None) if self.depth == 0 => return None,
                Ok(None) => {
                    self.at = self.end;
                    self.depth -= 1;
                    self.end = self.outer_ends[self.depth];
                }
                Err(error) => return Some(Err(self.stop(error))),
            }
        }
    }
}

impl<'a> Walk<'a> {
    #[inline]
    fn enter(&mut self, tlv: Tlv<'a>) -> Result<(usize, Tlv<'a>), TlvError> {
        let depth = self.depth;
        let value_end = tlv.value_at + tlv.value.len();
        if !tlv.is_constructed() {
            self.at = value_end;
            return Ok((depth, tlv));
        }
        if depth == DEPTH_MAX {
            return Err(self.stop(TlvError { at: value_end - tlv.raw.len(), fault: TlvFault::TooDeep }));
        }
        self.outer_ends[depth] = self.end;
        self.depth = depth + 1;
        self.end = value_end;
        self.at = tlv.value_at;
        Ok((depth, tlv))
    }

    fn stop(&mut self, error: TlvError) -> TlvError {
        (self.at, self.end, self.depth) = (self.bytes.len(), self.bytes.len(), 0);
        error
    }
}

/// The data object at or after `at`, past padding; `None` when only padding is left.
#[inline]
fn element(bytes: &[u8], mut at: usize) -> Result<Option<Tlv<'_>>, TlvError> {
    let first = loop {
        match bytes.get(at) {
            None => return Ok(None),
            // ISO/IEC 7816-4, 5.2.2: 00 and FF bytes around data objects have no meaning.
            Some(0x00 | 0xFF) => at += 1,
            Some(first) => break *first,
        }
    };
    let start = at;
    let refuse = |fault| Err(TlvError { at: start, fault });
    let mut number = u32::from(first);
    at += 1;
    if first & 0x1F == 0x1F {
        // EMV Book 3, B1: the tag number goes on while bit 8 is set. Three bytes are the longest in the books.
        loop {
            let Some(more) = bytes.get(at) else { return refuse(TlvFault::TagCut) };
            if at == start + 3 || (at == start + 1 && *more == 0x80) {
                return refuse(TlvFault::TagMalformed);
            }
            number = number << 8 | u32::from(*more);
            at += 1;
            if more & 0x80 == 0 {
                break;
            }
        }
    }
    let Some(&form) = bytes.get(at) else { return refuse(TlvFault::LengthCut) };
    at += 1;
    let length = if form < 0x80 {
        usize::from(form)
    } else {
        // EMV Book 3, B2: 81 and up say how many bytes of length follow; 80 would be indefinite.
        let count = usize::from(form & 0x7F);
        if !(1..=4).contains(&count) {
            return refuse(TlvFault::LengthMalformed);
        }
        let Some(digits) = bytes.get(at..at + count) else { return refuse(TlvFault::LengthCut) };
        at += count;
        digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
    };
    let Some(value) = bytes[at..].get(..length) else { return refuse(TlvFault::ValueCut) };
    Ok(Some(Tlv { tag: Tag(number), value, raw: &bytes[start..at + length], value_at: at }))
}

/// The first data object with this tag on this level.
///
/// # Errors
/// [`TlvError`] when a data object before it, or it itself, cannot be read.
pub fn find<'a>(bytes: &'a [u8], tag: Tag) -> Result<Option<Tlv<'a>>, TlvError> {
    for tlv in read(bytes) {
        let tlv = tlv?;
        if tlv.tag == tag {
            return Ok(Some(tlv));
        }
    }
    Ok(None)
}

/// Appends one data object, its length in the shortest form (EMV Book 3, B2).
pub fn write(out: &mut Vec<u8>, tag: Tag, value: &[u8]) {
    let number = tag.0.to_be_bytes();
    let skipped = number.iter().take_while(|byte| **byte == 0).count().min(3);
    out.extend_from_slice(&number[skipped..]);
    let length = value.len().to_be_bytes();
    match value.len() {
        0..=0x7F => out.push(length[length.len() - 1]),
        _ => {
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            let count = u8::try_from(length.len() - zeros).expect("a length has at most eight bytes");
            out.push(0x80 | count);
            out.extend_from_slice(&length[zeros..]);
        }
    }
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(bytes: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, TlvError> {
        read(bytes).map(|tlv| tlv.map(|tlv| (tlv.tag.0, tlv.value.to_vec()))).collect()
    }

    #[test]
    fn what_is_no_tlv_is_refused_with_its_offset() {
        for (bytes, at, fault) in [
            (&[0x9F][..], 0, TlvFault::TagCut),
            (&[0x5A, 0x01, 0x00, 0x9F, 0x81], 3, TlvFault::TagCut),
            (&[0x9F, 0x80, 0x01, 0x00], 0, TlvFault::TagMalformed),
            (&[0xDF, 0x81, 0x81, 0x01, 0x00], 0, TlvFault::TagMalformed),
            (&[0x5A], 0, TlvFault::LengthCut),
            (&[0x00, 0x00, 0x5A, 0x82, 0x01], 2, TlvFault::LengthCut),
            (&[0x70, 0x80, 0x00, 0x00], 0, TlvFault::LengthMalformed),
            (&[0x5A, 0x85, 0, 0, 0, 0, 1, 1], 0, TlvFault::LengthMalformed),
            (&[0x5A, 0xFF, 0x00], 0, TlvFault::LengthMalformed),
            (&[0x5A, 0x02, 0x01], 0, TlvFault::ValueCut),
            (&[0x5A, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], 0, TlvFault::ValueCut),
        ] {
            assert_eq!(flat(bytes), Err(TlvError { at, fault }), "{bytes:02X?}");
            let walked: Result<Vec<_>, _> = walk(bytes).collect();
            assert_eq!(walked, Err(TlvError { at, fault }), "{bytes:02X?}");
        }
    }

    #[test]
    fn long_lengths_and_padding_are_read() {
        let value = (0x5A, vec![0x47]);
        for bytes in [
            &[0x5A, 0x01, 0x47][..],
            &[0x5A, 0x81, 0x01, 0x47],
            &[0x5A, 0x82, 0x00, 0x01, 0x47],
            &[0x5A, 0x83, 0x00, 0x00, 0x01, 0x47],
            &[0x5A, 0x84, 0x00, 0x00, 0x00, 0x01, 0x47],
            &[0x00, 0xFF, 0x5A, 0x01, 0x47],
            &[0x5A, 0x01, 0x47, 0x00, 0x00, 0xFF],
        ] {
            assert_eq!(flat(bytes), Ok(vec![value.clone()]), "{bytes:02X?}");
        }
        assert_eq!(flat(&[0x00, 0xFF]), Ok(vec![]));
    }

    #[test]
    fn a_fault_inside_a_template_has_the_offset_of_the_whole() {
        let bytes = [0x70, 0x06, 0x5F, 0x34, 0x01, 0x01, 0x5A, 0x08];
        let inner: Result<Vec<_>, _> = find(&bytes, Tag(0x70)).unwrap().unwrap().children().collect();
        let verdict = TlvError { at: 6, fault: TlvFault::ValueCut };
        assert_eq!(inner.unwrap_err(), verdict);
        assert_eq!(walk(&bytes).last(), Some(Err(verdict)));
    }

    #[test]
    fn an_inner_value_may_not_leave_its_template() {
        let bytes = [0x70, 0x03, 0x5A, 0x02, 0x47, 0x61];
        assert_eq!(walk(&bytes).last(), Some(Err(TlvError { at: 2, fault: TlvFault::ValueCut })));
    }

    #[test]
    fn depth_is_bounded() {
        let nest = |levels: usize| {
            (0..levels).fold(Vec::new(), |inner, _| {
                let mut outer = Vec::new();
                write(&mut outer, Tag(0x70), &inner);
                outer
            })
        };
        assert_eq!(walk(&nest(DEPTH_MAX)).filter(Result::is_ok).count(), DEPTH_MAX);
        let too_deep = nest(DEPTH_MAX + 1);
        assert_eq!(walk(&too_deep).last(), Some(Err(TlvError { at: 2 * DEPTH_MAX, fault: TlvFault::TooDeep })));
    }

    #[test]
    fn raw_bytes_are_kept_as_received() {
        let bytes = [0x00, 0x9F, 0x02, 0x81, 0x02, 0xAA, 0xBB, 0x00];
        let tlv = read(&bytes).next().unwrap().unwrap();
        assert_eq!((tlv.raw, tlv.value), (&bytes[1..7], &bytes[5..7]));
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x1_0000] {
            let mut out = Vec::new();
            write(&mut out, Tag(0xDF8117), &vec![0x5A; length]);
            assert_eq!(flat(&out), Ok(vec![(0xDF8117, vec![0x5A; length])]));
        }
    }

    #[test]
    fn an_object_shows_its_tag_and_length_and_never_its_value() {
        let object = read(&[0x5A, 0x02, 0x47, 0x61]).next().unwrap().unwrap();
        assert_eq!(format!("{object:?}"), "5A (2 bytes)");
    }
}
