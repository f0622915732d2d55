//! Offline data authentication: from the CA's key to the issuer's, the card's, and the card's signature.
//!
//! Source: EMV Book 2, 5.3 and 6.3 to 6.5 and Annex A2.1 (recovery); Book C-3, Annex C, fDDA version 01 (?).
//! Each link is a function that takes the key of the link before and returns a proof value, so that a key
//! that was not certified cannot be used. Hash comparisons are over public values.
//!
//! It never holds a private key and never accepts an exponent other than 3 and 65537 (Book 2, 11.2).
//! Evidence: `tests/emv_authentication.rs` (each byte of a real chain corrupted in turn).

use num_bigint::BigUint;
use ring::digest;
use zeroize::Zeroizing;

use super::capk::{CaKeys, Environment, Rid};
use super::store::TagStore;
use super::tags::*;

/// Why authentication failed. What stands behind is public; nothing is repeated from the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OdaError {
    /// The card does not say that it can (82, byte 1 bit 6).
    NotSupportedByCard,
    /// A data object that the chain needs is missing.
    Missing(Tag),
    /// There is no CA key of this environment, provider and index.
    CaKeyUnknown,
    /// The CA key has expired.
    CaKeyExpired,
    /// The issuer's certificate is not as long as the CA key.
    IssuerCertificateLength,
    /// A certificate or signature is not as long as the key that signs it, or is no number below its modulus.
    SignatureLength(Link),
    /// What was recovered does not begin with 6A or end with BC.
    Envelope(Link),
    /// The certificate or data format is not the one of this link.
    Format(Link),
    /// The hash over what was recovered differs.
    Hash(Link),
    /// A hash or key algorithm other than 01.
    Algorithm(Link),
    /// The certificate has expired, or its date is none.
    Expired(Link),
    /// The certificate was made for another card number.
    CardNumber(Link),
    /// The certified key's length does not fit its modulus, remainder or signer.
    KeyLength(Link),
    /// The certified key's exponent is neither 3 nor 65537, or differs from its length.
    Exponent(Link),
    /// 9F4A lists something other than the AIP.
    StaticDataTagList,
    /// The data to be authenticated came in a record that is not in template 70.
    StaticData,
    /// 9F69 is malformed or of a version other than 01.
    AuthenticationDataVersion,
    /// The padding or the lengths inside the recovered dynamic data are wrong.
    DynamicData,
}

/// One link of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// CA to issuer.
    Issuer,
    /// Issuer to card.
    Icc,
    /// Card to this transaction.
    Dynamic,
}

/// An RSA public key, ready for use.
#[derive(Clone, Debug)]
pub struct PublicKey {
    modulus: BigUint,
    bytes: usize,
    exponent: Exponent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exponent {
    Three,
    SixtyFiveThousand,
}

/// A key that its certificate proved to be the issuer's.
#[derive(Debug)]
pub struct IssuerKey(PublicKey);

/// A key that its certificate proved to be the card's.
#[derive(Debug)]
pub struct IccKey(PublicKey);

/// The proof that the card signed this transaction's data. Only the verification makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicDataVerified(());

/// A key with fewer bytes is toy size, one with more does not fit a command (Book 2, 11.2: 1984 bits).
const KEY_BYTES: std::ops::RangeInclusive<usize> = 64..=248;
const HASH_BYTES: usize = 20;

impl PublicKey {
    /// A key of 64 to 248 bytes with exponent 3 or 65537.
    ///
    /// # Errors
    /// The part that is out of range: [`OdaError::KeyLength`] or [`OdaError::Exponent`].
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, OdaError> {
        Self::certified(modulus, exponent, Link::Issuer)
    }

    fn certified(modulus: &[u8], exponent: &[u8], link: Link) -> Result<Self, OdaError> {
        if !KEY_BYTES.contains(&modulus.len()) || modulus[0] == 0 {
            return Err(OdaError::KeyLength(link));
        }
        let exponent = match exponent {
            [3] => Exponent::Three,
            [1, 0, 1] => Exponent::SixtyFiveThousand,
            _ => return Err(OdaError::Exponent(link)),
        };
        Ok(Self { modulus: BigUint::from_bytes_be(modulus), bytes: modulus.len(), exponent })
    }

