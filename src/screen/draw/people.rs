//! The screens on which people come, go and are looked after.
//!
//! What is typed is never here: a field is drawn empty, and the recovery code is given by the desk alone.
//!
//! Evidence: `tests/screens.rs`.

use crate::error::{Error, ErrorCode, Fact};
use crate::screen::draw::{About, Pen};
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::shown::{Field, FieldName, Row, Screen, Tone};
use crate::screen::state::{Form, Place};
use crate::screen::table::{
    ADD_OPERATOR, CHANGE, CLAIM, Door, ENROL_BIOMETRIC, FORCE_LEAVE, FREEZE_BY_NAME, LOCKED, MUST_CHANGE,
    NEW_RECOVERY_CODE, OPERATOR, OPERATORS, RECOVER, RECOVERY_CODE, RELEASE, RESET_OPERATOR, SIGN_IN, SWITCH,
};
use crate::text::Arg;
use crate::till::{OperatorView, Standing};

pub(super) fn draw(pen: &Pen<'_>, place: &Place) -> Screen {
    match place {
        Place::Claim(form) => fill(pen, CLAIM, "claim", form),
        Place::SignIn(form) => sign_in(pen, form),
        Place::Locked(form) => locked(pen, form),
        Place::MustChange { operator, why, form } => {
            Screen { headline: Some(operator.to_string()), ..fill(pen, MUST_CHANGE, why, form) }
        }
        Place::ChangePassword(form) => fill(pen, CHANGE, "change_password", form),
        Place::Recover(form) => fill(pen, RECOVER, "recover", form),
        Place::RecoveryCode => recovery_code(pen),
        Place::Operators(operators) => list(pen, operators),
        Place::Operator(view) => operator(pen, view),
        Place::EnrolBiometric(form) => fill(pen, ENROL_BIOMETRIC, "enrol_biometric", form),
        Place::FreezeByName(form) => fill(pen, FREEZE_BY_NAME, "freeze_by_name", form),
        Place::ForceLeave(form) => fill(pen, FORCE_LEAVE, "force_leave", form),
        Place::Release(form) => fill(pen, RELEASE, "release", form),
        Place::NewRecoveryCode(form) => fill(pen, NEW_RECOVERY_CODE, "new_recovery_code", form),
        Place::AddOperator(form) => fill(pen, ADD_OPERATOR, "add_operator", form),
        Place::ResetOperator { name, form } => {
            let screen = fill_about(pen, RESET_OPERATOR, "reset_operator", form, name.into());
            Screen { headline: Some(name.to_string()), ..screen }
        }
        _ => unreachable!("the places without people are drawn elsewhere"),
    }
}

/// Who is signed in, for the settings.
pub(super) fn signed_in(pen: &Pen<'_>) -> Vec<Row> {
    let who = pen.state.who.as_ref().filter(|who| who.standing == Standing::SignedIn);
    let Some((operator, role)) = who.and_then(|who| Some((who.operator.as_ref()?, who.role?))) else {
        return Vec::new();
    };
    vec![pen.row("operator", operator.as_str()), pen.row("role", pen.say(&format!("screen.role.{role}")))]
}

fn sign_in(pen: &Pen<'_>, form: &Form) -> Screen {
    let door = if pen.state.standing() == Some(Standing::Locked) { SWITCH } else { SIGN_IN };
    let mut screen = fill(pen, door, "sign_in", form);
    screen.rows.extend(waiting(pen));
    screen.rows.extend(super::incident::frozen_since(pen));
    screen
}

fn locked(pen: &Pen<'_>, form: &Form) -> Screen {
    let mut screen = fill(pen, LOCKED, "locked", form);
    screen.headline = pen.state.who.as_ref().and_then(|who| who.operator.as_ref()).map(ToString::to_string);
    screen.rows.extend(waiting(pen));
    screen.rows.extend(super::incident::frozen_since(pen));
    screen
}

/// How many payments wait to be finished: all that a till says of its journal while nobody is signed in.
fn waiting(pen: &Pen<'_>) -> Option<Row> {
    match pen.state.who.as_ref()?.waiting {
        Some(0) => None,
        Some(count) => Some(Row { tone: Tone::Attention, ..pen.row("waiting", count.to_string()) }),
        None => Some(Row { tone: Tone::Attention, ..pen.row("waiting", pen.say("screen.value.not_known")) }),
    }
}

fn recovery_code(pen: &Pen<'_>) -> Screen {
    Screen {
        tone: Tone::Attention,
        message: Some(pen.say("screen.say.recovery_code")),
        advice: Some(pen.say("screen.say.recovery_code_keep")),
        private: true,
        ..pen.blank(RECOVERY_CODE.look(), pen.say("screen.title.recovery_code"), About::Nobody)
    }
}

