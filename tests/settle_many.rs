//! A batch of many payments is settled record by record, and a page of them is all that is in hand.
//!
//! `TAPTILL_MANY=10000 cargo test --test settle_many -- --nocapture` does it with as many as a busy shop has, and says
//! how much more memory the settlement took than the selling before it.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::time::Instant;

use support::world::World;
use taptill::iso8583::Op;
use taptill::payment::batch::state::BatchState;
use taptill::payment::state::State;

const MANY: u64 = 250;

/// Peak resident memory in KiB, where the system says.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

#[test]
fn a_large_batch_is_uploaded_whole_and_closed_once() {
    let many = std::env::var("TAPTILL_MANY").map_or(MANY, |many| many.parse().expect("TAPTILL_MANY is a number"));
    let mut world = World::new(1);
    for sale in 0..many {
        let view = world.sell(&format!("A-{sale}"), 100 + sale).unwrap().unwrap();
        assert_eq!(view.state, State::Approved);
    }
    // The host has lost a booking: it wants every record.
    let lost = world.host.book.keys().next().unwrap().clone();
    world.host.book.remove(&lost);
    let (before, begun) = (peak_kib(), Instant::now());
    let mut view = world.settle().unwrap().unwrap();
    while view.state != BatchState::Closed {
        world.wait(5_000);
        view = world.batch(Some(1)).unwrap();
    }
    println!("{many} records in {:?}, {} KiB more at the peak", begun.elapsed(), peak_kib() - before);
    assert_eq!((view.records, view.uploaded), (many, many));
    assert_eq!(view.totals.0[0].sums.sale.minor, (0..many).map(|sale| 100 + sale).sum::<u64>());
    let host = &world.host.batches[&1];
    assert_eq!((host.closed, host.lines.len() as u64), (1, many));
    let messages = world.host.arrived.iter().filter(|(op, _, _)| *op == Op::BatchUpload).count() as u64;
    assert_eq!(messages, many.div_ceil(12), "twelve records a message, each once");
}
