//! Message authentication codes.
//!
//! The range is the caller's: a MAC is made over exactly the bytes that are sent. Sources: ISO/IEC 9797-1:2011
//! algorithm 1 (X9.9 with one key, CBC-TDES with two) and algorithm 3 (X9.19), padding methods 1 and 2; NIST
//! SP 800-38B; RFC 2104. The UnionPay ECB algorithm is from public terminal code (a secondary source).
//! It never compares codes in a time that depends on where they differ. Evidence: `tests/wire_crypto.rs`.

use aes::{Aes128, Aes256};
use cmac::{Cmac, Mac};
use des::cipher::KeyInit;

use super::des_key::{BLOCK, DesKey};
use super::keys::{KeyError, KeyUsage, MacKey};
use crate::secret::same_bytes;

/// The fewest bytes of a code that may be compared: four, as ISO 9797-1 allows for financial messages.
pub const TAG_BYTES_MIN: usize = 4;

const TAG_BYTES_MAX: usize = 32;

/// Padding of ISO/IEC 9797-1, clause 6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Method 1: as many zero bytes as needed, perhaps none.
    Zeros,
    /// Method 2: one bit, then zeros; always at least a byte.
    BitThenZeros,
}

/// How a code is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacAlgorithm {
    /// UnionPay ECB: blocks combined by XOR, written in hex, enciphered twice; the result's first eight hex characters.
    UnionPayEcb,
    /// X9.9: CBC with a single-length DES key.
    X9_9(Padding),
    /// X9.19: CBC with the first half of a double-length key, the last block through all of it.
    X9_19(Padding),
    /// CBC with a double-length key.
    CbcTdes(Padding),
    /// AES-CMAC.
    AesCmac,
    /// HMAC-SHA-256.
    HmacSha256,
}

impl MacAlgorithm {
    /// How many bytes a host gives a new key of this algorithm.
    #[must_use]
    pub fn key_bytes_usual(self) -> usize {
        match self {
            Self::UnionPayEcb | Self::X9_9(_) => 8,
            Self::X9_19(_) | Self::CbcTdes(_) | Self::AesCmac | Self::HmacSha256 => 16,
        }
    }

    /// How many bytes its code has before anything is cut off.
    #[must_use]
    pub fn tag_bytes(self) -> usize {
        match self {
            Self::UnionPayEcb | Self::X9_9(_) | Self::X9_19(_) | Self::CbcTdes(_) => 8,
            Self::AesCmac => 16,
            Self::HmacSha256 => 32,
        }
    }
}

/// A message authentication code. It is public: it travels in the message.
#[derive(Clone, Copy)]
pub struct Tag {
    bytes: [u8; TAG_BYTES_MAX],
    count: usize,
}

impl Tag {
    /// The whole code.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }

    /// Whether the code, cut to the length of `received`, is `received`; in constant time. Less than
    /// [`TAG_BYTES_MIN`] bytes, or more than there are, never match.
    #[must_use]
    pub fn matches(&self, received: &[u8]) -> bool {
        (TAG_BYTES_MIN..=self.count).contains(&received.len()) && same_bytes(&self.bytes[..received.len()], received)
    }

    fn new(code: &[u8]) -> Self {
        let mut bytes = [0; TAG_BYTES_MAX];
        bytes[..code.len()].copy_from_slice(code);
        Self { bytes, count: code.len() }
    }
}

/// The code of `data` under `key`.
///
/// # Errors
/// [`KeyError::Length`] when the key's length does not fit the algorithm: 8 or 16 bytes for UnionPay ECB, 8 for X9.9,
/// 16 for X9.19 and CBC-TDES, 16 or 32 for AES-CMAC and HMAC.
pub fn mac(algorithm: MacAlgorithm, key: &MacKey, data: &[u8]) -> Result<Tag, KeyError> {
    let bytes = key.bytes();
    let misfit = KeyError::Length { usage: KeyUsage::Mac, bytes: bytes.len() };
    let des =
        |allowed: &[usize], part: &[u8]| DesKey::new(part).filter(|_| allowed.contains(&bytes.len())).ok_or(misfit);
    match algorithm {
        MacAlgorithm::UnionPayEcb => Ok(unionpay_ecb(&des(&[8, 16], bytes)?, data)),
        MacAlgorithm::X9_9(padding) => Ok(Tag::new(&cbc_last_block(&des(&[8], bytes)?, padding, data))),
        MacAlgorithm::CbcTdes(padding) => Ok(Tag::new(&cbc_last_block(&des(&[16], bytes)?, padding, data))),
        MacAlgorithm::X9_19(padding) => {
            let (first, second) = bytes.split_at_checked(BLOCK).ok_or(misfit)?;
            let (first, second) = (des(&[16], first)?, des(&[16], second)?);
            let mut block = cbc_last_block(&first, padding, data);
            second.decrypt(&mut block);
            first.encrypt(&mut block);
            Ok(Tag::new(&block))
        }
        MacAlgorithm::AesCmac => aes_cmac(bytes, data).ok_or(misfit),
        MacAlgorithm::HmacSha256 if bytes.len() < 16 => Err(misfit),
        MacAlgorithm::HmacSha256 => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, bytes);
            Ok(Tag::new(ring::hmac::sign(&key, data).as_ref()))
        }
    }
}

fn unionpay_ecb(key: &DesKey, data: &[u8]) -> Tag {
    let mut combined = [0; BLOCK];
    for part in data.chunks(BLOCK) {
        xor_into(&mut combined, part);
    }
    let (mut block, second_half) = hex_halves(combined);
    key.encrypt(&mut block);
    xor_into(&mut block, &second_half);
    key.encrypt(&mut block);
    Tag::new(&hex_halves(block).0)
}

/// The sixteen capital hex characters of a block, in two halves.
fn hex_halves(block: [u8; BLOCK]) -> ([u8; BLOCK], [u8; BLOCK]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |index: usize| {
        let byte = block[index / 2];
        DIGITS[usize::from(if index.is_multiple_of(2) { byte >> 4 } else { byte & 0xF })]
    };
    (std::array::from_fn(digit), std::array::from_fn(|index| digit(index + BLOCK)))
}

/// The last block of CBC with a zero initial vector. Empty data is one block of padding (ISO/IEC 9797-1, 6.3).
fn cbc_last_block(key: &DesKey, padding: Padding, data: &[u8]) -> [u8; BLOCK] {
    let mut chain = [0; BLOCK];
    let (whole, rest) = data.as_chunks::<BLOCK>();
    for part in whole {
        xor_into(&mut chain, part);
        key.encrypt(&mut chain);
    }
    if padding == Padding::BitThenZeros || !rest.is_empty() || whole.is_empty() {
        xor_into(&mut chain, rest);
        if padding == Padding::BitThenZeros {
            chain[rest.len()] ^= 0x80;
        }
        key.encrypt(&mut chain);
    }
    chain
}

fn aes_cmac(key: &[u8], data: &[u8]) -> Option<Tag> {
    match key.len() {
        16 => Some(Tag::new(&Cmac::<Aes128>::new_from_slice(key).ok()?.chain_update(data).finalize().into_bytes())),
        32 => Some(Tag::new(&Cmac::<Aes256>::new_from_slice(key).ok()?.chain_update(data).finalize().into_bytes())),
        _ => None,
    }
}

fn xor_into(block: &mut [u8; BLOCK], part: &[u8]) {
    block.iter_mut().zip(part).for_each(|(own, other)| *own ^= other);
}
