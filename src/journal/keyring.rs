//! The keyring: the master keys that open a journal, by generation.
//!
//! One is current and seals; older ones are there while rows sealed under them are left, and open only.
//!
//! It never makes, stores or prints a key. Evidence: `tests/journal_rotation.rs`.

use crate::secret::Secret;

/// The master keys of a journal. Dropping it wipes them.
pub struct Keyring {
    generation: u32,
    master: Secret<32>,
    older: Vec<(u32, Secret<32>)>,
}

impl Keyring {
    /// A keyring of one key; generations count from 1.
    #[must_use]
    pub fn new(generation: u32, master: Secret<32>) -> Self {
        Self { generation, master, older: Vec::new() }
    }

    /// With a key of an older generation, under which rows may still be sealed.
    #[must_use]
    pub fn with_older(mut self, generation: u32, master: Secret<32>) -> Self {
        self.older.push((generation, master));
        self
    }

    /// The current generation.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The key of a generation.
    pub(super) fn master_of(&self, generation: u32) -> Option<&Secret<32>> {
        let older = self.older.iter().map(|(known, master)| (*known, master));
        let mut all = std::iter::once((self.generation, &self.master)).chain(older);
        all.find(|(known, _)| *known == generation).map(|(_, master)| master)
    }

    /// The current generation with its key, and the older ones with theirs.
    pub(super) fn into_keys(self) -> (u32, Secret<32>, Vec<(u32, Secret<32>)>) {
        (self.generation, self.master, self.older)
    }
}
