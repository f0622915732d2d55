//! What a host is told besides payments, and its signed word for it.

use taptill::acquirer::{Gathering, TOLD_PART_BYTES, ToldPart, Word};
use taptill::clock::WallMs;
use taptill::ids::TerminalId;
use taptill::iso8583::{Op, ValueName, Values};
use taptill::merkle::{KeyName, Note, VerifierKey};
use taptill::secret::Secret;

use super::{Host, digits};

/// What the words of this host are checked with.
pub fn acquirer_key() -> VerifierKey {
    VerifierKey::of_seed(key_name(), &seed())
}

/// A word under the acquirer's signature.
pub fn signed(word: &Word) -> String {
    word.signed(&key_name(), &seed()).unwrap()
}

/// The line of the acquirer's signature over a note's text.
pub fn signature_over(text: &[u8]) -> String {
    let mut note = Note::new(std::str::from_utf8(text).unwrap()).unwrap();
    note.sign(&key_name(), &seed());
    note.to_string().rsplit_once("\n\n").unwrap().1.to_owned()
}

fn key_name() -> KeyName {
    KeyName::new("acquirer.test").unwrap()
}

fn seed() -> Secret<32> {
    Secret::from_fn(|seed| seed.fill(0x77))
}

impl Host {
    pub(super) fn hear_told(&mut self, op: Op, request: &Values, brought: &mut Values) -> &'static str {
        let number = |name| digits(request, name).parse::<u32>().unwrap();
        let (part, parts) = (number(ValueName::ToldPart), number(ValueName::ToldParts));
        let Some(text) = request.get(ValueName::ToldText) else {
            assert_eq!(parts, 0, "a question for a part");
            return self.part_of_answer(op, part, brought);
        };
        let gathered = self.gathered.entry(op).or_default();
        match gathered.take(&ToldPart { part, parts, text: text.to_vec() }) {
            Gathering::Whole(text) => {
                self.told.push((op, text));
                self.part_of_answer(op, 1, brought)
            }
            Gathering::Next(_) => "00",
            Gathering::Broken => "30",
        }
    }

    fn part_of_answer(&self, op: Op, part: u32, brought: &mut Values) -> &'static str {
        let (_, text) = self.told.iter().rfind(|(of, _)| *of == op).expect("something was told");
        let answer = match self.told_answers.get(&op) {
            Some(answer) => answer.clone(),
            None if op == Op::Deregister => signature_over(text).into_bytes(),
            None => {
                let terminal = TerminalId::new("TILL0001").unwrap();
                let number = self.told.len() as u64;
                signed(&Word::acknowledging(op.word(), &terminal, number, WallMs(1), text)).into_bytes()
            }
        };
        if self.loses_answer_parts && part > 1 {
            return "00";
        }
        if let Some(chunk) = answer.chunks(TOLD_PART_BYTES).nth(part as usize - 1) {
            brought
                .set_number(ValueName::ToldPart, part.into())
                .set_number(ValueName::ToldParts, answer.len().div_ceil(TOLD_PART_BYTES) as u64)
                .set(ValueName::ToldText, chunk);
        }
        "00"
    }

    pub(super) fn set_mark(&self, values: &mut Values) {
        if let Some(mark) = self.mark {
            values.set(ValueName::HostMark, mark);
        }
    }
}
