//! The host without its sockets: bytes of an identified terminal in, [`Action`]s out.
//!
//! One request is one transaction of the book: who is it, is the MAC right, what is lined up, what is ruled.
//! It is committed before any action is returned, so an answer never runs ahead of the book. Time is an
//! argument; a test may live through a midnight in a microsecond. What cannot be understood well enough to be
//! answered, and a book that cannot be written, end the connection.
//!
//! It never waits and never panics on input. Evidence: `sandbox/tests/host_acquirer.rs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use taptill::acquirer::envelope::{self, EnvelopeError, Opened};
use taptill::clock::WallMs;
use taptill::ids::{BatchNo, TerminalId};
use taptill::iso8583::{CardDataForm, Deframer, Dialect, Op, Side, ValueName, Values};
use taptill::paycrypto::{ClearKeys, MacKey, MasterKey, make_key_block};
use taptill::ports::Entropy;
use taptill::secret::SecretBytes;

use super::batches::BatchEntry;
use super::book::{Book, BookEntry, Page, TerminalRow};
use super::certificates::{Certificates, ServerIdentity};
use super::day::HostTime;
use super::enrol::random_des_key;
use super::error::HostError;
use super::home::{Home, HomeLock};
use super::malformed;
use super::reads;
use super::ruling::{Case, Ruling, code, identity_refusal, sign_on_code};
use super::script::{Kind, Script, Step};
use super::terminals::{Held, ToldEntry};

/// How long after the terminal's time-out a late answer leaves, in milliseconds.
pub const LATE_BY_MS: u64 = 500;

/// What the host does on a connection. No action at all means silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends these bytes now.
    Reply(Vec<u8>),
    /// Sends these bytes after a while, if the connection is still open then.
    Later {
        /// Milliseconds from now.
        after_ms: u64,
        /// A whole frame.
        bytes: Vec<u8>,
    },
    /// Closes the connection in good order.
    Close,
    /// Breaks the connection off (TCP RST).
    Reset,
}

/// One connection of one terminal: what has arrived of its next frame.
pub struct Line {
    terminal: TerminalId,
    deframer: Deframer,
    is_between_frames: bool,
}

impl Line {
    /// Whose connection it is.
    #[must_use]
    pub fn terminal(&self) -> &TerminalId {
        &self.terminal
    }

    /// Whether nothing of a next frame has arrived.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        self.is_between_frames
    }
}

/// The simulated acquirer itself.
pub struct Acquirer {
    book: Book,
    entropy: Arc<dyn Entropy>,
    dialects: BTreeMap<TerminalId, Arc<Dialect>>,
    /// What certifies terminals; a host in memory has no such thing.
    certificates: Option<Certificates>,
    _lock: Option<HomeLock>,
}

impl Acquirer {
    /// Serves a home, which is made if it is not there yet.
    ///
    /// # Errors
    /// `HomeUnusable`, `HomeInUse`, `CertificatesUnusable`, `BookUnusable`, `EntropyFailed`.
    pub fn open(home: &Path) -> Result<Self, HostError> {
        Ok(Self::open_to_serve(home)?.0)
    }

    /// A host that lives in memory, for simulations; its randomness is the caller's.
    ///
    /// # Errors
    /// `BookUnusable`.
    pub fn in_memory(entropy: Arc<dyn Entropy>) -> Result<Self, HostError> {
        Ok(Self { book: Book::in_memory()?, entropy, dialects: BTreeMap::new(), certificates: None, _lock: None })
    }

    pub(super) fn open_to_serve(home: &Path) -> Result<(Self, ServerIdentity), HostError> {
        let home = Home::prepare(home)?;
        let lock = home.lock()?;
        let certificates = home.certificates()?;
        let identity = certificates.server()?;
        let mut book = home.open_book()?;
        book.change(|page| page.clear_lined_up())?;
        let entropy = Arc::new(SystemEntropy(SystemRandom::new()));
        let (dialects, certificates) = (BTreeMap::new(), Some(certificates));
        Ok((Self { book, entropy, dialects, certificates, _lock: Some(lock) }, identity))
    }

