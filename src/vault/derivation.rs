//! From a password to 32 bytes: Argon2id (RFC 9106), its parameters and their floor.
//!
//! The floor is OWASP's: 19 MiB, two passes, one lane. A slot's parameters are chosen on the device (see
//! `vault/calibration.rs`), stored with the slot, and refused when they are read back weaker than the floor.
//!
//! It never runs by itself: [`derive()`] takes a quarter of a second and belongs on a thread of its own, whose stack
//! the caller wipes with [`crate::secret::wipe_stack`]. Evidence: `mod tests` below, `tests/vault_tamper.rs`.

use argon2::{Algorithm, Argon2, Block, Version};
use zeroize::Zeroize;

use crate::secret::Secret;

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;

/// Argon2id's cost parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Params {
    /// The least that is used: 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet).
    pub const FLOOR: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// The most that is believed when it is read: 1 GiB, 64 passes, one lane.
    const CEILING: Self = Self { memory_kib: 1024 * 1024, passes: 64, lanes: 1 };

    /// Which parameter is out of bounds: `memory`, `passes` or `lanes`.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let outside = |value, pick: fn(&Self) -> u32| !(pick(&Self::FLOOR)..=pick(&Self::CEILING)).contains(&value);
        if outside(self.memory_kib, |params| params.memory_kib) {
            Some("memory")
        } else if outside(self.passes, |params| params.passes) {
            Some("passes")
        } else if outside(self.lanes, |params| params.lanes) {
            Some("lanes")
        } else {
            None
        }
    }

    /// Memory times passes: what an attacker pays, and nearly what we pay.
    #[must_use]
    pub(super) fn work(&self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }
}

/// What a derivation needs besides the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    salt: [u8; SALT_BYTES],
    params: Params,
}

impl Derivation {
    pub(super) fn new(salt: [u8; SALT_BYTES], params: Params) -> Self {
        Self { salt, params }
    }

    /// One to measure with; what comes of it is for nothing.
    #[must_use]
    pub fn to_measure(params: Params) -> Self {
        Self::new(*b"taptill measures", params)
    }

    /// The salt.
    #[must_use]
    pub fn salt(&self) -> &[u8; SALT_BYTES] {
        &self.salt
    }

    /// The cost.
    #[must_use]
    pub fn params(&self) -> Params {
        self.params
    }
}

/// Argon2id, version 0x13, 32 bytes. Its memory is wiped before it is given back.
///
/// # Panics
/// When the parameters are out of bounds: no slot and no terms that the vault gives are.
#[must_use]
#[inline(never)]
pub fn derive(password: &[u8], derivation: &Derivation) -> Secret<32> {
    let Params { memory_kib, passes, lanes } = derivation.params;
    let params = argon2::Params::new(memory_kib, passes, lanes, Some(32)).expect("the parameters are within bounds");
    let mut memory = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let derived = Secret::from_fn(|out| {
        argon2
            .hash_password_into_with_memory(password, &derivation.salt, out, &mut memory)
            .expect("the lengths of salt, output and memory are as Argon2 wants them");
    });
    memory.zeroize();
    derived
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// Made with the reference C implementation (Debian argon2 0~20171227):
    /// `printf 'tall ships sail at 7 bells' | argon2 0123456789abcdef -id -t 2 -k 19456 -p 1 -l 32 -r`.
    #[test]
    fn the_floor_gives_what_the_reference_gives() {
        let derivation = Derivation::new(*b"0123456789abcdef", Params::FLOOR);
        let derived = derive(b"tall ships sail at 7 bells", &derivation);
        assert_eq!(hex::encode(derived.expose()), "454FD9EBB859F1313C312F77B3C89C7BB6441EBD42F9D929F5A3160A5CDB04AC");
    }

    #[test]
    fn parameters_out_of_bounds_are_named() {
        let floor = Params::FLOOR;
        for (params, fault) in [
            (floor, None),
            (Params { memory_kib: 1024 * 1024, passes: 64, lanes: 1 }, None),
            (Params { memory_kib: 19 * 1024 - 1, ..floor }, Some("memory")),
            (Params { memory_kib: 1024 * 1024 + 1, ..floor }, Some("memory")),
            (Params { passes: 1, ..floor }, Some("passes")),
            (Params { passes: 65, ..floor }, Some("passes")),
            (Params { lanes: 0, ..floor }, Some("lanes")),
            (Params { lanes: 2, ..floor }, Some("lanes")),
        ] {
            assert_eq!(params.fault(), fault, "{params:?}");
        }
    }
}
