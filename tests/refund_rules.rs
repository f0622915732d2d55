//! What a refund is refused for, one row a refusal, and what comes of one that is not: no row moves money that another
//! row does not allow, and a refusal changes nothing.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use serde_json::json;
use support::host::Trouble;
use support::world::refunds::of;
use support::world::{World, order_no, yuan};
use taptill::account::{Approval, RefundRules, Verification};
use taptill::error::{Error, ErrorCode, Money};
use taptill::ids::{AttemptId, BatchNo, RefundId, Rrn, Stan};
use taptill::iso8583::Op;
use taptill::money::{Amount, Currency};
use taptill::payment::refund::state::RefundState;
use taptill::payment::state::State;
use taptill::payment::{
    ApprovedBy, Decision, ReceiptCopy, RefundDecision, RefundOf, RefundQuery, RefundReason, RefundRequest,
    RefundVerified, SaleOrder, Tie,
};
use taptill::ports::Posture;
use taptill_sandbox::card;

const DAY_MS: i64 = 86_400_000;

/// A till that has sold A-1 for 12.30.
fn sold() -> World {
    sold_in("iso87")
}

fn sold_in(dialect: &'static str) -> World {
    let mut world = World::speaking(dialect, 1);
    assert_eq!(world.sell("A-1", 1_230).unwrap().unwrap().state, State::Approved);
    world
}

fn rules(change: impl FnOnce(&mut RefundRules)) -> RefundRules {
    let mut rules = RefundRules::default();
    change(&mut rules);
    rules
}

/// A request that waits, of 5.00 for A-1.
fn waiting(world: &mut World) -> RefundId {
    let view = world.request("A-1", 500).unwrap();
    assert_eq!(view.state, RefundState::Waiting);
    view.refund
}

/// A request and its approval by alice, to the host's word.
fn refunded(world: &mut World, minor: u64) -> taptill::payment::RefundView {
    let refund = world.request("A-1", minor).unwrap().refund;
    world.approve(&refund, "alice").unwrap().unwrap()
}

fn code_of<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code().code()
}

#[test]
fn a_refund_is_asked_for_by_one_person_approved_by_another_and_acknowledged_by_the_host() {
    for dialect in ["iso87", "unionpay", "encrypted"] {
        let mut world = sold_in(dialect);
        let asked = world.request("A-1", 500).unwrap();
        assert_eq!(
            (asked.state, asked.amount, asked.approved_by),
            (RefundState::Waiting, yuan(500), None),
            "{dialect}"
        );
        assert_eq!(asked.requested_by.unwrap().as_str(), "carol");
        assert_eq!(world.host.refunds.len(), 0, "nothing leaves before somebody approves");
        let done = world.approve(&asked.refund, "alice").unwrap().unwrap();
        assert_eq!((done.state, done.sends, done.reason), (RefundState::Acknowledged, 1, None), "{dialect}");
        let Some(ApprovedBy::Operator { name, tie }) = done.approved_by else { panic!("{dialect}") };
        assert_eq!((name.as_str(), tie), ("alice", Tie::None));
        let sale = world.status("A-1").unwrap();
        assert_eq!((sale.state, sale.refunded_minor, sale.refunds), (State::Approved, 500, vec![asked.refund]));
        assert_eq!(world.judge_refunds(), []);
        let events: Vec<String> = world.journal().into_iter().map(|(kind, _)| kind).collect();
        let of_refunds: Vec<&str> =
            events.iter().map(String::as_str).filter(|kind| kind.starts_with("refund")).collect();
        let steps = ["requested", "approved", "prepared", "sent", "acknowledged"].map(|step| format!("refund.{step}"));
        assert_eq!(of_refunds, steps);
    }
}

/// Nobody listens, and the line of the sale before is closed.
fn away(world: &mut World) {
    world.wait(60_000);
    world.host.up = false;
}

#[test]
fn a_sale_that_does_not_stand_cannot_be_refunded() {
    type Sale = fn(&mut World);
    let rows: &[(&str, Sale, &str, Money)] = &[
        ("unknown", |_| (), "attempt_unknown", Money::NotMoved),
        ("declined", |world| world.host.troubles.push_back(Trouble::Decline), "attempt_not_approved", Money::NotMoved),
        ("reversed", |world| world.host.troubles.push_back(Trouble::NoAnswer), "attempt_not_approved", Money::Reversed),
        (
            "reversal stuck",
            |world| world.host.troubles.push_back(Trouble::RefuseReversal),
            "attempt_not_approved",
            Money::MayHaveMoved,
        ),
        ("not sent", away, "attempt_not_approved", Money::NotMoved),
    ];
    for (row, trouble, code, money) in rows {
        let mut world = sold();
        trouble(&mut world);
        if *row != "unknown" {
            let _its_end_is_in_the_journal = world.sell("A-2", 700);
            world.host.up = true;
            world.settle_down();
        }
        let error = world.request("A-2", 100).unwrap_err();
        assert_eq!((error.code().code(), error.money()), (*code, *money), "{row}");
        assert_eq!(world.refunds(), [], "{row}");
    }
}

