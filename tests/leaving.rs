//! Leaving the till: by the checklist, and for good; each in its order, with everything that is in the way said at once.
//!
//! Bad days: during a tap, by a cashier, with a debt, with one person, offline, twice, with nowhere to write the records.
//! Nothing is lost by any of them. The kills are in `tests/leaving_kills.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod shop;
mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use people_support::{House, NEW, SAM, secret};
use ring::digest::{SHA256, digest};
use taptill::account::{ShopPolicy, WrittenReason};
use taptill::error::{Error, ErrorCode};
use taptill::hex;
use taptill::ids::Role;
use taptill::iso8583::Op;
use taptill::merkle::{Checkpoint, Frontier, Note, leaf_hash};
use taptill::money::{Amount, Currency};
use taptill::payment::state::State;
use taptill::payment::{ListQuery, RefundOf, RefundRequest};
use taptill::ports::{ExportFault, ExportSink};
use taptill::receipt::Zone;
use taptill::settlement::statement::{Day, Difference};
use taptill::terminal::{FolderSink, Terminal};
use taptill::till::{Ask, ExitStep, ExitView, Input, Reply, Standing, StepState};
use taptill_sandbox::host::{Kind, set_next_of};
use taptill_sandbox::people::{ALICE, BOB, Person};

fn late() -> WrittenReason {
    WrittenReason::new("the shop closes now").unwrap()
}

/// What is in the way, each as `code remedy`.
fn blockers(error: &Error) -> Vec<String> {
    let said = |blocker: &taptill::error::Blocker| format!("{} {}", blocker.why, blocker.remedy.unwrap_or("-"));
    error.blockers().iter().map(said).collect()
}

/// The steps as `word state`.
fn steps(view: &ExitView) -> Vec<String> {
    let word = |state: &StepState| match state {
        StepState::Done => "done",
        StepState::Ahead => "ahead",
        StepState::Blocked => "blocked",
        StepState::Waived { .. } => "waived",
    };
    view.items.iter().map(|item| format!("{} {}", item.step.word(), word(&item.state))).collect()
}

fn check_the_hosts_statement(terminal: &Terminal) -> Vec<Difference> {
    let mut found = Vec::new();
    let zone = Zone::named(&terminal.configuration().unwrap().time_zone).unwrap();
    let newest = terminal.list(&ListQuery { limit: 1, ..ListQuery::default() }).unwrap();
    let today = Day::from_iso(&zone.date(newest.attempts[0].created_ms)).unwrap();
    terminal.check_statement_of_host(today, today, &mut |difference| found.push(difference)).unwrap();
    found
}

#[test]
fn a_till_is_left_when_everything_is_done_and_not_before() {
    let shop = shop::shop("taptill-leaving-done-");
    let till = shop.till();
    till.sell("visa", 500).unwrap();

    let refused = till.terminal.exit(None).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ExitBlocked);
    assert_eq!(blockers(&refused), ["batch_not_settled settle"]);
    assert_eq!(till.terminal.till_state().unwrap().standing, Standing::SignedIn, "nothing has changed");

    till.terminal.settle().unwrap();
    assert_eq!(blockers(&till.terminal.exit(None).unwrap_err()), ["statement_not_looked_at check_statement"]);
    check_the_hosts_statement(&till.terminal);

    let before = till.terminal.exit_checklist().unwrap();
    let expected = ["transactions done", "settled done", "statement done", "passwords done"];
    assert_eq!(steps(&before)[..4], expected);
    assert_eq!(steps(&before)[4..], ["page ahead", "disconnected ahead", "wiped ahead"]);
    assert!(!before.is_left && before.checkpoint.is_none());

    let left = till.terminal.exit(None).unwrap();
    assert!(left.is_left && left.items.iter().all(|item| item.state == StepState::Done), "{left:?}");
    assert!(left.checkpoint.unwrap().starts_with("taptill/"), "a signed head");
    assert_eq!(till.terminal.till_state().unwrap().standing, Standing::SignedOut);
    assert_eq!(till.terminal.exit(None).unwrap_err().code(), ErrorCode::TillLocked);
}

