//! Which sale a refund is for, however it is named.
//!
//! An order may have several attempts, and a trace number comes again in another batch: what was paid counts, and where
//! two were paid nobody guesses: the error lists them, newest first. A sale of another till is unknown here.
//!
//! It never looks at the amount. Evidence: `tests/refund_rules.rs`.

use crate::error::{Candidate, Error, ErrorCode};
use crate::payment::engine::{Engine, Halt};
use crate::payment::ledger::{self, Entry};
use crate::payment::refund::RefundOf;
use crate::payment::state::State;
use crate::payment::view::{AttemptView, Decision, Kind};

impl Engine {
    /// The sale that is meant.
    pub(super) fn sale_to_refund(&self, of: &RefundOf) -> Result<Result<Entry, Error>, Halt> {
        let candidates = match of {
            RefundOf::Attempt(attempt) => {
                let unknown = || Error::from(ErrorCode::AttemptUnknown).of_attempt(attempt);
                return Ok(ledger::entry(&self.journal, attempt)?.ok_or_else(unknown));
            }
            RefundOf::Order(order) => ledger::entries_of_order(&self.journal, order)?,
            RefundOf::Rrn(rrn) => ledger::entries_with_rrn(&self.journal, rrn)?,
            RefundOf::Receipt { stan, batch } => {
                let mut found = ledger::entries_with_stan(&self.journal, *stan)?;
                found.retain(|entry| batch.is_none() || entry.view.batch == *batch);
                found
            }
        };
        Ok(the_one(candidates))
    }
}

/// Whether somebody who names a sale like this may mean this one.
pub(super) fn is_named(sale: &AttemptView, of: &RefundOf) -> bool {
    match of {
        RefundOf::Attempt(attempt) => sale.attempt == *attempt,
        RefundOf::Order(order) => sale.order.as_ref() == Some(order),
        RefundOf::Rrn(rrn) => sale.rrn.as_ref() == Some(rrn),
        RefundOf::Receipt { stan, batch } => sale.stan == Some(*stan) && (batch.is_none() || sale.batch == *batch),
    }
}

/// The only one that was paid; where none was, the newest, whose state says why it cannot be refunded.
fn the_one(candidates: Vec<Entry>) -> Result<Entry, Error> {
    let sales: Vec<Entry> = candidates.into_iter().filter(|entry| entry.view.kind == Kind::Sale).collect();
    let is_paid = |entry: &&Entry| {
        let stands = (entry.view.state, entry.view.decision);
        matches!(stands, (State::Approved, _) | (State::ReversalStuck, Some(Decision::Charged)))
    };
    let paid = sales.iter().filter(is_paid).count();
    if paid > 1 {
        let candidates = sales.iter().filter(is_paid).take(CANDIDATES_MAX).map(candidate).collect();
        return Err(Error::from(ErrorCode::RefundAmbiguous).number("found", paid as u64).one_of(candidates));
    }
    let chosen = sales.iter().position(|entry| is_paid(&entry)).unwrap_or(0);
    sales.into_iter().nth(chosen).ok_or_else(|| ErrorCode::AttemptUnknown.into())
}

fn candidate(entry: &Entry) -> Candidate {
    let view = &entry.view;
    Candidate {
        attempt: view.attempt.clone(),
        created_ms: view.created_ms,
        amount: view.amount,
        card_masked: view.card_masked.clone(),
    }
}

/// As many as a person looks through; an order that is used every day has hundreds.
const CANDIDATES_MAX: usize = 20;
