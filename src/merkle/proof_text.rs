//! Proofs as texts that stand alone: C2SP tlog-proof, and the consistency proof of C2SP tlog-witness.
//!
//! ```text
//! c2sp.org/tlog-proof@v1            old 40
//! extra base64(the leaf's bytes)    base64(hash), none to 63 lines
//! index 41
//! base64(hash), none to 63 lines    a signed checkpoint
//!
//! a signed checkpoint
//! ```
//!
//! Whoever checks one hashes the bytes of the `extra` line anew: leaf = SHA-256(0x00 ‖ bytes).
//!
//! It never believes an `extra` line, a checkpoint or a number that it read before all of it is verified.
//! Evidence: `mod tests` below, `tests/proof_peers.rs`, `tests/proof_rubbish.rs`.

use super::base64;
use super::checkpoint::{Checkpoint, CheckpointRefused, hash, number};
use super::note::{Note, NoteRefused, Unverified, VerifierKey};
use super::proof::{verify_consistency, verify_inclusion};
use super::tree::{Hash, leaf_hash};

/// A proof that bytes are a leaf of a tree whose head is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionText {
    /// The leaf's bytes.
    pub extra: Vec<u8>,
    /// Which leaf, from 0.
    pub index: u64,
    /// Its siblings, lowest first.
    pub proof: Vec<Hash>,
    /// The tree's head.
    pub checkpoint: Note,
}

/// A proof that a tree whose head is signed began as one of `old_size` leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyText {
    /// How many leaves the older tree had.
    pub old_size: u64,
    /// RFC 6962, 2.1.2.
    pub proof: Vec<Hash>,
    /// The newer tree's head.
    pub checkpoint: Note,
}

/// Why a text is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextRefused {
    /// It is not UTF-8, or a line is missing before the checkpoint.
    Malformed,
    /// Its first line names another format.
    UnknownFormat,
    /// There is no `extra` line, or it is not base 64.
    Extra,
    /// The index, or the old size, is not a decimal number without leading zeros.
    Number,
    /// A line of the proof is not base 64 of 32 bytes, or there are more than 63.
    ProofLine,
    /// The note below is none.
    Note(NoteRefused),
}

/// Why a proof does not prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProven {
    /// The checkpoint is not signed by a known key.
    Unsigned(Unverified),
    /// What is signed is no checkpoint.
    NoCheckpoint(CheckpointRefused),
    /// The checkpoint is somebody else's.
    OtherOrigin,
    /// The hashes do not lead to the signed root.
    Hashes,
}

impl InclusionText {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`TextRefused`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TextRefused> {
        let (head, note) = split(bytes)?;
        let mut lines = head.lines();
        if lines.next() != Some(FORMAT) {
            return Err(TextRefused::UnknownFormat);
        }
        // C2SP tlog-proof, "Format": the line is optional there; ours carry the leaf in it, and must.
        let extra = lines.next().and_then(|line| line.strip_prefix("extra ")).and_then(base64::decode);
        let extra = extra.ok_or(TextRefused::Extra)?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(number);
        let index = index.ok_or(TextRefused::Number)?;
        Ok(Self { extra, index, proof: hashes(lines)?, checkpoint: note })
    }

    /// Whether the bytes are a leaf of the tree that this key's owner signed; gives its head.
    ///
    /// # Errors
    /// [`NotProven`].
    pub fn verify(&self, key: &VerifierKey) -> Result<Checkpoint, NotProven> {
        let head = signed_head(&self.checkpoint, key)?;
        verify_inclusion(&self.proof, self.index, &leaf_hash(&self.extra), head.size, &head.root)
            .map_err(|_| NotProven::Hashes)?;
        Ok(head)
    }
}

