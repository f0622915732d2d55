//! Work on a password under way, and what it comes to: a session, or a recovery code.
//!
//! Deriving a key takes a quarter of a second or more, so one thread of the library does it whatever becomes of the
//! handle; any number of callers may await its end. A recovery code is read a character a call and then wiped, so
//! that no buffer between two languages holds it.
//!
//! It derives nothing itself. Evidence: `uniffi/tests/people.rs`, `uniffi/tests/wiped.rs`.

use std::sync::{Arc, Mutex, PoisonError};

use taptill::error::{Error, ErrorCode};
use taptill::payment;
use taptill::terminal::Terminal;
use taptill::till;
use tokio::sync::watch;

use crate::aside::thread;
use crate::deregistration::Erased;
use crate::errors::TillError;
use crate::payments::Open;
use crate::people::SessionFacts;
use crate::refunds::Refund;

/// What deriving a key from a password came to, once it has.
type Outcome = Result<PasswordDone, TillError>;

/// Work on a password under way: a quarter of a second or more, on a thread of its own. It goes on whatever becomes of
/// this handle.
#[derive(uniffi::Object)]
pub struct PasswordWork {
    outcome: watch::Receiver<Option<Outcome>>,
    till: Arc<Open>,
}

impl PasswordWork {
    pub(crate) fn start(
        till: Arc<Open>,
        work: impl FnOnce(&Terminal) -> Result<PasswordDone, Error> + Send + 'static,
    ) -> Result<Arc<Self>, TillError> {
        till.terminal.may_wait_here()?;
        let (ended, outcome) = watch::channel(None);
        let worked_on = Arc::clone(&till);
        thread("taptill-people", move || {
            drop(ended.send(Some(work(&worked_on.terminal).map_err(TillError::from))));
        })?;
        Ok(Arc::new(Self { outcome, till }))
    }
}

#[uniffi::export]
impl PasswordWork {
    /// Suspends until it is done. May be awaited again and from several tasks; a task that stops waiting stops nothing.
    ///
    /// # Errors
    /// What it was refused for; the call that began it says which.
    pub async fn await_done(&self) -> Result<PasswordDone, TillError> {
        let mut outcome = self.outcome.clone();
        if outcome.borrow().is_none() {
            self.till.terminal.may_wait_here()?;
        }
        let done = outcome.wait_for(Option::is_some).await.map(|outcome| (*outcome).clone());
        done.ok().flatten().unwrap_or_else(|| Err(ErrorCode::TillFailed.into()))
    }
}

/// What work on a password came to.
#[derive(Clone, uniffi::Record)]
pub struct PasswordDone {
    /// Who is signed in by it: after `sign_in`, `sign_in_with_new`, `unlock`, and by finger or face.
    pub session: Option<SessionFacts>,
    /// The code for the day on which the password is forgotten: after `claim`, `recover` and `new_recovery_code`.
    pub recovery: Option<Arc<RecoveryCode>>,
    /// The refund that was approved: after `approve_as`.
    pub refund: Option<Refund>,
    /// What is left of the till: after `deregister_with`.
    pub erased: Option<Erased>,
}

impl PasswordDone {
    const NOTHING: Self = Self { session: None, recovery: None, refund: None, erased: None };

    pub(crate) fn plain((): ()) -> Self {
        Self::NOTHING
    }

    pub(crate) fn with_session(session: till::SessionView) -> Self {
        Self { session: Some(session.into()), ..Self::NOTHING }
    }

    pub(crate) fn with_code(code: till::RecoveryCode) -> Self {
        Self { recovery: Some(RecoveryCode::new(Arc::new(code))), ..Self::NOTHING }
    }

    pub(crate) fn with_refund(refund: payment::RefundView) -> Self {
        Self { refund: Some(refund.into()), ..Self::NOTHING }
    }

    pub(crate) fn with_erased(erased: till::Erased) -> Self {
        Self { erased: Some(erased.into()), ..Self::NOTHING }
    }
}

/// A recovery code, to be shown once and kept on paper. It is wiped by `wipe`, or with its last handle.
#[derive(uniffi::Object)]
pub struct RecoveryCode(Mutex<Option<Arc<till::RecoveryCode>>>);

#[uniffi::export]
impl RecoveryCode {
    /// How many characters it has, with the hyphens between its groups; 0 once it is wiped.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn length(&self) -> Result<u32, TillError> {
        Ok(self.read(|text| u32::try_from(text.len()).unwrap_or(u32::MAX)))
    }

    /// The character at this place, from 0, in ASCII.
    ///
    /// # Errors
    /// `identifier_malformed` for a place that it does not have, or has no more.
    pub fn character(&self, place: u32) -> Result<u8, TillError> {
        let at = usize::try_from(place).unwrap_or(usize::MAX);
        let refused =
            || Error::from(ErrorCode::IdentifierMalformed).word("what", "place").word("rule", "below the length");
        Ok(self.read(|text| text.get(at).copied()).ok_or_else(refused)?)
    }

    /// Forgets it.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn wipe(&self) -> Result<(), TillError> {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(())
    }
}

impl RecoveryCode {
    pub(crate) fn new(code: Arc<till::RecoveryCode>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(code))))
    }

    fn read<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        let code = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read(code.as_ref().map_or(&[], |code| code.expose()))
    }
}
