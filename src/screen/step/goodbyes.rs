//! Leaving the till by its checklist.
//!
//! The checklist is asked for anew after everything that may have changed it; leaving by it is offered when nothing is in
//! the way.
//!
//! It never leaves by itself. Evidence: `screen/step/tests.rs`, `tests/desk_people.rs`.

use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::state::{Place, State};
use crate::till::ExitView;

pub(super) fn want(state: &mut State, intent: &Intent, todo: &mut Vec<Effect>) {
    let visit = state.visit;
    match intent {
        Intent::ToLeave => state.want(Effect::FetchChecklist, todo),
        Intent::Leave => state.want(Effect::Leave { visit }, todo),
        Intent::Settle => state.want(Effect::Settle, todo),
        _ => {}
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
