//! The journal's keys, and what is done with them.
//!
//! From the master key of a generation, by HKDF-SHA-256 (RFC 5869), a sealing and a head key for each session, told
//! apart by a random salt. Records are sealed with AES-256-GCM under a random nonce and bound to their place and
//! their key's generation. Look-up values are HMAC-SHA-256, cut to 128 bits, under a random key of their own, which
//! outlives every master key: it is stored sealed under the current one, so that another one costs no new indexes.
//!
//! It never keeps a cipher's expanded key: it holds 32 bytes that are wiped on drop and builds the key for one
//! call in a worker of its own, or for one walk over the journal. Evidence: `mod tests` below, `tests/journal_tamper.rs`.

use std::cell::RefCell;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use super::error::JournalError;
use super::keyring::Keyring;
use crate::ports::Entropy;
use crate::secret::{Secret, same_bytes};

/// Version of every format in the database: rows, bindings, head.
pub(super) const FORMAT: u8 = 1;

/// What each key derived from a master key is for.
const SEALING: &[u8] = b"taptill journal seal 1";
const HEAD: &[u8] = b"taptill journal head 1";
const LOOK_UP: &[u8] = b"taptill journal look-up 1";

/// Bytes of a session's salt.
pub(super) type SessionSalt = [u8; 16];

/// Bytes of a nonce (NIST SP 800-38D, 8.2.2: 96 random bits).
pub(super) type NonceBytes = [u8; 12];

/// A keyed hash by which a row is looked up.
pub(super) type Tag = [u8; 16];

/// The keys of one open journal.
pub(super) struct Keys {
    generation: u32,
    master: Secret<32>,
    /// Those under which rows may still be sealed.
    older: Vec<(u32, Secret<32>)>,
    look_up: Secret<32>,
    session_salt: SessionSalt,
    sealing: Secret<32>,
    head: Secret<32>,
    /// The sealing key that was last read with.
    reading: RefCell<Option<(Session, Secret<32>)>>,
}

/// Which keys sealed a row: a master key's generation and a session's salt.
pub(super) type Session = (u32, SessionSalt);

/// The bytes do not open under this key at this place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SealBroken;

impl Keys {
    pub(super) fn new(keyring: Keyring, look_up: Secret<32>, session_salt: SessionSalt) -> Self {
        let (generation, master, older) = keyring.into_keys();
        Self {
            sealing: derive(&master, &session_salt, SEALING),
            head: derive(&master, &session_salt, HEAD),
            generation,
            master,
            older,
            look_up,
            session_salt,
            reading: RefCell::new(None),
        }
    }

    /// The same session's keys under another keyring.
    pub(super) fn rotated(&self, keyring: Keyring) -> Self {
        let look_up = Secret::from_fn(|own| own.copy_from_slice(self.look_up.expose()));
        Self::new(keyring, look_up, self.session_salt)
    }

    /// With which generation rows are sealed.
    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// The oldest generation that can be opened.
    pub(super) fn oldest(&self) -> u32 {
        self.older.iter().map(|(generation, _)| *generation).min().unwrap_or(self.generation)
    }

    /// Whether rows of this generation can be opened.
    pub(super) fn has(&self, generation: u32) -> bool {
        self.master_of(generation).is_some()
    }

