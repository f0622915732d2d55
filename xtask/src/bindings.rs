//! `cargo xtask bindings`: the Kotlin and Swift bindings, made from the library that was just built.
//!
//! Kotlin's go to `target/bindings/kotlin`, where Maven reads them; Swift's to `target/bindings/swift` and from
//! there into the package in `ios/Sources`. A file is written only when its contents change, so that nothing is
//! compiled again in vain. Then the surfaces of both are held against the reviewed ones.
//!
//! Evidence: `mod tests`, `surface/mod.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::steps::{cargo, command, project_folder, step, target_folder};
use crate::surface::{self, differences, text_of};

/// The Kotlin package of the generated code.
const KOTLIN_PACKAGE: &str = "org.taptill.core";

/// How many lines of a drift are shown; a new type alone may have thirty.
const DRIFT_SHOWN_MAX: usize = 60;

/// Builds, generates, copies and compares; `accept` writes the reviewed surfaces instead.
pub fn run(accept: bool) -> Result<(), String> {
    generate()?;
    let accept = accept || std::env::var_os("TAPTILL_WRITE").is_some();
    eprintln!("\n==> the surfaces are the reviewed ones");
    compare(&project_folder(), &target_folder()?.join("bindings"), accept)
}

/// The library in the dev profile, as the shells load it in tests.
pub fn library() -> Result<PathBuf, String> {
    let name = format!("{}taptill_ffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    Ok(target_folder()?.join("debug").join(name))
}

fn generate() -> Result<(), String> {
    step("the library", &mut cargo(&["build", "--quiet", "--locked", "--package", "taptill-ffi"]))?;
    let target = target_folder()?;
    let mut generator = cargo(&["build", "--quiet", "--locked", "--manifest-path", "uniffi/bindgen/Cargo.toml"]);
    step("the generator of bindings", generator.arg("--target-dir").arg(target.join("bindgen")))?;
    let program = target.join("bindgen/debug/taptill-bindgen");
    for language in ["kotlin", "swift"] {
        let mut run = command(&program);
        let fresh = target.join("bindings/fresh").join(language);
        run.arg("generate").arg(library()?).args(["--language", language, "--no-format", "--out-dir"]).arg(&fresh);
        step(&format!("{language} bindings"), &mut run)?;
    }
    place(&project_folder(), &target.join("bindings"))
}

/// Puts what was generated where each build reads it.
fn place(project: &Path, bindings: &Path) -> Result<(), String> {
    let fresh = bindings.join("fresh");
    let kotlin = "org/taptill/core/taptill.kt";
    copy_if_changed(&fresh.join("kotlin").join(kotlin), &bindings.join("kotlin").join(kotlin), "")?;
    // What a newer core would end a program with is opened to the kit in the file where it stands.
    let skew = fs::read_to_string(project.join("ios/Bindings/skew.swift")).unwrap_or_default();
    let rows = [
        ("TaptillCore.swift", "TaptillCore/taptill.swift", skew.as_str()),
        ("taptillFFI.h", "taptillFFI/taptillFFI.h", ""),
        ("taptillFFI.modulemap", "taptillFFI/module.modulemap", ""),
    ];
    for (name, place, more) in rows {
        let made = fresh.join("swift").join(name);
        copy_if_changed(&made, &bindings.join("swift").join(name), "")?;
        copy_if_changed(&made, &project.join("ios/Sources").join(place), more)?;
    }
    Ok(())
}

/// Copies a file with something appended; one that is the same already keeps its time.
fn copy_if_changed(from: &Path, to: &Path, more: &str) -> Result<(), String> {
    let told = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let mut text = fs::read_to_string(from).map_err(|error| told(from, error))?;
    if !more.is_empty() {
        text.push('\n');
        text.push_str(more);
    }
    if fs::read_to_string(to).is_ok_and(|present| present == text) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(|error| told(to, error))?;
    fs::write(to, text).map_err(|error| told(to, error))
}

/// Holds what is public in the generated code against the reviewed files.
fn compare(project: &Path, bindings: &Path, accept: bool) -> Result<(), String> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let kotlin = read(&bindings.join("kotlin/org/taptill/core/taptill.kt"))?;
    let swift = read(&bindings.join("swift/TaptillCore.swift"))?;
    let surfaces =
        [("kotlin", surface::kotlin::surface(&kotlin, KOTLIN_PACKAGE)), ("swift", surface::swift::surface(&swift))];
    let mut drift = Vec::new();
    for (language, surface) in surfaces {
        let path = project.join(format!("uniffi/surface/{language}.txt"));
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        let present = text_of(&surface);
        if accept {
            fs::create_dir_all(project.join("uniffi/surface")).map_err(|error| error.to_string())?;
            fs::write(&path, &present).map_err(|error| format!("{}: {error}", path.display()))?;
        } else {
            drift.extend(differences(&reviewed, &present).into_iter().map(|line| format!("{language}: {line}")));
        }
        eprintln!("    {language}: {} types and functions, {} lines", surface.len(), present.lines().count());
    }
    if drift.is_empty() {
        return Ok(());
    }
    let more = drift.len().saturating_sub(DRIFT_SHOWN_MAX);
    drift.truncate(DRIFT_SHOWN_MAX);
    if more > 0 {
        drift.push(format!("and {more} more"));
    }
    Err(format!(
        "the face for the shells is not the reviewed one:\n  {}\nif that is meant, `cargo xtask bindings --accept` writes \
         uniffi/surface/*.txt; commit them with the change",
        drift.join("\n  ")
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{compare, copy_if_changed, place};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("taptill-xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn generated(fresh: &Path) {
        write(&fresh.join("kotlin/org/taptill/core/taptill.kt"), "fun `codes`(): kotlin.Int {\n}\n");
        write(&fresh.join("swift/TaptillCore.swift"), "public func codes()throws  -> Int32  {\n}\n");
        write(&fresh.join("swift/taptillFFI.h"), "// header\n");
        write(&fresh.join("swift/taptillFFI.modulemap"), "module taptillFFI {}\n");
    }

    #[test]
    fn a_drift_of_the_surface_is_refused_until_it_is_accepted() {
        let project = folder("drift");
        let bindings = project.join("target/bindings");
        generated(&bindings.join("fresh"));
        place(&project, &bindings).unwrap();
        let refusal = compare(&project, &bindings, false).unwrap_err();
        assert!(refusal.contains("kotlin: + fun codes(): Int"), "{refusal}");
        assert!(refusal.contains("cargo xtask bindings --accept"), "{refusal}");
        compare(&project, &bindings, true).unwrap();
        compare(&project, &bindings, false).unwrap();
        write(&bindings.join("fresh/swift/TaptillCore.swift"), "public func code()throws  -> Int32  {\n}\n");
        place(&project, &bindings).unwrap();
        let refusal = compare(&project, &bindings, false).unwrap_err();
        assert!(refusal.contains("swift: - func codes() throws -> Int32"), "{refusal}");
        assert!(refusal.contains("swift: + func code() throws -> Int32"), "{refusal}");
        fs::remove_dir_all(project).unwrap();
    }

    #[test]
    fn an_unchanged_file_keeps_its_time() {
        let folder = folder("unchanged");
        let (from, to) = (folder.join("from"), folder.join("deep/to"));
        write(&from, "a\n");
        copy_if_changed(&from, &to, "more").unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "a\n\nmore");
        let mut permissions = fs::metadata(&to).unwrap().permissions();
        let before = fs::metadata(&to).unwrap().modified().unwrap();
        permissions.set_readonly(true);
        fs::set_permissions(&to, permissions).unwrap();
        copy_if_changed(&from, &to, "more").unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), before);
        fs::remove_dir_all(folder).unwrap();
    }
}
