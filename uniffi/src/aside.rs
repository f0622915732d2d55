//! Work that takes as long as a host, a disk or a key derivation does, away from the caller's thread.
//!
//! Each piece runs on a thread of its own to its end, whatever becomes of the task that waits for it; a system that
//! gives no thread refuses it before anything has begun.
//!
//! It decides nothing. Evidence: `uniffi/tests/operation.rs`, `uniffi/tests/people.rs`.

use std::sync::Arc;

use taptill::error::{Error, ErrorCode};
use taptill::terminal::Terminal;
use tokio::sync::oneshot;

use crate::errors::TillError;
use crate::payments::Open;

/// Suspends until a thread of its own has done this.
pub(crate) async fn aside<T: Send + 'static>(
    till: &Arc<Open>,
    name: &str,
    work: impl FnOnce(&Terminal) -> Result<T, Error> + Send + 'static,
) -> Result<T, TillError> {
    till.terminal.may_wait_here()?;
    let till = Arc::clone(till);
    let (ended, result) = oneshot::channel();
    thread(name, move || drop(ended.send(work(&till.terminal))))?;
    Ok(result.await.map_err(|_| TillError::from(ErrorCode::TillFailed))??)
}

/// Starts a thread that nobody waits for.
pub(crate) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), TillError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|_| Error::from(ErrorCode::StorageFailed).word("resource", "thread").into())
}
