//! `freeze` and `release`: what a shop does on a bad day, first of all.
//!
//! Without `--operator` a freeze is that of a lock screen: nobody need be signed in. Evidence:
//! `sandbox/tests/till_incident.rs`.

use serde_json::json;
use taptill::ids::OperatorName;
use taptill::incident::freeze::{FreezeReason, FreezeView};

use super::args::SecondArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};
use super::password::{self, Source, Wanted};

pub(super) fn freeze(till: &mut Till, words: &[String]) -> Result<Reply, Failure> {
    let reason = FreezeReason::of(&words.join(" "));
    let terminal = till.terminal()?;
    terminal.freeze(reason, None)?;
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
    let line = Line::Head(Tone::Good, "The till is free again.".to_owned());
    Ok(Reply { json: json!({ "ok": true, "frozen": terminal.till_state()?.frozen }), lines: vec![line], ok: true })
}

/// A freeze in one line.
pub(super) fn told(view: &FreezeView) -> String {
    let by = view.by.as_ref().map_or_else(String::new, |name| format!(" by {name}"));
    let reason = view.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("Frozen{by} ({}){reason}", view.from.word())
}
