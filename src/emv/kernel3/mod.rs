//! Kernel 3: a Visa card by qVSDC, from its file control information to a decision.
//!
//! Source: EMV Contactless Book C-3, of which clause numbers are cited by way of a secondary source (?), and
//! EMV Book 3, 10.2 (reading by AFL). The states are the answers awaited, `AwaitOptions` and
//! `AwaitRecord`; each is consumed by the answer. What breaks a rule ends the application with a
//! typed reason.
//!
//! It never does magnetic-stripe mode, and never takes a value that the card sent twice.
//! Evidence: `tests/emv_transcripts.rs`, `tests/emv_outcomes.rs`, `decision` for the rules.

pub mod decision;
pub mod qualifiers;

mod file;

use super::apdu;
use super::capk::{CaKeys, Environment, Rid};
use super::chip_data;
use super::entry_point::Candidate;
use super::oda::{self, Subject};
use super::outcome::{CardError, CardRead, CryptogramKind, EndReason, ExchangeStep, OdaResult};
use super::store::{StoreError, TagStore, append_wiping};
use super::tags::*;
use super::terminal_data::TransactionType;
use super::{dol, tlv};
use decision::{CtqCopy, Decision, Facts, decide};
use file::Records;
use qualifiers::{Ctq, Ttq};

/// The kernel's number in configuration and reports.
pub const KERNEL: u8 = 3;

/// The kernel between two commands.
pub(crate) enum Kernel3 {
    /// GET PROCESSING OPTIONS is out.
    AwaitOptions(Box<Session>),
    /// READ RECORD is out.
    AwaitRecord(Box<Session>, Records),
}

/// What the kernel wants next.
pub(crate) enum Kernel3Step {
    /// Send this.
    Transmit(Vec<u8>, Kernel3),
    /// Book A, 6.2.7: this application cannot serve; try the next.
    SelectNext(EndReason),
    /// The cardholder is to look at the phone, then tap again.
    SeePhone,
    /// The card broke a rule, or wants another interface.
    Refused(EndReason),
    /// The card was read completely.
    Decided(Box<(Decision, CardRead, Session)>),
}

/// What the kernel decides by, beside the card.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub environment: Environment,
    pub ca_keys: &'a CaKeys,
    pub kind: TransactionType,
    pub date_yymmdd: [u8; 3],
}

/// What is known of the card and the transaction so far.
pub(crate) struct Session {
    pub card: TagStore,
    pub terminal: TagStore,
    pub name: Vec<u8>,
    pub label: String,
    ttq: Ttq,
    static_data: Vec<u8>,
    static_data_is_sound: bool,
}

impl Kernel3 {
    /// Begins with the answer to SELECT (Book C-3, 5.2.1 (?)). `terminal` holds the values that a PDOL may
    /// ask for, 9F66 among them.
    pub(crate) fn start(fci: &[u8], candidate: &Candidate, terminal: TagStore) -> Kernel3Step {
        let fci = match file::FileControlInformation::read(fci, &candidate.name) {
            Ok(fci) => fci,
            // Book B, 3.3.3: an application whose FCI is malformed is dropped.
            Err(error) => return Kernel3Step::SelectNext(EndReason::CardError(error)),
        };
        let mut answer = Vec::with_capacity(64);
        let value_of = |tag| terminal.value(tag);
        let asks_ttq = dol::read(fci.pdol).any(|entry| entry.is_ok_and(|entry| entry.tag == TAG_9F66_TTQ));
        // Without 9F66 in the PDOL the card does not do qVSDC (Book C-3, 5.2.1 (?)).
        if !asks_ttq || dol::answer(fci.pdol, value_of, &mut answer).is_err() {
            return Kernel3Step::SelectNext(EndReason::CardError(CardError::Pdol));
        }
        let session = Session {
            ttq: terminal.exactly(TAG_9F66_TTQ).map_or(candidate.ttq, Ttq),
            name: fci.name.map_or(Vec::new(), <[u8]>::to_vec),
            label: fci.label(),
            card: TagStore::default(),
            terminal,
            static_data: Vec::new(),
            static_data_is_sound: true,
        };
        Kernel3Step::Transmit(apdu::get_processing_options(&answer), Self::AwaitOptions(Box::new(session)))
    }

