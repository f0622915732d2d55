//! Notes, checkpoints and proofs against an implementation that is not ours: each accepts what the other made, and
//! refuses it with any hash, any line or any byte of it changed.
//!
//! The peers are `signed_note` and `tlog_tiles`, ports of Go's `sumdb/note` and `sumdb/tlog`. Go's sign is one of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::cell::RefCell;
use std::convert::Infallible;

use signed_note::{Note as PeerNote, Signer, StandardSigner, StandardVerifier, VerifierList};
use taptill::merkle::{
    Checkpoint, ConsistencyText, Frontier, Hash, InclusionText, KeyName, NodeId, Nodes, Note, VerifierKey, base64,
    consistency_proof, inclusion_proof, leaf_hash,
};
use taptill::secret::Secret;
use tlog_tiles::checkpoint::Checkpoint as PeerCheckpoint;
use tlog_tiles::tlog::{self, Hash as PeerHash, HashReader};

const ORIGIN: &str = "taptill/TERM0001/0badcafe";
const SIZES: u64 = 40;

fn seed() -> Secret<32> {
    Secret::from_fn(|seed| (0..).zip(seed).for_each(|(place, byte)| *byte = place))
}

fn name() -> KeyName {
    KeyName::new(ORIGIN).unwrap()
}

/// The same seed in the peer's hands.
fn peer_signer() -> StandardSigner {
    let id = VerifierKey::of_seed(name(), &seed()).vkey();
    let id = id.split('+').nth(1).unwrap();
    let key = base64::encode(&[&[1], seed().expose().as_slice()].concat());
    StandardSigner::new(&format!("PRIVATE+KEY+{ORIGIN}+{id}+{key}")).unwrap()
}

fn peer_accepts(note: &[u8]) -> bool {
    let verifier = StandardVerifier::new(&VerifierKey::of_seed(name(), &seed()).vkey()).unwrap();
    let known = VerifierList::new(vec![Box::new(verifier)]);
    PeerNote::from_bytes(note)
        .is_ok_and(|note| note.verify(&known).is_ok() && PeerCheckpoint::from_bytes(note.text()).is_ok())
}

fn we_accept(note: &[u8]) -> bool {
    let key = VerifierKey::of_seed(name(), &seed());
    Note::parse(note).is_ok_and(|note| note.verify(&[&key]).is_ok() && Checkpoint::parse(note.text()).is_ok())
}

/// A tree in our hands and in the peer's.
struct Trees {
    rows: Vec<Vec<Hash>>,
    roots: Vec<Hash>,
    peer: PeerStore,
}

struct PeerStore(RefCell<Vec<PeerHash>>);

impl HashReader for PeerStore {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<PeerHash>, tlog::Error> {
        Ok(indexes.iter().map(|index| self.0.borrow()[*index as usize]).collect())
    }
}

impl Trees {
    fn grow() -> Self {
        let mut frontier = Frontier::default();
        let mut trees =
            Self { rows: Vec::new(), roots: vec![frontier.root()], peer: PeerStore(RefCell::new(Vec::new())) };
        for index in 0..SIZES {
            let leaf = leaf_hash(&leaf(index));
            trees.rows.push([vec![leaf], frontier.append(leaf)].concat());
            trees.roots.push(frontier.root());
            let stored = tlog::stored_hashes(index, &self::leaf(index), &trees.peer).unwrap();
            trees.peer.0.borrow_mut().extend(stored);
        }
        trees
    }

    fn signed(&self, size: u64) -> Note {
        let root = self.roots[size as usize];
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() };
        let mut note = Note::new(&checkpoint.to_string()).unwrap();
        note.sign(&name(), &seed());
        note
    }
}

impl Nodes for Trees {
    type Error = Infallible;

    fn node(&mut self, id: NodeId) -> Result<Hash, Infallible> {
        Ok(self.rows[id.completed_by() as usize][id.level as usize])
    }
}

fn leaf(index: u64) -> Vec<u8> {
    format!(r#"{{"seq":{}}}"#, index + 1).into_bytes()
}

fn theirs(hashes: &[Hash]) -> Vec<PeerHash> {
    hashes.iter().map(|hash| PeerHash(*hash)).collect()
}

#[test]
fn a_note_of_ours_is_theirs_byte_for_byte() {
    let trees = Trees::grow();
    let signer = peer_signer();
    for size in 0..=SIZES {
        let ours = trees.signed(size);
        let peer_root = tlog::tree_hash(size, &trees.peer).unwrap();
        assert_eq!(peer_root.0, trees.roots[size as usize], "the root of {size}");
        let text = PeerCheckpoint::new(ORIGIN, size, peer_root, "").unwrap().to_bytes();
        let mut note = PeerNote::new(&text, &[]).unwrap();
        note.add_sigs(&[&signer as &dyn Signer]).unwrap();
        // Ed25519 signs the same text in the same way (RFC 8032).
        assert_eq!(note.to_bytes(), ours.to_string().into_bytes());
        assert!(peer_accepts(&note.to_bytes()) && we_accept(&note.to_bytes()));
    }
}

#[test]
fn a_note_with_any_byte_changed_is_refused_by_both() {
    let note = Trees::grow().signed(SIZES).to_string().into_bytes();
    for place in 0..note.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = note.clone();
            changed[place] ^= flip;
            assert!(!we_accept(&changed), "byte {place} ^ {flip:#x}");
            assert!(!peer_accepts(&changed), "byte {place} ^ {flip:#x}: the peer");
        }
        assert!(!we_accept(&note[..place]) && !peer_accepts(&note[..place]), "cut at {place}");
    }
    for (case, more) in [("a byte more", "x"), ("a line more", "\n"), ("a space more", " ")] {
        let longer = [&note, more.as_bytes()].concat();
        assert!(!we_accept(&longer) && !peer_accepts(&longer), "{case}");
    }
}

