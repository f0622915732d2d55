//! Rows of the card: the TLV walk, the chain of certificates, and the whole tap.
//!
//! The tap is recorded once from a simulated card and then repeated with the same answers, so that the card's own
//! signing is not timed. The chain's peer is three PKCS #1 verifications by `ring` with the same three keys.

use std::sync::Arc;

use iso7816_tlv::ber::Tlv;
use ring::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents};
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use taptill::emv::oda::Subject;
use taptill::emv::store::TagStore;
use taptill::emv::tags::Tag;
use taptill::emv::{
    CaKeys, CardEvent, Environment, OdaResult, Outcome, Tap, TapRequest, TapStep, TerminalData, TransactionType, tlv,
};
use taptill::money::{Amount, Currency};
use taptill::ports::CardChannel;
use taptill_sandbox::card;

use crate::hex::from_hex;
use crate::measure::{Effort, Plan, Row, against, allocations_of};

const TRANSCRIPT: &str = include_str!("../../tests/vectors/cards/mock-msc-offline.json");
const KEYS: [&str; 3] = [
    include_str!("../../sandbox/fixtures/ca-visa-c0.pem"),
    include_str!("../../sandbox/fixtures/issuer.pem"),
    include_str!("../../sandbox/fixtures/icc.pem"),
];
const TLV: Plan =
    Plan { name: "TLV walk, 191-byte record", peer: "iso7816-tlv", bar: Some(0.05), rounds: 51, calls: 20_000 };
const ODA: Plan = Plan {
    name: "ODA chain 1408/1152/1024, e = 3",
    peer: "ring, three RSA verifications with the same keys",
    bar: Some(1.0),
    rounds: 51,
    calls: 1_000,
};
const TAP: Plan =
    Plan { name: "whole tap, terminal's share", peer: "its own ODA chain", bar: Some(2.0), rounds: 51, calls: 500 };

/// TLV, ODA and tap.
pub fn rows(effort: Effort) -> Vec<Row> {
    let recorded = Recorded::new();
    vec![tlv_row(effort), oda_row(effort, &recorded), tap_row(effort, &recorded)]
}

fn tlv_row(effort: Effort) -> Row {
    let json: serde_json::Value = serde_json::from_str(TRANSCRIPT).expect("the transcript is JSON");
    let answer = from_hex(json["apdus"][3][1].as_str().expect("the transcript has this answer"));
    let record = &answer[..answer.len() - 2];
    assert_eq!(record.len(), 191);
    let walk = || {
        tlv::walk(record).fold((0, 0), |(count, bytes), element| {
            let (_, element) = element.expect("the record is valid");
            (count + 1, bytes + element.value.len())
        })
    };
    assert!(walk().0 > 1, "the walk goes into the template");
    let mut row = against(effort, TLV, walk, || Tlv::parse_all(record).len());
    row.allocations = Some(allocations_of(walk));
    row
}

fn oda_row(effort: Effort, recorded: &Recorded) -> Row {
    let signed: Vec<SignedByRing> = KEYS.iter().map(|pem| SignedByRing::new(pem)).collect();
    against(effort, ODA, || recorded.verify_chain(), || signed.iter().all(SignedByRing::verify))
}

fn tap_row(effort: Effort, recorded: &Recorded) -> Row {
    against(effort, TAP, || recorded.tap().kind, || recorded.verify_chain())
}

/// A tap of the default card, and what its answers say.
struct Recorded {
    data: Arc<TerminalData>,
    ca_keys: Arc<CaKeys>,
    answers: Vec<Vec<u8>>,
    said: TagStore,
    static_data: Vec<u8>,
}

impl Recorded {
    fn new() -> Self {
        let mut recorded = Self {
            data: Arc::new(TerminalData::sandbox()),
            ca_keys: Arc::new(CaKeys::from_json(card::ca_keys_json()).expect("the fixtures are valid")),
            answers: Vec::new(),
            said: TagStore::default(),
            static_data: Vec::new(),
        };
        let channel = card::named("visa").expect("it is the default card").tap();
        let (mut answers, mut said) = (Vec::new(), TagStore::default());
        let outcome = recorded.tap_with(|command| {
            let answer = channel.transceive(command).expect("this card stays");
            answers.push(answer.clone());
            answer
        });
        assert_eq!(outcome.card.expect("the card was read").oda, OdaResult::Ok);
        for answer in &answers {
            let elements = tlv::walk(&answer[..answer.len() - 2]).map(|element| element.expect("the card is valid").1);
            for element in elements.filter(|element| !element.is_constructed()) {
                said.set(element.tag, element.value).expect("there is room");
            }
        }
        recorded.static_data = static_data(&said, &answers);
        recorded.answers = answers;
        recorded.said = said;
        assert!(recorded.verify_chain());
        recorded
    }

