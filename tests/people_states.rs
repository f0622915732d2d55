//! Who may do what in which state of a till: every state, every wish, with its verdict in the row.
//!
//! No thread, no socket, virtual time; the people and the ports are in `tests/people_support`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod people_support;
mod support;

use people_support::{House, MINUTE, NEW, SAM, code_of, name, newcomer, secret};
use taptill::account::{ShopPolicy, WrittenReason};
use taptill::error::ErrorCode;
use taptill::ids::{AttemptId, BatchNo, RefundId, Role};
use taptill::incident::evidence::Scope;
use taptill::incident::records::OwnRecords;
use taptill::money::{Amount, Currency};
use taptill::payment::{
    BatchDecision, Decision, ListQuery, ReceiptCopy, RefundDecision, RefundOf, RefundQuery, RefundRequest,
    RejectionReason, VoidOrder,
};
use taptill::ports::Notice;
use taptill::till::{Ask, EvidenceStep, ProofOf, Reply, StatementStep};
use taptill_sandbox::people::{ALICE, BOB, Person};

const DAY: u64 = 86_400_000;

fn attempt() -> AttemptId {
    AttemptId::new("none").unwrap()
}

fn refund() -> RefundId {
    RefundId::new("rf-0000000000000000").unwrap()
}

fn yuan() -> Amount {
    Amount::from_minor(100, Currency::CNY).unwrap()
}

type Wish = fn() -> Ask;

