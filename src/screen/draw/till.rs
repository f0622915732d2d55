//! The screens of the till itself: the first one, the keypad, the settings.
//!
//! Evidence: `tests/screens.rs`.

use crate::error::ErrorCode;
use crate::ids::Role;
use crate::money::Amount;
use crate::payment::AttemptView;
use crate::screen::draw::Pen;
use crate::screen::intent::Intent;
use crate::screen::shown;
use crate::screen::shown::{Row, Screen, ScreenKind, Tone};
use crate::screen::state::{Hint, Said, Till};
use crate::screen::table::{Choice, FIRST, Look, PAD, SETUP};
use crate::text::Arg;

pub(super) fn first_start(pen: &Pen<'_>) -> Screen {
    let look = plain(ScreenKind::FirstStart, FIRST);
    let said = if pen.is_at_work() { "screen.say.one_moment" } else { "screen.say.first_start" };
    Screen { message: Some(pen.say(said)), ..pen.blank(look, pen.say("screen.title.first_start"), None) }
}

pub(super) fn pad(pen: &Pen<'_>) -> Screen {
    let mut screen = pen.blank(plain(ScreenKind::AmountPad, PAD), pen.say("screen.title.amount_pad"), None);
    screen.keypad = true;
    screen.backspace_label = pen.say("screen.say.backspace");
    if let Some(till) = &pen.state.till {
        screen.headline = Some(pen.state.typed.amount(till.currency).to_string());
    }
    for action in &mut screen.actions {
        action.enabled &= action.intent != Intent::Charge || !pen.state.typed.is_empty();
    }
    screen.message = pen.state.hint.map(|hint| match hint {
        Hint::Refused(code) => pen.texts.error_what(code),
        Hint::Cancelled => pen.say("screen.say.cancelled"),
        Hint::Greeting { days_left, failed_before } => greeting(pen, days_left, failed_before),
    });
    if let Some(Hint::Refused(code)) = pen.state.hint {
        screen.tone = Tone::Attention;
        screen.advice = Some(pen.texts.error_todo(code));
    } else if pen.state.is_rolled_back() {
        screen.tone = Tone::Attention;
        screen.advice = Some(pen.say("screen.say.rolled_back"));
    } else if pen.state.is_reader_off {
        screen.tone = Tone::Attention;
        screen.advice = Some(pen.say("screen.say.reader_off"));
    } else if let Some(remedy) = pen.state.network().and_then(|judged| super::network::remedy(pen, judged)) {
        screen.tone = Tone::Attention;
        screen.advice = Some(remedy);
    }
    screen.rows = super::network::banner(pen).into_iter().chain(open_rows(pen)).collect();
    if let (Some(Hint::Refused(ErrorCode::AmountOverLimit)), Some(till)) = (pen.state.hint, &pen.state.till) {
        screen.rows.push(pen.row("sale_max", limit(till)));
    }
    screen
}

/// What whoever has just signed in should know.
fn greeting(pen: &Pen<'_>, days_left: Option<u32>, failed_before: u32) -> String {
    let count = |key, count: u32| pen.say_with(key, &[("count", Arg::Number(u64::from(count)))]);
    let failed = (failed_before > 0).then(|| count("screen.say.failed_before", failed_before));
    let soon = days_left.map(|days| count("screen.say.password_soon", days));
    match (failed, soon) {
        (Some(failed), Some(soon)) => pen.both(&failed, &soon),
        (failed, soon) => failed.or(soon).unwrap_or_default(),
    }
}

/// As much of what somebody should look at as there is room for.
pub(super) fn open_rows(pen: &Pen<'_>) -> Vec<Row> {
    open_views(pen).take(OPEN_ROWS_MAX).map(|view| open_row(pen, view)).collect()
}

/// What nobody has seen, and what is not finished, each once.
fn open_views<'a>(pen: &'a Pen<'_>) -> impl Iterator<Item = &'a AttemptView> {
    let is_news = |view: &AttemptView| pen.state.news.iter().any(|news| news.attempt == view.attempt);
    pen.state.news.iter().chain(pen.state.debts.iter().filter(move |view| !is_news(view)))
}

