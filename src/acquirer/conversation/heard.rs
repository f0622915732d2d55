//! What comes in over a line, and what it makes of the conversation.
//!
//! A verified answer to the message that is under way ends it; an answer to an earlier one, or to none, is delivered as
//! what it is; what cannot be verified or read leaves the message in doubt and the line down.
//!
//! It never believes an answer whose MAC is not the host's. Evidence: `acquirer/conversation/tests.rs`.

use crate::acquirer::conversation::Conversation;
use crate::acquirer::delivery::{
    Delivery, DoubtCause, NotSentCause, OutOfTurn, SignedOn, Step, Unmatched, UnmatchedCause,
};
use crate::acquirer::envelope::EnvelopeError;
use crate::acquirer::hearing::{self, Heard, Verdict};
use crate::acquirer::keys::KeySet;
use crate::acquirer::state::{Exchange, Line, State};
use crate::clock::{MonoMs, Now};
use crate::ids::HostCode;
use crate::iso8583::{Op, ValueName};
use crate::journal::Head;

impl Conversation {
    pub(super) fn received(&mut self, bytes: &[u8], now: Now) -> Result<(), OutOfTurn> {
        match self.state.line() {
            Some(line) => line.deframer.push(bytes),
            None => return Err(self.out_of_turn("received")),
        }
        // A message may end the connection, and what lies behind it is then nobody's.
        while let Some(line) = self.state.line() {
            match line.deframer.next_frame() {
                Ok(Some(message)) => self.heard(&message, now),
                Ok(None) => break,
                Err(_) => self.stream_is_lost(),
            }
        }
        Ok(())
    }

    /// The stream can no longer be cut into messages: nothing that follows can be read.
    fn stream_is_lost(&mut self) {
        match self.take_state() {
            State::Waiting { .. } => {
                self.said.push_back(Step::Disconnect);
                self.deliver(Delivery::InDoubt(DoubtCause::AnswerInvalid));
            }
            State::Unsynced { .. } | State::Unsent { .. } => {
                self.said.push_back(Step::Disconnect);
                self.deliver(Delivery::NotSent(NotSentCause::HostAnswerInvalid));
            }
            State::KeysUnsynced { .. } => {
                self.sign_on_demanded = true;
                self.hang_up(NotSentCause::HostAnswerInvalid);
            }
            _ => self.hang_up(NotSentCause::HostAnswerInvalid),
        }
    }

    fn heard(&mut self, message: &[u8], now: Now) {
        let key = self.keys.as_ref().map(KeySet::mac_key);
        let verdict = hearing::judge(&self.dialect, message, self.state.awaited(), key);
        match self.take_state() {
            State::Proving { line, control, answer_by } => self.heard_proving(line, control, answer_by, verdict, now),
            State::Waiting { line, flight, answer_by } => self.heard_waiting(line, flight, answer_by, verdict, now),
            other => {
                self.state = other;
                self.heard_aside(verdict);
            }
        }
    }

    fn heard_proving(&mut self, line: Line, control: Exchange, answer_by: MonoMs, verdict: Verdict, now: Now) {
        match verdict {
            Verdict::Mine(heard) => match hearing::control_answer(&self.dialect, &control, &heard) {
                Ok(code) => {
                    self.deliver_mark(&heard);
                    self.greeted(line, control, &heard, &code, now);
                }
                Err(_) => self.hang_up(NotSentCause::HostAnswerInvalid),
            },
            Verdict::Aside(_) | Verdict::NotAnAnswer => {
                self.state = State::Proving { line, control, answer_by };
                self.heard_aside(verdict);
            }
            Verdict::Refused(_) => self.hang_up(NotSentCause::HostAnswerInvalid),
        }
    }

    /// The echo or sign-on has a valid answer.
    fn greeted(&mut self, mut line: Line, control: Exchange, heard: &Heard, code: &HostCode, now: Now) {
        let Some(row) = self.dialect.row(control.op) else { return self.hang_up(NotSentCause::HostAnswerInvalid) };
        let approved = row.approves(code.as_str().as_bytes());
        let sign_on_wanted = row.asks_sign_on(code.as_str().as_bytes());
        match control.op {
            Op::SignOn if approved => {
                line.answered(control);
                self.take_keys(line, heard);
            }
            Op::Echo if approved => {
                line.answered(control);
                self.become_ready(line, now);
            }
            Op::Echo if sign_on_wanted && self.dialect.row(Op::SignOn).is_some() => {
                self.sign_on_demanded = true;
                line.answered(control);
                self.greet(line, Op::SignOn, now);
            }
            _ => self.hang_up(NotSentCause::SignOnRefused(code.clone())),
        }
    }

