//! What the acquirer of a till does besides answering it: it signs, it holds the till, it changes its key.
//!
//! A word is given to the test, or with `send` to the till by the next download of its parameters. It never
//! books anything. Evidence: `mod tests`, and those of `keeper`.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acquirer_is_asked_for_exactly_one_thing() {
        let text = || Some("Hello.".to_owned());
        assert_eq!(deed(Some(true), None, None, None, None), Ok(Deed::Pins { send: false }));
        assert_eq!(deed(Some(true), Some(true), None, None, None), Ok(Deed::Pins { send: true }));
        assert_eq!(deed(None, None, text(), None, None), Ok(Deed::Message("Hello.".to_owned())));
        assert_eq!(deed(None, None, None, Some(false), None), Ok(Deed::Hold(false)));
        assert_eq!(deed(None, None, None, None, Some(true)), Ok(Deed::Rotate));
        for refused in [
            deed(None, None, None, None, None),
            deed(None, Some(true), None, None, None),
            deed(Some(false), None, None, None, None),
            deed(None, None, None, None, Some(false)),
            deed(Some(true), None, text(), None, None),
            deed(None, None, None, Some(true), Some(true)),
        ] {
            assert_eq!(refused, Err(Refusal::OneDeed));
        }
    }
}
