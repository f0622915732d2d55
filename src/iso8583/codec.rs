//! The compiled table of a dialect, and what can be wrong with a message.
//!
//! A message is its type (MTI), a bitmap of 64 or 128 fields, and the fields in the order of their numbers
//! (ISO 8583-1:1987, clause 4). Reading is in `parse`, writing in `pack`; both look up the same table.
//! Evidence: `tests/wire_fields.rs`, `tests/wire_rubbish.rs`.

use std::fmt;

use super::field::FieldRule;
use super::value::ValueName;

/// Field numbers go from 1, the secondary bitmap, to 128.
pub(super) const FIELD_MAX: u8 = 128;

/// How the message type is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MtiEncoding {
    Bcd,
    Ascii,
}

/// How a bitmap is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BitmapEncoding {
    Raw,
    Hex,
}

/// What to do with bytes after the last field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TrailingBytes {
    #[default]
    Refuse,
    Allow,
}

/// The compiled table: entry n is the rule of field n; entries 0 and 1 are never used.
pub(super) struct Codec {
    pub(super) mti: MtiEncoding,
    pub(super) bitmap: BitmapEncoding,
    pub(super) trailing: TrailingBytes,
    pub(super) known: FieldBits,
    pub(super) rules: Box<[FieldRule; FIELD_MAX as usize + 1]>,
}

impl Codec {
    /// The rule of a field that the dialect has.
    pub(super) fn rule(&self, field: u8) -> Option<&FieldRule> {
        if self.known.has(field) { self.rules.get(usize::from(field)) } else { None }
    }
}

/// A set of field numbers 1 to 128: bit n − 1 is field n.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FieldBits(pub(super) u128);

impl FieldBits {
    /// Reads bitmap words as they stand on the wire, where the highest bit is the first field.
    #[inline]
    pub(super) fn from_wire(primary: u64, secondary: u64) -> Self {
        Self(u128::from(primary.reverse_bits()) | u128::from(secondary.reverse_bits()) << 64)
    }

    /// The primary and the secondary word as they stand on the wire.
    #[inline]
    pub(super) fn to_wire(self) -> (u64, u64) {
        ((self.0 as u64).reverse_bits(), ((self.0 >> 64) as u64).reverse_bits())
    }

    #[inline]
    pub(super) fn has(self, field: u8) -> bool {
        (1..=FIELD_MAX).contains(&field) && self.0 >> (field - 1) & 1 == 1
    }

    /// Adds a field; numbers outside 1 to 128 are left out.
    #[inline]
    pub(super) fn insert(&mut self, field: u8) {
        if (1..=FIELD_MAX).contains(&field) {
            self.0 |= 1 << (field - 1);
        }
    }

    #[inline]
    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The fields in ascending order.
    #[inline]
    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        let [mut left, mut later] = [self.0 as u64, (self.0 >> 64) as u64];
        let mut first = 1;
        std::iter::from_fn(move || {
            if left == 0 {
                (left, later, first) = (later, 0, 65);
                if left == 0 {
                    return None;
                }
            }
            let field = left.trailing_zeros() as u8 + first;
            left &= left - 1;
            Some(field)
        })
    }
}

/// The bit of the secondary bitmap.
pub(super) const SECONDARY_BITMAP: FieldBits = FieldBits(1);

/// What is wrong with a message, and where. It holds no byte of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// The field's number; 0 for the message type and what follows the last field, 1 for the bitmap.
    pub field: u8,
    /// The offset in the message, in bytes; 0 where a message is composed and has no bytes yet.
    pub offset: usize,
    /// What is wrong.
    pub fault: CodecFault,
}

impl CodecError {
    pub(super) fn new(field: u8, offset: usize, fault: CodecFault) -> Self {
        Self { field, offset, fault }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            0 => write!(f, "message, byte {}: ", self.offset)?,
            1 => write!(f, "bitmap, byte {}: ", self.offset)?,
            field => write!(f, "field {field}, byte {}: ", self.offset)?,
        }
        fmt::Display::fmt(&self.fault, f)
    }
}

impl std::error::Error for CodecError {}

/// What can be wrong with a field or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecFault {
    /// The message ends before the field does.
    Truncated,
    /// There are bytes after the last field.
    TrailingBytes,
    /// The message type is not four digits.
    MtiNotDigits,
    /// The bitmap is not hex digits.
    BitmapNotHex,
    /// The dialect has no such field.
    UnknownField,
    /// The length in front of the field is not written in digits.
    LengthNotDigits,
    /// The value is shorter or longer than the dialect allows.
    LengthOutOfRange,
    /// The value holds a character that its class does not allow.
    CharacterNotAllowed,
    /// The nibble that fills an odd number of digits is another than agreed.
    PadNibbleWrong,
    /// The value is not whole BER-TLV elements.
    TlvBroken,
    /// A field that the message must have is not there.
    FieldMissing,
    /// The field does not read as the message's template says.
    TemplateMismatch,
    /// Two fields give different values for the same thing.
    Contradiction(ValueName),
    /// A value that the message must carry was not given.
    ValueMissing(ValueName),
    /// A value that was given does not have the form of its name.
    ValueMalformed(ValueName),
    /// The dialect has no such message.
    NoSuchMessage,
}

impl fmt::Display for CodecFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the message ends before the field does",
            Self::TrailingBytes => "there are bytes after the last field",
            Self::MtiNotDigits => "the message type is not four digits",
            Self::BitmapNotHex => "the bitmap is not hex digits",
            Self::UnknownField => "the dialect has no such field",
            Self::LengthNotDigits => "the length is not written in digits",
            Self::LengthOutOfRange => "the value is shorter or longer than the dialect allows",
            Self::CharacterNotAllowed => "the value holds a character that its class does not allow",
            Self::PadNibbleWrong => "the pad nibble is another than agreed",
            Self::TlvBroken => "the value is not whole BER-TLV elements",
            Self::FieldMissing => "a field that the message must have is not there",
            Self::TemplateMismatch => "the field does not read as the message's template says",
            Self::Contradiction(name) => return write!(f, "{} has another value in another field", name.word()),
            Self::ValueMissing(name) => return write!(f, "{} is needed and was not given", name.word()),
            Self::ValueMalformed(name) => return write!(f, "{} does not have its form", name.word()),
            Self::NoSuchMessage => "the dialect has no such message",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_count_from_the_high_end_of_each_word() {
        let bits = FieldBits::from_wire(0xC000_0000_0000_0001, 0x8000_0000_0000_0001);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [1, 2, 64, 65, 128]);
        assert_eq!(bits.to_wire(), (0xC000_0000_0000_0001, 0x8000_0000_0000_0001));
        assert!(bits.has(64) && !bits.has(63) && !bits.has(0) && !bits.has(129));
        let mut built = FieldBits::default();
        [0, 1, 2, 64, 65, 128, 129].into_iter().for_each(|field| built.insert(field));
        assert!(built == bits, "numbers outside 1 to 128 are left out");
    }

    #[test]
    fn an_error_says_where_and_what_and_no_more() {
        let error = CodecError::new(35, 47, CodecFault::PadNibbleWrong);
        assert_eq!(error.to_string(), "field 35, byte 47: the pad nibble is another than agreed");
        let error = CodecError::new(2, 0, CodecFault::ValueMissing(ValueName::Pan));
        assert_eq!(error.to_string(), "field 2, byte 0: pan is needed and was not given");
        assert!(CodecError::new(0, 3, CodecFault::TrailingBytes).to_string().starts_with("message, byte 3"));
        assert!(CodecError::new(1, 2, CodecFault::Truncated).to_string().starts_with("bitmap, byte 2"));
    }
}
