//! Two-key triple DES on single blocks, and the MAC that EMV builds from it.
//!
//! Source: ISO/IEC 9797-1 algorithm 3 with DES (EMV Book 2, annex A1.2.1). Evidence: `sandbox/tests/issuer_vectors.rs`.

use des::cipher::{BlockCipherEncrypt, KeyInit};
use des::{Des, TdesEde2};
use taptill::secret::Secret;

/// One DES block.
pub(super) type Block = [u8; 8];

/// Enciphers one block under a double-length key.
pub(super) fn encipher(key: &Secret<16>, block: Block) -> Block {
    let mut out = block.into();
    TdesEde2::new(key.expose().into()).encrypt_block(&mut out);
    out.into()
}

/// How a message is brought to whole blocks before its MAC.
#[derive(Clone, Copy)]
pub(super) enum Padding {
    /// ISO/IEC 9797-1 method 1: zeros, as few as possible.
    Zeros,
    /// ISO/IEC 9797-1 method 2: one byte 80, then zeros.
    OneThenZeros,
}

/// The eight-byte MAC of a message: a DES chain under the left half, its last step under both.
pub(super) fn mac(key: &Secret<16>, message: &[u8], padding: Padding) -> Block {
    let left = Secret::<8>::from_fn(|half| half.copy_from_slice(&key.expose()[..8]));
    let chain = Des::new(left.expose().into());
    let padded = pad(message, padding);
    let last = padded.len() / 8 - 1;
    let mut state = Block::default();
    for (index, block) in padded.chunks_exact(8).enumerate() {
        for (byte, other) in state.iter_mut().zip(block) {
            *byte ^= other;
        }
        if index == last {
            return encipher(key, state);
        }
        let mut next = state.into();
        chain.encrypt_block(&mut next);
        state = next.into();
    }
    state
}

fn pad(message: &[u8], padding: Padding) -> Vec<u8> {
    let mut padded = message.to_vec();
    if matches!(padding, Padding::OneThenZeros) {
        padded.push(0x80);
    }
    padded.resize(padded.len().next_multiple_of(8).max(8), 0);
    padded
}
