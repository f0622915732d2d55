//! The coats that a secret can wear.
//!
//! It makes patterns only; nothing here reads a file. Evidence: `sandbox/tests/scan.rs`.

/// How the bytes of a needle are written where they were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Encoding {
    /// The bytes themselves: ASCII for a number or a track.
    Text,
    /// Two digits a byte, from a byte's start.
    Packed,
    /// Two digits a byte, beginning in the middle of one.
    PackedShifted,
    /// One digit a byte, as its value.
    Unpacked,
    /// Hexadecimal of the bytes, in capitals.
    HexUpper,
    /// Hexadecimal of the bytes, in small letters.
    HexLower,
    /// UTF-16, low byte first.
    Utf16Little,
    /// UTF-16, high byte first.
    Utf16Big,
    /// UTF-16, low byte first, of the hexadecimal.
    HexUtf16Little,
    /// Base64 (RFC 4648), in either alphabet, wherever in the encoded bytes the needle begins.
    Base64,
    /// Base64 of the packed digits.
    PackedBase64,
    /// Decimal numbers with commas, as a JSON writer does with bytes.
    DecimalList,
}

/// The coats of a digit string as chips and hosts pack it; `D` is a digit here.
pub(super) fn of_digits(digits: &[u8]) -> Vec<(Encoding, Vec<u8>)> {
    let nibbles: Vec<u8> = digits.iter().map(|digit| if *digit == b'D' { 0x0D } else { digit & 0x0F }).collect();
    let pack = |nibbles: &[u8]| nibbles.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect::<Vec<u8>>();
    let packed = pack(&nibbles);
    let mut coats = vec![
        (Encoding::Packed, packed.clone()),
        (Encoding::PackedShifted, pack(&nibbles[1..])),
        (Encoding::Unpacked, nibbles),
        (Encoding::DecimalList, decimal_list(&packed)),
    ];
    coats.extend(base64_patterns(&packed).into_iter().map(|pattern| (Encoding::PackedBase64, pattern)));
    coats
}

/// The coats of any bytes.
pub(super) fn of_bytes(bytes: &[u8]) -> Vec<(Encoding, Vec<u8>)> {
    let upper = hex(bytes, b"0123456789ABCDEF");
    let lower = hex(bytes, b"0123456789abcdef");
    let mut coats = vec![
        (Encoding::Text, bytes.to_vec()),
        (Encoding::Utf16Little, bytes.iter().flat_map(|byte| [*byte, 0]).collect()),
        (Encoding::Utf16Big, bytes.iter().flat_map(|byte| [0, *byte]).collect()),
        (Encoding::HexUtf16Little, upper.iter().flat_map(|byte| [*byte, 0]).collect()),
        (Encoding::DecimalList, decimal_list(bytes)),
    ];
    if lower != upper {
        coats.push((Encoding::HexLower, lower.clone()));
        coats.push((Encoding::HexUtf16Little, lower.iter().flat_map(|byte| [*byte, 0]).collect()));
    }
    coats.push((Encoding::HexUpper, upper));
    coats.extend(base64_patterns(bytes).into_iter().map(|pattern| (Encoding::Base64, pattern)));
    coats
}

fn hex(bytes: &[u8], alphabet: &[u8; 16]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| [alphabet[usize::from(byte >> 4)], alphabet[usize::from(byte & 0x0F)]]).collect()
}

fn decimal_list(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",").into_bytes()
}

/// The characters that the needle alone decides, for each of the three places in a group where it can begin,
/// in each alphabet.
fn base64_patterns(bytes: &[u8]) -> Vec<Vec<u8>> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut patterns: Vec<Vec<u8>> = Vec::new();
    for before in 0..3 {
        let padded = [vec![0; before], bytes.to_vec()].concat();
        // A character holds six bits: those that share one with a neighbour's bits are left out.
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for alphabet in [STANDARD, URL_SAFE] {
            let pattern: Vec<u8> = (first..last).map(|place| alphabet[six_bits(&padded, place)]).collect();
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
    }
    patterns
}

/// The value of the character at `place`, all of whose bits lie inside `bytes`.
fn six_bits(bytes: &[u8], place: usize) -> usize {
    let bit = place * 6;
    let two = u16::from_be_bytes([bytes[bit / 8], bytes.get(bit / 8 + 1).copied().unwrap_or(0)]);
    usize::from(two >> (10 - bit % 8) & 0x3F)
}
