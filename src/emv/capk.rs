//! Certification authority public keys: the roots of offline data authentication.
//!
//! Source: EMV Book 2, 5.1 and 11.2.2. A key is known by its environment, application provider and index;
//! keys of different environments never meet. The SHA-1 of each is recomputed when it is read, since
//! published lists contain wrong ones. Lists also give one index in two sizes: both are kept, and the length
//! of the issuer's certificate decides (Book 2, 5.3: it equals the key's).
//!
//! It never trusts a key without its check sum. Evidence: `mod tests` below.

use std::collections::BTreeMap;
use std::fmt;

use ring::digest;
use serde::{Deserialize, Deserializer, Serialize};

use super::hex::{HexArray, HexBytes};
use super::oda::{OdaError, PublicKey};

/// Registered application provider identifier: the first five bytes of an application identifier.
pub type Rid = [u8; 5];

/// Whose money a key guards. Keys of one never serve another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real cards.
    Live,
    /// The schemes' published test cards.
    Test,
    /// The simulated cards of this project.
    Sandbox,
}

impl<'de> Deserialize<'de> for Environment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Published lists add where they have it from in brackets: `live (published)`.
        match text.split(" (").next() {
            Some("live") => Ok(Self::Live),
            Some("test") => Ok(Self::Test),
            Some("sandbox") => Ok(Self::Sandbox),
            _ => Err(serde::de::Error::custom("the environment must be live, test or sandbox")),
        }
    }
}

/// One key.
#[derive(Clone, Debug)]
pub struct CaKey {
    pub(crate) key: PublicKey,
    pub(crate) expiry_yymmdd: Option<[u8; 3]>,
}

/// A set of keys.
#[derive(Debug, Default)]
pub struct CaKeys {
    keys: BTreeMap<(Environment, Rid, u8), Vec<CaKey>>,
}

#[derive(Deserialize)]
struct RawKey {
    rid: HexArray<5>,
    index: HexArray<1>,
    environment: Environment,
    modulus: HexBytes,
    exponent: HexBytes,
    sha1: HexArray<20>,
    hash: Option<HexArray<1>>,
    algorithm: Option<HexArray<1>>,
    bits: Option<usize>,
    expiry: Option<ExpiryDate>,
}

/// BCD `YYMMDD`, from that text or from `YYYY-MM-DD`.
struct ExpiryDate([u8; 3]);

impl<'de> Deserialize<'de> for ExpiryDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?.replace('-', "");
        let short = if digits.len() == 8 { digits.get(2..) } else { Some(&digits[..]) };
        let bytes = short.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).and_then(super::hex::decode);
        let date = bytes.and_then(|bytes| <[u8; 3]>::try_from(bytes).ok());
        date.map(Self).ok_or_else(|| serde::de::Error::custom("expected a date as YYMMDD or YYYY-MM-DD"))
    }
}

impl CaKeys {
    /// Reads a JSON list of `{rid, index, environment, modulus, exponent, sha1}`, all but the environment in
    /// hexadecimal; `hash` and `algorithm` (both `01` where given), `bits` and `expiry` (`YYMMDD` or
    /// `YYYY-MM-DD`) are optional, other members are not read.
    ///
    /// # Errors
    /// [`CaKeyError`]. One bad key refuses the list.
    pub fn from_json(text: &str) -> Result<Self, CaKeyError> {
        let (keys, refused) = Self::sound_from_json(text)?;
        refused.into_iter().next().map_or(Ok(keys), Err)
    }

    /// As [`Self::from_json`], but a bad key is left out and said, in the order of the list.
    ///
    /// # Errors
    /// [`CaKeyError::Json`].
    pub(crate) fn sound_from_json(text: &str) -> Result<(Self, Vec<CaKeyError>), CaKeyError> {
        let malformed = |error: serde_json::Error| CaKeyError::Json { line: error.line(), column: error.column() };
        let raw: Vec<RawKey> = serde_json::from_str(text).map_err(malformed)?;
        let mut keys = Self::default();
        let refused = raw.into_iter().filter_map(|key| keys.insert(key).err()).collect();
        Ok((keys, refused))
    }