/// Every wish, and what becomes of it: nobody's till, signed out, locked by bob, signed in as bob, alice, sam.
#[rustfmt::skip]
const TABLE: [(&str, Wish, [&str; 6]); 60] = [
    ("state", || Ask::State, ["ok", "ok", "ok", "ok", "ok", "ok"]),
    ("claim", || Ask::Claim { name: name("eve"), password: secret(NEW) },
        ["ok", "claimed", "claimed", "claimed", "claimed", "claimed"]),
    ("recover", || Ask::Recover { code: secret("none"), name: name("eve"), password: secret(NEW) },
        ["nobody's", "no code", "no code", "here", "here", "here"]),
    ("sign in", || Ask::SignIn { name: name("alice"), password: ALICE.password(), new_password: None },
        ["nobody's", "ok", "ok", "ok", "here", "ok"]),
    ("sign in as nobody", || Ask::SignIn { name: name("eve"), password: secret(NEW), new_password: None },
        ["nobody's", "wrong", "wrong", "wrong", "wrong", "wrong"]),
    ("lock", || Ask::Lock, ["nobody's", "out", "ok", "ok", "ok", "ok"]),
    ("unlock", || Ask::Unlock { password: BOB.password() }, ["nobody's", "out", "ok", "here", "here", "here"]),
    ("sign out", || Ask::SignOut, ["nobody's", "ok", "ok", "ok", "ok", "ok"]),
    ("sell", || Ask::Sale(people_support::sale("A-1")), ["nobody's", "out", "locked", "later", "later", "sell"]),
    ("void", || Ask::Void(VoidOrder { attempt: None, of: attempt() }),
        ["nobody's", "out", "locked", "void_sale", "unknown", "void_sale"]),
    ("debts", || Ask::Debts, ["nobody's", "out", "locked", "ok", "ok", "view_debts"]),
    ("decide", || Ask::Decide { attempt: attempt(), decision: Decision::Charged, reason: None },
        ["nobody's", "out", "locked", "decide_stuck", "unknown", "decide_stuck"]),
    ("test host", || Ask::TestHost, ["nobody's", "out", "locked", "later", "later", "later"]),
    ("parameters", || Ask::DownloadParameters,
        ["nobody's", "out", "locked", "download_parameters", "later", "later"]),
    ("cancel", || Ask::Cancel(attempt()), ["nobody's", "out", "locked", "unknown", "unknown", "sell"]),
    ("status", || Ask::Status(attempt()), ["nobody's", "out", "locked", "unknown", "unknown", "view_payments"]),
    ("list", || Ask::List(ListQuery { limit: 1, ..ListQuery::default() }),
        ["nobody's", "out", "locked", "ok", "ok", "view_payments"]),
    ("resolve", || Ask::Resolve, ["nobody's", "out", "locked", "ok", "ok", "resolve_debts"]),
    ("settle", || Ask::Settle, ["nobody's", "out", "locked", "empty", "empty", "settle"]),
    ("batch", || Ask::Batch(None), ["nobody's", "out", "locked", "ok", "ok", "view_payments"]),
    ("decide a batch", || Ask::DecideBatch { batch: BatchNo::new(1).unwrap(), decision: BatchDecision::Closed },
        ["nobody's", "out", "locked", "decide_stuck", "not stuck", "decide_stuck"]),
    ("print", || Ask::PrintReceipt(attempt(), ReceiptCopy::Merchant),
        ["nobody's", "out", "locked", "unknown", "unknown", "print_receipt"]),
    ("refund", || Ask::RequestRefund(RefundRequest { refund: None, of: RefundOf::Attempt(attempt()), amount: yuan() }),
        ["nobody's", "out", "locked", "unknown", "unknown", "request_refund"]),
    ("approve", || Ask::ApproveRefund(refund()),
        ["nobody's", "out", "locked", "approve_refund", "no refund", "approve_refund"]),
    ("approve as alice",
        || Ask::ApproveRefundAs { refund: refund(), approver: name("alice"), password: ALICE.password() },
        ["nobody's", "out", "locked", "no refund", "no refund", "request_refund"]),
    ("reject", || Ask::RejectRefund { refund: refund(), reason: RejectionReason::new("no").unwrap() },
        ["nobody's", "out", "locked", "approve_refund", "no refund", "approve_refund"]),
    ("decide a refund", || Ask::DecideRefund { refund: refund(), decision: RefundDecision::Paid, reason: None },
        ["nobody's", "out", "locked", "decide_stuck", "no refund", "decide_stuck"]),
    ("refunds", || Ask::Refunds(RefundQuery::default()), ["nobody's", "out", "locked", "ok", "ok", "view_payments"]),
    ("voucher", || Ask::PrintVoucher(refund(), ReceiptCopy::Merchant),
        ["nobody's", "out", "locked", "no refund", "no refund", "print_receipt"]),
    ("events", || Ask::Events { after: None, limit: 1 }, ["nobody's", "out", "locked", "ok", "ok", "follow_events"]),
    ("acknowledge", || Ask::Acknowledge { cursor: 0 }, ["nobody's", "out", "locked", "ok", "ok", "follow_events"]),
    ("verify", || Ask::Verify, ["nobody's", "out", "locked", "ok", "ok", "ok"]),
    ("configuration", || Ask::Configuration, ["nobody's", "out", "locked", "ok", "ok", "ok"]),
    ("sign in by finger", || Ask::SignInByBiometric { name: name("alice") },
        ["nobody's", "not enrolled", "not enrolled", "not enrolled", "here", "not enrolled"]),
    ("unlock by finger", || Ask::UnlockByBiometric, ["nobody's", "out", "not enrolled", "here", "here", "here"]),
    ("enrol", || Ask::EnrolBiometric { password: secret(NEW) },
        ["nobody's", "out", "locked", "wrong", "wrong", "wrong"]),
    ("forget", || Ask::ForgetBiometric,
        ["nobody's", "out", "locked", "not enrolled", "not enrolled", "not enrolled"]),
    ("another code", || Ask::NewRecoveryCode { password: ALICE.password() },
        ["nobody's", "out", "locked", "manage_operators", "ok", "manage_operators"]),
    ("operators", || Ask::Operators, ["nobody's", "out", "locked", "list_operators", "ok", "ok"]),
    ("add", || Ask::AddOperator(newcomer("eve", Role::Cashier, NEW, false)),
        ["nobody's", "out", "locked", "manage_operators", "ok", "manage_operators"]),
    ("remove", || Ask::RemoveOperator { name: name("sam"), rotate: true },
        ["nobody's", "out", "locked", "manage_operators", "ok", "manage_operators"]),
    ("reset", || Ask::ResetOperator { name: name("sam"), password: secret(NEW) },
        ["nobody's", "out", "locked", "manage_operators", "ok", "manage_operators"]),
    ("policy", || Ask::Policy, ["nobody's", "out", "locked", "ok", "ok", "ok"]),
    ("set policy", || Ask::SetPolicy(Box::default()), ["nobody's", "out", "locked", "set_policy", "ok", "ok"]),
    ("rotate", || Ask::RotateKeys, ["nobody's", "out", "locked", "rotate_keys", "ok", "ok"]),
    ("checkpoint", || Ask::Checkpoint, ["nobody's", "out", "locked", "make_checkpoint", "ok", "ok"]),
    ("prove", || Ask::Prove(ProofOf::Sequence(1)), ["nobody's", "out", "locked", "prove_record", "ok", "prove_record"]),
    ("statement", || Ask::Statement(StatementStep::Last),
        ["nobody's", "out", "locked", "check_statement", "ok", "check_statement"]),
    ("freeze", || Ask::Freeze { reason: None, by: None }, ["nobody's", "ok", "ok", "ok", "ok", "ok"]),
    ("every password anew", || Ask::RenewPasswords, ["nobody's", "out", "locked", "renew_passwords", "ok", "renew_passwords"]),
    ("approvals", || Ask::Approvals { name: name("bob"), days: 30 },
        ["nobody's", "out", "locked", "manage_operators", "ok", "manage_operators"]),
    ("loss", || Ask::ReportLoss { from: None, to: None, sends: false },
        ["nobody's", "out", "locked", "report_loss", "ok", "report_loss"]),
    ("release", || Ask::Release { second: name("bob"), password: BOB.password() },
        ["nobody's", "out", "locked", "release_freeze", "ok", "release_freeze"]),
    ("exit checklist", || Ask::ExitChecklist, ["nobody's", "out", "locked", "ok", "ok", "exit"]),
    ("exit", || Ask::Exit { force: None }, ["nobody's", "out", "locked", "ok", "ok", "exit"]),
    ("exit by force", || Ask::Exit { force: Some(WrittenReason::new("late").unwrap()) },
        ["nobody's", "out", "locked", "force_exit", "ok", "exit"]),
    ("deregister", || Ask::Deregister { second: None, export: None },
        ["nobody's", "out", "locked", "deregister", "alone", "deregister"]),
    ("evidence", || Ask::Evidence(EvidenceStep::Begin(Scope::Attempt { attempt: attempt() })),
        ["nobody's", "out", "locked", "disclose_evidence", "unknown", "disclose_evidence"]),
    ("own records", || Ask::OwnRecords { of: OwnRecords::Payments, after: None },
        ["nobody's", "out", "locked", "export_records", "ok", "export_records"]),
    ("consistency", || Ask::Consistency { old_size: 1 },
        ["nobody's", "out", "locked", "prove_consistency", "ok", "ok"]),
];

