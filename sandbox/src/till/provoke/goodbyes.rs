//! Goodbyes that are refused. Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::account::{ShopPolicy, WrittenReason};
use taptill::error::ErrorCode;
use taptill::ports::{ExportFault, ExportSink};
use taptill::terminal::FolderSink;

use super::refunds::sold;
use super::stage::{Ended, Played, Stage, Till, broken, order};

pub(super) fn exit_blocked() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let _sale = till.begin(order(100)?)?;
    Ok(till.terminal.exit(None).map(drop)?)
}

pub(super) fn reason_missing() -> Played {
    Ok(WrittenReason::new(" ").map(drop)?)
}

pub(super) fn deregistration_blocked() -> Played {
    let (_stage, till, _sale) = sold()?;
    Ok(till.terminal.deregister(None, None).map(drop)?)
}

pub(super) fn deregistration_unfinished() -> Played {
    let stage = Stage::set()?;
    let till = alone(&stage)?;
    let failed = till.terminal.deregister(None, Some(Box::new(FullAtOnce { puts: 2 })));
    if !failed.is_err_and(|error| error.code() == ErrorCode::ExportFailed) {
        return Err(Ended::Broken("the export did not fail".to_owned()));
    }
    till.sell(order(100)?).map(drop)
}

pub(super) fn second_person_needed() -> Played {
    let stage = Stage::set()?;
    Ok(stage.till()?.terminal.deregister(None, None).map(drop)?)
}

pub(super) fn export_failed() -> Played {
    let stage = Stage::set()?;
    let till = alone(&stage)?;
    let folder = stage.path("export");
    std::fs::create_dir(&folder).and_then(|()| std::fs::write(folder.join("mine.txt"), "mine")).map_err(broken)?;
    Ok(till.terminal.deregister(None, Some(Box::new(FolderSink::new(&folder)))).map(drop)?)
}

/// A till whose rules let one person deregister it.
fn alone(stage: &Stage) -> Played<Till> {
    let till = stage.till()?;
    till.terminal.set_policy(&ShopPolicy { two_people_to_deregister: false, ..ShopPolicy::default() })?;
    Ok(till)
}

/// A place for records that is full after so many pieces.
struct FullAtOnce {
    puts: u32,
}

impl ExportSink for FullAtOnce {
    fn put(&mut self, _: &str, _: &[u8]) -> Result<(), ExportFault> {
        self.puts = self.puts.checked_sub(1).ok_or(ExportFault::Full)?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportFault> {
        Ok(())
    }
}
