//! Sealing a read: the card's parts for the host alone, bound to the request, signed by the reader.
//!
//! It has the public half of the host's key, so the reader itself cannot open what it sealed. The keys are those of
//! `sandbox/fixtures`. Evidence: `sandbox/tests/host_reads.rs`.

use std::sync::LazyLock;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rsa::pkcs8::DecodePublicKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::{Oaep, RsaPublicKey};
use taptill::hex;
use taptill::ports::{EncryptedRead, ReadRequest};
use zeroize::Zeroizing;

use super::format::{FORMAT, HOST_KEY, binding, pack, signed};
use super::kernel::KernelRead;

static HOST: LazyLock<RsaPublicKey> = LazyLock::new(|| {
    let pem = include_str!("../../fixtures/read-host-public.pem");
    RsaPublicKey::from_public_key_pem(pem).expect("the committed public key is well-formed")
});

static READER: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    let pkcs8 = hex::decode(include_str!("../../fixtures/reader.hex").trim()).expect("the committed key is hex");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &SystemRandom::new())
        .expect("the committed key is well-formed")
});

/// `None` where the machine gives no random bytes.
pub(super) fn seal(read: &KernelRead, request: &ReadRequest, scheme: String) -> Option<EncryptedRead> {
    let bound = binding(request.amount.minor(), request.amount.currency().number(), &request.nonce);
    let card = &read.card;
    let expiry = card.expiry.yymm();
    let parts = [card.pan.expose(), &expiry, card.pan_sequence.as_slice(), card.track2.expose(), &card.chip_data];
    let payload = encrypt(&pack(parts), &bound)?;
    let signature = READER.sign(&SystemRandom::new(), &signed(&bound, &payload)).ok()?;
    Some(EncryptedRead {
        format: FORMAT.to_owned(),
        key: HOST_KEY.to_owned(),
        payload,
        signature: signature.as_ref().to_vec(),
        scheme: Some(scheme),
        masked: Some(last_four(card.pan.expose())),
        cvm: read.cvm,
    })
}

fn encrypt(parts: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
    let mut content_key = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(&mut *content_key).ok()?;
    let wrapped = HOST.encrypt(&mut OsRng, Oaep::new::<Sha256>(), &*content_key).ok()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*content_key).ok()?);
    let mut sealed = Vec::with_capacity(parts.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(parts);
    // A content key seals one read, so that its nonce need not differ.
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), Aad::from(bound), &mut sealed).ok()?;
    Some([wrapped, sealed].concat())
}

fn last_four(digits: &[u8]) -> String {
    let hidden = digits.len().saturating_sub(4);
    let shown = digits[hidden..].iter().copied().map(char::from);
    std::iter::repeat_n('*', hidden).chain(shown).collect()
}
