//! A till's long life: people come and go hundreds of times, with the real derivation, and nothing grows.
//!
//! 200 sign-ins and sign-outs ordinarily, 10,000 with `TAPTILL_LONG=1`. Memory is the resident set after a warm-up, of a
//! process of its own whose allocator gives a derivation's memory back at once; the control keeps what a till forgets,
//! and is found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod support;

use people_support::House;
use taptill::till::Ask;
use taptill_sandbox::people::{ALICE, BOB};

/// What a run may grow by: the allocator's and SQLite's own coming and going.
const GROWTH_KIB_MAX: u64 = 8 * 1024;

/// glibc's allocator would keep blocks of this size for the next derivation, as many as happen to fit.
const GIVES_BACK: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "1048576");

#[test]
fn people_come_and_go_and_nothing_grows() {
    if std::env::var_os(GIVES_BACK.0).is_some() {
        return come_and_go();
    }
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", "people_come_and_go_and_nothing_grows", "--nocapture"]).env(GIVES_BACK.0, GIVES_BACK.1);
    assert!(alone.status().unwrap().success(), "see above");
}

fn come_and_go() {
    let times = if std::env::var_os("TAPTILL_LONG").is_some() { 10_000 } else { 200 };
    let mut house = House::empty(2);
    house.derives_for_real = true;
    house.provision().unwrap();
    house.open().unwrap();
    house.claim().unwrap();
    house.ask(Ask::AddOperator(BOB.as_new())).unwrap();
    house.ask(Ask::SignOut).unwrap();
    let mut warm = 0;
    for round in 0..times {
        let person = if round % 2 == 0 { ALICE } else { BOB };
        house.sign_in(person).unwrap_or_else(|error| panic!("round {round}: {error}"));
        if round % 3 == 0 {
            house.ask(Ask::Lock).unwrap();
            house.unlock(person.password).unwrap();
        }
        house.ask(Ask::SignOut).unwrap();
        house.notices.clear();
        if round == times / 4 {
            warm = resident_kib();
        }
    }
    let grown = resident_kib().saturating_sub(warm);
    assert!(grown <= GROWTH_KIB_MAX, "{grown} KiB more after {times} sessions");
    house.sign_in(ALICE).unwrap();
    let report = house.verify();
    assert!(report.size >= 3 * times, "{} events", report.size);
    let said = house.said(ALICE, ALICE.password);
    let count = |kind: &str| said.iter().filter(|said| said.starts_with(kind)).count() as u64;
    assert_eq!(count("operator.signed_in"), times + 2, "and one for the claim, one for the end");
    assert_eq!(count("operator.session_cut"), 0);
    assert_eq!(count("operator.locked"), times.div_ceil(3));
}

#[test]
fn a_till_that_forgot_nothing_would_be_found() {
    let before = resident_kib();
    let kept: Vec<Vec<u8>> = (0..200).map(|round| vec![round as u8 | 1; 64 * 1024]).collect();
    let grown = resident_kib().saturating_sub(before);
    assert!(grown > GROWTH_KIB_MAX, "{grown} KiB for {} sessions that are kept", kept.len());
}

/// The memory that this process holds, in KiB; 0 where the system does not say.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
