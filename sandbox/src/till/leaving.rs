//! `exit`: leaving the till by the checklist, one step a line, each with the command that does it.
//! Evidence: `sandbox/tests/till_leaving.rs`.

use taptill::account::WrittenReason;
use taptill::error::Blocker;
use taptill::text::{Catalogue, Language};
use taptill::till::{ExitItem, ExitView, StepState};

use super::args::ExitArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

/// Leaves; with `--list` only shows what is left to do.
pub(super) fn exit(till: &mut Till, arguments: &ExitArguments) -> Result<Reply, Failure> {
    let force = arguments.force.as_deref().map(WrittenReason::new).transpose()?;
    let terminal = till.terminal()?;
    let view = if arguments.list { terminal.exit_checklist()? } else { terminal.exit(force)? };
    Reply::of(&view, lines(&view))
}

fn lines(view: &ExitView) -> Vec<Line> {
    let texts = Catalogue::of(Language::En);
    let head = match (view.is_left, view.blockers().is_empty()) {
        (true, _) => Line::Head(Tone::Good, texts.say("leaving.left", &[])),
        (false, true) => Line::Head(Tone::Good, texts.say("leaving.may_leave", &[])),
        (false, false) => Line::Head(Tone::Open, texts.say("leaving.not_yet", &[])),
    };
    std::iter::once(head).chain(view.items.iter().flat_map(item)).collect()
}

fn item(item: &ExitItem) -> Vec<Line> {
    let texts = Catalogue::of(Language::En);
    let mark = match item.state {
        StepState::Done => "[x]",
        StepState::Ahead => "[ ]",
        StepState::Blocked => "[!]",
        StepState::Waived { .. } => "[-]",
    };
    let step = texts.say(&format!("leaving.step.{}", item.step.word()), &[]);
    let mut lines = vec![Line::Plain(format!("{mark} {step}"))];
    lines.extend(item.blockers.iter().map(|blocker| Line::Plain(format!("      {}", blocked(blocker)))));
    if let StepState::Waived { by, reason } = &item.state {
        lines.push(Line::Plain(format!("      {by}: {reason}")));
    }
    lines
}

/// What is in the way, and the command that does something about it.
pub(super) fn blocked(blocker: &Blocker) -> String {
    let texts = Catalogue::of(Language::En);
    let what = texts.say(&format!("leaving.blocker.{}", blocker.why), &[]);
    let name = if blocker.name.is_empty() { String::new() } else { format!(" ({})", blocker.name) };
    let command = blocker.remedy.and_then(command).map(|command| format!(" -> {command}")).unwrap_or_default();
    format!("{what}{name}{command}")
}

/// What is typed for a remedy.
fn command(remedy: &str) -> Option<&'static str> {
    Some(match remedy {
        "resolve" => "taptill resolve",
        "decide" => "taptill decide ATTEMPT --charged|--not-charged",
        "decide_batch" => "taptill decide --batch N --closed|--not-closed",
        "decide_refund" => "taptill refund decide REFUND paid|not-paid",
        "approve_or_reject" => "taptill refund approve|reject REFUND",
        "settle" => "taptill settle",
        "check_statement" => "taptill statement check",
        "change_password" => "taptill password change",
        "accept_roll_back" => "taptill accept-roll-back",
        _ => return None,
    })
}
