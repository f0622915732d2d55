//! The way to the host: another certificate for it.
//!
//! Evidence: `tests/network.rs`.

use crate::error::Error;
use crate::terminal::Terminal;
use crate::till::Ask;

impl Terminal {
    /// Fetches another certificate for the till from the host, for a new key. The old one opens nothing there as soon as
    /// the new one has been used.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `till_busy`, `host_refused`, `host_answer_invalid`, those of the
    /// way to the host, and the errors of keys and storage.
    pub fn renew_certificate(&self) -> Result<(), Error> {
        self.done(Ask::RenewCertificate)
    }
}
