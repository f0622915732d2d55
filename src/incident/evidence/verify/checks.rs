//! The checks, each with the one thing that it looks at.
//!
//! They go from the outside in: files, keys, signatures, checkpoint, records, what was agreed to, receipts. Where
//! something cannot be read, what would need it is passed over: the reason is a finding already.
//!
//! Evidence: `incident/evidence/verify/tests.rs`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::hex::{decode, encode};
use crate::ids::AttemptId;
use crate::incident::evidence::disclose::DISCLOSED;
use crate::incident::evidence::gather::{FROZEN, SIGNED_ON, void_of};
use crate::incident::evidence::manifest::{
    CHECKPOINT_NOTE, Consent, ListedFile, ListedSlip, MANIFEST, MANIFEST_ED25519, MANIFEST_ES256, digest_of,
    event_file, slip_files,
};
use crate::incident::evidence::scope::Scope;
use crate::incident::evidence::verify::{Look, Wrong};
use crate::journal::{Event, KEY_MADE};
use crate::merkle::{Checkpoint, ConsistencyText, InclusionText, Note, VerifierKey, leaf_hash, verify_inclusion};
use crate::merkle::{CoseRefused, verify_consistency};

impl Look<'_> {
    /// Every file is the one that is listed, and there is no other.
    pub(super) fn at_files(&mut self) {
        if self.bundle.is_padded() {
            self.find(Wrong::ArchivePadded, None, None);
        }
        for name in self.bundle.twice() {
            self.find(Wrong::FileTwice, Some(name), None);
        }
        let mut listed = BTreeSet::new();
        for file in &self.manifest.files {
            let is_new = listed.insert(file.name.as_str());
            if !is_plain(&file.name) || SIGNED.contains(&file.name.as_str()) || !is_new {
                self.find(Wrong::FileName, Some(&file.name), None);
            }
            match self.bundle.file(&file.name) {
                None => self.find(Wrong::FileMissing, Some(&file.name), None),
                Some(contents) if *file != ListedFile::of(file.name.clone(), contents) => {
                    self.find(Wrong::FileChanged, Some(&file.name), None);
                }
                Some(_) => {}
            }
        }
        for (name, _) in self.bundle.files() {
            if !listed.contains(name) && !SIGNED.contains(&name) {
                self.find(Wrong::FileAdded, Some(name), None);
            }
        }
    }

    /// The keys can be read. Whose they are is another question: the journal's own record of them, and whoever trusts
    /// one of them, answer it.
    pub(super) fn at_keys(&mut self) {
        match self.keys_of_bundle() {
            Some(keys) => self.keys = keys,
            None => self.find(Wrong::KeysUnreadable, None, None),
        }
    }

    pub(super) fn at_manifest_signatures(&mut self) {
        if let Some(key) = self.own_key() {
            let (unsigned, wrong) = (Wrong::ManifestUnsigned, Wrong::ManifestSignature);
            self.at_signature(&key, MANIFEST_ED25519, unsigned, wrong);
        }
        match self.device_key() {
            Some(key) => self.at_signature(&key, MANIFEST_ES256, Wrong::DeviceUnsigned, Wrong::DeviceSignature),
            // A signature that nothing here can check says nothing, and looks as if it did.
            None if !self.keys.is_empty() && self.bundle.file(MANIFEST_ES256).is_some() => {
                self.find(Wrong::DeviceSignature, Some(MANIFEST_ES256), None);
            }
            None => {}
        }
    }

    fn at_signature(&mut self, key: &VerifierKey, file: &str, unsigned: Wrong, wrong: Wrong) {
        let list = self.bundle.file(MANIFEST).unwrap_or_default();
        match self.bundle.file(file).map(|signature| key.verify_detached(list, signature)) {
            Some(Ok(())) => {}
            Some(Err(CoseRefused::Malformed | CoseRefused::WrongSignature)) => self.find(wrong, Some(file), None),
            None => self.find(unsigned, Some(file), None),
        }
    }

    /// The checkpoint is signed, of this journal, and the one that the list names.
    pub(super) fn at_checkpoint(&mut self) {
        let file = Some(CHECKPOINT_NOTE);
        let note = self.bundle.file(CHECKPOINT_NOTE).and_then(|bytes| Note::parse(bytes).ok());
        let read = note.and_then(|note| Some((Checkpoint::parse(note.text()).ok()?, note)));
        let Some((head, note)) = read else { return self.find(Wrong::CheckpointUnreadable, file, None) };
        if let Some(own) = self.own_key()
            && note.verify(&[&own]).is_err()
        {
            self.find(Wrong::CheckpointSignature, file, None);
        }
        if let Some(device) = self.device_key()
            && note.verify(&[&device]).is_err()
        {
            self.find(Wrong::CheckpointDevice, file, None);
        }
        let origin = self.own_key().map(|key| key.name().as_str().to_owned());
        if origin.is_some_and(|origin| origin != head.origin || origin != self.manifest.till.origin) {
            self.find(Wrong::CheckpointOrigin, file, None);
        }
        let named = &self.manifest.checkpoint;
        if named.size != head.size || decode(&named.root).as_deref() != Some(&head.root[..]) {
            self.find(Wrong::CheckpointOther, file, None);
        }
        self.head = Some(head);
    }

    /// Every record is in the journal, word for word, at its place; and the keys are those of the journal's record.
    pub(super) fn at_events(&mut self) {
        for sequence in self.manifest.events.clone() {
            let name = event_file(sequence);
            match self.bundle.file(&name).map(InclusionText::parse) {
                None => self.find(Wrong::EventUnlisted, Some(&name), Some(sequence)),
                Some(Err(_)) => self.find(Wrong::EventUnreadable, Some(&name), Some(sequence)),
                Some(Ok(proof)) => self.at_event(sequence, &name, &proof),
            }
        }
        let mut disclosed = self.bundle.files().map(|(name, _)| name).filter(|name| name.starts_with(EVENTS));
        let listed: BTreeSet<String> = self.manifest.events.iter().map(|sequence| event_file(*sequence)).collect();
        let unlisted: Vec<String> =
            disclosed.by_ref().filter(|name| !listed.contains(*name)).map(str::to_owned).collect();
        unlisted.iter().for_each(|name| self.find(Wrong::EventUnlisted, Some(name), None));
        if self.manifest.events.windows(2).any(|pair| pair[0] >= pair[1]) {
            self.find(Wrong::EventsOutOfOrder, None, None);
        }
        self.at_recorded_keys();
    }

    fn at_event(&mut self, sequence: u64, name: &str, proof: &InclusionText) {
        let checkpoint = self.bundle.file(CHECKPOINT_NOTE).unwrap_or_default();
        if proof.checkpoint.to_string().as_bytes() != checkpoint {
            self.find(Wrong::EventOtherCheckpoint, Some(name), Some(sequence));
        }
        if let Some(head) = self.head.clone() {
            let leaf = leaf_hash(&proof.extra);
            if verify_inclusion(&proof.proof, proof.index, &leaf, head.size, &head.root).is_err() {
                self.find(Wrong::EventNotInJournal, Some(name), Some(sequence));
            }
        }
        if proof.index.checked_add(1) != Some(sequence) {
            return self.find(Wrong::EventMisnumbered, Some(name), Some(sequence));
        }
        match Event::read(&proof.extra, sequence) {
            Ok(event) => {
                self.events.insert(sequence, event);
            }
            Err(_) => self.find(Wrong::EventUnreadable, Some(name), Some(sequence)),
        }
    }

    fn at_recorded_keys(&mut self) {
        // A stretch may have older records of keys that were replaced: the newest is of those that sign.
        let recorded = self.events.values().rfind(|event| event.kind == KEY_MADE);
        let Some(recorded) = recorded else { return self.find(Wrong::KeysUnrecorded, None, None) };
        let ours: Vec<String> = self.keys.iter().map(VerifierKey::vkey).collect();
        if !self.keys.is_empty() && recorded.body.get("public_keys") != Some(&ours.into()) {
            let sequence = recorded.sequence;
            self.find(Wrong::KeysChanged, None, Some(sequence));
        }
    }

    /// Nothing is disclosed that the bundle is not about, and nothing is left out of a stretch.
    pub(super) fn at_scope(&mut self) {
        let beyond: Vec<u64> = match &self.manifest.scope {
            Scope::Attempt { attempt } => {
                let ours = transaction(attempt, &self.events);
                let is_ours = |event: &Event| event.attempt.as_ref().is_some_and(|attempt| ours.contains(attempt));
                self.beside(|event| !is_ours(event))
            }
            Scope::Period { .. } | Scope::Incident { .. } => {
                let run = self.manifest.run;
                let missing = run.and_then(|run| (run.first..=run.last).find(|at| !self.manifest.events.contains(at)));
                if run.is_none() || missing.is_some() {
                    self.find(Wrong::EventMissing, None, missing);
                }
                self.beside(|event| !run.is_some_and(|run| (run.first..=run.last).contains(&event.sequence)))
            }
        };
        for sequence in beyond {
            self.find(Wrong::EventBeyondScope, Some(&event_file(sequence)), Some(sequence));
        }
        let is_incident = matches!(self.manifest.scope, Scope::Incident { .. });
        if is_incident && !self.events.values().any(|event| event.kind == FROZEN) {
            self.find(Wrong::FreezeMissing, None, None);
        }
    }

    /// The records for which this holds, but for those that every bundle has beside what it is about.
    fn beside(&self, is_beyond: impl Fn(&Event) -> bool) -> Vec<u64> {
        let stands_for_itself = |event: &Event| {
            event.kind == KEY_MADE || event.kind == SIGNED_ON || event.sequence == self.manifest.consent
        };
        let beyond = self.events.values().filter(|event| !stands_for_itself(event) && is_beyond(event));
        beyond.map(|event| event.sequence).collect()
    }

    /// Somebody agreed to exactly this.
    pub(super) fn at_consent(&mut self) {
        let sequence = self.manifest.consent;
        let consent = self.events.get(&sequence).filter(|event| event.kind == DISCLOSED);
        let consent = consent.and_then(|event| serde_json::from_value::<Consent>(event.body.clone()).ok());
        let Some(consent) = consent else { return self.find(Wrong::ConsentMissing, None, Some(sequence)) };
        let disclosed = || self.manifest.events.iter().copied().filter(|event| *event != sequence);
        let is_same = consent.scope == self.manifest.scope
            && consent.records == disclosed().count() as u64
            && consent.digest == digest_of(disclosed());
        if !is_same {
            self.find(Wrong::ConsentOther, None, Some(sequence));
        }
    }

    /// Every receipt is of a payment that is disclosed, and its record and root are the journal's.
    pub(super) fn at_slips(&mut self) {
        for (place, slip) in self.manifest.slips.clone().iter().enumerate() {
            let [text, proof] = slip_files(place + 1);
            let is_disclosed = self.events.contains_key(&slip.sequence)
                && self.events.values().any(|event| event.attempt.as_ref() == Some(&slip.attempt));
            if !is_disclosed {
                self.find(Wrong::SlipBeyondScope, Some(&text), Some(slip.sequence));
            }
            if !self.is_in_journal(slip, &proof) {
                self.find(Wrong::SlipNotInJournal, Some(&proof), Some(slip.sequence));
            }
            let printed = self.bundle.file(&text).and_then(|bytes| str::from_utf8(bytes).ok());
            if !printed.is_some_and(|printed| prints(printed, slip)) {
                self.find(Wrong::SlipOther, Some(&text), Some(slip.sequence));
            }
        }
    }

    fn is_in_journal(&self, slip: &ListedSlip, file: &str) -> bool {
        let Some(head) = &self.head else { return true };
        let root = decode(&slip.root).and_then(|root| root.try_into().ok());
        let proof = self.bundle.file(file).and_then(|bytes| ConsistencyText::parse(bytes).ok());
        let (Some(root), Some(proof)) = (root, proof) else { return false };
        proof.old_size == slip.sequence
            && verify_consistency(&proof.proof, slip.sequence, &root, head.size, &head.root).is_ok()
    }

    /// No file shows a whole card number.
    pub(super) fn at_card_numbers(&mut self) {
        let mut shown: Vec<String> = Vec::new();
        // What a chip or a tree computes may be all digits, and is no card's number.
        let mut computed: BTreeSet<String> = BTreeSet::new();
        for (sequence, event) in &self.events {
            computed.extend(event.body.pointer("/card/cryptogram").and_then(Value::as_str).map(str::to_owned));
            if shows_card_number(&event.body) {
                shown.push(event_file(*sequence));
            }
        }
        for slip in &self.manifest.slips {
            computed.extend(decode(&slip.root).and_then(|root| Some(encode(root.get(..8)?))));
        }
        for (name, contents) in self.bundle.files().filter(|(name, _)| name.ends_with(".txt")) {
            let words = String::from_utf8_lossy(contents);
            let words: Vec<&str> = words.split_whitespace().filter(|word| !computed.contains(*word)).collect();
            if has_card_number(&words.join(" ")) {
                shown.push(name.to_owned());
            }
        }
        shown.iter().for_each(|name| self.find(Wrong::CardNumber, Some(name), None));
    }
}