/// It counts as a sale when the batch is closed, so what was paid for it can go back.
#[test]
fn a_stuck_sale_can_be_given_back_once_it_was_decided_to_be_charged() {
    for (decision, verdict) in [
        (None, Err("attempt_not_approved")),
        (Some(Decision::NotCharged), Err("attempt_not_approved")),
        (Some(Decision::Charged), Ok(RefundState::Acknowledged)),
    ] {
        let mut world = sold();
        world.host.troubles.push_back(Trouble::RefuseReversal);
        world.sell("A-2", 700).unwrap().unwrap();
        world.settle_down();
        if let Some(decision) = decision {
            world.decide("A-2", decision).unwrap();
        }
        let asked = world.request("A-2", 700).map_err(|error| error.code().code());
        let told = asked.map(|view| world.approve(&view.refund, "alice").unwrap().unwrap().state);
        assert_eq!(told, verdict, "{decision:?}");
        assert_eq!(world.judge_refunds(), [], "{decision:?}");
    }
}

#[test]
fn a_sale_in_doubt_cannot_be_refunded() {
    let mut world = sold();
    world.host.troubles.push_back(Trouble::NoAnswer);
    world.host.goes_down_after_sale = true;
    let view = world.sell("A-2", 700).unwrap().unwrap();
    assert_eq!(view.state, State::ReversalDue);
    let error = world.request("A-2", 100).unwrap_err();
    assert_eq!((error.code(), error.money()), (ErrorCode::AttemptNotApproved, Money::MayHaveMoved));
}

#[test]
fn what_was_voided_cannot_be_refunded_nor_what_is_being_refunded_voided() {
    let mut world = sold();
    let refund = waiting(&mut world);
    assert_eq!(code_of(world.void("V-1", "A-1").unwrap()), "attempt_has_refunds", "its amount is kept for the refund");
    world.reject(&refund, "void it instead").unwrap();
    assert_eq!(world.void("V-2", "A-1").unwrap().unwrap().state, State::Approved);
    let error = world.request("A-1", 100).unwrap_err();
    assert_eq!((error.code(), error.money()), (ErrorCode::AlreadyVoided, Money::Reversed));
    assert_eq!(code_of(world.request("V-2", 100)), "attempt_not_approved", "a void is no sale");
}

#[test]
fn a_sale_whose_void_is_in_doubt_cannot_be_refunded() {
    let mut world = sold();
    world.host.troubles.push_back(Trouble::RefuseReversal);
    let void = world.void("V-1", "A-1").unwrap().unwrap();
    assert!(!void.state.is_final(), "{void:?}");
    assert_eq!(code_of(world.request("A-1", 100)), "void_in_doubt");
    world.settle_down();
    assert_eq!(world.status("V-1").unwrap().state, State::ReversalStuck);
    assert_eq!(code_of(world.request("A-1", 100)), "void_in_doubt", "until a supervisor decides");
    assert_eq!(world.refunds(), []);
}

#[test]
fn what_is_asked_for_must_be_some_of_what_was_paid() {
    let yen = Amount::from_minor(100, Currency::from_code("JPY").unwrap()).unwrap();
    for (amount, code) in [
        (yuan(0), "amount_zero"),
        (yuan(1_231), "refund_exceeds_captured_amount"),
        (yuan(999_999_999_999), "refund_exceeds_captured_amount"),
        (yen, "refund_currency_differs"),
    ] {
        let mut world = sold();
        assert_eq!(code_of(world.request_of(of("A-1"), amount)), code);
        assert_eq!(world.refunds(), []);
    }
    assert_eq!(Error::from(Amount::parse_charge("-1", Currency::CNY).unwrap_err()).code().code(), "amount_negative");
}

#[test]
fn several_refunds_together_give_back_no_more_than_was_paid() {
    let mut world = sold();
    assert_eq!(refunded(&mut world, 1_000).state, RefundState::Acknowledged);
    let error = world.request("A-1", 231).unwrap_err();
    assert_eq!(error.to_string(), "refund_exceeds_captured_amount left_minor=230");
    // One that waits keeps its amount, until it is rejected.
    let kept = world.request("A-1", 200).unwrap().refund;
    assert_eq!(code_of(world.request("A-1", 31)), "refund_exceeds_captured_amount");
    world.reject(&kept, "the goods stay").unwrap();
    assert_eq!(refunded(&mut world, 230).state, RefundState::Acknowledged);
    assert_eq!(code_of(world.request("A-1", 1)), "refund_exceeds_captured_amount");
    assert_eq!(world.status("A-1").unwrap().refunded_minor, 1_230);
    assert_eq!(world.judge_refunds(), []);
}

