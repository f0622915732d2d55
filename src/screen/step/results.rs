//! What became of the effects.
//!
//! A result that nobody waits for any more changes no screen; an outcome is never dropped.
//!
//! Evidence: `screen/step/tests.rs`.

use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::payment::state::State as Payment;
use crate::payment::{AttemptView, Page, Reason, Resolved};
use crate::receipt::Copy;
use crate::screen::effect::Effect;
use crate::screen::event::Event;
use crate::screen::keypad::Keypad;
use crate::screen::state::{Cancel, Goodbye, Hint, History, Place, Said, State, Till, Trouble};
use crate::screen::step::{goodbyes, incident, people, stuck};
use crate::session::actions::{Action, ResolveDebts};
use crate::till::Standing;

pub(super) fn take(state: &mut State, event: Event, todo: &mut Vec<Effect>) {
    match event {
        Event::ProvisioningGiven => provision(state, todo),
        Event::Provisioned => state.want(Effect::Open, todo),
        Event::Opened { who } => people::opened(state, who),
        Event::SignedIn { .. } => people::signed_in(state, event, todo),
        Event::MustChange { operator, why } => people::must_change(state, operator, why),
        Event::Who { visit, who } => people::who(state, visit, who, todo),
        Event::PasswordChanged => people::password_changed(state, todo),
        Event::Biometric { enrolled, who } => people::biometric(state, enrolled, who),
        Event::NewCode { who } => people::new_code(state, who),
        Event::RollBackAccepted { who } => {
            goodbyes::seen_to(state, &Effect::AcceptRollBack);
            people::roll_back_accepted(state, who);
            goodbyes::look_again(state, todo);
        }
        Event::Frozen { who } => incident::frozen(state, who),
        Event::Checklist(view) => goodbyes::checklist(state, view),
        Event::Settled => {
            goodbyes::seen_to(state, &Effect::Settle);
            goodbyes::look_again(state, todo);
        }
        Event::Statement(summary) => goodbyes::statement(state, summary),
        Event::Left { who, view } => goodbyes::left(state, who, view),
        Event::PlaceGiven => goodbyes::place_given(state, todo),
        Event::HandingOut { file } => goodbyes::handing_out(state, file),
        Event::AllHandedOut => goodbyes::all_handed_out(state),
        Event::Erased(erased) => goodbyes::erased(state, Goodbye::Erased(erased)),
        Event::FoundErased(certificate) => goodbyes::erased(state, Goodbye::Found(certificate)),
        Event::Loss(report) => incident::loss(state, report),
        Event::HandedOut => incident::handed_out(state),
        Event::Renewed { who } => incident::renewed(state, who),
        Event::Evidence(preview) => incident::evidence(state, *preview),
        Event::Disclosed { files } => incident::disclosed(state, files),
        Event::Network(view) => incident::network(state, view),
        Event::Message(view) => incident::message(state, *view),
        Event::Stuck(of) => stuck::found(state, *of),
        Event::Decided(of) => stuck::decided(state, &of, todo),
        Event::Operators(operators) => people::operators(state, operators),
        Event::Minted(attempt) => minted(state, attempt, todo),
        Event::Begun(attempt) => begun(state, &attempt, todo),
        Event::Ended(view) => ended(state, *view, todo),
        Event::Attempt(view) => fetched(state, *view),
        Event::Page { cursor, page } => turned(state, cursor, page),
        Event::Slip { attempt, copy, slip } => printed(state, attempt, copy, slip),
        Event::Resolved(resolved) => {
            goodbyes::seen_to(state, &Effect::Resolve);
            asked_the_bank(state, resolved);
            // The network was looked at on the way.
            people::ask_who(state, todo);
            goodbyes::look_again(state, todo);
        }
        Event::Verified { size, root } => verified(state, size, root),
        Event::Failed { effect, error } => failed(state, effect, error, todo),
        Event::Intent(_) | Event::Notice(_) | Event::Presented => {}
    }
}

/// A till that is somebody's already stays so.
fn provision(state: &mut State, todo: &mut Vec<Effect>) {
    match (&state.who, state.sale()) {
        (None, _) => state.want(Effect::Provision, todo),
        (Some(_), Some(_)) => {}
        (Some(_), None) => {
            let error = ErrorCode::AlreadyProvisioned.into();
            state.go_deeper(Place::Trouble(Box::new(Trouble { error, failed: Effect::Provision })));
        }
    }
}

/// What the journal has for whoever has just come.
pub(super) fn begin_work(state: &mut State, till: Till, recent: &[AttemptView], todo: &mut Vec<Effect>) {
    state.till = Some(till);
    state.field_on = false;
    state.hint = None;
    state.debts = recent.iter().filter(|view| is_open(view)).cloned().collect();
    let (seen_off, news): (Vec<_>, Vec<_>) = recent
        .iter()
        .filter(|view| !view.delivered || is_open(view))
        .partition(|view| view.reason == Some(Reason::Cancelled));
    // Of those that somebody has taken, the newest alone is shown again; the others stand on the keypad's screen.
    state.news = news
        .iter()
        .enumerate()
        .filter(|(place, view)| *place == 0 || !view.delivered)
        .map(|(_, view)| (*view).clone())
        .collect();
    todo.extend(seen_off.into_iter().map(|view| Effect::Taken { attempt: view.attempt.clone() }));
    // What was said while the till was being opened may have been said before these were read.
    todo.extend(state.debts.iter().map(|view| Effect::FetchAttempt { attempt: view.attempt.clone() }));
    // Debts that are older than these are told by whoever drives them.
    if state.role().is_some_and(|role| ResolveDebts::ROW.allows(role)) {
        todo.push(Effect::Resolve);
    }
}

