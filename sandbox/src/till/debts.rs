//! `debts`, `decide ATTEMPT` and `decide --batch N`: what waits for the host, and what people say where the host says nothing more.
//! Evidence: `sandbox/tests/till_void.rs`.

use serde_json::{Value, json};
use taptill::ids::{AttemptId, BatchNo};
use taptill::payment::refund::state::RefundState;
use taptill::payment::{BatchDecision, Decision, RefundQuery, RefundView};
use taptill::terminal::Terminal;
use taptill::text::{Arg, Catalogue, Language};

use super::args::DecideArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};
use super::{refund, settle, view};

pub(super) fn list(till: &mut Till) -> Result<Reply, Failure> {
    let terminal = till.terminal()?;
    let (debts, refunds) = (terminal.debts()?, refunds_owed(terminal)?);
    let settlement = Some(terminal.batch(None)?).filter(|view| view.state.is_unfinished());
    let zone = settle::zone_of(terminal)?;
    let texts = Catalogue::of(Language::En);
    let lines = match debts.len() + refunds.len() + usize::from(settlement.is_some()) {
        0 => vec![texts.say("till.nothing_open", &[]).into()],
        count => {
            let head = texts.say("till.left", &[("count", Arg::Number(count as u64))]);
            let mut lines = vec![Line::Head(Tone::Open, head)];
            lines.extend(debts.iter().flat_map(view::lines));
            lines.extend(refunds.iter().flat_map(refund::lines));
            lines.extend(settlement.iter().flat_map(|view| settle::lines(view, &zone)));
            lines
        }
    };
    let mut all: Vec<Value> = debts.iter().map(|view| json!(view)).collect();
    all.extend(refunds.iter().map(|view| json!(view)));
    all.extend(settlement.iter().map(|view| json!(view)));
    Reply::of(&all, lines)
}

/// The refunds that the bank does not have yet, and those of which it says nothing more; a few hundred at most.
fn refunds_owed(terminal: &Terminal) -> Result<Vec<RefundView>, Failure> {
    let mut owed = Vec::new();
    for state in [RefundState::Sent, RefundState::Stuck] {
        let mut query = RefundQuery { limit: PAGE_MAX, state: Some(state), ..RefundQuery::default() };
        loop {
            let page = terminal.refunds(&query)?;
            owed.extend(page.refunds);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
    }
    Ok(owed)
}

pub(super) fn decide(till: &mut Till, arguments: DecideArguments) -> Result<Reply, Failure> {
    let Some(attempt) = arguments.attempt else { return decide_batch(till, &arguments) };
    let attempt = AttemptId::new(attempt)?;
    let decision = if arguments.charged { Decision::Charged } else { Decision::NotCharged };
    let view = till.terminal()?.decide(&attempt, decision)?;
    Reply::of(&view, view::lines(&view))
}

fn decide_batch(till: &mut Till, arguments: &DecideArguments) -> Result<Reply, Failure> {
    let batch = BatchNo::new(arguments.batch.unwrap_or_default())?;
    let decision = if arguments.closed { BatchDecision::Closed } else { BatchDecision::NotClosed };
    let terminal = till.terminal()?;
    let view = terminal.decide_batch(batch, decision)?;
    Reply::of(&view, settle::lines(&view, &settle::zone_of(terminal)?))
}

const PAGE_MAX: u32 = 100;
