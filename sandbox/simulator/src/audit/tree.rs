//! The auditor's own Merkle tree: RFC 6962, section 2.1, written from the text.
//!
//! It never keeps more than the hashes of the complete subtrees. Evidence: `mod tests` (the definition itself).

use ring::digest::{SHA256, digest};

/// A tree that grows leaf by leaf.
#[derive(Default)]
pub(super) struct Tree {
    /// Complete subtrees, the widest first, with how many leaves each has.
    subtrees: Vec<(u64, [u8; 32])>,
}

impl Tree {
    pub fn add(&mut self, leaf: &[u8]) {
        let mut grown = (1, hash(&[&[0], leaf]));
        while let Some((leaves, left)) = self.subtrees.pop_if(|(leaves, _)| *leaves == grown.0) {
            grown = (leaves * 2, hash(&[&[1], &left, &grown.1]));
        }
        self.subtrees.push(grown);
    }

    pub fn root(&self) -> [u8; 32] {
        let mut subtrees = self.subtrees.iter().rev();
        let Some((_, last)) = subtrees.next() else { return hash(&[]) };
        subtrees.fold(*last, |right, (_, left)| hash(&[&[1], left, &right]))
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, &parts.concat()).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MTH(D\[n\]) as the RFC defines it.
    fn defined(leaves: &[Vec<u8>]) -> [u8; 32] {
        match leaves {
            [] => hash(&[]),
            [leaf] => hash(&[&[0], leaf]),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                hash(&[&[1], &defined(&leaves[..split]), &defined(&leaves[split..])])
            }
        }
    }

    #[test]
    fn the_tree_is_the_rfcs() {
        let leaves: Vec<Vec<u8>> = (0..70_u8).map(|number| vec![number; usize::from(number)]).collect();
        let mut tree = Tree::default();
        for size in 0..leaves.len() {
            assert_eq!(tree.root(), defined(&leaves[..size]), "{size}");
            tree.add(&leaves[size]);
        }
    }
}
