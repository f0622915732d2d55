//! The process ends at every point of leaving and of an erasure, and the till starts again.
//!
//! Leaving is over or has not begun, and what it owes is signed by the next sign-in. An erasure is over or goes on: after
//! it nothing opens, with the passwords, with all files, and with a copy of the till's folder from before; what lies there
//! is a certificate. A note that the till had not written erases nothing. Each check has a control that it finds.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod support;

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

use people_support::{House, MINUTE, NEW};
use support::host::told::acquirer_key;
use taptill::error::{Error, ErrorCode};
use taptill::ids::Role;
use taptill::iso8583::Op;
use taptill::merkle::{Note, VerifierKey};
use taptill::ports::Fate;
use taptill::till::{Ask, Erased, Reply};
use taptill_sandbox::people::{ALICE, BOB, Person};

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

/// A second supervisor.
const CAROL: Person = Person { name: "carol", password: "slow trains arrive 8 late", role: Role::Supervisor };
const PASSWORDS: [Person; 3] = [ALICE, BOB, CAROL];

/// A till that may go, and everything that opens it but the device.
struct Closed {
    house: House,
    recovery_code: String,
}

impl Deref for Closed {
    type Target = House;

    fn deref(&self) -> &House {
        &self.house
    }
}

/// A till that may go: nothing is open, and there are two supervisors.
fn two_supervisors() -> Closed {
    let mut house = House::claimed(10);
    house.ask(Ask::AddOperator(CAROL.as_new())).unwrap();
    let recovery_code = house.code(Ask::NewRecoveryCode { password: ALICE.password() }).unwrap();
    house.enrol(ALICE).unwrap();
    house.close().unwrap();
    Closed { house, recovery_code }
}

fn go() -> Ask {
    Ask::Deregister { second: Some((CAROL.name(), CAROL.password())), export: None }
}

/// Opens a copy, with a host, for whoever is to leave it for good.
fn begun(closed: &Closed, seed: u64) -> House {
    let mut house = closed.copy(seed).with_host();
    house.open().unwrap();
    house.sign_in(ALICE).unwrap();
    house
}

fn erased(told: Result<Reply, Error>) -> Erased {
    match told {
        Ok(Reply::Erased(erased)) => *erased,
        other => panic!("{other:?}"),
    }
}

/// The certificates that lie where the till was.
fn certificates(house: &House) -> Vec<String> {
    let files = std::fs::read_dir(house.folder()).unwrap().map(|file| file.unwrap().path());
    let is_certificate = |path: &std::path::Path| path.display().to_string().contains(".erased-");
    files.filter(|path| is_certificate(path)).map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Anybody who knows the acquirer's key can check a certificate: the acquirer signed the statement in it, the statement
/// names the key, and that key signed the certificate.
fn check_certificate(text: &str) {
    let note = Note::parse(text.as_bytes()).unwrap();
    let (_, statement) = note.text().split_once("\n\n").unwrap();
    let statement = Note::parse(statement.as_bytes()).unwrap();
    statement.verify(&[&acquirer_key()]).unwrap();
    let key = statement.text().lines().find_map(|line| line.strip_prefix("erasure key ")).unwrap();
    note.verify(&[&VerifierKey::parse(key).unwrap()]).unwrap();
    for promised in ["begun 2026-11-22T", "done 2026-11-22T", "destroyed: ", "not promised: "] {
        assert!(note.text().contains(promised), "{promised:?} is not in {text}");
    }
}

/// With these files, these device keys, every password and the recovery code: who gets in.
fn gets_in(mut house: House, code: &str) -> Vec<&'static str> {
    if house.open().is_err() {
        return Vec::new();
    }
    let mut inside = Vec::new();
    for person in PASSWORDS {
        if house.sign_in(person).is_ok() {
            inside.push(person.name);
            house.ask(Ask::SignOut).unwrap();
        }
    }
    if house.recover(code, CAROL, NEW).is_ok() {
        inside.push("the recovery code");
    }
    inside
}

/// Everybody who got in before.
const EVERYBODY: [&str; 4] = ["alice", "bob", "carol", "the recovery code"];

