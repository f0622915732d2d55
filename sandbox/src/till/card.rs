//! `card`: a simulated card on a socket, for readers outside this program.
//! Evidence: `sandbox/tests/till_card.rs`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::card::{self, SimulatedCard};
use crate::vpcd::CardServer;

use super::args::CardArguments;
use super::failure::Failure;
use super::output::{Line, Output, Reply};

/// Serves until the process ends, or the reader that it went to leaves. The first line printed is the address.
pub(super) fn serve(arguments: &CardArguments, output: Output) -> Result<Reply, Failure> {
    let card = taking_its_time(&arguments.card)?;
    if let Some(reader) = arguments.connect {
        CardServer::visit(card, reader)?;
        return Ok(Reply::nothing());
    }
    let running = CardServer::start(card, arguments.listen)?;
    let address = running.address().to_string();
    let first = Reply { json: json!({ "address": address }), lines: vec![Line::Plain(address)], ok: true };
    output.reply(&first).map_err(|_| Failure::output())?;
    running.wait();
    Err(crate::host::HostError::ThreadFailed.into())
}

/// The card of this name; a slow one sleeps.
pub(super) fn taking_its_time(name: &str) -> Result<SimulatedCard, Failure> {
    let card = card::named(name).ok_or_else(|| Failure::Usage(format!("there is no simulated card {name}")))?;
    Ok(card.delayed_by(Arc::new(|ms| std::thread::sleep(Duration::from_millis(ms)))))
}
