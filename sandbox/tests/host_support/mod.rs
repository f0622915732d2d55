//! One till's side of a conversation with the simulated host, without sockets: it seals requests, opens
//! answers, and fails on an answer that is not exactly what a till could use.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use taptill::account::Provisioning;
use taptill::acquirer::envelope::{self, EnvelopeError, Opened};
use taptill::card::Pan;
use taptill::clock::WallMs;
use taptill::ids::{MerchantId, TerminalId};
use taptill::iso8583::{Dialect, Op, Side, ValueName, Values};
use taptill::paycrypto::{MacKey, MasterKey, open_key_block};
use taptill::ports::{Entropy, EntropyFault};
use taptill::secret::SecretBytes;
use taptill_sandbox::host::{Acquirer, Action, BookEntry, Enrolled, Options};
use taptill_sandbox::issuer::{CryptogramInput, CryptogramVersion, IssuerMasterKey};

/// Both dialects that are shipped; every table runs over both.
pub const DIALECTS: [&str; 2] = ["unionpay", "iso87"];

/// 2026-11-22 12:00:00 at the host.
pub const NOON: WallMs = WallMs(1_795_320_000_000);

/// One day.
pub const DAY_MS: i64 = 86_400_000;

/// Takes from a book what versions 4 to 6 added, so that it is one of version 3.
pub const TO_VERSION_3: &str = "
    DROP TABLE told; DROP TABLE parts; DROP TABLE keys; ALTER TABLE terminals DROP COLUMN held;
    DROP TABLE given; ALTER TABLE terminals DROP COLUMN left_ms;
    DROP TABLE batches; DROP TABLE uploads; DROP TABLE statement_changes; DROP INDEX entries_by_day;
    ALTER TABLE terminals DROP COLUMN parameters; ALTER TABLE next DROP COLUMN op;
    ALTER TABLE entries DROP COLUMN kind; ALTER TABLE entries DROP COLUMN of_batch;
    ALTER TABLE entries DROP COLUMN of_stan; PRAGMA user_version = 3;";

/// A published test card.
pub const PAN: &str = "4761739001010119";

/// Random bytes that are the same in every run.
#[derive(Default)]
pub struct CountingEntropy(AtomicU8);

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        buffer.iter_mut().for_each(|byte| *byte = self.0.fetch_add(37, Ordering::Relaxed));
        Ok(())
    }
}

/// A terminal, and the host that it talks to.
pub struct Desk {
    pub acquirer: Acquirer,
    pub dialect: Dialect,
    pub terminal: TerminalId,
    pub merchant: MerchantId,
    pub master_key: SecretBytes,
    pub mak: Option<MacKey>,
    pub now: WallMs,
}

impl Desk {
    /// A terminal that has signed on.
    pub fn open(dialect: &str) -> Self {
        let mut desk = Self::unsigned(dialect);
        desk.sign_on();
        desk
    }

    /// A terminal that has not.
    pub fn unsigned(dialect: &str) -> Self {
        let mut acquirer = Acquirer::in_memory(Arc::new(CountingEntropy::default())).unwrap();
        let enrolled = acquirer.enrol(Dialect::shipped(dialect).unwrap(), &Options::default()).unwrap();
        Self::at(acquirer, enrolled)
    }

    /// The terminal of this enrolment.
    pub fn at(acquirer: Acquirer, enrolled: Enrolled) -> Self {
        let Enrolled { terminal, merchant, master_key, dialect_toml, .. } = enrolled;
        let dialect = Dialect::from_toml(&dialect_toml).unwrap();
        Self { acquirer, dialect, terminal, merchant, master_key, mak: None, now: NOON }
    }

    /// The terminal of a provisioning; its own host stays unused.
    pub fn of_provisioning(provisioning: &Provisioning) -> Self {
        let acquirer = Acquirer::in_memory(Arc::new(CountingEntropy::default())).unwrap();
        let configuration = &provisioning.configuration;
        Self {
            acquirer,
            dialect: Dialect::from_toml(&configuration.dialect).unwrap(),
            terminal: configuration.terminal_id.clone(),
            merchant: configuration.merchant_id.clone(),
            master_key: provisioning.secrets.master_key().unwrap(),
            mak: None,
            now: NOON,
        }
    }

