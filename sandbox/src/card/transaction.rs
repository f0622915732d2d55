//! One transaction of a card: the decision, the cryptogram, the signature, the options and their records.
//!
//! Sources: EMV Book 3, section 6.5.8 (options, template 77) and annex C (layouts); the bits of tags 9F66,
//! 9F6C and 9F10 and the contents of 9F69 as open peers show them (?). Pure: the counter's value comes in,
//! bytes go out, the same for the same request. Evidence: `tests/card_channel.rs`, `tests/card_certificates.rs`.

use ring::digest;

use super::application::Personalised;
use super::certificates::{Credentials, sign_dynamic_data};
use super::personality::{Decision, HolderVerification, Misbehaviour, OnFailedAuthentication, PAN_OTHER};
use super::tlv::{object, template};
use crate::issuer::{CryptogramInput, IssuerMasterKey};

/// Tag 82: dynamic data authentication, and nothing else.
pub(super) const AIP: [u8; 2] = [0x20, 0x00];

/// The short file that holds every record.
const RECORDS_FILE: u8 = 2;
/// Tag 94: three records, of which the first is authenticated.
const LOCATOR_SIGNED: [u8; 4] = [RECORDS_FILE << 3, 1, 3, 1];
/// Tag 94: the first record alone.
const LOCATOR_UNSIGNED: [u8; 4] = [RECORDS_FILE << 3, 1, 1, 0];
/// Which of the issuer's keys made the card's, in tag 9F10.
const DERIVATION_KEY_INDEX: u8 = 0x01;

/// What the terminal said, in the order of the PDOL.
pub(super) struct Request {
    qualifiers: [u8; 4],
    amount: [u8; 6],
    amount_other: [u8; 6],
    country: [u8; 2],
    tvr: [u8; 5],
    currency: [u8; 2],
    date: [u8; 3],
    transaction_type: u8,
    unpredictable_number: [u8; 4],
}

/// What the card decided, as the first two bits of tag 9F27.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decided {
    Declined = 0x00,
    Approved = 0x40,
    AskIssuer = 0x80,
}

/// The answer to GET PROCESSING OPTIONS, and what the records of this transaction hold.
pub(super) struct Options {
    /// Template 77.
    pub(super) response: Vec<u8>,
    records: Vec<Vec<u8>>,
}

impl Options {
    /// A record, template 70, by its number from 1 on.
    pub(super) fn record(&self, file: u8, record: u8) -> Option<&[u8]> {
        let index = usize::from(record).checked_sub(1)?;
        self.records.get(index).filter(|_| file == RECORDS_FILE).map(Vec::as_slice)
    }
}

impl Request {
    /// Reads the values of the whole PDOL, or nothing if they are not as many bytes as it asks for.
    pub(super) fn read(values: &[u8]) -> Option<Self> {
        let (qualifiers, rest) = values.split_first_chunk()?;
        let (amount, rest) = rest.split_first_chunk()?;
        let (amount_other, rest) = rest.split_first_chunk()?;
        let (country, rest) = rest.split_first_chunk()?;
        let (tvr, rest) = rest.split_first_chunk()?;
        let (currency, rest) = rest.split_first_chunk()?;
        let (date, rest) = rest.split_first_chunk()?;
        let (transaction_type, rest) = rest.split_first()?;
        let unpredictable_number = rest.try_into().ok()?;
        Some(Self {
            qualifiers: *qualifiers,
            amount: *amount,
            amount_other: *amount_other,
            country: *country,
            tvr: *tvr,
            currency: *currency,
            date: *date,
            transaction_type: *transaction_type,
            unpredictable_number,
        })
    }

    /// TTQ byte 1 bit 6: the reader speaks EMV contactless, not only magnetic stripe.
    pub(super) fn reader_speaks_emv(&self) -> bool {
        self.qualifiers[0] & 0x20 != 0
    }

    /// TTQ byte 1 bit 4: the reader never goes online.
    fn reader_is_offline_only(&self) -> bool {
        self.qualifiers[0] & 0x08 != 0
    }

    /// TTQ byte 1 bit 3.
    fn reader_takes_online_pin(&self) -> bool {
        self.qualifiers[0] & 0x04 != 0
    }

    /// TTQ byte 1 bit 2.
    fn reader_takes_signature(&self) -> bool {
        self.qualifiers[0] & 0x02 != 0
    }

    /// TTQ byte 1 bit 1: the reader authenticates the card also when it goes online.
    fn reader_authenticates_online(&self) -> bool {
        self.qualifiers[0] & 0x01 != 0
    }

    /// TTQ byte 2 bit 8.
    fn online_required(&self) -> bool {
        self.qualifiers[1] & 0x80 != 0
    }

    /// TTQ byte 2 bit 7.
    fn verification_required(&self) -> bool {
        self.qualifiers[1] & 0x40 != 0
    }

