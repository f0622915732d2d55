//! A host's home folder: what lies in it, who may use it, and what can be asked of it from outside.
//!
//! `certificates/` is the host's authority, `book.sqlite3` its book, `lock` is held while a host runs (the
//! operating system lets go of it when the process ends, however it ends). Enrolling a terminal and lining up
//! misbehaviour go through the book, so they reach a running host at its next request.
//!
//! It never removes anything from a home. Evidence: `sandbox/tests/host_tls.rs`, `sandbox/tests/host_acquirer.rs`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::rand::SystemRandom;
use taptill::account::PINS as PINS_KIND;
use taptill::acquirer::Word;
use taptill::clock::WallMs;
use taptill::ids::TerminalId;
use taptill::iso8583::Op;
use taptill::merkle::base64;

use super::acquirer::SystemEntropy;
use super::batches::BatchEntry;
use super::book::{Book, BookEntry};
use super::certificates::Certificates;
use super::error::HostError;
use super::script::{Kind, Step};
use super::terminals::{Held, ToldEntry};

/// Every attempt that the host has seen, oldest first; the host may be running.
///
/// # Errors
/// `HomeUnknown`, `BookUnusable`.
pub fn book(home: &Path) -> Result<Vec<BookEntry>, HostError> {
    Home::existing(home)?.open_book()?.entries()
}

/// Every batch that was asked to be settled, oldest first; the host may be running.
///
/// # Errors
/// `HomeUnknown`, `BookUnusable`.
pub fn batches(home: &Path) -> Result<Vec<BatchEntry>, HostError> {
    Home::existing(home)?.open_book()?.batches()
}

/// Everything that terminals told the host besides payments, oldest first; the host may be running.
///
/// # Errors
/// `HomeUnknown`, `BookUnusable`.
pub fn told(home: &Path) -> Result<Vec<ToldEntry>, HostError> {
    Home::existing(home)?.open_book()?.told()
}

/// Holds a terminal frozen, or lets it go, whether or not the host runs: the terminal hears of it in the next answer.
/// Gives who holds it now.
///
/// # Errors
/// `HomeUnknown`, `TerminalUnknown`, `BookUnusable`.
pub fn hold(home: &Path, terminal: &TerminalId, is_held: bool) -> Result<Option<Held>, HostError> {
    Home::existing(home)?.open_book()?.change(|page| page.hold_from_outside(terminal, is_held))
}

/// The line of the host's signature over a text of a terminal that can no longer tell it by itself. The text is a note's.
///
/// # Errors
/// `TextUnusable` for what is no note's text, `HomeUnknown`, `TerminalUnknown`, `BookUnusable`, `EntropyFailed`.
pub fn countersign(home: &Path, terminal: &TerminalId, text: &[u8]) -> Result<String, HostError> {
    let entropy = SystemEntropy(SystemRandom::new());
    Home::existing(home)?.open_book()?.change(|page| {
        page.held(terminal)?;
        page.signature_over(text, &entropy)?.ok_or(HostError::TextUnusable)
    })
}

/// Puts the host's backup key in the place of its key, with a new certificate and a new backup. A host that runs goes on
/// with the key that it started with.
///
/// # Errors
/// `HomeUnknown`, `HomeUnusable`, `CertificatesUnusable`, `EntropyFailed`.
pub fn rotate_key(home: &Path) -> Result<(), HostError> {
    Home::existing(home)?.certificates()?.rotate()
}

/// The host's signed word by which this terminal knows the host's keys from now on; with the next download of parameters,
/// too, where `send` says so.
///
/// # Errors
/// `HomeUnknown`, `TerminalUnknown`, `CertificatesUnusable`, `BookUnusable`, `EntropyFailed`.
pub fn pins(home: &Path, terminal: &TerminalId, send: bool) -> Result<String, HostError> {
    let existing = Home::existing(home)?;
    let [current, backup] = existing.certificates()?.trust_anchor()?.pins;
    let facts = vec![("current".to_owned(), current), ("backup".to_owned(), backup)];
    let note = signed(&existing, terminal, PINS_KIND, facts)?;
    if send {
        let text = format!("word={}", base64::encode(note.as_bytes()));
        existing.open_book()?.change(|page| page.set_parameters(terminal, &text))?;
    }
    Ok(note)
}

