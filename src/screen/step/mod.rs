//! From a state and what happened to the next state and what is to be done.
//!
//! | rule | where it shows |
//! |---|---|
//! | a person can do what the screen offers, and nothing else | an intent that is not drawn is ignored |
//! | one sale at a time, under a name of its own | `Charge` leaves the screen that offers it |
//! | what ends shows, whoever looks elsewhere | an outcome that is not on the glass becomes news, and a row of the keypad |
//! | a finger that slips twice leaves one outcome | after an outcome comes the keypad, never another outcome |
//! | nobody misses the end of what was not known | every unfinished payment is asked for again when it shows |
//! | whoever leaves takes the journal along | nothing that was read stays in the state but an outcome on the glass |
//!
//! It never forgets an outcome before a person has left its screen. Evidence: `screen/step/tests.rs`.

mod goodbyes;
mod incident;
mod intents;
mod people;
mod results;
mod stuck;

use crate::payment::AttemptView;
use crate::payment::state::State as Standing;
use crate::ports::{Notice, Prompt};
use crate::screen::draw;
use crate::screen::effect::Effect;
use crate::screen::event::Event;
use crate::screen::state::{Cancel, Place, Sale, Stage, State};

/// Takes one event. The effects are to be carried out in their order; each answers with the event it names, or
/// with `Failed`.
#[must_use]
pub fn step(mut state: State, event: Event) -> (State, Vec<Effect>) {
    let mut todo = Vec::new();
    match event {
        Event::Intent(intent) if draw(&state).allows(&intent) => {
            // Whoever touches the glass is there.
            state.ends_soon &= !intent.is_a_touch();
            intents::take(&mut state, intent, &mut todo);
        }
        // It was offered by an earlier screen, or never.
        Event::Intent(_) => {}
        Event::Notice(notice) => hear(&mut state, notice, &mut todo),
        Event::Presented => present(&mut state),
        result => results::take(&mut state, result, &mut todo),
    }
    (state, todo)
}

/// What the terminal says while it works.
fn hear(state: &mut State, notice: Notice, todo: &mut Vec<Effect>) {
    match notice {
        Notice::FieldOn => state.field_on = true,
        Notice::FieldOff { .. } => state.field_on = false,
        Notice::Show(Prompt::Clear) => {}
        Notice::Show(prompt) => {
            if let Some(sale) = state.sale_mut() {
                sale.stage = Stage::Prompt(prompt);
            }
        }
        Notice::Attempt { attempt, state: word } => hear_of(state, &attempt, word, todo),
        Notice::Till { .. } => people::ask_who(state, todo),
        Notice::SessionEnding { .. } => state.ends_soon = state.role().is_some(),
    }
}

/// An attempt has changed: the sale under way, one that somebody looks at, or one that was not finished.
fn hear_of(state: &mut State, attempt: &str, word: &str, todo: &mut Vec<Effect>) {
    if let Some(sale) = state.sale_mut().filter(|sale| sale.attempt.as_ref().is_some_and(|a| a.as_str() == attempt)) {
        if word == Standing::InDoubt.word() && sale.cancel == Cancel::No {
            sale.cancel = Cancel::TooLate;
        }
        return;
    }
    let known = state.debts.iter().chain(shown_views(state)).find(|view| view.attempt.as_str() == attempt);
    todo.extend(known.map(|view| Effect::FetchAttempt { attempt: view.attempt.clone() }));
}

/// The attempts that stand on a screen of their own, here or below.
fn shown_views(state: &State) -> impl Iterator<Item = &AttemptView> {
    state.below.iter().chain([&state.place]).filter_map(|place| match place {
        Place::Outcome(view) | Place::Transaction(view) => Some(&**view),
        _ => None,
    })
}

/// A card is in the field: it is read if one is awaited.
fn present(state: &mut State) {
    let is_awaited = state.field_on;
    if let Some(sale) = state.sale_mut().filter(|_| is_awaited) {
        sale.stage = Stage::Reading;
    }
}

impl State {
    /// To another screen, with nothing to go back to.
    fn go(&mut self, place: Place) {
        self.place = place;
        self.below.clear();
        self.wanted = None;
    }

    /// To another screen, from which `Back` returns.
    fn go_deeper(&mut self, place: Place) {
        // An error that was dealt with is nothing to return to.
        match self.place {
            Place::Trouble(_) => (self.place, self.wanted) = (place, None),
            _ => self.go_above(place),
        }
    }

    /// The same, from a screen that nobody is done with, whatever it is.
    fn go_above(&mut self, place: Place) {
        self.below.push(std::mem::replace(&mut self.place, place));
        self.wanted = None;
    }

    /// The sale has ended so. Whoever is about to freeze the till finds that on the way back.
    fn end_sale(&mut self, end: Place) {
        match self.below.iter_mut().find(|place| matches!(place, Place::Sale(_))) {
            Some(below) => *below = end,
            None => {
                let freezing = self.wanted.take().filter(Effect::freezes);
                self.go(end);
                self.wanted = freezing;
            }
        }
    }

    /// To the screen before; the keypad where there is none.
    fn go_back(&mut self) {
        self.place = self.below.pop().unwrap_or_else(|| self.home());
        self.wanted = None;
    }

    /// To where every way back leads at last.
    fn go_home(&mut self) {
        self.go(self.home());
    }

    fn want(&mut self, effect: Effect, todo: &mut Vec<Effect>) {
        self.wanted = Some(effect.clone());
        todo.push(effect);
    }

    /// Begins a sale of this amount: a name first.
    fn sell(&mut self, amount: crate::money::Amount, todo: &mut Vec<Effect>) {
        self.hint = None;
        self.go(Place::Sale(Sale {
            attempt: None,
            amount,
            stage: Stage::Starting,
            has_begun: false,
            cancel: Cancel::No,
        }));
        todo.push(Effect::Mint);
    }
}

#[cfg(test)]
mod tests;
