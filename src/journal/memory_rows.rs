//! The rows of one fold, in memory, with the words that each is indexed by: what the tests of folds run over.
//! Never in a till. Evidence: the tests of each fold.

use std::collections::BTreeMap;

use crate::journal::{JournalError, Rows};

/// Key to value and index words, `name=value`.
#[derive(Default)]
pub(crate) struct MemoryRows(BTreeMap<String, (Vec<u8>, Vec<String>)>);

impl MemoryRows {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// By which words a row is found.
    pub(crate) fn index(&self, key: &str) -> &[String] {
        &self.0[key].1
    }
}

impl Rows for MemoryRows {
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.0.get(key).map(|(value, _)| value.clone()))
    }

    fn put(&mut self, key: &str, value: &[u8], index: &[(&str, &str)]) -> Result<(), JournalError> {
        let index = index.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.0.insert(key.to_owned(), (value.to_vec(), index));
        Ok(())
    }

    fn delete(&mut self, key: &str) -> Result<(), JournalError> {
        self.0.remove(key);
        Ok(())
    }
}
