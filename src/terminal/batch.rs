//! The terminal's batch: settling it, looking at it, and its report.
//!
//! Each method is one question to the till's thread. It decides nothing. Evidence: `tests/settle_rules.rs`,
//! `sandbox/tests/till_settle.rs`.

use crate::error::Error;
use crate::ids::BatchNo;
use crate::payment::batch::state::BatchState;
use crate::payment::batch::totals::{CurrencyTotals, KindSums};
use crate::payment::{self, BatchDecision, BatchView, slip};
use crate::receipt::{Columns, JournalMark, ReportCurrency, ReportData, ReportSums, print_report};
use crate::terminal::Terminal;
use crate::text::Language;
use crate::till::{Ask, Reply};

impl Terminal {
    /// Settles the open batch, or goes on with a settlement that is not finished, and gives the batch as far as it came:
    /// `closed`, or a state from which the till goes on by itself.
    ///
    /// # Errors
    /// `settlement_blocked` with each thing that is in the way, `batch_empty`, `settlement_refused`,
    /// `operation_not_in_dialect`, `journal_rolled_back`, `till_busy`, `not_permitted`, `till_locked`, and the errors of
    /// storage. No answer is no error: the batch is then not closed, and says why.
    pub fn settle(&self) -> Result<BatchView, Error> {
        self.batch_told(Ask::Settle)
    }

    /// How a batch stands: the open one, or the one of this number.
    ///
    /// # Errors
    /// `record_unknown` for a number that no batch of this till has had, `till_locked`.
    pub fn batch(&self, number: Option<BatchNo>) -> Result<BatchView, Error> {
        self.batch_told(Ask::Batch(number))
    }

    /// Records whether the acquirer has closed a batch that the host refuses to settle, again and again, in the name of
    /// whoever is signed in. Closed, the next batch is open; not closed, payments go into it again.
    ///
    /// # Errors
    /// `record_unknown`, `not_stuck` with how often the host has refused, `already_decided`, `not_permitted`,
    /// `till_locked`, and the errors of storage.
    pub fn decide_batch(&self, batch: BatchNo, decision: BatchDecision) -> Result<BatchView, Error> {
        self.batch_told(Ask::DecideBatch { batch, decision })
    }

    /// The report of a batch, as text. Each line ends with a line feed. One that is not closed says so.
    ///
    /// # Errors
    /// As [`Terminal::batch`]; `configuration_invalid` for a time zone that this build does not know.
    pub fn batch_report(&self, number: Option<BatchNo>, columns: Columns, language: Language) -> Result<String, Error> {
        let view = self.batch(number)?;
        let merchant = slip::merchant(&*self.configuration()?)?;
        let mark = view.journal.as_ref().filter(|_| view.state == BatchState::Closed);
        let data = ReportData {
            merchant,
            batch: view.batch,
            is_closed: view.state == BatchState::Closed,
            by_decision: view.decision.is_some(),
            at: view.closed_ms.or(view.closing_ms),
            was_uploaded: view.uploaded > 0,
            currencies: view.totals.0.iter().map(currency).collect(),
            journal: mark.map(|place| JournalMark {
                sequence: place.sequence,
                root: slip::array(&place.root).unwrap_or_default(),
            }),
        };
        Ok(print_report(&data, columns, language))
    }

    fn batch_told(&self, ask: Ask) -> Result<BatchView, Error> {
        match self.answer(ask)? {
            Reply::Payment(payment::Reply::Batch(view)) => Ok(*view),
            _ => unreachable!("the engine answers about a batch with the batch"),
        }
    }
}

fn currency(totals: &CurrencyTotals) -> ReportCurrency {
    let brands = totals.brands.iter().map(|of| (of.brand.name(), sums(of.sums))).collect();
    ReportCurrency { currency: totals.currency, sums: sums(totals.sums), brands }
}

fn sums(of: KindSums) -> ReportSums {
    let both = |sum: payment::batch::totals::Sum| (sum.count, sum.minor);
    ReportSums { sales: both(of.sale), voids: both(of.void), refunds: both(of.refund) }
}
