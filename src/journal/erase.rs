//! The end of a journal: a note says that its files are to go, until they are gone.
//!
//! The note lies beside the database, so that it outlives it. It is written under another name, synced and renamed, so
//! it is there whole or not at all; what stands in it is its writer's, and so is the order in which what it names goes.
//! Of the files only the lock stays until the last, because whoever erases holds it.
//!
//! It never decides that anything is erased. Evidence: `tests/leaving_kills.rs`.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::JournalError;
use super::file::{beside, take_lock};
use super::locked::LockedJournal;
use super::plain::{PlainChange, PlainRows};
use crate::ports::{Fate, FaultPlan, KillPoint, Moment};

/// What lies where a journal was or is, with the till's lock.
pub struct Remains {
    path: PathBuf,
    faults: Arc<dyn FaultPlan>,
    _lock: File,
}

/// The note beside a database, as it was found, without a lock.
///
/// # Errors
/// [`JournalError::StorageFailed`] for one that is there and cannot be read.
pub fn erasure_note(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    match fs::read(beside(path, NOTE)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if NOTHING_LIES_THERE.contains(&error.kind()) => Ok(None),
        Err(_) => Err(JournalError::StorageFailed),
    }
}

/// Every certificate that was kept beside a database, in no order. What only has the name of one is none: a folder, a
/// link, and what cannot be read, is no text or is longer than 64 KiB.
///
/// # Errors
/// [`JournalError::StorageFailed`] for a folder that cannot be read; one that is not there has none.
pub fn certificates(path: &Path) -> Result<Vec<String>, JournalError> {
    let entries = match fs::read_dir(folder_of(path)) {
        Ok(entries) => entries,
        Err(error) if NOTHING_LIES_THERE.contains(&error.kind()) => return Ok(Vec::new()),
        Err(_) => return Err(JournalError::StorageFailed),
    };
    let prefix = beside(path, CERTIFICATE);
    let begins = |name: &Path| {
        let (name, prefix) = (name.file_name()?.to_str()?, prefix.file_name()?.to_str()?);
        Some(name.starts_with(prefix) && name.ends_with(".txt"))
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|_| JournalError::StorageFailed)?;
        let file = entry.path();
        if begins(&file) == Some(true) && entry.file_type().is_ok_and(|of| of.is_file()) {
            found.extend(short_text(&file));
        }
    }
    Ok(found)
}

/// A file's text; nothing for one that cannot be read, or is too long for a certificate.
fn short_text(file: &Path) -> Option<String> {
    let mut text = String::new();
    let length = File::open(file).ok()?.take(CERTIFICATE_BYTES_MAX + 1).read_to_string(&mut text).ok()?;
    (length as u64 <= CERTIFICATE_BYTES_MAX).then_some(text)
}

/// The folder that a file lies in: for a bare name the one that the process is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// There is no such file, or there can be none of that name.
const NOTHING_LIES_THERE: [ErrorKind; 4] =
    [ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::InvalidInput, ErrorKind::InvalidFilename];

impl LockedJournal {
    /// Destroys every plain row; durable on return.
    ///
    /// # Errors
    /// Those of the storage.
    pub fn forget_plain_rows(&mut self) -> Result<(), JournalError> {
        let rows = self.plains("")?;
        self.change_plain(&rows.into_iter().map(|(name, _)| PlainChange { name, value: None }).collect::<Vec<_>>())
    }

    /// Closes the database and keeps the till's lock.
    ///
    /// # Errors
    /// [`JournalError::StorageFailed`].
    pub fn into_remains(self) -> Result<Remains, JournalError> {
        let (path, lock) = self.file.place()?;
        let faults = Arc::clone(&self.file.ports.faults);
        Ok(Remains { path, faults, _lock: lock })
    }

    /// Writes the note beside the open database; durable on return.
    ///
    /// # Errors
    /// As [`Remains::write_note`].
    pub fn write_erasure_note(&self, bytes: &[u8]) -> Result<(), JournalError> {
        let (path, lock) = self.file.place()?;
        Remains { path, faults: Arc::clone(&self.file.ports.faults), _lock: lock }.write_note(bytes)
    }
}

impl Remains {
    /// Takes the till's lock, whatever is there.
    ///
    /// # Errors
    /// [`JournalError::OpenElsewhere`], [`JournalError::StorageFailed`].
    pub fn take(path: &Path, faults: Arc<dyn FaultPlan>) -> Result<Self, JournalError> {
        Ok(Self { path: path.to_owned(), faults, _lock: take_lock(path)? })
    }

    /// Writes the note; durable on return. With an error it may be there or not.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::SyncFailed`], [`JournalError::StorageFailed`].
    pub fn write_note(&self, bytes: &[u8]) -> Result<(), JournalError> {
        self.pass(Moment::Before, "erase.intent")?;
        self.write(NOTE, bytes)?;
        self.pass(Moment::After, "erase.intent")
    }

