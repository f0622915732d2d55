//! Every way to tamper with a bundle is found and named, and by a verifier that lacks the check it is not.
//!
//! The forger here can do what a thief of the till's keys could: everything else in the bundle is made to fit again and
//! signed anew, so that each row of the table is found by the one check that it names. The good bundle is built by hand
//! from the formats alone, not by the code that discloses.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::*;
use crate::clock::WallMs;
use crate::hex::{encode, encode_lower};
use crate::ids::{AttemptId, MerchantId, TerminalId};
use crate::incident::evidence::manifest::{
    CHECKPOINT_NOTE, FORMAT, HeadFacts, ListedFile, ListedSlip, MANIFEST, MANIFEST_ED25519, MANIFEST_ES256, READ_ME,
    Run, TillFacts, event_file, slip_files,
};
use crate::incident::evidence::scope::Scope;
use crate::merkle::{
    ConsistencyText, Frontier, Hash, InclusionText, KeyName, NodeId, Nodes, Note, consistency_proof, es256_fixed,
    inclusion_proof, leaf_hash,
};
use crate::secret::Secret;
use crate::text::Language;

/// A till's keys.
#[derive(Clone)]
struct Keys {
    name: KeyName,
    seed: u8,
    device: SigningKey,
}

impl Keys {
    fn of(name: &str, seed: u8) -> Self {
        let device = SigningKey::from_slice(&[seed; 32]).unwrap();
        Self { name: KeyName::new(name).unwrap(), seed, device }
    }

    fn seed(&self) -> Secret<32> {
        Secret::from_fn(|bytes| bytes.fill(self.seed))
    }

    fn own(&self) -> VerifierKey {
        VerifierKey::of_seed(self.name.clone(), &self.seed())
    }

    fn device_key(&self) -> VerifierKey {
        let spki = p256::PublicKey::from(self.device.verifying_key()).to_public_key_der().unwrap();
        VerifierKey::p256(self.name.clone(), spki.as_bytes()).unwrap()
    }

    fn signs_for_device(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: Signature = self.device.sign(bytes);
        signature.to_der().as_bytes().to_vec()
    }

    fn detached(&self, list: &[u8]) -> [Vec<u8>; 2] {
        let device = self.device_key();
        let signature = es256_fixed(&self.signs_for_device(&device.detached_bytes(list))).unwrap();
        [VerifierKey::sign_detached(self.name.clone(), &self.seed(), list), device.detached_file(signature)]
    }

    fn note(&self, size: u64, root: Hash) -> Note {
        let origin = self.name.as_str().to_owned();
        let text = Checkpoint { origin, size, root, extensions: Vec::new() }.to_string();
        let mut note = Note::new(&text).unwrap();
        note.sign(&self.name, &self.seed());
        note.add(&self.device_key(), self.signs_for_device(text.as_bytes()));
        note
    }
}

/// A tree with all its nodes at hand.
#[derive(Default)]
struct Tree {
    frontier: Frontier,
    nodes: BTreeMap<(u32, u64), Hash>,
}

impl Tree {
    fn of(events: &[Vec<u8>]) -> Self {
        let mut tree = Self::default();
        for (index, event) in (0..).zip(events) {
            let leaf = leaf_hash(event);
            tree.nodes.insert((0, index), leaf);
            for (level, hash) in (1..).zip(tree.frontier.append(leaf)) {
                tree.nodes.insert((level, index >> level), hash);
            }
        }
        tree
    }
}

impl Nodes for &Tree {
    type Error = ();

    fn node(&mut self, id: NodeId) -> Result<Hash, ()> {
        self.nodes.get(&(id.level, id.index)).copied().ok_or(())
    }
}