/// A name that stays where it is put, on every system: letters, digits, `-`, `.`, and one folder at most.
fn is_plain(name: &str) -> bool {
    let is_part = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(allowed)
    };
    name.split('/').count() <= 2 && name.split('/').all(is_part)
}

/// The attempts of a transaction, as its own records tell them: a void says of which sale it is.
fn transaction(named: &AttemptId, events: &BTreeMap<u64, Event>) -> BTreeSet<AttemptId> {
    let voids = || events.values().filter_map(|event| Some((event.attempt.clone()?, void_of(event)?)));
    let sale = voids().find(|(void, _)| void == named).map_or_else(|| named.clone(), |(_, sale)| sale);
    voids().filter(|(_, of)| *of == sale).map(|(void, _)| void).chain([sale.clone()]).collect()
}

/// Whether a slip prints this record: its number, and the first eight bytes of the root.
fn prints(text: &str, slip: &ListedSlip) -> bool {
    let Some(root) = decode(&slip.root).filter(|root| root.len() == 32) else { return false };
    let words: BTreeSet<&str> = text.split_whitespace().collect();
    let (number, root) = (slip.sequence.to_string(), encode(&root[..8]));
    words.contains(number.as_str()) && words.contains(root.as_str())
}

/// Whether a text or a number in a record looks like a whole card number.
fn shows_card_number(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| !COMPUTED.contains(&name.as_str()) && shows_card_number(value))
        }
        Value::Array(values) => values.iter().any(shows_card_number),
        Value::String(text) => has_card_number(text),
        Value::Number(number) => has_card_number(&number.to_string()),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Whether 14 to 19 digits stand in a row, or with single spaces or dashes between them, that are a card number by
