//! The screens of leaving.
//!
//! The checklist is one thing a line; a line that something is in the way of is touched to see to it, where a screen of
//! the till can.
//!
//! Evidence: `tests/screens.rs`.

use crate::error::Blocker;
use crate::screen::draw::{About, Pen};
use crate::screen::intent::Intent;
use crate::screen::shown::{Row, Screen, Tone};
use crate::screen::table::LEAVE;
use crate::till::{ExitItem, ExitView, StepState};

pub(super) fn leave(pen: &Pen<'_>, view: &ExitView) -> Screen {
    let mut screen = pen.blank(LEAVE.look(), pen.say("screen.title.leave"), About::Nobody);
    let is_free = view.blockers().is_empty();
    for action in &mut screen.actions {
        action.enabled &= action.intent != Intent::Leave || is_free;
    }
    screen.rows = view.items.iter().map(|item| line(pen, item)).collect();
    let (message, tone) = match is_free {
        _ if pen.is_at_work() => ("screen.say.one_moment", Tone::Waiting),
        true => ("leaving.may_leave", Tone::Good),
        false => ("leaving.not_yet", Tone::Attention),
    };
    (screen.message, screen.tone) = (Some(pen.say(message)), tone);
    screen
}

fn line(pen: &Pen<'_>, item: &ExitItem) -> Row {
    let label = pen.say(&format!("leaving.step.{}", item.step.word()));
    let (value, tone) = match &item.state {
        StepState::Done => (pen.say("screen.value.yes"), Tone::Good),
        StepState::Ahead => (pen.say("screen.value.at_the_end"), Tone::Neutral),
        StepState::Blocked | StepState::Waived { .. } => (in_the_way(pen, &item.blockers), Tone::Attention),
    };
    let intent = item.blockers.iter().find_map(seen_to_by);
    Row { label, value, tone, intent }
}

fn in_the_way(pen: &Pen<'_>, blockers: &[Blocker]) -> String {
    let said: Vec<String> =
        blockers.iter().map(|blocker| pen.say(&format!("leaving.blocker.{}", blocker.why))).collect();
    let mut once = said;
    once.dedup();
    once.into_iter().reduce(|first, second| pen.both(&first, &second)).unwrap_or_else(|| pen.say("screen.value.no"))
}

/// The button that sees to it, by the word of its remedy; none where no screen of the till does.
fn seen_to_by(blocker: &Blocker) -> Option<Intent> {
    match blocker.remedy? {
        "resolve" => Some(Intent::Resolve),
        "settle" => Some(Intent::Settle),
        "change_password" => Some(Intent::ToChangePassword),
        "release" => Some(Intent::ToRelease),
        "accept_roll_back" => Some(Intent::AcceptRollBack),
        _ => None,
    }
}
