//! Lines of an ISO 20022 account statement: camt.053 (end of day) and camt.054 (notifications), any version.
//!
//! An entry (`Ntry`) with details (`TxDtls`) is one line for each of these, and one for what it was booked at beyond
//! them; otherwise one line. Elements are known by their local names, so prefixes and versions do not matter. What names a card payment is read where the standard has
//! it (`CardTx`), and in `Refs/Prtry` of type `RRN`, `STAN`, `BATCH` and `AUTH`. Pending entries are passed over.
//!
//! It never reads a document type: no entity is defined and none is expanded. Sources: ISO 20022 camt.053.001.02 to .12,
//! camt.054.001.02 to .12, external code set `BankTransactionCode`. Evidence: `tests/statement_bad_input.rs`.

use std::io::BufRead;

use quick_xml::errors::{Error as XmlError, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use crate::card::MaskedPan;
use crate::ids::{AuthCode, BatchNo, OrderNo, Rrn, Stan};
use crate::money::Currency;
use crate::settlement::statement::amount::Notation;
use crate::settlement::statement::bounded::{Bounded, is_spent};
use crate::settlement::statement::day::Pattern;
use crate::settlement::statement::line::{StatedOrder, masked_card, without_card_numbers};
use crate::settlement::statement::{Day, LINE_BYTES_MAX, Line, LineKind, Refused, WhyRefused};

/// Reads lines, one at a time.
pub struct CamtLines<R> {
    reader: Reader<Bounded<R>>,
    buffer: Vec<u8>,
    /// The open elements' local names, each after a `/`.
    path: String,
    depth: u32,
    text: String,
    currency: Option<String>,
    is_statement: bool,
    entry: Option<Part>,
    details: Option<Part>,
    /// How many details the entry has had, and whether one of them took the entry's amount.
    detail_count: u32,
    amount_is_taken: bool,
    itemised: Itemised,
    /// What the last proprietary reference said it is.
    reference_type: String,
}

/// What is known of an entry, or of one of its details.
#[derive(Default)]
struct Part {
    number: u64,
    /// How long the path is inside this element.
    inside: usize,
    amount: Option<(String, String)>,
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

impl<R: BufRead> CamtLines<R> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(reader: R) -> Self {
        Self {
            reader: Reader::from_reader(Bounded::new(reader)),
            buffer: Vec::new(),
            path: String::new(),
            depth: 0,
            text: String::new(),
            currency: None,
            is_statement: false,
            entry: None,
            details: None,
            detail_count: 0,
            amount_is_taken: false,
            itemised: Itemised::default(),
            reference_type: String::new(),
        }
    }

    /// The next line; nothing at the end.
    ///
    /// # Errors
    /// [`Refused`] with the line of the file. Nothing more can be read then.
    pub fn next_line(&mut self) -> Result<Option<Line>, Refused> {
        loop {
            self.buffer.clear();
            // The parser is handed its own buffer back, so that no event outlives the loop's turn.
            let mut buffer = std::mem::take(&mut self.buffer);
            self.reader.get_mut().allow(LINE_BYTES_MAX);
            let step = match self.reader.read_event_into(&mut buffer) {
                Ok(event) => Step::of(&event),
                Err(error) => Err(why(&error)),
            };
            self.buffer = buffer;
            let place = self.reader.buffer_position().saturating_sub(1);
            let at = self.reader.get_mut().line_at(place);
            match step.and_then(|step| self.take(step, at)) {
                Ok(Taken::Nothing) => {}
                Ok(Taken::Line(line)) => return Ok(Some(*line)),
                Ok(Taken::End) => return Ok(None),
                Err(why) => return Err(why.at(at)),
            }
        }
    }

    /// SHA-256 of everything read.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.reader.get_ref().digest()
    }

    fn take(&mut self, step: Step, at: u64) -> Result<Taken, WhyRefused> {
        match step {
            Step::Nothing => {}
            Step::Text(text) => {
                self.text.push_str(&text);
                if self.text.len() > LINE_BYTES_MAX {
                    return Err(WhyRefused::TooLong);
                }
            }
            Step::Open { name, currency } => self.open(&name, currency, at)?,
            Step::Close => return self.close(),
            Step::Whole { name, currency } => {
                self.open(&name, currency, at)?;
                return self.close();
            }
            Step::End if self.depth > 0 => return Err(WhyRefused::Xml("truncated")),
            Step::End if !self.is_statement => return Err(WhyRefused::Unreadable("no_statement")),
            Step::End => return Ok(Taken::End),
        }
        Ok(Taken::Nothing)
    }

    fn open(&mut self, name: &str, currency: Option<String>, at: u64) -> Result<(), WhyRefused> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(WhyRefused::Xml("too_deep"));
        }
        self.path.push('/');
        self.path.push_str(name);
        self.text.clear();
        self.currency = currency;
        self.is_statement |= STATEMENTS.contains(&name);
        let part = || Part { number: at, inside: self.path.len(), ..Part::default() };
        match (name, &self.entry, &self.details) {
            ("Ntry", None, _) if self.is_statement => {
                self.entry = Some(part());
                self.detail_count = 0;
                self.amount_is_taken = false;
                self.itemised = Itemised::default();
            }
            ("TxDtls", Some(_), None) => self.details = Some(part()),
            _ => {}
        }
        Ok(())
    }

    /// An element ends: its text belongs to the innermost part, and a part that ends is a line.
    fn close(&mut self) -> Result<Taken, WhyRefused> {
        let end = self.path.rfind('/').ok_or(WhyRefused::Xml("malformed"))?;
        let length = self.path.len();
        let mut taken = Taken::Nothing;
        if self.details.as_ref().is_some_and(|details| details.inside == length) {
            taken = self.end_of_details()?;
        } else if self.entry.as_ref().is_some_and(|entry| entry.inside == length) {
            taken = self.end_of_entry()?;
        } else {
            self.learn()?;
        }
        self.path.truncate(end);
        self.depth -= 1;
        self.text.clear();
        Ok(taken)
    }

    fn learn(&mut self) -> Result<(), WhyRefused> {
        let Some(part) = self.details.as_mut().or(self.entry.as_mut()) else { return Ok(()) };
        let inside = self.path[part.inside..].trim_start_matches('/');
        let text = self.text.trim();
        if inside == "Refs/Prtry/Tp" {
            self.reference_type.clear();
            self.reference_type.push_str(text);
            return Ok(());
        }
        part.learn(inside, text, self.currency.take(), &self.reference_type)
    }

    fn end_of_details(&mut self) -> Result<Taken, WhyRefused> {
        let (Some(details), Some(entry)) = (self.details.take(), &self.entry) else { return Ok(Taken::Nothing) };
        self.detail_count += 1;
        let takes_the_entrys = details.amount.is_none();
        // Two details without an amount of their own would be the entry's amount twice.
        if takes_the_entrys && self.amount_is_taken {
            return Err(WhyRefused::Value("amount"));
        }
        self.amount_is_taken |= takes_the_entrys;
        let line = details.line(Some(entry))?;
        if let Some(line) = &line {
            self.itemised.add(line);
        }
        Ok(Taken::of(line))
    }

    fn end_of_entry(&mut self) -> Result<Taken, WhyRefused> {
        let Some(entry) = self.entry.take() else { return Ok(Taken::Nothing) };
        let line = if self.detail_count > 0 { entry.rest(&self.itemised)? } else { entry.line(None)? };
        Ok(Taken::of(line))
    }
}

