//! The till as a shell holds it: closed, opened twice, closed in the middle of a sale, let go of.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::sync::Arc;

use support::{Card, Failure, Shop, code, order, until, wait};
use taptill_ffi::{
    AttemptState, CardFault, Language, ListQuery, Money, ReceiptCopy, ReceiptRequest, ReceiptWidth, Terminal,
    TillError, inspect_till, provision_till,
};
use taptill_sandbox::host::Kind;

fn everything() -> ListQuery {
    ListQuery { limit: 100, from_ms: None, to_ms: None, order: None, cursor: None }
}

fn slip() -> ReceiptRequest {
    ReceiptRequest { width: ReceiptWidth::C32, language: Language::En, copy: ReceiptCopy::Customer }
}

#[test]
fn a_closed_till_answers_every_call_by_name() {
    let shop = Shop::new();
    let till = shop.till();
    till.sell("A-1", 500).unwrap();
    let operation = till.start("A-2", 500).unwrap();
    let (terminal, payments, events) =
        (&till.terminal, till.terminal.payments().unwrap(), till.terminal.events().unwrap());
    terminal.close().unwrap();
    terminal.close().unwrap();
    let calls: [(&str, Result<(), TillError>); 13] = [
        ("present", terminal.present(Arc::new(Card::of("visa")))),
        ("collision", terminal.collision()),
        ("verify", terminal.verify().map(drop)),
        ("start_sale", payments.start_sale(order("A-3", 500)).map(drop)),
        ("start_sale of a known attempt", payments.start_sale(order("A-1", 500)).map(drop)),
        ("cancel", payments.cancel("A-2").map(drop)),
        ("status", payments.status("A-1").map(drop)),
        ("list", payments.list(everything()).map(drop)),
        ("resolve", wait(payments.resolve()).map(drop)),
        ("receipt", payments.receipt("A-1", slip()).map(drop)),
        ("events", events.after(None, 10).map(drop)),
        ("acknowledge", events.acknowledge(1)),
        ("operation.cancel", operation.cancel().map(drop)),
    ];
    for (name, result) in calls {
        assert_eq!(code(result), "terminal_closed", "{name}");
    }
    assert_eq!(code(wait(operation.await_outcome())), "terminal_closed");
    // What needs no core still answers: the names of things.
    assert_eq!(operation.attempt().unwrap(), "A-2");
    assert_eq!(code(terminal.info()), "terminal_closed");
    assert_eq!(code(terminal.state()), "terminal_closed");
    // An error about an attempt does not say that no money moved.
    let error = payments.status("A-1").unwrap_err();
    assert_eq!((error.facts().money, error.facts().attempt.as_deref()), (Money::MayHaveMoved, Some("A-1")));
}

#[test]
fn what_is_malformed_is_refused_as_such_also_by_a_closed_till() {
    let shop = Shop::new();
    let till = shop.till();
    till.terminal.close().unwrap();
    assert_eq!(code(till.status("A 1")), "identifier_malformed");
    assert_eq!(code(till.start("A-1", -1)), "amount_negative");
}

#[test]
fn a_folder_has_one_open_till() {
    let shop = Shop::new();
    let till = shop.till();
    let operation = till.start("A-1", 500).unwrap();
    for _ in 0..3 {
        assert_eq!(code(Terminal::open(&shop.home(), shop.phone().ports())), "till_open_elsewhere");
        assert_eq!(code(inspect_till(&shop.home(), shop.phone().ports())), "till_open_elsewhere");
        let again = provision_till(&shop.home(), shop.provisioning(), shop.phone().ports());
        assert_eq!(code(again), "till_open_elsewhere");
    }
    // The first has noticed nothing.
    till.tap("visa");
    assert_eq!(wait(operation.await_outcome()).unwrap().state, AttemptState::Approved);
    till.terminal.close().unwrap();
    let next = shop.till();
    assert_eq!(next.status("A-1").unwrap().state, AttemptState::Approved);
    assert_eq!(code(provision_till(&shop.home(), shop.provisioning(), shop.phone().ports())), "till_open_elsewhere");
    next.terminal.close().unwrap();
    assert_eq!(code(provision_till(&shop.home(), shop.provisioning(), shop.phone().ports())), "already_provisioned");
    // Whoever has no key of a claimed till sees that it is whole, and no more.
    assert_eq!(code(inspect_till(&shop.home(), shop.phone().ports())), "till_locked");
}

