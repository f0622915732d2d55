//! Setting up, opening, closing, and files that are not what they should be.
//! Evidence: `sandbox/tests/till_provoke.rs`.

use std::path::PathBuf;

use taptill::terminal::Terminal;

use crate::till::args::ReplayArguments;
use crate::till::failure::Failure;
use crate::till::replay;

use super::stage::{Ended, Played, Stage, broken};

pub(super) fn dialect_invalid() -> Played {
    let mut stage = Stage::set()?;
    stage.provisioning.configuration.dialect = "rubbish".to_owned();
    stage.provision()
}

pub(super) fn configuration_invalid() -> Played {
    let mut stage = Stage::set()?;
    stage.provisioning.configuration.merchant.name.clear();
    stage.provision()
}

pub(super) fn ca_key_invalid() -> Played {
    let mut stage = Stage::set()?;
    stage.provisioning.configuration.ca_keys = 7.into();
    stage.provision()
}

pub(super) fn transcript_invalid() -> Played {
    let stage = Stage::set()?;
    let file = stage.path("no-transcript.json");
    std::fs::write(&file, "{}").map_err(broken)?;
    replays(file)
}

pub(super) fn file_unusable() -> Played {
    replays(Stage::set()?.path("not-there.json"))
}

pub(super) fn not_provisioned() -> Played {
    Stage::set()?.open().map(drop)
}

pub(super) fn already_provisioned() -> Played {
    let stage = Stage::set()?;
    stage.provision()?;
    stage.provision()
}

pub(super) fn terminal_closed() -> Played {
    let till = Stage::set()?.till()?;
    Terminal::close(&till.terminal)?;
    Ok(till.terminal.till_state().map(drop)?)
}

fn replays(path: PathBuf) -> Played {
    match replay::run(&ReplayArguments { path, capks: None }) {
        Ok(_) => Ok(()),
        Err(Failure::Core(error)) => Err(error.into()),
        Err(Failure::Host(error)) => Err(broken(error)),
        Err(Failure::Usage(words)) => Err(Ended::Broken(words)),
    }
}
