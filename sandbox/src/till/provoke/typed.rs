//! What somebody types that cannot be used. No till is needed for it. Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::ids::AttemptId;
use taptill::money::{Amount, Currency};

use super::stage::Played;

fn charge(text: &str) -> Played {
    Ok(Amount::parse_charge(text, Currency::CNY).map(drop)?)
}

pub(super) fn amount_empty() -> Played {
    charge("")
}

pub(super) fn amount_not_plain_digits() -> Played {
    charge("1,000")
}

pub(super) fn amount_too_many_decimals() -> Played {
    charge("1.005")
}

pub(super) fn amount_negative() -> Played {
    charge("-1")
}

pub(super) fn amount_zero() -> Played {
    charge("0.00")
}

pub(super) fn amount_too_large() -> Played {
    charge("100000000000000")
}

pub(super) fn currency_unknown() -> Played {
    Ok(Currency::from_code("XXQ").map(drop)?)
}

pub(super) fn identifier_malformed() -> Played {
    Ok(AttemptId::new("not one").map(drop)?)
}
