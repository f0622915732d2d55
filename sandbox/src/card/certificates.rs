//! Public key certificates and dynamic signatures, made with real RSA from the sandbox's keys.
//!
//! Source: EMV Book 2, sections 5 and 6 (tables 1, 2, 13, 14 and 17 for the layouts), annex A2.1 (signature
//! with message recovery); fast DDA version 01 as open peers compute it (?). The private operation is plain
//! exponentiation without blinding: whoever reads the repository has these keys anyway.
//! Evidence: `tests/card_certificates.rs` opens each with arithmetic of its own.

use std::sync::LazyLock;

use ring::digest;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey};
use taptill::card::Pan;

use super::personality::Misbehaviour;

/// The index of the sandbox's certification authority among Visa's keys; no scheme uses C0 to C7.
const AUTHORITY_INDEX: u8 = 0xC0;
/// An index under which no authority is known.
const UNKNOWN_AUTHORITY_INDEX: u8 = 0xC7;
/// The end of both certificates, MMYY.
const CERTIFICATES_END: [u8; 2] = [0x12, 0x49];
/// An end that is past.
const CERTIFICATES_ENDED: [u8; 2] = [0x12, 0x22];

static AUTHORITY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::read(include_str!("../../fixtures/ca-visa-c0.pem")));
static ISSUER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::read(include_str!("../../fixtures/issuer.pem")));
static ICC: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::read(include_str!("../../fixtures/icc.pem")));

/// The certification authority keys of the simulated cards, marked `"environment": "sandbox"`.
#[must_use]
pub fn ca_keys_json() -> &'static str {
    include_str!("../../fixtures/capks.json")
}

/// What a card carries so that its signatures can be checked offline.
pub(super) struct Credentials {
    /// 8F.
    pub(super) authority_index: u8,
    /// 90.
    pub(super) issuer_certificate: Vec<u8>,
    /// 92.
    pub(super) issuer_remainder: Vec<u8>,
    /// 9F32.
    pub(super) issuer_exponent: Vec<u8>,
    /// 9F46.
    pub(super) icc_certificate: Vec<u8>,
    /// 9F48.
    pub(super) icc_remainder: Vec<u8>,
    /// 9F47.
    pub(super) icc_exponent: Vec<u8>,
}

impl Credentials {
    /// Personalises a card: both certificates, over its number and over the data that it lets be
    /// authenticated (the signed records and, by tag 9F4A, the application interchange profile).
    pub(super) fn issue(pan: &Pan, authenticated: &[u8], misbehaviour: Misbehaviour) -> Self {
        let (issuer_modulus, issuer_exponent) = ISSUER.public_parts();
        let (icc_modulus, icc_exponent) = ICC.public_parts();
        let wrong = |what| misbehaviour == what;
        let end = if wrong(Misbehaviour::EndedCertificate) { CERTIFICATES_ENDED } else { CERTIFICATES_END };
        let mut issuer = vec![0x02];
        issuer.extend(bcd_left(&pan.expose()[..6], 4));
        issuer.extend(end);
        let issuer_split = append_key(&mut issuer, &AUTHORITY, &issuer_modulus, &issuer_exponent);
        let mut icc = vec![0x04];
        icc.extend(bcd_left(pan.expose(), 10));
        icc.extend(CERTIFICATES_END);
        let icc_split = append_key(&mut icc, &ISSUER, &icc_modulus, &icc_exponent);
        let issuer_hashed = [&issuer_modulus[issuer_split..], &issuer_exponent].concat();
        let icc_hashed = [&icc_modulus[icc_split..], &icc_exponent, authenticated].concat();
        Self {
            authority_index: if wrong(Misbehaviour::UnknownAuthority) {
                UNKNOWN_AUTHORITY_INDEX
            } else {
                AUTHORITY_INDEX
            },
            issuer_certificate: AUTHORITY.seal(&issuer, &issuer_hashed, wrong(Misbehaviour::WrongIssuerHash)),
            issuer_remainder: issuer_modulus[issuer_split..].to_vec(),
            issuer_exponent,
            icc_certificate: ISSUER.seal(&icc, &icc_hashed, wrong(Misbehaviour::WrongCardHash)),
            icc_remainder: icc_modulus[icc_split..].to_vec(),
            icc_exponent,
        }
    }
}

/// Signs the dynamic data of one transaction: tag 9F4B. `terminal_data` is 9F37, 9F02, 5F2A and 9F69.
pub(super) fn sign_dynamic_data(atc: u16, terminal_data: &[u8]) -> Vec<u8> {
    let [high, low] = atc.to_be_bytes();
    // Format 05, SHA-1, then the dynamic data: its length, and the dynamic number behind its own length.
    let mut signed = vec![0x05, 0x01, 0x03, 0x02, high, low];
    signed.resize(ICC.size() - 22, 0xBB);
    ICC.seal(&signed, terminal_data, false)
}

