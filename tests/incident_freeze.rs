//! A frozen till: from anywhere, at once, through everything, and released by none but those who may.
//!
//! No thread, no socket, virtual time; the people and the ports are in `tests/people_support`. What a freeze does to a
//! sale that is on its way to the host is in `tests/incident_sales.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod support;

use people_support::alone::{claimed, closed, open};
use people_support::{House, MINUTE, NEW, SAM, name, newcomer, sale, secret};
use taptill::account::ShopPolicy;
use taptill::error::{Error, ErrorCode};
use taptill::ids::{AttemptId, RefundId, Role};
use taptill::incident::freeze::{FreezeReason, FreezeView, FrozenFrom};
use taptill::iso8583::Op;
use taptill::journal::Event;
use taptill::money::{Amount, Currency};
use taptill::payment::{RefundOf, RefundRequest, VoidOrder};
use taptill::till::{Ask, Input, Reply};
use taptill_sandbox::people::{ALICE, BOB, Person};

const YEAR_MS: i64 = 365 * 86_400_000;

fn freeze() -> Ask {
    Ask::Freeze { reason: FreezeReason::of("the phone is gone"), by: None }
}

fn release_with(person: Person) -> Ask {
    Ask::Release { second: person.name(), password: person.password() }
}

/// A place or an event, and how the till comes to it.
type Way = fn(&mut House);
/// The place, how the till comes there, and from where and in whose name it is frozen then.
type Place = (&'static str, Way, FrozenFrom, Option<&'static str>);

/// Where a till is when somebody freezes it.
#[rustfmt::skip]
const PLACES: [Place; 4] = [
    ("signed in", |_| (), FrozenFrom::Till, Some("alice")),
    ("signed in as a cashier", |house| drop(house.sign_in(BOB).unwrap()), FrozenFrom::Till, Some("bob")),
    ("locked", |house| drop(house.ask(Ask::Lock).unwrap()), FrozenFrom::LockScreen, None),
    ("signed out", |house| drop(house.ask(Ask::SignOut).unwrap()), FrozenFrom::LockScreen, None),
];

/// What happens to it afterwards.
#[rustfmt::skip]
const AFTERWARDS: [(&str, Way); 7] = [
    ("nothing", |_| ()),
    ("the process ends", |house| { house.kill_process(); house.open().unwrap(); }),
    ("the device starts anew", House::reopen),
    ("the app is closed", |house| { house.close().unwrap(); house.open().unwrap(); }),
    ("the clock goes back a year", |house| { house.now.wall.0 -= YEAR_MS; house.reopen(); }),
    ("the clock goes on a year", |house| { house.now.wall.0 += YEAR_MS; house.reopen(); }),
    ("a day goes by", |house| house.wait(1_440 * MINUTE)),
];

fn come_in(house: &mut House) {
    house.ask(Ask::SignOut).unwrap();
    house.sign_in_as_alice();
}

impl House {
    /// By whichever of the two passwords is hers.
    fn sign_in_as_alice(&mut self) {
        if self.sign_in(ALICE).is_err() {
            self.sign_in_with(ALICE, NEW, None)
                .or_else(|_| self.sign_in_with(ALICE, ALICE.password, Some(NEW)))
                .unwrap();
        }
    }

    fn frozen(&mut self) -> Option<FreezeView> {
        self.state().frozen
    }
}

/// What nobody may do at a frozen till, as somebody who otherwise may.
fn is_refused_everything(house: &mut House, told: &str) {
    let refund = RefundId::new("rf-0000000000000000").unwrap();
    let attempt = || AttemptId::new("none").unwrap();
    let amount = Amount::from_minor(100, Currency::CNY).unwrap();
    let wishes = [
        Ask::Sale(sale("A-9")),
        Ask::Void(VoidOrder { attempt: None, of: attempt() }),
        Ask::RequestRefund(RefundRequest { refund: None, of: RefundOf::Attempt(attempt()), amount }),
    ];
    for wish in wishes {
        let verdict = house.verdict(wish);
        assert!(verdict.starts_with("till_frozen from="), "{told}: {verdict}");
    }
    // Of an approval the refund is looked for first: there is none.
    assert_eq!(house.verdict(Ask::ApproveRefund(refund)), "refund_unknown", "{told}");
    for allowed in [Ask::Resolve, Ask::Verify, Ask::Debts, Ask::Checkpoint] {
        assert_eq!(house.verdict(allowed), "ok", "{told}");
    }
    assert_eq!(house.verdict(Ask::Settle), "batch_empty batch=1", "{told}: settling is not refused");
}

