//! What is asked of the till about what is stuck: what it is, and that a supervisor says how it ended.
//!
//! A decision is recorded with the reason that was typed; without one nothing is decided.
//!
//! It never decides anything, and never keeps what was typed. Evidence: `tests/desk_stuck.rs`.

use crate::account::WrittenReason;
use crate::desk::people::Typed;
use crate::error::{Error, ErrorCode};
use crate::ids::RefundId;
use crate::payment::refund::state::RefundState;
use crate::payment::{RefundQuery, RefundView};
use crate::screen::{Effect, Event, FieldName, Stuck};
use crate::terminal::Terminal;

/// Whether this is asked here.
pub(super) fn is_theirs(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::FetchStuckPayment { .. }
            | Effect::FetchStuckRefund { .. }
            | Effect::Decide { .. }
            | Effect::DecideRefund { .. }
    )
}

/// One question and its answer.
pub(super) fn answer(terminal: &Terminal, effect: &Effect, typed: &Typed) -> Result<Event, Error> {
    Ok(match effect {
        Effect::FetchStuckPayment { attempt } => Event::Stuck(Box::new(Stuck::Payment(terminal.status(attempt)?))),
        Effect::FetchStuckRefund { refund } => Event::Stuck(Box::new(Stuck::Refund(found(terminal, refund)?))),
        Effect::Decide { attempt, decision } => {
            let view = terminal.decide_because(attempt, *decision, why(typed)?)?;
            Event::Decided(Box::new(Stuck::Payment(view)))
        }
        Effect::DecideRefund { refund, decision } => {
            let view = terminal.decide_refund_because(refund, *decision, why(typed)?)?;
            Event::Decided(Box::new(Stuck::Refund(view)))
        }
        _ => unreachable!("asked elsewhere: nothing that is stuck"),
    })
}

fn why(typed: &Typed) -> Result<WrittenReason, Error> {
    WrittenReason::new(&typed.text(FieldName::Reason))
}

/// The stuck refund of this name.
fn found(terminal: &Terminal, refund: &RefundId) -> Result<RefundView, Error> {
    let mut query = RefundQuery { limit: PAGE_ROWS, state: Some(RefundState::Stuck), ..RefundQuery::default() };
    loop {
        let page = terminal.refunds(&query)?;
        if let Some(view) = page.refunds.into_iter().find(|view| view.refund == *refund) {
            return Ok(view);
        }
        query.cursor = Some(page.next.ok_or(ErrorCode::RefundUnknown)?);
    }
}

const PAGE_ROWS: u32 = 100;
