//! A host at frame level, with a book of its own and every bad habit.
//!
//! It keeps no time and no sockets: bytes in, bytes and endings out, each with a delay. The book is keyed by
//! batch and STAN; a reversal of a sale that it never saw is remembered, and that sale is refused when it comes.
//! What comes after a sale, from voids to statements, is in `after_sales`, and what it is told in `told`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use taptill::acquirer::envelope;
use taptill::acquirer::{Gathered, StatementLine};
use taptill::iso8583::{Deframer, Dialect, Op, Side, ValueName, Values};
use taptill::paycrypto::{ClearKeys, MacKey, MasterKey, make_key_block};

mod after_sales;
pub mod told;

pub use after_sales::{Batch, Refunded, Voided};

pub const MASTER_KEY_HEX: &str = "0123456789ABCDEFFEDCBA9876543210";

/// What the host does wrong with a sale, or with what comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Nothing: it books and answers.
    None,
    /// It books and does not answer.
    NoAnswer,
    /// It neither books nor answers.
    Forget,
    /// It books and answers after the time-out, on a line that still stands.
    LateAnswer,
    /// It books and answers twice.
    AnswerTwice,
    /// It books; the answer's MAC is wrong.
    BadMac,
    /// It books; the answer carries no MAC that is there, but another amount with a right MAC.
    WrongEcho,
    /// It books; half of the answer arrives, then the end.
    HalfFrame,
    /// It books; the line is reset.
    Reset,
    /// It does not book: 51.
    Decline,
    /// It books, does not answer, and refuses every reversal with 12.
    RefuseReversal,
    /// It books, does not answer, and the answer to the first reversal is lost.
    LoseReversalAnswer,
    /// The sale is held up on its way and arrives after the reversal.
    Overtaken,
    /// It books and answers with bytes that are no message.
    Rubbish,
    /// It approves, but only the second connection works.
    DropFirstLine,
}

impl Trouble {
    pub const ALL: [Self; 15] = [
        Self::None,
        Self::NoAnswer,
        Self::Forget,
        Self::LateAnswer,
        Self::AnswerTwice,
        Self::BadMac,
        Self::WrongEcho,
        Self::HalfFrame,
        Self::Reset,
        Self::Decline,
        Self::RefuseReversal,
        Self::LoseReversalAnswer,
        Self::Overtaken,
        Self::Rubbish,
        Self::DropFirstLine,
    ];
}

/// Batch and STAN, as digits.
pub type Key = (String, String);

/// One line of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    pub amount_minor: u64,
    pub reversed: bool,
    /// By a void that stands.
    pub voided: bool,
}

/// One value of a message.
pub type Field = (ValueName, Vec<u8>);

/// What the host sends, and when.
pub enum Said {
    Bytes { after_ms: u64, bytes: Vec<u8> },
    End { after_ms: u64 },
}

