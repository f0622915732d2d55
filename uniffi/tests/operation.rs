//! A sale under way, as coroutines and tasks treat it: awaited twice, by many, not at all, dropped, cancelled.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use std::sync::{Arc, Barrier};
use std::time::Duration;

use support::{Shop, Till, code, until, wait};
use taptill_ffi::{AttemptState, Operation, TillError};
use taptill_sandbox::host::Kind;

fn deliveries(till: &Till, attempt: &str) -> usize {
    let mut count = 0;
    let mut cursor = Some(0);
    loop {
        let page = till.terminal.events().unwrap().after(cursor, 100).unwrap();
        let about = page.events.iter().filter(|event| event.attempt.as_deref() == Some(attempt));
        count += about.filter(|event| event.kind == "attempt.delivered").count();
        cursor = page.events.last().map(|event| event.cursor);
        if !page.more {
            return count;
        }
    }
}

#[test]
fn an_outcome_is_awaited_twice_and_from_many_tasks_and_delivered_once() {
    let shop = Shop::new();
    let till = shop.till();
    let operation = till.start("A-1", 500).unwrap();
    let waiting: Vec<_> = (0..16)
        .map(|_| {
            let operation = operation.clone();
            std::thread::spawn(move || wait(operation.await_outcome()))
        })
        .collect();
    till.tap("visa");
    let first = wait(operation.await_outcome()).unwrap();
    assert_eq!(first.state, AttemptState::Approved);
    for told in waiting {
        assert_eq!(told.join().unwrap().unwrap(), first);
    }
    assert_eq!(wait(operation.await_outcome()).unwrap(), first, "and once more");
    until("it is delivered", || till.status("A-1").unwrap().delivered);
    assert_eq!(deliveries(&till, "A-1"), 1);
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn an_operation_dropped_in_the_middle_of_a_sale_loses_nothing() {
    let shop = Shop::new();
    let till = shop.till();
    drop(till.start("A-1", 500).unwrap());
    till.tap("visa");
    until("the sale ends", || till.status("A-1").is_ok_and(|attempt| attempt.state == AttemptState::Approved));
    assert!(!till.status("A-1").unwrap().delivered, "nobody was told");
    // The same attempt again is the same payment, and now somebody hears of it.
    let told = wait(till.start("A-1", 500).unwrap().await_outcome()).unwrap();
    assert_eq!(told.state, AttemptState::Approved);
    until("it is delivered", || till.status("A-1").unwrap().delivered);
    assert_eq!(shop.net_minor(), 500);
}

#[test]
fn a_task_that_stops_waiting_stops_only_waiting() {
    let shop = Shop::new();
    let till = shop.till();
    let operation = till.start("A-1", 500).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for _ in 0..10 {
        let waited =
            runtime.block_on(async { tokio::time::timeout(Duration::from_millis(1), operation.await_outcome()).await });
        assert!(waited.is_err(), "no card has come");
    }
    till.tap("visa");
    assert_eq!(wait(operation.await_outcome()).unwrap().state, AttemptState::Approved);
}

#[test]
fn a_cancelled_sale_ends_for_everybody_who_waits_and_is_cancelled_once() {
    let shop = Shop::new();
    let till = shop.till();
    let operation = till.start("A-1", 500).unwrap();
    let waiting = {
        let operation = operation.clone();
        std::thread::spawn(move || wait(operation.await_outcome()))
    };
    assert_eq!(operation.cancel().unwrap().state, AttemptState::NotSent);
    let told = waiting.join().unwrap().unwrap();
    assert_eq!((told.state, told.reason.as_deref()), (AttemptState::NotSent, Some("cancelled")));
    assert_eq!(code(operation.cancel()), "attempt_already_finished");
    assert_eq!(code(till.terminal.payments().unwrap().cancel("A-1")), "attempt_already_finished");
    assert_eq!(code(till.terminal.payments().unwrap().cancel("A-2")), "attempt_unknown");
    assert_eq!(shop.net_minor(), 0);
}

#[test]
fn a_sale_that_is_on_its_way_is_not_cancelled_and_resolves_itself() {
    let shop = Shop::new();
    let till = shop.till();
    shop.host_does(Kind::NoAnswer, 1);
    let operation = till.start("A-1", 500).unwrap();
    till.tap("visa");
    until("it is on its way", || till.status("A-1").is_ok_and(|attempt| attempt.state == AttemptState::InDoubt));
    assert_eq!(code(operation.cancel()), "too_late_to_cancel");
    let told = wait(operation.await_outcome()).unwrap();
    assert!(matches!(told.state, AttemptState::InDoubt | AttemptState::ReversalDue | AttemptState::Reversed));
    until("it is reversed", || till.status("A-1").unwrap().state == AttemptState::Reversed);
    assert_eq!(shop.net_minor(), 0);
}

/// Begins this many sales at once, each in a thread of its own.
fn at_once(till: &Till, count: usize, name: impl Fn(usize) -> String) -> Vec<Result<Arc<Operation>, TillError>> {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let begin = |attempt: String| {
            let (till, barrier) = (&till, &barrier);
            scope.spawn(move || {
                barrier.wait();
                till.start(&attempt, 500)
            })
        };
        let begun: Vec<_> = (0..count).map(|number| begin(name(number))).collect();
        begun.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn of_sixty_four_sales_at_once_one_begins_and_the_others_hear_that_the_till_is_busy() {
    let shop = Shop::new();
    let till = shop.till();
    for round in 0..3 {
        let begun = at_once(&till, 64, |number| format!("A-{round}-{number}"));
        let (won, lost): (Vec<_>, Vec<_>) = begun.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 63), "round {round}");
        for refused in lost {
            assert_eq!(code(refused), "till_busy");
        }
        till.tap("visa");
        let operation = won.into_iter().next().unwrap().unwrap();
        assert_eq!(wait(operation.await_outcome()).unwrap().state, AttemptState::Approved);
    }
    assert_eq!(shop.net_minor(), 1_500);
}

#[test]
fn sixty_four_callers_of_one_attempt_make_one_payment() {
    let shop = Shop::new();
    let till = shop.till();
    let begun: Vec<_> = at_once(&till, 64, |_| "A-1".to_owned()).into_iter().map(Result::unwrap).collect();
    till.tap("visa");
    for operation in begun {
        let told = wait(operation.await_outcome()).unwrap();
        assert_eq!((told.attempt.as_str(), told.state), ("A-1", AttemptState::Approved));
    }
    assert_eq!(shop.net_minor(), 500);
    until("it is delivered", || till.status("A-1").unwrap().delivered);
    assert_eq!(deliveries(&till, "A-1"), 1);
}

#[test]
fn a_round_of_resolving_whose_task_is_dropped_goes_on() {
    let shop = Shop::new();
    let till = shop.till();
    shop.host_does(Kind::NoAnswer, 1);
    till.sell("A-1", 500).unwrap();
    let payments = till.terminal.payments().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _stopped = runtime.block_on(async { tokio::time::timeout(Duration::ZERO, payments.resolve()).await });
    until("it is reversed", || till.status("A-1").unwrap().state == AttemptState::Reversed);
    assert_eq!(wait(payments.resolve()).unwrap().left, []);
}