    /// Takes the note away; nothing is there then to go on with.
    ///
    /// # Errors
    /// [`JournalError::StorageFailed`].
    pub fn remove_note(&self) -> Result<(), JournalError> {
        self.pass(Moment::Before, "erase.intent_off")?;
        self.remove(NOTE)?;
        self.pass(Moment::After, "erase.intent_off")
    }

    /// Removes the files of the database, each durably, and says which were there.
    ///
    /// # Errors
    /// [`JournalError::StorageFailed`].
    pub fn remove_records(&self) -> Result<(), JournalError> {
        for ending in RECORDS {
            self.pass(Moment::Before, "erase.file")?;
            self.remove(ending)?;
            self.pass(Moment::After, "erase.file")?;
        }
        Ok(())
    }

    /// Keeps a text beside where the journal was, durable on return: what is said of the erasure of this id.
    ///
    /// # Errors
    /// As [`Remains::write_note`].
    pub fn keep_certificate(&self, id: &str, text: &str) -> Result<(), JournalError> {
        self.pass(Moment::Before, "erase.certificate")?;
        self.write(&certificate(id), text.as_bytes())?;
        self.pass(Moment::After, "erase.certificate")
    }

    /// What was kept so; nothing where nothing was.
    #[must_use]
    pub fn certificate(&self, id: &str) -> Option<String> {
        fs::read_to_string(beside(&self.path, &certificate(id))).ok()
    }

    /// The last of all: the lock's own file.
    pub fn leave(self) {
        // An empty file that stays says nothing of anybody.
        let _left_over = fs::remove_file(beside(&self.path, "lock"));
    }

    /// A point at which a test may end the run, or have the disk fail.
    ///
    /// # Errors
    /// What the fault plan says.
    pub fn pass(&self, moment: Moment, step: &'static str) -> Result<(), JournalError> {
        match self.faults.reach(KillPoint { moment, step }) {
            Fate::GoOn => Ok(()),
            Fate::Die => Err(JournalError::Stopped),
            Fate::SyncFailed => Err(JournalError::SyncFailed),
            Fate::DiskFull | Fate::Locked if moment == Moment::After => Ok(()),
            Fate::DiskFull => Err(JournalError::DiskFull),
            Fate::Locked => Err(JournalError::Locked),
        }
    }

    fn write(&self, ending: &str, bytes: &[u8]) -> Result<(), JournalError> {
        let (unfinished, whole) = (beside(&self.path, &format!("{ending}.new")), beside(&self.path, ending));
        let written = File::create(&unfinished).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let written = written.and_then(|()| fs::rename(&unfinished, &whole)).and_then(|()| self.sync_folder());
        written.map_err(|error| {
            let _what_there_is_of_it = fs::remove_file(&unfinished);
            fault(&error)
        })
    }

    fn remove(&self, ending: &str) -> Result<(), JournalError> {
        let path = if ending.is_empty() { self.path.clone() } else { with_ending(&self.path, ending) };
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(JournalError::StorageFailed),
            _ => self.sync_folder().map_err(|_| JournalError::StorageFailed),
        }
    }

    /// A name that has come or gone is durable only once its folder is synced.
    fn sync_folder(&self) -> io::Result<()> {
        if cfg!(unix) { File::open(folder_of(&self.path))?.sync_all() } else { Ok(()) }
    }
}

/// SQLite's own files add their endings without a point.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    if !ending.starts_with('-') {
        return beside(path, ending);
    }
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The ending of a certificate.
fn certificate(id: &str) -> String {
    format!("{CERTIFICATE}{id}.txt")
}

fn fault(error: &io::Error) -> JournalError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => JournalError::DiskFull,
        _ => JournalError::StorageFailed,
    }
}

/// What the ending of a certificate begins with.
const CERTIFICATE: &str = "erased-";
/// The longest certificate; they have some thousand bytes.
const CERTIFICATE_BYTES_MAX: u64 = 64 * 1024;
/// The note's ending.
const NOTE: &str = "erase";
/// The endings of what a journal keeps, the database itself first.
const RECORDS: [&str; 6] = ["", "-wal", "-shm", "-journal", "ballast", "erase.new"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_has_a_certificates_name_hides_no_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        fs::write(beside(&path, "erased-good.txt"), "good").unwrap();
        let longest = "l".repeat(64 * 1024);
        fs::write(beside(&path, "erased-longest.txt"), &longest).unwrap();
        fs::create_dir(beside(&path, "erased-folder.txt")).unwrap();
        fs::write(beside(&path, "erased-bytes.txt"), [0xff, 0xfe]).unwrap();
        fs::write(beside(&path, "erased-long.txt"), format!("{longest}l")).unwrap();
        fs::write(beside(&path, "erased-other.txt.new"), "unfinished").unwrap();
        let mut found = certificates(&path).unwrap();
        found.sort();
        assert_eq!(found, ["good".to_owned(), longest]);
    }

    #[test]
    fn a_bare_name_lies_in_the_folder_of_the_process() {
        for (path, verdict) in [("till.db", "."), ("./till.db", "."), ("home/till.db", "home"), ("/a/b", "/a")] {
            assert_eq!(folder_of(Path::new(path)), Path::new(verdict), "{path}");
        }
    }
}