/// What a bundle is made of, before it is put together and signed.
#[derive(Clone)]
struct Plan {
    keys: Keys,
    /// The whole journal.
    journal: Vec<Vec<u8>>,
    scope: Scope,
    run: Option<Run>,
    consent: u64,
    events: Vec<u64>,
    slips: Vec<(&'static str, u64)>,
}

fn event(sequence: u64, kind: &str, attempt: Option<&str>, body: &Value) -> Vec<u8> {
    let salt = encode_lower(&[sequence as u8; 16]);
    let wall = 1_795_404_000_000_u64 + sequence;
    let event = json!({
        "v": 1, "kind": kind, "seq": sequence, "salt": salt, "wall_ms": wall, "mono_ms": sequence, "boot": 1,
        "operator": "alice", "attempt": attempt, "body": body,
    });
    serde_json::to_vec(&event).unwrap()
}

/// The agreement to disclose these.
fn consent(sequence: u64, scope: &Scope, events: &[u64]) -> Vec<u8> {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let digest = encode_lower(digest(&SHA256, lines.as_bytes()).as_ref());
    let body = json!({ "scope": scope, "to": "police", "records": events.len(), "digest": digest });
    event(sequence, "evidence.disclosed", None, &body)
}

/// Two payments, a freeze and a disclosure, in a journal of 12 events.
fn plan(scope: Scope) -> Plan {
    let keys = Keys::of("taptill/TERM0001/5d3a90c4", 7);
    let public = json!({ "public_keys": [keys.own().vkey(), keys.device_key().vkey()] });
    let (run, events) = match scope {
        Scope::Attempt { .. } => (None, vec![2, 3, 4, 5]),
        _ => (Some(Run { first: 4, last: 9 }), vec![2, 4, 5, 6, 7, 8, 9]),
    };
    let answer = json!({ "answer": { "host_time": "1123032709" } });
    let journal = vec![
        event(1, "till.provisioned", None, &json!({})),
        event(2, "journal.checkpoint_key", None, &public),
        event(3, "host.signed_on", None, &json!({ "batch": 1 })),
        event(4, "attempt.prepared", Some("A-1"), &json!({ "card": { "cryptogram": "4761739001010119" } })),
        event(5, "attempt.approved", Some("A-1"), &answer),
        event(6, "attempt.prepared", Some("A-2"), &json!({})),
        event(7, "attempt.approved", Some("A-2"), &answer),
        event(8, "till.frozen", None, &json!({})),
        event(9, "attempt.prepared", Some("A-3"), &json!({})),
        event(10, "operator.signed_out", None, &json!({})),
        consent(11, &scope, &events),
        event(12, "journal.checkpoint", None, &json!({ "reason": "evidence" })),
    ];
    Plan { keys, journal, scope, run, consent: 11, events: [events, vec![11]].concat(), slips: vec![("A-1", 5)] }
}

fn attempt_plan() -> Plan {
    plan(Scope::Attempt { attempt: AttemptId::new("A-1").unwrap() })
}

fn incident_plan() -> Plan {
    plan(Scope::Incident { from_ms: WallMs(0), to_ms: WallMs(i64::MAX) })
}

/// The files, and the list of them that is signed last.
#[derive(Clone)]
struct Made {
    keys: Keys,
    files: BTreeMap<String, Vec<u8>>,
    manifest: Manifest,
}

impl Plan {
    fn tree(&self) -> Tree {
        Tree::of(&self.journal)
    }

    fn note(&self) -> Note {
        self.keys.note(self.journal.len() as u64, self.tree().frontier.root())
    }

    fn event_text(&self, sequence: u64) -> InclusionText {
        let (tree, size) = (self.tree(), self.journal.len() as u64);
        let proof = inclusion_proof(&mut &tree, sequence - 1, size).unwrap();
        let extra = self.journal[sequence as usize - 1].clone();
        InclusionText { extra, index: sequence - 1, proof, checkpoint: self.note() }
    }

    fn root_at(&self, sequence: u64) -> Hash {
        Tree::of(&self.journal[..sequence as usize]).frontier.root()
    }

