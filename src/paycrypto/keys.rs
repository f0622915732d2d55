//! Keys by usage: the terminal master key (TMK) and the working keys PIK, MAK and TDK that come under it.
//!
//! Each type offers only what its usage needs. None gives bytes out; to keep a set of working keys across a
//! restart, keep the key block as the host sent it and open it again under the master key.
//! Evidence: `tests/wire_crypto.rs`.

use std::fmt;

use super::des_key::DesKey;
use crate::secret::SecretBytes;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsage {
    /// TMK: opens the working keys.
    Master,
    /// PIK: PIN blocks.
    Pin,
    /// MAK: message authentication codes.
    Mac,
    /// TDK: track data.
    Data,
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master key",
            Self::Pin => "PIN key",
            Self::Mac => "MAC key",
            Self::Data => "data key",
        })
    }
}

/// Why a key cannot be used. No bytes of a key are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The key is too short or too long for its usage or its algorithm.
    Length {
        /// Which key.
        usage: KeyUsage,
        /// The bytes that it has.
        bytes: usize,
    },
    /// The key does not have the check value that came with it.
    CheckValueMismatch {
        /// Which key.
        usage: KeyUsage,
    },
    /// A key block has neither 24 nor 40 nor 60 bytes.
    KeyBlockLength {
        /// The bytes that it has.
        bytes: usize,
    },
    /// No form of key block holds keys of these lengths together.
    NoSuchKeyBlock,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { usage, bytes } => write!(f, "a {usage} cannot have {bytes} bytes here"),
            Self::CheckValueMismatch { usage } => write!(f, "the {usage} does not have its check value"),
            Self::KeyBlockLength { bytes } => write!(f, "a key block has 24, 40 or 60 bytes, not {bytes}"),
            Self::NoSuchKeyBlock => f.write_str("no key block holds keys of these lengths together"),
        }
    }
}

impl std::error::Error for KeyError {}

/// The terminal master key, 8 or 16 bytes (DES, two-key TDES).
pub struct MasterKey(DesKey);

impl MasterKey {
    /// Reads 8 or 16 bytes; the caller still owns, and wipes, its own copy.
    ///
    /// # Errors
    /// [`KeyError::Length`].
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        DesKey::new(bytes).map(Self).ok_or(KeyError::Length { usage: KeyUsage::Master, bytes: bytes.len() })
    }

    /// The first four bytes of eight zero bytes enciphered.
    #[must_use]
    pub fn check_value(&self) -> [u8; 4] {
        self.0.check_value()
    }

    pub(super) fn cipher(&self) -> &DesKey {
        &self.0
    }
}

/// A key for message authentication codes: DES of 8 or 16 bytes, AES and HMAC of 16 or 32.
pub struct MacKey(SecretBytes);

impl MacKey {
    /// Reads 8, 16 or 32 bytes; the caller still owns, and wipes, its own copy. Whether the length fits an
    /// algorithm is checked where a MAC is made.
    ///
    /// # Errors
    /// [`KeyError::Length`].
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        match bytes.len() {
            8 | 16 | 32 => Ok(Self(SecretBytes::new(bytes.to_vec()))),
            bytes => Err(KeyError::Length { usage: KeyUsage::Mac, bytes }),
        }
    }

    /// The first four bytes of eight zero bytes enciphered under the key as a DES key; `None` when it is none.
    #[must_use]
    pub fn check_value(&self) -> Option<[u8; 4]> {
        DesKey::new(self.bytes()).map(|key| key.check_value())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

macro_rules! des_working_key {
    ($(#[$doc:meta])* $name:ident, $usage:ident) => {
        $(#[$doc])*
        pub struct $name(DesKey);

        impl $name {
            /// Reads 8 or 16 bytes; the caller still owns, and wipes, its own copy.
            ///
            /// # Errors
            /// [`KeyError::Length`].
            pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
                DesKey::new(bytes).map(Self).ok_or(KeyError::Length { usage: KeyUsage::$usage, bytes: bytes.len() })
            }

            /// The first four bytes of eight zero bytes enciphered.
            #[must_use]
            pub fn check_value(&self) -> [u8; 4] {
                self.0.check_value()
            }
        }
    };
}

des_working_key!(
    /// A key for PIN blocks (PIK), 8 or 16 bytes.
    PinKey, Pin
);
des_working_key!(
    /// A key for track data (TDK), 8 or 16 bytes.
    DataKey, Data
);

/// The keys of one sign-on, each proved by its check value.
pub struct WorkingKeys {
    /// For PIN blocks.
    pub pik: PinKey,
    /// For message authentication codes.
    pub mak: MacKey,
    /// For track data, where the host sends one.
    pub tdk: Option<DataKey>,
}
