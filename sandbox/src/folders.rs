//! A folder copied with everything below it: a till that is put aside, put back, or moved to another place.
//!
//! Permissions come with it, for a key folder that others may read is not used. What is at the place already stays, and is
//! overwritten where it has the same name.
//!
//! It never removes anything. Evidence: `mod tests` below.

use std::fs;
use std::io;
use std::path::Path;

/// Copies a folder.
///
/// # Errors
/// What the file system says; what was copied before is there then.
pub fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch;

    #[test]
    fn everything_comes_with_a_folder() {
        let scratch = scratch::folder("copied-folder");
        let (from, to) = (scratch.path().join("from"), scratch.path().join("place/to"));
        fs::create_dir_all(from.join("deep/deeper")).unwrap();
        fs::write(from.join("file"), "a").unwrap();
        fs::write(from.join("deep/deeper/file"), "b").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(from.join("deep"), fs::Permissions::from_mode(0o700)).unwrap();
        }
        fs::create_dir_all(&to).unwrap();
        fs::write(to.join("file"), "before").unwrap();
        fs::write(to.join("stays"), "c").unwrap();
        copy_folder(&from, &to).unwrap();
        for (name, text) in [("file", "a"), ("deep/deeper/file", "b"), ("stays", "c")] {
            assert_eq!(fs::read_to_string(to.join(name)).unwrap(), text, "{name}");
        }
        let mode = |folder: &Path| fs::metadata(folder.join("deep")).unwrap().permissions();
        assert_eq!(mode(&to), mode(&from));
        assert!(copy_folder(&scratch.path().join("absent"), &to).is_err());
    }
}
