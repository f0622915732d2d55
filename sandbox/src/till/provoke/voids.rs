//! Voids that are refused, decisions that nobody has to take, and a host that does not want what it is asked.
//! Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::ids::AttemptId;
use taptill::iso8583::Op;
use taptill::payment::{AttemptView, Decision, VoidOrder};

use crate::faults::SetClock;
use crate::host::{Kind, Options, set_next_of};

use super::refunds::{request, sold};
use super::stage::{Played, Stage, Till, broken, named, order};

pub(super) fn operation_not_in_dialect() -> Played {
    let mut stage = Stage::speaking("unionpay", &Options::default())?;
    let dialect = &mut stage.provisioning.configuration.dialect;
    let is_void = |part: &&str| part.trim_start().starts_with("op = \"void");
    let parts: Vec<&str> = dialect.split("[[message]]").filter(|part| !is_void(part)).collect();
    *dialect = parts.join("[[message]]");
    let till = stage.till()?;
    let sale = till.sell(order(100)?)?;
    void(&till, &sale.attempt).map(drop)
}

pub(super) fn attempt_not_approved() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let declined = till.sell(order(100_051)?)?;
    void(&till, &declined.attempt).map(drop)
}

pub(super) fn already_voided() -> Played {
    let (_stage, till, sale) = sold()?;
    void(&till, &sale)?;
    void(&till, &sale).map(drop)
}

pub(super) fn already_settled() -> Played {
    let (_stage, till, sale) = sold()?;
    till.terminal.settle()?;
    void(&till, &sale).map(drop)
}

pub(super) fn void_in_doubt() -> Played {
    let (mut stage, till, sale) = sold()?;
    set_next_of(&stage.host_home(), Kind::NoAnswer, 1, Some(Op::Void)).map_err(broken)?;
    set_next_of(&stage.host_home(), Kind::NoAnswer, 9, Some(Op::VoidReversal)).map_err(broken)?;
    void(&till, &sale)?;
    stage.stop_host();
    request(&till, &sale, 100).map(drop)
}

pub(super) fn attempt_has_refunds() -> Played {
    let (_stage, till, sale) = sold()?;
    request(&till, &sale, 100)?;
    void(&till, &sale).map(drop)
}

/// The host was moved to another batch behind the till's back.
pub(super) fn batch_change_refused() -> Played {
    let (stage, till, _sale) = sold()?;
    till.terminal.close()?;
    drop(till);
    let book = rusqlite::Connection::open(stage.host_home().join("book.sqlite3")).map_err(broken)?;
    book.execute("UPDATE terminals SET batch = 77", []).map_err(broken)?;
    stage.open()?.sell(order(100)?).map(drop)
}

pub(super) fn debts_too_old() -> Played {
    let mut stage = Stage::set()?;
    stage.provisioning.configuration.policy.debt_age_max_ms = 60_000;
    let clock = SetClock::ahead_by_ms(0);
    let lent = clock.clone();
    let till = stage.till_with(|ports| ports.clock = lent)?;
    stage.host_does(Kind::NoAnswer)?;
    stage.host_does(Kind::RefuseReversal)?;
    till.sell(named("open", 100)?)?;
    stage.stop_host();
    clock.passes_ms(120_000);
    till.sell(order(100)?).map(drop)
}

pub(super) fn not_stuck() -> Played {
    let (_stage, till, sale) = sold()?;
    Ok(till.terminal.decide(&sale, Decision::Charged).map(drop)?)
}

pub(super) fn already_decided() -> Played {
    let (_stage, till) = stuck()?;
    let sale = AttemptId::new("stuck")?;
    till.terminal.decide(&sale, Decision::Charged)?;
    Ok(till.terminal.decide(&sale, Decision::NotCharged).map(drop)?)
}

/// A till with a sale whose reversal the host will not confirm.
pub(super) fn stuck() -> Played<(Stage, Till)> {
    let mut stage = Stage::set()?;
    let policy = &mut stage.provisioning.configuration.policy;
    (policy.reversal_refusals_max, policy.reversal_wait_first_ms) = (1, 20);
    let till = stage.till()?;
    stage.host_does(Kind::NoAnswer)?;
    stage.host_does(Kind::RefuseReversal)?;
    till.sell(named("stuck", 100)?)?;
    till.terminal.resolve()?;
    Ok((stage, till))
}

pub(super) fn host_refused() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    set_next_of(&stage.host_home(), Kind::Refuse, 1, Some(Op::Parameters)).map_err(broken)?;
    Ok(till.terminal.download_parameters().map(drop)?)
}

fn void(till: &Till, of: &AttemptId) -> Played<AttemptView> {
    let order = VoidOrder { attempt: None, of: of.clone() };
    Ok(till.terminal.start_void(order)?.wait()?)
}