#[test]
fn everything_that_is_in_the_way_is_said_at_once() {
    let shop = shop::impatient_shop("taptill-leaving-blocked-");
    let till = shop.till();
    till.sell("visa", 500).unwrap();
    shop.host_does(Kind::NoAnswer);
    set_next_of(&shop.host_home(), Kind::NoAnswer, 3, Some(Op::Reversal)).unwrap();
    let doubtful = till.sell("visa", 700).unwrap();
    assert_eq!(doubtful.state, State::ReversalDue);

    let refused = till.terminal.exit(None).unwrap_err();
    assert_eq!(blockers(&refused), ["reversal_due resolve", "batch_not_settled settle"]);
    let json = serde_json::to_value(&refused).unwrap();
    assert_eq!(json["blockers"][0]["code"], "reversal_due");
    assert_eq!(json["blockers"][0]["name"], doubtful.attempt.as_str());

    // A supervisor leaves all the same, which loses nothing: the debt is there for the next sign-in.
    let left = till.terminal.exit(Some(late())).unwrap();
    assert_eq!(steps(&left)[..2], ["transactions waived", "settled waived"]);
    let waived = StepState::Waived { by: "alice".into(), reason: "the shop closes now".into() };
    assert_eq!(left.items[0].state, waived);
    assert_eq!(till.terminal.till_state().unwrap().waiting, Some(1));
    till.terminal.sign_in(&ALICE.name(), ALICE.password(), None).unwrap();
    till.until(&doubtful.attempt, State::Reversed);
}

#[test]
fn nobody_walks_away_from_a_tap() {
    let mut house = House::claimed(1);
    let sale = house.sell("A-1");
    for force in [None, Some(late())] {
        let refused = house.ask(Ask::Exit { force }).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ExitBlocked);
        assert_eq!(blockers(&refused), ["payment_in_progress wait"]);
    }
    assert!(house.awaits_card, "the sale goes on");
    house.cancel("A-1").unwrap();
    house.told(sale).unwrap().unwrap();
    house.ask(Ask::Exit { force: None }).unwrap();
    assert!(!house.is_armed && house.standing() == "signed_out");
}

#[test]
fn a_cashier_leaves_by_the_list_and_not_by_force() {
    let shop = shop::shop("taptill-leaving-cashier-");
    let till = shop.till();
    till.terminal.add_operator(BOB.as_new()).unwrap();
    till.sell("visa", 500).unwrap();
    till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    let refused = till.terminal.exit(Some(late())).unwrap_err();
    assert_eq!(refused.to_string(), "not_permitted action=force_exit role=cashier");
    assert_eq!(till.terminal.exit(None).unwrap_err().code(), ErrorCode::ExitBlocked);
    assert_eq!(till.terminal.till_state().unwrap().standing, Standing::SignedIn);
}