/// Nothing is left of the till but its certificate, and nothing that anybody kept of its folder opens.
fn is_gone(house: &mut House, closed: &Closed, told: &str) {
    assert_eq!(house.keys.aliases(), Vec::<String>::new(), "{told}: device keys");
    assert_eq!(house.sensor().aliases(), Vec::<String>::new(), "{told}: keys of the sensor");
    let mut files: Vec<String> = std::fs::read_dir(house.folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    // The lock's own file is empty, and the last to go.
    let is_empty = |name: &str| std::fs::metadata(house.folder().join(name)).unwrap().len() == 0;
    files.retain(|name| !(name.contains(".erased-") || name.ends_with(".lock") && is_empty(name)));
    assert_eq!(files, Vec::<String>::new(), "{told}: files");
    let certificates = certificates(house);
    assert_eq!(certificates.len(), 1, "{told}");
    check_certificate(&certificates[0]);

    // The folder from before, without the device's keys.
    let mut kept = closed.copy(90);
    kept.keys = house.keys.clone();
    assert_eq!(gets_in(kept, &closed.recovery_code), Vec::<&str>::new(), "{told}: the copy opens");

    let error = house.open().unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotProvisioned, "{told}");
    // The same device can be set up as new.
    house.provision().unwrap_or_else(|error| panic!("{told}: set up as new: {error}"));
    house.open().unwrap();
    house.claim().unwrap_or_else(|error| panic!("{told}: claimed as new: {error}"));
}

#[test]
fn an_erased_till_is_gone_and_its_certificate_says_so() {
    let closed = two_supervisors();
    let mut house = begun(&closed, 11);
    let erased = erased(house.ask(go()));
    assert!(erased.is_acknowledged && erased.exported_sha256.is_none());
    assert_eq!(erased.certificate, certificates(&house).pop());
    assert_eq!(house.stopped.as_ref().unwrap().to_string(), "not_provisioned why=erased");
    assert!(!house.is_armed);
    let told = &house.host.as_ref().unwrap().told;
    assert_eq!(told.iter().filter(|(op, _)| *op == Op::Deregister).count(), 1);
    is_gone(&mut house, &closed, "erased");
    // The control: where the device's keys are kept, the folder from before opens.
    assert_eq!(gets_in(closed.copy(12), &closed.recovery_code), EVERYBODY);
}

/// Each point of a deregistration.
#[test]
fn a_deregistration_that_is_cut_off_anywhere_is_over_or_goes_on() {
    let closed = two_supervisors();
    let mut dry = begun(&closed, 20);
    dry.plan.die_at(None);
    erased(dry.ask(go()));
    let visited = dry.plan.visited();
    let begins = visited.iter().position(|point| point == "after erase.intent").unwrap();
    let (mut before, mut after) = (0, 0);
    for (visit, point) in visited.iter().enumerate() {
        let told = format!("killed {point}, point {visit}");
        let mut house = begun(&closed, 21);
        house.plan.die_at(Some(visit));
        let _killed = house.wish(go());
        assert_eq!(house.stopped.as_ref().map(Error::code), Some(ErrorCode::StoppedByFaultPlan), "{told}");
        house.plan.die_at(None);
        house.kill();
        let opened = house.open();
        if visit < begins {
            // Nothing is gone: everybody gets in, and it can be asked for again.
            before += 1;
            opened.unwrap_or_else(|error| panic!("{told}: {error}"));
            house.sign_in(CAROL).unwrap_or_else(|error| panic!("{told}: {error}"));
            house.sign_in(ALICE).unwrap_or_else(|error| panic!("{told}: {error}"));
            house.verify();
            erased(house.ask(go()));
        } else {
            after += 1;
            assert_eq!(opened.unwrap_err().code(), ErrorCode::NotProvisioned, "{told}");
        }
        is_gone(&mut house, &closed, &told);
    }
    assert!(before > 8 && after > 15, "{before} before the intent, {after} after it");
}

/// The start that goes on with an erasure is cut off as well, at each of its points; of the keys, which go one after
/// another, at every 23rd in the ordinary run.
#[test]
fn a_start_that_is_cut_off_while_it_erases_goes_on_at_the_next() {
    let closed = two_supervisors();
    let half = || {
        let mut house = begun(&closed, 30);
        house.plan.fail_at("after erase.intent", Fate::Die, 1);
        let _killed = house.wish(go());
        house.plan.heal();
        house.kill();
        house
    };
    let mut dry = half();
    dry.plan.die_at(None);
    dry.open().unwrap_err();
    let visited = dry.plan.visited();
    let step = if std::env::var_os("TAPTILL_LONG").is_some() { 1 } else { 23 };
    for visit in (0..visited.len()).filter(|visit| !visited[*visit].ends_with("erase.key") || visit % step == 0) {
        let told = format!("killed {}, point {visit} of the start", visited[visit]);
        let mut house = half();
        house.plan.die_at(Some(visit));
        assert_eq!(house.open().unwrap_err().code(), ErrorCode::StoppedByFaultPlan, "{told}");
        house.plan.die_at(None);
        assert_eq!(house.open().unwrap_err().code(), ErrorCode::NotProvisioned, "{told}");
        is_gone(&mut house, &closed, &told);
    }
}

