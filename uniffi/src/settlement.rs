//! The batch: settled with the acquirer, looked at, and printed.
//!
//! Each method is one line into the core's terminal. A settlement that is not finished goes on by itself while somebody
//! is signed in, whatever becomes of whoever waited for it.
//!
//! It decides nothing. Evidence: `uniffi/tests/settlement.rs`, `tests/contract`.

use std::sync::Arc;

use taptill::error::Error;
use taptill::ids::BatchNo;
use taptill::payment;
use taptill::payment::batch::{state, totals};
use taptill::terminal::Terminal;

use crate::aside::aside;
use crate::errors::{TillError, same_words};
use crate::payments::Open;
use crate::receipts::ReceiptWidth;
use crate::values::Language;

/// Batches and their settlement. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct Settlement {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Settlement {
    /// Settles the open batch, or goes on with a settlement that is not finished, and gives the batch as far as it came:
    /// `Closed`, or a state from which the till goes on by itself. Suspends for as long as the host takes.
    ///
    /// # Errors
    /// `settlement_blocked` with each thing that is in the way in `blockers`, `batch_empty`, `settlement_refused`,
    /// `operation_not_in_dialect`, `journal_rolled_back`, `till_busy`, `not_permitted`. No answer is no error.
    pub async fn settle(&self) -> Result<Batch, TillError> {
        Ok(aside(&self.till, "taptill-settle", Terminal::settle).await?.into())
    }

    /// How a batch stands: the open one, or the one of this number, 1 to 999999.
    ///
    /// # Errors
    /// `record_unknown` for a number that no batch of this till has had, `identifier_malformed`.
    pub fn batch(&self, number: Option<u32>) -> Result<Batch, TillError> {
        Ok(self.till.terminal.batch(batch_number(number)?)?.into())
    }

    /// Records whether the acquirer has closed a batch that the host refuses to settle, again and again, in the name of
    /// whoever is signed in. Closed, the next batch is open; not closed, payments go into it again.
    ///
    /// # Errors
    /// `record_unknown`, `not_stuck` with how often the host has refused, `already_decided`, `not_permitted`,
    /// `identifier_malformed`.
    pub fn decide(&self, batch: u32, decision: BatchDecision) -> Result<Batch, TillError> {
        let batch = BatchNo::new(batch).map_err(Error::from)?;
        Ok(self.till.terminal.decide_batch(batch, decision.into())?.into())
    }

    /// The report of a batch, as text for a fixed-width type; each line ends with a line feed. One that is not closed
    /// says so.
    ///
    /// # Errors
    /// As `batch`.
    pub fn report(&self, number: Option<u32>, width: ReceiptWidth, language: Language) -> Result<String, TillError> {
        Ok(self.till.terminal.batch_report(batch_number(number)?, width.into(), language.into())?)
    }
}

/// Where a batch stands. `docs/states.md` has the table of what leads where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum BatchState {
    /// Payments go into it.
    Open,
    /// Its totals are frozen; nothing was sent.
    Closing,
    /// The totals were sent, and their answer is not known.
    Sent,
    /// The host has the same totals.
    Balanced,
    /// The host has other totals, and wants every record.
    Unbalanced,
    /// The host has some of the records.
    Uploading,
    /// The host has all records; that there are no more was sent, and the answer is not known.
    EndSent,
    /// The host has closed it. Final.
    Closed,
}

/// What a supervisor says of a batch that the host only refuses to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum BatchDecision {
    /// The acquirer has closed it.
    Closed,
    /// The acquirer has not: payments go into it again.
    NotClosed,
}

/// What is known of one batch.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Batch {
    /// Its number, 1 to 999999.
    pub batch: u32,
    /// Where it stands.
    pub state: BatchState,
    /// What it adds up to, in the order of the currencies' codes.
    pub totals: Vec<CurrencyTotals>,
    /// How many records it has.
    pub records: u64,
    /// How many of them the host was sent one by one, because its totals were others.
    pub uploaded: u64,
    /// How often the totals were sent.
    pub sends: u32,
    /// The host's last verified answer to the settlement.
    pub host_code: Option<String>,
    /// How often the host has refused since it last took something of the settlement; from three on, a supervisor may
    /// `decide`.
    pub refusals: u32,
    /// What a supervisor decided, where the host only refused.
    pub decision: Option<BatchDecision>,
    /// Why the settlement waits, as a stable word; an open list.
    pub reason: Option<String>,
    /// When the first of its payments was approved, in milliseconds since 1970-01-01 UTC.
    pub first_ms: Option<i64>,
    /// When the settlement began, likewise.
    pub closing_ms: Option<i64>,
    /// When the host had closed it, likewise.
    pub closed_ms: Option<i64>,
    /// The batch that was opened after it.
    pub next: Option<u32>,
    /// The time of day at which it was to be settled by the shop's rule and was not, likewise.
    pub missed_ms: Option<i64>,
    /// The event that put it where it stands; absent for one that is open.
    pub journal_sequence: Option<u64>,
}

