//! Hexadecimal text and bytes: how keys, hashes and EMV values are written down everywhere in the house.
//!
//! Either case is read; [`encode`] writes capitals, as the EMV books do, and [`encode_lower`] small letters, as
//! hashes are shown. It never repairs an odd number of digits and never skips a character.
//! Evidence: `mod tests` below.

/// The bytes of a text of hexadecimal digit pairs; `None` for anything else.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut bytes = Vec::with_capacity(pairs.len());
    for [high, low] in pairs {
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(bytes)
}

/// The bytes as capital hexadecimal digits.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    written(bytes, b"0123456789ABCDEF")
}

/// The bytes as small hexadecimal digits.
#[must_use]
pub fn encode_lower(bytes: &[u8]) -> String {
    written(bytes, b"0123456789abcdef")
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The text is built with its final capacity, so that no part of it stays behind when it is a secret.
fn written(bytes: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(char::from(digits[usize::from(byte >> 4)]));
        text.push(char::from(digits[usize::from(byte & 0x0F)]));
    }
    text
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
    }

    #[test]
    fn bytes_are_written_in_either_case() {
        assert_eq!(encode(&[0x00, 0xAB, 0x9F]), "00AB9F");
        assert_eq!(encode_lower(&[0x00, 0xAB, 0x9F]), "00ab9f");
        assert_eq!(encode(&[]), "");
    }
}
