//! The acquirer behind the host: what it is told besides payments, what it signs, and by what it and a till know each
//! other.
//!
//! A certificate that was renewed is let go when the new one is first seen; a till that comes with the old one after
//! that is not let in. A till that has left sells nothing more, and does not leave while money is open in its batch.
//!
//! It never looks into a till. Evidence: `sandbox/simulator/tests/planted.rs`.

use std::collections::BTreeMap;

use ring::signature::{Ed25519KeyPair, KeyPair};
use taptill::acquirer::{Gathered, Gathering, LinkFault, TOLD_PART_BYTES, ToldPart, Word};
use taptill::clock::WallMs;
use taptill::iso8583::{Op, ValueName, Values};
use taptill::merkle::{KeyName, Note, VerifierKey, base64};
use taptill::secret::Secret;

use crate::book::Book;
use crate::host::number;
use crate::stage;

/// What a till is known by, as it comes to the host's door.
pub(crate) struct Comes<'a> {
    pub certificate: &'a str,
    pub key: &'a str,
    /// By which keys it would know the host.
    pub pins: [&'a str; 2],
}

#[derive(Default)]
pub(crate) struct Acquirer {
    gathered: BTreeMap<&'static str, Gathered>,
    answers: BTreeMap<&'static str, Vec<u8>>,
    /// The certificate that the till has, once it was renewed, and those that were given since and not seen yet, the
    /// newest last: a request that was long under way is certified as well.
    certificate: Option<String>,
    next_certificates: Vec<String>,
    /// How often the host has taken another key into use.
    rotations: u32,
    /// The till has left.
    pub has_left: bool,
    /// The acquirer holds money of which the till knows nothing.
    pub finds_a_balance: bool,
}

impl Acquirer {
    /// Whether till and host know each other.
    pub fn lets_in(&mut self, comes: &Comes<'_>, book: &mut Book) -> Result<(), LinkFault> {
        if !comes.pins.contains(&pin(self.rotations).as_str()) {
            return Err(LinkFault::PinMismatch);
        }
        if let Some(place) = self.next_certificates.iter().position(|next| next == comes.certificate) {
            // Those that were given later may be on their way to it.
            self.certificate = self.next_certificates.drain(..=place).next_back();
        }
        let known = self.certificate.clone().unwrap_or_else(|| stage::pem("CERTIFICATE"));
        if known != comes.certificate {
            book.complaints.push("a certificate that was renewed since".to_owned());
            return Err(LinkFault::ClientCertificateRefused);
        }
        if !is_pair(comes.certificate, comes.key) {
            book.complaints.push("a certificate without its key".to_owned());
            return Err(LinkFault::ClientCertificateRefused);
        }
        Ok(())
    }

    /// The host takes another key into use; the one after it is known beforehand.
    pub fn rotate(&mut self, book: &mut Book) {
        self.rotations += 1;
        book.pins.push(pin(self.rotations));
    }

    pub fn has_rotated(&self) -> bool {
        self.rotations > 0
    }

    /// The acquirer's word for the pins that hold now; the number of an older one where `is_old`.
    pub fn pins(&self, is_old: bool) -> String {
        let rotations = if is_old { self.rotations.saturating_sub(1) } else { self.rotations };
        let facts = [("current", pin(rotations)), ("backup", pin(rotations + 1))];
        let word = Word {
            kind: "pins".to_owned(),
            terminal: None,
            number: u64::from(rotations) + 1,
            at: WallMs(stage::MORNING.wall.0 + i64::from(rotations)),
            facts: facts.map(|(name, pin)| (name.to_owned(), pin)).into(),
        };
        word.signed(&key_name(), &seed(THE_ACQUIRERS)).expect("a word of plain facts reads back")
    }

    /// The same under a key that is nobody's here.
    pub fn strangers_pins(&self) -> String {
        let word = Word {
            kind: "pins".to_owned(),
            terminal: None,
            number: 1_000,
            at: stage::MORNING.wall,
            facts: [("current", pin(666)), ("backup", pin(667))].map(|(name, pin)| (name.to_owned(), pin)).into(),
        };
        word.signed(&key_name(), &seed(A_STRANGERS)).expect("a word of plain facts reads back")
    }

    /// The text with the parameters; with a word in it since the host has another key.
    pub fn parameters(&self) -> String {
        let word = if self.rotations == 0 { String::new() } else { self.pins(false) };
        let word = if word.is_empty() { word } else { format!(";word={}", base64::encode(word.as_bytes())) };
        format!("sale_max_minor=5000000{word}")
    }