    /// Every generation that can be opened.
    pub(super) fn generations(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.generation).chain(self.older.iter().map(|(generation, _)| *generation))
    }

    /// Wipes all keys but the current one.
    pub(super) fn forget_older(&mut self) {
        self.older.clear();
        self.reading.take();
    }

    pub(super) fn session_salt(&self) -> &SessionSalt {
        &self.session_salt
    }

    /// The bytes to which a seal of the current generation is bound.
    pub(super) fn place(&self, table: &'static str, sequence: u64, particulars: &[&[u8]]) -> Vec<u8> {
        place(self.generation, table, sequence, particulars)
    }

    /// Seals in place under this session's key; the buffer grows by the tag.
    pub(super) fn seal(&self, nonce: &NonceBytes, place: &[u8], buffer: &mut Vec<u8>) {
        seal(&self.sealing, nonce, place, buffer);
    }

    /// Opens in place what was sealed in this session; the buffer shrinks to the plaintext.
    pub(super) fn open(
        &self,
        session: Session,
        nonce: &NonceBytes,
        place: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), SealBroken> {
        if session == (self.generation, self.session_salt) {
            return open(&self.sealing, nonce, place, buffer);
        }
        let mut reading = self.reading.borrow_mut();
        if let Some((known, key)) = reading.as_ref()
            && *known == session
        {
            return open(key, nonce, place, buffer);
        }
        let (_, key) = reading.insert((session, self.sealing_key(session)?));
        open(key, nonce, place, buffer)
    }

    /// Seals a record under this session's key and puts before it what is needed to open it.
    pub(super) fn seal_record(&self, nonce: &NonceBytes, place: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
        self.seal(nonce, place, &mut bytes);
        [[FORMAT].as_slice(), &self.session_salt, nonce, &bytes].concat()
    }

    /// Opens records, one after another.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { keys: self, cipher: None }
    }

    fn master_of(&self, generation: u32) -> Option<&Secret<32>> {
        if generation == self.generation {
            return Some(&self.master);
        }
        self.older.iter().find(|(known, _)| *known == generation).map(|(_, master)| master)
    }

    /// The key with which rows were sealed in this session.
    fn sealing_key(&self, (generation, salt): Session) -> Result<Secret<32>, SealBroken> {
        Ok(derive(self.master_of(generation).ok_or(SealBroken)?, &salt, SEALING))
    }

    /// The MAC of the head, or of what stands beside it, under this session's key.
    pub(super) fn head_mac(&self, head: &[u8]) -> [u8; 32] {
        mac(&self.head, head)
    }

    /// Whether the MAC was made in this session.
    pub(super) fn head_mac_is_right(&self, (generation, salt): Session, head: &[u8], found: &[u8]) -> bool {
        let Some(master) = self.master_of(generation) else { return false };
        let key = derive(master, &salt, HEAD);
        same_bytes(&mac(&key, head), found)
    }

    /// The look-up key as it is stored: generation and nonce, then the sealed key.
    pub(super) fn seal_look_up(&self, nonce: &NonceBytes) -> Vec<u8> {
        let mut sealed = Zeroizing::new(Vec::with_capacity(32 + SEAL_LENGTH));
        sealed.extend_from_slice(self.look_up.expose());
        seal(&derive(&self.master, &[], LOOK_UP), nonce, &self.place("look_up", 0, &[]), &mut sealed);
        [self.generation.to_be_bytes().as_slice(), nonce, &sealed].concat()
    }

    /// Opens what [`Keys::seal_look_up`] made, with a key of the ring.
    pub(super) fn open_look_up(keyring: &Keyring, stored: &[u8]) -> Result<Secret<32>, SealBroken> {
        let (generation, rest) = stored.split_first_chunk().ok_or(SealBroken)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or(SealBroken)?;
        let generation = u32::from_be_bytes(*generation);
        let master = keyring.master_of(generation).ok_or(SealBroken)?;
        let mut key = Zeroizing::new(sealed.to_vec());
        open(&derive(master, &[], LOOK_UP), nonce, &place(generation, "look_up", 0, &[]), &mut key)?;
        Secret::from_slice(&key).map_err(|_| SealBroken)
    }

    /// The mark of a fold's row that an event wrote; the same under every master key.
    pub(super) fn row_mark(&self, id: i64, sequence: u64) -> u128 {
        let mac = mac(&self.look_up, &place(0, "fold_sum", sequence, &[&id.to_be_bytes()]));
        let mut mark = [0; 16];
        mark.copy_from_slice(&mac[..16]);
        u128::from_be_bytes(mark)
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
    cipher: Option<(Session, LessSafeKey)>,
}

impl Reader<'_> {
    /// Opens what [`Keys::seal_record`] sealed, into the buffer in place of what was there.
    pub(super) fn open(
        &mut self,
        generation: u32,
        record: &[u8],
        place: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), SealBroken> {
        let (&format, rest) = record.split_first().ok_or(SealBroken)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(SealBroken)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or(SealBroken)?;
        if format != FORMAT {
            return Err(SealBroken);
        }
        buffer.clear();
        buffer.extend_from_slice(sealed);
        open_with(self.cipher_of((generation, *salt))?, nonce, place, buffer)
    }

    fn cipher_of(&mut self, session: Session) -> Result<&LessSafeKey, SealBroken> {
        if self.cipher.as_ref().is_none_or(|(known, _)| *known != session) {
            self.cipher = Some((session, cipher(&self.keys.sealing_key(session)?)));
        }
        self.cipher.as_ref().map(|(_, cipher)| cipher).ok_or(SealBroken)
    }
}

/// The bytes to which a seal is bound: format, key generation, table, sequence, and particulars whose lengths
/// follow from these.
pub(super) fn place(generation: u32, table: &'static str, sequence: u64, particulars: &[&[u8]]) -> Vec<u8> {
    let mut place = Vec::with_capacity(128);
    place_in(&mut place, generation, table, sequence, particulars);
    place
}