/// What the words of the table stand for.
fn refusal(word: &str, role: &str) -> String {
    match word {
        "ok" | "later" => word.to_owned(),
        "nobody's" => "till_unclaimed".into(),
        "claimed" => "already_claimed".into(),
        "out" => "till_locked state=signed_out".into(),
        "locked" => "till_locked state=locked".into(),
        "here" => "already_signed_in".into(),
        "no code" => "recovery_refused".into(),
        "not enrolled" => "biometric_refused why=not_enrolled".into(),
        "unknown" => "attempt_unknown".into(),
        "empty" => "batch_empty batch=1".into(),
        "alone" => "second_person_needed why=missing".into(),
        "not stuck" => "not_stuck state=open refusals=0".into(),
        "no refund" => "refund_unknown".into(),
        "wrong" => "sign_in_refused tries_left=9".into(),
        action => format!("not_permitted action={action} role={role}"),
    }
}

/// A house in each of the states of the table, from one that was claimed once.
fn house_in(claimed: &House, state: usize, seed: u64) -> House {
    if state == 0 {
        return House::new(seed);
    }
    let mut house = claimed.copy(seed);
    house.open().unwrap();
    let who = [None, None, Some(BOB), Some(BOB), Some(ALICE), Some(SAM)][state];
    if let Some(person) = who {
        house.sign_in(person).unwrap();
    }
    if state == 2 {
        house.ask(Ask::Lock).unwrap();
    }
    house
}

