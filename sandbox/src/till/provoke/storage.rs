//! Disks that fail, and files that somebody else holds or has changed. Evidence: `sandbox/tests/till_provoke.rs`.

use std::fs;

use taptill::ports::Fate;

use crate::faults::Plan;

use super::stage::{Played, Stage, broken, named};

pub(super) fn till_open_elsewhere() -> Played {
    let stage = Stage::set()?;
    let _first = stage.till()?;
    stage.open().map(drop)
}

pub(super) fn database_locked() -> Played {
    let stage = Stage::set()?;
    stage.till()?.terminal.close()?;
    let other = stage.database()?;
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").map_err(broken)?;
    stage.open().map(drop)
}

pub(super) fn journal_damaged() -> Played {
    let stage = Stage::set()?;
    stage.till()?.terminal.close()?;
    let file = fs::OpenOptions::new().write(true).open(stage.home().join("journal.db")).map_err(broken)?;
    file.set_len(file.metadata().map_err(broken)?.len() / 2).map_err(broken)?;
    stage.open().map(drop)
}

pub(super) fn journal_newer() -> Played {
    let stage = Stage::set()?;
    stage.till()?.terminal.close()?;
    stage.database()?.execute_batch("PRAGMA user_version = 99").map_err(broken)?;
    stage.open().map(drop)
}

pub(super) fn disk_full() -> Played {
    sells_with("before attempt.prepared", Fate::DiskFull)
}

pub(super) fn sync_failed() -> Played {
    sells_with("before attempt.prepared", Fate::SyncFailed)
}

pub(super) fn stopped_by_fault_plan() -> Played {
    sells_with("after attempt.in_doubt", Fate::Die)
}

pub(super) fn storage_failed() -> Played {
    let stage = Stage::set()?;
    fs::create_dir_all(stage.home().join("journal.db")).map_err(broken)?;
    stage.provision()
}

/// A sale that meets this fate at this point.
fn sells_with(point: &'static str, fate: Fate) -> Played {
    let stage = Stage::set()?;
    let till = stage.till_with(|ports| ports.faults = Plan::at(point, fate))?;
    till.sell(named("fated", 100)?).map(drop)
}
