//! The key block of a sign-on answer: working keys under the terminal's master key, with check values.
//!
//! | bytes | what they are |
//! |---|---|
//! | 24 | PIK 8, check 4, MAK 8, check 4 |
//! | 40 | PIK 16, check 4, MAK 16, check 4 |
//! | 60 | PIK 16, check 4, MAK 16, check 4, TDK 16, check 4 |
//!
//! In the two long forms a single-length MAK stands in its 16 bytes as 8 bytes and 8 zero bytes (UnionPay field
//! 62; a secondary source). Read as a double-length key it would fail its check value, so zeros decide the length.
//! A block is accepted whole or not at all. Evidence: `mod tests` below.

use zeroize::Zeroizing;

use super::des_key::{BLOCK, DesKey};
use super::keys::{DataKey, KeyError, KeyUsage, MacKey, MasterKey, PinKey, WorkingKeys};
use crate::secret::same_bytes;

const CHECK_BYTES: usize = 4;
const SINGLE: usize = 8;
const DOUBLE: usize = 16;

/// Opens a key block and checks every check value.
///
/// # Errors
/// [`KeyError::KeyBlockLength`], [`KeyError::CheckValueMismatch`] with the first key that fails.
pub fn open_key_block(tmk: &MasterKey, block: &[u8]) -> Result<WorkingKeys, KeyError> {
    let key_bytes = match block.len() {
        24 => SINGLE,
        40 | 60 => DOUBLE,
        bytes => return Err(KeyError::KeyBlockLength { bytes }),
    };
    let mut parts = block.chunks_exact(key_bytes + CHECK_BYTES).map(|part| part.split_at(key_bytes));
    let missing = KeyError::KeyBlockLength { bytes: block.len() };
    let (pik, pik_check) = parts.next().ok_or(missing)?;
    let (mak, mak_check) = parts.next().ok_or(missing)?;
    let pik = open_key(tmk, KeyUsage::Pin, pik, pik_check)?;
    let mak = open_key(tmk, KeyUsage::Mac, without_zero_half(mak), mak_check)?;
    let tdk = parts.next().map(|(tdk, check)| open_key(tmk, KeyUsage::Data, tdk, check)).transpose()?;
    Ok(WorkingKeys {
        pik: PinKey::new(&pik)?,
        mak: MacKey::new(&mak)?,
        tdk: tdk.map(|tdk| DataKey::new(&tdk)).transpose()?,
    })
}

fn without_zero_half(mak: &[u8]) -> &[u8] {
    match mak.split_at_checked(SINGLE) {
        Some((first, [0, 0, 0, 0, 0, 0, 0, 0])) => first,
        _ => mak,
    }
}

fn open_key(tmk: &MasterKey, usage: KeyUsage, sealed: &[u8], check: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut key = Zeroizing::new(sealed.to_vec());
    for_each_block(&mut key, |block| tmk.cipher().decrypt(block));
    let found = DesKey::new(&key).ok_or(KeyError::Length { usage, bytes: key.len() })?.check_value();
    if same_bytes(&found, check) { Ok(key) } else { Err(KeyError::CheckValueMismatch { usage }) }
}

/// Working keys in the clear, as the host that makes a key block knows them.
pub struct ClearKeys<'a> {
    /// 8 or 16 bytes.
    pub pik: &'a [u8],
    /// 8 or 16 bytes.
    pub mak: &'a [u8],
    /// 16 bytes.
    pub tdk: Option<&'a [u8]>,
}

/// Makes a key block, as a host does. The lengths of the keys choose its form.
///
/// # Errors
/// [`KeyError::NoSuchKeyBlock`] for lengths that no form holds, as a single-length PIK with a double-length MAK.
pub fn make_key_block(tmk: &MasterKey, keys: &ClearKeys<'_>) -> Result<Vec<u8>, KeyError> {
    let slot = keys.pik.len();
    let fits = match (slot, keys.mak.len(), keys.tdk.map(<[u8]>::len)) {
        (SINGLE, SINGLE, None) => true,
        (DOUBLE, SINGLE | DOUBLE, tdk) => tdk.is_none_or(|bytes| bytes == DOUBLE),
        _ => false,
    };
    if !fits {
        return Err(KeyError::NoSuchKeyBlock);
    }
    let mut block = Vec::with_capacity(3 * (DOUBLE + CHECK_BYTES));
    for key in [Some(keys.pik), Some(keys.mak), keys.tdk].into_iter().flatten() {
        let check = DesKey::new(key).ok_or(KeyError::NoSuchKeyBlock)?.check_value();
        let mut sealed = Zeroizing::new(key.to_vec());
        for_each_block(&mut sealed, |part| tmk.cipher().encrypt(part));
        sealed.resize(slot, 0);
        block.extend_from_slice(&sealed);
        block.extend_from_slice(&check);
    }
    Ok(block)
}

