//! The calls about the way to the host: how the network is judged, pins, certificates, and whose a message is.

use serde_json::{Value, json};
use taptill_ffi::{AcquirerMessage, DeviceSays, NetworkFacts, NetworkJudgement, NetworkView, posture_of};

use crate::args::{Args, Failure};
use crate::bench::{Answer, Bench};
use crate::face::{one_of, terminal, told, wait};
use crate::values::word;

/// All of them.
pub const CALLS: [&str; 5] = ["network_view", "take_pins", "read_message", "renew_certificate", "posture_of"];

pub fn call(bench: &Bench<'_>, name: &str, mut with: Args) -> Result<Answer, Failure> {
    if name == "posture_of" {
        let facts = facts(&mut with)?;
        with.finish()?;
        return Ok(told(posture_of(facts).map(|posture| word(&posture).into())));
    }
    let text = if matches!(name, "take_pins" | "read_message") { with.text("text")?.into_bytes() } else { Vec::new() };
    with.finish()?;
    let nothing = |()| Value::Null;
    Ok(told(match (name, terminal(bench)?.network()) {
        (_, Err(error)) => Err(error),
        ("network_view", Ok(network)) => network.view().map(|view| written(&view)),
        ("take_pins", Ok(network)) => wait(bench, async { network.take_pins(text).await })?.map(nothing),
        ("read_message", Ok(network)) => {
            wait(bench, async { network.read_message(text).await })?.map(|it| message(&it))
        }
        (_, Ok(network)) => wait(bench, async { network.renew_certificate().await })?.map(nothing),
    }))
}

/// A judgement in the contract's names.
pub fn judgement(judgement: &NetworkJudgement) -> Value {
    json!({
        "because_of": word(&judgement.because_of), "verdict": word(&judgement.verdict), "remedy": judgement.remedy,
    })
}

fn facts(with: &mut Args) -> Result<NetworkFacts, Failure> {
    let mut said = |key| one_of(&with.text_or(key, "no")?, [DeviceSays::Yes, DeviceSays::No, DeviceSays::Nothing]);
    Ok(NetworkFacts {
        reachable: said("reachable")?,
        captive_portal: said("captive_portal")?,
        proxied: said("proxied")?,
        user_authority: said("user_authority")?,
        vpn: said("vpn")?,
        open_wifi: said("open_wifi")?,
        clock_by_hand: said("clock_by_hand")?,
    })
}

fn written(view: &NetworkView) -> Value {
    let table: Value = view.table.iter().map(judgement).collect();
    json!({
        "posture": word(&view.posture), "clock_is_wrong": view.clock_is_wrong,
        "judgement": judgement(&view.judgement), "table": table, "pin": view.pin, "pin_backup": view.pin_backup,
        "acquirer_key": view.acquirer_key,
    })
}

fn message(message: &AcquirerMessage) -> Value {
    let facts: Value = message.facts.iter().map(|fact| json!({ "name": fact.name, "value": fact.value })).collect();
    json!({
        "is_the_acquirers": message.is_the_acquirers, "why": message.why, "kind": message.kind,
        "number": message.number, "at_ms": message.at_ms, "is_for_this_till": message.is_for_this_till, "facts": facts,
    })
}
