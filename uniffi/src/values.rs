//! The values that cross the border: orders in, attempts and facts out.
//!
//! Each record is a copy of what the core says, in plain types: an id is text, a time is milliseconds since
//! 1970-01-01 UTC, money is minor units with its currency. What comes in is checked by the core's own types.
//!
//! It never carries card data or a secret. Evidence: `tests/contract`.

use taptill::account::Configuration;
use taptill::clock::WallMs;
use taptill::error::{Error, ErrorCode};
use taptill::hex;
use taptill::ids::{AttemptId, OperatorName, OrderNo};
use taptill::journal::VerifyReport;
use taptill::money::{self, Currency};
use taptill::payment::{self, AttemptView, state::State};
use taptill::text;

use crate::corrections::{AttemptKind, Decision, VoidView};
use crate::errors::{Money, TillError, same_words};
use crate::refunds::Refund;

/// Money: minor units with their currency. 1230 of `CNY` is 12.30.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Amount {
    /// Minor units. The core refuses what is below zero, zero or over twelve digits.
    pub minor: i64,
    /// ISO 4217, three capital letters.
    pub currency: String,
}

/// One sale that a caller wants.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SaleOrder {
    /// The caller's name for the attempt, 1 to 64 of `[A-Za-z0-9._-]`; the core makes one where there is none. The same
    /// name again gives the same attempt, never a second payment.
    #[uniffi(default = None)]
    pub attempt: Option<String>,
    /// What to charge.
    pub amount: Amount,
    /// The shop's own order number, 1 to 64 printable ASCII characters without spaces.
    #[uniffi(default = None)]
    pub order: Option<String>,
}

/// Where an attempt stands. `docs/states.md` has the table of what leads where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum AttemptState {
    /// Nothing about it is in the journal.
    Unknown,
    /// Begun; nothing was sent.
    Prepared,
    /// Sent, and the answer is not known.
    InDoubt,
    /// The host said yes. Final.
    Approved,
    /// The host or the card said no. Final.
    Declined,
    /// No byte left. Final.
    NotSent,
    /// A reversal is owed or under way.
    ReversalDue,
    /// The host confirmed the reversal. Final.
    Reversed,
    /// The host will not confirm the reversal: people must look.
    ReversalStuck,
    /// It was approved, and a void that the host approved took it back. Final.
    Voided,
}

/// What is known of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Attempt {
    /// Its name.
    pub attempt: String,
    /// What it is for.
    pub kind: AttemptKind,
    /// Of a void: the sale that it voids.
    pub of: Option<String>,
    /// Of a sale: its last void.
    pub void: Option<VoidView>,
    /// The shop's order number.
    pub order: Option<String>,
    /// Where it stands.
    pub state: AttemptState,
    /// Why it stands there, as a stable word; an open list.
    pub reason: Option<String>,
    /// Whether the customer's money moved.
    pub money: Money,
    /// What is charged.
    pub amount: Amount,
    /// What was given back, in minor units of the same currency.
    pub refunded_minor: i64,
    /// Its refunds, oldest first, whatever became of them.
    pub refunds: Vec<String>,
    /// Whether a caller has taken the result.
    pub delivered: bool,
    /// Whether its batch is closed.
    pub settled: bool,
    /// When it entered the journal, in milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
    /// The card, masked.
    pub card_masked: Option<String>,
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
    /// Its trace number, 1 to 999999.
    pub stan: Option<u32>,
    /// Its batch, 1 to 999999.
    pub batch: Option<u32>,
    /// The host's authorisation code.
    pub auth_code: Option<String>,
    /// The host's reference number.
    pub rrn: Option<String>,
    /// The host's response code.
    pub host_code: Option<String>,
    /// The host's own date and time, `MMDDHHMMSS`.
    pub host_time: Option<String>,
    /// The reversal, where one is or was owed.
    pub reversal: Option<ReversalView>,
    /// What a supervisor decided, where the reversal is stuck.
    pub decision: Option<Decision>,
    /// How often the shop's copy was printed.
    pub printed_merchant: u32,
    /// How often the customer's copy was printed.
    pub printed_customer: u32,
    /// The event that put it where it stands.
    pub journal_sequence: u64,
    /// The journal's root after that event, as hex digits.
    pub journal_root: String,
}

/// What is known of a reversal.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ReversalView {
    /// Why it is owed: the two characters that go to the host in field 39, as `98`.
    pub reason: String,
    /// How often it was sent.
    pub sends: u32,
    /// The host's last verified answer to it.
    pub host_code: Option<String>,
}

