//! A sale under way: a handle that may be awaited, cancelled or dropped without losing money.
//!
//! The sale runs in the core whatever becomes of the handle. One thread of the library waits for its end; any
//! number of callers may await it, and the first who is handed the result marks the attempt as delivered.
//!
//! It never cancels by itself: a dropped coroutine or task calls [`Operation::cancel`] or loses nothing.
//! Evidence: `uniffi/tests/operation.rs`.

use std::sync::Arc;

use taptill::error::{Error, ErrorCode};
use taptill::terminal::{self, Delivery};
use tokio::sync::watch;

use crate::errors::TillError;
use crate::payments::Open;
use crate::values::Attempt;

type Outcome = Result<Attempt, TillError>;

/// A sale that has begun. It runs in the core whatever becomes of this handle: to let go of it, or to cancel the task
/// that awaits it, cancels nothing and loses nothing. To end the sale, call `cancel`.
#[derive(uniffi::Object)]
pub struct Operation {
    attempt: taptill::ids::AttemptId,
    outcome: watch::Receiver<Option<Outcome>>,
    delivery: Delivery,
    till: Arc<Open>,
}

impl Operation {
    pub(crate) fn start(sale: terminal::Operation, till: Arc<Open>) -> Result<Arc<Self>, TillError> {
        let attempt = sale.attempt().clone();
        let (pending, delivery) = sale.split();
        let (ended, outcome) = watch::channel(None);
        let waiting = std::thread::Builder::new()
            .name("taptill-outcome".to_owned())
            .spawn(move || drop(ended.send(Some(pending.wait().map(Attempt::from).map_err(TillError::from)))));
        if waiting.is_err() {
            // Nobody would hear of the sale, so no card is read for it; and the caller hears its name.
            let _too_late_or_ended = till.terminal.cancel(&attempt);
            return Err(Error::from(ErrorCode::StorageFailed).word("resource", "thread").in_place_of(&attempt).into());
        }
        Ok(Arc::new(Self { attempt, outcome, delivery, till }))
    }
}

#[uniffi::export]
impl Operation {
    /// The attempt's name, given or made by the core.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn attempt(&self) -> Result<String, TillError> {
        Ok(self.attempt.to_string())
    }

    /// Suspends until the attempt ends, or goes in doubt and resolves by itself: as long as a customer and a host take.
    /// A decline is an outcome, not an error. May be awaited again and from several tasks; a task that stops waiting
    /// loses nothing. The attempt counts as delivered once somebody has the outcome.
    ///
    /// # Errors
    /// What kept the attempt from ending; `status` tells later how it stands. `called_from_port` inside a port.
    pub async fn await_outcome(&self) -> Result<Attempt, TillError> {
        let mut outcome = self.outcome.clone();
        if outcome.borrow().is_none() {
            self.till.terminal.may_wait_here()?;
        }
        let ended = outcome.wait_for(Option::is_some).await.map(|outcome| (*outcome).clone());
        let result = ended.ok().flatten().unwrap_or_else(|| Err(ErrorCode::TillFailed.into()));
        if result.is_ok() {
            self.delivery.taken();
        }
        result
    }

    /// Ends the attempt unless it has gone to the host already. Whoever awaits it has its outcome then.
    ///
    /// # Errors
    /// `attempt_already_finished`, `too_late_to_cancel`: then await the outcome.
    pub fn cancel(&self) -> Result<Attempt, TillError> {
        Ok(self.till.terminal.cancel(&self.attempt)?.into())
    }
}
