//! A till that is frozen, and who does not release it. Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::account::ShopPolicy;

use crate::people::ALICE;

use super::stage::{Played, Stage, order};

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

pub(super) fn release_needs_another() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.freeze(None, None)?;
    Ok(till.terminal.release(&ALICE.name(), ALICE.password())?)
}
