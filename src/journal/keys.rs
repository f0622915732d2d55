//! The journal's keys, and what is done with them.
//!
//! One random master key; from it, by HKDF-SHA-256 (RFC 5869), a sealing and a head key for each session, told
//! apart by a random salt, and one look-up key. Records are sealed with AES-256-GCM under a random nonce and
//! bound to their place. Look-up values are HMAC-SHA-256, cut to 128 bits.
//!
//! It never keeps a cipher's expanded key: it holds 32 bytes that are wiped on drop and builds the key for one
//! call in a worker of its own, or for one walk over the journal. Evidence: `mod tests` below, `tests/journal_tamper.rs`.

use std::cell::RefCell;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};

use super::error::JournalError;
use crate::ports::Entropy;
use crate::secret::{Secret, same_bytes};

/// Version of every format in the database: rows, bindings, head.
pub(super) const FORMAT: u8 = 1;

/// Which master key sealed a row.
pub(super) const KEY_GENERATION: u32 = 1;

/// Bytes of a session's salt.
pub(super) type SessionSalt = [u8; 16];

/// Bytes of a nonce (NIST SP 800-38D, 8.2.2: 96 random bits).
pub(super) type NonceBytes = [u8; 12];

/// A keyed hash by which a row is looked up.
pub(super) type Tag = [u8; 16];

/// The keys of one open journal.
pub(super) struct Keys {
    master: Secret<32>,
    look_up: Secret<32>,
    session_salt: SessionSalt,
    sealing: Secret<32>,
    head: Secret<32>,
    /// The sealing key of the session that was last read from.
    reading: RefCell<Option<(SessionSalt, Secret<32>)>>,
}

/// The bytes do not open under this key at this place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SealBroken;

impl Keys {
    pub(super) fn new(master: Secret<32>, session_salt: SessionSalt) -> Self {
        Self {
            look_up: derive(&master, &[], b"taptill journal look-up 1"),
            sealing: derive(&master, &session_salt, b"taptill journal seal 1"),
            head: derive(&master, &session_salt, b"taptill journal head 1"),
            master,
            session_salt,
            reading: RefCell::new(None),
        }
    }

    pub(super) fn session_salt(&self) -> &SessionSalt {
        &self.session_salt
    }

    /// Seals in place under this session's key; the buffer grows by the tag.
    pub(super) fn seal(&self, nonce: &NonceBytes, place: &[u8], buffer: &mut Vec<u8>) {
        seal(&self.sealing, nonce, place, buffer);
    }

    /// Opens in place what the session of this salt sealed; the buffer shrinks to the plaintext.
    pub(super) fn open(
        &self,
        salt: &SessionSalt,
        nonce: &NonceBytes,
        place: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), SealBroken> {
        if *salt == self.session_salt {
            return open(&self.sealing, nonce, place, buffer);
        }
        let mut reading = self.reading.borrow_mut();
        if let Some((known, key)) = reading.as_ref()
            && known == salt
        {
            return open(key, nonce, place, buffer);
        }
        let (_, key) = reading.insert((*salt, self.sealing_key(salt)));
        open(key, nonce, place, buffer)
    }

    /// Seals a record under this session's key and puts before it what is needed to open it.
    pub(super) fn seal_record(&self, nonce: &NonceBytes, place: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
        self.seal(nonce, place, &mut bytes);
        let generation = KEY_GENERATION.to_be_bytes();
        [[FORMAT].as_slice(), &generation, &self.session_salt, nonce, &bytes].concat()
    }