    /// Takes a part of a text, or gives a part of the answer to the last one. `balance_minor` is the open batch's.
    pub fn told(
        &mut self,
        op: Op,
        request: &Values,
        (answer, book): (&mut Values, &mut Book),
        balance_minor: i128,
    ) -> &'static str {
        let (part, parts) = (number(request, ValueName::ToldPart), number(request, ValueName::ToldParts));
        let Some(text) = request.get(ValueName::ToldText) else {
            return self.part_of_answer(op, part, answer);
        };
        let gathered = self.gathered.entry(op.word()).or_default();
        match gathered.take(&ToldPart { part, parts, text: text.to_vec() }) {
            Gathering::Whole(text) => self.whole(op, &text, (answer, book), balance_minor),
            Gathering::Next(_) => "00",
            Gathering::Broken => "30",
        }
    }

    fn whole(
        &mut self,
        op: Op,
        text: &[u8],
        (answer, book): (&mut Values, &mut Book),
        balance_minor: i128,
    ) -> &'static str {
        let said = match op {
            Op::Deregister if self.finds_a_balance || balance_minor != 0 => {
                let balance_minor = if balance_minor == 0 { 100 } else { balance_minor };
                bring(answer, format!("balance CNY {balance_minor}\n").as_bytes(), (1, 1));
                book.balances_found += 1;
                return "12";
            }
            Op::Deregister => {
                let Some(line) = signature_over(text) else { return "30" };
                self.has_left = true;
                book.let_go.push(String::from_utf8_lossy(text).into_owned());
                line.into_bytes()
            }
            Op::RenewCertificate => {
                let Some(certificate) = certify(text) else { return "30" };
                self.next_certificates.push(certificate.clone());
                certificate.into_bytes()
            }
            _ => return "00",
        };
        self.answers.insert(op.word(), said);
        self.part_of_answer(op, 1, answer)
    }

    fn part_of_answer(&self, op: Op, part: u32, answer: &mut Values) -> &'static str {
        let Some(said) = self.answers.get(op.word()) else { return "30" };
        match said.chunks(TOLD_PART_BYTES).nth(part.saturating_sub(1) as usize) {
            Some(chunk) => bring(answer, chunk, (part, said.len().div_ceil(TOLD_PART_BYTES) as u64)),
            None => return "30",
        }
        "00"
    }
}

fn bring(answer: &mut Values, text: &[u8], (part, parts): (u32, u64)) {
    answer
        .set_number(ValueName::ToldPart, part.into())
        .set_number(ValueName::ToldParts, parts)
        .set(ValueName::ToldText, text);
}

/// What the acquirer's words are checked with.
pub(crate) fn acquirer_key() -> String {
    VerifierKey::of_seed(key_name(), &seed(THE_ACQUIRERS)).vkey()
}

/// The host's key of this number, as it is pinned.
pub(crate) fn pin(number: u32) -> String {
    format!("{number:064x}")
}

/// The line of the acquirer's signature over a note's text.
fn signature_over(text: &[u8]) -> Option<String> {
    let mut note = Note::new(str::from_utf8(text).ok()?).ok()?;
    note.sign(&key_name(), &seed(THE_ACQUIRERS));
    note.to_string().rsplit_once("\n\n").map(|(_, line)| line.to_owned())
}

/// A certificate of which only the key is true: the one that the request is for.
fn certify(request_pem: &[u8]) -> Option<String> {
    let der = body(str::from_utf8(request_pem).ok()?)?;
    let at = der.windows(SPKI_OF_ED25519.len()).position(|window| window == SPKI_OF_ED25519)?;
    let spki = der.get(at..at + SPKI_OF_ED25519.len() + 32)?;
    Some(format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64::encode(spki)))
}

/// Whether the certificate is for this private key. What a till was provisioned with is no real pair.
fn is_pair(certificate: &str, key: &str) -> bool {
    if certificate == stage::pem("CERTIFICATE") {
        return key == stage::pem("PRIVATE KEY");
    }
    let (Some(certificate), Some(key)) = (body(certificate), body(key)) else { return false };
    let pair = key.last_chunk::<32>().and_then(|seed| Ed25519KeyPair::from_seed_unchecked(seed).ok());
    pair.is_some_and(|pair| certificate.ends_with(pair.public_key().as_ref()))
}

fn body(pem: &str) -> Option<Vec<u8>> {
    base64::decode(&pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>())
}

fn key_name() -> KeyName {
    KeyName::new("acquirer.simulator").expect("a name of letters and a point")
}

fn seed(of: u8) -> Secret<32> {
    Secret::from_fn(|seed| seed.fill(of))
}

const THE_ACQUIRERS: u8 = 0x77;
const A_STRANGERS: u8 = 0x66;
/// RFC 8410, section 4: what stands before the 32 bytes of a public key.
const SPKI_OF_ED25519: [u8; 12] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];

#[cfg(test)]
mod tests {
    use super::*;
    use taptill::account::Renewal;
    use taptill::ids::TerminalId;

    /// The same promise as the sandbox's host gives (`sandbox/tests/host_told.rs`).
    #[test]
    fn each_certificate_that_was_given_is_good_until_it_or_a_later_one_is_used() {
        let renewals: Vec<Renewal> =
            (1..=3).map(|byte| Renewal::of_seed(&seed(byte), &TerminalId::new("SBX00001").unwrap())).collect();
        let given: Vec<String> =
            renewals.iter().map(|renewal| certify(renewal.request_pem.as_bytes()).unwrap()).collect();
        let rows: [(&[usize], &[bool]); 3] = [
            (&[0, 2, 0, 1], &[true, true, false, false]),
            (&[1, 0, 1, 2], &[true, false, true, true]),
            (&[0, 1, 2, 2], &[true; 4]),
        ];
        for (comes, verdict) in rows {
            let mut acquirer = Acquirer { next_certificates: given.clone(), ..Acquirer::default() };
            let mut lets_in = |with: &usize| {
                let (certificate, key) = (given[*with].as_str(), renewals[*with].client_key_pem.expose());
                let pins = [&*pin(0), &*pin(1)];
                acquirer.lets_in(&Comes { certificate, key, pins }, &mut Book::default()).is_ok()
            };
            assert_eq!(comes.iter().map(&mut lets_in).collect::<Vec<_>>(), verdict, "{comes:?}");
        }
    }
}
