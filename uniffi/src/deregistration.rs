//! Goodbye for good: the till is taken off the acquirer's list, hands out its records, and is erased.
//!
//! Where the records go is the shell's to lend: an [`ExportSink`]. What the core says piece by piece reaches it in pieces
//! of tens of kilobytes, because each call crosses a border.
//!
//! It decides nothing. Evidence: `uniffi/tests/leaving.rs`, `tests/contract`.

use std::path::Path;
use std::sync::Arc;

use taptill::ports as core;
use taptill::terminal::Terminal;
use taptill::till;

use crate::aside::aside;
use crate::errors::TillError;
use crate::leaving::Leaving;
use crate::password_work::{PasswordDone, PasswordWork};
use crate::people::secret;
use crate::values::operator_name;

/// Where records are handed out to: a folder, a document tree, a share. Called on the core's engine thread, in order,
/// before anything is erased; the till waits for it. It must not call back into the core.
#[uniffi::export(with_foreign)]
pub trait ExportSink: Send + Sync {
    /// Adds bytes at the end of the file of this name, which is begun by the first. A name is 1 to 64 of `[a-z0-9.-]`. Holds
    /// no card data.
    ///
    /// # Errors
    /// Any: nothing more is written then, and nothing is erased.
    fn put(&self, name: String, bytes: Vec<u8>) -> Result<(), ExportFault>;

    /// Returns when everything that was put is durable. Called more than once, and more may be put after it.
    ///
    /// # Errors
    /// Any: nothing is erased then.
    fn finish(&self) -> Result<(), ExportFault>;
}

/// Why records could not be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ExportFault {
    /// There is no room.
    #[error("there is no room")]
    Full,
    /// It may not be written there.
    #[error("it may not be written there")]
    ReadOnly,
    /// There is something already.
    #[error("there is something already")]
    NotEmpty,
    /// It failed in another way.
    #[error("it could not be written")]
    Failed,
    /// The shell threw something else.
    #[error("the place for the records threw something undeclared")]
    Undeclared,
}

#[uniffi::export]
impl Leaving {
    /// Takes the till off the acquirer's list, hands out everything that a merchant keeps, and erases the till for good, in
    /// the name of whoever is signed in alone. Suspends for as long as the host and the export take. There is no till after
    /// it: every later call is answered with `not_provisioned`, and the device can be set up as new. One that is cut off
    /// before the erasure changes nothing or can be done again; one that is cut off in it goes on when the till is opened.
    ///
    /// # Errors
    /// `deregistration_blocked` with everything that is in the way in `blockers`; `second_person_needed` where the shop's
    /// rules want two people; the host's, as `host_unreachable`; `export_failed` with the reason; `till_busy`,
    /// `not_permitted`. Nothing is erased then.
    pub async fn deregister(&self, export: Option<Arc<dyn ExportSink>>) -> Result<Erased, TillError> {
        let export = export.map(export_sink);
        Ok(aside(&self.till, "taptill-leaving", move |till| till.deregister(None, export)).await?.into())
    }

    /// The same in the names of whoever is signed in and of a second person. What is done has `erased`.
    ///
    /// # Errors
    /// Here `identifier_malformed`; from the work those of `deregister`, and for the second person `sign_in_refused`,
    /// `operator_locked_out`, `password_must_change`, `not_permitted`.
    pub fn deregister_with(
        &self,
        second: &str,
        password: &[u8],
        export: Option<Arc<dyn ExportSink>>,
    ) -> Result<Arc<PasswordWork>, TillError> {
        let second = Some((operator_name(second)?, secret(password)));
        let export = export.map(export_sink);
        PasswordWork::start(Arc::clone(&self.till), move |till: &Terminal| {
            till.deregister(second, export).map(PasswordDone::with_erased)
        })
    }
}

/// What is left of a till that was erased.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Erased {
    /// The certificate of erasure: a signed note, which can be checked without the till. Absent where the key that signs it
    /// was gone already.
    pub certificate: Option<String>,
    /// SHA-256 of the list of everything that was handed out, hex; absent where nothing was.
    pub exported_sha256: Option<String>,
    /// Whether the acquirer has acknowledged that the till is deregistered.
    pub is_acknowledged: bool,
}

/// The certificates of every till that was erased in the folder `home`, in the order in which they were; also of an
/// erasure that was cut off and went on when the till was opened.
///
/// # Errors
/// `storage_failed` for what cannot be read. A folder that is not there has none.
#[uniffi::export]
pub fn erasure_certificates(home: &str) -> Result<Vec<String>, TillError> {
    Ok(Terminal::erasure_certificates(Path::new(home))?)
}

/// The shell's place for records as the core knows it.
pub(crate) fn export_sink(sink: Arc<dyn ExportSink>) -> Box<dyn core::ExportSink> {
    Box::new(Gathered { sink, file: None })
}

/// What was said piece by piece, on its way in larger pieces.
struct Gathered {
    sink: Arc<dyn ExportSink>,
    file: Option<Piece>,
}

/// What is to be added to a file.
struct Piece {
    name: String,
    bytes: Vec<u8>,
    /// Whether nothing of the file has been handed on yet: one without a byte is a file as well.
    is_first: bool,
}

/// From how many bytes on a piece crosses the border.
const PIECE_BYTES: usize = 64 * 1024;

impl core::ExportSink for Gathered {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), core::ExportFault> {
        let piece = match self.file.take() {
            Some(piece) if piece.name == name => piece,
            other => {
                self.file = other;
                self.hand_on()?;
                Piece { name: name.to_owned(), bytes: Vec::new(), is_first: true }
            }
        };
        let piece = self.file.insert(piece);
        piece.bytes.extend_from_slice(bytes);
        if piece.bytes.len() < PIECE_BYTES { Ok(()) } else { self.hand_on() }
    }

    fn finish(&mut self) -> Result<(), core::ExportFault> {
        self.hand_on()?;
        Ok(self.sink.finish()?)
    }
}

impl Gathered {
    fn hand_on(&mut self) -> Result<(), core::ExportFault> {
        let Some(piece) = self.file.as_mut().filter(|piece| piece.is_first || !piece.bytes.is_empty()) else {
            return Ok(());
        };
        piece.is_first = false;
        Ok(self.sink.put(piece.name.clone(), std::mem::take(&mut piece.bytes))?)
    }
}

impl From<ExportFault> for core::ExportFault {
    fn from(fault: ExportFault) -> Self {
        match fault {
            ExportFault::Full => Self::Full,
            ExportFault::ReadOnly => Self::ReadOnly,
            ExportFault::NotEmpty => Self::NotEmpty,
            ExportFault::Failed | ExportFault::Undeclared => Self::Failed,
        }
    }
}

impl From<till::Erased> for Erased {
    fn from(erased: till::Erased) -> Self {
        let till::Erased { certificate, exported_sha256, is_acknowledged } = erased;
        Self { certificate, exported_sha256, is_acknowledged }
    }
}
