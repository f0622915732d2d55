//! The application transaction counter: it only ever goes up, and a card keeps it as long as it lives.
//!
//! In memory it lives as long as the card value; in a file it outlives the process, and two processes that
//! tap the same card count together. Evidence: `mod tests`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Where a card keeps its counter.
pub(super) enum Counter {
    /// In the card value.
    Memory(u16),
    /// In a file of decimal digits, absent until the first transaction.
    File(PathBuf),
}

impl Counter {
    /// Counts one transaction and says its number, or `None` when the counter is at its end: such a card
    /// never pays again (EMV Book 3, annex A, tag 9F36 has two bytes).
    ///
    /// # Errors
    /// What the file system says. A file with something other than a number is
    /// [`io::ErrorKind::InvalidData`], never zero.
    pub(super) fn next(&mut self) -> io::Result<Option<u16>> {
        match self {
            Self::Memory(last) => {
                let next = last.checked_add(1);
                *last = next.unwrap_or(*last);
                Ok(next)
            }
            Self::File(path) => next_in_file(path),
        }
    }
}

fn next_in_file(path: &Path) -> io::Result<Option<u16>> {
    // Not truncated on opening: another process may be counting until the lock is ours.
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    file.lock()?;
    let Some(next) = read_number(&mut file)?.checked_add(1) else { return Ok(None) };
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(next.to_string().as_bytes())?;
    file.sync_data()?;
    Ok(Some(next))
}

fn read_number(file: &mut File) -> io::Result<u16> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    if text.is_empty() {
        return Ok(0);
    }
    text.trim_end().parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a transaction counter"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_in_a_file_outlives_the_card() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("atc");
        for expected in 1..=3 {
            assert_eq!(Counter::File(path.clone()).next().unwrap(), Some(expected));
        }
        std::fs::write(&path, "65535").unwrap();
        assert_eq!(Counter::File(path.clone()).next().unwrap(), None);
        std::fs::write(&path, "many").unwrap();
        assert_eq!(Counter::File(path).next().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_counter_at_its_end_stays_there() {
        let mut counter = Counter::Memory(65_534);
        assert_eq!(
            [counter.next().unwrap(), counter.next().unwrap(), counter.next().unwrap()],
            [Some(65_535), None, None]
        );
    }
}
