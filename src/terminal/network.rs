//! The way to the host: how the network is judged, by what the host is known, another certificate, and whose a message is.
//!
//! Evidence: `tests/network.rs`.

use crate::error::Error;
use crate::terminal::Terminal;
use crate::till::{Ask, MessageView, NetworkView, Reply};

impl Terminal {
    /// How the network is judged now, and by what the host is known.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of the storage.
    pub fn network(&self) -> Result<NetworkView, Error> {
        match self.answer(Ask::Network)? {
            Reply::Network(view) => Ok(*view),
            _ => unreachable!("the till answers a question for the network with its view"),
        }
    }

    /// Lets the host be known by other pins from the next connection on, by a word that the acquirer has signed.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, `pins_not_signed`, `pins_refused`, and the errors of keys and
    /// storage.
    pub fn take_pins(&self, word: &[u8]) -> Result<(), Error> {
        self.done(Ask::TakePins { text: word.to_vec() })
    }

    /// Whose a text is that comes in the acquirer's name. Without the acquirer's signature it is a stranger's.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of the storage.
    pub fn read_message(&self, text: &[u8]) -> Result<MessageView, Error> {
        match self.answer(Ask::ReadMessage { text: text.to_vec() })? {
            Reply::Message(view) => Ok(*view),
            _ => unreachable!("the till answers a message with whose it is"),
        }
    }

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
