//! Who stands at the till, until when, and what that person may do.
//!
//! A [`Session`] begins when the vault has opened for an operator and ends when nobody has touched the till for a
//! while, at its full length, or with the boot that it began in. It alone gives out a [`Permit`]: the proof that
//! this person was allowed one action, which the rooms above ask for as an argument and use up. Who may do what
//! is one table ([`actions`], printed in `docs/permissions.md`).
//!
//! It never looks at the wall clock and never holds a password or a key. Evidence: `tests/permissions.rs` (the
//! table, every role with every action), `session/tests.rs` (time); that a permit cannot be cloned, built or used
//! twice, the compiler shows.

pub mod actions;

use std::fmt;
use std::marker::PhantomData;

use crate::clock::{BootCount, MonoMs, Now};
use crate::error::{Error, ErrorCode};
use crate::ids::OperatorName;
pub use crate::ids::Role;
pub use crate::session::actions::{Action, ResolveDebts, Sell};

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLength {
    /// Without a touch, in milliseconds.
    pub idle_ms: u64,
    /// In all, in milliseconds.
    pub full_ms: u64,
}

/// Whether a session still lets anybody do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Live,
    /// Nobody has touched the till for too long: it locks, and the same person may unlock it.
    Idle,
    /// It has had its full length, or the device has started anew: somebody must sign in.
    Over,
}

/// One person's time at the till.
#[derive(Debug)]
pub struct Session {
    operator: OperatorName,
    role: Role,
    length: SessionLength,
    boot: BootCount,
    began: MonoMs,
    touched: MonoMs,
}

impl Session {
    /// Begins when the vault has opened for this operator.
    #[must_use]
    pub fn begin(operator: OperatorName, role: Role, length: SessionLength, now: Now) -> Self {
        Self { operator, role, length, boot: now.boot, began: now.mono, touched: now.mono }
    }

    /// Who.
    #[must_use]
    pub fn operator(&self) -> &OperatorName {
        &self.operator
    }

    /// As what.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The person has done something. A session that has ended stays so.
    pub fn touch(&mut self, now: Now) {
        if self.standing(now) == Standing::Live {
            self.touched = self.touched.max(now.mono);
        }
    }

    /// The vault has opened again for the same person; the full length is not begun anew. A session that is over
    /// stays so.
    pub fn unlock(&mut self, now: Now) {
        if self.standing(now) != Standing::Over {
            self.touched = self.touched.max(now.mono);
        }
    }

    /// A changed policy holds at once, also for who is here already.
    pub fn set_length(&mut self, length: SessionLength) {
        self.length = length;
    }

    /// How it stands. Time that seems to go back within a boot counts as none.
    #[must_use]
    pub fn standing(&self, now: Now) -> Standing {
        let mono = now.mono.max(self.touched);
        if now.boot != self.boot || mono >= self.over_at() {
            Standing::Over
        } else if mono >= self.idle_at() {
            Standing::Idle
        } else {
            Standing::Live
        }
    }

    /// When it ends if nobody touches it, in the time of its boot.
    #[must_use]
    pub fn ends_at(&self) -> MonoMs {
        self.idle_at().min(self.over_at())
    }

    /// How long that is from now, in milliseconds; 0 when it has ended.
    #[must_use]
    pub fn left_ms(&self, now: Now) -> u64 {
        match self.standing(now) {
            Standing::Live => self.ends_at().0.saturating_sub(now.mono.max(self.touched).0),
            Standing::Idle | Standing::Over => 0,
        }
    }

    /// Leave to do `A` once, now.
    ///
    /// # Errors
    /// `session_over` for one that has ended; `not_permitted`, with the action and the role.
    pub fn permit<A: Action>(&self, now: Now) -> Result<Permit<A>, Error> {
        let ended = |why| Err(Error::from(ErrorCode::SessionOver).word("why", why));
        match self.standing(now) {
            Standing::Idle => ended("idle"),
            Standing::Over => ended("full_length"),
            Standing::Live if A::ROW.allows(self.role) => {
                Ok(Permit { operator: self.operator.clone(), action: PhantomData })
            }
            Standing::Live => {
                Err(Error::from(ErrorCode::NotPermitted).word("action", A::ROW.word).word("role", self.role.word()))
            }
        }
    }

    fn idle_at(&self) -> MonoMs {
        self.touched.after_ms(self.length.idle_ms)
    }

    fn over_at(&self) -> MonoMs {
        self.began.after_ms(self.length.full_ms)
    }
}

/// Leave to do `A` once. It is for now: whoever keeps one past its session's end is a defect of ours.
#[must_use = "a permit that is not used permits nothing"]
pub struct Permit<A: Action> {
    operator: OperatorName,
    action: PhantomData<fn() -> A>,
}

impl<A: Action> Permit<A> {
    /// Uses the permit up and says in whose name.
    #[must_use]
    pub fn spend(self) -> String {
        self.operator.into()
    }
}

impl<A: Action> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({})", A::ROW.word)
    }
}

#[cfg(test)]
mod tests;