    /// How many keys there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.keys.values().map(Vec::len).sum()
    }

    /// The key that signs issuer certificates of this length.
    ///
    /// # Errors
    /// [`OdaError::CaKeyUnknown`] when there is none of this index,
    /// [`OdaError::IssuerCertificateLength`] when there is one of another size only.
    pub(crate) fn find(
        &self,
        environment: Environment,
        rid: Rid,
        index: u8,
        certificate_bytes: usize,
    ) -> Result<&CaKey, OdaError> {
        let keys = self.keys.get(&(environment, rid, index)).ok_or(OdaError::CaKeyUnknown)?;
        keys.iter().find(|key| key.key.bytes() == certificate_bytes).ok_or(OdaError::IssuerCertificateLength)
    }

    /// All keys under one environment: for replaying transcripts, where no money is at stake. Where two
    /// environments have a key of one name and size, the first of live, test and sandbox counts.
    pub(crate) fn as_one_environment(&self, environment: Environment) -> Self {
        let mut merged = Self::default();
        for ((_, rid, index), keys) in &self.keys {
            let own = merged.keys.entry((environment, *rid, *index)).or_default();
            own.extend(keys.iter().cloned());
        }
        merged
    }

    /// Takes all keys of another set over, before its own of the same name and size.
    pub(crate) fn extend_first(&mut self, other: Self) {
        for (name, keys) in other.keys {
            self.keys.entry(name).or_default().splice(0..0, keys);
        }
    }

    /// Forgets all keys of this name.
    pub(crate) fn remove(&mut self, environment: Environment, rid: Rid, index: u8) {
        self.keys.remove(&(environment, rid, index));
    }

    fn insert(&mut self, raw: RawKey) -> Result<(), CaKeyError> {
        let index = raw.index.0[0];
        let refuse = |fault| Err(CaKeyError::Key { rid: raw.rid.0, index, fault });
        // Book 2, 11.2: 01 is SHA-1, 01 is RSA; no others are defined for contactless cards that we serve.
        if raw.hash.is_some_and(|hash| hash.0 != [0x01]) || raw.algorithm.is_some_and(|algorithm| algorithm.0 != [0x01])
        {
            return refuse(CaKeyFault::Algorithm);
        }
        if raw.bits.is_some_and(|bits| bits != raw.modulus.0.len() * 8) {
            return refuse(CaKeyFault::Size);
        }
        if check_sum(&raw) != raw.sha1.0 {
            return refuse(CaKeyFault::CheckSum);
        }
        let Ok(key) = PublicKey::new(&raw.modulus.0, &raw.exponent.0) else { return refuse(CaKeyFault::Size) };
        let own = self.keys.entry((raw.environment, raw.rid.0, index)).or_default();
        if own.iter().any(|known| known.key.bytes() == key.bytes()) {
            return refuse(CaKeyFault::Repeated);
        }
        own.push(CaKey { key, expiry_yymmdd: raw.expiry.map(|expiry| expiry.0) });
        Ok(())
    }
}

/// SHA-1 over application provider, index, modulus and exponent (Book 2, 11.2.2).
fn check_sum(raw: &RawKey) -> [u8; 20] {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    for part in [&raw.rid.0[..], &raw.index.0, &raw.modulus.0, &raw.exponent.0] {
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-1 has 20 bytes")
}

/// Why a list of keys is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaKeyError {
    /// It is not the JSON that it should be.
    Json {
        /// From 1; 0 where unknown.
        line: usize,
        /// From 1; 0 where unknown.
        column: usize,
    },
    /// One of the keys is refused.
    Key {
        /// Its application provider.
        rid: Rid,
        /// Its index.
        index: u8,
        /// What is wrong with it.
        fault: CaKeyFault,
    },
}

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaKeyFault {
    /// Its SHA-1 is not the one given.
    CheckSum,
    /// Its hash or signature algorithm is not 01.
    Algorithm,
    /// Its modulus has fewer than 64 or more than 248 bytes or another size than given, or its exponent is
    /// neither 3 nor 65537.
    Size,
    /// A key of this name and size stands in the list before.
    Repeated,
}

