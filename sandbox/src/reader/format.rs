//! What the scripted reader and the simulated host have agreed on: format 1 of an encrypted read.
//!
//! The payload is a content key under the host's RSA key (OAEP with SHA-256, RFC 8017, 7.1) and the card's parts under
//! that content key (AES-256-GCM, NIST SP 800-38D), which serves one read only. Amount, currency and nonce are the
//! additional data of the seal, and the reader signs them together with the payload (ECDSA P-256, SHA-256).
//!
//! It holds no key. Evidence: `mod tests` below, `sandbox/tests/host_reads.rs`.

use zeroize::Zeroizing;

/// The name of the format.
pub(crate) const FORMAT: &str = "sandbox-1";
/// The name of the host's key.
pub(crate) const HOST_KEY: &str = "sandbox-host-1";
/// The bytes of a content key under RSA of 2048 bits.
pub(crate) const WRAPPED_KEY_BYTES: usize = 256;

/// What a read is bound to, as bytes.
pub(crate) fn binding(amount_minor: u64, currency_number: u16, nonce: &[u8]) -> Vec<u8> {
    [b"taptill sandbox read 1", &amount_minor.to_be_bytes()[..], &currency_number.to_be_bytes(), nonce].concat()
}

/// What the reader signs.
pub(crate) fn signed(binding: &[u8], payload: &[u8]) -> Vec<u8> {
    [binding, payload].concat()
}

/// The parts of a card in a read: number, expiry (`YYMM`), sequence number (none or one byte), track 2, chip data.
pub(crate) const PARTS: usize = 5;

/// Each part with its length in two bytes before it.
pub(crate) fn pack(parts: [&[u8]; PARTS]) -> Zeroizing<Vec<u8>> {
    let mut packed = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len() + 2).sum()));
    for part in parts {
        packed.extend(u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        packed.extend_from_slice(part);
    }
    packed
}

/// The parts again; `None` for anything that [`pack`] does not make.
pub(crate) fn unpack(mut packed: &[u8]) -> Option<[&[u8]; PARTS]> {
    let mut parts = [&[][..]; PARTS];
    for part in &mut parts {
        let (length, rest) = packed.split_first_chunk()?;
        (*part, packed) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    }
    packed.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_whole_or_not_at_all() {
        let parts = [&b"4761739001010119"[..], b"2812", b"", b"4761739001010119D2812", &[0x9F, 0x36, 0x02, 0, 1]];
        let packed = pack(parts);
        assert_eq!(unpack(&packed), Some(parts));
        for end in 0..packed.len() {
            assert_eq!(unpack(&packed[..end]), None, "cut at {end}");
        }
        assert_eq!(unpack(&[&packed[..], &[0]].concat()), None);
    }

    #[test]
    fn a_binding_differs_in_each_of_its_parts() {
        let bound = binding(500, 156, &[7; 16]);
        for other in [binding(501, 156, &[7; 16]), binding(500, 157, &[7; 16]), binding(500, 156, &[8; 16])] {
            assert_ne!(bound, other);
        }
    }
}
