//! What the vault's rows and device keys are called.
//!
//! A name in a row is the operator's own; `+` is in no operator's name. An alias ends in random digits that its row
//! holds, so that no two generations of a row share a device key, or in the number of a guess.
//!
//! It never reads or writes either. Evidence: `mod tests` below.

use crate::hex;
use crate::ids::OperatorName;

/// Bytes of a random number that tells slots, rows and changes apart.
pub(super) const ID_BYTES: usize = 8;

/// A random number of a slot, a row or a change.
pub(super) type Id = [u8; ID_BYTES];

/// How the rows of all slots begin.
pub(super) const SLOTS: &str = "vault/slot/";
const BIOMETRIC: &str = "+biometric";
/// The recovery code's slot.
pub(super) const RECOVERY: &str = "vault/slot/+recovery";
/// The master key of a till that is nobody's yet.
pub(super) const UNCLAIMED: &str = "vault/unclaimed";
/// How guesses are limited and new passwords derived.
pub(super) const TERMS: &str = "vault/terms";
/// How the rows begin that say what was tried at a name.
pub(super) const TRIED: &str = "vault/tried/";
/// How the lists of device keys begin that a change leaves over.
pub(super) const SWEEPS: &str = "vault/sweep/";

/// The device key by which a till knows its own rows.
pub(super) const TILL_KEY: &str = "vault.till";
/// The device key that wraps the master key of a till that is nobody's yet.
pub(super) const UNCLAIMED_KEY: &str = "vault.unclaimed";
/// What is done at the device beside guesses at names that are nobody's.
pub(super) const UNKNOWN_GUESSES: &str = "unknown";

/// How the names of the platform's biometric keys begin.
const BIOMETRIC_KEYS: &str = "vault.biometric.";

pub(super) fn operator(name: &OperatorName) -> String {
    format!("{SLOTS}{name}")
}

pub(super) fn biometric(name: &OperatorName) -> String {
    format!("{SLOTS}{name}{BIOMETRIC}")
}

/// Whether a row of this name could be a slot's. Any other that begins like one was written by somebody else.
pub(super) fn is_of_a_slot(row: &str) -> bool {
    let Some(rest) = row.strip_prefix(SLOTS) else { return false };
    row == RECOVERY || OperatorName::new(rest.strip_suffix(BIOMETRIC).unwrap_or(rest)).is_ok()
}

/// Whose password's slot a row of this name is.
pub(super) fn operator_of(row: &str) -> Option<OperatorName> {
    OperatorName::new(row.strip_prefix(SLOTS)?).ok()
}

pub(super) fn lockout(guesses: &str) -> String {
    format!("vault/lockout/{guesses}")
}

pub(super) fn tried(number: &Id) -> String {
    format!("{TRIED}{}", digits(number))
}

pub(super) fn armed(slot: &Id) -> String {
    format!("vault/armed/{}", digits(slot))
}

pub(super) fn sweep(change: &Id) -> String {
    format!("{SWEEPS}{}", digits(change))
}

/// The key under which a password's derivation is worked once more.
pub(super) fn slot_key(kek: &Id) -> String {
    format!("vault.kek.{}", digits(kek))
}

/// The key under which a row has its MAC.
pub(super) fn row_key(row: &Id) -> String {
    format!("vault.row.{}", digits(row))
}

/// The key that is there while a biometric slot may be used.
pub(super) fn armed_key(slot: &Id) -> String {
    format!("vault.armed.{}", digits(slot))
}

/// The platform's key of a biometric slot.
pub(super) fn biometric_key(slot: &Id) -> String {
    format!("{BIOMETRIC_KEYS}{}", digits(slot))
}

/// Whether the platform's biometric port holds it, and not the device's keys.
pub(super) fn is_biometric_key(alias: &str) -> bool {
    alias.starts_with(BIOMETRIC_KEYS)
}

/// One guess that may yet be made.
pub(super) fn guess_key(guesses: &str, number: u8) -> String {
    format!("guess.{guesses}.{number}")
}

/// The key of a lockout that is running.
pub(super) fn lockout_key(guesses: &str) -> String {
    format!("lockout.{guesses}")
}

/// One lockout that was sat out and not told to the journal yet.
pub(super) fn served_key(guesses: &str, number: u8) -> String {
    format!("served.{guesses}.{number}")
}

pub(super) fn digits(id: &Id) -> String {
    hex::encode_lower(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_is_one_that_a_device_takes() {
        let guesses = digits(&[0xAB; ID_BYTES]);
        let aliases = [
            TILL_KEY.to_owned(),
            UNCLAIMED_KEY.to_owned(),
            slot_key(&[0xFF; ID_BYTES]),
            row_key(&[0; ID_BYTES]),
            armed_key(&[1; ID_BYTES]),
            biometric_key(&[1; ID_BYTES]),
            guess_key(&guesses, 255),
            guess_key(UNKNOWN_GUESSES, 0),
            lockout_key(&guesses),
            served_key(&guesses, 255),
        ];
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
        for alias in aliases {
            assert!((1..=64).contains(&alias.len()) && alias.bytes().all(plain), "{alias}");
        }
    }

    #[test]
    fn a_row_that_no_slot_can_have_is_told_by_its_name() {
        let name = OperatorName::new("bob.2").unwrap();
        for row in [operator(&name), biometric(&name), RECOVERY.to_owned()] {
            assert!(is_of_a_slot(&row), "{row}");
        }
        for row in ["!x", "", "+recovery+biometric", "bob+biometric+biometric", "bob+", "Bob", "bob/2", "+biometric"] {
            assert!(!is_of_a_slot(&format!("{SLOTS}{row}")), "{row}");
        }
        assert!(!is_of_a_slot("vault/terms"));
    }

    #[test]
    fn no_operator_can_be_called_so_that_rows_meet() {
        let name = OperatorName::new("recovery").unwrap();
        assert_ne!(operator(&name), RECOVERY);
        assert!(OperatorName::new("+recovery").is_err() && OperatorName::new("a+biometric").is_err());
    }
}