impl fmt::Display for CaKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => write!(f, "CA keys: line {line}, column {column} is not as agreed"),
            Self::Key { rid, index, fault } => {
                let fault = match fault {
                    CaKeyFault::CheckSum => "the SHA-1 does not fit",
                    CaKeyFault::Algorithm => "the algorithm is unknown",
                    CaKeyFault::Size => "the modulus or exponent has a size that no key has",
                    CaKeyFault::Repeated => "it stands in the list twice",
                };
                write!(f, "CA key {} {index:02X}: {fault}", super::hex::encode(rid))
            }
        }
    }
}

impl std::error::Error for CaKeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = include_str!("../../tests/vectors/capks.json");
    const VISA: Rid = [0xA0, 0x00, 0x00, 0x00, 0x03];

    fn one() -> serde_json::Value {
        let list: Vec<serde_json::Value> = serde_json::from_str(LIST).unwrap();
        list[0].clone()
    }

    #[test]
    fn a_published_list_is_read_whole() {
        let keys = CaKeys::from_json(LIST).unwrap();
        assert_eq!(keys.count(), 22);
        let mastercard = [0xA0, 0x00, 0x00, 0x00, 0x04];
        for bytes in [144, 160] {
            assert_eq!(keys.find(Environment::Test, mastercard, 0xFA, bytes).unwrap().key.bytes(), bytes);
        }
    }

    #[test]
    fn environments_never_meet() {
        let keys = CaKeys::from_json(LIST).unwrap();
        for (environment, index, bytes, verdict) in [
            (Environment::Test, 0x92, 176, Ok(176)),
            (Environment::Live, 0x92, 176, Err(OdaError::CaKeyUnknown)),
            (Environment::Sandbox, 0x92, 176, Err(OdaError::CaKeyUnknown)),
            (Environment::Test, 0x91, 176, Err(OdaError::CaKeyUnknown)),
            (Environment::Test, 0x92, 175, Err(OdaError::IssuerCertificateLength)),
        ] {
            let found = keys.find(environment, VISA, index, bytes).map(|key| key.key.bytes());
            assert_eq!(found, verdict);
        }
    }

    #[test]
    fn a_bad_key_refuses_the_list() {
        for (member, value, verdict) in [
            ("sha1", "00".repeat(20), CaKeyFault::CheckSum),
            ("index", "93".to_owned(), CaKeyFault::CheckSum),
            ("rid", "A000000004".to_owned(), CaKeyFault::CheckSum),
            ("exponent", "05".to_owned(), CaKeyFault::CheckSum),
            ("hash", "02".to_owned(), CaKeyFault::Algorithm),
            ("algorithm", "00".to_owned(), CaKeyFault::Algorithm),
        ] {
            let mut key = one();
            key[member] = value.into();
            let refused = CaKeys::from_json(&serde_json::json!([key]).to_string()).unwrap_err();
            assert!(matches!(refused, CaKeyError::Key { fault, .. } if fault == verdict), "{member}: {refused}");
        }
        let twice = CaKeys::from_json(&serde_json::json!([one(), one()]).to_string()).unwrap_err();
        assert_eq!(twice.to_string(), "CA key A000000003 92: it stands in the list twice");
        assert!(matches!(CaKeys::from_json("{}"), Err(CaKeyError::Json { .. })));
    }

    #[test]
    fn an_expiry_is_a_date() {
        for (expiry, verdict) in [
            ("311231", Some([0x31, 0x12, 0x31])),
            ("2031-12-31", Some([0x31, 0x12, 0x31])),
            ("1231", None),
            ("31123A", None),
            ("", None),
        ] {
            let mut key = one();
            key["expiry"] = expiry.into();
            let keys = CaKeys::from_json(&serde_json::json!([key]).to_string());
            let read = keys.ok().and_then(|keys| keys.find(Environment::Test, VISA, 0x92, 176).unwrap().expiry_yymmdd);
            assert_eq!(read, verdict, "{expiry}");
        }
    }
}
