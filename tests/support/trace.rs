//! What happened in a world, in order, as one hash: the same seed gives the same trace.

use ring::digest::{Context, SHA256};

/// A running hash of everything that was seen. It can be said aloud, to follow one seed.
pub struct Trace {
    hash: Context,
    pub aloud: bool,
}

impl Trace {
    pub fn new() -> Self {
        Self { hash: Context::new(&SHA256), aloud: false }
    }

    /// Something happened at this time. Bytes go into the hash and are never shown.
    pub fn note(&mut self, now_ms: u64, what: &str, bytes: &[u8]) {
        for part in [&now_ms.to_be_bytes(), what.as_bytes(), bytes] {
            self.hash.update(&(part.len() as u64).to_be_bytes());
            self.hash.update(part);
        }
        if self.aloud {
            println!("{now_ms:>10} {what:.160}");
        }
    }

    /// The hash so far, in hex.
    pub fn hex(&self) -> String {
        self.hash.clone().finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
