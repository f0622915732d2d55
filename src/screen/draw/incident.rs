//! The screens of a bad day: freezing, and a till that is frozen.
//!
//! A frozen till says what it still does, and then what to do now: the steps of the report of a loss, in its words and its
//! order, each with the screen that does it.
//!
//! They never offer what a frozen till refuses. Evidence: `tests/screens.rs`.

use crate::incident::freeze::{FreezeView, FrozenFrom};
use crate::incident::loss::STEPS;
use crate::screen::draw::{About, Pen, till};
use crate::screen::shown::{Row, Screen, Tone};
use crate::screen::table::{Choice, FREEZE, FROZEN};

pub(super) fn freeze(pen: &Pen<'_>) -> Screen {
    let said = if pen.is_at_work() { "screen.say.one_moment" } else { "screen.say.freeze" };
    Screen {
        tone: Tone::Attention,
        message: Some(pen.say(said)),
        advice: Some(pen.say("screen.say.freeze_when")),
        ..pen.blank(FREEZE.look(), pen.say("screen.title.freeze"), About::Nobody)
    }
}

/// That the till is frozen, and since when, for every screen on which somebody might wonder.
pub(super) fn frozen_since(pen: &Pen<'_>) -> Option<Row> {
    Some(since(pen, pen.state.frozen()?))
}

/// What stands in place of the keypad.
pub(super) fn frozen(pen: &Pen<'_>, view: &FreezeView) -> Screen {
    let mut screen = pen.blank(FROZEN.look(), pen.say("screen.title.frozen"), About::Nobody);
    screen.tone = Tone::Attention;
    screen.message = Some(pen.say("screen.say.frozen"));
    screen.advice = Some(pen.say("screen.say.frozen_works"));
    screen.rows.push(since(pen, view));
    screen.rows.extend(view.by.as_ref().map(|by| pen.row("frozen_by", by.as_str())));
    screen.rows.extend(view.reason.as_ref().map(|reason| pen.row("frozen_why", reason.as_str())));
    screen.rows.push(pen.row("frozen_from", pen.say(&format!("screen.frozen.{}", view.from.word()))));
    screen.rows.extend(till::open_rows(pen));
    screen.rows.extend(STEPS.iter().enumerate().map(|(at, step)| to_do(pen, view, at, step)));
    screen
}

fn since(pen: &Pen<'_>, view: &FreezeView) -> Row {
    let since = view.since_ms.map_or_else(|| pen.say("screen.value.yes"), |since| pen.when(since));
    Row { tone: Tone::Attention, ..pen.row("frozen", since) }
}

/// One step of what to do now; touched, it leads to where it is done, for those who may.
fn to_do(pen: &Pen<'_>, view: &FreezeView, at: usize, step: &str) -> Row {
    let choice = match step {
        "bank" => Some(Choice::ToLoss),
        "police" => Some(Choice::ToEvidence),
        "passwords" => Some(Choice::ToRenewPasswords),
        "people" => Some(Choice::Operators),
        "release" if view.from != FrozenFrom::Host => Some(Choice::ToRelease),
        _ => None,
    };
    let tone = if step == "freeze" { Tone::Good } else { Tone::Neutral };
    Row {
        label: pen.say_with("screen.say.step", &[("number", crate::text::Arg::Number(at as u64 + 1))]),
        value: pen.say(&format!("loss.step.{step}")),
        tone,
        intent: choice.and_then(|choice| pen.way_to(choice)),
    }
}
