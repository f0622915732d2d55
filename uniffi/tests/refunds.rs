//! Refunds across the border: asked for by one, approved by another, refused by name.

#![allow(clippy::unwrap_used, reason = "a helper that cannot help fails the test")]

mod support;

use support::{Shop, Till, code, wait};
use taptill_ffi::{Amount, OperatorRole, Refund, RefundOf, RefundQuery, RefundState, TillError};

const CAROL: (&str, &[u8]) = ("carol", b"nine cups of tea 4");
const DAVE: (&str, &[u8]) = ("dave", b"five red kites fly 2");

fn yuan(minor: i64) -> Amount {
    Amount { minor, currency: "CNY".into() }
}

fn request(till: &Till, minor: i64) -> Result<Refund, TillError> {
    let of = RefundOf::Attempt { attempt: "SOLD".into() };
    wait(till.terminal.refunds().unwrap().request(of, yuan(minor), None))
}

/// A shop of three supervisors, of whom alice added the others, with carol at the till.
fn sold(shop: &Shop) -> Till {
    let till = shop.till();
    let people = till.terminal.people().unwrap();
    for (name, password) in [CAROL, DAVE] {
        let added = people.add_operator(name, OperatorRole::Supervisor, password, false).unwrap();
        wait(added.await_done()).unwrap();
    }
    till.sell("SOLD", 1_000).unwrap();
    wait(people.sign_in(CAROL.0, CAROL.1).unwrap().await_done()).unwrap();
    till
}

#[test]
fn a_refund_is_asked_for_by_one_and_approved_by_another() {
    let shop = Shop::new();
    let till = sold(&shop);
    let waiting = request(&till, 230).unwrap();
    assert_eq!((waiting.state, waiting.requested_by.as_deref()), (RefundState::Waiting, Some(CAROL.0)));
    let refunds = till.terminal.refunds().unwrap();
    assert_eq!(code(wait(refunds.approve(waiting.refund.clone()))), "approver_is_requester");
    let approve = |password: &[u8]| wait(refunds.approve_as(&waiting.refund, DAVE.0, password).unwrap().await_done());
    assert_eq!(code(approve(b"not his password 1")), "sign_in_refused");
    let refund = approve(DAVE.1).unwrap().refund.unwrap();
    assert_eq!((refund.state, refund.approved_by.as_deref()), (RefundState::Acknowledged, Some(DAVE.0)));
    assert_eq!(code(approve(DAVE.1)), "refund_not_waiting");
    assert_eq!(till.status("SOLD").unwrap().refunded_minor, 230);
    let query = RefundQuery { limit: 20, attempt: Some("SOLD".into()), cursor: None };
    assert_eq!(refunds.list(query).unwrap().refunds, [refund]);
}

#[test]
fn a_refund_that_cannot_be_is_refused_by_name() {
    let shop = Shop::new();
    let till = sold(&shop);
    let refunds = till.terminal.refunds().unwrap();
    for (minor, verdict) in [(1_001, "refund_exceeds_captured_amount"), (0, "amount_zero"), (-1, "amount_negative")] {
        assert_eq!(code(request(&till, minor)), verdict, "{minor}");
    }
    assert_eq!(code(wait(refunds.approve("rf-0000000000000000".into()))), "refund_unknown");
    assert_eq!(code(wait(refunds.approve("no refund".into()))), "identifier_malformed");
    let waiting = request(&till, 100).unwrap();
    let reject = |reason: &str| wait(refunds.reject(waiting.refund.clone(), reason.into()));
    assert_eq!(code(reject("")), "refund_rejected_reason_missing");
    let rejected = reject("the goods stay").unwrap();
    assert_eq!((rejected.state, rejected.rejected_by.as_deref()), (RefundState::Rejected, Some(CAROL.0)));
    assert_eq!(rejected.rejected_because.as_deref(), Some("the goods stay"));
}
