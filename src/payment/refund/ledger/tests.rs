//! The fold, event by event: what it refuses, whoever writes it.

use serde_json::{Value, json};

use super::*;
use crate::clock::{BootCount, MonoMs, Now, WallMs};
use crate::journal::MemoryRows;

/// One sale's refunds, told event by event.
#[derive(Default)]
struct Told(MemoryRows);

impl Told {
    fn takes(&mut self, kind: &str, number: u8, more: Value) -> Result<(), FoldError> {
        let mut body = json!({ "refund": format!("rf-{number:016x}") });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let event = Event {
            v: 1,
            kind: kind.to_owned(),
            sequence: 1,
            now: Now { wall: WallMs(1_795_338_000_000), mono: MonoMs(0), boot: BootCount(1) },
            operator: Some("alice".to_owned()),
            attempt: Some(AttemptId::new("A-1").unwrap()),
            side: None,
            body,
        };
        Refunds.apply(&mut self.0, &event)
    }

    fn requested(&mut self, number: u8, minor: u64) -> Result<(), FoldError> {
        self.takes("refund.requested", number, request(minor, "CNY"))
    }

    /// Takes this refund as far as the host's door.
    fn sent(&mut self, number: u8) {
        self.takes("refund.approved", number, json!({ "by": "host" })).unwrap();
        let prepared = json!({ "stan": number, "batch": 1, "local_date": "1122", "local_time": "170000",
            "transmission_date_time": "1122090000", "dialect": "00" });
        self.takes("refund.prepared", number, prepared).unwrap();
        self.takes("refund.sent", number, json!({ "number": 1, "host_day": "2026-11-22" })).unwrap();
    }

    fn sums(&mut self) -> (u64, u64) {
        let sums: Sums = row(&mut self.0, "of/A-1").unwrap().unwrap_or_default();
        (sums.held_minor, sums.acknowledged_minor)
    }
}

fn request(minor: u64, currency: &str) -> Value {
    json!({ "amount": { "minor": minor, "currency": currency }, "captured": { "minor": 1_000, "currency": "CNY" },
        "verification": "none", "verified": "nothing", "expires_ms": 5 })
}

fn answer(code: &str) -> Value {
    json!({ "host_code": code, "auth_code": null, "rrn": null, "host_time": null })
}

#[test]
fn the_journal_cannot_come_to_say_that_more_went_back_than_came_in() {
    let too_much = Err(FoldError::Refused("refund_exceeds_captured_amount"));
    let mut rows = Told::default();
    assert_eq!(rows.requested(1, 1_001), too_much);
    assert_eq!(rows.requested(1, 0), too_much);
    assert_eq!(rows.takes("refund.requested", 1, request(1, "JPY")), too_much);
    assert_eq!(rows.requested(1, 600), Ok(()));
    assert_eq!(rows.requested(2, 401), too_much);
    assert_eq!(rows.requested(2, 400), Ok(()));
    assert_eq!(rows.requested(3, 1), too_much);
    assert_eq!(rows.sums(), (1_000, 0));
    rows.takes("refund.rejected", 2, json!({ "reason": "no" })).unwrap();
    assert_eq!(rows.requested(3, 401), too_much);
    assert_eq!(rows.requested(3, 400), Ok(()));
    assert_eq!(rows.sums(), (1_000, 0));
}

#[test]
fn an_amount_is_free_again_where_nothing_went_back() {
    type Ending = (&'static str, Value, (u64, u64));
    let waiting: [Ending; 2] =
        [("refund.rejected", json!({ "reason": "no" }), (0, 0)), ("refund.expired", json!({}), (0, 0))];
    for (kind, body, sums) in waiting {
        let mut rows = Told::default();
        rows.requested(1, 600).unwrap();
        rows.takes(kind, 1, body).unwrap();
        assert_eq!(rows.sums(), sums, "{kind}");
    }
    let sent: [Ending; 5] = [
        ("refund.declined", json!({ "answer": answer("51") }), (0, 0)),
        ("refund.acknowledged", json!({ "answer": answer("00"), "had_it": false }), (600, 600)),
        ("refund.stuck", json!({ "cause": "refused_in_doubt", "host_code": "12" }), (600, 0)),
        ("refund.answered", json!({ "host_code": "91", "meaning": "try_again" }), (600, 0)),
        ("refund.answered", json!({ "host_code": "94", "meaning": "stan_taken" }), (600, 0)),
    ];
    for (kind, body, sums) in sent {
        let mut rows = Told::default();
        rows.requested(1, 600).unwrap();
        rows.sent(1);
        rows.takes(kind, 1, body).unwrap();
        assert_eq!(rows.sums(), sums, "{kind}");
    }
}

#[test]
fn a_decision_counts_once_and_stands() {
    for (decision, other, sums) in [("paid", "not_paid", (600, 600)), ("not_paid", "paid", (0, 0))] {
        let mut rows = Told::default();
        rows.requested(1, 600).unwrap();
        rows.sent(1);
        rows.takes("refund.stuck", 1, json!({ "cause": "unpackable", "host_code": null })).unwrap();
        rows.takes("refund.decided", 1, json!({ "decision": decision })).unwrap();
        rows.takes("refund.decided", 1, json!({ "decision": decision })).unwrap();
        assert_eq!(rows.sums(), sums, "{decision}");
        let otherwise = rows.takes("refund.decided", 1, json!({ "decision": other }));
        assert_eq!(otherwise, Err(FoldError::Refused("decided_otherwise")));
    }
}

#[test]
fn what_the_table_does_not_have_is_refused() {
    let mut rows = Told::default();
    let illegal = Err(FoldError::Refused("step_illegal"));
    assert_eq!(rows.takes("refund.approved", 1, json!({ "by": "host" })), illegal);
    rows.requested(1, 600).unwrap();
    assert_eq!(rows.requested(1, 1), illegal);
    assert_eq!(rows.takes("refund.sent", 1, json!({ "number": 1, "host_day": "2026-11-22" })), illegal);
    rows.sent(1);
    assert_eq!(rows.takes("refund.approved", 1, json!({ "by": "host" })), illegal);
    let twice = rows.takes("refund.sent", 1, json!({ "number": 1, "host_day": "2026-11-22" }));
    assert_eq!(twice, Err(FoldError::Refused("refund_number_out_of_order")));
}
