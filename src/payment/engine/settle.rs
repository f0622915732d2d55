//! Settling a batch: totals frozen, sent until their answer is known, every record uploaded where the host has others,
//! closed by the host's word.
//!
//! | the batch stands | what goes out | the host's verified answer |
//! |---|---|---|
//! | closing, sent | the totals (0500) | balanced; unbalanced; refused: open again, if the host can have done nothing |
//! | unbalanced, uploading | records, from the stored number on | it has them |
//! | end_sent | that there are no more | closed |
//!
//! Whatever else comes back, or nothing, is waited out and sent again, across restarts, by itself. Each run is a job:
//! who asked is told how far it came. Nothing is sold meanwhile, and nothing of the batch is deleted.
//!
//! It never closes without the host's word, or a supervisor's where the host only refuses (`decide.rs`). Evidence: `tests/settle_kills.rs`, `tests/settle_rules.rs`.

use crate::clock::{MonoMs, Now};
use crate::error::{Blocker, Error, ErrorCode};
use crate::ids::Stan;
use crate::iso8583::Op;
use crate::journal::SideWork;
use crate::payment::batch::events::{BatchClosing, SettleCause};
use crate::payment::batch::ledger as batches;
use crate::payment::batch::records::{self, Record, Records};
use crate::payment::engine::job::{Job, Task};
use crate::payment::engine::record::Refused;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::Body;
use crate::payment::exchange::{Reply, Ticket};
use crate::payment::ledger;
use crate::payment::reason::Reason;
use crate::payment::refund::ledger as refunds;
use crate::payment::refund::state::RefundState;
use crate::payment::state::State;
use crate::payment::view::Kind;
use crate::session::Permit;
use crate::session::actions::Settle;

pub(super) mod decide;
mod messages;
mod show;

/// The wait of a settlement that has begun and is not finished.
#[derive(Default)]
pub(super) struct SettlementWait {
    /// When to go on; `None` where there is nothing to go on with.
    due: Option<MonoMs>,
    /// The wait after the next run.
    wait_ms: u64,
    /// Why it waits.
    reason: Option<Reason>,
    /// Whether a batch was closed that nobody has asked about.
    has_closed: bool,
}

/// One run of a settlement.
pub(super) struct SettleRun {
    cause: SettleCause,
    /// The number of the message that is on its way.
    stan: Option<Stan>,
    upload: Option<Upload>,
    /// Whether a sign-on was waited for at once already.
    signed_on_for: bool,
}

/// Where a run is in the records.
struct Upload {
    records: Records,
    /// Read, and not known to be there.
    page: Vec<Record>,
    /// Whether they were sent before.
    is_repeat: bool,
}

impl SettleRun {
    fn new(cause: SettleCause) -> Self {
        Self { cause, stan: None, upload: None, signed_on_for: false }
    }
}

impl SettlementWait {
    /// There is something to go on with, now.
    pub fn is_due_at(&mut self, at: MonoMs) {
        *self = Self { due: Some(at), ..Self::default() };
    }

    pub fn next_due(&self) -> Option<MonoMs> {
        self.due
    }

    fn put_off(&mut self, reason: Reason, first_ms: u64, max_ms: u64, now: MonoMs) {
        self.wait_ms = if self.wait_ms == 0 { first_ms } else { self.wait_ms.saturating_mul(2) }.min(max_ms);
        (self.due, self.reason) = (Some(now.after_ms(self.wait_ms)), Some(reason));
    }
}

impl Engine {
    /// Whether a batch has been closed since this was asked last.
    pub fn has_closed_a_batch(&mut self) -> bool {
        std::mem::take(&mut self.settlement.has_closed)
    }

    /// Begins a settlement, or goes on with the one that is not finished. Told how far it came.
    pub(super) fn settle(
        &mut self,
        ticket: Option<Ticket>,
        cause: SettleCause,
        permit: Permit<Settle>,
        now: Now,
    ) -> Result<(), Halt> {
        if let Some(error) = self.may_not_settle()? {
            if let Some(ticket) = ticket {
                self.tell(ticket, Err(error));
            }
            return Ok(());
        }
        // The till goes on by itself: whoever asks while it does is told how that ends.
        if let Some(Job { ticket: nobody @ None, task: Task::Settle(_), .. }) = &mut self.job {
            *nobody = ticket;
            return Ok(());
        }
        self.start_job(ticket, Some(permit.spend()), Task::Settle(Box::new(SettleRun::new(cause))), now);
        Ok(())
    }

