//! `cargo xtask screens`: draws every screen of the tap terminal, in both languages, light and dark, narrow and wide,
//! with small and large type, and says how many it drew.
//!
//! The drawing and its checks (clipped text, touch targets, contrast) are a test of the app; its findings fail the
//! command. Evidence: `mod tests`, and the app's `ScreensTest`.

use std::path::{Path, PathBuf};

use crate::steps::{cargo, project_folder, step, target_folder};
use crate::test::kotlin::maven;
use crate::{bindings, tools};

/// Draws into `out`, or into `target/screens`.
pub fn run(out: Option<&Path>) -> Result<(), String> {
    tools::rust()?;
    tools::kotlin()?;
    bindings::run(false)?;
    step(
        "the sandbox",
        &mut cargo(&["build", "--quiet", "--locked", "--package", "taptill-sandbox", "--bin", "taptill"]),
    )?;
    let folder = emptied(out.map_or(target_folder()?.join("screens"), |out| project_folder().join(out)))?;
    let into = format!("-Dtaptill.screens.out={}", folder.display());
    let only = [
        "--projects",
        "app",
        "--also-make",
        "test",
        "-Dtest=ScreensTest",
        "-Dsurefire.failIfNoSpecifiedTests=false",
        "-DfailIfNoTests=false",
    ];
    maven("every screen, drawn", &only, |command| {
        command.arg(&into);
        Ok(())
    })?;
    let drawn = pictures(&folder)?;
    println!("{drawn} screens drawn in {}", folder.display());
    if drawn == 0 { Err("no screen was drawn".to_owned()) } else { Ok(()) }
}

/// The folder without the pictures of an earlier run; nothing else in it is touched.
fn emptied(folder: PathBuf) -> Result<PathBuf, String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(told)?;
    for path in listed(&folder)? {
        std::fs::remove_file(&path).map_err(told)?;
    }
    folder.canonicalize().map_err(told)
}

fn pictures(folder: &Path) -> Result<usize, String> {
    listed(folder).map(|found| found.len())
}

/// The pictures in a folder and in those below.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        if path.is_dir() {
            found.extend(listed(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "png") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{emptied, pictures};

    #[test]
    fn only_pictures_are_counted_and_cleared_away() {
        let folder = std::env::temp_dir().join(format!("taptill-xtask-screens-{}", std::process::id()));
        fs::create_dir_all(folder.join("en")).unwrap();
        for name in ["a.png", "en/b.png", "notes.txt"] {
            fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(pictures(&folder), Ok(2));
        emptied(folder.clone()).unwrap();
        assert_eq!(pictures(&folder), Ok(0));
        assert!(folder.join("notes.txt").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
