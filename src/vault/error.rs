//! What the vault refuses, and what can be wrong with one of its rows.
//!
//! A wrong password, an unknown name and a wrong recovery code are one answer. A row that is not what was written
//! is told by name and by what was done to it, before any password is worked on.
//!
//! It never carries a password, a key or a row's bytes. Evidence: `tests/vault_tamper.rs` (each fault of a row).

use std::fmt;

use crate::error::{Error, ErrorCode};
use crate::journal::JournalError;
use crate::ports::{BiometricFault, DeviceKeysFault, EntropyFault};

/// Why the vault did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultError {
    /// The till has its operators already.
    AlreadyClaimed,
    /// The till has no operators yet.
    Unclaimed,
    /// The password, or the recovery code, is wrong, or there is no operator of this name.
    Refused {
        /// How many guesses are left before the lockout.
        tries_left: u32,
    },
    /// Too many guesses: none is taken now.
    LockedOut {
        /// For how long yet, on the device's monotonic clock.
        retry_after_ms: u64,
    },
    /// There is an operator of this name.
    OperatorExists,
    /// There is no operator of this name. Said only to somebody who is signed in.
    OperatorUnknown,
    /// The till would be left without a supervisor.
    LastSupervisor,
    /// Somebody came in by the recovery code, which can only set a supervisor; or by a password, which cannot.
    NotByRecovery,
    /// What was typed is no recovery code: its length, a character or its check character.
    CodeMistyped,
    /// A row is not what was written here.
    Row {
        /// The row's name.
        row: String,
        /// What is wrong with it.
        why: RowFault,
    },
    /// The journal is still under too many older keys: finish re-sealing it first.
    TooManyGenerations,
    /// The terms are outside their bounds.
    TermsInvalid {
        /// Which one.
        part: &'static str,
    },
    /// The biometric slot stays shut: a password is needed.
    Biometric(BiometricRefusal),
    /// The device's key store would not serve.
    DeviceKeys(DeviceKeysFault),
    /// There are no random bytes.
    Entropy,
    /// The rows could not be read or written.
    Journal(JournalError),
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowFault {
    /// It is not there, or shorter or longer than its kind.
    Truncated,
    /// Its MAC is not that of its bytes.
    Edited,
    /// It was replaced since, and the device's key of its generation is destroyed: an old row was put back.
    RolledBack,
    /// It was made by another till.
    Foreign,
    /// It was written by a newer version.
    Newer {
        /// That version's format.
        format: u8,
    },
    /// Its derivation costs less than the floor.
    TooWeak {
        /// `memory`, `passes` or `lanes`.
        parameter: &'static str,
    },
    /// The device has no key for it: the files were restored on another device, or the device's keys were wiped.
    DeviceKeyMissing,
}

/// Why a biometric slot stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BiometricRefusal {
    /// Fingers or faces were enrolled or removed since.
    EnrolmentChanged,
    /// The device was restarted since the last password.
    Restarted,
    /// The last password is too long ago.
    TooOld,
    /// The till was frozen since the last password.
    Frozen,
    /// The operator has no biometric slot.
    NotEnrolled,
    /// The person was not recognised, or turned away.
    NotRecognised,
    /// The platform will not serve now.
    Unavailable,
    /// Wrong passwords have used up the tries.
    LockedOut,
    /// The shop's rules do not allow it.
    NotAllowed,
}

impl BiometricRefusal {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::EnrolmentChanged,
        Self::Restarted,
        Self::TooOld,
        Self::Frozen,
        Self::NotEnrolled,
        Self::NotRecognised,
        Self::Unavailable,
        Self::LockedOut,
        Self::NotAllowed,
    ];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::EnrolmentChanged => "enrolment_changed",
            Self::Restarted => "restarted",
            Self::TooOld => "too_old",
            Self::Frozen => "frozen",
            Self::NotEnrolled => "not_enrolled",
            Self::NotRecognised => "not_recognised",
            Self::Unavailable => "unavailable",
            Self::LockedOut => "locked_out",
            Self::NotAllowed => "not_allowed",
        }
    }
}

impl RowFault {
    /// The same fault, of this row.
    pub(super) fn of(self, row: &str) -> VaultError {
        VaultError::Row { row: row.to_owned(), why: self }
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Error::from(self.clone()), f)
    }
}

impl std::error::Error for VaultError {}

impl From<DeviceKeysFault> for VaultError {
    fn from(fault: DeviceKeysFault) -> Self {
        Self::DeviceKeys(fault)
    }
}

impl From<EntropyFault> for VaultError {
    fn from(_: EntropyFault) -> Self {
        Self::Entropy
    }
}

impl From<JournalError> for VaultError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<BiometricFault> for VaultError {
    fn from(fault: BiometricFault) -> Self {
        use BiometricFault as F;
        Self::Biometric(match fault {
            F::Void | F::NotFound => BiometricRefusal::EnrolmentChanged,
            F::NotRecognised | F::Cancelled => BiometricRefusal::NotRecognised,
            F::Unavailable => BiometricRefusal::Unavailable,
        })
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        use VaultError as E;
        match error {
            E::AlreadyClaimed => ErrorCode::AlreadyClaimed.into(),
            E::Unclaimed => ErrorCode::TillUnclaimed.into(),
            E::Refused { tries_left } => {
                Self::from(ErrorCode::SignInRefused).number("tries_left", u64::from(tries_left))
            }
            E::LockedOut { retry_after_ms } => {
                Self::from(ErrorCode::OperatorLockedOut).number("retry_after_ms", retry_after_ms)
            }
            E::OperatorExists => ErrorCode::OperatorExists.into(),
            E::OperatorUnknown => ErrorCode::OperatorUnknown.into(),
            E::LastSupervisor => ErrorCode::LastSupervisor.into(),
            E::NotByRecovery | E::CodeMistyped => ErrorCode::RecoveryRefused.into(),
            E::Row { row, why } => of_row(&row, why),
            E::TooManyGenerations => ErrorCode::KeyRotationUnfinished.into(),
            E::TermsInvalid { part } => Self::from(ErrorCode::PolicyInvalid).word("part", part),
            E::Biometric(why) => Self::from(ErrorCode::BiometricRefused).word("why", why.word()),
            E::DeviceKeys(fault) => fault.into(),
            E::Entropy => ErrorCode::EntropyFailed.into(),
            E::Journal(error) => error.into(),
        }
    }
}

fn of_row(row: &str, why: RowFault) -> Error {
    match why {
        RowFault::Truncated => Error::from(ErrorCode::VaultDamaged).word("damage", "truncated"),
        RowFault::Edited => Error::from(ErrorCode::VaultDamaged).word("damage", "seal"),
        RowFault::RolledBack => {
            let what = if row.starts_with(super::names::SLOTS) { "slot" } else { "terms" };
            Error::from(ErrorCode::VaultRolledBack).word("what", what)
        }
        RowFault::Foreign => ErrorCode::VaultForeign.into(),
        RowFault::Newer { format } => Error::from(ErrorCode::VaultNewer).number("version", u64::from(format)),
        RowFault::TooWeak { parameter } => Error::from(ErrorCode::ParametersTooWeak).word("parameter", parameter),
        RowFault::DeviceKeyMissing => ErrorCode::DeviceKeyMissing.into(),
    }
}
