//! A till's long day: thousands of payments in one process, and nothing grows but the record.
//!
//! 500 payments ordinarily, 10,000 with `TAPTILL_LONG=1`. Memory is the resident set after the first tenth against the
//! end; the record may grow by [`FILE_BYTES_A_PAYMENT_MAX`] a payment. Every seventh payment is lost and reversed. The
//! control keeps each payment's outcome a thousandfold, and is found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use support::host::Trouble;
use support::world::World;
use taptill::payment::state::State;

/// What a run may grow by: the allocator's and SQLite's own coming and going.
const GROWTH_KIB_MAX: u64 = 4 * 1024;
const FILE_BYTES_A_PAYMENT_MAX: u64 = 12 * 1024;

#[test]
fn thousands_of_payments_leave_the_memory_as_it_was() {
    let payments = if std::env::var_os("TAPTILL_LONG").is_some() { 10_000 } else { 500 };
    let mut world = World::new(7);
    let (mut warm, mut file_before) = (0, 0);
    for number in 0..payments {
        let lost = number % 7 == 3;
        if lost {
            world.host.troubles.push_back(Trouble::NoAnswer);
        }
        let sale = world.sell(&format!("P-{number}"), 100 + number).unwrap().unwrap();
        assert_eq!(sale.state == State::Approved, !lost, "payment {number}: {}", sale.state);
        if lost {
            world.wait(5_000);
        }
        forget_what_the_test_keeps(&mut world);
        if number == payments / 10 {
            (warm, file_before) = (resident_kib(), journal_bytes(&world));
        }
    }
    let grown = resident_kib().saturating_sub(warm);
    let per_payment = (journal_bytes(&world) - file_before) / (payments - payments / 10);
    println!("{payments} payments: {grown} KiB more memory after the first tenth, {per_payment} bytes of record each");
    assert!(grown <= GROWTH_KIB_MAX, "{grown} KiB more after {payments} payments");
    assert!(per_payment <= FILE_BYTES_A_PAYMENT_MAX, "{per_payment} bytes a payment");
    assert!(world.resolve().unwrap().left.is_empty());
    world.verify();
}

#[test]
fn a_till_that_forgot_nothing_would_be_found() {
    let mut world = World::new(8);
    let sale = world.sell("KEPT", 100).unwrap().unwrap();
    let before = resident_kib();
    let kept: Vec<_> = (0..50_000).map(|_| sale.clone()).collect();
    let grown = resident_kib().saturating_sub(before);
    assert!(grown > GROWTH_KIB_MAX, "{grown} KiB for {} outcomes that are kept", kept.len());
}

/// What was seen and heard around the till is not the till's memory.
fn forget_what_the_test_keeps(world: &mut World) {
    world.notices.clear();
    world.begun.clear();
    world.told_approved.clear();
    world.plan.die_at(None);
    world.host.heard.clear();
    world.host.book.clear();
    world.host.reversals.clear();
    world.host.reversal_reasons.clear();
}

/// The record's own file and its log.
fn journal_bytes(world: &World) -> u64 {
    let files = std::fs::read_dir(world.folder()).unwrap().map(|entry| entry.unwrap());
    files.filter(|file| file.path().is_file()).map(|file| file.metadata().unwrap().len()).sum()
}

/// The memory that this process holds, in KiB; 0 where the system does not say.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