    /// Signs on, takes the new MAC key over, and gives the head of the till's journal that the host remembers.
    pub fn sign_on(&mut self) -> Option<Vec<u8>> {
        let request = self.plain_values(1);
        let frame = envelope::seal(&self.dialect, Op::SignOn, Side::Request, &request, None).unwrap();
        let actions = self.hand_over(&frame);
        let [Action::Reply(frame)] = actions.as_slice() else { panic!("{actions:?}") };
        let opened = self.unsealed(frame, Op::SignOn, None).unwrap();
        assert_eq!(opened.values.text(ValueName::ResponseCode), Some("00"));
        let tmk = MasterKey::new(self.master_key.expose()).unwrap();
        self.mak = Some(open_key_block(&tmk, opened.values.get(ValueName::KeyBlock).unwrap()).unwrap().mak);
        opened.values.get(ValueName::JournalHead).map(<[u8]>::to_vec)
    }

    /// What every message has.
    pub fn plain_values(&self, stan: u64) -> Values {
        let mut values = Values::new();
        values
            .set_number(ValueName::Stan, stan)
            .set_number(ValueName::Batch, 1)
            .set(ValueName::LocalTime, "120000")
            .set(ValueName::LocalDate, "1122")
            .set(ValueName::TransmissionDateTime, "1122040000")
            .set(ValueName::TerminalId, self.terminal.as_str())
            .set(ValueName::MerchantId, self.merchant.as_str())
            .set(ValueName::CurrencyNumber, "156");
        values
    }

    /// A sale that the host has no reason to refuse.
    pub fn sale(&self, stan: u64, amount_minor: u64) -> Values {
        let mut values = self.plain_values(stan);
        values
            .set(ValueName::Pan, PAN)
            .set_number(ValueName::AmountMinor, amount_minor)
            .set(ValueName::Expiry, "4912")
            .set(ValueName::PanSequence, "001")
            .set(ValueName::Track2, format!("{PAN}D49122011234512345678"))
            .set(ValueName::ChipData, chip_data(amount_minor));
        values
    }

    /// The reversal of that sale.
    pub fn reversal(&self, stan: u64, amount_minor: u64) -> Values {
        let mut values = self.sale(stan, amount_minor);
        values.remove(ValueName::Track2);
        values
            .set_number(ValueName::OriginalStan, stan)
            .set_number(ValueName::OriginalBatch, 1)
            .set(ValueName::OriginalDate, "1122")
            .set(ValueName::OriginalDateTime, "1122040000")
            .set(ValueName::OriginalMti, "0200")
            .set(ValueName::ReversalReason, "98");
        values
    }

    /// A void of a sale of the first batch: no card in it.
    pub fn void(&self, stan: u64, of: u64, amount_minor: u64) -> Values {
        let mut values = self.plain_values(stan);
        values
            .set_number(ValueName::AmountMinor, amount_minor)
            .set_number(ValueName::OriginalStan, of)
            .set_number(ValueName::OriginalBatch, 1)
            .set(ValueName::OriginalDate, "1122")
            .set(ValueName::OriginalDateTime, "1122040000")
            .set(ValueName::OriginalMti, "0200");
        values
    }

    /// The reversal of the void with this trace number.
    pub fn void_reversal(&self, stan: u64, amount_minor: u64) -> Values {
        let mut values = self.void(stan, stan, amount_minor);
        values.set(ValueName::ReversalReason, "98");
        values
    }

    /// A settlement of the open batch with these counts and sums of sales, voids and refunds.
    pub fn settlement(&self, stan: u64, [sales, voids, refunds]: [(u64, u64); 3]) -> Values {
        let mut values = self.plain_values(stan);
        let given_back = (voids.0 + refunds.0, voids.1 + refunds.1);
        let (sign, net) =
            if sales.1 < given_back.1 { ('C', given_back.1 - sales.1) } else { ('D', sales.1 - given_back.1) };
        values
            .set_number(ValueName::SalesCount, sales.0)
            .set_number(ValueName::SalesMinor, sales.1)
            .set_number(ValueName::VoidsCount, voids.0)
            .set_number(ValueName::VoidsMinor, voids.1)
            .set_number(ValueName::RefundsCount, refunds.0)
            .set_number(ValueName::RefundsMinor, refunds.1)
            .set_number(ValueName::GivenBackCount, given_back.0)
            .set_number(ValueName::GivenBackMinor, given_back.1)
            .set(ValueName::NetAmount, format!("{sign}{net:016}"))
            .set_number(ValueName::UploadCount, 0);
        values
    }

    /// Sends a request as one that has been sent before, and opens the answer.
    pub fn ask_again(&mut self, op: Op, request: &Values) -> Values {
        let frame = envelope::seal_repeat(&self.dialect, op, request, self.mak.as_ref()).unwrap();
        let actions = self.hand_over(&frame);
        let [Action::Reply(frame)] = actions.as_slice() else { panic!("{actions:?}") };
        self.unsealed(frame, op, self.mak.as_ref()).unwrap().values
    }

