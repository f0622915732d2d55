//! `freeze`, `release`, `passwords renew` and `report loss`: what a shop does on a bad day, in the order that helps.
//!
//! Without `--operator` a freeze is that of a lock screen: nobody need be signed in. Evidence:
//! `sandbox/tests/till_incident.rs`.

use serde_json::json;
use taptill::error::ErrorCode;
use taptill::ids::OperatorName;
use taptill::incident::approvals::Approval;
use taptill::incident::freeze::{FreezeReason, FreezeView};
use taptill::incident::loss;
use taptill::receipt::Zone;
use taptill::terminal::Terminal;

use super::args::{LossArguments, SecondArguments};
use super::context::Till;
use super::failure::Failure;
use super::list::day_of;
use super::output::{Line, Reply, Tone};
use super::password::{self, Source, Wanted};

pub(super) fn freeze(till: &mut Till, words: &[String]) -> Result<Reply, Failure> {
    let reason = FreezeReason::of(&words.join(" "));
    let terminal = till.terminal()?;
    terminal.freeze(reason, None)?;
    until_the_host_knows(terminal);
    let frozen = terminal.till_state()?.frozen;
    let mut lines =
        vec![Line::Head(Tone::Bad, "The till is frozen: it sells nothing and gives nothing back.".to_owned())];
    lines.extend(frozen.as_ref().map(|view| Line::Plain(told(view))));
    lines.push(
        "What is owed to the bank is still finished. Two people release it: release --second NAME".to_owned().into(),
    );
    Ok(Reply { json: json!({ "ok": true, "frozen": frozen }), lines, ok: true })
}

pub(super) fn release(till: &mut Till, second: &SecondArguments) -> Result<Reply, Failure> {
    let Some(name) = &second.second else {
        return Err(Failure::Usage("two people release a till: release --second NAME".to_owned()));
    };
    let name = OperatorName::new(name)?;
    let source = Source::of(second.second_password_file.as_ref(), second.second_password_fd);
    let terminal = till.terminal_at_work()?;
    let password = password::get(source, Wanted::Of(name.as_str()))?;
    terminal.release(&name, password)?;
    until_the_host_knows(terminal);
    let line = Line::Head(Tone::Good, "The till is free again.".to_owned());
    Ok(Reply { json: json!({ "ok": true, "frozen": terminal.till_state()?.frozen }), lines: vec![line], ok: true })
}

pub(super) fn renew_passwords(till: &mut Till) -> Result<Reply, Failure> {
    till.terminal()?.renew_passwords()?;
    let lines = vec![
        Line::Head(Tone::Good, "Everybody sets another password at the next sign-in.".to_owned()),
        "Master key and signing key are new ones, and the acquirer is asked for another certificate until it gives one."
            .to_owned()
            .into(),
        "Who may have read the recovery code opens the till with it: recovery-code makes another.".to_owned().into(),
    ];
    Ok(Reply { json: json!({ "ok": true }), lines, ok: true })
}

pub(super) fn report_loss(till: &mut Till, arguments: &LossArguments) -> Result<Reply, Failure> {
    let screen = till.screen();
    let terminal = till.terminal()?;
    let zone = Zone::named(&terminal.configuration()?.time_zone).map_err(|_| ErrorCode::ConfigurationInvalid)?;
    let from = arguments.from.as_deref().map(|day| day_of(&zone, day)).transpose()?.map(|(start, _)| start);
    let to = arguments.to.as_deref().map(|day| day_of(&zone, day)).transpose()?.map(|(_, end)| end);
    let report = screen.while_waiting(|| terminal.report_loss(from, to, arguments.send))?;
    let set = if arguments.html { loss::html } else { loss::print };
    Reply::of(&report, vec![Line::Plain(set(&report, arguments.language))])
}

/// A command has a till for a moment only: what the till tells its host of a freeze is let to its end first. Whatever else
/// goes to the host waits for that, so its answer says that the host knows, or cannot be told before the next sign-in.
pub(super) fn until_the_host_knows(terminal: &Terminal) {
    let _either_way = terminal.test_host();
}

/// What somebody approved, in one line.
pub(super) fn approval(approval: &Approval) -> Line {
    let refund = approval.refund.as_ref().map(ToString::to_string);
    let of = refund.or_else(|| approval.operator.clone());
    let of = of.or_else(|| approval.attempt.as_ref().map(ToString::to_string)).unwrap_or_default();
    Line::Plain(format!("  {:<20}{of}  record {}", approval.what, approval.sequence))
}

/// A freeze in one line.
pub(super) fn told(view: &FreezeView) -> String {
    let by = view.by.as_ref().map_or_else(String::new, |name| format!(" by {name}"));
    let reason = view.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("Frozen{by} ({}){reason}", view.from.word())
}
