//! What the heap gives back holds nothing of what was in it: the process's own memory is searched for it.
//!
//! The control is the same needle while it is still held: the search finds it then. One test in a process of its own,
//! since another test's memory is searched as well.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/memory.rs"]
mod memory;
mod support;

use std::hint::black_box;

use memory::Needle;
use support::{ALICE, Shop, code, wait};
use taptill_ffi::{SecretSink, provision_till};

/// Bytes that this process has nowhere else: made while it runs, one by one.
fn bytes(seed: u8) -> impl Iterator<Item = u8> {
    (0..96u32).map(move |place| (place.wrapping_mul(2_654_435_761) >> 24) as u8 ^ seed)
}

fn needle(seed: u8) -> Vec<u8> {
    bytes(seed).collect()
}

/// How often the needle of this seed is in the writable memory of this process.
fn found(seed: u8) -> usize {
    Needle::new("needle", bytes(seed)).found().len()
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

    // Nor do passwords and a recovery code, right and wrong, once the till is locked.
    let shop = shop.set_up();
    let till = shop.till();
    let people = till.terminal.people().unwrap();
    let (new, wrong) = (typed(5), typed(6));
    let work = people.change_password(ALICE.1, &new).unwrap();
    assert_eq!(code(wait(work.await_done())), "ok");
    wait(people.lock()).unwrap();
    assert_eq!(code(wait(people.unlock(&wrong).unwrap().await_done())), "sign_in_refused");
    drop(work);
    for (typed, name) in [(&new, "the new password"), (&wrong, "the wrong one")] {
        let needle = Needle::new(name, typed.iter().copied());
        assert_eq!(needle.found().len(), 1, "{name}: the caller's own");
    }
    assert_eq!(code(wait(people.unlock(&new).unwrap().await_done())), "ok", "the control: it is the password");
}

/// A password that this process has nowhere else.
fn typed(seed: u8) -> Vec<u8> {
    bytes(seed).map(|byte| b'a' + byte % 26).chain(*b" 1").collect()
}
