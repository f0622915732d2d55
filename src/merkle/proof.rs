//! Proofs that a leaf is in a tree, and that a tree began as an older one.
//!
//! Making a proof follows the recursive definitions of RFC 6962, 2.1.1 (PATH) and 2.1.2 (PROOF) and reads at
//! most two nodes a level; checking one follows the loops of RFC 9162, 2.1.3.2 and 2.1.4.2.
//!
//! It never trusts a proof's length. Evidence: `mod tests` below (every leaf and every pair of sizes to 100, each
//! hash corrupted, each proof cut and lengthened).

use super::tree::{Hash, NodeId, empty_root, node_hash};
use crate::secret::same_bytes;

/// Where stored nodes are read from.
pub trait Nodes {
    /// Why one cannot be read.
    type Error;

    /// The node at these coordinates; level 0 are the leaves' hashes.
    ///
    /// # Errors
    /// The owner's own.
    fn node(&mut self, id: NodeId) -> Result<Hash, Self::Error>;
}

/// Why a proof cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeError<E> {
    /// The leaf, or the older tree, is beyond the tree.
    BeyondTree,
    /// A node cannot be read.
    Unreadable(E),
}

/// The proof does not prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofRefused;

/// A proof that leaf `index`, from 0, is in the tree of `size` leaves: its siblings, lowest first.
///
/// # Errors
/// [`NodeError`].
pub fn inclusion_proof<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, NodeError<N::Error>> {
    if index >= size {
        return Err(NodeError::BeyondTree);
    }
    let mut proof = Vec::new();
    path(nodes, index, 0, size, &mut proof).map_err(NodeError::Unreadable)?;
    Ok(proof)
}

/// A proof that the tree of `size` leaves began as the tree of its first `old_size`.
///
/// # Errors
/// [`NodeError`].
pub fn consistency_proof<N: Nodes>(nodes: &mut N, old_size: u64, size: u64) -> Result<Vec<Hash>, NodeError<N::Error>> {
    if old_size > size {
        return Err(NodeError::BeyondTree);
    }
    let mut proof = Vec::new();
    if old_size > 0 {
        subproof(nodes, old_size, 0, size, true, &mut proof).map_err(NodeError::Unreadable)?;
    }
    Ok(proof)
}