    /// Goes on with the card's answer.
    pub(crate) fn handle(self, response: &[u8], around: Surroundings<'_>) -> Kernel3Step {
        let next = match self {
            Self::AwaitOptions(session) => session.take_options(response, around),
            Self::AwaitRecord(session, records) => session.take_record(records, response, around),
        };
        next.unwrap_or_else(|error| Kernel3Step::Refused(EndReason::CardError(error)))
    }
}

impl Session {
    /// Book C-3, 5.2.2 (?).
    fn take_options(mut self: Box<Self>, response: &[u8], around: Surroundings<'_>) -> Result<Kernel3Step, CardError> {
        const STEP: ExchangeStep = ExchangeStep::ProcessingOptions;
        let (data, status) = apdu::split(response, STEP)?;
        match status {
            apdu::STATUS_OK => {}
            // 5.2.2.2 (?).
            0x6984 => return Ok(Kernel3Step::Refused(EndReason::CardWantsOtherInterface)),
            0x6985 => return Ok(Kernel3Step::SelectNext(EndReason::ConditionsNotSatisfied)),
            0x6986 => return Ok(Kernel3Step::SeePhone),
            _ => return Err(CardError::Status { step: STEP, status }),
        }
        let template = only_template(data, STEP)?;
        match template.tag {
            // Book 3, 6.5.8.4: format 1 is the AIP and the AFL without tags.
            TAG_80_RESPONSE_FORMAT_1 => {
                let (aip, locator) = template.value.split_at_checked(2).ok_or(CardError::Malformed(TAG_82_AIP))?;
                self.keep(TAG_82_AIP, aip)?;
                if !locator.is_empty() {
                    self.keep(TAG_94_AFL, locator)?;
                }
            }
            TAG_77_RESPONSE_FORMAT_2 => self.keep_all_inside(template, STEP)?,
            _ => return Err(CardError::WrongTemplate(STEP)),
        }
        // No AFL is legal: everything came with this answer (5.3.1 (?)).
        let records = Records::from_locator(self.card.value(TAG_94_AFL).unwrap_or_default())?;
        self.read_next(records, around)
    }

    /// Book C-3, 5.3 (?), Book 3, 10.2 and 10.3.
    fn take_record(
        mut self: Box<Self>,
        mut records: Records,
        response: &[u8],
        around: Surroundings<'_>,
    ) -> Result<Kernel3Step, CardError> {
        const STEP: ExchangeStep = ExchangeStep::ReadRecord;
        let (data, status) = apdu::split(response, STEP)?;
        if status != apdu::STATUS_OK {
            return Err(CardError::Status { step: STEP, status });
        }
        let read = records.advance();
        let template = only_template(data, STEP);
        match template {
            Ok(template) if template.tag == TAG_70_RECORD_TEMPLATE => {
                self.keep_all_inside(template, STEP)?;
                if read.is_authenticated {
                    // Book 3, 10.3: of files 1 to 10 without tag and length of the record, of others with.
                    let part = if read.file <= 10 { template.value } else { data };
                    self.keep_static_data(part)?;
                }
            }
            // Files above 10 are the issuer's own: what is no record is read past, but cannot be authenticated.
            _ if read.file > 10 => self.static_data_is_sound &= !read.is_authenticated,
            Ok(_) => return Err(CardError::WrongTemplate(STEP)),
            Err(error) => return Err(error),
        }
        self.read_next(records, around)
    }

    fn read_next(self: Box<Self>, records: Records, around: Surroundings<'_>) -> Result<Kernel3Step, CardError> {
        match records.current() {
            Some((file, record)) => {
                Ok(Kernel3Step::Transmit(apdu::read_record(file, record), Kernel3::AwaitRecord(self, records)))
            }
            None => (*self).complete(around),
        }
    }