#[test]
fn a_freeze_holds_at_once_from_everywhere_and_through_everything() {
    let closed = closed();
    for (place, go, from, by) in PLACES {
        for (afterwards, happen) in AFTERWARDS {
            let told = format!("{place}, then {afterwards}");
            let mut house = open(&closed, 2);
            go(&mut house);
            let before = house.now;
            house.ask(freeze()).unwrap();
            assert_eq!(house.now, before, "{told}: no time goes by");
            let view = house.frozen().unwrap();
            assert_eq!((view.from, view.by.as_ref().map(ToString::to_string).as_deref()), (from, by), "{told}");
            assert_eq!(view.since_ms, Some(before.wall), "{told}");
            assert_eq!(view.reason.as_ref().unwrap().as_str(), "the phone is gone", "{told}");
            happen(&mut house);
            assert_eq!(house.frozen(), Some(view.clone()), "{told}: as it was");
            come_in(&mut house);
            assert_eq!(house.frozen(), Some(view.clone()), "{told}: signed in again");
            is_refused_everything(&mut house, &told);
            // Once more changes nothing, and it is written down once.
            house.ask(Ask::Freeze { reason: None, by: None }).unwrap();
            assert_eq!(house.frozen(), Some(view), "{told}");
            house.verify();
            assert_eq!(house.count_of("till.frozen"), 1, "{told}");
        }
    }
}

impl House {
    /// How often the record says this. The till is closed afterwards.
    fn count_of(&mut self, kind: &str) -> usize {
        let by = if self.is_alices_new_password() { NEW } else { ALICE.password };
        self.events(ALICE, by).iter().filter(|event| event.kind == kind).count()
    }

    fn is_alices_new_password(&mut self) -> bool {
        self.ask(Ask::SignOut).unwrap();
        let is_new = self.sign_in(ALICE).is_err();
        if !is_new {
            self.ask(Ask::SignOut).unwrap();
        }
        is_new
    }
}

#[test]
fn a_sale_that_waits_for_its_card_ends_unsent_and_the_reader_lets_go() {
    let mut house = claimed(3);
    let ticket = house.sell("A-1");
    house.ask(freeze()).unwrap();
    let error = house.told(ticket).unwrap().unwrap_err();
    assert!(error.to_string().starts_with("till_frozen"), "{error}");
    assert_eq!((error.money().word(), error.reversal().word()), ("not_moved", "not_needed"));
    assert!(!house.awaits_card);
    match house.ask(Ask::Status(AttemptId::new("A-1").unwrap())) {
        Ok(Reply::Payment(taptill::payment::Reply::Attempt(view))) => {
            assert_eq!((view.state.word(), view.reason.unwrap().word()), ("not_sent", "till_frozen"));
        }
        other => panic!("{other:?}"),
    }
    // The same attempt asked for again is answered as it ended, and no lock waits for it.
    assert!(house.verdict(Ask::Sale(sale("A-1"))).starts_with("till_frozen"));
    house.ask(Ask::Lock).unwrap();
    assert_eq!(house.standing(), "locked");
}

#[test]
fn a_till_of_nobody_is_not_frozen() {
    let mut house = House::new(4);
    assert_eq!(house.verdict(freeze()), "till_unclaimed");
    assert_eq!(house.frozen(), None);
}

/// Who is signed in, who comes as the second, what happened between, and what becomes of the release.
type Row = (&'static str, Person, fn(&mut House), fn() -> Ask, &'static str);

const EVE: Person = Person { name: "eve", password: "seven kites fly 5 high", role: Role::Supervisor };

