//! The process ends at every point of every step with people in it, and the till opens again.
//!
//! Each step is tried once to see which points it passes, and then once for each of them, from the same files. After
//! the end: the journal is whole, somebody gets in with the old password or with the new one and never with both,
//! nobody is lost, and the step can be done again. The same for a disk that takes nothing at each point, and for a device
//! that has no random bytes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod support;

use std::collections::BTreeSet;

use people_support::{House, MINUTE, NEW, name, newcomer, secret};
use taptill::account::ShopPolicy;
use taptill::error::{Error, ErrorCode};
use taptill::ids::Role;
use taptill::ports::Fate;
use taptill::till::Ask;
use taptill_sandbox::people::{ALICE, BOB, Person};

/// A step: its name, how the till is brought to it from closed files, and the wish.
type Row = (&'static str, fn(&mut House), fn() -> Ask);

const EVE: Person = Person { name: "eve", password: "seven kites fly 5 high", role: Role::Cashier };

#[rustfmt::skip]
const STEPS: [Row; 13] = [
    ("sign in after a wrong password", |house| { let _wrong = house.sign_in_with(ALICE, "not the password 1", None); },
        || Ask::SignIn { name: ALICE.name(), password: ALICE.password(), new_password: None }),
    ("sign in after a cut", |house| { house.sign_in(BOB).unwrap(); house.reopen(); },
        || Ask::SignIn { name: ALICE.name(), password: ALICE.password(), new_password: None }),
    ("sign in with a new password", |_| (),
        || Ask::SignIn { name: ALICE.name(), password: ALICE.password(), new_password: Some(secret(NEW)) }),
    ("switch", |house| { house.sign_in(BOB).unwrap(); },
        || Ask::SignIn { name: ALICE.name(), password: ALICE.password(), new_password: None }),
    ("lock", in_as_alice, || Ask::Lock),
    ("unlock", |house| { in_as_alice(house); house.ask(Ask::Lock).unwrap(); },
        || Ask::Unlock { password: ALICE.password() }),
    ("sign out", in_as_alice, || Ask::SignOut),
    ("change the password", in_as_alice,
        || Ask::ChangePassword { password: ALICE.password(), new_password: secret(NEW) }),
    ("add", in_as_alice, || Ask::AddOperator(newcomer(EVE.name, EVE.role, EVE.password, false))),
    ("reset", in_as_alice, || Ask::ResetOperator { name: BOB.name(), password: secret(NEW) }),
    ("remove and rotate", in_as_alice, || Ask::RemoveOperator { name: name("sam"), rotate: true }),
    ("rotate", in_as_alice, || Ask::RotateKeys),
    ("set the policy", in_as_alice,
        || Ask::SetPolicy(Box::new(ShopPolicy { tries: 4, ..ShopPolicy::default() }))),
];

/// What is done with a finger.
#[rustfmt::skip]
const FINGERS: [Row; 5] = [
    ("enrol", in_as_alice, || Ask::EnrolBiometric { password: ALICE.password() }),
    ("enrol again", with_a_finger, || Ask::EnrolBiometric { password: ALICE.password() }),
    ("forget", with_a_finger, || Ask::ForgetBiometric),
    ("unlock", |house| { with_a_finger(house); house.ask(Ask::Lock).unwrap(); }, || Ask::UnlockByBiometric),
    ("sign in", |house| { with_a_finger(house); house.ask(Ask::SignOut).unwrap(); },
        || Ask::SignInByBiometric { name: ALICE.name() }),
];

fn with_a_finger(house: &mut House) {
    in_as_alice(house);
    house.enrol(ALICE).unwrap();
}

fn in_as_alice(house: &mut House) {
    house.sign_in(ALICE).unwrap();
}

/// Who gets in after the end: exactly one of alice's two passwords opens the till.
fn alice_is_there(house: &mut House, told: &str) -> &'static str {
    let old = house.sign_in(ALICE);
    let by = match old {
        Ok(_) => ALICE.password,
        Err(error) => {
            assert_eq!(error.code(), ErrorCode::SignInRefused, "{told}");
            house.sign_in_with(ALICE, NEW, None).unwrap_or_else(|error| panic!("{told}: nobody gets in: {error}"));
            NEW
        }
    };
    let report = house.verify();
    assert!(report.size > 0, "{told}");
    house.ask(Ask::SignOut).unwrap();
    let other = if by == NEW { ALICE.password } else { NEW };
    let refused = house.sign_in_with(ALICE, other, None).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::SignInRefused, "{told}: both passwords open the till");
    house.sign_in_with(ALICE, by, None).unwrap();
    by
}