/// their check digit (ISO/IEC 7812-1, annex B). Fewer digits are times and counts.
fn has_card_number(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let mut row: Vec<u8> = Vec::new();
    for (at, character) in characters.iter().enumerate() {
        let is_between = |at: usize| characters.get(at).is_some_and(char::is_ascii_digit);
        match character {
            digit if digit.is_ascii_digit() => row.push(*digit as u8),
            ' ' | '-' if !row.is_empty() && is_between(at + 1) => {}
            _ => {
                if is_card_number(&row) {
                    return true;
                }
                row.clear();
            }
        }
    }
    is_card_number(&row)
}

fn is_card_number(digits: &[u8]) -> bool {
    // ISO/IEC 7812-1, 4.2: the numbers of payment cards begin with 2 to 6, those of today's milliseconds with 1.
    (14..=19).contains(&digits.len()) && (b'2'..=b'6').contains(&digits[0]) && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The list itself and the signatures beside it, which it cannot list.
const SIGNED: [&str; 3] = [MANIFEST, MANIFEST_ED25519, MANIFEST_ES256];
const EVENTS: &str = "events/";
/// Members of a record that a chip or a hash computes: digits of theirs are no number of anybody's.
const COMPUTED: [&str; 4] = ["cryptogram", "aid", "tvr", "dialect"];
