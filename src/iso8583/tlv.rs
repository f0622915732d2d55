//! BER-TLV elements one after another, as in field 55 (ISO/IEC 8825-1; EMV Book 3, Annex B).
//!
//! Tags are not judged: an unknown one is an element like any other, in its place. Constructed elements are not
//! entered. Refused are the indefinite length, lengths of more than two bytes, tags of more than four, the padding
//! tag 00, and bytes that end within an element. Evidence: `mod tests` below.

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlvElement<'a> {
    /// The tag's bytes.
    pub tag: &'a [u8],
    /// The value's bytes.
    pub value: &'a [u8],
}

/// Goes through the elements in order. The first fault ends the walk with the offset of its element.
pub struct TlvWalk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> TlvWalk<'a> {
    /// A walk from the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl<'a> Iterator for TlvWalk<'a> {
    type Item = Result<TlvElement<'a>, usize>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let Some((tag_end, value_start, value_end)) = element_at(self.bytes, start) else {
            self.at = self.bytes.len();
            return Some(Err(start));
        };
        self.at = value_end;
        Some(Ok(TlvElement { tag: &self.bytes[start..tag_end], value: &self.bytes[value_start..value_end] }))
    }
}

/// The offset of the first element that is none.
#[inline]
pub(super) fn first_fault(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let [tag, second, tail @ ..] = rest {
        // Nearly all elements have a tag of one or two bytes and a length of one.
        let next = match (tag & 0x1F == 0x1F, tail) {
            (false, tail) if *tag != 0 && *second < 0x80 => tail.get(usize::from(*second)..),
            (true, [third, tail @ ..]) if (*second | *third) < 0x80 => tail.get(usize::from(*third)..),
            _ => element_at(rest, 0).and_then(|(_, _, end)| rest.get(end..)),
        };
        match next {
            Some(next) => rest = next,
            None => return Some(bytes.len() - rest.len()),
        }
    }
    if rest.is_empty() { None } else { Some(bytes.len() - rest.len()) }
}

/// Where the tag ends, and where the value begins and ends.
#[inline]
fn element_at(bytes: &[u8], start: usize) -> Option<(usize, usize, usize)> {
    let mut tag_end = start + 1;
    match bytes.get(start)? {
        0 => return None,
        first if first & 0x1F == 0x1F => {
            while bytes.get(tag_end)? & 0x80 != 0 {
                tag_end += 1;
            }
            tag_end += 1;
        }
        _ => {}
    }
    if tag_end - start > TAG_BYTES_MAX {
        return None;
    }
    let (value_start, length) = match *bytes.get(tag_end)? {
        short if short < 0x80 => (tag_end + 1, usize::from(short)),
        0x81 => (tag_end + 2, usize::from(*bytes.get(tag_end + 1)?)),
        0x82 => (tag_end + 3, usize::from(*bytes.get(tag_end + 1)?) << 8 | usize::from(*bytes.get(tag_end + 2)?)),
        _ => return None,
    };
    let value_end = value_start + length;
    (value_end <= bytes.len()).then_some((tag_end, value_start, value_end))
}

const TAG_BYTES_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_in_order_known_or_not() {
        let bytes = [0x9F, 0x26, 0x01, 0xAA, 0xDF, 0x81, 0x7F, 0x00, 0x95, 0x81, 0x02, 0x01, 0x02, 0x50, 0x00];
        let found: Vec<_> = TlvWalk::new(&bytes).map(|element| element.map(|e| (e.tag, e.value))).collect();
        assert_eq!(
            found,
            [
                Ok((&[0x9F, 0x26][..], &[0xAA][..])),
                Ok((&[0xDF, 0x81, 0x7F], &[])),
                Ok((&[0x95], &[1, 2])),
                Ok((&[0x50], &[])),
            ]
        );
        assert_eq!(first_fault(&bytes), None);
    }

    #[test]
    fn broken_elements_are_refused_where_they_begin() {
        for (bytes, at) in [
            (&[0x00][..], 0),                           // padding
            (&[0x95], 0),                               // no length
            (&[0x9F], 0),                               // half a tag
            (&[0x9F, 0x26], 0),                         // no length after a long tag
            (&[0x95, 0x02, 0x01], 0),                   // value cut short
            (&[0x95, 0x80, 0x00, 0x00], 0),             // indefinite length
            (&[0x95, 0x81], 0),                         // half a length
            (&[0x95, 0x82, 0x00], 0),                   // half a length
            (&[0x95, 0x83, 0, 0, 0], 0),                // three length bytes
            (&[0x95, 0x84, 0, 0, 0, 0], 0),             // four length bytes
            (&[0x9F, 0x81, 0x81, 0x81, 0x01, 0x00], 0), // five tag bytes
            (&[0x95, 0x01, 0x00, 0x9A, 0x03, 0x01], 3), // the second one
            (&[0x95, 0x82, 0xFF, 0xFF, 0x01], 0),       // beyond the end
        ] {
            assert_eq!(first_fault(bytes), Some(at), "{bytes:02X?}");
            assert_eq!(TlvWalk::new(bytes).find_map(Result::err), Some(at));
            assert!(TlvWalk::new(bytes).count() <= 2, "a fault ends the walk");
        }
    }
}