    /// Opens records, one after another.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { keys: self, cipher: None }
    }

    /// The key with which the session of this salt sealed.
    fn sealing_key(&self, salt: &SessionSalt) -> Secret<32> {
        derive(&self.master, salt, b"taptill journal seal 1")
    }

    /// The MAC of the head, or of what stands beside it, under this session's key.
    pub(super) fn head_mac(&self, head: &[u8]) -> [u8; 32] {
        mac(&self.head, head)
    }

    /// Whether the session of this salt made the MAC.
    pub(super) fn head_mac_is_right(&self, salt: &SessionSalt, head: &[u8], found: &[u8]) -> bool {
        let key = derive(&self.master, salt, b"taptill journal head 1");
        same_bytes(&mac(&key, head), found)
    }

    /// The keyed hash of some words; their lengths keep them apart.
    pub(super) fn tag(&self, words: &[&str]) -> Tag {
        let mut bytes = Vec::with_capacity(words.iter().map(|word| word.len() + 4).sum());
        for word in words {
            bytes.extend_from_slice(&(word.len() as u32).to_be_bytes());
            bytes.extend_from_slice(word.as_bytes());
        }
        let mut tag = [0; 16];
        tag.copy_from_slice(&mac(&self.look_up, &bytes)[..16]);
        tag
    }
}

/// Opens records for the length of one walk, with a cipher that is built once a session.
pub(super) struct Reader<'a> {
    keys: &'a Keys,
    cipher: Option<(SessionSalt, LessSafeKey)>,
}

impl Reader<'_> {
    /// Opens what [`Keys::seal_record`] sealed, into the buffer in place of what was there.
    pub(super) fn open(&mut self, record: &[u8], place: &[u8], buffer: &mut Vec<u8>) -> Result<(), SealBroken> {
        let (&format, rest) = record.split_first().ok_or(SealBroken)?;
        let (generation, rest) = rest.split_first_chunk().ok_or(SealBroken)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(SealBroken)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or(SealBroken)?;
        if format != FORMAT || u32::from_be_bytes(*generation) != KEY_GENERATION {
            return Err(SealBroken);
        }
        buffer.clear();
        buffer.extend_from_slice(sealed);
        open_with(self.cipher_of(salt), nonce, place, buffer)
    }

    fn cipher_of(&mut self, salt: &SessionSalt) -> &LessSafeKey {
        if self.cipher.as_ref().is_none_or(|(known, _)| known != salt) {
            self.cipher = None;
        }
        &self.cipher.get_or_insert_with(|| (*salt, cipher(&self.keys.sealing_key(salt)))).1
    }
}

/// The bytes to which a seal is bound: format, key generation, table, sequence, and particulars whose lengths
/// follow from these.
pub(super) fn place(table: &'static str, sequence: u64, particulars: &[&[u8]]) -> Vec<u8> {
    let mut place = Vec::with_capacity(128);
    place_in(&mut place, table, sequence, particulars);
    place
}

/// As [`place`], in place of what was in the buffer.
pub(super) fn place_in(place: &mut Vec<u8>, table: &'static str, sequence: u64, particulars: &[&[u8]]) {
    place.clear();
    place.push(FORMAT);
    place.extend_from_slice(&KEY_GENERATION.to_be_bytes());
    place.push(table.len() as u8);
    place.extend_from_slice(table.as_bytes());
    place.extend_from_slice(&sequence.to_be_bytes());
    for particular in particulars {
        place.extend_from_slice(particular);
    }
}

/// Fresh random bytes that are no secret: salts and nonces.
pub(super) fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], JournalError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// A fresh random key.
pub(super) fn random_key(entropy: &dyn Entropy) -> Result<Secret<32>, JournalError> {
    let mut filled = Ok(());
    let key = Secret::from_fn(|bytes| filled = entropy.fill(bytes));
    filled?;
    Ok(key)
}

/// Seals in place; the buffer grows by the tag, for which it should have room.
#[inline(never)]
pub(super) fn seal(key: &Secret<32>, nonce: &NonceBytes, place: &[u8], buffer: &mut Vec<u8>) {
    cipher(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(place), buffer)
        .expect("an event is far shorter than the cipher's limit of 64 GiB");
}