fn claimed_and_closed() -> House {
    let mut house = House::claimed(0);
    house.close().unwrap();
    house
}

#[test]
fn every_wish_has_its_verdict_in_every_state() {
    let claimed = claimed_and_closed();
    for state in 0..6 {
        for (row, (what, wish, verdicts)) in TABLE.iter().enumerate() {
            let mut house = house_in(&claimed, state, row as u64 + 1);
            let expected = refusal(verdicts[state], ["", "", "", "cashier", "supervisor", "service"][state]);
            let ticket = house.wish(wish());
            let found = match house.told(ticket) {
                None => "later".to_owned(),
                Some(Ok(_)) => "ok".to_owned(),
                Some(Err(error)) => error.to_string().split(" attempt=").next().unwrap().to_owned(),
            };
            assert_eq!(found.split(" (").next().unwrap(), expected, "{what} in state {state}");
            assert!(house.stopped.is_none(), "{what} in state {state}");
            let is_in = house.standing() == "signed_in";
            assert_eq!(
                house.is_armed, is_in,
                "the way to the host is there while somebody is: {what} in state {state}"
            );
        }
    }
}

#[test]
fn a_public_key_is_for_whoever_is_signed_in() {
    let claimed = claimed_and_closed();
    let verdicts: Vec<String> = (0..6).map(|state| house_in(&claimed, state, 9).verdict(Ask::PublicKey)).collect();
    let expected = ["till_unclaimed", "till_locked state=signed_out", "till_locked state=locked", "ok", "ok", "ok"];
    assert_eq!(verdicts, expected);
}

#[test]
fn an_idle_till_locks_and_a_session_has_an_end() {
    let mut house = House::claimed(1);
    house.wait(15 * MINUTE - 1);
    assert_eq!(house.standing(), "signed_in");
    assert!(matches!(house.notices.last(), Some(Notice::SessionEnding { left_ms: 60_000 })), "{:?}", house.notices);
    house.wait(1);
    assert_eq!(house.standing(), "locked");
    assert!(!house.is_armed);
    // Whoever does something is not idle, but a session is not for ever.
    house.unlock(ALICE.password).unwrap();
    for _ in 0..100 {
        house.wait(10 * MINUTE);
        if house.standing() != "signed_in" {
            break;
        }
        let _listed = house.ask(Ask::List(ListQuery { limit: 1, ..ListQuery::default() }));
    }
    assert_eq!(house.standing(), "signed_out");
    assert!(house.now.mono.0 >= 12 * 60 * MINUTE, "at its full length");
    let said = house.said(ALICE, ALICE.password);
    let expected = ["operator.locked alice", "operator.unlocked alice", "operator.signed_out alice"];
    assert_eq!(said[said.len() - 3..], expected);
}

#[test]
fn what_a_shell_asks_by_itself_keeps_nobody_in() {
    let mut house = House::claimed(2);
    for _ in 0..16 {
        house.wait(MINUTE - 1);
        let _asked = house.ask(Ask::Events { after: None, limit: 1 });
        let _asked = house.ask(Ask::State);
    }
    assert_eq!(house.standing(), "locked");
    house.unlock(ALICE.password).unwrap();
    for _ in 0..30 {
        house.wait(MINUTE);
        house.give(taptill::till::Input::Touch);
    }
    assert_eq!(house.standing(), "signed_in", "a touched key does");
}