#[test]
fn the_shops_rules_are_kept() {
    let away = |days: i64| move |world: &mut World| world.now.wall.0 += days * DAY_MS;
    let pin = rules(|rules| rules.verification = Verification::Pin);
    let week = rules(|rules| rules.window_days = 7);
    for (row, kept, days, code) in [
        ("a pin", pin, 0, Some("verification_not_available")),
        ("the last day", week, 6, None),
        ("too late", week, 7, Some("refund_window_over")),
        ("a clock that went back", week, -400, None),
    ] {
        let mut world = sold();
        world.refund_rules(kept);
        away(days)(&mut world);
        let asked = world.request("A-1", 100);
        assert_eq!(asked.err().map(|error| error.code().code()), code, "{row}");
    }
}

#[test]
fn a_refund_needs_a_connection_to_be_asked_for_and_to_be_approved() {
    let mut world = sold();
    let request = RefundRequest { refund: None, of: of("A-1"), amount: yuan(100) };
    let ticket = world.start_request(request, false);
    assert_eq!(code_of(world.refund_told(ticket).unwrap()), "refund_needs_connection");
    assert_eq!(world.refunds(), []);
    let refund = waiting(&mut world);
    assert_eq!(code_of(world.approve_with(&refund, "alice", false).unwrap()), "refund_needs_connection");
    assert_eq!(world.refund(&refund).state, RefundState::Waiting);
}

fn without_refunds(dialect: &str) -> String {
    let at = dialect.find("[[message]]\nop = \"refund\"").unwrap();
    let end = dialect[at + 5..].find("\n[[message]]").map_or(dialect.len(), |next| at + 5 + next);
    format!("{}{}", &dialect[..at], &dialect[end..])
}

#[test]
fn a_dialect_without_refunds_refuses_them() {
    let whole = taptill::iso8583::Dialect::shipped("iso87").unwrap();
    let mut world = World::with_dialect(1, &without_refunds(whole), |_| {});
    world.sell("A-1", 1_230).unwrap().unwrap();
    assert_eq!(code_of(world.request("A-1", 100)), "operation_not_in_dialect");
}

/// Till and host agree on another dialect while a refund is owed: of what was never sent nobody has to ask the host.
#[test]
fn another_dialect_makes_people_ask_only_about_what_was_sent() {
    use RefundState::{Acknowledged, Declined, Stuck};
    type Row = (&'static str, bool, fn(&str) -> String, RefundState, Option<RefundReason>, u64);
    let slower: fn(&str) -> String = |dialect| dialect.replace("timeout_ms = 2000", "timeout_ms = 2100");
    let rows: [Row; 4] = [
        ("its numbers are reserved", false, slower, Acknowledged, None, 730),
        ("it was sent", true, slower, Stuck, Some(RefundReason::DialectChanged), 730),
        ("reserved, and nobody refunds", false, without_refunds, Declined, Some(RefundReason::Unpackable), 1_230),
        ("sent, and nobody refunds", true, without_refunds, Stuck, Some(RefundReason::DialectChanged), 730),
    ];
    for (row, was_sent, change, state, reason, left) in rows {
        let mut world = sold();
        let refund = waiting(&mut world);
        if was_sent {
            world.host.troubles_of.insert(Op::Refund, [Trouble::Forget; 9].into());
        } else {
            away(&mut world);
        }
        let told = world.approve(&refund, "alice").unwrap().unwrap();
        assert_eq!((told.state.word(), told.sends > 0), ("forwarding", was_sent), "{row}");
        let whole = taptill::iso8583::Dialect::shipped("iso87").unwrap();
        world.change_dialect(&change(whole));
        world.host.up = true;
        world.host.troubles_of.clear();
        world.settle_down();
        let view = world.refund(&refund);
        assert_eq!((view.state, view.reason), (state, reason), "{row}");
        assert_eq!(world.judge_refunds(), [], "{row}");
        world.change_dialect(whole);
        let error = world.request("A-1", left + 1).unwrap_err();
        assert_eq!(error.to_string(), format!("refund_exceeds_captured_amount left_minor={left}"), "{row}");
    }
}

/// Who approved must be somebody else, whom the requester has no hold over.
#[test]
fn an_approver_is_a_second_person() {
    type People = &'static [(&'static str, &'static str, &'static str)];
    const ADDED: &str = "operator.added";
    const RESET: &str = "operator.reset";
    let rows: &[(&str, People, &str, Result<Tie, &str>)] = &[
        ("the requester", &[], "carol", Err("approver_is_requester")),
        ("appointed", &[(ADDED, "carol", "bob")], "bob", Err("approver_appointed_by_requester how=appointed")),
        ("reset", &[(RESET, "carol", "bob")], "bob", Err("approver_appointed_by_requester how=reset")),
        (
            "appointed, and reset by another",
            &[(ADDED, "carol", "bob"), (RESET, "alice", "bob")],
            "bob",
            Err("approver_appointed_by_requester how=appointed"),
        ),
        ("appointed by another", &[(ADDED, "alice", "bob")], "bob", Ok(Tie::None)),
        ("reset by another since", &[(RESET, "carol", "bob"), (RESET, "alice", "bob")], "bob", Ok(Tie::None)),
        ("recovered since", &[(ADDED, "carol", "bob"), ("operator.recovered", "bob", "bob")], "bob", Ok(Tie::None)),
        (
            "somebody new",
            &[(ADDED, "carol", "bob"), ("operator.removed", "alice", "bob"), (ADDED, "alice", "bob")],
            "bob",
            Ok(Tie::None),
        ),
        (
            "appointed by whom the requester appointed",
            &[(ADDED, "carol", "dan"), (ADDED, "dan", "bob")],
            "bob",
            Err("approver_appointed_by_requester how=appointed"),
        ),
        (
            "the same, and the one between them is gone",
            &[(ADDED, "carol", "dan"), (ADDED, "dan", "bob"), ("operator.removed", "carol", "dan")],
            "bob",
            Err("approver_appointed_by_requester how=appointed"),
        ),
        (
            "reset by whom the requester reset",
            &[(RESET, "carol", "dan"), (RESET, "dan", "bob")],
            "bob",
            Err("approver_appointed_by_requester how=reset"),
        ),
        ("who appointed the requester", &[(ADDED, "bob", "carol")], "bob", Ok(Tie::None)),
    ];
    for (row, people, approver, verdict) in rows {
        for allowed in [false, true] {
            let mut world = sold();
            world.refund_rules(rules(|rules| rules.self_approval_allowed = allowed));
            for (kind, by, name) in *people {
                world.note_event(kind, by, json!({ "operator": name, "role": "supervisor", "temporary": true }));
            }
            let refund = waiting(&mut world);
            let told = world.approve(&refund, approver).unwrap();
            match (verdict, allowed) {
                (Err(refusal), false) => {
                    assert_eq!(told.unwrap_err().to_string(), *refusal, "{row}");
                    assert_eq!(world.refund(&refund).state, RefundState::Waiting, "{row}");
                    assert!(world.host.refunds.is_empty(), "{row}");
                }
                (verdict, _) => {
                    let Some(ApprovedBy::Operator { tie, .. }) = told.unwrap().approved_by else { panic!("{row}") };
                    // The evidence shows that the rule was used.
                    let is_shown = verdict.map_or(tie != Tie::None, |free| tie == free);
                    assert!(is_shown, "{row}: {tie:?}");
                }
            }
        }
    }
}

