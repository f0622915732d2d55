//! Searching everything that a test run left behind.
//!
//! Nobody knows the keys of a run beforehand, so they are collected where they may be: the host's book, its
//! certificates' folder, the folders of device keys. Then every other file is searched for them, and every file,
//! those included, for the numbers of the simulated cards. Private keys in their usual form (RFC 5958, P-256)
//! are looked for by how they begin.
//!
//! It never tells a needle, only its kind. Evidence: `sandbox/tests/scan_report.rs`, which plants one of each.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use rusqlite::Connection;
use taptill::card::Pan;

use super::{Hit, Needles};
use crate::card;

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many files were searched.
    pub files: usize,
    /// How many different secrets of this run were looked for, card numbers left out.
    pub secrets: usize,
    /// What was found, by file and place.
    pub hits: Vec<Hit>,
}

/// Searches all files below a folder.
///
/// # Errors
/// What the file system says; a file that cannot be read is not passed over.
pub fn report(folder: &Path) -> io::Result<Report> {
    let mut files = Vec::new();
    list_files(folder, &mut files)?;
    let mut secrets = BTreeSet::new();
    for file in &files {
        collect_secrets(file, &mut secrets)?;
    }
    let cards = card_needles(Needles::new());
    let all = secrets.iter().fold(card_needles(Needles::new()), |needles, (kind, secret)| needles.bytes(kind, secret));
    let all = all.bytes("a private key", &PRIVATE_KEY_BEGINS).bytes("a private key", b"PRIVATE KEY-----");
    let in_one = |file: &PathBuf| -> io::Result<Vec<Hit>> {
        let needles = if may_hold_keys(file) { &cards } else { &all };
        let found = needles.find_in(&fs::read(file)?).into_iter();
        Ok(found.map(|hit| Hit { file: Some(file.clone()), ..hit }).collect())
    };
    let in_some = |some: &[PathBuf]| some.iter().map(in_one).collect::<io::Result<Vec<_>>>();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let found = thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(threads).max(1));
        let searches: Vec<_> = parts.map(|some| scope.spawn(move || in_some(some))).collect();
        searches
            .into_iter()
            .map(|search| search.join().expect("a search does not panic"))
            .collect::<io::Result<Vec<_>>>()
    })?;
    let hits = found.into_iter().flatten().flatten().collect();
    Ok(Report { files: files.len(), secrets: secrets.len(), hits })
}

/// DER of a `OneAsymmetricKey` for id-ecPublicKey on prime256v1, up to the private key's octets.
const PRIVATE_KEY_BEGINS: [u8; 33] = [
    0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
];

/// How the desktop's device keys begin.
const DEVICE_KEY_HEADING: &[u8] = b"taptill development key 1\n";

/// The host's book, by its file's name.
const BOOK: &str = "book.sqlite3";

fn card_needles(needles: Needles) -> Needles {
    card::numbers().iter().fold(needles, |needles: Needles, number: &Pan| needles.card_number("a card number", number))
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() { list_files(&entry, files)? } else { files.push(entry) }
    }
    Ok(())
}

/// The places that exist to hold keys: a host's book and certificates, the device's own key files, and what an
/// acquirer hands over.
fn may_hold_keys(file: &Path) -> bool {
    is_book(file) || is_named(file, ".key.pem") || is_named(file, ".key") || is_handed_over(file)
}

/// A provisioning beside the folder of the host that made it, as a stand lays it down; in a till's own folder it may not be.
fn is_handed_over(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "provisioning.json") && file.with_file_name("host").join(BOOK).exists()
}

fn is_book(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(BOOK))
}

fn is_named(file: &Path, end: &str) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().ends_with(end))
}

fn collect_secrets(file: &Path, secrets: &mut BTreeSet<(&'static str, Vec<u8>)>) -> io::Result<()> {
    if is_named(file, ".key") {
        secrets.extend(device_key(&fs::read(file)?).map(|key| ("a device key", key)));
    } else if is_named(file, BOOK) {
        secrets.extend(keys_in_book(file)?);
    }
    Ok(())
}

/// What lies between a device key file's heading with the kind's byte, and the digest at its end.
fn device_key(file: &[u8]) -> Option<Vec<u8>> {
    const DIGEST_LENGTH: usize = 32;
    let (_kind, rest) = file.strip_prefix(DEVICE_KEY_HEADING)?.split_first()?;
    rest.len().checked_sub(DIGEST_LENGTH).map(|length| rest[..length].to_vec()).filter(|key| !key.is_empty())
}

/// Reads a copy: a book whose host was killed has a write-ahead log, and opening it would change what is searched.
fn keys_in_book(file: &Path) -> io::Result<Vec<(&'static str, Vec<u8>)>> {
    let copies = tempfile::tempdir()?;
    let copy = copies.path().join(BOOK);
    fs::copy(file, &copy)?;
    let log = file.with_file_name(format!("{BOOK}-wal"));
    if log.exists() {
        fs::copy(log, copies.path().join(format!("{BOOK}-wal")))?;
    }
    // A book that a test damaged has no keys to tell; its bytes are searched all the same.
    Ok(read_keys(&copy).unwrap_or_default())
}

fn read_keys(book: &Path) -> rusqlite::Result<Vec<(&'static str, Vec<u8>)>> {
    let book = Connection::open(book)?;
    let mut statement = book.prepare("SELECT tmk, mak FROM terminals")?;
    let keys = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
    let mut found = Vec::new();
    for row in statement.query_map([], keys)? {
        let (master, working) = row?;
        found.push(("a terminal master key", master));
        found.extend(working.map(|key| ("a working key", key)));
    }
    Ok(found)
}
