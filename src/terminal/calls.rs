//! How a caller's thread asks the engine's thread and waits for its answer.
//!
//! Every question carries the sender of its answer. When the engine's thread ends, for whatever reason, its
//! senders are dropped and every waiting caller gets the reason; nobody waits for ever.
//!
//! Evidence: `terminal/driver/tests.rs`.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorCode};
use crate::ids::AttemptId;
use crate::payment::{AttemptView, Reply as Paid};
use crate::till::Reply;

/// What the engine's thread says to one caller.
pub(crate) enum Said {
    /// The sale was accepted under this name; its result follows.
    Begun(AttemptId),
    /// The result. Nothing follows.
    Done(Result<Reply, Error>),
}

/// Where one caller waits.
pub(crate) struct Wait {
    said: Receiver<Said>,
    ending: Ending,
}

impl Wait {
    pub(crate) fn new(said: Receiver<Said>, ending: Ending) -> Self {
        Self { said, ending }
    }

    /// The next thing said to this caller, or why nothing more comes.
    pub(crate) fn next(&self) -> Result<Said, Error> {
        self.said.recv().map_err(|_| self.ending.error())
    }

    /// The result; skips the news that a sale has begun.
    pub(crate) fn result(&self) -> Result<Reply, Error> {
        loop {
            if let Said::Done(result) = self.next()? {
                return result;
            }
        }
    }
}

/// Why the engine's thread ended, once it has.
#[derive(Clone, Default)]
pub(crate) struct Ending(Arc<Mutex<Option<Error>>>);

impl Ending {
    /// Notes the reason; the first one stands.
    pub(crate) fn note(&self, error: Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// The reason. Without one, the terminal was closed.
    pub(crate) fn error(&self) -> Error {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        noted.unwrap_or_else(|| ErrorCode::TerminalClosed.into())
    }
}

/// Whether this is a thread of a till's on which ports are called, and which a closing till waits for.
pub(crate) fn is_in_a_port() -> bool {
    let current = std::thread::current();
    current.name().is_some_and(|name| ["taptill-engine", "taptill-net", "taptill-card"].contains(&name))
}

/// Sends to one caller; a caller who has stopped waiting is no fault.
pub(crate) fn say(caller: &Sender<Said>, said: Said) {
    let _stopped_waiting = caller.send(said);
}

/// An answer about this attempt. An error that does not name it is not about it: the terminal has ended, and how the
/// attempt stands is not known.
pub(crate) fn about<T>(attempt: &AttemptId, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| if error.attempt().is_some() { error } else { error.in_place_of(attempt) })
}

/// What the engine answers with where one attempt was asked for.
pub(crate) fn attempt(reply: Reply) -> AttemptView {
    match reply {
        Reply::Payment(Paid::Attempt(view)) => *view,
        _ => unreachable!("the engine answers a question about one attempt with one attempt"),
    }
}