    pub(super) fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    pub(super) fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.entropy)
    }

    /// Lines up the steps of a script.
    ///
    /// # Errors
    /// `BookUnusable`.
    pub fn play(&mut self, script: &Script) -> Result<(), HostError> {
        self.book.change(|page| script.steps().iter().try_for_each(|step| page.line_up(*step)))
    }

    /// Lines up one kind of misbehaviour, behind what is lined up already, for the operation that usually uses it up.
    ///
    /// # Errors
    /// `CountOutOfRange`, `BookUnusable`.
    pub fn set_next(&mut self, kind: Kind, count: u32) -> Result<(), HostError> {
        let step = Step::new(kind, count, None)?;
        self.book.change(|page| page.line_up(step))
    }

    /// The same for an operation that is said.
    ///
    /// # Errors
    /// Those of [`Acquirer::set_next`], and `OperationUnknown` where the kind is not for it.
    pub fn set_next_of(&mut self, kind: Kind, count: u32, of: Op) -> Result<(), HostError> {
        let step = Step::new(kind, count, Some(of))?;
        self.book.change(|page| page.line_up(step))
    }

    /// Every batch that was asked to be settled, oldest first.
    ///
    /// # Errors
    /// `BookUnusable`.
    pub fn batches(&mut self) -> Result<Vec<BatchEntry>, HostError> {
        self.book.batches()
    }

    /// What a terminal's downloads of parameters bring from now on.
    ///
    /// # Errors
    /// `BookUnusable`.
    pub fn set_parameters(&mut self, terminal: &TerminalId, text: &str) -> Result<(), HostError> {
        self.book.change(|page| page.set_parameters(terminal, text))
    }

    /// Opens a batch of this number for a terminal, as a host does that was set up anew.
    ///
    /// # Errors
    /// `BookUnusable`.
    pub fn open_batch(&mut self, terminal: &TerminalId, batch: BatchNo) -> Result<(), HostError> {
        self.book.change(|page| page.open_batch(terminal, batch))
    }

    /// Holds a terminal frozen, or lets it go. Gives who holds it now.
    ///
    /// # Errors
    /// `TerminalUnknown`, `BookUnusable`.
    pub fn hold(&mut self, terminal: &TerminalId, is_held: bool) -> Result<Option<Held>, HostError> {
        self.book.change(|page| page.hold_from_outside(terminal, is_held))
    }

    /// Everything that terminals told besides payments, oldest first.
    ///
    /// # Errors
    /// `BookUnusable`.
    pub fn told(&self) -> Result<Vec<ToldEntry>, HostError> {
        self.book.told()
    }

    /// Every attempt seen, oldest first.
    ///
    /// # Errors
    /// `BookUnusable`.
    pub fn entries(&self) -> Result<Vec<BookEntry>, HostError> {
        self.book.entries()
    }

    /// Begins a connection for the terminal with this client certificate (its SHA-256).
    ///
    /// # Errors
    /// `TerminalUnknown`, `DialectUnusable`, `BookUnusable`.
    pub fn line(&mut self, certificate_sha256: &[u8]) -> Result<Line, HostError> {
        let terminal = self.book.change(|page| page.terminal_by_certificate(certificate_sha256))?;
        let terminal = terminal.ok_or(HostError::TerminalUnknown)?;
        self.line_of(&terminal)
    }

    /// Begins a connection for a terminal whose identity the caller vouches for.
    ///
    /// # Errors
    /// `TerminalUnknown`, `DialectUnusable`, `BookUnusable`.
    pub fn line_of(&mut self, terminal: &TerminalId) -> Result<Line, HostError> {
        let deframer = self.dialect(terminal)?.frame().deframer(Side::Request);
        Ok(Line { terminal: terminal.clone(), deframer, is_between_frames: true })
    }

    /// Takes bytes as they arrive, in any portions.
    pub fn receive(&mut self, line: &mut Line, bytes: &[u8], now: WallMs) -> Vec<Action> {
        line.deframer.push(bytes);
        line.is_between_frames = false;
        let mut actions = Vec::new();
        loop {
            match line.deframer.next_frame() {
                Ok(Some(message)) => {
                    line.is_between_frames = true;
                    actions.extend(self.handle(&line.terminal, &message, now));
                    if actions.iter().any(|action| matches!(action, Action::Close | Action::Reset)) {
                        return actions;
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    actions.push(Action::Close);
                    return actions;
                }
            }
        }
        actions
    }

    /// Answers one message (without length, TPDU and header) of an identified terminal.
    pub fn handle(&mut self, terminal: &TerminalId, message: &[u8], now: WallMs) -> Vec<Action> {
        self.answer(terminal, message, now).unwrap_or_else(|_| vec![Action::Close])
    }

    fn answer(&mut self, terminal: &TerminalId, message: &[u8], now: WallMs) -> Result<Vec<Action>, HostError> {
        let dialect = self.dialect(terminal)?;
        let entropy = Arc::clone(&self.entropy);
        let certificates = self.certificates.as_ref();
        let reply = self.book.change(|page| {
            let terminal = page.terminal(terminal)?.ok_or(HostError::TerminalUnknown)?;
            Exchange { page, terminal, dialect: &dialect, entropy: &*entropy, certificates, now }.run(message)
        })?;
        Ok(reply.actions(&dialect))
    }

    fn dialect(&mut self, terminal: &TerminalId) -> Result<Arc<Dialect>, HostError> {
        if let Some(known) = self.dialects.get(terminal) {
            return Ok(Arc::clone(known));
        }
        let row = self.book.change(|page| page.terminal(terminal))?.ok_or(HostError::TerminalUnknown)?;
        let dialect = Dialect::from_toml(&row.dialect_toml).map_err(|_| HostError::DialectUnusable)?;
        let dialect = Arc::new(dialect);
        self.dialects.insert(terminal.clone(), Arc::clone(&dialect));
        Ok(dialect)
    }
}

