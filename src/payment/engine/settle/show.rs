//! How a batch is shown, and whether its time of day has gone by.
//!
//! An open batch is added up anew each time it is asked for: what is shown is what the journal holds, and nothing is
//! kept beside it that could say something else.
//!
//! It never shows a batch as settled before the host's word. Evidence: `tests/settle_rules.rs`.

use crate::account::shop_policy;
use crate::clock::{Now, WallMs};
use crate::error::{Error, ErrorCode};
use crate::hex::encode_lower;
use crate::ids::BatchNo;
use crate::payment::batch::ledger::{self as batches, Settlement};
use crate::payment::batch::records;
use crate::payment::batch::view::BatchView;
use crate::payment::civil;
use crate::payment::engine::{Engine, Halt};
use crate::payment::exchange::{Reply, Ticket};
use crate::payment::ledger;

impl Engine {
    /// The time of day, by the shop's rule, at which the open batch was to be settled and was not: it has payments from
    /// before.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn missed_settlement(&self, at_minute: Option<u16>, now: Now) -> Result<Option<WallMs>, Error> {
        let Some(minute) = at_minute else { return Ok(None) };
        if batches::unfinished(&self.journal)?.is_some() {
            return Ok(None);
        }
        let due = self.settlement_time(minute, now);
        Ok(batches::open(&self.journal)?.first_ms.filter(|first| *first < due).map(|_| due))
    }

    /// The last time, not after now, at which a day at the host's place had come to this minute.
    #[must_use]
    pub fn settlement_time(&self, minute: u16, now: Now) -> WallMs {
        civil::last_minute(now.wall, minute, self.configuration.host_utc_offset_minutes)
    }

    /// How a batch stands: the open one, or the one of this number.
    pub(in crate::payment::engine) fn batch(
        &mut self,
        ticket: Ticket,
        number: Option<BatchNo>,
        now: Now,
    ) -> Result<(), Halt> {
        let result = match self.batch_shown(number, now)? {
            Some(view) => Ok(Reply::Batch(Box::new(view))),
            None => Err(ErrorCode::RecordUnknown.into()),
        };
        self.tell(ticket, result);
        Ok(())
    }

    pub(super) fn batch_shown(&self, number: Option<BatchNo>, now: Now) -> Result<Option<BatchView>, Halt> {
        let open = ledger::taken(&self.journal)?.batch;
        let number = number.unwrap_or(open);
        if let Some(settlement) = batches::unfinished(&self.journal)?.filter(|it| it.view.batch == number) {
            return self.settlement_shown(settlement).map(Some);
        }
        if number == open {
            return self.open_batch_shown(open, now).map(Some);
        }
        batches::newest_of(&self.journal, number)?.map(|settlement| self.settlement_shown(settlement)).transpose()
    }

    fn open_batch_shown(&self, batch: BatchNo, now: Now) -> Result<BatchView, Halt> {
        let open = batches::open(&self.journal)?;
        let totals = records::totals(&self.journal, batch, open.begins_after).map_err(Halt)?;
        let at_minute = shop_policy(&self.journal).map_err(Halt)?.settle_at_minute;
        let missed_ms = self.missed_settlement(at_minute, now).map_err(Halt)?;
        Ok(BatchView { missed_ms, ..BatchView::open(batch, totals, &open) })
    }

    pub(super) fn settlement_shown(&self, settlement: Settlement) -> Result<BatchView, Halt> {
        let mut view = settlement.view;
        if let Some(place) = &mut view.journal {
            place.root = encode_lower(&self.journal.root_at(place.sequence)?);
        }
        view.reason = self.settlement.reason.filter(|_| view.state.is_unfinished());
        Ok(view)
    }
}
