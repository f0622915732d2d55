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
//! The Ed25519 seed is a side row: made once, sealed under the master key, sealed anew with it. The ES256 key never
//! leaves the device. An event names both. A proof holds one event and hashes, each of bytes with a salt.
//!
//! It never signs but the head that the open journal has, what is framed as evidence, and the statement with which a
//! till is deregistered. Evidence: `tests/journal_checkpoint.rs`,
//! `tests/verify_it_yourself.rs`.

use ring::digest::{SHA256, digest};

use super::error::{Damage, JournalError};
use super::event::{Draft, SideWork};
use super::journal::{Head, Journal};
use super::keys::random_key;
use crate::clock::Now;
use crate::hex::encode_lower;
use crate::ids::TerminalId;
use crate::merkle::{
    Checkpoint, ConsistencyText, InclusionText, KeyName, NodeError, Note, VerifierKey, consistency_proof, es256_fixed,
};
use crate::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use crate::secret::{Secret, SecretBytes};

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

/// The keys with which the journal signs, as they lie in the side row: seed ‖ length of the SPKI ‖ SPKI ‖ origin.
struct SigningKeys {
    seed: Secret<32>,
    origin: KeyName,
    /// The device key's public half, where there is one.
    device: Option<VerifierKey>,
}

impl Journal {
    /// Makes the keys that sign checkpoints, once: with keys there already, nothing happens. The journal's name for
    /// strangers is `taptill/` with the terminal id and eight hex digits of the key's hash, so that two tills that have had the
    /// same terminal id are two journals.
    ///
    /// # Errors
    /// As [`Journal::append`], and those of the device's keys.
    pub fn make_checkpoint_key(
        &mut self,
        terminal: &TerminalId,
        operator: Option<String>,
        now: Now,
    ) -> Result<(), JournalError> {
        if self.side_row(KEY_ROW)?.is_some() {
            return Ok(());
        }
        let ports = &self.store()?.file.ports;
        let seed = random_key(&*ports.entropy)?;
        let spki = device_key(&*ports.device_keys)?;
        let origin = origin(terminal, &seed);
        let length = u16::try_from(spki.len()).map_err(|_| DeviceKeysFault::Damaged)?.to_be_bytes();
        let parts = [seed.expose().as_slice(), &length, &spki, origin.as_str().as_bytes()];
        // Built at its final size, so that no copy of the seed is left behind.
        let mut payload = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| payload.extend_from_slice(part));
        let keys = SigningKeys { seed, device: device(&origin, &spki)?, origin };
        let body = serde_json::json!({ "public_keys": keys.public() });
        let name = KEY_ROW.to_owned();
        self.append(
            draft(KEY_MADE, operator, body),
            SideWork::Store { name, payload: SecretBytes::new(payload) },
            now,
        )?;
        Ok(())
    }

    /// The keys by which strangers check checkpoints: a C2SP vkey a line, Ed25519 first.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage.
    pub fn public_key(&self) -> Result<String, JournalError> {
        Ok(self.signing_keys()?.public().iter().map(|vkey| format!("{vkey}\n")).collect())
    }

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

    /// The journal's name for strangers.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage.
    pub fn origin(&self) -> Result<KeyName, JournalError> {
        Ok(self.signing_keys()?.origin)
    }

    /// Signs the list of what is handed out as evidence, with each of the journal's keys. The signatures lie beside the
    /// list and are framed (RFC 9052), so that none of them is one of a checkpoint.
    ///
    /// # Errors
    /// [`JournalError::CheckpointKeyMissing`], and those of the storage and the device's keys.
    pub fn sign_evidence(&self, list: &[u8]) -> Result<EvidenceSignatures, JournalError> {
        let keys = self.signing_keys()?;
        let ed25519 = VerifierKey::sign_detached(keys.origin.clone(), &keys.seed, list);
        let es256 = keys.device.map(|device| {
            let der = self.store()?.file.ports.device_keys.sign(DEVICE_ALIAS, &device.detached_bytes(list))?;
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
            note.add(device, self.store()?.file.ports.device_keys.sign(DEVICE_ALIAS, note.text().as_bytes())?);
        }
        Ok(note)
    }

    fn signing_keys(&self) -> Result<SigningKeys, JournalError> {
        let row = self.side_row(KEY_ROW)?.ok_or(JournalError::CheckpointKeyMissing)?;
        SigningKeys::read(row.expose()).ok_or(Damage::SideRow.anywhere())
    }
}

