//! Hexadecimal text in JSON, as it stands in configuration and transcripts.
//!
//! Either case is read, capitals are written, as in the EMV books. There may be spaces between bytes, as traces
//! have them; [`decode`] allows none. It never repairs an odd number of digits. Evidence: `mod tests` below.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use crate::hex::{decode, encode};

/// As [`decode`], with space between bytes allowed.
#[must_use]
pub fn decode_spaced(text: &str) -> Option<Vec<u8>> {
    text.split_ascii_whitespace().try_fold(Vec::with_capacity(text.len() / 2), |mut bytes, part| {
        bytes.extend(decode(part)?);
        Some(bytes)
    })
}

/// Exactly `N` bytes that are written as hexadecimal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HexArray<const N: usize>(pub [u8; N]);

impl<const N: usize> Serialize for HexArray<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexArray<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = decode_spaced(&text).and_then(|bytes| <[u8; N]>::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom(format_args!("expected {N} bytes in hexadecimal")))
    }
}

/// Any number of bytes that are written as hexadecimal text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HexBytes(pub Vec<u8>);

impl Serialize for HexBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode_spaced(&text).map(Self).ok_or_else(|| serde::de::Error::custom("expected bytes in hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_may_stand_between_bytes_and_nowhere_else() {
        for (text, verdict) in
            [(" 00 fF7a\n", Some(vec![0x00, 0xFF, 0x7A])), ("  ", Some(vec![])), ("0 0", None), ("00,FF", None)]
        {
            assert_eq!(decode_spaced(text), verdict, "{text}");
        }
    }
}
