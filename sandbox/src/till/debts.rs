//! `debts` and `decide ATTEMPT`: what waits for the host, and what people say where the host says nothing more.
//! Evidence: `sandbox/tests/till_void.rs`.

use serde_json::{Value, json};
use taptill::ids::AttemptId;
use taptill::payment::refund::state::RefundState;
use taptill::payment::{Decision, RefundQuery, RefundView};
use taptill::terminal::Terminal;
use taptill::text::{Arg, Catalogue, Language};

use super::args::DecideArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};
use super::{refund, view};

pub(super) fn list(till: &mut Till) -> Result<Reply, Failure> {
    let terminal = till.terminal()?;
    let (debts, refunds) = (terminal.debts()?, refunds_owed(terminal)?);
    let texts = Catalogue::of(Language::En);
    let lines = match debts.len() + refunds.len() {
        0 => vec![texts.say("till.nothing_open", &[]).into()],
        count => {
            let head = texts.say("till.left", &[("count", Arg::Number(count as u64))]);
            let mut lines = vec![Line::Head(Tone::Open, head)];
            lines.extend(debts.iter().flat_map(view::lines));
            lines.extend(refunds.iter().flat_map(refund::lines));
            lines
        }
    };
    let all: Vec<Value> = debts.iter().map(|view| json!(view)).chain(refunds.iter().map(|view| json!(view))).collect();
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
    let attempt = AttemptId::new(arguments.attempt)?;
    let decision = if arguments.charged { Decision::Charged } else { Decision::NotCharged };
    let view = till.terminal()?.decide(&attempt, decision)?;
    Reply::of(&view, view::lines(&view))
}

const PAGE_MAX: u32 = 100;
