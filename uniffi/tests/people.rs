//! People across the border: work on passwords that nobody need wait for, a code that is read once, and rubbish.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

use support::{ALICE, Shop, code, until, wait};
use taptill_ffi::{
    Notice, Observer, OperatorRole, PasswordWork, People, PortFault, Ports, Proofs, Standing, Terminal, TillError,
    shipped_policy,
};

const BOB: (&str, &[u8]) = ("bob", b"tall ships sail at 7 bells");

fn ended(work: Result<Arc<PasswordWork>, TillError>) -> String {
    code(work.and_then(|work| wait(work.await_done())))
}

#[test]
fn work_on_a_password_goes_on_whatever_becomes_of_its_handle() {
    let shop = Shop::new();
    let till = shop.till();
    let people = till.terminal.people().unwrap();
    wait(people.sign_out()).unwrap();
    drop(people.sign_in(ALICE.0, ALICE.1).unwrap());
    until("alice is in", || till.terminal.state().unwrap().standing == Standing::SignedIn);
}

#[test]
fn many_may_wait_for_the_same_work_and_each_hears_its_end() {
    let shop = Shop::new();
    let till = shop.till();
    let people = till.terminal.people().unwrap();
    wait(people.sign_out()).unwrap();
    for (password, expected) in [(&b"not this one 1"[..], "sign_in_refused"), (ALICE.1, "ok")] {
        let work = people.sign_in(ALICE.0, password).unwrap();
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                let work = work.clone();
                std::thread::spawn(move || wait(work.await_done()))
            })
            .collect();
        for told in waiting {
            assert_eq!(code(told.join().unwrap()), expected);
        }
        assert_eq!(code(wait(work.await_done())), expected, "and later, too");
    }
}

#[test]
fn a_till_that_closes_tells_whoever_waits_for_a_password() {
    let shop = Shop::new();
    let till = shop.till();
    let people = till.terminal.people().unwrap();
    let work = people.sign_in(ALICE.0, ALICE.1).unwrap();
    till.terminal.close().unwrap();
    let told = code(wait(work.await_done()));
    assert!(["ok", "terminal_closed"].contains(&told.as_str()), "{told}");
    assert_eq!(ended(people.sign_in(ALICE.0, ALICE.1)), "terminal_closed");
    assert_eq!(ended(people.claim("carol", BOB.1)), "terminal_closed");
    assert_eq!(code(wait(people.lock())), "terminal_closed");
    assert_eq!(code(people.operators()), "terminal_closed");
    assert_eq!(code(till.terminal.state()), "terminal_closed");
    assert_eq!(code(till.terminal.proofs().unwrap().checkpoint()), "terminal_closed");
}

#[test]
fn a_recovery_code_is_read_a_character_a_call_and_forgotten_when_it_is_wiped() {
    let shop = Shop::unprovisioned();
    let phone = shop.phone();
    taptill_ffi::provision_till(&shop.home(), shop.provisioning(), phone.ports()).unwrap();
    let terminal = Terminal::open(&shop.home(), phone.ports()).unwrap();
    let people = terminal.people().unwrap();
    let done = wait(people.claim(ALICE.0, ALICE.1).unwrap().await_done()).unwrap();
    assert!(done.session.is_none());
    let recovery = done.recovery.unwrap();
    let length = recovery.length().unwrap();
    let read: Vec<u8> = (0..length).map(|place| recovery.character(place).unwrap()).collect();
    assert!(length >= 26 && read.is_ascii(), "{length}");
    for place in [length, u32::MAX] {
        assert_eq!(code(recovery.character(place)), "identifier_malformed", "{place}");
    }
    recovery.wipe().unwrap();
    recovery.wipe().unwrap();
    assert_eq!(recovery.length().unwrap(), 0);
    assert_eq!(code(recovery.character(0)), "identifier_malformed");
    wait(people.sign_out()).unwrap();
    assert_eq!(ended(people.recover(&read, "carol", BOB.1)), "ok");
    assert_eq!(terminal.state().unwrap().operator.as_deref(), Some("carol"));
}