/// The operating system's random bytes.
pub(super) struct SystemEntropy(pub(super) SystemRandom);

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), taptill::ports::EntropyFault> {
        self.0.fill(buffer).map_err(|_| taptill::ports::EntropyFault)
    }
}

/// What one request comes to.
enum Reply {
    /// A frame that is ready, because no row of the dialect describes it.
    Frame(Vec<u8>),
    /// An answer in the dialect, and how it is to be given.
    Answer { op: Op, values: Values, mak: Option<SecretBytes>, manner: Kind },
    /// Nothing.
    Silence,
    /// Nothing can be said.
    HangUp,
}

/// One request, within its transaction.
struct Exchange<'a> {
    page: &'a Page<'a>,
    terminal: TerminalRow,
    dialect: &'a Dialect,
    entropy: &'a dyn Entropy,
    certificates: Option<&'a Certificates>,
    now: WallMs,
}

impl Exchange<'_> {
    fn run(self, message: &[u8]) -> Result<Reply, HostError> {
        let mak = self.terminal.mak.as_ref().map(|mak| MacKey::new(mak.expose())).transpose();
        let mak = mak.map_err(|_| HostError::BookUnusable)?;
        match envelope::open(self.dialect, message, None, mak.as_ref()) {
            Ok(Opened { side: Side::Request, op, values, is_repeat, .. }) => self.hear(op, &values, is_repeat),
            Ok(_) => Ok(Reply::HangUp),
            Err(EnvelopeError::MacMissing | EnvelopeError::MacWrong) => {
                self.refuse_unverified(message, |_| code::BAD_MAC)
            }
            Err(EnvelopeError::NoMacKey) => self.refuse_unverified(message, sign_on_code),
            Err(error) => Ok(malformed::answer(self.dialect, message, &error).map_or(Reply::HangUp, Reply::Frame)),
        }
    }

    /// A request whose MAC is right, or needs none.
    fn hear(self, op: Op, request: &Values, is_repeat: bool) -> Result<Reply, HostError> {
        if let Some(refusal) = identity_refusal(&self.terminal, request) {
            return Ok(self.reply(op, request, Ruling::plain(refusal), Kind::Normal));
        }
        match op {
            Op::Echo => Ok(self.reply(op, request, Ruling::plain(code::APPROVED), Kind::Normal)),
            Op::SignOn => self.sign_on(request),
            _ => self.rule(op, request, is_repeat),
        }
    }

    fn rule(mut self, op: Op, request: &Values, is_repeat: bool) -> Result<Reply, HostError> {
        let Some(row) = self.dialect.row(op) else { return Ok(Reply::HangUp) };
        let manner = self.page.take_next(op)?;
        if let Some(head) = request.get(ValueName::JournalHead).filter(|_| manner != Kind::Forget) {
            self.page.set_journal_head(&self.terminal.terminal, head)?;
        }
        let is_sealed = op == Op::Sale && self.dialect.card_data() == CardDataForm::EncryptedRead;
        let opened = is_sealed.then(|| reads::opened(request)).transpose();
        let (clear, read_refusal) = (opened.as_ref().ok().and_then(Option::as_ref), opened.as_ref().err().copied());
        let (page, terminal, now, entropy) = (self.page, &self.terminal, self.now, self.entropy);
        let (request_in_clear, certificates) = (clear.unwrap_or(request), self.certificates);
        let case = Case {
            page,
            terminal,
            row,
            request: request_in_clear,
            read_refusal,
            is_repeat,
            now,
            entropy,
            certificates,
        };
        let ruling = match manner {
            Kind::Forget => return Ok(Reply::Silence),
            Kind::Refuse | Kind::RefuseReversal => Ruling::plain(code::INVALID_TRANSACTION),
            _ if !case.may_begin(op)? => Ruling::plain(code::NOT_PERMITTED),
            _ => case.ruling(op)?,
        };
        // What was told may have changed it.
        self.terminal.held = self.page.held(&self.terminal.terminal)?;
        Ok(self.reply(op, request, ruling, manner))
    }

    /// New working keys under the terminal's master key. The old MAC key is gone at once, as at a real host.
    fn sign_on(self, request: &Values) -> Result<Reply, HostError> {
        let Some(mac) = self.dialect.mac() else {
            return Ok(self.reply(Op::SignOn, request, Ruling::plain(code::APPROVED), Kind::Normal));
        };
        let pik = random_des_key(self.entropy, 16)?;
        let mak = random_des_key(self.entropy, mac.algorithm.key_bytes_usual())?;
        let tmk = MasterKey::new(self.terminal.tmk.expose()).map_err(|_| HostError::BookUnusable)?;
        let keys = ClearKeys { pik: pik.expose(), mak: mak.expose(), tdk: None };
        let block = make_key_block(&tmk, &keys).map_err(|_| HostError::DialectUnusable)?;
        self.page.set_mac_key(&self.terminal.terminal, &mak)?;
        let batch = self.terminal.batch;
        let mut reply = self.reply(Op::SignOn, request, Ruling::plain(code::APPROVED), Kind::Normal);
        if let Reply::Answer { values, mak: answer_mak, .. } = &mut reply {
            values.set(ValueName::KeyBlock, &block).set_number(ValueName::Batch, batch.number().into());
            *answer_mak = Some(mak);
        }
        Ok(reply)
    }

    /// Refuses without believing the message in anything but what the answer must repeat.
    fn refuse_unverified(
        self,
        message: &[u8],
        code: impl FnOnce(&taptill::iso8583::MessageRow) -> &'static str,
    ) -> Result<Reply, HostError> {
        let Ok(Opened { side: Side::Request, op, values, .. }) = envelope::open_unverified(self.dialect, message)
        else {
            return Ok(Reply::HangUp);
        };
        let Some(row) = self.dialect.row(op) else { return Ok(Reply::HangUp) };
        let ruling = Ruling::plain(code(row));
        Ok(self.reply(op, &values, ruling, Kind::Normal))
    }

    fn reply(self, op: Op, request: &Values, ruling: Ruling, manner: Kind) -> Reply {
        let mut values = self.answer_values(request, ruling);
        let Some(row) = self.dialect.row(op) else { return Reply::HangUp };
        if !row.matches(request, &values) || row.echo_fault(request, &values).is_some() {
            // In this dialect the answer repeats the terminal's time.
            for name in [ValueName::LocalTime, ValueName::LocalDate] {
                if let Some(said) = request.get(name) {
                    values.set(name, said);
                }
            }
        }
        Reply::Answer { op, values, mak: self.terminal.mak, manner }
    }

    fn answer_values(&self, request: &Values, ruling: Ruling) -> Values {
        let time = HostTime::at(self.now);
        let mut values = request.clone();
        values.remove(ValueName::ChipData);
        values.remove(ValueName::EncryptedRead);
        values.remove(ValueName::Track2);
        values.remove(ValueName::JournalHead);
        for name in [ValueName::ToldPart, ValueName::ToldParts, ValueName::ToldText] {
            values.remove(name);
        }
        values
            .set(ValueName::LocalTime, time.time_of_day())
            .set(ValueName::LocalDate, time.month_day())
            .set(ValueName::SettlementDate, time.month_day())
            .set(ValueName::TerminalId, self.terminal.terminal.as_str())
            .set(ValueName::MerchantId, self.terminal.merchant.as_str())
            .set(ValueName::ResponseCode, ruling.code);
        for (name, value) in ruling.brought.iter() {
            values.set(name, value);
        }
        if let Some(mark) = self.terminal.held.and_then(Held::mark) {
            values.set(ValueName::HostMark, mark.word());
        }
        if let Some(head) = &self.terminal.journal_head {
            // Only the answer to a sign-on has a place for it.
            values.set(ValueName::JournalHead, head);
        }
        if request.get(ValueName::TransmissionDateTime).is_none() {
            values.set(ValueName::TransmissionDateTime, time.transmission());
        }
        if request.get(ValueName::Batch).is_none() {
            values.set_number(ValueName::Batch, self.terminal.batch.number().into());
        }
        if let Some(rrn) = ruling.rrn {
            values.set(ValueName::Rrn, rrn);
        }
        if let Some(auth_code) = ruling.auth_code {
            values.set(ValueName::AuthCode, auth_code.as_str());
        }
        if let Some(chip_data) = ruling.chip_data {
            values.set(ValueName::ChipData, chip_data);
        }
        values
    }
}