impl<R: BufRead> Iterator for CamtLines<R> {
    type Item = Result<Line, Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line().transpose()
    }
}

/// What the details of an entry come to, as far as they were booked.
#[derive(Default)]
struct Itemised {
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
    fn add(&mut self, line: &Line) {
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

/// What became of a step.
enum Taken {
    Nothing,
    Line(Box<Line>),
    End,
}

impl Taken {
    fn of(line: Option<Line>) -> Self {
        line.map_or(Self::Nothing, |line| Self::Line(Box::new(line)))
    }
}

/// What an event of the parser means here.
enum Step {
    Nothing,
    Open { name: String, currency: Option<String> },
    Whole { name: String, currency: Option<String> },
    Close,
    Text(String),
    End,
}

impl Step {
    fn of(event: &Event<'_>) -> Result<Self, WhyRefused> {
        Ok(match event {
            Event::Start(start) => {
                let (name, currency) = element(start)?;
                Self::Open { name, currency }
            }
            Event::Empty(start) => {
                let (name, currency) = element(start)?;
                Self::Whole { name, currency }
            }
            Event::End(_) => Self::Close,
            Event::Text(text) => Self::Text(text.xml10_content().into_owned()),
            Event::CData(text) => Self::Text(text.xml10_content().into_owned()),
            Event::GeneralRef(reference) => Self::Text(character(reference)?.to_string()),
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(encoding)) if !encoding.eq_ignore_ascii_case("utf-8") => return Err(WhyRefused::Encoding),
                Some(Err(_)) => return Err(WhyRefused::Xml("malformed")),
                _ => Self::Nothing,
            },
            Event::DocType(_) => return Err(WhyRefused::Xml("document_type")),
            Event::Comment(_) | Event::PI(_) => Self::Nothing,
            Event::Eof => Self::End,
        })
    }
}

/// An element's local name and its currency.
fn element(start: &BytesStart<'_>) -> Result<(String, Option<String>), WhyRefused> {
    let name = start.local_name().as_ref().to_owned();
    if name != "Amt" && name != "TtlChrgsAndTaxAmt" {
        return Ok((name, None));
    }
    let currency = start.try_get_attribute("Ccy").map_err(|_| WhyRefused::Xml("malformed"))?;
    Ok((name, currency.map(|attribute| attribute.value.as_ref().to_owned())))
}

/// XML 1.0, 4.1 and 4.6: a character by its number, or one of the five that need no definition. Others have none here.
fn character(reference: &BytesRef<'_>) -> Result<char, WhyRefused> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| WhyRefused::Xml("malformed"))? {
        return Ok(character);
    }
    match reference.as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(WhyRefused::Xml("entity")),
    }
}

fn why(error: &XmlError) -> WhyRefused {
    match error {
        XmlError::Io(error) if is_spent(error) => WhyRefused::TooLong,
        XmlError::Io(_) => WhyRefused::Unreadable("reading_failed"),
        XmlError::Encoding(_) => WhyRefused::Encoding,
        XmlError::Syntax(SyntaxError::InvalidBangMarkup) => WhyRefused::Xml("malformed"),
        XmlError::Syntax(_) => WhyRefused::Xml("truncated"),
        _ => WhyRefused::Xml("malformed"),
    }
}

impl Part {
    /// What an element below this one says. Elements that are not named here are passed over.
    fn learn(
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
    fn line(self, entry: Option<&Self>) -> Result<Option<Line>, WhyRefused> {
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
    fn rest(&self, itemised: &Itemised) -> Result<Option<Line>, WhyRefused> {
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

/// The two messages that are read.
const STATEMENTS: [&str; 2] = ["BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"];

/// Twice what the deepest element of either message needs.
const DEPTH_MAX: u32 = 32;
