//! Payments that are refused, and readers that give nothing to pay with. Evidence: `sandbox/tests/till_provoke.rs`.

use std::sync::Arc;

use taptill::ids::AttemptId;
use taptill::money::{Amount, Currency};
use taptill::payment::SaleOrder;
use taptill::ports::{EncryptedRead, EncryptedReader, ReadCvm, ReadRequest, ReaderFault};
use taptill::receipt::{Columns, Copy};
use taptill::terminal::ReceiptRequest;
use taptill::text::Language;

use crate::host::{Kind, Options};

use super::stage::{Played, Stage, Till, broken, named, order};

pub(super) fn amount_over_limit() -> Played {
    let stage = Stage::set()?;
    let limit = stage.provisioning.configuration.limits.sale_max_minor;
    stage.till()?.sell(order(limit + 1)?).map(drop)
}

pub(super) fn currency_not_accepted() -> Played {
    let yen = Amount::from_minor(100, Currency::from_code("JPY")?)?;
    Stage::set()?.till()?.sell(SaleOrder { amount: yen, ..order(1)? }).map(drop)
}

pub(super) fn attempt_conflict() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    till.sell(named("one", 100)?)?;
    till.sell(named("one", 200)?).map(drop)
}

pub(super) fn attempt_unknown() -> Played {
    Ok(Stage::set()?.till()?.terminal.status(&AttemptId::new("never")?).map(drop)?)
}

pub(super) fn till_busy() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let _waits = till.begin(named("first", 100)?)?;
    Ok(till.terminal.start_sale(named("second", 100)?).map(drop)?)
}

pub(super) fn too_late_to_cancel() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let attempt = in_doubt(&stage, &till)?;
    Ok(till.terminal.cancel(&attempt).map(drop)?)
}

pub(super) fn attempt_already_finished() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let sale = till.sell(order(100)?)?;
    Ok(till.terminal.cancel(&sale.attempt).map(drop)?)
}

pub(super) fn reversal_pending() -> Played {
    let mut stage = Stage::set()?;
    let till = stage.till()?;
    stage.stop_after(&till)?;
    till.sell(order(100)?).map(drop)
}

pub(super) fn receipt_not_available() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let sale = till.begin(named("left", 100)?)?;
    till.terminal.cancel(sale.attempt())?;
    let request = ReceiptRequest { columns: Columns::C32, language: Language::En, copy: Copy::Customer };
    Ok(till.terminal.receipt(sale.attempt(), request).map(drop)?)
}

pub(super) fn encrypted_reader_missing() -> Played {
    Stage::speaking("encrypted", &Options::default())?.till()?.sell(order(100)?).map(drop)
}

pub(super) fn reader_not_ready() -> Played {
    reads(Err(ReaderFault::NotReady))
}

pub(super) fn reader_failed() -> Played {
    reads(Err(ReaderFault::Failed))
}

pub(super) fn encrypted_read_invalid() -> Played {
    let nothing = EncryptedRead {
        format: String::new(),
        key: String::new(),
        payload: Vec::new(),
        signature: Vec::new(),
        scheme: None,
        masked: None,
        cvm: ReadCvm::None,
    };
    reads(Ok(nothing))
}

/// A sale with a reader that makes nothing but this.
fn reads(made: Result<EncryptedRead, ReaderFault>) -> Played {
    let stage = Stage::speaking("encrypted", &Options::default())?;
    let till = stage.till_with(|ports| ports.encrypted_reader = Some(Arc::new(Makes(made))))?;
    till.sell(order(100)?).map(drop)
}

struct Makes(Result<EncryptedRead, ReaderFault>);

impl EncryptedReader for Makes {
    fn read(&self, _: &ReadRequest) -> Result<EncryptedRead, ReaderFault> {
        self.0.clone()
    }

    fn cancel(&self) {}
}

/// A sale that the host has booked and not answered.
fn in_doubt(stage: &Stage, till: &Till) -> Played<AttemptId> {
    stage.host_does(Kind::NoAnswer)?;
    // Every reversal is refused for now, so that the sale stays as it is.
    stage.host_does(Kind::RefuseReversal)?;
    let sale = till.sell(named("open", 100)?)?;
    if sale.state.is_final() { Err(broken("the sale has an end")) } else { Ok(sale.attempt) }
}

impl Stage {
    /// A sale is left in doubt, and the host is gone.
    fn stop_after(&mut self, till: &Till) -> Played {
        in_doubt(self, till)?;
        self.stop_host();
        Ok(())
    }
}
