//! What a person wants, on a screen that offers it.
//!
//! It never doubts that the intent is legal here: the caller has looked. Evidence: `screen/step/tests.rs`.

use crate::error::Money;
use crate::ids::AttemptId;
use crate::receipt::Copy;
use crate::screen::effect::Effect;
use crate::screen::intent::Intent;
use crate::screen::state::{Cancel, Hint, Place, State, Trouble};
use crate::screen::step::{goodbyes, incident, people, stuck};
use crate::screen::table::{Again, again};

pub(super) fn take(state: &mut State, intent: Intent, todo: &mut Vec<Effect>) {
    match intent {
        Intent::Digit { .. } | Intent::DoubleZero | Intent::Backspace => key(state, &intent),
        Intent::Charge => charge(state, todo),
        Intent::Cancel => cancel(state, todo),
        Intent::NewSale => new_sale(state, todo),
        Intent::TryAgain => try_again(state, todo),
        Intent::History => state.want(Effect::FetchPage { cursor: None }, todo),
        Intent::OlderPage | Intent::NewerPage => turn_page(state, &intent, todo),
        Intent::Open { attempt } => open(state, attempt, todo),
        Intent::Receipt { attempt } => {
            let effect = Effect::FetchReceipt { attempt, copy: next_copy(&state.place), language: state.language };
            state.want(effect, todo);
        }
        Intent::Settings => state.go_deeper(Place::Settings(None)),
        Intent::UseLanguage { language } => state.language = language,
        Intent::Resolve => state.want(Effect::Resolve, todo),
        Intent::Verify => state.want(Effect::Verify, todo),
        Intent::Back => back(state, todo),
        // The shell has a file or a place picked; the till hears of it when it comes.
        Intent::Provision | Intent::ChoosePlace => {}
        Intent::Foreground => come_back(state, todo),
        Intent::Background => state.is_away = true,
        Intent::ReaderOff => state.is_reader_off = true,
        Intent::ReaderReady => state.is_reader_off = false,
        Intent::ToFreeze
        | Intent::Freeze
        | Intent::ToRelease
        | Intent::Release
        | Intent::ToLoss
        | Intent::LossOf { .. }
        | Intent::SendLoss
        | Intent::ToRenewPasswords
        | Intent::RenewPasswords
        | Intent::ToEvidence
        | Intent::EvidenceOf { .. }
        | Intent::ToNetwork
        | Intent::ToMessage
        | Intent::ReadMessage => incident::want(state, &intent, todo),
        Intent::ToLeave
        | Intent::Leave
        | Intent::ToForceLeave
        | Intent::ForceLeave
        | Intent::Settle
        | Intent::ToStatement
        | Intent::CheckStatement
        | Intent::ToDeregister
        | Intent::Deregister
        | Intent::SetUpAsNew => goodbyes::want(state, &intent, todo),
        Intent::ToDecide { .. }
        | Intent::ToDecideRefund { .. }
        | Intent::DecideCharged
        | Intent::DecideNotCharged
        | Intent::DecidePaid
        | Intent::DecideNotPaid => stuck::want(state, &intent, todo),
        of_people => people::want(state, of_people, todo),
    }
}

fn key(state: &mut State, intent: &Intent) {
    let Some(till) = &state.till else { return };
    let limit_minor = till.sale_max_minor;
    let typed = match intent {
        Intent::Digit { digit } => state.typed.digit(*digit, limit_minor),
        Intent::DoubleZero => state.typed.double_zero(limit_minor),
        _ => Ok(state.typed.backspace()),
    };
    match typed {
        Ok(typed) => (state.typed, state.hint) = (typed, None),
        Err(code) => state.hint = Some(Hint::Refused(code)),
    }
}

fn charge(state: &mut State, todo: &mut Vec<Effect>) {
    let Some(till) = &state.till else { return };
    let amount = state.typed.amount(till.currency);
    state.sell(amount, todo);
}