    /// What is known before the line is free.
    fn may_not_settle(&self) -> Result<Option<Error>, Halt> {
        if let Some(sale) = &self.sale {
            let under_way = Blocker::new("payment_in_progress", sale.attempt.to_string());
            return Ok(Some(Error::from(ErrorCode::SettlementBlocked).blocked_by(vec![under_way])));
        }
        let missing =
            [Op::Settle, Op::BatchUpload, Op::SettleEnd].into_iter().find(|op| self.dialect.row(*op).is_none());
        if let Some(op) = missing {
            return Ok(Some(Error::from(ErrorCode::OperationNotInDialect).word("operation", op.word())));
        }
        Ok(self.unaccepted()?.map(|found| found.error()))
    }

    /// Why nothing is sold or given back: a settlement is not finished.
    pub(super) fn settlement_refusal(&self) -> Result<Option<Error>, Halt> {
        let Some(settlement) = batches::unfinished(&self.journal)? else { return Ok(None) };
        let error = Error::from(ErrorCode::SettlementUnfinished).word("state", settlement.view.state.word());
        Ok(Some(error.number("batch", settlement.view.batch.number().into())))
    }

    /// A till that opens goes on with what it finds.
    pub(super) fn take_up_settlement(&mut self, now: Now) -> Result<(), Halt> {
        if batches::unfinished(&self.journal)?.is_some() {
            self.settlement.is_due_at(now.mono);
        }
        Ok(())
    }

    /// Goes on with a settlement whose wait is over. Says whether anything moved.
    pub(super) fn go_on_with_settlement(&mut self, now: Now) -> Result<bool, Halt> {
        if self.go_on_with_wishes(now)? {
            return Ok(true);
        }
        let is_due = self.settlement.due.is_some_and(|due| due <= now.mono);
        if !is_due || self.is_occupied() || self.debts.is_on_the_line() || self.leftovers.refusal().is_some() {
            return Ok(false);
        }
        if batches::unfinished(&self.journal)?.is_none() {
            self.settlement.due = None;
            return Ok(false);
        }
        if self.unaccepted()?.is_some() {
            // Totals of a journal that was put back wait until a supervisor knows.
            self.put_settlement_off(Reason::JournalRolledBack, now);
            return Ok(false);
        }
        // The next wait stands before the run, whatever ends it.
        self.put_settlement_off(self.settlement.reason.unwrap_or(Reason::Interrupted), now);
        self.start_job(None, None, Task::Settle(Box::new(SettleRun::new(SettleCause::Asked))), now);
        Ok(self.job.is_some())
    }

    /// The job has the line.
    pub(super) fn begin_settlement(&mut self, now: Now) -> Result<(), Halt> {
        if batches::unfinished(&self.journal)?.is_some() {
            return self.next_of_settlement(now);
        }
        let blockers = self.in_the_way()?;
        if !blockers.is_empty() {
            self.end_job(Err(Error::from(ErrorCode::SettlementBlocked).blocked_by(blockers)));
            return Ok(());
        }
        let taken = ledger::taken(&self.journal)?;
        let begins_after = batches::open(&self.journal)?.begins_after;
        let totals = match records::totals(&self.journal, taken.batch, begins_after) {
            Ok(totals) => totals,
            Err(error) => return self.refuse_settlement(error),
        };
        let records = totals.records();
        if records == 0 {
            self.end_job(Err(Error::from(ErrorCode::BatchEmpty).number("batch", taken.batch.number().into())));
            return Ok(());
        }
        let cause = self.run().map_or(SettleCause::Asked, |run| run.cause);
        match self.append_of_job(&BatchClosing { batch: taken.batch, totals, records, cause }, now) {
            Ok(()) => {
                self.settlement.is_due_at(now.mono);
                self.put_settlement_off(Reason::Interrupted, now);
                self.next_of_settlement(now)
            }
            Err(Refused::NotWritten(code)) => {
                self.end_job(Err(code.into()));
                Ok(())
            }
            Err(Refused::Over(halt)) => Err(halt),
        }
    }