    /// The length of the modulus and so of each signature, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The RSA public operation (Book 2, Annex B2.1): what was signed, as long as the modulus.
    ///
    /// # Errors
    /// [`OdaError::SignatureLength`].
    pub fn recover(&self, signature: &[u8], link: Link) -> Result<Vec<u8>, OdaError> {
        let number = BigUint::from_bytes_be(signature);
        if signature.len() != self.bytes || number >= self.modulus {
            return Err(OdaError::SignatureLength(link));
        }
        let recovered = match self.exponent {
            // Two multiplications and two divisions; a general power costs thirty times as much.
            Exponent::Three => &number * &number % &self.modulus * &number % &self.modulus,
            // 65,537 is 2^16 + 1.
            Exponent::SixtyFiveThousand => {
                let raised = (0..16).fold(number.clone(), |power, _| &power * &power % &self.modulus);
                raised * &number % &self.modulus
            }
        };
        let digits = recovered.to_bytes_be();
        let mut bytes = vec![0; self.bytes];
        bytes[self.bytes - digits.len()..].copy_from_slice(&digits);
        Ok(bytes)
    }
}

/// The envelope and the hash that all three links share (Book 2, 6.3 steps 2 to 7): `6A`, the signed part,
/// SHA-1 over the signed part and what follows it outside, `BC`. Gives the signed part without the `6A`.
fn open<'r>(recovered: &'r [u8], outside: &[&[u8]], link: Link) -> Result<&'r [u8], OdaError> {
    let [0x6A, inside @ .., 0xBC] = recovered else { return Err(OdaError::Envelope(link)) };
    let (signed, hash) = inside.split_at(inside.len() - HASH_BYTES);
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(signed);
    outside.iter().for_each(|part| context.update(part));
    if context.finish().as_ref() != hash {
        return Err(OdaError::Hash(link));
    }
    Ok(signed)
}

/// What an authentication is about.
pub struct Subject<'a> {
    /// Which CA keys count.
    pub environment: Environment,
    /// Whose application it is.
    pub rid: Rid,
    /// The transaction's date, BCD.
    pub date_yymmdd: [u8; 3],
    /// What the card said.
    pub card: &'a TagStore,
    /// The records that the AFL marks for authentication, as Book 3, 10.3 takes them; `None` where one of
    /// them was not in template 70.
    pub static_data: Option<&'a [u8]>,
}