#[test]
fn an_approval_counts_once_and_only_while_the_request_waits() {
    let unknown = RefundId::new("rf-0000000000000000").unwrap();
    let mut world = sold();
    assert_eq!(code_of(world.approve(&unknown, "alice").unwrap()), "refund_unknown");
    assert_eq!(code_of(world.reject(&unknown, "no")), "refund_unknown");
    let refund = waiting(&mut world);
    world.approve(&refund, "alice").unwrap().unwrap();
    let again = world.approve(&refund, "alice").unwrap().unwrap_err();
    assert_eq!(again.to_string(), "refund_not_waiting state=acknowledged");
    assert_eq!(again.money(), Money::Moved);
    assert_eq!(code_of(world.reject(&refund, "too late")), "refund_not_waiting");
    let refund = waiting(&mut world);
    assert_eq!(code_of(world.reject(&refund, " ")), "refund_rejected_reason_missing");
    let rejected = world.reject(&refund, "the goods stay").unwrap();
    assert_eq!(rejected.state, RefundState::Rejected);
    let said = rejected.rejected.unwrap();
    assert_eq!((said.by.unwrap().as_str(), said.reason.as_str()), ("alice", "the goods stay"));
    assert_eq!(code_of(world.approve(&refund, "alice").unwrap()), "refund_not_waiting");
    assert_eq!(world.host.refunds.len(), 1);
}

#[test]
fn a_request_expires_and_its_amount_is_free_again() {
    let mut world = sold();
    world.refund_rules(rules(|rules| rules.request_lifetime_ms = 60_000));
    let refund = world.request("A-1", 1_230).unwrap().refund;
    world.wait(59_000);
    assert_eq!(world.refund(&refund).state, RefundState::Waiting);
    // The till was off meanwhile.
    world.kill();
    world.now.wall.0 += 60_000;
    world.restart();
    assert_eq!(world.refund(&refund).state, RefundState::Expired);
    let error = world.approve(&refund, "alice").unwrap().unwrap_err();
    assert_eq!((error.code(), error.money()), (ErrorCode::RefundExpired, Money::NotMoved));
    assert_eq!(world.request("A-1", 1_230).unwrap().state, RefundState::Waiting);
}

