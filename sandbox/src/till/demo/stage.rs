//! Where the demonstration plays: a temporary folder, a host as one process, the till as others.
//! Evidence: `sandbox/tests/till_demo.rs`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::folders::copy_folder;
use crate::host::{BookEntry, Kind, batches, book, set_next, told};

use super::Broken;

/// How long anything on the stage may take before it counts as broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder and the running host. Dropping it ends the host and removes the folder.
pub(super) struct Stage {
    folder: TempDir,
    program: PathBuf,
    host: Option<(Child, String)>,
}

impl Stage {
    pub(super) fn set() -> Result<Self, Broken> {
        let folder = tempfile::Builder::new().prefix("taptill-demo-").tempdir();
        let folder = folder.map_err(|_| Broken("no temporary folder could be made".to_owned()))?;
        let program = std::env::current_exe().map_err(|_| Broken("this program does not find itself".to_owned()))?;
        Ok(Self { folder, program, host: None })
    }

    /// Starts the host and gives its address.
    pub(super) fn start_host(&mut self) -> Result<String, Broken> {
        let mut command = self.command(&self.host_home());
        let child = command.args(["host", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|_| Broken("the host could not be started".to_owned()))?;
        let address = child.stdout.take().and_then(first_line);
        // Kept before the address is judged, so that it is ended with the stage.
        self.host = Some((child, address.clone().unwrap_or_default()));
        address.ok_or_else(|| Broken("the host printed no address".to_owned()))
    }

    pub(super) fn host_address(&self) -> &str {
        self.host.as_ref().map_or("", |(_, address)| address)
    }

    pub(super) fn host_home(&self) -> PathBuf {
        self.path("host")
    }

    pub(super) fn till_home(&self) -> PathBuf {
        self.path("till")
    }

    /// Runs the till once, with nobody at work, and gives its JSON; anything but exit code 0 is broken.
    pub(super) fn till(&self, words: &[&str]) -> Result<Value, Broken> {
        done(words, self.till_at(&self.till_home(), words)?)
    }

    /// The same, with this operator signed in before and out after it.
    pub(super) fn till_of(&self, operator: &str, words: &[&str]) -> Result<Value, Broken> {
        done(words, self.till_at_of(&self.till_home(), operator, words)?)
    }

    /// Runs the till, which has to refuse, and gives the error's object.
    pub(super) fn refusal_of(&self, operator: &str, words: &[&str]) -> Result<Value, Broken> {
        match self.till_at_of(&self.till_home(), operator, words)? {
            (Some(1), told) => Ok(told["error"].clone()),
            _ => Err(Broken(format!("{} was not refused", words[0]))),
        }
    }

    /// Runs the till in another folder for this operator and gives exit code and JSON.
    pub(super) fn till_at_of(
        &self,
        home: &Path,
        operator: &str,
        words: &[&str],
    ) -> Result<(Option<i32>, Value), Broken> {
        let file = self.password_file(operator);
        let person = ["--operator", operator, "--password-file", &file];
        self.till_at(home, &[words, &person].concat())
    }

    fn till_at(&self, home: &Path, words: &[&str]) -> Result<(Option<i32>, Value), Broken> {
        let ran = self.command(home).args(words).output();
        let ran = ran.map_err(|_| Broken("the till could not be started".to_owned()))?;
        let json = serde_json::from_slice(&ran.stdout).map_err(|_| Broken(format!("{} printed no JSON", words[0])))?;
        Ok((ran.status.code(), json))
    }

    /// Runs these lines in one shell and gives its answers.
    pub(super) fn shell(&self, lines: &[String]) -> Result<Vec<Value>, Broken> {
        let broken = |_| Broken("the till's shell could not be used".to_owned());
        let mut command = self.command(&self.till_home());
        let mut shell = command.arg("shell").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(broken)?;
        if let Some(mut stdin) = shell.stdin.take() {
            stdin.write_all((lines.join("\n") + "\n").as_bytes()).map_err(broken)?;
        }
        let told = shell.wait_with_output().map_err(broken)?.stdout;
        let answers = told.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let answers: Result<Vec<Value>, _> = answers.map(serde_json::from_slice).collect();
        match answers {
            Ok(answers) if answers.len() == lines.len() => Ok(answers),
            _ => Err(Broken("the till's shell did not answer each line".to_owned())),
        }
    }

    /// Writes a password down for the till to read, and says where.
    pub(super) fn note_password(&self, name: &str, password: &str) -> Result<String, Broken> {
        let file = self.password_file(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&file).and_then(|mut opened| opened.write_all(password.as_bytes()));
        written.map(|()| file).map_err(|_| Broken("a password could not be written down".to_owned()))
    }

    /// Where the password is that was noted under this name.
    pub(super) fn password_file(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// Starts the till for this operator and leaves it running.
    pub(super) fn start_till_of(&self, operator: &str, words: &[&str]) -> Result<Running, Broken> {
        let mut command = self.command(&self.till_home());
        command.args(words).args(["--operator", operator, "--password-file", &self.password_file(operator)]);
        let child = command.stdout(Stdio::null()).spawn();
        child.map(Running).map_err(|_| Broken("the till could not be started".to_owned()))
    }

    /// Makes the host misbehave once.
    pub(super) fn host_next(&self, kind: Kind) -> Result<(), Broken> {
        set_next(&self.host_home(), kind, 1).map_err(|error| Broken(error.to_string()))
    }

    /// Runs the till for this operator until it dies at a point.
    pub(super) fn dies_of(&self, operator: &str, point: &str, words: &[&str]) -> Result<(), Broken> {
        let file = self.password_file(operator);
        let mut command = self.command(&self.till_home());
        command.args(words).args(["--operator", operator, "--password-file", &file, "--die-at", point]);
        let ended = command.output().map_err(|_| Broken("the till could not be started".to_owned()))?;
        match ended.status.code() {
            None => Ok(()),
            Some(code) => Err(Broken(format!("the till ended with {code} before it came to {point}"))),
        }
    }

    /// Everything that the host has in its book.
    pub(super) fn booked(&self) -> Result<Vec<BookEntry>, Broken> {
        book(&self.host_home()).map_err(|error| Broken(error.to_string()))
    }

    /// How many batches the host has closed.
    pub(super) fn batches(&self) -> Result<usize, Broken> {
        let batches = batches(&self.host_home()).map_err(|error| Broken(error.to_string()))?;
        Ok(batches.iter().filter(|batch| batch.closed_ms.is_some()).count())
    }

    /// The host's newest entry.
    pub(super) fn last_booked(&self) -> Result<BookEntry, Broken> {
        let entries = book(&self.host_home()).map_err(|error| Broken(error.to_string()))?;
        entries.into_iter().last().ok_or_else(|| Broken("the host's book is empty".to_owned()))
    }

    /// The host's newest entry, once it is one of this many minor units.
    pub(super) fn wait_until_booked(&self, minor: u64) -> Result<BookEntry, Broken> {
        let begun = Instant::now();
        loop {
            match self.last_booked() {
                Ok(entry) if entry.amount_minor == minor => return Ok(entry),
                _ if begun.elapsed() > PATIENCE => return Err(Broken("the host did not book the sale".to_owned())),
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// A copy of the till under another name, with its device's folder or without; what happens to it does not touch the
    /// till.
    pub(super) fn copy_of_till(&self, name: &str, with_device: bool) -> Result<PathBuf, Broken> {
        let suffixes: &[&str] = if with_device { &["", "-device"] } else { &[""] };
        for suffix in suffixes {
            copy_folder(&self.path(&format!("till{suffix}")), &self.path(&format!("{name}{suffix}")))
                .map_err(|_| Broken("the till's folder could not be copied".to_owned()))?;
        }
        Ok(self.path(name))
    }

    /// Lays a copy of what the device holds now beside a copied till.
    pub(super) fn copy_of_device(&self, name: &str) -> Result<(), Broken> {
        let copied = copy_folder(&self.device(), &self.path(&format!("{name}-device")));
        copied.map_err(|_| Broken("the device's folder could not be copied".to_owned()))
    }

    /// The folder of the device's keys.
    pub(super) fn device(&self) -> PathBuf {
        self.path("till-device")
    }

    /// A place on the stage that is no till's.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs this program as somebody who has no till, and gives exit code and JSON.
    pub(super) fn anybody(&self, words: &[&str]) -> Result<(Option<i32>, Value), Broken> {
        self.till_at(&self.path("nowhere"), words)
    }

    /// How often tills have told the host this.
    pub(super) fn times_told(&self, what: &str) -> Result<usize, Broken> {
        let told = told(&self.host_home()).map_err(|error| Broken(error.to_string()))?;
        Ok(told.iter().filter(|entry| entry.op.word() == what).count())
    }

    fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--json").arg("--home").arg(home).stdin(Stdio::null()).stderr(Stdio::null());
        command.env_remove("TAPTILL_DIE_AT");
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some((host, _)) = &mut self.host {
            // A host that is gone already needs no ending.
            let _ = host.kill();
            let _ = host.wait();
        }
    }
}

/// A till that is running.
pub(super) struct Running(Child);

impl Running {
    /// Ends it as `kill -9` does: it has no chance to tidy up.
    pub(super) fn kill(mut self) -> Result<(), Broken> {
        let finished_before = self.0.try_wait().ok().flatten().is_some();
        let killed = self.0.kill().and_then(|()| self.0.wait());
        match killed {
            Ok(_) if !finished_before => Ok(()),
            _ => Err(Broken("the till had ended before it could be killed".to_owned())),
        }
    }
}

fn done(words: &[&str], (code, json): (Option<i32>, Value)) -> Result<Value, Broken> {
    if code == Some(0) { Ok(json) } else { Err(Broken(format!("{} failed: {}", words[0], json["error"]["code"]))) }
}

/// The address in the host's first line.
fn first_line(stdout: ChildStdout) -> Option<String> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).ok()?;
    let json: Value = serde_json::from_str(&line).ok()?;
    json["address"].as_str().map(str::to_owned)
}