/// First the newest of what nobody has seen or nobody knows; the others wait on the keypad's screen.
pub(super) fn show_first(state: &mut State) {
    match state.news.pop_front() {
        Some(view) => {
            // What was typed was for a payment that has its outcome now.
            state.typed = Keypad::default();
            state.go(Place::Outcome(Box::new(view)));
        }
        None => state.go_home(),
    }
}

/// Whether it is not finished with the bank, and nobody has said how it ended.
fn is_open(view: &AttemptView) -> bool {
    view.state.is_debt() || (view.state == Payment::ReversalStuck && view.decision.is_none())
}

fn minted(state: &mut State, attempt: AttemptId, todo: &mut Vec<Effect>) {
    if let Some(sale) = state.sale_mut().filter(|sale| sale.attempt.is_none()) {
        sale.attempt = Some(attempt.clone());
        todo.push(Effect::StartSale { attempt, amount: sale.amount });
    }
}

fn begun(state: &mut State, attempt: &AttemptId, todo: &mut Vec<Effect>) {
    if let Some(sale) = state.sale_mut().filter(|sale| sale.attempt.as_ref() == Some(attempt)) {
        sale.has_begun = true;
        if sale.cancel == Cancel::Asked {
            todo.push(Effect::Cancel { attempt: attempt.clone() });
        }
    }
}

/// The end of the sale under way shows; that of another one is news.
fn ended(state: &mut State, view: AttemptView, todo: &mut Vec<Effect>) {
    if !view.state.is_final() {
        // Its end may have been told before this: ask once more.
        todo.push(Effect::FetchAttempt { attempt: view.attempt.clone() });
    }
    note_debt(state, &view);
    let is_ours = state.sale().is_some_and(|sale| sale.attempt.as_ref() == Some(&view.attempt));
    if !is_ours {
        if !replace_shown(state, &view) {
            add_news(state, view);
        }
        return;
    }
    if view.reason == Some(Reason::Cancelled) {
        todo.push(Effect::Taken { attempt: view.attempt });
        state.end_sale(state.home());
        state.hint = Some(Hint::Cancelled);
    } else {
        state.typed = Keypad::default();
        state.end_sale(Place::Outcome(Box::new(view)));
    }
}

/// How an attempt stands now: for whoever looks at it, for whoever asked, or as news.
fn fetched(state: &mut State, view: AttemptView) {
    let was_open = state.debts.iter().any(|open| open.attempt == view.attempt && open.state != view.state);
    let asked = Effect::FetchAttempt { attempt: view.attempt.clone() };
    let is_shown = know(state, &view);
    if state.wanted.as_ref() == Some(&asked) {
        state.go_deeper(Place::Transaction(Box::new(view)));
    } else if !is_shown && was_open && view.state.is_final() {
        add_news(state, view);
    }
}

/// What is known now of an attempt, wherever it stands. Says whether a person sees it as an outcome.
pub(super) fn know(state: &mut State, view: &AttemptView) -> bool {
    note_debt(state, view);
    replace_shown(state, view)
}

/// Keeps the list of what is not finished with the bank.
fn note_debt(state: &mut State, view: &AttemptView) {
    let is_open = is_open(view);
    match state.debts.iter().position(|open| open.attempt == view.attempt) {
        Some(place) if is_open => state.debts[place] = view.clone(),
        Some(place) => drop(state.debts.remove(place)),
        None if is_open => state.debts.insert(0, view.clone()),
        None => {}
    }
    for known in state.news.iter_mut().filter(|known| known.attempt == view.attempt) {
        *known = view.clone();
    }
}

/// Puts what is known now on every screen that shows this attempt. Says whether a person sees it as an outcome.
fn replace_shown(state: &mut State, view: &AttemptView) -> bool {
    let mut is_shown = false;
    for place in state.below.iter_mut().chain([&mut state.place]) {
        match place {
            Place::Outcome(shown) if shown.attempt == view.attempt => {
                **shown = view.clone();
                is_shown = true;
            }
            Place::Transaction(shown) if shown.attempt == view.attempt => **shown = view.clone(),
            Place::History(history) => {
                for shown in history.page.attempts.iter_mut().filter(|shown| shown.attempt == view.attempt) {
                    *shown = view.clone();
                }
            }
            _ => {}
        }
    }
    is_shown
}

