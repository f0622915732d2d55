//! One bit for each place in the journal: memory that does not grow with a statement's lines.
//!
//! A till's journal of a million sales has some five million places, which is 640 KB. Evidence: `mod tests` below.

/// A set of sequences.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Puts a sequence in; whether it was new.
    pub fn insert(&mut self, sequence: u64) -> bool {
        let (word, mask) = place(sequence);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & mask == 0;
        self.0[word] |= mask;
        is_new
    }

    /// Whether a sequence is in.
    pub fn contains(&self, sequence: u64) -> bool {
        let (word, mask) = place(sequence);
        self.0.get(word).is_some_and(|bits| bits & mask != 0)
    }
}

fn place(sequence: u64) -> (usize, u64) {
    ((sequence / 64) as usize, 1 << (sequence % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_in_and_nothing_else() {
        let mut bits = Bits::default();
        for sequence in [0, 63, 64, 5_000] {
            assert!(bits.insert(sequence));
            assert!(!bits.insert(sequence));
        }
        let inside: Vec<u64> = (0..6_000).filter(|sequence| bits.contains(*sequence)).collect();
        assert_eq!(inside, [0, 63, 64, 5_000]);
    }
}
