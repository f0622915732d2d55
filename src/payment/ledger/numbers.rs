//! The numbers that are taken: the open batch, the last STAN, and the host's rules as they were fetched last.
//!
//! A STAN is never taken twice in a batch, also after the record was put back. Evidence: `tests.rs` beside it, `tests/payment_kills.rs`.

use serde::{Deserialize, Serialize};

use crate::ids::{BatchNo, Stan};
use crate::journal::{Event, Fold, FoldError, Journal, JournalError, Rows};
use crate::payment::batch::events::{BatchClosed, BatchDecided, BatchEndSent, BatchSent, BatchUploaded};
use crate::payment::events::{
    BatchRefused, Body, HostParameters, Prepared, PreparedFromRead, PreparedVoid, RollBackAccepted, SignedOn,
};
use crate::payment::refund::events as refund;

/// The numbers that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::payment) struct Taken {
    /// The batch that the host named last.
    pub batch: BatchNo,
    /// The STAN that was reserved last; `None` on a new till.
    pub stan: Option<Stan>,
    /// Another batch that the host named meanwhile, and that was refused.
    #[serde(default)]
    pub refused: Option<BatchNo>,
}

/// The fold of numbers.
pub(super) struct Numbers;

impl Fold for Numbers {
    fn name(&self) -> &'static str {
        NUMBERS
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        let mut taken = match rows.get(TAKEN_ROW)? {
            Some(row) => serde_json::from_slice(&row).map_err(|_| FoldError::Refused("row_malformed"))?,
            None => Taken::none(),
        };
        let before = taken;
        match event.kind.as_str() {
            Prepared::KIND if event.v == PreparedFromRead::V => taken.stan = Some(PreparedFromRead::of(event)?.stan),
            Prepared::KIND if event.v == PreparedVoid::V => taken.stan = Some(PreparedVoid::of(event)?.stan),
            Prepared::KIND => taken.stan = Some(Prepared::of(event)?.stan),
            refund::Prepared::KIND => taken.stan = Some(refund::Prepared::of(event)?.stan),
            BatchRefused::KIND => taken.refused = Some(BatchRefused::of(event)?.named),
            SignedOn::KIND => taken.take_batch(SignedOn::of(event)?.batch),
            BatchSent::KIND => taken.stan = Some(BatchSent::of(event)?.stan),
            BatchUploaded::KIND => taken.stan = Some(BatchUploaded::of(event)?.stan),
            BatchEndSent::KIND => taken.stan = Some(BatchEndSent::of(event)?.stan),
            BatchClosed::KIND => taken.take_batch(Some(BatchClosed::of(event)?.next)),
            BatchDecided::KIND => taken.take_batch(BatchDecided::of(event)?.next),
            HostParameters::KIND => return keep_parameters(rows, &HostParameters::of(event)?),
            RollBackAccepted::KIND => taken.stan = Some(taken.beyond(RollBackAccepted::of(event)?.seen_size)),
            _ => {}
        }
        if taken == before {
            return Ok(());
        }
        let row = serde_json::to_vec(&taken).map_err(|_| FoldError::Refused("row_unwritable"))?;
        Ok(rows.put(TAKEN_ROW, &row, &[])?)
    }
}

impl Taken {
    /// Of a till that has never spoken with its host.
    pub fn none() -> Self {
        Self { batch: BatchNo::new(1).expect("1 is a batch number"), stan: None, refused: None }
    }

    /// A batch that is taken, or that the host confirms, ends what was refused.
    fn take_batch(&mut self, named: Option<BatchNo>) {
        if let Some(batch) = named {
            (self.batch, self.refused) = (batch, None);
        }
    }

    /// A STAN beyond all that a journal of so many events can have taken after this one. A number that the host has
    /// booked already would let the reversal of a new sale take back an old one.
    fn beyond(self, events: u64) -> Stan {
        let last = u64::from(self.stan.map_or(0, Stan::number));
        let most = u64::from(PAYMENT_STAN_MAX);
        let number = (last + events.min(most / 2)) % most + 1;
        Stan::new(number as u32).expect("1 to the largest payment STAN is within 1 to 999999")
    }
}

fn keep_parameters(rows: &mut dyn Rows, parameters: &HostParameters) -> Result<(), FoldError> {
    let row = serde_json::to_vec(parameters).map_err(|_| FoldError::Refused("row_unwritable"))?;
    Ok(rows.put(PARAMETERS_ROW, &row, &[])?)
}

/// Above it, the conversation numbers echo and sign-on.
pub(in crate::payment) const PAYMENT_STAN_MAX: u32 = 989_999;

/// The numbers that are taken.
pub(in crate::payment) fn taken(journal: &Journal) -> Result<Taken, JournalError> {
    match journal.row(NUMBERS, TAKEN_ROW)? {
        Some(row) => serde_json::from_slice(&row).map_err(|_| JournalError::Newer),
        None => Ok(Taken::none()),
    }
}

/// The host's rules for this till, as they were fetched last.
pub(in crate::payment) fn parameters(journal: &Journal) -> Result<Option<HostParameters>, JournalError> {
    let row = journal.row(NUMBERS, PARAMETERS_ROW)?;
    row.map(|row| serde_json::from_slice(&row).map_err(|_| JournalError::Newer)).transpose()
}

const NUMBERS: &str = "numbers";
pub(super) const TAKEN_ROW: &str = "taken";
const PARAMETERS_ROW: &str = "parameters";
