//! The chip data of a request, read the issuer's way: strictly, and apart from the core's own reader.
//!
//! Source: EMV Book 3, annex B (BER-TLV with tags of one or two bytes here). It refuses what an issuer
//! would refuse: a length beyond the end, a tag said twice. Evidence: `mod tests`.

use std::fmt;

/// The data objects of ISO 8583 field 55, in the order received.
pub struct ChipData<'a>(Vec<(u16, &'a [u8])>);

impl<'a> ChipData<'a> {
    /// Reads a string of data objects to its last byte.
    ///
    /// # Errors
    /// [`ChipDataError`] with the offset of the object that cannot be read.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ChipDataError> {
        let mut objects: Vec<(u16, &[u8])> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let offset = bytes.len() - rest.len();
            let (tag, value, after) = split_object(rest).ok_or(ChipDataError::Malformed { offset })?;
            if objects.iter().any(|(earlier, _)| *earlier == tag) {
                return Err(ChipDataError::SaidTwice { tag });
            }
            objects.push((tag, value));
            rest = after;
        }
        Ok(Self(objects))
    }

    /// The value of a tag.
    #[must_use]
    pub fn value(&self, tag: u16) -> Option<&'a [u8]> {
        self.0.iter().find(|(own, _)| *own == tag).map(|(_, value)| *value)
    }

    /// The value of a tag of fixed length.
    ///
    /// # Errors
    /// [`ChipDataError::Missing`], [`ChipDataError::WrongLength`].
    pub fn fixed<const N: usize>(&self, tag: u16) -> Result<[u8; N], ChipDataError> {
        let value = self.value(tag).ok_or(ChipDataError::Missing { tag })?;
        value.try_into().map_err(|_| ChipDataError::WrongLength { tag })
    }
}

/// One object and what follows it.
fn split_object(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (tag, rest) = if first & 0x1F == 0x1F {
        let (second, rest) = rest.split_first()?;
        if second & 0x80 != 0 {
            return None;
        }
        (u16::from_be_bytes([*first, *second]), rest)
    } else {
        (u16::from(*first), rest)
    };
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7F => (*length, rest),
        0x81 => rest.split_first().map(|(length, rest)| (*length, rest))?,
        _ => return None,
    };
    rest.split_at_checked(usize::from(length)).map(|(value, rest)| (tag, value, rest))
}

/// Why chip data is no use to an issuer. Values are never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipDataError {
    /// The bytes from here on are not a data object.
    Malformed {
        /// Bytes before the object.
        offset: usize,
    },
    /// A tag stands twice.
    SaidTwice {
        /// The tag.
        tag: u16,
    },
    /// A tag that the cryptogram needs is not there.
    Missing {
        /// The tag.
        tag: u16,
    },
    /// A tag has not the length of the data dictionary.
    WrongLength {
        /// The tag.
        tag: u16,
    },
}

impl fmt::Display for ChipDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { offset } => write!(f, "the chip data cannot be read from byte {offset} on"),
            Self::SaidTwice { tag } => write!(f, "the chip data says tag {tag:X} twice"),
            Self::Missing { tag } => write!(f, "the chip data lacks tag {tag:X}"),
            Self::WrongLength { tag } => write!(f, "tag {tag:X} has a wrong length"),
        }
    }
}

impl std::error::Error for ChipDataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chip_data_is_read_to_its_last_byte_or_refused() {
        use ChipDataError::{Malformed, SaidTwice};
        let rows: &[(&[u8], Result<usize, ChipDataError>)] = &[
            (&[], Ok(0)),
            (&[0x82, 2, 0x20, 0], Ok(1)),
            (&[0x9F, 0x36, 2, 0, 1, 0x82, 0x81, 1, 7], Ok(2)),
            (&[0x82], Err(Malformed { offset: 0 })),
            (&[0x9F], Err(Malformed { offset: 0 })),
            (&[0x82, 2, 0x20], Err(Malformed { offset: 0 })),
            (&[0x82, 0x80], Err(Malformed { offset: 0 })),
            (&[0x82, 0x81], Err(Malformed { offset: 0 })),
            (&[0x82, 1, 0, 0x9F, 0x81, 1, 1, 0], Err(Malformed { offset: 3 })),
            (&[0x82, 1, 0, 0x82, 1, 0], Err(SaidTwice { tag: 0x82 })),
        ];
        for (bytes, verdict) in rows {
            assert_eq!(ChipData::parse(bytes).map(|data| data.0.len()), *verdict, "{bytes:02X?}");
        }
    }

    #[test]
    fn a_value_has_the_length_of_the_dictionary_or_is_refused() {
        let data = ChipData::parse(&[0x9F, 0x36, 2, 0, 1]).unwrap();
        assert_eq!(data.fixed::<2>(0x9F36), Ok([0, 1]));
        assert_eq!(data.fixed::<3>(0x9F36), Err(ChipDataError::WrongLength { tag: 0x9F36 }));
        assert_eq!(data.fixed::<2>(0x82), Err(ChipDataError::Missing { tag: 0x82 }));
    }
}