#[test]
fn what_the_rules_leave_to_the_host_needs_no_second_person() {
    for (approval, minor, state) in [
        (Approval::Host, 1_230, RefundState::Acknowledged),
        (Approval::NoneBelow(500), 499, RefundState::Acknowledged),
        (Approval::NoneBelow(500), 500, RefundState::Waiting),
    ] {
        let mut world = sold();
        world.refund_rules(rules(|rules| rules.approval = approval));
        let view = world.request("A-1", minor).unwrap();
        let by_host = (state == RefundState::Acknowledged).then_some(ApprovedBy::Host);
        assert_eq!((view.state, view.approved_by), (state, by_host), "{approval:?} {minor}");
    }
}

#[test]
fn a_sale_is_found_by_whatever_the_customer_has_of_it() {
    let mut world = sold();
    let order = SaleOrder { attempt: None, amount: yuan(800), order: Some(order_no("O-7")) };
    let ticket = world.start(order);
    world.await_caller(ticket);
    let sold = world.attempts().pop().unwrap();
    let (stan, batch, rrn) = (sold.stan.unwrap(), sold.batch, sold.rrn.clone().unwrap());
    let other_batch = BatchNo::new(9).unwrap();
    let ambiguous = format!("refund_ambiguous found=2 candidate={} candidate=A-1", sold.attempt);
    let rows: Vec<(RefundOf, Result<&AttemptId, &str>)> = vec![
        (RefundOf::Order(order_no("O-7")), Ok(&sold.attempt)),
        (RefundOf::Order(order_no("O-8")), Err("attempt_unknown")),
        (RefundOf::Receipt { stan, batch }, Ok(&sold.attempt)),
        (RefundOf::Receipt { stan, batch: None }, Ok(&sold.attempt)),
        (RefundOf::Receipt { stan, batch: Some(other_batch) }, Err("attempt_unknown")),
        (RefundOf::Receipt { stan: Stan::new(77).unwrap(), batch: None }, Err("attempt_unknown")),
        // Every sale has the same reference number at this host.
        (RefundOf::Rrn(rrn), Err(&ambiguous)),
        // Another till's.
        (RefundOf::Rrn(Rrn::new("999999999999").unwrap()), Err("attempt_unknown")),
    ];
    for (named, verdict) in rows {
        let asked = world.request_of(named.clone(), yuan(1));
        match verdict {
            Ok(attempt) => assert_eq!(asked.unwrap().attempt, *attempt, "{named:?}"),
            Err(refusal) => assert_eq!(asked.unwrap_err().to_string(), refusal, "{named:?}"),
        }
    }
}

#[test]
fn of_several_attempts_of_an_order_the_paid_one_is_meant() {
    let mut world = World::new(1);
    let order = |attempt: &str| SaleOrder {
        attempt: Some(AttemptId::new(attempt).unwrap()),
        amount: yuan(800),
        order: Some(order_no("O-7")),
    };
    for (attempt, trouble) in [("A-1", Trouble::Decline), ("A-2", Trouble::None), ("A-3", Trouble::Decline)] {
        world.host.troubles.push_back(trouble);
        let ticket = world.start(order(attempt));
        world.await_caller(ticket);
    }
    let by_order = || RefundOf::Order(order_no("O-7"));
    assert_eq!(world.request_of(by_order(), yuan(1)).unwrap().attempt.as_str(), "A-2");
    let ticket = world.start(order("A-4"));
    world.await_caller(ticket);
    let error = world.request_of(by_order(), yuan(1)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::RefundAmbiguous);
    let candidates = serde_json::to_value(&error).unwrap()["candidates"].clone();
    let sold = world.attempts();
    let at = |attempt: &str| sold.iter().find(|view| view.attempt.as_str() == attempt).unwrap().created_ms;
    let one = |attempt: &str| {
        json!({
            "attempt": attempt, "created_ms": at(attempt), "amount": {"minor": 800, "currency": "CNY"},
            "card_masked": "476173******0119",
        })
    };
    assert_eq!(candidates, json!([one("A-4"), one("A-2")]));

    // An order that is used again and again: how many there are is said, and the newest are listed.
    for number in 5..35 {
        let ticket = world.start(order(&format!("A-{number}")));
        world.await_caller(ticket);
    }
    let error = world.request_of(by_order(), yuan(1)).unwrap_err();
    assert!(error.to_string().starts_with("refund_ambiguous found=32 candidate=A-34 candidate=A-33 "), "{error}");
    assert_eq!(error.candidates().len(), 20);
}

