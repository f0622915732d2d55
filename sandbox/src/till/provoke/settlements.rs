//! Batches that are not closed, each for its own reason. Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::iso8583::Op;

use crate::host::{Kind, set_next_of};

use super::refunds::sold;
use super::stage::{Played, Stage, broken, named, order};
use super::voids::stuck;

pub(super) fn batch_empty() -> Played {
    Ok(Stage::set()?.till()?.terminal.settle().map(drop)?)
}

pub(super) fn settlement_blocked() -> Played {
    let (_stage, till) = stuck()?;
    Ok(till.terminal.settle().map(drop)?)
}

pub(super) fn settlement_refused() -> Played {
    let (stage, till, _sale) = sold()?;
    set_next_of(&stage.host_home(), Kind::Refuse, 1, Some(Op::Settle)).map_err(broken)?;
    Ok(till.terminal.settle().map(drop)?)
}

pub(super) fn settlement_unfinished() -> Played {
    let (mut stage, till, _sale) = sold()?;
    set_next_of(&stage.host_home(), Kind::NoAnswer, 1, Some(Op::Settle)).map_err(broken)?;
    till.terminal.settle()?;
    stage.stop_host();
    till.sell(named("meanwhile", 100)?)?;
    till.sell(order(100)?).map(drop)
}
