//! Hexadecimal text of the vectors.

/// The bytes; the vectors are known to be valid.
pub fn from_hex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("a vector is hexadecimal");
    (0..text.len()).step_by(2).map(digits).collect()
}
