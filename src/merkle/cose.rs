//! Signatures that lie beside what they sign: COSE_Sign1 with a detached payload (RFC 9052, sections 2, 4.2 and 4.4).
//!
//! The protected header says the algorithm (RFC 9053: ES256 -7, EdDSA -8), what the payload is, and the key's id, which
//! is the one of its note lines. A signature is read in the one form in which it is written. What is signed begins with
//! the words of RFC 9052, so no signature here is one over a note, nor the other way round.
//!
//! It never keeps a private key. Evidence: `mod tests` below, `tests/verify_it_yourself.rs` (OpenSSL and Python).

use coset::{CoseSign1, CoseSign1Builder, Header, HeaderBuilder, TaggedCborSerializable, iana};

use super::note::{KeyName, VerifierKey, ed25519};
use crate::secret::Secret;

/// Why a detached signature is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoseRefused {
    /// It is not in the form in which one is written for this key.
    Malformed,
    /// The signature is not this key's over this payload.
    WrongSignature,
}

impl VerifierKey {
    /// The bytes that a signature of this key over `payload` is made of (RFC 9052, 4.4, `Sig_structure`).
    #[must_use]
    pub fn detached_bytes(&self, payload: &[u8]) -> Vec<u8> {
        unsigned(self).tbs_detached_data(payload, &[])
    }

    /// The detached signature as a file: 64 bytes of either algorithm in their frame.
    #[must_use]
    pub fn detached_file(&self, signature: [u8; SIGNATURE_BYTES]) -> Vec<u8> {
        let signed = CoseSign1 { signature: signature.to_vec(), ..unsigned(self) };
        signed.to_tagged_vec().expect("a frame of short byte strings is written to memory")
    }

    /// The detached signature of the owner of this Ed25519 seed, as a file (RFC 8032, 5.1.6).
    #[must_use]
    pub fn sign_detached(name: KeyName, seed: &Secret<32>, payload: &[u8]) -> Vec<u8> {
        let key = Self::of_seed(name, seed);
        let (_, signature) = ed25519(seed, &key.detached_bytes(payload));
        key.detached_file(signature.try_into().expect("an Ed25519 signature has 64 bytes"))
    }

    /// Whether `file` is this key's detached signature over `payload`.
    ///
    /// # Errors
    /// [`CoseRefused`].
    pub fn verify_detached(&self, payload: &[u8], file: &[u8]) -> Result<(), CoseRefused> {
        let read = CoseSign1::from_tagged_slice(file).map_err(|_| CoseRefused::Malformed)?;
        let signature = read.signature.as_slice().try_into().map_err(|_| CoseRefused::Malformed)?;
        // One form for one signature: whatever else a reader could be made to take is not looked at.
        if self.detached_file(signature) != file {
            return Err(CoseRefused::Malformed);
        }
        let is_right = self.has_signed_fixed(&self.detached_bytes(payload), &signature);
        if is_right { Ok(()) } else { Err(CoseRefused::WrongSignature) }
    }
}

/// The 64 bytes of an ES256 signature (RFC 9053, 2.1: r and s, 32 bytes each) from the ASN.1 form that devices make
/// (RFC 3279, 2.2.3); `None` for anything else.
#[must_use]
pub fn es256_fixed(der: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
    let inside = der.strip_prefix(&[SEQUENCE, u8::try_from(der.len().checked_sub(2)?).ok()?])?;
    let (r, rest) = integer(inside)?;
    let (s, rest) = integer(rest)?;
    if !rest.is_empty() {
        return None;
    }
    let mut fixed = [0; SIGNATURE_BYTES];
    let (left, right) = fixed.split_at_mut(SIGNATURE_BYTES / 2);
    left[SIGNATURE_BYTES / 2 - r.len()..].copy_from_slice(r);
    right[SIGNATURE_BYTES / 2 - s.len()..].copy_from_slice(s);
    Some(fixed)
}

/// The digits of a positive DER integer of at most 32 bytes, without the zero that keeps it positive, and what follows.
fn integer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[tag, length], rest) = der.split_first_chunk()?;
    let (digits, rest) = rest.split_at_checked(usize::from(length))?;
    let digits = match digits {
        [0, significant @ ..] if significant.first().is_some_and(|first| *first >= 0x80) => significant,
        [first, ..] if (1..0x80).contains(first) => digits,
        _ => return None,
    };
    (tag == INTEGER && digits.len() <= SIGNATURE_BYTES / 2).then_some((digits, rest))
}

fn unsigned(key: &VerifierKey) -> CoseSign1 {
    CoseSign1Builder::new().protected(header(key)).build()
}