/// Asked for at once, or as soon as the till has accepted the sale.
fn cancel(state: &mut State, todo: &mut Vec<Effect>) {
    let Some(sale) = state.sale_mut() else { return };
    sale.cancel = Cancel::Asked;
    if let (true, Some(attempt)) = (sale.has_begun, &sale.attempt) {
        todo.push(Effect::Cancel { attempt: attempt.clone() });
    }
}

fn new_sale(state: &mut State, todo: &mut Vec<Effect>) {
    take_outcome(state, todo);
    state.hint = None;
    state.go_home();
}

/// The person leaves an outcome: it is known to somebody now.
fn take_outcome(state: &State, todo: &mut Vec<Effect>) {
    let attempt = match &state.place {
        Place::Outcome(view) => Some(&view.attempt),
        Place::Trouble(trouble) => match &trouble.failed {
            Effect::StartSale { attempt, .. } if trouble.error.money() == Money::NotMoved => Some(attempt),
            _ => None,
        },
        _ => None,
    };
    todo.extend(attempt.map(|attempt| Effect::Taken { attempt: attempt.clone() }));
}

fn try_again(state: &mut State, todo: &mut Vec<Effect>) {
    take_outcome(state, todo);
    match &state.place {
        Place::Outcome(view) => {
            let amount = view.amount;
            state.sell(amount, todo);
        }
        Place::Trouble(trouble) => {
            let trouble = trouble.as_ref().clone();
            repeat(state, trouble, todo);
        }
        _ => {}
    }
}

fn repeat(state: &mut State, Trouble { error, failed }: Trouble, todo: &mut Vec<Effect>) {
    if state.who.is_none() {
        return state.want(Effect::Open, todo);
    }
    match (again(error.code(), error.money()), failed) {
        (Again::OpenTill, _) => state.want(Effect::Open, todo),
        (Again::SameAttempt, Effect::StartSale { attempt, amount }) => {
            state.sell(amount, todo);
            todo.pop();
            if let Some(sale) = state.sale_mut() {
                sale.attempt = Some(attempt.clone());
            }
            todo.push(Effect::StartSale { attempt, amount });
        }
        (_, Effect::StartSale { amount, .. }) => state.sell(amount, todo),
        (_, Effect::Mint) => charge(state, todo),
        // What was typed, or the place that was lent, is gone: it is given anew.
        (_, failed) if failed.takes_typed() || failed.takes_place() => state.go_back(),
        (_, failed) => state.want(failed, todo),
    }
}

fn turn_page(state: &mut State, intent: &Intent, todo: &mut Vec<Effect>) {
    let Place::History(history) = &state.place else { return };
    let cursor = match intent {
        Intent::OlderPage => history.page.next.clone(),
        _ => history.trail.iter().rev().nth(1).cloned().flatten(),
    };
    state.want(Effect::FetchPage { cursor }, todo);
}

/// News is an outcome that is to be left like any other; everything else is looked up.
fn open(state: &mut State, attempt: AttemptId, todo: &mut Vec<Effect>) {
    let news = state.news.iter().position(|view| view.attempt == attempt).and_then(|place| state.news.remove(place));
    match news {
        Some(view) => state.go(Place::Outcome(Box::new(view))),
        None => state.want(Effect::FetchAttempt { attempt }, todo),
    }
}

/// The customer's copy first; on a slip, the other one.
fn next_copy(place: &Place) -> Copy {
    match place {
        Place::Receipt { copy: Copy::Customer, .. } => Copy::Merchant,
        _ => Copy::Customer,
    }
}

fn back(state: &mut State, todo: &mut Vec<Effect>) {
    take_outcome(state, todo);
    state.go_back();
    goodbyes::look_again(state, todo);
}

/// What was not known when the app left may be known now.
fn come_back(state: &mut State, todo: &mut Vec<Effect>) {
    state.is_away = false;
    people::ask_who(state, todo);
    if let Place::Outcome(view) = &state.place
        && !view.state.is_final()
    {
        todo.push(Effect::FetchAttempt { attempt: view.attempt.clone() });
    }
}
