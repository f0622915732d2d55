//! `exit` and `deregister`: leaving the till by the checklist, one step a line, each with the command that does it; and
//! taking it off the acquirer's list for good.
//! Evidence: `sandbox/tests/till_leaving.rs`.

use serde_json::json;
use taptill::account::WrittenReason;
use taptill::error::Blocker;
use taptill::ids::OperatorName;
use taptill::ports::ExportSink;
use taptill::terminal::FolderSink;
use taptill::text::{Arg, Catalogue, Language};
use taptill::till::{ExitItem, ExitView, StepState};

use super::args::{DeregisterArguments, ExitArguments};
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};
use super::password::{self, Source, Wanted};

/// Leaves; with `--list` only shows what is left to do.
pub(super) fn exit(till: &mut Till, arguments: &ExitArguments) -> Result<Reply, Failure> {
    let force = arguments.force.as_deref().map(WrittenReason::new).transpose()?;
    let terminal = till.terminal()?;
    let view = if arguments.list { terminal.exit_checklist()? } else { terminal.exit(force)? };
    Reply::of(&view, lines(&view))
}

/// Takes the till off the list and erases it. There is nobody to sign out after it.
pub(super) fn deregister(till: &mut Till, arguments: &DeregisterArguments) -> Result<Reply, Failure> {
    let screen = till.screen();
    let second = arguments.second.second.as_deref().map(OperatorName::new).transpose()?;
    let source = Source::of(arguments.second.second_password_file.as_ref(), arguments.second.second_password_fd);
    let terminal = till.terminal_at_work()?;
    let second = match second {
        Some(name) => {
            let password = password::get(source, Wanted::Of(name.as_str()))?;
            Some((name, password))
        }
        None => None,
    };
    let sink = arguments.export.as_deref().map(|folder| Box::new(FolderSink::new(folder)) as Box<dyn ExportSink>);
    let erased = screen.while_waiting(|| terminal.deregister(second, sink))?;
    let texts = Catalogue::of(Language::En);
    let mut lines = vec![Line::Head(Tone::Good, texts.say("leaving.gone", &[]))];
    if let Some(folder) = &arguments.export {
        lines.push(texts.say("leaving.exported", &[("folder", Arg::Word(&folder.display().to_string()))]).into());
    }
    if let Some(certificate) = &erased.certificate {
        lines.push(format!("{}:\n{certificate}", texts.say("leaving.certificate", &[])).into());
    }
    let json = json!({
        "erased": true, "acknowledged": erased.is_acknowledged, "export": arguments.export,
        "exported_sha256": erased.exported_sha256, "certificate": erased.certificate,
    });
    Ok(Reply { json, lines, ok: true })
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