    /// Everything as the till makes it, not yet signed.
    fn make(&self) -> Made {
        let (tree, size) = (self.tree(), self.journal.len() as u64);
        let mut files = BTreeMap::new();
        let mut put = |name: &str, text: String| files.insert(name.to_owned(), text.into_bytes());
        put(KEYS, format!("{}\n{}\n", self.keys.own().vkey(), self.keys.device_key().vkey()));
        put(CHECKPOINT_NOTE, self.note().to_string());
        put(READ_ME, "words".to_owned());
        for sequence in &self.events {
            put(&event_file(*sequence), self.event_text(*sequence).to_string());
        }
        let mut slips = Vec::new();
        for (place, (attempt, sequence)) in self.slips.iter().enumerate() {
            let [slip, proof] = slip_files(place + 1);
            let root = self.root_at(*sequence);
            let consistency = consistency_proof(&mut &tree, *sequence, size).unwrap();
            put(&slip, format!("Record    {sequence}\nRoot    {}\n", encode(&root[..8])));
            let text = ConsistencyText { old_size: *sequence, proof: consistency, checkpoint: self.note() };
            put(&proof, text.to_string());
            let attempt = AttemptId::new(*attempt).unwrap();
            slips.push(ListedSlip { attempt, sequence: *sequence, root: encode_lower(&root) });
        }
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: 1,
            scope: self.scope.clone(),
            till: TillFacts {
                origin: self.keys.name.as_str().to_owned(),
                terminal_id: TerminalId::new("TERM0001").unwrap(),
                merchant_id: MerchantId::new("MERCHANT0000001").unwrap(),
                merchant: "Corner shop".to_owned(),
                time_zone: "Asia/Shanghai".to_owned(),
            },
            checkpoint: HeadFacts { size, root: encode_lower(&tree.frontier.root()) },
            run: self.run,
            consent: self.consent,
            events: self.events.clone(),
            slips,
            files: Vec::new(),
        };
        Made { keys: self.keys.clone(), files, manifest }.listed()
    }

    fn bundle(&self) -> Bundle {
        self.make().signed()
    }
}

impl Made {
    /// The list says what the files are now.
    fn listed(mut self) -> Self {
        self.manifest.files =
            self.files.iter().map(|(name, contents)| ListedFile::of(name.clone(), contents)).collect();
        self
    }

    fn signed(&self) -> Bundle {
        let list = self.manifest.to_bytes();
        let [own, device] = self.keys.detached(&list);
        let signed = [(MANIFEST, list), (MANIFEST_ED25519, own), (MANIFEST_ES256, device)];
        let mut bundle = Bundle::default();
        let files = self.files.iter().map(|(name, contents)| (name.as_str(), contents.clone()));
        files.chain(signed).for_each(|(name, contents)| bundle.add(name, contents).unwrap());
        bundle
    }

