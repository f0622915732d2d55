//! `host`: runs the simulated acquirer, reads its book, makes it misbehave.
//! Evidence: `sandbox/tests/till_sales.rs`.

use serde_json::json;
use taptill::error::{Error, ErrorCode};

use crate::host::{BookEntry, Host, Script, book, set_next, statement_camt, statement_csv};

use super::args::{HostAction, HostArguments};
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Output, Reply};

/// Serves until the process ends. The first line printed is the address.
pub(super) fn serve(till: &Till, arguments: &HostArguments, output: Output) -> Result<Reply, Failure> {
    let script = match &arguments.script {
        Some(file) => Script::read(file)?,
        None => Script::honest(),
    };
    let running = Host::start(&till.host_home()?, arguments.listen, &script)?;
    let address = running.address().to_string();
    let first = Reply { json: json!({ "address": address }), lines: vec![Line::Plain(address)], ok: true };
    output.reply(&first).map_err(|_| Failure::output())?;
    running.wait();
    Err(crate::host::HostError::ThreadFailed.into())
}

/// What is asked of a host from outside.
pub(super) fn ask(till: &Till, arguments: &HostArguments) -> Result<Reply, Failure> {
    let home = till.host_home()?;
    match &arguments.action {
        None => Err(Failure::Usage("a host runs in a process of its own, not in a shell".to_owned())),
        Some(HostAction::Book) => {
            let entries = book(&home)?;
            Reply::of(&entries, lines(&entries))
        }
        Some(HostAction::Statement { csv, camt }) => {
            let entries = book(&home)?;
            for (path, text) in [(csv, statement_csv(&entries)), (camt, statement_camt(&entries))] {
                let Some(path) = path else { continue };
                std::fs::write(path, text).map_err(|_| Error::from(ErrorCode::FileUnusable))?;
            }
            let said = format!("The statement of {} entries is written.", entries.len());
            let json = json!({ "ok": true, "entries": entries.len() });
            Ok(Reply { json, lines: vec![Line::Plain(said)], ok: true })
        }
        Some(HostAction::Next { kind, count }) => {
            set_next(&home, *kind, *count)?;
            let said = format!("The host's next {count}: {kind}");
            let json = json!({ "ok": true, "kind": kind.word(), "count": count });
            Ok(Reply { json, lines: vec![Line::Plain(said)], ok: true })
        }
    }
}

fn lines(entries: &[BookEntry]) -> Vec<Line> {
    if entries.is_empty() {
        return vec![Line::Plain("The host's book is empty.".to_owned())];
    }
    let head = "STAN    RRN           asked (minor)  charged (minor)  state";
    let rows = entries.iter().map(|entry| {
        let (asked, charged) = (entry.amount_minor, entry.net_minor);
        format!("{}  {}  {asked:>13}  {charged:>15}  {}", entry.stan, entry.rrn, entry.state.word())
    });
    std::iter::once(head.to_owned()).chain(rows).map(Line::Plain).collect()
}
