//! What stands on a batch's report and in which order.
//!
//! How many and how much, by kind, in all and for each brand of card, and what the shop gets. A report of a batch that
//! the host has not closed says so, and so does one that a supervisor calls closed. It is the shop's alone, and shows nothing of any one payment.
//!
//! It never rounds. Evidence: `tests/receipts.rs`.

use crate::clock::WallMs;
use crate::hex;
use crate::ids::BatchNo;
use crate::money::Currency;
use crate::text::{Catalogue, Language};

use super::columns::{Columns, Paper};
use super::slip::{JournalMark, Merchant};

/// Everything that a report shows. What is not known is not printed.
#[derive(Clone, Debug)]
pub struct ReportData {
    /// Whose batch.
    pub merchant: Merchant,
    /// Its number.
    pub batch: BatchNo,
    /// Whether it is closed.
    pub is_closed: bool,
    /// Whether that is a supervisor's word and not the host's.
    pub by_decision: bool,
    /// When that was, or when the settlement began.
    pub at: Option<WallMs>,
    /// Whether the host had other totals and was sent every record.
    pub was_uploaded: bool,
    /// What it adds up to, a currency each.
    pub currencies: Vec<ReportCurrency>,
    /// Where the journal records the closing.
    pub journal: Option<JournalMark>,
}

/// What a currency has of it.
#[derive(Clone, Debug)]
pub struct ReportCurrency {
    /// Which.
    pub currency: Currency,
    /// In all.
    pub sums: ReportSums,
    /// By the brand's printed name.
    pub brands: Vec<(&'static str, ReportSums)>,
}

/// How many and how much of each kind, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportSums {
    /// Of sales, voided ones among them.
    pub sales: (u64, u64),
    /// Of voids.
    pub voids: (u64, u64),
    /// Of refunds.
    pub refunds: (u64, u64),
}

impl ReportSums {
    fn net(self) -> i128 {
        i128::from(self.sales.1) - i128::from(self.voids.1) - i128::from(self.refunds.1)
    }
}

/// Sets the report. Each line ends with a line feed and is at most as wide as the paper.
#[must_use]
pub fn print_report(data: &ReportData, columns: Columns, language: Language) -> String {
    let mut report = Report { paper: Paper::new(columns, language), texts: Catalogue::of(language) };
    report.head(data);
    for currency in &data.currencies {
        report.currency(currency);
    }
    report.foot(data);
    report.paper.into_text()
}

struct Report {
    paper: Paper,
    texts: &'static Catalogue,
}

impl Report {
    fn head(&mut self, data: &ReportData) {
        let merchant = &data.merchant;
        self.paper.centre(&merchant.name);
        merchant.address.iter().for_each(|line| self.paper.centre(line));
        self.paper.rule('=');
        self.paper.space();
        self.centre("settlement");
        self.centre(if data.is_closed { "batch_closed" } else { "batch_not_closed" });
        self.paper.space();
        self.pair("merchant_id", merchant.merchant_id.as_str());
        self.pair("terminal_id", merchant.terminal_id.as_str());
        self.pair("batch", &data.batch.to_string());
        if let Some(at) = data.at {
            self.pair("date", &merchant.zone.date(at));
            self.pair("time", &merchant.zone.time(at));
        }
    }

    fn currency(&mut self, of: &ReportCurrency) {
        for (brand, sums) in &of.brands {
            self.paper.rule('-');
            self.paper.left(brand);
            self.kinds(of.currency, *sums);
        }
        self.paper.rule('=');
        let total = self.label("total");
        self.paper.pair(&total, of.currency.code());
        self.kinds(of.currency, of.sums);
        self.paper.rule('-');
        let (net, label) = (of.sums.net(), self.label("net"));
        let sign = if net < 0 { "-" } else { "" };
        let text = format!("{sign}{} {}", of.currency.digits_of(net.unsigned_abs()), of.currency);
        self.paper.pair(&label, &text);
    }

    /// Sales always, the others where there are any.
    fn kinds(&mut self, currency: Currency, sums: ReportSums) {
        for (name, (count, minor)) in [("sales", sums.sales), ("voids", sums.voids), ("refunds", sums.refunds)] {
            if count > 0 || name == "sales" {
                let label = format!("{} {count}", self.label(name));
                self.paper.pair(&label, &currency.digits_of(minor.into()));
            }
        }
    }

    fn foot(&mut self, data: &ReportData) {
        self.paper.rule('=');
        if let Some(mark) = data.journal {
            self.pair("journal_sequence", &mark.sequence.to_string());
            self.pair("journal_root", &hex::encode(&mark.root[..8]));
        }
        self.paper.space();
        self.centre(match (data.is_closed, data.by_decision, data.was_uploaded) {
            (true, true, _) => "closed_by_decision_note",
            (true, false, false) => "balanced_note",
            (true, false, true) => "uploaded_note",
            (false, ..) => "not_closed_note",
        });
    }

    fn centre(&mut self, name: &str) {
        let label = self.label(name);
        self.paper.centre(&label);
    }

    fn pair(&mut self, name: &str, value: &str) {
        let label = self.label(name);
        self.paper.pair(&label, value);
    }

    fn label(&self, name: &str) -> String {
        self.texts.say(&format!("receipt.{name}"), &[])
    }
}
