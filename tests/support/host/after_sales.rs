//! What a host does with everything that comes after a sale: voids, refunds, settlements, statements.
//!
//! A void and a refund name their sale by batch and STAN where the dialect carries both, else by STAN in the open
//! batch. What was answered once is answered the same way again; a batch closes once.

use std::collections::BTreeMap;

use taptill::acquirer::envelope::Opened;
use taptill::acquirer::{StatementLine, UploadLine};
use taptill::iso8583::{Op, ValueName, Values};

use super::{Host, Key, Said, Trouble, amount_of, digits, key_of};

/// A void in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voided {
    /// The sale that it takes back.
    pub of: Key,
    pub amount_minor: u64,
    pub reversed: bool,
}

/// A refund in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// The sale that it gives back from.
    pub of: Key,
    pub amount_minor: u64,
}

/// Count and sum of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub sales: (u64, u64),
    pub voids: (u64, u64),
    pub refunds: (u64, u64),
}

/// A batch that somebody asked to settle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// How the last comparison came out.
    pub balanced: bool,
    /// What was uploaded, by place.
    pub lines: BTreeMap<u32, UploadLine>,
    /// How many ends were answered with the closing of it: 0 or 1.
    pub closed: u32,
}

/// To sign on first, in every shipped dialect.
const ANOTHER_BATCH: &str = "A0";
/// In any answer of any shipped dialect.
const PAGE_LINES: usize = StatementLine::PAGE_MAX;

impl Host {
    pub(super) fn after_sale(&mut self, op: Op, opened: &Opened, message: &[u8]) -> Vec<Said> {
        let request = &opened.values;
        let key = key_of(request, ValueName::Batch, ValueName::Stan);
        let trouble = self.trouble_of(op);
        if trouble == Trouble::Overtaken {
            self.held = Some(message.to_vec());
            return Vec::new();
        }
        self.arrived.push((op, key.clone(), opened.is_repeat));
        let said = request.iter().filter(|(name, _)| *name != ValueName::JournalHead);
        self.said_to_it.push((op, said.map(|(name, value)| (name, value.to_vec())).collect()));
        if trouble == Trouble::Forget {
            return Vec::new();
        }
        let scripted = self.codes_of.get_mut(&op).and_then(std::collections::VecDeque::pop_front);
        let mut brought = Values::new();
        let code = match scripted {
            Some(code) => code,
            None if trouble == Trouble::Decline => "12",
            None => self.ruled(op, request, &key, &mut brought),
        };
        if op == Op::VoidReversal {
            return self.answer_reversal(op, request, code);
        }
        let mut answer = self.answer_values(op, request, code);
        brought.iter().for_each(|(name, value)| {
            answer.set(name, value);
        });
        self.give(op, trouble, key, &answer)
    }