impl SigningKeys {
    fn read(row: &[u8]) -> Option<Self> {
        let (seed, rest) = row.split_at_checked(32)?;
        let (length, rest) = rest.split_first_chunk()?;
        let (spki, origin) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let origin = KeyName::new(str::from_utf8(origin).ok()?)?;
        Some(Self { seed: Secret::from_slice(seed).ok()?, device: device(&origin, spki).ok()?, origin })
    }

    fn public(&self) -> Vec<String> {
        let own = VerifierKey::of_seed(self.origin.clone(), &self.seed);
        [Some(&own), self.device.as_ref()].into_iter().flatten().map(VerifierKey::vkey).collect()
    }
}

/// The public half of the device's signing key, which is made where it is not there; empty where the device has none.
fn device_key(keys: &dyn DeviceKeys) -> Result<Vec<u8>, DeviceKeysFault> {
    let made = if keys.exists(DEVICE_ALIAS)? { Ok(()) } else { keys.create(DEVICE_ALIAS, KeyKind::Sign) };
    match made.and_then(|()| keys.public_key(DEVICE_ALIAS)) {
        Err(DeviceKeysFault::Unsupported) => Ok(Vec::new()),
        other => other,
    }
}

fn device(origin: &KeyName, spki: &[u8]) -> Result<Option<VerifierKey>, DeviceKeysFault> {
    if spki.is_empty() {
        return Ok(None);
    }
    VerifierKey::p256(origin.clone(), spki).map(Some).map_err(|_| DeviceKeysFault::Damaged)
}

fn origin(terminal: &TerminalId, seed: &Secret<32>) -> KeyName {
    let of_any_name = KeyName::new(terminal.as_str()).expect("a terminal id is letters and digits");
    let vkey = VerifierKey::of_seed(of_any_name, seed);
    let hash = digest(&SHA256, vkey.public_bytes());
    KeyName::new(&format!("taptill/{terminal}/{}", encode_lower(&hash.as_ref()[..4])))
        .expect("letters, digits and slashes")
}

fn draft(kind: &'static str, operator: Option<String>, body: serde_json::Value) -> Draft {
    Draft { kind, v: 1, attempt: None, operator, body, may_use_ballast: false }
}

/// The event of a checkpoint.
pub const CHECKPOINT: &str = "journal.checkpoint";
/// The event with which the keys were made; its body has the public ones.
pub const KEY_MADE: &str = "journal.checkpoint_key";

/// The device keys that a journal makes.
pub(crate) const DEVICE_KEYS: [&str; 2] = [DEVICE_ALIAS, super::head::WAITING_ALIAS];
/// Bytes of a head as it travels.
const HEAD_BYTES: usize = 40;
/// The side row of the seed.
const KEY_ROW: &str = "checkpoint-key";
/// The device key that signs beside it.
const DEVICE_ALIAS: &str = "checkpoint";

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

    #[test]
    fn a_row_that_was_not_written_so_is_none() {
        let origin = b"taptill/TERM0001/00000000";
        let good = [[7; 32].as_slice(), &[0, 0], origin].concat();
        assert!(SigningKeys::read(&good).is_some_and(|keys| keys.device.is_none()));
        for length in [0, 31, 33, 34] {
            assert!(SigningKeys::read(&good[..length]).is_none(), "{length} bytes");
        }
        let too_long = [[7; 32].as_slice(), &[0xff, 0xff], origin].concat();
        let no_key = [[7; 32].as_slice(), &[0, 4], origin].concat();
        assert!(SigningKeys::read(&too_long).is_none() && SigningKeys::read(&no_key).is_none());
    }
}
