//! The real binary, a folder of its own, and a host for those who need one.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
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

    pub fn init_speaking(&self, dialect: &str) -> Ran {
        let host_home = self.path("host");
        let words = ["init", "--host-home", host_home.to_str().unwrap(), "--host", &self.address];
        self.till(&[&words[..], &["--dialect", dialect]].concat())
    }

    /// The till with `--json`.
    pub fn till(&self, words: &[&str]) -> Ran {
        run(self.command().args(words))
    }

    /// The host with `--json`.
    pub fn host(&self, words: &[&str]) -> Ran {
        run(binary().args(["--json", "host", "--home"]).arg(self.path("host")).args(words))
    }

    /// The till with `--json`, not yet started.
    pub fn command(&self) -> Command {
        let mut command = binary();
        command.arg("--json").arg("--home").arg(self.path("till"));
        command
    }

    /// The shell, given these lines; its answers, one JSON value a line.
    pub fn shell(&self, lines: &str) -> (Option<i32>, Vec<Value>) {
        let mut command = self.command();
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
