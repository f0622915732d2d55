//! The stand on a socket: one JSON object a line, each way, a thread a connection.
//!
//! A request that is refused is answered and the connection goes on; a line that is too long ends it, for where the
//! next one begins could not be trusted. It listens on this machine alone. Evidence: `mod tests`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::keeper::Keeper;
use super::request::{Refusal, read};
use crate::host::{Host, HostError};

const LINE_BYTES_MAX: u64 = 64 * 1024;
const REST_AFTER_FAULT: Duration = Duration::from_millis(50);

/// Tills, hosts and cards for tests in any language.
pub struct Stand;

impl Stand {
    /// Starts a stand on any free port of this machine.
    ///
    /// # Errors
    /// `AddressUnusable`, `ThreadFailed`.
    pub fn start() -> Result<RunningStand, HostError> {
        let listener = TcpListener::bind(Host::any_port()).map_err(|_| HostError::AddressUnusable)?;
        let address = listener.local_addr().map_err(|_| HostError::AddressUnusable)?;
        let keeper = Arc::new(Keeper::new());
        let kept = Arc::clone(&keeper);
        let listen = thread::Builder::new().name("taptill-stand".into()).spawn(move || accept_all(&listener, &kept));
        listen.map_err(|_| HostError::ThreadFailed)?;
        Ok(RunningStand { address, keeper })
    }
}

/// A stand that listens, for as long as the process runs.
pub struct RunningStand {
    address: SocketAddr,
    keeper: Arc<Keeper>,
}

impl RunningStand {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every host and card, and removes the stand's folders. The process should end now.
    pub fn clear(&self) {
        self.keeper.clear();
    }
}

fn accept_all(listener: &TcpListener, keeper: &Arc<Keeper>) {
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // Out of file handles, as a rule: wait for connections to end.
            thread::sleep(REST_AFTER_FAULT);
            continue;
        };
        let keeper = Arc::clone(keeper);
        // Without a thread the client sees its connection closed.
        let _ = thread::Builder::new().name("taptill-stand-client".into()).spawn(move || serve(&stream, &keeper));
    }
}

/// Answers lines until the client leaves or sends one that is too long.
fn serve(stream: &TcpStream, keeper: &Keeper) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        lines.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let too_long = line.len() as u64 > LINE_BYTES_MAX;
        let answer = if too_long {
            Err(Refusal::Malformed("a line has at most 65536 bytes".to_owned()))
        } else {
            read(&line).and_then(|request| keeper.answer(request))
        };
        let mut stream = stream;
        stream.write_all(format!("{}\n", object(answer)).as_bytes())?;
        if too_long {
            return Ok(());
        }
    }
}

fn object(answer: Result<Value, Refusal>) -> Value {
    answer.unwrap_or_else(|refusal| json!({ "error": { "code": refusal.code(), "message": refusal.message() } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(stream: &TcpStream, line: &[u8]) -> Value {
        let mut answers = BufReader::new(stream);
        let mut stream = stream;
        stream.write_all(line).unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    #[test]
    fn a_refused_line_is_answered_and_the_next_one_is_heard() {
        let stand = Stand::start().unwrap();
        let stream = TcpStream::connect(stand.address()).unwrap();
        for line in [&b"\n"[..], b"hello\n", b"\xFF\xFE\n", b"{\"do\":\"dance\"}\n", b"[[[[\n"] {
            assert_eq!(ask(&stream, line)["error"]["code"], "stand_request_malformed");
        }
        assert!(ask(&stream, b"{\"do\":\"card\",\"name\":\"visa\"}\n")["address"].is_string());
        stand.clear();
    }

    #[test]
    fn a_line_without_end_is_refused_and_ends_its_connection_alone() {
        let stand = Stand::start().unwrap();
        let stream = TcpStream::connect(stand.address()).unwrap();
        let answer = ask(&stream, &[b'x'; LINE_BYTES_MAX as usize + 1]);
        assert_eq!(answer["error"]["message"], "a line has at most 65536 bytes");
        assert_eq!((&stream).read(&mut [0]).unwrap_or(0), 0);
        let other = TcpStream::connect(stand.address()).unwrap();
        assert!(ask(&other, b"{\"do\":\"card\",\"name\":\"visa\"}\n")["address"].is_string());
        stand.clear();
    }
}
