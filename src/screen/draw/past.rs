//! The screens of what has been: the history, one payment with all its facts, a slip.
//!
//! They hold what a merchant or an auditor may see and no stranger: none may be photographed.
//!
//! Evidence: `tests/screens.rs`.

use crate::ids::AttemptId;
use crate::payment::AttemptView;
use crate::payment::state::State;
use crate::receipt::Copy;
use crate::screen::draw::{Pen, outcome, stuck};
use crate::screen::intent::Intent;
use crate::screen::shown::{Row, Screen, ScreenKind, Tone};
use crate::screen::state::History;
use crate::screen::table::{Look, ONE, PAST, SLIP};
use crate::text::Arg;

pub(super) fn history(pen: &Pen<'_>, history: &History) -> Screen {
    let look = Look { kind: ScreenKind::History, tone: Tone::Neutral, lights: 0, choices: PAST };
    let mut screen = pen.blank(look, pen.say("screen.title.history"), None);
    screen.rows = history.page.attempts.iter().map(|view| past_row(pen, view)).collect();
    screen.message = screen.rows.is_empty().then(|| pen.say("till.no_attempts"));
    screen.actions.retain(|action| match action.intent {
        Intent::OlderPage => history.page.next.is_some(),
        Intent::NewerPage => history.trail.len() > 1,
        _ => true,
    });
    Screen { private: true, ..screen }
}

fn past_row(pen: &Pen<'_>, view: &AttemptView) -> Row {
    let (when, state) = (pen.when(view.created_ms), pen.say(&format!("state.{}", view.state)));
    Row {
        label: pen.say_with("screen.say.past", &[("when", Arg::Word(&when)), ("state", Arg::Word(&state))]),
        value: view.amount.to_string(),
        tone: outcome::tone(view),
        intent: Some(Intent::Open { attempt: view.attempt.clone() }),
    }
}

pub(super) fn transaction(pen: &Pen<'_>, view: &AttemptView) -> Screen {
    let look = Look { kind: ScreenKind::Transaction, tone: outcome::tone(view), lights: 0, choices: ONE };
    let mut screen = pen.blank(look, pen.say("screen.title.transaction"), Some(&view.attempt));
    screen.headline = Some(view.amount.to_string());
    screen.message = Some(pen.say(&format!("state_meaning.{}", view.state)));
    screen.rows = facts(pen, view);
    screen.actions.retain(|action| match action.intent {
        Intent::Receipt { .. } => has_receipt(view.state),
        Intent::Resolve => view.state.is_debt(),
        Intent::ToDecide { .. } => outcome::is_undecided(view),
        _ => true,
    });
    Screen { private: true, ..screen }
}

pub(super) fn receipt(pen: &Pen<'_>, attempt: &AttemptId, copy: Copy, slip: &str) -> Screen {
    let look = Look { kind: ScreenKind::Receipt, tone: Tone::Neutral, lights: 0, choices: SLIP };
    let mut screen = pen.blank(look, pen.say("screen.title.receipt"), Some(attempt));
    screen.slip = Some(slip.to_owned());
    let other = match copy {
        Copy::Customer => "screen.value.merchant_copy",
        Copy::Merchant => "screen.value.customer_copy",
    };
    for action in screen.actions.iter_mut().filter(|action| matches!(action.intent, Intent::Receipt { .. })) {
        action.label = pen.say(other);
    }
    Screen { private: true, ..screen }
}

/// Whether there is something to hand out.
fn has_receipt(state: State) -> bool {
    !matches!(state, State::Unknown | State::Prepared | State::NotSent)
}

/// All that is known, in the order in which it came to be known.
fn facts(pen: &Pen<'_>, view: &AttemptView) -> Vec<Row> {
    let mut rows = what_was_ordered(pen, view);
    rows.extend(what_the_card_said(pen, view));
    rows.extend(what_the_host_said(pen, view));
    rows.extend(what_the_record_says(pen, view));
    rows
}

fn present(pen: &Pen<'_>, facts: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Vec<Row> {
    facts.into_iter().filter_map(|(key, value)| Some(pen.row(key, value?))).collect()
}

fn what_was_ordered(pen: &Pen<'_>, view: &AttemptView) -> Vec<Row> {
    let state = Row { tone: outcome::tone(view), ..pen.row("state", pen.say(&format!("state.{}", view.state))) };
    let refunded = crate::money::Amount::from_minor(view.refunded_minor, view.amount.currency()).ok();
    let mut rows = vec![state];
    rows.extend(stuck::decided(pen, view));
    rows.extend(present(
        pen,
        [
            ("reason", view.reason.map(|reason| pen.say(&format!("reason.{reason}")))),
            ("amount", Some(view.amount.to_string())),
            ("refunded", refunded.filter(|amount| amount.minor() > 0).map(|amount| amount.to_string())),
            ("when", Some(pen.when(view.created_ms))),
            ("order", view.order.as_ref().map(ToString::to_string)),
            ("attempt", Some(view.attempt.to_string())),
        ],
    ));
    rows
}

fn what_the_card_said(pen: &Pen<'_>, view: &AttemptView) -> Vec<Row> {
    let cryptogram = view.cryptogram_kind.iter().zip(&view.cryptogram).next();
    let mut rows: Vec<Row> = pen.card(view).into_iter().collect();
    rows.extend(present(
        pen,
        [
            ("aid", view.aid.clone()),
            ("kernel", view.kernel.map(|kernel| kernel.to_string())),
            ("tvr", view.tvr.clone()),
            ("cryptogram", cryptogram.map(|(kind, value)| format!("{kind} {value}"))),
            ("cvm", view.cvm.as_deref().map(|cvm| verification(pen, cvm))),
        ],
    ));
    rows
}

/// How the cardholder was verified, in words.
fn verification(pen: &Pen<'_>, cvm: &str) -> String {
    match cvm {
        "none" => pen.say("screen.value.cvm_none"),
        "on_device" => pen.say("screen.value.cvm_on_device"),
        "signature" => pen.say("screen.value.cvm_signature"),
        other => other.to_owned(),
    }
}

fn what_the_host_said(pen: &Pen<'_>, view: &AttemptView) -> Vec<Row> {
    let reversal = view.reversal.as_ref();
    present(
        pen,
        [
            ("host_code", view.host_code.as_ref().map(|code| pen.host_code(code))),
            ("auth_code", view.auth_code.as_ref().map(ToString::to_string)),
            ("rrn", view.rrn.as_ref().map(ToString::to_string)),
            ("stan", view.stan.map(|stan| stan.to_string())),
            ("batch", view.batch.map(|batch| batch.to_string())),
            ("host_time", view.host_time.clone()),
            ("reversal_reason", reversal.map(|reversal| reversal.reason.code().to_owned())),
            ("reversal_sends", reversal.map(|reversal| reversal.sends.to_string())),
            ("reversal_host_code", reversal.and_then(|r| r.host_code.as_ref()).map(|code| pen.host_code(code))),
        ],
    )
}

fn what_the_record_says(pen: &Pen<'_>, view: &AttemptView) -> Vec<Row> {
    let word = |holds| pen.say(if holds { "screen.value.yes" } else { "screen.value.no" });
    let counts = view.receipts;
    present(
        pen,
        [
            ("delivered", Some(word(view.delivered))),
            ("settled", Some(word(view.settled))),
            ("receipts", Some(format!("{} / {}", counts.customer, counts.merchant))),
            ("journal_sequence", Some(view.journal.sequence.to_string())),
            ("journal_root", Some(view.journal.root.clone()).filter(|root| !root.is_empty())),
        ],
    )
}
