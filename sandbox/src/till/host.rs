//! `host`: runs the simulated acquirer, reads its book, makes it misbehave.
//! Evidence: `sandbox/tests/till_sales.rs`.

use std::path::Path;

use serde_json::json;
use taptill::error::{Error, ErrorCode};
use taptill::ids::TerminalId;

use crate::host::{
    BatchEntry, BookEntry, Held, Host, Script, ToldEntry, batches, book, countersign, hold, message, pins, rotate_key,
    set_next_of, statement_camt, statement_csv, told,
};

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
        Some(HostAction::Batches) => {
            let batches = batches(&home)?;
            Reply::of(&batches, batch_lines(&batches))
        }
        Some(HostAction::Freeze { terminal }) => holding(&home, terminal, true),
        Some(HostAction::Release { terminal }) => holding(&home, terminal, false),
        Some(HostAction::Told) => {
            let entries = told(&home)?;
            Reply::of(&entries, told_lines(&entries))
        }
        Some(HostAction::Countersign { terminal, file }) => {
            let terminal = TerminalId::new(terminal.as_str()).map_err(Error::from)?;
            let text = std::fs::read(file).map_err(|_| Error::from(ErrorCode::FileUnusable))?;
            let signed = countersign(&home, &terminal, &text)?;
            let json = json!({ "ok": true, "signature": signed });
            Ok(Reply { json, lines: vec![Line::Plain(signed.trim_end().to_owned())], ok: true })
        }
        Some(HostAction::RotateKey) => {
            rotate_key(&home)?;
            let said = "The host has another key and another next one, as soon as it is started anew.".to_owned();
            Ok(Reply { json: json!({ "ok": true }), lines: vec![Line::Plain(said)], ok: true })
        }
        Some(HostAction::Pins { terminal, send }) => {
            let terminal = TerminalId::new(terminal.as_str()).map_err(Error::from)?;
            signed(pins(&home, &terminal, *send)?)
        }
        Some(HostAction::Message { terminal, text }) => {
            let terminal = TerminalId::new(terminal.as_str()).map_err(Error::from)?;
            signed(message(&home, &terminal, text)?)
        }
        Some(HostAction::Next { kind, count, of }) => {
            set_next_of(&home, *kind, *count, *of)?;
            let of = of.unwrap_or(kind.usual_op());
            let said = format!("The host's next {count} of {of}: {kind}");
            let json = json!({ "ok": true, "kind": kind.word(), "count": count, "of": of });
            Ok(Reply { json, lines: vec![Line::Plain(said)], ok: true })
        }
    }
}

/// A note of the host's, as it is handed on.
fn signed(note: String) -> Result<Reply, Failure> {
    let json = json!({ "ok": true, "note": note });
    Ok(Reply { json, lines: vec![Line::Plain(note.trim_end().to_owned())], ok: true })
}

fn holding(home: &Path, terminal: &str, is_held: bool) -> Result<Reply, Failure> {
    let terminal = TerminalId::new(terminal).map_err(Error::from)?;
    let held = hold(home, &terminal, is_held)?;
    let said = match held {
        Some(Held::ByHost) => format!("{terminal} is held frozen; it hears so in the next answer."),
        Some(Held::ByTill | Held::Released) => format!("{terminal} is let go; it hears so in the next answer."),
        None => format!("{terminal} is not held."),
    };
    let json = json!({ "ok": true, "terminal": terminal, "held": held });
    Ok(Reply { json, lines: vec![Line::Plain(said)], ok: true })
}

fn told_lines(entries: &[ToldEntry]) -> Vec<Line> {
    if entries.is_empty() {
        return vec![Line::Plain("No till has told anything.".to_owned())];
    }
    let row = |entry: &ToldEntry| {
        let first = entry.text.lines().next().unwrap_or_default();
        Line::Plain(format!("{:>6}  {}  {:<17}  {first}", entry.number, entry.terminal, entry.op))
    };
    entries.iter().map(row).collect()
}

fn lines(entries: &[BookEntry]) -> Vec<Line> {
    if entries.is_empty() {
        return vec![Line::Plain("The host's book is empty.".to_owned())];
    }
    let head = "STAN    RRN           kind    asked (minor)  charged (minor)  state";
    let rows = entries.iter().map(|entry| {
        let (asked, charged) = (entry.amount_minor, entry.net_minor);
        let (kind, state) = (entry.kind.word(), entry.state.word());
        format!("{}  {}  {kind:<6}  {asked:>13}  {charged:>15}  {state}", entry.stan, entry.rrn)
    });
    std::iter::once(head.to_owned()).chain(rows).map(Line::Plain).collect()
}

fn batch_lines(batches: &[BatchEntry]) -> Vec<Line> {
    if batches.is_empty() {
        return vec![Line::Plain("No till has asked to settle a batch.".to_owned())];
    }
    let head = "batch   sales (minor)  voids (minor)  refunds (minor)  uploaded  paid (minor)  state";
    let rows = batches.iter().map(|entry| {
        let totals = entry.totals;
        let (sales, voids, refunds) = (totals.sales_minor, totals.voids_minor, totals.refunds_minor);
        let paid = entry.paid_minor.map_or("not yet".to_owned(), |paid| paid.to_string());
        let state = match (entry.closed_ms.is_some(), entry.balanced) {
            (true, _) => "closed",
            (false, true) => "in balance",
            (false, false) => "out of balance",
        };
        let (batch, uploaded) = (entry.batch, entry.uploaded);
        format!("{batch}  {sales:>13}  {voids:>13}  {refunds:>15}  {uploaded:>8}  {paid:>12}  {state}")
    });
    std::iter::once(head.to_owned()).chain(rows).map(Line::Plain).collect()
}