    /// The amount in minor units; a nibble that is no digit makes it larger than any limit.
    fn amount_minor(&self) -> u64 {
        let nibbles = self.amount.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
        nibbles.fold(0, |sum, digit| if digit < 10 { sum * 10 + u64::from(digit) } else { u64::MAX / 16 })
    }
}

impl Personalised {
    /// Decides one transaction and makes everything that it answers with.
    pub(super) fn transact(&self, request: &Request, atc: u16) -> Options {
        let decided = self.decide(request);
        let qualifiers = self.qualifiers(request);
        let signing = self.credentials.as_ref().filter(|_| match decided {
            Decided::Approved => true,
            Decided::AskIssuer => request.reader_authenticates_online(),
            Decided::Declined => false,
        });
        let related = self.authentication_related_data(request, atc, qualifiers);
        let mut records = Vec::new();
        if decided != Decided::Declined && self.credentials.is_some() {
            records.push(self.account_record());
        }
        if let Some(credentials) = signing {
            records.push(issuer_record(credentials));
            records.push(card_record(credentials, &related));
        }
        let mut parts = vec![object(0x82, &AIP)];
        match records.len() {
            0 => {}
            1 => parts.push(object(0x94, &LOCATOR_UNSIGNED)),
            _ => parts.push(object(0x94, &LOCATOR_SIGNED)),
        }
        parts.extend(self.payment_objects(request, atc, decided));
        if self.personality.verification != HolderVerification::Unsaid {
            parts.push(object(0x9F6C, &qualifiers));
        }
        if signing.is_some() {
            parts.push(object(0x9F4B, &self.signature(request, atc, &related)));
        }
        Options { response: template(0x77, &parts), records }
    }

    fn decide(&self, request: &Request) -> Decided {
        match self.personality.decision {
            Decision::Decline => Decided::Declined,
            Decision::ApproveUpTo(limit) if !request.online_required() && request.amount_minor() <= limit => {
                Decided::Approved
            }
            _ if request.reader_is_offline_only() => Decided::Declined,
            _ => Decided::AskIssuer,
        }
    }

    /// Tag 9F6C: how the holder is to be verified, and what to do when authentication fails.
    fn qualifiers(&self, request: &Request) -> [u8; 2] {
        const ONLINE_PIN: u8 = 0x80;
        const SIGNATURE: u8 = 0x40;
        const ON_DEVICE: u8 = 0x80;
        let (verification, on_device) = match self.personality.verification {
            HolderVerification::OnlinePin => (ONLINE_PIN, 0),
            HolderVerification::Signature => (SIGNATURE, 0),
            HolderVerification::OnDevice => (0, ON_DEVICE),
            HolderVerification::AsReaderAsks if !request.verification_required() => (0, 0),
            HolderVerification::AsReaderAsks if request.reader_takes_signature() => (SIGNATURE, 0),
            HolderVerification::AsReaderAsks if request.reader_takes_online_pin() => (ONLINE_PIN, 0),
            HolderVerification::AsReaderAsks | HolderVerification::Unsaid => (0, 0),
        };
        let on_failure = match self.personality.on_failed_authentication {
            OnFailedAuthentication::Decline => 0,
            OnFailedAuthentication::GoOnline => 0x20,
            OnFailedAuthentication::UseContact => 0x10,
        };
        [verification | on_failure, on_device]
    }

    /// Tag 9F69: version 01, the card's own unpredictable number, and the qualifiers again.
    fn authentication_related_data(&self, request: &Request, atc: u16, mut qualifiers: [u8; 2]) -> [u8; 7] {
        if self.misbehaviour == Misbehaviour::QualifiersDiffer {
            qualifiers[1] ^= 0x80;
        }
        // The number only has to differ between transactions; a hash keeps two runs of a test alike.
        let seed = [self.pan.expose(), &atc.to_be_bytes(), &request.unpredictable_number].concat();
        let drawn = digest::digest(&digest::SHA256, &seed);
        let mut related = [0x01, 0, 0, 0, 0, qualifiers[0], qualifiers[1]];
        related[1..5].copy_from_slice(&drawn.as_ref()[..4]);
        related
    }

    /// Tag 9F4B, over 9F37, 9F02, 5F2A and 9F69.
    fn signature(&self, request: &Request, atc: u16, related: &[u8; 7]) -> Vec<u8> {
        let mut unpredictable_number = request.unpredictable_number;
        if self.misbehaviour == Misbehaviour::WrongSignature {
            unpredictable_number[0] ^= 0x01;
        }
        let terminal_data = [&unpredictable_number[..], &request.amount, &request.currency, related].concat();
        sign_dynamic_data(atc, &terminal_data)
    }

