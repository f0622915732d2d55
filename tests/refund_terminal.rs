//! Refunds over real threads and real sockets: a second person proves who it is while the first stays signed in, and a
//! thousand callers at once get back what was paid and not a minor unit more.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use shop::{Till, named, shop};
use taptill::account::{Approval, RefundRules, ShopPolicy};
use taptill::error::{Error, ErrorCode};
use taptill::ids::{AttemptId, OperatorName, RefundId, Role};
use taptill::money::{Amount, Currency};
use taptill::payment::refund::state::RefundState;
use taptill::payment::{ApprovedBy, RefundOf, RefundQuery, RefundRequest, RejectionReason, Tie};
use taptill::ports::Posture;
use taptill::receipt::{Columns, Copy};
use taptill::secret::SecretBytes;
use taptill::terminal::ReceiptRequest;
use taptill::text::Language;
use taptill::till::NewOperator;
use taptill_sandbox::desktop::StatedPosture;
use taptill_sandbox::people::{ALICE, BOB};

const CAROLS: &str = "nine grey herons wade 5";

fn request(minor: u64) -> RefundRequest {
    let amount = Amount::from_minor(minor, Currency::CNY).unwrap();
    RefundRequest { refund: None, of: RefundOf::Attempt(AttemptId::new("A-1").unwrap()), amount }
}

/// A till that has sold A-1 for this much, with bob and carol at it; alice is signed in.
fn staffed(till: Till, minor: u64) -> Till {
    till.terminal.add_operator(BOB.as_new()).unwrap();
    let carol =
        NewOperator { name: name("carol"), role: Role::Supervisor, password: password(CAROLS), is_temporary: false };
    till.terminal.add_operator(carol).unwrap();
    till.sell_as(named("A-1", minor), "visa").unwrap();
    till
}

fn name(text: &str) -> OperatorName {
    OperatorName::new(text).unwrap()
}