/// A payment that somebody should look at; touching it shows it.
fn open_row(pen: &Pen<'_>, view: &AttemptView) -> Row {
    Row {
        label: pen.say(&format!("state.{}", view.state)),
        value: view.amount.to_string(),
        tone: super::outcome::tone(view),
        intent: Some(Intent::Open { attempt: view.attempt.clone() }),
    }
}

pub(super) fn settings(pen: &Pen<'_>, said: Option<&Said>) -> Screen {
    let mut screen = pen.blank(plain(ScreenKind::Settings, SETUP), pen.say("screen.title.settings"), None);
    if pen.state.role() == Some(Role::Service) {
        // There is nothing behind it for them.
        screen.actions.retain(|action| action.intent != Intent::Back);
    }
    screen.rows = super::people::signed_in(pen);
    screen.rows.extend(super::incident::frozen_since(pen));
    screen.rows.extend(pen.state.till.as_ref().map(|till| facts(pen, till)).unwrap_or_default());
    screen.rows.push(pen.row("language", pen.say("screen.value.this_language")));
    screen.rows.push(pen.row("version", env!("CARGO_PKG_VERSION")));
    if !pen.state.debts.is_empty() {
        let count = pen.state.debts.len().to_string();
        screen.rows.push(Row { tone: Tone::Attention, ..pen.row("unfinished", count) });
    }
    let (message, tone) = match said {
        _ if pen.is_at_work() => (Some(pen.say("screen.say.one_moment")), Tone::Waiting),
        None if pen.state.is_rolled_back() => (Some(pen.say("screen.say.rolled_back")), Tone::Attention),
        None => (None, Tone::Neutral),
        Some(Said::BiometricEnrolled) => (Some(pen.say("screen.say.biometric_enrolled")), Tone::Good),
        Some(Said::BiometricForgotten) => (Some(pen.say("screen.say.biometric_forgotten")), Tone::Good),
        Some(Said::RollBackAccepted) => (Some(pen.say("screen.say.roll_back_accepted")), Tone::Good),
        Some(Said::PasswordChanged) => (Some(pen.say("screen.say.password_changed")), Tone::Good),
        Some(Said::Resolved { closed: 0, left: 0 }) => (Some(pen.say("till.nothing_open")), Tone::Good),
        Some(Said::Resolved { closed, left }) => {
            let count = |key, count| pen.say_with(key, &[("count", Arg::Number(count))]);
            let tone = if *left == 0 { Tone::Good } else { Tone::Waiting };
            (Some(pen.both(&count("screen.say.closed", *closed), &count("screen.say.left", *left))), tone)
        }
        Some(Said::Verified { size, root }) => {
            screen.rows.push(pen.row("journal_root", root.clone()));
            (Some(pen.say_with("screen.say.verified", &[("count", Arg::Number(*size))])), Tone::Good)
        }
    };
    (screen.message, screen.tone) = (message, tone);
    screen
}

fn facts(pen: &Pen<'_>, till: &Till) -> Vec<Row> {
    vec![
        pen.row("merchant", till.merchant.clone()),
        pen.row("terminal_id", till.terminal_id.as_str()),
        pen.row("merchant_id", till.merchant_id.as_str()),
        pen.row("host", till.host.clone()),
        pen.row("sale_max", limit(till)),
    ]
}

fn limit(till: &Till) -> String {
    Amount::from_minor(till.sale_max_minor, till.currency).map(|limit| limit.to_string()).unwrap_or_default()
}

fn plain(kind: ScreenKind, choices: &'static [(Choice, shown::Role)]) -> Look {
    Look { kind, tone: Tone::Neutral, lights: 0, choices }
}

/// How many of them the keypad's screen has room for; the settings say how many are not finished.
const OPEN_ROWS_MAX: usize = 2;
