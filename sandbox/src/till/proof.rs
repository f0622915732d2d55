//! `checkpoint`, `prove`, `consistency` and `public-key`: what a stranger needs to check this till's record; and
//! `accept-roll-back`, after somebody has seen to a record that was put back.
//!
//! For a person, and for a file, each is printed as the raw text of its format (C2SP signed-note, tlog-checkpoint,
//! tlog-proof and vkey), with nothing before or after it. `docs/verify-it-yourself.md` is the stranger's page.
//! Evidence: `sandbox/tests/till_proofs.rs`.

use serde_json::json;
use taptill::ids::AttemptId;
use taptill::till::ProofOf;

use super::args::ProveArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

pub(super) fn checkpoint(till: &mut Till) -> Result<Reply, Failure> {
    Ok(raw("checkpoint", till.terminal()?.checkpoint()?))
}

pub(super) fn prove(till: &mut Till, arguments: ProveArguments) -> Result<Reply, Failure> {
    let of = what(arguments)?;
    Ok(raw("proof", till.terminal()?.prove(&of)?))
}

pub(super) fn consistency(till: &mut Till, old_size: u64) -> Result<Reply, Failure> {
    Ok(raw("proof", till.terminal()?.consistency(old_size)?))
}

pub(super) fn public_key(till: &mut Till) -> Result<Reply, Failure> {
    Ok(raw("public_key", till.terminal()?.public_key()?))
}

pub(super) fn accept_roll_back(till: &mut Till) -> Result<Reply, Failure> {
    till.terminal()?.accept_roll_back()?;
    let head = "The till sells again. What its record has lost stays lost, and that it was accepted is on record.";
    Ok(Reply { json: json!({ "ok": true }), lines: vec![Line::Head(Tone::Open, head.to_owned())], ok: true })
}

/// A number is an entry's, unless it is said to be an attempt's name.
fn what(arguments: ProveArguments) -> Result<ProofOf, Failure> {
    let ProveArguments { of, attempt } = arguments;
    match of.parse() {
        Ok(sequence) if !attempt => Ok(ProofOf::Sequence(sequence)),
        _ => Ok(ProofOf::Attempt(AttemptId::new(of)?)),
    }
}

/// The text as it is; in JSON under its name.
fn raw(name: &str, text: String) -> Reply {
    Reply { json: json!({ "ok": true, name: text }), lines: vec![Line::Plain(text)], ok: true }
}
