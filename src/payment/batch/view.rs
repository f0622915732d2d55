//! What a caller sees of a batch.
//!
//! A [`BatchView`] is the JSON object that shells, the desktop till and `--json` show. An open batch adds up what is in
//! it now; from the moment a settlement begins, its totals are the frozen ones.
//!
//! It never says that a batch is closed before the host has. Evidence: `tests/settle_rules.rs`.

use serde::{Deserialize, Serialize};

use crate::clock::WallMs;
use crate::ids::{BatchNo, HostCode};
use crate::payment::batch::ledger::OpenBatch;
use crate::payment::batch::state::BatchState;
use crate::payment::batch::totals::Totals;
use crate::payment::reason::Reason;
use crate::payment::view::JournalPlace;

/// What is known of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchView {
    /// Its number.
    pub batch: BatchNo,
    /// Where it stands.
    pub state: BatchState,
    /// What it adds up to.
    pub totals: Totals,
    /// How many records it has.
    pub records: u64,
    /// How many of them the host was sent one by one, because its totals were others.
    pub uploaded: u64,
    /// How often the totals were sent.
    pub sends: u32,
    /// The host's last verified answer to the settlement.
    pub host_code: Option<HostCode>,
    /// Why the settlement waits, where it does.
    pub reason: Option<Reason>,
    /// When the first of its payments was approved.
    pub first_ms: Option<WallMs>,
    /// When the settlement began.
    pub closing_ms: Option<WallMs>,
    /// When the host had closed it.
    pub closed_ms: Option<WallMs>,
    /// The batch that was opened after it.
    pub next: Option<BatchNo>,
    /// The time of day at which it was to be settled by the shop's rule and was not.
    pub missed_ms: Option<WallMs>,
    /// The event that put it where it stands; none for one that is open.
    pub journal: Option<JournalPlace>,
}

impl BatchView {
    /// The batch that payments go into.
    pub(in crate::payment) fn open(batch: BatchNo, totals: Totals, open: &OpenBatch) -> Self {
        Self {
            batch,
            state: BatchState::Open,
            records: totals.records(),
            totals,
            uploaded: 0,
            sends: 0,
            host_code: open.refused.clone(),
            reason: None,
            first_ms: open.first_ms,
            closing_ms: None,
            closed_ms: None,
            next: None,
            missed_ms: None,
            journal: None,
        }
    }
}
