//! Every secret of a till, from its files, its device's folder, its host's book and its people's passwords.
//!
//! Nothing here is asked of the till: slots are opened, keys derived and forms computed by this file alone, from what
//! is written down about the formats. A till's keys come and go, so it is looked at after each step.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use rusqlite::Connection;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use taptill::ports::DeviceKeys;
use taptill_sandbox::desktop::FolderDeviceKeys;
use taptill_sandbox::scan::{
    Needles, aes_256_round_keys, des_round_keys, gcm_hash_keys, hmac_sha_256_states, p_256_scalar_forms, x25519_clamped,
};
use x25519_dalek::{PublicKey, StaticSecret};

use super::super::till_support::Shop;

/// What is known so far.
#[derive(Default)]
pub struct Secrets {
    /// By what they are.
    found: BTreeSet<(String, Vec<u8>)>,
    passwords: Vec<Vec<u8>>,
    /// Argon2 takes its time: once for each password and slot.
    derived: BTreeMap<(Vec<u8>, Vec<u8>), [u8; 32]>,
}

impl Secrets {
    pub fn of(passwords: &[&str]) -> Self {
        let mut secrets = Self::default();
        for password in passwords {
            secrets.add("a password", password.as_bytes());
            secrets.passwords.push(password.as_bytes().to_vec());
        }
        secrets
    }

    /// How many there are of each kind.
    pub fn kinds(&self) -> BTreeMap<&str, usize> {
        let mut kinds = BTreeMap::new();
        for (kind, _) in &self.found {
            *kinds.entry(kind.as_str()).or_default() += 1;
        }
        kinds
    }

    /// Looks at the till, its device and its host as they are now.
    pub fn look(&mut self, shop: &Shop) {
        let device = shop.path("till-device");
        self.look_at_device(&device);
        let keys = FolderDeviceKeys::open(&device).unwrap();
        let journal = Connection::open(shop.path("till").join("journal.db")).unwrap();
        let masters = self.look_at_slots(&journal, &keys);
        self.look_at_journal(&journal, &masters, &keys);
        let terminals = self.look_at_book(&shop.path("host").join("book.sqlite3"));
        for payload in self.look_at_side_rows(&journal, &masters) {
            self.look_at_payload(&payload, &terminals, &keys);
        }
    }

    /// Everything to look for: each secret in every coat, and what ciphers and hashes make of it.
    pub fn needles(&self) -> Needles {
        self.found.iter().fold(Needles::new(), |needles, (kind, secret)| {
            let needles = needles.bytes(named(kind, ""), secret);
            match (<[u8; 32]>::try_from(&secret[..]), <[u8; 16]>::try_from(&secret[..])) {
                (Ok(key), _) => with_forms_of_32(needles, kind, &key),
                (_, Ok(key)) => with_des_forms(needles, kind, &key),
                _ => needles,
            }
        })
    }

    fn add(&mut self, kind: &str, secret: &[u8]) {
        self.found.insert((kind.to_owned(), secret.to_vec()));
    }

