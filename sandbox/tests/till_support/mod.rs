//! The real binary, a folder of its own, a host for those who need one, and the people who work there.
//!
//! A shop that is set up is also claimed, by Alice, and from then on its commands are hers unless a test says whose:
//! each signs her in and out again.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
pub use taptill_sandbox::people::{ALICE, BOB, Person};
use taptill_sandbox::scratch::{self, Scratch};

/// What a run of the binary left.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The one JSON value on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no single JSON value: {:?}", self.stdout))
    }

    /// The error's code, with its exit code.
    pub fn refusal(&self) -> (Option<i32>, String) {
        (self.code, self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// A folder with a till in it, and perhaps a host.
pub struct Shop {
    pub folder: Scratch,
    host: Option<Child>,
    address: String,
}

impl Shop {
    /// A folder with nothing in it.
    pub fn empty() -> Self {
        Self { folder: scratch::folder("binary"), host: None, address: String::new() }
    }

    /// A host that runs, and a till that is set up with it.
    pub fn open() -> Self {
        let mut shop = Self::empty();
        shop.start_host();
        let ran = shop.init();
        assert_eq!(ran.code, Some(0), "{} {}", ran.stdout, ran.stderr);
        shop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn start_host(&mut self) {
        self.listen("host", "127.0.0.1:0");
    }

    /// Where the host listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The host's power fails and comes back: the same home, the same address.
    pub fn restart_host(&mut self) {
        self.stop_host();
        self.listen("host", &self.address.clone());
    }

    /// A host with an authority of its own, where the first one was.
    pub fn start_another_host_there(&mut self) {
        self.listen("another-host", &self.address.clone());
    }

    fn listen(&mut self, home: &str, address: &str) {
        let mut command = binary();
        command.args(["host", "--listen", address, "--home"]).arg(self.path(home));
        let mut host = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(host.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.address = line.trim().to_owned();
        self.host = Some(host);
    }

    pub fn stop_host(&mut self) {
        if let Some(mut host) = self.host.take() {
            host.kill().unwrap();
            host.wait().unwrap();
        }
    }

    pub fn init(&self) -> Ran {
        self.init_speaking("unionpay")
    }

    /// Sets the till up and claims it.
    pub fn init_speaking(&self, dialect: &str) -> Ran {
        let ran = run(&mut self.set_up(dialect));
        if ran.code == Some(0) {
            self.claim();
        }
        ran
    }

    /// The setting up alone, not yet started.
    pub fn set_up(&self, dialect: &str) -> Command {
        let mut command = self.nobody();
        command.args(["init", "--host", &self.address, "--dialect", dialect, "--host-home"]).arg(self.path("host"));
        command
    }

    /// Makes Alice the till's supervisor and gives the recovery code.
    pub fn claim(&self) -> String {
        let Person { name, password, .. } = ALICE;
        let file = self.password_file(name, password);
        let ran = run(self.nobody().args(["claim", name, "--password-file", &file]));
        assert_eq!(ran.code, Some(0), "{} {}", ran.stdout, ran.stderr);
        ran.json()["recovery_code"].as_str().unwrap().to_owned()
    }

    /// Gives Bob a password that he need not change.
    pub fn hire_bob(&self) {
        let Person { name, password, .. } = BOB;
        let file = self.password_file(name, password);
        let ran = self.till(&["operator", "add", name, "--role", "cashier", "--new-password-file", &file]);
        assert_eq!(ran.code, Some(0), "{} {}", ran.stdout, ran.stderr);
    }

    /// A file with this password, for its owner alone; the same name again is another password.
    pub fn password_file(&self, name: &str, password: &str) -> String {
        std::fs::create_dir_all(self.path(PEOPLE)).unwrap();
        let file = self.path(PEOPLE).join(name);
        std::fs::write(&file, format!("{password}\n")).unwrap();
        private(&file);
        file.to_str().unwrap().to_owned()
    }

    /// The till with `--json`.
    pub fn till(&self, words: &[&str]) -> Ran {
        run(self.command().args(words))
    }

    /// The till with `--json`, worked by the operator whose password file was written last under this name.
    pub fn till_as(&self, name: &str, words: &[&str]) -> Ran {
        let file = self.path(PEOPLE).join(name);
        run(self.nobody().args(["--operator", name, "--password-file"]).arg(file).args(words))
    }

    /// The host with `--json`.
    pub fn host(&self, words: &[&str]) -> Ran {
        run(binary().args(["--json", "host", "--home"]).arg(self.path("host")).args(words))
    }

    /// The till with `--json`, not yet started: Alice's, once it is claimed.
    pub fn command(&self) -> Command {
        self.worked_by_alice(self.nobody())
    }

    /// The same as a person reads it.
    pub fn aloud(&self) -> Command {
        let mut command = binary();
        command.arg("--home").arg(self.path("till"));
        self.worked_by_alice(command)
    }

    fn worked_by_alice(&self, mut command: Command) -> Command {
        let file = self.path(PEOPLE).join(ALICE.name);
        if file.exists() {
            command.args(["--operator", ALICE.name, "--password-file"]).arg(file);
        }
        command
    }

    /// The till with `--json`, and nobody to work it.
    pub fn nobody(&self) -> Command {
        let mut command = binary();
        command.arg("--json").arg("--home").arg(self.path("till"));
        command
    }

    /// The shell, given these lines; its answers, one JSON value a line.
    pub fn shell(&self, lines: &str) -> (Option<i32>, Vec<Value>) {
        Self::shell_of(self.command(), lines)
    }

    /// The same with nobody signed in at first.
    pub fn shell_of_nobody(&self, lines: &str) -> (Option<i32>, Vec<Value>) {
        Self::shell_of(self.nobody(), lines)
    }

    fn shell_of(mut command: Command, lines: &str) -> (Option<i32>, Vec<Value>) {
        let mut shell = command.arg("shell").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        shell.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let output = shell.wait_with_output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), told.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop_host();
    }
}

/// The binary, with nothing of the environment that would change what it does.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taptill"));
    command.env_remove("TAPTILL_DIE_AT").env("NO_COLOR", "1");
    command
}

pub fn run(command: &mut Command) -> Ran {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Where the passwords are that tests hand over in files.
pub const PEOPLE: &str = "people";

#[cfg(unix)]
fn private(file: &Path) {
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &Path) {}
