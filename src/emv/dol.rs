//! Data object lists: what the card asks for, and the answer to it.
//!
//! Source: EMV Book 3, 5.4. A DOL is a list and not a set: tags repeat, and each entry has its own length.
//! A value that is too long is cut, one that is too short is padded, on the side that its format says; a
//! value that the terminal does not have is zeros, and so is one whose tag is constructed.
//!
//! It never asks where values come from. Evidence: `mod tests` below, `tests/emv_rubbish.rs`.

use super::tags::{Format, Tag, format};

/// The longest answer: what fits a short command beside the header of its template.
pub const ANSWER_BYTES_MAX: usize = 252;

/// One entry: the tag and the number of bytes that the card wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DolEntry {
    /// Which data object.
    pub tag: Tag,
    /// How many bytes, 0 to 255.
    pub length: usize,
}

/// Why bytes are no data object list that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DolError {
    /// An entry's tag is cut or has more than three bytes.
    Tag {
        /// Offset of the entry.
        at: usize,
    },
    /// An entry has no length.
    Length {
        /// Offset of the entry.
        at: usize,
    },
    /// The answer would be longer than [`ANSWER_BYTES_MAX`].
    AnswerTooLong,
}

/// The entries of a list. After an error it ends.
#[derive(Clone, Debug)]
pub struct Dol<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Reads a data object list.
#[must_use]
pub fn read(bytes: &[u8]) -> Dol<'_> {
    Dol { bytes, at: 0 }
}

impl Iterator for Dol<'_> {
    type Item = Result<DolEntry, DolError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let first = *self.bytes.get(start)?;
        let mut end = start + 1;
        if first & 0x1F == 0x1F {
            let more = self.bytes[end..].iter().take(2).position(|byte| byte & 0x80 == 0);
            let Some(count) = more else { return self.refuse(DolError::Tag { at: start }) };
            end += count + 1;
        }
        let Some(length) = self.bytes.get(end) else { return self.refuse(DolError::Length { at: start }) };
        let number = self.bytes[start..end].iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        self.at = end + 1;
        Some(Ok(DolEntry { tag: Tag(number), length: usize::from(*length) }))
    }
}

impl Dol<'_> {
    fn refuse(&mut self, error: DolError) -> Option<Result<DolEntry, DolError>> {
        self.at = self.bytes.len();
        Some(Err(error))
    }
}

/// Appends the answer to a list, each value as `value_of` gives it.
///
/// # Errors
/// [`DolError`]; what was appended before is then of no use.
pub fn answer<'v>(list: &[u8], value_of: impl Fn(Tag) -> Option<&'v [u8]>, out: &mut Vec<u8>) -> Result<(), DolError> {
    let limit = out.len() + ANSWER_BYTES_MAX;
    for entry in read(list) {
        let entry = entry?;
        if out.len() + entry.length > limit {
            return Err(DolError::AnswerTooLong);
        }
        // Book 3, 5.4: a constructed tag is answered with zeros.
        let value = if entry.tag.is_constructed() { None } else { value_of(entry.tag) };
        append_fitted(value.unwrap_or_default(), value.is_some(), entry, out);
    }
    Ok(())
}

/// A value in the length of an entry, as an answer would have it.
#[must_use]
pub fn fitted(value: &[u8], entry: DolEntry) -> Vec<u8> {
    let mut out = Vec::with_capacity(entry.length);
    append_fitted(value, true, entry, &mut out);
    out
}

fn append_fitted(value: &[u8], known: bool, entry: DolEntry, out: &mut Vec<u8>) {
    let format = if known { format(entry.tag) } else { Format::Other };
    let kept = value.len().min(entry.length);
    let padding =
        std::iter::repeat_n(if format == Format::CompressedNumeric { 0xFF } else { 0x00 }, entry.length - kept);
    if format == Format::Numeric {
        out.extend(padding);
        out.extend_from_slice(&value[value.len() - kept..]);
    } else {
        out.extend_from_slice(&value[..kept]);
        out.extend(padding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::hex;

    fn value_of(tag: Tag) -> Option<&'static [u8]> {
        match tag.0 {
            0x9F02 => Some(&[0x00, 0x00, 0x00, 0x12, 0x34, 0x56]),
            0x5A => Some(&[0x47, 0x61]),
            0x9F37 => Some(&[0xDE, 0xAD, 0xBE, 0xEF]),
            0x70 => Some(&[0x01]),
            _ => None,
        }
    }

    #[test]
    fn values_are_fitted_by_their_format() {
        for (list, verdict) in [
            ("9F0206", "000000123456"),
            ("9F0203", "123456"),
            ("9F0208", "0000000000123456"),
            ("5A04", "4761FFFF"),
            ("5A01", "47"),
            ("9F3702", "DEAD"),
            ("9F3706", "DEADBEEF0000"),
            ("9F3700", ""),
            ("9F3701", "DE"),
            ("9F37019F3701", "DEDE"),
            ("DF811703", "000000"),
            ("7002", "0000"),
            ("", ""),
        ] {
            let mut out = Vec::new();
            answer(&hex::decode(list).unwrap(), value_of, &mut out).unwrap();
            assert_eq!(hex::encode(&out), verdict, "{list}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (list, verdict) in [
            ("9F", DolError::Tag { at: 0 }),
            ("9F37049F", DolError::Tag { at: 3 }),
            ("DF818101", DolError::Tag { at: 0 }),
            ("9F37", DolError::Length { at: 0 }),
            ("9F37045A", DolError::Length { at: 3 }),
            ("9F37FF", DolError::AnswerTooLong),
            ("9F377F9F377F", DolError::AnswerTooLong),
        ] {
            let refused = answer(&hex::decode(list).unwrap(), value_of, &mut vec![0x83]);
            assert_eq!(refused, Err(verdict), "{list}");
        }
    }
}