fn list(pen: &Pen<'_>, operators: &[OperatorView]) -> Screen {
    let mut screen = pen.blank(OPERATORS.look(), pen.say("screen.title.operators"), About::Nobody);
    screen.rows = operators
        .iter()
        .map(|view| Row {
            label: view.name.to_string(),
            value: role(pen, view),
            tone: if view.is_locked_out || view.is_damaged { Tone::Attention } else { Tone::Neutral },
            intent: Some(Intent::Operator { name: view.name.clone() }),
        })
        .collect();
    screen
}

fn role(pen: &Pen<'_>, view: &OperatorView) -> String {
    let word = if view.is_damaged { "damaged" } else { view.role.word() };
    pen.say(&format!("screen.role.{word}"))
}

fn operator(pen: &Pen<'_>, view: &OperatorView) -> Screen {
    let mut screen = pen.blank(OPERATOR.look(), pen.say("screen.title.operator"), &view.name);
    let yes_or_no = |is| pen.say(if is { "screen.value.yes" } else { "screen.value.no" });
    screen.headline = Some(view.name.to_string());
    screen.rows = vec![
        pen.row("role", role(pen, view)),
        pen.row("temporary", yes_or_no(view.is_temporary)),
        pen.row("locked_out", yes_or_no(view.is_locked_out)),
    ];
    if pen.is_at_work() {
        screen.message = Some(pen.say("screen.say.one_moment"));
    }
    screen
}

pub(super) fn fill(pen: &Pen<'_>, door: Door, word: &str, form: &Form) -> Screen {
    fill_about(pen, door, word, form, About::Nobody)
}

/// A form: what to do, or why what was typed was refused and what to do then.
fn fill_about(pen: &Pen<'_>, door: Door, word: &str, form: &Form, about: About<'_>) -> Screen {
    let title = pen.say(&format!("screen.title.{}", door.kind.word()));
    let mut screen = pen.blank(door.look(), title, about);
    screen.private = true;
    screen.fields = door.fields.iter().map(|name| field(pen, *name)).collect();
    screen.message = Some(pen.say(&format!("screen.say.{word}")));
    if pen.is_at_work() {
        screen.message = Some(pen.say("screen.say.one_moment"));
        screen.tone = Tone::Waiting;
    } else if pen.state.wanted.as_ref().is_some_and(Effect::looks_for_somebody) {
        screen.message = Some(pen.say("screen.say.looks_for_somebody"));
        screen.tone = Tone::Waiting;
    } else if let Some(error) = &form.refused {
        screen.tone = Tone::Attention;
        screen.message = Some(pen.texts.error_what(error.code()));
        screen.advice = Some(advice(pen, error));
        screen.rows =
            number(error, "tries_left").map(|left| pen.row("tries_left", left.to_string())).into_iter().collect();
    }
    screen
}

fn field(pen: &Pen<'_>, name: FieldName) -> Field {
    Field {
        name,
        label: pen.say(&format!("screen.field.{}", name.word())),
        is_secret: name.is_secret(),
        is_long: name == FieldName::Message,
    }
}

/// The rule that was broken, how long to wait, or why no finger counts, where the error says it.
fn advice(pen: &Pen<'_>, error: &Error) -> String {
    if let (ErrorCode::BiometricRefused, Some(why)) = (error.code(), word(error, "why")) {
        return pen.both(&pen.say(&format!("screen.biometric.{why}")), &pen.texts.error_todo(error.code()));
    }
    let wait_ms = number(error, "retry_after_ms").filter(|_| error.code() == ErrorCode::OperatorLockedOut);
    match (pen.texts.password_rule(error), wait_ms) {
        (Some(rule), _) => rule,
        (None, Some(wait_ms)) => {
            let minutes = Arg::Number(wait_ms.div_ceil(60_000));
            let wait = pen.say_with("screen.say.wait_minutes", &[("minutes", minutes)]);
            pen.both(&wait, &pen.texts.error_todo(error.code()))
        }
        (None, None) => pen.texts.error_todo(error.code()),
    }
}

fn word(error: &Error, wanted: &str) -> Option<&'static str> {
    error.facts().iter().find_map(|(name, fact)| match fact {
        Fact::Word(word) if *name == wanted => Some(*word),
        _ => None,
    })
}

fn number(error: &Error, wanted: &str) -> Option<u64> {
    error.facts().iter().find_map(|(name, fact)| match fact {
        Fact::Number(number) if *name == wanted => Some(*number),
        _ => None,
    })
}
