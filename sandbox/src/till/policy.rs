//! `policy` and `rotate-keys`: the shop's rules for passwords and sessions, and its keys.
//! Evidence: `sandbox/tests/till_people.rs`.

use serde_json::json;

use super::args::PolicyAction;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

pub(super) fn run(_till: &mut Till, _action: Option<PolicyAction>) -> Result<Reply, Failure> {
    Err(Failure::Usage("there is no policy yet".to_owned()))
}

pub(super) fn rotate_keys(till: &mut Till) -> Result<Reply, Failure> {
    till.terminal()?.rotate_keys()?;
    let line = "The master key is a new one; the record is being sealed anew.".to_owned();
    Ok(Reply { json: json!({ "ok": true }), lines: vec![Line::Head(Tone::Good, line)], ok: true })
}