pub struct Host {
    pub dialect: Arc<Dialect>,
    key_number: u8,
    mac_key: Option<MacKey>,
    line: Option<Deframer>,
    pub batch: u32,
    pub book: BTreeMap<Key, Booking>,
    /// Every sale message that arrived, with its amount and chip data.
    pub heard: Vec<(Key, u64, Vec<u8>)>,
    /// Whether each reversal of a sale that arrived said that it was sent before.
    pub repeats: Vec<bool>,
    /// Reversals whose sale or void never came.
    pub reversed_unseen: BTreeSet<Key>,
    /// What to do wrong with the next sales and voids, whichever comes.
    pub troubles: VecDeque<Trouble>,
    /// What to do wrong with the next messages of one operation; it goes before `troubles`.
    pub troubles_of: BTreeMap<Op, VecDeque<Trouble>>,
    /// What the next messages of one operation are answered with, without a booking.
    pub codes_of: BTreeMap<Op, VecDeque<&'static str>>,
    /// Every message of an operation after the sale that arrived: its batch and STAN, and whether it was marked as a
    /// repeat.
    pub arrived: Vec<(Op, Key, bool)>,
    /// What each of them said, but for the head of the till's journal.
    pub said_to_it: Vec<(Op, Vec<Field>)>,
    pub voids: BTreeMap<Key, Voided>,
    pub refunds: BTreeMap<Key, Refunded>,
    pub batches: BTreeMap<u32, Batch>,
    /// What parameter downloads bring.
    pub parameters: String,
    /// The lines of the statement of any day.
    pub statement: Vec<StatementLine>,
    /// Every whole text that it was told.
    pub told: Vec<(Op, Vec<u8>)>,
    /// What it says to it, in place of its signed word.
    pub told_answers: BTreeMap<Op, Vec<u8>>,
    /// Whether it gives the first part of an answer alone.
    pub loses_answer_parts: bool,
    /// What it says beside every answer.
    pub mark: Option<&'static str>,
    gathered: BTreeMap<Op, Gathered>,
    /// The day and the page of which its statements say that they are, instead of those that were asked for.
    pub statement_of: Option<(&'static str, u64)>,
    /// Sales and voids whose reversals are refused.
    refused: BTreeSet<Key>,
    /// What sales are answered with, next first, without a booking.
    pub sale_codes: VecDeque<&'static str>,
    /// What reversals are answered with, next first.
    pub reversal_codes: VecDeque<&'static str>,
    /// The answers to this many reversals are lost.
    pub lose_reversal_answers: usize,
    held: Option<Vec<u8>>,
    /// Whether anybody listens.
    pub up: bool,
    /// Whether nobody listens any more once the given answers to reversals are used up.
    pub goes_down_after_codes: bool,
    /// Whether nobody listens any more once the next sale has arrived.
    pub goes_down_after_sale: bool,
    pub drop_lines: usize,
    /// Reversals that arrived.
    pub reversals: Vec<Key>,
    /// What sign-ons are refused with.
    pub sign_on_refusal: Option<&'static str>,
    /// The host's day, as it says in its answers to reversals.
    pub local_date: String,
    /// What fields the reversals carried.
    pub reversal_reasons: Vec<String>,
    /// The head of the till's journal that it saw last, where the dialect carries it.
    pub journal_head: Option<Vec<u8>>,
}

impl Host {
    pub fn new(dialect: Arc<Dialect>) -> Self {
        Self {
            dialect,
            key_number: 0,
            mac_key: None,
            line: None,
            batch: 1,
            book: BTreeMap::new(),
            heard: Vec::new(),
            repeats: Vec::new(),
            reversed_unseen: BTreeSet::new(),
            troubles: VecDeque::new(),
            troubles_of: BTreeMap::new(),
            codes_of: BTreeMap::new(),
            arrived: Vec::new(),
            said_to_it: Vec::new(),
            voids: BTreeMap::new(),
            refunds: BTreeMap::new(),
            batches: BTreeMap::new(),
            parameters: "sale_max_minor=500000".into(),
            statement: Vec::new(),
            told: Vec::new(),
            told_answers: BTreeMap::new(),
            loses_answer_parts: false,
            mark: None,
            gathered: BTreeMap::new(),
            statement_of: None,
            refused: BTreeSet::new(),
            sale_codes: VecDeque::new(),
            reversal_codes: VecDeque::new(),
            lose_reversal_answers: 0,
            held: None,
            up: true,
            goes_down_after_sale: false,
            goes_down_after_codes: false,
            drop_lines: 0,
            reversals: Vec::new(),
            sign_on_refusal: None,
            local_date: "1122".into(),
            reversal_reasons: Vec::new(),
            journal_head: None,
        }
    }

    /// The host takes other keys into use, of which no till knows: a sign-on whose answer was lost.
    pub fn lose_keys(&mut self) {
        self.mac_key = Some(MacKey::new(&[0x13; 16]).unwrap());
    }

    /// A till connects. Says whether anybody is there.
    pub fn connect(&mut self) -> bool {
        self.line = self.up.then(|| self.dialect.frame().deframer(Side::Request));
        self.up
    }

    pub fn hang_up(&mut self) {
        self.line = None;
    }

    /// What the till sent; what the host says to it.
    pub fn receive(&mut self, bytes: &[u8]) -> Vec<Said> {
        if !self.up {
            return Vec::new();
        }
        if let Some(line) = &mut self.line {
            line.push(bytes);
        }
        let mut said = Vec::new();
        while let Some(message) =
            self.line.as_mut().and_then(|line| line.next_frame().expect("the till's frames are right"))
        {
            if self.drop_lines > 0 {
                self.drop_lines -= 1;
                self.line = None;
                return vec![Said::End { after_ms: 1 }];
            }
            said.extend(self.hear(&message));
        }
        said
    }

    fn hear(&mut self, message: &[u8]) -> Vec<Said> {
        let hearsay = envelope::open_unverified(&self.dialect, message).expect("the till's messages are right");
        assert_eq!(hearsay.side, Side::Request);
        match hearsay.op {
            Op::Echo => vec![self.answer(Op::Echo, &hearsay.values, "00")],
            Op::SignOn => vec![self.sign_on(&hearsay.values)],
            op => match envelope::open(&self.dialect, message, Some(op), self.mac_key.as_ref()) {
                Ok(opened) => {
                    self.journal_head = opened.values.get(ValueName::JournalHead).map(<[u8]>::to_vec);
                    match op {
                        Op::Sale => self.sale(&opened.values, message),
                        Op::Reversal => {
                            self.repeats.push(opened.is_repeat);
                            self.reversal(&opened.values)
                        }
                        _ => self.after_sale(op, &opened, message),
                    }
                }
                Err(_) => vec![self.answer(op, &hearsay.values, "A0")],
            },
        }
    }

