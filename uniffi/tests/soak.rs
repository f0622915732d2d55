//! Many sales through one open till: memory stays flat, every card is let go, no thread is left.
//!
//! 500 sales in the ordinary run, 10,000 with `TAPTILL_LONG=1`. One test in a process of its own, whose memory is
//! measured. The host is in it too, with its book on disk.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::sync::{Arc, Weak};

use support::{Card, Shop, library_threads, until, wait};
use taptill_ffi::AttemptState;

/// What the sales after the first hundred may add, in KiB: caches of SQLite's that fill up, and the allocator's slack.
const GROWTH_KIB_MAX: u64 = 6 * 1024;

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn many_sales_leave_memory_flat_and_nothing_behind() {
    let sales = if std::env::var_os("TAPTILL_LONG").is_some() { 10_000 } else { 500 };
    let shop = Shop::new();
    let till = shop.till();
    let events = till.terminal.events().unwrap();
    let mut cards: Vec<Weak<Card>> = Vec::new();
    let mut after_warming_up = 0;
    let begun = std::time::Instant::now();
    for number in 1..=sales {
        let operation = till.start("", 100).unwrap();
        let card = Arc::new(Card::of("visa"));
        cards.push(Arc::downgrade(&card));
        till.phone.observer.field_goes_on();
        till.terminal.present(card).unwrap();
        let attempt = wait(operation.await_outcome()).unwrap();
        assert_eq!(attempt.state, AttemptState::Approved, "sale {number}");
        drop(operation);
        if number % 25 == 0 {
            let page = events.after(None, 100).unwrap();
            events.acknowledge(page.events.last().unwrap().cursor).unwrap();
            till.phone.observer.forget();
            // Those that are let go need not be watched any more.
            cards.retain(|card| card.upgrade().is_some());
        }
        if number == 100 {
            after_warming_up = resident_kib();
        }
    }
    let (resident, took) = (resident_kib(), begun.elapsed());
    println!("{sales} sales in {took:.1?}, resident {after_warming_up} KiB after 100 and {resident} KiB at the end");
    assert!(
        resident < after_warming_up + GROWTH_KIB_MAX,
        "{after_warming_up} KiB after 100 sales, {resident} KiB at the end"
    );
    assert_eq!(shop.net_minor(), sales * 100);
    until("every card is let go", || cards.iter().all(|card| card.upgrade().is_none()));
    // Those who waited for an outcome have gone; the till's own threads are there.
    until("only the till's own threads are left", || library_threads().len() == 3);
    till.terminal.close().unwrap();
    until("no thread is left", || library_threads().is_empty());
}
