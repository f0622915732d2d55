//! The passwords that an operator has had, as digests: enough to refuse them again, not to read them.
//!
//! Each entry is HMAC-SHA-256 of the password under the operator's own random key, over a salt of its own. Key and
//! entries are one side row, sealed with the journal; whoever cannot open the journal cannot try words on them,
//! and whoever can gains a fast guess at former passwords alone: the present one opens by Argon2id.
//!
//! It never holds a password. Evidence: `mod tests`.

use ring::hmac;
use zeroize::Zeroizing;

use crate::ports::{Entropy, EntropyFault};
use crate::secret::{Secret, SecretBytes, same_bytes};

/// The most passwords that are remembered.
pub const HISTORY_MAX: usize = 24;

/// Why a stored history cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryError {
    /// It is not what [`History::to_bytes`] writes.
    Malformed,
    /// It was written by a newer version.
    Newer,
}

/// One operator's former passwords and the present one, the newest first.
pub struct History {
    key: Secret<KEY>,
    entries: Vec<Entry>,
}

struct Entry {
    salt: [u8; SALT],
    digest: [u8; DIGEST],
}

impl History {
    /// Of an operator who has had none, under a key of its own.
    ///
    /// # Errors
    /// [`EntropyFault`].
    pub fn empty(entropy: &dyn Entropy) -> Result<Self, EntropyFault> {
        let mut filled = Ok(());
        let key = Secret::from_fn(|bytes: &mut [u8; KEY]| filled = entropy.fill(bytes));
        filled.map(|()| Self { key, entries: Vec::with_capacity(HISTORY_MAX) })
    }

    /// Whether this is one of the newest `last`.
    #[must_use]
    #[inline(never)]
    pub fn knows(&self, password: &[u8], last: usize) -> bool {
        // Every entry is looked at: how long it takes says nothing of which it was.
        let known = |entry: &Entry| same_bytes(&self.digest(&entry.salt, password), &entry.digest);
        self.entries.iter().take(last).fold(false, |found, entry| known(entry) | found)
    }

    /// Remembers the password that holds from now on; the oldest beyond [`HISTORY_MAX`] is forgotten.
    ///
    /// # Errors
    /// [`EntropyFault`]; then nothing has changed.
    #[inline(never)]
    pub fn remember(&mut self, password: &[u8], entropy: &dyn Entropy) -> Result<(), EntropyFault> {
        let mut salt = [0; SALT];
        entropy.fill(&mut salt)?;
        let digest = self.digest(&salt, password);
        self.entries.insert(0, Entry { salt, digest });
        self.entries.truncate(HISTORY_MAX);
        Ok(())
    }

    /// The side row's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        let mut bytes = Vec::with_capacity(1 + KEY + self.entries.len() * ENTRY);
        bytes.push(VERSION);
        bytes.extend_from_slice(self.key.expose());
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.salt);
            bytes.extend_from_slice(&entry.digest);
        }
        SecretBytes::new(bytes)
    }

    /// Reads the side row.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HistoryError> {
        let (version, rest) = bytes.split_first().ok_or(HistoryError::Malformed)?;
        if *version > VERSION {
            return Err(HistoryError::Newer);
        }
        let (key, rest) = rest.split_at_checked(KEY).ok_or(HistoryError::Malformed)?;
        let (entries, left_over) = rest.as_chunks::<ENTRY>();
        if *version == 0 || !left_over.is_empty() || entries.len() > HISTORY_MAX {
            return Err(HistoryError::Malformed);
        }
        let key = Secret::from_slice(key).map_err(|_| HistoryError::Malformed)?;
        Ok(Self { key, entries: entries.iter().map(Entry::read).collect() })
    }

    fn digest(&self, salt: &[u8; SALT], password: &[u8]) -> [u8; DIGEST] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.key.expose());
        let mut message = Zeroizing::new(Vec::with_capacity(SALT + password.len()));
        message.extend_from_slice(salt);
        message.extend_from_slice(password);
        let tag = hmac::sign(&key, &message);
        tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
    }
}

impl Entry {
    fn read(bytes: &[u8; ENTRY]) -> Self {
        let (salt, digest) = bytes.split_at(SALT);
        Self { salt: salt.try_into().expect("cut to length"), digest: digest.try_into().expect("cut to length") }
    }
}

const VERSION: u8 = 1;
const KEY: usize = 32;
const SALT: usize = 16;
const DIGEST: usize = 32;
const ENTRY: usize = SALT + DIGEST;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    /// Never the same twice, which is all that is asked of it here.
    #[derive(Default)]
    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyFault> {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
            Ok(())
        }
    }

    struct Failing;

    impl Entropy for Failing {
        fn fill(&self, _: &mut [u8]) -> Result<(), EntropyFault> {
            Err(EntropyFault)
        }
    }

    fn of(passwords: &[&str]) -> History {
        let entropy = Counting::default();
        let mut history = History::empty(&entropy).unwrap();
        for password in passwords {
            history.remember(password.as_bytes(), &entropy).unwrap();
        }
        history
    }

    #[test]
    fn the_last_ones_are_known_and_no_others() {
        let history = of(&["one", "two", "three", "four", "five"]);
        let rows = [
            ("five", 1, true),
            ("four", 1, false),
            ("two", 4, true),
            ("one", 4, false),
            ("one", 5, true),
            ("five", 0, false),
            ("Five", 4, false),
            ("five ", 4, false),
            ("", 4, false),
        ];
        for (password, last, verdict) in rows {
            assert_eq!(history.knows(password.as_bytes(), last), verdict, "{password} {last}");
        }
    }

    #[test]
    fn the_same_password_twice_has_two_digests() {
        let history = of(&["one", "one"]);
        assert_ne!(history.entries[0].digest, history.entries[1].digest);
    }

    #[test]
    fn it_is_read_as_it_was_written_and_never_grows_beyond_its_most() {
        let words: Vec<String> = (0..30).map(|n| format!("word {n}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let bytes = of(&words).to_bytes();
        let read = History::from_bytes(bytes.expose()).unwrap();
        assert_eq!(read.entries.len(), HISTORY_MAX);
        assert!(read.knows(b"word 6", HISTORY_MAX) && !read.knows(b"word 5", HISTORY_MAX));
        assert_eq!(read.to_bytes().expose(), bytes.expose());
    }

    #[test]
    fn what_was_not_written_here_is_refused() {
        let good = of(&["one"]).to_bytes().expose().to_vec();
        let cut = |at: usize| good[..at].to_vec();
        let begun = |first: u8| [&[first], &good[1..]].concat();
        let rows = [
            (vec![], HistoryError::Malformed),
            (cut(1), HistoryError::Malformed),
            (cut(KEY), HistoryError::Malformed),
            (cut(good.len() - 1), HistoryError::Malformed),
            ([good.clone(), vec![0]].concat(), HistoryError::Malformed),
            ([good[..=KEY].to_vec(), vec![0; ENTRY * (HISTORY_MAX + 1)]].concat(), HistoryError::Malformed),
            (begun(0), HistoryError::Malformed),
            (begun(2), HistoryError::Newer),
        ];
        for (bytes, verdict) in rows {
            assert_eq!(History::from_bytes(&bytes).err(), Some(verdict), "{} bytes", bytes.len());
        }
    }

    #[test]
    fn without_randomness_nothing_is_remembered() {
        assert!(History::empty(&Failing).is_err());
        let mut history = of(&["one"]);
        assert!(history.remember(b"two", &Failing).is_err());
        assert!(!history.knows(b"two", HISTORY_MAX));
    }
}
