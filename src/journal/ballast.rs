//! The ballast: a file that takes up room, to be given up when the disk is full.
//!
//! A full disk must not keep the till from recording what it owes. While the ballast is not whole, only what
//! may use its room is recorded; it is made whole again before anything else is.
//!
//! It never holds data, only random bytes, which no file system can store in less. Evidence:
//! `tests/journal_crash.rs` (a debt is recorded on a full disk, a sale is not).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use super::error::JournalError;
use crate::ports::Entropy;

/// Bytes of the ballast: some ten debts with all that they write.
const BALLAST_BYTES: usize = 512 * 1024;

pub(super) struct Ballast {
    path: PathBuf,
    is_whole: bool,
}

impl Ballast {
    pub(super) fn at(path: PathBuf) -> Self {
        let is_whole = fs::metadata(&path).is_ok_and(|facts| facts.len() == BALLAST_BYTES as u64);
        Self { path, is_whole }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Makes it whole, where it is not.
    ///
    /// # Errors
    /// [`JournalError::Entropy`], and [`JournalError::DiskFull`] whatever else kept it from being written.
    pub(super) fn make_whole(&mut self, entropy: &dyn Entropy) -> Result<(), JournalError> {
        if !self.is_whole {
            let mut bytes = vec![0; BALLAST_BYTES];
            entropy.fill(&mut bytes)?;
            self.write(&bytes).map_err(|_| JournalError::DiskFull)?;
            self.is_whole = true;
        }
        Ok(())
    }

    /// Gives its room back. `false` when there was none to give.
    pub(super) fn give_up(&mut self) -> bool {
        let was_whole = std::mem::replace(&mut self.is_whole, false);
        was_whole && fs::remove_file(&self.path).is_ok()
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let written = File::create(&self.path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        if written.is_err() {
            // What there is of it would take the room that a debt needs.
            let _ = fs::remove_file(&self.path);
        }
        written
    }
}
