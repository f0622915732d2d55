//! What a caller sees of a batch.
//!
//! A [`BatchView`] is the JSON object that shells, the desktop till and `--json` show. An open batch adds up what is in
//! it now; from the moment a settlement begins, its totals are the frozen ones.
//!
//! It never says that a batch is closed before the host has, or a supervisor, whose decision it shows. Evidence: `tests/settle_rules.rs`.

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
    /// How often the host has answered since it last took something of the settlement, and neither closed the batch nor
    /// took more.
    pub refusals: u32,
    /// What a supervisor decided, where the host only refused.
    pub decision: Option<BatchDecision>,
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

/// What a supervisor says of a batch that the host only refuses to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchDecision {
    /// The acquirer has closed it.
    Closed,
    /// The acquirer has not: payments go into it again.
    NotClosed,
}

impl BatchDecision {
    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::NotClosed => "not_closed",
        }
    }
}

impl BatchView {
    /// Whether the host has refused so often that a supervisor may say how the settlement ended.
    #[must_use]
    pub fn may_be_decided(&self) -> bool {
        self.state.is_unfinished() && self.refusals >= REFUSALS_MIN
    }

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
            refusals: 0,
            decision: None,
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

/// How often a host must have refused before its silence about the rest is for people to break.
pub(in crate::payment) const REFUSALS_MIN: u32 = 3;
