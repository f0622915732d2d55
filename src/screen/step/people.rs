//! People who come, go and are looked after.
//!
//! What was typed is not here: an intent says that it is to be used, the desk has it. Whoever leaves takes along
//! everything that was read from the journal; an outcome that stands on the glass stays until it is left.
//!
//! Evidence: `screen/step/tests.rs`, `tests/desk_people.rs`.

use std::collections::VecDeque;

use crate::error::{Error, ErrorCode};
use crate::ids::OperatorName;
use crate::screen::effect::Effect;
use crate::screen::event::Event;
use crate::screen::intent::Intent;
use crate::screen::keypad::Keypad;
use crate::screen::state::{Form, Hint, Place, Said, State};
use crate::screen::step::{goodbyes, incident, results};
use crate::till::{OperatorView, Standing, TillState};

/// What a person wants on the screens of people.
pub(super) fn want(state: &mut State, intent: Intent, todo: &mut Vec<Effect>) {
    let visit = state.visit;
    match intent {
        Intent::Claim => submit(state, Effect::Claim, todo),
        Intent::SignIn => submit(state, Effect::SignIn, todo),
        Intent::Unlock => submit(state, Effect::Unlock, todo),
        Intent::Recover => submit(state, Effect::Recover, todo),
        Intent::ChangePassword => {
            let effect = match &state.place {
                Place::MustChange { operator, .. } => Effect::SignInAnew { operator: operator.clone() },
                _ => Effect::ChangePassword,
            };
            submit(state, effect, todo);
        }
        Intent::Lock => state.want(Effect::Lock { visit }, todo),
        Intent::SignOut => state.want(Effect::SignOut { visit }, todo),
        Intent::SwitchOperator => state.go_deeper(Place::SignIn(Form::default())),
        Intent::ToChangePassword => state.go_deeper(Place::ChangePassword(Form::default())),
        Intent::ToRecover => state.go_deeper(Place::Recover(Form::default())),
        Intent::Written => {
            todo.push(Effect::WipeCode);
            results::show_first(state);
        }
        Intent::Operators => state.want(Effect::FetchOperators, todo),
        Intent::Operator { name } => open(state, &name),
        Intent::ToAddOperator => state.go_deeper(Place::AddOperator(Form::default())),
        Intent::AddOperator { role } => submit(state, Effect::AddOperator { role }, todo),
        Intent::ToResetOperator { name } => {
            state.go_deeper(Place::ResetOperator { name, form: Form::default() });
        }
        Intent::ResetOperator { name } => submit(state, Effect::ResetOperator { name }, todo),
        Intent::RemoveOperator { name } => state.want(Effect::RemoveOperator { name, rotate: false }, todo),
        Intent::RemoveAndRotate { name } => state.want(Effect::RemoveOperator { name, rotate: true }, todo),
        Intent::SignInByBiometric => submit(state, Effect::SignInByBiometric, todo),
        Intent::UnlockByBiometric => submit(state, Effect::UnlockByBiometric, todo),
        Intent::ToEnrolBiometric => state.go_deeper(Place::EnrolBiometric(Form::default())),
        Intent::EnrolBiometric => submit(state, Effect::EnrolBiometric, todo),
        Intent::ForgetBiometric => state.want(Effect::ForgetBiometric, todo),
        Intent::ToNewRecoveryCode => state.go_deeper(Place::NewRecoveryCode(Form::default())),
        Intent::NewRecoveryCode => submit(state, Effect::NewRecoveryCode, todo),
        Intent::AcceptRollBack => state.want(Effect::AcceptRollBack, todo),
        // Not of people: taken elsewhere.
        _ => {}
    }
}

/// Has the desk use what was typed. What was said of the last try is over.
pub(super) fn submit(state: &mut State, effect: Effect, todo: &mut Vec<Effect>) {
    if let Some(form) = state.place.form() {
        form.refused = None;
    }
    state.want(effect, todo);
}

fn open(state: &mut State, name: &OperatorName) {
    let Place::Operators(operators) = &state.place else { return };
    if let Some(view) = operators.iter().find(|view| view.name == *name) {
        let view = view.clone();
        state.go_deeper(Place::Operator(view));
    }
}

/// The till is open, and somebody must come first.
pub(super) fn opened(state: &mut State, who: TillState) {
    leave(state, who);
    state.go_home();
}

/// Somebody has come: first the recovery code, if there is one, then what nobody has seen, then work.
pub(super) fn signed_in(state: &mut State, event: Event, todo: &mut Vec<Effect>) {
    let Event::SignedIn { who, till, recent, days_left, failed_before, has_code } = event else { return };
    state.visit += 1;
    if state.typed_by != who.operator {
        state.typed = Keypad::default();
        state.typed_by.clone_from(&who.operator);
    }
    state.who = Some(who);
    state.ends_soon = false;
    results::begin_work(state, *till, &recent, todo);
    if days_left.is_some() || failed_before > 0 {
        state.hint = Some(Hint::Greeting { days_left, failed_before });
    }
    if has_code { state.go(Place::RecoveryCode) } else { results::show_first(state) }
}

pub(super) fn must_change(state: &mut State, operator: OperatorName, why: &'static str) {
    if matches!(state.wanted, Some(Effect::SignIn | Effect::SignInByBiometric)) {
        state.go_deeper(Place::MustChange { operator, why, form: Form::default() });
    }
}

