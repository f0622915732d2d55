//! Makes the sandbox's RSA keys anew: `cargo run -p taptill-sandbox --example make_fixture_keys`.
//!
//! It writes `sandbox/fixtures/*.pem` and `sandbox/fixtures/capks.json`. Nothing runs it but a person who
//! wants other keys: key generation is slow and random, so the keys are committed and their certificates
//! are made from them at run time. See `sandbox/fixtures/README.md`.

use std::fs;
use std::path::Path;

use ring::digest;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPrivateKey};
use taptill::hex;

/// Visa's registered application provider identifier, as the real directory entry carries it.
const RID_VISA: [u8; 5] = [0xA0, 0x00, 0x00, 0x00, 0x03];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut authority = None;
    for (name, bits) in [("ca-visa-c0", 1408), ("issuer", 1152), ("icc", 1024)] {
        // Exponent 3 needs primes p with p − 1 not divisible by 3; the generator tries until it has them.
        let key = RsaPrivateKey::new_with_exp(&mut OsRng, bits, &BigUint::from(3_u8))?;
        let pem = key.to_pkcs8_pem(LineEnding::LF)?.replace("PRIVATE KEY", "TESTING KEY");
        fs::write(folder.join(format!("{name}.pem")), pem)?;
        authority.get_or_insert(key);
    }
    let authority = authority.ok_or("there is no certification authority in the list")?;
    fs::write(folder.join("capks.json"), authority_json(0xC0, &authority))?;
    Ok(())
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
