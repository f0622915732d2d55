//! Checkpoints and proofs of a journal: what they show, what they do not, and when there are none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod journal_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use journal_support::{Till, append, at, folds, keyring, store, unlocked};
use rusqlite::params;
use taptill::card::Pan;
use taptill::ids::TerminalId;
use taptill::journal::{
    CHECKPOINT, CheckpointReason, Journal, JournalError, JournalPorts, KEY_MADE, LockedJournal, SideWork,
};
use taptill::merkle::{Checkpoint, ConsistencyText, InclusionText, Note, VerifierKey};
use taptill::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use taptill::secret::SecretBytes;
use taptill_sandbox::desktop::FolderDeviceKeys;
use taptill_sandbox::scan::Needles;

const PAN: &str = "4761739001010119";

fn terminal() -> TerminalId {
    TerminalId::new("TERM0001").unwrap()
}

/// A journal with keys and four events of two attempts, one with card data beside it.
fn shift(till: &Till) -> Journal {
    let mut journal = till.create();
    journal.make_checkpoint_key(&terminal(), Some("alice".into()), at(1)).unwrap();
    let draft = journal_support::draft("attempt.prepared", "A-1");
    journal.append(draft, store("attempt/A-1", PAN.as_bytes()), at(2)).unwrap();
    for (kind, attempt) in [("attempt.approved", "A-1"), ("attempt.prepared", "A-2"), ("attempt.declined", "A-2")] {
        append(&mut journal, kind, attempt);
    }
    journal
}

fn keys(journal: &Journal) -> Vec<VerifierKey> {
    journal.public_key().unwrap().lines().map(|line| VerifierKey::parse(line).unwrap()).collect()
}

fn head(note: &Note) -> Checkpoint {
    Checkpoint::parse(note.text()).unwrap()
}

