//! What a camt entry, or one of its details, says: element by element as it is read, and then as a line.
//!
//! It never guesses what neither the detail nor its entry says. Evidence: `tests/statement_bad_input.rs`.

use crate::card::MaskedPan;
use crate::ids::{AuthCode, BatchNo, OrderNo, Rrn, Stan};
use crate::money::Currency;
use crate::settlement::statement::amount::Notation;
use crate::settlement::statement::day::Pattern;
use crate::settlement::statement::line::{StatedOrder, masked_card, without_card_numbers};
use crate::settlement::statement::{Day, Line, LineKind, WhyRefused};

/// What is known of an entry, or of one of its details.
#[derive(Default)]
pub(super) struct Part {
    number: u64,
    /// How long the path is inside this element.
    pub inside: usize,
    pub amount: Option<(String, String)>,
    is_debit: Option<bool>,
    is_reversal: bool,
    is_pending: bool,
    booked: Option<Day>,
    paid: Option<Day>,
    family: Option<String>,
    sub_family: Option<String>,
    fee: Option<(String, String)>,
    rrn: Option<Rrn>,
    stan: Option<Stan>,
    batch: Option<BatchNo>,
    auth_code: Option<AuthCode>,
    order: Option<StatedOrder>,
    card: Option<MaskedPan>,
    terminal: Option<String>,
    reference: Option<String>,
}

impl Part {
    /// One that begins on this line of the file, of which nothing is known.
    pub fn beginning(number: u64, inside: usize) -> Self {
        Self { number, inside, ..Self::default() }
    }

    /// What an element below this one says. Elements that are not named here are passed over.
    pub fn learn(
        &mut self,
        inside: &str,
        text: &str,
        currency: Option<String>,
        reference_type: &str,
    ) -> Result<(), WhyRefused> {
        let amount = |text: &str| Some((text.to_owned(), currency.clone().unwrap_or_default()));
        match inside {
            "Amt" => self.amount = amount(text),
            "AmtDtls/TxAmt/Amt" if self.amount.is_none() => self.amount = amount(text),
            "CdtDbtInd" => match text {
                "CRDT" => self.is_debit = Some(false),
                "DBIT" => self.is_debit = Some(true),
                _ => return Err(WhyRefused::Value("amount")),
            },
            "RvslInd" => self.is_reversal = matches!(text, "true" | "1"),
            "Sts" | "Sts/Cd" if !text.is_empty() => self.is_pending = text != "BOOK",
            "BookgDt/Dt" | "BookgDt/DtTm" => self.booked = Some(day(text)?),
            "RltdDts/TxDtTm" | "RltdDts/AccptncDtTm" | "CardTx/Tx/Indv/TxId/TxDtTm" => self.paid = Some(day(text)?),
            "BkTxCd/Domn/Fmly/Cd" => self.family = Some(text.to_owned()),
            "BkTxCd/Domn/Fmly/SubFmlyCd" => self.sub_family = Some(text.to_owned()),
            "Chrgs/TtlChrgsAndTaxAmt" => self.fee = amount(text),
            "CardTx/Tx/Indv/TxId/TxRef" => self.rrn = Rrn::new(text).ok().or(self.rrn.take()),
            "CardTx/Tx/Indv/SeqNb" => self.stan = number(text).and_then(|number| Stan::new(number).ok()),
            "CardTx/Tx/Indv/SaleRcncltnId" => self.batch = number(text).and_then(|number| BatchNo::new(number).ok()),
            "CardTx/Tx/Indv/SaleRefNb" => self.order = order(text).or(self.order.take()),
            "CardTx/POI/Id/Id" => self.terminal = Some(without_card_numbers(text)),
            "CardTx/Card/PlainCardData/PAN" | "CardTx/Card/MskdPAN" => self.card = masked_card(text),
            "Refs/EndToEndId" if text != "NOTPROVIDED" && self.order.is_none() => self.order = order(text),
            "Refs/Prtry/Ref" => self.learn_reference(reference_type, text),
            "Refs/AcctSvcrRef" | "AcctSvcrRef" | "NtryRef" if self.reference.is_none() => {
                self.reference = Some(without_card_numbers(text));
            }
            _ => {}
        }
        Ok(())
    }

    fn learn_reference(&mut self, reference_type: &str, text: &str) {
        match reference_type {
            "RRN" => self.rrn = Rrn::new(text).ok(),
            "STAN" => self.stan = number(text).and_then(|number| Stan::new(number).ok()),
            "BATCH" => self.batch = number(text).and_then(|number| BatchNo::new(number).ok()),
            "AUTH" => self.auth_code = AuthCode::new(text).ok(),
            _ => {}
        }
    }

    /// The line, with what only the entry around it says; nothing where it is not booked.
    pub fn line(self, entry: Option<&Self>) -> Result<Option<Line>, WhyRefused> {
        let entry = entry.unwrap_or(&EMPTY);
        if self.is_pending || entry.is_pending {
            return Ok(None);
        }
        let (amount_minor, currency) = self.signed(entry)?;
        let paid = self.paid.or(entry.paid);
        let date = paid.or(self.booked).or(entry.booked).ok_or(WhyRefused::Value("date"))?;
        let mut line = Line::new(self.number, date, amount_minor, currency);
        line.is_booking_date = paid.is_none();
        line.kind = self.kind(entry, self.is_debit.or(entry.is_debit) == Some(true));
        line.fee_minor = self.charges(currency)?;
        line.rrn = self.rrn.or_else(|| entry.rrn.clone());
        line.stan = self.stan.or(entry.stan);
        line.batch = self.batch.or(entry.batch);
        line.auth_code = self.auth_code.or_else(|| entry.auth_code.clone());
        line.order = self.order.or_else(|| entry.order.clone());
        line.card_masked = self.card.or_else(|| entry.card.clone());
        line.terminal = self.terminal.or_else(|| entry.terminal.clone());
        line.reference = self.reference.or_else(|| entry.reference.clone());
        Ok(Some(line))
    }

