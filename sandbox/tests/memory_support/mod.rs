//! The real binary at work in a shell, and every secret of its till as its parent works them out by itself.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod secrets;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use taptill_sandbox::scan::{Memory, MemoryHit};

pub use secrets::Secrets;

/// A shell that takes a line and gives an answer, and waits meanwhile.
pub struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    /// Starts `shell` with `--json`.
    pub fn start(mut command: Command) -> Self {
        command.arg("shell").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    /// What a line is answered with.
    pub fn ask(&mut self, line: &str) -> Value {
        writeln!(self.input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{line}: no JSON: {answer:?}"))
    }

    /// As [`Self::ask`], for what must succeed.
    pub fn must(&mut self, line: &str) -> Value {
        let answer = self.ask(line);
        assert!(answer.get("error").is_none(), "{line}: {answer}");
        answer
    }

    /// What its process can write now, while it waits for a line.
    pub fn memory(&self) -> Memory {
        Memory::of(self.child.id()).unwrap()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// How often each needle was found in which mapping, and where last: never the bytes.
pub fn summary(hits: &[MemoryHit]) -> String {
    let mut places: BTreeMap<(&str, String, &str), (usize, u64)> = BTreeMap::new();
    for hit in hits {
        let key = (hit.needle, format!("{:?}", hit.encoding), hit.mapping.as_str());
        let place = places.entry(key).or_default();
        *place = (place.0 + 1, hit.address);
    }
    let line = |((needle, encoding, mapping), (count, at)): (&(&str, String, &str), &(usize, u64))| {
        format!("  {count} x {needle} as {encoding} in {mapping:?}, the last at {at:x}")
    };
    places.iter().map(line).collect::<Vec<_>>().join("\n")
}
