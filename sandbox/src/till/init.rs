//! `init`: sets a till up with a sandbox host, as an acquirer would with a letter and a key injection.
//! Evidence: `sandbox/tests/till_usage.rs`.

use serde_json::json;
use taptill::terminal::Terminal;
use taptill::text::{Arg, Catalogue, Language};

use crate::host::{Options, provision};

use super::args::InitArguments;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

pub(super) fn run(till: &mut Till, arguments: &InitArguments) -> Result<Reply, Failure> {
    let home = till.home()?;
    let ports = till.ports()?;
    let provisioning =
        provision(&arguments.host_home, &arguments.dialect, &arguments.host.to_string(), &Options::default())?;
    Terminal::provision(&home, &provisioning, &ports)?;
    let configuration = &provisioning.configuration;
    let (terminal, merchant) = (configuration.terminal_id.as_str(), configuration.merchant_id.as_str());
    let json = json!({
        "ok": true, "terminal_id": terminal, "merchant_id": merchant, "dialect": arguments.dialect,
        "currency": configuration.currency, "host": arguments.host.to_string(),
    });
    let args = [("terminal", Arg::Word(terminal)), ("merchant", Arg::Word(merchant))];
    let ready = Catalogue::of(Language::En).say("till.provisioned", &args);
    let next = "Now claim it: its first supervisor types taptill claim NAME.".to_owned();
    Ok(Reply { json, lines: vec![Line::Head(Tone::Good, ready), next.into()], ok: true })
}