/// What the host's answers to the first, second and third send lead to.
#[test]
fn the_hosts_word_decides_and_a_refusal_that_may_hide_a_success_frees_nothing() {
    use RefundState::{Acknowledged, Declined, Stuck};
    type Row = (&'static str, &'static [Trouble], &'static [&'static str], RefundState, Option<RefundReason>, u64);
    let rows: &[Row] = &[
        ("refused", &[], &["51"], Declined, Some(RefundReason::Host), 0),
        ("to try again", &[], &["91", "96"], Acknowledged, None, 500),
        ("to sign on first", &[], &["A0"], Acknowledged, None, 500),
        ("refused after a sign-on", &[], &["A0", "51"], Declined, Some(RefundReason::Host), 0),
        ("booked and silent", &[Trouble::NoAnswer], &[], Acknowledged, None, 500),
        ("forgotten", &[Trouble::Forget], &[], Acknowledged, None, 500),
        ("late", &[Trouble::LateAnswer], &[], Acknowledged, None, 500),
        ("a bad MAC", &[Trouble::BadMac], &[], Acknowledged, None, 500),
        ("reset", &[Trouble::Reset], &[], Acknowledged, None, 500),
        (
            "refused, and an earlier send may have worked",
            &[],
            &["91", "51"],
            Stuck,
            Some(RefundReason::RefusedInDoubt),
            500,
        ),
        ("a STAN of something else's", &[], &["94"], Acknowledged, None, 500),
        // A repeat that is answered without a reference may have met another's number.
        ("a repeat's 94 that names nothing", &[], &["91", "94"], Stuck, Some(RefundReason::RefusedInDoubt), 500),
        // What was refused once may have been booked as a second copy: never paid again under another number.
        ("refused for a sign-on, then 94", &[], &["A0", "94"], Stuck, Some(RefundReason::RefusedInDoubt), 500),
        ("three of them", &[], &["94", "94", "94"], Stuck, Some(RefundReason::StanTaken), 500),
    ];
    for (row, troubles, codes, state, reason, held) in rows {
        let mut world = sold();
        world.host.troubles_of.insert(Op::Refund, troubles.iter().copied().collect());
        world.host.codes_of.insert(Op::Refund, codes.iter().copied().collect());
        let refund = waiting(&mut world);
        let told = world.approve(&refund, "alice").unwrap();
        if reason == &Some(RefundReason::StanTaken) {
            assert_eq!(code_of(told), "refund_stan_taken", "{row}");
        }
        world.settle_down();
        let view = world.refund(&refund);
        assert_eq!((view.state, view.reason), (*state, *reason), "{row}: {view:?}");
        assert_eq!(world.judge_refunds(), [], "{row}");
        let left = world.request("A-1", 1_230 - held + 1).unwrap_err();
        assert_eq!(left.to_string(), format!("refund_exceeds_captured_amount left_minor={}", 1_230 - held), "{row}");
    }
}

#[test]
fn every_send_is_the_same_message_marked_as_a_repeat_from_the_second_on() {
    let mut world = sold();
    world.host.troubles_of.insert(Op::Refund, [Trouble::Forget, Trouble::NoAnswer].into());
    let refund = waiting(&mut world);
    world.approve(&refund, "alice").unwrap().unwrap();
    world.kill();
    world.now.wall.0 += DAY_MS;
    world.restart();
    world.settle_down();
    let sends: Vec<_> = world.host.arrived.iter().filter(|(op, ..)| *op == Op::Refund).collect();
    assert_eq!(sends.len(), 3);
    assert!(sends.iter().all(|(_, key, _)| *key == sends[0].1), "the numbers change: {sends:?}");
    assert_eq!(sends.iter().map(|(.., is_repeat)| *is_repeat).collect::<Vec<_>>(), [false, true, true]);
    let view = world.refund(&refund);
    assert_eq!((view.state, view.host_code.unwrap().as_str()), (RefundState::Acknowledged, "94"));
    assert_eq!(world.judge_refunds(), []);
}

#[test]
fn a_refund_that_is_not_acknowledged_goes_before_everything_that_moves_money() {
    let mut world = sold();
    world.host.troubles_of.insert(Op::Refund, [Trouble::Forget; 9].into());
    let refund = waiting(&mut world);
    let told = world.approve(&refund, "alice").unwrap().unwrap();
    assert_eq!((told.state.word(), told.sends > 0), ("forwarding", true));
    assert_eq!(code_of(world.sell("A-2", 100).unwrap()), "reversal_pending");
    world.host.troubles_of.clear();
    assert_eq!(world.sell("A-2", 100).unwrap().unwrap().state, State::Approved);
    assert_eq!(world.refund(&refund).state, RefundState::Acknowledged);
}

