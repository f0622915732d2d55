//! Base 64 with padding, as notes and proofs carry bytes (RFC 4648, section 4).
//!
//! A text stands for bytes in exactly one way: no line breaks, whole groups of four, the unused bits of the last
//! group zero. Whatever else is refused, so that nobody can change a signed text without changing its bytes.
//!
//! A text is built at its final size, so that no part of a key stays behind. Evidence: `mod tests` below (the vectors of RFC 4648), `tests/proof_rubbish.rs`.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD: u8 = b'=';

/// The bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut padded = [0; 4];
        padded[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(padded);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(char::from(if place <= group.len() { digit } else { PAD }));
        }
    }
    text
}

/// The bytes that a text stands for; `None` for anything that [`encode`] does not write.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (groups, []) = text.as_bytes().as_chunks::<4>() else { return None };
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for (place, group) in groups.iter().enumerate() {
        let padding = match group {
            [.., PAD, PAD] => 2,
            [.., PAD] => 1,
            _ => 0,
        };
        if padding > 0 && place + 1 < groups.len() {
            return None;
        }
        let mut bits = 0;
        for digit in &group[..4 - padding] {
            bits = bits << 6 | value(*digit)?;
        }
        bits <<= 6 * padding as u32;
        let kept = 3 - padding;
        let spread = bits.to_be_bytes();
        if spread[1 + kept..].iter().any(|unused| *unused != 0) {
            return None;
        }
        bytes.extend_from_slice(&spread[1..=kept]);
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10, and both digits that are no letters or numbers.
    #[test]
    fn the_published_vectors_hold_both_ways() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"fooba", "Zm9vYmE="),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff, 0xfe], "+//+"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_the_one_of_its_bytes_is_refused() {
        for (case, text) in [
            ("padding left out", "Zg"),
            ("padding cut", "Zg="),
            ("padding alone", "===="),
            ("three of padding", "Z==="),
            ("padding within", "Zg==Zg=="),
            ("padding before the last digit", "Zg=v"),
            ("an unused bit set, one byte", "Zh=="),
            ("an unused bit set, two bytes", "Zm9="),
            ("another alphabet", "-__-"),
            ("a line break", "Zm9v\n"),
            ("a space", "Zm9 "),
            ("a letter of two bytes", "Zmé"),
        ] {
            assert_eq!(decode(text), None, "{case}");
        }
    }
}
