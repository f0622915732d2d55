//! The simulated host: messages in, bytes and endings out, each with a delay. It books, and forgets nothing.
//!
//! What is booked is the [`Counter`]'s. What is done to a message on its way is [`Wire`]'s; what the host itself does
//! wrong is in [`Moods`]. It keeps no time of its own.
//!
//! It never looks into a till. Evidence: `sandbox/simulator/tests/planted.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ring::digest;
use taptill::acquirer::{LinkFault, envelope};
use taptill::iso8583::{Deframer, Dialect, Op, Side, ValueName, Values};
use taptill::paycrypto::{ClearKeys, MacKey, MasterKey, make_key_block};

use crate::acquirer::{Acquirer, Comes, acquirer_key, pin};
use crate::book::Arrival;
use crate::calendar::Civil;
use crate::counter::{Counter, Key};
use crate::schedule::{Fault, Wire};
use crate::stage::MASTER_KEY;

/// What the host sends, and when.
pub(crate) enum Said {
    Bytes { after_ms: u64, bytes: Vec<u8> },
    End { after_ms: u64 },
}

/// What the host does wrong until the step is over.
#[derive(Default)]
struct Moods {
    payment: VecDeque<Wire>,
    control: VecDeque<Wire>,
    refusals: VecDeque<&'static str>,
    reversal_answers: VecDeque<&'static str>,
    never_reverses: bool,
    is_down: bool,
    goes_down: bool,
    other_batch: bool,
    looks_again: bool,
}

impl Moods {
    /// What the host says instead of doing what it is asked.
    fn said_to(&mut self, op: Op) -> Option<&'static str> {
        match op {
            Op::Reversal | Op::VoidReversal => self.reversal_answers.pop_front(),
            _ => self.refusals.pop_front(),
        }
    }
}

pub(crate) struct Host {
    dialect: Arc<Dialect>,
    key_number: u8,
    mac_key: Option<[u8; 16]>,
    line: Option<Deframer>,
    pub counter: Counter,
    moods: Moods,
    /// The last answer of each kind and amount.
    answered: BTreeMap<(&'static str, u32), Vec<u8>>,
    /// A request that has not arrived yet.
    held: Option<Vec<u8>>,
    journal_head: Option<Vec<u8>>,
    /// What is said of the till in every answer.
    mark: Option<&'static str>,
    pub acquirer: Acquirer,
    /// What came since somebody asked, in order, whatever became of it on its way.
    came: Vec<&'static str>,
}

impl Host {
    pub fn new(dialect: Arc<Dialect>) -> Self {
        let marks_repeats = dialect.row(Op::Reversal).is_some_and(|row| row.repeat_mti().is_some());
        let mut counter = Counter::new(marks_repeats);
        (counter.book.acquirer_key, counter.book.pins) = (acquirer_key(), vec![pin(0)]);
        Self {
            dialect,
            key_number: 0,
            mac_key: None,
            line: None,
            counter,
            acquirer: Acquirer::default(),
            came: Vec::new(),
            moods: Moods::default(),
            answered: BTreeMap::new(),
            held: None,
            journal_head: None,
            mark: None,
        }
    }

    /// What goes wrong until [`Host::heal`].
    pub fn arm(&mut self, faults: &[Fault]) {
        for fault in faults {
            let moods = &mut self.moods;
            match *fault {
                Fault::Payment(wire) => moods.payment.push_back(wire),
                Fault::Control(wire) => moods.control.push_back(wire),
                Fault::Refusal(code) => moods.refusals.push_back(code),
                Fault::ReversalAnswer(code) => moods.reversal_answers.push_back(code),
                Fault::NeverReverses => moods.never_reverses = true,
                Fault::HostDown => moods.is_down = true,
                Fault::HostGoesDown => moods.goes_down = true,
                Fault::HostLosesKeys => self.mac_key = Some([0x13; 16]),
                Fault::OtherBatch => moods.other_batch = true,
                Fault::OutOfBalance => moods.looks_again = true,
                Fault::HostFindsBalance => self.acquirer.finds_a_balance = true,
                Fault::HostTakesAnotherKey => self.acquirer.rotate(&mut self.counter.book),
                Fault::HostHolds(true) => {
                    self.mark = Some(HELD);
                    self.counter.book.holds += 1;
                }
                Fault::HostHolds(false) => self.lets_go(),
                _ => {}
            }
        }
    }

    /// Whoever is held is let go, and hears so until it has said that it knows.
    pub fn lets_go(&mut self) {
        if self.mark == Some(HELD) {
            self.mark = Some(LET_GO);
        }
    }

    /// Everything is well again.
    pub fn heal(&mut self) {
        self.moods = Moods::default();
        self.acquirer.finds_a_balance = false;
    }