#[test]
fn inclusion_proofs_are_the_same_and_no_corrupt_one_is_accepted_by_either() {
    let mut trees = Trees::grow();
    for size in 1..=SIZES {
        let root = PeerHash(trees.roots[size as usize]);
        for index in 0..size {
            let proof = inclusion_proof(&mut trees, index, size).unwrap();
            assert_eq!(theirs(&proof), tlog::prove_record(size, index, &trees.peer).unwrap(), "{index} of {size}");
            let leaf = tlog::record_hash(&leaf(index));
            assert!(tlog::check_record(&theirs(&proof), size, root, index, leaf).is_ok());
            for place in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[place][place % 32] ^= 0x10;
                assert!(tlog::check_record(&theirs(&wrong), size, root, index, leaf).is_err());
            }
        }
    }
}

#[test]
fn consistency_proofs_are_the_same_and_no_corrupt_one_is_accepted_by_either() {
    let mut trees = Trees::grow();
    for size in 1..=SIZES {
        let root = trees.roots[size as usize];
        for old_size in 1..=size {
            let old_root = trees.roots[old_size as usize];
            let proof = consistency_proof(&mut trees, old_size, size).unwrap();
            assert_eq!(theirs(&proof), tlog::prove_tree(size, old_size, &trees.peer).unwrap(), "{old_size} of {size}");
            let text = ConsistencyText { old_size, proof: proof.clone(), checkpoint: trees.signed(size) };
            let key = VerifierKey::of_seed(name(), &seed());
            assert!(text.verify(&key, &old_root).is_ok());
            for place in 0..proof.len() {
                let mut wrong = text.clone();
                wrong.proof[place][place % 32] ^= 0x10;
                assert!(wrong.verify(&key, &old_root).is_err());
                let (wrong, root, old_root) = (theirs(&wrong.proof), PeerHash(root), PeerHash(old_root));
                assert!(tlog::check_tree(&wrong, size, root, old_size, old_root).is_err());
            }
        }
    }
}

/// As a stranger reads it: the first two parts of the text by hand, hashes and note by the peer.
fn peer_accepts_proof(text: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(text) else { return false };
    let Some((head, note)) = text.split_once("\n\n") else { return false };
    let mut lines = head.split('\n');
    if lines.next() != Some("c2sp.org/tlog-proof@v1") || !peer_accepts(note.as_bytes()) {
        return false;
    }
    let Some(extra) = lines.next().and_then(|line| line.strip_prefix("extra ")).and_then(base64::decode) else {
        return false;
    };
    let Some(Ok(index)) = lines.next().and_then(|line| line.strip_prefix("index ")).map(str::parse) else {
        return false;
    };
    let Ok(proof) = lines.map(PeerHash::parse_hash).collect::<Result<Vec<_>, _>>() else { return false };
    let checkpoint = PeerCheckpoint::from_bytes(PeerNote::from_bytes(note.as_bytes()).unwrap().text()).unwrap();
    let leaf = tlog::record_hash(&extra);
    tlog::check_record(&proof, checkpoint.size(), *checkpoint.hash(), index, leaf).is_ok()
}

#[test]
fn a_proof_of_one_event_is_accepted_by_the_peer_and_with_any_byte_changed_by_nobody() {
    let mut trees = Trees::grow();
    let key = VerifierKey::of_seed(name(), &seed());
    for index in [0, 7, 31, 32, SIZES - 1] {
        let proof = inclusion_proof(&mut trees, index, SIZES).unwrap();
        let text = InclusionText { extra: leaf(index), index, proof, checkpoint: trees.signed(SIZES) };
        let written = text.to_string().into_bytes();
        assert_eq!(InclusionText::parse(&written), Ok(text));
        assert!(peer_accepts_proof(&written));
        for place in 0..written.len() {
            let mut changed = written.clone();
            changed[place] ^= 0x01;
            assert!(!peer_accepts_proof(&changed), "byte {place}: the peer");
            let accepted = InclusionText::parse(&changed).is_ok_and(|text| text.verify(&key).is_ok());
            assert!(!accepted, "byte {place} of\n{}", String::from_utf8_lossy(&changed));
        }
    }
}