impl Subject<'_> {
    fn need(&self, tag: Tag) -> Result<&[u8], OdaError> {
        self.card.value(tag).ok_or(OdaError::Missing(tag))
    }

    /// Verifies the whole chain with the dynamic signature of kernel 3, fDDA version 01: over the
    /// unpredictable number, amount and currency that the card was given, and 9F69.
    ///
    /// # Errors
    /// [`OdaError`], the first link that does not hold.
    pub fn verify_fdda(
        &self,
        ca_keys: &CaKeys,
        unpredictable_number: &[u8],
        amount: &[u8],
        currency: &[u8],
    ) -> Result<DynamicDataVerified, OdaError> {
        // Book C-3, 5.6.1 (?): the card says that it can do dynamic authentication.
        if self.need(TAG_82_AIP)?.first().is_none_or(|first| first & 0x20 == 0) {
            return Err(OdaError::NotSupportedByCard);
        }
        let signature = self.need(TAG_9F4B_SIGNED_DYNAMIC_DATA)?;
        let own = self.need(TAG_9F69_CARD_AUTHENTICATION_DATA)?;
        if own.len() < 5 || own[0] != 0x01 {
            return Err(OdaError::AuthenticationDataVersion);
        }
        let issuer = self.issuer_key(ca_keys)?;
        let icc = self.icc_key(&issuer)?;
        verify_dynamic(&icc, signature, &[unpredictable_number, amount, currency, own])
    }

    /// Book 2, 6.3: the issuer's key.
    fn issuer_key(&self, ca_keys: &CaKeys) -> Result<IssuerKey, OdaError> {
        const LINK: Link = Link::Issuer;
        let [index] = *self.need(TAG_8F_CA_KEY_INDEX)? else { return Err(OdaError::CaKeyUnknown) };
        let certificate = self.need(TAG_90_ISSUER_CERTIFICATE)?;
        let exponent = self.need(TAG_9F32_ISSUER_KEY_EXPONENT)?;
        let remainder = self.card.value(TAG_92_ISSUER_KEY_REMAINDER).unwrap_or_default();
        let ca = ca_keys.find(self.environment, self.rid, index, certificate.len())?;
        if ca.expiry_yymmdd.is_some_and(|expiry| is_before(expiry, self.date_yymmdd)) {
            return Err(OdaError::CaKeyExpired);
        }
        let recovered = ca.key.recover(certificate, LINK)?;
        let signed = open(&recovered, &[remainder, exponent], LINK)?;
        // Book 2, table 6: format 02, issuer identifier 4, expiry 2, serial 3, algorithms, lengths, key.
        let [0x02, identifier @ ..] = signed else { return Err(OdaError::Format(LINK)) };
        if !is_leading_part_of(&identifier[..4], self.pan_digits()?) {
            return Err(OdaError::CardNumber(LINK));
        }
        let fields = CertifiedKey { expiry_mmyy: [signed[5], signed[6]], rest: &signed[10..] };
        Ok(IssuerKey(fields.key(self, remainder, exponent, LINK)?))
    }

    /// Book 2, 6.4: the card's key.
    fn icc_key(&self, issuer: &IssuerKey) -> Result<IccKey, OdaError> {
        const LINK: Link = Link::Icc;
        let certificate = self.need(TAG_9F46_ICC_CERTIFICATE)?;
        let exponent = self.need(TAG_9F47_ICC_KEY_EXPONENT)?;
        let remainder = self.card.value(TAG_9F48_ICC_KEY_REMAINDER).unwrap_or_default();
        let static_data = self.static_data.ok_or(OdaError::StaticData)?;
        let aip = match self.card.value(TAG_9F4A_STATIC_DATA_TAG_LIST) {
            None => &[][..],
            Some([0x82]) => self.need(TAG_82_AIP)?,
            Some(_) => return Err(OdaError::StaticDataTagList),
        };
        // The card number is inside: wiped when it has been compared.
        let recovered = Zeroizing::new(issuer.0.recover(certificate, LINK)?);
        let signed = open(&recovered, &[remainder, exponent, static_data, aip], LINK)?;
        // Book 2, table 14: format 04, PAN 10, expiry 2, serial 3, algorithms, lengths, key.
        let [0x04, pan @ ..] = signed else { return Err(OdaError::Format(LINK)) };
        if !is_whole_of(&pan[..10], self.pan_digits()?) {
            return Err(OdaError::CardNumber(LINK));
        }
        let fields = CertifiedKey { expiry_mmyy: [signed[11], signed[12]], rest: &signed[16..] };
        Ok(IccKey(fields.key(self, remainder, exponent, LINK)?))
    }

    /// The card number's digits, from 57 up to the separator: 57 is mandatory, 5A is not.
    fn pan_digits(&self) -> Result<impl Iterator<Item = u8> + '_, OdaError> {
        Ok(nibbles(self.need(TAG_57_TRACK2_EQUIVALENT_DATA)?).take_while(|digit| *digit < 10))
    }
}

/// The part that both certificates end in: expiry, then (after the serial number) algorithms, lengths, key.
struct CertifiedKey<'a> {
    expiry_mmyy: [u8; 2],
    rest: &'a [u8],
}