    fn ruled(&mut self, op: Op, request: &Values, key: &Key, brought: &mut Values) -> &'static str {
        match op {
            Op::Void => self.void(request, key),
            Op::VoidReversal => self.reverse_void(request),
            Op::Refund => self.refund(request, key),
            Op::Settle => self.settle(request, brought),
            Op::BatchUpload => self.upload(request),
            Op::SettleEnd => self.close(request),
            Op::Statement => self.statement_page(request, brought),
            Op::Parameters => {
                brought.set(ValueName::ParameterText, &self.parameters);
                "00"
            }
            op if op.is_told() => self.hear_told(op, request, brought),
            _ => "12",
        }
    }

    fn void(&mut self, request: &Values, key: &Key) -> &'static str {
        if self.is_taken(key) {
            return "94";
        }
        let (of, amount_minor) = (self.original_of(request), amount_of(request));
        match self.book.get_mut(&of) {
            Some(sale) if sale.reversed || sale.voided => "12",
            Some(sale) if sale.amount_minor != amount_minor => "64",
            Some(sale) => {
                sale.voided = true;
                self.voids.insert(key.clone(), Voided { of, amount_minor, reversed: false });
                "00"
            }
            None => "25",
        }
    }

    fn reverse_void(&mut self, request: &Values) -> &'static str {
        let key = self.original_of(request);
        self.reversals.push(key.clone());
        self.reversal_reasons.push(digits(request, ValueName::ReversalReason));
        if let Some(code) = self.reversal_codes.pop_front() {
            self.up = !(self.goes_down_after_codes && self.reversal_codes.is_empty());
            return code;
        }
        if self.refused.contains(&key) {
            return "12";
        }
        match self.voids.get_mut(&key) {
            Some(void) if void.reversed => "25",
            Some(void) => {
                void.reversed = true;
                if let Some(sale) = self.book.get_mut(&void.of) {
                    sale.voided = false;
                }
                "00"
            }
            None => {
                self.reversed_unseen.insert(key);
                "00"
            }
        }
    }

    fn refund(&mut self, request: &Values, key: &Key) -> &'static str {
        if self.is_taken(key) {
            return "94";
        }
        if key.0 != format!("{:06}", self.batch) {
            return ANOTHER_BATCH;
        }
        let (of, amount_minor) = (self.original_of(request), amount_of(request));
        let given_back: u64 = self.refunds.values().filter(|refund| refund.of == of).map(|it| it.amount_minor).sum();
        match self.book.get(&of) {
            Some(sale) if sale.reversed || sale.voided => "12",
            Some(sale) if given_back + amount_minor > sale.amount_minor => "61",
            Some(_) => {
                self.refunds.insert(key.clone(), Refunded { of, amount_minor });
                "00"
            }
            None => "25",
        }
    }

    /// The host's totals of a batch, as a till should have them.
    pub fn totals(&self, batch: u32) -> Totals {
        let batch = format!("{batch:06}");
        let of_batch = |key: &Key| key.0 == batch;
        let mut totals = Totals::default();
        let mut add = |into: fn(&mut Totals) -> &mut (u64, u64), amount| {
            let (count, sum) = into(&mut totals);
            *count += 1;
            *sum += amount;
        };
        for (_, sale) in self.book.iter().filter(|(key, sale)| of_batch(key) && !sale.reversed) {
            add(|totals| &mut totals.sales, sale.amount_minor);
        }
        for (_, void) in self.voids.iter().filter(|(key, void)| of_batch(key) && !void.reversed) {
            add(|totals| &mut totals.voids, void.amount_minor);
        }
        for (_, refund) in self.refunds.iter().filter(|(key, _)| of_batch(key)) {
            add(|totals| &mut totals.refunds, refund.amount_minor);
        }
        totals
    }

    fn settle(&mut self, request: &Values, brought: &mut Values) -> &'static str {
        let Some(batch) = self.batch_of(request) else { return "12" };
        let totals = self.totals(batch);
        let given_back = (totals.voids.0 + totals.refunds.0, totals.voids.1 + totals.refunds.1);
        let own = [
            (ValueName::SalesCount, totals.sales.0),
            (ValueName::SalesMinor, totals.sales.1),
            (ValueName::VoidsCount, totals.voids.0),
            (ValueName::VoidsMinor, totals.voids.1),
            (ValueName::RefundsCount, totals.refunds.0),
            (ValueName::RefundsMinor, totals.refunds.1),
            (ValueName::GivenBackCount, given_back.0),
            (ValueName::GivenBackMinor, given_back.1),
        ];
        let said = |name| request.text(name).and_then(|text| text.parse::<u64>().ok());
        let balanced = own.iter().all(|(name, own)| said(*name).is_none_or(|said| said == *own));
        for (name, own) in own {
            brought.set_number(name, own);
        }
        brought.set_number(ValueName::SettlementCode, if balanced { 1 } else { 2 });
        let entry = self.batches.entry(batch).or_default();
        if entry.closed == 0 {
            entry.balanced = balanced;
        }
        if entry.closed == 0 && balanced {
            self.close_batch(batch);
        }
        "00"
    }

    fn upload(&mut self, request: &Values) -> &'static str {
        let place = digits(request, ValueName::UploadIndex).parse::<u32>();
        let lines = UploadLine::read_all(request.get(ValueName::UploadLines).unwrap_or_default());
        let (Some(batch), Ok(place), Ok(lines)) = (self.batch_of(request), place, lines) else { return "30" };
        self.batches.entry(batch).or_default().lines.extend((place..).zip(lines));
        "00"
    }

    /// Closes a batch whose lines have all come, once; the open one is then the next.
    fn close(&mut self, request: &Values) -> &'static str {
        let count = digits(request, ValueName::UploadCount).parse::<usize>();
        let Some(number) = self.batch_of(request) else { return "12" };
        match self.batches.get_mut(&number) {
            Some(batch) if batch.closed > 0 => "00",
            Some(batch) if Ok(batch.lines.len()) == count => {
                self.close_batch(number);
                "00"
            }
            _ => "12",
        }
    }

    fn close_batch(&mut self, number: u32) {
        self.batches.entry(number).or_default().closed += 1;
        self.batch = if number == 999_999 { 1 } else { number + 1 };
    }

    fn statement_page(&self, request: &Values, brought: &mut Values) -> &'static str {
        let page = digits(request, ValueName::StatementPage).parse::<usize>().unwrap_or_default();
        let pages = self.statement.len().div_ceil(PAGE_LINES);
        brought.set_number(ValueName::StatementPages, pages as u64);
        if let Some((day, page)) = self.statement_of {
            brought.set(ValueName::StatementDay, day).set_number(ValueName::StatementPage, page);
        }
        let mut bytes = Vec::new();
        let of_page = self.statement.iter().skip(page.saturating_sub(1) * PAGE_LINES).take(PAGE_LINES);
        of_page.for_each(|line| line.write(&mut bytes));
        if !bytes.is_empty() {
            brought.set(ValueName::StatementLines, bytes);
        }
        "00"
    }

    /// The open batch, or one that is closed already.
    fn batch_of(&self, request: &Values) -> Option<u32> {
        let batch = digits(request, ValueName::Batch).parse().ok()?;
        let is_closed = self.batches.get(&batch).is_some_and(|batch| batch.closed > 0);
        (batch == self.batch || is_closed).then_some(batch)
    }

    fn original_of(&self, request: &Values) -> Key {
        let (batch, stan) = key_of(request, ValueName::OriginalBatch, ValueName::OriginalStan);
        if batch.is_empty() { (digits(request, ValueName::Batch), stan) } else { (batch, stan) }
    }

    fn is_taken(&self, key: &Key) -> bool {
        let reversed = self.reversed_unseen.contains(key);
        reversed || self.book.contains_key(key) || self.voids.contains_key(key) || self.refunds.contains_key(key)
    }
}
