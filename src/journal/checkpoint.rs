//! What the journal hands to strangers: signed heads, and proofs of single events.
//!
//! | text | form | what it shows |
//! |---|---|---|
//! | public key | a vkey a line: Ed25519, then ES256 where the device has one | by which keys all others are checked |
//! | checkpoint | C2SP tlog-checkpoint as a signed note | that this till vouches for its journal up to here |
//! | proof | C2SP tlog-proof; its `extra` line are the event's bytes | that one event is in it |
//! | consistency | the request of C2SP tlog-witness | that it began as an older checkpoint says |
//! | evidence | COSE_Sign1 beside a list of files | that this till handed out these, and these alone |
//!
//! The keys are those of `signing.rs`. A proof holds one event and hashes, each of bytes with a salt.
//!
//! It never signs but the head that the open journal has, what is framed as evidence, and the statement with which a
//! till is deregistered. Evidence: `tests/journal_checkpoint.rs`,
//! `tests/verify_it_yourself.rs`.

use super::error::JournalError;
use super::event::{Draft, SideWork};
use super::journal::{Head, Journal};
use super::signing::SigningKeys;
use crate::clock::Now;
use crate::merkle::{
    Checkpoint, ConsistencyText, InclusionText, NodeError, Note, VerifierKey, consistency_proof, es256_fixed,
};
use crate::ports::DeviceKeysFault;

/// Why a checkpoint was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointReason {
    /// Somebody asked for it.
    Asked,
    /// Records are handed to somebody.
    Evidence,
    /// The operator signs out.
    SignOut,
    /// The batch is closed.
    BatchClose,
    /// So many events have come since the last.
    Routine,
    /// The till is frozen.
    Freeze,
    /// Somebody leaves by the checklist.
    Exit,
    /// The till is deregistered: it is the last.
    Deregistration,
}

impl CheckpointReason {
    /// The stable word for the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Evidence => "evidence",
            Self::SignOut => "sign_out",
            Self::BatchClose => "batch_close",
            Self::Routine => "routine",
            Self::Freeze => "freeze",
            Self::Exit => "exit",
            Self::Deregistration => "deregistration",
        }
    }

    /// Whether a routine checkpoint is due when a journal has grown: each time that its size passes a multiple of
    /// `every`. Without one to remember, a restart neither forgets one for long nor makes two.
    #[must_use]
    pub fn is_routine_due(before: u64, after: u64, every: u64) -> bool {
        before.checked_div(every) < after.checked_div(every)
    }
}

impl Head {
    /// The head as it travels to the acquirer: its size, high byte first, and its root.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.size.to_be_bytes());
        bytes[8..].copy_from_slice(&self.root);
        bytes
    }

    /// The head of these bytes; `None` where there are more or fewer than a head has.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, root) = bytes.split_first_chunk()?;
        Some(Self { size: u64::from_be_bytes(*size), root: root.try_into().ok()? })
    }
}

/// The signatures that lie beside a list of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceSignatures {
    /// By the journal's own key.
    pub ed25519: Vec<u8>,
    /// By the device's, where it has one.
    pub es256: Option<Vec<u8>>,
}

impl Journal {
    /// Records that a checkpoint is made, and gives it: the signed head, of which that event is the last leaf.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], as [`Journal::append`], and those of the device's keys.
    pub fn checkpoint(
        &mut self,
        reason: CheckpointReason,
        operator: Option<String>,
        now: Now,
    ) -> Result<Note, JournalError> {
        let keys = self.signing_keys()?;
        let body = serde_json::json!({ "reason": reason.word() });
        self.append(draft(CHECKPOINT, operator, body), SideWork::None, now)?;
        self.signed(&keys, self.head())
    }

    /// The event of this sequence, with the proof that it is in the journal whose head is signed now.
    ///
    /// # Errors
    /// [`JournalError::RecordUnknown`], [`JournalError::CheckpointKeyMissing`], [`JournalError::Damaged`], and those of
    /// the storage and the device's keys.
    pub fn prove(&self, sequence: u64) -> Result<InclusionText, JournalError> {
        let unknown = JournalError::RecordUnknown { asked: sequence, last: self.head().size };
        let record = self.record_with_proof(sequence)?.ok_or(unknown)?;
        let checkpoint = self.signed(&self.signing_keys()?, record.head)?;
        Ok(InclusionText { extra: record.bytes, index: sequence - 1, proof: record.proof, checkpoint })
    }

