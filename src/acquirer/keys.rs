//! The working keys of one sign-on, in use and as they are kept.
//!
//! Kept is the host's own key block, still encrypted under the terminal master key, behind a version byte and
//! the master key's check value: a set from another master key is recognised before it is opened. The kept
//! bytes lie sealed in the journal.
//!
//! It never gives a working key out. Evidence: `mod tests` below.

use crate::paycrypto::{KeyError, MacKey, MasterKey, WorkingKeys, open_key_block};
use crate::secret::{SecretBytes, same_bytes};

/// Working keys together with the block that they came in.
pub(super) struct KeySet {
    keys: WorkingKeys,
    block: SecretBytes,
    master_check: [u8; 4],
}

const KEPT_VERSION: u8 = 1;
const KEPT_HEADER_SIZE: usize = 5;

impl KeySet {
    /// Opens a sign-on's key block; each key must have its check value.
    pub(super) fn open(master: &MasterKey, block: &[u8]) -> Result<Self, KeyError> {
        let keys = open_key_block(master, block)?;
        Ok(Self { keys, block: SecretBytes::new(block.to_vec()), master_check: master.check_value() })
    }

    /// Opens what [`Self::kept`] gave. Anything else, also a set under another master key, is none.
    pub(super) fn reopen(master: &MasterKey, kept: &SecretBytes) -> Option<Self> {
        let (header, block) = kept.expose().split_at_checked(KEPT_HEADER_SIZE)?;
        let known = header[0] == KEPT_VERSION && same_bytes(&header[1..], &master.check_value());
        if known { Self::open(master, block).ok() } else { None }
    }

    /// The bytes to keep.
    pub(super) fn kept(&self) -> SecretBytes {
        let mut bytes = Vec::with_capacity(KEPT_HEADER_SIZE + self.block.expose().len());
        bytes.push(KEPT_VERSION);
        bytes.extend_from_slice(&self.master_check);
        bytes.extend_from_slice(self.block.expose());
        SecretBytes::new(bytes)
    }

    /// The key that messages are authenticated with.
    pub(super) fn mac_key(&self) -> &MacKey {
        &self.keys.mak
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paycrypto::{ClearKeys, make_key_block};

    fn master(byte: u8) -> MasterKey {
        MasterKey::new(&[byte, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]).unwrap()
    }

    fn block(master: &MasterKey) -> Vec<u8> {
        make_key_block(master, &ClearKeys { pik: &[0x11; 16], mak: &[0x22; 16], tdk: None }).unwrap()
    }

    #[test]
    fn a_kept_set_opens_under_its_own_master_key_only() {
        let own = master(0x10);
        let set = KeySet::open(&own, &block(&own)).unwrap();
        let again = KeySet::reopen(&own, &set.kept()).unwrap();
        assert_eq!(again.mac_key().check_value(), set.mac_key().check_value());
        assert!(KeySet::reopen(&master(0x40), &set.kept()).is_none());
    }

    #[test]
    fn what_was_not_kept_so_is_no_set() {
        let own = master(0x10);
        let kept = KeySet::open(&own, &block(&own)).unwrap().kept();
        let mut other_version = kept.expose().to_vec();
        other_version[0] = 2;
        let mut damaged = kept.expose().to_vec();
        damaged[KEPT_HEADER_SIZE] ^= 1;
        let short = kept.expose()[..kept.expose().len() - 1].to_vec();
        for refused in [Vec::new(), vec![KEPT_VERSION; 4], other_version, damaged, short] {
            assert!(KeySet::reopen(&own, &SecretBytes::new(refused)).is_none());
        }
    }
}
