//! Every password anew, at one supervisor's word: for everybody or for nobody, wherever a process ends.
//!
//! No thread, no socket, virtual time; the people and the ports are in `tests/people_support`. Never a real password: these
//! are the sandbox's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use people_support::alone::{claimed, closed, open};
use people_support::{House, MINUTE, NEW, SAM, secret};
use taptill::error::ErrorCode;
use taptill::till::Ask;
use taptill_sandbox::people::{ALICE, BOB};

const ALICES: [&str; 2] = [ALICE.password, NEW];

/// After a renewal of all passwords nobody comes in with the one from before, and each does with another.
#[test]
fn every_operator_sets_another_password_and_old_ones_open_nothing_else() {
    let mut house = claimed(30);
    house.ask(Ask::RenewPasswords).unwrap();
    assert_eq!(house.standing(), "signed_in", "whoever did it goes on");
    house.ask(Ask::SignOut).unwrap();
    for person in [ALICE, BOB, SAM] {
        let refused = house.sign_in(person).unwrap_err();
        assert_eq!(refused.to_string(), "password_must_change why=renewal", "{}", person.name);
        assert_eq!(house.standing(), "signed_out");
        let same = house.sign_in_with(person, person.password, Some(person.password)).unwrap_err();
        assert!(same.to_string().starts_with("password_refused rule=used_before"), "{same}");
        let another = format!("{NEW} {}", person.name);
        house.sign_in_with(person, person.password, Some(&another)).unwrap();
        house.ask(Ask::SignOut).unwrap();
        assert_eq!(house.sign_in(person).unwrap_err().code(), ErrorCode::SignInRefused);
        house.sign_in_with(person, &another, None).unwrap();
        house.ask(Ask::SignOut).unwrap();
    }
    // Whoever is given a password afterwards is not held to the renewal.
    house.sign_in_with(ALICE, &format!("{NEW} alice"), None).unwrap();
    house.ask(Ask::RemoveOperator { name: BOB.name(), rotate: false }).unwrap();
    house.ask(Ask::AddOperator(BOB.as_new())).unwrap();
    house.sign_in(BOB).unwrap();
}

/// Whether everybody must set another password, or nobody.
fn is_renewed_for_all_or_nobody(house: &mut House, told: &str) -> bool {
    let verdicts = [ALICE, BOB, SAM].map(|person| match house.sign_in(person) {
        Ok(_) => house.verdict(Ask::SignOut),
        Err(error) => error.to_string(),
    });
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{told}: all or nobody: {verdicts:?}");
    verdicts[0] != "ok"
}

/// The control: where one of them was spared, or was the only one, the matrix says so.
#[test]
fn a_renewal_of_some_passwords_would_be_found() {
    let found = |spoil: fn(&mut House)| {
        let mut house = open(&closed(), 34);
        spoil(&mut house);
        house.reopen();
        catch_unwind(AssertUnwindSafe(|| is_renewed_for_all_or_nobody(&mut house, "the control"))).is_err()
    };
    assert!(!found(|_| ()), "nobody");
    assert!(!found(|house| drop(house.ask(Ask::RenewPasswords).unwrap())), "everybody");
    assert!(
        found(|house| drop(house.ask(Ask::ResetOperator { name: BOB.name(), password: secret(NEW) }))),
        "one alone"
    );
    assert!(
        found(|house| {
            house.ask(Ask::RenewPasswords).unwrap();
            house.ask(Ask::RemoveOperator { name: BOB.name(), rotate: false }).unwrap();
            house.ask(Ask::AddOperator(BOB.as_new())).unwrap();
        }),
        "all but one"
    );
}

#[test]
fn a_renewal_that_is_cut_off_anywhere_was_made_whole_or_not_at_all() {
    let closed = closed();
    let mut dry = open(&closed, 32);
    dry.plan.die_at(None);
    dry.ask(Ask::RenewPasswords).unwrap();
    dry.wait(1);
    let (mut made, points) = (0, dry.plan.visited());
    for (visit, point) in points.iter().enumerate() {
        let told = format!("killed {point}, point {visit}");
        let mut house = open(&closed, 33);
        house.plan.die_at(Some(visit));
        let _killed = house.wish(Ask::RenewPasswords);
        house.wait(1);
        house.plan.die_at(None);
        house.reopen();
        let is_made = is_renewed_for_all_or_nobody(&mut house, &told);
        made += usize::from(is_made);
        let [old, new] = ALICES;
        house.sign_in_with(ALICE, old, is_made.then_some(new)).unwrap_or_else(|error| panic!("{told}: {error}"));
        house.wait(MINUTE);
        house.verify();
        house.ask(Ask::RenewPasswords).unwrap_or_else(|error| panic!("{told}: {error}"));
        let old_rows = house.keys.aliases().iter().filter(|alias| alias.starts_with("vault.row.")).count();
        house.wait(MINUTE);
        assert!(
            house.keys.aliases().iter().filter(|alias| alias.starts_with("vault.row.")).count() <= old_rows,
            "{told}"
        );
    }
    assert!(made > 0 && made < points.len(), "{made} of {}", points.len());
}