#[test]
fn keys_are_made_once_and_named_by_an_event() {
    let till = Till::new();
    let mut journal = till.create();
    assert_eq!(journal.public_key(), Err(JournalError::CheckpointKeyMissing));
    assert_eq!(journal.checkpoint(CheckpointReason::Asked, None, at(1)), Err(JournalError::CheckpointKeyMissing));
    journal.make_checkpoint_key(&terminal(), Some("alice".into()), at(1)).unwrap();
    let public = journal.public_key().unwrap();
    let made = journal.event(1).unwrap().unwrap();
    assert_eq!((made.kind.as_str(), made.operator.as_deref()), (KEY_MADE, Some("alice")));
    let named: Vec<&str> =
        made.body["public_keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    assert_eq!(named, public.lines().collect::<Vec<_>>());
    journal.make_checkpoint_key(&terminal(), None, at(2)).unwrap();
    assert_eq!(journal.head().size, 1, "what is there is not made again");
    drop(journal);
    let journal = till.open();
    assert_eq!(journal.public_key().unwrap(), public);
    let [own, device] = &keys(&journal)[..] else { panic!("two keys: {public}") };
    let origin = own.name().as_str();
    assert!(origin.starts_with("taptill/TERM0001/") && origin.len() == 25, "{origin}");
    assert_eq!(device.name(), own.name());
    let other = Till::new();
    let mut other = other.create();
    other.make_checkpoint_key(&terminal(), None, at(1)).unwrap();
    assert_ne!(keys(&other)[0].name(), own.name(), "the same terminal id, and another journal");
}

#[test]
fn a_checkpoint_is_signed_by_both_keys_and_recorded() {
    let till = Till::new();
    let mut journal = shift(&till);
    let note = journal.checkpoint(CheckpointReason::SignOut, Some("bob".into()), at(9)).unwrap();
    let event = journal.event(journal.head().size).unwrap().unwrap();
    assert_eq!((event.kind.as_str(), event.operator.as_deref()), (CHECKPOINT, Some("bob")));
    assert_eq!(event.body, serde_json::json!({ "reason": "sign_out" }));
    assert_eq!((head(&note).size, head(&note).root), (journal.head().size, journal.head().root));
    let keys = keys(&journal);
    for key in &keys {
        assert_eq!(note.verify(&[key]), Ok(()), "{}", key.vkey());
        let altered = note.to_string().replacen(&format!("\n{}\n", head(&note).size), "\n999\n", 1);
        assert!(Note::parse(altered.as_bytes()).unwrap().verify(&[key]).is_err());
    }
    assert_eq!(note.signatures().len(), keys.len());
    // What is sealed, and what verifies itself, is still whole.
    journal.verify().unwrap();
}

#[test]
fn every_event_is_proven_to_a_stranger() {
    let till = Till::new();
    let journal = shift(&till);
    let key = &keys(&journal)[0];
    for sequence in 1..=journal.head().size {
        let text = journal.prove(sequence).unwrap().to_string();
        let read = InclusionText::parse(text.as_bytes()).unwrap();
        assert_eq!((read.verify(key).unwrap().size, read.index), (journal.head().size, sequence - 1));
        let event: serde_json::Value = serde_json::from_slice(&read.extra).unwrap();
        assert_eq!(event["seq"], sequence);
    }
    let last = journal.head().size;
    for asked in [0, last + 1, u64::MAX] {
        assert_eq!(journal.prove(asked), Err(JournalError::RecordUnknown { asked, last }), "{asked}");
    }
}

#[test]
fn a_later_journal_is_proven_to_have_begun_as_an_earlier_one() {
    let till = Till::new();
    let mut journal = shift(&till);
    let old = head(&journal.checkpoint(CheckpointReason::Asked, None, at(9)).unwrap());
    drop(journal);
    let mut journal = till.open();
    append(&mut journal, "attempt.delivered", "A-1");
    let key = &keys(&journal)[0];
    let text = journal.prove_consistency(old.size).unwrap().to_string();
    let read = ConsistencyText::parse(text.as_bytes()).unwrap();
    assert_eq!(read.verify(key, &old.root).unwrap().size, journal.head().size);
    assert!(read.verify(key, &[7; 32]).is_err(), "another beginning");
    let last = journal.head().size;
    for size in [0, last] {
        assert!(journal.prove_consistency(size).is_ok(), "{size}");
    }
    let beyond = JournalError::RecordUnknown { asked: last + 1, last };
    assert_eq!(journal.prove_consistency(last + 1), Err(beyond));
}

/// Whether any of the needles is in the text, in any coat, or in the event that its `extra` line carries.
fn shows(needles: &Needles, text: &str, extra: &[u8]) -> bool {
    !needles.find_in(text.as_bytes()).is_empty() || !needles.find_in(extra).is_empty()
}

#[test]
fn a_proof_reveals_its_own_event_alone() {
    let till = Till::new();
    let mut journal = shift(&till);
    let cards = Needles::new().card_number("card", &Pan::from_ascii(PAN.as_bytes()).unwrap());
    // What only the event itself holds, and nobody can guess.
    let salts: Vec<Needles> = (1..=journal.head().size)
        .map(|sequence| {
            let record = journal.record_with_proof(sequence).unwrap().unwrap();
            let event: serde_json::Value = serde_json::from_slice(&record.bytes).unwrap();
            Needles::new().bytes("salt", &taptill::hex::decode(event["salt"].as_str().unwrap()).unwrap())
        })
        .collect();
    for sequence in 1..=journal.head().size {
        let proof = journal.prove(sequence).unwrap();
        let text = proof.to_string();
        assert!(!shows(&cards, &text, &proof.extra), "{text}");
        for (other, salt) in (1..).zip(&salts) {
            assert_eq!(shows(salt, &text, &proof.extra), other == sequence, "the salt of {other} in {text}");
        }
    }
    let note = journal.checkpoint(CheckpointReason::Asked, None, at(9)).unwrap().to_string();
    assert!(!shows(&cards, &note, &[]) && salts.iter().all(|salt| !shows(salt, &note, &[])));
}

/// The control: an event that holds a card number would be found out by the same search.
#[test]
fn a_card_number_in_an_event_would_be_found_in_its_proof() {
    let till = Till::new();
    let mut journal = shift(&till);
    let mut leaky = journal_support::draft("attempt.leaky", "A-3");
    leaky.body = serde_json::json!({ "pan": PAN });
    let sequence = journal.append(leaky, SideWork::None, at(5)).unwrap().sequence;
    let proof = journal.prove(sequence).unwrap();
    assert!(shows(
        &Needles::new().card_number("card", &Pan::from_ascii(PAN.as_bytes()).unwrap()),
        &proof.to_string(),
        &proof.extra
    ));
}

#[test]
fn a_changed_node_is_damage_and_no_proof() {
    let till = Till::new();
    let journal = shift(&till);
    // Behind the open journal's back: opening would find so new an event.
    till.raw().execute("UPDATE event SET nodes = zeroblob(length(nodes)) WHERE seq = 2", params![]).unwrap();
    for outcome in [journal.prove(1).map(drop), journal.prove_consistency(2).map(drop)] {
        assert!(matches!(outcome, Err(JournalError::Damaged(_))), "{outcome:?}");
    }
}

/// A device that cannot sign, or whose signing key is lost; or one that keeps a key so many times when it is to be
/// destroyed.
struct Faulty {
    keys: FolderDeviceKeys,
    signs: Result<(), DeviceKeysFault>,
    keeps: AtomicUsize,
}

impl DeviceKeys for Faulty {
    fn create(&self, alias: &str, kind: KeyKind) -> Result<(), DeviceKeysFault> {
        let may = if kind == KeyKind::Sign { self.signs } else { Ok(()) };
        may.and_then(|()| self.keys.create(alias, kind))
    }
    fn exists(&self, alias: &str) -> Result<bool, DeviceKeysFault> {
        self.keys.exists(alias)
    }
    fn destroy(&self, alias: &str) -> Result<(), DeviceKeysFault> {
        match self.keeps.fetch_update(Relaxed, Relaxed, |times| times.checked_sub(1)) {
            Ok(_) => Err(DeviceKeysFault::Unavailable),
            Err(_) => self.keys.destroy(alias),
        }
    }
    fn public_key(&self, alias: &str) -> Result<Vec<u8>, DeviceKeysFault> {
        self.keys.public_key(alias)
    }
    fn attest(&self, alias: &str, challenge: &[u8]) -> Result<Vec<Vec<u8>>, DeviceKeysFault> {
        self.keys.attest(alias, challenge)
    }
    fn wrap(&self, alias: &str, secret: &[u8], context: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        self.keys.wrap(alias, secret, context)
    }
    fn unwrap(&self, alias: &str, wrapped: &[u8], context: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.keys.unwrap(alias, wrapped, context)
    }
    fn mac(&self, alias: &str, data: &[u8]) -> Result<SecretBytes, DeviceKeysFault> {
        self.keys.mac(alias, data)
    }
    fn sign(&self, alias: &str, data: &[u8]) -> Result<Vec<u8>, DeviceKeysFault> {
        self.signs.and_then(|()| self.keys.sign(alias, data))
    }
}

/// The ports of this till with a device of its own keys and these faults.
fn faulty(till: &Till, signs: Result<(), DeviceKeysFault>, keeps: usize) -> JournalPorts {
    let keys = FolderDeviceKeys::open(&till.device()).unwrap();
    JournalPorts { device_keys: Arc::new(Faulty { keys, signs, keeps: keeps.into() }), ..till.ports() }
}

#[test]
fn a_device_that_cannot_sign_leaves_one_key_and_a_lost_key_is_said() {
    let till = Till::new();
    let ports = faulty(&till, Err(DeviceKeysFault::Unsupported), 0);
    let mut journal = unlocked(LockedJournal::create(&till.path(), ports).unwrap(), keyring(), folds()).unwrap();
    journal.make_checkpoint_key(&terminal(), None, at(1)).unwrap();
    let note = journal.checkpoint(CheckpointReason::Asked, None, at(2)).unwrap();
    let keys = keys(&journal);
    assert_eq!((keys.len(), note.signatures().len(), note.verify(&[&keys[0]])), (1, 1, Ok(())));

    let till = Till::new();
    drop(shift(&till));
    let ports = faulty(&till, Err(DeviceKeysFault::NotFound), 0);
    let mut journal = unlocked(LockedJournal::open(&till.path(), ports).unwrap(), keyring(), folds()).unwrap();
    let gone = JournalError::DeviceKeys(DeviceKeysFault::NotFound);
    assert_eq!(journal.checkpoint(CheckpointReason::SignOut, None, at(3)), Err(gone));
}

/// The signing keys that the device has.
fn signing_keys_of(till: &Till) -> Vec<String> {
    let files = std::fs::read_dir(till.device()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut keys: Vec<String> = files.filter(|name| name.starts_with("checkpoint")).collect();
    keys.sort();
    keys
}

#[test]
fn a_replaced_device_key_signs_no_more_and_what_it_signed_is_still_checked() {
    let till = Till::new();
    let mut journal = shift(&till);
    let mut notes = vec![journal.checkpoint(CheckpointReason::Asked, None, at(10)).unwrap()];
    let mut devices = vec![keys(&journal)[1].clone()];
    let own = keys(&journal)[0].clone();
    for time in 1..=2 {
        journal.renew_checkpoint_key(Some("alice".into()), at(11)).unwrap();
        let [same, device] = &keys(&journal)[..] else { panic!("two keys") };
        assert_eq!(*same, own, "{time}: the journal's own key and name stay");
        assert!(!devices.contains(device), "{time}: the device's is another one");
        assert_eq!(signing_keys_of(&till), [format!("checkpoint.{time}.key")], "the one before is destroyed");
        devices.insert(0, device.clone());
        notes.insert(0, journal.checkpoint(CheckpointReason::Asked, None, at(12)).unwrap());
        // What is known of all keys is what checks all notes, each by its own device key and by no other.
        let every: Vec<VerifierKey> =
            journal.every_public_key().unwrap().lines().map(|line| VerifierKey::parse(line).unwrap()).collect();
        assert_eq!(every, [vec![own.clone()], devices.clone()].concat(), "{time}");
        for (of, note) in notes.iter().enumerate() {
            assert_eq!(note.verify(&[&own]), Ok(()), "{time}");
            for (by, device) in devices.iter().enumerate() {
                assert_eq!(note.verify(&[device]).is_ok(), of == by, "{time}: note {of} by key {by}");
            }
        }
        // The record names the new keys and those before.
        let named = journal.event(journal.checkpoint_key_event().unwrap()).unwrap().unwrap();
        assert_eq!((named.kind.as_str(), named.operator.as_deref()), (KEY_MADE, Some("alice")));
        let said = |name: &str| named.body[name].as_array().unwrap().len();
        assert_eq!((said("public_keys"), said("before")), (2, time));
        journal.verify().unwrap();
        journal.close().unwrap();
        journal = till.open();
        journal.make_checkpoint_key(&terminal(), None, at(13)).unwrap();
        assert_eq!(keys(&journal), [own.clone(), devices[0].clone()], "{time}: after a restart");
    }
}

/// The device keeps the first key when it is to be destroyed; whoever renews again, or comes next, destroys it as well.
#[test]
fn a_replaced_key_that_the_device_kept_is_destroyed_later() {
    let till = Till::new();
    drop(shift(&till));
    let open = |keeps| {
        let locked = LockedJournal::open(&till.path(), faulty(&till, Ok(()), keeps)).unwrap();
        unlocked(locked, keyring(), folds()).unwrap()
    };
    let mut journal = open(1);
    journal.renew_checkpoint_key(None, at(20)).unwrap();
    // The control: it was kept, and so there is something to destroy.
    assert_eq!(signing_keys_of(&till), ["checkpoint.1.key", "checkpoint.key"]);
    journal.renew_checkpoint_key(None, at(21)).unwrap();
    assert_eq!(signing_keys_of(&till), ["checkpoint.2.key"], "both before are destroyed");
    journal.close().unwrap();

    // Twice in a row, and only a restart comes after.
    let mut journal = open(3);
    journal.renew_checkpoint_key(None, at(22)).unwrap();
    journal.renew_checkpoint_key(None, at(23)).unwrap();
    assert_eq!(signing_keys_of(&till), ["checkpoint.2.key", "checkpoint.3.key", "checkpoint.4.key"]);
    journal.close().unwrap();
    let mut journal = till.open();
    journal.make_checkpoint_key(&terminal(), None, at(24)).unwrap();
    assert_eq!(signing_keys_of(&till), ["checkpoint.4.key"]);
}

/// The process ends at each point of it: the old key signs, or the new one, and never neither.
#[test]
fn a_replacement_that_is_cut_off_leaves_the_old_key_or_the_new_one() {
    let dry = Till::new();
    let mut journal = shift(&dry);
    dry.plan.die_at(None);
    journal.renew_checkpoint_key(None, at(20)).unwrap();
    let visits = dry.plan.passed.lock().unwrap().len();
    let signs = |till: &Till, old: &VerifierKey| {
        let mut journal = till.open();
        journal.make_checkpoint_key(&terminal(), None, at(21)).unwrap();
        let note = journal.checkpoint(CheckpointReason::Asked, None, at(22)).ok()?;
        let device = keys(&journal)[1].clone();
        assert_eq!(note.verify(&[&device]), Ok(()));
        journal.verify().unwrap();
        journal.renew_checkpoint_key(None, at(23)).unwrap();
        assert_eq!(signing_keys_of(till).len(), 1, "one key is left of all");
        Some(device != *old)
    };
    let mut ends = Vec::new();
    for visit in 0..visits {
        let till = Till::new();
        let mut journal = shift(&till);
        let old = keys(&journal)[1].clone();
        till.plan.die_at(Some(visit));
        journal.renew_checkpoint_key(None, at(20)).unwrap_err();
        till.plan.die_at(None);
        drop(journal);
        ends.push(signs(&till, &old).unwrap_or_else(|| panic!("point {visit}: neither signs")));
    }
    assert!(visits >= 4 && ends.contains(&false) && ends.contains(&true), "{ends:?}");
    // The control: had the old key gone first, neither would sign.
    let till = Till::new();
    let old = keys(&shift(&till))[1].clone();
    std::fs::remove_file(till.device().join("checkpoint.key")).unwrap();
    assert_eq!(signs(&till, &old), None);
}