#[rustfmt::skip]
const RELEASES: [Row; 11] = [
    ("a supervisor and a cashier", ALICE, |_| (), || release_with(BOB), "ok"),
    ("a supervisor alone", ALICE, |_| (), || release_with(ALICE), "release_needs_another why=same"),
    ("a cashier first", BOB, |_| (), || release_with(ALICE), "not_permitted action=release_freeze role=cashier"),
    ("the integrator's person first", SAM, |_| (), || release_with(ALICE),
        "not_permitted action=release_freeze role=service"),
    ("the integrator's person second", ALICE, |_| (), || release_with(SAM),
        "not_permitted action=confirm_release role=service"),
    ("a wrong password", ALICE, |_| (), || Ask::Release { second: BOB.name(), password: secret("not it at all 1") },
        "sign_in_refused tries_left=9"),
    ("nobody of this name", ALICE, |_| (), || release_with(EVE), "sign_in_refused tries_left=9"),
    ("one who was added since", ALICE,
        |house| drop(house.ask(Ask::AddOperator(newcomer(EVE.name, EVE.role, EVE.password, false))).unwrap()),
        || release_with(EVE), "release_needs_another why=appointed"),
    ("one whose password is temporary", ALICE,
        |house| drop(house.ask(Ask::ResetOperator { name: BOB.name(), password: secret(NEW) }).unwrap()),
        || Ask::Release { second: BOB.name(), password: secret(NEW) }, "password_must_change why=temporary"),
    ("one whose password the first has set since", ALICE, reset_and_changed,
        || Ask::Release { second: BOB.name(), password: secret(EVE.password) }, "release_needs_another why=reset"),
    ("the other way round", EVE, |_| (), || release_with(ALICE), "release_needs_another why=appointed"),
];

fn reset_and_changed(house: &mut House) {
    house.ask(Ask::ResetOperator { name: BOB.name(), password: secret(NEW) }).unwrap();
    house.sign_in_with(BOB, NEW, Some(EVE.password)).unwrap();
    house.sign_in(ALICE).unwrap();
}

#[test]
fn two_people_release_a_till_and_nobody_else() {
    let closed = closed();
    for (what, first, between, wish, verdict) in RELEASES {
        let mut house = open(&closed, 5);
        house.ask(freeze()).unwrap();
        if first == EVE {
            house.ask(Ask::AddOperator(newcomer(EVE.name, EVE.role, EVE.password, false))).unwrap();
        }
        if first != ALICE {
            house.sign_in(first).unwrap();
        }
        between(&mut house);
        assert_eq!(house.verdict(wish()), verdict, "{what}");
        assert_eq!(house.frozen().is_none(), verdict == "ok", "{what}");
        house.reopen();
        assert_eq!(house.frozen().is_none(), verdict == "ok", "{what}: after a restart");
        house.sign_in(ALICE).unwrap();
        let sold = house.wish(Ask::Sale(sale("A-1")));
        assert_eq!(house.told(sold).is_none(), verdict == "ok", "{what}: a sale waits for its card");
    }
}

#[test]
fn a_release_of_a_till_that_is_free_changes_nothing() {
    let mut house = claimed(6);
    assert_eq!(house.verdict(release_with(ALICE)), "ok");
    house.ask(freeze()).unwrap();
    house.ask(release_with(BOB)).unwrap();
    house.ask(freeze()).unwrap();
    assert!(house.frozen().is_some(), "and it can be frozen again");
    assert_eq!(
        (house.count_of("till.frozen"), house.keys.aliases().iter().filter(|a| *a == "incident.freeze").count()),
        (2, 1)
    );
}