#[test]
fn a_lock_waits_for_the_sale_and_a_sale_does_not_wait_for_a_lock() {
    for ends in ["asked", "idle", "full length"] {
        let mut house = House::claimed(3);
        if ends == "full length" {
            house
                .ask(Ask::SetPolicy(Box::new(ShopPolicy { session_max_ms: 900_000, ..ShopPolicy::default() })))
                .unwrap();
        }
        let sale = house.sell("A-1");
        let lock = (ends == "asked").then(|| house.wish(Ask::Lock));
        house.wait(if ends == "asked" { 1 } else { 20 * MINUTE });
        assert_eq!(house.standing(), "signed_in", "{ends}: the sale ends first");
        assert!(house.told(sale).is_none(), "{ends}");
        let other = house.verdict(Ask::Sale(people_support::sale("A-2")));
        assert!(other.starts_with("till_locked") || other.starts_with("session_over"), "{ends}: {other}");
        assert!(house.verdict(Ask::SignOut).starts_with("till_busy"), "{ends}");
        if ends == "asked" {
            let refund = RefundRequest { refund: None, of: RefundOf::Attempt(attempt()), amount: yuan() };
            for begins in [Ask::Settle, Ask::RequestRefund(refund), Ask::TestHost, Ask::DownloadParameters] {
                assert_eq!(house.verdict(begins), "till_locked state=locked", "nothing else to wait for begins");
            }
        }
        house.cancel("A-1").unwrap();
        assert!(house.told(sale).unwrap().is_ok(), "{ends}");
        assert_eq!(house.standing(), if ends == "full length" { "signed_out" } else { "locked" }, "{ends}");
        if let Some(lock) = lock {
            assert!(house.told(lock).unwrap().is_ok());
        }
        assert!(!house.is_armed && !house.awaits_card, "{ends}");
    }
}

#[test]
fn one_derivation_at_a_time_is_all_there_is() {
    // The derivation of a wish is done before the next wish here, so the second is put in between by hand.
    let mut house = House::claimed(4);
    let before = house.derivations;
    house.ask(Ask::ChangePassword { password: ALICE.password(), new_password: secret(NEW) }).unwrap();
    assert_eq!(house.derivations - before, 2, "the old one and the new one");
    house.ask(Ask::SignOut).unwrap();
    let before = house.derivations;
    house.sign_in_with(ALICE, NEW, None).unwrap();
    assert_eq!(house.derivations - before, 1);
}

#[test]
fn nobody_learns_whether_a_name_is_known() {
    let mut house = House::claimed(5);
    house.ask(Ask::SignOut).unwrap();
    for left in (0..10).rev() {
        for who in ["alice", "nobody.here"] {
            let before = house.derivations;
            let wrong = Ask::SignIn { name: name(who), password: secret("not the password 1"), new_password: None };
            assert_eq!(house.verdict(wrong), format!("sign_in_refused tries_left={left}"), "{who}");
            assert_eq!(house.derivations - before, 1, "{who}: the same work");
        }
    }
    for who in ["alice", "nobody.here"] {
        let right = Ask::SignIn { name: name(who), password: ALICE.password(), new_password: None };
        assert_eq!(house.verdict(right), "operator_locked_out retry_after_ms=1800000", "{who}");
    }
    // Bob is not locked out, and what failed is on record with his sign-in as far as it is his to tell.
    let view = house.sign_in(BOB).unwrap();
    assert_eq!(view.failed_before, 0);
    house.ask(Ask::SignOut).unwrap();
    house.wait(31 * MINUTE);
    let view = house.sign_in(ALICE).unwrap();
    assert_eq!(view.failed_before, 10);
    let said = house.said(ALICE, ALICE.password);
    assert_eq!(said.iter().filter(|said| said.starts_with("operator.sign_in_failed")).count(), 2, "{said:?}");
}