impl CertifiedKey<'_> {
    fn key(&self, subject: &Subject<'_>, remainder: &[u8], exponent: &[u8], link: Link) -> Result<PublicKey, OdaError> {
        let [month, year] = self.expiry_mmyy;
        // Book 2, 6.3 step 9 and 6.4 step 8: valid to the last day of its month; years from 50 on are 19xx.
        if !(0x01..=0x12).contains(&month) || is_before([year, month, 0x31], subject.date_yymmdd) {
            return Err(OdaError::Expired(link));
        }
        let [hash_algorithm, key_algorithm, key_bytes, exponent_bytes, inside @ ..] = self.rest else {
            return Err(OdaError::KeyLength(link));
        };
        if [*hash_algorithm, *key_algorithm] != [0x01, 0x01] {
            return Err(OdaError::Algorithm(link));
        }
        if usize::from(*exponent_bytes) != exponent.len() {
            return Err(OdaError::Exponent(link));
        }
        let key_bytes = usize::from(*key_bytes);
        // Book 2, tables 6 and 14: what does not fit the certificate is the remainder, what is over is BB.
        if key_bytes.saturating_sub(inside.len()) != remainder.len() {
            return Err(OdaError::KeyLength(link));
        }
        let (within, padding) = inside.split_at(key_bytes.min(inside.len()));
        if padding.iter().any(|byte| *byte != 0xBB) {
            return Err(OdaError::KeyLength(link));
        }
        let mut modulus = Vec::with_capacity(key_bytes);
        modulus.extend_from_slice(within);
        modulus.extend_from_slice(remainder);
        PublicKey::certified(&modulus, exponent, link)
    }
}

/// Book 2, 6.5.2 and table 17, with the terminal's data as fDDA version 01 lists it.
fn verify_dynamic(icc: &IccKey, signature: &[u8], data: &[&[u8]]) -> Result<DynamicDataVerified, OdaError> {
    const LINK: Link = Link::Dynamic;
    let recovered = icc.0.recover(signature, LINK)?;
    let signed = open(&recovered, data, LINK)?;
    // Format 05 is Book 2's; kernel 3's own tables give 95 for the same layout (?).
    let [0x05 | 0x95, hash_algorithm, length, inside @ ..] = signed else { return Err(OdaError::Format(LINK)) };
    if *hash_algorithm != 0x01 {
        return Err(OdaError::Algorithm(LINK));
    }
    let Some((dynamic, padding)) = inside.split_at_checked(usize::from(*length)) else {
        return Err(OdaError::DynamicData);
    };
    let Some((count @ 2..=8, rest)) = dynamic.split_first().map(|(count, rest)| (usize::from(*count), rest)) else {
        return Err(OdaError::DynamicData);
    };
    if rest.len() < count || padding.iter().any(|byte| *byte != 0xBB) {
        return Err(OdaError::DynamicData);
    }
    Ok(DynamicDataVerified(()))
}

/// Whether a BCD date `YYMMDD` lies before another. Years 50 to 99 are 1950 to 1999 (Book 4, 6.7.3).
pub(crate) fn is_before(date: [u8; 3], other: [u8; 3]) -> bool {
    let ordered = |[year, month, day]: [u8; 3]| (year < 0x50, year, month, day);
    ordered(date) < ordered(other)
}

/// The half bytes, high before low.
pub(crate) fn nibbles(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F])
}

/// Book 2, 6.3 step 8: three to eight digits, then F, that the card number begins with.
fn is_leading_part_of(identifier: &[u8], mut pan: impl Iterator<Item = u8>) -> bool {
    let count = nibbles(identifier).take_while(|digit| *digit < 10).count();
    let fits = nibbles(identifier).take(count).all(|digit| pan.next() == Some(digit));
    count >= 3 && fits && nibbles(identifier).skip(count).all(|filler| filler == 0xF)
}