    /// The device's own keys: on a phone they are in hardware, here a call may leave nothing of them behind.
    fn look_at_device(&mut self, device: &Path) {
        for entry in fs::read_dir(device).unwrap() {
            let path = entry.unwrap().path();
            let Some(alias) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".key")) else { continue };
            let Ok(file) = fs::read(&path) else { continue };
            let Some(body) = file.strip_prefix(b"taptill development key 1\n") else { continue };
            let key = &body[1..body.len() - 32];
            // Which of many slots, rows and guesses it belongs to says nothing.
            let family: String = alias.split('.').take(2).filter(|part| part.len() < 16).collect::<Vec<_>>().join(".");
            match body[0] {
                b's' => self.add_p_256(&format!("device key {family}"), key),
                _ => self.add(&format!("device key {family}"), key),
            }
        }
    }

    fn add_p_256(&mut self, kind: &str, pkcs_8: &[u8]) {
        // RFC 5915: the private key's octets follow `02 01 01 04 20`.
        let begins = [0x02, 0x01, 0x01, 0x04, 0x20];
        let at = pkcs_8.windows(5).position(|five| five == begins).unwrap() + 5;
        let scalar: [u8; 32] = pkcs_8[at..at + 32].try_into().unwrap();
        self.add(kind, &scalar);
        for form in p_256_scalar_forms(&scalar) {
            self.add(&format!("{kind} (limbs)"), &form);
        }
    }

    /// Opens every slot with every password; gives the master keys by generation.
    fn look_at_slots(&mut self, journal: &Connection, keys: &FolderDeviceKeys) -> BTreeMap<u32, Vec<u8>> {
        let mut masters = BTreeMap::new();
        let mut select = journal.prepare("SELECT value FROM plain WHERE name GLOB 'vault/slot/*'").unwrap();
        let rows: Vec<Vec<u8>> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for row in rows {
            let slot = Slot::read(&row);
            for password in self.passwords.clone() {
                self.open_slot(&slot, &password, keys, &mut masters);
            }
        }
        for master in masters.values() {
            self.add("a master key", master);
        }
        masters
    }

    fn open_slot(
        &mut self,
        slot: &Slot<'_>,
        password: &[u8],
        keys: &FolderDeviceKeys,
        masters: &mut BTreeMap<u32, Vec<u8>>,
    ) {
        let derived = *self
            .derived
            .entry((password.to_vec(), slot.salt.to_vec()))
            .or_insert_with(|| argon2(password, slot.salt, slot.params));
        let Ok(answer) = keys.mac(&format!("vault.kek.{}", hex(slot.kek)), &[&derived, slot.id].concat()) else {
            return;
        };
        let asked = [b"taptill vault slot by till 2".as_slice(), answer.expose()].concat();
        let Ok(tills) = keys.mac("vault.till", &asked) else { return };
        let kek = expand(slot.id, &[&derived, answer.expose(), tills.expose()].concat(), b"taptill vault slot 2");
        let (nonce, sealed) = slot.sealed_private.split_first_chunk().unwrap();
        let Some(private) = open(&kek, *nonce, slot.core, sealed) else { return };
        self.add("an Argon2 output", &derived);
        self.add("a device's answer to a password", answer.expose());
        self.add("a till's answer to a password", tills.expose());
        self.add("a slot's key", &kek);
        let private: [u8; 32] = private.try_into().unwrap();
        self.add("a slot's private key", &private);
        self.add("a slot's private key, clamped", &x25519_clamped(private));
        let (generation, rest) = slot.boxed.split_at(4);
        let (ephemeral, sealed) = rest.split_first_chunk::<32>().unwrap();
        let own = StaticSecret::from(private);
        let shared = own.diffie_hellman(&PublicKey::from(*ephemeral));
        let box_key = expand(&[&ephemeral[..], slot.public].concat(), shared.as_bytes(), b"taptill vault box 1");
        self.add("a box's shared secret", shared.as_bytes());
        self.add("a box's key", &box_key);
        let place = [b"taptill vault box 1", slot.id, generation].concat();
        let opened = open(&box_key, [0; 12], &place, sealed).unwrap();
        for entry in opened[1..].chunks_exact(36) {
            masters.insert(u32::from_be_bytes(entry[..4].try_into().unwrap()), entry[4..].to_vec());
        }
    }

    fn look_at_journal(&mut self, journal: &Connection, masters: &BTreeMap<u32, Vec<u8>>, keys: &FolderDeviceKeys) {
        let salts = "SELECT substr(sealed, 2, 16) FROM event UNION SELECT subkey_salt FROM head
                     UNION SELECT subkey_salt FROM side_key UNION SELECT subkey_salt FROM fold_row";
        let mut select = journal.prepare(salts).unwrap();
        let salts: Vec<Vec<u8>> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for salt in salts {
            for master in masters.values() {
                self.add("a sealing key", &expand(&salt, master, b"taptill journal seal 1"));
                self.add("a head key", &expand(&salt, master, b"taptill journal head 1"));
                self.add("what keys are derived from", &extract(&salt, master));
            }
            if let Ok(waiting) = keys.mac("journal.waiting", &[b"taptill journal waiting 1", &salt[..]].concat()) {
                self.add("a waiting key", waiting.expose());
            }
        }
        let look_up = "SELECT value FROM meta WHERE name = 'look_up'";
        let stored: Vec<u8> = journal.query_row(look_up, [], |row| row.get(0)).unwrap();
        let (generation, rest) = stored.split_first_chunk().unwrap();
        let (nonce, sealed) = rest.split_first_chunk().unwrap();
        let Some(master) = masters.get(&u32::from_be_bytes(*generation)) else { return };
        let over = expand(&[], master, b"taptill journal look-up 1");
        let place = [&[1][..], generation, &[7], b"look_up", &0_u64.to_be_bytes()].concat();
        self.add("the key over the look-up key", &over);
        self.add("the look-up key", &open(&over, *nonce, &place, sealed).expect("the look-up key opens"));
    }

    /// Opens what lies beside the events, with the keys of its own.
    fn look_at_side_rows(&mut self, journal: &Connection, masters: &BTreeMap<u32, Vec<u8>>) -> Vec<Vec<u8>> {
        let rows = "SELECT r.tag, r.seq, r.name_salt, r.name_hash, r.nonce, r.sealed, k.key_generation, k.subkey_salt,
                    k.nonce, k.sealed FROM side_row r JOIN side_key k ON k.tag = r.tag";
        let mut select = journal.prepare(rows).unwrap();
        let mut rows = select.query([]).unwrap();
        let mut payloads = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let blob = |column: usize| row.get::<_, Vec<u8>>(column).unwrap();
            let (sequence, generation): (i64, u32) = (row.get(1).unwrap(), row.get(6).unwrap());
            let Some(master) = masters.get(&generation) else { continue };
            let place = |generation: u32, table: &[u8]| {
                let head = [&[1][..], &generation.to_be_bytes(), &[table.len() as u8], table].concat();
                [head, sequence.to_be_bytes().to_vec(), blob(0), blob(2), blob(3)].concat()
            };
            let over = expand(&blob(7), master, b"taptill journal seal 1");
            let nonce = |column: usize| blob(column).try_into().unwrap();
            let key = open(&over, nonce(8), &place(generation, b"side_key"), &blob(9)).expect("a row's key opens");
            self.add("a side row's key", &key);
            payloads.push(open(&key, nonce(4), &place(0, b"side_row"), &blob(5)).expect("a side row opens"));
        }
        payloads
    }

    /// A checkpoint's seed, or the secrets that the device wrapped; the rest is enciphered under the terminal's key.
    fn look_at_payload(&mut self, payload: &[u8], terminals: &[(String, String)], keys: &FolderDeviceKeys) {
        // The seed stands before the device's public key (RFC 5480, 2: how one of P-256 begins).
        let has_public_key = payload.windows(6).any(|six| six == [0x30, 0x59, 0x30, 0x13, 0x06, 0x07]);
        if let Some((seed, _)) = payload.split_at_checked(32).filter(|_| has_public_key) {
            self.add_ed25519("the checkpoints'", seed);
        }
        if let Ok(seed) = keys.unwrap("erasure", payload, b"taptill erasure seed 1") {
            self.add_ed25519("the erasure's", seed.expose());
        }
        // The device key of the secrets has a number once the certificate was renewed.
        let wrapped_under = ["account-secrets", "account-secrets.1"];
        for ((terminal, merchant), alias) in
            terminals.iter().flat_map(|names| wrapped_under.map(|alias| (names, alias)))
        {
            let context = format!("taptill account secrets 1 {terminal} {merchant}");
            let Ok(json) = keys.unwrap(alias, payload, context.as_bytes()) else { continue };
            let secrets: serde_json::Value = serde_json::from_slice(json.expose()).unwrap();
            let pem = secrets["client_key_pem"].as_str().unwrap();
            let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
            // RFC 8410, 7: the seed of an Ed25519 key is the end of its PKCS #8.
            match der.secret_der().strip_prefix(&PKCS_8_OF_ED25519) {
                Some(seed) => self.add_ed25519("the renewed TLS client key's", seed),
                None => self.add_p_256("the TLS client key", der.secret_der()),
            }
            // A line of the PEM, which is cut into lines of 64 characters.
            self.add("the TLS client key's PEM", pem.lines().nth(1).unwrap().as_bytes());
        }
    }

    /// RFC 8032, 5.1.5: what a seed is expanded to.
    fn add_ed25519(&mut self, whose: &str, seed: &[u8]) {
        self.add(&format!("{whose} seed"), seed);
        let expanded = ring::digest::digest(&ring::digest::SHA512, seed);
        let (scalar, prefix) = expanded.as_ref().split_at(32);
        self.add(&format!("{whose} scalar"), &x25519_clamped(scalar.try_into().unwrap()));
        self.add(&format!("{whose} prefix"), prefix);
    }

    /// What the host knows of its terminals: their names, the master key, and the working key.
    fn look_at_book(&mut self, book: &Path) -> Vec<(String, String)> {
        let book = Connection::open(book).unwrap();
        let mut select = book.prepare("SELECT tmk, mak, tid, mid FROM terminals").unwrap();
        let mut rows = select.query([]).unwrap();
        let mut terminals = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            self.add("the terminal master key", &row.get::<_, Vec<u8>>(0).unwrap());
            if let Some(working) = row.get::<_, Option<Vec<u8>>>(1).unwrap() {
                self.add("a working key", &working);
            }
            terminals.push((row.get(2).unwrap(), row.get(3).unwrap()));
        }
        terminals
    }
}

