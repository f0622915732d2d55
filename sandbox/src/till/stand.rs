//! `stand`: tills, hosts and cards for tests in any language, for as long as the test holds standard input open.
//! Evidence: `sandbox/tests/till_stand.rs`.

use std::io;

use serde_json::json;

use crate::stand::Stand;

use super::failure::Failure;
use super::output::{Line, Output, Reply};

/// Serves until standard input ends. The first line printed is one JSON object with the address.
pub(super) fn serve(output: Output) -> Result<Reply, Failure> {
    let stand = Stand::start()?;
    let first = json!({ "address": stand.address().to_string() });
    let lines = vec![Line::Plain(first.to_string())];
    output.reply(&Reply { json: first, lines, ok: true }).map_err(|_| Failure::output())?;
    // An input that cannot be read has ended too.
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    stand.clear();
    Ok(Reply::nothing())
}