/// An end that nobody has seen shows at once where it interrupts nobody; else it waits on the keypad's screen.
fn add_news(state: &mut State, view: AttemptView) {
    if state.place == Place::Pad && state.typed.is_empty() && state.hint.is_none() {
        state.place = Place::Outcome(Box::new(view));
    } else if state.news.iter().all(|known| known.attempt != view.attempt) {
        state.news.push_back(view);
    }
}

fn turned(state: &mut State, cursor: Option<String>, page: Page) {
    if state.wanted != Some(Effect::FetchPage { cursor: cursor.clone() }) {
        return;
    }
    let Place::History(history) = &mut state.place else {
        return state.go_deeper(Place::History(History { page, trail: vec![cursor] }));
    };
    match history.trail.iter().position(|known| *known == cursor) {
        Some(place) => history.trail.truncate(place + 1),
        None => history.trail.push(cursor),
    }
    history.page = page;
    state.wanted = None;
}

fn printed(state: &mut State, attempt: AttemptId, copy: Copy, slip: String) {
    let asked = matches!(&state.wanted, Some(Effect::FetchReceipt { attempt: of, copy: whose, .. })
        if *of == attempt && *whose == copy);
    if !asked {
        return;
    }
    let place = Place::Receipt { attempt, copy, slip };
    if matches!(state.place, Place::Receipt { .. }) {
        state.place = place;
        state.wanted = None;
    } else {
        state.go_deeper(place);
    }
}

/// What the bank has confirmed meanwhile shows wherever it stood as not known.
fn asked_the_bank(state: &mut State, resolved: Resolved) {
    let Resolved { closed, left, refunds_closed, refunds_left } = resolved;
    let count = Said::Resolved {
        closed: (closed.len() + refunds_closed.len()) as u64,
        left: (left.len() + refunds_left.len()) as u64,
    };
    for view in closed.into_iter().chain(left) {
        fetched(state, view);
    }
    answer(state, &Effect::Resolve, count);
}

fn verified(state: &mut State, size: u64, root: String) {
    answer(state, &Effect::Verify, Said::Verified { size, root });
}

/// The settings say it, if that is where it was asked.
pub(super) fn answer(state: &mut State, asked: &Effect, said: Said) {
    if state.wanted.as_ref() != Some(asked) {
        return;
    }
    state.wanted = None;
    match &mut state.place {
        Place::Settings(shown) => *shown = Some(said),
        Place::Trouble(_) => state.go_deeper(Place::Settings(Some(said))),
        _ => {}
    }
}

fn failed(state: &mut State, effect: Effect, error: Error, todo: &mut Vec<Effect>) {
    if matches!(error.code(), ErrorCode::TillLocked | ErrorCode::SessionOver | ErrorCode::AlreadySignedIn) {
        // The till has changed under the screen's hands.
        people::ask_who(state, todo);
        if state.wanted.as_ref() == Some(&effect) && state.standing().is_some_and(|now| now != Standing::SignedIn) {
            return state.go_home();
        }
    }
    // Perhaps a finger is of no use any more, or the network is another one.
    if matches!(
        error.code(),
        ErrorCode::BiometricRefused | ErrorCode::NetworkRefused | ErrorCode::NetworkRefusedForKeys
    ) {
        people::ask_who(state, todo);
    }
    match &effect {
        Effect::Open => {
            (state.who, state.till) = (None, None);
            let place = match error.code() {
                ErrorCode::NotProvisioned => Place::FirstStart,
                _ => Place::Trouble(Box::new(Trouble { error, failed: effect })),
            };
            state.go(place);
        }
        Effect::Mint | Effect::StartSale { .. } => sale_failed(state, effect, error, todo),
        Effect::Cancel { attempt } => cancel_failed(state, attempt, &error),
        _ if goodbyes::refused(state, &effect, &error) => {}
        _ if incident::asks_who(state, &effect, &error) => {}
        _ if people::refused(state, &effect, &error) => {}
        _ if state.wanted.as_ref() == Some(&effect) => {
            state.go_deeper(Place::Trouble(Box::new(Trouble { error, failed: effect })));
        }
        // Nobody waits for it: it comes again with the next notice, or the next time somebody looks.
        _ => {}
    }
}

fn sale_failed(state: &mut State, effect: Effect, error: Error, todo: &mut Vec<Effect>) {
    let Some(sale) = state.sale() else { return };
    match &effect {
        Effect::StartSale { attempt, .. } if sale.attempt.as_ref() != Some(attempt) => {
            // An earlier sale's: how it stands is in the journal.
            todo.push(Effect::FetchAttempt { attempt: attempt.clone() });
        }
        _ => state.end_sale(Place::Trouble(Box::new(Trouble { error, failed: effect }))),
    }
}

/// Too late is said where the sale is; everything else the sale's own end says.
fn cancel_failed(state: &mut State, attempt: &AttemptId, error: &Error) {
    if let Some(sale) = state.sale_mut().filter(|sale| sale.attempt.as_ref() == Some(attempt)) {
        sale.cancel = match error.code() {
            ErrorCode::TooLateToCancel => Cancel::Refused,
            ErrorCode::AttemptAlreadyFinished => Cancel::Asked,
            _ => Cancel::No,
        };
    }
}
