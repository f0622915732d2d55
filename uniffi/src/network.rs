//! The way to the host: how the network is judged, by what the host is known, another certificate, whose a message is.
//!
//! The acquirer's table says what may go over which network; every decision is journalled. Other pins come by the
//! acquirer's signed word alone, and what it has not signed is a stranger's.
//!
//! It decides nothing. Evidence: `tests/contract`.

use std::sync::Arc;

use taptill::{account, till};

use crate::aside::aside;
use crate::errors::{TillError, same_words};
use crate::payments::Open;
use crate::posture::Posture;

/// The safety of the way to the host. May be used from any thread, and from several at once.
#[derive(uniffi::Object)]
pub struct NetworkSafety {
    pub(crate) till: Arc<Open>,
}

#[uniffi::export]
impl NetworkSafety {
    /// How the network is judged now, and by what the host is known. The device is asked what network it is on. Blocks for
    /// some milliseconds.
    ///
    /// # Errors
    /// `till_unclaimed`, `till_locked`, `not_permitted`, and the errors of the storage.
    pub fn view(&self) -> Result<NetworkView, TillError> {
        Ok(self.till.terminal.network()?.into())
    }

    /// Lets the host be known by other pins from the next connection on, by a word that the acquirer has signed: the rescue
    /// of a till whose pins are dead. A supervisor's.
    ///
    /// # Errors
    /// `pins_not_signed` for what is not the acquirer's; `pins_refused` for an old one, one for another till and one that is
    /// about something else; `not_permitted`, `till_locked`, and the errors of keys and storage.
    pub async fn take_pins(&self, word: Vec<u8>) -> Result<(), TillError> {
        aside(&self.till, "taptill-network", move |till| till.take_pins(&word)).await
    }

    /// Whose a text is that comes in the acquirer's name. Without the acquirer's signature it is a stranger's, whatever it
    /// says.
    ///
    /// # Errors
    /// `not_permitted`, `till_locked`, and the errors of the storage.
    pub async fn read_message(&self, text: Vec<u8>) -> Result<AcquirerMessage, TillError> {
        Ok(aside(&self.till, "taptill-network", move |till| till.read_message(&text)).await?.into())
    }

    /// Fetches another certificate for the till from the host, for a new key. The old one opens nothing there as soon as the
    /// new one has been used. Suspends for as long as the host takes.
    ///
    /// # Errors
    /// `host_refused`, `host_answer_invalid`, those of the way to the host, `till_busy`, `not_permitted`, `till_locked`, and
    /// the errors of keys and storage.
    pub async fn renew_certificate(&self) -> Result<(), TillError> {
        aside(&self.till, "taptill-network", taptill::terminal::Terminal::renew_certificate).await
    }
}

/// What may go over a network, from the mildest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum NetworkVerdict {
    /// Everything.
    Allowed,
    /// Everything, and the people at the till are told.
    Warned,
    /// Everything but keys: no sign-on, no certificate.
    RefusedForKeys,
    /// Nothing.
    RefusedForAll,
}

/// What the acquirer's table decides, and because of what.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NetworkJudgement {
    /// What decided it: the network, or the clock where that is the stricter.
    pub because_of: Posture,
    /// What may go over it.
    pub verdict: NetworkVerdict,
    /// What somebody does about it, as a stable word: the name of a button; an open list. Absent where everything may.
    pub remedy: Option<String>,
}

/// How the way to the host is judged, and by what the host is known.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NetworkView {
    /// What the device says.
    pub posture: Posture,
    /// Whether the clock stands before a day that this till has seen.
    pub clock_is_wrong: bool,
    /// What follows.
    pub judgement: NetworkJudgement,
    /// The whole table, a row a kind of network.
    pub table: Vec<NetworkJudgement>,
    /// SHA-256 of the host's key, hex.
    pub pin: String,
    /// The same of the key that may replace it.
    pub pin_backup: Option<String>,
    /// What the acquirer's words are checked with; without it none is believed.
    pub acquirer_key: Option<String>,
}

/// What a text is that comes in the acquirer's name.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AcquirerMessage {
    /// Whether the acquirer has signed it. Everything else is a stranger's, whatever it says.
    pub is_the_acquirers: bool,
    /// Why it is a stranger's, as a stable word; an open list.
    pub why: Option<String>,
    /// The acquirer's: what it is.
    pub kind: Option<String>,
    /// The acquirer's: its number, which grows.
    pub number: Option<u64>,
    /// The acquirer's: when it was said, in milliseconds since 1970-01-01 UTC.
    pub at_ms: Option<i64>,
    /// The acquirer's: whether it is for this till.
    pub is_for_this_till: bool,
    /// The acquirer's: what it says, by name. A stranger's words are never here.
    pub facts: Vec<MessageFact>,
}

/// Something that the acquirer says.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MessageFact {
    /// Its name.
    pub name: String,
    /// What it says.
    pub value: String,
}

same_words!(account::Verdict, NetworkVerdict: Allowed Warned RefusedForKeys RefusedForAll);

impl From<account::Judgement> for NetworkJudgement {
    fn from(judgement: account::Judgement) -> Self {
        let remedy = judgement.remedy().map(str::to_owned);
        let account::Judgement { posture, verdict } = judgement;
        Self { because_of: posture.into(), verdict: verdict.into(), remedy }
    }
}

impl From<till::NetworkView> for NetworkView {
    fn from(view: till::NetworkView) -> Self {
        let till::NetworkView { posture, clock_is_wrong, judgement, table, pin, pin_backup, acquirer_key } = view;
        Self {
            posture: posture.into(),
            clock_is_wrong,
            judgement: judgement.into(),
            table: table.into_iter().map(NetworkJudgement::from).collect(),
            pin,
            pin_backup,
            acquirer_key,
        }
    }
}

impl From<till::MessageView> for AcquirerMessage {
    fn from(view: till::MessageView) -> Self {
        let till::MessageView { is_the_acquirers, why, kind, number, at_ms, is_for_this_till, facts } = view;
        Self {
            is_the_acquirers,
            why: why.map(str::to_owned),
            kind,
            number,
            at_ms: at_ms.map(|at| at.0),
            is_for_this_till,
            facts: facts.into_iter().map(|(name, value)| MessageFact { name, value }).collect(),
        }
    }
}
