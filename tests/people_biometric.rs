//! A finger opens the till while the rules hold, and each rule shuts it: enrolling, unlocking, signing in, forgetting.
//!
//! No thread, virtual time; the sensor is a strict fake. The control of every refusal is the same house without what
//! shuts it, which opens.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod support;

use people_support::{House, MINUTE, NEW, SAM, name, secret};
use taptill::account::ShopPolicy;
use taptill::ids::Role;
use taptill::ports::{BiometricFault, Fate};
use taptill::till::{Ask, Biometric, Input, Reply};
use taptill_sandbox::people::{ALICE, BOB};

const DAY: u64 = 86_400_000;

/// Bob has enrolled a finger and signed out; three days are the rule.
fn enrolled(seed: u64) -> House {
    let mut house = House::claimed(seed);
    house.ask(Ask::SetPolicy(Box::new(policy(3)))).unwrap();
    house.sign_in(BOB).unwrap();
    house.enrol(BOB).unwrap();
    house.ask(Ask::SignOut).unwrap();
    house
}

fn policy(biometric_days: u16) -> ShopPolicy {
    ShopPolicy { biometric_days, ..ShopPolicy::default() }
}

/// A policy that alice sets, who signs out again.
fn rule(house: &mut House, days: u16) {
    house.sign_in(ALICE).unwrap();
    house.ask(Ask::SetPolicy(Box::new(policy(days)))).unwrap();
    house.ask(Ask::SignOut).unwrap();
}

fn guess_wrong(house: &mut House, times: u32) {
    for _ in 0..times {
        house.sign_in_with(BOB, "wrong horse battery 1", None).unwrap_err();
    }
}

#[test]
fn a_finger_opens_the_till_and_each_rule_shuts_it() {
    type Do = fn(&mut House);
    let rules: [(&str, Do, &str); 17] = [
        ("nothing", |_| {}, "ok"),
        ("three days", |house| house.wait(3 * DAY - 10 * MINUTE), "ok"),
        ("and a moment", |house| house.wait(3 * DAY + 1), "too_old"),
        ("a restart", |house| house.reopen(), "restarted"),
        ("the clock set back", |house| house.now.wall.0 -= 400 * 86_400_000, "ok"),
        ("nine wrong passwords", |house| guess_wrong(house, 9), "ok"),
        ("ten wrong passwords", |house| guess_wrong(house, 10), "locked_out"),
        (
            "a lockout that was sat out",
            |house| {
                guess_wrong(house, 10);
                house.wait(31 * MINUTE);
                guess_wrong(house, 1);
            },
            "frozen",
        ),
        ("a new finger", |house| house.sensor().says(Some(BiometricFault::Void)), "enrolment_changed"),
        ("no key", |house| house.sensor().says(Some(BiometricFault::NotFound)), "enrolment_changed"),
        ("a stranger", |house| house.sensor().says(Some(BiometricFault::NotRecognised)), "not_recognised"),
        ("a person who turns away", |house| house.sensor().says(Some(BiometricFault::Cancelled)), "not_recognised"),
        ("a sensor that is busy", |house| house.sensor().says(Some(BiometricFault::Unavailable)), "unavailable"),
        ("a rule of no days", |house| rule(house, 0), "not_allowed"),
        (
            "a rule of one day, two days later",
            |house| {
                rule(house, 1);
                house.wait(2 * DAY);
            },
            "too_old",
        ),
        (
            "a removal",
            |house| {
                house.sign_in(ALICE).unwrap();
                house.ask(Ask::RemoveOperator { name: name("bob"), rotate: false }).unwrap();
                house.ask(Ask::SignOut).unwrap();
            },
            "not_enrolled",
        ),
        (
            "a reset",
            |house| {
                house.sign_in(ALICE).unwrap();
                house.ask(Ask::ResetOperator { name: name("bob"), password: secret(NEW) }).unwrap();
                house.ask(Ask::SignOut).unwrap();
            },
            "not_enrolled",
        ),
    ];
    for (seed, (case, happens, verdict)) in rules.into_iter().enumerate() {
        let mut house = enrolled(seed as u64 + 1);
        happens(&mut house);
        let asked = house.sensor().asked();
        let found = match house.touch_in(BOB) {
            Ok(view) => {
                assert_eq!((view.operator.as_str(), view.role), ("bob", Role::Cashier), "{case}");
                "ok".to_owned()
            }
            Err(error) => error.to_string().replace("biometric_refused why=", ""),
        };
        assert_eq!(found, verdict, "{case}");
        assert_eq!(house.is_armed, verdict == "ok", "{case}: a way to the host");
        assert_eq!(house.standing(), if verdict == "ok" { "signed_in" } else { "signed_out" }, "{case}");
        let is_the_sensors = ["ok", "enrolment_changed", "not_recognised", "unavailable"].contains(&verdict);
        assert_eq!(house.sensor().asked() - asked, u32::from(is_the_sensors), "{case}: a person is asked in vain");
        let is_gone = ["not_enrolled", "enrolment_changed"].contains(&verdict);
        assert_eq!(house.sensor().aliases().is_empty(), is_gone, "{case}: the platform's key");
        assert!(!house.keys.aliases().iter().any(|alias| is_gone && alias.contains("armed")), "{case}");
    }
}

