//! Simulated contactless cards with real cryptography.
//!
//! A simulated card is no script: it parses each command, decides, counts its transactions, makes its
//! cryptogram under its own key, and signs with RSA keys whose certificates are made from the keys in
//! `sandbox/fixtures`. What is simulated is the plastic; what is checked against it is the whole of a kernel.
//! A card can misbehave on purpose ([`Misbehaviour`]), and is strict: a command that it does not know gets
//! the status word of ISO/IEC 7816-4, and a channel that was used after the card left answers nothing more.
//!
//! Sources: EMV Book 2 (certificates, signatures), Book 3 (commands); the contactless behaviour of a Visa card
//! as open peers show it (?). It never uses a card number that is not a published test number.
//! Evidence: `tests/card_*.rs`, `mod tests` of each file.

mod apdu;
mod application;
mod certificates;
mod channel;
mod counter;
mod personality;
mod tlv;
mod transaction;

use std::collections::BTreeSet;

use taptill::card::Pan;

pub use certificates::ca_keys_json;
pub use channel::{DelayHook, PresentedCard, SimulatedCard};
pub use personality::{CardInfo, Misbehaviour};

/// Every card that [`named`] knows, in the order in which a person would try them.
#[must_use]
pub fn list() -> Vec<CardInfo> {
    personality::NAMED.iter().map(personality::Personality::info).collect()
}

/// The names of [`list`].
#[must_use]
pub fn names() -> Vec<&'static str> {
    personality::NAMED.iter().map(|card| card.name).collect()
}

/// Every card number under any of them, each once: what must never be found in clear.
#[must_use]
pub fn numbers() -> Vec<Pan> {
    let all = personality::NAMED.iter().map(|card| card.pan).chain([personality::PAN_OTHER]);
    let once: BTreeSet<&str> = all.collect();
    once.into_iter().map(|pan| Pan::from_ascii(pan.as_bytes()).expect("the table holds card numbers")).collect()
}

/// A new card of this name, with its transaction counter at zero.
#[must_use]
pub fn named(name: &str) -> Option<SimulatedCard> {
    personality::NAMED.iter().find(|card| card.name == name).map(SimulatedCard::new)
}