    /// Book C-3, 5.4 (?): the card may leave; the kernel checks what it has read and decides.
    fn complete(self, around: Surroundings<'_>) -> Result<Kernel3Step, CardError> {
        // 5.4.2.1 (?): in this order. The name must have come with SELECT.
        if self.name.is_empty() {
            return Err(CardError::Missing(TAG_84_DF_NAME));
        }
        let cryptogram = self.need::<8>(TAG_9F26_CRYPTOGRAM)?;
        let aip = self.need::<2>(TAG_82_AIP)?;
        let atc = self.need::<2>(TAG_9F36_ATC)?;
        let cryptogram_kind = self.cryptogram_kind()?;
        let holder = file::Holder::read(&self.card)?;
        let facts = Facts {
            cryptogram: cryptogram_kind,
            ttq: self.ttq,
            ctq: self.ctq()?,
            ctq_copy: self.ctq_copy(),
            kind: around.kind,
            usage_allowed: self.usage_allowed(around.kind),
            // 5.5.1.1 (?): a card that does not say until when it is valid is treated as expired.
            expired: holder.expiration_yymmdd.is_none_or(|expiry| oda::is_before(expiry, around.date_yymmdd)),
            has_signature: self.card.value(TAG_9F4B_SIGNED_DYNAMIC_DATA).is_some() && aip[0] & 0x20 != 0,
        };
        let decision = decide(&facts, || self.authenticate(around));
        let pieces = chip_data::Pieces {
            name: &self.name,
            card: &self.card,
            terminal: &self.terminal,
            cryptogram_kind,
            cvm: decision.cvm,
        };
        let read = CardRead {
            pan: holder.pan,
            pan_sequence: holder.sequence,
            expiry: holder.expiry,
            track2: holder.track2,
            kernel: KERNEL,
            aid: self.name.clone(),
            label: self.label.clone(),
            cryptogram,
            cryptogram_kind,
            atc: u16::from_be_bytes(atc),
            tvr: self.terminal.exactly(TAG_95_TVR).unwrap_or_default(),
            oda: decision.oda,
            chip_data: pieces.request(),
            reversal_chip_data: pieces.reversal(),
        };
        Ok(Kernel3Step::Decided(Box::new((decision, read, self))))
    }

    fn authenticate(&self, around: Surroundings<'_>) -> OdaResult {
        let Some(rid) = self.name.first_chunk::<5>() else { return OdaResult::NotDone };
        let given = |tag| self.terminal.value(tag).unwrap_or_default();
        let subject = Subject {
            environment: around.environment,
            rid: Rid::from(*rid),
            date_yymmdd: around.date_yymmdd,
            card: &self.card,
            static_data: self.static_data_is_sound.then_some(&self.static_data[..]),
        };
        let verified = subject.verify_fdda(
            around.ca_keys,
            given(TAG_9F37_UNPREDICTABLE_NUMBER),
            given(TAG_9F02_AMOUNT_AUTHORISED),
            given(TAG_5F2A_TRANSACTION_CURRENCY_CODE),
        );
        match verified {
            Ok(_) => OdaResult::Ok,
            Err(error) => OdaResult::Failed(error),
        }
    }

    /// 5.4.3.1 (?): from 9F27, or bits 6 and 5 of the fifth byte of 9F10, in the CVR.
    fn cryptogram_kind(&self) -> Result<CryptogramKind, CardError> {
        let issuer_data = self
            .card
            .value(TAG_9F10_ISSUER_APPLICATION_DATA)
            .ok_or(CardError::Missing(TAG_9F10_ISSUER_APPLICATION_DATA))?;
        if issuer_data.len() > 32 {
            return Err(CardError::Malformed(TAG_9F10_ISSUER_APPLICATION_DATA));
        }
        let (kind, from) = match (self.card.value(TAG_9F27_CRYPTOGRAM_INFORMATION), issuer_data.get(4)) {
            (Some([information]), _) => (information >> 6, TAG_9F27_CRYPTOGRAM_INFORMATION),
            (Some(_), _) => return Err(CardError::Malformed(TAG_9F27_CRYPTOGRAM_INFORMATION)),
            (None, Some(results)) => (results >> 4 & 0x03, TAG_9F10_ISSUER_APPLICATION_DATA),
            (None, None) => return Err(CardError::Malformed(TAG_9F10_ISSUER_APPLICATION_DATA)),
        };
        match kind {
            0 => Ok(CryptogramKind::Aac),
            1 => Ok(CryptogramKind::Tc),
            2 => Ok(CryptogramKind::Arqc),
            _ => Err(CardError::Malformed(from)),
        }
    }