#[test]
fn a_password_lets_the_finger_count_again_and_a_finger_does_not() {
    let mut house = enrolled(1);
    house.reopen();
    house.touch_in(BOB).unwrap_err();
    house.sign_in(BOB).unwrap();
    house.ask(Ask::SignOut).unwrap();
    house.wait(2 * DAY);
    house.touch_in(BOB).unwrap();
    house.ask(Ask::SignOut).unwrap();
    house.wait(DAY + MINUTE);
    assert_eq!(house.touch_in(BOB).unwrap_err().to_string(), "biometric_refused why=too_old");
}

#[test]
fn a_locked_till_is_unlocked_by_the_finger_of_whoever_locked_it() {
    let mut house = enrolled(1);
    house.touch_in(BOB).unwrap();
    house.ask(Ask::Lock).unwrap();
    assert_eq!(house.state().biometric, Biometric::Ready);
    assert!(matches!(house.ask(Ask::UnlockByBiometric), Ok(Reply::Session(_))));
    house.wait(15 * MINUTE);
    assert_eq!(house.standing(), "locked");
    house.ask(Ask::UnlockByBiometric).unwrap();
    house.ask(Ask::SignOut).unwrap();
    let events = house.events(ALICE, ALICE.password);
    let by = |kind: &str| events.iter().filter(|event| event.kind == kind && event.body["by"] == "biometric").count();
    assert_eq!((by("operator.signed_in"), by("operator.unlocked")), (1, 2));
}

#[test]
fn what_a_finger_may_do_depends_on_the_state() {
    let mut house = House::claimed(1);
    assert_eq!(house.state().biometric, Biometric::Possible);
    house.enrol(ALICE).unwrap();
    assert_eq!(house.state().biometric, Biometric::Ready);
    house.ask(Ask::SignOut).unwrap();
    assert_eq!(house.state().biometric, Biometric::Ready, "somebody's");
    house.sign_in(BOB).unwrap();
    assert_eq!(house.state().biometric, Biometric::Possible, "not bob's");
    house.ask(Ask::Lock).unwrap();
    assert_eq!(house.state().biometric, Biometric::Possible);
    house.unlock(BOB.password).unwrap();
    house.sign_in(ALICE).unwrap();
    house.ask(Ask::SetPolicy(Box::new(policy(0)))).unwrap();
    assert_eq!(house.state().biometric, Biometric::Absent);
    assert_eq!(house.enrol(ALICE).unwrap_err().to_string(), "biometric_refused why=not_allowed");
    let mut house = House::claimed(2);
    house.kill();
    house.sensor = None;
    house.open().unwrap();
    house.sign_in(ALICE).unwrap();
    assert_eq!(house.state().biometric, Biometric::Absent);
    assert_eq!(house.enrol(ALICE).unwrap_err().to_string(), "biometric_refused why=unavailable");
}

#[test]
fn enrolling_wants_the_own_password_and_leaves_nothing_when_it_fails() {
    let mut house = House::claimed(1);
    house.sign_in(BOB).unwrap();
    let wrong = house.verdict(Ask::EnrolBiometric { password: ALICE.password() });
    assert_eq!((wrong.as_str(), house.sensor().asked()), ("sign_in_refused tries_left=9", 0));
    house.sensor().says(Some(BiometricFault::Cancelled));
    assert_eq!(house.enrol(BOB).unwrap_err().to_string(), "biometric_refused why=not_recognised");
    house.sensor().says(None);
    assert_eq!(house.state().biometric, Biometric::Possible);
    // Enrolled twice, one key is left.
    house.enrol(BOB).unwrap();
    let first = house.sensor().aliases();
    house.enrol(BOB).unwrap();
    assert_eq!(house.sensor().aliases().len(), 1);
    assert_ne!(house.sensor().aliases(), first);
    house.ask(Ask::ForgetBiometric).unwrap();
    assert!(house.sensor().aliases().is_empty());
    assert_eq!(house.verdict(Ask::ForgetBiometric), "biometric_refused why=not_enrolled");
    // Another password ends it as well.
    house.enrol(BOB).unwrap();
    house.ask(Ask::ChangePassword { password: BOB.password(), new_password: secret(NEW) }).unwrap();
    assert!(house.sensor().aliases().is_empty());
    house.ask(Ask::SignOut).unwrap();
    assert_eq!(house.touch_in(BOB).unwrap_err().to_string(), "biometric_refused why=not_enrolled");
}