/// Freezing at the lock screen: what the rule wants, what is given, and what comes of it.
#[test]
fn a_lock_screen_asks_for_a_password_where_the_shop_wants_one() {
    let by = |person: Person, password: &str| Some((person.name(), secret(password)));
    for (wants, given, verdict, who) in [
        (false, None, "ok", None),
        (false, by(BOB, BOB.password), "ok", Some("bob")),
        (false, by(BOB, "not it at all 1"), "sign_in_refused tries_left=9", None),
        (true, None, "freeze_needs_password", None),
        (true, by(BOB, BOB.password), "ok", Some("bob")),
        (true, by(EVE, EVE.password), "sign_in_refused tries_left=9", None),
    ] {
        for place in [Ask::Lock, Ask::SignOut] {
            let mut house = claimed(7);
            let policy = ShopPolicy { freeze_needs_password_at_lock_screen: wants, ..ShopPolicy::default() };
            house.ask(Ask::SetPolicy(Box::new(policy))).unwrap();
            house.ask(place).unwrap();
            house.reopen();
            let told = format!("{wants} {verdict} {who:?}");
            let by = given
                .as_ref()
                .map(|(name, password)| (name.clone(), secret(std::str::from_utf8(password.expose()).unwrap())));
            assert_eq!(house.verdict(Ask::Freeze { reason: None, by }), verdict, "{told}");
            assert_eq!(house.frozen().is_some(), verdict == "ok", "{told}");
            assert_eq!(house.frozen().and_then(|view| view.by).map(|name| name.to_string()).as_deref(), who, "{told}");
        }
    }
}

#[test]
fn fingers_open_nothing_after_a_freeze() {
    for place in [Ask::Lock, Ask::SignOut, Ask::State] {
        let mut house = claimed(8);
        house.enrol(ALICE).unwrap();
        house.ask(place).unwrap();
        house.ask(freeze()).unwrap();
        if house.standing() == "signed_in" {
            house.ask(Ask::SignOut).unwrap();
        }
        assert_eq!(house.touch_in(ALICE).unwrap_err().to_string(), "biometric_refused why=frozen");
    }
}

const MARK: &str = "incident/freeze";

/// What somebody does to the files of a till that was frozen at its lock screen, and what the till makes of it.
#[test]
fn no_change_of_the_files_thaws_a_till() {
    // A till that was frozen and released once, with what lay there meanwhile: the freeze, and that it was lifted.
    let mut once = claimed(9);
    once.ask(freeze()).unwrap();
    let frozen = once.copy(10).plain_rows(MARK);
    once.plan.die_at(None);
    once.ask(release_with(BOB)).unwrap();
    let lifting = once.plan.visited().iter().position(|point| point == "after till.released").unwrap();
    once.ask(freeze()).unwrap();
    once.plan.die_at(Some(lifting));
    let _killed = once.wish(release_with(BOB));
    let lifted = once.copy(10).plain_rows(MARK);
    assert!(frozen != lifted && (frozen.len(), lifted.len()) == (1, 1));
    once.plan.die_at(None);
    once.reopen();
    once.sign_in(ALICE).unwrap();
    once.ask(Ask::SignOut).unwrap();
    once.kill();
    assert!(once.plain_rows(MARK).is_empty(), "nothing is left of a freeze that is over");
    let old_marks = [frozen, lifted].map(|rows| rows.into_iter().next().unwrap());
    for (what, spoil, from) in [
        ("nothing", (|_, _| ()) as fn(&mut House, &[(String, Vec<u8>); 2]), "lock_screen"),
        (
            "a bit of the row",
            |house, _| {
                let mut rows = house.plain_rows(MARK);
                rows[0].1[20] ^= 1;
                house.change_plain_rows(&rows);
            },
            "found",
        ),
        ("a shorter row", |house, _| house.change_plain_rows(&[(MARK.to_owned(), vec![1; 8])]), "found"),
        ("the row of another freeze", |house, old| house.change_plain_rows(&old[..1]), "found"),
        ("the row that lifted another freeze", |house, old| house.change_plain_rows(&old[1..]), "found"),
    ] {
        let mut house = once.copy(12);
        house.open().unwrap();
        house.ask(freeze()).unwrap();
        house.kill();
        spoil(&mut house, &old_marks);
        house.open().unwrap();
        assert_eq!(house.frozen().unwrap().from.word(), from, "{what}");
        house.sign_in(ALICE).unwrap();
        assert_eq!(house.frozen().unwrap().from.word(), from, "{what}");
        is_refused_everything(&mut house, what);
        // It is as good a freeze as any other.
        house.ask(release_with(BOB)).unwrap();
        house.reopen();
        assert_eq!(house.frozen(), None, "{what}");
    }
}

