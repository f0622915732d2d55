//! Goodbyes that are refused. Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::account::WrittenReason;

use super::stage::{Played, Stage, order};

pub(super) fn exit_blocked() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let _sale = till.begin(order(100)?)?;
    Ok(till.terminal.exit(None).map(drop)?)
}

pub(super) fn reason_missing() -> Played {
    Ok(WrittenReason::new(" ").map(drop)?)
}
