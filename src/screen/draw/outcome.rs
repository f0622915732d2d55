//! The screens of how a payment stands: approved, declined or taken back, not known yet, another way, not sent.
//!
//! What became of the money is said first and plainly; then what to do, or whose turn it is.
//!
//! Evidence: `tests/screens.rs`.

use crate::payment::state::State;
use crate::payment::{AttemptView, Reason};
use crate::ports::Prompt;
use crate::screen::draw::incident::frozen_since;
use crate::screen::draw::{Pen, stuck};
use crate::screen::intent::Intent;
use crate::screen::shown::{Row, Screen, ScreenKind, Tone};
use crate::screen::table::of_outcome;

pub(super) fn draw(pen: &Pen<'_>, view: &AttemptView) -> Screen {
    let look = of_outcome(view.state, view.reason);
    let mut screen = pen.blank(look, title(pen, view, look.kind), Some(&view.attempt));
    screen.actions.retain(|action| match action.intent {
        // Nothing is charged by a till that is frozen.
        Intent::TryAgain => pen.state.frozen().is_none(),
        Intent::ToDecide { .. } => is_undecided(view),
        _ => true,
    });
    Screen {
        headline: Some(view.amount.to_string()),
        message: Some(money(pen, view)),
        advice: advice(pen, view),
        rows: rows(pen, view),
        ..screen
    }
}

/// Whether a supervisor is to say how it ended.
pub(super) fn is_undecided(view: &AttemptView) -> bool {
    view.state == State::ReversalStuck && view.decision.is_none()
}

/// How a payment that stands so is meant.
pub(super) fn tone(view: &AttemptView) -> Tone {
    of_outcome(view.state, view.reason).tone
}

fn title(pen: &Pen<'_>, view: &AttemptView, kind: ScreenKind) -> String {
    match (kind, view.reason) {
        (ScreenKind::TryAnotherWay, Some(Reason::CardLost | Reason::NoCard)) => {
            pen.texts.prompt(Prompt::PresentCardAgain)
        }
        (ScreenKind::TryAnotherWay, _) => pen.say("screen.title.try_another_way"),
        _ if view.state.is_debt() => pen.say("state.in_doubt"),
        _ => pen.say(&format!("state.{}", view.state)),
    }
}

/// What became of the customer's money.
fn money(pen: &Pen<'_>, view: &AttemptView) -> String {
    match view.state {
        State::Approved => pen.say("screen.say.charged"),
        State::Declined | State::NotSent => pen.say("screen.say.not_charged"),
        State::Reversed | State::Voided => pen.say("screen.say.taken_back"),
        State::ReversalStuck if is_undecided(view) => pen.say("screen.say.stuck"),
        State::ReversalStuck => pen.say("state_meaning.reversal_stuck"),
        State::Unknown | State::Prepared | State::InDoubt | State::ReversalDue | State::ReversalSent => {
            pen.say("screen.say.not_known_yet")
        }
    }
}

/// What to do next, or whose turn it is.
fn advice(pen: &Pen<'_>, view: &AttemptView) -> Option<String> {
    match view.state {
        State::Approved => (view.cvm.as_deref() == Some("signature")).then(|| pen.say("screen.say.signature")),
        State::ReversalStuck if is_undecided(view) => Some(pen.say("screen.say.call_acquirer")),
        State::InDoubt | State::ReversalDue | State::ReversalSent => Some(pen.say("screen.say.turn_of_the_bank")),
        State::NotSent => Some(not_sent(pen, view)),
        State::Declined | State::Reversed => view.reason.map(|reason| said_of(pen, reason)),
        State::Unknown | State::Prepared | State::Voided | State::ReversalStuck => None,
    }
}

fn not_sent(pen: &Pen<'_>, view: &AttemptView) -> String {
    let Some(reason) = view.reason else { return pen.say("state_meaning.not_sent") };
    match reason.error_code() {
        Some(code) => pen.both(&said_of(pen, reason), &pen.texts.error_todo(code)),
        None => said_of(pen, reason),
    }
}

fn said_of(pen: &Pen<'_>, reason: Reason) -> String {
    pen.say(&format!("reason.{reason}"))
}

/// What helps at the counter or on the telephone; everything else is on the payment's own screen.
fn rows(pen: &Pen<'_>, view: &AttemptView) -> Vec<Row> {
    let mut rows: Vec<Row> = frozen_since(pen).into_iter().chain(stuck::decided(pen, view)).collect();
    let host_code = view.host_code.iter().filter(|_| view.state != State::Approved);
    rows.extend(host_code.map(|code| pen.row("host_code", pen.host_code(code))));
    if let (true, Some(reason)) = (view.state.is_debt(), view.reason) {
        rows.push(pen.row("reason", said_of(pen, reason)));
    }
    rows.extend(pen.card(view));
    rows.extend(view.auth_code.iter().map(|code| pen.row("auth_code", code.as_str())));
    if view.state.is_debt() || view.state == State::ReversalStuck {
        rows.extend(numbers(pen, view));
    }
    rows
}

/// The numbers by which the acquirer finds a payment.
pub(super) fn numbers(pen: &Pen<'_>, view: &AttemptView) -> Vec<Row> {
    let till = pen.state.till.as_ref();
    let texts = [
        ("rrn", view.rrn.as_ref().map(ToString::to_string)),
        ("stan", view.stan.map(|stan| stan.to_string())),
        ("batch", view.batch.map(|batch| batch.to_string())),
        ("terminal_id", till.map(|till| till.terminal_id.to_string())),
    ];
    texts.into_iter().filter_map(|(key, value)| Some(pen.row(key, value?))).collect()
}
