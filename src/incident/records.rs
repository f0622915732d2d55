//! The merchant's own records as comma-separated values (RFC 4180): payments, refunds, batches.
//!
//! A page of the ledger becomes a page of text, newest first, so that a file of any length is written with little in
//! memory and payments go on between two pages. Amounts are written with the currency's decimals and never grouped;
//! times are the shop's own, with the offset. A text that a spreadsheet would take for a formula begins with `'`.
//!
//! It never shows of a card more than the masked number. Evidence: `mod tests` below, `tests/evidence.rs`.

use csv::{Terminator, Writer, WriterBuilder};

use crate::clock::WallMs;
use crate::error::Error;
use crate::journal::{Cursor, Journal};
use crate::money::Currency;
use crate::payment::batch::totals::CurrencyTotals;
use crate::payment::books::{self, Booked, BookedRefund};
use crate::payment::{ApprovedBy, BatchView};
use crate::receipt::Zone;

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnRecords {
    /// Sales and voids.
    Payments,
    /// Refunds.
    Refunds,
    /// Batches whose settlement has begun, a line a currency.
    Batches,
}

/// A page of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordsPage {
    /// The lines, each with its end; those of the first page begin with the names of the columns.
    pub text: String,
    /// How many records they are.
    pub records: u64,
    /// Where the next page begins; nothing after the last.
    pub next: Option<Cursor>,
}

impl OwnRecords {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Payments, Self::Refunds, Self::Batches];

    /// The name of the file.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Payments => "payments.csv",
            Self::Refunds => "refunds.csv",
            Self::Batches => "batches.csv",
        }
    }

    /// The names of the columns, which no version takes away.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Payments => PAYMENT_COLUMNS,
            Self::Refunds => REFUND_COLUMNS,
            Self::Batches => BATCH_COLUMNS,
        }
    }

    /// A page of the file: the first, or the one that begins here.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn page(self, journal: &Journal, zone: &Zone, after: Option<Cursor>) -> Result<RecordsPage, Error> {
        let mut lines = Lines::new();
        if after.is_none() {
            lines.add(self.columns().iter().map(|name| (*name).to_owned()));
        }
        let next = match self {
            Self::Payments => {
                let page = books::every_attempt(journal, PAGE_RECORDS, after)?;
                page.attempts.iter().for_each(|booked| lines.count(payment(booked, zone)));
                page.next
            }
            Self::Refunds => {
                let page = books::every_refund(journal, PAGE_RECORDS, after)?;
                page.refunds.iter().for_each(|booked| lines.count(refund(booked, zone)));
                page.next
            }
            Self::Batches => {
                let page = books::every_batch(journal, PAGE_RECORDS, after)?;
                page.batches.iter().for_each(|view| batch(view, zone).into_iter().for_each(|line| lines.count(line)));
                page.next
            }
        };
        let (text, records) = lines.end();
        Ok(RecordsPage { text, records, next })
    }

    /// The whole file, page by page; gives how many records it has.
    ///
    /// # Errors
    /// Those of the journal, and the first of `each`.
    pub fn write(
        self,
        journal: &Journal,
        zone: &Zone,
        each: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let (mut records, mut after) = (0, None);
        loop {
            let page = self.page(journal, zone, after)?;
            each(&page.text)?;
            records += page.records;
            after = page.next;
            if after.is_none() {
                return Ok(records);
            }
        }
    }
}

/// Lines of text, and how many records they are.
struct Lines {
    writer: Writer<Vec<u8>>,
    records: u64,
}

impl Lines {
    fn new() -> Self {
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
        Self { writer, records: 0 }
    }

    fn add(&mut self, fields: impl IntoIterator<Item = String>) {
        self.writer.write_record(fields).expect("lines of any length are written to memory");
    }

    fn count<const N: usize>(&mut self, fields: [String; N]) {
        self.add(fields);
        self.records += 1;
    }

    fn end(self) -> (String, u64) {
        let bytes = self.writer.into_inner().expect("nothing fails that is written to memory");
        (String::from_utf8(bytes).expect("all fields are text"), self.records)
    }
}

fn payment(booked: &Booked, zone: &Zone) -> [String; PAYMENT_COLUMNS.len()] {
    let view = &booked.view;
    let currency = view.amount.currency();
    [
        plain(&view.attempt),
        view.kind.word().to_owned(),
        maybe(view.of.as_ref()),
        maybe(view.order.as_ref()),
        view.state.word().to_owned(),
        view.reason.map_or("", |reason| reason.word()).to_owned(),
        digits(currency, view.amount.minor()),
        currency.to_string(),
        digits(currency, view.refunded_minor),
        zone.date(view.created_ms),
        zone.time(view.created_ms),
        maybe(view.card_masked.as_ref()),
        maybe(view.label.as_ref()),
        maybe(view.stan.as_ref()),
        maybe(view.batch.as_ref()),
        maybe(view.auth_code.as_ref()),
        maybe(view.rrn.as_ref()),
        maybe(view.host_code.as_ref()),
        maybe(booked.host_day.as_ref()),
        yes_or_no(view.settled),
        view.decision.map_or("", |decision| decision.word()).to_owned(),
        view.journal.sequence.to_string(),
    ]
}

