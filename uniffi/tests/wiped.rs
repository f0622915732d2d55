//! What the heap gives back holds nothing of what was in it: the process's own memory is searched for it.
//!
//! The control is the same needle while it is still held: the search finds it then. One test in a process of its own,
//! since another test's memory is searched as well.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support;

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;

use support::{Shop, code};
use taptill_ffi::{SecretSink, provision_till};

/// Bytes that this process has nowhere else: made while it runs, and never whole but in the returned buffer.
fn needle(seed: u8) -> Vec<u8> {
    (0..96u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8 ^ seed).collect()
}

/// How often the needle of this seed is in the writable memory of this process.
fn found(seed: u8) -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut buffer = vec![0; 1 << 20];
    // What is read is memory too, and not looked at.
    let own = buffer.as_ptr() as u64..buffer.as_ptr() as u64 + buffer.len() as u64;
    let mut found = 0;
    for (from, to) in maps.lines().filter(|line| line.contains(" rw")).filter_map(range) {
        for (mut at, to) in [(from, to.min(own.start)), (from.max(own.end), to)] {
            while at < to {
                let wanted = buffer.len().min((to - at) as usize);
                let Ok(read @ 1..) = memory.read_at(&mut buffer[..wanted], at) else { break };
                found += occurrences(&buffer[..read], seed);
                // The needle may lie across two pieces, so each begins with the end of the one before.
                at += (read as u64).saturating_sub(if at + (read as u64) < to { 95 } else { 0 }).max(1);
            }
        }
    }
    found
}

fn range(line: &str) -> Option<(u64, u64)> {
    let (from, to) = line.split_once(' ')?.0.split_once('-')?;
    Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?))
}

/// Compares byte by byte, so that the needle is nowhere but where it is looked for.
fn occurrences(piece: &[u8], seed: u8) -> usize {
    let is_needle = |window: &&[u8]| {
        let expected = |place: usize| ((place as u32).wrapping_mul(2_654_435_761) >> 24) as u8 ^ seed;
        window.iter().enumerate().all(|(place, byte)| *byte == expected(place))
    };
    piece.windows(96).filter(is_needle).count()
}

#[test]
fn what_is_freed_is_overwritten() {
    let held = black_box(needle(1));
    assert_eq!(found(1), 1, "the control: what is held is found");
    drop(held);
    assert_eq!(found(1), 0, "and not once it is freed");

    let grown = {
        let mut growing = needle(2);
        growing.shrink_to_fit();
        growing.reserve_exact(1 << 16);
        black_box(growing)
    };
    assert_eq!(found(2), 1, "growing leaves nothing behind");
    drop(grown);

    // A secret that a shell puts in, and one that is refused, leave no copy behind.
    let sink = SecretSink::default();
    let secret = needle(3);
    sink.put(&secret).unwrap();
    assert_eq!(found(3), 2, "the control: the caller's and the sink's");
    drop(secret);
    drop(sink);
    assert_eq!(found(3), 0);

    let shop = Shop::unprovisioned();
    let mut provisioning = shop.provisioning().to_vec();
    provisioning.extend(needle(4));
    let refused = provision_till(&shop.home(), &provisioning, shop.phone().ports());
    assert_eq!(code(refused), "configuration_invalid");
    assert_eq!(found(4), 1, "the caller's own");
    drop(provisioning);
    assert_eq!(found(4), 0);
}