/// What a currency has of a batch.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CurrencyTotals {
    /// ISO 4217, three capital letters.
    pub currency: String,
    /// How many and how much.
    pub sums: KindSums,
    /// The same by brand.
    pub brands: Vec<BrandTotals>,
}

/// What a card's brand has of a batch.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BrandTotals {
    /// The brand as a stable word, `other` where it is not known; an open list.
    pub brand: String,
    /// Its name as it is printed.
    pub name: String,
    /// How many and how much.
    pub sums: KindSums,
}

/// The sums of each kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct KindSums {
    /// Of sales, voided ones among them.
    pub sales: RecordSum,
    /// Of voids.
    pub voids: RecordSum,
    /// Of refunds.
    pub refunds: RecordSum,
    /// What the shop gets, in minor units: sales less voids and refunds. Below zero the shop owes it.
    pub net_minor: i64,
}

/// How many and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordSum {
    /// How many records.
    pub count: u64,
    /// Their amounts together, in minor units.
    pub minor: i64,
}

same_words!(payment::BatchDecision, BatchDecision: Closed NotClosed);
same_words!(state::BatchState, BatchState: Open Closing Sent Balanced Unbalanced Uploading EndSent Closed);

impl From<payment::BatchView> for Batch {
    fn from(view: payment::BatchView) -> Self {
        Self {
            batch: view.batch.number(),
            state: view.state.into(),
            totals: view.totals.0.into_iter().map(CurrencyTotals::from).collect(),
            records: view.records,
            uploaded: view.uploaded,
            sends: view.sends,
            host_code: view.host_code.map(String::from),
            refusals: view.refusals,
            decision: view.decision.map(BatchDecision::from),
            reason: view.reason.map(|reason| reason.word().to_owned()),
            first_ms: view.first_ms.map(|at| at.0),
            closing_ms: view.closing_ms.map(|at| at.0),
            closed_ms: view.closed_ms.map(|at| at.0),
            next: view.next.map(BatchNo::number),
            missed_ms: view.missed_ms.map(|at| at.0),
            journal_sequence: view.journal.map(|place| place.sequence),
        }
    }
}

impl From<totals::CurrencyTotals> for CurrencyTotals {
    fn from(totals: totals::CurrencyTotals) -> Self {
        let brands = totals.brands.into_iter().map(BrandTotals::from).collect();
        Self { currency: totals.currency.code().to_owned(), sums: totals.sums.into(), brands }
    }
}

impl From<totals::BrandTotals> for BrandTotals {
    fn from(totals: totals::BrandTotals) -> Self {
        let totals::BrandTotals { brand, sums } = totals;
        Self { brand: brand.word().to_owned(), name: brand.name().to_owned(), sums: sums.into() }
    }
}

impl From<totals::KindSums> for KindSums {
    fn from(sums: totals::KindSums) -> Self {
        let net_minor = signed(sums.net_minor());
        Self { sales: sums.sale.into(), voids: sums.void.into(), refunds: sums.refund.into(), net_minor }
    }
}

impl From<totals::Sum> for RecordSum {
    fn from(sum: totals::Sum) -> Self {
        Self { count: sum.count, minor: signed(sum.minor.into()) }
    }
}

fn batch_number(number: Option<u32>) -> Result<Option<BatchNo>, TillError> {
    Ok(number.map(BatchNo::new).transpose().map_err(Error::from)?)
}

/// A batch has less than a million records of at most twelve digits, so none is lost.
fn signed(minor: i128) -> i64 {
    i64::try_from(minor).expect("a batch's sums have at most eighteen digits")
}
