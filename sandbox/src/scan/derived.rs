//! What ciphers and hashes make of a key, byte for byte as they keep it while they work.
//!
//! A key that was wiped is not gone while its round keys are there: whoever finds them has the key. Each form here is
//! computed anew from the standard's own tables, in the layout of the crates that the core uses.
//! Evidence: `mod tests` below, the standards' examples.

use rsa::BigUint;

/// The fifteen round keys of AES-256 (FIPS 197, 5.2), each as it stands in memory.
#[must_use]
pub fn aes_256_round_keys(key: &[u8; 32]) -> Vec<[u8; 16]> {
    let s_box = aes_s_box();
    let mut words: Vec<[u8; 4]> = key.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]).collect();
    let mut round_constant = 1_u8;
    for index in 8..60 {
        let mut word = words[index - 1];
        if index % 8 == 0 {
            word.rotate_left(1);
            word = word.map(|byte| s_box[usize::from(byte)]);
            word[0] ^= round_constant;
            round_constant = double(round_constant);
        } else if index % 8 == 4 {
            word = word.map(|byte| s_box[usize::from(byte)]);
        }
        for (byte, before) in word.iter_mut().zip(words[index - 8]) {
            *byte ^= before;
        }
        words.push(word);
    }
    let round_key = |four: &[[u8; 4]]| four.as_flattened().try_into().expect("four words are 16 bytes");
    words.chunks_exact(4).map(round_key).collect()
}

/// The hash key of GCM under a key (NIST SP 800-38D, 6.4), in both orders of its bytes.
#[must_use]
pub fn gcm_hash_keys(key: &[u8; 32]) -> Vec<[u8; 16]> {
    let hash_key = aes_256_of_zero(key);
    let mut turned = hash_key;
    turned.reverse();
    vec![hash_key, turned]
}

/// The states of HMAC-SHA-256 once the padded key is in (RFC 2104, 4), inner and outer, as words of either order.
#[must_use]
pub fn hmac_sha_256_states(key: &[u8]) -> Vec<[u8; 32]> {
    let mut block = [0_u8; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(ring::digest::digest(&ring::digest::SHA256, key).as_ref()),
    }
    let states = [0x36, 0x5c].map(|pad| sha_256_compress(SHA_256_BEGIN, &block.map(|byte| byte ^ pad)));
    let bytes_of = |state: [u32; 8], order: fn(u32) -> [u8; 4]| -> [u8; 32] {
        state.map(order).as_flattened().try_into().expect("eight words are 32 bytes")
    };
    states
        .into_iter()
        .flat_map(|state| [bytes_of(state, u32::to_le_bytes), bytes_of(state, u32::to_be_bytes)])
        .collect()
}

/// The sixteen round keys of DES (FIPS 46-3), six bytes each, in both orders.
#[must_use]
pub fn des_round_keys(key: [u8; 8]) -> Vec<[u8; 6]> {
    let permuted = permute(u64::from_be_bytes(key), 64, &DES_CHOICE_1);
    let (mut left, mut right) = ((permuted >> 28) as u32, permuted as u32 & 0x0FFF_FFFF);
    let mut round_keys = Vec::with_capacity(32);
    for shift in DES_SHIFTS {
        let turn = |half: u32| (half << shift | half >> (28 - shift)) & 0x0FFF_FFFF;
        (left, right) = (turn(left), turn(right));
        let both = u64::from(left) << 28 | u64::from(right);
        let bytes = permute(both, 56, &DES_CHOICE_2).to_be_bytes();
        let mut round_key = [bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]];
        round_keys.push(round_key);
        round_key.reverse();
        round_keys.push(round_key);
    }
    round_keys
}

