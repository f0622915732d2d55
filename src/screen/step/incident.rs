//! Freezing and letting go.
//!
//! A button that is held freezes at once, and one that is touched on the screen for it; where the shop's rules ask who it
//! is, a form comes first. A till is let go by two people.
//!
//! It never freezes by a touch alone. Evidence: `screen/step/tests.rs`, `tests/desk_people.rs`.

use crate::error::{Error, ErrorCode};
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::state::{Form, Place, State};
use crate::screen::step::people;
use crate::till::TillState;

pub(super) fn want(state: &mut State, intent: &Intent, todo: &mut Vec<Effect>) {
    match intent {
        Intent::ToFreeze => state.go_deeper(Place::Freeze),
        Intent::Freeze if matches!(state.place, Place::FreezeByName(_)) => {
            people::submit(state, Effect::FreezeByName, todo);
        }
        Intent::Freeze => state.want(Effect::Freeze, todo),
        Intent::ToRelease => state.go_deeper(Place::Release(Form::default())),
        Intent::Release => people::submit(state, Effect::Release, todo),
        _ => {}
    }
}

/// The till is frozen, or let go: whoever did it is back where every way leads.
pub(super) fn frozen(state: &mut State, who: TillState) {
    let did_it = matches!(state.wanted, Some(Effect::Freeze | Effect::FreezeByName | Effect::Release));
    state.who = Some(who);
    if did_it {
        state.go_home();
    }
}

/// Whether a freeze at the lock screen needs a name first, which is asked for then.
pub(super) fn asks_who(state: &mut State, effect: &Effect, error: &Error) -> bool {
    let asks = *effect == Effect::Freeze && error.code() == ErrorCode::FreezeNeedsPassword;
    if !asks || state.wanted != Some(Effect::Freeze) {
        return false;
    }
    if state.place == Place::Freeze {
        state.go_back();
    }
    state.go_deeper(Place::FreezeByName(Form::default()));
    true
}
