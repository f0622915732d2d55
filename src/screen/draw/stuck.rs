//! The screen on which a supervisor says how something ended of which the bank says nothing more.
//!
//! What it is about stands there with the numbers by which the acquirer finds it.
//!
//! It never says how it ended before somebody has. Evidence: `tests/screens.rs`.

use crate::payment::{AttemptView, Decision, RefundView};
use crate::screen::draw::{Pen, outcome, people};
use crate::screen::shown::{Row, Screen, Tone};
use crate::screen::state::{Deciding, Stuck};
use crate::screen::table::{DECIDE, DECIDE_REFUND};

pub(super) fn draw(pen: &Pen<'_>, deciding: &Deciding) -> Screen {
    let (mut screen, amount, rows) = match &deciding.of {
        Stuck::Payment(view) => {
            (people::fill(pen, DECIDE, "decide", &deciding.form), view.amount, outcome::numbers(pen, view))
        }
        Stuck::Refund(view) => {
            (people::fill(pen, DECIDE_REFUND, "decide_refund", &deciding.form), view.amount, of_refund(pen, view))
        }
    };
    screen.headline = Some(amount.to_string());
    screen.rows.extend(rows);
    if !pen.is_at_work() {
        screen.tone = Tone::Attention;
    }
    screen
}

/// What a supervisor has said of a payment.
pub(super) fn decided(pen: &Pen<'_>, view: &AttemptView) -> Option<Row> {
    let said = match view.decision? {
        Decision::Charged => "till.decided_charged",
        Decision::NotCharged => "till.decided_not_charged",
    };
    Some(pen.row("decided", pen.say(said)))
}

/// What the acquirer finds a refund by, and whom to ask here.
fn of_refund(pen: &Pen<'_>, view: &RefundView) -> Vec<Row> {
    let texts = [
        ("refund", Some(view.refund.to_string())),
        ("attempt", Some(view.attempt.to_string())),
        ("card", view.card_masked.as_ref().map(ToString::to_string)),
        ("requested_by", view.requested_by.as_ref().map(ToString::to_string)),
        ("host_code", view.host_code.as_ref().map(|code| pen.host_code(code))),
        ("rrn", view.rrn.as_ref().map(ToString::to_string)),
        ("stan", view.stan.map(|stan| stan.to_string())),
        ("batch", view.batch.map(|batch| batch.to_string())),
    ];
    texts.into_iter().filter_map(|(key, value)| Some(pen.row(key, value?))).collect()
}