    /// A till connects, and is let in or not.
    pub fn connect(&mut self, comes: &Comes<'_>) -> Result<(), LinkFault> {
        self.line = None;
        if self.moods.is_down {
            return Err(LinkFault::Unreachable);
        }
        self.acquirer.lets_in(comes, &mut self.counter.book)?;
        self.line = Some(self.dialect.frame().deframer(Side::Request));
        Ok(())
    }

    /// What came since this was asked last.
    pub fn take_what_came(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.came)
    }

    pub fn hang_up(&mut self) {
        self.line = None;
    }

    /// What was under way for long arrives now; nobody hears the answer.
    pub fn deliver_what_is_held(&mut self, at_ms: u64) {
        if let Some(held) = self.held.take() {
            drop(self.hear(&held, at_ms));
        }
    }

    /// What the till sent; what it hears of it.
    pub fn receive(&mut self, bytes: &[u8], at_ms: u64) -> Vec<Said> {
        let mut said = Vec::new();
        let Some(line) = &mut self.line else { return said };
        line.push(bytes);
        let mut messages = Vec::new();
        loop {
            match line.next_frame() {
                Ok(Some(message)) => messages.push(message.to_vec()),
                Ok(None) => break,
                Err(_) => {
                    self.counter.book.complaints.push("a frame that is none".to_owned());
                    break;
                }
            }
        }
        for message in messages {
            said.extend(self.carry(&message, at_ms));
        }
        said
    }

    /// One message on its way, and its answer on the way back.
    fn carry(&mut self, message: &[u8], at_ms: u64) -> Vec<Said> {
        let opened = envelope::open_unverified(&self.dialect, message).ok();
        let amount = opened.as_ref().map_or(0, |opened| number(&opened.values, ValueName::AmountMinor));
        let op = opened.map(|opened| opened.op);
        self.came.extend(op.map(Op::word));
        let is_payment = op.is_some_and(|op| !matches!(op, Op::Echo | Op::SignOn));
        let wires = if is_payment { &mut self.moods.payment } else { &mut self.moods.control };
        let wire = match wires.pop_front().unwrap_or(Wire::Fine) {
            // A sign-on has no MAC that could be wrong; what guards it is the line's TLS.
            Wire::BadMac | Wire::OtherAmount | Wire::Forged if !is_payment => Wire::Rubbish,
            wire => wire,
        };
        if is_payment && std::mem::take(&mut self.moods.goes_down) {
            self.moods.is_down = true;
        }
        let mut said = match wire {
            Wire::RequestLost => Vec::new(),
            Wire::ResetBefore => vec![Said::End { after_ms: 3 }],
            Wire::Overtaken if is_payment && self.held.is_none() => {
                self.held = Some(message.to_vec());
                return Vec::new();
            }
            Wire::RequestTwice => {
                let heard = [self.answer(message, at_ms), self.answer(message, at_ms)];
                heard.into_iter().flatten().map(|bytes| Said::Bytes { after_ms: 6, bytes }).collect()
            }
            Wire::Replayed => {
                let earlier = op.and_then(|op| self.answered.get(&(op.word(), amount)).cloned());
                let answers = earlier.into_iter().chain(self.answer(message, at_ms));
                answers.zip([5, 9]).map(|(bytes, after_ms)| Said::Bytes { after_ms, bytes }).collect()
            }
            Wire::OtherAmount => self.changed_on_the_way(message, at_ms),
            Wire::Forged => self.forged_on_the_way(message, at_ms),
            _ => self.answer(message, at_ms).map_or_else(Vec::new, |answer| on_its_way(wire, answer)),
        };
        if is_payment && let Some(held) = self.held.take() {
            let late = self.answer(&held, at_ms);
            said.extend(late.map(|bytes| Said::Bytes { after_ms: 3_000, bytes }));
        }
        if self.moods.is_down { vec![Said::End { after_ms: 4 }] } else { said }
    }

    /// The answer to a message, as it leaves.
    fn answer(&mut self, message: &[u8], at_ms: u64) -> Option<Vec<u8>> {
        let (op, answer) = self.hear(message, at_ms)?;
        let bytes = self.seal(op, &answer, self.mac_key)?;
        self.answered.insert((op.word(), number(&answer, ValueName::AmountMinor)), bytes.clone());
        Some(bytes)
    }

    /// The host itself answers with another amount.
    fn changed_on_the_way(&mut self, message: &[u8], at_ms: u64) -> Vec<Said> {
        let Some((op, mut answer)) = self.hear(message, at_ms) else { return Vec::new() };
        let amount = u64::from(number(&answer, ValueName::AmountMinor));
        answer.set_number(ValueName::AmountMinor, amount + 1);
        let bytes = self.seal(op, &answer, self.mac_key);
        bytes.into_iter().map(|bytes| Said::Bytes { after_ms: 5, bytes }).collect()
    }

