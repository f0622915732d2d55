//! Makes the sandbox's keys: `cargo run -p taptill-sandbox --example make_fixture_keys`.
//!
//! It writes what is not there of `sandbox/fixtures/`: the cards' three RSA keys with `capks.json`, and the two keys of
//! encrypted card reads. Nothing runs it but a person who wants other keys and has removed the old ones: key generation
//! is slow and random, so the keys are committed. See `sandbox/fixtures/README.md`.

use std::fs;
use std::path::Path;

use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPrivateKey};
use taptill::hex;

/// Visa's registered application provider identifier, as the real directory entry carries it.
const RID_VISA: [u8; 5] = [0xA0, 0x00, 0x00, 0x00, 0x03];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    if !folder.join("capks.json").exists() {
        make_card_keys(&folder)?;
    }
    if !folder.join("read-host.pem").exists() {
        make_read_keys(&folder)?;
    }
    Ok(())
}

/// The host's key, for which reads are encrypted, and the reader's, with which it signs them.
fn make_read_keys(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let host = RsaPrivateKey::new(&mut OsRng, 2048)?;
    let pem = host.to_pkcs8_pem(LineEnding::LF)?.replace("PRIVATE KEY", "TESTING KEY");
    fs::write(folder.join("read-host.pem"), pem)?;
    fs::write(folder.join("read-host-public.pem"), host.to_public_key().to_public_key_pem(LineEnding::LF)?)?;
    let random = SystemRandom::new();
    let refused = |_| "ring made no key";
    let reader = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(refused)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, reader.as_ref(), &random);
    let public = pair.map_err(|_| "ring reads its own key")?.public_key().as_ref().to_vec();
    fs::write(folder.join("reader.hex"), format!("{}\n", hex::encode(reader.as_ref())))?;
    fs::write(folder.join("reader-public.hex"), format!("{}\n", hex::encode(&public)))?;
    Ok(())
}

fn make_card_keys(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut authority = None;
    for (name, bits) in [("ca-visa-c0", 1408), ("issuer", 1152), ("icc", 1024)] {
        // Exponent 3 needs primes p with p − 1 not divisible by 3; the generator tries until it has them.
        let key = RsaPrivateKey::new_with_exp(&mut OsRng, bits, &BigUint::from(3_u8))?;
        let pem = key.to_pkcs8_pem(LineEnding::LF)?.replace("PRIVATE KEY", "TESTING KEY");
        fs::write(folder.join(format!("{name}.pem")), pem)?;
        authority.get_or_insert(key);
    }
    let authority = authority.ok_or("there is no certification authority in the list")?;
    Ok(fs::write(folder.join("capks.json"), authority_json(0xC0, &authority))?)
}

fn authority_json(index: u8, key: &RsaPrivateKey) -> String {
    let modulus = key.n().to_bytes_be();
    let exponent = key.e().to_bytes_be();
    // EMV Book 2, section 11.2.2: the check sum is SHA-1 over RID, index, modulus and exponent.
    let summed = [&RID_VISA[..], &[index], &modulus, &exponent].concat();
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &summed);
    let row = serde_json::json!([{
        "environment": "sandbox",
        "rid": hex::encode(&RID_VISA),
        "index": hex::encode(&[index]),
        "bits": modulus.len() * 8,
        "exponent": hex::encode(&exponent),
        "modulus": hex::encode(&modulus),
        "sha1": hex::encode(sha1.as_ref()),
    }]);
    format!("{row:#}\n")
}
