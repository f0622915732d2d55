//! Money that is given back: asked for, approved by a second person, and forwarded to the host until it has it.
//!
//! Each method is one line into the core's terminal. What waits for the host or for a password's derivation does so on
//! a thread of its own. A request that is approved goes on by itself, whatever becomes of whoever waited.
//!
//! It decides nothing. Evidence: `uniffi/tests/refunds.rs`.

use std::sync::Arc;

use taptill::error::Error;
use taptill::ids::{AttemptId, BatchNo, OperatorName, OrderNo, RefundId, Rrn, Stan};
use taptill::payment::{self, RejectionReason};
use taptill::secret::SecretBytes;
use taptill::terminal::Terminal;

use crate::aside::aside;
use crate::corrections::RefundDecision;
use crate::errors::TillError;
use crate::password_work::{PasswordDone, PasswordWork};
use crate::payments::Open;
use crate::receipts::ReceiptRequest;
use crate::values::Amount;

/// Refunds and what became of them. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct Refunds {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Refunds {
    /// Asks for money to be given back. The answer `waiting` waits for a second person; where the shop's rules leave it
    /// to the host, it says what the host did. Suspends for as long as the host takes. The same name, payment and amount
    /// again is the same refund; without a name, asking again is another one.
    ///
    /// # Errors
    /// `refund_conflict`, `attempt_unknown`, `refund_ambiguous`, `attempt_not_approved`, `already_voided`, `void_in_doubt`,
    /// `refund_window_over`, `verification_not_available`, `refund_card_differs`, `amount_zero`,
    /// `refund_currency_differs`, `refund_exceeds_captured_amount`, `refund_needs_connection`, `not_permitted`.
    #[uniffi::method(default(name = None))]
    pub async fn request(&self, of: RefundOf, amount: Amount, name: Option<String>) -> Result<Refund, TillError> {
        let refund = name.map(refund_id).transpose()?;
        let request = payment::RefundRequest { refund, of: of.try_into()?, amount: amount.try_into()? };
        self.later(move |till| till.request_refund(&request)).await
    }

    /// Approves a refund in the name of whoever is signed in, and suspends until the host has had its turn.
    ///
    /// # Errors
    /// `refund_unknown`, `refund_not_waiting`, `refund_expired`, `approver_is_requester`,
    /// `approver_appointed_by_requester`, `refund_needs_connection`, `not_permitted`.
    pub async fn approve(&self, refund: String) -> Result<Refund, TillError> {
        let refund = refund_id(refund)?;
        self.later(move |till| till.approve_refund(&refund)).await
    }

    /// The same in the name of a second person, while the first stays signed in.
    ///
    /// # Errors
    /// Here `identifier_malformed`, `called_from_port`; from the work those of `approve`, and `sign_in_refused`,
    /// `operator_locked_out`, `password_must_change` for the second person.
    pub fn approve_as(&self, refund: &str, approver: &str, password: &[u8]) -> Result<Arc<PasswordWork>, TillError> {
        let (refund, password) = (refund_id(refund.to_owned())?, SecretBytes::new(password.to_vec()));
        let approver = OperatorName::new(approver).map_err(Error::from)?;
        PasswordWork::start(Arc::clone(&self.till), move |till| {
            till.approve_refund_as(&refund, &approver, password).map(PasswordDone::with_refund)
        })
    }

    /// Says no to a refund that waits, in 1 to 120 characters.
    ///
    /// # Errors
    /// `refund_rejected_reason_missing`, `refund_unknown`, `refund_not_waiting`, `refund_expired`, `not_permitted`.
    pub async fn reject(&self, refund: String, reason: String) -> Result<Refund, TillError> {
        let (refund, reason) = (refund_id(refund)?, RejectionReason::new(&reason)?);
        self.later(move |till| till.reject_refund(&refund, reason)).await
    }

    /// Says how a stuck refund has ended, in the name of whoever is signed in. Saying it twice changes nothing.
    ///
    /// # Errors
    /// `refund_unknown`, `not_stuck`, `already_decided`, `not_permitted`, `identifier_malformed`.
    pub fn decide(&self, refund: &str, decision: RefundDecision) -> Result<Refund, TillError> {
        Ok(self.till.terminal.decide_refund(&refund_id(refund.to_owned())?, decision.into())?.into())
    }

    /// Refunds, newest first.
    ///
    /// # Errors
    /// `page_size_out_of_range` unless the limit is 1 to 100, `identifier_malformed`.
    pub fn list(&self, query: RefundQuery) -> Result<RefundPage, TillError> {
        let page = self.till.terminal.refunds(&query.try_into()?)?;
        Ok(RefundPage { refunds: page.refunds.into_iter().map(Refund::from).collect(), next: page.next })
    }

    /// The voucher of a refund, as text for a fixed-width type; the same copy again says that it is a reprint.
    ///
    /// # Errors
    /// `refund_unknown`, `receipt_not_available` for a refund that was never approved.
    pub fn voucher(&self, refund: &str, request: ReceiptRequest) -> Result<String, TillError> {
        Ok(self.till.terminal.voucher(&refund_id(refund.to_owned())?, request.into())?)
    }
}

impl Refunds {
    async fn later(
        &self,
        work: impl FnOnce(&Terminal) -> Result<payment::RefundView, Error> + Send + 'static,
    ) -> Result<Refund, TillError> {
        Ok(aside(&self.till, "taptill-refund", work).await?.into())
    }
}

/// How somebody names the sale that money is given back for.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RefundOf {
    /// By the attempt's name.
    Attempt {
        /// The name.
        attempt: String,
    },
    /// By the shop's order number.
    Order {
        /// The number.
        order: String,
    },
    /// By the host's reference number.
    Rrn {
        /// The number.
        rrn: String,
    },
    /// By the numbers on its receipt.
    Receipt {
        /// The trace number.
        stan: u32,
        /// The batch, which may be left out where the trace number alone is enough.
        batch: Option<u32>,
    },
}

