//! A finished read of somebody else's reader, as the payment room holds it: its form checked, its binding beside it.
//!
//! A reader is another program. What it gives is refused whole where a part is too long, is no name, or shows more of
//! the card than may be seen; a payload that holds a card number in plain digits was never encrypted, and is refused
//! as well. Whether the payload is what it should be only the host can say.
//!
//! It has no `Debug`, and never opens the payload. Evidence: `mod tests` below, `tests/encrypted_reader.rs`.

use crate::card::MaskedPan;
use crate::iso8583::{ValueName, Values};
use crate::payment::events::ReadFacts;
use crate::ports::{
    EncryptedRead, READ_NAME_BYTES_MAX, READ_NONCE_BYTES, READ_PAYLOAD_BYTES_MAX, READ_SCHEME_CHARS_MAX,
    READ_SIGNATURE_BYTES_MAX, ReadCvm,
};

/// A read whose form is right, with the nonce that it was asked for with.
pub(super) struct BoundRead {
    nonce: [u8; READ_NONCE_BYTES],
    format: String,
    key: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
    scheme: Option<String>,
    masked: Option<MaskedPan>,
    cvm: ReadCvm,
}

/// Which part of a read breaks its rule. The part itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFlaw {
    Format,
    Key,
    Payload,
    PayloadIsPlain,
    Signature,
    Scheme,
    NotMasked,
}

impl ReadFlaw {
    /// The stable word, as in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Format => "read_format",
            Self::Key => "read_key",
            Self::Payload => "read_payload",
            Self::PayloadIsPlain => "read_payload_is_plain",
            Self::Signature => "read_signature",
            Self::Scheme => "read_scheme",
            Self::NotMasked => "read_not_masked",
        }
    }
}

impl BoundRead {
    /// Takes over what a reader gave to the request with this nonce.
    ///
    /// # Errors
    /// The first [`ReadFlaw`], in the order of the fields.
    pub fn check(read: EncryptedRead, nonce: [u8; READ_NONCE_BYTES]) -> Result<Self, ReadFlaw> {
        let masked = read.masked.map(MaskedPan::try_from).transpose();
        let rules = [
            (is_name(&read.format), ReadFlaw::Format),
            (is_name(&read.key), ReadFlaw::Key),
            ((1..=READ_PAYLOAD_BYTES_MAX).contains(&read.payload.len()), ReadFlaw::Payload),
            (!holds_a_card_number(&read.payload), ReadFlaw::PayloadIsPlain),
            ((1..=READ_SIGNATURE_BYTES_MAX).contains(&read.signature.len()), ReadFlaw::Signature),
            (!holds_a_card_number(&read.signature), ReadFlaw::PayloadIsPlain),
            (read.scheme.as_deref().is_none_or(is_scheme), ReadFlaw::Scheme),
        ];
        if let Some((_, flaw)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(flaw);
        }
        let EncryptedRead { format, key, payload, signature, scheme, cvm, .. } = read;
        let masked = masked.map_err(|_| ReadFlaw::NotMasked)?;
        Ok(Self { nonce, format, key, payload, signature, scheme, masked, cvm })
    }

    /// What may be known of it.
    pub fn facts(&self) -> ReadFacts {
        ReadFacts { masked: self.masked.clone(), scheme: self.scheme.clone(), cvm: self.cvm.word().to_owned() }
    }

    /// Gives a message what it carries of the read.
    pub fn put(&self, values: &mut Values) {
        for (name, value) in self.parts() {
            values.set(name, value);
        }
    }

