//! What is read of the journal with its proof: a record, a root, and that the tree has only grown.
//!
//! Every proof (RFC 6962, 2.1) is checked before it is given, against the head that the journal has open; it takes some
//! tens of nodes however long the journal is.
//!
//! It never gives what it could not prove. Evidence: `tests/journal_record.rs`, `tests/journal_tamper.rs`.

use super::error::{Damage, JournalError};
use super::event::Event;
use super::journal::{Head, Journal};
use crate::merkle::{NodeError, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};

/// A record with the proof that it is in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenRecord {
    /// The event's bytes, as they were written.
    pub bytes: Vec<u8>,
    /// The siblings on the way to the head's root, lowest first; the leaf's index is its sequence minus one.
    pub proof: Vec<[u8; 32]>,
    /// The head to which the proof leads.
    pub head: Head,
}

impl Journal {
    /// One event, proven to be in the tree; `None` beyond the head.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] and those of the storage.
    pub fn event(&self, sequence: u64) -> Result<Option<Event>, JournalError> {
        self.record_with_proof(sequence)?.map(|record| Event::read(&record.bytes, sequence)).transpose()
    }

    /// One event's bytes with the proof that they are in the tree; `None` beyond the head.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] and those of the storage.
    pub fn record_with_proof(&self, sequence: u64) -> Result<Option<ProvenRecord>, JournalError> {
        if sequence > self.tree.size() {
            return self.ready().map(|()| None);
        }
        self.record_at(sequence, self.tree.size())
    }

    /// One event's bytes with the proof that they were in the tree when it had `size` events; `None` for a sequence
    /// that is not among them. It reads some tens of nodes however long the journal is.
    ///
    /// # Errors
    /// [`JournalError::CursorBeyondHead`] for a size beyond the head, [`JournalError::Damaged`] and those of the
    /// storage.
    pub fn record_at(&self, sequence: u64, size: u64) -> Result<Option<ProvenRecord>, JournalError> {
        self.ready()?;
        let head = self.head_at(size)?;
        if !(1..=size).contains(&sequence) {
            return Ok(None);
        }
        let (bytes, leaf) = self.store.event_bytes(sequence)?.ok_or(Damage::Missing.at(sequence))?;
        let index = sequence - 1;
        let proof = inclusion_proof(&mut self.store.nodes(), index, size).map_err(|error| at(sequence, error))?;
        verify_inclusion(&proof, index, &leaf, size, &head.root).map_err(|_| Damage::TreeNode.at(sequence))?;
        Ok(Some(ProvenRecord { bytes, proof, head }))
    }

    /// The proof that the tree of `size` events began as the tree of the first `old_size`, checked before it is given.
    ///
    /// # Errors
    /// [`JournalError::CursorBeyondHead`] for a size beyond the head, or an old size beyond the size;
    /// [`JournalError::Damaged`] and those of the storage.
    pub fn consistency(&self, old_size: u64, size: u64) -> Result<Vec<[u8; 32]>, JournalError> {
        self.ready()?;
        let head = self.head_at(size)?;
        if old_size > size {
            return Err(JournalError::CursorBeyondHead { last: size });
        }
        self.consistent(old_size, &head).map(|(_, proof)| proof)
    }

    /// The tree's root when the event of this sequence was the last, proven to be the beginning of the tree.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], also for a sequence beyond the head, and those of the storage.
    pub fn root_at(&self, sequence: u64) -> Result<[u8; 32], JournalError> {
        self.ready()?;
        match self.head_at(sequence) {
            Err(JournalError::CursorBeyondHead { .. }) => Err(Damage::TailMissing.at(sequence)),
            head => head.map(|head| head.root),
        }
    }

    /// The head when the tree had this size, proven to be the beginning of the tree.
    fn head_at(&self, size: u64) -> Result<Head, JournalError> {
        let head = self.head();
        if size > head.size {
            return Err(JournalError::CursorBeyondHead { last: head.size });
        }
        let root = if size == head.size { head.root } else { self.consistent(size, &head)?.0 };
        Ok(Head { size, root })
    }

    /// The root of the tree's beginning, with the proof that it is that.
    fn consistent(&self, old_size: u64, head: &Head) -> Result<([u8; 32], Vec<[u8; 32]>), JournalError> {
        let old_root = self.store.tree_at(old_size)?.root();
        let proof = consistency_proof(&mut self.store.nodes(), old_size, head.size);
        let proof = proof.map_err(|error| at(old_size, error))?;
        verify_consistency(&proof, old_size, &old_root, head.size, &head.root)
            .map_err(|_| Damage::TreeNode.at(old_size))?;
        Ok((old_root, proof))
    }
}

/// What a failure to make a proof means while the event of this sequence is read.
fn at(sequence: u64, error: NodeError<JournalError>) -> JournalError {
    match error {
        NodeError::Unreadable(error) => error,
        NodeError::BeyondTree => Damage::TreeNode.at(sequence),
    }
}