/// A P-256 private scalar as arithmetic keeps it: its limbs low first, plain and multiplied by 2^256 (Montgomery).
#[must_use]
pub fn p_256_scalar_forms(scalar: &[u8; 32]) -> Vec<[u8; 32]> {
    let order = BigUint::from_bytes_be(&P_256_ORDER);
    let scalar = BigUint::from_bytes_be(scalar);
    [scalar.clone(), (scalar << 256_usize) % order]
        .iter()
        .map(|number| {
            let mut bytes = number.to_bytes_le();
            bytes.resize(32, 0);
            bytes.try_into().expect("a scalar is below the order, which has 32 bytes")
        })
        .collect()
}

/// An X25519 private key as it is used: clamped (RFC 7748, 5).
#[must_use]
pub fn x25519_clamped(mut key: [u8; 32]) -> [u8; 32] {
    key[0] &= 248;
    key[31] = key[31] & 127 | 64;
    key
}

/// Order of P-256 (FIPS 186-5).
const P_256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Multiplies by x in AES's field (FIPS 197, 4.2.1).
fn double(byte: u8) -> u8 {
    byte << 1 ^ if byte & 0x80 == 0 { 0 } else { 0x1b }
}

fn multiply(mut left: u8, mut right: u8) -> u8 {
    let mut product = 0;
    while right != 0 {
        if right & 1 != 0 {
            product ^= left;
        }
        left = double(left);
        right >>= 1;
    }
    product
}

/// FIPS 197, 5.1.1: the inverse, then the affine map.
fn aes_s_box() -> [u8; 256] {
    std::array::from_fn(|index| {
        let byte = index as u8;
        let inverse = (0..=255).find(|other| multiply(byte, *other) == 1).unwrap_or(0);
        (1..5).fold(inverse ^ 0x63, |mapped, turn| mapped ^ inverse.rotate_left(turn))
    })
}

/// AES-256 of a block of zeros.
fn aes_256_of_zero(key: &[u8; 32]) -> [u8; 16] {
    let (s_box, round_keys) = (aes_s_box(), aes_256_round_keys(key));
    let mut block = round_keys[0];
    for (round, round_key) in round_keys.iter().enumerate().skip(1) {
        let substituted = block.map(|byte| s_box[usize::from(byte)]);
        let shifted: [u8; 16] = std::array::from_fn(|at| substituted[(at + at % 4 * 4) % 16]);
        let mixed = std::array::from_fn(|at| {
            let column = &shifted[at / 4 * 4..at / 4 * 4 + 4];
            let [first, second] = [column[at % 4], column[(at + 1) % 4]];
            multiply(first, 2) ^ multiply(second, 3) ^ column[(at + 2) % 4] ^ column[(at + 3) % 4]
        });
        block = if round == 14 { shifted } else { mixed };
        for (byte, key) in block.iter_mut().zip(round_key) {
            *byte ^= key;
        }
    }
    block
}

const SHA_256_BEGIN: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// One block into a state (FIPS 180-4, 6.2.2).
fn sha_256_compress(state: [u32; 8], block: &[u8; 64]) -> [u32; 8] {
    let constants = sha_256_constants();
    let mut words: Vec<u32> =
        block.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])).collect();
    for at in 16..64 {
        let (early, late) = (words[at - 15], words[at - 2]);
        let early = early.rotate_right(7) ^ early.rotate_right(18) ^ early >> 3;
        let late = late.rotate_right(17) ^ late.rotate_right(19) ^ late >> 10;
        words.push(words[at - 16].wrapping_add(early).wrapping_add(words[at - 7]).wrapping_add(late));
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    for (word, constant) in words.iter().zip(constants) {
        let high = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = e & f ^ !e & g;
        let first = h.wrapping_add(high).wrapping_add(choice).wrapping_add(constant).wrapping_add(*word);
        let low = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = a & b ^ a & c ^ b & c;
        (h, g, f, e) = (g, f, e, d.wrapping_add(first));
        (d, c, b, a) = (c, b, a, first.wrapping_add(low.wrapping_add(majority)));
    }
    let after = [a, b, c, d, e, f, g, h];
    std::array::from_fn(|at| state[at].wrapping_add(after[at]))
}

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
fn sha_256_constants() -> impl Iterator<Item = u32> {
    let primes =
        (2_u128..).filter(|number| (2..*number).take_while(|by| by * by <= *number).all(|by| number % by != 0));
    // The cube root of p · 2^96 is that of p, shifted by 32 bits.
    primes.take(64).map(|prime| {
        let (mut root, target) = (0_u128, prime << 96);
        for bit in (0..36).rev() {
            let tried = root | 1 << bit;
            if tried * tried * tried <= target {
                root = tried;
            }
        }
        root as u32
    })
}