#[test]
fn any_bytes_may_be_a_password_and_names_that_are_none_are_refused_at_once() {
    let shop = Shop::new();
    let till = shop.till();
    let people = till.terminal.people().unwrap();
    let bytes: Vec<u8> = (0x80..=0xFF).chain(*b"1").collect();
    assert_eq!(ended(people.add_operator("bob", OperatorRole::Cashier, &bytes, false)), "ok");
    assert_eq!(ended(people.sign_in("bob", &bytes)), "ok");
    assert_eq!(ended(people.sign_in("bob", &bytes)), "already_signed_in");
    let long = vec![b'a'; 1 << 20];
    for password in [&b""[..], &long, b"\0"] {
        assert_eq!(ended(people.change_password(&bytes, password)), "password_refused");
    }
    wait(people.sign_out()).unwrap();
    for password in [&b""[..], &long, b"\0", &bytes[1..]] {
        assert_eq!(ended(people.sign_in("bob", password)), "sign_in_refused");
    }
    for name in ["", "Bob", "9", "b b", "b\0", "../b", "鲍勃", &"b".repeat(33), &"b".repeat(1 << 20)] {
        let refused = [
            code(people.claim(name, BOB.1)),
            code(people.recover(b"x", name, BOB.1)),
            code(people.sign_in(name, BOB.1)),
            code(people.sign_in_with_new(name, BOB.1, BOB.1)),
            code(people.add_operator(name, OperatorRole::Cashier, BOB.1, false)),
            code(people.reset_operator(name, BOB.1)),
            code(wait(people.remove_operator(name.to_owned(), false))),
        ];
        assert!(refused.iter().all(|code| code == "identifier_malformed"), "{refused:?}");
    }
    assert_eq!(code(shipped_policy("pci")), "ok");
    for word in ["", "PCI", "own", "\0"] {
        assert_eq!(code(shipped_policy(word)), "identifier_malformed", "{word}");
    }
}

/// A shell that asks from inside a port would wait for itself.
#[test]
fn a_port_that_lets_people_in_or_out_is_refused_and_nothing_hangs() {
    struct Curious(OnceLock<(Arc<People>, Arc<Proofs>, Arc<Terminal>)>, Mutex<BTreeSet<String>>);
    impl Observer for Curious {
        fn hear(&self, _: Notice) -> Result<(), PortFault> {
            if let Some((people, proofs, terminal)) = self.0.get() {
                let asked = [
                    code(terminal.state()),
                    code(terminal.info()),
                    ended(people.sign_in(ALICE.0, ALICE.1)),
                    ended(people.unlock(ALICE.1)),
                    code(wait(people.lock())),
                    code(wait(people.sign_out())),
                    code(people.operators()),
                    code(people.policy()),
                    code(proofs.checkpoint()),
                    code(proofs.public_key()),
                ];
                self.1.lock().unwrap().extend(asked);
            }
            Ok(())
        }
    }
    let shop = Shop::new();
    let curious = Arc::new(Curious(OnceLock::new(), Mutex::default()));
    let terminal = support::open(&shop.home(), Ports { observer: curious.clone(), ..shop.phone().ports() });
    let held = (terminal.people().unwrap(), terminal.proofs().unwrap(), terminal.clone());
    assert!(curious.0.set(held).is_ok());
    let operation = terminal.payments().unwrap().start_sale(support::order("A-1", 100)).unwrap();
    operation.cancel().unwrap();
    let heard = curious.1.lock().unwrap().clone();
    assert_eq!(heard.into_iter().collect::<Vec<_>>(), ["called_from_port"]);
    assert_eq!(terminal.state().unwrap().standing, Standing::SignedIn);
    terminal.close().unwrap();
}