    /// The same after a file was changed, listed and signed anew.
    fn with(mut self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Bundle {
        change(self.files.get_mut(name).unwrap());
        self.listed().signed()
    }

    fn with_list(mut self, change: impl FnOnce(&mut Manifest)) -> Bundle {
        change(&mut self.manifest);
        self.signed()
    }
}

/// The files of a bundle with one of them changed, added or taken away, and nothing signed anew.
fn with_file(bundle: &Bundle, name: &str, change: impl FnOnce(Option<Vec<u8>>) -> Option<Vec<u8>>) -> Bundle {
    let mut changed = Bundle::default();
    for (other, contents) in bundle.files().filter(|(other, _)| *other != name) {
        changed.add(other, contents.to_vec()).unwrap();
    }
    if let Some(contents) = change(bundle.file(name).map(<[u8]>::to_vec)) {
        changed.add(name, contents).unwrap();
    }
    changed
}

fn flipped(file: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut file = file.unwrap();
    *file.last_mut().unwrap() ^= 1;
    Some(file)
}

/// The archive with something after its first file that its list does not name.
fn padded(bundle: &Bundle) -> Bundle {
    let mut archive = vec![b'x'; 3];
    archive.extend(bundle.to_archive().unwrap());
    Bundle::of_archive(&archive).unwrap()
}

/// One bundle's proof file with its proof changed.
fn with_proof(plan: &Plan, sequence: u64, change: impl FnOnce(&mut InclusionText)) -> Bundle {
    let mut text = plan.event_text(sequence);
    change(&mut text);
    plan.make().with(&event_file(sequence), |file| *file = text.to_string().into_bytes())
}

/// The journal with one record written otherwise from the start, everything else made to fit.
fn with_event(mut plan: Plan, sequence: u64, change: impl FnOnce(&mut Value)) -> Plan {
    let place = sequence as usize - 1;
    let mut event: Value = serde_json::from_slice(&plan.journal[place]).unwrap();
    change(&mut event);
    plan.journal[place] = serde_json::to_vec(&event).unwrap();
    plan
}

/// What is disclosed is changed, and the agreement says so.
fn with_events(mut plan: Plan, events: &[u64]) -> Plan {
    plan.journal[10] = consent(11, &plan.scope, events);
    plan.events = [events, &[11]].concat();
    plan
}

type Tamper = fn() -> Bundle;

/// Each row: how, what is found, and the bundle.
static TAMPERINGS: LazyLock<Vec<(&str, Wrong, Tamper)>> = LazyLock::new(|| {
    use Wrong as W;
    vec![
        ("bytes hidden before the archive", W::ArchivePadded, || padded(&attempt_plan().bundle())),
        ("a second file of the same name", W::FileTwice, || {
            let mut bundle = attempt_plan().bundle();
            bundle.add(READ_ME, bundle.file(READ_ME).unwrap().to_vec()).unwrap();
            bundle
        }),
        ("a file listed under a name that leads out of the folder", W::FileName, || {
            let mut made = attempt_plan().make();
            let contents = made.files.remove(READ_ME).unwrap();
            made.files.insert("../read-me.txt".to_owned(), contents);
            made.listed().signed()
        }),
        ("a file taken away", W::FileMissing, || with_file(&attempt_plan().bundle(), READ_ME, |_| None)),
        ("a file added", W::FileAdded, || with_file(&attempt_plan().bundle(), "more.txt", |_| Some(b"more".to_vec()))),
        ("a file changed", W::FileChanged, || with_file(&attempt_plan().bundle(), READ_ME, flipped)),
        ("the keys in another order", W::KeysUnreadable, || {
            attempt_plan().make().with(KEYS, |keys| {
                let text = String::from_utf8(keys.clone()).unwrap();
                let lines: Vec<&str> = text.lines().rev().collect();
                *keys = format!("{}\n{}\n", lines[0], lines[1]).into_bytes();
            })
        }),
        ("the record of the keys left out", W::KeysUnrecorded, || with_events(attempt_plan(), &[3, 4, 5]).bundle()),
        ("everything signed with somebody else's keys of the same name", W::KeysChanged, || {
            Plan { keys: Keys::of("taptill/TERM0001/5d3a90c4", 8), ..attempt_plan() }.bundle()
        }),
        ("the list without its signature", W::ManifestUnsigned, || {
            with_file(&attempt_plan().bundle(), MANIFEST_ED25519, |_| None)
        }),
        ("the list's signature changed", W::ManifestSignature, || {
            with_file(&attempt_plan().bundle(), MANIFEST_ED25519, flipped)
        }),
        ("the list without the device's signature", W::DeviceUnsigned, || {
            with_file(&attempt_plan().bundle(), MANIFEST_ES256, |_| None)
        }),
        ("the device's signature over another list", W::DeviceSignature, || {
            let [_, foreign] = attempt_plan().keys.detached(b"{}");
            with_file(&attempt_plan().bundle(), MANIFEST_ES256, |_| Some(foreign))
        }),
        ("the checkpoint signed by somebody else", W::CheckpointSignature, || {
            let plan = attempt_plan();
            with_note(&plan, |text| {
                let other = Keys { device: plan.keys.device.clone(), ..Keys::of("taptill/TERM0001/5d3a90c4", 8) };
                noted(&other, &plan.keys, text)
            })
        }),
        ("the checkpoint without the device's signature", W::CheckpointDevice, || {
            let plan = attempt_plan();
            with_note(&plan, |text| {
                let mut note = Note::new(text).unwrap();
                note.sign(&plan.keys.name, &plan.keys.seed());
                note
            })
        }),
        ("the list names another till", W::CheckpointOrigin, || {
            attempt_plan().make().with_list(|list| list.till.origin = "taptill/TERM0002/5d3a90c4".to_owned())
        }),
        ("the list names another head", W::CheckpointOther, || {
            attempt_plan().make().with_list(|list| list.checkpoint.size = 13)
        }),
        ("a record that is no record", W::EventUnreadable, || {
            let mut plan = attempt_plan();
            plan.journal[2] = b"no record".to_vec();
            plan.bundle()
        }),
        ("a record's words changed", W::EventNotInJournal, || {
            with_proof(&attempt_plan(), 5, |text| {
                let event = String::from_utf8(text.extra.clone()).unwrap();
                text.extra = event.replace("1123032709", "1123032708").into_bytes();
            })
        }),
        ("a record in another's place", W::EventMisnumbered, || {
            let plan = attempt_plan();
            let other = plan.event_text(6).to_string().into_bytes();
            plan.make().with(&event_file(3), |file| *file = other)
        }),
        ("a record under an older head", W::EventOtherCheckpoint, || {
            let plan = attempt_plan();
            let older = plan.keys.note(11, plan.root_at(11));
            with_proof(&plan, 5, |text| text.checkpoint = older)
        }),
        ("a record listed and not there", W::EventUnlisted, || {
            let mut made = attempt_plan().make();
            made.files.remove(&event_file(3));
            made.listed().signed()
        }),
        ("a record there and not listed", W::EventUnlisted, || {
            let plan = attempt_plan();
            let mut made = plan.make();
            made.files.insert(event_file(9), plan.event_text(9).to_string().into_bytes());
            made.listed().signed()
        }),
        ("the records out of order", W::EventsOutOfOrder, || with_events(attempt_plan(), &[2, 4, 3, 5]).bundle()),
        ("a record left out of a whole stretch", W::EventMissing, || {
            with_events(incident_plan(), &[2, 4, 5, 6, 8, 9]).bundle()
        }),
        ("a record of another payment", W::EventBeyondScope, || with_events(attempt_plan(), &[2, 3, 4, 5, 6]).bundle()),
        ("a record outside the stretch", W::EventBeyondScope, || {
            with_events(incident_plan(), &[2, 4, 5, 6, 7, 8, 9, 10]).bundle()
        }),
        ("an incident that never was", W::FreezeMissing, || {
            with_event(incident_plan(), 8, |event| event["kind"] = "till.thawed".into()).bundle()
        }),
        ("no agreement", W::ConsentMissing, || {
            with_event(attempt_plan(), 11, |event| event["kind"] = "evidence.wanted".into()).bundle()
        }),
        ("an agreement to something else", W::ConsentOther, || {
            let mut plan = attempt_plan();
            plan.journal[10] = consent(11, &plan.scope, &[2, 3, 4]);
            plan.bundle()
        }),
        ("an agreement to another payment", W::ConsentOther, || {
            let mut plan = attempt_plan();
            let scope = Scope::Attempt { attempt: AttemptId::new("A-2").unwrap() };
            plan.journal[10] = consent(11, &scope, &[2, 3, 4, 5]);
            plan.bundle()
        }),
        ("another payment's receipt", W::SlipBeyondScope, || {
            Plan { slips: vec![("A-2", 7)], ..attempt_plan() }.bundle()
        }),
        ("a receipt with a root that never was", W::SlipNotInJournal, || {
            let mut made = attempt_plan().make();
            let root = [7; 32];
            made.manifest.slips[0].root = encode_lower(&root);
            let slip = format!("Record    5\nRoot    {}\n", encode(&root[..8]));
            made.with(&slip_files(1)[0], |file| *file = slip.into_bytes())
        }),
        ("a receipt that names another record", W::SlipOther, || {
            attempt_plan().make().with(&slip_files(1)[0], |file| {
                let text = String::from_utf8(file.clone()).unwrap();
                *file = text.replace("Record    5", "Record    6").into_bytes();
            })
        }),
        ("a card number in a record", W::CardNumber, || {
            with_event(attempt_plan(), 4, |event| event["body"]["pan"] = "4761739001010119".into()).bundle()
        }),
        ("a card number on a receipt", W::CardNumber, || {
            attempt_plan().make().with(&slip_files(1)[0], |file| file.extend_from_slice(b"4761 7390 0101 0119\n"))
        }),
    ]
});

/// A checkpoint's note signed by one till's own key and another's device.
fn noted(own: &Keys, device: &Keys, text: &str) -> Note {
    let mut note = Note::new(text).unwrap();
    note.sign(&own.name, &own.seed());
    note.add(&device.device_key(), device.signs_for_device(text.as_bytes()));
    note
}

/// The bundle with another note for the same head, in every file that repeats it.
fn with_note(plan: &Plan, change: impl FnOnce(&str) -> Note) -> Bundle {
    let (old, mut made) = (plan.note().to_string(), plan.make());
    let new = change(plan.note().text()).to_string();
    for contents in made.files.values_mut() {
        let text = String::from_utf8(contents.clone()).unwrap();
        *contents = text.replace(&old, &new).into_bytes();
    }
    made.listed().signed()
}

fn found(bundle: &Bundle, lacks: Option<Wrong>) -> Vec<Wrong> {
    let verdict = verify_without(bundle, &[], lacks).unwrap();
    let found: BTreeSet<Wrong> = verdict.findings.iter().map(|finding| finding.what).collect();
    found.into_iter().collect()
}

#[test]
fn an_untouched_bundle_holds() {
    for plan in [attempt_plan(), incident_plan()] {
        let keys = [plan.keys.own()];
        let bundle = plan.bundle();
        assert_eq!(verify(&bundle, &keys).unwrap().findings, []);
        let archive = Bundle::of_archive(&bundle.to_archive().unwrap()).unwrap();
        assert_eq!(verify(&archive, &keys).unwrap().findings, []);
    }
}

#[test]
fn every_way_to_tamper_is_found_and_named_and_not_without_its_check() {
    assert!(TAMPERINGS.len() >= 20);
    let mut misses = Vec::new();
    for (how, wrong, tamper) in TAMPERINGS.iter() {
        let bundle = tamper();
        let (with, without) = (found(&bundle, None), found(&bundle, Some(*wrong)));
        if with != [*wrong] || !without.is_empty() {
            misses.push(format!("{how}: {with:?} for {wrong:?}, {without:?} without the check"));
        }
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}

#[test]
fn every_finding_has_a_row_and_its_words_in_every_language() {
    let rows: BTreeSet<Wrong> = TAMPERINGS.iter().map(|(_, wrong, _)| *wrong).collect();
    let without: Vec<&Wrong> = Wrong::ALL.iter().filter(|wrong| !rows.contains(wrong)).collect();
    assert_eq!(without, [&Wrong::CheckpointUnreadable], "it is met in the next test");
    for language in Language::ALL {
        let verdict = verify(&TAMPERINGS[0].2(), &[]).unwrap();
        for what in Wrong::ALL {
            let findings = vec![Finding { what: *what, file: Some("a".to_owned()), sequence: Some(1) }];
            let said = Verdict { findings, facts: verdict.facts.clone() }.sentences(language);
            assert!(said.proved.is_empty() && said.wrong[0].ends_with("(a)"), "{said:?}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_looked_at_all_the_same() {
    let without_note = attempt_plan().make().with(CHECKPOINT_NOTE, Vec::clear);
    assert!(found(&without_note, None).contains(&Wrong::CheckpointUnreadable));
    let nothing = {
        let mut made = attempt_plan().make();
        made.files.clear();
        made.listed().signed()
    };
    let wrong = found(&nothing, None);
    for what in [Wrong::KeysUnreadable, Wrong::CheckpointUnreadable, Wrong::EventUnlisted, Wrong::ConsentMissing] {
        assert!(wrong.contains(&what), "{wrong:?}");
    }
}

#[test]
fn what_is_no_bundle_or_another_tills_is_a_typed_error() {
    let good = attempt_plan().bundle();
    let list = |change: fn(&mut Value)| {
        with_file(&good, MANIFEST, |list| {
            let mut list: Value = serde_json::from_slice(&list.unwrap()).unwrap();
            change(&mut list);
            Some(serde_json::to_vec(&list).unwrap())
        })
    };
    use ErrorCode as C;
    for (case, bundle, code) in [
        ("an empty folder", Bundle::default(), C::EvidenceNotABundle),
        ("no list", with_file(&good, MANIFEST, |_| None), C::EvidenceNotABundle),
        ("a list that is none", with_file(&good, MANIFEST, |_| Some(b"{".to_vec())), C::EvidenceNotABundle),
        ("a list of something else", list(|list| list["format"] = "zip".into()), C::EvidenceNotABundle),
        ("a member more", list(|list| list["more"] = 1.into()), C::EvidenceNotABundle),
        ("a newer version", list(|list| list["version"] = 2.into()), C::EvidenceNewer),
        (
            "a newer version of which nothing else is known",
            with_file(&good, MANIFEST, |_| Some(br#"{"format":"taptill-evidence","version":9}"#.to_vec())),
            C::EvidenceNewer,
        ),
    ] {
        assert_eq!(verify(&bundle, &[]).unwrap_err().code(), code, "{case}");
    }
    let other = Keys::of("taptill/TERM0001/5d3a90c4", 9).own();
    assert_eq!(verify(&good, &[other]).unwrap_err().code(), C::EvidenceOfAnotherTill);
    for (case, bytes) in [("nothing", &b""[..]), ("text", b"PK"), ("the start alone", b"PK\x03\x04")] {
        assert_eq!(Bundle::of_archive(bytes).err(), Some(crate::incident::evidence::NotABundle::Archive), "{case}");
    }
}

#[test]
fn an_archive_with_two_files_of_one_name_is_told() {
    // Both names have the same length, so the second is renamed in place, in its header and in the list.
    let mut bundle = Bundle::default();
    bundle.add("a.txt", b"one".to_vec()).unwrap();
    bundle.add("b.txt", b"two".to_vec()).unwrap();
    let mut archive = bundle.to_archive().unwrap();
    let places: Vec<usize> = (0..archive.len()).filter(|at| archive[*at..].starts_with(b"b.txt")).collect();
    assert_eq!(places.len(), 2);
    places.iter().for_each(|at| archive[*at] = b'a');
    let read = Bundle::of_archive(&archive);
    assert!(read.is_err() || !read.unwrap().twice().is_empty());
}

#[test]
fn the_verdict_says_what_is_proved_and_what_is_not() {
    let whole = verify(&incident_plan().bundle(), &[]).unwrap().sentences(Language::En);
    let part = verify(&attempt_plan().bundle(), &[attempt_plan().keys.own()]).unwrap().sentences(Language::En);
    let says = |sentences: &[String], what: &str| sentences.iter().any(|said| said.contains(what));
    assert!(says(&whole.proved, "Records 4 to 9 are here whole"), "{whole:?}");
    assert!(says(&part.proved, "They are a part"), "{part:?}");
    assert!(says(&whole.proved, "by the till's own clock") && says(&whole.proved, "alice"));
    assert!(says(&whole.not_proved, "Whose key it is") && !says(&part.not_proved, "Whose key it is"));
    assert!(says(&whole.not_proved, "clock was right") && says(&whole.not_proved, "had 12 records"));
}

#[test]
fn a_clock_that_went_back_is_said_and_is_no_tampering() {
    let plan = with_event(incident_plan(), 6, |event| event["wall_ms"] = 1.into());
    let verdict = verify(&plan.bundle(), &[]).unwrap();
    assert_eq!((verdict.findings.len(), verdict.facts.clock_went_back.as_slice()), (0, &[6][..]));
}
