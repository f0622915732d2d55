//! Merkle trees over a log that only grows, as Certificate Transparency has them (RFC 6962, section 2).
//!
//! A leaf is SHA-256(0x00 ‖ data), a node SHA-256(0x01 ‖ left ‖ right). A [`Frontier`] grows the tree and gives
//! its root; [`inclusion_proof`] and [`consistency_proof`] read stored nodes; the two `verify_` functions need
//! nothing but hashes, and are written from RFC 9162 rather than from the functions that make the proofs.
//!
//! It never stores anything: [`NodeId`] says which leaf completes a node, and so where its owner keeps it.
//! Evidence: `mod tests` of each file: published roots and proofs, and every proof of every size to 100.

mod proof;
mod tree;

pub use proof::{
    NodeError, Nodes, ProofRefused, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion,
};
pub use tree::{Frontier, Hash, NodeId, empty_root, leaf_hash, node_hash};