/// Who is at the till now. An answer of an earlier visit says nothing of this one, and is asked for again.
pub(super) fn who(state: &mut State, visit: u64, who: TillState, todo: &mut Vec<Effect>) {
    if visit != state.visit {
        return ask_who(state, todo);
    }
    match (state.standing(), who.standing) {
        (Some(Standing::SignedIn), Standing::SignedIn) => {
            state.ends_soon = who.locks_in_ms.is_some_and(|left_ms| left_ms <= SOON_MS);
            state.who = Some(who);
        }
        // Somebody came in without the screen's hearing of it.
        (Some(_), Standing::SignedIn) if state.wanted.is_none() => state.want(Effect::Enter, todo),
        (Some(_), Standing::SignedIn) | (None, _) => {}
        (Some(before), now) if before == now => state.who = Some(who),
        _ => {
            if incident::is_of_a_freeze(&state.place) {
                state.go_back();
            }
            let is_in_a_sale = matches!(state.place, Place::Sale(_) | Place::Outcome(_));
            leave(state, who);
            if is_in_a_sale {
                // It ends, and its end is seen, before the glass goes blank.
                state.below.clear();
            } else {
                state.go_home();
            }
        }
    }
}

/// Nothing that was read from the journal outlives the session.
pub(super) fn leave(state: &mut State, who: TillState) {
    state.visit += 1;
    state.who = Some(who);
    state.till = None;
    state.ends_soon = false;
    state.hint = None;
    state.news = VecDeque::new();
    state.debts = Vec::new();
    state.wanted = None;
}

/// Asks who is at the till, if anybody can be.
pub(super) fn ask_who(state: &State, todo: &mut Vec<Effect>) {
    if state.who.is_some() {
        todo.push(Effect::AskWho { visit: state.visit });
    }
}

pub(super) fn password_changed(state: &mut State, todo: &mut Vec<Effect>) {
    if state.wanted == Some(Effect::ChangePassword) {
        state.go_back();
        goodbyes::look_again(state, todo);
        if let Place::Settings(said) = &mut state.place {
            *said = Some(Said::PasswordChanged);
        }
    }
}

/// The own finger or face counts from now on, or no longer.
pub(super) fn biometric(state: &mut State, enrolled: bool, who: TillState) {
    state.who = Some(who);
    if enrolled && state.wanted == Some(Effect::EnrolBiometric) {
        state.go_back();
        if let Place::Settings(said) = &mut state.place {
            *said = Some(Said::BiometricEnrolled);
        }
    } else if !enrolled {
        results::answer(state, &Effect::ForgetBiometric, Said::BiometricForgotten);
    }
}

/// A code that nobody has written down goes before everything else.
pub(super) fn new_code(state: &mut State, who: Option<TillState>) {
    if let Some(who) = who {
        leave(state, who);
    }
    state.go(Place::RecoveryCode);
}

pub(super) fn roll_back_accepted(state: &mut State, who: TillState) {
    state.who = Some(who);
    results::answer(state, &Effect::AcceptRollBack, Said::RollBackAccepted);
}

/// The list as it is now: for whoever asked for it, or in the place of the one that was changed.
pub(super) fn operators(state: &mut State, operators: Vec<OperatorView>) {
    let asked = matches!(
        state.wanted,
        Some(
            Effect::FetchOperators
                | Effect::AddOperator { .. }
                | Effect::ResetOperator { .. }
                | Effect::RemoveOperator { .. }
        )
    );
    if !asked {
        return;
    }
    let list = state.below.iter().position(|place| matches!(place, Place::Operators(_)));
    match list {
        Some(at) => {
            state.below.truncate(at);
            state.place = Place::Operators(operators);
            state.wanted = None;
        }
        None if matches!(state.place, Place::Operators(_)) => {
            state.place = Place::Operators(operators);
            state.wanted = None;
        }
        None => state.go_deeper(Place::Operators(operators)),
    }
}

/// Whether the form that was sent says itself why it was refused. A fault of the till is a screen of its own.
pub(super) fn refused(state: &mut State, effect: &Effect, error: &Error) -> bool {
    let is_of_a_form = effect.takes_typed() || effect.looks_for_somebody();
    if state.wanted.as_ref() != Some(effect) || !is_of_a_form || !is_of_the_form(error.code()) {
        return false;
    }
    let Some(form) = state.place.form() else { return false };
    form.refused = Some(error.clone());
    state.wanted = None;
    true
}

/// Whether typing something else, or waiting, is the answer.
fn is_of_the_form(code: ErrorCode) -> bool {
    use ErrorCode as E;
    matches!(
        code,
        E::SignInRefused
            | E::OperatorLockedOut
            | E::PasswordRefused
            | E::RecoveryRefused
            | E::OperatorExists
            | E::OperatorUnknown
            | E::IdentifierMalformed
            | E::SessionOver
            | E::TillBusy
            | E::BiometricRefused
            | E::ReleaseNeedsAnother
            | E::SecondPersonNeeded
            | E::ReasonMissing
            | E::ExportFailed
    )
}

/// From when on a person is told that the till locks by itself.
const SOON_MS: u64 = 60_000;