/// Which attempts to list, newest first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ListQuery {
    /// How many at most, 1 to 100.
    #[uniffi(default = 20)]
    pub limit: u32,
    /// Not before this, in milliseconds since 1970-01-01 UTC.
    #[uniffi(default = None)]
    pub from_ms: Option<i64>,
    /// Before this, in milliseconds since 1970-01-01 UTC.
    #[uniffi(default = None)]
    pub to_ms: Option<i64>,
    /// Only those of this order.
    #[uniffi(default = None)]
    pub order: Option<String>,
    /// Where the page before ended.
    #[uniffi(default = None)]
    pub cursor: Option<String>,
}

/// Attempts, newest first.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Page {
    /// This page's attempts.
    pub attempts: Vec<Attempt>,
    /// Where to go on, if there are more.
    pub next: Option<String>,
}

/// What one round of resolving achieved.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Resolved {
    /// The debts that this round closed.
    pub closed: Vec<Attempt>,
    /// The debts that are left, stuck ones among them.
    pub left: Vec<Attempt>,
    /// The refunds that the host has said the last word about in this round.
    pub refunds_closed: Vec<Refund>,
    /// The refunds that are still to be forwarded, and those that are stuck.
    pub refunds_left: Vec<Refund>,
}

/// A language that the core's texts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Language {
    /// English.
    En,
    /// Chinese as written in mainland China.
    ZhCn,
}

/// What a till knows about itself.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TillInfo {
    /// Terminal id (TID).
    pub terminal_id: String,
    /// Merchant id (MID).
    pub merchant_id: String,
    /// The shop's name.
    pub merchant_name: String,
    /// The shop's address, a line an entry.
    pub merchant_address: Vec<String>,
    /// The only currency that it sells in, ISO 4217.
    pub currency: String,
    /// How many decimals that currency has.
    pub currency_decimals: u8,
    /// The largest sale, in minor units.
    pub sale_max_minor: i64,
    /// IANA name of the shop's time zone.
    pub time_zone: String,
    /// `name:port` of the acquirer's host.
    pub host: String,
}

/// What verifying the whole journal found: it is what was written.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Verified {
    /// How many events.
    pub events: u64,
    /// The tree's root over them, as hex digits.
    pub root: String,
}

same_words!(text::Language, Language: En ZhCn);

impl TryFrom<Amount> for money::Amount {
    type Error = TillError;

    fn try_from(amount: Amount) -> Result<Self, TillError> {
        let minor = u64::try_from(amount.minor).map_err(|_| ErrorCode::AmountNegative)?;
        let currency = Currency::from_code(&amount.currency).map_err(Error::from)?;
        Ok(Self::from_minor(minor, currency).map_err(Error::from)?)
    }
}

impl From<money::Amount> for Amount {
    fn from(amount: money::Amount) -> Self {
        Self { minor: signed(amount.minor()), currency: amount.currency().code().to_owned() }
    }
}

impl TryFrom<SaleOrder> for payment::SaleOrder {
    type Error = TillError;

    fn try_from(order: SaleOrder) -> Result<Self, TillError> {
        Ok(Self {
            attempt: order.attempt.map(AttemptId::new).transpose().map_err(Error::from)?,
            amount: order.amount.try_into()?,
            order: order.order.map(OrderNo::new).transpose().map_err(Error::from)?,
        })
    }
}

impl TryFrom<ListQuery> for payment::ListQuery {
    type Error = TillError;

    fn try_from(query: ListQuery) -> Result<Self, TillError> {
        Ok(Self {
            limit: query.limit,
            from: query.from_ms.map(WallMs),
            to: query.to_ms.map(WallMs),
            order: query.order.map(OrderNo::new).transpose().map_err(Error::from)?,
            cursor: query.cursor,
        })
    }
}

impl From<State> for AttemptState {
    fn from(state: State) -> Self {
        match state {
            State::Unknown => Self::Unknown,
            State::Prepared => Self::Prepared,
            State::InDoubt => Self::InDoubt,
            State::Approved => Self::Approved,
            State::Declined => Self::Declined,
            State::NotSent => Self::NotSent,
            State::ReversalDue | State::ReversalSent => Self::ReversalDue,
            State::Reversed => Self::Reversed,
            State::ReversalStuck => Self::ReversalStuck,
            State::Voided => Self::Voided,
        }
    }
}

