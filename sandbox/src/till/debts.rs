//! `debts` and `decide ATTEMPT`: what waits for the host, and what people say where the host says nothing more.
//! Evidence: `sandbox/tests/till_void.rs`.

use taptill::ids::AttemptId;
use taptill::payment::Decision;
use taptill::text::{Arg, Catalogue, Language};

use super::args::DecideArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};
use super::view;

pub(super) fn list(till: &mut Till) -> Result<Reply, Failure> {
    let debts = till.terminal()?.debts()?;
    let texts = Catalogue::of(Language::En);
    let lines = match debts.len() {
        0 => vec![texts.say("till.nothing_open", &[]).into()],
        count => {
            let head = texts.say("till.left", &[("count", Arg::Number(count as u64))]);
            let mut lines = vec![Line::Head(Tone::Open, head)];
            lines.extend(debts.iter().flat_map(view::lines));
            lines
        }
    };
    Reply::of(&debts, lines)
}

pub(super) fn decide(till: &mut Till, arguments: DecideArguments) -> Result<Reply, Failure> {
    let attempt = AttemptId::new(arguments.attempt)?;
    let decision = if arguments.charged { Decision::Charged } else { Decision::NotCharged };
    let view = till.terminal()?.decide(&attempt, decision)?;
    Reply::of(&view, view::lines(&view))
}