/// Appends what both certificates say of a key, and its leftmost part as far as it fits into the signer's
/// modulus. Returns where the rest begins.
fn append_key(certificate: &mut Vec<u8>, signer: &SigningKey, modulus: &[u8], exponent: &[u8]) -> usize {
    certificate.extend([0x00, 0x00, 0x01]);
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).expect("sandbox keys have at most 1984 bits");
    certificate.extend([0x01, 0x01, length(modulus), length(exponent)]);
    let room = signer.size() - 22 - certificate.len();
    let split = room.min(modulus.len());
    certificate.extend(&modulus[..split]);
    certificate.resize(signer.size() - 22, 0xBB);
    split
}

/// ASCII digits as BCD, filled to the right with F.
fn bcd_left(digits: &[u8], length: usize) -> Vec<u8> {
    let nibble = |index: usize| digits.get(index).map_or(0x0F, |digit| digit - b'0');
    (0..length).map(|index| nibble(2 * index) << 4 | nibble(2 * index + 1)).collect()
}

struct SigningKey(RsaPrivateKey);

impl SigningKey {
    fn read(pem: &str) -> Self {
        let pem = pem.replace("TESTING KEY", "PRIVATE KEY");
        Self(RsaPrivateKey::from_pkcs8_pem(&pem).expect("the committed sandbox keys are well-formed"))
    }

    /// The length of the modulus in bytes.
    fn size(&self) -> usize {
        self.0.size()
    }

    /// Modulus and public exponent.
    fn public_parts(&self) -> (Vec<u8>, Vec<u8>) {
        (self.0.n().to_bytes_be(), self.0.e().to_bytes_be())
    }

    /// Header, recoverable part, hash and trailer, signed. The hash is over the recoverable part and what
    /// follows it; a wrong one is wrong in its last bit only.
    fn seal(&self, recoverable: &[u8], following: &[u8], wrong_hash: bool) -> Vec<u8> {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &[recoverable, following].concat());
        let mut block = vec![0x6A];
        block.extend(recoverable);
        block.extend(hash.as_ref());
        if let Some(last) = block.last_mut() {
            *last ^= u8::from(wrong_hash);
        }
        block.push(0xBC);
        assert_eq!(block.len(), self.size(), "a signed block is as long as its key");
        let signature = self.private_operation(&BigUint::from_bytes_be(&block)).to_bytes_be();
        [vec![0; self.size() - signature.len()], signature].concat()
    }

    /// The power modulo each prime, then both put together (RFC 8017, 5.1.2): a quarter of the work.
    fn private_operation(&self, message: &BigUint) -> BigUint {
        let [p, q] = self.0.primes() else { unreachable!("the sandbox keys have two primes") };
        let (dp, dq, q_inverse) = (self.0.dp(), self.0.dq(), self.0.qinv().and_then(|inverse| inverse.to_biguint()));
        let (Some(dp), Some(dq), Some(q_inverse)) = (dp, dq, q_inverse) else {
            unreachable!("a key that is read has these")
        };
        let (by_p, by_q) = (message.modpow(dp, p), message.modpow(dq, q));
        let above = (by_p + p - &by_q % p) * q_inverse % p;
        by_q + above * q
    }
}

#[cfg(test)]
mod tests {
    use taptill::hex;

    use super::*;

    #[test]
    fn digits_fill_up_with_f_to_the_right() {
        assert_eq!(bcd_left(b"476173", 4), [0x47, 0x61, 0x73, 0xFF]);
        assert_eq!(bcd_left(b"12345", 3), [0x12, 0x34, 0x5F]);
    }

    #[test]
    fn the_published_authority_is_the_one_that_signs() {
        let rows: serde_json::Value = serde_json::from_str(ca_keys_json()).unwrap();
        let (modulus, exponent) = AUTHORITY.public_parts();
        let summed = [&[0xA0, 0, 0, 0, 3, AUTHORITY_INDEX][..], &modulus, &exponent].concat();
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &summed);
        assert_eq!(rows.as_array().unwrap().len(), 1);
        for (name, verdict) in [
            ("environment", "sandbox".to_owned()),
            ("rid", "A000000003".to_owned()),
            ("index", hex::encode(&[AUTHORITY_INDEX])),
            ("modulus", hex::encode(&modulus)),
            ("exponent", hex::encode(&exponent)),
            ("sha1", hex::encode(sha1.as_ref())),
        ] {
            assert_eq!(rows[0][name], verdict, "{name}");
        }
    }
}
