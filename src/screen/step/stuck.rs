//! What the bank says nothing more of: a supervisor says how it ended.
//!
//! The payment or refund is looked up first, so that whoever decides sees of what. What was decided is known on every screen
//! from then on; a list of what is in the way is asked for again.
//!
//! It never decides anything. Evidence: `screen/step/tests.rs`, `tests/desk_stuck.rs`.

use crate::payment::{Decision, RefundDecision};
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::state::{Deciding, Form, Place, State, Stuck};
use crate::screen::step::{goodbyes, people, results};

pub(super) fn want(state: &mut State, intent: &Intent, todo: &mut Vec<Effect>) {
    match intent {
        Intent::ToDecide { attempt } => state.want(Effect::FetchStuckPayment { attempt: attempt.clone() }, todo),
        Intent::ToDecideRefund { refund } => state.want(Effect::FetchStuckRefund { refund: refund.clone() }, todo),
        of_the_form => {
            if let Some(effect) = decision(&state.place, of_the_form) {
                people::submit(state, effect, todo);
            }
        }
    }
}

/// What is decided, of what is on the glass.
fn decision(place: &Place, intent: &Intent) -> Option<Effect> {
    let Place::Deciding(deciding) = place else { return None };
    Some(match (&deciding.of, intent) {
        (Stuck::Payment(view), Intent::DecideCharged) => {
            Effect::Decide { attempt: view.attempt.clone(), decision: Decision::Charged }
        }
        (Stuck::Payment(view), Intent::DecideNotCharged) => {
            Effect::Decide { attempt: view.attempt.clone(), decision: Decision::NotCharged }
        }
        (Stuck::Refund(view), Intent::DecidePaid) => {
            Effect::DecideRefund { refund: view.refund.clone(), decision: RefundDecision::Paid }
        }
        (Stuck::Refund(view), Intent::DecideNotPaid) => {
            Effect::DecideRefund { refund: view.refund.clone(), decision: RefundDecision::NotPaid }
        }
        _ => return None,
    })
}

/// What is to be decided, for whoever asked; of a payment that somebody else has decided meanwhile, how it stands.
pub(super) fn found(state: &mut State, of: Stuck) {
    if !matches!(state.wanted, Some(Effect::FetchStuckPayment { .. } | Effect::FetchStuckRefund { .. })) {
        return;
    }
    state.go_deeper(match of {
        Stuck::Payment(view) if view.decision.is_some() => Place::Transaction(Box::new(view)),
        of => Place::Deciding(Box::new(Deciding { form: Form::default(), of })),
    });
}

/// It is decided: whoever did it is back where it was in the way.
pub(super) fn decided(state: &mut State, of: &Stuck, todo: &mut Vec<Effect>) {
    if let Stuck::Payment(view) = of {
        results::know(state, view);
    }
    if !matches!(state.wanted, Some(Effect::Decide { .. } | Effect::DecideRefund { .. })) {
        return;
    }
    if matches!(state.place, Place::Deciding(_)) {
        state.below.pop_if(|below| goodbyes::is_blocked(below));
        state.go_back();
        goodbyes::look_again(state, todo);
    }
}