#[test]
fn a_key_that_a_crash_left_over_is_destroyed_at_the_next_sign_in() {
    let mut house = House::claimed(1);
    house.sign_in(BOB).unwrap();
    house.holds = true;
    house.wish(Ask::EnrolBiometric { password: BOB.password() });
    let _sealed_and_lost = house.held.take().unwrap().run();
    assert_eq!(house.sensor().aliases().len(), 1, "the platform has made a key");
    house.reopen();
    house.sign_in(BOB).unwrap();
    assert!(house.sensor().aliases().is_empty());
    // A sensor that does not serve then keeps nobody out, and is asked again.
    house.wish(Ask::EnrolBiometric { password: BOB.password() });
    let _sealed_and_lost = house.held.take().unwrap().run();
    house.reopen();
    house.sensor().says(Some(BiometricFault::Unavailable));
    house.sign_in(BOB).unwrap();
    assert_eq!(house.sensor().aliases().len(), 1);
    house.sensor().says(None);
    house.sign_in(ALICE).unwrap();
    assert!(house.sensor().aliases().is_empty());
}

#[test]
fn a_sensor_that_hangs_keeps_nobody_out_and_no_session_open() {
    let mut house = enrolled(1);
    house.holds = true;
    let hanging = house.wish(Ask::SignInByBiometric { name: name("bob") });
    assert!(house.told(hanging).is_none());
    house.sign_in(BOB).unwrap();
    let told = house.told(hanging).unwrap().unwrap_err();
    assert_eq!(told.to_string(), "biometric_refused why=not_recognised");
    // What it says at last opens nothing.
    house.ask(Ask::Lock).unwrap();
    let late = house.held.take().unwrap().run();
    house.give(Input::Recognised(late));
    assert_eq!(house.standing(), "locked");
    // A session locks while it enrols.
    house.unlock(BOB.password).unwrap();
    let enrolling = house.wish(Ask::EnrolBiometric { password: BOB.password() });
    let sealed = house.held.take().unwrap().run();
    house.wait(16 * MINUTE);
    assert_eq!(house.standing(), "locked");
    assert!(house.told(enrolling).unwrap().is_err());
    house.give(Input::Recognised(sealed));
    assert_eq!(house.standing(), "locked");
    assert!(house.told.is_empty());
    assert_eq!(house.sensor().aliases().len(), 1, "that of before; the one that came too late is destroyed at once");
    house.unlock(BOB.password).unwrap();
    // One that the platform keeps goes at the next sign-in.
    house.wish(Ask::EnrolBiometric { password: BOB.password() });
    let sealed = house.held.take().unwrap().run();
    house.ask(Ask::Lock).unwrap();
    house.sensor().keeps(true);
    house.give(Input::Recognised(sealed));
    assert_eq!(house.sensor().aliases().len(), 2);
    house.sensor().keeps(false);
    house.unlock(BOB.password).unwrap();
    assert_eq!(house.sensor().aliases().len(), 1);
}

/// The key that is void stays with the platform, which is busy; that the slot is gone is on record all the same.
#[test]
fn a_void_enrolment_is_on_record_also_where_the_platform_destroys_nothing() {
    for keeps in [false, true] {
        let mut house = enrolled(1);
        house.sensor().says(Some(BiometricFault::Void));
        house.sensor().keeps(keeps);
        assert_eq!(house.touch_in(BOB).unwrap_err().to_string(), "biometric_refused why=enrolment_changed");
        house.sensor().says(None);
        assert_eq!(house.touch_in(BOB).unwrap_err().to_string(), "biometric_refused why=not_enrolled");
        house.sensor().keeps(false);
        house.sign_in(BOB).unwrap();
        let said = house.said(BOB, BOB.password);
        let told = said.iter().filter(|said| said.starts_with("operator.biometric_forgotten")).count();
        assert_eq!(told, 1, "the platform keeps its key: {keeps}: {said:?}");
        assert!(house.sensor().aliases().is_empty(), "the platform keeps its key: {keeps}");
    }
}