fn for_each_block(bytes: &mut [u8], change: impl Fn(&mut [u8; BLOCK])) {
    bytes.as_chunks_mut::<BLOCK>().0.iter_mut().for_each(change);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TMK: [u8; 16] = *b"\x01\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";
    const PIK: [u8; 16] = [0x31; 16];
    const MAK: [u8; 16] = *b"AAAAAAAABBBBBBBB";

    fn block(pik: usize, mak: usize, tdk: bool) -> Vec<u8> {
        let keys = ClearKeys { pik: &PIK[..pik], mak: &MAK[..mak], tdk: tdk.then_some(&[0x7A; 16]) };
        make_key_block(&MasterKey::new(&TMK).unwrap(), &keys).unwrap()
    }

    #[test]
    fn a_block_opens_to_the_keys_it_was_made_of() {
        for (pik, mak, tdk, bytes) in [(8, 8, false, 24), (16, 8, false, 40), (16, 16, false, 40), (16, 8, true, 60)] {
            let block = block(pik, mak, tdk);
            assert_eq!(block.len(), bytes);
            let keys = open_key_block(&MasterKey::new(&TMK).unwrap(), &block).unwrap();
            assert_eq!(keys.mak.bytes(), &MAK[..mak]);
            assert_eq!(keys.pik.check_value(), DesKey::new(&PIK[..pik]).unwrap().check_value());
            assert_eq!(keys.tdk.is_some(), tdk);
        }
    }

    #[test]
    fn a_single_length_mac_key_is_followed_by_zeros_in_the_long_forms() {
        assert_eq!(block(16, 8, false)[28..36], [0; 8]);
        assert_eq!(block(16, 8, true)[28..36], [0; 8]);
    }

    #[test]
    fn a_block_with_one_wrong_bit_is_refused_with_the_key_that_it_hit() {
        let tmk = MasterKey::new(&TMK).unwrap();
        for good in [block(8, 8, false), block(16, 8, false), block(16, 16, false), block(16, 16, true)] {
            let slot = if good.len() == 24 { 12 } else { 20 };
            for bit in 0..good.len() * 8 {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                let usage = [KeyUsage::Pin, KeyUsage::Mac, KeyUsage::Data][bit / 8 / slot];
                assert_eq!(open_key_block(&tmk, &bad).err(), Some(KeyError::CheckValueMismatch { usage }), "bit {bit}");
            }
        }
    }

    #[test]
    fn other_lengths_are_refused() {
        let tmk = MasterKey::new(&TMK).unwrap();
        for bytes in [0, 1, 12, 20, 23, 25, 39, 41, 59, 61, 80] {
            assert_eq!(open_key_block(&tmk, &vec![0; bytes]).err(), Some(KeyError::KeyBlockLength { bytes }));
        }
        for (pik, mak, tdk) in [(8, 16, None), (16, 24, None), (0, 0, None), (8, 8, Some(16)), (16, 16, Some(8))] {
            let bytes = [0x11; 24];
            let keys = ClearKeys { pik: &bytes[..pik], mak: &bytes[..mak], tdk: tdk.map(|count| &bytes[..count]) };
            assert_eq!(make_key_block(&tmk, &keys), Err(KeyError::NoSuchKeyBlock));
        }
    }

    #[test]
    fn a_block_under_another_master_key_is_refused() {
        let other = MasterKey::new(&[0x55; 16]).unwrap();
        let refused = open_key_block(&other, &block(16, 8, false)).err();
        assert_eq!(refused, Some(KeyError::CheckValueMismatch { usage: KeyUsage::Pin }));
    }
}
