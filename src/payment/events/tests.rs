//! The JSON of each body, fixed: a journal of today must be readable for ever.

use serde_json::{Value, json};

use super::*;
use crate::clock::{BootCount, MonoMs, Now, WallMs};

/// Kind, version, body as written, whether it is a step of an attempt.
fn bodies() -> Vec<(&'static str, u32, Value, Option<Step>)> {
    let opening = json!({"amount": {"minor": 1230, "currency": "CNY"}, "order": "O-1", "host_day": "2026-11-22"});
    let card = json!({
        "masked": "476173******0119", "aid": "A0000000031010", "label": "VISA", "kernel": 3, "atc": 1,
        "tvr": "0000000000", "cryptogram": "0102030405060708", "cryptogram_kind": "ARQC", "oda": "ok", "cvm": "none",
    });
    let answer = json!({"host_code": "00", "auth_code": "A1B2C3", "rrn": "260101000001", "host_time": "1122170000"});
    let prepared = json!({
        "opening": opening, "stan": 1, "batch": 1, "local_date": "1122", "local_time": "170000",
        "transmission_date_time": "1122090000", "dialect": "00", "card": card,
    });
    let read = json!({"masked": "************0119", "scheme": "VISA", "cvm": "on_device"});
    let mut prepared_from_read = prepared.clone();
    prepared_from_read["read"] = read;
    prepared_from_read.as_object_mut().unwrap().remove("card");
    let mut prepared_void = prepared.clone();
    prepared_void["of"] = json!("A-1");
    prepared_void.as_object_mut().unwrap().remove("card");
    let by_card = json!({"by": {"card": {"opening": opening, "card": null, "tap": "card_declined"}}});
    vec![
        ("attempt.prepared", 1, prepared, Some(Step::Prepare)),
        ("attempt.prepared", 2, prepared_from_read, Some(Step::Prepare)),
        ("attempt.prepared", 3, prepared_void, Some(Step::Prepare)),
        ("attempt.in_doubt", 1, json!({"stan": 1, "batch": 1}), Some(Step::Doubt)),
        ("attempt.approved", 1, json!({"answer": answer}), Some(Step::Approve)),
        ("attempt.declined", 1, json!({"by": {"host": answer}}), Some(Step::HostDeclines)),
        ("attempt.declined", 1, by_card, Some(Step::CardDeclines)),
        (
            "attempt.not_sent",
            1,
            json!({"was": {"unknown": opening}, "reason": "cancelled", "tap": "none", "host_code": null}),
            Some(Step::EndUnsent),
        ),
        (
            "attempt.not_sent",
            1,
            json!({"was": "prepared", "reason": "closed", "tap": "none", "host_code": null}),
            Some(Step::EndUnsent),
        ),
        (
            "attempt.not_sent",
            2,
            json!({"opening": opening, "of": "A-1", "reason": "cancelled", "host_code": null}),
            Some(Step::EndUnsent),
        ),
        ("attempt.reversal_due", 1, json!({"reason": "98", "cause": "no_answer"}), Some(Step::Owe)),
        ("attempt.reversal_sent", 1, json!({"number": 1, "host_day": "2026-11-22"}), Some(Step::SendReversal)),
        ("attempt.reversal_answered", 1, json!({"host_code": "12", "meaning": "refused"}), Some(Step::HearReversal)),
        ("attempt.reversed", 1, json!({"host_code": "00"}), Some(Step::Reverse)),
        ("attempt.reversal_stuck", 1, json!({"cause": "reversal_refused", "host_code": "12"}), Some(Step::Stick)),
        ("attempt.decided", 1, json!({"decision": "not_charged"}), Some(Step::Decide)),
        ("attempt.decided", 1, json!({"decision": "charged", "reason": "ticket 4711"}), Some(Step::Decide)),
        ("attempt.late_answer", 1, json!({"op": "sale", "stan": 1, "host_code": "00"}), Some(Step::LateAnswer)),
        ("attempt.delivered", 1, json!({"state": "approved"}), Some(Step::Deliver)),
        ("receipt.printed", 1, json!({"copy": "customer"}), None),
        ("host.signed_on", 1, json!({"batch": 1}), None),
        ("host.unmatched_answer", 1, json!({"cause": "duplicate", "stan": 1, "host_code": null}), None),
    ]
}

fn event(kind: &str, v: u32, body: Value) -> Event {
    Event {
        v,
        kind: kind.to_owned(),
        sequence: 1,
        now: Now { wall: WallMs(0), mono: MonoMs(0), boot: BootCount(1) },
        operator: None,
        attempt: None,
        side: None,
        body,
    }
}

#[test]
fn every_body_is_read_as_it_was_written() {
    for (kind, v, body, step) in bodies() {
        let read = AttemptEvent::of(&event(kind, v, body.clone())).unwrap();
        assert_eq!(read.as_ref().map(AttemptEvent::step), step, "{kind}");
        assert_eq!(step.map_or(kind, Step::event), kind);
        let written = match &read {
            Some(AttemptEvent::Prepared(it)) => serde_json::to_value(it),
            Some(AttemptEvent::PreparedFromRead(it)) => serde_json::to_value(it),
            Some(AttemptEvent::PreparedVoid(it)) => serde_json::to_value(it),
            Some(AttemptEvent::VoidNotSent(it)) => serde_json::to_value(it),
            Some(AttemptEvent::Decided(it)) => serde_json::to_value(it),
            Some(AttemptEvent::InDoubt(it)) => serde_json::to_value(it),
            Some(AttemptEvent::Approved(it)) => serde_json::to_value(it),
            Some(AttemptEvent::Declined(it)) => serde_json::to_value(it),
            Some(AttemptEvent::NotSent(it)) => serde_json::to_value(it),
            Some(AttemptEvent::ReversalDue(it)) => serde_json::to_value(it),
            Some(AttemptEvent::ReversalSent(it)) => serde_json::to_value(it),
            Some(AttemptEvent::ReversalAnswered(it)) => serde_json::to_value(it),
            Some(AttemptEvent::Reversed(it)) => serde_json::to_value(it),
            Some(AttemptEvent::ReversalStuck(it)) => serde_json::to_value(it),
            Some(AttemptEvent::LateAnswer(it)) => serde_json::to_value(it),
            Some(AttemptEvent::Delivered(it)) => serde_json::to_value(it),
            None if kind == ReceiptPrinted::KIND => {
                serde_json::to_value(ReceiptPrinted::of(&event(kind, 1, body.clone())).unwrap())
            }
            None if kind == SignedOn::KIND => {
                serde_json::to_value(SignedOn::of(&event(kind, 1, body.clone())).unwrap())
            }
            None => serde_json::to_value(UnmatchedAnswer::of(&event(kind, 1, body.clone())).unwrap()),
        };
        assert_eq!(written.unwrap(), body, "{kind}");
    }
}

#[test]
fn what_another_version_wrote_is_not_guessed_at() {
    for (kind, v, body, step) in bodies().into_iter().filter(|(_, _, _, step)| step.is_some()) {
        assert_eq!(AttemptEvent::of(&event(kind, 4, body.clone())), Err(FoldError::Newer), "{kind} {step:?}");
        let mut more = body;
        more["unheard_of"] = json!(1);
        let refused = AttemptEvent::of(&event(kind, v, more)).unwrap_err();
        assert_eq!(refused, FoldError::Refused("event_body_malformed"), "{kind}");
    }
    assert_eq!(AttemptEvent::of(&event("attempt.voided", 1, json!({}))), Err(FoldError::Newer));
    assert_eq!(AttemptEvent::of(&event("operator.signed_in", 1, json!({}))), Ok(None));
}
