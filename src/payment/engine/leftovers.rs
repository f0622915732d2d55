//! What the journal still has to be told.
//!
//! Two sources: a crash (found when the till opens) and a disk that was full. Until each of them is recorded
//! the till does not sell, and a refund of which the host has said something is not sent again; it is tried again with
//! every input, at the latest after a second. A till that opens
//! finds `prepared` (nothing was sent, so `not_sent`) and `in_doubt` (a reversal is owed, reason 98), and makes
//! its list of debts from what the journal says.
//!
//! It never decides that something was not sent which the journal calls in doubt. Evidence:
//! `tests/payment_kills.rs`, `tests/payment_flows.rs`.

use crate::clock::{MonoMs, Now};
use crate::error::ErrorCode;
use crate::ids::{AttemptId, RefundId};
use crate::journal::SideWork;
use crate::payment::engine::debts::Owed;
use crate::payment::engine::record::{Refused, destroy_card};
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::{NotSent, ReversalDue, Unsent};
use crate::payment::ledger;
use crate::payment::reason::{Reason, ReversalReason};
use crate::payment::refund::events::Answered;
use crate::payment::state::State;

/// What is to be recorded, oldest first.
#[derive(Default)]
pub(super) struct Leftovers {
    items: Vec<Leftover>,
    /// Why the journal did not take the first of them.
    refusal: Option<ErrorCode>,
    next_try: Option<MonoMs>,
}

#[derive(Clone)]
enum Leftover {
    EndUnsent { attempt: AttemptId, reason: Reason },
    Owe { attempt: AttemptId, reason: ReversalReason, cause: Reason },
    WordOnRefund { attempt: AttemptId, body: Answered },
}

impl Leftovers {
    /// Why nothing may be sold: something is left over.
    pub fn refusal(&self) -> Option<ErrorCode> {
        (!self.items.is_empty()).then(|| self.refusal.unwrap_or(ErrorCode::DiskFull))
    }

    /// When to try again.
    pub fn next_try(&self) -> Option<MonoMs> {
        self.next_try
    }

    /// A prepared attempt ended unsent.
    pub fn end_unsent(&mut self, attempt: AttemptId, reason: Reason, now: Now) {
        self.push(Leftover::EndUnsent { attempt, reason }, now);
    }

    /// An attempt in doubt owes a reversal.
    pub fn owe(&mut self, attempt: AttemptId, reason: ReversalReason, cause: Reason, now: Now) {
        self.push(Leftover::Owe { attempt, reason, cause }, now);
    }

    /// The host said of a refund that its send did nothing.
    pub fn word_on(&mut self, attempt: AttemptId, body: Answered, now: Now) {
        self.push(Leftover::WordOnRefund { attempt, body }, now);
    }

    /// Whether the host said something of this refund that is not recorded yet.
    pub fn has_word_on(&self, refund: &RefundId) -> bool {
        self.items.iter().any(|item| matches!(item, Leftover::WordOnRefund { body, .. } if body.refund == *refund))
    }

    fn push(&mut self, item: Leftover, now: Now) {
        self.items.push(item);
        self.next_try = Some(now.mono.after_ms(TRY_AGAIN_MS));
    }
}

impl Engine {
    /// Brings the journal of a till that opens up to date, and lists its debts.
    pub(super) fn take_up(&mut self, now: Now) -> Result<(), Halt> {
        for entry in ledger::entries_in(&self.journal, State::Prepared)? {
            self.leftovers.end_unsent(entry.view.attempt, Reason::Interrupted, now);
        }
        for entry in ledger::entries_in(&self.journal, State::ReversalDue)? {
            self.debts.add(Owed::Reversal(entry.view.attempt), now.mono);
        }
        for entry in ledger::entries_in(&self.journal, State::InDoubt)? {
            planted!(DoubtForgotten, continue);
            planted!(
                ReversalDeletedEarly,
                if self.has_no_template(&entry.view.attempt)? {
                    continue;
                }
            );
            self.leftovers.owe(entry.view.attempt, ReversalReason::NoAnswer, Reason::Interrupted, now);
        }
        self.clear_leftovers(now)?;
        self.take_up_refunds(now)?;
        self.take_up_settlement(now)
    }

    /// Records what is left over, as far as the disk has room.
    pub(super) fn clear_leftovers(&mut self, now: Now) -> Result<(), Halt> {
        while let Some(item) = self.leftovers.items.first().cloned() {
            match self.record_leftover(item, now) {
                Ok(()) => {
                    self.leftovers.items.remove(0);
                }
                Err(Refused::NotWritten(code)) => {
                    self.leftovers.refusal = Some(code);
                    self.leftovers.next_try = Some(now.mono.after_ms(TRY_AGAIN_MS));
                    return Ok(());
                }
                Err(Refused::Over(halt)) => return Err(halt),
            }
        }
        self.leftovers.next_try = None;
        Ok(())
    }

    fn record_leftover(&mut self, item: Leftover, now: Now) -> Result<(), Refused> {
        match item {
            Leftover::EndUnsent { attempt, reason } => {
                let body = NotSent { was: Unsent::Prepared, reason, tap: "none".to_owned(), host_code: None };
                self.record(&attempt, &body, destroy_card(&attempt), now)
            }
            Leftover::Owe { attempt, reason, cause } => {
                self.record(&attempt, &ReversalDue { reason, cause }, SideWork::None, now)?;
                self.debts.add(Owed::Reversal(attempt), now.mono);
                Ok(())
            }
            Leftover::WordOnRefund { attempt, body } => self.record_refund(&attempt, &body, None, now),
        }
    }
}

const TRY_AGAIN_MS: u64 = 1_000;