#[test]
fn a_stuck_refund_is_decided_once_by_a_supervisor() {
    for (decision, left, other) in
        [(RefundDecision::Paid, 730, RefundDecision::NotPaid), (RefundDecision::NotPaid, 1_230, RefundDecision::Paid)]
    {
        let mut world = sold();
        let refund = waiting(&mut world);
        assert_eq!(code_of(world.decide_refund(&refund, decision)), "not_stuck");
        world.host.codes_of.insert(Op::Refund, ["94", "94", "94"].into());
        assert_eq!(code_of(world.approve(&refund, "alice").unwrap()), "refund_stan_taken");
        assert_eq!(world.decide_refund(&refund, decision).unwrap().decision, Some(decision));
        assert_eq!(world.decide_refund(&refund, decision).unwrap().decision, Some(decision));
        assert_eq!(code_of(world.decide_refund(&refund, other)), "already_decided");
        let error = world.request("A-1", 1_231).unwrap_err();
        assert_eq!(error.to_string(), format!("refund_exceeds_captured_amount left_minor={left}"));
        assert_eq!(world.status("A-1").unwrap().refunded_minor, 1_230 - left);
    }
}

#[test]
fn the_card_that_paid_is_held_to_the_reader_again() {
    for (dialect, same) in [("iso87", true), ("iso87", false), ("encrypted", true), ("encrypted", false)] {
        let mut world = sold_in(dialect);
        world.refund_rules(rules(|rules| rules.verification = Verification::CardAgain));
        if !same {
            world.card = card::named("visa-cvn10").unwrap();
            let mut read = support::world::encrypted_read(&taptill::ports::ReadRequest {
                amount: yuan(1),
                attempt: AttemptId::new("A-1").unwrap(),
                nonce: [0; 16],
            });
            read.masked = Some("************0127".into());
            world.reads.push_back(Ok(read));
        }
        let asked = world.request("A-1", 500);
        if same {
            let asked = asked.unwrap();
            assert_eq!((asked.state, asked.verified), (RefundState::Waiting, RefundVerified::CardAgain), "{dialect}");
        } else {
            assert_eq!(code_of(asked), "refund_card_differs", "{dialect}");
            assert_eq!(world.refunds(), []);
        }
        assert_eq!(world.sell("A-2", 100).unwrap().unwrap().state, State::Approved, "the till goes on");
    }
}

#[test]
fn nobody_waits_for_a_card_that_does_not_come() {
    let mut world = sold();
    world.refund_rules(rules(|rules| rules.verification = Verification::CardAgain));
    world.card_is_there = false;
    let ticket = world.start_request(RefundRequest { refund: None, of: of("A-1"), amount: yuan(1) }, true);
    world.wait(1_000);
    assert!(!world.is_told(ticket));
    assert_eq!(code_of(world.sell("A-2", 100).unwrap()), "till_busy");
    world.cancel("A-1").unwrap();
    let error = world.refund_told(ticket).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "refund_card_not_read why=cancelled");
    world.card_is_there = true;
    assert_eq!(world.sell("A-2", 100).unwrap().unwrap().state, State::Approved);
}

/// The network goes while the customer looks for the card, and nothing is recorded.
#[test]
fn a_refund_that_waits_for_its_card_needs_a_connection_when_the_card_comes() {
    for dialect in ["iso87", "encrypted"] {
        for (posture, verdict) in [(Posture::Absent, Err("refund_needs_connection")), (Posture::Trusted, Ok(()))] {
            let mut world = sold_in(dialect);
            world.refund_rules(rules(|rules| rules.verification = Verification::CardAgain));
            let ticket = world.start_request(RefundRequest { refund: None, of: of("A-1"), amount: yuan(500) }, true);
            world.network_is(posture);
            let told = world.refund_told(ticket).unwrap();
            let told = told.as_ref().map(drop).map_err(|error| error.code().code());
            assert_eq!(told, verdict, "{dialect} {posture:?}");
            assert_eq!(world.refunds().len(), usize::from(verdict.is_ok()), "{dialect} {posture:?}");
        }
    }
}

#[test]
fn who_printed_is_on_record() {
    let mut world = sold();
    let refund = refunded(&mut world, 100).refund;
    world.print("A-1", ReceiptCopy::Customer).unwrap();
    world.print_voucher(&refund, ReceiptCopy::Merchant).unwrap();
    let by = |kind: &str, name: &str| (kind.to_owned(), Some(name.to_owned()));
    assert_eq!(world.printed_by(), [by("receipt.printed", "alice"), by("refund.printed", "bob")]);
}

#[test]
fn a_voucher_is_for_what_was_approved_and_is_counted() {
    let mut world = sold();
    let refund = waiting(&mut world);
    assert_eq!(code_of(world.print_voucher(&refund, ReceiptCopy::Customer)), "receipt_not_available");
    world.approve(&refund, "alice").unwrap().unwrap();
    for before in 0..3 {
        assert_eq!(world.print_voucher(&refund, ReceiptCopy::Customer), Ok(before));
    }
    assert_eq!(world.print_voucher(&refund, ReceiptCopy::Merchant), Ok(0));
}