/// As [`place`], in place of what was in the buffer.
pub(super) fn place_in(
    place: &mut Vec<u8>,
    generation: u32,
    table: &'static str,
    sequence: u64,
    particulars: &[&[u8]],
) {
    place.clear();
    place.push(FORMAT);
    place.extend_from_slice(&generation.to_be_bytes());
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
pub(super) fn mac(key: &Secret<32>, data: &[u8]) -> [u8; 32] {
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

    /// Generation 2, and 1 before it.
    fn keyring() -> Keyring {
        Keyring::new(2, Secret::from_fn(|master| master.fill(7))).with_older(1, Secret::from_fn(|old| old.fill(8)))
    }

    fn keys(salt: u8) -> Keys {
        Keys::new(keyring(), Secret::from_fn(|key| key.fill(6)), [salt; 16])
    }

    #[test]
    fn a_seal_opens_at_its_own_place_alone() {
        let here = keys(1).place("event", 5, &[&[1; 32]]);
        let mut sealed = b"event".to_vec();
        keys(1).seal(&[9; 12], &here, &mut sealed);
        let cases = [
            ("as sealed", (2, [1; 16]), [9; 12], here.clone(), Ok(())),
            ("other session", (2, [2; 16]), [9; 12], here.clone(), Err(SealBroken)),
            ("other generation", (1, [1; 16]), [9; 12], here.clone(), Err(SealBroken)),
            ("no such generation", (3, [1; 16]), [9; 12], here.clone(), Err(SealBroken)),
            ("other nonce", (2, [1; 16]), [8; 12], here.clone(), Err(SealBroken)),
            ("other sequence", (2, [1; 16]), [9; 12], place(2, "event", 6, &[&[1; 32]]), Err(SealBroken)),
            ("other past", (2, [1; 16]), [9; 12], place(2, "event", 5, &[&[2; 32]]), Err(SealBroken)),
            ("other table", (2, [1; 16]), [9; 12], place(2, "fold", 5, &[&[1; 32]]), Err(SealBroken)),
            ("said to be older", (2, [1; 16]), [9; 12], place(1, "event", 5, &[&[1; 32]]), Err(SealBroken)),
        ];
        for (case, session, nonce, place, verdict) in cases {
            for reader in [keys(1), keys(3)] {
                let mut buffer = sealed.clone();
                let opened = reader.open(session, &nonce, &place, &mut buffer);
                assert_eq!(opened, verdict, "{case}");
                assert!(opened.is_err() || buffer == b"event", "{case}");
            }
        }
        for length in 0..SEAL_LENGTH {
            assert_eq!(keys(1).open((2, [1; 16]), &[9; 12], &here, &mut sealed[..length].to_vec()), Err(SealBroken));
        }
    }

    #[test]
    fn the_look_up_key_opens_under_its_own_generation_and_stays_the_same_under_the_next() {
        let stored = keys(1).seal_look_up(&[3; 12]);
        let opened = Keys::open_look_up(&keyring(), &stored).ok().unwrap();
        assert_eq!(Keys::new(keyring(), opened, [5; 16]).tag(&["order"]), keys(1).tag(&["order"]));
        let other = || Secret::from_fn(|master| master.fill(9));
        for keyring in [Keyring::new(2, other()), Keyring::new(3, Secret::from_fn(|master| master.fill(7)))] {
            assert!(Keys::open_look_up(&keyring, &stored).is_err());
        }
        let next = Keyring::new(3, other()).with_older(2, Secret::from_fn(|master| master.fill(7)));
        assert!(Keys::open_look_up(&next, &stored).is_ok());
        let rotated = keys(1).rotated(next);
        assert_eq!(rotated.tag(&["order"]), keys(1).tag(&["order"]));
        assert!(Keys::open_look_up(&Keyring::new(3, other()), &rotated.seal_look_up(&[3; 12])).is_ok());
        for at in 0..stored.len() {
            let mut spoiled = stored.clone();
            spoiled[at] ^= 1;
            assert!(Keys::open_look_up(&keyring(), &spoiled).is_err(), "{at}");
            assert!(Keys::open_look_up(&keyring(), &stored[..at]).is_err(), "{at}");
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
        assert!(keys(2).head_mac_is_right((2, [1; 16]), b"head", &made));
        assert!(!keys(2).head_mac_is_right((2, [2; 16]), b"head", &made));
        assert!(!keys(2).head_mac_is_right((1, [1; 16]), b"head", &made));
        assert!(!keys(2).head_mac_is_right((3, [1; 16]), b"head", &made));
        assert!(!keys(2).head_mac_is_right((2, [1; 16]), b"hewd", &made));
        assert!(!keys(2).head_mac_is_right((2, [1; 16]), b"head", &made[..31]));
    }
}
