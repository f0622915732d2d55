//! The writable memory of this process, searched for bytes that this process has nowhere else.
//!
//! A needle is kept masked and compared byte by byte, so that the search does not make what it looks for.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

use std::fs::File;
use std::os::unix::fs::FileExt;

const MASK: u8 = 0xA7;
const PIECE: usize = 1 << 14;
static ZEROS: [u8; PIECE] = [0; PIECE];

/// What is looked for, masked.
pub struct Needle {
    pub name: &'static str,
    masked: Vec<u8>,
}

impl Needle {
    pub fn new(name: &'static str, bytes: impl Iterator<Item = u8>) -> Self {
        Self { name, masked: bytes.map(|byte| byte ^ MASK).collect() }
    }

    /// Where it is in writable memory, as the kinds of the mappings: `[heap]`, `[stack]`, or a library's or no name.
    pub fn found(&self) -> Vec<String> {
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut buffer = vec![0; PIECE];
        // What is read is memory too, and not looked at.
        let own = buffer.as_ptr() as u64..buffer.as_ptr() as u64 + buffer.len() as u64;
        let overlap = self.masked.len() as u64 - 1;
        let mut found = Vec::new();
        for (from, to, kind) in maps.lines().filter(|line| line.contains(" rw")).filter_map(mapping) {
            for (mut at, to) in [(from, to.min(own.start)), (from.max(own.end), to)] {
                while at < to {
                    let wanted = buffer.len().min((to - at) as usize);
                    let Ok(read @ 1..) = memory.read_at(&mut buffer[..wanted], at) else { break };
                    // Most of it is zeros, which are compared faster than searched.
                    if buffer[..read] != ZEROS[..read] {
                        found.extend(self.places(&buffer[..read]).map(|_| kind.clone()));
                    }
                    // The needle may lie across two pieces, so each begins with the end of the one before.
                    let is_last = at + (read as u64) >= to;
                    at += (read as u64).saturating_sub(if is_last { 0 } else { overlap }).max(1);
                }
            }
        }
        found
    }

    /// The bytes themselves, for a control.
    pub fn bytes(&self) -> Vec<u8> {
        self.masked.iter().map(|masked| masked ^ MASK).collect()
    }

    /// Whether these bytes hold it.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.places(bytes).next().is_some()
    }

    fn places(&self, piece: &[u8]) -> impl Iterator<Item = usize> {
        let is_here = |window: &[u8]| window.iter().zip(&self.masked).all(|(byte, masked)| byte ^ MASK == *masked);
        piece.windows(self.masked.len()).enumerate().filter(move |(_, window)| is_here(window)).map(|(place, _)| place)
    }
}

fn mapping(line: &str) -> Option<(u64, u64, String)> {
    let mut words = line.split_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let kind = words.nth(4).unwrap_or("no name").to_owned();
    Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?, kind))
}