#[test]
fn a_temporary_and_an_old_password_open_nothing_but_their_own_change() {
    let carl = Person { name: "carl", password: "two boats row 3 miles", role: Role::Cashier };
    let mut house = House::claimed(6);
    house.ask(Ask::AddOperator(newcomer("carl", Role::Cashier, carl.password, true))).unwrap();
    house.ask(Ask::SignOut).unwrap();
    for _ in 0..12 {
        let refused = house.sign_in(carl).unwrap_err();
        assert_eq!(refused.to_string(), "password_must_change why=temporary");
        assert_eq!(house.standing(), "signed_out");
    }
    let same = house.sign_in_with(carl, carl.password, Some(carl.password)).unwrap_err();
    assert_eq!(same.to_string(), "password_refused rule=used_before last=4");
    let weak = house.sign_in_with(carl, carl.password, Some("short 1")).unwrap_err();
    assert_eq!(weak.to_string(), "password_refused rule=too_short min=12");
    house.sign_in_with(carl, carl.password, Some(NEW)).unwrap();
    house.ask(Ask::SignOut).unwrap();
    assert_eq!(code_of(house.sign_in(carl)), ErrorCode::SignInRefused, "the old one opens nothing");
    for (days, verdict) in [(75, None), (1, Some(14)), (13, Some(1))] {
        house.wait(days * DAY);
        let view = house.sign_in_with(carl, NEW, None).unwrap();
        assert_eq!(view.password_days_left, verdict, "after {days} more days");
        house.ask(Ask::SignOut).unwrap();
    }
    house.wait(DAY);
    let refused = house.sign_in_with(carl, NEW, None).unwrap_err();
    assert_eq!(refused.to_string(), "password_must_change why=expired");
    // A clock set back gains nothing.
    house.now.wall.0 -= 60 * DAY as i64;
    let refused = house.sign_in_with(carl, NEW, None).unwrap_err();
    assert_eq!(refused.to_string(), "password_must_change why=expired");
    house.sign_in_with(carl, NEW, Some("seven kites fly 5 high")).unwrap();
}

#[test]
fn a_password_is_changed_by_whoever_knows_it() {
    let mut house = House::claimed(7);
    let change = |old: &str, new: &str| Ask::ChangePassword { password: secret(old), new_password: secret(new) };
    for (old, new, verdict) in [
        ("not the password 1", NEW, "sign_in_refused tries_left=9"),
        (ALICE.password, ALICE.password, "password_refused rule=used_before last=4"),
        (ALICE.password, "password1234", "password_refused rule=common"),
        (ALICE.password, NEW, "ok"),
        (ALICE.password, "seven kites fly 5 high", "sign_in_refused tries_left=9"),
    ] {
        assert_eq!(house.verdict(change(old, new)), verdict, "{old} to {new}");
    }
    house.ask(Ask::Lock).unwrap();
    assert_eq!(code_of(house.unlock(ALICE.password)), ErrorCode::SignInRefused);
    house.unlock(NEW).unwrap();
}

#[test]
fn operators_are_added_reset_and_removed() {
    let mut house = House::claimed(8);
    let names = |house: &mut House| -> Vec<String> {
        house.operators().iter().map(|one| format!("{} {}", one.name, one.role)).collect()
    };
    assert_eq!(names(&mut house), ["alice supervisor", "bob cashier", "sam service"]);
    let add = |person: &str| Ask::AddOperator(newcomer(person, Role::Cashier, "two boats row 3 miles", false));
    assert_eq!(house.verdict(add("bob")), "operator_exists");
    let remove = |person: &str| Ask::RemoveOperator { name: name(person), rotate: false };
    assert_eq!(house.verdict(remove("eve")), "operator_unknown");
    assert_eq!(house.verdict(remove("alice")), "last_supervisor");
    let carol = newcomer("carol", Role::Supervisor, "nine cups of tea 4", false);
    assert_eq!(house.verdict(Ask::AddOperator(carol)), "ok");
    assert_eq!(house.verdict(remove("alice")), "not_permitted action=manage_operators role=supervisor why=yourself");
    assert_eq!(house.verdict(remove("carol")), "ok");
    let reset = |person: &str| Ask::ResetOperator { name: name(person), password: secret(NEW) };
    assert_eq!(house.verdict(reset("eve")), "operator_unknown");
    assert_eq!(house.verdict(reset("bob")), "ok");
    assert_eq!(house.verdict(remove("sam")), "ok");
    assert_eq!(names(&mut house), ["alice supervisor", "bob cashier"]);
    house.ask(Ask::SignOut).unwrap();
    assert_eq!(code_of(house.sign_in(SAM)), ErrorCode::SignInRefused);
    assert_eq!(code_of(house.sign_in(BOB)), ErrorCode::SignInRefused, "the password before the reset");
    let refused = house.sign_in_with(BOB, NEW, None).unwrap_err();
    assert_eq!(refused.to_string(), "password_must_change why=temporary");
}