    /// The host refuses, and somebody on the way who has not its keys says that it approves.
    fn forged_on_the_way(&mut self, message: &[u8], at_ms: u64) -> Vec<Said> {
        let (refusals, answers) = (self.moods.refusals.clone(), self.moods.reversal_answers.clone());
        (self.moods.refusals, self.moods.reversal_answers) = (["51"].into(), ["96"].into());
        let heard = self.hear(message, at_ms);
        (self.moods.refusals, self.moods.reversal_answers) = (refusals, answers);
        let Some((op, mut answer)) = heard else { return Vec::new() };
        answer
            .set(ValueName::ResponseCode, "00")
            .set(ValueName::AuthCode, "F0F0F0")
            .set(ValueName::Rrn, "666666666666");
        let bytes = self.seal(op, &answer, Some([7; 16]));
        bytes.into_iter().map(|bytes| Said::Bytes { after_ms: 5, bytes }).collect()
    }

    /// What the host does about a message, and what it says.
    fn hear(&mut self, message: &[u8], at_ms: u64) -> Option<(Op, Values)> {
        let Ok(hearsay) = envelope::open_unverified(&self.dialect, message) else {
            self.counter.book.complaints.push("a message that is none of the dialect's".to_owned());
            return None;
        };
        let op = hearsay.op;
        let (mut answer, code) = match op {
            Op::Echo => (echoed(&hearsay.values, at_ms), "00"),
            Op::SignOn => self.sign_on(&hearsay.values, at_ms),
            op => match envelope::open(&self.dialect, message, Some(op), mac_key(self.mac_key).as_ref()) {
                Ok(opened) => {
                    self.journal_head = opened.values.get(ValueName::JournalHead).map(<[u8]>::to_vec);
                    self.financial(op, &opened.values, (message, opened.is_repeat), at_ms)
                }
                Err(_) => (echoed(&hearsay.values, at_ms), "A0"),
            },
        };
        answer.set(ValueName::ResponseCode, code);
        Some((op, answer))
    }

    fn sign_on(&mut self, request: &Values, at_ms: u64) -> (Values, &'static str) {
        self.key_number = self.key_number.wrapping_add(1);
        let number = self.key_number;
        let key = |first: u8| -> [u8; 16] {
            std::array::from_fn(|place| first ^ number.wrapping_mul(37) ^ (place as u8 * 11))
        };
        let (pik, mak) = (key(0x31), key(0x52));
        self.mac_key = Some(mak);
        let mut values = echoed(request, at_ms);
        let block = MasterKey::new(&MASTER_KEY)
            .and_then(|master| make_key_block(&master, &ClearKeys { pik: &pik, mak: &mak, tdk: None }));
        if let Ok(block) = block {
            values.set(ValueName::KeyBlock, &block);
        }
        values.set(ValueName::Rrn, self.counter.reference());
        if let Some(head) = &self.journal_head {
            values.set(ValueName::JournalHead, head);
        }
        let batch = self.counter.named(std::mem::take(&mut self.moods.other_batch));
        values.set_number(ValueName::Batch, batch.into());
        (values, "00")
    }

