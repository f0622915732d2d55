//! `policy` and `rotate-keys`: the shop's rules for passwords and sessions, and its keys.
//! Evidence: `sandbox/tests/till_people.rs`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use taptill::account::ShopPolicy;
use taptill::error::{Error, ErrorCode};

use super::args::PolicyAction;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone, pair};

/// More than any policy has.
const FILE_BYTES_MAX: u64 = 65_536;

pub(super) fn run(till: &mut Till, action: Option<PolicyAction>) -> Result<Reply, Failure> {
    match action {
        None | Some(PolicyAction::Show) => shown(&till.terminal()?.policy()?, None),
        Some(PolicyAction::Set { profile: Some(profile), .. }) => set(till, &of_profile(&profile)?),
        Some(PolicyAction::Set { file, .. }) => set(till, &of_file(&file.unwrap_or_default())?),
    }
}

pub(super) fn rotate_keys(till: &mut Till) -> Result<Reply, Failure> {
    till.terminal()?.rotate_keys()?;
    let line = "The master key is a new one; the record is being sealed anew.".to_owned();
    Ok(Reply { json: json!({ "ok": true }), lines: vec![Line::Head(Tone::Good, line)], ok: true })
}
