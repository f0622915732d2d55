//! The recovery code: 128 random bits on paper, for the day when the only supervisor has forgotten the password.
//!
//! 26 characters of Crockford's base 32 (no I, L, O, U; read in either case, with or without hyphens and spaces, `O`
//! for 0, `I` and `L` for 1) and a check character, in groups of four: `XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXX`. The check
//! is a weighted sum over GF(32), each place with a weight of its own; so one wrong character and any two that were
//! swapped are noticed before a guess is spent.
//!
//! It never is a `String`. Evidence: `mod tests` below, `tests/vault_slots.rs`.

use zeroize::Zeroizing;

use super::error::VaultError;
use crate::ports::Entropy;
use crate::secret::{Secret, SecretBytes};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BYTES: usize = 16;
const DIGITS: usize = 26;
const GROUP: usize = 4;

/// A recovery code.
pub struct RecoveryCode(Secret<BYTES>);

impl RecoveryCode {
    /// A new one.
    ///
    /// # Errors
    /// [`VaultError::Entropy`].
    pub fn new(entropy: &dyn Entropy) -> Result<Self, VaultError> {
        let mut filled = Ok(());
        let code = Secret::from_fn(|bytes| filled = entropy.fill(bytes));
        filled?;
        Ok(Self(code))
    }

    /// Reads what a person typed.
    ///
    /// # Errors
    /// [`VaultError::CodeMistyped`] for anything that is no code, before a guess is spent on it.
    pub fn read(typed: &[u8]) -> Result<Self, VaultError> {
        let mut digits = Zeroizing::new([0; DIGITS + 1]);
        let mut count = 0;
        for character in typed.iter().filter(|character| !b"- ".contains(character)) {
            *digits.get_mut(count).ok_or(VaultError::CodeMistyped)? = digit_of(*character)?;
            count += 1;
        }
        let (digits, [sum]) = digits.split_at(DIGITS) else { return Err(VaultError::CodeMistyped) };
        if count != DIGITS + 1 || check(digits) != *sum || digits[DIGITS - 1] & 0b11 != 0 {
            return Err(VaultError::CodeMistyped);
        }
        let bit = |at: usize| digits[at / 5] >> (4 - at % 5) & 1;
        Ok(Self(Secret::from_fn(|bytes| {
            for at in 0..8 * BYTES {
                bytes[at / 8] |= bit(at) << (7 - at % 8);
            }
        })))
    }

    /// The code as it is printed, ASCII, to be shown once.
    #[must_use]
    pub fn text(&self) -> SecretBytes {
        let digits = self.digits();
        let mut text = Vec::with_capacity(DIGITS + 1 + DIGITS / GROUP);
        for (at, digit) in digits.iter().chain([&check(&*digits)]).enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push(b'-');
            }
            text.push(ALPHABET[usize::from(*digit)]);
        }
        SecretBytes::new(text)
    }

    /// What its slot's key is derived from.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// Five bits a digit; the last two bits are 0.
    fn digits(&self) -> Zeroizing<[u8; DIGITS]> {
        let mut digits = Zeroizing::new([0; DIGITS]);
        for at in 0..8 * BYTES {
            let bit = self.0.expose()[at / 8] >> (7 - at % 8) & 1;
            digits[at / 5] |= bit << (4 - at % 5);
        }
        digits
    }
}

fn digit_of(character: u8) -> Result<u8, VaultError> {
    let character = match character.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    let place = ALPHABET.iter().position(|letter| *letter == character).ok_or(VaultError::CodeMistyped)?;
    Ok(u8::try_from(place).expect("the alphabet has 32 letters"))
}

/// The sum of each digit times its place's weight, 2, 4, 8 … in GF(32) with x⁵ + x² + 1. The weights of 27 places
/// differ and none is 1, which is the check digit's own.
fn check(digits: &[u8]) -> u8 {
    // Horner: the last digit gets the weight 2.
    digits.iter().fold(0, |sum, digit| twice(sum ^ digit))
}

fn twice(element: u8) -> u8 {
    let doubled = element << 1;
    if doubled & 0b10_0000 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::EntropyFault;

    struct These([u8; BYTES]);

    impl Entropy for These {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
            buffer.copy_from_slice(&self.0);
            Ok(())
        }
    }

    fn code(bytes: [u8; BYTES]) -> RecoveryCode {
        RecoveryCode::new(&These(bytes)).unwrap()
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let mixed = *b"\x01\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";
        for bytes in [mixed, [0; BYTES], [0xFF; BYTES]] {
            let text = code(bytes).text();
            assert_eq!(text.expose().len(), 33);
            let printed = std::str::from_utf8(text.expose()).unwrap();
            let relaxed = printed.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
            for typed in [printed, &printed.replace('-', ""), &relaxed] {
                assert_eq!(RecoveryCode::read(typed.as_bytes()).unwrap().expose(), bytes, "{typed}");
            }
        }
        assert_eq!(code([0; BYTES]).text().expose(), b"0000-0000-0000-0000-0000-0000-000");
    }

    #[test]
    fn one_wrong_character_and_any_two_swapped_are_noticed() {
        let mut noticed = 0;
        for seed in 0..40_u8 {
            let text =
                code(std::array::from_fn(|at| seed.wrapping_mul(77).wrapping_add((at as u8).wrapping_mul(29)))).text();
            let plain: Vec<u8> = text.expose().iter().copied().filter(|letter| *letter != b'-').collect();
            for at in 0..plain.len() {
                for letter in ALPHABET.iter().filter(|letter| **letter != plain[at]) {
                    let mut wrong = plain.clone();
                    wrong[at] = *letter;
                    assert!(RecoveryCode::read(&wrong).is_err());
                    noticed += 1;
                }
                for other in (at + 1..plain.len()).filter(|other| plain[*other] != plain[at]) {
                    let mut wrong = plain.clone();
                    wrong.swap(at, other);
                    assert!(RecoveryCode::read(&wrong).is_err());
                    noticed += 1;
                }
            }
        }
        assert!(noticed > 40_000);
    }

    #[test]
    fn what_is_no_code_is_refused() {
        let text = code([7; BYTES]).text();
        let good = text.expose();
        for typed in [&b""[..], b"----", &good[..32], &[good, b"0"].concat(), &[good, good].concat(), b"U", b"\xFF\xFE"]
        {
            assert!(RecoveryCode::read(typed).is_err());
        }
    }
}
