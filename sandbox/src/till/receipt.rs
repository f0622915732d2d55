//! `receipt ATTEMPT`: the slip as the printer would print it. Evidence: `sandbox/tests/till_sales.rs`.

use serde_json::json;
use taptill::ids::AttemptId;
use taptill::receipt::Copy;
use taptill::terminal::ReceiptRequest;

use super::args::ReceiptArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply};

pub(super) fn run(till: &mut Till, arguments: ReceiptArguments) -> Result<Reply, Failure> {
    let ReceiptArguments { attempt, columns, language, copy } = arguments;
    let attempt = AttemptId::new(attempt)?;
    let slip = till.terminal()?.receipt(&attempt, ReceiptRequest { columns, language, copy })?;
    let json = json!({
        "attempt": attempt,
        "columns": columns.count(),
        "language": language.tag(),
        "copy": match copy { Copy::Merchant => "merchant", Copy::Customer => "customer" },
        "text": slip,
    });
    Ok(Reply { json, lines: vec![Line::Plain(slip)], ok: true })
}
