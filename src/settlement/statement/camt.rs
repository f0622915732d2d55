//! Lines of an ISO 20022 account statement: camt.053 (end of day) and camt.054 (notifications), any version.
//!
//! An entry (`Ntry`) with details (`TxDtls`) is one line for each of these, and one for what it was booked at beyond
//! them; otherwise one line. Elements are known by their local names, so prefixes and versions do not matter. What names a card payment is read where the standard has
//! it (`CardTx`), and in `Refs/Prtry` of type `RRN`, `STAN`, `BATCH` and `AUTH`. Pending entries are passed over.
//!
//! It never reads a document type: no entity is defined and none is expanded. Sources: ISO 20022 camt.053.001.02 to .12,
//! camt.054.001.02 to .12, external code set `BankTransactionCode`. Evidence: `tests/statement_bad_input.rs`.

mod part;

use std::io::BufRead;

use quick_xml::errors::{Error as XmlError, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use crate::settlement::statement::bounded::{Bounded, is_spent};
use crate::settlement::statement::{LINE_BYTES_MAX, Line, Refused, WhyRefused};
use part::{Itemised, Part};

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
        let part = || Part::beginning(at, self.path.len());
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

/// The two messages that are read.
const STATEMENTS: [&str; 2] = ["BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"];

/// Twice what the deepest element of either message needs.
const DEPTH_MAX: u32 = 32;