/// A note that the till had not written, beside it: made up, of another till, changed, of a life before.
#[test]
fn a_planted_or_copied_intent_erases_nothing() {
    let closed = two_supervisors();
    let note = |house: &House| house.folder().join("journal.db.erase");
    let genuine = |house: &mut House| {
        house.plan.fail_at("before erase.key", Fate::Die, 1);
        let _killed = house.wish(go());
        house.plan.heal();
        house.kill();
        std::fs::read(note(house)).unwrap()
    };
    let of_another = genuine(&mut {
        // Its device has other keys under the same names.
        let mut other = House::empty(44).with_host();
        other.keys = std::sync::Arc::new(other.keys.copy());
        other.provision().unwrap();
        other.open().unwrap();
        other.claim().unwrap();
        other.ask(Ask::AddOperator(CAROL.as_new())).unwrap();
        other
    });
    let own = genuine(&mut begun(&closed, 40));
    let changed = |at: usize| {
        let mut bytes = own.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut planted = vec![
        ("made up", b"erase everything\n".to_vec()),
        ("empty", Vec::new()),
        ("of another till", of_another),
        ("cut short", own[..own.len() - 2].to_vec()),
        ("with more at its end", [own.as_slice(), b"\n"].concat()),
    ];
    for at in (0..own.len()).step_by(97) {
        planted.push(("changed", changed(at)));
    }
    for (what, bytes) in &planted {
        let mut house = closed.copy(41);
        std::fs::write(note(&house), bytes).unwrap();
        house.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(!note(&house).exists(), "{what}: the note is gone, and nothing else");
        house.sign_in(ALICE).unwrap();
        house.verify();
        let events = house.events(ALICE, ALICE.password);
        assert!(events.iter().any(|event| event.kind == "till.erasure_planted"), "{what}: it is on record");
    }
    // A life later: the note of the life before erases nothing of the next.
    let mut house = begun(&closed, 42);
    erased(house.ask(go()));
    house.kill();
    house.provision().unwrap();
    std::fs::write(note(&house), &own).unwrap();
    house.open().unwrap();
    house.claim().unwrap();

    // Its own, of another time: nothing was asked for in this one.
    let mut house = closed.copy(43);
    std::fs::write(note(&house), &own).unwrap();
    house.open().unwrap();
    house.sign_in(ALICE).unwrap();

    // The control: the till's own note, where it was asked for, does.
    let mut house = begun(&closed, 45);
    let _own = genuine(&mut house);
    assert_eq!(house.open().unwrap_err().code(), ErrorCode::NotProvisioned);
    is_gone(&mut house, &closed, "the control");
}

/// The controls of the check: files first, or one key kept, are found.
#[test]
fn a_till_of_which_something_is_left_would_be_found() {
    let closed = two_supervisors();
    let found = |spoil: fn(&House)| {
        let mut house = begun(&closed, 50);
        erased(house.ask(go()));
        spoil(&house);
        catch_unwind(AssertUnwindSafe(|| is_gone(&mut house, &closed, "the control"))).is_err()
    };
    assert!(!found(|_| ()), "nothing is left");
    assert!(found(|house| std::fs::write(house.path(), b"a page").unwrap()), "a file that stays");
    let mut thief = begun(&closed, 51);
    thief.plan.fail_at("before erase.key", Fate::Die, 1);
    let _killed = thief.wish(go());
    thief.kill();
    let mut kept = closed.copy(52);
    kept.keys = thief.keys.clone();
    assert_eq!(gets_in(kept, &closed.recovery_code), EVERYBODY, "files first would leave a copy that opens");
}

/// Whoever has the till's files may hide a row from the erasure, and keep it: what it names stays on the device, which no
/// port can list, and opens nothing (`vault_slots.rs` says why).
#[test]
fn a_row_that_is_hidden_from_an_erasure_opens_nothing_afterwards() {
    let closed = two_supervisors();
    for (hidden, inside) in [("vault/slot/bob", "bob"), ("vault/slot/+recovery", "the recovery code")] {
        let mut house = closed.copy(60).with_host();
        house.take_plain_row(hidden);
        house.open().unwrap();
        house.sign_in(ALICE).unwrap();
        erased(house.ask(go()));
        let left = house.keys.aliases();
        assert!(left.iter().any(|alias| alias.starts_with("vault.kek.")), "{hidden}: as was wished: {left:?}");
        assert!(left.iter().all(|alias| !alias.starts_with("vault.till")), "{hidden}: {left:?}");
        let mut kept = closed.copy(61);
        kept.keys = house.keys.clone();
        assert_eq!(gets_in(kept, &closed.recovery_code), Vec::<&str>::new(), "{hidden}: the copy opens");
        // The control: with the device as it was, the copy opens to whom the row is of.
        assert!(gets_in(closed.copy(62), &closed.recovery_code).contains(&inside), "{hidden}");
    }
}
