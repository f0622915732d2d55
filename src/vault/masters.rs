//! The master keys of a till: one that seals, and older ones while the journal is still being re-sealed.
//!
//! As they lie in a slot's box: a count, then each generation (4 bytes, big end first) with its key, newest first.
//!
//! It never prints a key, and every copy is wiped on drop. Evidence: `mod tests` below, `tests/vault_rotation.rs`.

use zeroize::Zeroizing;

use super::error::VaultError;
use crate::journal::Keyring;
use crate::ports::Entropy;
use crate::secret::Secret;

/// How many generations a till can hold at once.
const GENERATIONS_MAX: usize = 8;
const ENTRY_BYTES: usize = 36;

/// A till's master keys.
pub struct MasterKeys {
    generation: u32,
    current: Secret<32>,
    older: Vec<(u32, Secret<32>)>,
}

impl MasterKeys {
    /// The first master key of a till.
    pub(super) fn first(entropy: &dyn Entropy) -> Result<Self, VaultError> {
        Ok(Self { generation: 1, current: random_key(entropy)?, older: Vec::new() })
    }

    pub(super) fn of_one(generation: u32, current: Secret<32>) -> Self {
        Self { generation, current, older: Vec::new() }
    }

    /// A new current key; what was current is older.
    pub(super) fn next(&self, entropy: &dyn Entropy) -> Result<Self, VaultError> {
        if self.older.len() + 2 > GENERATIONS_MAX {
            return Err(VaultError::TooManyGenerations);
        }
        let Self { generation, current, older } = self.copy();
        let mut all = vec![(generation, current)];
        all.extend(older);
        Ok(Self { generation: generation + 1, current: random_key(entropy)?, older: all })
    }

    /// The current key alone.
    pub(super) fn without_older(&self) -> Self {
        Self::of_one(self.generation, copy(&self.current))
    }

    /// The generation of the key that seals.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The generations under which something may still be sealed.
    pub fn older(&self) -> impl Iterator<Item = u32> + '_ {
        self.older.iter().map(|(generation, _)| *generation)
    }

    /// What a journal is unlocked, or rotated, with.
    #[must_use]
    pub fn keyring(&self) -> Keyring {
        let keyring = Keyring::new(self.generation, copy(&self.current));
        self.older.iter().fold(keyring, |keyring, (generation, key)| keyring.with_older(*generation, copy(key)))
    }

    /// Another copy, wiped on its own drop.
    #[must_use]
    pub fn copy(&self) -> Self {
        let older = self.older.iter().map(|(generation, key)| (*generation, copy(key))).collect();
        Self { generation: self.generation, current: copy(&self.current), older }
    }

    pub(super) fn current(&self) -> &Secret<32> {
        &self.current
    }

    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + ENTRY_BYTES * (1 + self.older.len())));
        bytes.push(u8::try_from(1 + self.older.len()).expect("there are at most 8 generations"));
        let current = [(self.generation, &self.current)];
        for (generation, key) in current.into_iter().chain(self.older.iter().map(|(older, key)| (*older, key))) {
            bytes.extend_from_slice(&generation.to_be_bytes());
            bytes.extend_from_slice(key.expose());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&count, entries) = bytes.split_first()?;
        let (entries, []) = entries.as_chunks::<ENTRY_BYTES>() else { return None };
        if entries.len() != usize::from(count) || entries.len() > GENERATIONS_MAX {
            return None;
        }
        let read = |entry: &[u8; ENTRY_BYTES]| {
            let (generation, key) = entry.split_first_chunk::<4>()?;
            Some((u32::from_be_bytes(*generation), Secret::from_slice(key).ok()?))
        };
        let mut keys = entries.iter().map(read).collect::<Option<Vec<_>>>()?.into_iter();
        let (generation, current) = keys.next()?;
        Some(Self { generation, current, older: keys.collect() })
    }
}

/// A fresh random key.
pub(super) fn random_key(entropy: &dyn Entropy) -> Result<Secret<32>, VaultError> {
    let mut filled = Ok(());
    let key = Secret::from_fn(|bytes| filled = entropy.fill(bytes));
    filled?;
    Ok(key)
}

fn copy(key: &Secret<32>) -> Secret<32> {
    Secret::from_fn(|bytes| bytes.copy_from_slice(key.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::EntropyFault;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
            buffer.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            Ok(())
        }
    }

    #[test]
    fn generations_are_kept_newest_first_and_are_never_too_many() {
        let entropy = Counting(1.into());
        let mut keys = MasterKeys::first(&entropy).unwrap();
        for generation in 2..=8 {
            keys = keys.next(&entropy).unwrap();
            let read = MasterKeys::from_bytes(&keys.to_bytes()).unwrap();
            assert_eq!(read.generation(), generation);
            assert_eq!(read.older().collect::<Vec<_>>(), (1..generation).rev().collect::<Vec<_>>());
            assert_eq!(read.current().expose(), &[generation as u8; 32]);
        }
        assert_eq!(keys.next(&entropy).err(), Some(VaultError::TooManyGenerations));
        let alone = keys.without_older();
        assert_eq!((alone.generation(), alone.older().count()), (8, 0));
    }

    #[test]
    fn bytes_that_are_no_keys_are_none() {
        let bytes = MasterKeys::first(&Counting(1.into())).unwrap().to_bytes();
        let mut two = bytes.to_vec();
        two[0] = 2;
        let many = [&[9][..], &[0; 9 * ENTRY_BYTES]].concat();
        for refused in [&[][..], &[0], &bytes[..36], &[&bytes[..], &[0]].concat(), &two, &many] {
            assert!(MasterKeys::from_bytes(refused).is_none());
        }
    }
}