impl AttemptState {
    /// The state that callers see under this word.
    pub(crate) fn from_word(word: &str) -> Self {
        State::ALL.into_iter().find(|state| state.word() == word).map_or(Self::Unknown, Self::from)
    }
}

impl From<AttemptView> for Attempt {
    fn from(view: AttemptView) -> Self {
        let text = |text: &dyn ToString| text.to_string();
        Self {
            attempt: text(&view.attempt),
            kind: view.kind.into(),
            of: view.of.as_ref().map(|of| text(of)),
            void: view.void.map(VoidView::from),
            order: view.order.as_ref().map(|order| text(order)),
            state: view.state.into(),
            reason: view.reason.map(|reason| reason.word().to_owned()),
            money: view.state.standing().0.into(),
            amount: view.amount.into(),
            refunded_minor: signed(view.refunded_minor),
            refunds: view.refunds.into_iter().map(String::from).collect(),
            delivered: view.delivered,
            settled: view.settled,
            created_ms: view.created_ms.0,
            card_masked: view.card_masked.as_ref().map(|card| text(card)),
            aid: view.aid,
            label: view.label,
            kernel: view.kernel,
            tvr: view.tvr,
            cryptogram: view.cryptogram,
            cryptogram_kind: view.cryptogram_kind,
            cvm: view.cvm,
            stan: view.stan.map(taptill::ids::Stan::number),
            batch: view.batch.map(taptill::ids::BatchNo::number),
            auth_code: view.auth_code.as_ref().map(|code| text(code)),
            rrn: view.rrn.as_ref().map(|rrn| text(rrn)),
            host_code: view.host_code.as_ref().map(|code| text(code)),
            host_time: view.host_time,
            reversal: view.reversal.map(ReversalView::from),
            decision: view.decision.map(Decision::from),
            printed_merchant: view.receipts.merchant,
            printed_customer: view.receipts.customer,
            journal_sequence: view.journal.sequence,
            journal_root: view.journal.root,
        }
    }
}

impl From<payment::ReversalView> for ReversalView {
    fn from(view: payment::ReversalView) -> Self {
        let host_code = view.host_code.as_ref().map(ToString::to_string);
        Self { reason: view.reason.code().to_owned(), sends: view.sends, host_code }
    }
}

impl From<payment::Page> for Page {
    fn from(page: payment::Page) -> Self {
        Self { attempts: attempts(page.attempts), next: page.next }
    }
}

impl From<payment::Resolved> for Resolved {
    fn from(resolved: payment::Resolved) -> Self {
        let refunds = |views: Vec<payment::RefundView>| views.into_iter().map(Refund::from).collect();
        Self {
            closed: attempts(resolved.closed),
            left: attempts(resolved.left),
            refunds_closed: refunds(resolved.refunds_closed),
            refunds_left: refunds(resolved.refunds_left),
        }
    }
}

impl From<&Configuration> for TillInfo {
    fn from(configuration: &Configuration) -> Self {
        Self {
            terminal_id: configuration.terminal_id.to_string(),
            merchant_id: configuration.merchant_id.to_string(),
            merchant_name: configuration.merchant.name.clone(),
            merchant_address: configuration.merchant.address.clone(),
            currency: configuration.currency.code().to_owned(),
            currency_decimals: configuration.currency.exponent(),
            sale_max_minor: signed(configuration.limits.sale_max_minor),
            time_zone: configuration.time_zone.clone(),
            host: configuration.host.address.clone(),
        }
    }
}

impl From<VerifyReport> for Verified {
    fn from(report: VerifyReport) -> Self {
        Self { events: report.size, root: hex::encode(&report.root) }
    }
}

/// The core's own check of an id that came as text.
pub(crate) fn attempt_id(attempt: &str) -> Result<AttemptId, TillError> {
    Ok(AttemptId::new(attempt).map_err(Error::from)?)
}

/// The core's own check of an operator's name that came as text.
pub(crate) fn operator_name(name: &str) -> Result<OperatorName, TillError> {
    Ok(OperatorName::new(name).map_err(Error::from)?)
}

fn attempts(views: Vec<AttemptView>) -> Vec<Attempt> {
    views.into_iter().map(Attempt::from).collect()
}

/// Amounts have at most twelve digits, so none is lost.
fn signed(minor: u64) -> i64 {
    i64::try_from(minor).expect("an amount has at most twelve digits")
}
