//! A bad day: freezing and letting go, the report of a loss, passwords anew, evidence, the network.
//!
//! A button that is held freezes at once, and one that is touched on the screen for it; where the shop's rules ask who it
//! is, a form comes first. A till is let go by two people. What would leave the shop is shown before it does.
//!
//! It never freezes by a touch alone. Evidence: `screen/step/tests.rs`, `tests/desk_people.rs`.

use crate::error::{Error, ErrorCode};
use crate::incident::evidence::Preview;
use crate::incident::loss::LossReport;
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::state::{Form, Place, Showing, State};
use crate::screen::step::people;
use crate::till::{MessageView, NetworkView, TillState};

pub(super) fn want(state: &mut State, intent: &Intent, todo: &mut Vec<Effect>) {
    match intent {
        Intent::ToFreeze => state.go_above(Place::Freeze),
        Intent::Freeze if matches!(state.place, Place::FreezeByName(_)) => {
            people::submit(state, Effect::FreezeByName, todo);
        }
        Intent::Freeze => state.want(Effect::Freeze, todo),
        Intent::ToRelease => state.go_deeper(Place::Release(Form::default())),
        Intent::Release => people::submit(state, Effect::Release, todo),
        Intent::ToLoss => state.want(Effect::FetchLoss { days: None }, todo),
        Intent::LossOf { days } => state.want(Effect::FetchLoss { days: Some(*days) }, todo),
        Intent::SendLoss => {
            if let Place::Loss { report, .. } = &state.place {
                let (from, to) = (report.from_ms, report.to_ms);
                state.want(Effect::SendLoss { from, to }, todo);
            }
        }
        Intent::ToRenewPasswords => state.go_deeper(Place::Renew(false)),
        Intent::RenewPasswords => state.want(Effect::RenewPasswords, todo),
        Intent::ToEvidence => state.want(Effect::PreviewEvidence { of: None }, todo),
        Intent::EvidenceOf { attempt } => state.want(Effect::PreviewEvidence { of: Some(attempt.clone()) }, todo),
        Intent::ToNetwork => state.want(Effect::FetchNetwork, todo),
        Intent::ToMessage => state.go_deeper(Place::Message(Box::default())),
        Intent::ReadMessage => people::submit(state, Effect::ReadMessage, todo),
        _ => {}
    }
}

/// The report, for whoever asked for it.
pub(super) fn loss(state: &mut State, report: Box<LossReport>) {
    let place = Place::Loss { report, is_shared: false };
    match (&state.wanted, &state.place) {
        (Some(Effect::FetchLoss { .. } | Effect::SendLoss { .. }), Place::Loss { .. }) => {
            state.place = place;
            state.wanted = None;
        }
        (Some(Effect::FetchLoss { .. }), _) => state.go_deeper(place),
        _ => {}
    }
}

/// The report lies where somebody wanted it.
pub(super) fn handed_out(state: &mut State) {
    if let (Some(Effect::HandOutLoss { .. }), Place::Loss { is_shared, .. }) = (&state.wanted, &mut state.place) {
        *is_shared = true;
        state.wanted = None;
    }
}

/// Everybody sets another password.
pub(super) fn renewed(state: &mut State, who: TillState) {
    state.who = Some(who);
    if let (Some(Effect::RenewPasswords), Place::Renew(is_done)) = (&state.wanted, &mut state.place) {
        *is_done = true;
        state.wanted = None;
    }
}

/// What evidence would disclose, for whoever asked.
pub(super) fn evidence(state: &mut State, preview: Preview) {
    if matches!(state.wanted, Some(Effect::PreviewEvidence { .. })) {
        state.go_deeper(Place::Evidence(Box::new(Showing { form: Form::default(), preview, files: None })));
    }
}

/// It was handed out.
pub(super) fn disclosed(state: &mut State, files: u64) {
    if let (Some(Effect::Disclose { .. }), Place::Evidence(showing)) = (&state.wanted, &mut state.place) {
        showing.files = Some(files);
        state.wanted = None;
    }
}

/// How the network is judged, for whoever asked.
pub(super) fn network(state: &mut State, view: Box<NetworkView>) {
    if let Some(who) = &mut state.who {
        who.network = Some(view.judgement);
    }
    if state.wanted == Some(Effect::FetchNetwork) {
        state.go_deeper(Place::Network(view));
    }
}

/// Whose the message is.
pub(super) fn message(state: &mut State, view: MessageView) {
    if let (Some(Effect::ReadMessage), Place::Message(letter)) = (&state.wanted, &mut state.place) {
        letter.view = Some(view);
        state.wanted = None;
    }
}

/// The till is frozen, or let go: whoever did it is back where every way leads, but not before a sale was seen to its end.
pub(super) fn frozen(state: &mut State, who: TillState) {
    let freezes = state.wanted.as_ref().is_some_and(Effect::freezes);
    let did_it = freezes || state.wanted == Some(Effect::Release);
    state.who = Some(who);
    if !did_it {
        return;
    }
    if is_of_a_freeze(&state.place) {
        state.go_back();
    }
    match is_of_a_sale(&state.place) {
        true => state.wanted = None,
        false => state.go_home(),
    }
}

/// Whether somebody is only about to freeze the till, above whatever the screen was before.
pub(super) fn is_of_a_freeze(place: &Place) -> bool {
    matches!(place, Place::Freeze | Place::FreezeByName(_))
}

/// A sale under way, or how it ended: nothing leaves the glass before somebody has seen it.
fn is_of_a_sale(place: &Place) -> bool {
    match place {
        Place::Sale(_) | Place::Outcome(_) => true,
        Place::Trouble(trouble) => matches!(trouble.failed, Effect::Mint | Effect::StartSale { .. }),
        _ => false,
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
    state.go_above(Place::FreezeByName(Form::default()));
    true
}
