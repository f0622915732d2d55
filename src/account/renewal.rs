//! Another certificate for the till: a new key, and the request by which the host certifies it.
//!
//! The key is Ed25519 (RFC 8032) from 32 random bytes, written as PKCS #8 (RFC 8410); the request is PKCS #10 (RFC 2986) for
//! the terminal id as common name, without attributes, signed by the key itself. A certificate is taken only if it is for
//! that key; whether it leads to the host's authority, the host's own front door decides at the next connection.
//!
//! It never makes randomness of its own. Evidence: `mod tests` below, `tests/network.rs`.

use ring::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use crate::account::secret_text::SecretText;
use crate::ids::TerminalId;
use crate::merkle::base64;
use crate::secret::Secret;

/// A key that waits for its certificate.
pub struct Renewal {
    /// The private key, PEM.
    pub client_key_pem: SecretText,
    /// What the host is to sign, PEM.
    pub request_pem: String,
    spki: Vec<u8>,
}

impl Renewal {
    /// A key of these random bytes, for this terminal.
    #[must_use]
    pub fn of_seed(seed: &Secret<32>, terminal: &TerminalId) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("a seed of 32 bytes is a key");
        let spki = [SPKI_OF_ED25519.as_slice(), pair.public_key().as_ref()].concat();
        let name = der(SET, &[&der(SEQUENCE, &[&COMMON_NAME, &der(UTF8_STRING, &[terminal.as_str().as_bytes()])])]);
        let info = der(SEQUENCE, &[&VERSION_0, &der(SEQUENCE, &[&name]), &spki, &NO_ATTRIBUTES]);
        let signature = der(BIT_STRING, &[&[0], pair.sign(&info).as_ref()]);
        let request = der(SEQUENCE, &[&info, &ED25519, &signature]);
        let mut key = Zeroizing::new(Vec::with_capacity(PKCS8_OF_ED25519.len() + 32));
        key.extend_from_slice(&PKCS8_OF_ED25519);
        key.extend_from_slice(seed.expose());
        Self {
            client_key_pem: SecretText::new(pem("PRIVATE KEY", &key)),
            request_pem: pem("CERTIFICATE REQUEST", &request),
            spki,
        }
    }

    /// Whether these are certificates, the first of them for this key.
    #[must_use]
    pub fn is_certified_by(&self, chain_pem: &str) -> bool {
        let inside = |pem: &str| -> Option<Vec<u8>> {
            let (_, rest) = pem.split_once(CERTIFICATE_BEGIN)?;
            let (body, _) = rest.split_once(CERTIFICATE_END)?;
            base64::decode(&body.split_ascii_whitespace().collect::<String>())
        };
        inside(chain_pem).is_some_and(|der| der.windows(self.spki.len()).any(|window| window == self.spki))
    }
}

/// One element of fewer than 256 bytes.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let short = u8::try_from(length).expect("no element of a request is longer than 255 bytes");
    let head: &[u8] = if short < 0x80 { &[tag, short] } else { &[tag, 0x81, short] };
    [head, &parts.concat()].concat()
}

/// Built at its final size, so that no part of a key stays behind.
fn pem(kind: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(base64::encode(der));
    let lines = body.len().div_ceil(PEM_LINE);
    let mut text = String::with_capacity(2 * (kind.len() + 20) + body.len() + lines);
    text.push_str("-----BEGIN ");
    text.push_str(kind);
    text.push_str("-----\n");
    for line in body.as_bytes().chunks(PEM_LINE) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(kind);
    text.push_str("-----\n");
    text
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTF8_STRING: u8 = 0x0C;
const BIT_STRING: u8 = 0x03;
/// 2.5.4.3, X.520.
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
/// 1.3.101.112 without parameters, RFC 8410, section 3.
const ED25519: [u8; 7] = [0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70];
/// RFC 8410, section 4: what stands before the 32 bytes of a public key.
const SPKI_OF_ED25519: [u8; 12] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];
/// RFC 8410, section 7: what stands before the 32 bytes of a private key.
const PKCS8_OF_ED25519: [u8; 16] =
    [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// RFC 2986, section 4.1: the version is 0, and attributes are there even when there are none.
const VERSION_0: [u8; 3] = [0x02, 0x01, 0x00];
const NO_ATTRIBUTES: [u8; 2] = [0xA0, 0x00];
const CERTIFICATE_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const CERTIFICATE_END: &str = "-----END CERTIFICATE-----";
/// RFC 7468, section 2.
const PEM_LINE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, CertificateSigningRequestParams, DnType, Issuer, KeyPair};

    fn renewal(byte: u8) -> Renewal {
        Renewal::of_seed(&Secret::from_fn(|seed| seed.fill(byte)), &TerminalId::new("SBX00001").unwrap())
    }

    fn certificate(request_pem: &str) -> String {
        let request = CertificateSigningRequestParams::from_pem(request_pem).unwrap();
        let (key, params) = (KeyPair::generate().unwrap(), CertificateParams::new(Vec::new()).unwrap());
        request.signed_by(&Issuer::from_params(&params, &key)).unwrap().pem()
    }

    /// Somebody else's parser reads the request, checks its signature and the name in it.
    #[test]
    fn the_request_is_one_by_anothers_measure() {
        let request = CertificateSigningRequestParams::from_pem(&renewal(7).request_pem).unwrap();
        let name = request.params.distinguished_name.get(&DnType::CommonName).cloned();
        assert_eq!(name, Some(rcgen::DnValue::Utf8String("SBX00001".into())));
        // The control: with one bit of it turned over, it is none.
        let mut der = pem_body(&renewal(7).request_pem);
        *der.last_mut().unwrap() ^= 1;
        assert!(CertificateSigningRequestParams::from_pem(&pem("CERTIFICATE REQUEST", &der)).is_err());
    }

    #[test]
    fn the_key_is_one_by_anothers_measure() {
        let own = renewal(7);
        let pair = KeyPair::from_pem(own.client_key_pem.expose()).unwrap();
        assert_eq!(rcgen::PublicKeyData::subject_public_key_info(&pair), own.spki);
    }

    #[test]
    fn a_certificate_of_another_key_is_none() {
        let (own, other) = (renewal(7), renewal(8));
        let issued = certificate(&own.request_pem);
        assert!(own.is_certified_by(&issued));
        for (what, text) in [
            ("another key's", certificate(&other.request_pem)),
            ("the request itself", own.request_pem.clone()),
            ("cut short", issued[..issued.len() / 2].to_owned()),
            ("nothing", String::new()),
            ("a word", "yes".to_owned()),
        ] {
            assert!(!own.is_certified_by(&text), "{what}");
        }
    }

    fn pem_body(pem: &str) -> Vec<u8> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        base64::decode(&body).unwrap()
    }
}
