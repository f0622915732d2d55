//! Encrypted card reads: the host checks the reader's signature over what the message says, and only then opens.
//!
//! A read is good for one sale of the amount, currency and nonce that it was made for. With any other, or changed in one
//! bit, or signed by nobody, it is refused with 63 (security violation (?)) and the card stays unknown. A format or a key
//! that this host has not is 30, and what does not open although its signature is right is 63 as well.
//!
//! It has the reader's public key and the host's private one, of `sandbox/fixtures`, and never gives out what it opened
//! but to the ruling. Evidence: `sandbox/tests/host_reads.rs`.

use std::sync::LazyLock;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use rsa::{Oaep, RsaPrivateKey};
use taptill::hex;
use taptill::iso8583::{ValueName, Values};
use zeroize::Zeroizing;

use super::ruling::code;
use crate::reader::format::{FORMAT, HOST_KEY, WRAPPED_KEY_BYTES, binding, signed, unpack};

static HOST: LazyLock<RsaPrivateKey> = LazyLock::new(|| {
    let pem = include_str!("../../fixtures/read-host.pem").replace("TESTING KEY", "PRIVATE KEY");
    RsaPrivateKey::from_pkcs8_pem(&pem).expect("the committed key is well-formed")
});

static READER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    hex::decode(include_str!("../../fixtures/reader-public.hex").trim()).expect("the committed key is hex")
});

/// A request with the card's values in the place of its read.
///
/// # Errors
/// The response code to refuse it with.
pub(super) fn opened(request: &Values) -> Result<Values, &'static str> {
    let text = |name| request.text(name).ok_or(code::FORMAT_ERROR);
    let bytes = |name| request.get(name).ok_or(code::FORMAT_ERROR);
    if (text(ValueName::ReadFormat)?, text(ValueName::ReadKey)?) != (FORMAT, HOST_KEY) {
        return Err(code::FORMAT_ERROR);
    }
    let amount = text(ValueName::AmountMinor)?.parse().map_err(|_| code::FORMAT_ERROR)?;
    let currency = text(ValueName::CurrencyNumber)?.parse().map_err(|_| code::FORMAT_ERROR)?;
    let bound = binding(amount, currency, bytes(ValueName::ReadNonce)?);
    let payload = bytes(ValueName::EncryptedRead)?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &*READER)
        .verify(&signed(&bound, payload), bytes(ValueName::ReadSignature)?)
        .map_err(|_| code::SECURITY_VIOLATION)?;
    let parts = decrypt(payload, &bound).ok_or(code::SECURITY_VIOLATION)?;
    let [pan, expiry, sequence, track2, chip_data] = unpack(&parts).ok_or(code::FORMAT_ERROR)?;
    let mut clear = request.clone();
    clear.set(ValueName::Pan, pan).set(ValueName::Expiry, expiry).set(ValueName::ChipData, chip_data);
    if !track2.is_empty() {
        clear.set(ValueName::Track2, track2);
    }
    if let [sequence] = sequence {
        clear.set_number(ValueName::PanSequence, u64::from(*sequence));
    }
    Ok(clear)
}

fn decrypt(payload: &[u8], bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (wrapped, sealed) = payload.split_at_checked(WRAPPED_KEY_BYTES)?;
    let content_key = Zeroizing::new(HOST.decrypt(Oaep::new::<Sha256>(), wrapped).ok()?);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).ok()?);
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(Nonce::assume_unique_for_key([0; 12]), Aad::from(bound), &mut sealed).ok()?.len();
    sealed.truncate(length);
    Some(sealed)
}
