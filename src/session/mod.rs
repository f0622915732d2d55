//! Who may do what, right now.
//!
//! A [`Permit`] is the proof that somebody was allowed one action. Only this room makes one, it is used up by
//! the action, and the rooms above ask for it as an argument, so that no payment can be started by a path that
//! forgot to ask. There are no operators yet: every permit is unclaimed, which means that the shop has not
//! chosen to know who stands at the till.
//!
//! It never holds a password or a key. Evidence: a permit cannot be cloned, built or used twice; the compiler
//! is the test.

use std::fmt;
use std::marker::PhantomData;

/// What a permit can be for.
pub trait Action {
    /// The word that the journal would use.
    const WORD: &'static str;
}

/// Take a payment.
#[derive(Debug)]
pub enum Sell {}

/// Drive the reversals that are owed, now.
#[derive(Debug)]
pub enum ResolveDebts {}

impl Action for Sell {
    const WORD: &'static str = "sell";
}

impl Action for ResolveDebts {
    const WORD: &'static str = "resolve";
}

/// Leave to do `A` once.
#[must_use = "a permit that is not used permits nothing"]
pub struct Permit<A: Action> {
    operator: Option<String>,
    action: PhantomData<fn() -> A>,
}

impl<A: Action> Permit<A> {
    /// Leave given by nobody in particular, on a till without operators.
    pub fn unclaimed() -> Self {
        Self { operator: None, action: PhantomData }
    }

    /// Uses the permit up and says in whose name; `None` is nobody in particular.
    #[must_use]
    pub fn spend(self) -> Option<String> {
        self.operator
    }
}

impl<A: Action> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({})", A::WORD)
    }
}