/// RFC 8410, 7: what stands before the 32 bytes of a private key.
const PKCS_8_OF_ED25519: [u8; 16] =
    [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

fn with_forms_of_32(needles: Needles, kind: &str, key: &[u8; 32]) -> Needles {
    // The first two round keys are the key itself.
    let rounds = aes_256_round_keys(key);
    let needles =
        rounds[2..].iter().fold(needles, |needles, round| needles.raw(named(kind, ", an AES round key"), round));
    let needles = gcm_hash_keys(key).iter().fold(needles, |needles, form| needles.raw(named(kind, ", GCM's"), form));
    hmac_sha_256_states(key).iter().fold(needles, |needles, state| needles.raw(named(kind, ", an HMAC state"), state))
}

fn with_des_forms(needles: Needles, kind: &str, key: &[u8; 16]) -> Needles {
    let halves = key.as_chunks::<8>().0;
    let rounds = halves.iter().flat_map(|half| des_round_keys(*half));
    rounds.fold(needles, |needles, round| needles.raw(named(kind, ", a DES round key"), &round))
}

/// A name that lives as long as the test.
fn named(kind: &str, form: &str) -> &'static str {
    format!("{kind}{form}").leak()
}

/// The parts of a slot's row, as `src/vault/slot.rs` and `src/vault/row.rs` describe them.
struct Slot<'a> {
    core: &'a [u8],
    id: &'a [u8],
    params: [u32; 3],
    salt: &'a [u8],
    public: &'a [u8],
    kek: &'a [u8],
    sealed_private: &'a [u8],
    boxed: &'a [u8],
}

