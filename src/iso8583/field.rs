//! How one field is written: its class, its length, its encoding.
//!
//! Lengths are always in the units of the value: digits for `n` and `z`, characters for `an` and `ans`, bytes for
//! `b` and `tlv`; a rule converts to bytes on the wire. A rule only exists after the dialect's checks, so the
//! codec relies on it without asking again. Evidence: `tests/wire_fields.rs`, a row an encoding and a refusal.

use serde::Deserialize;

use super::chars;

/// What may stand in a field (ISO 8583-1:1987, 4.2 attributes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldClass {
    /// Digits.
    N,
    /// Letters, digits and spaces.
    An,
    /// Printable ASCII.
    Ans,
    /// Track data: digits and separators. The separator of the value is `D`; in text it is written `=`.
    Z,
    /// Any bytes.
    B,
    /// BER-TLV elements, whole and nothing else.
    Tlv,
}

/// How the value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataEncoding {
    /// Two digits a byte; an odd digit leaves its pad nibble at the right end.
    BcdLeft,
    /// Two digits a byte; an odd digit leaves its pad nibble at the left end.
    BcdRight,
    /// A character a byte.
    Ascii,
    /// A character a byte, code page 037.
    Ebcdic,
    /// The bytes.
    Raw,
    /// Two ASCII hex digits a byte; capitals are written, both cases read.
    Hex,
}

/// What of a field may be shown in a diagnosis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// All of it.
    #[default]
    Open,
    /// The first six and the last four characters.
    Mask,
    /// Its length.
    Secret,
}

/// The nibble that fills an odd number of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum PadNibble {
    #[serde(rename = "0")]
    Zero,
    F,
}

impl PadNibble {
    #[inline]
    pub(super) fn value(self) -> u8 {
        match self {
            Self::Zero => 0,
            Self::F => 0xF,
        }
    }
}

/// How the length in front of a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// There is none: the length is fixed.
    None,
    /// Two BCD digits in a byte.
    Bcd1,
    /// Three BCD digits in two bytes, the first nibble 0.
    Bcd2,
    /// Two ASCII digits.
    Ascii2,
    /// Three ASCII digits.
    Ascii3,
    /// A byte.
    Bin1,
    /// Two bytes, big endian.
    Bin2,
}

impl Prefix {
    #[inline]
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::Bcd1 | Self::Bin1 => 1,
            Self::Bcd2 | Self::Bin2 | Self::Ascii2 => 2,
            Self::Ascii3 => 3,
        }
    }

    /// The largest number that can be written.
    pub(super) fn count_max(self) -> usize {
        match self {
            Self::None => usize::from(u16::MAX),
            Self::Bcd1 | Self::Ascii2 => 99,
            Self::Bcd2 | Self::Ascii3 => 999,
            Self::Bin1 => 255,
            Self::Bin2 => 65_535,
        }
    }
}

/// What a length in front of a field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// The value's own units.
    Units,
    /// The bytes of BCD data; its pad nibble tells an odd digit.
    BcdBytes,
    /// The digits of hex data, two a byte.
    HexDigits,
}

/// What the codec does with a value, out of class and encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// BCD digits.
    Digits,
    /// BCD digits and separators.
    Track,
    /// Printable ASCII, byte for byte.
    Printable,
    /// Another set of ASCII characters, byte for byte.
    Text,
    /// Any bytes.
    Bytes,
    /// BER-TLV elements.
    Elements,
    /// EBCDIC, hex and track data in text: each character is looked up.
    Converted,
}

impl Shape {
    pub(super) fn of(class: FieldClass, data: DataEncoding) -> Self {
        match (data, class) {
            (DataEncoding::BcdLeft | DataEncoding::BcdRight, FieldClass::Z) => Self::Track,
            (DataEncoding::BcdLeft | DataEncoding::BcdRight, _) => Self::Digits,
            (DataEncoding::Raw, FieldClass::Tlv) => Self::Elements,
            (DataEncoding::Raw, _) => Self::Bytes,
            (DataEncoding::Ascii, FieldClass::Ans) => Self::Printable,
            (DataEncoding::Ascii, FieldClass::N | FieldClass::An) => Self::Text,
            (DataEncoding::Ascii | DataEncoding::Ebcdic | DataEncoding::Hex, _) => Self::Converted,
        }
    }
}

/// The compiled rule of one field.
#[derive(Clone, Copy, Debug)]
pub struct FieldRule {
    pub(super) shape: Shape,
    /// The bytes on the wire of a fixed even number of digits, where they are one to eight; 0 for any other field.
    pub(super) short_digits: u8,
    pub(super) class: FieldClass,
    pub(super) data: DataEncoding,
    pub(super) prefix: Prefix,
    pub(super) count: Count,
    pub(super) pad: PadNibble,
    pub(super) sensitivity: Sensitivity,
    pub(super) min: u16,
    pub(super) max: u16,
}

impl FieldRule {
    /// A rule for no field; the bitmap of known fields keeps the codec away from it.
    pub(super) const UNUSED: Self = Self {
        shape: Shape::Bytes,
        short_digits: 0,
        class: FieldClass::B,
        data: DataEncoding::Raw,
        prefix: Prefix::None,
        count: Count::Units,
        pad: PadNibble::Zero,
        sensitivity: Sensitivity::Secret,
        min: 0,
        max: 0,
    };

    /// What may stand in the field.
    #[must_use]
    pub fn class(&self) -> FieldClass {
        self.class
    }

    /// The shortest and the longest value, in digits, characters or bytes.
    #[must_use]
    pub fn length_range(&self) -> (usize, usize) {
        (usize::from(self.min), usize::from(self.max))
    }

    /// What may be shown of it.
    #[must_use]
    pub fn sensitivity(&self) -> Sensitivity {
        self.sensitivity
    }

    /// The bytes on the wire of a value of `units`, without its prefix.
    #[inline]
    pub(super) fn wire_bytes(&self, units: usize) -> usize {
        match self.shape {
            Shape::Digits | Shape::Track => units.div_ceil(2),
            Shape::Converted if self.data == DataEncoding::Hex => units * 2,
            _ => units,
        }
    }

    /// The number in front of a value of `units`.
    #[inline]
    pub(super) fn count_of(&self, units: usize) -> usize {
        match self.count {
            Count::Units => units,
            Count::BcdBytes => units.div_ceil(2),
            Count::HexDigits => units * 2,
        }
    }

    /// The characters of the value's own form, ASCII or bytes.
    #[inline]
    pub(super) fn value_set(&self) -> u8 {
        match self.class {
            FieldClass::N => chars::DIGIT,
            FieldClass::An => chars::ALPHANUMERIC,
            FieldClass::Ans => chars::PRINTABLE,
            FieldClass::Z => chars::TRACK,
            FieldClass::B | FieldClass::Tlv => chars::ANY,
        }
    }
}
