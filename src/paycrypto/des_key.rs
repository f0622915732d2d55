//! Single- and double-length DES keys as block ciphers (FIPS 46-3; two-key EDE, NIST SP 800-67).
//!
//! It holds key schedules only, which are wiped on drop, and checks no parity: hosts differ in setting it.
//! Evidence: the check values in `keys` and the MACs in `tests/wire_crypto.rs`.

use des::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::{Des, TdesEde2};

/// Bytes of a DES block.
pub(super) const BLOCK: usize = 8;

/// A DES key of one of the two lengths that hosts use.
pub(super) enum DesKey {
    Single(Box<Des>),
    Double(Box<TdesEde2>),
}

impl DesKey {
    /// A key of 8 or 16 bytes; `None` for any other length.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            8 => Des::new_from_slice(bytes).ok().map(|key| Self::Single(Box::new(key))),
            16 => TdesEde2::new_from_slice(bytes).ok().map(|key| Self::Double(Box::new(key))),
            _ => None,
        }
    }

    /// Enciphers one block in place.
    pub(super) fn encrypt(&self, block: &mut [u8; BLOCK]) {
        let mut array = Array::from(*block);
        match self {
            Self::Single(key) => key.encrypt_block(&mut array),
            Self::Double(key) => key.encrypt_block(&mut array),
        }
        *block = array.into();
    }

    /// Deciphers one block in place.
    pub(super) fn decrypt(&self, block: &mut [u8; BLOCK]) {
        let mut array = Array::from(*block);
        match self {
            Self::Single(key) => key.decrypt_block(&mut array),
            Self::Double(key) => key.decrypt_block(&mut array),
        }
        *block = array.into();
    }

    /// The first four bytes of eight zero bytes enciphered.
    pub(super) fn check_value(&self) -> [u8; 4] {
        let mut block = [0; BLOCK];
        self.encrypt(&mut block);
        let [first, second, third, fourth, ..] = block;
        [first, second, third, fourth]
    }
}