    /// The proof that the journal whose head is signed now began as it was when it had `old_size` events.
    ///
    /// # Errors
    /// As [`Journal::prove`].
    pub fn prove_consistency(&self, old_size: u64) -> Result<ConsistencyText, JournalError> {
        let head = self.head();
        let proof = consistency_proof(&mut self.store()?.nodes(), old_size, head.size);
        let proof = proof.map_err(|error| match error {
            NodeError::Unreadable(error) => error,
            NodeError::BeyondTree => JournalError::RecordUnknown { asked: old_size, last: head.size },
        })?;
        // It is checked before anybody else does: a node that was changed is damage here and not a bad proof there.
        let _checked = if old_size == 0 { [0; 32] } else { self.root_at(old_size)? };
        Ok(ConsistencyText { old_size, proof, checkpoint: self.signed(&self.signing_keys()?, head)? })
    }

    /// Signs a statement of the till's own with the keys of its checkpoints. Its first line must be no journal's name, so
    /// that it is never taken for a checkpoint.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], [`JournalError::EventTooLong`] for a text that is none, and those of the
    /// device's keys.
    pub fn vouch(&self, text: &str) -> Result<Note, JournalError> {
        let keys = self.signing_keys()?;
        debug_assert!(!text.starts_with(keys.origin.as_str()), "it is no checkpoint");
        let note = Note::new(text).map_err(|_| JournalError::EventTooLong)?;
        self.add_signatures(&keys, note)
    }

    /// Signs the list of what is handed out as evidence, with each of the journal's keys. The signatures lie beside the
    /// list and are framed (RFC 9052), so that none of them is one of a checkpoint.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage and the device's keys.
    pub fn sign_evidence(&self, list: &[u8]) -> Result<EvidenceSignatures, JournalError> {
        let keys = self.signing_keys()?;
        let ed25519 = VerifierKey::sign_detached(keys.origin.clone(), &keys.seed, list);
        let alias = keys.device_alias();
        let es256 = keys.device.map(|device| {
            let der = self.store()?.file.ports.device_keys.sign(&alias, &device.detached_bytes(list))?;
            let signature = es256_fixed(&der).ok_or(DeviceKeysFault::Damaged)?;
            Ok::<_, JournalError>(device.detached_file(signature))
        });
        Ok(EvidenceSignatures { ed25519, es256: es256.transpose()? })
    }

    fn signed(&self, keys: &SigningKeys, head: Head) -> Result<Note, JournalError> {
        let origin = keys.origin.as_str().to_owned();
        let text = Checkpoint { origin, size: head.size, root: head.root, extensions: Vec::new() }.to_string();
        let note = Note::new(&text).expect("a checkpoint is lines of printable characters");
        self.add_signatures(keys, note)
    }

    fn add_signatures(&self, keys: &SigningKeys, mut note: Note) -> Result<Note, JournalError> {
        note.sign(&keys.origin, &keys.seed);
        if let Some(device) = &keys.device {
            note.add(device, self.store()?.file.ports.device_keys.sign(&keys.device_alias(), note.text().as_bytes())?);
        }
        Ok(note)
    }
}

pub(super) fn draft(kind: &'static str, operator: Option<String>, body: serde_json::Value) -> Draft {
    Draft { kind, v: 1, attempt: None, operator, body, may_use_ballast: false }
}

/// The event of a checkpoint.
pub const CHECKPOINT: &str = "journal.checkpoint";
/// Bytes of a head as it travels.
const HEAD_BYTES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routine_checkpoint_is_due_when_a_multiple_is_passed() {
        for (before, after, every, due) in [
            (0, 1, 100, false),
            (99, 100, 100, true),
            (98, 103, 100, true),
            (100, 101, 100, false),
            (7, 8, 1, true),
            (7, 7, 1, false),
            (0, 1_000_000, 0, false),
        ] {
            assert_eq!(CheckpointReason::is_routine_due(before, after, every), due, "{before} to {after} of {every}");
        }
    }

    #[test]
    fn a_head_travels_as_forty_bytes() {
        let head = Head { size: 0x0102, root: [9; 32] };
        let bytes = head.to_bytes();
        assert_eq!((&bytes[..8], &bytes[8..]), (&[0, 0, 0, 0, 0, 0, 1, 2][..], &[9; 32][..]));
        assert_eq!(Head::from_bytes(&bytes), Some(head));
        for length in [0, 7, 8, 39] {
            assert_eq!(Head::from_bytes(&bytes[..length]), None, "{length} bytes");
        }
        assert_eq!(Head::from_bytes(&[0; 41]), None);
    }
}
