//! What is sealed in a slot, and under what.
//!
//! A slot's private key (X25519, RFC 7748) lies under a key that takes the password and the device together:
//! HKDF-SHA-256 of the derivation and of the device's MACs over it, by the slot's own device key and then by the till's.
//! So with the till's key every slot is shut for good, also one whose row was hidden from whoever destroys the keys that
//! rows name. The master keys lie in a box for the slot's public key: an ephemeral X25519 key, HKDF-SHA-256 over both
//! public keys, AES-256-GCM. So master keys can be changed without anybody's password, and nobody is asked twice. Who made a box is vouched for by the row's MAC alone.
//!
//! It never compares: what does not open was not sealed so. Evidence: `mod tests` below, `tests/vault_tamper.rs`.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::error::VaultError;
use super::masters::{MasterKeys, random_key};
use super::names::{self, Id, TILL_KEY};
use crate::ports::{DeviceKeys, Entropy};
use crate::secret::Secret;

/// Bytes of an X25519 public key.
pub(super) const PUBLIC_BYTES: usize = 32;
/// Bytes of a sealed private key.
pub(super) const SEALED_PRIVATE_BYTES: usize = NONCE_LEN + 32 + MAX_TAG_LEN;
/// Bytes of a box that are not the master keys.
const BOX_EXTRA_BYTES: usize = 4 + PUBLIC_BYTES + MAX_TAG_LEN;

/// The bytes do not open: another key, another place, or changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SealBroken;

/// A slot's own key pair.
pub(super) struct Pair {
    private: StaticSecret,
    pub(super) public: [u8; PUBLIC_BYTES],
}

impl Pair {
    #[inline(never)]
    pub(super) fn new(entropy: &dyn Entropy) -> Result<Self, VaultError> {
        Ok(Self::of(&random_key(entropy)?))
    }

    fn of(private: &Secret<32>) -> Self {
        let private = StaticSecret::from(*private.expose());
        let public = PublicKey::from(&private).to_bytes();
        Self { private, public }
    }

    /// The private key under `kek`, bound to `place`.
    #[inline(never)]
    pub(super) fn seal(&self, kek: &Secret<32>, place: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce)?;
        let mut sealed = Zeroizing::new(self.private.as_bytes().to_vec());
        let tag = cipher(kek)
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed)
            .expect("32 bytes are far shorter than the cipher's limit");
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    /// Opens what [`Self::seal`] gave.
    #[inline(never)]
    pub(super) fn open(kek: &Secret<32>, place: &[u8], sealed: &[u8]) -> Result<Self, SealBroken> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealBroken)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let private = cipher(kek)
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut buffer)
            .map_err(|_| SealBroken)?;
        Ok(Self::of(&Secret::from_slice(private).map_err(|_| SealBroken)?))
    }

    /// Opens a box that was made for this pair's public key and this slot.
    #[inline(never)]
    pub(super) fn unbox(&self, slot: &Id, boxed: &[u8]) -> Result<MasterKeys, SealBroken> {
        let (generation, rest) = boxed.split_first_chunk::<4>().ok_or(SealBroken)?;
        let (ephemeral, sealed) = rest.split_first_chunk::<PUBLIC_BYTES>().ok_or(SealBroken)?;
        let key = box_key(&self.private, ephemeral, ephemeral, &self.public).ok_or(SealBroken)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let opened = cipher(&key)
            .open_in_place(zero_nonce(), Aad::from(box_place(slot, generation)), &mut buffer)
            .map_err(|_| SealBroken)?;
        let masters = MasterKeys::from_bytes(opened).ok_or(SealBroken)?;
        if masters.generation().to_be_bytes() == *generation { Ok(masters) } else { Err(SealBroken) }
    }
}