fn closed() -> House {
    let mut house = House::claimed(1);
    house.close().unwrap();
    house
}

#[test]
fn a_process_that_ends_anywhere_leaves_a_till_that_opens() {
    let closed = closed();
    let mut points = 0;
    for (step, prepare, wish) in STEPS {
        let mut house = closed.copy(2);
        house.open().unwrap();
        prepare(&mut house);
        house.plan.die_at(None);
        house.ask(wish()).unwrap_or_else(|error| panic!("{step}: {error}"));
        house.wait(MINUTE);
        let visited = house.plan.visited();
        drop(house);
        for (visit, point) in visited.iter().enumerate() {
            let told = format!("{step}, killed {point}, point {visit}");
            let mut house = closed.copy(3);
            house.open().unwrap();
            prepare(&mut house);
            house.plan.die_at(Some(visit));
            let _killed = house.wish(wish());
            house.wait(MINUTE);
            assert_eq!(
                house.stopped.as_ref().map(taptill::error::Error::code),
                Some(ErrorCode::StoppedByFaultPlan),
                "{told}"
            );
            house.plan.die_at(None);
            house.reopen();
            alice_is_there(&mut house, &told);
            // Nobody who was to stay is lost, and what was to be done can be done.
            let names: Vec<String> = house.operators().iter().map(|one| one.name.to_string()).collect();
            assert!(names.contains(&"alice".to_owned()) && names.contains(&"bob".to_owned()), "{told}: {names:?}");
            house.wait(MINUTE);
            house.ask(Ask::RotateKeys).unwrap_or_else(|error| panic!("{told}: {error}"));
            house.wait(MINUTE);
            house.verify();
            points += 1;
        }
    }
    assert!(points > 40, "only {points} points were tried");
}

/// Wherever what a finger does is cut off: the password opens the till, and the finger does if the record says that it is
/// enrolled. The platform has its key, or none.
#[test]
fn a_process_that_ends_anywhere_leaves_a_finger_or_none_and_no_key_beside() {
    let closed = closed();
    let mut ends = BTreeSet::new();
    for (step, prepare, wish) in FINGERS {
        let run = |visit: Option<usize>| {
            let mut house = closed.copy(7);
            house.open().unwrap();
            prepare(&mut house);
            house.plan.die_at(visit);
            let _killed = house.wish(wish());
            house.wait(MINUTE);
            house
        };
        let visited = run(None).plan.visited();
        for (visit, point) in visited.iter().enumerate() {
            let mut house = run(Some(visit));
            house.plan.die_at(None);
            house.reopen();
            let told = format!("{step}, killed {point}, point {visit}");
            ends.insert((step, finger_is_as_recorded(&mut house).unwrap_or_else(|wrong| panic!("{told}: {wrong}"))));
        }
    }
    // Each of the first three was cut off before and after it counted; the others change nothing.
    let halves = [("enrol", false), ("enrol", true), ("forget", false), ("forget", true)];
    let whole = [("enrol again", true), ("sign in", true), ("unlock", true)];
    assert_eq!(ends, halves.into_iter().chain(whole).collect());
}

/// The controls: a key beside, and a key that is gone, are found.
#[test]
fn a_finger_that_is_not_as_recorded_is_found() {
    type Spoil = fn(&mut House);
    let spoils: [(Spoil, &str); 2] = [
        (|house| house.sensor().litter(), "2 keys at the platform"),
        (|house| house.sensor().forgets(), "the finger says biometric_refused why=enrolment_changed"),
    ];
    for (spoil, found) in spoils {
        let mut house = closed().copy(7);
        house.open().unwrap();
        with_a_finger(&mut house);
        assert_eq!(finger_is_as_recorded(&mut house), Ok(true));
        spoil(&mut house);
        assert_eq!(finger_is_as_recorded(&mut house).unwrap_err(), found);
    }
}

