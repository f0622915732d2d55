//! What comes in the acquirer's name: other pins for the host, and messages that people read.
//!
//! Only the acquirer's signature makes it the acquirer's; everything else is a stranger's and shown as that. Pins that are
//! taken hold from the next connection on, which is a new one. What was read or refused is recorded by its SHA-256.
//!
//! It never acts on what a stranger says. Evidence: `tests/network.rs`.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::account::{self, NewPins, PINS_CHANGED};
use crate::acquirer::sha256;
use crate::clock::{Now, WallMs};
use crate::error::{Error, ErrorCode};
use crate::journal::{Draft, SideWork};
use crate::session::Permit;
use crate::session::actions::{ReadMessage, TakePins};
use crate::till::exchange::Reply;
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::{At, Till};

/// What a text is that comes in the acquirer's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageView {
    /// Whether the acquirer has signed it. Everything else is a stranger's, whatever it says.
    pub is_the_acquirers: bool,
    /// Why it is a stranger's, as a fixed word.
    pub why: Option<&'static str>,
    /// The acquirer's: what it is.
    pub kind: Option<String>,
    /// The acquirer's: its number.
    pub number: Option<u64>,
    /// The acquirer's: when it was said.
    pub at_ms: Option<WallMs>,
    /// The acquirer's: whether it is for this till.
    pub is_for_this_till: bool,
    /// The acquirer's: what it says, by name.
    pub facts: Vec<(String, String)>,
}

impl Till {
    /// A supervisor brings other pins.
    pub(super) fn take_pins(&mut self, permit: Permit<TakePins>, text: &[u8], now: Now) -> Result<Answer, Trouble> {
        self.change_pins(text, Some(permit.spend()), now)?;
        Ok(Answer::Now(Reply::Done))
    }

    /// The host has sent a word with its parameters. What is not good for anything is recorded, and nothing else.
    pub(super) fn word_came(&mut self, text: &[u8], now: Now) -> Result<(), Trouble> {
        match self.change_pins(text, None, now) {
            Ok(()) => Ok(()),
            // The word that holds already comes with every download.
            Err(Trouble::Refused(error)) if is_known(&error) => Ok(()),
            Err(Trouble::Refused(error)) => {
                let body = json!({ "code": error.code().code(), "sha256": sha256(text) });
                match self.note(PINS_REFUSED, None, body, now) {
                    Ok(()) | Err(Trouble::Refused(_)) => Ok(()),
                    Err(over) => Err(over),
                }
            }
            Err(over) => Err(over),
        }
    }

    fn change_pins(&mut self, text: &[u8], operator: Option<String>, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let journal = open.engine.journal_mut();
        let pins = NewPins::read(text, &open.configuration, account::pins_number(journal)?)?;
        let body = serde_json::to_value(&pins).expect("pins have text keys");
        self.note(PINS_CHANGED, operator, body, now)?;
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let account = account::open(open.engine.journal(), &*self.device_keys)?;
        open.configuration = Arc::new(account.configuration);
        let (configuration, client_key_pem) = (Arc::clone(&open.configuration), account.secrets.client_key_pem);
        self.rearm(configuration, client_key_pem, now)
    }

    /// Says whose a text is.
    pub(super) fn read_message(
        &mut self,
        permit: Permit<ReadMessage>,
        text: &[u8],
        now: Now,
    ) -> Result<Answer, Trouble> {
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let view = match account::acquirers_word(text, &open.configuration) {
            Ok(word) => MessageView {
                is_the_acquirers: true,
                why: None,
                is_for_this_till: word.is_for(&open.configuration.terminal_id),
                kind: Some(word.kind),
                number: Some(word.number),
                at_ms: Some(word.at),
                facts: word.facts,
            },
            Err(why) => MessageView {
                is_the_acquirers: false,
                why: Some(why),
                kind: None,
                number: None,
                at_ms: None,
                is_for_this_till: false,
                facts: Vec::new(),
            },
        };
        let from = if view.is_the_acquirers { "acquirer" } else { "stranger" };
        let body = json!({ "from": from, "why": view.why, "sha256": sha256(text) });
        self.note(MESSAGE_READ, Some(permit.spend()), body, now)?;
        Ok(Answer::Now(Reply::Message(Box::new(view))))
    }

    fn note(&mut self, kind: &'static str, operator: Option<String>, body: Value, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let draft = Draft { kind, v: 1, attempt: None, operator, body, may_use_ballast: false };
        open.engine.journal_mut().append(draft, SideWork::None, now)?;
        Ok(())
    }
}

fn is_known(error: &Error) -> bool {
    error.code() == ErrorCode::PinsRefused && error.has_word("why", "not_newer")
}

const PINS_REFUSED: &str = "network.pins_refused";
const MESSAGE_READ: &str = "acquirer.message_read";
