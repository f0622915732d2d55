//! What people say of a settlement that the host only refuses.
//!
//! A host may have closed the batch, lost its answer and refuse every repeat: then nobody but the acquirer knows. After
//! [`REFUSALS_MIN`](crate::payment::batch::view::REFUSALS_MIN) refusals a supervisor who has asked says whether the batch
//! is closed; that is journalled with the name and stands beside the state for ever.
//!
//! It never decides by itself, and never where no answer came. Evidence: `tests/settle_rules.rs`.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::BatchNo;
use crate::journal::SideWork;
use crate::payment::batch::events::BatchDecided;
use crate::payment::batch::view::{BatchDecision, BatchView};
use crate::payment::engine::record::Refused;
use crate::payment::engine::settle::SettlementWait;
use crate::payment::engine::{Engine, Halt};
use crate::payment::events::Body;
use crate::payment::exchange::{Reply, Ticket};
use crate::payment::ledger;
use crate::session::Permit;
use crate::session::actions::DecideStuck;

/// What a supervisor says, until nothing is in progress: a settlement that goes on by itself may yet be answered.
pub(in crate::payment::engine) struct Wish {
    ticket: Ticket,
    batch: BatchNo,
    decision: BatchDecision,
    operator: String,
}

impl Engine {
    /// A supervisor says whether the acquirer has closed this batch. Saying again that it is closed changes nothing.
    pub(in crate::payment::engine) fn decide_batch(
        &mut self,
        ticket: Ticket,
        batch: BatchNo,
        decision: BatchDecision,
        permit: Permit<DecideStuck>,
    ) {
        self.batch_wishes.push(Wish { ticket, batch, decision, operator: permit.spend() });
    }

    /// Carries the next wish out when its turn has come. Says whether anything moved.
    pub(super) fn go_on_with_wishes(&mut self, now: Now) -> Result<bool, Halt> {
        if self.is_occupied() || self.batch_wishes.is_empty() {
            return Ok(false);
        }
        let Wish { ticket, batch, decision, operator } = self.batch_wishes.remove(0);
        let result = match self.batch_to_decide(batch, decision, now)? {
            Err(refused) => Err(refused),
            Ok(Some(settled)) => Ok(settled),
            Ok(None) => match self.record_decision(batch, decision, operator, now) {
                Ok(()) => self.batch_shown(Some(batch), now)?.ok_or_else(|| ErrorCode::RecordUnknown.into()),
                Err(Refused::NotWritten(code)) => Err(code.into()),
                Err(Refused::Over(halt)) => {
                    self.tell(ticket, Err(halt.0.clone()));
                    return Err(halt);
                }
            },
        };
        self.tell(ticket, result.map(|view| Reply::Batch(Box::new(view))));
        Ok(true)
    }

    /// Nobody waits any longer: why.
    pub(in crate::payment::engine) fn abandon_wishes(&mut self, error: &Error) {
        for wish in std::mem::take(&mut self.batch_wishes) {
            self.tell(wish.ticket, Err(error.clone()));
        }
    }

    /// Whether there is something to decide; the batch, where the same was decided before.
    fn batch_to_decide(
        &self,
        batch: BatchNo,
        decision: BatchDecision,
        now: Now,
    ) -> Result<Result<Option<BatchView>, Error>, Halt> {
        let Some(view) = self.batch_shown(Some(batch), now)? else { return Ok(Err(ErrorCode::RecordUnknown.into())) };
        let not_stuck = || Error::from(ErrorCode::NotStuck).word("state", view.state.word());
        Ok(match view.decision {
            Some(first) if first == decision => Ok(Some(view)),
            Some(first) => Err(Error::from(ErrorCode::AlreadyDecided).word("decision", first.word())),
            None if !view.may_be_decided() => Err(not_stuck().number("refusals", view.refusals.into())),
            None => Ok(None),
        })
    }

    fn record_decision(
        &mut self,
        batch: BatchNo,
        decision: BatchDecision,
        operator: String,
        now: Now,
    ) -> Result<(), Refused> {
        let next = self.batch_after(batch)?;
        let next = (decision == BatchDecision::Closed).then_some(next);
        let draft = BatchDecided { batch, decision, next }.draft(None, Some(operator));
        self.journal.append(draft, SideWork::None, now)?;
        self.settlement = SettlementWait { has_closed: next.is_some(), ..SettlementWait::default() };
        if let Some(next) = next {
            self.conversation.set_batch(next);
        }
        Ok(())
    }

    /// The batch that is open once this one is closed: the one that the host has named meanwhile, or the next.
    pub(super) fn batch_after(&self, batch: BatchNo) -> Result<BatchNo, Halt> {
        Ok(ledger::taken(&self.journal)?.refused.unwrap_or_else(|| batch.next()))
    }
}
