//! What the acquirer of a till does besides answering it: it signs, it holds the till, it changes its key.
//!
//! A word is given to the test, or with `send` to the till by the next download of its parameters. Evidence: `mod tests`
//! of `keeper`.

use std::path::Path;

use serde_json::{Value, json};
use taptill::ids::TerminalId;

use super::request::Refusal;
use crate::host::{hold, message, pins, rotate_key};

/// One thing that an acquirer does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Signs the pins of the host's keys as they are.
    Pins {
        /// Whether the till gets the word with its parameters.
        send: bool,
    },
    /// Signs a message.
    Message(String),
    /// Holds the till, or lets it go.
    Hold(bool),
    /// Puts another key in the place of the host's.
    Rotate,
}

/// Which one thing is asked for.
pub(super) fn deed(
    pins: Option<bool>,
    send: Option<bool>,
    message: Option<String>,
    hold: Option<bool>,
    rotate: Option<bool>,
) -> Result<Deed, Refusal> {
    match (pins, send, message, hold, rotate) {
        (Some(true), send, None, None, None) => Ok(Deed::Pins { send: send.unwrap_or(false) }),
        (None, None, Some(text), None, None) => Ok(Deed::Message(text)),
        (None, None, None, Some(is_held), None) => Ok(Deed::Hold(is_held)),
        (None, None, None, None, Some(true)) => Ok(Deed::Rotate),
        _ => Err(Refusal::OneDeed),
    }
}

/// Does it, at the host of this home and for this till.
pub(super) fn done(host_home: &Path, terminal: &TerminalId, deed: &Deed) -> Result<Value, Refusal> {
    Ok(match deed {
        Deed::Pins { send } => json!({ "text": pins(host_home, terminal, *send)? }),
        Deed::Message(text) => json!({ "text": message(host_home, terminal, text)? }),
        Deed::Hold(is_held) => {
            hold(host_home, terminal, *is_held)?;
            json!({ "ok": true })
        }
        Deed::Rotate => {
            rotate_key(host_home)?;
            json!({ "ok": true })
        }
    })
}
