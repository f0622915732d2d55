//! The process ends at every point of leaving, and the till starts again.
//!
//! Leaving is over or has not begun, and what it owes is signed by the next sign-in. The check has a control that it finds.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use people_support::{House, MINUTE};
use taptill::error::ErrorCode;
use taptill::till::Ask;
use taptill_sandbox::people::ALICE;

fn closed() -> House {
    let mut house = House::claimed(1);
    house.close().unwrap();
    house
}

/// Left once or not at all; where it was left, the first checkpoint after it says so.
fn is_left_or_not(house: &mut House, told: &str) -> bool {
    house.sign_in(ALICE).unwrap_or_else(|error| panic!("{told}: {error}"));
    house.verify();
    let events = house.events(ALICE, ALICE.password);
    let left: Vec<usize> = (0..events.len()).filter(|at| events[*at].body["why"] == "exit").collect();
    assert!(left.len() <= 1, "{told}: left {} times", left.len());
    let Some(left) = left.first() else { return false };
    let next = events[*left..].iter().find(|event| event.kind == "journal.checkpoint");
    assert_eq!(next.unwrap_or_else(|| panic!("{told}: never signed")).body["reason"], "exit", "{told}");
    let cut = events[*left..].iter().any(|event| event.kind == "operator.session_cut");
    assert!(!cut, "{told}: somebody who has left was not cut off");
    true
}

#[test]
fn an_exit_that_is_cut_off_is_over_or_can_be_made() {
    let closed = closed();
    let mut dry = closed.copy(2);
    dry.open().unwrap();
    dry.sign_in(ALICE).unwrap();
    dry.plan.die_at(None);
    dry.ask(Ask::Exit { force: None }).unwrap();
    let visited = dry.plan.visited();
    assert!(visited.len() >= 4, "{visited:?}");
    let mut left = 0;
    for (visit, point) in visited.iter().enumerate() {
        let told = format!("killed {point}, point {visit}");
        let mut house = closed.copy(3);
        house.open().unwrap();
        house.sign_in(ALICE).unwrap();
        house.plan.die_at(Some(visit));
        let _killed = house.wish(Ask::Exit { force: None });
        assert_eq!(house.stopped.as_ref().unwrap().code(), ErrorCode::StoppedByFaultPlan, "{told}");
        house.plan.die_at(None);
        house.reopen();
        if is_left_or_not(&mut house, &told) {
            left += 1;
        } else {
            house.open().unwrap();
            house.sign_in(ALICE).unwrap();
            house.ask(Ask::Exit { force: None }).unwrap_or_else(|error| panic!("{told}: {error}"));
            house.reopen();
            assert!(is_left_or_not(&mut house, &told), "{told}");
        }
    }
    assert!(left > 0 && left < visited.len(), "{left} of {}", visited.len());
}

/// The control: a till that signs out in the middle, as by another way, is not taken for one that was left.
#[test]
fn an_exit_that_was_half_would_be_found() {
    let mut house = closed().copy(4);
    house.open().unwrap();
    house.sign_in(ALICE).unwrap();
    house.ask(Ask::SignOut).unwrap();
    house.wait(MINUTE);
    house.reopen();
    let found = catch_unwind(AssertUnwindSafe(|| assert!(is_left_or_not(&mut house, "the control"))));
    assert!(found.is_err(), "a sign-out is no exit");
}
