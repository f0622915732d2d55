//! What a caller asks for and what a caller sees of it.
//!
//! An [`AttemptView`] is the JSON object that shells, the desktop till and `--json` show. It is read from the
//! ledger, so it says what the journal says and nothing newer.
//!
//! It never carries a card number, track data or a key. Evidence: `tests/payment_flows.rs`.

use serde::{Deserialize, Serialize};

use crate::card::MaskedPan;
use crate::clock::WallMs;
use crate::ids::{AttemptId, AuthCode, BatchNo, HostCode, OrderNo, RefundId, Rrn, Stan};
use crate::money::Amount;
use crate::payment::reason::{Reason, ReversalReason};
use crate::payment::refund::RefundView;
use crate::payment::state::State;

/// One sale that a caller wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleOrder {
    /// The caller's name for the attempt; minted where there is none.
    pub attempt: Option<AttemptId>,
    /// What to charge.
    pub amount: Amount,
    /// The shop's own order number.
    pub order: Option<OrderNo>,
}

/// One void that a caller wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoidOrder {
    /// The caller's name for the void, which is an attempt of its own; minted where there is none.
    pub attempt: Option<AttemptId>,
    /// The sale that is to be voided.
    pub of: AttemptId,
}

/// What an attempt is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// To take a payment.
    #[default]
    Sale,
    /// To take back a whole sale of the open batch.
    Void,
}

impl Kind {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Void => "void",
        }
    }
}

/// What a supervisor says of an attempt whose reversal is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The customer is charged.
    Charged,
    /// The customer is not charged.
    NotCharged,
}

impl Decision {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Charged => "charged",
            Self::NotCharged => "not_charged",
        }
    }
}

/// What is known of a sale's void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoidView {
    /// The void's own name.
    pub attempt: AttemptId,
    /// Where the void stands.
    pub state: State,
    /// What a supervisor decided about a void whose reversal is stuck.
    pub decision: Option<Decision>,
}

/// What is known of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    /// Its name.
    pub attempt: AttemptId,
    /// What it is for.
    pub kind: Kind,
    /// Of a void: the sale that it voids.
    pub of: Option<AttemptId>,
    /// Of a sale: its last void.
    pub void: Option<VoidView>,
    /// The shop's order number.
    pub order: Option<OrderNo>,
    /// Where it stands.
    pub state: State,
    /// Why it stands there, where that says more than the state.
    pub reason: Option<Reason>,
    /// What is charged.
    pub amount: Amount,
    /// What was given back, in minor units of the same currency.
    pub refunded_minor: u64,
    /// Its refunds, oldest first, whatever became of them.
    #[serde(default)]
    pub refunds: Vec<RefundId>,
    /// Whether a caller has taken the result.
    pub delivered: bool,
    /// Whether its batch is closed.
    pub settled: bool,
    /// When it entered the journal.
    pub created_ms: WallMs,
    /// The card, masked.
    pub card_masked: Option<MaskedPan>,
    /// The card application's id, as capital hex digits.
    pub aid: Option<String>,
    /// The card application's name.
    pub label: Option<String>,
    /// The contactless kernel's number.
    pub kernel: Option<u8>,
    /// Terminal verification results (EMV tag 95), as capital hex digits.
    pub tvr: Option<String>,
    /// The application cryptogram (EMV tag 9F26), as capital hex digits.
    pub cryptogram: Option<String>,
    /// `ARQC`, `TC` or `AAC`.
    pub cryptogram_kind: Option<String>,
    /// How the cardholder is verified: `none`, `on_device` or `signature`.
    pub cvm: Option<String>,
    /// Its trace number.
    pub stan: Option<Stan>,
    /// Its batch.
    pub batch: Option<BatchNo>,
    /// The host's authorisation code.
    pub auth_code: Option<AuthCode>,
    /// The host's reference number.
    pub rrn: Option<Rrn>,
    /// The host's response code to the sale; of a sale that was not sent, to the sign-on before it.
    pub host_code: Option<HostCode>,
    /// The host's own date and time, `MMDDHHMMSS`.
    pub host_time: Option<String>,
    /// The reversal, where one is or was owed.
    pub reversal: Option<ReversalView>,
    /// What a supervisor decided, where the reversal is stuck.
    pub decision: Option<Decision>,
    /// How often which receipt was printed.
    pub receipts: ReceiptCounts,
    /// The event that put it where it stands.
    pub journal: JournalPlace,
}

impl AttemptView {
    /// An attempt of which no more is known than what was ordered; no event stands for it yet.
    pub(super) fn opened(attempt: &AttemptId, order: Option<OrderNo>, amount: Amount, created_ms: WallMs) -> Self {
        Self {
            attempt: attempt.clone(),
            kind: Kind::Sale,
            of: None,
            void: None,
            order,
            state: State::Prepared,
            reason: None,
            amount,
            refunded_minor: 0,
            refunds: Vec::new(),
            delivered: false,
            settled: false,
            created_ms,
            card_masked: None,
            aid: None,
            label: None,
            kernel: None,
            tvr: None,
            cryptogram: None,
            cryptogram_kind: None,
            cvm: None,
            stan: None,
            batch: None,
            auth_code: None,
            rrn: None,
            host_code: None,
            host_time: None,
            reversal: None,
            decision: None,
            receipts: ReceiptCounts::default(),
            journal: JournalPlace { sequence: 0, root: String::new() },
        }
    }
}

/// How often which receipt was printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptCounts {
    /// The shop's copy.
    pub merchant: u32,
    /// The customer's copy.
    pub customer: u32,
}

impl ReceiptCounts {
    /// How often this copy was printed.
    #[must_use]
    pub fn of(self, copy: ReceiptCopy) -> u32 {
        match copy {
            ReceiptCopy::Merchant => self.merchant,
            ReceiptCopy::Customer => self.customer,
        }
    }
}

/// Whose receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptCopy {
    /// The shop's copy.
    Merchant,
    /// The customer's copy.
    Customer,
}

/// What is known of a reversal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalView {
    /// Why it is owed.
    pub reason: ReversalReason,
    /// How often it was sent.
    pub sends: u32,
    /// The host's last verified answer to it.
    pub host_code: Option<HostCode>,
}

/// Where in the journal something stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalPlace {
    /// The event's sequence number.
    pub sequence: u64,
    /// The tree's root after it, as hex digits.
    pub root: String,
}

/// Which attempts to list. The default is the newest twenty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListQuery {
    /// How many at most, 1 to 100.
    pub limit: u32,
    /// Not before this.
    pub from: Option<WallMs>,
    /// Before this.
    pub to: Option<WallMs>,
    /// Only those of this order.
    pub order: Option<OrderNo>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self { limit: 20, from: None, to: None, order: None, cursor: None }
    }
}

/// Attempts, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// This page's attempts.
    pub attempts: Vec<AttemptView>,
    /// Where to go on, if there are more.
    pub next: Option<String>,
}

/// What an echo test showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTested {
    /// How long it took until the host had answered, connecting included, in milliseconds.
    pub took_ms: u64,
}

/// The host's rules for this till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParametersView {
    /// The largest sale in minor units of the till's currency, where the host has a limit.
    pub sale_max_minor: Option<u64>,
}

/// What one round of resolving achieved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The debts that this round closed.
    pub closed: Vec<AttemptView>,
    /// The debts that are left, stuck ones among them.
    pub left: Vec<AttemptView>,
    /// The refunds that the host has said the last word about in this round.
    pub refunds_closed: Vec<RefundView>,
    /// The refunds that are still to be forwarded, and those that are stuck.
    pub refunds_left: Vec<RefundView>,
}
