//! Which bytes may stand in a field: one table of 256 entries, one bit a character set.
//!
//! A field is judged by folding its bytes, without a branch a byte; only a refusal looks for the place. EBCDIC is
//! code page 037, restricted to the characters that ASCII prints. Evidence: `mod tests` below.

/// Two BCD digits.
pub(super) const BCD_DIGITS: u8 = 1;
/// Two nibbles of track data: digits and `D`.
pub(super) const BCD_TRACK: u8 = 1 << 1;
/// An ASCII digit.
pub(super) const DIGIT: u8 = 1 << 2;
/// An ASCII letter, digit or space (class `an`).
pub(super) const ALPHANUMERIC: u8 = 1 << 3;
/// Printable ASCII (class `ans`).
pub(super) const PRINTABLE: u8 = 1 << 4;
/// An ASCII digit, `=` or `D` (class `z`).
pub(super) const TRACK: u8 = 1 << 5;
/// A hex digit of either case.
pub(super) const HEX: u8 = 1 << 6;
/// Any byte at all.
pub(super) const ANY: u8 = 1 << 7;

static SETS: [u8; 256] = sets();

/// The EBCDIC byte of each printable ASCII character, from the space on.
const EBCDIC_OF_PRINTABLE: [u8; 95] = [
    0x40, 0x5A, 0x7F, 0x7B, 0x5B, 0x6C, 0x50, 0x7D, 0x4D, 0x5D, 0x5C, 0x4E, 0x6B, 0x60, 0x4B, 0x61, 0xF0, 0xF1, 0xF2,
    0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0x7A, 0x5E, 0x4C, 0x7E, 0x6E, 0x6F, 0x7C, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5,
    0xC6, 0xC7, 0xC8, 0xC9, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7,
    0xE8, 0xE9, 0xBA, 0xE0, 0xBB, 0xB0, 0x6D, 0x79, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x91, 0x92,
    0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xC0, 0x4F, 0xD0, 0xA1,
];

/// The ASCII character of each EBCDIC byte, 0 where it has none.
static ASCII_OF_EBCDIC: [u8; 256] = ascii_of_ebcdic();

/// Whether all bytes are in the set.
#[inline]
pub(super) fn all_in(set: u8, bytes: &[u8]) -> bool {
    bytes.iter().fold(set, |left, byte| left & SETS[usize::from(*byte)]) != 0
}

/// The nibble of a digit, or of `D` and `=` in track data; [`NO_NIBBLE`] for any other character.
#[inline]
pub(super) fn nibble_of(track: bool, character: u8) -> u8 {
    let nibble = NIBBLES[usize::from(character)];
    if track || nibble != SEPARATOR { nibble } else { NO_NIBBLE }
}

/// What is no nibble.
pub(super) const NO_NIBBLE: u8 = 0x80;
const SEPARATOR: u8 = 0xD;

static NIBBLES: [u8; 256] = {
    let mut table = [NO_NIBBLE; 256];
    let mut digit = 0;
    while digit <= 9 {
        table[(b'0' + digit) as usize] = digit;
        digit += 1;
    }
    table[b'D' as usize] = SEPARATOR;
    table[b'=' as usize] = SEPARATOR;
    table
};

/// The index of the first byte that is not in the set.
pub(super) fn first_outside(set: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| SETS[usize::from(*byte)] & set == 0)
}

/// The ASCII character of an EBCDIC byte; 0, which is in no set but [`ANY`], where it has none.
#[inline]
pub(super) fn ascii_of(ebcdic: u8) -> u8 {
    ASCII_OF_EBCDIC[usize::from(ebcdic)]
}

/// The EBCDIC byte of a printable ASCII character.
#[inline]
pub(super) fn ebcdic_of(ascii: u8) -> u8 {
    EBCDIC_OF_PRINTABLE[usize::from(ascii - b' ')]
}

/// The value of a hex digit; digits of other kinds are the caller's to refuse first.
#[inline]
pub(super) fn hex_value(digit: u8) -> u8 {
    (digit & 0xF) + if digit > b'9' { 9 } else { 0 }
}

/// The capital hex digit of a nibble.
#[inline]
pub(super) fn hex_digit(nibble: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(nibble & 0xF)]
}

const fn sets() -> [u8; 256] {
    let mut table = [ANY; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        let (high, low) = (value >> 4, value & 0xF);
        let digits = high <= 9 && low <= 9;
        let track = (high <= 9 || high == 0xD) && (low <= 9 || low == 0xD);
        table[byte] |= if digits { BCD_DIGITS } else { 0 } | if track { BCD_TRACK } else { 0 };
        table[byte] |= if value.is_ascii_digit() { DIGIT } else { 0 };
        table[byte] |= if value.is_ascii_alphanumeric() || value == b' ' { ALPHANUMERIC } else { 0 };
        table[byte] |= if value.is_ascii_graphic() || value == b' ' { PRINTABLE } else { 0 };
        table[byte] |= if value.is_ascii_digit() || value == b'=' || value == b'D' { TRACK } else { 0 };
        table[byte] |= if value.is_ascii_hexdigit() { HEX } else { 0 };
        byte += 1;
    }
    table
}

const fn ascii_of_ebcdic() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < EBCDIC_OF_PRINTABLE.len() {
        table[EBCDIC_OF_PRINTABLE[index] as usize] = b' ' + index as u8;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ebcdic_of_every_printable_character_comes_back() {
        for ascii in b' '..=b'~' {
            assert_eq!(ascii_of(ebcdic_of(ascii)), ascii);
        }
        // Code page 037: digits from F0, capitals from C1, D1 and E2.
        assert_eq!([b'0', b'9', b'A', b'J', b'S', b' '].map(ebcdic_of), [0xF0, 0xF9, 0xC1, 0xD1, 0xE2, 0x40]);
    }

    #[test]
    fn sets_hold_what_their_names_say() {
        for (set, inside, outside) in [
            (BCD_DIGITS, &[0x00, 0x99, 0x42][..], &[0x9A, 0xA9, 0xD1, 0xFF][..]),
            (BCD_TRACK, &[0x00, 0xD1, 0x1D, 0xDD], &[0xA1, 0x1B, 0xE0, 0xF0, 0x0F]),
            (DIGIT, b"09", b"/:A \0"),
            (ALPHANUMERIC, b"0Az ", b"-\0\x7F\xE9"),
            (PRINTABLE, b" ~-0", b"\x1F\x7F\n\xE9"),
            (TRACK, b"09D=", b"d;?"),
            (HEX, b"09afAF", b"gG \0"),
        ] {
            assert!(all_in(set, inside) && first_outside(set, inside).is_none());
            for byte in outside {
                assert!(!all_in(set, &[inside[0], *byte]));
                assert_eq!(first_outside(set, &[inside[0], *byte]), Some(1));
            }
        }
    }

    #[test]
    fn only_digits_and_separators_have_nibbles() {
        for character in 0..=255_u8 {
            let digit = character.is_ascii_digit().then(|| character - b'0');
            let separator = matches!(character, b'D' | b'=').then_some(0xD);
            assert_eq!(nibble_of(false, character), digit.unwrap_or(NO_NIBBLE));
            assert_eq!(nibble_of(true, character), digit.or(separator).unwrap_or(NO_NIBBLE));
        }
    }

    #[test]
    fn hex_digits_have_their_values() {
        for nibble in 0..16 {
            assert_eq!(hex_value(hex_digit(nibble)), nibble);
            assert_eq!(hex_value(hex_digit(nibble).to_ascii_lowercase()), nibble);
        }
    }
}
