//! `network`: how the network is judged, another certificate, other pins, and whose a message is.
//!
//! `simulate` is no command of a till's: it tells the simulated device what network it is on, until it is told otherwise.
//! Evidence: `sandbox/tests/till_network.rs`.

use std::fs;
use std::path::Path;

use serde_json::json;
use taptill::account::{Judgement, Verdict};
use taptill::error::{Error, ErrorCode};
use taptill::ports::Posture;
use taptill::till::{MessageView, NetworkView};

use super::args::NetworkAction;
use super::context::Till;
use super::failure::Failure;
use super::output::{Line, Reply, Tone};

pub(super) fn run(till: &mut Till, action: Option<NetworkAction>) -> Result<Reply, Failure> {
    match action {
        None => {
            let view = till.terminal()?.network()?;
            Reply::of(&view, lines(&view))
        }
        Some(NetworkAction::Simulate { posture }) => {
            fs::write(till.posture_file()?, format!("{posture}\n"))
                .map_err(|_| Error::from(ErrorCode::FileUnusable))?;
            Ok(said("The simulated device is on such a network from now on."))
        }
        Some(NetworkAction::RenewCertificate) => {
            let screen = till.screen();
            let terminal = till.terminal()?;
            screen.while_waiting(|| terminal.renew_certificate())?;
            Ok(said("The till has another certificate; the old one opens nothing once this one has been used."))
        }
        Some(NetworkAction::Pins { file }) => {
            let word = read(&file)?;
            till.terminal()?.take_pins(&word)?;
            Ok(said("The acquirer's host is known by its new key from now on."))
        }
        Some(NetworkAction::Message { file }) => {
            let text = read(&file)?;
            let view = till.terminal()?.read_message(&text)?;
            Reply::of(&view, message_lines(&view))
        }
    }
}

/// No word is longer than this, and no message that somebody reads.
const TEXT_BYTES_MAX: u64 = 64 * 1024;

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let unusable = |_| Error::from(ErrorCode::FileUnusable);
    if fs::metadata(file).map_err(unusable)?.len() > TEXT_BYTES_MAX {
        return Err(Error::from(ErrorCode::FileUnusable).into());
    }
    Ok(fs::read(file).map_err(unusable)?)
}

fn said(line: &str) -> Reply {
    Reply { json: json!({ "ok": true }), lines: vec![Line::Head(Tone::Good, line.to_owned())], ok: true }
}

fn lines(view: &NetworkView) -> Vec<Line> {
    let tone = match view.judgement.verdict {
        Verdict::Allowed => Tone::Good,
        Verdict::Warned | Verdict::RefusedForKeys => Tone::Open,
        Verdict::RefusedForAll => Tone::Bad,
    };
    let row = |row: &Judgement| {
        let here = if row.posture == view.judgement.posture { "  <- here" } else { "" };
        Line::Plain(format!("{:<42}  {}{here}", network(row.posture), verdict(row.verdict)))
    };
    let head = format!("{}: {}", network(view.judgement.posture), verdict(view.judgement.verdict));
    let pins = match &view.pin_backup {
        Some(_) => "The acquirer's host is known by its key, and by one more that may replace it.",
        None => "The acquirer's host is known by its key alone.",
    };
    let signed = match &view.acquirer_key {
        Some(_) => "The acquirer's signed words can be checked here.",
        None => "This till can check no word of the acquirer's: it has not its key.",
    };
    let rest = [pins, signed].map(|line| Line::Plain(line.to_owned()));
    std::iter::once(Line::Head(tone, head)).chain(view.table.iter().map(row)).chain(rest).collect()
}

fn network(posture: Posture) -> &'static str {
    match posture {
        Posture::Trusted => "A network that you trust",
        Posture::OpenWifi => "Wi-Fi without a password",
        Posture::CaptivePortal => "Wi-Fi that wants you to sign in on a page",
        Posture::Proxied => "A network with a proxy",
        Posture::UserAuthority => "A device with an added authority",
        Posture::Vpn => "A VPN",
        Posture::ClockWrong => "A clock that is wrong",
        Posture::Unknown => "A network of which the device tells nothing",
        Posture::Absent => "No network",
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Warned => "allowed, with a warning",
        Verdict::RefusedForKeys => "refused for keys and sign-on",
        Verdict::RefusedForAll => "refused for everything",
    }
}

fn message_lines(view: &MessageView) -> Vec<Line> {
    if !view.is_the_acquirers {
        return vec![
            Line::Head(Tone::Bad, "A stranger wrote this: your acquirer has not signed it.".to_owned()),
            Line::Plain("Do not do what it says, and tell the acquirer where it came from.".to_owned()),
        ];
    }
    let whose = if view.is_for_this_till { "for this till" } else { "for another till" };
    let head = format!("Your acquirer has signed this, {whose}.");
    let fact = |(name, value): &(String, String)| Line::Plain(format!("{name}: {value}"));
    std::iter::once(Line::Head(Tone::Good, head)).chain(view.facts.iter().map(fact)).collect()
}
