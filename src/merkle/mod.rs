//! Merkle trees over a log that only grows, as Certificate Transparency has them (RFC 6962, section 2).
//!
//! A leaf is SHA-256(0x00 ‖ data), a node SHA-256(0x01 ‖ left ‖ right). A [`Frontier`] grows the tree and gives
//! its root; [`inclusion_proof`] and [`consistency_proof`] read stored nodes; the two `verify_` functions need
//! nothing but hashes, and are written from RFC 9162 rather than from the functions that make the proofs.
//! [`Note`], [`Checkpoint`], [`InclusionText`] and [`ConsistencyText`] are what a stranger is handed: signed texts in
//! the formats of C2SP (c2sp.org). A [`VerifierKey`] also checks signatures that lie beside a file (RFC 9052).
//!
//! It never stores anything: [`NodeId`] says which leaf completes a node, and so where its owner keeps it.
//! Evidence: `mod tests` of each file (published roots and proofs, every proof of every size to 100),
//! `tests/proof_peers.rs`.

pub mod base64;
mod checkpoint;
mod cose;
mod note;
mod proof;
mod proof_text;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointRefused};
pub use cose::{CoseRefused, SIGNATURE_BYTES, es256_fixed};
pub use note::{
    KeyName, KeyRefused, NOTE_BYTES_MAX, Note, NoteRefused, SIGNATURES_MAX, SignatureLine, Unverified, VerifierKey,
};
pub use proof::{
    NodeError, Nodes, ProofRefused, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion,
};
pub use proof_text::{ConsistencyText, InclusionText, NotProven, TextRefused};
pub use tree::{Frontier, Hash, NodeId, empty_root, leaf_hash, node_hash};
