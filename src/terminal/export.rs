//! A folder as the place where a till hands out its records.
//!
//! The folder must not hold anything yet, so that nothing is mixed with what was there; but the one file with which an
//! earlier try began, as it would be written now, is none of anybody else's. A file is whole once `finish` has returned:
//! each is synced, and the folder after them.
//!
//! It never overwrites anything. Evidence: `tests/leaving.rs`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::ports::{ExportFault, ExportSink};

/// A folder that takes an export.
pub struct FolderSink {
    folder: PathBuf,
    files: BTreeMap<String, File>,
}

impl FolderSink {
    /// A folder that is not there yet, or is empty; it is made with the first file.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), files: BTreeMap::new() }
    }

    /// The file, and whether what it begins with is there already.
    fn begin(&self, name: &str, bytes: &[u8]) -> Result<(File, bool), ExportFault> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_plain) || name.starts_with('.') {
            return Err(ExportFault::Failed);
        }
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        options.append(true);
        if self.files.is_empty() {
            fs::create_dir_all(&self.folder).map_err(fault)?;
            let entries = fs::read_dir(&self.folder).map_err(fault)?.take(2);
            let entries = entries.collect::<io::Result<Vec<_>>>().map_err(fault)?;
            match entries.as_slice() {
                [] => {}
                [only] if only.path() == path && begins_so(&path, bytes) => {
                    return Ok((options.open(path).map_err(fault)?, true));
                }
                _ => return Err(ExportFault::NotEmpty),
            }
        }
        Ok((options.create_new(true).open(path).map_err(fault)?, false))
    }
}

impl ExportSink for FolderSink {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportFault> {
        if !self.files.contains_key(name) {
            let (file, is_written) = self.begin(name, bytes)?;
            self.files.insert(name.to_owned(), file);
            if is_written {
                return Ok(());
            }
        }
        let file = self.files.get_mut(name).ok_or(ExportFault::Failed)?;
        file.write_all(bytes).map_err(fault)
    }

    fn finish(&mut self) -> Result<(), ExportFault> {
        self.files.values().try_for_each(File::sync_all).map_err(fault)?;
        if cfg!(unix) { File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(fault) } else { Ok(()) }
    }
}

/// Whether a regular file has these bytes and no others.
fn begins_so(path: &Path, bytes: &[u8]) -> bool {
    let is_as_long = fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.len() == bytes.len() as u64);
    is_as_long && fs::read(path).is_ok_and(|found| found == bytes)
}

fn fault(error: io::Error) -> ExportFault {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ExportFault::Full,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => ExportFault::ReadOnly,
        ErrorKind::AlreadyExists => ExportFault::NotEmpty,
        _ => ExportFault::Failed,
    }
}