impl std::fmt::Display for InclusionText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{FORMAT}\nextra {}\nindex {}", base64::encode(&self.extra), self.index)?;
        write_hashes(f, &self.proof)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl ConsistencyText {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`TextRefused`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TextRefused> {
        let (head, note) = split(bytes)?;
        let mut lines = head.lines();
        // C2SP tlog-witness, "add-checkpoint": the request's body.
        let old_size = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(TextRefused::UnknownFormat)?;
        let old_size = number(old_size).ok_or(TextRefused::Number)?;
        Ok(Self { old_size, proof: hashes(lines)?, checkpoint: note })
    }

    /// Whether the tree that this key's owner signed began as the one of `old_size` leaves with this root; gives the
    /// newer head.
    ///
    /// # Errors
    /// [`NotProven`].
    pub fn verify(&self, key: &VerifierKey, old_root: &Hash) -> Result<Checkpoint, NotProven> {
        let head = signed_head(&self.checkpoint, key)?;
        verify_consistency(&self.proof, self.old_size, old_root, head.size, &head.root)
            .map_err(|_| NotProven::Hashes)?;
        Ok(head)
    }
}

impl std::fmt::Display for ConsistencyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        write_hashes(f, &self.proof)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// The lines above the first empty one, and the note below it.
fn split(bytes: &[u8]) -> Result<(&str, Note), TextRefused> {
    let text = str::from_utf8(bytes).map_err(|_| TextRefused::Malformed)?;
    // `lines` would take the carriage return of a line end for part of it.
    let (head, note) =
        text.split_once("\n\n").filter(|(head, _)| !head.contains('\r')).ok_or(TextRefused::Malformed)?;
    Ok((head, Note::parse(note.as_bytes()).map_err(TextRefused::Note)?))
}

fn hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, TextRefused> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == PROOF_LINES_MAX {
            return Err(TextRefused::ProofLine);
        }
        hashes.push(hash(line).ok_or(TextRefused::ProofLine)?);
    }
    Ok(hashes)
}

fn write_hashes(f: &mut std::fmt::Formatter<'_>, hashes: &[Hash]) -> std::fmt::Result {
    hashes.iter().try_for_each(|hash| writeln!(f, "{}", base64::encode(hash)))
}

/// The head that a note says, when this key signed it and it is this key's owner's.
fn signed_head(note: &Note, key: &VerifierKey) -> Result<Checkpoint, NotProven> {
    note.verify(&[key]).map_err(NotProven::Unsigned)?;
    let head = Checkpoint::parse(note.text()).map_err(NotProven::NoCheckpoint)?;
    if head.origin == key.name().as_str() { Ok(head) } else { Err(NotProven::OtherOrigin) }
}

const FORMAT: &str = "c2sp.org/tlog-proof@v1";

