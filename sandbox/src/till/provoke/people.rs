//! Operators, passwords and sessions that are refused. Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::account::ShopPolicy;
use taptill::ids::OperatorName;
use taptill::secret::SecretBytes;

use crate::faults::SetClock;
use crate::people::{ALICE, BOB};

use super::stage::{Played, Stage, Till, order};

pub(super) fn till_unclaimed() -> Played {
    let stage = Stage::set()?;
    stage.provision()?;
    stage.open_for_nobody(|_| ())?.sell(order(100)?).map(drop)
}

pub(super) fn already_claimed() -> Played {
    Ok(Stage::set()?.till()?.terminal.claim(&BOB.name(), BOB.password()).map(drop)?)
}

pub(super) fn till_locked() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.lock()?;
    till.sell(order(100)?).map(drop)
}

pub(super) fn already_signed_in() -> Played {
    Ok(Stage::set()?.till()?.terminal.unlock(ALICE.password()).map(drop)?)
}

pub(super) fn sign_in_refused() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.sign_out()?;
    guesses(&till)
}

pub(super) fn operator_locked_out() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.sign_out()?;
    while guesses(&till).is_err_and(|ended| ended.is_refused_with("sign_in_refused")) {}
    guesses(&till)
}

pub(super) fn password_refused() -> Played {
    Ok(Stage::set()?.till()?.terminal.change_password(ALICE.password(), text("abc"))?)
}

pub(super) fn password_must_change() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.add_operator(BOB.as_new())?;
    till.terminal.reset_operator(&BOB.name(), text("a lent password 7"))?;
    till.terminal.sign_out()?;
    Ok(till.terminal.sign_in(&BOB.name(), text("a lent password 7"), None).map(drop)?)
}

pub(super) fn not_permitted() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.add_operator(BOB.as_new())?;
    till.terminal.sign_in(&BOB.name(), BOB.password(), None)?;
    Ok(till.terminal.operators().map(drop)?)
}

pub(super) fn session_over() -> Played {
    let stage = Stage::set()?;
    let clock = SetClock::ahead_by_ms(0);
    let lent = clock.clone();
    let till = stage.till_with(|ports| ports.clock = lent)?;
    till.terminal.lock()?;
    clock.passes_ms(86_400_000);
    Ok(till.terminal.unlock(ALICE.password()).map(drop)?)
}

pub(super) fn operator_unknown() -> Played {
    Ok(Stage::set()?.till()?.terminal.remove_operator(&BOB.name(), false)?)
}

pub(super) fn operator_exists() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.add_operator(BOB.as_new())?;
    Ok(till.terminal.add_operator(BOB.as_new())?)
}

pub(super) fn last_supervisor() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    Ok(till.terminal.remove_operator(&ALICE.name(), false)?)
}

pub(super) fn recovery_refused() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.sign_out()?;
    let name = OperatorName::new("eve")?;
    Ok(till.terminal.recover(text("AAAA-AAAA-AAAA-AAAA"), &name, text("an honest face 3")).map(drop)?)
}

pub(super) fn policy_invalid() -> Played {
    let policy = ShopPolicy { session_max_ms: 86_460_000, ..ShopPolicy::default() };
    Ok(Stage::set()?.till()?.terminal.set_policy(&policy)?)
}

pub(super) fn key_rotation_unfinished() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.rotate_keys()?;
    Ok(till.terminal.rotate_keys()?)
}

pub(super) fn biometric_refused() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.sign_out()?;
    Ok(till.terminal.sign_in_by_biometric(&ALICE.name()).map(drop)?)
}

fn guesses(till: &Till) -> Played {
    Ok(till.terminal.sign_in(&ALICE.name(), text("a wrong guess 1"), None).map(drop)?)
}

fn text(password: &str) -> SecretBytes {
    SecretBytes::new(password.as_bytes().to_vec())
}
