//! The report of a loss, as a shell shows it, prints it and hands it to a bank or to the police.
//!
//! Text, page and JSON are the core's, in the language that the caller names; the figures stand beside them.
//!
//! It decides nothing, and no card number is in it. Evidence: `tests/contract`.

use taptill::incident::loss;

use crate::errors::TillError;
use crate::incident::FreezeFacts;
use crate::values::Language;

/// What may be lost in a window of time, and what was not this shop's doing.
#[derive(uniffi::Object)]
pub struct LossReport(pub(crate) loss::LossReport);

#[uniffi::export]
impl LossReport {
    /// Its figures.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn facts(&self) -> Result<LossFacts, TillError> {
        Ok((&self.0).into())
    }

    /// As plain text, the steps for the merchant first. Each line ends with a line feed.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn text(&self, language: Language) -> Result<String, TillError> {
        Ok(loss::print(&self.0, language.into()))
    }

    /// As one HTML page that loads and runs nothing.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn html(&self, language: Language) -> Result<String, TillError> {
        Ok(loss::html(&self.0, language.into()))
    }

    /// As JSON, whole.
    ///
    /// # Errors
    /// None today; every exported function may refuse.
    pub fn json(&self) -> Result<String, TillError> {
        Ok(self.0.json_within(usize::MAX))
    }
}

/// The figures of a report.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LossFacts {
    /// The acquirer's number of it, once it was sent.
    pub number: Option<u64>,
    /// The window's first instant, in milliseconds since 1970-01-01 UTC by the till's own clock.
    pub from_ms: i64,
    /// The first instant after it, likewise.
    pub to_ms: i64,
    /// When it was made, likewise.
    pub made_ms: i64,
    /// By whom.
    pub made_by: String,
    /// The freeze, where the till is frozen.
    pub frozen: Option<FreezeFacts>,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The figures in all.
    pub sums: LossSums,
    /// The figures by operator.
    pub operators: Vec<LossOf>,
    /// The figures by reader.
    pub readers: Vec<LossOf>,
    /// How many payments and refunds of the window stand in it, each by name.
    pub lines: u64,
    /// Whether there are more of them than stand in it.
    pub is_cut: bool,
    /// What is not this shop's own doing.
    pub not_mine: Vec<NotMine>,
    /// How many events the journal had.
    pub journal_size: u64,
    /// Its root, hex.
    pub journal_root: String,
}

/// The sums of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LossSums {
    /// What was taken.
    pub gross: LossSum,
    /// What was taken back by voids.
    pub voided: LossSum,
    /// What was given back by refunds.
    pub refunded: LossSum,
    /// What the acquirer can still stop.
    pub at_risk: LossSum,
    /// Of what nobody knows yet how it ends.
    pub unknown: LossSum,
}

/// How many and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LossSum {
    /// How many.
    pub count: u64,
    /// How much, in minor units.
    pub minor: u64,
}

/// The sums of one operator or one reader.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LossOf {
    /// The operator's name, or `own_reader`, `encrypted_reader`; absent for what is nobody's.
    pub name: Option<String>,
    /// The sums.
    pub sums: LossSums,
}

/// Something that is not this shop's own doing.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NotMine {
    /// Why not, as a stable word; an open list.
    pub why: String,
    /// The event that shows it.
    pub sequence: u64,
    /// When, in milliseconds since 1970-01-01 UTC by the till's own clock.
    pub at_ms: i64,
    /// Which payment.
    pub attempt: Option<String>,
    /// Which refund.
    pub refund: Option<String>,
    /// How much, in minor units.
    pub minor: Option<u64>,
}

impl From<&loss::LossReport> for LossFacts {
    fn from(report: &loss::LossReport) -> Self {
        Self {
            number: report.number,
            from_ms: report.from_ms.0,
            to_ms: report.to_ms.0,
            made_ms: report.made_ms.0,
            made_by: report.made_by.clone(),
            frozen: report.frozen.clone().map(FreezeFacts::from),
            currency: report.currency.code().to_owned(),
            sums: report.sums.into(),
            operators: report.operators.iter().map(LossOf::from).collect(),
            readers: report.readers.iter().map(LossOf::from).collect(),
            lines: report.lines.len() as u64,
            is_cut: report.is_cut,
            not_mine: report.not_mine.iter().map(NotMine::from).collect(),
            journal_size: report.journal_size,
            journal_root: report.journal_root.clone(),
        }
    }
}

impl From<loss::LossSums> for LossSums {
    fn from(sums: loss::LossSums) -> Self {
        let loss::LossSums { gross, voided, refunded, at_risk, unknown } = sums;
        Self {
            gross: gross.into(),
            voided: voided.into(),
            refunded: refunded.into(),
            at_risk: at_risk.into(),
            unknown: unknown.into(),
        }
    }
}

impl From<loss::Sum> for LossSum {
    fn from(sum: loss::Sum) -> Self {
        Self { count: sum.count, minor: sum.minor }
    }
}

impl From<&loss::LossOf> for LossOf {
    fn from(of: &loss::LossOf) -> Self {
        Self { name: of.name.clone(), sums: of.sums.into() }
    }
}

impl From<&loss::NotMine> for NotMine {
    fn from(one: &loss::NotMine) -> Self {
        Self {
            why: one.why.word().to_owned(),
            sequence: one.sequence,
            at_ms: one.at_ms.0,
            attempt: one.attempt.as_ref().map(ToString::to_string),
            refund: one.refund.as_ref().map(ToString::to_string),
            minor: one.minor,
        }
    }
}
