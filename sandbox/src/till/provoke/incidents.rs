//! A till that is frozen, and who does not release it. Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::account::ShopPolicy;

use crate::host::hold;
use crate::people::{ALICE, BOB};

use super::stage::{Played, Stage, broken, order};

pub(super) fn till_frozen() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.freeze(None, None)?;
    till.sell(order(1_000)?).map(drop)
}

pub(super) fn freeze_needs_password() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let policy = ShopPolicy { freeze_needs_password_at_lock_screen: true, ..ShopPolicy::default() };
    till.terminal.set_policy(&policy)?;
    till.terminal.lock()?;
    Ok(till.terminal.freeze(None, None)?)
}

pub(super) fn frozen_by_host() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.add_operator(BOB.as_new())?;
    hold(&stage.host_home(), &stage.provisioning.configuration.terminal_id, true).map_err(broken)?;
    // The host says so in its next answer, whatever was asked.
    till.terminal.test_host()?;
    Ok(till.terminal.release(&BOB.name(), BOB.password())?)
}

pub(super) fn release_needs_another() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.freeze(None, None)?;
    Ok(till.terminal.release(&ALICE.name(), ALICE.password())?)
}