/// Whether alice's finger is enrolled, if all agree on that: the record, the finger and the platform.
fn finger_is_as_recorded(house: &mut House) -> Result<bool, String> {
    if house.standing() == "signed_in" {
        house.ask(Ask::SignOut).unwrap();
    }
    house.sign_in(ALICE).map_err(|error| format!("the password says {error}"))?;
    house.ask(Ask::SignOut).unwrap();
    let events = house.events(ALICE, ALICE.password);
    let last = events.iter().rev().find(|event| event.kind.starts_with("operator.biometric_"));
    let is_enrolled = last.is_some_and(|event| event.kind == "operator.biometric_enrolled");
    house.open().unwrap();
    let keys = house.sensor().aliases().len();
    if keys > usize::from(is_enrolled) {
        return Err(format!("{keys} keys at the platform"));
    }
    match house.touch_in(ALICE).map_err(|error| error.to_string()) {
        Ok(_) if is_enrolled => Ok(true),
        Err(refused) if !is_enrolled && refused.ends_with("not_enrolled") => Ok(false),
        Ok(_) => Err("the finger opens".to_owned()),
        Err(refused) => Err(format!("the finger says {refused}")),
    }
}

#[test]
fn a_claim_that_is_cut_off_can_be_made_again_or_was_made() {
    let mut house = House::empty(5);
    house.provision().unwrap();
    house.open().unwrap();
    house.plan.die_at(None);
    house.claim().unwrap();
    house.wait(MINUTE);
    let visited = house.plan.visited();
    let mut made = 0;
    for (visit, point) in visited.iter().enumerate() {
        let told = format!("killed {point}, point {visit}");
        let mut house = House::new(6 + visit as u64);
        house.plan.die_at(Some(visit));
        let _killed = house.wish(Ask::Claim { name: ALICE.name(), password: ALICE.password() });
        house.wait(MINUTE);
        house.plan.die_at(None);
        house.reopen();
        if house.standing() == "unclaimed" {
            house.claim().unwrap_or_else(|error| panic!("{told}: {error}"));
        } else {
            made += 1;
            house.sign_in(ALICE).unwrap_or_else(|error| panic!("{told}: {error}"));
        }
        house.wait(MINUTE);
        house.verify();
        let unclaimed: Vec<String> =
            house.keys.aliases().into_iter().filter(|alias| alias.contains("unclaimed")).collect();
        assert!(unclaimed.is_empty(), "{told}: the key of nobody's till is still there");
        house.reopen();
        house.sign_in(ALICE).unwrap();
    }
    assert!(made > 0 && made < visited.len(), "{made} of {}", visited.len());
}

#[test]
fn a_recovery_that_is_cut_off_was_made_or_can_be_made() {
    let mut first = House::new(40);
    let code = first.claim().unwrap();
    first.close().unwrap();
    let mut dry = first.copy(41);
    dry.open().unwrap();
    dry.plan.die_at(None);
    dry.recover(&code, ALICE, NEW).unwrap();
    for (visit, point) in dry.plan.visited().iter().enumerate() {
        let told = format!("killed {point}, point {visit}");
        let mut house = first.copy(42);
        house.open().unwrap();
        house.plan.die_at(Some(visit));
        let _killed = house.recover(&code, ALICE, NEW);
        house.plan.die_at(None);
        house.reopen();
        let by = alice_is_there(&mut house, &told);
        if by == ALICE.password {
            house.ask(Ask::SignOut).unwrap();
            house.recover(&code, ALICE, NEW).unwrap_or_else(|error| panic!("{told}: {error}"));
        }
        house.verify();
    }
}

