//! The screens of taking the till off the acquirer's list: who agrees and where to, what is in the way, how far it has come,
//! and the certificate.
//!
//! What is done stands as done: a till that is cut off in the middle goes on by itself, or with the same button.
//!
//! They never say that anything is gone before the till does. Evidence: `tests/screens.rs`.

use crate::error::Blocker;
use crate::screen::draw::goodbyes::{in_the_way, seen_to_by};
use crate::screen::draw::{About, Pen, people};
use crate::screen::intent::Intent;
use crate::screen::shown::{Row, Screen, Tone};
use crate::screen::state::{Going, Gone, Goodbye};
use crate::screen::table::{DEREGISTER, DEREGISTER_BLOCKED, ERASED, ERASING};
use crate::text::Arg;
use crate::till::Erased;

pub(super) fn draw(pen: &Pen<'_>, place: &Goodbye) -> Screen {
    match place {
        Goodbye::Asking(going) => match pen.is_at_work() {
            true => erasing(pen, going),
            false => asking(pen, going),
        },
        Goodbye::Blocked(blockers) => blocked(pen, blockers),
        Goodbye::Erased(erased) => Screen { rows: facts(pen, erased), ..gone(pen, erased.certificate.as_deref()) },
        Goodbye::Found(certificate) => gone(pen, certificate.as_deref()),
    }
}

fn asking(pen: &Pen<'_>, going: &Going) -> Screen {
    let mut screen = people::fill(pen, DEREGISTER, "deregister", &going.form);
    let second = pen.say("screen.say.deregister_second");
    match going.form.refused.is_some() {
        false => (screen.tone, screen.advice) = (Tone::Attention, Some(second)),
        true if !going.has_place => screen.advice = screen.advice.map(|advice| format!("{advice}\n{second}")),
        true => {}
    }
    // Whoever wanted the records does not lose them to a password that was mistyped.
    for action in screen.actions.iter_mut().filter(|action| action.intent == Intent::Deregister) {
        action.enabled &= !going.lost_place;
    }
    let place = if going.has_place { "screen.value.chosen" } else { "screen.value.nowhere" };
    let tone = if going.has_place { Tone::Good } else { Tone::Attention };
    screen.rows.push(Row { tone, ..pen.row("handed_out_to", pen.say(place)) });
    screen
}

/// How far it has come, one thing a line.
fn erasing(pen: &Pen<'_>, going: &Going) -> Screen {
    let mut screen = pen.blank(ERASING.look(), pen.say("screen.title.erasing"), About::Nobody);
    screen.tone = Tone::Waiting;
    screen.message = Some(pen.say("screen.say.erasing"));
    screen.advice = Some(pen.say("screen.say.erasing_goes_on"));
    screen.rows = Gone::ALL
        .into_iter()
        .filter(|step| going.has_place || *step != Gone::HandedOut)
        .map(|step| {
            let (word, tone) = match step.cmp(&going.at) {
                std::cmp::Ordering::Less => ("screen.value.done", Tone::Good),
                std::cmp::Ordering::Equal => ("screen.value.now", Tone::Waiting),
                std::cmp::Ordering::Greater => ("screen.value.later", Tone::Neutral),
            };
            let value = match &going.file {
                Some(file) if step == Gone::HandedOut && step == going.at => file.clone(),
                _ => pen.say(word),
            };
            Row { label: pen.say(&format!("screen.erasing.{}", step.word())), value, tone, intent: None }
        })
        .collect();
    screen
}

/// Everything that is in the way, a line each, with what sees to it.
fn blocked(pen: &Pen<'_>, blockers: &[Blocker]) -> Screen {
    let mut screen = pen.blank(DEREGISTER_BLOCKED.look(), pen.say("screen.title.deregister_blocked"), About::Nobody);
    screen.tone = Tone::Attention;
    screen.message = Some(pen.say(if pen.is_at_work() { "screen.say.one_moment" } else { "leaving.not_yet" }));
    let number = |at: usize| pen.say_with("screen.say.blocker", &[("number", Arg::Number(at as u64 + 1))]);
    screen.rows = blockers
        .iter()
        .enumerate()
        .map(|(at, blocker)| Row {
            label: number(at),
            value: in_the_way(pen, std::slice::from_ref(blocker)),
            tone: Tone::Attention,
            intent: seen_to_by(pen, blocker),
        })
        .collect();
    screen
}

/// The certificate, which can be checked without the till that it is of.
fn gone(pen: &Pen<'_>, certificate: Option<&str>) -> Screen {
    let mut screen = pen.blank(ERASED.look(), pen.say("leaving.certificate"), About::Nobody);
    screen.tone = Tone::Good;
    screen.message = Some(pen.say("leaving.gone"));
    screen.advice = Some(pen.say("screen.say.erased_keep"));
    screen.slip = Some(match certificate {
        Some(certificate) => certificate.to_owned(),
        None => format!("{}\n", pen.say("screen.say.no_certificate")),
    });
    screen
}

fn facts(pen: &Pen<'_>, erased: &Erased) -> Vec<Row> {
    let yes_or_no = |is| pen.say(if is { "screen.value.yes" } else { "screen.value.no" });
    vec![
        pen.row("acknowledged", yes_or_no(erased.is_acknowledged)),
        pen.row("handed_out", yes_or_no(erased.exported_sha256.is_some())),
    ]
}