#[test]
fn files_from_before_the_freeze_are_found_and_a_planted_mark_freezes_nothing() {
    let mut house = claimed(13);
    house.ask(Ask::SignOut).unwrap();
    house.kill();
    let before = house.copy(14);
    house.open().unwrap();
    for freezes_signed_in in [true, false] {
        let mut frozen = before.copy(15);
        frozen.open().unwrap();
        if freezes_signed_in {
            frozen.sign_in(ALICE).unwrap();
        }
        frozen.ask(freeze()).unwrap();
        frozen.kill();
        let mark = frozen.plain_rows(MARK);
        // The files as they were, on a device that knows.
        let mut back = before.copy(16);
        back.keys = frozen.keys.clone();
        back.open().unwrap();
        assert_eq!(back.frozen().unwrap().from, FrozenFrom::Found);
        back.sign_in(ALICE).unwrap();
        is_refused_everything(&mut back, "files put back");
        // The mark alone, on a device that knows nothing.
        let mut planted = before.copy(17);
        planted.change_plain_rows(&mark);
        planted.open().unwrap();
        assert_eq!(planted.frozen(), None, "a row without the device's key is nobody's");
        // The control: without the key the device knows nothing of a freeze that was not recorded.
        frozen.keys.lose("incident.freeze");
        frozen.open().unwrap();
        assert_eq!(frozen.frozen(), None);
        frozen.sign_in(ALICE).unwrap();
        assert_eq!(frozen.frozen().is_some(), freezes_signed_in, "the record knows of the one that it has");
    }
}