/// Book 2, 6.4 step 6: all digits of the card number, then F.
fn is_whole_of(certified: &[u8], mut pan: impl Iterator<Item = u8>) -> bool {
    let digits_fit = nibbles(certified).all(|digit| pan.next().unwrap_or(0xF) == digit);
    digits_fit && pan.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_in_range_are_keys() {
        for (modulus, exponent, verdict) in [
            (vec![0xFF; 64], &[3][..], None),
            (vec![0xFF; 248], &[1, 0, 1], None),
            (vec![0xFF; 63], &[3], Some(OdaError::KeyLength(Link::Issuer))),
            (vec![0xFF; 249], &[3], Some(OdaError::KeyLength(Link::Issuer))),
            (vec![0x00; 128], &[3], Some(OdaError::KeyLength(Link::Issuer))),
            (vec![0xFF; 128], &[1], Some(OdaError::Exponent(Link::Issuer))),
            (vec![0xFF; 128], &[2], Some(OdaError::Exponent(Link::Issuer))),
            (vec![0xFF; 128], &[0, 3], Some(OdaError::Exponent(Link::Issuer))),
            (vec![0xFF; 128], &[], Some(OdaError::Exponent(Link::Issuer))),
        ] {
            assert_eq!(PublicKey::new(&modulus, exponent).err(), verdict, "{} {exponent:?}", modulus.len());
        }
    }

    #[test]
    fn both_exponents_raise_to_their_power() {
        let modulus = [0xFB; 64];
        let two = [&[0; 63][..], &[2]].concat();
        let cubed = PublicKey::new(&modulus, &[3]).unwrap().recover(&two, Link::Issuer).unwrap();
        assert_eq!(cubed, [&[0; 63][..], &[8]].concat());
        let raised = PublicKey::new(&modulus, &[1, 0, 1]).unwrap().recover(&two, Link::Issuer).unwrap();
        let verdict = BigUint::from(2u8).modpow(&BigUint::from(65_537u32), &BigUint::from_bytes_be(&modulus));
        assert_eq!(BigUint::from_bytes_be(&raised), verdict);
    }

    #[test]
    fn a_signature_is_a_number_below_the_modulus() {
        let key = PublicKey::new(&[0xFB; 64], &[3]).unwrap();
        let verdict = Err(OdaError::SignatureLength(Link::Icc));
        for signature in [vec![0xFB; 64], vec![0xFF; 64], vec![0x01; 63], vec![0x01; 65], vec![]] {
            assert_eq!(key.recover(&signature, Link::Icc), verdict);
        }
    }

    #[test]
    fn dates_are_ordered_over_the_century() {
        for (date, other, verdict) in [
            ([0x25, 0x12, 0x31], [0x26, 0x01, 0x01], true),
            ([0x26, 0x01, 0x01], [0x26, 0x01, 0x01], false),
            ([0x99, 0x12, 0x31], [0x00, 0x01, 0x01], true),
            ([0x49, 0x12, 0x31], [0x50, 0x01, 0x01], false),
        ] {
            assert_eq!(is_before(date, other), verdict, "{date:02X?} {other:02X?}");
        }
    }

    #[test]
    fn certificates_belong_to_a_card_number() {
        let pan = || [4, 7, 6, 1, 7, 3, 9, 0, 0, 1, 0, 1, 0, 0, 1, 0].into_iter();
        for (identifier, verdict) in [
            ([0x47, 0x61, 0x73, 0xFF], true),
            ([0x47, 0x6F, 0xFF, 0xFF], true),
            ([0x47, 0x61, 0x73, 0x90], true),
            ([0x47, 0x61, 0x74, 0xFF], false),
            ([0x47, 0xFF, 0xFF, 0xFF], false),
            ([0xFF, 0xFF, 0xFF, 0xFF], false),
            ([0x47, 0x61, 0xF3, 0xFF], false),
        ] {
            assert_eq!(is_leading_part_of(&identifier, pan()), verdict, "{identifier:02X?}");
        }
        let whole = [0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x00, 0x10, 0xFF, 0xFF];
        assert!(is_whole_of(&whole, pan()));
        assert!(!is_whole_of(&[&whole[..7], &[0x11, 0xFF, 0xFF]].concat(), pan()));
        assert!(!is_whole_of(&[&whole[..8], &[0x0F, 0xFF]].concat(), pan()));
        assert!(!is_whole_of(&[&whole[..7], &[0xFF, 0xFF, 0xFF]].concat(), pan()));
    }
}
