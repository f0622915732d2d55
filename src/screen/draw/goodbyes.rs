//! The screens of leaving for today: the checklist, leaving all the same, the statement, the end.
//!
//! The checklist is one thing a line; a line that something is in the way of is touched to see to it, where a screen of
//! the till can, and says what helps where none can.
//!
//! They never say that something is done: the till's list does. Evidence: `tests/screens.rs`.

use crate::error::Blocker;
use crate::ids::{AttemptId, RefundId};
use crate::screen::draw::{About, Pen};
use crate::screen::intent::Intent;
use crate::screen::shown::{Row, Screen, Tone};
use crate::screen::state::Leaving;
use crate::screen::table::{Choice, LEAVE, LEFT, STATEMENT};
use crate::settlement::statement::{DifferenceKind, StatementSummary};
use crate::text::Arg;
use crate::till::{ExitItem, ExitView, StepState};

pub(super) fn draw(pen: &Pen<'_>, place: &Leaving) -> Screen {
    match place {
        Leaving::List(view) => list(pen, view),
        Leaving::Statement(summary) => statement(pen, summary.as_deref()),
        Leaving::Left(view) => left(pen, view),
    }
}

fn list(pen: &Pen<'_>, view: &ExitView) -> Screen {
    let mut screen = pen.blank(LEAVE.look(), pen.say("screen.title.leave"), About::Nobody);
    let is_free = view.blockers().is_empty();
    for action in &mut screen.actions {
        action.enabled &= action.intent != Intent::Leave || is_free;
    }
    screen.actions.retain(|action| action.intent != Intent::ToForceLeave || may_be_forced(view));
    screen.rows = view.items.iter().map(|item| line(pen, item)).collect();
    let (message, tone) = match is_free {
        _ if pen.is_at_work() => ("screen.say.one_moment", Tone::Waiting),
        true => ("leaving.may_leave", Tone::Good),
        false => ("leaving.not_yet", Tone::Attention),
    };
    (screen.message, screen.tone) = (Some(pen.say(message)), tone);
    screen.advice =
        view.items.iter().find_map(|item| item.advice).map(|advice| {
            pen.say_with("screen.say.password_soon", &[("count", Arg::Number(u64::from(advice.days_left)))])
        });
    screen
}

/// Something is in the way, and none of it is under way: nobody walks away from a payment.
fn may_be_forced(view: &ExitView) -> bool {
    let blockers = view.blockers();
    !blockers.is_empty() && blockers.iter().all(|blocker| blocker.remedy != Some("wait"))
}

fn line(pen: &Pen<'_>, item: &ExitItem) -> Row {
    let label = pen.say(&format!("leaving.step.{}", item.step.word()));
    let (value, tone) = match &item.state {
        StepState::Done => (pen.say("screen.value.yes"), Tone::Good),
        StepState::Ahead => (pen.say("screen.value.at_the_end"), Tone::Neutral),
        StepState::Blocked => (in_the_way(pen, &item.blockers), Tone::Attention),
        StepState::Waived { reason, .. } => (
            pen.both(
                &in_the_way(pen, &item.blockers),
                &pen.say_with("screen.say.left_all_the_same", &[("reason", Arg::Word(reason))]),
            ),
            Tone::Attention,
        ),
    };
    let intent = item.blockers.iter().find_map(|blocker| seen_to_by(pen, blocker));
    Row { label, value, tone, intent: intent.filter(|_| item.state == StepState::Blocked) }
}

/// What is in the way, each once, with what helps where no button does.
pub(super) fn in_the_way(pen: &Pen<'_>, blockers: &[Blocker]) -> String {
    let mut said: Vec<String> = blockers.iter().map(|blocker| what_and_remedy(pen, blocker)).collect();
    said.dedup();
    said.into_iter().reduce(|first, second| pen.both(&first, &second)).unwrap_or_else(|| pen.say("screen.value.no"))
}

fn what_and_remedy(pen: &Pen<'_>, blocker: &Blocker) -> String {
    let what = pen.say(&format!("leaving.blocker.{}", blocker.why));
    match blocker.remedy {
        Some(remedy) if seen_to_by(pen, blocker).is_none() => {
            pen.both(&what, &pen.say(&format!("leaving.remedy.{remedy}")))
        }
        _ => what,
    }
}

/// The button that sees to it, by the word of its remedy, for those who may; none where no screen of the till does.
pub(super) fn seen_to_by(pen: &Pen<'_>, blocker: &Blocker) -> Option<Intent> {
    let choice = match blocker.remedy? {
        "decide" => return pen.way_about(Choice::ToDecide, About::Attempt(&AttemptId::new(&blocker.name).ok()?)),
        "decide_refund" => {
            return pen.way_about(Choice::ToDecideRefund, About::Refund(&RefundId::new(&blocker.name).ok()?));
        }
        "resolve" => Choice::Resolve,
        "settle" => Choice::Settle,
        "check_statement" => Choice::ToStatement,
        "change_password" => Choice::ToChangePassword,
        "release" => Choice::ToRelease,
        "accept_roll_back" => Choice::AcceptRollBack,
        _ => return None,
    };
    pen.way_to(choice)
}

fn statement(pen: &Pen<'_>, summary: Option<&StatementSummary>) -> Screen {
    let mut screen = pen.blank(STATEMENT.look(), pen.say("screen.title.statement"), About::Nobody);
    let Some(summary) = summary else {
        screen.message = Some(pen.say("till.no_statement_check"));
        return at_work(pen, screen);
    };
    screen.rows.push(pen.row("checked", pen.when(summary.at_ms)));
    let days = [summary.from, summary.to].into_iter().flatten().map(|day| day.to_string()).collect::<Vec<_>>();
    screen.rows.push(pen.row("days", if days.is_empty() { pen.say("screen.value.no") } else { days.join(" – ") }));
    screen.rows.push(pen.row("statement_lines", summary.lines.to_string()));
    let kinds = DifferenceKind::ALL.iter().map(|kind| (kind, summary.differences.of(*kind)));
    screen.rows.extend(kinds.filter(|(_, count)| *count > 0).map(|(kind, count)| Row {
        label: pen.say(&format!("statement.difference.{}", kind.word())),
        value: count.to_string(),
        tone: Tone::Attention,
        intent: None,
    }));
    let count = summary.differences.to_look_at();
    (screen.message, screen.tone) = match count {
        0 => (Some(pen.say("screen.say.statement_agrees")), Tone::Good),
        count => {
            (Some(pen.say_with("screen.say.statement_differs", &[("count", Arg::Number(count))])), Tone::Attention)
        }
    };
    at_work(pen, screen)
}

fn at_work(pen: &Pen<'_>, mut screen: Screen) -> Screen {
    if pen.is_at_work() {
        (screen.message, screen.tone) = (Some(pen.say("screen.say.one_moment")), Tone::Waiting);
    }
    screen
}

/// The end: nobody is signed in any more.
fn left(pen: &Pen<'_>, view: &ExitView) -> Screen {
    let mut screen = pen.blank(LEFT.look(), pen.say("screen.title.left"), About::Nobody);
    screen.tone = Tone::Good;
    screen.message = Some(pen.say("leaving.left"));
    screen.rows = view.items.iter().map(|item| line(pen, item)).collect();
    // The second line of a checkpoint is how long the record is, the third its root.
    let size = view.checkpoint.as_deref().and_then(|note| note.lines().nth(1));
    let signed = match size {
        Some(size) => pen.say_with("screen.say.entries", &[("count", Arg::Word(size))]),
        None => pen.say("screen.say.signed_later"),
    };
    screen.rows.push(pen.row("signed_record", signed));
    screen
}
