//! What happened, in order, as one hash: the same seed gives the same bytes. It can be kept as lines, to follow one day.
//!
//! It never shows a message's bytes; they go into the hash alone. Evidence: `sandbox/simulator/tests/same_bytes.rs`.

use ring::digest::{Context, SHA256};

/// A running hash, and the lines where they are wanted.
pub(crate) struct Trace {
    hash: Context,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub fn new(keeps_lines: bool) -> Self {
        Self { hash: Context::new(&SHA256), lines: keeps_lines.then(Vec::new) }
    }

    /// Whether somebody wants to read it.
    pub fn keeps_lines(&self) -> bool {
        self.lines.is_some()
    }

    pub fn note(&mut self, at_ms: u64, what: &str, bytes: &[u8]) {
        for part in [&at_ms.to_be_bytes(), what.as_bytes(), bytes] {
            self.hash.update(&(part.len() as u64).to_be_bytes());
            self.hash.update(part);
        }
        if let Some(lines) = &mut self.lines {
            let size = if bytes.is_empty() { String::new() } else { format!(" ({} bytes)", bytes.len()) };
            lines.push(format!("{at_ms:>12} {what}{size}"));
        }
    }

    pub fn end(self) -> (String, Vec<String>) {
        (hex(self.hash.finish().as_ref()), self.lines.unwrap_or_default())
    }
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