/// Where a refund stands. `docs/states.md` has the table of what leads where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RefundState {
    /// It waits for its approval.
    Waiting,
    /// Somebody who may approve has said no. Final.
    Rejected,
    /// Nobody approved it in time. Final.
    Expired,
    /// It is approved, and on its way to the host until the host has it.
    Forwarding,
    /// The host has it. Final.
    Acknowledged,
    /// The host said no. Final.
    Declined,
    /// What became of it the host will not say: people must look.
    Stuck,
}

/// What is known of one refund.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Refund {
    /// Its name.
    pub refund: String,
    /// The sale.
    pub attempt: String,
    /// The sale's order number.
    pub order: Option<String>,
    /// Where it stands.
    pub state: RefundState,
    /// Why it stands there, as a stable word; an open list.
    pub reason: Option<String>,
    /// What goes back.
    pub amount: Amount,
    /// Who asked for it.
    pub requested_by: Option<String>,
    /// When it was asked for, in milliseconds since 1970-01-01 UTC.
    pub requested_ms: i64,
    /// When it expires, if nobody has decided by then.
    pub expires_ms: i64,
    /// Who approved it: an operator's name, or `host`.
    pub approved_by: Option<String>,
    /// Who said no.
    pub rejected_by: Option<String>,
    /// Why, in that person's words.
    pub rejected_because: Option<String>,
    /// What a supervisor decided, where it is stuck.
    pub decision: Option<RefundDecision>,
    /// The card that paid, masked.
    pub card_masked: Option<String>,
    /// Its own trace number, 1 to 999999.
    pub stan: Option<u32>,
    /// The batch that it is in.
    pub batch: Option<u32>,
    /// How often it was sent.
    pub sends: u32,
    /// The host's last verified answer to it.
    pub host_code: Option<String>,
    /// The host's reference number of it.
    pub rrn: Option<String>,
    /// The event that put it where it stands.
    pub journal_sequence: u64,
}

/// Which refunds to list, newest first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RefundQuery {
    /// How many at most, 1 to 100.
    #[uniffi(default = 20)]
    pub limit: u32,
    /// Only those of this sale.
    #[uniffi(default = None)]
    pub attempt: Option<String>,
    /// Where the page before ended.
    #[uniffi(default = None)]
    pub cursor: Option<String>,
}

/// Refunds, newest first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RefundPage {
    /// This page's refunds.
    pub refunds: Vec<Refund>,
    /// Where to go on, if there are more.
    pub next: Option<String>,
}

pub(crate) fn refund_id(text: String) -> Result<RefundId, TillError> {
    Ok(RefundId::new(text).map_err(Error::from)?)
}

impl TryFrom<RefundOf> for payment::RefundOf {
    type Error = Error;

    fn try_from(of: RefundOf) -> Result<Self, Error> {
        Ok(match of {
            RefundOf::Attempt { attempt } => Self::Attempt(AttemptId::new(attempt)?),
            RefundOf::Order { order } => Self::Order(OrderNo::new(order)?),
            RefundOf::Rrn { rrn } => Self::Rrn(Rrn::new(rrn)?),
            RefundOf::Receipt { stan, batch } => {
                Self::Receipt { stan: Stan::new(stan)?, batch: batch.map(BatchNo::new).transpose()? }
            }
        })
    }
}

impl TryFrom<RefundQuery> for payment::RefundQuery {
    type Error = Error;

    fn try_from(query: RefundQuery) -> Result<Self, Error> {
        let attempt = query.attempt.map(AttemptId::new).transpose()?;
        Ok(Self { limit: query.limit, attempt, state: None, cursor: query.cursor })
    }
}

impl From<payment::refund::state::RefundState> for RefundState {
    fn from(state: payment::refund::state::RefundState) -> Self {
        use taptill::payment::refund::state::RefundState as S;
        match state {
            // Callers are never shown a refund of which nothing is known.
            S::Unknown | S::Waiting => Self::Waiting,
            S::Rejected => Self::Rejected,
            S::Expired => Self::Expired,
            S::Approved | S::Prepared | S::Sent => Self::Forwarding,
            S::Acknowledged => Self::Acknowledged,
            S::Declined => Self::Declined,
            S::Stuck => Self::Stuck,
        }
    }
}

impl From<payment::RefundView> for Refund {
    fn from(view: payment::RefundView) -> Self {
        let (rejected_by, rejected_because) = match view.rejected {
            Some(rejected) => (rejected.by.map(String::from), Some(String::from(rejected.reason))),
            None => (None, None),
        };
        let approved_by = view.approved_by.map(|by| match by {
            payment::ApprovedBy::Operator { name, .. } => name.into(),
            payment::ApprovedBy::Host => "host".to_owned(),
        });
        Self {
            refund: view.refund.into(),
            attempt: view.attempt.into(),
            order: view.order.map(String::from),
            state: view.state.into(),
            reason: view.reason.map(|reason| reason.word().to_owned()),
            amount: view.amount.into(),
            requested_by: view.requested_by.map(String::from),
            requested_ms: view.requested_ms.0,
            expires_ms: view.expires_ms.0,
            approved_by,
            rejected_by,
            rejected_because,
            decision: view.decision.map(RefundDecision::from),
            card_masked: view.card_masked.map(|card| card.as_str().to_owned()),
            stan: view.stan.map(Stan::number),
            batch: view.batch.map(BatchNo::number),
            sends: view.sends,
            host_code: view.host_code.map(String::from),
            rrn: view.rrn.map(String::from),
            journal_sequence: view.journal.sequence,
        }
    }
}
