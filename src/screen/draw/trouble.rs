//! The screen of an error: what happened, whether money moved, what to do next, whose turn it is.
//!
//! Evidence: `tests/screens.rs` goes through every code.

use crate::error::{Error, Fact, Money};
use crate::screen::draw::Pen;
use crate::screen::draw::incident::frozen_since;
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::shown::{Row, Screen};
use crate::screen::state::Trouble;
use crate::screen::table::{Again, Look, OPEN_AGAIN, OTHER_FILE, again, of_error};

pub(super) fn draw(pen: &Pen<'_>, trouble: &Trouble) -> Screen {
    let error = &trouble.error;
    let title = pen.say(&format!("screen.trouble.{}", error.code().row().retry.word()));
    let said = pen.both(&pen.texts.error_what(error.code()), &money(pen, trouble));
    let mut screen = pen.blank(look(pen, trouble), title, error.attempt());
    screen.actions.retain(|action| action.intent != Intent::TryAgain || !would_sell_frozen(pen, trouble));
    Screen {
        headline: amount(&trouble.failed),
        message: Some(said),
        advice: Some(if pen.is_at_work() { pen.say("screen.say.one_moment") } else { todo(pen, error) }),
        rows: rows(pen, error),
        ..screen
    }
}

/// Whether once more would be another sale, and the till is frozen.
fn would_sell_frozen(pen: &Pen<'_>, trouble: &Trouble) -> bool {
    let is_another = again(trouble.error.code(), trouble.error.money()) == Again::NewAttempt;
    let sells = matches!(trouble.failed, Effect::Mint | Effect::StartSale { .. });
    is_another && sells && pen.state.frozen().is_some()
}

/// The table's look; a till that cannot be opened can only be opened again, a provisioning be replaced.
fn look(pen: &Pen<'_>, trouble: &Trouble) -> Look {
    let look = of_error(trouble.error.code(), trouble.error.money());
    match trouble.failed {
        _ if pen.state.who.is_some() => look,
        Effect::Provision => Look { choices: OTHER_FILE, ..look },
        _ => Look { choices: OPEN_AGAIN, ..look },
    }
}

/// Whether the customer's money moved. What is no payment says that it touched none.
fn money(pen: &Pen<'_>, trouble: &Trouble) -> String {
    let is_sale = matches!(trouble.failed, Effect::Mint | Effect::StartSale { .. } | Effect::Cancel { .. });
    match trouble.error.money() {
        Money::NotMoved if is_sale => pen.say("screen.say.not_charged"),
        Money::NotMoved => pen.say("screen.say.no_payment"),
        Money::MayHaveMoved => pen.say("screen.say.not_known_yet"),
        Money::Moved => pen.say("screen.say.charged"),
        Money::Reversed => pen.say("screen.say.taken_back"),
    }
}

fn todo(pen: &Pen<'_>, error: &Error) -> String {
    pen.texts.error_todo(error.code())
}

fn amount(failed: &Effect) -> Option<String> {
    match failed {
        Effect::StartSale { amount, .. } => Some(amount.to_string()),
        _ => None,
    }
}

/// Whose turn it is, and what to read out on the telephone.
fn rows(pen: &Pen<'_>, error: &Error) -> Vec<Row> {
    let row = error.code().row();
    let mut rows: Vec<Row> = frozen_since(pen).into_iter().collect();
    rows.push(pen.row("turn", pen.say(&format!("screen.turn.{}", row.actor.word()))));
    rows.push(pen.row("code", row.code));
    rows.extend(error.host_code().map(|code| pen.row("host_code", pen.host_code(code))));
    rows.extend(error.attempt().map(|attempt| pen.row("attempt", attempt.as_str())));
    rows.extend(error.facts().iter().map(|(name, fact)| pen.row("detail", detail(name, *fact))));
    rows
}

/// A named number or word of the error, for whoever mends it.
fn detail(name: &str, fact: Fact) -> String {
    match fact {
        Fact::Number(number) => format!("{name} {number}"),
        Fact::Word(word) => format!("{name} {word}"),
    }
}