    fn sign_on(&mut self, request: &Values) -> Said {
        if let Some(code) = self.sign_on_refusal {
            return self.answer(Op::SignOn, request, code);
        }
        self.key_number += 1;
        let number = self.key_number;
        let key = |first: u8| -> [u8; 16] {
            std::array::from_fn(|place| first ^ number.wrapping_mul(37) ^ (place as u8 * 11))
        };
        let (pik, mak) = (key(0x31), key(0x52));
        self.mac_key = Some(MacKey::new(&mak).unwrap());
        let master = MasterKey::new(&unhex(MASTER_KEY_HEX)).unwrap();
        let block = make_key_block(&master, &ClearKeys { pik: &pik, mak: &mak, tdk: None }).unwrap();
        let mut values = echoed(request);
        values.set(ValueName::KeyBlock, &block).set(ValueName::ResponseCode, "00");
        values.set(ValueName::Rrn, "000000000001");
        self.set_mark(&mut values);
        if let Some(head) = &self.journal_head {
            values.set(ValueName::JournalHead, head);
        }
        values.set_number(ValueName::Batch, self.batch.into());
        self.seal(Op::SignOn, &values)
    }

    fn sale(&mut self, request: &Values, message: &[u8]) -> Vec<Said> {
        let trouble = self.trouble_of(Op::Sale);
        self.up = !std::mem::take(&mut self.goes_down_after_sale);
        if trouble == Trouble::Overtaken {
            self.held = Some(message.to_vec());
            return Vec::new();
        }
        let key = key_of(request, ValueName::Batch, ValueName::Stan);
        let amount = amount_of(request);
        self.heard.push((key.clone(), amount, request.get(ValueName::ChipData).unwrap_or_default().to_vec()));
        if trouble == Trouble::Forget {
            return Vec::new();
        }
        let said = self.sale_codes.pop_front();
        let code = match trouble {
            _ if said.is_some() => said.unwrap_or_default(),
            Trouble::Decline => "51",
            _ if self.reversed_unseen.contains(&key) => "12",
            _ if self.book.contains_key(&key) => "94",
            _ => "00",
        };
        if code == "00" {
            self.book.insert(key.clone(), Booking { amount_minor: amount, reversed: false, voided: false });
        }
        let answer = self.answer_values(Op::Sale, request, code);
        self.give(Op::Sale, trouble, key, &answer)
    }

    /// What to do wrong with this message.
    fn trouble_of(&mut self, op: Op) -> Trouble {
        let own = self.troubles_of.get_mut(&op).and_then(VecDeque::pop_front);
        let shared = || matches!(op, Op::Sale | Op::Void).then(|| self.troubles.pop_front()).flatten();
        own.or_else(shared).unwrap_or(Trouble::None)
    }

    /// Gives an answer in the manner of the trouble.
    fn give(&mut self, op: Op, trouble: Trouble, key: Key, answer: &Values) -> Vec<Said> {
        let right = self.seal(op, answer);
        match trouble {
            Trouble::NoAnswer | Trouble::Forget | Trouble::Overtaken => Vec::new(),
            Trouble::LateAnswer => vec![later(right, 2_400)],
            Trouble::AnswerTwice => vec![right, self.seal(op, answer)],
            Trouble::BadMac => vec![spoilt(right)],
            Trouble::WrongEcho => vec![self.wrong_echo(op, answer)],
            Trouble::HalfFrame => vec![half(right), Said::End { after_ms: 6 }],
            Trouble::Reset => vec![Said::End { after_ms: 5 }],
            Trouble::RefuseReversal => {
                self.refused.insert(key);
                Vec::new()
            }
            Trouble::LoseReversalAnswer => {
                self.lose_reversal_answers = 1;
                Vec::new()
            }
            Trouble::Rubbish => vec![Said::Bytes { after_ms: 5, bytes: vec![0xFF; 40] }],
            Trouble::None | Trouble::Decline | Trouble::DropFirstLine => vec![right],
        }
    }

    fn reversal(&mut self, request: &Values) -> Vec<Said> {
        let key = key_of(request, ValueName::OriginalBatch, ValueName::OriginalStan);
        let key = if key.0.is_empty() { (digits(request, ValueName::Batch), key.1) } else { key };
        self.reversals.push(key.clone());
        self.reversal_reasons.push(digits(request, ValueName::ReversalReason));
        assert!(request.get(ValueName::Track2).is_none(), "a reversal carries no track");
        let code = match self.reversal_codes.pop_front() {
            Some(code) => {
                self.up = !(self.goes_down_after_codes && self.reversal_codes.is_empty());
                code
            }
            None => self.reverse(&key),
        };
        self.answer_reversal(Op::Reversal, request, code)
    }