impl<'a> Slot<'a> {
    fn read(row: &'a [u8]) -> Self {
        // Format, length, till mark, id of the row's device key; at the end the MAC.
        let body = &row[29..row.len() - 32];
        let mut rest = body;
        let mut take = |length: usize| -> &'a [u8] {
            let (part, after) = rest.split_at(length);
            rest = after;
            part
        };
        let _kind = take(1);
        let id = take(8);
        let name_length = usize::from(take(1)[0]);
        let (_name, _role) = (take(name_length), take(1));
        let params = [0; 3].map(|_: u32| u32::from_be_bytes(take(4).try_into().unwrap()));
        let salt = take(16);
        let (_temporary, _day, _generation) = (take(1), take(4), take(4));
        let (public, kek) = (take(32), take(8));
        let wrapped_length = usize::from(u16::from_be_bytes(take(2).try_into().unwrap()));
        let _wrapped = take(wrapped_length);
        let sealed_private = take(60);
        let box_length = usize::from(u16::from_be_bytes(take(2).try_into().unwrap()));
        let boxed = take(box_length);
        let core = &body[..body.len() - sealed_private.len() - 2 - boxed.len()];
        Self { core, id, params, salt, public, kek, sealed_private, boxed }
    }
}

fn argon2(password: &[u8], salt: &[u8], [memory, passes, lanes]: [u32; 3]) -> [u8; 32] {
    let params = Params::new(memory, passes, lanes, Some(32)).unwrap();
    let mut blocks = vec![Block::new(); params.block_count()];
    let mut out = [0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(password, salt, &mut out, &mut blocks).unwrap();
    out
}

fn expand(salt: &[u8], material: &[u8], info: &[u8]) -> [u8; 32] {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(material);
    let info = [info];
    let mut out = [0; 32];
    extracted.expand(&info, hkdf::HKDF_SHA256).unwrap().fill(&mut out).unwrap();
    out
}

/// RFC 5869, 2.2.
fn extract(salt: &[u8], material: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), material).as_ref().to_vec()
}

fn open(key: &[u8], nonce: [u8; 12], place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut buffer = sealed.to_vec();
    let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut buffer).ok()?;
    Some(opened.to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