    /// Everything that an issuer needs: track, cryptogram and what it was made over.
    fn payment_objects(&self, request: &Request, atc: u16, decided: Decided) -> Vec<Vec<u8>> {
        let issuer_application_data = self.issuer_application_data(decided);
        let mut parts = vec![
            object(0x57, &self.track_2()),
            object(0x5F34, &[self.sequence_bcd()]),
            object(0x9F10, &issuer_application_data),
            object(0x9F36, &atc.to_be_bytes()),
            object(0x9F6E, &self.form_factor()),
            object(0x9F27, &[decided as u8]),
        ];
        if self.misbehaviour != Misbehaviour::NoCryptogram {
            parts.push(object(0x9F26, &self.cryptogram(request, atc, issuer_application_data)));
        }
        parts
    }

    fn cryptogram(&self, request: &Request, atc: u16, issuer_application_data: [u8; 7]) -> [u8; 8] {
        let input = CryptogramInput {
            amount: request.amount,
            amount_other: request.amount_other,
            country: request.country,
            tvr: request.tvr,
            currency: request.currency,
            date: request.date,
            transaction_type: request.transaction_type,
            unpredictable_number: request.unpredictable_number,
            aip: AIP,
            atc,
            issuer_application_data,
        };
        let key = IssuerMasterKey::sandbox().icc_master_key(&self.pan, self.personality.pan_sequence);
        let mut cryptogram = input.cryptogram(self.personality.version, &key);
        if self.misbehaviour == Misbehaviour::WrongCryptogram {
            cryptogram[7] ^= 0x01;
        }
        cryptogram
    }

    /// Tag 9F10: length, key index, version, and verification results whose second byte says the decision.
    fn issuer_application_data(&self, decided: Decided) -> [u8; 7] {
        // Bits 8 and 7: a second cryptogram was not asked for. Bits 6 and 5: what the first one was.
        let results = match decided {
            Decided::Declined => 0x80,
            Decided::Approved => 0x90,
            Decided::AskIssuer => 0xA0,
        };
        [0x06, DERIVATION_KEY_INDEX, self.personality.version.number(), 0x03, results, 0x00, 0x00]
    }

    /// Tag 5F34: two digits.
    fn sequence_bcd(&self) -> u8 {
        let sequence = self.personality.pan_sequence;
        ((sequence / 10) << 4) | (sequence % 10)
    }

    /// Tag 9F6E: a plastic card, or a phone whose holder can be verified on it (?).
    fn form_factor(&self) -> [u8; 4] {
        match self.personality.verification {
            HolderVerification::OnDevice => [0x23, 0x8C, 0x00, 0x00],
            _ => [0x20, 0x70, 0x00, 0x00],
        }
    }

    /// Tag 57: number, D, year and month, service code 201, and digits of the issuer's own.
    fn track_2(&self) -> Vec<u8> {
        let number = match self.misbehaviour {
            Misbehaviour::NumbersDiffer => PAN_OTHER.as_bytes(),
            _ => self.pan.expose(),
        };
        let [year, month, _] = self.personality.expiry;
        let tail = format!("D{year:02X}{month:02X}2010000012300000");
        let mut nibbles: Vec<u8> = number.iter().chain(tail.as_bytes()).map(|symbol| track_nibble(*symbol)).collect();
        if nibbles.len() % 2 == 1 {
            nibbles.push(0x0F);
        }
        nibbles.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect()
    }

    /// The data objects of the first record, which the card's certificate covers.
    pub(super) fn account_objects(&self) -> Vec<u8> {
        let digits = self.pan.expose().iter().map(|digit| digit - b'0').collect::<Vec<u8>>();
        let account: Vec<u8> = digits.chunks(2).map(|two| two[0] << 4 | two.get(1).copied().unwrap_or(0x0F)).collect();
        [
            object(0x5A, &account),
            object(0x5F24, &self.personality.expiry),
            object(0x5F28, &[0x01, 0x56]),
            object(0x9F07, &[0xFF, 0x80]),
            object(0x9F4A, &[0x82]),
        ]
        .concat()
    }

    fn account_record(&self) -> Vec<u8> {
        let mut objects = self.account_objects();
        if self.misbehaviour == Misbehaviour::TagTwice {
            objects.extend(object(0x57, &self.track_2()));
        }
        object(0x70, &objects)
    }
}

fn issuer_record(credentials: &Credentials) -> Vec<u8> {
    let parts = [
        object(0x8F, &[credentials.authority_index]),
        object(0x90, &credentials.issuer_certificate),
        object(0x92, &credentials.issuer_remainder),
        object(0x9F32, &credentials.issuer_exponent),
    ];
    template(0x70, &parts)
}

fn card_record(credentials: &Credentials, related: &[u8; 7]) -> Vec<u8> {
    let parts = [
        object(0x9F46, &credentials.icc_certificate),
        object(0x9F47, &credentials.icc_exponent),
        object(0x9F48, &credentials.icc_remainder),
        object(0x9F69, related),
    ];
    template(0x70, &parts)
}

/// A track symbol as a nibble; the separator is D.
fn track_nibble(symbol: u8) -> u8 {
    if symbol == b'D' { 0x0D } else { symbol & 0x0F }
}