/// A step: its name, how the till is brought to it from closed files with nobody in, and the wish.
type Step = (&'static str, fn(&mut House), fn() -> Ask);

#[rustfmt::skip]
const STEPS: [Step; 5] = [
    ("freeze, signed in", |house| drop(house.sign_in(ALICE).unwrap()), freeze),
    ("freeze, signed out", |_| (), freeze),
    ("freeze in a sale", |house| { house.sign_in(ALICE).unwrap(); house.sell("A-1"); }, freeze),
    ("sign in after a freeze", |house| drop(house.ask(freeze()).unwrap()),
        || Ask::SignIn { name: ALICE.name(), password: ALICE.password(), new_password: None }),
    ("release", |house| { house.sign_in(ALICE).unwrap(); house.ask(freeze()).unwrap(); }, || release_with(BOB)),
];

fn points_of((_, prepare, wish): Step, closed: &House) -> Vec<String> {
    let mut house = closed.copy(20);
    house.open().unwrap();
    prepare(&mut house);
    house.plan.die_at(None);
    house.ask(wish()).unwrap();
    house.plan.visited()
}

/// After whatever happened: it is frozen or it is not, the lock screen and the counter say the same, the record is
/// whole, and both can be done again.
fn is_whole(house: &mut House, told: &str) -> bool {
    let at_the_door = house.frozen();
    house.sign_in(ALICE).unwrap_or_else(|error| panic!("{told}: {error}"));
    let inside = house.frozen();
    assert_eq!(at_the_door.is_some(), inside.is_some(), "{told}: {at_the_door:?} at the door, {inside:?} inside");
    let is_frozen = inside.is_some();
    let sold = house.wish(Ask::Sale(sale("A-2")));
    let verdict = house.told(sold);
    assert_eq!(verdict.is_some(), is_frozen, "{told}: what it shows is what it does");
    assert!(verdict.is_none_or(|told| told.is_err_and(|error| error.code() == ErrorCode::TillFrozen)), "{told}");
    if !is_frozen {
        house.cancel("A-2").unwrap();
    }
    house.ask(freeze()).unwrap_or_else(|error| panic!("{told}: {error}"));
    assert!(house.frozen().is_some(), "{told}");
    house.ask(release_with(BOB)).unwrap_or_else(|error| panic!("{told}: {error}"));
    assert_eq!(house.frozen(), None, "{told}");
    house.verify();
    let keys = house.keys.aliases();
    assert!(!keys.contains(&"incident.freeze".to_owned()), "{told}: the key of a freeze that is over");
    is_frozen
}

#[test]
fn a_process_that_ends_anywhere_leaves_a_till_that_is_frozen_or_free() {
    let closed = closed();
    let mut points = 0;
    for step in STEPS {
        let (what, prepare, wish) = step;
        let mut ends = Vec::new();
        for (visit, point) in points_of(step, &closed).iter().enumerate() {
            let told = format!("{what}, killed {point}, point {visit}");
            let mut house = closed.copy(21);
            house.open().unwrap();
            prepare(&mut house);
            house.plan.die_at(Some(visit));
            let _killed = house.wish(wish());
            assert_eq!(house.stopped.as_ref().map(Error::code), Some(ErrorCode::StoppedByFaultPlan), "{told}");
            house.plan.die_at(None);
            house.reopen();
            ends.push(is_whole(&mut house, &told));
            points += 1;
        }
        // A freeze that was seen stays, and one that was not is there from some point on; a release the other way.
        let turns = ends.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(turns <= 1, "{what}: {ends:?}");
        if what == "sign in after a freeze" {
            assert!(ends.iter().all(|is_frozen| *is_frozen), "{what}: {ends:?}");
        }
    }
    assert!(points > 25, "only {points} points were tried");
}

/// The control: a till that loses the device's key while it is frozen at its lock screen is seen.
#[test]
fn a_freeze_that_is_lost_is_found_by_the_matrix() {
    let closed = closed();
    let mut house = closed.copy(22);
    house.open().unwrap();
    house.ask(freeze()).unwrap();
    house.kill();
    house.keys.lose("incident.freeze");
    house.open().unwrap();
    assert!(!is_whole(&mut house, "the control"), "it is free, and the matrix says so");
}

/// How often the host was told this.
fn times_told(house: &House, of: Op) -> usize {
    house.host.as_ref().unwrap().told.iter().filter(|(op, _)| *op == of).count()
}

/// A host that says no has not heard: it is told again, after a wait and after a restart, until it says yes.
#[test]
fn a_host_that_refuses_the_news_is_told_again() {
    let mut house = House::claimed(60).with_host();
    for (op, ask) in [(Op::Freeze, freeze()), (Op::Release, release_with(BOB))] {
        house.host.as_mut().unwrap().codes_of.insert(op, ["12", "12", "96"].into());
        house.ask(ask).unwrap();
        house.wait(4 * MINUTE);
        assert_eq!(times_told(&house, op), 1, "{op:?}: refused three times, and then heard");
        house.wait(4 * MINUTE);
        assert_eq!(times_told(&house, op), 1, "{op:?}: what it has heard it is not told again");
    }
    // The same over a restart, with the host refusing whatever is tried before it.
    house.host.as_mut().unwrap().codes_of.insert(Op::Freeze, ["12"].into());
    house.ask(freeze()).unwrap();
    assert_eq!(times_told(&house, Op::Freeze), 1);
    house.reopen();
    house.sign_in(ALICE).unwrap();
    house.wait(MINUTE);
    assert_eq!(times_told(&house, Op::Freeze), 2);
    let told: Vec<Event> = house.events(ALICE, ALICE.password);
    let said = told.iter().filter(|event| event.kind == "till.freeze_told").map(|event| event.body["said"].clone());
    assert_eq!(said.collect::<Vec<_>>(), ["00", "00", "00"], "a refusal is no word that it knows");
}

/// Nobody at the till meets a busy line because the till tells its news: what is wished meanwhile is done after it.
#[test]
fn what_people_wish_while_the_news_are_told_waits_for_their_end() {
    let amount = Amount::from_minor(100, Currency::CNY).unwrap();
    let attempt = || AttemptId::new("none").unwrap();
    let request = || RefundRequest { refund: None, of: RefundOf::Attempt(attempt()), amount };
    type Wish<'a> = (&'static str, &'a dyn Fn() -> Ask, &'static str);
    let wishes: [Wish<'_>; 6] = [
        ("settle", &|| Ask::Settle, "batch_empty batch=1"),
        ("resolve", &|| Ask::Resolve, "ok"),
        ("test the host", &|| Ask::TestHost, "ok"),
        ("fetch parameters", &|| Ask::DownloadParameters, "ok"),
        ("ask for a refund", &|| Ask::RequestRefund(request()), "attempt_unknown"),
        ("leave", &|| Ask::Exit { force: None }, "ok"),
    ];
    for (what, wish, verdict) in wishes {
        let mut house = House::claimed(61).with_host();
        house.ask(freeze()).unwrap();
        house.line_waits = true;
        house.ask(release_with(BOB)).unwrap();
        let ticket = house.wish(wish());
        let waits = house.told(ticket);
        assert_eq!(waits.is_none(), what != "leave", "{what}: {waits:?}");
        house.line_waits = false;
        house.give(Input::Tick);
        let told = waits.or_else(|| house.told(ticket)).unwrap();
        assert_eq!(told.map_or_else(|error| error.to_string(), |_| "ok".to_owned()), verdict, "{what}");
        assert_eq!(times_told(&house, Op::Release), 1, "{what}: the news are told once");
    }
    // Whoever locks the till meanwhile is not kept either, and what was wished is told so.
    let mut house = House::claimed(62).with_host();
    house.line_waits = true;
    house.ask(freeze()).unwrap();
    let (settle, lock) = (house.wish(Ask::Settle), house.wish(Ask::Lock));
    assert!(house.told(lock).unwrap().is_ok());
    assert_eq!(house.told(settle).unwrap().unwrap_err().to_string(), "till_locked state=locked");
}

