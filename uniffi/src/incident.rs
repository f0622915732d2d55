//! A bad day: the till frozen from one moment to the next, and let go again by two people.
//!
//! Each method is one line into the core's terminal. A freeze works whoever is signed in, also while the till is locked or
//! signed out.
//!
//! It decides nothing. Evidence: `tests/contract`.

use std::sync::Arc;

use taptill::incident::freeze::{self, FreezeReason};

use crate::aside::aside;
use crate::errors::{TillError, same_words};
use crate::password_work::{PasswordDone, PasswordWork};
use crate::payments::Open;
use crate::people::secret;
use crate::values::operator_name;

/// Freezing and letting go. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct Incident {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Incident {
    /// Freezes the till: from now on nothing is sold, given back or voided, and what has not left yet does not leave.
    /// What is owed is still finished with the host. A till that is frozen stays as it is. No freeze is refused for its
    /// reason: what is too long is cut, and what could be a card's number is starred.
    ///
    /// # Errors
    /// `till_unclaimed`, at a locked till `freeze_needs_password` where
    /// the shop's rules say so, and the errors of keys and storage.
    pub async fn freeze(&self, reason: Option<String>) -> Result<(), TillError> {
        let reason = reason.as_deref().and_then(FreezeReason::of);
        aside(&self.till, "taptill-incident", move |till| till.freeze(reason, None)).await
    }

    /// The same at a locked till, by somebody who proves who it is.
    ///
    /// # Errors
    /// Here `identifier_malformed`; from the work those of `freeze`, and `sign_in_refused`, `operator_locked_out`,
    /// `till_busy`.
    pub fn freeze_as(
        &self,
        operator: &str,
        password: &[u8],
        reason: Option<String>,
    ) -> Result<Arc<PasswordWork>, TillError> {
        let by = (operator_name(operator)?, secret(password));
        let reason = reason.as_deref().and_then(FreezeReason::of);
        PasswordWork::start(Arc::clone(&self.till), move |till| till.freeze(reason, Some(by)).map(PasswordDone::plain))
    }

    /// Lets a frozen till go, in the names of whoever is signed in and of a second person. A till that is not frozen stays
    /// so.
    ///
    /// # Errors
    /// Here `identifier_malformed`; from the work `not_permitted`, `frozen_by_host`, `release_needs_another`, `till_busy`,
    /// and for the second person `sign_in_refused`, `operator_locked_out`, `password_must_change`.
    pub fn release(&self, second: &str, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let (second, password) = (operator_name(second)?, secret(password));
        PasswordWork::start(Arc::clone(&self.till), move |till| {
            till.release(&second, password).map(PasswordDone::plain)
        })
    }
}

/// From where a till was frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FrozenFrom {
    /// By somebody who was signed in.
    Till,
    /// At the lock screen.
    LockScreen,
    /// By the acquirer.
    Host,
    /// The device knew of a freeze of which the record said nothing.
    Found,
}

/// A freeze, as a lock screen may show it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FreezeFacts {
    /// Since when, in milliseconds since 1970-01-01 UTC by the device's clock; absent where nobody knows.
    pub since_ms: Option<i64>,
    /// Who did it, where that is known.
    pub by: Option<String>,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// From where.
    pub from: FrozenFrom,
}

same_words!(freeze::FrozenFrom, FrozenFrom: Till LockScreen Host Found);

impl From<freeze::FreezeView> for FreezeFacts {
    fn from(view: freeze::FreezeView) -> Self {
        let freeze::FreezeView { since_ms, by, reason, from } = view;
        Self {
            since_ms: since_ms.map(|at| at.0),
            by: by.map(String::from),
            reason: reason.map(String::from),
            from: from.into(),
        }
    }
}
