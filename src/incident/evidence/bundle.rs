//! The files of a bundle, wherever they come from: a folder that somebody else read, or one archive (ZIP).
//!
//! The archive is written without compression and without anything that differs from run to run. It is read in the
//! one way in which every program reads it: two files of one name, and bytes that belong to no file, are told.
//!
//! It never touches a disk. Evidence: `incident/evidence/verify/tests.rs`.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::error::{Error, ErrorCode};
use crate::incident::evidence::manifest::MANIFEST;

/// The files of a bundle. Nothing is said of them before they are verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
    /// Names that more than one file has.
    twice: Vec<String>,
    /// Whether the archive has bytes that belong to none of its files.
    is_padded: bool,
}

/// Why something is no bundle that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotABundle {
    /// It has more files or bytes than a bundle may have.
    TooLarge,
    /// It is no archive of the kind that is written here.
    Archive,
    /// It has no manifest, or one that is not in the form that is written here.
    Manifest,
    /// It is of a version that is not known here.
    Newer {
        /// Which.
        version: u32,
    },
}

impl Bundle {
    /// The most files that a bundle may have: what an archive can count without a second kind of end.
    pub const FILES_MAX: usize = 60_000;
    /// The most bytes that they may have together.
    pub const BYTES_MAX: u64 = 512 << 20;

    /// Adds a file, by its name with `/` between folders.
    ///
    /// # Errors
    /// [`NotABundle::TooLarge`].
    pub fn add(&mut self, name: &str, contents: Vec<u8>) -> Result<(), NotABundle> {
        self.bytes = self.bytes.saturating_add(contents.len() as u64);
        if self.files.len() >= Self::FILES_MAX || self.bytes > Self::BYTES_MAX {
            return Err(NotABundle::TooLarge);
        }
        if self.files.insert(name.to_owned(), contents).is_some() {
            self.twice.push(name.to_owned());
        }
        Ok(())
    }

    /// Whether these bytes are to be read as an archive.
    #[must_use]
    pub fn is_archive(bytes: &[u8]) -> bool {
        bytes.starts_with(ARCHIVE_START)
    }

    /// Reads an archive.
    ///
    /// # Errors
    /// [`NotABundle`].
    pub fn of_archive(bytes: &[u8]) -> Result<Self, NotABundle> {
        let broken = |_| NotABundle::Archive;
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        let mut bundle = Self::default();
        let mut ends_at = 0;
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).map_err(broken)?;
            // The files stand one after the other, from the first byte on.
            bundle.is_padded |= file.header_start() != ends_at;
            ends_at = file.data_start().unwrap_or(u64::MAX).saturating_add(file.compressed_size());
            let mut contents = Vec::new();
            file.by_ref().take(Self::BYTES_MAX + 1).read_to_end(&mut contents).map_err(|_| NotABundle::Archive)?;
            let name = file.name().map_err(broken)?.into_owned();
            bundle.add(&name, contents)?;
        }
        bundle.is_padded |= ends_at != archive.central_directory_start();
        // A reader that keeps one file of a name does not say that there was another.
        if stated_files(bytes) != Some(archive.len()) {
            bundle.twice.push(String::from("*"));
        }
        Ok(bundle)
    }

    /// The files as one archive, in the order of their names.
    ///
    /// # Errors
    /// `evidence_too_large` where the format has no room for them.
    pub fn to_archive(&self) -> Result<Vec<u8>, Error> {
        let full = |_| Error::from(ErrorCode::EvidenceTooLarge);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default());
        for (name, contents) in &self.files {
            writer.start_file(name.as_str(), options).map_err(full)?;
            writer.write_all(contents).map_err(|_| Error::from(ErrorCode::EvidenceTooLarge))?;
        }
        Ok(writer.finish().map_err(full)?.into_inner())
    }

    /// The bytes of a file.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// All files, in the order of their names.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, contents)| (name.as_str(), contents.as_slice()))
    }

    /// Names that more than one file has; `*` where the archive does not say which.
    pub(super) fn twice(&self) -> &[String] {
        &self.twice
    }

    /// Whether the archive has bytes that belong to none of its files.
    pub(super) fn is_padded(&self) -> bool {
        self.is_padded
    }

    pub(super) fn manifest(&self) -> Result<&[u8], NotABundle> {
        self.file(MANIFEST).ok_or(NotABundle::Manifest)
    }
}

/// How many files the end of an archive says that there are (APPNOTE 6.3.10, 4.3.16), where nothing stands behind it.
fn stated_files(bytes: &[u8]) -> Option<usize> {
    let end = bytes.len().checked_sub(END_BYTES).map(|at| &bytes[at..])?;
    let stated = u16::from_le_bytes([end[10], end[11]]);
    end.starts_with(ARCHIVE_END).then_some(usize::from(stated))
}

impl From<NotABundle> for Error {
    fn from(not: NotABundle) -> Self {
        let because = |why| Self::from(ErrorCode::EvidenceNotABundle).word("because", why);
        match not {
            NotABundle::TooLarge => ErrorCode::EvidenceTooLarge.into(),
            NotABundle::Archive => because("archive"),
            NotABundle::Manifest => because("manifest"),
            NotABundle::Newer { version } => Self::from(ErrorCode::EvidenceNewer).number("version", version.into()),
        }
    }
}

const ARCHIVE_START: &[u8] = b"PK\x03\x04";
const ARCHIVE_END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
