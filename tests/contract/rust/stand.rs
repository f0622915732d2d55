//! The stand in this process, asked over its socket as the other languages ask it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use taptill_sandbox::stand::{RunningStand, Stand};

use crate::args::Failure;

pub struct StandClient(RunningStand);

/// What the stand gave a case.
pub struct Till {
    pub home: String,
    pub provisioning: Vec<u8>,
}

impl StandClient {
    pub fn start() -> Self {
        Self(Stand::start().expect("the stand starts"))
    }

    pub fn ask(&self, request: &Value) -> Result<Value, Failure> {
        ask(self.address(), request)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    pub fn till(&self, dialect: Option<&str>) -> Result<Till, Failure> {
        let mut request = json!({ "do": "till" });
        if let Some(dialect) = dialect {
            request["dialect"] = dialect.into();
        }
        let till = self.ask(&request)?;
        let text = |key: &str| till[key].as_str().unwrap_or_default().to_owned();
        let provisioning = std::fs::read(text("provisioning")).map_err(|_| Failure::unknown("no provisioning"))?;
        Ok(Till { home: text("home"), provisioning })
    }
}

impl Drop for StandClient {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// Asks a stand one thing.
pub fn ask(address: SocketAddr, request: &Value) -> Result<Value, Failure> {
    let refused = |error: std::io::Error| Failure::unknown(format!("the stand: {error}"));
    let mut stream = TcpStream::connect(address).map_err(refused)?;
    stream.write_all(format!("{request}\n").as_bytes()).map_err(refused)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).map_err(refused)?;
    let answer: Value = serde_json::from_str(&answer).map_err(|_| Failure::unknown("the stand said nothing"))?;
    if answer["error"].is_null() { Ok(answer) } else { Err(Failure::unknown(format!("the stand: {answer}"))) }
}
