//! The terminal on a bad day: frozen, and let go again.
//!
//! Each method is one question to the till's thread. A freeze takes no longer than the journal does, unless a password
//! goes with it; a release takes as long as a password's derivation.
//!
//! It decides nothing. Evidence: `tests/incident_freeze.rs`, `sandbox/tests/till_incident.rs`.

use crate::error::Error;
use crate::ids::OperatorName;
use crate::incident::freeze::FreezeReason;
use crate::secret::SecretBytes;
use crate::terminal::Terminal;
use crate::till::Ask;

impl Terminal {
    /// Freezes the till, whoever is signed in, locked or signed out: from now on nothing is sold, given back or voided,
    /// and what has not left yet does not leave. `by` is whoever freezes a locked till and says who it is. A till that is
    /// frozen stays as it is.
    ///
    /// # Errors
    /// `till_unclaimed`; at a locked till `freeze_needs_password` where the shop's rules say so, and with a password
    /// `sign_in_refused`, `operator_locked_out`, `till_busy`; the errors of keys and storage.
    pub fn freeze(&self, reason: Option<FreezeReason>, by: Option<(OperatorName, SecretBytes)>) -> Result<(), Error> {
        self.done(Ask::Freeze { reason, by })
    }

    /// Lets a frozen till go, in the names of whoever is signed in and of a second person. A till that is not frozen
    /// stays so.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `frozen_by_host`, `release_needs_another`; for the second person
    /// `sign_in_refused`, `operator_locked_out`, `password_must_change`; `till_busy`, and the errors of keys and storage.
    pub fn release(&self, second: &OperatorName, password: SecretBytes) -> Result<(), Error> {
        self.done(Ask::Release { second: second.clone(), password })
    }
}
