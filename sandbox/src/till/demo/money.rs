//! The steps about money that goes back and about the end of the day: a refund with two people, a settlement that is
//! killed, a statement with a strange line. Evidence: `sandbox/tests/till_demo.rs`.

use serde_json::Value;

use crate::host::{EntryState, Kind};

use super::stage::Stage;
use super::steps::{CASHIER, OWNER, PAID, agree, charged, expect, text};
use super::{Broken, Shown};

const VOIDED: &str = "demo-voided";
/// A point in the middle of a settlement: its request may have left, and nobody knows the answer.
const MIDWAY: &str = "after batch.sent";

pub(super) fn voided(stage: &mut Stage) -> Shown {
    expect(&stage.till_of(CASHIER, &["sale", "6.00", "--attempt", VOIDED])?, "approved")?;
    let refusal = stage.refusal_of(CASHIER, &["void", VOIDED])?;
    agree("the cashier's void", text(&refusal["code"]), "not_permitted")?;
    stage.till_of(OWNER, &["void", VOIDED])?;
    expect(&stage.till_of(CASHIER, &["status", VOIDED])?, "voided")?;
    let booked = stage.booked()?;
    let sale = booked.iter().find(|entry| entry.amount_minor == 600 && entry.state == EntryState::Voided);
    charged(sale.ok_or_else(|| Broken("the host has not voided the sale".to_owned()))?, 0, EntryState::Voided)?;
    Ok(vec![format!("That is a supervisor's to do: {CASHIER} may not, {OWNER} does. CNY 0.00 charged.")])
}

pub(super) fn refunded(stage: &mut Stage) -> Shown {
    let waiting = stage.till_of(CASHIER, &["refund", "request", PAID, "2.30"])?;
    expect(&waiting, "waiting")?;
    let refund = text(&waiting["refund"]).to_owned();
    let own = stage.refusal_of(CASHIER, &["refund", "approve", &refund])?;
    agree("the cashier's approval", text(&own["code"]), "not_permitted")?;
    expect(&stage.till_of(OWNER, &["refund", "approve", &refund])?, "acknowledged")?;
    let again = stage.refusal_of(OWNER, &["refund", "approve", &refund])?;
    agree("the same approval again", text(&again["code"]), "refund_not_waiting")?;
    let too_much = stage.refusal_of(CASHIER, &["refund", "request", PAID, "10.01"])?;
    agree("more than is left", text(&too_much["code"]), "refund_exceeds_captured_amount")?;
    let sale = stage.till_of(CASHIER, &["status", PAID])?;
    agree("what was given back", &sale["refunded_minor"].to_string(), "230")?;
    Ok(vec![
        format!("{CASHIER} asked for it, {OWNER} approved it: two people, both in the record. The host has it."),
        "Once more, or more than is left of the sale: refused.".to_owned(),
    ])
}

pub(super) fn settled(stage: &mut Stage) -> Shown {
    stage.dies_of(OWNER, MIDWAY, &["settle"])?;
    let batch = stage.till_of(OWNER, &["settle"])?;
    agree("the batch", text(&batch["state"]), "closed")?;
    let closed = stage.batches()?;
    agree("batches that the host has closed", &closed.to_string(), "1")?;
    let refusal = stage.refusal_of(OWNER, &["settle"])?;
    agree("an empty batch", text(&refusal["code"]), "batch_empty")?;
    let refusal = stage.refusal_of(OWNER, &["void", PAID])?;
    agree("a void after that", text(&refusal["code"]), "already_settled")?;
    Ok(vec![
        "Started again, the till knew how far it had come, and went on. The host closed the batch once.".to_owned(),
        "A sale of that batch cannot be voided any more; the till names the refund instead.".to_owned(),
    ])
}

pub(super) fn statement(stage: &mut Stage) -> Shown {
    stage.host_next(Kind::StatementExtra)?;
    let (code, told) = stage.till_at_of(&stage.till_home(), OWNER, &["statement", "check"])?;
    if code != Some(1) {
        return Err(Broken(format!("a strange line ends with {code:?}: {told}")));
    }
    let strange: Vec<&Value> = told["differences"].as_array().into_iter().flatten().collect();
    agree("strange lines", &strange.len().to_string(), "1")?;
    agree("the strange line", text(&strange[0]["difference"]), "not_mine")?;
    Ok(vec![
        format!("{} lines of the host's own book, and each but one is in the till's record.", told["summary"]["lines"]),
        format!("The strange one is nobody's: {}.", text(&strange[0]["remedy"]).replace('_', " ")),
    ])
}
