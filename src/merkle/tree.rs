//! Hashes, coordinates and the growing edge of a tree.
//!
//! Nodes have a level, 0 for leaves, and an index from the left within the level. Only nodes of complete
//! subtrees have coordinates: they never change once the tree has grown past them. RFC 6962, 2.1.
//!
//! It never sees a record, only its hash. Evidence: `mod tests` below (published roots).

use ring::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The root of a tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    to_hash(digest(&SHA256, b""))
}

/// SHA-256(0x00 ‖ data).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(data);
    to_hash(context.finish())
}

/// SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    to_hash(digest(&SHA256, &bytes))
}

fn to_hash(digest: ring::digest::Digest) -> Hash {
    digest.as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// Where a node of a complete subtree stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId {
    /// Its height over the leaves: it covers 2^level of them. At most 63.
    pub level: u32,
    /// How many nodes of this level are left of it.
    pub index: u64,
}

impl NodeId {
    /// The leaf, counted from 0, with which the node becomes complete: the last that it covers.
    ///
    /// Whoever stores the nodes that [`Frontier::append`] gives with their leaf finds this one there, at place
    /// `level - 1`.
    #[must_use]
    pub fn completed_by(self) -> u64 {
        ((self.index + 1) << self.level) - 1
    }
}

/// The right edge of a tree: all that is needed to let it grow and to know its root.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees that the tree consists of, largest first: one for each bit of `size`.
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The edge of a tree of `size` leaves whose complete subtrees, largest first, have these roots.
    ///
    /// `None` when there are not as many as the size has one-bits.
    #[must_use]
    pub fn from_subtrees(size: u64, subtrees: Vec<Hash>) -> Option<Self> {
        (subtrees.len() == size.count_ones() as usize).then_some(Self { size, subtrees })
    }

    /// The coordinates of the complete subtrees of a tree of `size` leaves, largest first.
    pub fn nodes_of(size: u64) -> impl Iterator<Item = NodeId> {
        let has_subtree = move |level: &u32| size >> level & 1 == 1;
        (0..u64::BITS).rev().filter(has_subtree).map(move |level| NodeId { level, index: (size >> level) - 1 })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its complete subtrees, largest first.
    #[must_use]
    pub fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// The tree's root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let smallest_first = self.subtrees.iter().rev().copied();
        smallest_first.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }

    /// Adds a leaf and gives the nodes that it completes, from level 1 upward.
    pub fn append(&mut self, leaf: Hash) -> Vec<Hash> {
        let mut completed = Vec::new();
        self.append_into(leaf, &mut completed);
        completed
    }

    /// As [`Frontier::append`], with the nodes in place of what was in `completed`.
    pub fn append_into(&mut self, leaf: Hash, completed: &mut Vec<Hash>) {
        completed.clear();
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.subtrees.pop().expect("each one-bit of the size has its subtree");
            node = node_hash(&left, &node);
            completed.push(node);
        }
        self.subtrees.push(node);
        self.size += 1;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The leaves of the published Certificate Transparency test tree.
    pub const PUBLISHED_LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    /// Its roots at sizes 1 to 8.
    pub const PUBLISHED_ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    pub fn unhex(text: &str) -> Vec<u8> {
        crate::hex::decode(text).unwrap()
    }

    #[test]
    fn the_published_tree_has_its_published_roots() {
        let empty = unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let mut tree = Frontier::default();
        assert_eq!(tree.root().to_vec(), empty);
        for (leaf, root) in PUBLISHED_LEAVES.iter().zip(PUBLISHED_ROOTS) {
            tree.append(leaf_hash(&unhex(leaf)));
            assert_eq!(tree.root().to_vec(), unhex(root), "size {}", tree.size());
        }
    }

    #[test]
    fn each_complete_node_is_given_once_with_the_leaf_that_completes_it() {
        let mut tree = Frontier::default();
        let mut stored = Vec::new();
        for leaf in 0..100 {
            stored.push(tree.append(leaf_hash(&[leaf])));
            for (id, root) in Frontier::nodes_of(tree.size()).zip(tree.subtrees()) {
                let row = &stored[id.completed_by() as usize];
                match id.level {
                    0 => assert_eq!(*root, leaf_hash(&[id.completed_by() as u8])),
                    level => assert_eq!(*root, row[level as usize - 1]),
                }
            }
        }
    }

    #[test]
    fn a_frontier_without_a_subtree_for_each_bit_is_refused() {
        for (size, subtrees, accepted) in [(0, 0, true), (3, 2, true), (4, 1, true), (0, 1, false), (3, 1, false)] {
            let frontier = Frontier::from_subtrees(size, vec![[0; 32]; subtrees]);
            assert_eq!(frontier.is_some(), accepted, "{size} with {subtrees}");
        }
    }
}