/// A host that says nothing holds a wish up for one telling, not for one after another; and not any number of wishes.
#[test]
fn a_host_that_says_nothing_is_waited_for_once() {
    let mut house = House::claimed(63).with_host();
    house.ask(freeze()).unwrap();
    house.line_waits = true;
    house.ask(release_with(BOB)).unwrap();
    let wishes: Vec<u64> = (0..8).map(|_| house.wish(Ask::Settle)).collect();
    assert_eq!(house.verdict(Ask::Resolve), "till_busy", "the ninth");
    assert!(wishes.iter().all(|ticket| house.told(*ticket).is_none()), "the news are under way");
    house.wait(MINUTE / 4);
    assert_eq!(house.standing(), "signed_in");
    for ticket in wishes {
        let told = house.told(ticket).expect("the first telling is over").unwrap_err();
        assert_eq!(told.to_string(), "batch_empty batch=1");
    }
}

/// No disk keeps a till from being frozen: it holds now, and after a restart.
#[test]
fn a_disk_that_takes_nothing_keeps_no_freeze_from_holding() {
    use taptill::ports::Fate;
    let closed = closed();
    for (place, go, ..) in PLACES {
        for fate in [Fate::DiskFull, Fate::Locked] {
            for point in ["before till.frozen", "before plain.changed"] {
                let told = format!("{place}, {fate:?} {point}");
                let mut house = open(&closed, 23);
                go(&mut house);
                house.plan.fail_at(point, fate, 100);
                house.ask(freeze()).unwrap_or_else(|error| panic!("{told}: {error}"));
                assert!(house.frozen().is_some(), "{told}");
                if house.standing() == "signed_in" {
                    assert!(house.verdict(Ask::Sale(sale("A-3"))).starts_with("till_frozen"), "{told}");
                }
                house.reopen();
                assert!(house.frozen().is_some(), "{told}: after a restart");
                house.plan.heal();
                assert!(is_whole(&mut house, &told), "{told}");
            }
        }
    }
}

#[test]
fn a_freeze_that_found_no_room_is_recorded_as_soon_as_there_is() {
    use taptill::ports::Fate;
    let mut house = claimed(24);
    house.plan.fail_at("before till.frozen", Fate::DiskFull, 100);
    house.ask(freeze()).unwrap();
    assert!(house.frozen().is_some());
    house.plan.heal();
    house.give(taptill::till::Input::Tick);
    let view = house.frozen().unwrap();
    assert_eq!(view.by, Some(name("alice")), "with all that was known of it");
    assert_eq!(house.count_of("till.frozen"), 1);
}

#[test]
fn a_second_person_whose_password_is_due_releases_nothing() {
    let mut house = claimed(31);
    house.ask(Ask::RenewPasswords).unwrap();
    house.ask(freeze()).unwrap();
    assert_eq!(house.verdict(release_with(BOB)), "password_must_change why=renewal");
    assert!(house.frozen().is_some());
}
