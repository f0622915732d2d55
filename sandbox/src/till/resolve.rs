//! `resolve`: drives every debt to its end and says which are left. Evidence: `sandbox/tests/till_sales.rs`.

use taptill::payment::Resolved;
use taptill::text::{Arg, Catalogue, Language};

use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};
use super::{refund, view};

pub(super) fn run(till: &mut Till) -> Result<Reply, Failure> {
    let screen = till.screen();
    let terminal = till.terminal()?;
    let resolved = screen.while_waiting(|| terminal.resolve())?;
    Reply::of(&resolved, lines(&resolved))
}

fn lines(resolved: &Resolved) -> Vec<Line> {
    let texts = Catalogue::of(Language::En);
    let (closed, left) = (&resolved.refunds_closed, &resolved.refunds_left);
    if resolved.closed.is_empty() && resolved.left.is_empty() && closed.is_empty() && left.is_empty() {
        return vec![texts.say("till.nothing_open", &[]).into()];
    }
    let mut lines = Vec::new();
    let groups = [(Tone::Good, "till.closed", &resolved.closed), (Tone::Open, "till.left", &resolved.left)];
    for (tone, key, views) in groups {
        if !views.is_empty() {
            lines.push(Line::Head(tone, texts.say(key, &[("count", Arg::Number(views.len() as u64))])));
            lines.extend(views.iter().flat_map(view::lines));
        }
    }
    lines.extend(closed.iter().chain(left).flat_map(refund::lines));
    lines
}
