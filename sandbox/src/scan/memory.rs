//! Looking for secrets in the memory of another process.
//!
//! The process stands still while it is read (SIGSTOP), all of what it can write is read, and neighbouring mappings
//! are read as one, so that nothing hides across a page's end. Linux alone: it reads `/proc`.
//!
//! What it cannot see: registers, what the kernel holds (pipes, sockets), and pages that were swapped out are read
//! back in. Evidence: `mod tests` below, `sandbox/tests/memory_scan.rs`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::{Encoding, Needles, runs};

/// A needle that was found in memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryHit {
    /// The needle's name.
    pub needle: &'static str,
    /// The coat it wears.
    pub encoding: Encoding,
    /// What the mapping is: `[heap]`, `[stack]`, a file, or nothing for memory without a name.
    pub mapping: String,
    /// Where it begins.
    pub address: u64,
}

/// What a process can write, as it was when it stood still.
pub struct Memory {
    spans: Vec<Span>,
}

/// Mappings that touch each other.
struct Span {
    begin: u64,
    bytes: Vec<u8>,
    /// The end of each of them, and its name.
    mappings: Vec<(u64, String)>,
}

impl Memory {
    /// Stops a process, copies what it can write, and lets it go on.
    ///
    /// # Errors
    /// Where there is no such process, or it may not be read.
    pub fn of(process: u32) -> io::Result<Self> {
        let stopped = Stopped::new(process)?;
        let spans = read_spans(process)?;
        drop(stopped);
        Ok(Self { spans })
    }

    /// How many bytes there are that are not zeros of a whole page.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.spans.iter().flat_map(|span| runs(&span.bytes)).map(|run| run.len()).sum()
    }

    /// Everything that is found in it.
    #[must_use]
    pub fn find(&self, needles: &Needles) -> Vec<MemoryHit> {
        let mut hits = Vec::new();
        for span in &self.spans {
            hits.extend(needles.find_in(&span.bytes).into_iter().map(|hit| {
                let address = span.begin + hit.offset as u64;
                let mapping = span.mappings.iter().find(|(end, _)| address < *end);
                let mapping = mapping.map_or_else(String::new, |(_, name)| name.clone());
                MemoryHit { needle: hit.needle, encoding: hit.encoding, mapping, address }
            }));
        }
        hits
    }

    /// The bytes around an address, for whoever has to find out what holds a needle.
    #[must_use]
    pub fn around(&self, address: u64, before: usize, after: usize) -> &[u8] {
        let span = self.spans.iter().find(|span| (span.begin..span.begin + span.bytes.len() as u64).contains(&address));
        let Some(span) = span else { return &[] };
        let at = (address - span.begin) as usize;
        &span.bytes[at.saturating_sub(before)..span.bytes.len().min(at + after)]
    }
}

/// A process that stands still until this is dropped.
struct Stopped(u32);

impl Stopped {
    fn new(process: u32) -> io::Result<Self> {
        signal(process, "-STOP")?;
        let stopped = Self(process);
        for _ in 0..1_000 {
            if all_threads_stopped(process)? {
                return Ok(stopped);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the process does not stand still"))
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _gone = signal(self.0, "-CONT");
    }
}

fn signal(process: u32, name: &str) -> io::Result<()> {
    let status = Command::new("kill").args([name, &process.to_string()]).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::from(io::ErrorKind::NotFound)) }
}

fn all_threads_stopped(process: u32) -> io::Result<bool> {
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let facts = fs::read_to_string(thread?.path().join("stat"))?;
        // The state follows the name, which stands in brackets and may hold any character.
        let state = facts.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        if !matches!(state, Some('T' | 't' | 'Z')) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_spans(process: u32) -> io::Result<Vec<Span>> {
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let mut spans: Vec<Span> = Vec::new();
    for line in fs::read_to_string(format!("/proc/{process}/maps"))?.lines() {
        let Some((begin, end, name)) = writable(line) else { continue };
        let mut bytes = vec![0; (end - begin) as usize];
        memory.read_exact_at(&mut bytes, begin)?;
        match spans.last_mut() {
            Some(span) if span.begin + span.bytes.len() as u64 == begin => {
                span.bytes.extend_from_slice(&bytes);
                span.mappings.push((end, name));
            }
            _ => spans.push(Span { begin, bytes, mappings: vec![(end, name)] }),
        }
    }
    Ok(spans)
}

/// Begin, end and name of a mapping that can be read and written (`proc_pid_maps(5)`).
fn writable(line: &str) -> Option<(u64, u64, String)> {
    let mut words = line.split_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    if !rights.starts_with("rw") {
        return None;
    }
    let (begin, end) = range.split_once('-')?;
    let name = words.nth(3).unwrap_or_default().to_owned();
    Some((u64::from_str_radix(begin, 16).ok()?, u64::from_str_radix(end, 16).ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_written_is_read() {
        let heap = "55d4c0a00000-55d4c0a21000 rw-p 00000000 00:00 0                          [heap]";
        assert_eq!(writable(heap), Some((0x55d4_c0a0_0000, 0x55d4_c0a2_1000, "[heap]".to_owned())));
        assert_eq!(writable("7f00-8f00 rw-p 00000000 00:00 0 "), Some((0x7f00, 0x8f00, String::new())));
        assert_eq!(writable("7f00-8f00 r--p 00000000 08:01 12 /bin/cat"), None);
        assert_eq!(writable("7f00-8f00 ---p 00000000 00:00 0"), None);
    }
}
