//! The simulated card's certificates and signatures, opened with arithmetic of this file's own.
//!
//! Nothing of the core's kernel and nothing of the sandbox's signing code is used: the commands are written
//! out, the objects are found by a walk of a few lines, and RSA is `s³ mod n`. Layouts: EMV Book 2, tables
//! 6, 13 and 15.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use num_bigint::BigUint;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use taptill::ports::CardChannel;
use taptill_sandbox::card::{self, PresentedCard};

const UNPREDICTABLE_NUMBER: [u8; 4] = [0xAB, 0xCD, 0x12, 0x34];
const AMOUNT: [u8; 6] = [0, 0, 0, 0, 0x12, 0x30];
const CURRENCY: [u8; 2] = [0x01, 0x56];

/// Every data object of one tap, as (tag, value), and the objects of the first record as they stand.
struct Read {
    objects: Vec<(u32, Vec<u8>)>,
    authenticated: Vec<u8>,
}

impl Read {
    fn value(&self, tag: u32) -> &[u8] {
        &self.objects.iter().find(|(own, _)| *own == tag).unwrap_or_else(|| panic!("the card gave no {tag:X}")).1
    }

    fn has(&self, tag: u32) -> bool {
        self.objects.iter().any(|(own, _)| *own == tag)
    }
}

/// Cards whose chain holds, by the reader's qualifiers: online with authentication, or offline.
#[test]
fn a_well_behaved_card_proves_itself() {
    for (name, qualifiers) in
        [("visa", [0x27, 0x80, 0x40, 0]), ("visa-cvn10", [0x21, 0x80, 0, 0]), ("visa-offline", [0x20, 0, 0, 0])]
    {
        let read = tap(name, qualifiers);
        assert_eq!(chain(&read), Ok(()), "{name}");
    }
}

#[test]
fn a_card_that_breaks_the_chain_breaks_it_where_it_says() {
    for (name, verdict) in [
        ("visa-bad-signature", "dynamic hash"),
        ("visa-bad-issuer", "issuer hash"),
        ("visa-bad-certificate", "card hash"),
        ("visa-unknown-ca", "authority"),
        ("visa-old-certificate", "issuer certificate ended"),
    ] {
        assert_eq!(chain(&tap(name, [0x21, 0x80, 0, 0])), Err(verdict), "{name}");
    }
}

#[test]
fn a_card_signs_only_for_a_reader_that_looks() {
    let online = tap("visa", [0x26, 0x80, 0, 0]);
    assert!(!online.has(0x9F4B) && !online.has(0x90) && online.has(0x5A));
    let bare = tap("visa-unsigned", [0x27, 0x80, 0, 0]);
    assert!(!bare.has(0x94) && !bare.has(0x9F4B) && !bare.has(0x5A) && bare.has(0x9F26));
    let declined = tap("visa-declines", [0x27, 0x80, 0, 0]);
    assert!(!declined.has(0x9F4B) && declined.value(0x9F27) == [0]);
}

#[test]
fn the_same_request_is_signed_alike_and_another_is_not() {
    let first = tap("visa", [0x27, 0x80, 0, 0]);
    assert_eq!(first.value(0x9F4B), tap("visa", [0x27, 0x80, 0, 0]).value(0x9F4B));
    let card = card::named("visa").unwrap();
    let before = read_all(&card.tap(), [0x27, 0x80, 0, 0]);
    let after = read_all(&card.tap(), [0x27, 0x80, 0, 0]);
    assert_eq!((before.value(0x9F36), after.value(0x9F36)), (&[0, 1][..], &[0, 2][..]));
    assert_ne!(before.value(0x9F4B), after.value(0x9F4B));
    assert_ne!(before.value(0x9F69), after.value(0x9F69));
    assert_ne!(before.value(0x9F26), after.value(0x9F26));
}