    fn ctq(&self) -> Result<Option<Ctq>, CardError> {
        let malformed = |_| CardError::Malformed(TAG_9F6C_CTQ);
        self.card.value(TAG_9F6C_CTQ).map(|value| value.try_into().map(Ctq).map_err(malformed)).transpose()
    }

    /// Bytes 6 and 7 of 9F69 (Book C-3, Annex A (?)).
    fn ctq_copy(&self) -> CtqCopy {
        match self.card.value(TAG_9F69_CARD_AUTHENTICATION_DATA) {
            None => CtqCopy::NoAuthenticationData,
            Some(data) if data.get(5..7).is_some() && data.get(5..7) == self.card.value(TAG_9F6C_CTQ) => CtqCopy::Same,
            Some(_) => CtqCopy::Differs,
        }
    }

    /// 9F07 for cash and cashback, at home or abroad (Book 3, table 36). Absent: allowed.
    fn usage_allowed(&self, kind: TransactionType) -> bool {
        let Some([first, second]) = self.card.exactly(TAG_9F07_USAGE_CONTROL) else { return true };
        let Some(issuer_country) = self.card.value(TAG_5F28_ISSUER_COUNTRY_CODE) else { return true };
        let is_domestic = Some(issuer_country) == self.terminal.value(TAG_9F1A_TERMINAL_COUNTRY_CODE);
        match (kind, is_domestic) {
            (TransactionType::Cash, true) => first & 0x80 != 0,
            (TransactionType::Cash, false) => first & 0x40 != 0,
            (TransactionType::PurchaseWithCashback, true) => second & 0x80 != 0,
            (TransactionType::PurchaseWithCashback, false) => second & 0x40 != 0,
            (TransactionType::Purchase | TransactionType::Refund, _) => true,
        }
    }

    fn need<const N: usize>(&self, tag: Tag) -> Result<[u8; N], CardError> {
        let value = self.card.value(tag).ok_or(CardError::Missing(tag))?;
        value.try_into().map_err(|_| CardError::Malformed(tag))
    }

    fn keep_all_inside(&mut self, template: tlv::Tlv<'_>, step: ExchangeStep) -> Result<(), CardError> {
        for element in tlv::walk(template.raw) {
            let (_, element) = element.map_err(|error| CardError::Tlv { step, error })?;
            if !element.is_constructed() {
                self.keep(element.tag, element.value)?;
            }
        }
        Ok(())
    }

    /// 5.4.2.2 (?): no data object may come twice.
    fn keep(&mut self, tag: Tag, value: &[u8]) -> Result<(), CardError> {
        self.card.put(tag, value).map_err(|error| match error {
            StoreError::Duplicate(tag) => CardError::Duplicate(tag),
            StoreError::Full => CardError::TooMuchData,
        })
    }

    fn keep_static_data(&mut self, part: &[u8]) -> Result<(), CardError> {
        if self.static_data.len() + part.len() > super::store::STORE_BYTES_MAX {
            return Err(CardError::TooMuchData);
        }
        append_wiping(&mut self.static_data, part);
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.static_data);
    }
}

/// The one data object that a response consists of, padding aside.
fn only_template(data: &[u8], step: ExchangeStep) -> Result<tlv::Tlv<'_>, CardError> {
    let wrong = |error| CardError::Tlv { step, error };
    let mut objects = tlv::read(data);
    let first = objects.next().ok_or(CardError::WrongTemplate(step))?.map_err(wrong)?;
    match objects.next() {
        None => Ok(first),
        Some(Err(error)) => Err(wrong(error)),
        Some(Ok(_)) => Err(CardError::WrongTemplate(step)),
    }
}