#[test]
fn a_finger_forgives_no_wrong_password_and_takes_the_place_of_none() {
    let mut house = enrolled(1);
    guess_wrong(&mut house, 4);
    assert_eq!(house.touch_in(BOB).unwrap().failed_before, 0);
    house.ask(Ask::SignOut).unwrap();
    assert_eq!(house.sign_in(BOB).unwrap().failed_before, 4);
    house.ask(Ask::SignOut).unwrap();
    // A password that must change is asked for all the same.
    house.sign_in(SAM).unwrap();
    house.ask(Ask::SetPolicy(Box::new(policy(90)))).unwrap();
    house.sign_in(BOB).unwrap();
    house.ask(Ask::SignOut).unwrap();
    house.wait(89 * DAY);
    house.touch_in(BOB).unwrap();
    house.ask(Ask::SignOut).unwrap();
    house.now.wall.0 += 2 * 86_400_000;
    assert_eq!(house.touch_in(BOB).unwrap_err().to_string(), "password_must_change why=expired");
    assert_eq!(house.standing(), "signed_out");
}

/// A session that was locked the day before goes on with the password, which is due; a finger does not stand for it.
#[test]
fn a_finger_does_not_unlock_where_a_password_must_change() {
    for (days, verdict) in [(0, Ok(())), (2, Err("password_must_change why=expired"))] {
        let mut house = House::claimed(1);
        house.ask(Ask::SetPolicy(Box::new(policy(90)))).unwrap();
        house.sign_in(BOB).unwrap();
        house.enrol(BOB).unwrap();
        house.ask(Ask::SignOut).unwrap();
        house.wait(89 * DAY);
        house.touch_in(BOB).unwrap();
        house.ask(Ask::Lock).unwrap();
        house.now.wall.0 += days * 86_400_000;
        let told = house.ask(Ask::UnlockByBiometric).map(drop).map_err(|error| error.to_string());
        assert_eq!(told, verdict.map_err(str::to_owned), "{days}");
        if verdict.is_err() {
            assert_eq!(house.standing(), "locked", "the session is still bob's");
            house.unlock(BOB.password).unwrap();
        }
    }
}

#[test]
fn an_arming_put_back_does_not_outlive_the_rule_of_the_journal() {
    let mut house = enrolled(1);
    let old = armed_rows(&house);
    rule(&mut house, 1);
    house.wait(2 * DAY);
    house.kill_process();
    put_back(&house, &old);
    house.open().unwrap();
    let asked = house.sensor().asked();
    assert_eq!(house.touch_in(BOB).unwrap_err().to_string(), "biometric_refused why=too_old");
    assert_eq!(house.sensor().asked() - asked, 1, "the row let it pass, the journal did not");
    assert_eq!(house.standing(), "signed_out");
}

fn armed_rows(house: &House) -> Vec<(String, Vec<u8>)> {
    let rows = house.plain_rows("vault/armed/");
    assert_eq!(rows.len(), 1);
    rows
}

fn put_back(house: &House, rows: &[(String, Vec<u8>)]) {
    house.change_plain_rows(rows);
}

#[test]
fn another_recovery_code_ends_the_one_before() {
    let mut house = House::new(1);
    let first = house.claim().unwrap();
    assert_eq!(
        house.verdict(Ask::NewRecoveryCode { password: secret(NEW) }),
        "sign_in_refused tries_left=9",
        "the password is asked for again"
    );
    let second = house.code(Ask::NewRecoveryCode { password: ALICE.password() }).unwrap();
    house.ask(Ask::SignOut).unwrap();
    assert!(house.recover(&first, BOB, NEW).unwrap_err().to_string().starts_with("recovery_refused"));
    house.recover(&second, BOB, NEW).unwrap();
    let said = house.said(BOB, NEW);
    assert!(said.contains(&"operator.recovery_renewed alice".to_owned()), "{said:?}");
}

#[test]
fn a_code_that_opens_the_till_is_told_whatever_becomes_of_the_session() {
    for (point, fate, ends) in
        [("before operator.signed_in", Fate::DiskFull, false), ("before operator.signed_in", Fate::SyncFailed, true)]
    {
        let mut house = House::new(1);
        house.plan.fail_at(point, fate, 9);
        let code = house.claim().unwrap();
        assert_eq!(house.stopped.is_some(), ends, "{fate:?}");
        house.plan.heal();
        house.reopen();
        assert_eq!(house.standing(), "signed_out", "{fate:?}");
        house.plan.fail_at(point, fate, 9);
        let next = house.recover(&code, BOB, NEW).unwrap();
        house.plan.heal();
        house.reopen();
        assert!(house.recover(&code, BOB, NEW).is_err(), "{fate:?}: the code from before");
        house.recover(&next, SAM, "yet another pass 4 word").unwrap();
    }
}