/// C2SP tlog-witness, "add-checkpoint": no more than 63. A path in a tree of 2^63 leaves is no longer either.
const PROOF_LINES_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::super::note::KeyName;
    use super::super::tree::{Frontier, node_hash};
    use super::*;
    use crate::secret::Secret;

    /// The proof of the second of three leaves, and that the tree began as the first two.
    fn proofs() -> (VerifierKey, InclusionText, ConsistencyText) {
        let leaves = [b"one".as_slice(), b"two", b"three"].map(leaf_hash);
        let mut tree = Frontier::default();
        leaves.iter().for_each(|leaf| drop(tree.append(*leaf)));
        let checkpoint = Checkpoint { origin: "shop/till".into(), size: 3, root: tree.root(), extensions: vec![] };
        let mut note = Note::new(&checkpoint.to_string()).unwrap();
        let key = note.sign(&KeyName::new("shop/till").unwrap(), &Secret::from_fn(|seed| seed.fill(3)));
        let proof = vec![leaves[0], leaves[2]];
        let inclusion = InclusionText { extra: b"two".to_vec(), index: 1, proof, checkpoint: note.clone() };
        (key, inclusion, ConsistencyText { old_size: 2, proof: vec![leaves[2]], checkpoint: note })
    }

    #[test]
    fn a_proof_is_written_read_and_proves() {
        let (key, inclusion, consistency) = proofs();
        let text = inclusion.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra dHdv\nindex 1\n"), "{text}");
        assert_eq!(InclusionText::parse(text.as_bytes()), Ok(inclusion.clone()));
        assert_eq!(inclusion.verify(&key).unwrap().size, 3);
        let text = consistency.to_string();
        assert!(text.starts_with("old 2\n"), "{text}");
        assert_eq!(ConsistencyText::parse(text.as_bytes()), Ok(consistency.clone()));
        let old_root = node_hash(&leaf_hash(b"one"), &leaf_hash(b"two"));
        assert_eq!(consistency.verify(&key, &old_root).unwrap().size, 3);
        assert_eq!(consistency.verify(&key, &[0; 32]), Err(NotProven::Hashes));
    }

    #[test]
    fn what_is_changed_proves_nothing() {
        type Change = fn(&mut InclusionText);
        let table: [(&str, Change, NotProven); 6] = [
            ("other bytes", |text| text.extra.push(b'!'), NotProven::Hashes),
            ("another place", |text| text.index = 0, NotProven::Hashes),
            ("beyond the tree", |text| text.index = 3, NotProven::Hashes),
            ("a hash less", |text| text.proof.truncate(1), NotProven::Hashes),
            ("another hash", |text| text.proof[0][0] ^= 1, NotProven::Hashes),
            (
                "somebody else's checkpoint",
                |text| text.checkpoint = Note::new(text.checkpoint.text()).unwrap(),
                NotProven::Unsigned(Unverified::NoKnownKey),
            ),
        ];
        for (case, change, why) in table {
            let (key, mut inclusion, _) = proofs();
            change(&mut inclusion);
            assert_eq!(inclusion.verify(&key), Err(why), "{case}");
        }
    }

    #[test]
    fn a_key_signs_for_its_own_origin_alone() {
        let (key, mut inclusion, _) = proofs();
        let seed = Secret::from_fn(|seed| seed.fill(3));
        for (text, why) in [
            (inclusion.checkpoint.text().replace("shop/till", "shop/tell"), NotProven::OtherOrigin),
            ("a letter\n".to_owned(), NotProven::NoCheckpoint(CheckpointRefused::TooShort)),
        ] {
            inclusion.checkpoint = Note::new(&text).unwrap();
            inclusion.checkpoint.sign(key.name(), &seed);
            assert_eq!(inclusion.verify(&key), Err(why));
        }
    }

    #[test]
    fn each_broken_line_is_named() {
        use TextRefused as R;
        let (_, inclusion, consistency) = proofs();
        let (good, old) = (inclusion.to_string(), consistency.to_string());
        let hash = base64::encode(&inclusion.proof[0]);
        let long = good.replace("index 1\n", &format!("index 1\n{}", format!("{hash}\n").repeat(62)));
        for (case, text, rule) in [
            ("nothing", String::new(), R::Malformed),
            ("lines end as on Windows", good.replace('\n', "\r\n"), R::Malformed),
            ("another version", good.replace("@v1", "@v2"), R::UnknownFormat),
            ("no extra line", good.replace("extra dHdv\n", ""), R::Extra),
            ("extra without its space", good.replace("extra ", "extra"), R::Extra),
            ("extra that is no base 64", good.replace("dHdv", "dHd"), R::Extra),
            ("no index", good.replace("index 1\n", ""), R::Number),
            ("an index with a zero before it", good.replace("index 1", "index 01"), R::Number),
            ("a line that is no hash", good.replace(&hash, "dHdv"), R::ProofLine),
            ("64 lines", long, R::ProofLine),
            ("no note", good.split_inclusive("\n\n").next().unwrap().to_owned(), R::Note(NoteRefused::NoBlankLine)),
        ] {
            assert_eq!(InclusionText::parse(text.as_bytes()), Err(rule), "{case}");
        }
        for (case, text, rule) in [
            ("the other kind", good, R::UnknownFormat),
            ("a sign", old.replace("old 2", "old +2"), R::Number),
            ("a line that is no hash", old.replace("old 2\n", "old 2\nx\n"), R::ProofLine),
        ] {
            assert_eq!(ConsistencyText::parse(text.as_bytes()), Err(rule), "{case}");
        }
    }
}
