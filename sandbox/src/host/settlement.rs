//! Settling a batch: totals are compared, lines are taken, and the batch is closed once.
//!
//! Totals in balance close it at once; others when all lines have come and the end is announced. A closed batch is asked again by a terminal that did not hear the answer: the book has not changed since, so it
//! is answered as before, and nothing happens twice. Another batch than the open one or a closed one is not known.
//! Evidence: `sandbox/tests/host_settlement.rs`.

use taptill::acquirer::UploadLine;
use taptill::ids::BatchNo;
use taptill::iso8583::{ValueName, Values};

use super::batches::Totals;
use super::error::HostError;
use super::ruling::{Case, Ruling, code, sign_on_code};

/// ISO 8583-1:1987, field 66.
const IN_BALANCE: u64 = 1;
const OUT_OF_BALANCE: u64 = 2;

/// A batch that somebody may speak of.
struct Named {
    batch: BatchNo,
    is_open: bool,
}

impl Case<'_> {
    /// Compares the terminal's totals with the book's, and closes the batch where they are the same.
    pub(super) fn settle(&self) -> Result<Ruling, HostError> {
        let Some(named) = self.named_batch()? else { return Ok(Ruling::plain(sign_on_code(self.row))) };
        let own = values_of(&self.page.totals(&self.terminal.terminal, named.batch)?);
        let said = |name| self.request.text(name);
        let is_balanced = own.iter().all(|(name, own)| said(name).is_none_or(|said| said.as_bytes() == own));
        if named.is_open {
            self.page.compared(&self.terminal.terminal, named.batch, is_balanced)?;
            if is_balanced {
                self.page.close(&self.terminal.terminal, named.batch, self.now)?;
            }
        }
        let mut brought = own;
        brought.set_number(ValueName::SettlementCode, if is_balanced { IN_BALANCE } else { OUT_OF_BALANCE });
        Ok(Ruling::bringing(brought))
    }

    /// Keeps the lines of an open batch; those of a closed one are there.
    pub(super) fn upload(&self) -> Result<Ruling, HostError> {
        let Some(named) = self.named_batch()? else { return Ok(Ruling::plain(sign_on_code(self.row))) };
        let bytes = self.request.get(ValueName::UploadLines).unwrap_or_default();
        let (Some(place), Ok(lines)) = (self.number(ValueName::UploadIndex), UploadLine::read_all(bytes)) else {
            return Ok(Ruling::plain(code::FORMAT_ERROR));
        };
        if named.is_open {
            for (line, place) in lines.iter().zip(place..) {
                let mut bytes = Vec::with_capacity(UploadLine::BYTES);
                line.write(&mut bytes);
                self.page.upload(&self.terminal.terminal, named.batch, place, &bytes)?;
            }
        }
        Ok(Ruling::plain(code::APPROVED))
    }

    /// Closes a batch whose lines are all there; one that balanced is closed.
    pub(super) fn settle_end(&self) -> Result<Ruling, HostError> {
        let Some(named) = self.named_batch()? else { return Ok(Ruling::plain(sign_on_code(self.row))) };
        if !named.is_open {
            return Ok(Ruling::plain(code::APPROVED));
        }
        let terminal = &self.terminal.terminal;
        let is_compared = self.page.batch(terminal, named.batch)?.is_some();
        let uploaded = self.page.uploaded(terminal, named.batch)?;
        if !is_compared || self.number(ValueName::UploadCount).map(u64::from) != Some(uploaded) {
            return Ok(Ruling::plain(code::INVALID_TRANSACTION));
        }
        self.page.close(terminal, named.batch, self.now)?;
        Ok(Ruling::plain(code::APPROVED))
    }

    /// What the owner gave for this terminal, or what the host holds it to.
    pub(super) fn parameters(&self) -> Ruling {
        let usual = || format!("sale_max_minor={}", self.terminal.amount_limit_minor);
        let mut brought = Values::new();
        brought.set(ValueName::ParameterText, self.terminal.parameters.clone().unwrap_or_else(usual));
        Ruling::bringing(brought)
    }

    /// The batch that the message names, if it is the open one or one that was closed.
    fn named_batch(&self) -> Result<Option<Named>, HostError> {
        let batch = self.batch(ValueName::Batch).unwrap_or(self.terminal.batch);
        let is_open = batch == self.terminal.batch;
        let found = self.page.batch(&self.terminal.terminal, batch)?;
        let is_closed = found.is_some_and(|batch| batch.closed_ms.is_some());
        Ok((is_open || is_closed).then_some(Named { batch, is_open }))
    }

    pub(super) fn number(&self, name: ValueName) -> Option<u32> {
        self.request.text(name)?.parse().ok()
    }
}

fn values_of(totals: &Totals) -> Values {
    let mut values = Values::new();
    let given_back = totals.voids_minor + totals.refunds_minor;
    let (sign, net) = match totals.sales_minor.checked_sub(given_back) {
        Some(net) => ('D', net),
        None => ('C', given_back - totals.sales_minor),
    };
    values
        .set_number(ValueName::SalesCount, totals.sales_count)
        .set_number(ValueName::SalesMinor, totals.sales_minor)
        .set_number(ValueName::VoidsCount, totals.voids_count)
        .set_number(ValueName::VoidsMinor, totals.voids_minor)
        .set_number(ValueName::RefundsCount, totals.refunds_count)
        .set_number(ValueName::RefundsMinor, totals.refunds_minor)
        .set_number(ValueName::GivenBackCount, totals.voids_count + totals.refunds_count)
        .set_number(ValueName::GivenBackMinor, given_back)
        .set(ValueName::NetAmount, format!("{sign}{net:016}"));
    values
}
