//! The cryptography around a payment message: its MAC, and the working keys that a host sends at sign-on.
//!
//! Sources: ISO/IEC 9797-1 algorithms 1 and 3 (X9.9, X9.19), NIST SP 800-38B (AES-CMAC), RFC 2104 (HMAC);
//! the UnionPay MAC and key block follow public descriptions of terminal code and are secondary sources.
//! A key serves one usage, has a type of its own for it, and never gives its bytes out: it has no `Debug`,
//! no `Clone`, no serde. It never draws a random number. Evidence: `tests/wire_crypto.rs` (values made elsewhere).

mod des_key;
mod key_block;
mod keys;
mod mac;

pub use key_block::{ClearKeys, make_key_block, open_key_block};
pub use keys::{DataKey, KeyError, KeyUsage, MacKey, MasterKey, PinKey, WorkingKeys};
pub use mac::{MacAlgorithm, Padding, TAG_BYTES_MIN, Tag, mac};