#[test]
fn refunds_are_listed_newest_first_by_page_sale_and_state() {
    let mut world = sold();
    world.sell("A-2", 900).unwrap().unwrap();
    let first = refunded(&mut world, 100).refund;
    let second = world.request("A-2", 100).unwrap().refund;
    let third = world.request("A-1", 100).unwrap().refund;
    let names = |world: &mut World, query: RefundQuery| {
        let page = world.refund_page(query).unwrap();
        (page.refunds.into_iter().map(|view| view.refund).collect::<Vec<_>>(), page.next)
    };
    let all = RefundQuery::default();
    assert_eq!(names(&mut world, all.clone()).0, [third.clone(), second.clone(), first.clone()]);
    let of_sale = RefundQuery { attempt: Some(AttemptId::new("A-1").unwrap()), ..all.clone() };
    assert_eq!(names(&mut world, of_sale).0, [third.clone(), first]);
    let that_wait = RefundQuery { state: Some(RefundState::Waiting), ..all.clone() };
    assert_eq!(names(&mut world, that_wait).0, [third.clone(), second.clone()]);
    let (page, next) = names(&mut world, RefundQuery { limit: 1, ..all.clone() });
    assert_eq!((page, next.is_some()), (vec![third], true));
    assert_eq!(names(&mut world, RefundQuery { limit: 1, cursor: next, ..all.clone() }).0, [second]);
    for limit in [0, 101] {
        assert_eq!(code_of(world.refund_page(RefundQuery { limit, ..all.clone() })), "page_size_out_of_range");
    }
    let cursor = Some("not a cursor".to_owned());
    assert_eq!(code_of(world.refund_page(RefundQuery { cursor, ..all })), "identifier_malformed");
}

/// The caller's name for a refund: asked for again, it is the same one, wherever it stands.
#[test]
fn the_same_name_and_payload_is_the_same_refund_and_another_payload_a_conflict() {
    type Step = fn(&mut World, &RefundId);
    let rows: [(&str, Step, &str); 6] = [
        ("it waits", |_, _| (), "waiting"),
        ("it was rejected", |world, refund| drop(world.reject(refund, "no")), "rejected"),
        ("it is back", |world, refund| drop(world.approve(refund, "alice")), "acknowledged"),
        ("the till was restarted", |world, _| world.restart(), "waiting"),
        (
            "it is being forwarded",
            |world, refund| {
                world.host.troubles_of.insert(Op::Refund, [Trouble::Forget; 9].into());
                world.approve(refund, "alice").unwrap().unwrap();
            },
            "forwarding",
        ),
        ("its batch is closed", |world, _| drop(world.settle()), "waiting"),
    ];
    for (row, step, state) in rows {
        let mut world = sold();
        world.sell("A-2", 1_230).unwrap().unwrap();
        let asked = world.request_as("return-7", "A-1", 500).unwrap().unwrap();
        assert_eq!(asked.refund.as_str(), "return-7");
        step(&mut world, &asked.refund);
        let again = world.request_as("return-7", "A-1", 500).unwrap().unwrap();
        assert_eq!((again.refund, again.state.word()), (asked.refund.clone(), state), "{row}");
        for (attempt, minor) in [("A-1", 501), ("A-2", 500), ("A-9", 500)] {
            let error = world.request_as("return-7", attempt, minor).unwrap().unwrap_err();
            assert_eq!(error.code(), ErrorCode::RefundConflict, "{row}: {attempt} {minor}");
        }
        assert_eq!(world.refunds().len(), 1, "{row}");
        world.host.troubles_of.clear();
        world.settle_down();
        assert_eq!(world.judge_refunds(), [], "{row}");
    }
}

/// However the customer's payment is named the second time.
#[test]
fn a_named_refund_is_the_same_for_whoever_names_its_sale_another_way() {
    let mut world = World::new(1);
    let order =
        SaleOrder { attempt: Some(AttemptId::new("A-1").unwrap()), amount: yuan(800), order: Some(order_no("O-7")) };
    let ticket = world.start(order);
    world.await_caller(ticket);
    let sale = world.status("A-1").unwrap();
    let refund = RefundId::new("return-7");
    world.request_as("return-7", "A-1", 300).unwrap().unwrap();
    let receipt = |batch| RefundOf::Receipt { stan: sale.stan.unwrap(), batch };
    for (named, verdict) in [
        (RefundOf::Order(order_no("O-7")), Ok("return-7")),
        (RefundOf::Order(order_no("O-8")), Err("refund_conflict")),
        (RefundOf::Rrn(sale.rrn.clone().unwrap()), Ok("return-7")),
        (receipt(None), Ok("return-7")),
        (receipt(sale.batch), Ok("return-7")),
        (receipt(BatchNo::new(9).ok()), Err("refund_conflict")),
    ] {
        let request = RefundRequest { refund: refund.clone().ok(), of: named.clone(), amount: yuan(300) };
        let ticket = world.start_request(request, true);
        let told = world.refund_told(ticket).unwrap();
        let told = told.as_ref().map(|view| view.refund.as_str()).map_err(|error| error.code().code());
        assert_eq!(told, verdict, "{named:?}");
    }
}
