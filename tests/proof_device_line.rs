//! The line that the device's key signs (ES256, type 0x02), against an implementation that is not ours.
//!
//! The peer is `p256` of RustCrypto; lines, key ids and the form of the signature are taken apart here by hand, after
//! C2SP signed-note. It accepts a journal's own checkpoint and nothing with a byte of it changed; what it signs we accept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod journal_support;

use journal_support::{Till, append, at};
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use ring::digest::{SHA256, digest};
use taptill::ids::TerminalId;
use taptill::journal::CheckpointReason;
use taptill::merkle::{KeyName, Note, VerifierKey, base64};

const TYPE_ECDSA: u8 = 0x02;

/// What a stranger has: a public key in one line, and a checkpoint.
fn checkpoint() -> (String, String) {
    let till = Till::new();
    let mut journal = till.create();
    journal.make_checkpoint_key(&TerminalId::new("TERM0001").unwrap(), None, at(1)).unwrap();
    append(&mut journal, "attempt.prepared", "A-1");
    let note = journal.checkpoint(CheckpointReason::SignOut, None, at(9)).unwrap();
    (journal.public_key().unwrap().lines().nth(1).unwrap().to_owned(), note.to_string())
}

/// Whether one line of the note is this key's, and its signature right.
fn peer_accepts(vkey: &str, note: &str) -> bool {
    let mut parts = vkey.splitn(3, '+');
    let (name, id, key) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let key = base64::decode(key).unwrap();
    let (kind, spki) = key.split_first().unwrap();
    let of_key = &digest(&SHA256, spki).as_ref()[..4].to_vec();
    let hex: String = of_key.iter().map(|byte| format!("{byte:02x}")).collect();
    if *kind != TYPE_ECDSA || hex != id {
        return false;
    }
    let Ok(public) = VerifyingKey::from_public_key_der(spki) else { return false };
    let Some((text, lines)) = note.split_once("\n\n") else { return false };
    let signed = format!("{text}\n");
    lines.lines().filter_map(|line| line.strip_prefix(&format!("\u{2014} {name} "))).any(|signature| {
        let Some(bytes) = base64::decode(signature) else { return false };
        let Some((of_line, signature)) = bytes.split_first_chunk::<4>() else { return false };
        let signature = DerSignature::from_bytes(signature);
        of_line == of_key.as_slice()
            && signature.is_ok_and(|signature| public.verify(signed.as_bytes(), &signature).is_ok())
    })
}

fn we_accept(vkey: &str, note: &[u8]) -> bool {
    let key = VerifierKey::parse(vkey).unwrap();
    Note::parse(note).is_ok_and(|note| note.verify(&[&key]).is_ok())
}

#[test]
fn a_checkpoint_is_accepted_and_with_any_byte_changed_refused() {
    let (vkey, note) = checkpoint();
    assert!(peer_accepts(&vkey, &note) && we_accept(&vkey, note.as_bytes()));
    let device_line = note.rfind('\u{2014}').unwrap();
    let text_end = note.find("\n\n").unwrap();
    for place in (0..text_end).chain(device_line..note.len()) {
        let mut bytes = note.clone().into_bytes();
        bytes[place] ^= 1;
        if let Ok(changed) = str::from_utf8(&bytes) {
            assert!(!peer_accepts(&vkey, changed), "byte {place}: {changed}");
        }
        assert!(!we_accept(&vkey, &bytes), "byte {place}");
    }
}

#[test]
fn what_the_peer_signs_we_accept_and_nobody_elses_key() {
    let text = "taptill/TERM0001/0badcafe\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let key = |fill: u8| SigningKey::from_slice(&[fill; 32]).unwrap();
    let vkey_of = |key: &SigningKey| {
        let spki = p256::PublicKey::from(key.verifying_key()).to_public_key_der().unwrap();
        VerifierKey::p256(KeyName::new("taptill/TERM0001/0badcafe").unwrap(), spki.as_bytes()).unwrap()
    };
    let (ours, other) = (vkey_of(&key(7)), vkey_of(&key(8)));
    let signature: DerSignature = key(7).sign(text.as_bytes());
    let id_of = |key: &VerifierKey| digest(&SHA256, key.public_bytes()).as_ref()[..4].to_vec();
    let line = base64::encode(&[id_of(&ours).as_slice(), signature.as_bytes()].concat());
    let note = format!("{text}\n\u{2014} {} {line}\n", ours.name().as_str());
    assert!(we_accept(&ours.vkey(), note.as_bytes()) && peer_accepts(&ours.vkey(), &note));
    assert!(!we_accept(&other.vkey(), note.as_bytes()) && !peer_accepts(&other.vkey(), &note));
    let claimed = base64::encode(&[id_of(&other).as_slice(), signature.as_bytes()].concat());
    let note = format!("{text}\n\u{2014} {} {claimed}\n", ours.name().as_str());
    assert!(!we_accept(&other.vkey(), note.as_bytes()) && !peer_accepts(&other.vkey(), &note));
}
