//! Chance that a seed decides: SplitMix64, the same numbers on every machine.
//!
//! It never asks the system for randomness. Evidence: `sandbox/simulator/tests/same_bytes.rs`.

use std::sync::Mutex;

use taptill::ports::{Entropy, EntropyFault};

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Whether it happens, `times` in `out_of`.
    pub fn happens(&mut self, times: u64, out_of: u64) -> bool {
        self.below(out_of) < times
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// The till's random bytes, from a seed.
pub(crate) struct Seeded(Mutex<Dice>);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Dice::new(seed)))
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        let mut dice = self.0.lock().map_err(|_| EntropyFault)?;
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&dice.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