fn password(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

fn code_of<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorCode {
    result.unwrap_err().code()
}

/// Bob is signed in and has asked for this much.
fn asked_by_bob(till: &Till, minor: u64) -> RefundId {
    if till.terminal.till_state().unwrap().operator != Some(BOB.name()) {
        till.terminal.sign_in(&BOB.name(), BOB.password(), None).unwrap();
    }
    till.terminal.request_refund(&request(minor)).unwrap().refund
}

#[test]
fn a_second_person_approves_while_the_first_stays_signed_in() {
    let shop = shop("refund-second");
    let till = staffed(shop.till(), 1_230);
    let refund = asked_by_bob(&till, 500);
    assert_eq!(code_of(till.terminal.approve_refund(&refund)), ErrorCode::NotPermitted);
    let done = till.terminal.approve_refund_as(&refund, &ALICE.name(), ALICE.password()).unwrap();
    assert_eq!((done.state, done.requested_by), (RefundState::Acknowledged, Some(BOB.name())));
    assert_eq!(done.approved_by, Some(ApprovedBy::Operator { name: ALICE.name(), tie: Tie::None }));
    assert_eq!(till.terminal.till_state().unwrap().operator, Some(BOB.name()), "bob is still signed in");
    assert_eq!(till.terminal.status(&done.attempt).unwrap().refunded_minor, 500);
    assert_eq!(shop.net_minor(), 730);
    let again = till.terminal.approve_refund_as(&refund, &ALICE.name(), ALICE.password());
    assert_eq!(code_of(again), ErrorCode::RefundNotWaiting);
    let slip = |copy| {
        let request = ReceiptRequest { columns: Columns::C48, language: Language::En, copy };
        till.terminal.voucher(&refund, request).unwrap()
    };
    let (shops, customers) = (slip(Copy::Merchant), slip(Copy::Customer));
    assert!(shops.contains("CNY 5.00") && shops.contains("bob") && shops.contains("alice"), "{shops}");
    assert!(!customers.contains("bob") && !customers.contains("REPRINT"), "{customers}");
    assert!(slip(Copy::Customer).contains("REPRINT"));
}

#[test]
fn nobody_passes_for_a_second_person_who_is_none() {
    let shop = shop("refund-nobody");
    let till = staffed(shop.till(), 1_230);
    // Alice has asked: she is no second person, nor is carol, whom she appointed.
    let asked = till.terminal.request_refund(&request(100)).unwrap().refund;
    assert_eq!(code_of(till.terminal.approve_refund(&asked)), ErrorCode::ApproverIsRequester);
    let own = till.terminal.approve_refund_as(&asked, &ALICE.name(), ALICE.password());
    assert_eq!(code_of(own), ErrorCode::ApproverIsRequester);
    let appointed = till.terminal.approve_refund_as(&asked, &name("carol"), password(CAROLS));
    assert_eq!(code_of(appointed), ErrorCode::ApproverAppointedByRequester);
    // Bob has asked: a cashier approves nothing, a wrong password opens nothing, nobody is nobody.
    let refund = asked_by_bob(&till, 100);
    for (approver, secret, code) in [
        ("bob", BOB.password, ErrorCode::NotPermitted),
        ("carol", "nine grey herons wade 6", ErrorCode::SignInRefused),
        ("nobody", CAROLS, ErrorCode::SignInRefused),
    ] {
        let told = till.terminal.approve_refund_as(&refund, &name(approver), password(secret));
        assert_eq!(code_of(told), code, "{approver}");
    }
    let waiting = till.terminal.refunds(&RefundQuery { state: Some(RefundState::Waiting), ..RefundQuery::default() });
    assert_eq!(waiting.unwrap().refunds.len(), 2, "nothing was changed");
    assert_eq!(shop.net_minor(), 1_230);
    // The wrong password is journalled with the next right one.
    till.terminal.approve_refund_as(&refund, &name("carol"), password(CAROLS)).unwrap();
    let told = till.terminal.events(None, 100).unwrap().events.into_iter().map(|event| event.kind).collect::<Vec<_>>();
    let failed = told.iter().position(|kind| *kind == "operator.sign_in_failed").unwrap();
    let approved = told.iter().position(|kind| *kind == "refund.approved").unwrap();
    assert!(failed < approved, "{told:?}");
}

#[test]
fn a_second_person_who_is_locked_out_or_has_a_temporary_password_approves_nothing() {
    let shop = shop("refund-locked-out");
    let till = staffed(shop.till(), 1_230);
    let rules = ShopPolicy { tries: 2, ..ShopPolicy::default() };
    till.terminal.set_policy(&rules).unwrap();
    let temporary = NewOperator {
        name: name("dora"),
        role: Role::Supervisor,
        password: password("old maps fold 3 ways"),
        is_temporary: true,
    };
    till.terminal.add_operator(temporary).unwrap();
    let refund = asked_by_bob(&till, 100);
    let dora = till.terminal.approve_refund_as(&refund, &name("dora"), password("old maps fold 3 ways"));
    assert_eq!(code_of(dora), ErrorCode::PasswordMustChange);
    for code in [ErrorCode::SignInRefused, ErrorCode::SignInRefused, ErrorCode::OperatorLockedOut] {
        let told = till.terminal.approve_refund_as(&refund, &name("carol"), password("a guess that is wrong"));
        assert_eq!(code_of(told), code);
    }
    let right = till.terminal.approve_refund_as(&refund, &name("carol"), password(CAROLS));
    assert_eq!(code_of(right), ErrorCode::OperatorLockedOut, "the right password comes too late");
    assert_eq!(shop.net_minor(), 1_230);
    till.terminal.approve_refund_as(&refund, &ALICE.name(), ALICE.password()).unwrap();
    assert_eq!(shop.net_minor(), 1_130);
}

#[test]
fn without_a_network_nothing_is_recorded() {
    let shop = shop("refund-offline");
    drop(staffed(shop.till(), 1_230));
    let posture = Arc::new(StatedPosture(Posture::Absent));
    let till = shop.open_with(|ports| ports.network_posture = posture).unwrap();
    assert_eq!(code_of(till.terminal.request_refund(&request(100))), ErrorCode::RefundNeedsConnection);
    assert_eq!(till.terminal.refunds(&RefundQuery::default()).unwrap().refunds, []);
}

#[test]
fn a_request_is_rejected_by_whoever_may_approve_with_a_reason() {
    let shop = shop("refund-reject");
    let till = staffed(shop.till(), 1_230);
    let refund = asked_by_bob(&till, 1_230);
    let reason = || RejectionReason::new("the goods stay with the customer").unwrap();
    assert_eq!(code_of(till.terminal.reject_refund(&refund, reason())), ErrorCode::NotPermitted);
    till.terminal.sign_in(&ALICE.name(), ALICE.password(), None).unwrap();
    let view = till.terminal.reject_refund(&refund, reason()).unwrap();
    assert_eq!((view.state, view.rejected.unwrap().by), (RefundState::Rejected, Some(ALICE.name())));
    assert_eq!(code_of(till.terminal.approve_refund(&refund)), ErrorCode::RefundNotWaiting);
}

const CALLS: u32 = 1_000;
const THREADS: u32 = 50;

#[test]
fn a_thousand_refunds_at_once_give_back_what_was_paid_and_no_more() {
    let shop = shop("refund-thousand");
    let till = staffed(shop.till(), 10_000);
    let mut policy = ShopPolicy::default();
    policy.refunds.contactless_card = RefundRules { approval: Approval::Host, ..RefundRules::default() };
    till.terminal.set_policy(&policy).unwrap();
    let (given, refused) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..CALLS / THREADS {
                    let counted = match till.terminal.request_refund(&request(100)) {
                        Ok(view) if view.state == RefundState::Acknowledged => &given,
                        Err(error) if error.code() == ErrorCode::RefundExceedsCapturedAmount => &refused,
                        other => panic!("{other:?}"),
                    };
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!((given.into_inner(), refused.into_inner()), (100, CALLS - 100));
    let sale = till.terminal.status(&AttemptId::new("A-1").unwrap()).unwrap();
    assert_eq!((sale.refunded_minor, sale.refunds.len()), (10_000, 100));
    assert_eq!(shop.net_minor(), 0);
}
