//! The port to which a till hands out what a merchant keeps.
//!
//! A till that is about to be erased writes its records here first and goes on only when `finish` says that they are
//! safe. It decides nothing: what is written is the till's to say, where it lies is the caller's.
//!
//! Evidence: `tests/leaving.rs` (a sink that is full, read-only or gone erases nothing).

/// Where records are handed out to.
pub trait ExportSink: Send {
    /// Adds bytes at the end of the file of this name, which is begun by the first. A name is 1 to 64 of `[a-z0-9.-]`.
    /// Called from the till's own thread.
    ///
    /// # Errors
    /// [`ExportFault`]; nothing more is written then.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportFault>;

    /// Returns when everything that was put is durable.
    ///
    /// # Errors
    /// [`ExportFault`].
    fn finish(&mut self) -> Result<(), ExportFault>;
}

/// Why records could not be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFault {
    /// There is no room.
    Full,
    /// It may not be written there.
    ReadOnly,
    /// There is something of this name already.
    NotEmpty,
    /// It failed in another way.
    Failed,
}

impl ExportFault {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::NotEmpty => "not_empty",
            Self::Failed => "failed",
        }
    }
}
