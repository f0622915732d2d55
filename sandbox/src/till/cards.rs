//! `cards`: the simulated cards that a sale can be made with. Evidence: `sandbox/tests/till_usage.rs`.

use serde_json::json;

use crate::card::{self, CardInfo};

use super::failure::Failure;
use super::output::{Line, Reply};

pub(super) fn run() -> Result<Reply, Failure> {
    let cards = card::list();
    let object = |card: &CardInfo| json!({ "name": card.name, "scheme": card.scheme, "card_masked": card.masked, "does": card.what_it_does });
    let line = |card: &CardInfo| {
        Line::Plain(format!("{:<28}{:<12}{:<21}{}", card.name, card.scheme, card.masked, card.what_it_does))
    };
    let (json, lines) = (cards.iter().map(object).collect(), cards.iter().map(line).collect());
    Ok(Reply { json, lines, ok: true })
}
