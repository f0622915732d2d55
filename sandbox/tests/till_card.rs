//! A card on a socket, as a program in any language meets it: the real binary and its bytes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod till_support;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use till_support::{Shop, binary, run};

const SELECT_DIRECTORY: &[u8] = b"\x00\xA4\x04\x00\x0E2PAY.SYS.DDF01\x00";

/// A card in a process of its own, and where it listens.
struct Card {
    process: Child,
    address: String,
}

impl Card {
    fn named(name: &str) -> Self {
        let mut command = binary();
        command.args(["card", "--card", name, "--listen", "127.0.0.1:0"]);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        Self { process, address: first.trim().to_owned() }
    }

    fn tap(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Sends a frame and gives what came back; empty when the connection was closed.
fn ask(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let mut answer = [0; 2];
    if stream.write_all(&[&length, bytes].concat()).is_err() || stream.read_exact(&mut answer).is_err() {
        return Vec::new();
    }
    let mut answer = vec![0; usize::from(u16::from_be_bytes(answer))];
    stream.read_exact(&mut answer).unwrap();
    answer
}

#[test]
fn a_card_is_read_over_a_socket_and_each_connection_is_a_tap() {
    let card = Card::named("visa");
    for _ in 0..2 {
        let mut tap = card.tap();
        assert_eq!(ask(&mut tap, &[4]), [0x3B, 0x80, 0x80, 0x01, 0x01]);
        let directory = ask(&mut tap, SELECT_DIRECTORY);
        assert!(directory.starts_with(&[0x6F]) && directory.ends_with(&[0x90, 0x00]), "{directory:02X?}");
    }
}

#[test]
fn a_card_that_leaves_closes_the_connection_and_one_that_is_silent_keeps_it() {
    let leaving = Card::named("visa-leaves-early");
    assert_eq!(ask(&mut leaving.tap(), SELECT_DIRECTORY), [0; 0]);
    let silent = Card::named("visa-silent");
    let mut tap = silent.tap();
    assert!(!ask(&mut tap, SELECT_DIRECTORY).is_empty());
    tap.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    tap.write_all(&[&[0, 20], SELECT_DIRECTORY].concat()).unwrap();
    let silence = tap.read(&mut [0]).unwrap_err().kind();
    assert!(matches!(silence, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
}

#[test]
fn a_card_goes_to_a_reader_that_listens_and_ends_with_it() {
    let reader = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reader.local_addr().unwrap().to_string();
    let mut process = binary().args(["card", "--connect", &address]).stdout(Stdio::null()).spawn().unwrap();
    let (mut tap, _) = reader.accept().unwrap();
    assert!(!ask(&mut tap, SELECT_DIRECTORY).is_empty());
    drop(tap);
    assert!(process.wait().unwrap().success());
}

#[test]
fn a_card_that_cannot_be_served_says_why() {
    let shop = Shop::empty();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let rows: &[(&[&str], (i32, &str))] = &[
        (&["card", "--card", "no-such-card"], (2, "usage")),
        (&["card", "--listen", "nowhere"], (2, "usage")),
        (&["card", "--listen", "127.0.0.1:0", "--connect", "127.0.0.1:1"], (2, "usage")),
        (&["card", "--listen", "0.0.0.0:0"], (1, "host_address_not_loopback")),
        (&["card", "--listen", &taken], (1, "host_address_unusable")),
        (&["card", "--connect", "192.0.2.1:1"], (1, "host_address_not_loopback")),
        (&["card", "--connect", "127.0.0.1:1"], (1, "host_address_unusable")),
    ];
    for (words, (code, error)) in rows {
        assert_eq!(shop.till(words).refusal(), (Some(*code), (*error).to_owned()), "{words:?}");
    }
    assert_eq!(run(binary().args(["card", "--listen", "0.0.0.0:0"])).stdout, "");
}