    fn take_keys(&mut self, line: Line, heard: &Heard) {
        let Some(block) = heard.values.get(ValueName::KeyBlock) else {
            return self.hang_up(NotSentCause::HostAnswerInvalid);
        };
        match KeySet::open(&self.master_key, block) {
            Ok(keys) => {
                let batch = hearing::batch(&heard.values);
                let head = heard.values.get(ValueName::JournalHead).and_then(Head::from_bytes);
                self.deliver(Delivery::SignedOn(SignedOn { batch, keys: keys.kept(), head }));
                self.state = State::KeysUnsynced { line, keys, batch };
            }
            Err(_) => self.hang_up(NotSentCause::KeysInvalid),
        }
    }

    fn heard_waiting(&mut self, mut line: Line, flight: Exchange, answer_by: MonoMs, verdict: Verdict, now: Now) {
        match verdict {
            Verdict::Mine(heard) => match hearing::request_answer(&self.dialect, &flight, &heard) {
                Ok(answer) => {
                    let code = answer.host_code.as_str().as_bytes();
                    self.keys_are_proven |= heard.authentic;
                    // An answer is an answer: what it asks for is done before the next request.
                    self.sign_on_demanded |= self.dialect.row(flight.op).is_some_and(|row| row.asks_sign_on(code));
                    line.answered(flight);
                    self.become_ready(line, now);
                    self.deliver_mark(&heard);
                    self.deliver(Delivery::Answered(answer));
                }
                Err(cause) => {
                    line.doubted(flight);
                    self.become_ready(line, now);
                    self.deliver(Delivery::InDoubt(cause));
                }
            },
            Verdict::Aside(_) | Verdict::NotAnAnswer => {
                self.state = State::Waiting { line, flight, answer_by };
                self.heard_aside(verdict);
            }
            // Whoever said that is not to be listened to any longer; after a wrong MAC, new keys are due as well.
            Verdict::Refused(fault) => {
                let cause = doubt_of(fault);
                self.sign_on_demanded |= cause == DoubtCause::BadMac;
                self.said.push_back(Step::Disconnect);
                self.deliver(Delivery::InDoubt(cause));
            }
        }
    }

    /// Something that does not answer what is open: evidence.
    fn heard_aside(&mut self, verdict: Verdict) {
        let unmatched = |cause| Delivery::Unmatched(Unmatched { cause, stan: None, host_code: None });
        let delivery = match verdict {
            Verdict::Mine(heard) | Verdict::Aside(heard) => match self.state.line() {
                Some(line) => hearing::aside(&self.dialect, line, &heard),
                None => unmatched(UnmatchedCause::NoSuchRequest),
            },
            Verdict::NotAnAnswer => unmatched(UnmatchedCause::NotAnAnswer),
            Verdict::Refused(fault) if doubt_of(fault) == DoubtCause::AnswerInvalid => {
                unmatched(UnmatchedCause::Invalid)
            }
            Verdict::Refused(_) => unmatched(UnmatchedCause::BadMac),
        };
        self.deliver(delivery);
    }

    fn deliver_mark(&mut self, heard: &Heard) {
        if let Some(mark) = hearing::mark(heard) {
            self.deliver(Delivery::Marked(mark));
        }
    }
}

fn doubt_of(fault: EnvelopeError) -> DoubtCause {
    match fault {
        EnvelopeError::MacWrong | EnvelopeError::NoMacKey | EnvelopeError::Key(_) => DoubtCause::BadMac,
        EnvelopeError::MacMissing => DoubtCause::MacMissing,
        EnvelopeError::Codec(_)
        | EnvelopeError::Frame(_)
        | EnvelopeError::Unidentified
        | EnvelopeError::NoSuchMessage(_) => DoubtCause::AnswerInvalid,
    }
}
