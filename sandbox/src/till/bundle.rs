//! Bundles of evidence on this machine's disk: a folder, or one archive whose name ends in `.zip`.
//!
//! Nothing that is there already is written over, and only regular files are read: a link, a pipe or a file larger than
//! a bundle may be is none of a bundle's. Evidence: `sandbox/tests/till_evidence.rs`.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use taptill::error::{Error, ErrorCode};
use taptill::incident::evidence::{Bundle, BundleFile, NotABundle};

/// Takes the files of a bundle, one after the other.
type Each<'a> = &'a mut dyn FnMut(BundleFile) -> Result<(), Error>;

/// Whether a bundle can be put there: nothing, or an empty folder.
pub(super) fn check_free(out: &Path) -> Result<(), Error> {
    let is_free = match fs::read_dir(out) {
        Ok(mut entries) => !is_archive(out) && entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    if is_free { Ok(()) } else { Err(ErrorCode::FileUnusable.into()) }
}

/// Writes what `disclose` hands out; gives how many files that were. The place is tried first: nothing is agreed to that
/// has nowhere to go.
pub(super) fn write(out: &Path, disclose: impl FnOnce(Each<'_>) -> Result<u64, Error>) -> Result<u64, Error> {
    if !is_archive(out) {
        let trial = out.join(TRIAL);
        created(&trial)?;
        fs::remove_file(trial).map_err(failed)?;
        return disclose(&mut |file| put(&mut created(&out.join(&file.name))?, &file.contents));
    }
    let mut archive = created(out)?;
    let mut bundle = Bundle::default();
    let written = disclose(&mut |file| Ok(bundle.add(&file.name, file.contents)?))
        .and_then(|files| put(&mut archive, &bundle.to_archive()?).map(|()| files));
    if written.is_err() {
        // What was not finished is no bundle, and is not to be in the way of the next.
        let _stays = fs::remove_file(out);
    }
    written
}

/// Reads a folder or an archive.
pub(super) fn read(path: &Path) -> Result<Bundle, Error> {
    if path.is_dir() {
        let mut bundle = Bundle::default();
        add_folder(&mut bundle, path, "")?;
        return Ok(bundle);
    }
    Ok(Bundle::of_archive(&contents(path)?)?)
}

/// The text of a small file.
pub(super) fn small_text(path: &Path) -> Result<String, Error> {
    let unusable = || Error::from(ErrorCode::FileUnusable);
    let mut text = String::new();
    let file = File::open(path).map_err(|_| unusable())?;
    file.take(SMALL_BYTES_MAX).read_to_string(&mut text).map_err(|_| unusable())?;
    Ok(text)
}

fn add_folder(bundle: &mut Bundle, folder: &Path, prefix: &str) -> Result<(), Error> {
    let unusable = |_| Error::from(ErrorCode::FileUnusable);
    for entry in fs::read_dir(folder).map_err(unusable)? {
        let entry = entry.map_err(unusable)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(unusable)?;
        if kind.is_dir() && prefix.matches('/').count() < FOLDERS_DEEP_MAX {
            add_folder(bundle, &entry.path(), &format!("{name}/"))?;
        } else if kind.is_file() {
            bundle.add(&name, contents(&entry.path())?)?;
        } else {
            // It is there, and no file of a bundle: the list does not have it.
            bundle.add(&name, Vec::new())?;
        }
    }
    Ok(())
}

/// The bytes of a regular file that is not larger than a bundle may be.
fn contents(path: &Path) -> Result<Vec<u8>, Error> {
    let unusable = |_| Error::from(ErrorCode::FileUnusable);
    let facts = fs::metadata(path).map_err(unusable)?;
    if !facts.is_file() {
        return Err(ErrorCode::FileUnusable.into());
    }
    if facts.len() > Bundle::BYTES_MAX {
        return Err(NotABundle::TooLarge.into());
    }
    fs::read(path).map_err(unusable)
}

fn put(file: &mut File, contents: &[u8]) -> Result<(), Error> {
    file.write_all(contents).and_then(|()| file.sync_all()).map_err(failed)
}

/// A file that was not there, in a folder that may not be there yet.
fn created(path: &Path) -> Result<File, Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)
}

fn failed(error: std::io::Error) -> Error {
    let is_full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    if is_full { ErrorCode::DiskFull.into() } else { ErrorCode::FileUnusable.into() }
}

fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// A file that is made and taken away again, to see that files can be.
const TRIAL: &str = "trial";
/// More than any list of keys needs.
const SMALL_BYTES_MAX: u64 = 64 << 10;
/// A bundle has one folder below its own.
const FOLDERS_DEEP_MAX: usize = 3;
