//! A disk in memory under SQLite, and what a power cut may leave on it.
//!
//! While a [`Disk`] stands for a folder, every database that this process opens there lives on it: reads, writes,
//! truncations, syncs, deletions and syncs of the folder go through a VFS that is SQLite's default, so that a program
//! under test is opened as it is in the shop. The disk keeps a log of them. A [`Replay`] walks the log, and at each
//! step a [`Loss`] decides what of the unsynced work is on the disk when the power comes back.
//!
//! The model: work on a file is durable once that file is synced, a name once its folder is. Before that each
//! write, truncation, creation and deletion may be there or not, whatever came after it, and a write may be there in
//! some of its 512-byte sectors. A folder is synced when SQLite's own Unix VFS would sync it. The index that readers
//! of a write-ahead log share does not outlive the power.
//!
//! It never loses what was synced: a drive that lies is not modelled. One connection a disk.
//! Evidence: `mod tests` of each file; `tests/journal_power_cuts.rs`, whose control loses records.

mod log;
mod vfs;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use log::{Dice, Files, Log, Loss, Replay, SECTOR_BYTES, Step};

/// A disk in the place of a folder, until it is dropped.
pub struct Disk {
    shared: Arc<Shared>,
}

impl Disk {
    /// Puts an empty disk in the place of this folder, which must be there. For whoever asks the file system whether
    /// a file exists, an empty one of the same name stands in the folder as long as the disk has it.
    ///
    /// # Panics
    /// Where the folder is not there, or has a disk already.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        let folder = folder.canonicalize().expect("the folder is there");
        let shared = Arc::new(Shared { folder, content: Mutex::default() });
        vfs::mount(shared.clone());
        Self { shared }
    }

    /// Lays these files on the disk, in the place of all that was there. Nothing may be open.
    pub fn lay(&self, files: &Files) {
        self.content().lay(&self.shared.folder, files);
    }

    /// Begins a log: all that is there now counts as synced.
    pub fn record(&self) {
        let mut content = self.content();
        let (base, numbers) = (content.files(), content.names.clone());
        content.log = Some(Log { base, numbers, steps: Vec::new() });
    }

    /// Adds a mark to the log and gives its place, counted in steps from the log's beginning: a power cut at
    /// that many steps or fewer comes before whatever the mark stands for.
    pub fn mark(&self) -> usize {
        let mut content = self.content();
        content.note(Step::Mark);
        content.log.as_ref().map_or(0, |log| log.steps.len() - 1)
    }

    /// Ends the log and gives it; an empty one where none was begun.
    #[must_use]
    pub fn take_log(&self) -> Log {
        self.content().log.take().unwrap_or_default()
    }

    /// What is on the disk as a reader sees it, synced or not.
    #[must_use]
    pub fn files(&self) -> Files {
        self.content().files()
    }

    /// Makes the open connection sync its write-ahead log only at checkpoints (`synchronous=NORMAL`), behind the
    /// back of the program that opened it: the control of every test with this disk.
    ///
    /// # Panics
    /// Where no connection is open, or SQLite refuses.
    pub fn sync_less(&self) {
        let connection = self.content().connection.expect("a connection is open");
        vfs::sync_less(connection);
    }

    /// How many bytes the folder holds: the disk's files, and what else lies there, which takes of the same room.
    #[must_use]
    pub fn held(&self) -> usize {
        self.content().held(&self.shared.folder)
    }

    /// From now on the folder holds at most so many bytes; whatever needs more is told that the disk is full.
    pub fn limit(&self, bytes: Option<usize>) {
        self.content().limit = bytes;
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.shared.content()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        vfs::unmount(&self.shared.folder);
    }
}

/// What the VFS and the disk's owner share.
struct Shared {
    folder: std::path::PathBuf,
    content: Mutex<Content>,
}

impl Shared {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files by number, and the names that lead to them.
#[derive(Default)]
struct Content {
    names: std::collections::BTreeMap<String, usize>,
    files: Vec<Vec<u8>>,
    /// The index that a write-ahead log's readers share. Its regions are handed out as pointers: they are not moved
    /// or freed while a connection is open.
    regions: Vec<Box<[u8]>>,
    connection: Option<vfs::Connection>,
    log: Option<Log>,
    /// How many bytes the folder may hold.
    limit: Option<usize>,
}

impl Content {
    fn files(&self) -> Files {
        self.names.iter().map(|(name, file)| (name.clone(), self.files[*file].clone())).collect()
    }

    fn lay(&mut self, folder: &Path, files: &Files) {
        assert!(self.connection.is_none(), "a connection is open");
        for name in self.names.keys().filter(|name| !files.contains_key(*name)) {
            stand_in(folder, name, false);
        }
        for name in files.keys().filter(|name| !self.names.contains_key(*name)) {
            stand_in(folder, name, true);
        }
        self.names = files.keys().cloned().zip(0..).collect();
        self.files = files.values().cloned().collect();
        self.log = None;
        self.regions.clear();
    }

    fn note(&mut self, step: Step) {
        if let Some(log) = &mut self.log {
            log.steps.push(step);
        }
    }

    fn create(&mut self, folder: &Path, name: &str) -> usize {
        let file = self.files.len();
        self.files.push(Vec::new());
        self.names.insert(name.to_owned(), file);
        stand_in(folder, name, true);
        self.note(Step::Create { name: name.to_owned(), file });
        file
    }

    fn delete(&mut self, folder: &Path, name: &str) -> bool {
        let was_there = self.names.remove(name).is_some();
        if was_there {
            stand_in(folder, name, false);
            self.note(Step::Delete { name: name.to_owned() });
        }
        was_there
    }

    fn held(&self, folder: &Path) -> usize {
        let others = std::fs::read_dir(folder).into_iter().flatten().filter_map(|other| other.ok()?.metadata().ok());
        let others: u64 = others.map(|facts| facts.len()).sum();
        self.names.values().map(|file| self.files[*file].len()).sum::<usize>() + others as usize
    }

    /// Whether there is room for this write.
    fn has_room(&self, folder: &Path, file: usize, offset: usize, length: usize) -> bool {
        let growth = (offset + length).saturating_sub(self.files[file].len());
        growth == 0 || self.limit.is_none_or(|limit| self.held(folder) + growth <= limit)
    }

    fn write(&mut self, file: usize, offset: usize, bytes: &[u8]) {
        log::write(&mut self.files[file], offset, bytes);
        if self.log.is_some() {
            self.note(Step::Write { file, offset, bytes: bytes.into() });
        }
    }

    fn truncate(&mut self, file: usize, size: usize) {
        self.files[file].resize(size, 0);
        self.note(Step::Truncate { file, size });
    }
}

/// Lets an empty file of this name be there in the real folder, or not.
fn stand_in(folder: &Path, name: &str, is_there: bool) {
    let path = folder.join(name);
    // The folder may be gone already, when a test's folder is dropped before its disk.
    let _ = if is_there { std::fs::write(path, b"") } else { std::fs::remove_file(path) };
}
