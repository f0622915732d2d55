//! Secrets as types: bytes that are wiped on drop and cannot be printed.
//!
//! A secret has no `Debug`, no `Display`, no `Clone` and no serde. The one way to its bytes is `expose`,
//! so that a search for that word lists every place where a secret is used.
//!
//! It never compares secrets with `==`; [`same_bytes`] takes the same time wherever they differ.
//! Evidence: `tests/no_card_data.rs` (nothing printed or stored holds a secret), `sandbox/tests/memory_scan.rs`
//! (nothing is left in memory).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Exactly `N` secret bytes.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Lets `fill` write the bytes in place, so that no copy stays behind on the caller's stack.
    pub fn from_fn(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut bytes = Box::new([0; N]);
        fill(&mut bytes);
        Self(bytes)
    }

    /// Copies `N` bytes in; the caller still owns, and wipes, its own copy.
    ///
    /// # Errors
    /// The number of bytes found, when it is not `N`.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, usize> {
        if bytes.len() != N {
            return Err(bytes.len());
        }
        Ok(Self::from_fn(|own| own.copy_from_slice(bytes)))
    }

    /// The bytes, for the length of a borrow.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

/// Secret bytes whose number is only known at run time.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over. Growing a vector leaves copies behind: build it with its final capacity.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the length of a borrow.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// How far below its caller [`wipe_stack`] reaches, in bytes.
pub const WIPED_STACK_BYTES: usize = 128 * 1024;

/// Overwrites the stack below the caller, where functions that have returned may have left secrets.
///
/// Call it from a frame above an `#[inline(never)]` worker that held the secret; the thread needs [`WIPED_STACK_BYTES`]
/// of stack left. It reaches neither registers, nor the caller's own frame, nor deeper than that, and a compiler may
/// spill elsewhere: what it is worth is measured by a scan of memory, not promised by the language.
#[inline(never)]
pub fn wipe_stack() {
    zeroize::zeroize_stack::<WIPED_STACK_BYTES>();
}

/// Does a thread's work and leaves nothing of it on the thread's stack, also where it panics: what is unwound is
/// overwritten as well, and the panic goes on from here.
pub fn on_a_wiped_stack<T>(work: impl FnOnce() -> T) -> T {
    let done = caught(work);
    wipe_stack();
    done.unwrap_or_else(|panic| resume_unwind(panic))
}

#[inline(never)]
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    // Whoever is told of the panic sees nothing of what the work had borrowed but through this call.
    catch_unwind(AssertUnwindSafe(work))
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
#[must_use]
pub fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