/// Takes these bits, counted from 1 at the left of `width`.
fn permute(bits: u64, width: u32, places: &[u8]) -> u64 {
    places.iter().fold(0, |taken, place| taken << 1 | bits >> (width - u32::from(*place)) & 1)
}

const DES_SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

const DES_CHOICE_1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63, 55,
    47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];

const DES_CHOICE_2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30,
    40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

#[cfg(test)]
mod tests {
    use super::*;
    use taptill::hex;

    fn bytes<const N: usize>(digits: &str) -> [u8; N] {
        hex::decode(digits).unwrap().try_into().unwrap()
    }

    #[test]
    fn aes_round_keys_are_those_of_the_standard() {
        // FIPS 197, A.3.
        let round_keys = aes_256_round_keys(&bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"));
        assert_eq!(round_keys.len(), 15);
        assert_eq!(round_keys[2], bytes("9ba354118e6925afa51a8b5f2067fcde"));
        assert_eq!(round_keys[14], bytes("fe4890d1e6188d0b046df344706c631e"));
    }

    #[test]
    fn the_hash_key_of_gcm_is_that_of_its_test_vector() {
        // McGrew and Viega, test case 13: a key of zeros.
        assert_eq!(gcm_hash_keys(&[0; 32])[0], bytes("dc95c078a2408989ad48a21492842087"));
    }

    #[test]
    fn an_hmac_is_finished_from_its_states() {
        let key = b"a key of any length";
        let states = hmac_sha_256_states(key);
        let words = |state: &[u8; 32]| -> [u32; 8] {
            std::array::from_fn(|at| u32::from_be_bytes(state[at * 4..at * 4 + 4].try_into().unwrap()))
        };
        let finish = |state: [u32; 8], message: &[u8]| -> Vec<u8> {
            let mut block = [0; 64];
            block[..message.len()].copy_from_slice(message);
            block[message.len()] = 0x80;
            block[56..].copy_from_slice(&((64 + message.len() as u64) * 8).to_be_bytes());
            sha_256_compress(state, &block).map(u32::to_be_bytes).as_flattened().to_vec()
        };
        let inner = finish(words(&states[1]), b"message");
        let expected = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key), b"message");
        assert_eq!(finish(words(&states[3]), &inner), expected.as_ref());
        let mut turned = states[0];
        turned.chunks_exact_mut(4).for_each(<[u8]>::reverse);
        assert_eq!(turned, states[1]);
    }

    #[test]
    fn des_round_keys_are_those_of_the_worked_example() {
        let round_keys = des_round_keys(bytes("133457799bbcdff1"));
        assert_eq!(round_keys[0], bytes("1b02effc7072"));
        assert_eq!(round_keys[30], bytes("cb3d8b0e17f5"));
        assert_eq!(round_keys[1], bytes("7270fcef021b"));
    }

    #[test]
    fn a_scalar_in_montgomery_form_is_the_scalar_times_two_to_the_256() {
        let forms = p_256_scalar_forms(&bytes("0000000000000000000000000000000000000000000000000000000000000001"));
        assert_eq!(forms[0][..2], [1, 0]);
        // 2^256 - n.
        let order = BigUint::from_bytes_be(&P_256_ORDER);
        assert_eq!(BigUint::from_bytes_le(&forms[1]) + order, BigUint::from(1_u8) << 256_usize);
    }
}