    /// Answers a reversal, unless its answer is lost; what was held up comes now.
    fn answer_reversal(&mut self, op: Op, request: &Values, code: &str) -> Vec<Said> {
        let answer = self.answer(op, request, code);
        let held = self.held.take();
        let mut said = if self.lose_reversal_answers > 0 {
            self.lose_reversal_answers -= 1;
            Vec::new()
        } else {
            vec![answer]
        };
        if let Some(held) = held {
            said.extend(self.hear(&held).into_iter().map(|late| later(late, 3_000)));
        }
        said
    }

    fn reverse(&mut self, key: &Key) -> &'static str {
        if self.refused.contains(key) {
            return "12";
        }
        match self.book.get_mut(key) {
            Some(booking) if booking.reversed || booking.voided => "25",
            Some(booking) => {
                booking.reversed = true;
                "00"
            }
            None => {
                self.reversed_unseen.insert(key.clone());
                "00"
            }
        }
    }

    fn answer(&self, op: Op, request: &Values, code: &str) -> Said {
        self.seal(op, &self.answer_values(op, request, code))
    }

    fn answer_values(&self, op: Op, request: &Values, code: &str) -> Values {
        let mut values = echoed(request);
        values.set(ValueName::ResponseCode, code);
        self.set_mark(&mut values);
        if matches!(op, Op::Reversal | Op::VoidReversal) {
            values.set(ValueName::LocalDate, &*self.local_date);
        }
        if matches!(op, Op::Sale | Op::Void) && code == "00" {
            values.set(ValueName::AuthCode, "A1B2C3").set(ValueName::Rrn, "260101000001");
        }
        // Of a number that something else has it names nothing.
        let key = key_of(request, ValueName::Batch, ValueName::Stan);
        if op == Op::Refund && (code == "00" || code == "94" && self.refunds.contains_key(&key)) {
            values.set(ValueName::Rrn, "260101000002");
        }
        values
    }

    /// Another amount under a right MAC; another STAN where there is no amount.
    fn wrong_echo(&self, op: Op, answer: &Values) -> Said {
        let mut values = answer.clone();
        values.set(ValueName::ResponseCode, "00");
        match values.text(ValueName::AmountMinor).and_then(|text| text.parse::<u64>().ok()) {
            Some(amount) => values.set_number(ValueName::AmountMinor, amount + 1),
            None => values.set(ValueName::Stan, "777777"),
        };
        self.seal(op, &values)
    }

    fn seal(&self, op: Op, values: &Values) -> Said {
        let bytes = envelope::seal(&self.dialect, op, Side::Answer, values, self.mac_key.as_ref()).unwrap();
        Said::Bytes { after_ms: 5, bytes }
    }
}

/// What an answer repeats of its request.
fn echoed(request: &Values) -> Values {
    let mut values = Values::new();
    for (name, value) in request.iter() {
        let kept = !matches!(
            name,
            ValueName::Track2
                | ValueName::ChipData
                | ValueName::ReversalReason
                | ValueName::ToldPart
                | ValueName::ToldParts
                | ValueName::ToldText
        );
        if kept {
            values.set(name, value);
        }
    }
    values.set(ValueName::LocalTime, "120000").set(ValueName::LocalDate, "0101");
    values
}

fn key_of(values: &Values, batch: ValueName, stan: ValueName) -> Key {
    (digits(values, batch), digits(values, stan))
}

fn digits(values: &Values, name: ValueName) -> String {
    values.text(name).unwrap_or_default().to_owned()
}

fn amount_of(values: &Values) -> u64 {
    values.text(ValueName::AmountMinor).unwrap().parse().unwrap()
}

fn later(said: Said, by_ms: u64) -> Said {
    match said {
        Said::Bytes { after_ms, bytes } => Said::Bytes { after_ms: after_ms + by_ms, bytes },
        Said::End { after_ms } => Said::End { after_ms: after_ms + by_ms },
    }
}

fn spoilt(said: Said) -> Said {
    match said {
        Said::Bytes { after_ms, mut bytes } => {
            // The MAC is the last field; another hex digit stays a valid character.
            let last = bytes.last_mut().unwrap();
            *last = if *last == b'0' { b'1' } else { b'0' };
            Said::Bytes { after_ms, bytes }
        }
        end => end,
    }
}

fn half(said: Said) -> Said {
    match said {
        Said::Bytes { after_ms, mut bytes } => {
            bytes.truncate(bytes.len() / 2);
            Said::Bytes { after_ms, bytes }
        }
        end => end,
    }
}

pub fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|place| u8::from_str_radix(&digits[place..place + 2], 16).unwrap()).collect()
}