fn header(key: &VerifierKey) -> Header {
    let algorithm = if key.is_p256() { iana::Algorithm::ES256 } else { iana::Algorithm::EdDSA };
    HeaderBuilder::new().algorithm(algorithm).content_type(PAYLOAD_TYPE.to_owned()).key_id(key.id().to_vec()).build()
}

/// Bytes of a signature of either algorithm.
pub const SIGNATURE_BYTES: usize = 64;
/// What is signed here.
const PAYLOAD_TYPE: &str = "application/json";
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Signer;
    use p256::ecdsa::{Signature, SigningKey};
    use p256::pkcs8::EncodePublicKey;

    use super::*;

    const PAYLOAD: &[u8] = br#"{"format":"test"}"#;

    fn name() -> KeyName {
        KeyName::new("taptill/TERM0001/00000000").unwrap()
    }

    /// A signature of each algorithm over the payload, with its key.
    fn signed() -> [(VerifierKey, Vec<u8>); 2] {
        let seed = Secret::from_fn(|bytes| bytes.fill(7));
        let key = VerifierKey::of_seed(name(), &seed);
        let file = VerifierKey::sign_detached(name(), &seed, PAYLOAD);
        let device = SigningKey::from_slice(&[9; 32]).unwrap();
        let spki = p256::PublicKey::from(device.verifying_key()).to_public_key_der().unwrap();
        let device_key = VerifierKey::p256(name(), spki.as_bytes()).unwrap();
        let signature: Signature = device.sign(&device_key.detached_bytes(PAYLOAD));
        let fixed = es256_fixed(signature.to_der().as_bytes()).unwrap();
        let device_file = device_key.detached_file(fixed);
        [(key, file), (device_key, device_file)]
    }

    #[test]
    fn a_signature_of_either_algorithm_holds_for_its_payload_and_its_key_alone() {
        let [(ed25519, file), (es256, device_file)] = signed();
        for (key, file, other) in [(&ed25519, &file, &device_file), (&es256, &device_file, &file)] {
            assert_eq!(key.verify_detached(PAYLOAD, file), Ok(()));
            assert_eq!(key.verify_detached(b"{}", file), Err(CoseRefused::WrongSignature));
            assert_eq!(key.verify_detached(PAYLOAD, other), Err(CoseRefused::Malformed));
            let last = file.len() - 1;
            let mut changed = file.clone();
            changed[last] ^= 1;
            assert_eq!(key.verify_detached(PAYLOAD, &changed), Err(CoseRefused::WrongSignature));
        }
    }

    #[test]
    fn a_signature_is_read_in_one_form() {
        let [(key, file), _] = signed();
        let bytes_after = [file.as_slice(), &[0]].concat();
        let untagged = &file[1..];
        // An unprotected header of one label, which no signature covers.
        let unprotected = file.iter().position(|byte| *byte == 0xa0).unwrap();
        let mut with_header = file.clone();
        with_header.splice(unprotected..=unprotected, [0xa1, 0x04, 0x41, 0x00]);
        for (case, file) in [
            ("nothing", &[][..]),
            ("cut", &file[..file.len() - 1]),
            ("bytes after it", &bytes_after),
            ("without its tag", untagged),
            ("a header that is not signed", &with_header),
        ] {
            assert_eq!(key.verify_detached(PAYLOAD, file), Err(CoseRefused::Malformed), "{case}");
        }
    }

    #[test]
    fn a_devices_signature_has_one_fixed_form() {
        let der = |r: &[u8], s: &[u8]| {
            let inside = [&[2, r.len() as u8], r, &[2, s.len() as u8], s].concat();
            [&[0x30, inside.len() as u8], inside.as_slice()].concat()
        };
        let fixed = es256_fixed(&der(&[1], &[0, 0x80])).unwrap();
        assert_eq!((fixed[31], fixed[63], fixed.iter().filter(|byte| **byte != 0).count()), (1, 0x80, 2));
        let full = [0x7f; 32];
        assert_eq!(es256_fixed(&der(&full, &full)), Some([0x7f; 64]));
        let good = der(&full, &[1]);
        for (case, bad) in [
            ("nothing", vec![]),
            ("cut", good[..good.len() - 1].to_vec()),
            ("bytes after it", [good.as_slice(), &[0]].concat()),
            ("another tag", good.iter().map(|byte| if *byte == 0x30 { 0x31 } else { *byte }).collect()),
            ("zero", der(&[0], &[1])),
            ("empty", der(&[], &[1])),
            ("negative", der(&[0x80], &[1])),
            ("a zero too many", der(&[0, 1], &[1])),
            ("too long", der(&[1; 33], &[1])),
            ("a third number", [&[0x30, 9][..], &[2, 1, 1, 2, 1, 1, 2, 1, 1]].concat()),
        ] {
            assert_eq!(es256_fixed(&bad), None, "{case}");
        }
    }
}