#[test]
fn rows_that_somebody_planted_stop_nothing_and_are_told() {
    let mut house = House::new(12);
    house.plant(&[("!x", b"planted"), ("zed", b"planted")]);
    house.open().unwrap();
    house.claim().unwrap();
    house.plant(&[("!x", b"again"), ("../y", b"planted")]);
    house.open().unwrap();
    house.sign_in(ALICE).unwrap();
    let list = |house: &mut House| -> Vec<String> {
        house.operators().iter().map(|one| format!("{} {}", one.name, one.is_damaged)).collect()
    };
    assert_eq!(list(&mut house), ["alice false", "zed true"]);
    house.wait(MINUTE);
    house.ask(Ask::RotateKeys).unwrap();
    house.wait(MINUTE);
    let add = Ask::AddOperator(newcomer("zed", Role::Cashier, "two boats row 3 miles", false));
    assert_eq!(house.verdict(add), "vault_newer version=112");
    // Whoever planted it may have more of it: the master key is another one, whether that was wished for or not.
    assert_eq!(house.verdict(Ask::RemoveOperator { name: name("zed"), rotate: false }), "ok");
    house.wait(MINUTE);
    assert_eq!(list(&mut house), ["alice false"]);
    house.ask(Ask::SignOut).unwrap();
    house.sign_in(ALICE).unwrap();
    let events = house.events(ALICE, ALICE.password);
    let removed = events.iter().find(|event| event.kind == "operator.removed").unwrap();
    assert_eq!(removed.body["rotated"], true, "{}", removed.body);
    let told = events.iter().filter(|event| event.kind == "vault.strays_dropped").map(|event| event.body.to_string());
    let told: Vec<String> = told.collect();
    assert_eq!(
        told,
        [r#"{"count":2,"rows":["vault/slot/!x","vault/slot/../y"]}"#],
        "at the first sign-in after the claim"
    );
}

#[test]
fn a_recovery_code_makes_one_supervisor_and_is_void() {
    let mut house = House::new(10);
    let code = house.claim().unwrap();
    house.ask(Ask::AddOperator(BOB.as_new())).unwrap();
    house.ask(Ask::SignOut).unwrap();
    assert_eq!(code_of(house.recover("0000", ALICE, NEW)), ErrorCode::RecoveryRefused);
    let next = house.recover(&code, ALICE, NEW).unwrap();
    assert_eq!(house.state().operator, Some(ALICE.name()));
    house.ask(Ask::SignOut).unwrap();
    assert_eq!(code_of(house.sign_in(ALICE)), ErrorCode::SignInRefused, "the forgotten password opens nothing");
    assert_eq!(code_of(house.recover(&code, ALICE, "seven kites fly 5 high")), ErrorCode::RecoveryRefused);
    // It can also bring somebody new.
    let eve = Person { name: "eve", password: NEW, role: Role::Supervisor };
    house.recover(&next, eve, "seven kites fly 5 high").unwrap();
    assert_eq!(house.operators().len(), 3);
    let said = house.said(ALICE, NEW);
    assert_eq!(said.iter().filter(|said| said.starts_with("operator.recovered")).count(), 2);
}

#[test]
fn a_switch_signs_the_first_one_out_and_a_cut_session_is_told() {
    let mut house = House::claimed(11);
    house.sign_in(BOB).unwrap();
    house.ask(Ask::Lock).unwrap();
    house.sign_in(ALICE).unwrap();
    house.reopen();
    assert_eq!(house.standing(), "signed_out");
    assert!(house.sign_in(BOB).unwrap().cut_before);
    house.close().unwrap();
    house.open().unwrap();
    assert!(!house.sign_in(BOB).unwrap().cut_before, "closing is signing out");
    let said = house.said(BOB, BOB.password);
    let expected = [
        "operator.claimed alice",
        "operator.signed_in alice",
        "operator.added alice",
        "operator.added alice",
        "operator.signed_out alice",
        "operator.signed_in bob",
        "operator.locked bob",
        "operator.signed_out bob",
        "operator.signed_in alice",
        "operator.session_cut bob",
        "operator.signed_in bob",
        "operator.signed_out bob",
        "operator.signed_in bob",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_rotation_ends_by_itself_and_another_waits_for_it() {
    let mut house = House::claimed(12);
    house.ask(Ask::RotateKeys).unwrap();
    house.wait(MINUTE);
    house.ask(Ask::RemoveOperator { name: name("sam"), rotate: true }).unwrap();
    house.wait(MINUTE);
    house.ask(Ask::RotateKeys).unwrap();
    house.verify();
    house.reopen();
    house.sign_in(BOB).unwrap();
    house.verify();
}

#[test]
fn a_till_on_another_device_or_without_its_keys_says_so() {
    let mut house = House::claimed(13);
    house.close().unwrap();
    // A restored backup: the files, and another device.
    let mut restored = house.copy(1);
    restored.keys = std::sync::Arc::default();
    restored.open().unwrap();
    let verdict = code_of(restored.sign_in(ALICE));
    assert!(matches!(verdict, ErrorCode::DeviceKeyMissing | ErrorCode::VaultForeign), "{verdict:?}");
    assert_eq!(restored.derivations, 0, "refused before anything is derived");
    // The same device, one key of which is gone.
    let mut poorer = house.copy(2);
    poorer.keys.lose("account");
    poorer.open().unwrap();
    assert_eq!(code_of(poorer.sign_in(ALICE)), ErrorCode::DeviceKeyMissing);
    assert_eq!(poorer.standing(), "signed_out");
    // Another till's files on this device.
    let mut other = House::claimed(14);
    other.close().unwrap();
    let mut foreign = other.copy(3);
    foreign.keys = house.keys.clone();
    foreign.open().unwrap();
    let verdict = code_of(foreign.sign_in(ALICE));
    assert!(
        matches!(verdict, ErrorCode::VaultForeign | ErrorCode::VaultRolledBack | ErrorCode::DeviceKeyMissing),
        "{verdict:?}"
    );
    assert_eq!(foreign.derivations, 0);
}

#[test]
fn a_policy_holds_at_once() {
    let mut house = House::claimed(15);
    let quick = ShopPolicy { idle_ms: MINUTE, tries: 3, checkpoint_every: 2, ..ShopPolicy::default() };
    house.ask(Ask::SetPolicy(Box::new(quick.clone()))).unwrap();
    house.ask(Ask::RotateKeys).unwrap();
    assert!(matches!(house.ask(Ask::Policy), Ok(Reply::Policy(policy)) if *policy == quick));
    let wrong = ShopPolicy { tries: 0, ..ShopPolicy::default() };
    assert_eq!(house.verdict(Ask::SetPolicy(Box::new(wrong))), "policy_invalid part=tries rule=1 to 20");
    house.wait(MINUTE);
    assert_eq!(house.standing(), "locked");
    for left in (0..3).rev() {
        let refused = house.unlock("not the password 1").unwrap_err();
        assert_eq!(refused.to_string(), format!("sign_in_refused tries_left={left}"));
    }
    assert_eq!(code_of(house.unlock(ALICE.password)), ErrorCode::OperatorLockedOut);
    let kinds: Vec<String> = house.events(BOB, BOB.password).into_iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&"journal.checkpoint".to_owned()), "{kinds:?}");
}
