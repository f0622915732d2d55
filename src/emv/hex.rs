//! Hexadecimal text, as it stands in configuration and transcripts.
//!
//! Either case is read, capitals are written, as in the EMV books. JSON may have spaces between bytes, as
//! traces do; [`decode`] allows none. It never repairs an odd number of digits. Evidence: `mod tests` below.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The bytes of a text of hexadecimal digit pairs; `None` for anything else.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// As [`decode`], with space between bytes allowed.
#[must_use]
pub fn decode_spaced(text: &str) -> Option<Vec<u8>> {
    text.split_ascii_whitespace().try_fold(Vec::with_capacity(text.len() / 2), |mut bytes, part| {
        bytes.extend(decode(part)?);
        Some(bytes)
    })
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The bytes as capital hexadecimal digits.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let pair = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0x0F)]];
    bytes.iter().flat_map(pair).map(char::from).collect()
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
    fn only_digit_pairs_are_bytes() {
        for (text, verdict) in [
            ("", Some(vec![])),
            ("00fF7a", Some(vec![0x00, 0xFF, 0x7A])),
            ("0", None),
            ("0G", None),
            ("0 1", None),
            ("+1", None),
            ("é", None),
        ] {
            assert_eq!(decode(text), verdict, "{text}");
        }
        for (text, verdict) in
            [(" 00 fF7a\n", Some(vec![0x00, 0xFF, 0x7A])), ("  ", Some(vec![])), ("0 0", None), ("00,FF", None)]
        {
            assert_eq!(decode_spaced(text), verdict, "{text}");
        }
        assert_eq!(encode(&[0x00, 0xAB, 0x9F]), "00AB9F");
    }
}
