//! What takes money back after a sale: voids, their reversals, and refunds.
//!
//! Each names its sale by batch and trace number, and where it says the reference and the authorisation code, they
//! must be the sale's: no card number comes with it. A refund is answered once and the same way again: one that was
//! acknowledged is 94 with its reference, one that was refused is refused again. A trace number that something else
//! has is 94 without a reference, or 12 where the message says that it is a repeat: acknowledging that would be a lie.
//! Evidence: `sandbox/tests/host_corrections.rs`.

use taptill::iso8583::{Op, ValueName};

use super::book::{BookEntry, EntryKey, EntryKind, EntryState};
use super::error::HostError;
use super::ruling::{Booking, Case, Ruling, code, sign_on_code};

impl Case<'_> {
    /// Rules on a message of any operation but those that carry keys.
    pub(super) fn ruling(&self, op: Op) -> Result<Ruling, HostError> {
        match op {
            Op::Sale => self.sale(),
            Op::Reversal => self.reversal(),
            Op::Void => self.void(),
            Op::VoidReversal => self.void_reversal(),
            Op::Refund => self.refund(),
            Op::Settle => self.settle(),
            Op::BatchUpload => self.upload(),
            Op::SettleEnd => self.settle_end(),
            Op::Parameters => Ok(self.parameters()),
            Op::Statement => self.statement(),
            Op::Freeze | Op::Release | Op::LossReport | Op::Deregister | Op::RenewCertificate => self.told(op),
            Op::Echo | Op::SignOn => Ok(Ruling::plain(code::APPROVED)),
        }
    }

    /// Rules on a void and takes its whole sale back.
    fn void(&self) -> Result<Ruling, HostError> {
        let Some((key, amount_minor)) = self.key_and_amount() else { return Ok(Ruling::plain(code::FORMAT_ERROR)) };
        if key.batch != self.terminal.batch {
            return Ok(Ruling::plain(sign_on_code(self.row)));
        }
        if self.page.entry(&self.terminal.terminal, key.batch, key.stan)?.is_some() {
            return Ok(Ruling::plain(code::DUPLICATE));
        }
        let sale = self.original()?;
        let refusal = match &sale {
            None => Some(code::ORIGINAL_NOT_FOUND),
            Some(sale) if !self.names(sale) => Some(code::ORIGINAL_NOT_FOUND),
            Some(sale) if sale.amount_minor != amount_minor => Some(code::ORIGINAL_AMOUNT_DIFFERS),
            Some(sale) if sale.batch != self.terminal.batch => Some(code::INVALID_TRANSACTION),
            // Taken back already, or refunded in part: it cannot be taken back as a whole.
            Some(sale) if sale.net_minor != sale.amount_minor => Some(code::INVALID_TRANSACTION),
            Some(_) => None,
        };
        let entry = self.book_correction(EntryKind::Void, key, amount_minor, sale.as_ref(), refusal)?;
        if let (Some(mut sale), None) = (sale, refusal) {
            (sale.state, sale.net_minor) = (EntryState::Voided, 0);
            self.page.update(&sale)?;
        }
        let auth_code = entry.auth_code.clone();
        Ok(Ruling { auth_code, ..Ruling::about(entry, refusal.unwrap_or(code::APPROVED)) })
    }

    /// Rules on the reversal of a void and charges the sale again.
    fn void_reversal(&self) -> Result<Ruling, HostError> {
        let stan = self.stan(ValueName::OriginalStan).or_else(|| self.stan(ValueName::Stan));
        let (Some(stan), Some(amount_minor)) = (stan, self.amount_minor()) else {
            return Ok(Ruling::plain(code::FORMAT_ERROR));
        };
        let key = EntryKey { batch: self.original_batch(), stan };
        let Some(mut void) = self.page.entry(&self.terminal.terminal, key.batch, key.stan)? else {
            return self.remember_reversal(EntryKind::Void, key, amount_minor);
        };
        if !self.is_reversible(&void, EntryKind::Void) {
            return Ok(Ruling::about(void, code::ORIGINAL_NOT_FOUND));
        }
        if void.amount_minor != amount_minor {
            return Ok(Ruling::about(void, code::ORIGINAL_AMOUNT_DIFFERS));
        }
        if void.state == EntryState::Booked {
            void.state = EntryState::Reversed;
            self.charge_again(&void)?;
        }
        void.reversals = 1;
        self.page.update(&void)?;
        Ok(Ruling::about(void, code::APPROVED))
    }

    fn charge_again(&self, void: &BookEntry) -> Result<(), HostError> {
        let of = void.of.ok_or(HostError::BookUnusable)?;
        let sale = self.page.entry(&self.terminal.terminal, of.batch, of.stan)?;
        let mut sale = sale.ok_or(HostError::BookUnusable)?;
        (sale.state, sale.net_minor) = (EntryState::Booked, sale.amount_minor);
        self.page.update(&sale)
    }

    /// Rules on a refund and takes it from its sale.
    fn refund(&self) -> Result<Ruling, HostError> {
        let Some((key, amount_minor)) = self.key_and_amount() else { return Ok(Ruling::plain(code::FORMAT_ERROR)) };
        let sale = self.original()?;
        if let Some(taken) = self.page.entry(&self.terminal.terminal, key.batch, key.stan)? {
            return Ok(self.refund_again(taken, sale.as_ref(), amount_minor));
        }
        if key.batch != self.terminal.batch {
            return Ok(Ruling::plain(sign_on_code(self.row)));
        }
        let refusal = match &sale {
            _ if amount_minor == 0 => Some(code::INVALID_AMOUNT),
            None => Some(code::ORIGINAL_NOT_FOUND),
            Some(sale) if !self.names(sale) => Some(code::ORIGINAL_NOT_FOUND),
            Some(sale) if sale.state != EntryState::Booked => Some(code::INVALID_TRANSACTION),
            Some(sale) if amount_minor > sale.net_minor => Some(code::OVER_LIMIT),
            Some(_) => None,
        };
        let entry = self.book_correction(EntryKind::Refund, key, amount_minor, sale.as_ref(), refusal)?;
        if let (Some(mut sale), None) = (sale, refusal) {
            sale.net_minor -= amount_minor;
            self.page.update(&sale)?;
        }
        Ok(Ruling::about(entry, refusal.unwrap_or(code::APPROVED)))
    }

    fn refund_again(&self, taken: BookEntry, sale: Option<&BookEntry>, amount_minor: u64) -> Ruling {
        let of = sale.map(key_of);
        let is_same = taken.kind == EntryKind::Refund && taken.amount_minor == amount_minor && taken.of == of;
        match taken.state {
            EntryState::Booked if is_same => Ruling::about(taken, code::DUPLICATE),
            EntryState::Declined if is_same => {
                let refusal = taken.response_code.as_str().to_owned();
                Ruling::about(taken, refusal)
            }
            _ if self.is_repeat => Ruling::plain(code::INVALID_TRANSACTION),
            _ => Ruling::plain(code::DUPLICATE),
        }
    }

    fn book_correction(
        &self,
        kind: EntryKind,
        key: EntryKey,
        amount_minor: u64,
        sale: Option<&BookEntry>,
        refusal: Option<&'static str>,
    ) -> Result<BookEntry, HostError> {
        let state = if refusal.is_none() { EntryState::Booked } else { EntryState::Declined };
        let code = refusal.unwrap_or(code::APPROVED);
        self.book(&Booking { kind, key, of: sale.map(key_of), amount_minor, state, code })
    }

    fn key_and_amount(&self) -> Option<(EntryKey, u64)> {
        let batch = self.batch(ValueName::Batch).unwrap_or(self.terminal.batch);
        Some((EntryKey { batch, stan: self.stan(ValueName::Stan)? }, self.amount_minor()?))
    }

    fn original_batch(&self) -> taptill::ids::BatchNo {
        let batch = self.batch(ValueName::OriginalBatch).or_else(|| self.batch(ValueName::Batch));
        batch.unwrap_or(self.terminal.batch)
    }

    /// The sale that the message names.
    fn original(&self) -> Result<Option<BookEntry>, HostError> {
        let Some(stan) = self.stan(ValueName::OriginalStan) else { return Ok(None) };
        let found = self.page.entry(&self.terminal.terminal, self.original_batch(), stan)?;
        Ok(found.filter(|entry| entry.kind == EntryKind::Sale))
    }

    /// Whether everything that the message says of its sale is so.
    fn names(&self, sale: &BookEntry) -> bool {
        let agrees = |name, known: Option<&str>| self.request.text(name).is_none_or(|said| Some(said) == known);
        let has_auth_code = sale.auth_code.as_ref().map(|code| code.as_str());
        agrees(ValueName::OriginalRrn, Some(sale.rrn.as_str())) && agrees(ValueName::OriginalAuthCode, has_auth_code)
    }
}

fn key_of(entry: &BookEntry) -> EntryKey {
    EntryKey { batch: entry.batch, stan: entry.stan }
}
