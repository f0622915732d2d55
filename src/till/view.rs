//! What a till shows of itself, of sessions and of operators: what a lock screen and a list may say.
//!
//! Never a password or a key; the recovery code alone is a secret, and prints nowhere by itself.
//! Evidence: `tests/people_states.rs`.

use crate::account::Judgement;
use crate::clock::WallMs;
use crate::ids::OperatorName;
use crate::incident::freeze::FreezeView;
use crate::secret::SecretBytes;
use crate::session::Role;

/// Who is at the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has claimed it yet.
    Unclaimed,
    /// Somebody is signed in.
    SignedIn,
    /// Somebody is signed in and has locked it, or was idle.
    Locked,
    /// Nobody is signed in.
    SignedOut,
}

impl Standing {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unclaimed => "unclaimed",
            Self::SignedIn => "signed_in",
            Self::Locked => "locked",
            Self::SignedOut => "signed_out",
        }
    }
}

/// What a till says of itself in every state: what a lock screen may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillState {
    /// Who is at the till.
    pub standing: Standing,
    /// Who is signed in, or has locked it.
    pub operator: Option<OperatorName>,
    /// As what.
    pub role: Option<Role>,
    /// How many payments wait to be finished; `None` where the lock note cannot be read.
    pub waiting: Option<u64>,
    /// Signed in: how long until the till locks by itself, in milliseconds.
    pub locks_in_ms: Option<u64>,
    /// Signed in: the time of day at which the batch was to be settled by the shop's rule and was not.
    pub settlement_missed: Option<WallMs>,
    /// What fingers or a face are good for here and now.
    pub biometric: Biometric,
    /// Signed in: the till's files were put back, and it does not sell until a supervisor accepts it.
    pub is_rolled_back: bool,
    /// The freeze, while the till is frozen.
    pub frozen: Option<FreezeView>,
    /// Signed in: how the network was judged last; nothing before it was first looked at.
    pub network: Option<Judgement>,
}

/// What fingers or a face are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Biometric {
    /// Nothing: the device lends no such keys, or the shop's rules do not allow it.
    Absent,
    /// Nothing yet: signed in, whoever is here may enrol; otherwise a password is needed first.
    Possible,
    /// Signed in, the own are enrolled; locked, they may unlock; signed out, somebody's may sign in.
    Ready,
}

impl Biometric {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Possible => "possible",
            Self::Ready => "ready",
        }
    }
}

/// A session that has just begun, or goes on after a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Whose it is.
    pub operator: OperatorName,
    /// As what.
    pub role: Role,
    /// In the warning window: after how many days the password must be changed.
    pub password_days_left: Option<u32>,
    /// Wrong passwords since the last sign-in.
    pub failed_before: u32,
    /// Whether the session before this one ended without a sign-out.
    pub cut_before: bool,
    /// How many payments wait to be finished.
    pub waiting: u64,
}

/// An operator, as the list shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorView {
    /// The name.
    pub name: OperatorName,
    /// What this operator may do follows from it; cashier where the row is damaged, which says nothing.
    pub role: Role,
    /// Whether the password must be changed at the next sign-in.
    pub is_temporary: bool,
    /// Whether wrong passwords have used up the tries.
    pub is_locked_out: bool,
    /// Whether the row is not what this till wrote: nobody comes in by it, and it may be removed.
    pub is_damaged: bool,
}

/// An operator to be added.
pub struct NewOperator {
    /// The name.
    pub name: OperatorName,
    /// What this operator may do follows from it.
    pub role: Role,
    /// The first password.
    pub password: SecretBytes,
    /// Whether it must be changed at the first sign-in.
    pub is_temporary: bool,
}

/// What opens a till whose supervisors have forgotten their passwords. Shown once, kept on paper.
pub struct RecoveryCode(SecretBytes);

impl RecoveryCode {
    pub(crate) fn new(text: SecretBytes) -> Self {
        Self(text)
    }

    /// The code as a person writes it down, in ASCII.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}