    /// The parts that travel, in the order of a side row.
    pub fn parts(&self) -> [(ValueName, &[u8]); 5] {
        [
            (ValueName::ReadNonce, &self.nonce),
            (ValueName::ReadFormat, self.format.as_bytes()),
            (ValueName::ReadKey, self.key.as_bytes()),
            (ValueName::EncryptedRead, &self.payload),
            (ValueName::ReadSignature, &self.signature),
        ]
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=READ_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

/// A name such as `VISA` or `JCB 2`: what has more digits than the last four of a card might be one.
fn is_scheme(name: &str) -> bool {
    let digits = name.chars().filter(|character| character.is_numeric()).count();
    (1..=READ_SCHEME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control) && digits <= 4
}

/// Whether 13 to 19 digits that stand alone, or before the `D` of a track, are a card number by their check digit
/// (ISO/IEC 7812-1, annex B). A long text of hex digits is one word and is not cut at its `D`s: encrypted bytes, in
/// whatever text, hold such a run less than once in a thousand million.
fn holds_a_card_number(bytes: &[u8]) -> bool {
    bytes.split(|byte| !byte.is_ascii_hexdigit()).any(|word| {
        let number = match word.iter().position(|byte| matches!(byte, b'D' | b'd')) {
            Some(separator) if word.len() <= TRACK_CHARS_MAX => &word[..separator],
            _ => word,
        };
        let length_fits = (CARD_DIGITS_MIN..=CARD_DIGITS_MAX).contains(&number.len());
        length_fits && number.iter().all(u8::is_ascii_digit) && has_right_check_digit(number)
    })
}

fn has_right_check_digit(digits: &[u8]) -> bool {
    let weigh = |(place, digit): (usize, &u8)| {
        let value = u32::from(digit - b'0') * (1 + place as u32 % 2);
        value / 10 + value % 10
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

const CARD_DIGITS_MIN: usize = 13;
const CARD_DIGITS_MAX: usize = 19;
/// Track 2 (ISO/IEC 7813).
const TRACK_CHARS_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> EncryptedRead {
        EncryptedRead {
            format: "sandbox-1".into(),
            key: "host.2026".into(),
            payload: vec![0xA5; 999],
            signature: vec![0x5A; 512],
            scheme: Some("VISA".into()),
            masked: Some("476173******0119".into()),
            cvm: ReadCvm::OnDevice,
        }
    }

    fn flaw(change: impl FnOnce(&mut EncryptedRead)) -> Option<ReadFlaw> {
        let mut read = read();
        change(&mut read);
        BoundRead::check(read, [7; 16]).err()
    }

    #[test]
    fn a_read_in_order_gives_its_parts_and_what_may_be_seen() {
        let bound = BoundRead::check(read(), [7; 16]).ok().unwrap();
        let mut values = Values::new();
        bound.put(&mut values);
        assert_eq!(values.get(ValueName::ReadNonce), Some(&[7; 16][..]));
        assert_eq!(values.get(ValueName::EncryptedRead).map(<[u8]>::len), Some(999));
        assert_eq!(values.text(ValueName::ReadKey), Some("host.2026"));
        let facts = bound.facts();
        assert_eq!(facts.masked.unwrap().as_str(), "476173******0119");
        assert_eq!((facts.scheme.as_deref(), facts.cvm.as_str()), (Some("VISA"), "on_device"));
    }

    #[test]
    fn a_reader_need_not_say_whose_card_it_was() {
        assert_eq!(flaw(|read| (read.scheme, read.masked) = (None, None)), None);
        assert_eq!(flaw(|read| read.masked = Some("************0119".into())), None);
        assert_eq!(flaw(|read| read.masked = Some("****************".into())), None);
    }

    #[test]
    fn what_breaks_its_rule_is_refused_by_name() {
        let long = "k".repeat(33);
        for name in ["", "a b", "a/b", "ключ", "a\0b", &long] {
            assert_eq!(flaw(|read| read.format = name.into()), Some(ReadFlaw::Format), "{name}");
            assert_eq!(flaw(|read| read.key = name.into()), Some(ReadFlaw::Key), "{name}");
        }
        for length in [0, 1_000, 1_000_000] {
            assert_eq!(flaw(|read| read.payload = vec![1; length]), Some(ReadFlaw::Payload), "{length}");
        }
        for length in [0, 513] {
            assert_eq!(flaw(|read| read.signature = vec![1; length]), Some(ReadFlaw::Signature), "{length}");
        }
        for scheme in ["", "A name that is too long", "VI\nSA", "4761739001010119", "VISA 476173", "４７６１７３９"]
        {
            assert_eq!(flaw(|read| read.scheme = Some(scheme.into())), Some(ReadFlaw::Scheme), "{scheme}");
        }
        for masked in ["", "4761739001010119", "4761739*****0119", "476173*****10119", "0119", "**** **** **** 0119"] {
            assert_eq!(flaw(|read| read.masked = Some(masked.into())), Some(ReadFlaw::NotMasked), "{masked}");
        }
    }

    #[test]
    fn a_payload_that_was_never_encrypted_is_refused() {
        for plain in
            ["4761739001010119", "4761739001010119=2812", "4761739001010119D2812201", "{\"pan\":\"4111111111111111\"}"]
        {
            assert_eq!(flaw(|read| read.payload = plain.into()), Some(ReadFlaw::PayloadIsPlain), "{plain}");
            assert_eq!(flaw(|read| read.signature = plain.into()), Some(ReadFlaw::PayloadIsPlain), "{plain}");
        }
        // A number with a wrong check digit is none, and neither is a run inside a text of hex digits.
        let hex_text = format!("{}D4761739001010119D{}", "0A".repeat(20), "1F".repeat(20));
        for other in ["4761739001010118", "AB4761739001010119CE", "476173900101", &hex_text] {
            assert_eq!(flaw(|read| read.payload = other.into()), None, "{other}");
        }
    }
}
