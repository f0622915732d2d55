//! The till's records: questions that they cannot answer, and rows that are not what was written.
//! Evidence: `sandbox/tests/till_provoke.rs`.

use rusqlite::params;
use taptill::payment::ListQuery;
use taptill::till::ProofOf;

use crate::people::{ALICE, BOB};

use super::stage::{Played, Stage, broken, order};

pub(super) fn page_size_out_of_range() -> Played {
    let query = ListQuery { limit: 0, ..ListQuery::default() };
    Ok(Stage::set()?.till()?.terminal.list(&query).map(drop)?)
}

pub(super) fn cursor_beyond_head() -> Played {
    Ok(Stage::set()?.till()?.terminal.events(Some(1_000_000), 1).map(drop)?)
}

pub(super) fn cursor_acknowledged_already() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.terminal.acknowledge(2)?;
    Ok(till.terminal.acknowledge(1)?)
}

pub(super) fn record_unknown() -> Played {
    Ok(Stage::set()?.till()?.terminal.prove(&ProofOf::Sequence(1_000_000)).map(drop)?)
}

pub(super) fn vault_damaged() -> Played {
    with_changed_slot(|slot| {
        let middle = slot.len() / 2;
        slot[middle] ^= 1;
    })
}

pub(super) fn vault_newer() -> Played {
    with_changed_slot(|slot| slot[0] += 1)
}

pub(super) fn parameters_too_weak() -> Played {
    with_changed_slot(|slot| {
        // The work's memory, in KiB, as four bytes after the name and the role (see `src/vault/slot.rs`).
        let at = (1 + 4 + 16 + 8) + (1 + 8 + 1 + ALICE.name.len() + 1);
        slot[at..at + 4].copy_from_slice(&8u32.to_be_bytes());
    })
}

pub(super) fn vault_rolled_back() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let old = slot(&stage)?;
    till.terminal.change_password(ALICE.password(), BOB.password())?;
    till.terminal.close()?;
    put_slot(&stage, &old)?;
    stage.open().map(drop)
}

pub(super) fn vault_foreign() -> Played {
    let (here, there) = (Stage::set()?, Stage::set()?);
    here.till()?.terminal.close()?;
    there.till()?.terminal.close()?;
    let foreign = slot(&there)?;
    put_slot(&here, &foreign)?;
    here.open().map(drop)
}

pub(super) fn journal_rolled_back() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.sell(order(100)?)?;
    till.terminal.close()?;
    drop(till);
    stage.keep_home("before")?;
    let till = stage.open()?;
    till.sell(order(100)?)?;
    till.terminal.close()?;
    drop(till);
    stage.put_home_back("before")?;
    stage.open()?.sell(order(100)?).map(drop)
}

/// Alice tries to sign in after her slot was changed behind the till's back.
fn with_changed_slot(change: impl FnOnce(&mut [u8])) -> Played {
    let stage = Stage::set()?;
    stage.till()?.terminal.close()?;
    let mut slot = slot(&stage)?;
    change(&mut slot);
    put_slot(&stage, &slot)?;
    stage.open().map(drop)
}

fn slot(stage: &Stage) -> Played<Vec<u8>> {
    let query = "SELECT value FROM plain WHERE name = ?1";
    stage.database()?.query_row(query, [slot_name()], |row| row.get(0)).map_err(broken)
}

fn put_slot(stage: &Stage, slot: &[u8]) -> Played {
    let query = "UPDATE plain SET value = ?2 WHERE name = ?1";
    stage.database()?.execute(query, params![slot_name(), slot]).map_err(broken)?;
    Ok(())
}

fn slot_name() -> String {
    format!("vault/slot/{}", ALICE.name)
}
