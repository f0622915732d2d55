//! The values that several commands take, judged as they are read. Never what a command does. Evidence:
//! `sandbox/tests/till_usage.rs`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use taptill::receipt::{Columns, Copy, Zone};
use taptill::text::Language;

use crate::card;

pub(super) fn card_names() -> PossibleValuesParser {
    PossibleValuesParser::new(card::names())
}

pub(super) fn columns() -> impl TypedValueParser<Value = Columns> {
    let known = |word: String| word.parse().ok().and_then(Columns::from_count).ok_or("not a width");
    PossibleValuesParser::new(["32", "48"]).try_map(known)
}

pub(super) fn language() -> impl TypedValueParser<Value = Language> {
    let tags = Language::ALL.map(Language::tag);
    PossibleValuesParser::new(tags).try_map(|tag| Language::from_tag(&tag).ok_or("not a language"))
}

pub(super) fn copy() -> impl TypedValueParser<Value = Copy> {
    PossibleValuesParser::new(["merchant", "customer"]).map(|word| match word.as_str() {
        "merchant" => Copy::Merchant,
        _ => Copy::Customer,
    })
}

/// A day that exists; which instants it covers is known once the shop's zone is.
pub(super) fn day(text: &str) -> Result<String, String> {
    let zone = Zone::named("UTC").map_err(|error| error.to_string())?;
    zone.day(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}