/// Opens in place; the buffer shrinks to the plaintext.
#[inline(never)]
pub(super) fn open(key: &Secret<32>, nonce: &NonceBytes, place: &[u8], buffer: &mut Vec<u8>) -> Result<(), SealBroken> {
    open_with(&cipher(key), nonce, place, buffer)
}

fn open_with(cipher: &LessSafeKey, nonce: &NonceBytes, place: &[u8], buffer: &mut Vec<u8>) -> Result<(), SealBroken> {
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = cipher.open_in_place(nonce, Aad::from(place), buffer).map_err(|_| SealBroken)?.len();
    buffer.truncate(opened);
    Ok(())
}

/// How much longer sealed bytes are than open ones.
pub(super) const SEAL_LENGTH: usize = MAX_TAG_LEN;

fn cipher(key: &Secret<32>) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose()).expect("AES-256 takes 32 bytes"))
}

#[inline(never)]
fn mac(key: &Secret<32>, data: &[u8]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    hmac::sign(&key, data).as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
}

#[inline(never)]
fn derive(master: &Secret<32>, salt: &[u8], info: &[u8]) -> Secret<32> {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(master.expose());
    let info = [info];
    let expanded = extracted.expand(&info, hkdf::HKDF_SHA256).expect("32 bytes are within HKDF's limit");
    Secret::from_fn(|key| expanded.fill(key).expect("the length was stated as 32"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(salt: u8) -> Keys {
        Keys::new(Secret::from_fn(|master| master.fill(7)), [salt; 16])
    }

    #[test]
    fn a_seal_opens_at_its_own_place_alone() {
        let here = place("event", 5, &[&[1; 32]]);
        let mut sealed = b"event".to_vec();
        keys(1).seal(&[9; 12], &here, &mut sealed);
        let cases = [
            ("as sealed", 1, [9; 12], here.clone(), Ok(())),
            ("other session", 2, [9; 12], here.clone(), Err(SealBroken)),
            ("other nonce", 1, [8; 12], here.clone(), Err(SealBroken)),
            ("other sequence", 1, [9; 12], place("event", 6, &[&[1; 32]]), Err(SealBroken)),
            ("other past", 1, [9; 12], place("event", 5, &[&[2; 32]]), Err(SealBroken)),
            ("other table", 1, [9; 12], place("fold", 5, &[&[1; 32]]), Err(SealBroken)),
        ];
        for (case, salt, nonce, place, verdict) in cases {
            for reader in [keys(1), keys(3)] {
                let mut buffer = sealed.clone();
                let opened = reader.open(&[salt; 16], &nonce, &place, &mut buffer);
                assert_eq!(opened, verdict, "{case}");
                assert!(opened.is_err() || buffer == b"event", "{case}");
            }
        }
        for length in 0..SEAL_LENGTH {
            assert_eq!(keys(1).open(&[1; 16], &[9; 12], &here, &mut sealed[..length].to_vec()), Err(SealBroken));
        }
    }

    #[test]
    fn look_up_values_keep_words_apart_and_outlive_the_session() {
        assert_eq!(keys(1).tag(&["order", "A1"]), keys(2).tag(&["order", "A1"]));
        assert_ne!(keys(1).tag(&["order", "A1"]), keys(1).tag(&["orderA", "1"]));
        assert_ne!(keys(1).tag(&["order", "A1"]), keys(1).tag(&["order", "A1", ""]));
    }

    #[test]
    fn a_head_is_right_under_its_own_session_alone() {
        let made = keys(1).head_mac(b"head");
        assert!(keys(2).head_mac_is_right(&[1; 16], b"head", &made));
        assert!(!keys(2).head_mac_is_right(&[2; 16], b"head", &made));
        assert!(!keys(2).head_mac_is_right(&[1; 16], b"hewd", &made));
        assert!(!keys(2).head_mac_is_right(&[1; 16], b"head", &made[..31]));
    }
}
