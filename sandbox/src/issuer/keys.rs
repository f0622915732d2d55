//! From the issuer's master key to the key of one card, and to the key of one of its transactions.
//!
//! Source: EMV Book 2, annexes A1.3.1 (common session key) and A1.4 (options A and B).
//! Evidence: `sandbox/tests/issuer_vectors.rs`.

use ring::digest;
use taptill::card::Pan;
use taptill::secret::Secret;
use zeroize::Zeroizing;

use super::tdes::{Block, encipher};

/// The key from which an issuer derives each card's own. Double-length DES.
pub struct IssuerMasterKey(Secret<16>);

/// The cryptogram key of one card.
pub struct IccMasterKey(pub(super) Secret<16>);

/// The cryptogram key of one transaction of one card.
pub struct SessionKey(pub(super) Secret<16>);

impl IssuerMasterKey {
    /// The key of the sandbox's issuer. It is published in every book on the subject, and worth nothing.
    #[must_use]
    pub fn sandbox() -> Self {
        Self::from_bytes([
            0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
        ])
    }

    /// Takes sixteen key bytes; their parity bits are not looked at.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Secret::from_fn(|own| *own = bytes))
    }

    /// Derives the key of the card with this number and sequence number (0 to 99; 0 where the card has none).
    ///
    /// Option A up to 16 digits, option B above: the same choice that every issuer of such cards makes.
    #[must_use]
    pub fn icc_master_key(&self, pan: &Pan, pan_sequence: u8) -> IccMasterKey {
        let mut digits = Zeroizing::new(Vec::with_capacity(pan.expose().len() + 2));
        digits.extend(pan.expose().iter().map(|digit| digit - b'0'));
        digits.extend([pan_sequence / 10 % 10, pan_sequence % 10]);
        let right: Block = if pan.expose().len() > 16 { hashed_block(&digits) } else { rightmost_block(&digits) };
        IccMasterKey(pair(&self.0, right, right.map(|byte| !byte)))
    }
}

impl IccMasterKey {
    /// The key's sixteen bytes, parity adjusted.
    #[must_use]
    pub fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }

    /// Derives the EMV common session key for one value of the application transaction counter.
    #[must_use]
    pub fn common_session_key(&self, atc: u16) -> SessionKey {
        let [high, low] = atc.to_be_bytes();
        SessionKey(pair(&self.0, [high, low, 0xF0, 0, 0, 0, 0, 0], [high, low, 0x0F, 0, 0, 0, 0, 0]))
    }
}

impl SessionKey {
    /// The key's sixteen bytes, parity adjusted.
    #[must_use]
    pub fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }
}

/// A double-length key made of two enciphered blocks, each byte brought to odd parity.
fn pair(key: &Secret<16>, left: Block, right: Block) -> Secret<16> {
    Secret::from_fn(|own| {
        own[..8].copy_from_slice(&encipher(key, left));
        own[8..].copy_from_slice(&encipher(key, right));
        for byte in own {
            *byte ^= u8::from(byte.count_ones() % 2 == 0);
        }
    })
}

/// Option A: the rightmost 16 digits, with zeros to the left where there are fewer.
fn rightmost_block(digits: &[u8]) -> Block {
    let mut wide = vec![0; 16_usize.saturating_sub(digits.len())];
    wide.extend(&digits[digits.len().saturating_sub(16)..]);
    packed(&wide)
}

/// Option B: the first 16 decimal digits of a hash; where it has fewer, its letters A to F fill up as 0 to 5.
fn hashed_block(digits: &[u8]) -> Block {
    let mut even = vec![0; digits.len() % 2];
    even.extend(digits);
    let bytes: Vec<u8> = even.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect();
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let nibbles = hash.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
    let decimal = nibbles.clone().filter(|nibble| *nibble < 10);
    let letters = nibbles.filter(|nibble| *nibble >= 10).map(|nibble| nibble - 10);
    packed(&decimal.chain(letters).take(16).collect::<Vec<u8>>())
}

/// Sixteen digits as eight bytes.
fn packed(digits: &[u8]) -> Block {
    let mut block = Block::default();
    for (byte, two) in block.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = two[0] << 4 | two[1];
    }
    block
}
