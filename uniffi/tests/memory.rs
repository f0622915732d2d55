//! A sale from the other side of the border, and what is left of its secrets in this process: nothing.
//!
//! Host, card and their keys are in a process of their own: this same program, started as a stand. What is searched
//! is every writable byte of this process, heap and stacks. The controls are in the test: each needle is found while
//! it is held. What is not looked for is a key in another form, as the schedule of a cipher.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

#[path = "support/memory.rs"]
mod memory;
mod support;

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use memory::Needle;
use support::{Phone, order, wait};
use taptill_ffi::{AttemptState, CardChannel, CardFault, provision_till};
use taptill_sandbox::stand::Stand;

/// Set in the process that is the stand.
const AS_STAND: &str = "TAPTILL_TEST_IS_A_STAND";

/// The stand's process. It ends when its standard input closes.
struct Beside {
    child: Child,
    address: String,
    /// Held, so that it may go on printing.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Beside {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "nothing_of_a_sale_is_left_in_memory", "--nocapture"])
            .env(AS_STAND, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = said.find_map(|line| line.unwrap().strip_prefix("stand at ").map(str::to_owned));
        Self { child, address: address.expect("the stand says where it is"), _said: said }
    }

    /// Asks one thing; the text of the member that is wanted.
    fn ask(&self, request: &str, member: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer[member].as_str().unwrap_or_else(|| panic!("{request}: {answer}")).to_owned()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}

/// What the process beside does: it is a stand until nobody holds its standard input.
fn be_a_stand() {
    let stand = Stand::start().unwrap();
    println!("\nstand at {}", stand.address());
    let _closed = std::io::stdin().read_to_end(&mut Vec::new());
}

/// A card in the other process, in the framing of `vpcd`; sees whether the needles came by.
struct FarCard {
    stream: Mutex<TcpStream>,
    needles: Arc<Vec<Needle>>,
    seen: Mutex<Vec<&'static str>>,
}

impl CardChannel for FarCard {
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardFault> {
        let mut stream = self.stream.lock().unwrap();
        let frame = [&(command.len() as u16).to_be_bytes(), command.as_slice()].concat();
        stream.write_all(&frame).map_err(|_| CardFault::Lost)?;
        let mut length = [0; 2];
        stream.read_exact(&mut length).map_err(|_| CardFault::Lost)?;
        let mut response = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut response).map_err(|_| CardFault::Lost)?;
        let mut seen = self.seen.lock().unwrap();
        for needle in self.needles.iter().filter(|needle| needle.is_in(&response)) {
            // Once is enough: the search takes a while.
            if !seen.contains(&needle.name) {
                assert!(!needle.found().is_empty(), "the control: what is held is found");
                seen.push(needle.name);
            }
        }
        drop(seen);
        Ok(response)
    }
}

/// The published test number of the simulated card.
const NUMBER: &[u8] = b"4761739001010119";

#[test]
fn nothing_of_a_sale_is_left_in_memory() {
    if std::env::var_os(AS_STAND).is_some() {
        return be_a_stand();
    }
    let beside = Beside::start();
    let provisioning_file = beside.ask(r#"{"do":"till"}"#, "provisioning");
    let home = std::path::Path::new(&provisioning_file).parent().unwrap().join("till-of-memory");
    let home = home.to_str().unwrap().to_owned();
    let device = taptill_sandbox::scratch::folder("memory");
    let phone = Phone::new(device.path().join("device"));

    let number = Needle::new("number", NUMBER.iter().copied());
    let packed = NUMBER.chunks(2).map(|two| (two[0] & 15) << 4 | two[1] & 15);
    let packed = Needle::new("packed number", packed);
    let cards = Arc::new(vec![number, packed]);
    let mut keys = Vec::new();

    let provisioning = std::fs::read(&provisioning_file).unwrap();
    keys.push(Needle::new("master key in hex", after(&provisioning, b"\"master_key_hex\": \"", 32).iter().copied()));
    let digits = after(&provisioning, b"\"master_key_hex\": \"", 32).chunks(2);
    let nibble = |digit: u8| (digit as char).to_digit(16).unwrap() as u8;
    keys.push(Needle::new("master key", digits.map(|two| nibble(two[0]) << 4 | nibble(two[1]))));
    keys.push(Needle::new("private key", after(&provisioning, b"PRIVATE KEY-----\\n", 48).iter().copied()));
    assert!(!keys[0].found().is_empty() && !keys[2].found().is_empty(), "the control: the file is held");
    provision_till(&home, &provisioning, phone.ports()).unwrap();
    drop(provisioning);

    let terminal = support::open(&home, phone.ports());
    let operation = terminal.payments().unwrap().start_sale(order("A-1", 500)).unwrap();
    phone.observer.field_goes_on();
    let stream = TcpStream::connect(beside.ask(r#"{"do":"card","name":"visa"}"#, "address")).unwrap();
    let card = Arc::new(FarCard { stream: Mutex::new(stream), needles: cards.clone(), seen: Mutex::default() });
    terminal.present(card.clone()).unwrap();
    let attempt = wait(operation.await_outcome()).unwrap();
    assert_eq!(attempt.state, AttemptState::Approved);
    assert!(card.seen.lock().unwrap().contains(&"packed number"), "the control: the card gave its number");

    // The sale is over and the till is open: it holds its keys as the ciphers' schedules, and of the card nothing.
    drop((operation, card));
    for needle in cards.iter().chain(&keys) {
        assert_eq!(needle.found(), [""; 0], "the {} after the sale", needle.name);
    }
    terminal.close().unwrap();
    drop(terminal);
    for needle in cards.iter().chain(&keys) {
        assert_eq!(needle.found(), [""; 0], "the {} after closing", needle.name);
        let held = std::hint::black_box(needle.bytes());
        assert_eq!(needle.found().len(), 1, "the control: the {} is found where it is", needle.name);
        drop(held);
    }
}

/// So many bytes after a mark.
fn after<'a>(bytes: &'a [u8], mark: &[u8], count: usize) -> &'a [u8] {
    let place = bytes.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len();
    &bytes[place..place + count]
}
