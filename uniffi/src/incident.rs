//! A bad day: the till frozen and let go again, every password anew, who approved what, and the report of a loss.
//!
//! Each method is one line into the core's terminal. A freeze works whoever is signed in, also while the till is locked or
//! signed out.
//!
//! It decides nothing. Evidence: `tests/contract`.

use std::sync::Arc;

use taptill::clock::WallMs;
use taptill::incident::approvals;
use taptill::incident::freeze::{self, FreezeReason};
use taptill::terminal::Terminal;

use crate::aside::aside;
use crate::errors::{TillError, same_words};
use crate::loss::LossReport;
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

#[uniffi::export]
impl Incident {
    /// Has every operator set another password at the next sign-in, replaces the master key and fetches another certificate
    /// from the acquirer, as soon as it answers. Whoever is signed in stays so.
    ///
    /// # Errors
    /// `not_permitted`, `key_rotation_unfinished`, `till_busy`, `till_locked`, and the errors of keys and storage.
    pub async fn renew_passwords(&self) -> Result<(), TillError> {
        aside(&self.till, "taptill-incident", Terminal::renew_passwords).await
    }

    /// What an operator, who need not be there any more, approved or decided in the last so many days, newest first, at
    /// most 1000.
    ///
    /// # Errors
    /// `not_permitted`, `identifier_malformed`, `till_locked`, and the errors of the storage.
    pub async fn approvals(&self, operator: String, days: u16) -> Result<Vec<Approval>, TillError> {
        let operator = operator_name(&operator)?;
        let approvals = aside(&self.till, "taptill-incident", move |till| till.approvals(&operator, days)).await?;
        Ok(approvals.into_iter().map(Approval::from).collect())
    }

    /// The report of a loss between two instants, in milliseconds since 1970-01-01 UTC by the till's own clock; from the day
    /// before the freeze (or before now) up to now unless they are named. With `sends` the acquirer is told it first and its
    /// number is kept; that takes as long as the host does.
    ///
    /// # Errors
    /// `statement_period_invalid`, `not_permitted`, `till_locked`; sent, `operation_not_in_dialect`, `host_refused`,
    /// `host_answer_invalid`, and those of the way to the host; the errors of the storage.
    pub async fn report_loss(
        &self,
        from_ms: Option<i64>,
        to_ms: Option<i64>,
        sends: bool,
    ) -> Result<Arc<LossReport>, TillError> {
        let (from, to) = (from_ms.map(WallMs), to_ms.map(WallMs));
        let report = aside(&self.till, "taptill-incident", move |till| till.report_loss(from, to, sends)).await?;
        Ok(Arc::new(LossReport(report)))
    }
}

/// Something that an operator approved or decided.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Approval {
    /// The event.
    pub sequence: u64,
    /// When, in milliseconds since 1970-01-01 UTC by the till's own clock.
    pub at_ms: i64,
    /// What, as a stable word; an open list.
    pub what: String,
    /// Of which payment.
    pub attempt: Option<String>,
    /// Of which refund.
    pub refund: Option<String>,
    /// Of which operator.
    pub operator: Option<String>,
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

impl From<approvals::Approval> for Approval {
    fn from(approval: approvals::Approval) -> Self {
        let approvals::Approval { sequence, at_ms, what, attempt, refund, operator } = approval;
        Self {
            sequence,
            at_ms: at_ms.0,
            what: what.to_owned(),
            attempt: attempt.map(|attempt| attempt.to_string()),
            refund: refund.map(|refund| refund.to_string()),
            operator,
        }
    }
}

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
