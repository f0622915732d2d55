//! What a caller asks for about refunds and what a caller sees of them.
//!
//! A [`RefundView`] is the JSON object that shells, the desktop till and `--json` show. It is read from the ledger, so
//! it says what the journal says and nothing newer.
//!
//! It never carries a card number that is not masked. Evidence: `tests/refund_rules.rs`.

use serde::{Deserialize, Serialize};

use crate::account::Verification;
use crate::card::MaskedPan;
use crate::clock::WallMs;
use crate::ids::{AttemptId, AuthCode, BatchNo, HostCode, OperatorName, OrderNo, RefundId, Rrn, Stan};
use crate::money::Amount;
use crate::payment::refund::reason::{RefundReason, RejectionReason};
use crate::payment::refund::state::RefundState;
use crate::payment::view::{JournalPlace, ReceiptCounts};

/// A refund that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The caller's name for it: the same name and payload again is the same refund. Without one the till makes a name,
    /// and asking again is another refund.
    pub refund: Option<RefundId>,
    /// For which sale.
    pub of: RefundOf,
    /// How much of it, in the sale's own currency.
    pub amount: Amount,
}

/// How somebody names a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOf {
    /// By the attempt's name.
    Attempt(AttemptId),
    /// By the shop's order number.
    Order(OrderNo),
    /// By the host's reference number.
    Rrn(Rrn),
    /// By the numbers on its receipt; the batch may be left out where the trace number alone is enough.
    Receipt {
        /// The trace number.
        stan: Stan,
        /// The batch.
        batch: Option<BatchNo>,
    },
}

/// What is known of one refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundView {
    /// Its name.
    pub refund: RefundId,
    /// The sale.
    pub attempt: AttemptId,
    /// The sale's order number.
    pub order: Option<OrderNo>,
    /// Where it stands.
    pub state: RefundState,
    /// Why it stands there, where that says more than the state.
    pub reason: Option<RefundReason>,
    /// What goes back.
    pub amount: Amount,
    /// Who asked for it.
    pub requested_by: Option<OperatorName>,
    /// When it was asked for.
    pub requested_ms: WallMs,
    /// When it expires, if nobody has decided by then.
    pub expires_ms: WallMs,
    /// How the rules want the cardholder verified.
    pub verification: Verification,
    /// What was verified when it was asked for.
    pub verified: RefundVerified,
    /// Who let it go out.
    pub approved_by: Option<ApprovedBy>,
    /// When.
    pub approved_ms: Option<WallMs>,
    /// Who said no, and why.
    pub rejected: Option<Rejected>,
    /// What a supervisor decided, where it is stuck.
    pub decision: Option<RefundDecision>,
    /// The card that paid, masked.
    pub card_masked: Option<MaskedPan>,
    /// Its own trace number.
    pub stan: Option<Stan>,
    /// The batch that it is in.
    pub batch: Option<BatchNo>,
    /// How often it was sent.
    pub sends: u32,
    /// The host's last verified answer to it.
    pub host_code: Option<HostCode>,
    /// The host's authorisation code for it.
    pub auth_code: Option<AuthCode>,
    /// The host's reference number of it.
    pub rrn: Option<Rrn>,
    /// The host's own date and time, `MMDDHHMMSS`.
    pub host_time: Option<String>,
    /// How often which voucher was printed.
    pub vouchers: ReceiptCounts,
    /// The event that put it where it stands.
    pub journal: JournalPlace,
}

/// What was verified of the cardholder before the refund was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundVerified {
    /// Nothing: the rules ask for nothing.
    Nothing,
    /// Nothing yet: the cardholder signs the voucher.
    SignsVoucher,
    /// The card that paid was held to the reader again.
    CardAgain,
}

/// Who let a refund go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovedBy {
    /// A person, who has proved who it is.
    Operator {
        /// Who.
        name: OperatorName,
        /// How this person is tied to the requester. Anything but `none` means that the shop's rules allowed it.
        tie: Tie,
    },
    /// The host, by its answer: the shop's rules ask no second person.
    Host,
}

/// How an approver is tied to a requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// Not at all.
    None,
    /// It is the same person.
    Same,
    /// The requester added the approver to this till, or somebody did whom the requester can have been.
    AppointedByRequester,
    /// The requester gave the approver a password, or somebody did whom the requester can have been, and nobody has
    /// since.
    ResetByRequester,
}

/// That somebody said no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Who.
    pub by: Option<OperatorName>,
    /// Why, in that person's words.
    pub reason: RejectionReason,
}

/// What a supervisor says of a refund that is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundDecision {
    /// The customer has the money.
    Paid,
    /// The customer does not have it: the amount is free again.
    NotPaid,
}

impl RefundDecision {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::NotPaid => "not_paid",
        }
    }
}

/// Which refunds to list. The default is the newest twenty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundQuery {
    /// How many at most, 1 to 100.
    pub limit: u32,
    /// Only those of this sale.
    pub attempt: Option<AttemptId>,
    /// Only those that stand like this, as callers see it.
    pub state: Option<RefundState>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl Default for RefundQuery {
    fn default() -> Self {
        Self { limit: 20, attempt: None, state: None, cursor: None }
    }
}

/// Refunds, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundPage {
    /// This page's refunds.
    pub refunds: Vec<RefundView>,
    /// Where to go on, if there are more.
    pub next: Option<String>,
}
