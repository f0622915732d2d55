//! Folders for tests: gone with the test, unless somebody wants to look at them afterwards.
//!
//! Where the environment names a folder in `TAPTILL_KEEP_SCRATCH`, every scratch folder is made there and
//! stays, so that a whole test run can be searched for secrets (`sandbox/examples/scan_folder.rs`). A test that plants
//! a secret on purpose takes another temporary folder, or the search would find it.
//!
//! It never removes anything that it did not make. Evidence: `sandbox/tests/scan_report.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Names the folder in which scratch folders stay.
pub const KEEP_VARIABLE: &str = "TAPTILL_KEEP_SCRATCH";

/// A fresh folder. It is removed with this value, unless it is to be kept.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// None for a folder that stays.
    _removed_on_drop: Option<TempDir>,
}

impl Scratch {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A fresh folder for this test, whose name stands in the folder's where it is kept.
///
/// # Panics
/// Where no folder can be made: a test has nothing to go on with.
#[must_use]
pub fn folder(name: &str) -> Scratch {
    match std::env::var_os(KEEP_VARIABLE) {
        Some(keep) if !keep.is_empty() => kept(Path::new(&keep), name),
        _ => {
            let folder = tempfile::tempdir().expect("the system gives a temporary folder");
            Scratch { path: folder.path().to_owned(), _removed_on_drop: Some(folder) }
        }
    }
}

/// A folder that stays: `NAME.PROCESS.NUMBER`, for the same test may run in many processes and many times.
fn kept(keep: &Path, name: &str) -> Scratch {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = keep.join(format!("{name}.{}.{number}", std::process::id()));
        fs::create_dir_all(keep).expect("the folder that keeps scratch folders can be made");
        match fs::create_dir(&path) {
            Ok(()) => return Scratch { path, _removed_on_drop: None },
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("no scratch folder can be made: {error}"),
        }
    }
}