#[test]
fn a_till_closed_before_the_card_came_has_charged_nothing() {
    let shop = Shop::new();
    let till = shop.till();
    let operation = till.start("A-1", 500).unwrap();
    till.phone.observer.field_goes_on();
    till.terminal.close().unwrap();
    assert_eq!(code(wait(operation.await_outcome())), "terminal_closed");
    let next = shop.till();
    assert_eq!(code(next.status("A-1")), "attempt_unknown");
    assert_eq!(next.sell("A-1", 500).unwrap().state, AttemptState::Approved);
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn a_till_closed_while_the_host_thinks_says_that_it_is_not_known_and_the_next_run_reverses() {
    let shop = Shop::new();
    let till = shop.till();
    shop.host_does(Kind::NoAnswer, 1);
    let operation = till.start("A-1", 500).unwrap();
    till.tap("visa");
    until("the sale is on its way", || till.status("A-1").is_ok_and(|attempt| attempt.state == AttemptState::InDoubt));
    till.terminal.close().unwrap();
    let told = wait(operation.await_outcome()).unwrap();
    assert_eq!((told.state, told.money), (AttemptState::InDoubt, Money::MayHaveMoved));

    let next = shop.till();
    wait(next.terminal.payments().unwrap().resolve()).unwrap();
    assert_eq!(next.status("A-1").unwrap().state, AttemptState::Reversed);
    assert_eq!(shop.net_minor(), 0);
}

/// The card's thread is inside the shell; the till does not wait for it for ever.
#[test]
fn a_till_closes_while_a_card_hangs() {
    struct Hangs(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    impl taptill_ffi::CardChannel for Hangs {
        fn transceive(&self, _: Vec<u8>) -> Result<Vec<u8>, CardFault> {
            let _let_go = self.0.lock().unwrap().recv();
            Err(CardFault::Lost)
        }
    }
    let shop = Shop::new();
    let till = shop.till();
    let operation = till.start("A-1", 500).unwrap();
    till.phone.observer.field_goes_on();
    let (let_go, held) = std::sync::mpsc::channel();
    till.terminal.present(Arc::new(Hangs(std::sync::Mutex::new(held)))).unwrap();
    let begun = std::time::Instant::now();
    till.terminal.close().unwrap();
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(code(wait(operation.await_outcome())), "terminal_closed");
    let_go.send(()).unwrap();
    assert_eq!(shop.till().sell("A-2", 500).unwrap().state, AttemptState::Approved);
}

/// Kotlin and Swift let go of handles in any order, and some never call `close`.
#[test]
fn a_till_that_nobody_holds_closes_itself_when_its_last_handle_goes() {
    let shop = Shop::new();
    let till = shop.till();
    let (payments, events) = (till.terminal.payments().unwrap(), till.terminal.events().unwrap());
    let operation = till.start("A-1", 500).unwrap();
    till.tap("visa");
    assert_eq!(wait(operation.await_outcome()).unwrap().state, AttemptState::Approved);
    let weak = Arc::downgrade(&till.phone.keys);
    drop(till);
    assert_eq!(payments.status("A-1").unwrap().state, AttemptState::Approved);
    drop(payments);
    assert!(!events.after(None, 100).unwrap().events.is_empty());
    assert_eq!(code(Terminal::open(&shop.home(), shop.phone().ports())), "till_open_elsewhere");
    drop(events);
    drop(operation);
    assert!(weak.upgrade().is_none(), "the ports are let go");
    assert!(shop.till().terminal.verify().is_ok());
}

/// Closing and failing ports at once: whoever waits hears something, and the next run opens.
#[test]
fn a_till_whose_card_fails_while_it_closes_opens_again() {
    let shop = Shop::new();
    for commands in 1..4 {
        let till = shop.till();
        let operation = till.start("", 100).unwrap();
        till.phone.observer.field_goes_on();
        till.terminal.present(Arc::new(Card::failing(commands, Failure::Panics))).unwrap();
        till.terminal.close().unwrap();
        let told = wait(operation.await_outcome());
        let known = told.as_ref().is_ok_and(|attempt| attempt.state == AttemptState::NotSent);
        assert!(known || code(told.clone()) == "terminal_closed", "{told:?}");
    }
    assert_eq!(shop.till().sell("", 500).unwrap().state, AttemptState::Approved);
    assert_eq!(shop.net_minor(), 500);
}
