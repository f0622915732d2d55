//! What a stranger needs to check this till's journal: checkpoints, proofs and the public key.
//!
//! Everything is text in published formats (C2SP signed note, tlog-checkpoint, tlog-proof), for verifiers that are not
//! ours; `docs/verify-it-yourself.md` has one. No call shows more than its one event.
//!
//! It decides nothing. Evidence: `tests/contract`.

use std::sync::Arc;

use taptill::terminal::Terminal;
use taptill::till::ProofOf;

use crate::aside::aside;
use crate::errors::TillError;
use crate::payments::Open;
use crate::values::attempt_id;

/// Proofs of the journal. May be used from any thread, and from several at once; each call blocks for some milliseconds.
#[derive(uniffi::Object)]
pub struct Proofs {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl Proofs {
    /// Signs the journal as it is now: a signed note, with its size and its root.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, `till_unclaimed`, and the errors of keys and storage.
    pub fn checkpoint(&self) -> Result<String, TillError> {
        Ok(self.till.terminal.checkpoint()?)
    }

    /// Proves that an attempt's last event is in the journal.
    ///
    /// # Errors
    /// `attempt_unknown`, `identifier_malformed`, `not_permitted`, `till_locked`, `till_unclaimed`.
    pub fn prove_attempt(&self, attempt: &str) -> Result<String, TillError> {
        Ok(self.till.terminal.prove(&ProofOf::Attempt(attempt_id(attempt)?))?)
    }

    /// Proves that the event at this place, from 1, is in the journal.
    ///
    /// # Errors
    /// `record_unknown`, `not_permitted`, `till_locked`, `till_unclaimed`.
    pub fn prove_event(&self, sequence: u64) -> Result<String, TillError> {
        Ok(self.till.terminal.prove(&ProofOf::Sequence(sequence))?)
    }

    /// Proves that the journal as it is now continues the one that had this many events.
    ///
    /// # Errors
    /// `record_unknown` for a size that it has not reached, `not_permitted`, `till_locked`, `till_unclaimed`.
    pub fn consistency(&self, old_size: u64) -> Result<String, TillError> {
        Ok(self.till.terminal.consistency(old_size)?)
    }

    /// Says that people know of a journal that the acquirer knew longer: the till sells again. A supervisor's.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, `till_unclaimed`, and the errors of storage. Where nothing was rolled back it
    /// changes nothing.
    pub async fn accept_roll_back(&self) -> Result<(), TillError> {
        aside(&self.till, "taptill-proofs", Terminal::accept_roll_back).await
    }

    /// The keys that checkpoints are signed with: a verifier key a line, the first one Ed25519.
    ///
    /// # Errors
    /// `till_locked`, `till_unclaimed`, and the errors of keys.
    pub fn public_key(&self) -> Result<String, TillError> {
        Ok(self.till.terminal.public_key()?)
    }
}
