//! How the host closes a batch: by totals that are its own, or by every record one by one. Once.
//!
//! The same request again, also for a batch that is closed, is answered as before. It never changes a closed batch.
//! Evidence: `sandbox/simulator/tests/planted.rs`.

use taptill::acquirer::{LineKind, UploadLine};
use taptill::iso8583::{ValueName, Values};

use crate::book::{Closing, Sums};
use crate::counter::Counter;
use crate::host::number;

impl Counter {
    /// The host's own sums of a batch.
    fn sums(&self, batch: u32) -> Sums {
        let mut sums = Sums::default();
        for line in self.book.lines.iter().filter(|line| line.batch == batch && !line.is_reversed) {
            let place = ["sale", "void", "refund"].iter().position(|kind| *kind == line.kind).unwrap_or(0);
            sums[place].0 += 1;
            sums[place].1 += line.amount_minor;
        }
        sums
    }

    /// What the till owes the acquirer of the open batch, or is owed.
    pub fn balance_minor(&self) -> i128 {
        let [sales, voids, refunds] = self.sums(self.batch).map(|(_, minor)| i128::from(minor));
        sales - voids - refunds
    }

    /// The till's totals against the host's own; `looks_again` makes it want every record whatever they are.
    pub fn settle(&mut self, request: &Values, looks_again: bool, answer: &mut Values) -> &'static str {
        let batch = number(request, ValueName::Batch);
        if self.closes_again {
            self.book
                .closings
                .iter_mut()
                .filter(|closing| closing.batch == batch)
                .for_each(|closing| closing.times += 1);
        }
        let closed = self.book.closings.iter().find(|closing| closing.batch == batch).cloned();
        if closed.is_none() && batch != self.batch {
            return "12";
        }
        let host = closed.as_ref().map_or_else(|| self.sums(batch), |closing| closing.host);
        let till = said(request, host);
        self.heard.insert(batch, till);
        let is_balanced = closed.as_ref().map_or(host == till && !looks_again, |closing| closing.uploaded == 0);
        let given_back = (host[1].0 + host[2].0, host[1].1 + host[2].1);
        for (names, (count, minor)) in NAMES.iter().zip(host.into_iter().chain([given_back])) {
            answer.set_number(names.0, count).set_number(names.1, minor);
        }
        answer.set_number(ValueName::SettlementCode, if is_balanced { 1 } else { 2 });
        if closed.is_none() && is_balanced {
            self.close(Closing { batch, host, till, uploaded: 0, records: Sums::default(), times: 1 });
        }
        "00"
    }

    /// Records of a batch whose totals differ.
    pub fn upload(&mut self, request: &Values) -> &'static str {
        let place = number(request, ValueName::UploadIndex);
        let Ok(lines) = UploadLine::read_all(request.get(ValueName::UploadLines).unwrap_or_default()) else {
            return "30";
        };
        let batch = number(request, ValueName::Batch);
        for (place, line) in (place..).zip(lines) {
            let kind = [LineKind::Sale, LineKind::Void, LineKind::Refund].iter().position(|kind| *kind == line.kind);
            self.uploaded.insert((batch, place), (kind.unwrap_or(0), line.amount_minor));
        }
        "00"
    }

    /// All records are there: the batch is closed, once.
    pub fn end(&mut self, request: &Values) -> &'static str {
        let batch = number(request, ValueName::Batch);
        if self.book.closings.iter().any(|closing| closing.batch == batch) {
            return "00";
        }
        let (mut uploaded, mut records) = (0, Sums::default());
        for (kind, minor) in self.uploaded.iter().filter(|((of, _), _)| *of == batch).map(|(_, line)| *line) {
            uploaded += 1;
            records[kind].0 += 1;
            records[kind].1 += minor;
        }
        if batch != self.batch || uploaded != u64::from(number(request, ValueName::UploadCount)) {
            return "12";
        }
        let till = self.heard.get(&batch).copied().unwrap_or_default();
        self.close(Closing { batch, host: self.sums(batch), till, uploaded, records, times: 1 });
        "00"
    }

    /// The batch that a sign-on names. A host that opens another one does so for good where nothing is in this one.
    pub fn named(&mut self, another: bool) -> u32 {
        let is_empty = self.book.lines.iter().all(|line| line.batch != self.batch || line.is_reversed);
        if another && is_empty {
            self.batch += 1;
            return self.batch;
        }
        self.batch + u32::from(another)
    }

    fn close(&mut self, closing: Closing) {
        self.batch = closing.batch + 1;
        self.book.closings.push(closing);
    }
}

/// The totals that a request names. A dialect may name voids and refunds together: where the host has as much of both,
/// the till is taken to have said the same.
fn said(request: &Values, host: Sums) -> Sums {
    let digits = |name| request.text(name).and_then(|text| text.parse::<u64>().ok());
    let mut sums = NAMES.map(|(count, minor)| (digits(count).unwrap_or(0), digits(minor).unwrap_or(0)));
    if digits(NAMES[1].0).is_none() {
        let is_equal = sums[3] == (host[1].0 + host[2].0, host[1].1 + host[2].1);
        (sums[1], sums[2]) = if is_equal { (host[1], host[2]) } else { (sums[3], (0, 0)) };
    }
    [sums[0], sums[1], sums[2]]
}

const NAMES: [(ValueName, ValueName); 4] = [
    (ValueName::SalesCount, ValueName::SalesMinor),
    (ValueName::VoidsCount, ValueName::VoidsMinor),
    (ValueName::RefundsCount, ValueName::RefundsMinor),
    (ValueName::GivenBackCount, ValueName::GivenBackMinor),
];