/// A message to the people at a terminal, under the host's signature.
///
/// # Errors
/// `TextUnusable` for more than one line, `HomeUnknown`, `TerminalUnknown`, `BookUnusable`, `EntropyFailed`.
pub fn message(home: &Path, terminal: &TerminalId, text: &str) -> Result<String, HostError> {
    signed(&Home::existing(home)?, terminal, "message", vec![("text".to_owned(), text.to_owned())])
}

/// A word of this host. Its number is the time, which grows.
fn signed(home: &Home, terminal: &TerminalId, kind: &str, facts: Vec<(String, String)>) -> Result<String, HostError> {
    let entropy = SystemEntropy(SystemRandom::new());
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at = i64::try_from(since_1970.as_millis()).map_err(|_| HostError::BookUnusable)?;
    let (kind, named) = (kind.to_owned(), Some(terminal.clone()));
    let word = Word { kind, terminal: named, number: at.unsigned_abs(), at: WallMs(at), facts };
    home.open_book()?.change(|page| {
        page.held(terminal)?;
        page.sign(&word, &entropy)
    })
}

/// Makes the running host treat its next `count` requests of the operation that usually uses the kind up so, once
/// it has played what was lined up before.
///
/// # Errors
/// `CountOutOfRange`, `HomeUnknown`, `NotRunning`, `BookUnusable`.
pub fn set_next(home: &Path, kind: Kind, count: u32) -> Result<(), HostError> {
    set_next_of(home, kind, count, None)
}

/// The same for an operation that is said.
///
/// # Errors
/// Those of [`set_next`], and `OperationUnknown` where the kind is not for it.
pub fn set_next_of(home: &Path, kind: Kind, count: u32, of: Option<Op>) -> Result<(), HostError> {
    let step = Step::new(kind, count, of)?;
    let home = Home::existing(home)?;
    if !home.is_running()? {
        return Err(HostError::NotRunning);
    }
    home.open_book()?.change(|page| page.line_up(step))
}

/// A home folder that is there.
#[derive(Clone)]
pub(super) struct Home {
    folder: PathBuf,
}

/// Held for as long as a host serves its home.
pub(super) struct HomeLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Home {
    /// The home, made if it is not there yet.
    pub(super) fn prepare(folder: &Path) -> Result<Self, HostError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|_| HostError::HomeUnusable)?;
        let home = Self { folder: folder.to_owned() };
        home.certificates()?;
        // SQLite gives its other files the rights of this one.
        private(File::options().create(true).append(true))
            .open(home.book_file())
            .map_err(|_| HostError::HomeUnusable)?;
        home.open_book()?;
        Ok(home)
    }

    /// The home of a host that has been started, or has enrolled a terminal, before.
    pub(super) fn existing(folder: &Path) -> Result<Self, HostError> {
        let home = Self { folder: folder.to_owned() };
        if home.book_file().is_file() { Ok(home) } else { Err(HostError::HomeUnknown) }
    }

    /// The host's authority, made at the first call.
    pub(super) fn certificates(&self) -> Result<Certificates, HostError> {
        let folder = self.folder.join("certificates");
        let draft = self.folder.join(format!("certificates.{}", std::process::id()));
        Certificates::prepare(folder, &draft)
    }

    /// Opens the book; each caller has its own connection.
    pub(super) fn open_book(&self) -> Result<Book, HostError> {
        Book::open(&self.book_file())
    }

    /// Takes the home for one host. Somebody who only looks whether a host runs holds the lock for an instant,
    /// hence the second and third try.
    pub(super) fn lock(&self) -> Result<HomeLock, HostError> {
        let file = self.lock_file()?;
        for wait_ms in [5, 20, 0] {
            match file.try_lock() {
                Ok(()) => return Ok(HomeLock(file)),
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(wait_ms)),
                Err(TryLockError::Error(_)) => return Err(HostError::HomeUnusable),
            }
        }
        Err(HostError::HomeInUse)
    }

    fn is_running(&self) -> Result<bool, HostError> {
        match self.lock_file()?.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(_)) => Err(HostError::HomeUnusable),
        }
    }

    fn lock_file(&self) -> Result<File, HostError> {
        let options = || File::options().create(true).truncate(false).write(true).open(self.folder.join("lock"));
        options().map_err(|_| HostError::HomeUnusable)
    }

    fn book_file(&self) -> PathBuf {
        self.folder.join("book.sqlite3")
    }
}

/// For the owner alone, where the system knows owners.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
