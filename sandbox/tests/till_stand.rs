//! The stand, as a test in another language meets it: a child process, a socket, lines of JSON.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use till_support::binary;

const PATIENCE: Duration = Duration::from_secs(20);

struct Stand {
    process: Child,
    address: String,
}

impl Stand {
    fn start() -> Self {
        let mut command = binary();
        let mut process = command.arg("stand").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        Self { process, address: first["address"].as_str().unwrap().to_owned() }
    }

    fn ask(&self, line: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// Closes its input and waits for its end.
    fn end(&mut self) -> bool {
        drop(self.process.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.success();
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The stand's own folder, above those of a till.
fn folder_of(till: &Value) -> PathBuf {
    Path::new(till["home"].as_str().unwrap()).ancestors().nth(2).unwrap().to_owned()
}

#[test]
fn a_stand_ends_with_its_input_and_leaves_nothing() {
    let mut stand = Stand::start();
    let till = stand.ask(r#"{"do":"till"}"#);
    let card = stand.ask(r#"{"do":"card","name":"visa"}"#);
    assert!(folder_of(&till).is_dir());
    TcpStream::connect(till["host"].as_str().unwrap()).unwrap();
    TcpStream::connect(card["address"].as_str().unwrap()).unwrap();
    assert!(stand.end(), "it ends by itself, and well");
    let kept = std::env::var_os(taptill_sandbox::scratch::KEEP_VARIABLE).is_some();
    assert!(kept || !folder_of(&till).exists(), "its folders go with it");
    assert!(TcpStream::connect(till["host"].as_str().unwrap()).is_err());
    assert!(TcpStream::connect(&stand.address).is_err());
}

#[test]
fn many_clients_at_once_each_get_a_till_of_their_own() {
    let stand = Stand::start();
    let ask = || stand.ask(r#"{"do":"till"}"#);
    let mut homes: Vec<String> = thread::scope(|scope| {
        let clients: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        clients.into_iter().map(|client| client.join().unwrap()["home"].as_str().unwrap().to_owned()).collect()
    });
    homes.sort_unstable();
    homes.dedup();
    assert_eq!(homes.len(), 16);
}

#[test]
fn a_refusal_names_what_it_refuses() {
    let stand = Stand::start();
    for (line, code, part) in [
        (r#"{"do":"dance"}"#, "stand_request_malformed", "`dance`"),
        (r#"{"do":"till","colour":1}"#, "stand_request_malformed", "`colour`"),
        (r#"{"do":"card","name":"nobody"}"#, "stand_card_unknown", "card"),
        (r#"{"do":"book","home":"/"}"#, "stand_home_unknown", "home"),
    ] {
        let answer = stand.ask(line);
        assert_eq!(answer["error"]["code"], code, "{line}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(part), "{line}: {answer}");
    }
}
