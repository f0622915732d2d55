//! Eight bytes at a time: the codec's inner loops, on numbers of 64 bits.
//!
//! Each judge takes a word whose first byte is the lowest and marks its faults with a bit in their own byte. A fault
//! may disturb the bytes after it, never those before; so a word may reach beyond the end of a value when the marks
//! beyond it are dropped. Evidence: `mod tests` below, against the tables of `chars`, byte for byte.

/// Whether a judge finds no fault in `bytes[start..end]`, which lies within `bytes`.
#[inline]
pub(super) fn all_hold(bytes: &[u8], start: usize, end: usize, judge: impl Fn(u64) -> u64) -> bool {
    let Some(value) = bytes.get(start..end) else { return false };
    if let Some(last) = value.last_chunk() {
        // The last word may overlap the one before: no byte outside the value is in either.
        let (words, _) = value.as_chunks();
        let faults = words.iter().fold(0, |faults, word| faults | judge(u64::from_le_bytes(*word)));
        return faults | judge(u64::from_le_bytes(*last)) == 0;
    }
    if value.is_empty() {
        return true;
    }
    let beyond = 64 - 8 * value.len();
    match bytes[start..].first_chunk() {
        Some(word) => judge(u64::from_le_bytes(*word)) << beyond == 0,
        None => judge(short_word(value)) << beyond == 0,
    }
}

/// The word of a value that ends within eight bytes of the end.
fn short_word(value: &[u8]) -> u64 {
    value.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Marks each nibble above nine.
#[inline]
pub(super) fn not_digits(word: u64) -> u64 {
    // Above nine, the highest bit of a nibble comes with the next or the one after it.
    word & (word << 1 | word << 2) & NIBBLE_TOPS
}

/// Marks each nibble above nine but D.
#[inline]
pub(super) fn not_track(word: u64) -> u64 {
    let thirteen = word << 1 & !(word << 2) & word << 3;
    not_digits(word) & !thirteen
}

/// Marks each byte that is not printable ASCII, 20 to 7E.
#[inline]
pub(super) fn not_printable(word: u64) -> u64 {
    let at_least_20 = word.wrapping_add(0x60 * EACH_BYTE);
    let above_7e = word.wrapping_add(EACH_BYTE);
    (word | !at_least_20 | above_7e) & BYTE_TOPS
}

/// The BCD of eight ASCII digits, the first in the lowest byte; `None` when one is no digit.
#[inline]
pub(super) fn bcd_of_eight(digits: [u8; 8]) -> Option<[u8; 4]> {
    let nibbles = u64::from_le_bytes(digits) ^ (0x30 * EACH_BYTE);
    let above_nine = nibbles.wrapping_add(0x06 * EACH_BYTE);
    if (nibbles | above_nine) & (0xF0 * EACH_BYTE) != 0 {
        return None;
    }
    let pairs = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF;
    let halves = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
    let [first, second, third, fourth, ..] = (halves | halves >> 16).to_le_bytes();
    Some([first, second, third, fourth])
}

/// Copies as `copy_from_slice` does; short values, which fields are, without a call.
#[inline]
pub(super) fn copy_short(target: &mut [u8], source: &[u8]) {
    fn ends<const N: usize>(target: &mut [u8], source: &[u8]) -> Option<()> {
        // Two chunks that overlap cover every length from N to 2 N.
        let (first, last) = (source.first_chunk::<N>()?, source.last_chunk::<N>()?);
        *target.first_chunk_mut()? = *first;
        *target.last_chunk_mut()? = *last;
        Some(())
    }
    let copied = match source.len() {
        1 => ends::<1>(target, source),
        2..=4 => ends::<2>(target, source),
        5..=8 => ends::<4>(target, source),
        9..=16 => ends::<8>(target, source),
        17..=32 => ends::<16>(target, source),
        _ => None,
    };
    if copied.is_none() {
        target.copy_from_slice(source);
    }
}

const EACH_BYTE: u64 = 0x0101_0101_0101_0101;
const BYTE_TOPS: u64 = 0x8080_8080_8080_8080;
const NIBBLE_TOPS: u64 = 0x8888_8888_8888_8888;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso8583::chars;

    /// Every byte at every place of every short length, with good and bad bytes around the value.
    #[test]
    fn words_judge_as_the_tables_do() {
        type Judge = fn(u64) -> u64;
        let judges: [(Judge, u8, u8); 3] = [
            (not_digits, chars::BCD_DIGITS, 0x95),
            (not_track, chars::BCD_TRACK, 0xDD),
            (not_printable, chars::PRINTABLE, b'~'),
        ];
        for (judge, set, good) in judges {
            for (length, around) in (0..20_usize).flat_map(|length| [(length, 0x00), (length, 0xFF)]) {
                for (at, byte) in (0..length).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                    let mut bytes = vec![around; length + 11];
                    bytes[1..=length].fill(good);
                    bytes[1 + at] = byte;
                    let (start, end) = (1, 1 + length);
                    let verdict = chars::all_in(set, &bytes[start..end]);
                    assert_eq!(all_hold(&bytes, start, end, judge), verdict, "{byte:02X} at {at} of {length}");
                    bytes.truncate(end);
                    assert_eq!(
                        all_hold(&bytes, start, end, judge),
                        verdict,
                        "{byte:02X} at {at} of {length}, at the end"
                    );
                }
            }
        }
    }

    #[test]
    fn a_value_beyond_the_bytes_does_not_hold() {
        assert!(!all_hold(&[0; 4], 0, 5, not_digits));
        assert!(!all_hold(&[0; 4], 5, 6, not_digits));
        assert!(!all_hold(&[0; 10], 0, 20, not_digits));
        assert!(all_hold(&[0; 4], 4, 4, not_digits));
    }

    #[test]
    fn eight_digits_become_four_bytes_and_nothing_else_does() {
        assert_eq!(bcd_of_eight(*b"12345678"), Some([0x12, 0x34, 0x56, 0x78]));
        for (at, byte) in (0..8).flat_map(|at| (0..=255_u8).map(move |byte| (at, byte))) {
            let mut digits = *b"90909090";
            digits[at] = byte;
            let mut verdict = [0x90; 4];
            let nibble = byte.wrapping_sub(b'0') & 0xF;
            verdict[at / 2] = if at % 2 == 0 { nibble << 4 } else { 0x90 | nibble };
            assert_eq!(bcd_of_eight(digits), byte.is_ascii_digit().then_some(verdict), "{byte:02X} at {at}");
        }
    }

    #[test]
    fn a_short_copy_is_a_copy() {
        let source: Vec<u8> = (1..=100).collect();
        for length in 0..=source.len() {
            let mut target = vec![0; length];
            copy_short(&mut target, &source[..length]);
            assert_eq!(target, source[..length]);
        }
    }
}
