//! The issuer's side of a chip card: key derivation, application cryptograms and issuer answers.
//!
//! The simulated cards make their cryptograms with it and the simulated host checks them with it, so each
//! computation is held against a fixed vector that other software made (`sandbox/fixtures/paycrypto.json`).
//! What it reads of a request it reads with a parser of its own, so that a slip in the core's is noticed.
//!
//! Sources: EMV Book 2, annex A1 (derivation, MAC) and section 8 (session keys, answers); the layout of
//! Visa's cryptogram versions 10 and 18 as open peers compute them (?). It never sees an online PIN.
//! Evidence: `sandbox/tests/issuer_vectors.rs` and the tables in each file.

mod chip_data;
mod cryptogram;
mod keys;
mod tdes;
mod verify;

pub use chip_data::{ChipData, ChipDataError};
pub use cryptogram::{Cryptogram, CryptogramInput, CryptogramVersion, arpc_method_1, arpc_method_2};
pub use keys::{IccMasterKey, IssuerMasterKey, SessionKey};
pub use verify::{ArqcError, RequestedKind, VerifiedRequest, verify_arqc};
