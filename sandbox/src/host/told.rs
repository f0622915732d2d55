//! What terminals tell the host besides payments, and what it says to it.
//!
//! | told | the host |
//! |---|---|
//! | `freeze` | holds the terminal until it says `release`; no new sale, void or refund meanwhile (58) |
//! | `release` | lets it go; refused (12) while the host itself holds it |
//! | `loss_report` | gives it a number |
//! | `deregister` | refused (12) with the balance while that is not zero; else the terminal has left and sells no more (58) |
//! | `renew_certificate` | a certificate for the request's key; those before are good until it has been used |
//!
//! What it takes it answers with its signed word, which names the SHA-256 of the text; `deregister` with the line
//! of its signature over the text itself, which is that of a note. The same text again has the same answer. A text
//! that does not come whole is forgotten. Evidence: `sandbox/tests/host_told.rs`.

use taptill::acquirer::{Gathered, Gathering, HostMark, TOLD_PART_BYTES, ToldPart, Word};
use taptill::iso8583::{Op, ValueName, Values};

use super::error::HostError;
use super::ruling::{Case, Ruling, code};
use super::terminals::Held;

impl Case<'_> {
    /// Takes a part of a text, or gives a part of the answer to the last one.
    pub(super) fn told(&self, op: Op) -> Result<Ruling, HostError> {
        let (Some(part), Some(parts)) = (self.number(ValueName::ToldPart), self.number(ValueName::ToldParts)) else {
            return Ok(Ruling::plain(code::FORMAT_ERROR));
        };
        let terminal = &self.terminal.terminal;
        let Some(text) = self.request.get(ValueName::ToldText) else {
            let last = self.page.last_told(terminal, op)?;
            return Ok(last.and_then(|last| part_of(&last.answer, part)).unwrap_or(Ruling::plain(code::FORMAT_ERROR)));
        };
        if part == 1 {
            self.page.forget_parts(terminal, op)?;
        }
        self.page.keep_part(terminal, op, &ToldPart { part, parts, text: text.to_vec() })?;
        let mut gathered = Gathered::default();
        let mut outcome = Gathering::Broken;
        for kept in self.page.parts(terminal, op)? {
            outcome = gathered.take(&kept);
        }
        match outcome {
            Gathering::Whole(text) => {
                self.page.forget_parts(terminal, op)?;
                self.whole(op, &text)
            }
            Gathering::Next(_) => Ok(Ruling::plain(code::APPROVED)),
            Gathering::Broken => Ok(Ruling::plain(code::FORMAT_ERROR)),
        }
    }

    /// Rules on a whole text.
    fn whole(&self, op: Op, text: &[u8]) -> Result<Ruling, HostError> {
        let terminal = &self.terminal.terminal;
        let refusal = match op {
            Op::Freeze => {
                if self.terminal.held != Some(Held::ByHost) {
                    self.page.hold(terminal, Some(Held::ByTill))?;
                }
                None
            }
            Op::Release if self.terminal.held == Some(Held::ByHost) => Some("held host\n".to_owned()),
            Op::Release => {
                self.page.hold(terminal, None)?;
                None
            }
            // What cannot be signed is refused before anything changes.
            Op::Deregister if self.page.signature_over(text, self.entropy)?.is_none() => Some(String::new()),
            Op::Deregister => self.leave()?,
            _ => None,
        };
        if let Some(why) = refusal {
            let said = if why.is_empty() { Values::new() } else { brought(why.as_bytes(), 1) };
            return Ok(Ruling { brought: said, ..Ruling::plain(code::INVALID_TRANSACTION) });
        }
        let known = self.page.last_told(terminal, op)?.filter(|last| last.text == text);
        let answer = match known {
            Some(last) => last.answer,
            None => match self.answer_to(op, text)? {
                Some(answer) => {
                    self.page.keep_told(terminal, op, text, &answer, self.now)?;
                    answer
                }
                None => return Ok(Ruling::plain(code::INVALID_TRANSACTION)),
            },
        };
        Ok(part_of(&answer, 1).unwrap_or(Ruling::plain(code::APPROVED)))
    }

    /// The terminal leaves, unless it is owed something or owes it.
    fn leave(&self) -> Result<Option<String>, HostError> {
        let totals = self.page.totals(&self.terminal.terminal, self.terminal.batch)?;
        let given_back = i128::from(totals.voids_minor) + i128::from(totals.refunds_minor);
        let balance = i128::from(totals.sales_minor) - given_back;
        if balance != 0 {
            return Ok(Some(format!("balance {} {balance}\n", self.terminal.currency.code())));
        }
        self.page.note_left(&self.terminal.terminal, self.now)?;
        Ok(None)
    }

    /// `None` where there is nothing to give.
    fn answer_to(&self, op: Op, text: &[u8]) -> Result<Option<Vec<u8>>, HostError> {
        match op {
            Op::RenewCertificate => return self.certify(text),
            Op::Deregister => {
                let line = self.page.signature_over(text, self.entropy)?;
                return Ok(line.map(String::into_bytes));
            }
            _ => {}
        }
        let (terminal, number) = (&self.terminal.terminal, self.page.next_told()?);
        let word = Word::acknowledging(op.word(), terminal, number, self.now, text);
        let signed = self.page.sign(&word, self.entropy)?;
        Ok(Some(signed.into_bytes()))
    }

    /// A host without an authority certifies nobody, and nobody is certified but for the own name.
    fn certify(&self, request: &[u8]) -> Result<Option<Vec<u8>>, HostError> {
        let (Some(certificates), Ok(request)) = (self.certificates, std::str::from_utf8(request)) else {
            return Ok(None);
        };
        let terminal = &self.terminal.terminal;
        let Some(issued) = certificates.certify(terminal.as_str(), request)? else { return Ok(None) };
        self.page.give_certificate(terminal, &issued.certificate_sha256)?;
        Ok(Some(issued.certificate_pem.into_bytes()))
    }

    /// Whether this terminal may begin something new: it is not held, and it has not left.
    pub(super) fn may_begin(&self, op: Op) -> Result<bool, HostError> {
        let is_held = self.terminal.held.is_some_and(|held| held != Held::Released);
        if !matches!(op, Op::Sale | Op::Void | Op::Refund) || !(is_held || self.terminal.has_left) {
            return Ok(true);
        }
        // What the book has already is answered as it was.
        let Some(stan) = self.stan(ValueName::Stan) else { return Ok(true) };
        let batch = self.batch(ValueName::Batch).unwrap_or(self.terminal.batch);
        Ok(self.page.entry(&self.terminal.terminal, batch, stan)?.is_some())
    }
}

impl Held {
    /// What every answer says of it.
    pub(super) fn mark(self) -> Option<HostMark> {
        match self {
            Self::ByTill => None,
            Self::ByHost => Some(HostMark::Freeze),
            Self::Released => Some(HostMark::Release),
        }
    }
}

fn part_of(answer: &[u8], part: u32) -> Option<Ruling> {
    let chunk = answer.chunks(TOLD_PART_BYTES).nth(part.checked_sub(1)? as usize)?;
    let mut brought = brought(chunk, part);
    brought.set_number(ValueName::ToldParts, answer.len().div_ceil(TOLD_PART_BYTES) as u64);
    Some(Ruling::bringing(brought))
}

fn brought(text: &[u8], part: u32) -> Values {
    let mut brought = Values::new();
    brought
        .set_number(ValueName::ToldPart, part.into())
        .set_number(ValueName::ToldParts, 1)
        .set(ValueName::ToldText, text);
    brought
}