/// What the disk says at a point, whether it says so from there on, and with which code a step is refused.
type Disk = (&'static str, Option<Fate>, ErrorCode);

const DISKS: [Disk; 3] = [
    ("is full once", Some(Fate::DiskFull), ErrorCode::DiskFull),
    ("is full from there on", None, ErrorCode::DiskFull),
    ("is another program's", Some(Fate::Locked), ErrorCode::DatabaseLocked),
];

#[test]
fn a_disk_that_takes_nothing_refuses_the_step_and_locks_all_the_same() {
    let closed = closed();
    for (step, prepare, wish) in STEPS {
        let points = points_of((step, prepare, wish), &closed);
        for (point, disk) in points.iter().flat_map(|point| DISKS.map(|disk| (point, disk))) {
            meets((step, prepare, wish), &closed, point, disk, |_| ());
        }
    }
}

/// The control: a till that destroys a slot's key although nothing could be written is found at each step.
#[test]
fn a_key_that_goes_before_the_disk_took_its_row_is_found_at_each_step() {
    let closed = closed();
    for row in STEPS {
        let points = points_of(row, &closed);
        let point = points.iter().next().unwrap();
        let lost = std::panic::AssertUnwindSafe(|| {
            meets(row, &closed, point, DISKS[0], |house| house.keys.lose("vault.kek"));
        });
        assert!(std::panic::catch_unwind(lost).is_err(), "{}: nobody gets in, and the row says nothing", row.0);
    }
}

/// The points before something is written that a step passes.
fn points_of((step, prepare, wish): Row, closed: &House) -> BTreeSet<String> {
    let mut house = closed.copy(50);
    house.open().unwrap();
    prepare(&mut house);
    house.plan.die_at(None);
    house.ask(wish()).unwrap();
    house.wait(MINUTE);
    let visited = house.plan.visited().into_iter();
    let points: BTreeSet<String> = visited.filter(|point| point.starts_with("before ")).collect();
    assert!(!points.is_empty(), "{step}: no point at all");
    points
}

fn meets((step, prepare, wish): Row, closed: &House, point: &str, disk: Disk, spoil: fn(&House)) {
    let (how, once, code) = disk;
    let told = format!("{step}, the disk {how}, {point}");
    let mut house = closed.copy(51);
    house.open().unwrap();
    prepare(&mut house);
    match once {
        Some(fate) => house.plan.fail_at(point, fate, 1),
        None => house.plan.fill_from(point),
    }
    let done = house.ask(wish());
    // A journal that cannot follow a rotation that is durable is opened again, and ends it then.
    let may_stop = house.plan.visited().last().is_some_and(|last| last == "before journal.rotated");
    assert!(house.stopped.is_none() || may_stop, "{told}: the till goes on");
    if let Err(error) = &done {
        assert_eq!(error.code(), code, "{told}");
    }
    if matches!(step, "lock" | "sign out") {
        assert!(!house.is_armed && house.standing() != "signed_in", "{told}: it locks all the same");
    }
    house.wait(MINUTE);
    house.plan.heal();
    house.wait(MINUTE);
    spoil(&house);
    house.reopen();
    let by = alice_is_there(&mut house, &told);
    let is_new = by == NEW;
    let changes = matches!(step, "change the password" | "sign in with a new password");
    assert!(!changes || says_changed(&done) == is_new, "{told}: what was told is what holds: {done:?}");
    house.wait(MINUTE);
    house.ask(Ask::RotateKeys).unwrap_or_else(|error| panic!("{told}: {error}"));
    house.wait(MINUTE);
    house.verify();
}

/// A password that was changed is told also where no session could begin.
fn says_changed<T>(done: &Result<T, Error>) -> bool {
    done.as_ref().err().is_none_or(|error| error.to_string().contains("password=changed"))
}

/// Each time that a claim and a recovery ask for random bytes, and each time that they write: whoever is told a code
/// can use it, and whoever is told none has lost nothing.
#[test]
fn a_recovery_code_is_told_or_the_one_before_is_good() {
    let mut house = House::new(70);
    house.entropy.fail_at(None);
    house.plan.die_at(None);
    let code = house.claim().unwrap();
    house.wait(MINUTE);
    let mut faults: Vec<(String, Option<usize>)> =
        (0..house.entropy.asked()).map(|time| (format!("no random bytes, time {time}"), Some(time))).collect();
    let points: BTreeSet<String> = house.plan.visited().into_iter().collect();
    faults.extend(points.into_iter().filter(|point| point.starts_with("before ")).map(|point| (point, None)));
    house.ask(Ask::SignOut).unwrap();
    house.close().unwrap();
    for (told, time) in &faults {
        let strike = |house: &House| match time {
            Some(time) => house.entropy.fail_at(Some(*time)),
            None => house.plan.fail_at(told, Fate::Locked, 1),
        };
        let heal = |house: &mut House| {
            house.entropy.fail_at(None);
            house.plan.heal();
            house.wait(MINUTE);
            house.reopen();
        };
        let mut new = House::new(71);
        strike(&new);
        let claimed = new.claim();
        heal(&mut new);
        let code_of_new = claimed.or_else(|_| new.claim()).unwrap_or_else(|error| panic!("claim, {told}: {error}"));
        if new.standing() == "signed_in" {
            new.ask(Ask::SignOut).unwrap();
        }
        new.recover(&code_of_new, ALICE, NEW).unwrap_or_else(|error| panic!("claim, {told}: {error}"));

        let mut old = house.copy(72);
        old.open().unwrap();
        strike(&old);
        let recovered = old.recover(&code, ALICE, NEW);
        heal(&mut old);
        let good = recovered.as_ref().unwrap_or(&code);
        old.recover(good, ALICE, "nine old clocks tick 12 times")
            .unwrap_or_else(|error| panic!("recovery, {told}: {error}"));
    }
    assert!(faults.len() > 20, "{}", faults.len());
}

/// Each time that a step asks for random bytes, there are none.
#[test]
fn without_random_bytes_a_step_is_refused_or_done_and_can_be_done_again() {
    let closed = closed();
    for (step, prepare, wish) in STEPS {
        let mut house = closed.copy(52);
        house.open().unwrap();
        prepare(&mut house);
        house.entropy.fail_at(None);
        house.ask(wish()).unwrap();
        let asked = house.entropy.asked();
        assert!(asked > 0, "{step}");
        for time in 0..asked {
            let told = format!("{step}, no random bytes, time {time}");
            let mut house = closed.copy(53);
            house.open().unwrap();
            prepare(&mut house);
            house.entropy.fail_at(Some(time));
            let done = house.ask(wish());
            if let Err(error) = &done {
                assert_eq!(error.code(), ErrorCode::EntropyFailed, "{told}");
            }
            if matches!(step, "lock" | "sign out") {
                assert!(!house.is_armed && house.standing() != "signed_in", "{told}: it locks all the same");
            }
            house.entropy.fail_at(None);
            house.wait(MINUTE);
            house.reopen();
            let is_new = alice_is_there(&mut house, &told) == NEW;
            let changes = matches!(step, "change the password" | "sign in with a new password");
            assert!(!changes || says_changed(&done) == is_new, "{told}: what was told is what holds: {done:?}");
            house.wait(MINUTE);
            house.ask(Ask::RotateKeys).unwrap_or_else(|error| panic!("{told}: {error}"));
            house.wait(MINUTE);
            house.verify();
        }
    }
}

#[test]
fn a_disk_that_stays_full_locks_nobody_out() {
    let mut house = closed().copy(55);
    house.open().unwrap();
    house.sign_in(ALICE).unwrap();
    house.plan.fill_from("before operator.locked");
    house.wait(20 * MINUTE);
    assert_eq!(house.standing(), "locked", "by itself");
    // More often than there are guesses: a right one costs none.
    for _ in 0..12 {
        house.unlock("not the password 1").unwrap_err();
        assert_eq!(house.unlock(ALICE.password).unwrap().failed_before, 1);
        assert!(house.is_armed, "the way to the host is there");
        house.ask(Ask::Lock).unwrap();
    }
    house.unlock(ALICE.password).unwrap();
    house.ask(Ask::SignOut).unwrap();
    house.sign_in(BOB).unwrap();
    assert!(house.stopped.is_none());
    let said = house.said(ALICE, ALICE.password);
    assert_eq!(said.iter().filter(|said| said.starts_with("operator.sign_in_failed")).count(), 12, "{said:?}");
}

#[test]
fn a_till_that_lost_its_people_would_be_found() {
    let mut house = closed().copy(60);
    house.keys.lose("vault.kek");
    house.open().unwrap();
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| alice_is_there(&mut house, "the control")));
    assert!(found.is_err(), "nobody gets in, and the check says nothing");
}