    /// Ends a settlement that has not begun by an error of the journal or of the sums.
    fn refuse_settlement(&mut self, error: Error) -> Result<(), Halt> {
        if error.code() == ErrorCode::AmountTooLarge {
            self.end_job(Err(error));
            return Ok(());
        }
        Err(Halt(error))
    }

    /// What must be finished or decided before the batch is settled. What waits for the next batch does not keep this
    /// one open.
    fn in_the_way(&self) -> Result<Vec<Blocker>, Halt> {
        let mut blockers = self.blockers()?;
        for entry in refunds::entries_in(&self.journal, RefundState::Sent)? {
            if self.waits_for_its_batch(&entry)? {
                blockers.retain(|it| it.why != "refund_forwarding" || it.name != entry.view.refund.as_str());
            }
        }
        Ok(blockers)
    }

    /// Everything that must be finished or decided first, each by name.
    pub(super) fn blockers(&self) -> Result<Vec<Blocker>, Halt> {
        let mut blockers = Vec::new();
        for state in [State::InDoubt, State::ReversalDue, State::ReversalStuck] {
            for entry in ledger::entries_in(&self.journal, state)? {
                let is_decided = entry.view.decision.is_some();
                if state == State::ReversalStuck && is_decided {
                    continue;
                }
                let why = match (entry.view.kind, state) {
                    (Kind::Void, State::InDoubt | State::ReversalDue) => "void_in_doubt",
                    (_, state) => state.word(),
                };
                blockers.push(Blocker::new(why, entry.view.attempt.to_string()));
            }
        }
        // Whatever is forwarded stands under one word.
        for state in [RefundState::Sent, RefundState::Stuck] {
            for entry in refunds::entries_in(&self.journal, state)? {
                let why = if state == RefundState::Stuck { "refund_stuck" } else { "refund_forwarding" };
                if entry.view.decision.is_none() {
                    blockers.push(Blocker::new(why, entry.view.refund.to_string()));
                }
            }
        }
        Ok(blockers)
    }

    /// Ends the run; the settlement goes on by itself when its wait is over. Who asked is told how far it has come.
    fn settlement_waits(&mut self, reason: Reason, now: Now) -> Result<(), Halt> {
        self.put_settlement_off(reason, now);
        self.finish_settlement(now)
    }

    fn finish_settlement(&mut self, _now: Now) -> Result<(), Halt> {
        let settlement = batches::unfinished(&self.journal)?;
        let result = match settlement {
            Some(settlement) => Ok(Reply::Batch(Box::new(self.settlement_shown(settlement)?))),
            None => Err(ErrorCode::TillBusy.into()),
        };
        self.end_job(result);
        Ok(())
    }

    fn put_settlement_off(&mut self, reason: Reason, now: Now) {
        let policy = self.configuration.policy;
        self.settlement.put_off(reason, policy.reversal_wait_first_ms, policy.reversal_wait_max_ms, now.mono);
    }

    fn run(&self) -> Option<&SettleRun> {
        match &self.job {
            Some(Job { task: Task::Settle(run), .. }) => Some(run),
            _ => None,
        }
    }

    fn run_mut(&mut self) -> Option<&mut SettleRun> {
        match &mut self.job {
            Some(Job { task: Task::Settle(run), .. }) => Some(run),
            _ => None,
        }
    }

    /// Records an event in the name of whoever wanted the job.
    fn append_of_job<B: Body>(&mut self, body: &B, now: Now) -> Result<(), Refused> {
        let operator = self.job.as_ref().and_then(|job| job.operator.clone());
        self.journal.append(body.draft(None, operator), SideWork::None, now)?;
        Ok(())
    }

    fn note_of_job<B: Body>(&mut self, body: &B, now: Now) -> Result<(), Halt> {
        match self.append_of_job(body, now) {
            Ok(()) | Err(Refused::NotWritten(_)) => Ok(()),
            Err(Refused::Over(halt)) => Err(halt),
        }
    }
}