fn refund(booked: &BookedRefund, zone: &Zone) -> [String; REFUND_COLUMNS.len()] {
    let view = &booked.view;
    let currency = view.amount.currency();
    let approved_by = match &view.approved_by {
        Some(ApprovedBy::Operator { name, .. }) => plain(name),
        Some(ApprovedBy::Host) => "(host)".to_owned(),
        None => String::new(),
    };
    [
        plain(&view.refund),
        plain(&view.attempt),
        maybe(view.order.as_ref()),
        view.state.word().to_owned(),
        view.reason.map_or("", |reason| reason.word()).to_owned(),
        digits(currency, view.amount.minor()),
        currency.to_string(),
        maybe(view.requested_by.as_ref()),
        zone.date(view.requested_ms),
        zone.time(view.requested_ms),
        approved_by,
        view.approved_ms.map(|at| zone.date(at)).unwrap_or_default(),
        view.approved_ms.map(|at| zone.time(at)).unwrap_or_default(),
        maybe(view.rejected.as_ref().map(|rejected| &rejected.reason)),
        maybe(view.card_masked.as_ref()),
        maybe(view.stan.as_ref()),
        maybe(view.batch.as_ref()),
        maybe(view.auth_code.as_ref()),
        maybe(view.rrn.as_ref()),
        maybe(view.host_code.as_ref()),
        booked.sent_on.as_ref().map(|(_, last)| last.clone()).unwrap_or_default(),
        view.decision.map_or("", |decision| decision.word()).to_owned(),
        view.journal.sequence.to_string(),
    ]
}

/// A line a currency; one without sums for a batch in which nothing was.
fn batch(view: &BatchView, zone: &Zone) -> Vec<[String; BATCH_COLUMNS.len()]> {
    let line = |totals: Option<&CurrencyTotals>| {
        let sum = |of: fn(&CurrencyTotals) -> (u64, u64)| {
            let (count, minor) = totals.map_or((0, 0), of);
            let shown = totals.map_or_else(|| minor.to_string(), |totals| digits(totals.currency, minor));
            (count.to_string(), shown)
        };
        let (sales, sold) = sum(|totals| (totals.sums.sale.count, totals.sums.sale.minor));
        let (voids, voided) = sum(|totals| (totals.sums.void.count, totals.sums.void.minor));
        let (refunds, refunded) = sum(|totals| (totals.sums.refund.count, totals.sums.refund.minor));
        let net = totals.map_or_else(|| "0".to_owned(), |totals| signed(totals.currency, totals.sums.net_minor()));
        [
            view.batch.to_string(),
            view.state.word().to_owned(),
            maybe(totals.map(|totals| totals.currency).as_ref()),
            sales,
            sold,
            voids,
            voided,
            refunds,
            refunded,
            net,
            when(view.closing_ms, zone),
            when(view.closed_ms, zone),
            maybe(view.host_code.as_ref()),
            view.uploaded.to_string(),
            view.journal.as_ref().map(|place| place.sequence.to_string()).unwrap_or_default(),
        ]
    };
    match view.totals.0.as_slice() {
        [] => vec![line(None)],
        totals => totals.iter().map(|totals| line(Some(totals))).collect(),
    }
}

fn digits(currency: Currency, minor: u64) -> String {
    currency.digits_of(minor.into())
}

fn signed(currency: Currency, minor: i128) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", currency.digits_of(minor.unsigned_abs()))
}

fn when(at: Option<WallMs>, zone: &Zone) -> String {
    at.map(|at| format!("{} {}", zone.date(at), zone.time(at))).unwrap_or_default()
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn maybe(value: Option<&impl ToString>) -> String {
    value.map(plain).unwrap_or_default()
}

/// A spreadsheet that opens the file must not run what somebody wrote into an order number (CWE-1236).
fn plain(value: &impl ToString) -> String {
    let text = value.to_string();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

const PAYMENT_COLUMNS: &[&str] = &[
    "attempt",
    "kind",
    "of",
    "order",
    "state",
    "reason",
    "amount",
    "currency",
    "refunded",
    "date",
    "time",
    "card",
    "label",
    "stan",
    "batch",
    "auth_code",
    "rrn",
    "host_code",
    "host_day",
    "settled",
    "decision",
    "record",
];
const REFUND_COLUMNS: &[&str] = &[
    "refund",
    "attempt",
    "order",
    "state",
    "reason",
    "amount",
    "currency",
    "requested_by",
    "requested_date",
    "requested_time",
    "approved_by",
    "approved_date",
    "approved_time",
    "rejected_because",
    "card",
    "stan",
    "batch",
    "auth_code",
    "rrn",
    "host_code",
    "sent_on",
    "decision",
    "record",
];
const BATCH_COLUMNS: &[&str] = &[
    "batch",
    "state",
    "currency",
    "sales",
    "sold",
    "voids",
    "voided",
    "refunds",
    "refunded",
    "net",
    "closing",
    "closed",
    "host_code",
    "uploaded",
    "record",
];
/// A few milliseconds of the till's time.
const PAGE_RECORDS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for (given, written) in [
            ("A-1", "A-1"),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(plain(&given), written);
        }
    }

    #[test]
    fn amounts_have_their_currencies_decimals() {
        let yen = Currency::from_code("JPY").unwrap();
        assert_eq!([digits(Currency::CNY, 5), digits(yen, 5)], ["0.05", "5"]);
        assert_eq!([signed(Currency::CNY, -1_230), signed(yen, 0)], ["-12.30", "0"]);
    }

    #[test]
    fn a_field_with_a_comma_or_a_quote_stays_one_field() {
        let mut lines = Lines::new();
        lines.count(["a,b".to_owned(), "say \"no\"".to_owned(), "two\nlines".to_owned()]);
        let (text, records) = lines.end();
        assert_eq!((text.as_str(), records), ("\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\r\n", 1));
    }
}