    /// Sends a request under the terminal's own key; what the host does.
    pub fn send(&mut self, op: Op, request: &Values) -> Vec<Action> {
        let frame = envelope::seal(&self.dialect, op, Side::Request, request, self.mak.as_ref()).unwrap();
        self.hand_over(&frame)
    }

    /// Sends a request and opens the one answer, which must belong to it and repeat what it must repeat.
    pub fn ask(&mut self, op: Op, request: &Values) -> Opened {
        let actions = self.send(op, request);
        let [Action::Reply(frame)] = actions.as_slice() else { panic!("{actions:?}") };
        let opened = self.unsealed(frame, op, self.mak.as_ref()).unwrap();
        let row = self.dialect.row(op).unwrap();
        assert!(row.matches(request, &opened.values), "the answer does not match");
        assert_eq!(row.echo_fault(request, &opened.values), None);
        opened
    }

    /// The response code to a request.
    pub fn code(&mut self, op: Op, request: &Values) -> String {
        self.ask(op, request).values.text(ValueName::ResponseCode).unwrap().to_owned()
    }

    /// Hands bytes to a fresh connection of the terminal.
    pub fn hand_over(&mut self, bytes: &[u8]) -> Vec<Action> {
        let mut line = self.acquirer.line_of(&self.terminal).unwrap();
        self.acquirer.receive(&mut line, bytes, self.now)
    }

    /// Opens a framed answer.
    pub fn unsealed(&self, frame: &[u8], op: Op, key: Option<&MacKey>) -> Result<Opened, EnvelopeError> {
        envelope::open(&self.dialect, &self.unframed(frame), Some(op), key)
    }

    /// An answer's message without its frame.
    pub fn unframed(&self, frame: &[u8]) -> Vec<u8> {
        let mut deframer = self.dialect.frame().deframer(Side::Answer);
        deframer.push(frame);
        deframer.next_frame().unwrap().expect("one whole frame")
    }

    /// The only entry of the book.
    pub fn only_entry(&self) -> BookEntry {
        let mut entries = self.acquirer.entries().unwrap();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }

    /// What the host has charged in all.
    pub fn net_minor(&self) -> u64 {
        self.acquirer.entries().unwrap().iter().map(|entry| entry.net_minor).sum()
    }
}

/// Field 55 of an online request of the test card.
pub fn chip_data(amount_minor: u64) -> Vec<u8> {
    chip_data_with(amount_minor, 0xA0)
}

/// The same with another second byte of the card verification results (0xA0 asks the issuer).
pub fn chip_data_with(amount_minor: u64, decision: u8) -> Vec<u8> {
    let mut amount = [0; 6];
    let digits = format!("{amount_minor:012}");
    for (byte, pair) in amount.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = (pair[0] - b'0') << 4 | (pair[1] - b'0');
    }
    let input = CryptogramInput {
        amount,
        amount_other: [0; 6],
        country: [0x01, 0x56],
        tvr: [0; 5],
        currency: [0x01, 0x56],
        date: [0x26, 0x11, 0x22],
        transaction_type: 0,
        unpredictable_number: [0xDE, 0xAD, 0xBE, 0xEF],
        aip: [0x20, 0x00],
        atc: 1,
        issuer_application_data: [0x06, 0x01, 0x0A, 0x03, decision, 0x00, 0x00],
    };
    let key = IssuerMasterKey::sandbox().icc_master_key(&Pan::from_ascii(PAN.as_bytes()).unwrap(), 1);
    let cryptogram = input.cryptogram(CryptogramVersion::Visa10, &key);
    let objects: [(&[u8], &[u8]); 13] = [
        (&[0x9F, 0x26], &cryptogram),
        (&[0x9F, 0x27], &[0x80]),
        (&[0x9F, 0x10], &input.issuer_application_data),
        (&[0x9F, 0x37], &input.unpredictable_number),
        (&[0x9F, 0x36], &input.atc.to_be_bytes()),
        (&[0x95], &input.tvr),
        (&[0x9A], &input.date),
        (&[0x9C], &[input.transaction_type]),
        (&[0x9F, 0x02], &input.amount),
        (&[0x5F, 0x2A], &input.currency),
        (&[0x82], &input.aip),
        (&[0x9F, 0x1A], &input.country),
        (&[0x9F, 0x03], &input.amount_other),
    ];
    let object = |(tag, value): (&[u8], &[u8])| [tag, &[value.len() as u8], value].concat();
    objects.into_iter().flat_map(object).collect()
}
