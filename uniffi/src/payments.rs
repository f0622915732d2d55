//! What a till sells and what became of it.
//!
//! Each method is one line into the core's terminal. `resolve` takes as long as the host does and is `async`;
//! the others answer as soon as the core's own thread does.
//!
//! It decides nothing. Evidence: `tests/contract`.

use std::sync::Arc;

use taptill::terminal;

use crate::aside::aside;
use crate::corrections::{Decision, VoidOrder};
use crate::errors::TillError;
use crate::operation::Operation;
use crate::receipts::ReceiptRequest;
use crate::values::{Attempt, ListQuery, Page, Resolved, SaleOrder, attempt_id};

/// The open till that all objects of the face share.
pub(crate) struct Open {
    pub(crate) terminal: terminal::Terminal,
}

/// Sales and what became of them. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct Payments {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Payments {
    /// Begins a sale and returns when it is accepted; the customer comes later. The same attempt again gives the same
    /// payment, under way or ended, and charges nothing more: after an error that leaves it open whether a sale began,
    /// ask again with the same attempt.
    ///
    /// # Errors
    /// A refusal before anything has begun: of the amount (`amount_negative`, `amount_zero`, `amount_too_large`,
    /// `amount_over_limit`, `currency_unknown`, `currency_not_accepted`), `identifier_malformed`, `attempt_conflict`,
    /// `till_busy`, `reversal_pending`.
    pub fn start_sale(&self, order: SaleOrder) -> Result<Arc<Operation>, TillError> {
        Operation::start(self.till.terminal.start_sale(order.try_into()?)?, Arc::clone(&self.till))
    }

    /// Begins to take a whole sale of the open batch back; the operation's attempt is the void's own. The same void
    /// again gives its stored outcome.
    ///
    /// # Errors
    /// The sale's: `attempt_unknown`, `attempt_not_approved`, `already_voided`, `void_in_doubt`, and with `instead` in the
    /// details `already_settled` and `attempt_has_refunds`. Also `attempt_conflict`, `till_busy`, `reversal_pending`,
    /// `debts_too_old`, `operation_not_in_dialect`, `not_permitted`, `identifier_malformed`.
    pub fn start_void(&self, order: VoidOrder) -> Result<Arc<Operation>, TillError> {
        Operation::start(self.till.terminal.start_void(order.try_into()?)?, Arc::clone(&self.till))
    }

    /// Everything that waits to be finished with the host, and every stuck reversal, decided or not.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, and the errors of storage.
    pub fn debts(&self) -> Result<Vec<Attempt>, TillError> {
        Ok(self.till.terminal.debts()?.into_iter().map(Attempt::from).collect())
    }

    /// Records how an attempt ended whose reversal is stuck, in the name of whoever is signed in. The same decision
    /// again is the same decision.
    ///
    /// # Errors
    /// `attempt_unknown`, `not_stuck`, `already_decided`, `not_permitted`, `identifier_malformed`.
    pub fn decide(&self, attempt: &str, decision: Decision) -> Result<Attempt, TillError> {
        Ok(self.till.terminal.decide(&attempt_id(attempt)?, decision.into())?.into())
    }

    /// Ends an attempt that has not gone to the host yet, and gives it as it ended.
    ///
    /// # Errors
    /// `attempt_unknown`, `attempt_already_finished`, `too_late_to_cancel`, `identifier_malformed`.
    pub fn cancel(&self, attempt: &str) -> Result<Attempt, TillError> {
        Ok(self.till.terminal.cancel(&attempt_id(attempt)?)?.into())
    }

    /// How an attempt stands, now or years later.
    ///
    /// # Errors
    /// `attempt_unknown`, `identifier_malformed`.
    pub fn status(&self, attempt: &str) -> Result<Attempt, TillError> {
        Ok(self.till.terminal.status(&attempt_id(attempt)?)?.into())
    }

    /// Attempts, newest first.
    ///
    /// # Errors
    /// `page_size_out_of_range` unless the limit is 1 to 100, `identifier_malformed` for a cursor that is none.
    pub fn list(&self, query: ListQuery) -> Result<Page, TillError> {
        Ok(self.till.terminal.list(&query.try_into()?)?.into())
    }

    /// Drives every debt now, as far as the host answers; the till does so by itself, too, only later. Suspends for as
    /// long as the host takes. A task that stops waiting stops nothing.
    ///
    /// # Errors
    /// `till_busy` while a sale is under way, and the errors of storage. A debt that stays is no error.
    pub async fn resolve(&self) -> Result<Resolved, TillError> {
        Ok(aside(&self.till, "taptill-resolve", terminal::Terminal::resolve).await?.into())
    }

    /// The slip of an attempt, as text for a fixed-width type; each line ends with a line feed. That it was printed is
    /// recorded, so the same copy again says that it is a reprint.
    ///
    /// # Errors
    /// `attempt_unknown`, `identifier_malformed`, `receipt_not_available` for an attempt that never went to the host.
    pub fn receipt(&self, attempt: &str, request: ReceiptRequest) -> Result<String, TillError> {
        Ok(self.till.terminal.receipt(&attempt_id(attempt)?, request.into())?)
    }
}