    /// What an entry was booked at beyond its details: charges, where the file names them, otherwise something to look at.
    /// Details in another currency than the entry cannot be added up.
    pub fn rest(&self, itemised: &Itemised) -> Result<Option<Line>, WhyRefused> {
        let Some(last) = &itemised.last else { return Ok(None) };
        let (_, code) = self.amount.as_ref().ok_or(WhyRefused::Value("amount"))?;
        if itemised.has_currencies || code != last.currency.code() {
            return Ok(None);
        }
        let (booked_minor, currency) = self.signed(&EMPTY)?;
        let own_minor = self.charges(currency)?.unwrap_or_default();
        let rest_minor = booked_minor.saturating_sub(itemised.sum_minor);
        let charges = [own_minor, itemised.fees_minor, own_minor.saturating_add(itemised.fees_minor)];
        let kind = if charges.contains(&rest_minor.saturating_neg()) { LineKind::Fee } else { LineKind::Rest };
        if rest_minor == 0 || (kind == LineKind::Rest && !itemised.has_payments) {
            return Ok(None);
        }
        let mut line = Line::new(self.number, last.date, rest_minor, currency);
        line.is_booking_date = last.is_booking_date;
        line.kind = Some(kind);
        line.terminal = last.terminal.clone().filter(|_| !itemised.has_terminals);
        line.reference.clone_from(&self.reference);
        Ok(Some(line))
    }

    /// The merchant's gain, in minor units.
    fn signed(&self, entry: &Self) -> Result<(i64, Currency), WhyRefused> {
        let (digits, code) = self.amount.as_ref().or(entry.amount.as_ref()).ok_or(WhyRefused::Value("amount"))?;
        let currency = Currency::from_code(code).map_err(|_| WhyRefused::Value("currency"))?;
        let minor = unsigned(digits, currency).ok_or(WhyRefused::Value("amount"))?;
        let is_debit = self.is_debit.or(entry.is_debit).ok_or(WhyRefused::Value("amount"))?;
        Ok((if is_debit { -minor } else { minor }, currency))
    }

    /// The charges that it names in this currency.
    fn charges(&self, currency: Currency) -> Result<Option<i64>, WhyRefused> {
        match &self.fee {
            Some((digits, code)) if code == currency.code() => {
                unsigned(digits, currency).map(Some).ok_or(WhyRefused::Value("fee"))
            }
            _ => Ok(None),
        }
    }

    /// What the bank's transaction code says of it; nothing where the direction must tell.
    fn kind(&self, entry: &Self, is_debit: bool) -> Option<LineKind> {
        if self.is_reversal || entry.is_reversal {
            return Some(LineKind::Void);
        }
        let family = self.family.as_deref().or(entry.family.as_deref());
        let sub_family = self.sub_family.as_deref().or(entry.sub_family.as_deref());
        match (family, sub_family) {
            (_, Some("CHRG" | "COMM" | "FEES" | "TAXE")) => Some(LineKind::Fee),
            (Some("MCRD"), Some("RIMB")) => Some(LineKind::Refund),
            (Some("MCRD"), Some("POSC" | "POSP" | "POSD" | "SMCD")) if !is_debit => Some(LineKind::Sale),
            (Some("RCDT" | "ICDT"), _) => Some(LineKind::Payout),
            _ => None,
        }
    }
}

/// What the details of an entry come to, as far as they were booked.
#[derive(Default)]
pub(super) struct Itemised {
    last: Option<Line>,
    sum_minor: i64,
    fees_minor: i64,
    /// Whether there is something else than payouts among them.
    has_payments: bool,
    /// Whether they are in several currencies, or of several terminals.
    has_currencies: bool,
    has_terminals: bool,
}

impl Itemised {
    pub fn add(&mut self, line: &Line) {
        self.sum_minor = self.sum_minor.saturating_add(line.amount_minor);
        self.fees_minor = self.fees_minor.saturating_add(line.fee_minor.unwrap_or_default());
        self.has_payments |= line.kind != Some(LineKind::Payout);
        if let Some(last) = &self.last {
            self.has_currencies |= last.currency != line.currency;
            self.has_terminals |= last.terminal != line.terminal;
        }
        self.last = Some(line.clone());
    }
}

/// An amount whose direction stands elsewhere.
fn unsigned(digits: &str, currency: Currency) -> Option<i64> {
    Notation::PLAIN.read(digits, currency).filter(|minor| *minor >= 0)
}

fn day(text: &str) -> Result<Day, WhyRefused> {
    let iso = Pattern::new("YYYY-MM-DD").expect("it has a year, a month and a day");
    // A date may carry a zone: `2026-11-22Z`, `2026-11-22+08:00`.
    let date = text.get(..10).unwrap_or(text);
    iso.read(date).ok_or(WhyRefused::Value("date"))
}

fn order(text: &str) -> Option<StatedOrder> {
    OrderNo::new(text).ok().map(StatedOrder::from)
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

static EMPTY: Part = Part {
    number: 0,
    inside: 0,
    amount: None,
    is_debit: None,
    is_reversal: false,
    is_pending: false,
    booked: None,
    paid: None,
    family: None,
    sub_family: None,
    fee: None,
    rrn: None,
    stan: None,
    batch: None,
    auth_code: None,
    order: None,
    card: None,
    terminal: None,
    reference: None,
};