#[test]
fn the_steps_stand_in_their_order() {
    let words: Vec<&str> = ExitStep::ALL.into_iter().map(ExitStep::word).collect();
    let order = ["transactions", "settled", "statement", "passwords", "page", "disconnected", "wiped"];
    assert_eq!(words, order);
    let mut house = House::claimed(2);
    match house.ask(Ask::ExitChecklist).unwrap() {
        Reply::Exit(view) => assert_eq!(view.items.iter().map(|item| item.step.word()).collect::<Vec<_>>(), order),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_password_that_is_due_soon_is_said_and_keeps_nobody() {
    let mut house = House::claimed(3);
    house.ask(Ask::SignOut).unwrap();
    house.now.wall.0 += 80 * 86_400_000;
    house.sign_in(ALICE).unwrap();
    let Ok(Reply::Exit(view)) = house.ask(Ask::ExitChecklist) else { panic!("a checklist") };
    let advice = view.items.iter().find_map(|item| item.advice).unwrap();
    assert_eq!((advice.code, advice.remedy, advice.days_left), ("password_due", "change_password", 10));
    house.ask(Ask::Exit { force: None }).unwrap();
}

const CAROL: Person = Person { name: "carol", password: "slow trains arrive 8 late", role: Role::Supervisor };

/// A till with two supervisors, and its host.
fn two_supervisors(seed: u64) -> House {
    let mut house = House::claimed(seed).with_host();
    house.ask(Ask::AddOperator(CAROL.as_new())).unwrap();
    house
}

fn go_with(second: Option<(&str, &str)>) -> Ask {
    let second = second.map(|(name, password)| (people_support::name(name), secret(password)));
    Ask::Deregister { second, export: None }
}

fn go() -> Ask {
    go_with(Some((CAROL.name, CAROL.password)))
}

/// A place for records that remembers them, or fails at the put of this number.
#[derive(Clone, Default)]
struct Drawer {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    fails: Option<(usize, ExportFault)>,
    puts: usize,
}

impl ExportSink for Drawer {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportFault> {
        self.puts += 1;
        match self.fails {
            Some((at, fault)) if at < self.puts => Err(fault),
            _ => {
                self.files.lock().unwrap().entry(name.to_owned()).or_default().extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn finish(&mut self) -> Result<(), ExportFault> {
        Ok(())
    }
}

#[test]
fn a_till_goes_by_two_people_where_the_rules_say_so() {
    #[rustfmt::skip]
    let rows = [
        ("nobody else", None, "second_person_needed why=missing"),
        ("the same person", Some((ALICE.name, ALICE.password)), "second_person_needed why=the_same_person"),
        ("a wrong password", Some((CAROL.name, NEW)), "sign_in_refused tries_left=9"),
        ("nobody of this till", Some(("eve", NEW)), "sign_in_refused tries_left=9"),
        ("a cashier", Some((BOB.name, BOB.password)), "not_permitted action=deregister role=cashier"),
        ("the integrator's", Some((SAM.name, SAM.password)), "not_permitted action=deregister role=service"),
    ];
    for (who, second, verdict) in rows {
        let mut house = two_supervisors(20);
        assert_eq!(house.verdict(go_with(second)), verdict, "{who}");
        assert!(house.host.as_ref().unwrap().told.is_empty(), "{who}: the acquirer was not asked");
        assert_eq!(house.standing(), "signed_in", "{who}");
        house.verify();
    }
    let mut house = two_supervisors(21);
    house.sign_in(BOB).unwrap();
    assert_eq!(house.verdict(go()), "not_permitted action=deregister role=cashier");

    let mut alone = two_supervisors(22);
    let rules = ShopPolicy { two_people_to_deregister: false, ..ShopPolicy::default() };
    alone.ask(Ask::SetPolicy(Box::new(rules))).unwrap();
    assert_eq!(alone.verdict(go_with(None)), "ok");
}

#[test]
fn a_till_that_owes_anything_is_not_let_go() {
    let shop = shop::impatient_shop("taptill-leaving-owes-");
    let till = shop.till();
    till.terminal.add_operator(CAROL.as_new()).unwrap();
    let sale = till.sell("visa", 500).unwrap();
    let amount = Amount::from_minor(100, Currency::CNY).unwrap();
    let refund = RefundRequest { refund: None, of: RefundOf::Attempt(sale.attempt.clone()), amount };
    till.terminal.request_refund(&refund).unwrap();
    shop.host_does(Kind::NoAnswer);
    set_next_of(&shop.host_home(), Kind::NoAnswer, 3, Some(Op::Reversal)).unwrap();
    till.sell("visa", 700).unwrap();
    let refused = till.terminal.deregister(Some((CAROL.name(), CAROL.password())), None).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::DeregistrationBlocked);
    let expected = ["reversal_due resolve", "refund_waiting approve_or_reject", "batch_not_settled settle"];
    assert_eq!(blockers(&refused), expected, "{refused}");
    assert_eq!(till.terminal.till_state().unwrap().standing, Standing::SignedIn, "nothing is gone");
}

#[test]
fn nobody_deregisters_during_a_tap_or_offline_and_twice_is_once() {
    let mut house = two_supervisors(23);
    house.sell("A-1");
    let refused = house.ask(go()).unwrap_err();
    assert_eq!(blockers(&refused), ["payment_in_progress wait"]);
    house.cancel("A-1").unwrap();

    house.host.as_mut().unwrap().up = false;
    assert_eq!(house.ask(go()).unwrap_err().code(), ErrorCode::HostUnreachable);
    assert_eq!(house.standing(), "signed_in");
    // It may still sell: nobody has let it go.
    house.sell("A-2");
    house.cancel("A-2").unwrap();
    house.host.as_mut().unwrap().up = true;
    house.ask(go()).unwrap();
    let again = house.open().unwrap_err();
    assert_eq!(again.code(), ErrorCode::NotProvisioned);
}

/// Asked for again, or left, while the acquirer is being told: it goes once, and nothing is lost.
#[test]
fn a_till_that_is_going_is_not_asked_to_go_again() {
    let mut house = two_supervisors(27);
    house.line_waits = true;
    let first = house.wish(go());
    for (again, verdict) in
        [(go(), ErrorCode::DeregistrationBlocked), (Ask::Exit { force: None }, ErrorCode::ExitBlocked)]
    {
        let refused = house.ask(again).unwrap_err();
        assert_eq!((refused.code(), blockers(&refused)), (verdict, vec!["host_in_use wait".to_owned()]));
    }
    house.line_waits = false;
    house.give(Input::Tick);
    assert!(matches!(house.told(first), Some(Ok(Reply::Erased(_)))), "the first one goes on to its end");
    let told = &house.host.as_ref().unwrap().told;
    assert_eq!(told.iter().filter(|(op, _)| *op == Op::Deregister).count(), 1);
}

#[test]
fn records_that_cannot_be_written_erase_nothing() {
    for fault in [ExportFault::Full, ExportFault::ReadOnly, ExportFault::NotEmpty, ExportFault::Failed] {
        for at in 0..5 {
            let told = format!("{fault:?} at {at}");
            let mut house = two_supervisors(24);
            let export: Option<Box<dyn ExportSink>> =
                Some(Box::new(Drawer { fails: Some((at, fault)), ..Drawer::default() }));
            let second = Some((CAROL.name(), CAROL.password()));
            let refused = house.ask(Ask::Deregister { second, export }).unwrap_err();
            assert_eq!(refused.to_string(), format!("export_failed why={}", fault.word()), "{told}");
            let is_told = !house.host.as_ref().unwrap().told.is_empty();
            assert_eq!(is_told, at > 0, "{told}: it is tried out before the acquirer is asked");
            // What the acquirer has let go does not sell; what it has not, does.
            let sale = house.wish(Ask::Sale(people_support::sale("A-1")));
            let refusal = house.told(sale).map(|told| told.unwrap_err().code());
            assert_eq!(refusal, is_told.then_some(ErrorCode::DeregistrationUnfinished), "{told}");
            house.reopen();
            house.sign_in(ALICE).unwrap();
            house.verify();
            house.ask(go()).unwrap_or_else(|error| panic!("{told}: {error}"));
            let asked = &house.host.as_ref().unwrap().told;
            assert_eq!(asked.iter().filter(|(op, _)| *op == Op::Deregister).count(), 1, "{told}: asked once");
        }
    }
}

#[test]
fn what_is_handed_out_can_be_checked_by_anybody() {
    let mut house = two_supervisors(25);
    let drawer = Drawer::default();
    let second = Some((CAROL.name(), CAROL.password()));
    let erased = match house.ask(Ask::Deregister { second, export: Some(Box::new(drawer.clone())) }) {
        Ok(Reply::Erased(erased)) => erased,
        other => panic!("{other:?}"),
    };
    let files = drawer.files.lock().unwrap();
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    // Every file is in the list, with its hash; the list's own is in the certificate.
    let sums = text("sha256sums.txt");
    let sum = |bytes: &[u8]| hex::encode_lower(digest(&SHA256, bytes).as_ref());
    for line in sums.lines() {
        let (digits, name) = line.split_once("  ").unwrap();
        assert_eq!(digits, sum(&files[name]), "{name}");
    }
    let listed = sums.lines().count() + ["sha256sums.txt", "certificate.txt"].len();
    assert_eq!(listed, files.len(), "{:?}", files.keys());
    assert_eq!(erased.exported_sha256, Some(sum(sums.as_bytes())));
    let certificate = erased.certificate.unwrap();
    assert_eq!(text("certificate.txt"), certificate);
    assert!(certificate.contains(&format!("exported: sha256sums.txt with SHA-256 {}", sum(sums.as_bytes()))));
    // The events make the root that the checkpoint signs, and say what was done and by whom.
    let mut tree = Frontier::default();
    let events = text("events.jsonl");
    for line in events.lines() {
        let _completed = tree.append(leaf_hash(line.as_bytes()));
    }
    let checkpoint = Note::parse(&files["checkpoint.txt"]).unwrap();
    let checkpoint = Checkpoint::parse(checkpoint.text()).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (tree.size(), tree.root()));
    let kinds = ["till.deregistered", "till.erasing", "journal.checkpoint"];
    let last: Vec<&str> = events.lines().rev().take(3).collect();
    for (line, kind) in last.iter().rev().zip(kinds) {
        assert!(line.contains(&format!("\"kind\":\"{kind}\"")), "{kind} is not {line}");
    }
    assert!(events.contains("till.deregistration_asked") && events.contains("\"second\":\"carol\""));
}

#[test]
fn a_folder_takes_an_export_once() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("records");
    let mut sink = FolderSink::new(&mine);
    sink.put("a.txt", b"one ").unwrap();
    sink.put("b.txt", b"two").unwrap();
    sink.put("a.txt", b"three").unwrap();
    sink.finish().unwrap();
    assert_eq!(std::fs::read(mine.join("a.txt")).unwrap(), b"one three");
    assert_eq!(FolderSink::new(&mine).put("c.txt", b""), Err(ExportFault::NotEmpty));
    assert_eq!(FolderSink::new(&mine.join("a.txt")).put("c.txt", b""), Err(ExportFault::NotEmpty));
    // What a try began with, and nothing else, may be there when it is tried again.
    let tried = folder.path().join("tried");
    for (what, name, bytes, verdict) in [
        ("the first time", "readme.txt", "read me", Ok(())),
        ("again", "readme.txt", "read me", Ok(())),
        ("with other bytes", "readme.txt", "read it", Err(ExportFault::NotEmpty)),
        ("under another name", "a.txt", "read me", Err(ExportFault::NotEmpty)),
    ] {
        assert_eq!(FolderSink::new(&tried).put(name, bytes.as_bytes()), verdict, "{what}");
        assert_eq!(std::fs::read(tried.join("readme.txt")).unwrap(), b"read me", "{what}");
    }
    std::fs::write(tried.join("mine.txt"), "a shopping list").unwrap();
    assert_eq!(FolderSink::new(&tried).put("readme.txt", b"read me"), Err(ExportFault::NotEmpty), "with a list beside");
    for name in ["", "../a", "A", ".hidden", "a/b"] {
        assert_eq!(FolderSink::new(&folder.path().join("other")).put(name, b""), Err(ExportFault::Failed), "{name:?}");
    }
}

#[test]
fn a_frozen_till_is_not_let_go() {
    let mut house = two_supervisors(26);
    house.ask(Ask::Freeze { reason: None, by: None }).unwrap();
    let refused = house.ask(go()).unwrap_err();
    assert!(blockers(&refused).contains(&"till_frozen release".to_owned()), "{refused}");
    assert!(house.host.as_ref().unwrap().told.iter().all(|(op, _)| *op != Op::Deregister));
}

/// The device kept the first signing key when every password was renewed; the erasure knows its name by the record alone.
#[test]
fn a_signing_key_that_the_device_kept_goes_with_the_erasure() {
    let shop = shop::shop("taptill-leaving-kept-key-");
    let till = shop.till();
    till.sell("visa", 500).unwrap();
    till.terminal.settle().unwrap();
    shop.keeping("checkpoint", || till.terminal.renew_passwords().unwrap());
    // Everybody's password is due now: one person is enough for what this is about.
    let rules = ShopPolicy { two_people_to_deregister: false, ..ShopPolicy::default() };
    till.terminal.set_policy(&rules).unwrap();
    // The control: a key that is none of the till's, as one would be that the record does not know.
    std::fs::copy(shop.device().join("checkpoint.key"), shop.device().join("checkpoint.9.key")).unwrap();
    let signing = |shop: &shop::Shop| -> Vec<String> {
        shop.device_keys().into_iter().filter(|alias| alias.starts_with("checkpoint")).collect()
    };
    assert_eq!(signing(&shop), ["checkpoint", "checkpoint.1", "checkpoint.9"], "it was kept");
    till.terminal.deregister(None, None).unwrap();
    assert_eq!(shop.device_keys(), ["checkpoint.9"], "nothing is left of the till's, and the control is found");
}
