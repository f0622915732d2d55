//! Work that a till lends out, to be done on a thread of its own: a password's derivation, and a person who is recognised.
//!
//! Each is run once and never touches the till; what panics is a device that does not serve. Evidence: `terminal/driver/tests.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ports::BiometricFault;
use crate::secret::{Secret, SecretBytes};
use crate::vault::{self, Derivation, SealedEnrolment};

/// A derivation, to be run on a thread of its own.
pub struct Work(Box<WorkOnce>);

type WorkOnce = dyn FnOnce(&mut Derive<'_>) -> Option<Secret<32>> + Send;

/// How a key is derived: [`vault::derive`], or what a test remembers of it.
pub type Derive<'a> = dyn FnMut(&[u8], &Derivation) -> Secret<32> + 'a;

impl Work {
    pub(crate) fn new(work: impl FnOnce(&mut Derive<'_>) -> Option<Secret<32>> + Send + 'static) -> Self {
        Self(Box::new(work))
    }

    /// Does it; nothing where the device has no room for it.
    #[must_use]
    pub fn run(self) -> Option<Secret<32>> {
        self.run_with(&mut vault::derive)
    }

    /// The same with another way to derive.
    #[must_use]
    pub fn run_with(self, derive: &mut Derive<'_>) -> Option<Secret<32>> {
        (self.0)(derive)
    }
}

/// Something that waits for a person whom the device recognises, to be run on a thread of its own.
pub struct Recognition {
    number: u64,
    work: Box<RecognitionOnce>,
}

type RecognitionOnce = dyn FnOnce() -> Result<Said, BiometricFault> + Send;

/// What came of a [`Recognition`].
pub struct Recognised {
    pub(super) number: u64,
    pub(super) result: Result<Said, BiometricFault>,
}

/// What the device gave for a recognised person.
pub(super) enum Said {
    Released(SecretBytes),
    Sealed(SealedEnrolment),
}

impl Recognition {
    pub(in crate::till) fn new(
        number: u64,
        work: impl FnOnce() -> Result<Said, BiometricFault> + Send + 'static,
    ) -> Self {
        Self { number, work: Box::new(work) }
    }

    /// What is to be heard where there is no thread for it.
    #[must_use]
    pub fn refused(&self) -> Recognised {
        Recognised { number: self.number, result: Err(BiometricFault::Unavailable) }
    }

    /// Asks the device, which asks the person. A port that panics does not serve.
    #[must_use]
    pub fn run(self) -> Recognised {
        let result = catch_unwind(AssertUnwindSafe(self.work)).unwrap_or(Err(BiometricFault::Unavailable));
        Recognised { number: self.number, result }
    }
}
