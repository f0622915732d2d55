//! The manifest: the list of everything in a bundle, which is what the till signs.
//!
//! It is JSON, one file, read back strictly: a member more or less, a name that is not one of ours or another version
//! is refused. The version is read before anything else, so that a newer bundle is told from a broken one.
//!
//! It never holds a record itself: the records are files of their own. Evidence: `incident/evidence/verify/tests.rs`.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::hex::encode_lower;
use crate::ids::{AttemptId, MerchantId, TerminalId};
use crate::incident::evidence::bundle::NotABundle;
use crate::incident::evidence::scope::{Recipient, Scope};

/// The version of bundles that is written here, and the only one that is read.
pub const EVIDENCE_VERSION: u32 = 1;

/// What a bundle says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub format: String,
    pub version: u32,
    pub scope: Scope,
    pub till: TillFacts,
    /// The head to which every proof leads.
    pub checkpoint: HeadFacts,
    /// Where every record of a stretch is disclosed.
    pub run: Option<Run>,
    /// The record with which the disclosure was agreed to.
    pub consent: u64,
    /// The records that are disclosed, by their sequence, in order.
    pub events: Vec<u64>,
    pub slips: Vec<ListedSlip>,
    pub files: Vec<ListedFile>,
}

/// Whose till it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TillFacts {
    /// The journal's name, which is also that of its keys.
    pub origin: String,
    pub terminal_id: TerminalId,
    pub merchant_id: MerchantId,
    pub merchant: String,
    /// IANA name, for showing times.
    pub time_zone: String,
}

/// A tree's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadFacts {
    pub size: u64,
    /// Small hex digits.
    pub root: String,
}

/// A stretch of the journal without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its first sequence.
    pub first: u64,
    /// Its last.
    pub last: u64,
}

/// A receipt, and where the journal stands for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedSlip {
    pub attempt: AttemptId,
    /// The record that the slip names.
    pub sequence: u64,
    /// The root with that record, small hex digits; the slip prints the first eight bytes.
    pub root: String,
}

/// A file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedFile {
    pub name: String,
    pub bytes: u64,
    /// Small hex digits.
    pub sha256: String,
}

/// The body of the event with which somebody agrees to a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consent {
    pub scope: Scope,
    /// To whom, where it was said.
    pub to: Option<Recipient>,
    /// How many records.
    pub records: u64,
    /// Which: [`digest_of`] their sequences.
    pub digest: String,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`NotABundle::Newer`] for a version that is not known here; [`NotABundle::Manifest`] for anything else.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, NotABundle> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| NotABundle::Manifest)?;
        if head.format != FORMAT {
            return Err(NotABundle::Manifest);
        }
        if head.version != EVIDENCE_VERSION {
            return Err(NotABundle::Newer { version: head.version });
        }
        serde_json::from_slice(bytes).map_err(|_| NotABundle::Manifest)
    }

    /// The bytes that are signed.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest has text keys and writes to memory");
        bytes.push(b'\n');
        bytes
    }
}

impl ListedFile {
    pub(super) fn of(name: String, contents: &[u8]) -> Self {
        Self { name, bytes: contents.len() as u64, sha256: sha256_hex(contents) }
    }
}

/// SHA-256 over these sequences, each as a decimal line, in small hex digits.
pub(super) fn digest_of(sequences: impl IntoIterator<Item = u64>) -> String {
    let lines: String = sequences.into_iter().map(|sequence| format!("{sequence}\n")).collect();
    sha256_hex(lines.as_bytes())
}

fn sha256_hex(bytes: &[u8]) -> String {
    encode_lower(digest(&SHA256, bytes).as_ref())
}

/// The name of a record's file.
pub(super) fn event_file(sequence: u64) -> String {
    format!("events/{sequence:08}.tlog-proof")
}

/// The names of a receipt's files, by its place in the list from 1: the slip, and the proof that the journal was at its
/// record what the slip says.
pub(super) fn slip_files(place: usize) -> [String; 2] {
    [format!("slips/{place:04}.txt"), format!("slips/{place:04}.tlog-consistency")]
}

/// What every manifest calls itself.
pub(super) const FORMAT: &str = "taptill-evidence";
/// The list, and the two signatures over it.
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const MANIFEST_ED25519: &str = "manifest.ed25519.cose";
pub(super) const MANIFEST_ES256: &str = "manifest.es256.cose";
/// The journal's keys, a C2SP vkey a line.
pub(super) const KEYS: &str = "public-key";
/// The signed head.
pub(super) const CHECKPOINT_NOTE: &str = "checkpoint.note";
/// A few words for whoever opens the folder.
pub(super) const READ_ME: &str = "read-me.txt";
