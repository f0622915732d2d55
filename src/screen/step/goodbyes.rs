//! Freezing, letting go and leaving.
//!
//! A freeze takes a second touch on a screen of its own, and then as long as the record does. The checklist is asked for
//! anew after everything that may have changed it; leaving by it is offered when nothing is in the way.
//!
//! It never leaves by itself. Evidence: `screen/step/tests.rs`, `tests/desk_people.rs`.

use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::state::{Form, Place, State};
use crate::till::{ExitView, TillState};

pub(super) fn want(state: &mut State, intent: &Intent, todo: &mut Vec<Effect>) {
    let visit = state.visit;
    match intent {
        Intent::ToFreeze => state.go_deeper(Place::Freeze),
        Intent::Freeze => state.want(Effect::Freeze, todo),
        Intent::ToRelease => state.go_deeper(Place::Release(Form::default())),
        Intent::Release => {
            if let Place::Release(form) = &mut state.place {
                form.refused = None;
            }
            state.want(Effect::Release, todo);
        }
        Intent::ToLeave => state.want(Effect::FetchChecklist, todo),
        Intent::Leave => state.want(Effect::Leave { visit }, todo),
        Intent::Settle => state.want(Effect::Settle, todo),
        _ => {}
    }
}

/// The till is frozen, or let go: whoever did it is back where every way leads.
pub(super) fn frozen(state: &mut State, who: TillState) {
    let did_it = matches!(state.wanted, Some(Effect::Freeze | Effect::Release));
    state.who = Some(who);
    if did_it {
        state.go_home();
    }
}

/// The list as it is now, for whoever asked for it.
pub(super) fn checklist(state: &mut State, view: Box<ExitView>) {
    if state.wanted != Some(Effect::FetchChecklist) {
        return;
    }
    if matches!(state.place, Place::Leave(_)) {
        state.place = Place::Leave(view);
        state.wanted = None;
    } else {
        state.go_deeper(Place::Leave(view));
    }
}

/// Something may have changed what the list says.
pub(super) fn look_again(state: &mut State, todo: &mut Vec<Effect>) {
    if matches!(state.place, Place::Leave(_)) {
        state.want(Effect::FetchChecklist, todo);
    }
}