    fn financial(
        &mut self,
        op: Op,
        request: &Values,
        (message, is_repeat): (&[u8], bool),
        at_ms: u64,
    ) -> (Values, &'static str) {
        let (batch, stan) = (number(request, ValueName::Batch), number(request, ValueName::Stan));
        let amount_minor = u64::from(number(request, ValueName::AmountMinor));
        let mut answer = echoed(request, at_ms);
        let said = self.moods.said_to(op);
        let is_late = self.acquirer.has_left && self.counter.is_new((batch, stan));
        let code = match op {
            Op::Sale | Op::Void | Op::Refund if is_late => "58",
            Op::Sale => self.counter.sale((batch, stan), amount_minor, said, &mut self.moods.never_reverses),
            Op::Void => self.counter.void((batch, stan), original(request), said, &mut self.moods.never_reverses),
            Op::Refund => self.counter.refund((batch, stan), original(request), amount_minor, said),
            Op::Reversal | Op::VoidReversal => self.counter.reversal(original(request), said),
            Op::Settle | Op::BatchUpload | Op::SettleEnd if said.is_some() => said.unwrap_or("96"),
            Op::Settle => {
                let looks_again = std::mem::take(&mut self.moods.looks_again);
                self.counter.settle(request, looks_again, &mut answer)
            }
            Op::BatchUpload => self.counter.upload(request),
            Op::SettleEnd => self.counter.end(request),
            Op::Parameters => {
                answer.set(ValueName::ParameterText, self.acquirer.parameters());
                "00"
            }
            Op::Freeze | Op::Release if said.is_some() => said.unwrap_or("96"),
            Op::Freeze => "00",
            Op::Release => {
                self.mark = self.mark.filter(|mark| *mark == HELD);
                "00"
            }
            told if told.is_told() && said.is_some() => said.unwrap_or("96"),
            told if told.is_told() => {
                let (balance_minor, book) = (self.counter.balance_minor(), &mut self.counter.book);
                self.acquirer.told(told, request, (&mut answer, book), balance_minor)
            }
            _ => "40",
        };
        if request.get(ValueName::Track2).is_some() && op != Op::Sale {
            self.counter.book.complaints.push("a track in what is no sale".to_owned());
        }
        if code == "00" && matches!(op, Op::Sale | Op::Void | Op::Refund) {
            let rrn = self.counter.book.lines.last().map(|line| line.rrn.clone()).unwrap_or_default();
            answer.set(ValueName::AuthCode, "A1B2C3").set(ValueName::Rrn, &rrn);
        }
        if let Some(mark) = self.mark {
            answer.set(ValueName::HostMark, mark);
        }
        let fingerprint = fingerprint(message);
        self.counter.book.arrivals.push(Arrival {
            op: op.word().to_owned(),
            batch,
            stan,
            of: matches!(op, Op::Reversal | Op::VoidReversal).then(|| original(request)),
            fingerprint,
            is_repeat,
            code: code.to_owned(),
        });
        (answer, code)
    }

    fn seal(&mut self, op: Op, values: &Values, key: Option<[u8; 16]>) -> Option<Vec<u8>> {
        let sealed = envelope::seal(&self.dialect, op, Side::Answer, values, mac_key(key).as_ref());
        sealed
            .inspect_err(|error| {
                self.counter.book.complaints.push(format!("an answer to {op} that cannot be made: {error}"))
            })
            .ok()
    }
}

/// What a host says of a till that it holds, and of one that it has let go.
const HELD: &str = "freeze";
const LET_GO: &str = "release";

fn mac_key(bytes: Option<[u8; 16]>) -> Option<MacKey> {
    bytes.and_then(|bytes| MacKey::new(&bytes).ok())
}

/// What a message says, wherever in its bytes.
fn fingerprint(message: &[u8]) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, message);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.as_ref());
    bytes
}

/// What an answer repeats of its request, with the host's own time.
fn echoed(request: &Values, at_ms: u64) -> Values {
    let mut values = Values::new();
    for (name, value) in request.iter() {
        if !matches!(
            name,
            ValueName::Track2
                | ValueName::ChipData
                | ValueName::ReversalReason
                | ValueName::ToldPart
                | ValueName::ToldParts
                | ValueName::ToldText
        ) {
            values.set(name, value);
        }
    }
    let here = Civil::at_the_host(at_ms);
    values.set(ValueName::LocalTime, here.hhmmss()).set(ValueName::LocalDate, here.mmdd());
    values
}

/// Batch and STAN of what a message is about. A dialect that does not name the batch means the message's own.
fn original(request: &Values) -> Key {
    let batch = match number(request, ValueName::OriginalBatch) {
        0 => number(request, ValueName::Batch),
        batch => batch,
    };
    (batch, number(request, ValueName::OriginalStan))
}

pub(crate) fn number(values: &Values, name: ValueName) -> u32 {
    values.text(name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// What becomes of an answer.
fn on_its_way(wire: Wire, answer: Vec<u8>) -> Vec<Said> {
    let bytes = |after_ms, bytes| Said::Bytes { after_ms, bytes };
    match wire {
        Wire::AnswerLost => Vec::new(),
        Wire::ResetAfter => vec![Said::End { after_ms: 5 }],
        Wire::Slow => vec![bytes(1_500, answer)],
        Wire::Late => vec![bytes(2_400, answer)],
        Wire::AnswerTwice => vec![bytes(5, answer.clone()), bytes(9, answer)],
        Wire::Half => vec![bytes(5, answer[..answer.len() / 2].to_vec()), Said::End { after_ms: 6 }],
        Wire::Rubbish => vec![bytes(5, vec![0xFF; 40])],
        Wire::BadMac => vec![bytes(5, spoilt(answer))],
        _ => vec![bytes(5, answer)],
    }
}

/// The MAC is the last field; another hex digit stays a valid character.
fn spoilt(mut answer: Vec<u8>) -> Vec<u8> {
    if let Some(last) = answer.last_mut() {
        *last = if *last == b'0' { b'1' } else { b'0' };
    }
    answer
}
