//! The folds, event by event: what they refuse, and what an attempt looks like at the end.

use std::slice;

use serde_json::{Value, json};

use super::numbers::TAKEN_ROW;
use super::*;
use crate::clock::{BootCount, MonoMs, Now, WallMs};
use crate::journal::MemoryRows;

fn event(kind: &str, body: Value) -> Event {
    Event {
        v: 1,
        kind: kind.to_owned(),
        sequence: 1,
        now: Now { wall: WallMs(1_795_338_000_000), mono: MonoMs(0), boot: BootCount(1) },
        operator: None,
        attempt: Some(AttemptId::new("A-1").unwrap()),
        side: None,
        body,
    }
}

fn opening(minor: u64) -> Value {
    json!({"amount": {"minor": minor, "currency": "CNY"}, "order": "O-1", "host_day": "2026-11-22"})
}

fn prepared(minor: u64, stan: u32) -> Event {
    let card = json!({
        "masked": "476173******0119", "aid": "A0000000031010", "label": "VISA", "kernel": 3, "atc": 1,
        "tvr": "0000000000", "cryptogram": "0102030405060708", "cryptogram_kind": "ARQC", "oda": "ok", "cvm": "none",
    });
    let body = json!({
        "opening": opening(minor), "stan": stan, "batch": 7, "local_date": "1122", "local_time": "170000",
        "transmission_date_time": "1122090000", "dialect": "00", "card": card,
    });
    event("attempt.prepared", body)
}

fn in_doubt() -> Event {
    event("attempt.in_doubt", json!({"stan": 1, "batch": 7}))
}

fn due() -> Event {
    event("attempt.reversal_due", json!({"reason": "98", "cause": "no_answer"}))
}

fn sent(number: u32, day: &str) -> Event {
    event("attempt.reversal_sent", json!({"number": number, "host_day": day}))
}

fn answered(code: &str, meaning: &str) -> Event {
    event("attempt.reversal_answered", json!({"host_code": code, "meaning": meaning}))
}

fn told(events: &[Event]) -> Result<(Entry, MemoryRows), FoldError> {
    let mut rows = MemoryRows::default();
    for event in events {
        Attempts.apply(&mut rows, event)?;
    }
    let entry = read(&rows.get("A-1").unwrap().unwrap()).unwrap();
    Ok((entry, rows))
}

#[test]
fn what_the_table_forbids_is_not_recorded() {
    let approved = event(
        "attempt.approved",
        json!({"answer": {"host_code": "00", "auth_code": null, "rrn": null, "host_time": null}}),
    );
    let mut nameless = prepared(1, 1);
    nameless.attempt = None;
    let printed = event("receipt.printed", json!({"copy": "merchant"}));
    let rows: Vec<(Vec<Event>, &str)> = vec![
        (vec![in_doubt()], "step_illegal"),
        (vec![approved.clone()], "step_illegal"),
        (vec![prepared(1, 1), approved.clone()], "step_illegal"),
        (vec![prepared(1, 1), in_doubt(), due(), approved], "step_illegal"),
        (vec![prepared(1, 1), in_doubt(), prepared(1, 1)], "step_illegal"),
        (vec![prepared(1, 1), prepared(2, 2)], "opened_twice"),
        (vec![prepared(1, 1), in_doubt(), due(), sent(2, "2026-11-22")], "reversal_number_out_of_order"),
        (vec![prepared(1, 1), in_doubt(), due(), answered("12", "refused")], "step_illegal"),
        (
            vec![
                prepared(1, 1),
                event(
                    "attempt.not_sent",
                    json!({
                        "was": {"unknown": opening(1)}, "reason": "cancelled", "tap": "none", "host_code": null,
                    }),
                ),
                in_doubt(),
            ],
            "step_illegal",
        ),
        (
            vec![event(
                "attempt.not_sent",
                json!({"was": "prepared", "reason": "closed", "tap": "none", "host_code": null}),
            )],
            "never_opened",
        ),
        (vec![nameless], "attempt_without_name"),
        (vec![printed], "never_opened"),
    ];
    for (events, why) in rows {
        assert_eq!(told(&events).err(), Some(FoldError::Refused(why)), "{:?}", events.last().unwrap().kind);
    }
}

#[test]
fn an_entry_is_found_by_state_order_day_stan_and_batch() {
    let (entry, rows) = told(&[prepared(1, 1), prepared(1, 2), in_doubt()]).unwrap();
    assert_eq!(entry.state(), State::InDoubt);
    assert_eq!(rows.index("A-1"), ["state=in_doubt", "order=O-1", "day=2026-11-22", "stan=000002", "batch=000007"]);
}

#[test]
fn sends_refusals_and_days_are_counted() {
    let after = |told_of_it: &[Event]| {
        let debt = [prepared(1, 1), in_doubt(), due()];
        let (entry, _) = told(&debt.into_iter().chain(told_of_it.iter().cloned()).collect::<Vec<_>>()).unwrap();
        let sends = entry.view.reversal.as_ref().unwrap().sends;
        (entry.state(), sends, entry.refusals, entry.reversed_on_the_same_day, entry.earlier_send_may_have_worked)
    };
    let (one, two) = (sent(1, "2026-11-22"), sent(2, "2026-11-22"));
    let (refused, again, sign_on) =
        (answered("12", "refused"), answered("96", "try_again"), answered("A0", "sign_on_first"));
    let owed = State::ReversalSent;
    assert_eq!(after(&[]), (State::ReversalDue, 0, 0, true, false));
    assert_eq!(after(slice::from_ref(&one)), (owed, 1, 0, true, false));
    assert_eq!(after(&[one.clone(), refused.clone()]), (owed, 1, 1, true, false));
    assert_eq!(after(&[one.clone(), two.clone()]), (owed, 2, 0, true, true));
    assert_eq!(after(&[one.clone(), refused, two.clone()]), (owed, 2, 1, true, false));
    assert_eq!(after(&[one.clone(), again, two.clone()]), (owed, 2, 0, true, true));
    assert_eq!(after(&[one, sign_on, two.clone()]), (owed, 2, 0, true, false));
    assert_eq!(after(&[sent(1, "2026-11-23"), two]), (owed, 2, 0, false, true));
}

#[test]
fn the_numbers_that_are_taken_are_the_last_ones() {
    let mut rows = MemoryRows::default();
    for event in [
        event("host.signed_on", json!({"batch": 7})),
        prepared(1, 41),
        event("host.signed_on", json!({"batch": null})),
        in_doubt(),
    ] {
        Numbers.apply(&mut rows, &event).unwrap();
    }
    let taken: Taken = serde_json::from_slice(&rows.get(TAKEN_ROW).unwrap().unwrap()).unwrap();
    assert_eq!((taken.batch.number(), taken.stan.unwrap().number()), (7, 41));
}