impl Reply {
    /// Turns the reply into bytes, in the manner that was lined up.
    fn actions(self, dialect: &Dialect) -> Vec<Action> {
        match self {
            Self::Frame(bytes) => vec![Action::Reply(bytes)],
            Self::Silence => Vec::new(),
            Self::HangUp => vec![Action::Close],
            Self::Answer { op, values, mak, manner } => {
                give(dialect, op, values, mak.as_ref(), manner).unwrap_or_else(|| vec![Action::Close])
            }
        }
    }
}

fn give(dialect: &Dialect, op: Op, mut values: Values, mak: Option<&SecretBytes>, manner: Kind) -> Option<Vec<Action>> {
    if manner == Kind::WrongEcho {
        // Where there is no amount, it is the answer to another message.
        let has_amount = values.get(ValueName::AmountMinor).is_some();
        let (name, limit) =
            if has_amount { (ValueName::AmountMinor, 1_000_000_000_000) } else { (ValueName::Stan, 1_000_000) };
        let said: u64 = values.text(name)?.parse().ok()?;
        values.set_number(name, (said + 1) % limit);
    }
    let key = match mak {
        Some(mak) if manner == Kind::BadMac => Some(another_key(mak)?),
        Some(mak) => Some(MacKey::new(mak.expose()).ok()?),
        None => None,
    };
    let frame = match envelope::seal(dialect, op, Side::Answer, &values, key.as_ref()) {
        Err(EnvelopeError::NoMacKey) => malformed::without_mac(dialect, op, &values)?,
        sealed => sealed.ok()?,
    };
    Some(match manner {
        Kind::NoAnswer | Kind::Forget => Vec::new(),
        Kind::LateAnswer => {
            vec![Action::Later { after_ms: dialect.row(op)?.timeout_ms() + LATE_BY_MS, bytes: frame }]
        }
        Kind::AnswerTwice => vec![Action::Reply(frame.clone()), Action::Reply(frame)],
        Kind::HalfFrame => vec![Action::Reply(frame[..frame.len() / 2].to_vec()), Action::Close],
        Kind::Reset => vec![Action::Reset],
        _ => vec![Action::Reply(frame)],
    })
}

/// A MAC key that is not the terminal's: every bit but the parity bits is turned over in the first byte.
fn another_key(mak: &SecretBytes) -> Option<MacKey> {
    let mut bytes = mak.expose().to_vec();
    *bytes.first_mut()? ^= 0xFE;
    let other = SecretBytes::new(bytes);
    MacKey::new(other.expose()).ok()
}