/// Checks that `proof` shows `leaf` at `index`, from 0, in the tree of `size` leaves with this root.
///
/// # Errors
/// [`ProofRefused`].
pub fn verify_inclusion(proof: &[Hash], index: u64, leaf: &Hash, size: u64, root: &Hash) -> Result<(), ProofRefused> {
    if index >= size {
        return Err(ProofRefused);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofRefused);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            (at, last) = skip_levels_without_sibling(at, last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last == 0 && same_bytes(&hash, root) { Ok(()) } else { Err(ProofRefused) }
}

/// Checks that `proof` shows that the tree of `size` leaves with `root` began as that of `old_size` with `old_root`.
///
/// # Errors
/// [`ProofRefused`].
pub fn verify_consistency(
    proof: &[Hash],
    old_size: u64,
    old_root: &Hash,
    size: u64,
    root: &Hash,
) -> Result<(), ProofRefused> {
    // RFC 9162 leaves these two open: nothing is the beginning of everything, and a tree of itself.
    if old_size == 0 || old_size == size {
        let expected = if old_size == 0 { empty_root() } else { *root };
        return if proof.is_empty() && same_bytes(old_root, &expected) { Ok(()) } else { Err(ProofRefused) };
    }
    if old_size > size {
        return Err(ProofRefused);
    }
    // A complete old tree is a node of the new one and is not repeated in the proof.
    let (first, rest) = match proof.split_first() {
        None => return Err(ProofRefused),
        Some(_) if old_size.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (first, rest),
    };
    let complete_levels = (old_size - 1).trailing_ones();
    let (mut at, mut last) = ((old_size - 1) >> complete_levels, (size - 1) >> complete_levels);
    let (mut old_hash, mut hash) = (*first, *first);
    for node in rest {
        if last == 0 {
            return Err(ProofRefused);
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(node, &old_hash);
            hash = node_hash(node, &hash);
            (at, last) = skip_levels_without_sibling(at, last);
        } else {
            hash = node_hash(&hash, node);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    let proven = last == 0 && same_bytes(&old_hash, old_root) && same_bytes(&hash, root);
    if proven { Ok(()) } else { Err(ProofRefused) }
}

/// The last node of a level may stand alone; it then is its own parent until it is somebody's right child.
fn skip_levels_without_sibling(mut at: u64, mut last: u64) -> (u64, u64) {
    while at & 1 == 0 && at != 0 {
        (at, last) = (at >> 1, last >> 1);
    }
    (at, last)
}

/// RFC 6962, 2.1.1: PATH(index, D[begin..end]).
fn path<N: Nodes>(nodes: &mut N, index: u64, begin: u64, end: u64, proof: &mut Vec<Hash>) -> Result<(), N::Error> {
    if end - begin == 1 {
        return Ok(());
    }
    let middle = begin + left_width(end - begin);
    let (inner, sibling) =
        if index < middle { ((begin, middle), (middle, end)) } else { ((middle, end), (begin, middle)) };
    path(nodes, index, inner.0, inner.1, proof)?;
    proof.push(subtree(nodes, sibling.0, sibling.1)?);
    Ok(())
}

/// RFC 6962, 2.1.2: SUBPROOF(old, D[begin..end], known), where `known` says that the verifier has this very hash.
fn subproof<N: Nodes>(
    nodes: &mut N,
    old: u64,
    begin: u64,
    end: u64,
    known: bool,
    proof: &mut Vec<Hash>,
) -> Result<(), N::Error> {
    if old == end {
        if !known {
            proof.push(subtree(nodes, begin, end)?);
        }
        return Ok(());
    }
    let middle = begin + left_width(end - begin);
    if old <= middle {
        subproof(nodes, old, begin, middle, known, proof)?;
        proof.push(subtree(nodes, middle, end)?);
    } else {
        subproof(nodes, old, middle, end, false, proof)?;
        proof.push(subtree(nodes, begin, middle)?);
    }
    Ok(())
}

/// The hash over leaves `begin..end`, where `begin` is a multiple of the largest power of two within.
fn subtree<N: Nodes>(nodes: &mut N, begin: u64, end: u64) -> Result<Hash, N::Error> {
    let width = end - begin;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return nodes.node(NodeId { level, index: begin >> level });
    }
    let middle = begin + left_width(width);
    Ok(node_hash(&subtree(nodes, begin, middle)?, &subtree(nodes, middle, end)?))
}

/// The largest power of two smaller than `width`, which is at least 2.
fn left_width(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::{PUBLISHED_LEAVES, PUBLISHED_ROOTS, unhex};
    use super::super::tree::{Frontier, leaf_hash};
    use super::*;
    use std::convert::Infallible;

    /// A tree whose nodes are stored with the leaf that completes them, as the journal does.
    struct Stored {
        rows: Vec<Vec<Hash>>,
        roots: Vec<Hash>,
    }

    impl Stored {
        fn grow(leaves: impl Iterator<Item = Hash>) -> Self {
            let mut frontier = Frontier::default();
            let mut stored = Self { rows: Vec::new(), roots: vec![frontier.root()] };
            for leaf in leaves {
                stored.rows.push([vec![leaf], frontier.append(leaf)].concat());
                stored.roots.push(frontier.root());
            }
            stored
        }
    }

    impl Nodes for Stored {
        type Error = Infallible;

        fn node(&mut self, id: NodeId) -> Result<Hash, Infallible> {
            Ok(self.rows[id.completed_by() as usize][id.level as usize])
        }
    }

    fn hundred() -> Stored {
        Stored::grow((0..100).map(|leaf| leaf_hash(&[leaf])))
    }

    /// Each way in which a proof can be wrong: every hash corrupted, one left out, one added.
    fn corruptions(proof: &[Hash]) -> Vec<Vec<Hash>> {
        let mut wrong = Vec::new();
        for at in 0..proof.len() {
            let mut corrupt = proof.to_vec();
            corrupt[at][at % 32] ^= 1;
            wrong.push(corrupt);
            let mut short = proof.to_vec();
            short.remove(at);
            wrong.push(short);
        }
        wrong.push([proof, &[[0; 32]]].concat());
        wrong
    }

    #[test]
    fn every_leaf_of_every_size_is_proven_and_no_corrupt_proof_is() {
        let mut tree = hundred();
        for size in 1..=100_u64 {
            let root = tree.roots[size as usize];
            for index in 0..size {
                let proof = inclusion_proof(&mut tree, index, size).unwrap();
                let leaf = tree.rows[index as usize][0];
                assert_eq!(verify_inclusion(&proof, index, &leaf, size, &root), Ok(()), "{index} of {size}");
                for wrong in corruptions(&proof) {
                    assert_eq!(verify_inclusion(&wrong, index, &leaf, size, &root), Err(ProofRefused));
                }
                let other = leaf_hash(b"other");
                assert_eq!(verify_inclusion(&proof, index, &other, size, &root), Err(ProofRefused));
                assert_eq!(verify_inclusion(&proof, index ^ 1, &leaf, size, &root), Err(ProofRefused));
            }
        }
    }

    #[test]
    fn every_tree_began_as_every_smaller_one_and_no_corrupt_proof_shows_it() {
        let mut tree = hundred();
        for size in 0..=100_u64 {
            let root = tree.roots[size as usize];
            for old_size in 0..=size {
                let old_root = tree.roots[old_size as usize];
                let proof = consistency_proof(&mut tree, old_size, size).unwrap();
                let verdict =
                    |proof: &[Hash], old: &Hash, new: &Hash| verify_consistency(proof, old_size, old, size, new);
                assert_eq!(verdict(&proof, &old_root, &root), Ok(()), "{old_size} of {size}");
                for wrong in corruptions(&proof) {
                    assert_eq!(verdict(&wrong, &old_root, &root), Err(ProofRefused), "{old_size} of {size}");
                }
                assert_eq!(verdict(&proof, &[7; 32], &root), Err(ProofRefused));
                if old_size > 0 {
                    assert_eq!(verdict(&proof, &old_root, &[7; 32]), Err(ProofRefused));
                }
            }
        }
    }

    /// Siblings of leaf 0 in the published tree of eight, and its beginning at six (nodes of the published tree).
    #[test]
    fn published_proofs_are_made_and_accepted() {
        let mut tree = Stored::grow(PUBLISHED_LEAVES.iter().map(|leaf| leaf_hash(&unhex(leaf))));
        let root: Hash = unhex(PUBLISHED_ROOTS[7]).try_into().unwrap();
        let inclusion = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        let inclusion: Vec<Hash> = inclusion.iter().map(|hash| unhex(hash).try_into().unwrap()).collect();
        assert_eq!(inclusion_proof(&mut tree, 0, 8).unwrap(), inclusion);
        assert_eq!(verify_inclusion(&inclusion, 0, &leaf_hash(b""), 8, &root), Ok(()));
        let consistency = [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        let consistency: Vec<Hash> = consistency.iter().map(|hash| unhex(hash).try_into().unwrap()).collect();
        let old_root: Hash = unhex(PUBLISHED_ROOTS[5]).try_into().unwrap();
        assert_eq!(consistency_proof(&mut tree, 6, 8).unwrap(), consistency);
        assert_eq!(verify_consistency(&consistency, 6, &old_root, 8, &root), Ok(()));
    }

    #[test]
    fn what_is_beyond_the_tree_is_refused() {
        let mut tree = hundred();
        assert_eq!(inclusion_proof(&mut tree, 100, 100), Err(NodeError::BeyondTree));
        assert_eq!(inclusion_proof(&mut tree, 0, 0), Err(NodeError::BeyondTree));
        assert_eq!(consistency_proof(&mut tree, 100, 99), Err(NodeError::BeyondTree));
        let root = tree.roots[1];
        assert_eq!(verify_inclusion(&[], 1, &root, 1, &root), Err(ProofRefused));
        assert_eq!(verify_inclusion(&[], u64::MAX, &root, u64::MAX, &root), Err(ProofRefused));
        assert_eq!(verify_consistency(&[root], 2, &root, 1, &root), Err(ProofRefused));
        assert_eq!(verify_consistency(&[], 1, &root, 2, &root), Err(ProofRefused));
    }

    #[test]
    fn a_proof_in_a_million_reads_tens_of_nodes() {
        struct Counting(usize);
        impl Nodes for Counting {
            type Error = Infallible;
            fn node(&mut self, _: NodeId) -> Result<Hash, Infallible> {
                self.0 += 1;
                Ok([0; 32])
            }
        }
        let worst = |size: u64| {
            let indices = [0, 1, size / 3, size / 2, size - 1];
            indices.into_iter().map(move |index| {
                let mut nodes = Counting(0);
                inclusion_proof(&mut nodes, index, size).unwrap();
                consistency_proof(&mut nodes, index, size).unwrap();
                nodes.0
            })
        };
        assert!(worst(1_000_000).chain(worst(1 << 20)).chain(worst((1 << 20) - 1)).all(|reads| reads <= 80));
    }
}
