//! People at a whole terminal, over real sockets: what a lock leaves, and what goes on after it.
//!
//! The tables are in `tests/people_states.rs`; here stands that the threads carry them out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shop::impatient_shop;
use taptill::error::ErrorCode;
use taptill::iso8583::Op;
use taptill::payment::ListQuery;
use taptill::payment::state::State;
use taptill::till::Standing;
use taptill_sandbox::host::{Kind, set_next_of};
use taptill_sandbox::people::{ALICE, BOB, let_in};

#[test]
fn a_locked_till_sends_nothing_and_says_how_many_payments_wait() {
    let mut shop = impatient_shop("people-lock");
    let till = shop.till();
    // Neither the sale nor its first reversal is answered.
    shop.host_does(Kind::NoAnswer);
    set_next_of(&shop.host_home(), Kind::NoAnswer, 1, Some(Op::Reversal)).unwrap();
    let lost = till.sell("visa", 800).unwrap();
    assert!(matches!(lost.state, State::InDoubt | State::ReversalDue), "{:?}", lost.state);
    // The host is gone, so the debt cannot be closed before the lock.
    shop.stop_host();
    till.terminal.lock().unwrap();
    let state = till.terminal.till_state().unwrap();
    assert_eq!((state.standing, state.operator, state.waiting), (Standing::Locked, Some(ALICE.name()), Some(1)));
    shop.start_host("host");
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(till.terminal.till_state().unwrap().waiting, Some(1), "nothing is sent while it is locked");
    for refused in [
        till.terminal.status(&lost.attempt).map(drop),
        till.terminal.list(&ListQuery { limit: 1, ..ListQuery::default() }).map(drop),
        till.terminal.configuration().map(drop),
        till.terminal.resolve().map(drop),
        till.terminal.verify().map(drop),
    ] {
        let code = refused.unwrap_err().code();
        assert!(matches!(code, ErrorCode::TillLocked), "{code:?}");
    }
    // The debt goes on by itself as soon as somebody is there.
    let view = till.terminal.unlock(ALICE.password()).unwrap();
    assert_eq!(view.waiting, 1);
    till.until(&lost.attempt, State::Reversed);
    assert_eq!(shop.net_minor(), 0);
    till.terminal.sign_out().unwrap();
    assert_eq!(till.terminal.till_state().unwrap().waiting, Some(0));
}

#[test]
fn a_cashier_sells_and_does_no_more() {
    let shop = impatient_shop("people-cashier");
    let till = shop.till();
    till.terminal.add_operator(BOB.as_new()).unwrap();
    till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    let sale = till.sell("visa", 300).unwrap();
    assert_eq!(sale.state, State::Approved);
    assert_eq!(till.terminal.rotate_keys().unwrap_err().code(), ErrorCode::NotPermitted);
    assert_eq!(till.terminal.operators().unwrap_err().code(), ErrorCode::NotPermitted);
    // What bob sold stands in his name, and alice proves it.
    till.terminal.sign_in(&ALICE.name(), ALICE.password(), None).unwrap();
    let proof = till.terminal.prove(&taptill::till::ProofOf::Attempt(sale.attempt)).unwrap();
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{proof}");
    till.terminal.close().unwrap();
    let again = shop.till();
    let_in(&again.terminal).unwrap();
    assert_eq!(again.terminal.operators().unwrap().len(), 2);
}

#[test]
fn whoever_asks_for_the_state_all_the_time_delays_nothing() {
    let shop = impatient_shop("people-asked");
    let till = shop.till();
    shop.host_does(Kind::NoAnswer);
    let over = AtomicBool::new(false);
    let lost = std::thread::scope(|scope| {
        let terminal = &till.terminal;
        let over = &over;
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                terminal.till_state().unwrap();
                terminal.touch();
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        // Its time-out and the reversal after it come by the clock alone.
        let lost = till.sell("visa", 800);
        let seen = lost.map(|lost| till.until(&lost.attempt, State::Reversed));
        over.store(true, Ordering::Relaxed);
        seen
    });
    assert_eq!(lost.unwrap().state, State::Reversed);
}