/// The master keys, in a box for a slot's public key.
#[inline(never)]
pub(super) fn boxed(
    slot: &Id,
    public: &[u8; PUBLIC_BYTES],
    masters: &MasterKeys,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, VaultError> {
    let ephemeral = Pair::new(entropy)?;
    let key = box_key(&ephemeral.private, public, &ephemeral.public, public)
        .expect("a slot's public key was made here, from a private one");
    let generation = masters.generation().to_be_bytes();
    let mut sealed = masters.to_bytes();
    let tag = cipher(&key)
        .seal_in_place_separate_tag(zero_nonce(), Aad::from(box_place(slot, &generation)), &mut sealed)
        .expect("8 keys are far shorter than the cipher's limit");
    let mut boxed = Vec::with_capacity(BOX_EXTRA_BYTES + sealed.len());
    for part in [&generation[..], &ephemeral.public, &sealed, tag.as_ref()] {
        boxed.extend_from_slice(part);
    }
    Ok(boxed)
}

/// The key that takes the password and the device together: two device operations a guess.
#[inline(never)]
pub(super) fn slot_kek(
    keys: &dyn DeviceKeys,
    alias: &str,
    slot: &Id,
    derived: &Secret<32>,
) -> Result<Secret<32>, VaultError> {
    let mut asked = Zeroizing::new(Vec::with_capacity(32 + names::ID_BYTES));
    asked.extend_from_slice(derived.expose());
    asked.extend_from_slice(slot);
    let own = keys.mac(alias, &asked)?;
    // Over the slot's own answer: nobody can ask for it beforehand who does not know the password then.
    let mut asked = Zeroizing::new(Vec::with_capacity(TILL_ASKED.len() + own.expose().len()));
    asked.extend_from_slice(TILL_ASKED);
    asked.extend_from_slice(own.expose());
    let tills = keys.mac(TILL_KEY, &asked)?;
    let answers = [derived.expose().as_slice(), own.expose(), tills.expose()];
    let mut material = Zeroizing::new(Vec::with_capacity(answers.iter().map(|answer| answer.len()).sum()));
    answers.iter().for_each(|answer| material.extend_from_slice(answer));
    Ok(expand(slot, &material, b"taptill vault slot 2"))
}

/// `None` where the other side's key is one of the few that give the same secret to everybody (RFC 7748, 6.1).
fn box_key(
    own: &StaticSecret,
    theirs: &[u8; PUBLIC_BYTES],
    ephemeral: &[u8; PUBLIC_BYTES],
    public: &[u8; PUBLIC_BYTES],
) -> Option<Secret<32>> {
    let shared = own.diffie_hellman(&PublicKey::from(*theirs));
    let salt = [&ephemeral[..], public].concat();
    shared.was_contributory().then(|| expand(&salt, shared.as_bytes(), b"taptill vault box 1"))
}

fn box_place(slot: &Id, generation: &[u8; 4]) -> Vec<u8> {
    [b"taptill vault box 1".as_slice(), slot, generation].concat()
}

/// A box's key seals once.
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

fn cipher(key: &Secret<32>) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose()).expect("AES-256 takes 32 bytes"))
}

fn expand(salt: &[u8], material: &[u8], info: &[u8]) -> Secret<32> {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(material);
    let info = [info];
    let expanded = extracted.expand(&info, hkdf::HKDF_SHA256).expect("32 bytes are within HKDF's limit");
    Secret::from_fn(|key| expanded.fill(key).expect("the length was stated as 32"))
}

/// What stands before a slot's own answer when the till's key is asked about it.
const TILL_ASKED: &[u8] = b"taptill vault slot by till 2";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::EntropyFault;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
            buffer.fill(self.0.fetch_add(1, Ordering::Relaxed));
            Ok(())
        }
    }

    #[test]
    fn a_box_opens_for_its_own_slot_alone() {
        let entropy = Counting(1.into());
        let (own, other) = (Pair::new(&entropy).unwrap(), Pair::new(&entropy).unwrap());
        let masters = MasterKeys::first(&entropy).unwrap().next(&entropy).unwrap();
        let made = boxed(&[1; 8], &own.public, &masters, &entropy).unwrap();
        let opened = own.unbox(&[1; 8], &made).unwrap();
        assert_eq!(opened.to_bytes(), masters.to_bytes());
        assert_eq!(own.unbox(&[2; 8], &made).err(), Some(SealBroken));
        assert_eq!(other.unbox(&[1; 8], &made).err(), Some(SealBroken));
        for at in 0..made.len() {
            let mut changed = made.clone();
            changed[at] ^= 1;
            assert_eq!(own.unbox(&[1; 8], &changed).err(), Some(SealBroken), "byte {at}");
            assert_eq!(own.unbox(&[1; 8], &made[..at]).err(), Some(SealBroken), "cut at {at}");
        }
        let mut everybodys = made;
        everybodys[4..36].fill(0);
        assert_eq!(own.unbox(&[1; 8], &everybodys).err(), Some(SealBroken));
    }

    #[test]
    fn a_private_key_opens_at_its_own_place_alone() {
        let entropy = Counting(1.into());
        let pair = Pair::new(&entropy).unwrap();
        let kek = Secret::from_fn(|key| key.fill(9));
        let sealed = pair.seal(&kek, b"place", &entropy).unwrap();
        assert_eq!(sealed.len(), SEALED_PRIVATE_BYTES);
        assert_eq!(Pair::open(&kek, b"place", &sealed).unwrap().public, pair.public);
        assert!(Pair::open(&kek, b"palce", &sealed).is_err());
        assert!(Pair::open(&Secret::from_fn(|key| key.fill(8)), b"place", &sealed).is_err());
        for length in 0..sealed.len() {
            assert!(Pair::open(&kek, b"place", &sealed[..length]).is_err());
        }
    }
}
