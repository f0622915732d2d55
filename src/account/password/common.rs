//! Whether a password is one of the commonest: a sorted list of fingerprints, and a few shapes.
//!
//! The list, its source and its licence are in `account/password/common.md`. A fingerprint is computed in
//! registers and leaves no copy of the password; it guards nothing, so nobody gains by two that are equal.
//!
//! It never holds the words themselves. Evidence: `mod tests`.

/// Whether a password in lower case is common: on the list, on it but for digits and signs around it, one of
/// these again and again, or a row of neighbours.
pub(super) fn is_common(folded: &[u8]) -> bool {
    let base = repeated(folded);
    is_listed(folded)
        || is_row(folded)
        || is_listed(core(folded))
        || base.is_some_and(|base| base.len() <= PERIOD_SHORT || is_listed(base) || is_listed(core(base)))
}

fn is_listed(word: &[u8]) -> bool {
    word.len() >= WORD_BYTES_MIN && LIST.binary_search(&fingerprint(word).to_be_bytes()).is_ok()
}

/// FNV-1a with 64 bits, folded to 32.
fn fingerprint(word: &[u8]) -> u32 {
    let hash = word.iter().fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME));
    #[allow(clippy::cast_possible_truncation, reason = "the two halves are what is wanted")]
    {
        (hash >> 32) as u32 ^ hash as u32
    }
}

/// Without the digits and signs before the first letter and after the last.
fn core(word: &[u8]) -> &[u8] {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    let Some(first) = word.iter().position(is_letter) else { return &[] };
    let last = word.iter().rposition(is_letter).unwrap_or(first);
    &word[first..=last]
}

/// The shortest beginning of which the whole is a repetition, the last time perhaps cut short.
fn repeated(word: &[u8]) -> Option<&[u8]> {
    let is_period = |period: &usize| word.iter().skip(*period).eq(word.iter().take(word.len() - period));
    (1..=word.len() / 2).find(is_period).map(|period| &word[..period])
}

/// Whether each character is the neighbour of the one before it, always in the same direction: `4567890123`.
fn is_row(word: &[u8]) -> bool {
    let follows = |a: u8, b: u8| b == a.wrapping_add(1) || (a == b'9' && b == b'0') || (a == b'z' && b == b'a');
    let up = word.windows(2).all(|pair| follows(pair[0], pair[1]));
    up || word.windows(2).all(|pair| follows(pair[1], pair[0]))
}

/// The fingerprints, ascending.
const LIST: &[[u8; 4]] = {
    let (list, rest) = include_bytes!("common.bin").as_chunks();
    assert!(rest.is_empty(), "each fingerprint has four bytes");
    list
};
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
/// Shorter words are no reason to refuse what stands around them.
const WORD_BYTES_MIN: usize = 4;
/// So few characters again and again are common whatever they are.
const PERIOD_SHORT: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_small_sorted_and_the_one_that_its_page_names() {
        assert!(size_of_val(LIST) <= 200_000, "{} bytes", size_of_val(LIST));
        assert_eq!(LIST.len(), 24_412);
        assert!(LIST.is_sorted_by(|a, b| a < b));
        let digest = ring::digest::digest(&ring::digest::SHA256, LIST.as_flattened());
        assert!(include_str!("common.md").contains(&crate::hex::encode_lower(digest.as_ref())));
    }

    #[test]
    fn the_commonest_are_on_the_list_and_others_are_not() {
        for word in ["password", "123456", "qwerty", "dragon", "letmein", "qwerty123456", "administrator"] {
            assert!(is_listed(word.as_bytes()), "{word}");
        }
        for word in ["correct horse battery 9", "tall ships sail at 7 bells", "", "abc", "zxkqjvbnwpt", "Password"] {
            assert!(!is_listed(word.as_bytes()), "{word}");
        }
    }

    #[test]
    fn hardly_anything_else_is_taken_for_common() {
        let made_up = |n: u64| format!("{:016x}x{n}q", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes();
        let wrong = (0..100_000).filter(|n| is_listed(&made_up(*n))).count();
        assert!(wrong <= 5, "{wrong} of 100,000");
    }

    #[test]
    fn common_ones_in_disguise_are_common() {
        for word in [
            "password1234567",
            "123456password",
            "!!dragon2026!!!",
            "dragondragondragon",
            "dragondragondr",
            "abcabcabcabcabc",
            "aaaaaaaaaaaaaaaa",
            "12341234123412341234",
            "123456789012345",
            "987654321098765",
            "abcdefghijklmnop",
            "ponmlkjihgfedcba",
            "password1password1",
            "xyzabcdefghijklm",
        ] {
            assert!(is_common(word.as_bytes()), "{word}");
        }
        for word in
            ["correct horse battery 9", "tall ships sail at 7 bells", "dragons eat 12 shops", "password of 7 dragons"]
        {
            assert!(!is_common(word.as_bytes()), "{word}");
        }
    }
}
