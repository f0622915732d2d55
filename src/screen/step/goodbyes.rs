//! Leaving the till: for today by its checklist, and for good.
//!
//! The checklist is asked for anew after everything that may have changed it; leaving by it is offered when nothing is in
//! the way, leaving all the same where the reason is written down. A deregistration says how far it has come; what it was
//! refused for is a list, or said where it was asked for.
//!
//! It never leaves by itself. Evidence: `screen/step/tests.rs`, `tests/desk_goodbyes.rs`.

use crate::error::{Error, ErrorCode};
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::state::{Form, Going, Gone, Goodbye, Leaving, Place, State};
use crate::screen::step::people;
use crate::settlement::statement::StatementSummary;
use crate::till::{ExitView, Standing, TillState};

pub(super) fn want(state: &mut State, intent: &Intent, todo: &mut Vec<Effect>) {
    match intent {
        Intent::ToLeave => state.want(Effect::FetchChecklist, todo),
        Intent::Leave => state.want(Effect::Leave, todo),
        Intent::ToForceLeave => state.go_deeper(Place::ForceLeave(Form::default())),
        Intent::ForceLeave => people::submit(state, Effect::ForceLeave, todo),
        Intent::Settle => state.want(Effect::Settle, todo),
        Intent::ToStatement => state.want(Effect::FetchStatement, todo),
        Intent::CheckStatement => state.want(Effect::CheckStatement, todo),
        Intent::ToDeregister => state.go_deeper(Place::Goodbye(Box::new(Goodbye::Asking(Going::default())))),
        Intent::Deregister => {
            if let Some(going) = asking(&mut state.place) {
                (going.at, going.file) = (Gone::Told, None);
            }
            people::submit(state, Effect::Deregister, todo);
        }
        Intent::SetUpAsNew => state.want(Effect::Open, todo),
        _ => {}
    }
}

/// The list as it is now, for whoever asked for it.
pub(super) fn checklist(state: &mut State, view: Box<ExitView>) {
    if state.wanted != Some(Effect::FetchChecklist) {
        return;
    }
    let list = Place::Leaving(Leaving::List(view));
    if is_list(&state.place) {
        state.place = list;
        state.wanted = None;
    } else {
        state.go_deeper(list);
    }
}

/// Something may have changed what the list says.
pub(super) fn look_again(state: &mut State, todo: &mut Vec<Effect>) {
    if is_list(&state.place) {
        state.want(Effect::FetchChecklist, todo);
    }
}

/// Something that was in the way was seen to. A list of what is in the way of a deregistration is of before, and is asked
/// for again with it.
pub(super) fn seen_to(state: &mut State, by: &Effect) {
    if is_blocked(&state.place) && state.wanted.as_ref() == Some(by) {
        state.go_back();
    }
}

/// What the last statement was found to say.
pub(super) fn statement(state: &mut State, summary: Option<Box<StatementSummary>>) {
    let place = Place::Leaving(Leaving::Statement(summary));
    match &state.wanted {
        Some(Effect::FetchStatement) => state.go_deeper(place),
        Some(Effect::CheckStatement) => {
            state.below.pop_if(|below| is_blocked(below));
            state.place = place;
            state.wanted = None;
        }
        _ => {}
    }
}

/// The till was left, and nobody has come since.
pub(super) fn left(state: &mut State, who: TillState, view: Box<ExitView>) {
    let wanted = matches!(state.wanted, Some(Effect::Leave | Effect::ForceLeave));
    let nobody_came = matches!(state.place, Place::SignIn(_)) && state.standing() == Some(Standing::SignedOut);
    if wanted || nobody_came {
        people::leave(state, who);
        state.go(Place::Leaving(Leaving::Left(view)));
    }
}

/// There is a place for the records: kept until they are handed out, or used at once.
pub(super) fn place_given(state: &mut State, todo: &mut Vec<Effect>) {
    let language = state.language;
    let effect = match &mut state.place {
        Place::Goodbye(goodbye) => {
            if let Goodbye::Asking(going) = &mut **goodbye {
                (going.has_place, going.lost_place) = (true, false);
            }
            return;
        }
        Place::Loss { report, .. } => Effect::HandOutLoss { report: report.clone(), language },
        Place::Evidence(showing) if showing.files.is_none() => {
            Effect::Disclose { preview: Box::new(showing.preview.clone()), language }
        }
        _ => return,
    };
    if state.wanted.is_none() {
        people::submit(state, effect, todo);
    }
}

/// A file is being handed out: the acquirer was told before.
pub(super) fn handing_out(state: &mut State, file: String) {
    if let Some(going) = asking(&mut state.place) {
        (going.at, going.file) = (Gone::HandedOut, Some(file));
    }
}

/// What comes now is the erasure.
pub(super) fn all_handed_out(state: &mut State) {
    if let Some(going) = asking(&mut state.place) {
        (going.at, going.file) = (Gone::Erased, None);
    }
}

/// There is no till any more, and nobody at it.
pub(super) fn erased(state: &mut State, goodbye: Goodbye) {
    (state.who, state.till) = (None, None);
    state.news.clear();
    state.debts.clear();
    state.go(Place::Goodbye(Box::new(goodbye)));
}

/// Whether a deregistration that was refused says why: everything that is in the way, a line each. A place that was tried
/// has to be chosen again.
pub(super) fn refused(state: &mut State, effect: &Effect, error: &Error) -> bool {
    if *effect != Effect::Deregister || state.wanted != Some(Effect::Deregister) {
        return false;
    }
    if let Some(going) = asking(&mut state.place) {
        going.lost_place |= going.has_place;
        going.has_place = false;
    }
    if error.code() != ErrorCode::DeregistrationBlocked {
        return false;
    }
    state.go_deeper(Place::Goodbye(Box::new(Goodbye::Blocked(error.blockers().to_vec()))));
    true
}

fn asking(place: &mut Place) -> Option<&mut Going> {
    let Place::Goodbye(goodbye) = place else { return None };
    match &mut **goodbye {
        Goodbye::Asking(going) => Some(going),
        Goodbye::Blocked(_) | Goodbye::Erased(_) | Goodbye::Found(_) => None,
    }
}

/// Whether this is the list of what is in the way of a deregistration.
pub(super) fn is_blocked(place: &Place) -> bool {
    matches!(place, Place::Goodbye(goodbye) if matches!(**goodbye, Goodbye::Blocked(_)))
}

fn is_list(place: &Place) -> bool {
    matches!(place, Place::Leaving(Leaving::List(_)))
}
