//! The terms on which a password is tried: how many guesses, how long a lockout, how costly a new derivation.
//!
//! They are the shop's policy as far as it must be known while nobody is signed in, in a row of their own that
//! vouches for itself; older and kinder terms put back find no device key.
//!
//! They never say how long a password must be. Evidence: `mod tests` below, `tests/vault_tamper.rs`.

use super::derivation::Params;
use super::error::VaultError;
use super::slot::Parts;

/// The most tries that a shop may allow.
pub(super) const TRIES_MAX: u8 = 20;

/// How guesses are limited and new passwords derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Guesses before a lockout, 1 to 20.
    pub tries: u8,
    /// How long a lockout lasts, in milliseconds on the device's monotonic clock: 1 second to 24 hours.
    pub lockout_ms: u64,
    /// The cost of a new password's derivation.
    pub params: Params,
    /// Whether somebody who freezes the till at its lock screen must give a password.
    pub freeze_needs_password: bool,
}

impl Terms {
    /// 10 tries and 30 minutes (PCI DSS 4.0.1, 8.3.4), and the floor.
    pub const FIRST: Self =
        Self { tries: 10, lockout_ms: 30 * 60 * 1000, params: Params::FLOOR, freeze_needs_password: false };

    /// Terms that are within their bounds.
    ///
    /// # Errors
    /// [`VaultError::TermsInvalid`] with the part that is not.
    pub fn check(&self) -> Result<(), VaultError> {
        if !(1..=TRIES_MAX).contains(&self.tries) {
            return Err(VaultError::TermsInvalid { part: "tries" });
        }
        if !(1_000..=24 * 60 * 60 * 1000).contains(&self.lockout_ms) {
            return Err(VaultError::TermsInvalid { part: "lockout_ms" });
        }
        match self.params.fault() {
            Some(part) => Err(VaultError::TermsInvalid { part }),
            None => Ok(()),
        }
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![self.tries];
        bytes.extend_from_slice(&self.lockout_ms.to_be_bytes());
        for number in [self.params.memory_kib, self.params.passes, self.params.lanes] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        // Said only where it is so: rows from before it are read as they were written.
        if self.freeze_needs_password {
            bytes.push(1);
        }
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = Parts(bytes);
        let terms = Self {
            tries: rest.byte()?,
            lockout_ms: rest.long_number()?,
            params: Params { memory_kib: rest.number()?, passes: rest.number()?, lanes: rest.number()? },
            freeze_needs_password: match rest.0 {
                [] => false,
                [1] => rest.byte()? == 1,
                _ => return None,
            },
        };
        (rest.0.is_empty() && terms.check().is_ok()).then_some(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_out_of_bounds_are_refused_and_never_read() {
        let first = Terms::FIRST;
        assert_eq!(Terms::read(&first.to_bytes()), Some(first));
        for (part, terms) in [
            ("tries", Terms { tries: 0, ..first }),
            ("tries", Terms { tries: 21, ..first }),
            ("lockout_ms", Terms { lockout_ms: 999, ..first }),
            ("lockout_ms", Terms { lockout_ms: u64::MAX, ..first }),
            ("passes", Terms { params: Params { passes: 1, ..Params::FLOOR }, ..first }),
        ] {
            assert_eq!(terms.check(), Err(VaultError::TermsInvalid { part }));
            assert_eq!(Terms::read(&terms.to_bytes()), None);
        }
        assert_eq!(Terms::read(&first.to_bytes()[1..]), None);
        let asks = Terms { freeze_needs_password: true, ..first };
        assert_eq!(Terms::read(&asks.to_bytes()), Some(asks));
        for end in [[0].as_slice(), &[2], &[1, 1]] {
            assert_eq!(Terms::read(&[&first.to_bytes(), end].concat()), None, "{end:?}");
        }
    }
}
