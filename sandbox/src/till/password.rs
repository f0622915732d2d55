//! Where passwords come from: the terminal without echo, a file, or a pipe. Never an argument, never the environment.
//!
//! They come in as bytes that are wiped. A new password is typed twice; one that is read is taken as it is, without
//! the newline at its end. A file that others may read is warned of. Without a terminal nothing is asked: a program
//! that gave no password hears so and does not wait. Evidence: `sandbox/tests/till_passwords.rs`, `mod tests` below.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use taptill::error::{Error, ErrorCode};
use taptill::secret::{SecretBytes, same_bytes};
use zeroize::Zeroizing;

use super::args::Person;
use super::failure::Failure;

/// More than any password or code has.
const BYTES_MAX: usize = 4_096;

/// What a password is for, in the words of the question.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// The password that somebody has.
    Of(&'a str),
    /// The one that somebody will have.
    NewOf(&'a str),
    /// The recovery code.
    Code,
}

/// Where one comes from, if not from the terminal.
#[derive(Clone)]
pub(super) enum Source {
    File(PathBuf),
    Descriptor(u16),
}

impl Source {
    /// Of a pair of options; clap lets no more than one of them through.
    pub(super) fn of(file: Option<&PathBuf>, descriptor: Option<u16>) -> Option<Self> {
        file.cloned().map(Self::File).or(descriptor.map(Self::Descriptor))
    }
}

impl Person {
    /// Where the password comes from.
    pub(super) fn password(&self) -> Option<Source> {
        Source::of(self.password_file.as_ref(), self.password_fd)
    }

    /// Where the new password comes from.
    pub(super) fn new_password(&self) -> Option<Source> {
        Source::of(self.new_password_file.as_ref(), self.new_password_fd)
    }

    /// The same, where no other password is wanted beside it: then both names will do.
    pub(super) fn only_password(&self) -> Option<Source> {
        self.new_password().or_else(|| self.password())
    }

    /// The new password of somebody else. The one who signs in for this command needs `--password-…` alone.
    pub(super) fn password_for_another(&self) -> Option<Source> {
        if self.operator.is_some() { self.new_password() } else { self.only_password() }
    }
}

/// Gets it from its source, or asks.
pub(super) fn get(source: Option<Source>, wanted: Wanted<'_>) -> Result<SecretBytes, Failure> {
    match source {
        Some(Source::File(file)) => from_file(&file),
        Some(Source::Descriptor(number)) => from_descriptor(number),
        None => ask(wanted),
    }
}

/// Whether somebody can be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// A copy, where the first is used up.
pub(super) fn copy(password: &SecretBytes) -> SecretBytes {
    SecretBytes::new(password.expose().to_vec())
}

/// A file's content without the newline at its end.
fn from_file(file: &Path) -> Result<SecretBytes, Failure> {
    let opened = File::open(file).map_err(|_| ErrorCode::FileUnusable)?;
    let facts = opened.metadata().map_err(|_| ErrorCode::FileUnusable)?;
    if is_open_to_others(&facts) {
        // The password was readable before; refusing to read it would keep no secret.
        eprintln!("Warning: others may read {}. Make it yours alone: chmod 600.", file.display());
    }
    let mut bytes = Vec::with_capacity(2 * BYTES_MAX);
    let read = opened.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    let whole = SecretBytes::new(bytes);
    read.map_err(|_| ErrorCode::FileUnusable)?;
    within_limit(without_newline(&whole))
}

/// A line of an open descriptor. It is read byte by byte, so that the next line is left to who reads next.
fn from_descriptor(number: u16) -> Result<SecretBytes, Failure> {
    let mut opened = File::open(format!("/dev/fd/{number}")).map_err(|_| ErrorCode::FileUnusable)?;
    let mut line = Zeroizing::new(Vec::with_capacity(BYTES_MAX + 1));
    let mut byte = [0];
    while line.len() <= BYTES_MAX {
        match opened.read(&mut byte) {
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(ErrorCode::FileUnusable.into()),
        }
    }
    within_limit(without_newline(&SecretBytes::new(std::mem::take(&mut *line))))
}

/// Asks on the terminal; a new password twice.
fn ask(wanted: Wanted<'_>) -> Result<SecretBytes, Failure> {
    if !can_ask() {
        return Err(Failure::Usage(nobody_to_ask(wanted)));
    }
    match wanted {
        Wanted::Of(name) => typed(&format!("Password of {name}: ")),
        Wanted::Code => typed("Recovery code: "),
        Wanted::NewOf(name) => {
            let password = typed(&format!("New password of {name}: "))?;
            let again = typed("The same once more: ")?;
            if same_bytes(password.expose(), again.expose()) {
                Ok(password)
            } else {
                Err(Error::from(ErrorCode::PasswordRefused).word("rule", "not_repeated").into())
            }
        }
    }
}

fn typed(question: &str) -> Result<SecretBytes, Failure> {
    match rpassword::prompt_password(question) {
        Ok(text) => Ok(SecretBytes::new(text.into_bytes())),
        Err(_) => Err(Failure::Usage("no password was typed".to_owned())),
    }
}

fn nobody_to_ask(wanted: Wanted<'_>) -> String {
    match wanted {
        Wanted::Of(name) => format!("the password of {name} is wanted: add --password-file or --password-fd"),
        Wanted::NewOf(name) => {
            format!("the new password of {name} is wanted: add --new-password-file or --new-password-fd")
        }
        Wanted::Code => "the recovery code is wanted: add --code-file or --code-fd".to_owned(),
    }
}

fn without_newline(bytes: &SecretBytes) -> SecretBytes {
    let all = bytes.expose();
    let line = all.strip_suffix(b"\n").unwrap_or(all);
    SecretBytes::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

fn within_limit(bytes: SecretBytes) -> Result<SecretBytes, Failure> {
    if bytes.expose().len() <= BYTES_MAX {
        return Ok(bytes);
    }
    Err(Error::from(ErrorCode::FileUnusable).number("bytes_max", BYTES_MAX as u64).into())
}

/// A pipe is nobody else's, whatever its mode says.
#[cfg(unix)]
fn is_open_to_others(facts: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    facts.is_file() && facts.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_read_whole_without_the_newline_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let long = vec![b'a'; BYTES_MAX];
        type Verdict<'a> = Result<&'a [u8], &'a str>;
        let rows: &[(&[u8], Verdict<'_>)] = &[
            (b"tall ships", Ok(b"tall ships")),
            (b"tall ships\n", Ok(b"tall ships")),
            (b"tall ships\r\n", Ok(b"tall ships")),
            (b"tall ships\n\n", Ok(b"tall ships\n")),
            (b" tall ships ", Ok(b" tall ships ")),
            (b"\xFF\xFE", Ok(b"\xFF\xFE")),
            (b"", Ok(b"")),
            (&long, Ok(&long)),
            (&[&long[..], b"a"].concat(), Err("file_unusable")),
            (&[&long[..], b"\n"].concat(), Ok(&long)),
        ];
        for (content, verdict) in rows {
            fs::write(&file, content).unwrap();
            let read = from_file(&file);
            let read =
                read.as_ref().map(SecretBytes::expose).map_err(|failure| failure.json()["error"]["code"].clone());
            assert_eq!(read, verdict.map_err(Into::into), "{} bytes", content.len());
        }
        assert!(from_file(&folder.path().join("none")).is_err());
        assert!(from_file(folder.path()).is_err(), "a folder is no file");
    }
}