/// Walks the chain from the published authority to the dynamic signature; says which link does not hold.
fn chain(read: &Read) -> Result<(), &'static str> {
    let authority: serde_json::Value = serde_json::from_str(card::ca_keys_json()).unwrap();
    if read.value(0x8F) != bytes(authority[0]["index"].as_str().unwrap()) {
        return Err("authority");
    }
    let authority_modulus = bytes(authority[0]["modulus"].as_str().unwrap());
    let issuer = open(&authority_modulus, read.value(0x90)).ok_or("issuer block")?;
    check_hash(&issuer, &[read.value(0x92), read.value(0x9F32)]).then_some(()).ok_or("issuer hash")?;
    let [0x02, identifier @ ..] = &issuer[1..] else { return Err("issuer format") };
    assert_eq!(identifier[..4], [0x47, 0x61, 0x73, 0xFF]);
    assert_eq!(issuer[11..15], [1, 1, 144, 1]);
    if [issuer[7], issuer[6]] < [0x26, 0x01] {
        return Err("issuer certificate ended");
    }
    let issuer_modulus = [&issuer[15..15 + 140], read.value(0x92)].concat();
    let card = open(&issuer_modulus, read.value(0x9F46)).ok_or("card block")?;
    let authenticated = [&read.authenticated[..], read.value(0x82)].concat();
    check_hash(&card, &[read.value(0x9F48), read.value(0x9F47), &authenticated]).then_some(()).ok_or("card hash")?;
    let account = read.value(0x5A);
    assert_eq!(card[1], 0x04);
    assert_eq!(card[2..2 + account.len()], *account);
    let card_modulus = [&card[21..21 + 102], read.value(0x9F48)].concat();
    let signed = open(&card_modulus, read.value(0x9F4B)).ok_or("dynamic block")?;
    let [0x05, 0x01, 0x03, 0x02, high, low, pad @ ..] = &signed[1..107] else { return Err("dynamic format") };
    assert_eq!([*high, *low], read.value(0x9F36));
    assert!(pad.iter().all(|byte| *byte == 0xBB));
    let terminal_data = [&UNPREDICTABLE_NUMBER[..], &AMOUNT, &CURRENCY, read.value(0x9F69)];
    check_hash(&signed, &terminal_data).then_some(()).ok_or("dynamic hash")?;
    assert_eq!(read.value(0x9F69)[5..], *read.value(0x9F6C));
    Ok(())
}

/// Signature with message recovery, exponent 3: the block, if header and trailer are right.
fn open(modulus: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    assert_eq!(signature.len(), modulus.len());
    let (n, s) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(signature));
    let block = (&s * &s % &n * &s % &n).to_bytes_be();
    (block.len() == modulus.len() && block.first() == Some(&0x6A) && block.last() == Some(&0xBC)).then_some(block)
}

fn check_hash(block: &[u8], following: &[&[u8]]) -> bool {
    let (recoverable, hash) = block[1..block.len() - 1].split_at(block.len() - 22);
    digest(&SHA1_FOR_LEGACY_USE_ONLY, &[recoverable, &following.concat()].concat()).as_ref() == hash
}

fn tap(name: &str, qualifiers: [u8; 4]) -> Read {
    read_all(&card::named(name).unwrap().tap(), qualifiers)
}

/// Selects, gets options, reads every record that the locator names.
fn read_all(card: &PresentedCard, qualifiers: [u8; 4]) -> Read {
    ok(card, &[0, 0xA4, 4, 0, 7, 0xA0, 0, 0, 0, 3, 0x10, 0x10, 0]);
    let mut command = vec![0x80, 0xA8, 0, 0, 35, 0x83, 33];
    command.extend(qualifiers);
    command.extend(AMOUNT);
    command.extend([0; 6]);
    command.extend([0x01, 0x56, 0, 0, 0, 0, 0]);
    command.extend(CURRENCY);
    command.extend([0x26, 0x11, 0x22, 0x00]);
    command.extend(UNPREDICTABLE_NUMBER);
    command.push(0);
    let mut read = Read { objects: Vec::new(), authenticated: Vec::new() };
    let mut to_walk = vec![ok(card, &command)];
    walk(&to_walk[0], &mut read.objects);
    if read.has(0x94) {
        let [file, first, last, authenticated] = *read.value(0x94) else { panic!("one locator entry") };
        for record in first..=last {
            to_walk.push(ok(card, &[0, 0xB2, record, file | 4, 0]));
            if record < first + authenticated {
                let template = to_walk.last().unwrap();
                read.authenticated.extend(&template[if template[1] == 0x81 { 3 } else { 2 }..]);
            }
        }
        to_walk[1..].iter().for_each(|record| walk(record, &mut read.objects));
    }
    read
}

fn ok(card: &PresentedCard, command: &[u8]) -> Vec<u8> {
    let mut response = card.transceive(command).unwrap();
    assert_eq!(response.split_off(response.len() - 2), [0x90, 0x00], "{command:02X?}");
    response
}

fn walk(mut bytes: &[u8], objects: &mut Vec<(u32, Vec<u8>)>) {
    while let [first, ..] = bytes {
        let tag_length = if first & 0x1F == 0x1F { 2 } else { 1 };
        let tag = bytes[..tag_length].iter().fold(0, |tag, byte| tag << 8 | u32::from(*byte));
        let (length, start) = match bytes[tag_length] {
            0x81 => (usize::from(bytes[tag_length + 1]), tag_length + 2),
            short => (usize::from(short), tag_length + 1),
        };
        let value = &bytes[start..start + length];
        if first & 0x20 != 0 {
            walk(value, objects)
        } else {
            objects.push((tag, value.to_vec()))
        }
        bytes = &bytes[start + length..];
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