    fn tap(&self) -> Outcome {
        let mut answers = self.answers.iter();
        self.tap_with(|_| answers.next().expect("the same commands have the same answers").clone())
    }

    fn tap_with(&self, mut answer: impl FnMut(&[u8]) -> Vec<u8>) -> Outcome {
        let (mut tap, mut step) = Tap::start(self.data.clone(), self.ca_keys.clone(), request());
        loop {
            step = match step {
                TapStep::Done(outcome) => return *outcome,
                TapStep::AwaitCard(_) => tap.handle(CardEvent::Found),
                TapStep::Transmit(command) => tap.handle(CardEvent::Response(&answer(&command))),
            };
        }
    }

    fn verify_chain(&self) -> bool {
        let subject = Subject {
            environment: Environment::Sandbox,
            rid: *b"\xA0\0\0\0\x03",
            date_yymmdd: request().date_yymmdd,
            card: &self.said,
            static_data: Some(&self.static_data),
        };
        subject.verify_fdda(&self.ca_keys, &UNPREDICTABLE_NUMBER, &AMOUNT_BCD, &[0x01, 0x56]).is_ok()
    }
}

const UNPREDICTABLE_NUMBER: [u8; 4] = [0xAB, 0xCD, 0x12, 0x34];
const AMOUNT_BCD: [u8; 6] = [0, 0, 0, 0, 0x12, 0x30];

/// The body of the records that the AFL marks for authentication (Book 3, 10.3).
fn static_data(said: &TagStore, answers: &[Vec<u8>]) -> Vec<u8> {
    let locator = said.value(Tag(0x94)).expect("the card has records");
    let mut signed = Vec::new();
    // The first three answers are the directory, the application and the options; the records follow.
    let mut record = 3;
    for entry in locator.chunks_exact(4) {
        for at in 0..=(entry[2] - entry[1]) {
            if at < entry[3] {
                let answer = &answers[record];
                let template = tlv::read(&answer[..answer.len() - 2]).next().expect("a record").expect("valid");
                signed.extend_from_slice(template.value);
            }
            record += 1;
        }
    }
    signed
}

fn request() -> TapRequest {
    TapRequest {
        amount: Amount::from_minor(1_230, Currency::CNY).expect("it fits"),
        transaction_type: TransactionType::Purchase,
        date_yymmdd: [0x26, 0x11, 0x22],
        time_hhmmss: [0x13, 0x45, 0x00],
        unpredictable_number: UNPREDICTABLE_NUMBER,
        sequence_counter: 1,
    }
}

/// A PKCS #1 signature by one of the keys, which `ring` verifies.
struct SignedByRing {
    public: RsaPublicKeyComponents<Vec<u8>>,
    signature: Vec<u8>,
}

const SIGNED: &[u8] = b"the same three keys";
/// RFC 8017, 9.2 note 1: the DER prefix of a SHA-256 digest.
const SHA256_PREFIX: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

impl SignedByRing {
    fn new(pem: &str) -> Self {
        let pem = pem.replace("TESTING KEY", "PRIVATE KEY");
        let key = RsaPrivateKey::from_pkcs8_pem(&pem).expect("the fixture is a key");
        let digest = ring::digest::digest(&ring::digest::SHA256, SIGNED);
        let prefixed = [&SHA256_PREFIX[..], digest.as_ref()].concat();
        let signature = key.sign(Pkcs1v15Sign::new_unprefixed(), &prefixed).expect("the key signs");
        Self { public: RsaPublicKeyComponents { n: key.n().to_bytes_be(), e: key.e().to_bytes_be() }, signature }
    }

    fn verify(&self) -> bool {
        self.public.verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, SIGNED, &self.signature).is_ok()
    }
}
